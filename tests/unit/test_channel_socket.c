// SPDX-License-Identifier: GPL-2.0-only
/* What is special to the channels unix: and tcp:. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <ipcx/channel.h>
#include <ipcx/socket.h>

#include "marked.h"
#include "peer.h"

#define LARGE		(300 * 1024)
#define SENDERS		3
#define MESSAGES	40

static char path[64], port[8], uri[128];
static char buf[1024 * 1024], out[1024 * 1024];

enum kind { STREAM, SEQPACKET, DGRAM, TCP, KINDS };

static const char *const types[] = { "stream", "seqpacket", "dgram" };

/* A port that was free a moment ago. */
static void free_port(void)
{
	struct ipcx_socket *socket;

	assert_int_equal(ipcx_socket_listen_inet("127.0.0.1", "0",
						 IPCX_SOCKET_STREAM, &socket),
			 0);
	snprintf(port, sizeof(port), "%d", ipcx_socket_port(socket));
	ipcx_socket_close(socket);
}

static void use(enum kind kind)
{
	if (kind == TCP) {
		free_port();
		snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%s", port);
	} else {
		snprintf(uri, sizeof(uri), "unix:%s?type=%s", path,
			 types[kind]);
	}
}

static int setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/ipcx-test-sockets.%d", getpid());
	use(STREAM);
	return peer_setup(state);
}

static int teardown(void **state)
{
	int before = errno;

	unlink(path);
	errno = before;
	return peer_teardown(state);
}

static struct ipcx_channel *end_of(const char *name, uint32_t right)
{
	struct ipcx_channel *channel;

	assert_int_equal(ipcx_channel_open_try(name, right, &channel), 0);
	return channel;
}

static struct ipcx_channel *receiver(void)
{
	return end_of(uri, IPCX_RIGHT_RECV);
}

static struct ipcx_channel *sender(void)
{
	return end_of(uri, IPCX_RIGHT_SEND);
}

static short polled(const struct ipcx_channel *channel, short events)
{
	struct pollfd pollfd = { ipcx_channel_fd(channel), events, 0 };

	assert_true(poll(&pollfd, 1, 0) >= 0);
	return pollfd.revents;
}

static ssize_t receive(struct ipcx_channel *channel)
{
	return ipcx_channel_recv_timed(channel, buf, sizeof(buf), NULL,
				       in_ms(LONG_ENOUGH));
}

static ssize_t look(struct ipcx_channel *channel)
{
	return ipcx_channel_recv_try(channel, buf, sizeof(buf), NULL);
}

static bool is_there(void)
{
	struct stat stat_;
	int before = errno, ret = lstat(path, &stat_);

	errno = before;
	return !ret;
}

static void messages_go_through(void **state)
{
	static const uint32_t local = IPCX_CHANNEL_CREDENTIALS |
				      IPCX_CHANNEL_FDS,
			      gone = IPCX_CHANNEL_PEER_GONE,
			      forks = IPCX_CHANNEL_FORKS,
			      both = IPCX_CHANNEL_MANY_SENDERS |
				     IPCX_CHANNEL_POLLABLE;
	static const struct {
		uint32_t send, recv;
		size_t size;
	} kinds[] = {
		[STREAM] = { local | gone, local | gone, 1 << 20 },
		[SEQPACKET] = { local | gone | forks, local | gone, 1 << 16 },
		[DGRAM] = { local | gone | forks, local | forks, 1 << 16 },
		[TCP] = { gone | IPCX_CHANNEL_MACHINES,
			  gone | IPCX_CHANNEL_MACHINES, 1 << 20 },
	};

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		struct ipcx_channel *from, *to;
		size_t most = kinds[kind].size;

		use(kind);
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_caps(to),
				 kinds[kind].send | both);
		assert_int_equal(ipcx_channel_caps(from),
				 kinds[kind].recv | both);
		assert_int_equal(ipcx_channel_size(from), most);
		assert_int_equal(ipcx_channel_send(to, "", 0, 0), 0);
		assert_int_equal(ipcx_channel_send(to, "one", 3, 0), 0);
		assert_int_equal(receive(from), 0);
		assert_int_equal(receive(from), 3);
		assert_memory_equal(buf, "one", 3);
		assert_int_equal(look(from), -EAGAIN);
		if (most == 1 << 16) {
			mark(out, most, 0, 0);
			assert_int_equal(ipcx_channel_send(to, out, most, 0),
					 0);
			assert_int_equal(receive(from), most);
			assert_true(marked_whole(buf, most));
		}
		assert_int_equal(ipcx_channel_send(to, out, most + 1, 0),
				 -EMSGSIZE);
		/* The last that is sent before the end is a message, too. */
		assert_int_equal(ipcx_channel_send(to, "", 0, 0), 0);
		ipcx_channel_close(to);
		assert_int_equal(receive(from), 0);
		if (kind == DGRAM)
			assert_int_equal(look(from), -EAGAIN);
		else
			assert_int_equal(receive(from), -EPIPE);
		ipcx_channel_close(from);
	}
}

