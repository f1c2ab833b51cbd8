// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Channels: which mechanism a call goes to, and what holds for all of them. A
 * mechanism's own part is in channel_MECHANISM.c.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "channel.h"
#include "channel_uri.h"
#include "sys.h"

static const struct channel_ops *const schemes[] = {
	&channel_pipe,
	&channel_fifo,
	&channel_unix,
	&channel_tcp,
	&channel_mqueue,
	&channel_sysv,
	&channel_signal,
	&channel_shm,
	&channel_map,
	&channel_queue,
	NULL
};

int ipcx_channel_open_timed(const char *uri, uint32_t right,
			    struct ipcx_channel **channel, uint64_t deadline_ns)
{
	const struct channel_ops *ops;
	struct channel_uri parsed;
	int ret;

	if (right != IPCX_RIGHT_SEND && right != IPCX_RIGHT_RECV)
		return -EINVAL;
	ret = uri_parse(uri, schemes, &ops, &parsed);
	if (ret < 0)
		return ret;
	ret = ops->open(&parsed, right, deadline_ns, channel);
	uri_free(&parsed);
	return ret;
}

int ipcx_channel_remove(const char *uri)
{
	const struct channel_ops *ops;
	struct channel_uri parsed;
	int ret = uri_parse(uri, schemes, &ops, &parsed);

	if (ret < 0)
		return ret;
	ret = ops->remove ? ops->remove(&parsed) : -EOPNOTSUPP;
	uri_free(&parsed);
	return ret;
}

const char *ipcx_channel_explain(const char *uri, int error)
{
	bool queue = !strncmp(uri, "queue:", 6);
	const char *text;

	switch (error) {
	case -ENODEV:
		if (queue)
			return "the ipcx module is not loaded; shm: works without it";
		break;
	case -EPROTONOSUPPORT:
		return "no such kind of channel";
	case -EINVAL:
		return "not a channel's URI, or an option or value it does not take";
	case -EEXIST:
		return "it is there already, with other slots, size or lanes";
	case -EADDRINUSE:
		return "somebody else receives there";
	}
	text = strerrordesc_np(-error);
	return text ? text : "unknown error";
}

void ipcx_channel_close(struct ipcx_channel *channel)
{
	if (!channel)
		return;
	free(channel->spare);
	channel->ops->close(channel);
}

uint32_t ipcx_channel_caps(const struct ipcx_channel *channel)
{
	return channel->caps;
}

size_t ipcx_channel_size(const struct ipcx_channel *channel)
{
	return channel->size;
}

uint32_t ipcx_channel_priorities(const struct ipcx_channel *channel)
{
	return channel->priorities;
}

int ipcx_channel_fd(const struct ipcx_channel *channel)
{
	return channel->fd < 0 ? -EOPNOTSUPP : channel->fd;
}

static inline int can_send(const struct ipcx_channel *channel,
			   uint32_t priority)
{
	if (channel->right != IPCX_RIGHT_SEND)
		return -EBADF;
	return priority < channel->priorities ? 0 : -EINVAL;
}

static inline int can_recv(const struct ipcx_channel *channel)
{
	return channel->right == IPCX_RIGHT_RECV ? 0 : -EBADF;
}

int ipcx_channel_send_timed(struct ipcx_channel *channel, const void *buf,
			    size_t len, uint32_t priority, uint64_t deadline_ns)
{
	int ret = can_send(channel, priority);

	if (ret < 0)
		return ret;
	if (len > channel->size)
		return -EMSGSIZE;
	return channel->ops->send(channel, buf, len, priority, deadline_ns);
}

/* Nothing is known. */
static inline void clear(struct ipcx_channel_msg *msg)
{
	*msg = (struct ipcx_channel_msg) { .uid = -1, .gid = -1 };
}

ssize_t ipcx_channel_recv_timed(struct ipcx_channel *channel, void *buf,
				size_t cap, struct ipcx_channel_msg *msg,
				uint64_t deadline_ns)
{
	struct ipcx_channel_msg got;
	ssize_t len = can_recv(channel);

	if (len < 0)
		return len;
	if (cap < channel->size)
		return -EMSGSIZE;
	clear(&got);
	len = channel->ops->recv(channel, buf, cap, &got, deadline_ns);
	if (len >= 0 && msg)
		*msg = got;
	return len;
}

