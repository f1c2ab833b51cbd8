// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loans of a channel: the mechanism's own, or a buffer and a copy. A buffer is
 * kept for the next loan when one is given back.
 */
#include <stdlib.h>

#include "channel.h"
#include "sys.h"

/* Room for a message of no bytes, too. */
static void *take_buffer(struct ipcx_channel *channel)
{
	void *buf = __atomic_exchange_n(&channel->spare, NULL, __ATOMIC_ACQUIRE);

	return buf ? buf : malloc(channel->size + 1);
}

/* Release: of a thread's writes to the buffer before another has it. */
static void give_buffer(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	free(__atomic_exchange_n(&channel->spare, loan->data, __ATOMIC_ACQ_REL));
	loan->data = NULL;
}

static int holds(const struct ipcx_channel *channel, uint32_t right,
		 const struct ipcx_loan *loan)
{
	if (channel->right != right)
		return -EBADF;
	return loan->data ? 0 : -EINVAL;
}

int ipcx_channel_reserve_timed(struct ipcx_channel *channel, uint32_t priority,
			       struct ipcx_loan *loan, uint64_t deadline_ns)
{
	void *buf;

	if (channel->right != IPCX_RIGHT_SEND)
		return -EBADF;
	if (priority >= channel->priorities)
		return -EINVAL;
	if (channel->caps & IPCX_CHANNEL_ZERO_COPY)
		return channel->ops->reserve(channel, priority, loan,
					     deadline_ns);
	buf = take_buffer(channel);
	if (!buf)
		return -ENOMEM;
	*loan = (struct ipcx_loan) {
		.data = buf,
		.len = channel->size,
		.lane = priority,
	};
	return 0;
}

int ipcx_channel_commit_timed(struct ipcx_channel *channel,
			      struct ipcx_loan *loan, size_t len,
			      uint64_t deadline_ns)
{
	int ret = holds(channel, IPCX_RIGHT_SEND, loan);

	if (ret < 0)
		return ret;
	if (len > channel->size)
		return -EMSGSIZE;
	if (channel->caps & IPCX_CHANNEL_ZERO_COPY)
		return channel->ops->commit(channel, loan, len);
	ret = channel->ops->send(channel, loan->data, len, loan->lane,
				 deadline_ns);
	if (!ret)
		give_buffer(channel, loan);
	return ret;
}

int ipcx_channel_abort(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	int ret = holds(channel, IPCX_RIGHT_SEND, loan);

	if (ret < 0)
		return ret;
	if (channel->caps & IPCX_CHANNEL_ZERO_COPY)
		return channel->ops->abort(channel, loan);
	give_buffer(channel, loan);
	return 0;
}

int ipcx_channel_acquire_timed(struct ipcx_channel *channel,
			       struct ipcx_loan *loan, uint64_t deadline_ns)
{
	struct ipcx_channel_msg msg = { .uid = -1, .gid = -1 };
	struct ipcx_loan got = { .data = NULL };
	ssize_t len;

	if (channel->right != IPCX_RIGHT_RECV)
		return -EBADF;
	if (channel->caps & IPCX_CHANNEL_ZERO_COPY)
		return channel->ops->acquire(channel, loan, deadline_ns);
	got.data = take_buffer(channel);
	if (!got.data)
		return -ENOMEM;
	len = channel->ops->recv(channel, got.data, channel->size, &msg,
				 deadline_ns);
	if (len < 0) {
		give_buffer(channel, &got);
		return len;
	}
	got.len = len;
	got.lane = msg.priority;
	got.flags = msg.flags;
	*loan = got;
	return 0;
}

int ipcx_channel_release(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	int ret = holds(channel, IPCX_RIGHT_RECV, loan);

	if (ret < 0)
		return ret;
	if (channel->caps & IPCX_CHANNEL_ZERO_COPY)
		return channel->ops->release(channel, loan);
	give_buffer(channel, loan);
	return 0;
}

/* The plain and the _try form of each call that can block. */

int ipcx_channel_reserve(struct ipcx_channel *channel, uint32_t priority,
			 struct ipcx_loan *loan)
{
	return ipcx_channel_reserve_timed(channel, priority, loan,
					  IPCX_FOREVER);
}

int ipcx_channel_reserve_try(struct ipcx_channel *channel, uint32_t priority,
			     struct ipcx_loan *loan)
{
	return ipcx_channel_reserve_timed(channel, priority, loan,
					  IPCX_NO_WAIT);
}

int ipcx_channel_commit(struct ipcx_channel *channel, struct ipcx_loan *loan,
			size_t len)
{
	return ipcx_channel_commit_timed(channel, loan, len, IPCX_FOREVER);
}

int ipcx_channel_commit_try(struct ipcx_channel *channel,
			    struct ipcx_loan *loan, size_t len)
{
	return ipcx_channel_commit_timed(channel, loan, len, IPCX_NO_WAIT);
}

int ipcx_channel_acquire(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	return ipcx_channel_acquire_timed(channel, loan, IPCX_FOREVER);
}

int ipcx_channel_acquire_try(struct ipcx_channel *channel,
			     struct ipcx_loan *loan)
{
	return ipcx_channel_acquire_timed(channel, loan, IPCX_NO_WAIT);
}
