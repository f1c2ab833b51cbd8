// SPDX-License-Identifier: GPL-2.0-only
/* ZeroMQ: PUSH to PULL over its ipc transport. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include <linux/ipcx.h>

#include "bench_link.h"

struct zmq_link {
	struct link base;
	void *context;
	void *socket;
	size_t size;
	int flags;
};

static inline struct zmq_link *of(struct link *link)
{
	return (struct zmq_link *)link;
}

static int commit(struct link *link, size_t len)
{
	while (zmq_send(of(link)->socket, link->buffer, len, of(link)->flags) < 0) {
		if (errno != EAGAIN)
			return -errno;
		link_pause();
	}
	return 0;
}

static int acquire(struct link *link, void **data, size_t *len)
{
	int ret;

	while ((ret = zmq_recv(of(link)->socket, link->buffer, of(link)->size,
			       of(link)->flags)) < 0) {
		if (errno != EAGAIN)
			return -errno;
		link_pause();
	}
	*data = link->buffer;
	*len = ret;
	return 0;
}

static void close_link(struct link *link)
{
	zmq_close(of(link)->socket);
	zmq_ctx_term(of(link)->context);
	free(link->buffer);
	free(link);
}

static const struct link_ops ops = {
	.reserve = link_reserve_buffer,
	.commit = commit,
	.acquire = acquire,
	.release = link_release_buffer,
	.close = close_link,
};

static int begin(struct zmq_link *made, const char *place, uint32_t right,
		 const struct link_shape *shape)
{
	bool send = right == IPCX_RIGHT_SEND;
	int slots = shape->slots;
	char address[256];

	made->base.ops = &ops;
	made->base.buffer = link_buffer(shape->size);
	made->size = shape->size;
	made->flags = shape->spin ? ZMQ_DONTWAIT : 0;
	made->context = zmq_ctx_new();
	if (!made->base.buffer || !made->context)
		return -ENOMEM;
	made->socket = zmq_socket(made->context, send ? ZMQ_PUSH : ZMQ_PULL);
	if (!made->socket)
		return -errno;
	/* Memory is bounded as that of the channels. */
	if (zmq_setsockopt(made->socket, send ? ZMQ_SNDHWM : ZMQ_RCVHWM, &slots, sizeof(slots)))
		return -errno;
	if (snprintf(address, sizeof(address), "ipc://%s", place) >= (int)sizeof(address))
		return -ENAMETOOLONG;
	if (send ? zmq_connect(made->socket, address) : zmq_bind(made->socket, address))
		return -errno;
	return 0;
}

static int open_link(const char *place, uint32_t right, const struct link_shape *shape,
		     struct link **link)
{
	struct zmq_link *made = calloc(1, sizeof(*made));
	int ret;

	if (!made)
		return -ENOMEM;
	ret = begin(made, place, right, shape);
	if (!ret) {
		/* gcc-12 -fanalyzer takes &made->base for no way to what was made. */
		*link = (struct link *)made;
		return 0;
	}
	if (made->socket)
		zmq_close(made->socket);
	if (made->context)
		zmq_ctx_term(made->context);
	free(made->base.buffer);
	free(made);
	return ret;
}

static void remove_path(const char *place)
{
	unlink(place);
}

const struct peer peer_zmq = {
	.name = "zmq",
	.what = "ZeroMQ PUSH and PULL over ipc",
	.path = true,
	.open = open_link,
	.remove = remove_path,
};
