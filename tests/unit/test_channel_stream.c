// SPDX-License-Identifier: GPL-2.0-only
/* What is special to the channels pipe: and fifo:. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>

#include <ipcx/channel.h>

#include "channel_frame.h"
#include "marked.h"
#include "peer.h"

#define LARGE		(200 * 1024)
#define SENDERS		3
#define KILLS		25
#define MESSAGES	40

static char path[64], uri[80];
static char buf[1024 * 1024], out[1024 * 1024];

static int setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/ipcx-test-channel.%d", getpid());
	snprintf(uri, sizeof(uri), "fifo:%s", path);
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

/* A descriptor that writes what is no frame into the FIFO. */
static int intruder(void)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void either_end_makes_a_fifo(void **state)
{
	struct ipcx_channel *channel = POISON;
	char name[96];
	struct stat stat_;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(ipcx_channel_open_try(uri, IPCX_RIGHT_SEND, &channel),
			 -EAGAIN);
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode, S_IFIFO | 0600);
	assert_late(ipcx_channel_open_timed(uri, IPCX_RIGHT_SEND, &channel,
					    deadline));
	assert_ptr_equal(channel, POISON);
	assert_int_equal(ipcx_channel_remove(uri), 0);
	assert_int_equal(ipcx_channel_remove(uri), -ENOENT);

	snprintf(name, sizeof(name), "%s?mode=640", uri);
	ipcx_channel_close(end_of(name, IPCX_RIGHT_RECV));
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode, S_IFIFO | 0640);
	umask(mask);
	assert_int_equal(ipcx_channel_open("fifo:", IPCX_RIGHT_RECV, &channel),
			 -EINVAL);
	assert_int_equal(ipcx_channel_open("fifo:/no/such", IPCX_RIGHT_RECV,
					   &channel), -ENOENT);
	assert_int_equal(ipcx_channel_open("fifo:/dev/null", IPCX_RIGHT_RECV,
					   &channel), -EPROTOTYPE);
	assert_int_equal(ipcx_channel_remove("fifo:/dev/null"), -EPROTOTYPE);
	assert_int_equal(ipcx_channel_remove("pipe:0"), -EOPNOTSUPP);
}

static void a_sender_waits_for_a_receiver(void **state)
{
	struct ipcx_channel *channel;
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND,
						   &channel), 0);
		assert_int_equal(ipcx_channel_send(channel, "x", 1, 0), 0);
		peer_done();
	}
	assert_soon(!access(path, F_OK));
	errno = ERRNO_CANARY;
	peer_asleep(pid);
	channel = receiver();
	assert_int_equal(receive(channel), 1);
	peer_ok(pid);
	assert_int_equal(receive(channel), -EPIPE);
	ipcx_channel_close(channel);
}

static void pipe_channels(int fds[2], int flags, struct ipcx_channel **from,
			  struct ipcx_channel **to, const char *options)
{
	char name[64];

	assert_int_equal(pipe2(fds, flags), 0);
	snprintf(name, sizeof(name), "pipe:%d%s", fds[0], options);
	*from = end_of(name, IPCX_RIGHT_RECV);
	snprintf(name, sizeof(name), "pipe:%d%s", fds[1], options);
	*to = end_of(name, IPCX_RIGHT_SEND);
}

