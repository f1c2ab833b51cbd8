// SPDX-License-Identifier: LGPL-2.1-or-later
/* unix: and tcp: channels. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>

#include <ipcx/device.h>

#include "channel_socket.h"
#include "wait.h"

#define STREAM_SIZE	(1024 * 1024)
#define PACKET_SIZE	(64 * 1024)
/* What the kernel keeps for itself of the room for packets. */
#define PACKET_EXTRA	32
/* Between two looks for who listens at a port. */
#define REMOTE_STEP_NS	(NSEC_PER_SEC / 100)

/**
 * struct socket_channel - one end
 * @base: the channel
 * @socket: sending: the connection; receiving: where they come from, or where
 *	datagrams come
 * @type: IPCX_SOCKET_*
 * @local: a unix socket
 * @place: receiving: what to take away
 * @stream: sending on a stream
 * @hub: receiving from connections
 */
struct socket_channel {
	struct ipcx_channel base;
	struct ipcx_socket *socket;
	uint32_t type;
	bool local;
	struct place place;
	union {
		struct stream stream;
		struct hub hub;
	};
};

static inline struct socket_channel *socket_of(struct ipcx_channel *channel)
{
	return (struct socket_channel *)channel;
}

static inline bool sends(const struct socket_channel *handle)
{
	return handle->base.right == IPCX_RIGHT_SEND;
}

static uint32_t caps_of(const struct socket_channel *handle)
{
	uint32_t caps = IPCX_CHANNEL_MANY_SENDERS | IPCX_CHANNEL_POLLABLE;
	bool datagrams = handle->type == IPCX_SOCKET_DGRAM;

	caps |= handle->local ? IPCX_CHANNEL_CREDENTIALS | IPCX_CHANNEL_FDS :
				IPCX_CHANNEL_MACHINES;
	if (sends(handle) || !datagrams)
		caps |= IPCX_CHANNEL_PEER_GONE;
	/* The handle knows nothing that changes. */
	if (datagrams ||
	    (sends(handle) && handle->type == IPCX_SOCKET_SEQPACKET))
		caps |= IPCX_CHANNEL_FORKS;
	return caps;
}

static int option(const struct socket_channel *handle, int level, int name,
		  int value)
{
	return SYSCALL(setsockopt(ipcx_socket_fd(handle->socket), level, name,
				  &value, sizeof(value)));
}

