// SPDX-License-Identifier: GPL-2.0-only
/* nng: a pipeline over its ipc transport. */
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/supplemental/util/platform.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/ipcx.h>

#include "bench_link.h"

/* Messages that it keeps for either side at most. */
#define BUFFER_MAX	128

struct nng_link {
	struct link base;
	nng_socket socket;
	size_t size;
	int flags;
};

static inline struct nng_link *of(struct link *link)
{
	return (struct nng_link *)link;
}

static int error_of(int ret)
{
	if (ret & NNG_ESYSERR)
		return -(ret & ~NNG_ESYSERR);
	switch (ret) {
	case 0:
		return 0;
	case NNG_ENOMEM:
		return -ENOMEM;
	case NNG_EAGAIN:
		return -EAGAIN;
	case NNG_ECONNREFUSED:
	case NNG_ENOENT:
		return -ECONNREFUSED;
	case NNG_EMSGSIZE:
		return -EMSGSIZE;
	default:
		return -EIO;
	}
}

static int commit(struct link *link, size_t len)
{
	int ret;

	while ((ret = nng_send(of(link)->socket, link->buffer, len,
			       of(link)->flags)) == NNG_EAGAIN)
		link_pause();
	return error_of(ret);
}

static int acquire(struct link *link, void **data, size_t *len)
{
	int ret;

	do {
		*len = of(link)->size;
		ret = nng_recv(of(link)->socket, link->buffer, len, of(link)->flags);
		if (ret == NNG_EAGAIN)
			link_pause();
	} while (ret == NNG_EAGAIN);
	*data = link->buffer;
	return error_of(ret);
}

static void close_link(struct link *link)
{
	nng_close(of(link)->socket);
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

/* Until somebody listens there. */
static int dial(nng_socket socket, const char *address)
{
	int ret;

	while ((ret = nng_dial(socket, address, NULL, 0)) == NNG_ECONNREFUSED || ret == NNG_ENOENT)
		nng_msleep(1);
	return ret;
}

static int begin(struct nng_link *made, const char *place, uint32_t right,
		 const struct link_shape *shape)
{
	bool send = right == IPCX_RIGHT_SEND;
	int slots = shape->slots < BUFFER_MAX ? shape->slots : BUFFER_MAX;
	char address[256];
	int ret;

	if (snprintf(address, sizeof(address), "ipc://%s", place) >= (int)sizeof(address))
		return -ENAMETOOLONG;
	ret = nng_socket_set_int(made->socket, send ? NNG_OPT_SENDBUF : NNG_OPT_RECVBUF, slots);
	/* 0: of any size. */
	if (!ret)
		ret = nng_socket_set_size(made->socket, NNG_OPT_RECVMAXSZ, 0);
	if (!ret)
		ret = send ? dial(made->socket, address) :
			     nng_listen(made->socket, address, NULL, 0);
	return error_of(ret);
}

static int open_link(const char *place, uint32_t right, const struct link_shape *shape,
		     struct link **link)
{
	struct nng_link *made = calloc(1, sizeof(*made));
	int ret = -ENOMEM;

	if (!made)
		return ret;
	made->base.ops = &ops;
	made->base.buffer = link_buffer(shape->size);
	made->size = shape->size;
	made->flags = shape->spin ? NNG_FLAG_NONBLOCK : 0;
	if (made->base.buffer)
		ret = error_of(right == IPCX_RIGHT_SEND ? nng_push0_open(&made->socket) :
							  nng_pull0_open(&made->socket));
	if (!ret) {
		ret = begin(made, place, right, shape);
		if (ret)
			nng_close(made->socket);
	}
	if (ret) {
		free(made->base.buffer);
		free(made);
		return ret;
	}
	*link = &made->base;
	return 0;
}

static void remove_path(const char *place)
{
	unlink(place);
}

const struct peer peer_nng = {
	.name = "nng",
	.what = "nng pipeline over ipc",
	.path = true,
	.open = open_link,
	.remove = remove_path,
};
