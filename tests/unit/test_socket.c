// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets; test_socket_inet.c has TCP and UDP. */
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <ipcx/socket.h>

#include "peer.h"

#define CAP	64

static const uint32_t types[] = {
	IPCX_SOCKET_STREAM, IPCX_SOCKET_DGRAM, IPCX_SOCKET_SEQPACKET,
};

static struct ipcx_socket *a, *b;
static char big[1024 * 1024];
static char buf[CAP];

static void make(uint32_t type)
{
	assert_int_equal(ipcx_socket_pair(type, &a, &b), 0);
}

static void drop(struct ipcx_socket **socket)
{
	ipcx_socket_close(*socket);
	*socket = NULL;
}

static void drop_both(void)
{
	drop(&a);
	drop(&b);
}

static const char *name(const char *prefix)
{
	static char text[64];

	snprintf(text, sizeof(text), "%sipcx-test-socket.%d", prefix, getpid());
	return text;
}

static void fill(size_t len)
{
	while (ipcx_socket_send_try(a, big, len) > 0)
		;
	assert_int_equal(ipcx_socket_send_try(a, big, len), -EAGAIN);
}

static void all_types_go_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		make(types[i]);
		assert_int_equal(ipcx_socket_send(a, "abc", 3), 3);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), 3);
		assert_int_equal(ipcx_socket_send_try(b, "de", 2), 2);
		assert_int_equal(ipcx_socket_recv_try(a, buf, CAP), 2);
		assert_int_equal(ipcx_socket_send_timed(a, "f", 1, 1), 1);
		assert_int_equal(ipcx_socket_recv_timed(b, buf, CAP, 1), 1);
		assert_int_equal(*buf, 'f');
		assert_true(fcntl(ipcx_socket_fd(a), F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(ipcx_socket_fd(b), F_GETFD) & FD_CLOEXEC);
		assert_int_equal(ipcx_socket_send(a, (void *)8, 1), -EFAULT);
		drop_both();
	}
	assert_int_equal(ipcx_socket_pair(3, &a, &b), -EINVAL);
	ipcx_socket_close(NULL);
}

static void messages_keep_their_boundaries(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(types); i++) {
		make(types[i]);
		assert_int_equal(ipcx_socket_send(a, "", 0), 0);
		assert_int_equal(ipcx_socket_send(a, "x", 1), 1);
		assert_int_equal(ipcx_socket_send(a, big, CAP), CAP);
		assert_int_equal(ipcx_socket_send(a, big, CAP + 1), CAP + 1);
		assert_int_equal(ipcx_socket_send(a, "y", 1), 1);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), 0);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), 1);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), CAP);
		/* What has no room is lost, and only that. */
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), -EMSGSIZE);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), 1);
		assert_int_equal(*buf, 'y');
		assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), -EAGAIN);
		assert_int_equal(ipcx_socket_send(a, big, sizeof(big)),
				 -EMSGSIZE);
		drop_both();
	}
}

static void stream_has_none(void **state)
{
	(void)state;
	make(IPCX_SOCKET_STREAM);
	assert_int_equal(ipcx_socket_send(a, "ab", 2), 2);
	assert_int_equal(ipcx_socket_send(a, "", 0), 0);
	assert_int_equal(ipcx_socket_send(a, "cd", 2), 2);
	assert_int_equal(ipcx_socket_recv(b, buf, 3), 3);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(ipcx_socket_recv(b, buf, 0), -EINVAL);
	assert_int_equal(ipcx_socket_recv(b, buf, CAP), 1);
	drop_both();
}

static void empty_and_full(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		make(types[i]);
		assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), -EAGAIN);
		assert_late(ipcx_socket_recv_timed(b, buf, CAP, deadline));
		fill(1000);
		assert_late(ipcx_socket_send_timed(a, big, 1000, deadline));
		drop_both();
	}
}