/* A machine that is gone does not say so. What is accepted inherits it. */
static int notice_death(const struct socket_channel *handle)
{
	return option(handle, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/* ---- opening the receiving end ---- */

/* Each packet says who sent it; connections that are accepted inherit that. */
static int bind_local(struct socket_channel *handle,
		      const struct channel_uri *uri, uint64_t deadline)
{
	int ret = place_listen(&handle->place, uri->name, handle->type,
			       deadline, &handle->socket);

	if (ret < 0 || handle->type == IPCX_SOCKET_STREAM)
		return ret;
	return option(handle, SOL_SOCKET, SO_PASSCRED, 1);
}

static int bind_any(struct socket_channel *handle,
		    const struct channel_uri *uri, uint64_t deadline)
{
	int ret;

	if (handle->local)
		ret = bind_local(handle, uri, deadline);
	else
		ret = ipcx_socket_listen_inet(uri->host, uri->port,
					      IPCX_SOCKET_STREAM,
					      &handle->socket);
	if (ret < 0)
		return ret;
	handle->base.fd = ipcx_socket_fd(handle->socket);
	if (handle->type == IPCX_SOCKET_DGRAM)
		return 0;
	if (!handle->local) {
		ret = notice_death(handle);
		if (ret < 0)
			return ret;
	}
	ret = hub_init(&handle->hub, handle->socket, handle->base.size,
		       handle->type == IPCX_SOCKET_SEQPACKET);
	if (!ret)
		handle->base.fd = handle->hub.fd;
	return ret;
}

/* ---- opening the sending end ---- */

/*
 * To a port where nobody listens, a socket that happened to be given that very
 * port connects: to itself.
 */
static bool is_own_peer(const struct ipcx_socket *socket)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	int fd = ipcx_socket_fd(socket);

	return !SYSCALL(getsockname(fd, (struct sockaddr *)&own, &own_len)) &&
	       !SYSCALL(getpeername(fd, (struct sockaddr *)&peer, &peer_len)) &&
	       own_len == peer_len && !memcmp(&own, &peer, own_len);
}

/* Connect, or -EAGAIN if nobody is there yet. */
static int connect_once(struct socket_channel *handle,
			const struct channel_uri *uri, uint64_t deadline)
{
	int ret;

	if (handle->local)
		ret = ipcx_socket_connect_unix_try(uri->name, handle->type,
						   &handle->socket);
	else
		ret = ipcx_socket_connect_inet_timed(uri->host, uri->port,
						     IPCX_SOCKET_STREAM,
						     &handle->socket,
						     deadline);
	if (ret == -ENOENT || ret == -ECONNREFUSED || ret == -ECONNRESET)
		return -EAGAIN;
	if (ret || handle->local || !is_own_peer(handle->socket))
		return ret;
	ipcx_socket_close(handle->socket);
	handle->socket = NULL;
	return -EAGAIN;
}

/* In larger steps: each look asks for the address, and then its host. */
static int wait_remote(uint64_t deadline)
{
	uint64_t next = ipcx_deadline_after(REMOTE_STEP_NS);
	int ret = wait_fd(-1, 0, deadline < next ? deadline : next);

	return ret == -ETIMEDOUT && next < deadline ? 0 : ret;
}

/* Not by steps where a look itself can sleep: they block signals between them. */
static int connect_waiting(struct socket_channel *handle,
			   const struct channel_uri *uri, uint64_t deadline)
{
	if (handle->local)
		return AWAIT_STEPS(connect_once(handle, uri, deadline),
				   deadline);
	return AWAIT(connect_once(handle, uri, deadline), wait_remote(deadline));
}

static int connect_any(struct socket_channel *handle,
		       const struct channel_uri *uri, uint64_t deadline)
{
	int ret = connect_waiting(handle, uri, deadline);

	if (ret < 0)
		return ret;
	handle->base.fd = ipcx_socket_fd(handle->socket);
	if (handle->type != IPCX_SOCKET_STREAM)
		return 0;
	if (!handle->local) {
		ret = option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
		if (!ret)
			ret = notice_death(handle);
		if (ret < 0)
			return ret;
	}
	return stream_init(&handle->stream, handle->base.fd, !handle->local);
}

/* ---- both ---- */

/* A packet has to fit into the sender's room; both ends say if it never can. */
static int make_room(const struct socket_channel *handle)
{
	int fd = ipcx_socket_fd(handle->socket);
	size_t need = handle->base.size + PACKET_EXTRA;
	socklen_t len = sizeof(int);
	int room, ret;

	if (handle->type == IPCX_SOCKET_STREAM)
		return 0;
	if (need > INT32_MAX)
		return -EMSGSIZE;
	for (int i = 0; i < 2; i++) {
		ret = SYSCALL(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room,
					 &len));
		if (ret < 0 || (size_t)room >= need)
			return ret;
		ret = option(handle, SOL_SOCKET, SO_SNDBUF, need);
		if (ret < 0)
			return ret;
	}
	return -EMSGSIZE;
}

static int open_any(const struct channel_ops *ops, bool local,
		    const struct channel_uri *uri, uint32_t right,
		    uint64_t deadline, struct ipcx_channel **channel)
{
	struct socket_channel *handle = calloc(1, sizeof(*handle));
	int ret;

	if (!handle)
		return -ENOMEM;
	handle->local = local;
	handle->type = uri_option(uri, OPTION_TYPE, IPCX_SOCKET_STREAM);
	handle->base = (struct ipcx_channel) {
		.ops = ops,
		.right = right,
		.priorities = 1,
		.size = uri_option(uri, OPTION_SIZE,
				   handle->type == IPCX_SOCKET_STREAM ?
					   STREAM_SIZE : PACKET_SIZE),
	};
	handle->base.caps = caps_of(handle);
	ret = sends(handle) ? connect_any(handle, uri, deadline) :
			      bind_any(handle, uri, deadline);
	if (ret < 0) {
		ipcx_socket_close(handle->socket);
		place_leave(&handle->place);
		free(handle);
		return ret;
	}
	ret = make_room(handle);
	if (ret < 0) {
		ipcx_channel_close(&handle->base);
		return ret;
	}
	*channel = &handle->base;
	return 0;
}

