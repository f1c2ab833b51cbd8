// SPDX-License-Identifier: GPL-2.0-only
/* TCP and UDP on the loopback, by IPv4, IPv6 and name. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include <ipcx/socket.h>

#include "peer.h"

static char buf[64];
static char big[70000];

/* A machine without IPv6 fails here: its loopback is part of what is tested. */
static const char *const hosts[] = { "127.0.0.1", "::1", "localhost" };

static const char *port_of(struct ipcx_socket *socket)
{
	static char text[8];
	int port = ipcx_socket_port(socket);

	assert_in_range(port, 1, 65535);
	snprintf(text, sizeof(text), "%d", port);
	return text;
}

static void tcp_goes_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct ipcx_socket *listener, *client, *server, *none = POISON;
		struct ipcx_socket_peer peer;
		size_t total = 0;
		ssize_t ret;
		pid_t pid;

		assert_int_equal(ipcx_socket_listen_inet(hosts[i], "0",
							 IPCX_SOCKET_STREAM,
							 &listener), 0);
		assert_late(ipcx_socket_accept_timed(listener, &none,
						     deadline));
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_socket_connect_inet(hosts[i],
				port_of(listener), IPCX_SOCKET_STREAM, &client),
				0);
			for (int j = 0; j < 100; j++)
				assert_int_equal(ipcx_socket_send(client, big,
								  sizeof(big)),
						 sizeof(big));
			assert_int_equal(ipcx_socket_recv(client, buf, 1), 1);
			peer_done();
		}
		assert_int_equal(ipcx_socket_accept(listener, &server), 0);
		while (total < 100 * sizeof(big)) {
			ret = ipcx_socket_recv(server, big, sizeof(big));
			assert_true(ret > 0);
			total += ret;
		}
		assert_int_equal(ipcx_socket_recv_try(server, buf, 1), -EAGAIN);
		assert_int_equal(ipcx_socket_send(server, "x", 1), 1);
		peer_ok(pid);
		assert_int_equal(ipcx_socket_recv(server, buf, 1), 0);
		assert_int_equal(ipcx_socket_peer(server, &peer), -EOPNOTSUPP);
		assert_int_equal(ipcx_socket_send_fds(server, "x", 1,
						      &(int) { 0 }, 1),
				 -EINVAL);
		ipcx_socket_close(server);
		ipcx_socket_close(listener);
	}
}

/* One that listens without a host is found by IPv4 and by IPv6. */
static void any_address_is_both(void **state)
{
	struct ipcx_socket *listener, *client, *server;

	(void)state;
	assert_int_equal(ipcx_socket_listen_inet(NULL, "0", IPCX_SOCKET_STREAM,
						 &listener), 0);
	for (size_t i = 0; i <= ARRAY_SIZE(hosts); i++) {
		const char *host = i < ARRAY_SIZE(hosts) ? hosts[i] : NULL;

		assert_int_equal(ipcx_socket_connect_inet_timed(host,
			port_of(listener), IPCX_SOCKET_STREAM, &client,
			in_ms(LONG_ENOUGH)), 0);
		assert_int_equal(ipcx_socket_accept_timed(listener, &server,
							  in_ms(LONG_ENOUGH)),
				 0);
		ipcx_socket_close(client);
		ipcx_socket_close(server);
	}
	ipcx_socket_close(listener);
}

/* No host is both addresses of the loopback, whichever is listened on. */
static void next_address_is_tried(void **state)
{
	struct ipcx_socket *listener, *client;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipcx_socket_listen_inet(hosts[i], "0",
							 IPCX_SOCKET_STREAM,
							 &listener), 0);
		assert_int_equal(ipcx_socket_connect_inet(NULL,
			port_of(listener), IPCX_SOCKET_STREAM, &client), 0);
		ipcx_socket_close(client);
		ipcx_socket_close(listener);
	}
}

static void udp_goes_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct ipcx_socket_address from;
		struct ipcx_socket *client, *server;

		assert_int_equal(ipcx_socket_listen_inet(hosts[i], "0",
							 IPCX_SOCKET_DGRAM,
							 &server), 0);
		assert_int_equal(ipcx_socket_connect_inet_try(hosts[i],
			port_of(server), IPCX_SOCKET_DGRAM, &client), 0);
		assert_int_equal(ipcx_socket_send(client, "ask", 3), 3);
		assert_int_equal(ipcx_socket_send(client, "", 0), 0);
		assert_int_equal(ipcx_socket_send(client, big, sizeof(big)),
				 -EMSGSIZE);
		assert_int_equal(ipcx_socket_send(client, big, 100), 100);
		assert_int_equal(ipcx_socket_recv_from(server, buf, 64, &from),
				 3);
		assert_int_equal(ipcx_socket_recv_from(server, buf, 64, &from),
				 0);
		assert_int_equal(ipcx_socket_recv(server, buf, 64), -EMSGSIZE);
		assert_int_equal(ipcx_socket_send_to(server, "answer", 6,
						     &from), 6);
		assert_int_equal(ipcx_socket_recv_timed(client, buf, 64,
							in_ms(LONG_ENOUGH)), 6);
		assert_late(ipcx_socket_recv_timed(client, buf, 64, deadline));
		ipcx_socket_close(server);
		/* Nobody is there any more: the kernel's answer tells. */
		assert_int_equal(ipcx_socket_send(client, "x", 1), 1);
		assert_int_equal(ipcx_socket_recv_timed(client, buf, 64,
							in_ms(LONG_ENOUGH)),
				 -ECONNREFUSED);
		ipcx_socket_close(client);
	}
}