/* O_NONBLOCK makes no difference. */
static void sleepers_are_woken(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4 * ARRAY_SIZE(types); i++) {
		uint64_t deadline = i & 1 ? in_ms(LONG_ENOUGH) : IPCX_FOREVER;
		pid_t pid;

		make(types[i / 4]);
		fcntl(ipcx_socket_fd(a), F_SETFL, i & 2 ? O_NONBLOCK : 0);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_socket_recv_timed(a, buf, CAP,
								deadline), 4);
			peer_done();
		}
		peer_asleep(pid);
		assert_int_equal(ipcx_socket_send(b, "wake", 4), 4);
		peer_ok(pid);

		fill(1000);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_socket_send_timed(a, big, 1000,
								deadline), 1000);
			peer_done();
		}
		peer_asleep(pid);
		while (ipcx_socket_recv_try(b, big, sizeof(big)) > 0)
			;
		peer_ok(pid);
		drop_both();
	}
}

static void large_stream_is_sent_whole(void **state)
{
	size_t total = 0;
	ssize_t ret;
	pid_t pid;

	(void)state;
	make(IPCX_SOCKET_STREAM);
	assert_in_range(ipcx_socket_send_try(a, big, sizeof(big)), 1,
			sizeof(big) - 1);
	assert_int_equal(ipcx_socket_send_timed(a, big, 1, 1), -ETIMEDOUT);
	drop_both();
	make(IPCX_SOCKET_STREAM);
	pid = peer_fork();
	if (!pid) {
		for (size_t i = 0; i < sizeof(big); i++)
			big[i] = i % 251;
		assert_int_equal(ipcx_socket_send(a, big, sizeof(big)),
				 sizeof(big));
		peer_done();
	}
	drop(&a);
	while ((ret = ipcx_socket_recv(b, big, 5000)) > 0)
		for (ssize_t i = 0; i < ret; i++)
			assert_int_equal((unsigned char)big[i], total++ % 251);
	assert_int_equal(ret, 0);
	assert_int_equal(total, sizeof(big));
	peer_ok(pid);
	drop(&b);
}

static void death_of_the_peer_is_the_end(void **state)
{
	static const ssize_t ends[] = { 0, -EAGAIN, -EPIPE };

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		_Atomic uint32_t *done = shared_words();
		pid_t pid;

		make(types[i]);
		pid = peer_fork();
		if (!pid) {
			drop(&b);
			assert_int_equal(ipcx_socket_send(a, "", 0), 0);
			assert_int_equal(ipcx_socket_send(a, "last", 4), 4);
			*done = 1;
			pause();
		}
		drop(&a);
		assert_soon(*done);
		peer_kill(pid);
		if (types[i] != IPCX_SOCKET_STREAM)
			assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), 0);
		assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), 4);
		assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), ends[i]);
		assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), ends[i]);
		assert_int_equal(ipcx_socket_send(b, "x", 1),
				 types[i] == IPCX_SOCKET_DGRAM ?
					 -ECONNREFUSED : -EPIPE);
		drop(&b);
		shared_free(done);
	}
}

/* Received by @how: 0 without descriptors, 1 with room for some. */
static ssize_t received(int how)
{
	uint32_t count = 2;
	int fds[2];

	if (!how)
		return ipcx_socket_recv(b, buf, CAP);
	return ipcx_socket_recv_fds(b, buf, CAP, fds, &count);
}

/*
 * An empty packet is no end, unless all that the peer left behind is empty: that
 * the kernel does not tell.
 */
static void empty_packet_is_no_end(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		make(IPCX_SOCKET_SEQPACKET);
		assert_int_equal(ipcx_socket_send(a, "", 0), 0);
		assert_int_equal(received(how), 0);
		for (int i = 0; i < 2; i++)
			assert_int_equal(ipcx_socket_send(a, "", 0), 0);
		assert_int_equal(ipcx_socket_send(a, "x", 1), 1);
		assert_int_equal(ipcx_socket_send(a, "", 0), 0);
		assert_int_equal(received(how), 0);
		drop(&a);
		assert_int_equal(received(how), 0);
		assert_int_equal(received(how), 1);
		assert_int_equal(received(how), -EPIPE);
		assert_int_equal(received(how), -EPIPE);
		drop(&b);
	}
}