int ipcx_channel_send_fds_timed(struct ipcx_channel *channel, const void *buf,
				size_t len, uint32_t priority, const int *fds,
				uint32_t count, uint64_t deadline_ns)
{
	int ret = can_send(channel, priority);

	if (ret < 0)
		return ret;
	if (!channel->ops->send_fds || !(channel->caps & IPCX_CHANNEL_FDS))
		return -EOPNOTSUPP;
	if (len > channel->size)
		return -EMSGSIZE;
	if (count > IPCX_FDS_MAX)
		return -E2BIG;
	return channel->ops->send_fds(channel, buf, len, priority, fds, count,
				      deadline_ns);
}

ssize_t ipcx_channel_recv_fds_timed(struct ipcx_channel *channel, void *buf,
				    size_t cap, struct ipcx_channel_msg *msg,
				    int *fds, uint32_t count,
				    uint64_t deadline_ns)
{
	struct ipcx_channel_msg got;
	ssize_t len = can_recv(channel);

	if (len < 0)
		return len;
	if (!channel->ops->recv_fds || !(channel->caps & IPCX_CHANNEL_FDS))
		return -EOPNOTSUPP;
	if (cap < channel->size)
		return -EMSGSIZE;
	clear(&got);
	len = channel->ops->recv_fds(channel, buf, cap, &got, fds, count,
				     deadline_ns);
	if (len >= 0)
		*msg = got;
	return len;
}

/* The plain and the _try form of each call that can block. */

int ipcx_channel_open(const char *uri, uint32_t right,
		      struct ipcx_channel **channel)
{
	return ipcx_channel_open_timed(uri, right, channel, IPCX_FOREVER);
}

int ipcx_channel_open_try(const char *uri, uint32_t right,
			  struct ipcx_channel **channel)
{
	return ipcx_channel_open_timed(uri, right, channel, IPCX_NO_WAIT);
}

int ipcx_channel_send(struct ipcx_channel *channel, const void *buf, size_t len,
		      uint32_t priority)
{
	return ipcx_channel_send_timed(channel, buf, len, priority,
				       IPCX_FOREVER);
}

int ipcx_channel_send_try(struct ipcx_channel *channel, const void *buf,
			  size_t len, uint32_t priority)
{
	return ipcx_channel_send_timed(channel, buf, len, priority,
				       IPCX_NO_WAIT);
}

ssize_t ipcx_channel_recv(struct ipcx_channel *channel, void *buf, size_t cap,
			  struct ipcx_channel_msg *msg)
{
	return ipcx_channel_recv_timed(channel, buf, cap, msg, IPCX_FOREVER);
}

ssize_t ipcx_channel_recv_try(struct ipcx_channel *channel, void *buf,
			      size_t cap, struct ipcx_channel_msg *msg)
{
	return ipcx_channel_recv_timed(channel, buf, cap, msg, IPCX_NO_WAIT);
}

int ipcx_channel_send_fds(struct ipcx_channel *channel, const void *buf,
			  size_t len, uint32_t priority, const int *fds,
			  uint32_t count)
{
	return ipcx_channel_send_fds_timed(channel, buf, len, priority, fds,
					   count, IPCX_FOREVER);
}

int ipcx_channel_send_fds_try(struct ipcx_channel *channel, const void *buf,
			      size_t len, uint32_t priority, const int *fds,
			      uint32_t count)
{
	return ipcx_channel_send_fds_timed(channel, buf, len, priority, fds,
					   count, IPCX_NO_WAIT);
}

ssize_t ipcx_channel_recv_fds(struct ipcx_channel *channel, void *buf,
			      size_t cap, struct ipcx_channel_msg *msg,
			      int *fds, uint32_t count)
{
	return ipcx_channel_recv_fds_timed(channel, buf, cap, msg, fds, count,
					   IPCX_FOREVER);
}

ssize_t ipcx_channel_recv_fds_try(struct ipcx_channel *channel, void *buf,
				  size_t cap, struct ipcx_channel_msg *msg,
				  int *fds, uint32_t count)
{
	return ipcx_channel_recv_fds_timed(channel, buf, cap, msg, fds, count,
					   IPCX_NO_WAIT);
}
