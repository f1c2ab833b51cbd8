// SPDX-License-Identifier: GPL-2.0-only
/* Channels of the library as links. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/channel.h>

#include "bench_channel.h"

/*
 * A byte stream that has not room for all of a message at once never takes it by
 * a _try call, so that larger ones are sent by waiting.
 */
#define TRY_BYTES	16384

struct channel_link {
	struct link base;
	struct ipcx_channel *channel;
	struct ipcx_loan loan;
	size_t size;
	bool try_send;
};

static inline struct channel_link *of(struct link *link)
{
	return (struct channel_link *)link;
}

void *link_buffer(size_t size)
{
	size_t rounded = (size + 63) & ~(size_t)63;
	void *buffer = aligned_alloc(64, rounded);

	return buffer ? memset(buffer, 0xA5, rounded) : NULL;
}

int link_reserve_buffer(struct link *link, void **data)
{
	*data = link->buffer;
	return 0;
}

int link_release_buffer(struct link *link)
{
	(void)link;
	return 0;
}

static int commit_copy(struct link *link, size_t len)
{
	return ipcx_channel_send(of(link)->channel, link->buffer, len, 0);
}

static int acquire_copy(struct link *link, void **data, size_t *len)
{
	ssize_t ret = ipcx_channel_recv(of(link)->channel, link->buffer, of(link)->size, NULL);

	if (ret < 0)
		return ret;
	*data = link->buffer;
	*len = ret;
	return 0;
}

static int commit_try(struct link *link, size_t len)
{
	int ret;

	if (!of(link)->try_send)
		return commit_copy(link, len);
	while ((ret = ipcx_channel_send_try(of(link)->channel, link->buffer, len, 0)) == -EAGAIN)
		link_pause();
	return ret;
}

static int acquire_try(struct link *link, void **data, size_t *len)
{
	ssize_t ret;

	while ((ret = ipcx_channel_recv_try(of(link)->channel, link->buffer, of(link)->size,
					    NULL)) == -EAGAIN)
		link_pause();
	if (ret < 0)
		return ret;
	*data = link->buffer;
	*len = ret;
	return 0;
}

static int reserve_loan(struct link *link, void **data)
{
	int ret = ipcx_channel_reserve(of(link)->channel, 0, &of(link)->loan);

	*data = of(link)->loan.data;
	return ret;
}

static int commit_loan(struct link *link, size_t len)
{
	return ipcx_channel_commit(of(link)->channel, &of(link)->loan, len);
}

static int acquire_loan(struct link *link, void **data, size_t *len)
{
	int ret = ipcx_channel_acquire(of(link)->channel, &of(link)->loan);

	*data = of(link)->loan.data;
	*len = of(link)->loan.len;
	return ret;
}

static int release_loan(struct link *link)
{
	return ipcx_channel_release(of(link)->channel, &of(link)->loan);
}

static void close_channel(struct link *link)
{
	ipcx_channel_close(of(link)->channel);
	free(link->buffer);
	free(link);
}

static const struct link_ops by_copy = {
	.reserve = link_reserve_buffer,
	.commit = commit_copy,
	.acquire = acquire_copy,
	.release = link_release_buffer,
	.close = close_channel,
};

static const struct link_ops by_try_calls = {
	.reserve = link_reserve_buffer,
	.commit = commit_try,
	.acquire = acquire_try,
	.release = link_release_buffer,
	.close = close_channel,
};

static const struct link_ops by_loan = {
	.reserve = reserve_loan,
	.commit = commit_loan,
	.acquire = acquire_loan,
	.release = release_loan,
	.close = close_channel,
};

static int check_channel(struct ipcx_channel *channel, const struct link_shape *shape)
{
	uint32_t caps = ipcx_channel_caps(channel), needed = 0;

	if (ipcx_channel_size(channel) < shape->size)
		return -EMSGSIZE;
	if (shape->loan)
		needed |= IPCX_CHANNEL_ZERO_COPY;
	if (shape->many_senders)
		needed |= IPCX_CHANNEL_MANY_SENDERS;
	if (shape->many_receivers)
		needed |= IPCX_CHANNEL_MANY_RECEIVERS;
	return (caps & needed) == needed ? 0 : -EOPNOTSUPP;
}

int channel_link(const char *uri, uint32_t right, const struct link_shape *shape,
		 bool by_try, struct link **link)
{
	struct channel_link *made = calloc(1, sizeof(*made));
	int ret;

	if (!made)
		return -ENOMEM;
	ret = ipcx_channel_open(uri, right, &made->channel);
	if (ret < 0)
		goto out;
	ret = check_channel(made->channel, shape);
	if (ret < 0)
		goto out;
	made->size = ipcx_channel_size(made->channel);
	made->base.ops = shape->loan ? &by_loan : by_try ? &by_try_calls : &by_copy;
	made->base.buffer = link_buffer(made->size);
	made->try_send = shape->size <= TRY_BYTES;
	ret = made->base.buffer ? 0 : -ENOMEM;
	if (!ret)
		*link = &made->base;
out:
	if (ret < 0) {
		ipcx_channel_close(made->channel);
		free(made);
	}
	return ret;
}
