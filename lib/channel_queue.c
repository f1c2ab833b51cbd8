// SPDX-License-Identifier: LGPL-2.1-or-later
/* queue: channels through the module, mapped or mediated. */
#include <stdbool.h>
#include <stdlib.h>

#include <ipcx/device.h>

#include "channel_queue.h"
#include "queue.h"
#include "sys.h"

#define SLOTS_DEFAULT	64
#define SIZE_DEFAULT	4096

struct queue_channel {
	struct ipcx_channel base;
	struct ipcx_queue *queue;
};

static inline struct ipcx_queue *queue_of(struct ipcx_channel *channel)
{
	return ((struct queue_channel *)channel)->queue;
}

void queue_geometry(const struct channel_uri *uri, uint32_t *slots,
		    uint32_t *size, uint32_t *lanes)
{
	*slots = uri_option(uri, OPTION_SLOTS, SLOTS_DEFAULT);
	*size = uri_option(uri, OPTION_SIZE, SIZE_DEFAULT);
	*lanes = uri_option(uri, OPTION_LANES, 1);
}

int queue_channel(const struct channel_ops *ops, uint32_t right, uint32_t caps,
		  int fd, uint32_t spin, struct ipcx_queue *queue,
		  struct ipcx_channel **channel)
{
	struct queue_channel *handle = malloc(sizeof(*handle));

	if (!handle) {
		ipcx_queue_close(queue);
		return -ENOMEM;
	}
	if (queue->attachment)
		caps |= IPCX_CHANNEL_ZERO_COPY | IPCX_CHANNEL_NO_SYSCALL;
	/* Others have received it, too. */
	if (queue->attachment && !queue->ring.broadcast)
		caps |= IPCX_CHANNEL_REDELIVERS;
	if (queue->lanes > 1)
		caps |= IPCX_CHANNEL_PRIORITIES;
	*handle = (struct queue_channel) {
		.base = {
			.ops = ops,
			.right = right,
			.caps = caps | IPCX_CHANNEL_MANY_SENDERS |
				IPCX_CHANNEL_MANY_RECEIVERS |
				IPCX_CHANNEL_SURVIVES,
			.size = queue->slot_size,
			.priorities = queue->lanes,
			.fd = fd,
		},
		.queue = queue,
	};
	*channel = &handle->base;
	ipcx_queue_set_spin(queue, spin);
	return 0;
}

static int create(const struct channel_uri *uri, uint32_t rights,
		  struct ipcx_queue **queue)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_QUEUE_HANGUP,
		.mode = uri_option(uri, OPTION_MODE, 0),
		.rights = rights,
	};
	uint32_t slots, size;

	queue_geometry(uri, &slots, &size, &options.lanes);
	if (rights & IPCX_RIGHT_MAP)
		options.flags |= IPCX_QUEUE_MAPPABLE;
	if (uri->value[OPTION_DROP])
		options.flags |= IPCX_QUEUE_DROP_OLDEST;
	if (uri->value[OPTION_BROADCAST])
		options.flags |= IPCX_QUEUE_BROADCAST;
	if (uri->value[OPTION_KEEP])
		options.flags |= IPCX_CREATE_PERSIST;
	return ipcx_queue_create(uri->name, slots, size, &options, queue);
}

/* What says how the queue is to be, and so cannot take whatever is there. */
#define SHAPE	(OPTION(SLOTS) | OPTION(SIZE) | OPTION(LANES) | OPTION(DROP) | \
		 OPTION(BROADCAST))

static int open_there(const struct channel_uri *uri, uint32_t rights,
		      struct ipcx_queue **queue)
{
	int ret = ipcx_queue_open(uri->name, rights, queue);

	/* One that is not to be mapped, and nobody has asked for that. */
	if (ret == -EACCES && !(uri->given & OPTION(MAP)))
		ret = ipcx_queue_open(uri->name, rights & ~IPCX_RIGHT_MAP,
				      queue);
	return ret;
}

static int open_or_create(const struct channel_uri *uri, uint32_t rights,
			  struct ipcx_queue **queue)
{
	if (uri->given & SHAPE)
		return create(uri, rights, queue);
	return OPEN_OR_CREATE(open_there(uri, rights, queue),
			      create(uri, rights, queue));
}

static uint32_t caps_of(uint32_t flags, const struct ipcx_queue *queue)
{
	uint32_t caps = IPCX_CHANNEL_POLLABLE;

	if (flags & IPCX_QUEUE_HANGUP)
		caps |= IPCX_CHANNEL_PEER_GONE;
	caps |= flags & IPCX_QUEUE_BROADCAST ? IPCX_CHANNEL_BROADCAST :
					       IPCX_CHANNEL_FDS;
	if (flags & IPCX_CREATE_PERSIST)
		caps |= IPCX_CHANNEL_KEEPS;
	if (!queue->attachment)
		caps |= IPCX_CHANNEL_FORKS;
	if (!(flags & IPCX_QUEUE_MAPPABLE))
		caps |= IPCX_CHANNEL_CREDENTIALS;
	return caps;
}