static void sizes_of_packets_are_checked(void **state)
{
	struct ipcx_channel *channel = POISON, *from, *to;
	char name[160];

	(void)state;
	for (int kind = SEQPACKET; kind <= DGRAM; kind++) {
		use(kind);
		snprintf(name, sizeof(name), "%s&size=1G", uri);
		assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_RECV,
						   &channel), -EMSGSIZE);
		assert_false(is_there());
		snprintf(name, sizeof(name), "%s&size=300k", uri);
		from = end_of(name, IPCX_RIGHT_RECV);
		to = end_of(name, IPCX_RIGHT_SEND);
		mark(out, LARGE, 1, 1);
		assert_int_equal(ipcx_channel_send(to, out, LARGE, 0), 0);
		assert_int_equal(receive(from), LARGE);
		assert_true(marked_whole(buf, LARGE));
		ipcx_channel_close(to);
		ipcx_channel_close(from);

		/* One that is larger than this end takes is told, and gone. */
		snprintf(name, sizeof(name), "%s&size=100", uri);
		from = end_of(name, IPCX_RIGHT_RECV);
		to = sender();
		assert_int_equal(ipcx_channel_send(to, out, 101, 0), 0);
		assert_int_equal(ipcx_channel_send(to, out, 100, 0), 0);
		assert_int_equal(receive(from), -EBADMSG);
		assert_int_equal(receive(from), 100);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
	assert_ptr_equal(channel, POISON);
}

static void a_sender_waits_for_a_receiver(void **state)
{
	struct ipcx_channel *channel = POISON;
	pid_t pid;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		assert_int_equal(ipcx_channel_open_try(uri, IPCX_RIGHT_SEND,
						       &channel), -EAGAIN);
		assert_late(ipcx_channel_open_timed(uri, IPCX_RIGHT_SEND,
						    &channel, deadline));
		assert_ptr_equal(channel, POISON);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND,
							   &channel), 0);
			assert_int_equal(ipcx_channel_send(channel, "x", 1, 0),
					 0);
			peer_done();
		}
		peer_asleep(pid);
		channel = receiver();
		assert_int_equal(receive(channel), 1);
		peer_ok(pid);
		ipcx_channel_close(channel);
		channel = POISON;
	}
}

static long open_sender(void *arg)
{
	struct ipcx_channel *channel;

	(void)arg;
	return ipcx_channel_open(uri, IPCX_RIGHT_SEND, &channel);
}

static void waiting_for_a_receiver_is_interrupted(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		assert_int_equal(interrupted(open_sender, NULL, 0, NULL),
				 -EINTR);
	}
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
	fd = open(path, O_CREAT | O_CLOEXEC, 0600);
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
			assert_int_equal(chmod(path, 0777), 0);
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

/* ---- connections come and go ---- */