static void one_direction_ends(void **state)
{
	(void)state;
	make(IPCX_SOCKET_SEQPACKET);
	assert_int_equal(ipcx_socket_shutdown(a, 0), -EINVAL);
	assert_int_equal(ipcx_socket_shutdown(a, IPCX_RIGHT_SEND), 0);
	assert_int_equal(ipcx_socket_send(a, "x", 1), -EPIPE);
	assert_int_equal(ipcx_socket_recv(b, buf, CAP), -EPIPE);
	assert_int_equal(ipcx_socket_send(b, "x", 1), 1);
	assert_int_equal(ipcx_socket_recv(a, buf, CAP), 1);
	assert_int_equal(ipcx_socket_shutdown(a, IPCX_RIGHT_RECV), 0);
	assert_int_equal(ipcx_socket_send(b, "x", 1), -EPIPE);
	drop_both();
	make(IPCX_SOCKET_STREAM);
	assert_int_equal(ipcx_socket_shutdown(a, IPCX_RIGHT_SEND |
						 IPCX_RIGHT_RECV), 0);
	assert_int_equal(ipcx_socket_recv(b, buf, CAP), 0);
	drop_both();
}

/* Both kinds of names, all types that are accepted. */
static void named_sockets_connect(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		const char *at = name(i & 1 ? "@" : "/tmp/");
		uint32_t type = types[i & 2];
		struct ipcx_socket *listener, *none = POISON;
		struct ipcx_socket_peer peer;
		pid_t pid;

		assert_int_equal(ipcx_socket_connect_unix(at, type, &none),
				 i & 1 ? -ECONNREFUSED : -ENOENT);
		assert_int_equal(ipcx_socket_listen_unix(at, type, &listener),
				 0);
		assert_int_equal(ipcx_socket_listen_unix(at, type, &none),
				 -EADDRINUSE);
		assert_int_equal(ipcx_socket_accept_try(listener, &none),
				 -EAGAIN);
		assert_late(ipcx_socket_accept_timed(listener, &none,
						     deadline));
		assert_int_equal(ipcx_socket_connect_unix(at, types[2 - (i & 2)],
							  &none), i & 1 ?
				 -ECONNREFUSED : -EPROTOTYPE);
		assert_ptr_equal(none, POISON);

		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_socket_connect_unix_timed(at, type,
				&a, i & 1 ? IPCX_FOREVER : in_ms(LONG_ENOUGH)),
				0);
			assert_int_equal(ipcx_socket_send(a, "hi", 2), 2);
			assert_int_equal(ipcx_socket_recv(a, buf, CAP), 2);
			peer_done();
		}
		assert_int_equal(ipcx_socket_accept(listener, &b), 0);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), 2);
		assert_int_equal(ipcx_socket_peer(b, &peer), 0);
		assert_int_equal(peer.pid, pid);
		assert_int_equal(peer.uid, geteuid());
		assert_int_equal(peer.gid, getegid());
		assert_int_equal(ipcx_socket_peer(listener, &peer), 0);
		assert_int_equal(ipcx_socket_send(b, "ho", 2), 2);
		peer_ok(pid);
		drop(&b);
		drop(&listener);
		if (!(i & 1))
			assert_int_equal(unlink(at), 0);
	}
}

static void names_are_checked(void **state)
{
	struct ipcx_socket *none = POISON, *longest;
	char text[110];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = '@';
	text[108] = '\0';
	assert_int_equal(ipcx_socket_listen_unix("", 1, &none), -EINVAL);
	assert_int_equal(ipcx_socket_listen_unix("@", 1, &none), -EINVAL);
	assert_int_equal(ipcx_socket_connect_unix("@", 1, &none), -EINVAL);
	assert_int_equal(ipcx_socket_listen_unix(text, 1, &none),
			 -ENAMETOOLONG);
	assert_int_equal(ipcx_socket_connect_unix(text, 1, &none),
			 -ENAMETOOLONG);
	assert_int_equal(ipcx_socket_listen_unix("@x", 3, &none), -EINVAL);
	assert_int_equal(ipcx_socket_connect_unix("@x", 3, &none), -EINVAL);
	assert_ptr_equal(none, POISON);
	snprintf(text + 80, 28, "%027d", getpid());
	assert_int_equal(ipcx_socket_listen_unix(text, 1, &longest), 0);
	assert_int_equal(ipcx_socket_connect_unix(text, 1, &a), 0);
	drop(&a);
	drop(&longest);
}