static void a_pipe_is_taken_over(void **state)
{
	struct ipcx_channel *from, *to;
	int fds[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		pipe_channels(fds, i ? O_DIRECT : 0, &from, &to, "");
		assert_int_equal(ipcx_channel_fd(from), fds[0]);
		for (int end = 0; end < 2; end++)
			assert_true(fcntl(fds[end], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(ipcx_channel_send(to, "one", 3, 0), 0);
		assert_int_equal(ipcx_channel_send(to, "", 0, 0), 0);
		assert_int_equal(receive(from), 3);
		assert_memory_equal(buf, "one", 3);
		assert_int_equal(receive(from), 0);
		ipcx_channel_close(to);
		assert_int_equal(receive(from), -EPIPE);
		ipcx_channel_close(from);
	}
}

static void what_is_no_end_stays_the_callers(void **state)
{
	struct ipcx_channel *none = POISON;
	char name[64];
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	snprintf(name, sizeof(name), "pipe:%d", fds[0]);
	assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_SEND, &none),
			 -EBADF);
	snprintf(name, sizeof(name), "pipe:%d", fds[1]);
	assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_RECV, &none),
			 -EBADF);
	assert_false(fcntl(fds[1], F_GETFL) & (O_NONBLOCK | O_DIRECT));
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_SEND, &none),
			 -EBADF);
	fds[0] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	snprintf(name, sizeof(name), "pipe:%d", fds[0]);
	assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_SEND, &none),
			 -EPROTOTYPE);
	close(fds[0]);
	assert_int_equal(ipcx_channel_open("pipe:-1", IPCX_RIGHT_SEND, &none),
			 -EINVAL);
	assert_int_equal(ipcx_channel_open("pipe:", IPCX_RIGHT_SEND, &none),
			 -EINVAL);
	assert_ptr_equal(none, POISON);
	errno = ERRNO_CANARY;
}

static void caps_depend_on_the_size(void **state)
{
	uint32_t caps = IPCX_CHANNEL_MANY_SENDERS | IPCX_CHANNEL_POLLABLE |
			IPCX_CHANNEL_PEER_GONE | IPCX_CHANNEL_SURVIVES;
	struct ipcx_channel *from, *to;
	int fds[2];

	(void)state;
	pipe_channels(fds, 0, &from, &to, "");
	assert_int_equal(ipcx_channel_caps(from), caps);
	assert_int_equal(ipcx_channel_size(to), 1 << 20);
	ipcx_channel_close(to);
	ipcx_channel_close(from);
	caps |= IPCX_CHANNEL_MANY_RECEIVERS | IPCX_CHANNEL_FORKS;
	pipe_channels(fds, 0, &from, &to, "?size=4080");
	assert_int_equal(ipcx_channel_caps(to), caps);
	assert_int_equal(ipcx_channel_size(to), 4080);
	assert_int_equal(ipcx_channel_send(to, buf, 4080, 0), 0);
	assert_int_equal(receive(from), 4080);
	assert_int_equal(ipcx_channel_send(to, buf, 4081, 0), -EMSGSIZE);
	ipcx_channel_close(to);
	ipcx_channel_close(from);
}

static void the_next_sender_goes_on(void **state)
{
	struct ipcx_channel *from = receiver(), *to;

	(void)state;
	assert_int_equal(ipcx_channel_recv_try(from, buf, sizeof(buf), NULL),
			 -EAGAIN);
	for (int i = 0; i < 3; i++) {
		to = sender();
		assert_int_equal(ipcx_channel_recv_try(from, buf, sizeof(buf),
						       NULL), -EAGAIN);
		assert_int_equal(polled(from, POLLIN), 0);
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(polled(from, POLLIN), POLLIN);
		ipcx_channel_close(to);
		assert_int_equal(receive(from), 1);
		assert_int_equal(receive(from), -EPIPE);
		assert_int_equal(receive(from), -EPIPE);
	}
	to = sender();
	ipcx_channel_close(from);
	assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
	from = receiver();
	assert_int_equal(ipcx_channel_send(to, "yes", 3, 0), 0);
	assert_int_equal(receive(from), 3);
	ipcx_channel_close(from);
	ipcx_channel_close(to);
}

/* Both ends tell the truth until they say there is no more. */
static void poll_tells_of_every_frame(void **state)
{
	struct ipcx_channel *from = receiver(), *to = sender();
	int sent = 0;

	(void)state;
	for (; polled(to, POLLOUT); sent++)
		assert_int_equal(ipcx_channel_send_try(to, buf, sent % 9 * 500,
						       0), 0);
	assert_true(sent > 9);
	assert_int_equal(ipcx_channel_send_try(to, buf, 0, 0), -EAGAIN);
	for (int i = 0; i < sent; i++) {
		assert_int_equal(polled(from, POLLIN), POLLIN);
		assert_int_equal(ipcx_channel_recv_try(from, buf, sizeof(buf),
						       NULL), i % 9 * 500);
	}
	assert_int_equal(polled(from, POLLIN), 0);
	ipcx_channel_close(from);
	ipcx_channel_close(to);
}

