// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is at the other end of the channels unix: and tcp:, by which path, with
 * what in hand, and what if it is no channel.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <ipcx/socket.h>

#include "channel_frame.h"
#include "marked.h"
#include "sockets.h"

static bool is_there(void)
{
	struct stat stat_;
	int before = errno, ret = lstat(sockets_path, &stat_);

	errno = before;
	return !ret;
}

/* ---- paths ---- */

/* A receiver of another process, which is killed if @dies, else returned. */
static pid_t other_receiver(bool dies)
{
	pid_t pid = peer_fork();

	if (!pid) {
		receiver();
		for (;;)
			pause();
	}
	assert_soon(is_there());
	peer_asleep(pid);
	if (dies)
		peer_kill(pid);
	return pid;
}

static void a_path_left_behind_is_taken(void **state)
{
	struct ipcx_channel *from, *to;

	(void)state;
	for (int left = STREAM; left <= DGRAM; left++) {
		for (int kind = STREAM; kind <= DGRAM; kind++) {
			use(left);
			other_receiver(true);
			assert_true(is_there());
			use(kind);
			from = receiver();
			to = sender();
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			assert_int_equal(receive(from), 1);
			ipcx_channel_close(to);
			ipcx_channel_close(from);
			assert_false(is_there());
		}
	}
}

static void a_path_in_use_is_not(void **state)
{
	struct ipcx_channel *none = POISON, *from, *to;
	pid_t pid;
	int fd;

	(void)state;
	for (int kind = STREAM; kind < KINDS; kind++) {
		use(kind);
		from = receiver();
		for (int other = STREAM; other <= DGRAM && kind != TCP;
		     other++) {
			use(other);
			assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_RECV,
							   &none), -EADDRINUSE);
		}
		if (kind != TCP)
			use(kind);
		assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_RECV,
						   &none), -EADDRINUSE);
		/* Who has it does not notice. */
		assert_int_equal(polled(from, POLLIN), 0);
		assert_int_equal(look(from), -EAGAIN);
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(receive(from), 1);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
	use(STREAM);
	pid = other_receiver(false);
	assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_RECV, &none),
			 -EADDRINUSE);
	peer_kill(pid);
	assert_int_equal(ipcx_channel_remove(uri), 0);
	assert_int_equal(ipcx_channel_remove(uri), -ENOENT);
	fd = open(sockets_path, O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_RECV, &none),
			 -EADDRINUSE);
	assert_int_equal(ipcx_channel_remove(uri), -EPROTOTYPE);
	assert_true(is_there());
	close(fd);
	assert_ptr_equal(none, POISON);
	assert_int_equal(ipcx_channel_remove("unix:@x"), -EOPNOTSUPP);
	assert_int_equal(ipcx_channel_remove("tcp://localhost:1"), -EOPNOTSUPP);
	assert_int_equal(ipcx_channel_open("unix:", IPCX_RIGHT_RECV, &none),
			 -EINVAL);
	assert_int_equal(ipcx_channel_open("unix:/no/such", IPCX_RIGHT_RECV,
					   &none), -ENOENT);
}

static void a_path_goes_with_its_receiver_only(void **state)
{
	struct ipcx_channel *first, *second;
	pid_t pid;

	(void)state;
	first = receiver();
	pid = peer_fork();
	if (!pid) {
		ipcx_channel_close(first);
		peer_done();
	}
	peer_ok(pid);
	assert_true(is_there());
	assert_int_equal(ipcx_channel_remove(uri), 0);
	second = receiver();
	ipcx_channel_close(first);
	assert_true(is_there());
	ipcx_channel_close(second);
	assert_false(is_there());
}

/* Many look at what was left behind at a time, and one gets it. */
static void one_of_many_gets_the_path(void **state)
{
	_Atomic uint32_t *words = shared_words();
	pid_t pids[8];

	(void)state;
	for (int round = 0; round < 20; round++) {
		other_receiver(true);
		words[0] = words[1] = words[2] = 0;
		for (int i = 0; i < 8; i++) {
			struct ipcx_channel *from;
			int ret;

			pids[i] = peer_fork();
			if (pids[i])
				continue;
			while (!words[0])
				;
			ret = ipcx_channel_open(uri, IPCX_RIGHT_RECV, &from);
			assert_true(!ret || ret == -EADDRINUSE);
			words[1] += !ret;
			words[2]++;
			while (words[2] < 8)
				nap();
			if (!ret)
				ipcx_channel_close(from);
			peer_done();
		}
		words[0] = 1;
		for (int i = 0; i < 8; i++)
			peer_ok(pids[i]);
		assert_int_equal(words[1], 1);
		assert_false(is_there());
	}
	shared_free(words);
}

/* ---- what comes along ---- */

