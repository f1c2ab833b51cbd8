// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sysv: channels through a System V message queue. Of types that are at most a
 * number the lowest is received first: so that is the highest priority.
 */
#include <limits.h>
#include <stdlib.h>
#include <sys/msg.h>

#include <ipcx/sysv_msg.h>

#include "channel.h"
#include "sys.h"

#define PRIORITIES	32768
#define SIZE_DEFAULT	8192

/* As the kernel wants it. */
struct message {
	long type;
	char payload[];
};

/**
 * struct sysv_channel - a handle
 * @base: what all channels have
 * @queue: the queue
 * @kept: a message of the largest size, for the next call; atomic
 */
struct sysv_channel {
	struct ipcx_channel base;
	struct ipcx_sysv_msg *queue;
	struct message *kept;
};

static inline struct sysv_channel *sysv_of(struct ipcx_channel *channel)
{
	return (struct sysv_channel *)channel;
}

/* A byte more, to see what is larger. */
static inline size_t room(const struct sysv_channel *handle)
{
	return handle->base.size + 1;
}

static struct message *take_message(struct sysv_channel *handle)
{
	struct message *message;

	message = __atomic_exchange_n(&handle->kept, NULL, __ATOMIC_ACQUIRE);
	return message ? message : malloc(sizeof(*message) + room(handle));
}

/* Release: of a thread's use of it before another's. */
static void give_message(struct sysv_channel *handle, struct message *message)
{
	free(__atomic_exchange_n(&handle->kept, message, __ATOMIC_ACQ_REL));
}

/* As they are shown, keys are unsigned. */
static int key_of(const struct channel_uri *uri, int *key)
{
	long long number;
	int ret = uri_number(uri, INT_MIN, UINT_MAX, &number);

	if (ret < 0 || number == IPCX_SYSV_PRIVATE)
		return -EINVAL;
	*key = number;
	return 0;
}

/* Bytes of the largest message, or -errno. */
static ssize_t size_of(const struct channel_uri *uri)
{
	struct msginfo info;
	ssize_t most = SYSCALL(msgctl(0, IPC_INFO, (struct msqid_ds *)&info));
	ssize_t size;

	if (most < 0)
		return most;
	most = info.msgmax < info.msgmnb ? info.msgmax : info.msgmnb;
	size = uri_option(uri, OPTION_SIZE,
			  most < SIZE_DEFAULT ? most : SIZE_DEFAULT);
	return size <= most ? size : -EINVAL;
}

static int open_or_create(const struct channel_uri *uri, int key,
			  struct ipcx_sysv_msg **queue)
{
	return OPEN_OR_CREATE(ipcx_sysv_msg_open(key, queue),
			      ipcx_sysv_msg_create(key, IPCX_CREATE_EXCL,
						   uri_option(uri, OPTION_MODE,
							      0), queue));
}

static int sysv_open(const struct channel_uri *uri, uint32_t right,
		     uint64_t deadline, struct ipcx_channel **channel)
{
	struct ipcx_sysv_msg *queue;
	struct sysv_channel *handle;
	ssize_t size = size_of(uri);
	int key, ret;

	(void)deadline;
	if (size < 0)
		return size;
	ret = key_of(uri, &key);
	if (!ret)
		ret = open_or_create(uri, key, &queue);
	if (ret < 0)
		return ret;
	handle = malloc(sizeof(*handle));
	if (!handle) {
		ipcx_sysv_msg_close(queue);
		return -ENOMEM;
	}
	*handle = (struct sysv_channel) {
		.base = {
			.ops = &channel_sysv,
			.right = right,
			.caps = IPCX_CHANNEL_PRIORITIES |
				IPCX_CHANNEL_MANY_SENDERS |
				IPCX_CHANNEL_MANY_RECEIVERS |
				IPCX_CHANNEL_SURVIVES | IPCX_CHANNEL_FORKS |
				IPCX_CHANNEL_KEEPS,
			.size = size,
			.priorities = PRIORITIES,
			.fd = -1,
		},
		.queue = queue,
	};
	*channel = &handle->base;
	return 0;
}

static int sysv_remove(const struct channel_uri *uri)
{
	struct ipcx_sysv_msg *queue;
	int key, ret = key_of(uri, &key);

	if (!ret)
		ret = ipcx_sysv_msg_open(key, &queue);
	if (ret < 0)
		return ret;
	ret = ipcx_sysv_msg_remove(queue);
	ipcx_sysv_msg_close(queue);
	return ret == -EIDRM ? -ENOENT : ret;
}

static void sysv_close(struct ipcx_channel *channel)
{
	struct sysv_channel *handle = sysv_of(channel);

	ipcx_sysv_msg_close(handle->queue);
	free(handle->kept);
	free(handle);
}

static int sysv_send(struct ipcx_channel *channel, const void *buf, size_t len,
		     uint32_t priority, uint64_t deadline)
{
	struct sysv_channel *handle = sysv_of(channel);
	struct message *message = take_message(handle);
	int ret;

	if (!message)
		return -ENOMEM;
	message->type = PRIORITIES - priority;
	memcpy(message->payload, buf, len);
	ret = ipcx_sysv_msg_send_timed(handle->queue, message, len, deadline);
	give_message(handle, message);
	return ret;
}

/* A message that is too large is taken: it would stand in the way of others. */
static ssize_t sysv_recv(struct ipcx_channel *channel, void *buf, size_t cap,
			 struct ipcx_channel_msg *msg, uint64_t deadline)
{
	struct sysv_channel *handle = sysv_of(channel);
	struct message *message = take_message(handle);
	ssize_t len;

	(void)cap;
	if (!message)
		return -ENOMEM;
	len = ipcx_sysv_msg_recv_timed(handle->queue, message, room(handle),
				       -PRIORITIES, IPCX_SYSV_MSG_TRUNCATE,
				       deadline);
	if (len == (ssize_t)room(handle))
		len = -EBADMSG;
	if (len >= 0) {
		memcpy(buf, message->payload, len);
		msg->priority = PRIORITIES - message->type;
	}
	give_message(handle, message);
	return len;
}

const struct channel_ops channel_sysv = {
	.scheme = "sysv",
	.options = OPTION(SIZE) | OPTION(MODE),
	.open = sysv_open,
	.remove = sysv_remove,
	.close = sysv_close,
	.send = sysv_send,
	.recv = sysv_recv,
};
