// SPDX-License-Identifier: LGPL-2.1-or-later
/* mq: channels through a POSIX message queue. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <ipcx/mqueue.h>

#include "channel.h"
#include "sys.h"

#define SLOTS_DEFAULT	10
#define SIZE_DEFAULT	8192

struct mqueue_channel {
	struct ipcx_channel base;
	struct ipcx_mqueue *queue;
};

static inline struct ipcx_mqueue *queue_of(struct ipcx_channel *channel)
{
	return ((struct mqueue_channel *)channel)->queue;
}

/* A default, or the system's limit where that is lower. */
static uint32_t within(uint32_t wanted, const char *path)
{
	int fd = SYSCALL(open(path, O_RDONLY | O_CLOEXEC));
	char text[24] = "";
	long limit = 0;

	if (fd < 0)
		return wanted;
	if (SYSCALL(read(fd, text, sizeof(text) - 1)) > 0)
		limit = strtol(text, NULL, 10);
	SYSCALL(close(fd));
	return limit > 0 && limit < wanted ? limit : wanted;
}

static int create(const struct channel_uri *uri, uint32_t right,
		  struct ipcx_mqueue **queue)
{
	const struct ipcx_mqueue_options options = {
		.size = sizeof(options),
		.flags = IPCX_CREATE_EXCL,
		.mode = uri_option(uri, OPTION_MODE, 0),
		.rights = right,
	};
	uint32_t slots = within(SLOTS_DEFAULT, "/proc/sys/fs/mqueue/msg_max");
	uint32_t size = within(SIZE_DEFAULT, "/proc/sys/fs/mqueue/msgsize_max");

	return ipcx_mqueue_create(uri->name, uri_option(uri, OPTION_SLOTS, slots),
				  uri_option(uri, OPTION_SIZE, size), &options,
				  queue);
}

static int open_there(const struct channel_uri *uri, uint32_t right,
		      struct ipcx_mqueue **queue)
{
	struct ipcx_mqueue *there;
	int ret = ipcx_mqueue_open(uri->name, right, &there);
	uint32_t slots, size;

	if (ret < 0)
		return ret;
	slots = ipcx_mqueue_messages(there);
	size = ipcx_mqueue_message_size(there);
	if (uri_option(uri, OPTION_SLOTS, slots) != slots ||
	    uri_option(uri, OPTION_SIZE, size) != size) {
		ipcx_mqueue_close(there);
		return -EEXIST;
	}
	*queue = there;
	return 0;
}

static int mqueue_open(const struct channel_uri *uri, uint32_t right,
		       uint64_t deadline, struct ipcx_channel **channel)
{
	struct mqueue_channel *handle;
	struct ipcx_mqueue *queue;
	int ret;

	(void)deadline;
	ret = OPEN_OR_CREATE(open_there(uri, right, &queue),
			     create(uri, right, &queue));
	if (ret < 0)
		return ret;
	handle = malloc(sizeof(*handle));
	if (!handle) {
		ipcx_mqueue_close(queue);
		return -ENOMEM;
	}
	*handle = (struct mqueue_channel) {
		.base = {
			.ops = &channel_mqueue,
			.right = right,
			.caps = IPCX_CHANNEL_PRIORITIES |
				IPCX_CHANNEL_MANY_SENDERS |
				IPCX_CHANNEL_MANY_RECEIVERS |
				IPCX_CHANNEL_POLLABLE | IPCX_CHANNEL_SURVIVES |
				IPCX_CHANNEL_FORKS | IPCX_CHANNEL_KEEPS,
			.size = ipcx_mqueue_message_size(queue),
			.priorities = IPCX_MQUEUE_PRIORITY_MAX + 1,
			.fd = ipcx_mqueue_fd(queue),
		},
		.queue = queue,
	};
	/* gcc-12 -fanalyzer takes &handle->base for no way to the handle. */
	*channel = (struct ipcx_channel *)handle;
	return 0;
}

static int mqueue_remove(const struct channel_uri *uri)
{
	return ipcx_mqueue_unlink(uri->name);
}

static void mqueue_close(struct ipcx_channel *channel)
{
	ipcx_mqueue_close(queue_of(channel));
	free(channel);
}

static int mqueue_send(struct ipcx_channel *channel, const void *buf, size_t len,
		       uint32_t priority, uint64_t deadline)
{
	return ipcx_mqueue_send_timed(queue_of(channel), buf, len, priority,
				      deadline);
}

static ssize_t mqueue_recv(struct ipcx_channel *channel, void *buf, size_t cap,
			   struct ipcx_channel_msg *msg, uint64_t deadline)
{
	return ipcx_mqueue_recv_timed(queue_of(channel), buf, cap,
				      &msg->priority, deadline);
}

const struct channel_ops channel_mqueue = {
	.scheme = "mq",
	.options = OPTION(SLOTS) | OPTION(SIZE) | OPTION(MODE),
	.open = mqueue_open,
	.remove = mqueue_remove,
	.close = mqueue_close,
	.send = mqueue_send,
	.recv = mqueue_recv,
};