/* What a sender gave up is not received, and does not harm the next. */
static void a_message_given_up_is_discarded(void **state)
{
	struct ipcx_channel *from = receiver(), *to = sender();

	(void)state;
	for (int i = 0; i < 3; i++) {
		mark(out, LARGE, 1, i);
		if (i < 2)
			assert_late(ipcx_channel_send_timed(to, out, LARGE, 0,
							    deadline));
		else
			assert_int_equal(ipcx_channel_send_try(to, out, LARGE,
							       0), -EAGAIN);
		assert_int_equal(ipcx_channel_recv_try(from, buf, sizeof(buf),
						       NULL), -EAGAIN);
		assert_int_equal(ipcx_channel_send(to, "small", 5, 0), 0);
		assert_int_equal(receive(from), 5);
		/* Of several frames, too, and by the same writer. */
		mark(out, 9000, 1, i);
		assert_int_equal(ipcx_channel_send_try(to, out, 9000, 0), 0);
		assert_int_equal(receive(from), 9000);
		assert_true(marked_whole(buf, 9000));
	}
	ipcx_channel_close(from);
	ipcx_channel_close(to);
}

static void keep_sending(uint32_t id, uint32_t count, size_t len)
{
	struct ipcx_channel *to;

	assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND, &to), 0);
	for (uint32_t i = 0; i < count; i++) {
		mark(out, len, id, i);
		assert_int_equal(ipcx_channel_send(to, out, len, 0), 0);
	}
	peer_done();
}

static pid_t sending_peer(uint32_t id, uint32_t count, size_t len)
{
	pid_t pid = peer_fork();

	if (!pid)
		keep_sending(id, count, len);
	return pid;
}

/* Of the dead all that comes is whole; of the others all comes. */
static void killed_in_the_middle(void **state)
{
	static const size_t lens[SENDERS] = { 100, 9000, LARGE };
	struct ipcx_channel *from = receiver();
	uint32_t next[SENDERS] = { 0 }, kills = 0;
	pid_t pids[SENDERS], victim;
	int left = SENDERS * 300;

	(void)state;
	for (int i = 0; i < SENDERS; i++)
		pids[i] = sending_peer(i, 300, lens[i]);
	victim = sending_peer(100, -1, LARGE);
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
			assert_int_equal(it->serial, next[it->sender]);
			assert_int_equal(len, lens[it->sender]);
			next[it->sender]++;
			left--;
		}
		if (kills == KILLS || rand() % 4)
			continue;
		peer_kill(victim);
		victim = ++kills < KILLS ?
			 sending_peer(100 + kills, -1, LARGE) : 0;
	}
	for (int i = 0; i < SENDERS; i++) {
		peer_ok(pids[i]);
		assert_int_equal(next[i], 300);
	}
	ipcx_channel_close(from);
}

struct thread {
	struct ipcx_channel *channel;
	uint32_t id;
	_Atomic uint32_t *got;
};

static void *send_many(void *arg)
{
	struct thread *thread = arg;
	size_t len = 24 + thread->id * 7000;
	char *message = malloc(len);

	for (int i = 0; i < MESSAGES; i++) {
		mark(message, len, thread->id, i);
		assert_int_equal(ipcx_channel_send(thread->channel, message,
						   len, 0), 0);
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
		++*thread->got;
	}
	assert_int_equal(len, -EPIPE);
	free(message);
	return NULL;
}

