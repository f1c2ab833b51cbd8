// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>

#include <ipcx/socket.h>

#include "sockets.h"

char sockets_path[64], sockets_port[8], uri[128];
char buf[1024 * 1024], out[1024 * 1024];

static const char *const types[] = { "stream", "seqpacket", "dgram" };

/* A port that was free a moment ago. */
static void free_port(void)
{
	struct ipcx_socket *socket;

	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "0",
						 IPCX_SOCKET_STREAM, &socket),
			 0);
	snprintf(sockets_port, sizeof(sockets_port), "%d",
		 ipcx_socket_port(socket));
	ipcx_socket_close(socket);
}

void use(enum kind kind)
{
	if (kind == TCP) {
		free_port();
		snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%s", sockets_port);
	} else {
		snprintf(uri, sizeof(uri), "unix:%s?type=%s", sockets_path,
			 types[kind]);
	}
}

int sockets_setup(void **state)
{
	snprintf(sockets_path, sizeof(sockets_path),
		 "/tmp/ipcx-test-sockets.%d", getpid());
	use(STREAM);
	return peer_setup(state);
}

int sockets_teardown(void **state)
{
	int before = errno;

	unlink(sockets_path);
	errno = before;
	return peer_teardown(state);
}

struct ipcx_channel *end_of(const char *name, uint32_t right)
{
	struct ipcx_channel *channel;

	assert_int_equal(ipcx_channel_open_try(name, right, &channel), 0);
	return channel;
}

struct ipcx_channel *receiver(void)
{
	return end_of(uri, IPCX_RIGHT_RECV);
}

struct ipcx_channel *sender(void)
{
	return end_of(uri, IPCX_RIGHT_SEND);
}

short polled(const struct ipcx_channel *channel, short events)
{
	struct pollfd pollfd = { ipcx_channel_fd(channel), events, 0 };

	assert_true(poll(&pollfd, 1, 0) >= 0);
	return pollfd.revents;
}

ssize_t receive(struct ipcx_channel *channel)
{
	return ipcx_channel_recv_timed(channel, buf, sizeof(buf), NULL,
				       in_ms(LONG_ENOUGH));
}

ssize_t look(struct ipcx_channel *channel)
{
	return ipcx_channel_recv_try(channel, buf, sizeof(buf), NULL);
}