static void the_next_sender_goes_on(void **state)
{
	struct ipcx_channel *from, *to;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == DGRAM)
			continue;
		use(kind);
		from = receiver();
		assert_int_equal(look(from), -EAGAIN);
		for (int i = 0; i < 3; i++) {
			to = sender();
			assert_soon(look(from) == -EAGAIN);
			assert_int_equal(polled(from, POLLIN), 0);
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			ipcx_channel_close(to);
			assert_int_equal(receive(from), 1);
			assert_int_equal(receive(from), -EPIPE);
			assert_int_equal(polled(from, POLLIN), POLLIN);
			assert_int_equal(receive(from), -EPIPE);
		}
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		ipcx_channel_close(from);
		assert_soon(ipcx_channel_send(to, "x", 1, 0) == -EPIPE);
		from = receiver();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
		ipcx_channel_close(from);
		ipcx_channel_close(to);
	}
}

static void datagrams_know_no_end(void **state)
{
	struct ipcx_channel *from, *to;
	int sent = 0;

	(void)state;
	use(DGRAM);
	from = receiver();
	to = sender();
	while (polled(to, POLLOUT)) {
		assert_int_equal(ipcx_channel_send_try(to, "x", 1, 0), 0);
		sent++;
	}
	assert_int_equal(ipcx_channel_send_try(to, "x", 1, 0), -EAGAIN);
	assert_late(ipcx_channel_send_timed(to, "x", 1, 0, deadline));
	while (sent--)
		assert_int_equal(look(from), 1);
	ipcx_channel_close(from);
	assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
	assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
	ipcx_channel_close(to);
}

static void poll_tells_of_every_message(void **state)
{
	struct ipcx_channel *from, *to[2];
	int sent;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		from = receiver();
		to[0] = sender();
		to[1] = sender();
		for (sent = 0; sent < 200; sent++) {
			int ret = ipcx_channel_send_try(to[sent % 2], buf,
							sent % 7 * 300, 0);

			if (ret == -EAGAIN)
				break;
			assert_int_equal(ret, 0);
		}
		assert_true(sent > 1);
		for (; sent; sent--) {
			/* Of TCP, it may take a moment. */
			assert_soon(polled(from, POLLIN) == POLLIN);
			assert_true(receive(from) >= 0);
		}
		assert_int_equal(polled(from, POLLIN), 0);
		assert_int_equal(look(from), -EAGAIN);
		for (int i = 0; i < 2; i++)
			ipcx_channel_close(to[i]);
		ipcx_channel_close(from);
	}
}

/* What a sender gave up is not received, and does not harm the next. */
static void a_message_given_up_is_discarded(void **state)
{
	static const size_t lens[] = { 60000, LARGE };
	struct ipcx_channel *from, *to;
	uint32_t sent, failed;
	int ret;

	(void)state;
	for (int i = 0; i < 6; i++) {
		size_t len = lens[i % 2];

		use(i < 3 ? STREAM : TCP);
		from = receiver();
		to = sender();
		sent = 0;
		do {
			mark(out, len, 1, sent);
			ret = ipcx_channel_send_timed(to, out, len, 0,
						      in_ms(SHORT));
		} while (!ret && ++sent);
		assert_int_equal(ret, -ETIMEDOUT);
		failed = 100;
		mark(out, len, 1, failed);
		assert_int_equal(ipcx_channel_send_try(to, out, len, 0),
				 -EAGAIN);
		for (uint32_t got = 0; got < sent; got++) {
			assert_int_equal(receive(from), len);
			assert_true(marked_whole(buf, len));
			assert_int_equal(mark_of(buf)->serial, got);
		}
		assert_int_equal(look(from), -EAGAIN);
		mark(out, 100, 1, 7);
		assert_int_equal(ipcx_channel_send(to, out, 100, 0), 0);
		assert_int_equal(receive(from), 100);
		assert_int_equal(mark_of(buf)->serial, 7);
		mark(out, 70000, 1, 8);
		assert_int_equal(ipcx_channel_send(to, out, 70000, 0), 0);
		assert_int_equal(receive(from), 70000);
		assert_true(marked_whole(buf, 70000));
		ipcx_channel_close(to);
		assert_int_equal(receive(from), -EPIPE);
		ipcx_channel_close(from);
	}
}