/* More than can wait to be accepted wait to wait. */
static void full_backlog_is_waited_for(void **state)
{
	struct ipcx_socket *listener, *waiting[3], *none = POISON;
	const char *at = name("@");
	int count = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_socket_listen_unix(at, 1, &listener), 0);
	assert_int_equal(listen(ipcx_socket_fd(listener), 1), 0);
	while (!ipcx_socket_connect_unix_try(at, 1, &waiting[count]))
		assert_true(++count < 3);
	assert_int_equal(ipcx_socket_connect_unix_try(at, 1, &none), -EAGAIN);
	assert_late(ipcx_socket_connect_unix_timed(at, 1, &none, deadline));
	for (int timed = 0; timed < 2; timed++) {
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_socket_connect_unix_timed(at, 1,
				&none, timed ? in_ms(LONG_ENOUGH) :
				IPCX_FOREVER), 0);
			assert_false(fcntl(ipcx_socket_fd(none), F_GETFL) &
				     O_NONBLOCK);
			peer_done();
		}
		peer_asleep(pid);
		assert_int_equal(ipcx_socket_accept_try(listener, &b), 0);
		peer_ok(pid);
		drop(&b);
	}
	while (count)
		drop(&waiting[--count]);
	drop(&listener);
}

static void descriptors_are_passed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int fds[2], got[4];
		uint32_t count = 4;
		pid_t pid;

		make(types[i]);
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_socket_send_fds(a, "fds", 3, fds,
							      2), 3);
			peer_done();
		}
		peer_ok(pid);
		assert_int_equal(ipcx_socket_recv_fds(b, buf, CAP, got, &count),
				 3);
		assert_int_equal(count, 2);
		assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(write(got[1], "x", 1), 1);
		assert_int_equal(read(fds[0], buf, 1), 1);
		close(got[0]);
		close(got[1]);

		/* None, too many, and to who does not ask for them. */
		count = 1;
		assert_int_equal(ipcx_socket_send(a, "x", 1), 1);
		assert_int_equal(ipcx_socket_recv_fds_try(b, buf, CAP, got,
							  &count), 1);
		assert_int_equal(count, 0);
		count = 1;
		assert_int_equal(ipcx_socket_send_fds_try(a, "x", 1, fds, 2),
				 1);
		assert_int_equal(ipcx_socket_recv_fds_timed(b, buf, CAP, got,
							    &count, 1),
				 -EMSGSIZE);
		assert_int_equal(count, 1);
		assert_int_equal(ipcx_socket_send_fds_timed(a, "x", 1, fds, 2,
							    1), 1);
		assert_int_equal(ipcx_socket_recv(b, buf, CAP), 1);
		close(fds[0]);
		close(fds[1]);
		assert_int_equal(ipcx_socket_send_fds(a, "x", 1, fds, 1),
				 -EBADF);
		assert_int_equal(ipcx_socket_recv_fds_try(b, buf, CAP, got,
							  &count), -EAGAIN);
		assert_late(ipcx_socket_recv_fds_timed(b, buf, CAP, got, &count,
						       deadline));
		drop_both();
	}
}