static int unix_open(const struct channel_uri *uri, uint32_t right,
		     uint64_t deadline, struct ipcx_channel **channel)
{
	return open_any(&channel_unix, true, uri, right, deadline, channel);
}

static int tcp_open(const struct channel_uri *uri, uint32_t right,
		    uint64_t deadline, struct ipcx_channel **channel)
{
	return open_any(&channel_tcp, false, uri, right, deadline, channel);
}

static int unix_remove(const struct channel_uri *uri)
{
	struct stat stat;
	int ret;

	if (*uri->name == '@')
		return -EOPNOTSUPP;
	ret = SYSCALL(lstat(uri->name, &stat));
	if (ret < 0)
		return ret;
	if (!S_ISSOCK(stat.st_mode))
		return -EPROTOTYPE;
	return SYSCALL(unlink(uri->name));
}

/* The path goes first, so that nobody sees it without who has it. */
static void socket_close(struct ipcx_channel *channel)
{
	struct socket_channel *handle = socket_of(channel);

	place_leave(&handle->place);
	if (sends(handle) && handle->type == IPCX_SOCKET_STREAM)
		stream_free(&handle->stream);
	else if (!sends(handle) && handle->type != IPCX_SOCKET_DGRAM)
		hub_free(&handle->hub);
	ipcx_socket_close(handle->socket);
	free(handle);
}

static int socket_send_fds(struct ipcx_channel *channel, const void *buf,
			   size_t len, uint32_t priority, const int *fds,
			   uint32_t count, uint64_t deadline)
{
	struct socket_channel *handle = socket_of(channel);
	ssize_t ret;

	(void)priority;
	if (handle->type == IPCX_SOCKET_STREAM)
		return stream_send(&handle->stream, buf, len, fds, count,
				   deadline);
	if (count)
		ret = ipcx_socket_send_fds_timed(handle->socket, buf, len, fds,
						 count, deadline);
	else
		ret = ipcx_socket_send_timed(handle->socket, buf, len,
					     deadline);
	return ret < 0 ? sent_to_nobody(ret) : 0;
}

static int socket_send(struct ipcx_channel *channel, const void *buf,
		       size_t len, uint32_t priority, uint64_t deadline)
{
	return socket_send_fds(channel, buf, len, priority, NULL, 0, deadline);
}

static ssize_t take(struct socket_channel *handle, void *buf,
		    struct ipcx_channel_msg *msg, int *fds, uint32_t count)
{
	if (handle->type != IPCX_SOCKET_DGRAM)
		return hub_take(&handle->hub, buf, msg, fds, count);
	return packet_recv(handle->base.fd, buf, handle->base.size, msg, fds,
			   count);
}

static ssize_t socket_recv_fds(struct ipcx_channel *channel, void *buf,
			       size_t cap, struct ipcx_channel_msg *msg,
			       int *fds, uint32_t count, uint64_t deadline)
{
	struct socket_channel *handle = socket_of(channel);

	(void)cap;
	return AWAIT(take(handle, buf, msg, fds, count),
		     wait_fd(channel->fd, POLLIN, deadline));
}

static ssize_t socket_recv(struct ipcx_channel *channel, void *buf, size_t cap,
			   struct ipcx_channel_msg *msg, uint64_t deadline)
{
	return socket_recv_fds(channel, buf, cap, msg, NULL, 0, deadline);
}

const struct channel_ops channel_unix = {
	.scheme = "unix",
	.options = OPTION(TYPE) | OPTION(SIZE),
	.open = unix_open,
	.remove = unix_remove,
	.close = socket_close,
	.send = socket_send,
	.recv = socket_recv,
	.send_fds = socket_send_fds,
	.recv_fds = socket_recv_fds,
};

const struct channel_ops channel_tcp = {
	.scheme = "tcp",
	.options = OPTION(SIZE),
	.at_host = true,
	.open = tcp_open,
	.close = socket_close,
	.send = socket_send,
	.recv = socket_recv,
};