static pid_t sending_peer(uint32_t id, uint32_t count, size_t len)
{
	struct ipcx_channel *to;
	pid_t pid = peer_fork();

	if (pid)
		return pid;
	assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND, &to), 0);
	for (uint32_t i = 0; i < count; i++) {
		mark(out, len, id, i);
		assert_int_equal(ipcx_channel_send(to, out, len, 0), 0);
	}
	peer_done();
}

#define KILLS	15

/* Of the dead all that comes is whole; of the others all comes. */
static void killed_in_the_middle(void **state)
{
	static const size_t lens[SENDERS] = { 100, 9000, 60000 };
	uint32_t next[SENDERS], kills;
	struct ipcx_channel *from;
	pid_t pids[SENDERS], victim;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		size_t large = kind == STREAM || kind == TCP ? LARGE : 60000;
		int left = SENDERS * 100;

		use(kind);
		from = receiver();
		memset(next, 0, sizeof(next));
		for (int i = 0; i < SENDERS; i++)
			pids[i] = sending_peer(i, 100, lens[i]);
		victim = sending_peer(100, -1, large);
		kills = 0;
		while (left || kills < KILLS) {
			const struct mark *it = mark_of(buf);
			ssize_t len = receive(from);

			/* Between two victims, when all others have ended. */
			if (len == -EPIPE) {
				nap();
				continue;
			}
			assert_true(len > 0);
			assert_true(marked_whole(buf, len));
			if (it->sender < SENDERS) {
				assert_int_equal(it->serial,
						 next[it->sender]);
				assert_int_equal(len, lens[it->sender]);
				next[it->sender]++;
				left--;
			}
			if (kills == KILLS || rand() % 4)
				continue;
			peer_kill(victim);
			victim = ++kills < KILLS ?
				 sending_peer(100 + kills, -1, large) : 0;
		}
		for (int i = 0; i < SENDERS; i++) {
			peer_ok(pids[i]);
			assert_int_equal(next[i], 100);
		}
		ipcx_channel_close(from);
	}
}

/* ---- fairness and threads ---- */

struct thread {
	struct ipcx_channel *channel;
	uint32_t id;
	size_t len;
	_Atomic uint32_t *words;
};

static void *flood(void *arg)
{
	struct thread *thread = arg;
	char *message = malloc(thread->len);
	int ret;

	do {
		mark(message, thread->len, thread->id, 0);
		ret = ipcx_channel_send(thread->channel, message, thread->len,
					0);
	} while (!ret);
	assert_int_equal(ret, -EPIPE);
	free(message);
	return NULL;
}

/* Who floods does not keep others from being received, or from connecting. */
static void a_flood_leaves_room_for_others(void **state)
{
	static const size_t lens[] = { 100, 60000 };
	struct ipcx_channel *from, *to;
	struct thread thread;
	pthread_t id;
	int between;

	(void)state;
	for (int i = 0; i < 2 * KINDS; i++) {
		if (i / 2 == DGRAM)
			continue;
		use(i / 2);
		from = receiver();
		thread = (struct thread) { sender(), 1, lens[i % 2], NULL };
		pthread_create(&id, NULL, flood, &thread);
		for (int round = 0; round < 20; round++) {
			to = sender();
			mark(out, 50, 2, round);
			assert_int_equal(ipcx_channel_send(to, out, 50, 0), 0);
			between = 0;
			do {
				assert_true(receive(from) > 0);
			} while (mark_of(buf)->sender != 2 && ++between);
			/* A turn that goes on, one each to accept and to read. */
			assert_true(between <= 64);
			assert_int_equal(mark_of(buf)->serial, round);
			ipcx_channel_close(to);
		}
		ipcx_channel_close(from);
		pthread_join(id, NULL);
		ipcx_channel_close(thread.channel);
	}
}

static void *send_many(void *arg)
{
	struct thread *thread = arg;
	char *message = malloc(thread->len);

	for (int i = 0; i < MESSAGES; i++) {
		mark(message, thread->len, thread->id, i);
		assert_int_equal(ipcx_channel_send(thread->channel, message,
						   thread->len, 0), 0);
	}
	free(message);
	return NULL;
}