static void try_connects_if_it_can_at_once(void **state)
{
	struct ipcx_socket *listener, *client = POISON;
	char port[8];
	int ret;

	(void)state;
	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "0",
						 IPCX_SOCKET_STREAM, &listener),
			 0);
	strcpy(port, port_of(listener));
	ret = ipcx_socket_connect_inet_try("127.0.0.1", port,
					   IPCX_SOCKET_STREAM, &client);
	if (!ret)
		ipcx_socket_close(client);
	else
		assert_int_equal(ret, -EAGAIN);
	ipcx_socket_close(listener);
	assert_int_equal(ipcx_socket_connect_inet_timed("127.0.0.1", port,
		IPCX_SOCKET_STREAM, &client, in_ms(LONG_ENOUGH)),
		-ECONNREFUSED);
	assert_int_equal(ipcx_socket_connect_inet("localhost", port,
						  IPCX_SOCKET_STREAM, &client),
			 -ECONNREFUSED);
}

/* One whose queue of connections is full does not answer. */
static void unanswered_connection_is_late(void **state)
{
	struct ipcx_socket *listener, *waiting[8], *none = POISON;
	int count = 0, ret;

	(void)state;
	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "0",
						 IPCX_SOCKET_STREAM, &listener),
			 0);
	assert_int_equal(listen(ipcx_socket_fd(listener), 0), 0);
	do {
		assert_true(count < 8);
		ret = ipcx_socket_connect_inet_timed("127.0.0.1",
			port_of(listener), IPCX_SOCKET_STREAM, &waiting[count],
			in_ms(500));
	} while (!ret && ++count);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_true(count);
	assert_late(ipcx_socket_connect_inet_timed("127.0.0.1",
		port_of(listener), IPCX_SOCKET_STREAM, &none, deadline));
	assert_ptr_equal(none, POISON);
	while (count)
		ipcx_socket_close(waiting[--count]);
	ipcx_socket_close(listener);
}

/* It left something unread: that is no regular end. */
static void death_of_the_peer_is_told(void **state)
{
	struct ipcx_socket *listener, *client, *server;
	pid_t pid;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "0",
						 IPCX_SOCKET_STREAM, &listener),
			 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_socket_connect_inet("127.0.0.1",
			port_of(listener), IPCX_SOCKET_STREAM, &client), 0);
		pause();
	}
	assert_int_equal(ipcx_socket_accept(listener, &server), 0);
	assert_int_equal(ipcx_socket_send(server, "unread", 6), 6);
	peer_asleep(pid);
	peer_kill(pid);
	assert_int_equal(ipcx_socket_recv(server, buf, 1), -ECONNRESET);
	assert_int_equal(ipcx_socket_send(server, "x", 1), -EPIPE);
	ipcx_socket_close(server);
	ipcx_socket_close(listener);
}

static void names_are_checked(void **state)
{
	struct ipcx_socket *none = POISON, *listener;

	(void)state;
	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "0",
						 IPCX_SOCKET_SEQPACKET, &none),
			 -EINVAL);
	assert_int_equal(ipcx_socket_connect_inet("127.0.0.1", "1", 77, &none),
			 -EINVAL);
	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "no-service", 1,
						 &none), -EADDRNOTAVAIL);
	assert_int_equal(ipcx_socket_listen_inet("not a host", "0", 1, &none),
			 -EADDRNOTAVAIL);
	/* An address that is kept for documents. */
	assert_int_equal(ipcx_socket_listen_inet("203.0.113.1", "0", 1, &none),
			 -EADDRNOTAVAIL);
	assert_int_equal(ipcx_socket_listen_inet("::1", "0", 1, &listener), 0);
	assert_int_equal(ipcx_socket_listen_inet("::1", port_of(listener), 1,
						 &none), -EADDRINUSE);
	ipcx_socket_close(listener);
	assert_ptr_equal(none, POISON);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PEER_TEST(tcp_goes_through),
		PEER_TEST(any_address_is_both),
		PEER_TEST(next_address_is_tried),
		PEER_TEST(udp_goes_through),
		PEER_TEST(try_connects_if_it_can_at_once),
		PEER_TEST(unanswered_connection_is_late),
		PEER_TEST(death_of_the_peer_is_told),
		PEER_TEST(names_are_checked),
	};

	return cmocka_run_group_tests_name("socket inet", tests, NULL, NULL);
}