static void descriptors_ride_along(void **state)
{
	struct ipcx_channel_msg msg;
	struct ipcx_channel *from, *to;
	int fds[2], got[4], bad[1] = { 9999 };
	char byte;

	(void)state;
	for (int kind = STREAM; kind <= DGRAM; kind++) {
		size_t len = kind == STREAM ? LARGE : 100;

		use(kind);
		from = receiver();
		to = sender();
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(write(fds[1], "!", 1), 1);
		mark(out, len, 1, 1);
		/* Without, with two, of no bytes with one, and with a bad one. */
		assert_int_equal(ipcx_channel_send(to, "before", 6, 0), 0);
		if (kind == STREAM) {
			pid_t pid = peer_fork();

			if (!pid) {
				assert_int_equal(ipcx_channel_send_fds(to, out,
						len, 0, fds, 2), 0);
				peer_done();
			}
			assert_int_equal(receive(from), 6);
			len = ipcx_channel_recv_fds_timed(from, buf,
					sizeof(buf), &msg, got, 4,
					in_ms(LONG_ENOUGH));
			peer_ok(pid);
		} else {
			assert_int_equal(ipcx_channel_send_fds(to, out, len, 0,
							       fds, 2), 0);
			assert_int_equal(receive(from), 6);
			len = ipcx_channel_recv_fds_try(from, buf, sizeof(buf),
							&msg, got, 4);
		}
		assert_true(marked_whole(buf, len));
		assert_int_equal(msg.fds, 2);
		assert_int_equal(msg.flags, 0);
		assert_int_equal(read(got[0], &byte, 1), 1);
		assert_true(fcntl(got[1], F_GETFD) & FD_CLOEXEC);
		close(got[0]);
		close(got[1]);

		assert_int_equal(ipcx_channel_send_fds_try(to, "", 0, 0, fds,
							   2), 0);
		assert_int_equal(ipcx_channel_recv_fds(from, buf, sizeof(buf),
						       &msg, got, 1), 0);
		assert_int_equal(msg.fds, 1);
		assert_int_equal(msg.flags, IPCX_MSG_FDS_LOST);
		close(got[0]);
		assert_int_equal(ipcx_channel_send_fds(to, "", 0, 0, fds, 1),
				 0);
		assert_int_equal(ipcx_channel_recv(from, buf, sizeof(buf),
						   &msg), 0);
		assert_int_equal(msg.fds, 0);
		assert_int_equal(msg.flags, IPCX_MSG_FDS_LOST);
		assert_int_equal(ipcx_channel_send_fds(to, "", 0, 0, bad, 1),
				 -EBADF);
		assert_int_equal(look(from), -EAGAIN);
		/* Those that nobody receives are closed, too. */
		assert_int_equal(ipcx_channel_send_fds(to, "x", 1, 0, fds, 2),
				 0);
		close(fds[0]);
		close(fds[1]);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
}

static void senders_are_known(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_channel_msg msg;
	struct ipcx_channel *from;
	pid_t pid;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		from = receiver();
		if (kind != TCP)
			assert_int_equal(chmod(sockets_path, 0777), 0);
		words[0] = 0;
		pid = peer_fork();
		if (!pid) {
			if (!getuid())
				peer_become_nobody();
			words[1] = getuid();
			words[2] = getgid();
			assert_int_equal(ipcx_channel_send(sender(), "x", 1,
							   0), 0);
			peer_done();
		}
		assert_int_equal(ipcx_channel_recv_timed(from, buf, sizeof(buf),
						&msg, in_ms(LONG_ENOUGH)), 1);
		peer_ok(pid);
		assert_int_equal(msg.pid, kind == TCP ? 0 : pid);
		assert_int_equal(msg.uid, kind == TCP ? -1U : words[1]);
		assert_int_equal(msg.gid, kind == TCP ? -1U : words[2]);
		ipcx_channel_close(from);
	}
	shared_free(words);
}

/* ---- what is no message ---- */

/* Connected, and free to say anything. */
static struct ipcx_socket *intruder(enum kind kind)
{
	struct ipcx_socket *socket;

	if (kind == TCP)
		assert_int_equal(ipcx_socket_connect_inet("127.0.0.1",
					sockets_port, IPCX_SOCKET_STREAM,
					&socket), 0);
	else
		assert_int_equal(ipcx_socket_connect_unix(sockets_path,
					IPCX_SOCKET_STREAM, &socket), 0);
	return socket;
}

static void intrude(struct ipcx_socket *socket, uint32_t len, uint32_t left,
		    size_t payload, char verdict)
{
	struct frame_head head = { len, left, 77 };
	char frame[256];

	memset(frame, 'x', sizeof(frame));
	memcpy(frame, &head, sizeof(head));
	frame[sizeof(head) + payload] = verdict;
	assert_int_equal(ipcx_socket_send(socket, frame,
					  sizeof(head) + payload + 1),
			 sizeof(head) + payload + 1);
}

/* Its connection is at an end, by what it has sent or not. */
static void assert_dropped(struct ipcx_socket *socket)
{
	char byte;
	ssize_t ret = ipcx_socket_recv_timed(socket, &byte, 1,
					     in_ms(LONG_ENOUGH));

	assert_true(!ret || ret == -ECONNRESET || ret == -EPIPE);
	ipcx_socket_close(socket);
}