static int queue_open(const struct channel_uri *uri, uint32_t right,
		      uint64_t deadline, struct ipcx_channel **channel)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	uint32_t rights = right;
	struct ipcx_queue *queue;
	int ret;

	(void)deadline;
	if (uri_option(uri, OPTION_MAP, 1))
		rights |= IPCX_RIGHT_MAP;
	ret = open_or_create(uri, rights, &queue);
	if (ret < 0)
		return ret;
	ret = ipcx_stat(queue->fd, &stat);
	if (ret < 0) {
		ipcx_queue_close(queue);
		return ret;
	}
	return queue_channel(&channel_queue, right,
			     caps_of(stat.create_flags, queue),
			     ipcx_queue_fd(queue), uri->value[OPTION_SPIN],
			     queue, channel);
}

static int queue_remove(const struct channel_uri *uri)
{
	return ipcx_unlink(uri->name, IPCX_KIND_QUEUE);
}

void queue_close(struct ipcx_channel *channel)
{
	ipcx_queue_close(queue_of(channel));
	free(channel);
}

int queue_send(struct ipcx_channel *channel, const void *buf, size_t len,
	       uint32_t priority, uint64_t deadline)
{
	return ipcx_queue_send_timed(queue_of(channel), buf, len, priority,
				     deadline);
}

static inline void tell(const struct ipcx_channel *channel,
			const struct ipcx_msg *from,
			struct ipcx_channel_msg *msg)
{
	msg->priority = from->lane;
	msg->flags = from->flags & (IPCX_MSG_REDELIVERED | IPCX_MSG_FDS_LOST);
	msg->fds = from->fd_count;
	msg->missed = from->missed;
	if (channel->caps & IPCX_CHANNEL_CREDENTIALS) {
		msg->pid = from->pid;
		msg->uid = from->uid;
		msg->gid = from->gid;
	}
}

ssize_t queue_recv(struct ipcx_channel *channel, void *buf, size_t cap,
		   struct ipcx_channel_msg *msg, uint64_t deadline)
{
	struct ipcx_msg got;
	ssize_t len = ipcx_queue_recv_timed(queue_of(channel), buf, cap, &got,
					    deadline);

	if (len >= 0)
		tell(channel, &got, msg);
	return len;
}

static int queue_send_fds(struct ipcx_channel *channel, const void *buf,
			  size_t len, uint32_t priority, const int *fds,
			  uint32_t count, uint64_t deadline)
{
	return ipcx_queue_send_fds_timed(queue_of(channel), buf, len, priority,
					 fds, count, deadline);
}

static ssize_t queue_recv_fds(struct ipcx_channel *channel, void *buf,
			      size_t cap, struct ipcx_channel_msg *msg,
			      int *fds, uint32_t count, uint64_t deadline)
{
	struct ipcx_msg got;
	ssize_t len = ipcx_queue_recv_fds_timed(queue_of(channel), buf, cap,
						&got, fds, count, deadline);

	if (len >= 0)
		tell(channel, &got, msg);
	return len;
}

int queue_reserve(struct ipcx_channel *channel, uint32_t priority,
		  struct ipcx_loan *loan, uint64_t deadline)
{
	return ipcx_queue_reserve_timed(queue_of(channel), priority, loan,
					deadline);
}

int queue_commit(struct ipcx_channel *channel, struct ipcx_loan *loan,
		 size_t len)
{
	return ipcx_queue_commit(queue_of(channel), loan, len);
}

int queue_abort(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	return ipcx_queue_abort(queue_of(channel), loan);
}

int queue_acquire(struct ipcx_channel *channel, struct ipcx_loan *loan,
		  uint64_t deadline)
{
	return ipcx_queue_acquire_timed(queue_of(channel), loan, deadline);
}

int queue_release(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	return ipcx_queue_release(queue_of(channel), loan);
}

const struct channel_ops channel_queue = {
	.scheme = "queue",
	.options = SHAPE | OPTION(SPIN) | OPTION(KEEP) | OPTION(MODE) |
		   OPTION(MAP),
	.open = queue_open,
	.remove = queue_remove,
	.close = queue_close,
	.send = queue_send,
	.recv = queue_recv,
	.send_fds = queue_send_fds,
	.recv_fds = queue_recv_fds,
	.reserve = queue_reserve,
	.commit = queue_commit,
	.abort = queue_abort,
	.acquire = queue_acquire,
	.release = queue_release,
};