/* More than can send messages of several frames at a time. */
static void many_threads_share_handles(void **state)
{
	struct ipcx_channel *from = receiver(), *to = sender();
	struct thread senders[12], receivers[3];
	pthread_t ids[12], others[3];
	_Atomic uint32_t got = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		receivers[i] = (struct thread) { from, 0, &got };
		pthread_create(&others[i], NULL, recv_many, &receivers[i]);
	}
	for (int i = 0; i < 12; i++) {
		senders[i] = (struct thread) { to, i, NULL };
		pthread_create(&ids[i], NULL, send_many, &senders[i]);
	}
	for (int i = 0; i < 12; i++)
		pthread_join(ids[i], NULL);
	ipcx_channel_close(to);
	for (int i = 0; i < 3; i++)
		pthread_join(others[i], NULL);
	assert_int_equal(got, 12 * MESSAGES);
	ipcx_channel_close(from);
}

/* A thread that waits for room holds up no other. */
static void a_try_waits_for_no_thread(void **state)
{
	struct ipcx_channel *from = receiver(), *to = sender();
	struct thread thread = { to, 60, NULL };
	uint32_t others = 0, large = 0;
	pthread_t id;
	ssize_t len;

	(void)state;
	pthread_create(&id, NULL, send_many, &thread);
	assert_soon(!polled(to, POLLOUT));
	assert_int_equal(ipcx_channel_send_try(to, "x", 1, 0), -EAGAIN);
	assert_late(ipcx_channel_send_timed(to, buf, LARGE, 0, deadline));
	while (large < MESSAGES) {
		if (ipcx_channel_send_try(to, "x", 1, 0) == 0)
			others++;
		len = receive(from);
		if (len == 1) {
			others--;
			continue;
		}
		assert_true(marked_whole(buf, len));
		assert_int_equal(mark_of(buf)->serial, large++);
	}
	while (others--)
		assert_int_equal(receive(from), 1);
	pthread_join(id, NULL);
	ipcx_channel_close(to);
	ipcx_channel_close(from);
}

/* Nothing but -EBADMSG comes of garbage, and after it all goes on. */
static void garbage_is_told(void **state)
{
	struct ipcx_channel *from = receiver(), *to = sender();
	int fd = intruder();
	uint32_t told = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 2000; i++) {
		size_t len = 1 + rand() % 100;
		ssize_t ret;

		for (size_t at = 0; at < len; at++)
			out[at] = rand() % 3 ? 0 : rand();
		assert_int_equal(write(fd, out, len), len);
		ret = ipcx_channel_recv_try(from, buf, sizeof(buf), NULL);
		if (ret == -EBADMSG)
			told++;
		else
			/* By chance a frame of a message to go on with. */
			assert_int_equal(ret, -EAGAIN);
	}
	assert_true(told > 1900);
	assert_int_equal(ipcx_channel_send(to, "good", 4, 0), 0);
	assert_int_equal(receive(from), 4);
	close(fd);
	ipcx_channel_close(to);
	ipcx_channel_close(from);
}

static void intrude(int fd, uint32_t len, uint32_t left, uint64_t writer,
		    size_t payload)
{
	struct frame_head head = { len, left, writer };
	char packet[PIPE_BUF];

	memset(packet, 'x', sizeof(packet));
	memcpy(packet, &head, sizeof(head));
	assert_int_equal(write(fd, packet, sizeof(head) + payload),
			 sizeof(head) + payload);
}

static ssize_t look(struct ipcx_channel *channel)
{
	return ipcx_channel_recv_try(channel, buf, sizeof(buf), NULL);
}