static void who_is_no_channel_is_dropped(void **state)
{
	static const struct {
		uint32_t len, left;
		size_t payload;
		char verdict;
	} bad[] = {
		{ FRAME_FIRST | 8, 4, 8, FRAME_GOOD },
		{ FRAME_FIRST, 8, 0, FRAME_GOOD },
		{ 0, 0, 0, FRAME_GOOD },
		{ 8, 8, 8, FRAME_GOOD },
		{ FRAME_FIRST | 8, 8, 8, 0 },
		{ FRAME_FIRST | 8, (1 << 20) + 1, 8, FRAME_GOOD },
		{ FRAME_FIRST | 8, 0xffffffff, 8, FRAME_GOOD },
		{ FRAME_FIRST | 65537, 65537, 8, FRAME_GOOD },
		{ 0xffffffff, 0xffffffff, 8, FRAME_GOOD },
	};
	struct ipcx_channel *from, *to;
	struct ipcx_socket *socket;

	(void)state;
	for (int kind = 0; kind < KINDS; kind += TCP) {
		use(kind);
		from = receiver();
		to = sender();
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			socket = intruder(kind);
			intrude(socket, FRAME_FIRST | 4, 4, 4, FRAME_GOOD);
			intrude(socket, FRAME_FIRST | 4, 4, 4, FRAME_VOID);
			intrude(socket, bad[i].len, bad[i].left,
				bad[i].payload, bad[i].verdict);
			assert_int_equal(receive(from), 4);
			assert_int_equal(receive(from), -EBADMSG);
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			assert_int_equal(receive(from), 1);
			assert_dropped(socket);
		}
		/* The last of all, too. */
		ipcx_channel_close(to);
		assert_int_equal(receive(from), -EPIPE);
		socket = intruder(kind);
		intrude(socket, 8, 8, 8, FRAME_GOOD);
		assert_int_equal(receive(from), -EBADMSG);
		assert_int_equal(receive(from), -EPIPE);
		assert_dropped(socket);
		ipcx_channel_close(from);
	}
}

static void garbage_does_no_harm(void **state)
{
	struct ipcx_channel *from, *to;

	(void)state;
	srand(1);
	for (int kind = 0; kind < KINDS; kind += TCP) {
		use(kind);
		from = receiver();
		to = sender();
		for (int i = 0; i < 300; i++) {
			struct ipcx_socket *socket = intruder(kind);
			size_t len = 1 + rand() % 2000;
			ssize_t ret;

			for (size_t at = 0; at < len; at++)
				out[at] = rand() % 3 ? 0 : rand();
			assert_int_equal(ipcx_socket_send(socket, out, len),
					 len);
			ipcx_socket_close(socket);
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			while ((ret = receive(from)) != 1)
				assert_int_equal(ret, -EBADMSG);
		}
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
}

/* Not with the first byte of a message, and more than a message can have. */
static void descriptors_in_the_wrong_place(void **state)
{
	struct frame_head head = { FRAME_FIRST | 100, 100, 77 };
	struct ipcx_channel_msg msg;
	struct ipcx_channel *from = receiver();
	struct ipcx_socket *socket = intruder(STREAM);
	int fds[30], got[16];
	char frame[117];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	for (int i = 2; i < 30; i++)
		fds[i] = fds[0];
	memset(frame, 'x', sizeof(frame));
	memcpy(frame, &head, sizeof(head));
	frame[116] = FRAME_GOOD;
	assert_int_equal(ipcx_socket_send_fds(socket, frame, 117, fds, 30),
			 117);
	assert_int_equal(ipcx_channel_recv_fds(from, buf, sizeof(buf), &msg,
					       got, 16), 100);
	assert_int_equal(msg.fds, 16);
	assert_int_equal(msg.flags, IPCX_MSG_FDS_LOST);
	for (int i = 0; i < 16; i++)
		close(got[i]);
	assert_int_equal(ipcx_socket_send(socket, frame, 50), 50);
	assert_int_equal(ipcx_socket_send_fds(socket, frame + 50, 67, fds, 1),
			 67);
	assert_int_equal(receive(from), -EBADMSG);
	assert_dropped(socket);
	/* Those of a message that does not come to its end are closed. */
	socket = intruder(STREAM);
	assert_int_equal(ipcx_socket_send_fds(socket, frame, 50, fds, 2), 50);
	ipcx_socket_close(socket);
	assert_int_equal(receive(from), -EPIPE);
	close(fds[0]);
	close(fds[1]);
	ipcx_channel_close(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(a_path_left_behind_is_taken),
		SOCKET_TEST(a_path_in_use_is_not),
		SOCKET_TEST(a_path_goes_with_its_receiver_only),
		SOCKET_TEST(one_of_many_gets_the_path),
		SOCKET_TEST(descriptors_ride_along),
		SOCKET_TEST(senders_are_known),
		SOCKET_TEST(who_is_no_channel_is_dropped),
		SOCKET_TEST(garbage_does_no_harm),
		SOCKET_TEST(descriptors_in_the_wrong_place),
	};

	return cmocka_run_group_tests_name("channel_peer", tests, NULL, NULL);
}