static void descriptors_have_limits(void **state)
{
	int fds[IPCX_SOCKET_FDS_MAX + 1], got[IPCX_SOCKET_FDS_MAX];
	uint32_t count = IPCX_SOCKET_FDS_MAX;
	struct rlimit limit, low;
	int before = open_fds();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = STDOUT_FILENO;
	make(IPCX_SOCKET_STREAM);
	assert_int_equal(ipcx_socket_send_fds(a, "x", 1, fds, 0), -EINVAL);
	assert_int_equal(ipcx_socket_send_fds(a, "x", 1, fds, count + 1),
			 -EINVAL);
	assert_int_equal(ipcx_socket_send_fds(a, "", 0, fds, 1), -EINVAL);
	assert_int_equal(ipcx_socket_recv_fds(b, buf, 0, got, &count), -EINVAL);
	assert_int_equal(ipcx_socket_send_fds(a, "x", 1, fds, count), 1);
	assert_int_equal(ipcx_socket_recv_fds(b, buf, CAP, got, &count), 1);
	assert_int_equal(count, IPCX_SOCKET_FDS_MAX);
	while (count)
		close(got[--count]);
	drop_both();

	make(IPCX_SOCKET_SEQPACKET);
	count = 4;
	assert_int_equal(ipcx_socket_send_fds(a, "", 0, fds, 4), 0);
	assert_int_equal(ipcx_socket_recv_fds(b, buf, CAP, got, &count), 0);
	assert_int_equal(count, 4);
	while (count)
		close(got[--count]);
	assert_int_equal(ipcx_socket_send_fds(a, "x", 1, fds, 4), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = dup(STDOUT_FILENO) + 2;
	close(low.rlim_cur - 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	count = 4;
	assert_int_equal(ipcx_socket_recv_fds(b, buf, CAP, got, &count),
			 -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	drop_both();
	assert_int_equal(open_fds(), before);
}

/* A server of datagrams answers who has a name. */
static void datagrams_are_answered(void **state)
{
	struct ipcx_socket_address from, nobody = { 0 };
	struct ipcx_socket *server, *client, *mute;
	const char *at = name("@s");

	(void)state;
	assert_int_equal(ipcx_socket_listen_unix(at, IPCX_SOCKET_DGRAM,
						 &server), 0);
	assert_int_equal(ipcx_socket_connect_unix(at, IPCX_SOCKET_DGRAM, &mute),
			 0);
	assert_int_equal(ipcx_socket_send(mute, "q", 1), 1);
	assert_int_equal(ipcx_socket_recv_from(server, buf, CAP, &from), 1);
	assert_int_equal(ipcx_socket_send_to(server, "a", 1, &nobody),
			 -EDESTADDRREQ);
	assert_int_equal(ipcx_socket_send_to(server, "a", 1, &from),
			 from.len ? -EINVAL : -EDESTADDRREQ);
	drop(&mute);

	assert_int_equal(ipcx_socket_listen_unix(name("@c"), IPCX_SOCKET_DGRAM,
						 &client), 0);
	from.len = 2 + 1 + strlen(name("s"));
	memcpy(from.opaque, &(struct { short family; char name[100]; }) {
		AF_UNIX, "" }, 102);
	strcpy((char *)from.opaque + 3, name("s"));
	assert_int_equal(ipcx_socket_send_to(client, "hello", 5, &from), 5);
	assert_int_equal(ipcx_socket_recv_from_try(server, buf, 4, &from),
			 -EMSGSIZE);
	assert_int_equal(ipcx_socket_recv_from_try(server, buf, 4, &from),
			 -EAGAIN);
	assert_late(ipcx_socket_recv_from_timed(server, buf, 4, &from,
						deadline));
	assert_int_equal(ipcx_socket_send_to_timed(client, "", 0, &from, 1), 0);
	assert_int_equal(ipcx_socket_recv_from_timed(server, buf, 4, &from, 1),
			 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ipcx_socket_send_to_try(server, "a", 1, &from),
				 1);
	assert_int_equal(ipcx_socket_recv(client, buf, CAP), 1);
	while (ipcx_socket_send_to_try(server, "a", 1, &from) == 1)
		;
	assert_int_equal(ipcx_socket_send_to_try(server, "a", 1, &from),
			 -EAGAIN);
	assert_late(ipcx_socket_send_to_timed(server, "a", 1, &from, deadline));
	drop(&client);
	drop(&server);
	make(IPCX_SOCKET_STREAM);
	assert_int_equal(ipcx_socket_send_to(a, "x", 1, &from), -EOPNOTSUPP);
	assert_int_equal(ipcx_socket_recv_from(a, buf, 1, &from), -EOPNOTSUPP);
	drop_both();
}

static long recv_plain(void *arg)
{
	(void)arg;
	return ipcx_socket_recv(b, buf, CAP);
}

static long recv_timed(void *arg)
{
	(void)arg;
	return ipcx_socket_recv_timed(b, buf, CAP, in_ms(LONG_ENOUGH));
}

static long send_plain(void *arg)
{
	(void)arg;
	return ipcx_socket_send(a, big, 1000);
}

static long accept_plain(void *listener)
{
	struct ipcx_socket *socket;

	return ipcx_socket_accept(listener, &socket);
}

static void send_one(void *arg)
{
	(void)arg;
	assert_int_equal(ipcx_socket_send(a, "x", 1), 1);
}

static void handlers_interrupt(void **state)
{
	struct ipcx_socket *listener;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		make(types[i]);
		assert_int_equal(interrupted(recv_plain, NULL, 0, NULL),
				 -EINTR);
		assert_int_equal(interrupted(recv_plain, NULL, SA_RESTART,
					     send_one), 1);
		assert_int_equal(interrupted(recv_timed, NULL, SA_RESTART,
					     NULL), -EINTR);
		fill(1000);
		assert_int_equal(interrupted(send_plain, NULL, 0, NULL),
				 -EINTR);
		drop_both();
	}
	assert_int_equal(ipcx_socket_listen_unix(name("@"), 1, &listener), 0);
	assert_int_equal(interrupted(accept_plain, listener, SA_RESTART, NULL),
			 -EINTR);
	drop(&listener);
}

static void descriptor_is_adopted(void **state)
{
	struct ipcx_socket *none = POISON;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[2];

	(void)state;
	assert_int_equal(ipcx_socket_from_fd(null, &none), -ENOTSOCK);
	assert_int_equal(close(null), 0);
	assert_int_equal(ipcx_socket_from_fd(null, &none), -EBADF);
	assert_ptr_equal(none, POISON);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    fds), 0);
	assert_int_equal(send(fds[0], "abc", 3, 0), 3);
	assert_int_equal(ipcx_socket_from_fd(fds[0], &a), 0);
	assert_int_equal(ipcx_socket_from_fd(fds[1], &b), 0);
	drop(&a);
	assert_int_equal(ipcx_socket_recv(b, buf, CAP), 3);
	assert_int_equal(ipcx_socket_recv(b, buf, CAP), -EPIPE);
	assert_int_equal(ipcx_socket_port(b), -EOPNOTSUPP);
	drop(&b);
}