/* A frame is told if it cannot be, and left out if it is of no use. */
static void heads_are_not_believed(void **state)
{
	struct ipcx_channel *from = receiver();
	int fd = intruder();

	(void)state;
	fcntl(fd, F_SETFL, O_NONBLOCK | O_DIRECT);
	intrude(fd, FRAME_FIRST | 8, 8, 1, 8);
	assert_int_equal(look(from), 8);
	intrude(fd, FRAME_FIRST | 8, 8, 1, 7);
	assert_int_equal(look(from), -EBADMSG);
	intrude(fd, FRAME_FIRST | 8, 4, 1, 8);
	assert_int_equal(look(from), -EBADMSG);
	intrude(fd, FRAME_FIRST, 4, 1, 0);
	assert_int_equal(look(from), -EBADMSG);
	intrude(fd, FRAME_FIRST | 8, 0xffffffff, 1, 8);
	assert_int_equal(look(from), -EBADMSG);
	intrude(fd, FRAME_FIRST | 8, (1 << 20) + 1, 1, 8);
	assert_int_equal(look(from), -EBADMSG);
	/* The rest of what was told so is left out without a word. */
	intrude(fd, 8, (1 << 20) - 7, 1, 8);
	intrude(fd, 8, 8, 1, 8);
	assert_int_equal(look(from), -EAGAIN);
	/* The middle is missing. */
	intrude(fd, FRAME_FIRST | 8, 24, 1, 8);
	intrude(fd, 8, 8, 1, 8);
	assert_int_equal(look(from), -EBADMSG);
	/* Two writers' are not mixed up. */
	intrude(fd, FRAME_FIRST | 8, 24, 1, 8);
	intrude(fd, FRAME_FIRST | 8, 16, 2, 8);
	intrude(fd, 16, 16, 1, 16);
	assert_int_equal(look(from), 24);
	intrude(fd, 8, 8, 2, 8);
	assert_int_equal(look(from), 16);
	close(fd);
	ipcx_channel_close(from);
}

/* Beginnings of the dead go, oldest first, and a loss to the living is told. */
static void beginnings_do_not_pile_up(void **state)
{
	struct ipcx_channel *from = receiver();
	int fd = intruder();

	(void)state;
	fcntl(fd, F_SETFL, O_NONBLOCK | O_DIRECT);
	for (uint64_t writer = 0; writer < 257; writer++) {
		intrude(fd, FRAME_FIRST | 8, 24, writer, 8);
		assert_int_equal(look(from), -EAGAIN);
	}
	intrude(fd, 8, 16, 0, 8);
	assert_int_equal(look(from), -EAGAIN);
	intrude(fd, 8, 8, 0, 8);
	assert_int_equal(look(from), -EBADMSG);
	intrude(fd, 16, 16, 1, 16);
	assert_int_equal(look(from), 24);
	/* Those that one writer gave up are not many. */
	for (int i = 0; i < 300; i++) {
		intrude(fd, FRAME_FIRST | 8, 24, 256, 8);
		assert_int_equal(look(from), -EAGAIN);
	}
	intrude(fd, 16, 16, 3, 16);
	assert_int_equal(look(from), 24);
	close(fd);
	assert_int_equal(look(from), -EPIPE);
	fd = intruder();
	intrude(fd, 16, 16, 2, 16);
	assert_int_equal(look(from), -EAGAIN);
	close(fd);
	ipcx_channel_close(from);
}

static void no_sigpipe(void **state)
{
	struct ipcx_channel *from, *to;
	pid_t pid = peer_fork();
	int fds[2];

	(void)state;
	if (!pid) {
		/* What a handle saw when it was made does not count. */
		signal(SIGPIPE, SIG_IGN);
		pipe_channels(fds, 0, &from, &to, "");
		signal(SIGPIPE, SIG_DFL);
		ipcx_channel_close(from);
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
		assert_int_equal(ipcx_channel_send(to, buf, LARGE, 0), -EPIPE);
		peer_done();
	}
	peer_ok(pid);
}

#define FIFO_TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIFO_TEST(either_end_makes_a_fifo),
		FIFO_TEST(a_sender_waits_for_a_receiver),
		PEER_TEST(a_pipe_is_taken_over),
		PEER_TEST(what_is_no_end_stays_the_callers),
		PEER_TEST(caps_depend_on_the_size),
		FIFO_TEST(the_next_sender_goes_on),
		FIFO_TEST(poll_tells_of_every_frame),
		FIFO_TEST(a_message_given_up_is_discarded),
		FIFO_TEST(killed_in_the_middle),
		FIFO_TEST(many_threads_share_handles),
		FIFO_TEST(a_try_waits_for_no_thread),
		FIFO_TEST(garbage_is_told),
		FIFO_TEST(heads_are_not_believed),
		FIFO_TEST(beginnings_do_not_pile_up),
		PEER_TEST(no_sigpipe),
	};

	return cmocka_run_group_tests_name("channel_stream", tests, NULL, NULL);
}