static void *recv_many(void *arg)
{
	struct thread *thread = arg;
	char *message = malloc(sizeof(buf));
	ssize_t len;

	while ((len = ipcx_channel_recv(thread->channel, message, sizeof(buf),
					NULL)) >= 0) {
		assert_true(marked_whole(message, len));
		++*thread->words;
	}
	assert_int_equal(len, -EPIPE);
	free(message);
	return NULL;
}

/* More than can send messages of several frames at a time; all see the end. */
static void many_threads_share_handles(void **state)
{
	struct thread senders[12], receivers[3];
	struct ipcx_channel *from, *to[2];
	pthread_t ids[12], others[3];
	_Atomic uint32_t got;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		size_t most = kind == SEQPACKET ? 60000 : LARGE;

		if (kind == DGRAM)
			continue;
		use(kind);
		got = 0;
		from = receiver();
		to[0] = sender();
		to[1] = sender();
		for (int i = 0; i < 3; i++) {
			receivers[i] = (struct thread) { from, 0, 0, &got };
			pthread_create(&others[i], NULL, recv_many,
				       &receivers[i]);
		}
		for (int i = 0; i < 12; i++) {
			senders[i] = (struct thread) {
				to[!i], i, 24 + i * (most / 12), NULL
			};
			pthread_create(&ids[i], NULL, send_many, &senders[i]);
		}
		for (int i = 0; i < 12; i++)
			pthread_join(ids[i], NULL);
		ipcx_channel_close(to[0]);
		ipcx_channel_close(to[1]);
		for (int i = 0; i < 3; i++)
			pthread_join(others[i], NULL);
		assert_int_equal(got, 12 * MESSAGES);
		ipcx_channel_close(from);
	}
}

/* A thread that waits for room in the middle of a message holds up no try. */
static void a_try_waits_for_no_thread(void **state)
{
	struct ipcx_channel *from, *to;
	struct thread thread;
	pthread_t id;

	(void)state;
	for (int kind = 0; kind < KINDS; kind += TCP) {
		use(kind);
		from = receiver();
		to = sender();
		thread = (struct thread) { to, 1, LARGE, NULL };
		pthread_create(&id, NULL, send_many, &thread);
		assert_soon(ipcx_channel_send_try(to, "x", 1, 0) == -EAGAIN);
		assert_late(ipcx_channel_send_timed(to, out, LARGE, 0,
						    deadline));
		for (int i = 0; i < MESSAGES;) {
			ssize_t len = receive(from);

			if (len == 1)
				continue;
			assert_true(marked_whole(buf, len));
			assert_int_equal(mark_of(buf)->serial, i++);
		}
		pthread_join(id, NULL);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
}

#define SOCKET_TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(messages_go_through),
		SOCKET_TEST(sizes_of_packets_are_checked),
		SOCKET_TEST(a_sender_waits_for_a_receiver),
		SOCKET_TEST(waiting_for_a_receiver_is_interrupted),
		SOCKET_TEST(a_path_left_behind_is_taken),
		SOCKET_TEST(a_path_in_use_is_not),
		SOCKET_TEST(a_path_goes_with_its_receiver_only),
		SOCKET_TEST(one_of_many_gets_the_path),
		SOCKET_TEST(descriptors_ride_along),
		SOCKET_TEST(senders_are_known),
		SOCKET_TEST(the_next_sender_goes_on),
		SOCKET_TEST(datagrams_know_no_end),
		SOCKET_TEST(poll_tells_of_every_message),
		SOCKET_TEST(a_message_given_up_is_discarded),
		SOCKET_TEST(killed_in_the_middle),
		SOCKET_TEST(a_flood_leaves_room_for_others),
		SOCKET_TEST(many_threads_share_handles),
		SOCKET_TEST(a_try_waits_for_no_thread),
	};

	return cmocka_run_group_tests_name("channel_socket", tests, NULL, NULL);
}