/* Child and parent each have their copy; the end comes with the last. */
static void fork_shares(void **state)
{
	pid_t pid;

	(void)state;
	make(IPCX_SOCKET_STREAM);
	pid = peer_fork();
	if (!pid) {
		drop(&b);
		assert_int_equal(ipcx_socket_send(a, "child", 5), 5);
		pause();
	}
	assert_int_equal(ipcx_socket_send(a, "me", 2), 2);
	drop(&a);
	assert_soon(ipcx_socket_recv_try(b, buf, 1) == 1);
	while (ipcx_socket_recv_try(b, buf, CAP) > 0)
		;
	peer_asleep(pid);
	while (ipcx_socket_recv_try(b, buf, CAP) > 0)
		;
	assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), -EAGAIN);
	peer_kill(pid);
	assert_int_equal(ipcx_socket_recv_try(b, buf, CAP), 0);
	drop(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PEER_TEST(all_types_go_through),
		PEER_TEST(messages_keep_their_boundaries),
		PEER_TEST(stream_has_none),
		PEER_TEST(empty_and_full),
		PEER_TEST(sleepers_are_woken),
		PEER_TEST(large_stream_is_sent_whole),
		PEER_TEST(death_of_the_peer_is_the_end),
		PEER_TEST(empty_packet_is_no_end),
		PEER_TEST(one_direction_ends),
		PEER_TEST(named_sockets_connect),
		PEER_TEST(names_are_checked),
		PEER_TEST(full_backlog_is_waited_for),
		PEER_TEST(descriptors_are_passed),
		PEER_TEST(descriptors_have_limits),
		PEER_TEST(datagrams_are_answered),
		PEER_TEST(handlers_interrupt),
		PEER_TEST(descriptor_is_adopted),
		PEER_TEST(fork_shares),
	};

	return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
