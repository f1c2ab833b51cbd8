// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include <ipcx/pipe.h>

#include "peer.h"
#include "pipe.h"

#define CAPACITY	(64 * 1024)

static struct ipcx_pipe *reader, *writer;
static char big[4 * CAPACITY];

static void make(uint32_t flags)
{
	assert_int_equal(ipcx_pipe_create(0, flags, &reader, &writer), 0);
}

static void drop(struct ipcx_pipe **pipe)
{
	ipcx_pipe_close(*pipe);
	*pipe = NULL;
}

static void drop_both(void)
{
	drop(&reader);
	drop(&writer);
}

static ssize_t fill(void)
{
	ssize_t count = 0, ret;

	while ((ret = ipcx_pipe_write_try(writer, big, PIPE_BUF)) > 0)
		count += ret;
	assert_int_equal(ret, -EAGAIN);
	return count;
}

static void bytes_go_through(void **state)
{
	char buf[16] = "";

	(void)state;
	make(0);
	assert_int_equal(ipcx_pipe_write(writer, "hel", 3), 3);
	assert_int_equal(ipcx_pipe_write_try(writer, "lo", 2), 2);
	assert_int_equal(ipcx_pipe_write_timed(writer, "!", 1, in_ms(0)), 1);
	assert_int_equal(ipcx_pipe_write(writer, buf, 0), 0);
	assert_int_equal(ipcx_pipe_read(reader, buf, sizeof(buf)), 6);
	assert_string_equal(buf, "hello!");
	assert_int_equal(ipcx_pipe_read(reader, buf, 0), -EINVAL);
	drop_both();
}

static void wrong_end_is_refused(void **state)
{
	char byte = 0;

	(void)state;
	make(0);
	assert_int_equal(ipcx_pipe_write(reader, &byte, 1), -EBADF);
	assert_int_equal(ipcx_pipe_read(writer, &byte, 1), -EBADF);
	assert_int_equal(ipcx_pipe_write(writer, (void *)8, 1), -EFAULT);
	drop_both();
	ipcx_pipe_close(NULL);
}

static void descriptors_are_close_on_exec(void **state)
{
	(void)state;
	make(0);
	assert_true(fcntl(ipcx_pipe_fd(reader), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(ipcx_pipe_fd(writer), F_GETFD) & FD_CLOEXEC);
	drop_both();
}

static void empty_and_full(void **state)
{
	char byte;

	(void)state;
	make(0);
	assert_int_equal(ipcx_pipe_read_try(reader, &byte, 1), -EAGAIN);
	assert_int_equal(ipcx_pipe_read_timed(reader, &byte, 1, 1), -ETIMEDOUT);
	assert_late(ipcx_pipe_read_timed(reader, &byte, 1, deadline));
	assert_int_equal(fill(), ipcx_pipe_capacity(writer));
	assert_int_equal(ipcx_pipe_write_try(writer, big, 1), -EAGAIN);
	assert_late(ipcx_pipe_write_timed(writer, big, 1, deadline));
	drop_both();
}

/* One larger than what is free is written in part, and says how far it came. */
static void larger_than_the_pipe(void **state)
{
	(void)state;
	make(0);
	assert_int_equal(ipcx_pipe_write_try(writer, big, sizeof(big)),
			 CAPACITY);
	assert_int_equal(ipcx_pipe_read(reader, big, sizeof(big)), CAPACITY);
	assert_int_equal(ipcx_pipe_write_timed(writer, big, sizeof(big),
					       in_ms(SHORT)), CAPACITY);
	assert_late(ipcx_pipe_write_timed(writer, big, sizeof(big), deadline));
	drop_both();
}

static void plain_write_writes_all(void **state)
{
	size_t total = 0;
	ssize_t ret;
	pid_t pid;

	(void)state;
	make(0);
	pid = peer_fork();
	if (!pid) {
		for (size_t i = 0; i < sizeof(big); i++)
			big[i] = i % 251;
		assert_int_equal(ipcx_pipe_write(writer, big, sizeof(big)),
				 sizeof(big));
		peer_done();
	}
	drop(&writer);
	while ((ret = ipcx_pipe_read(reader, big, 1000)) > 0)
		for (ssize_t i = 0; i < ret; i++)
			assert_int_equal((unsigned char)big[i], total++ % 251);
	assert_int_equal(ret, 0);
	assert_int_equal(total, sizeof(big));
	peer_ok(pid);
	drop(&reader);
}

/* PIPE_BUF bytes stay together: with less room nothing of them is written. */
static void pipe_buf_is_atomic(void **state)
{
	(void)state;
	make(0);
	fill();
	assert_int_equal(ipcx_pipe_read(reader, big, PIPE_BUF - 1),
			 PIPE_BUF - 1);
	assert_int_equal(ipcx_pipe_write_try(writer, big, PIPE_BUF), -EAGAIN);
	assert_int_equal(ipcx_pipe_read(reader, big, 1), 1);
	assert_int_equal(ipcx_pipe_write_try(writer, big, PIPE_BUF), PIPE_BUF);
	drop_both();
}

static void capacity_is_set(void **state)
{
	struct ipcx_pipe *none = POISON;

	(void)state;
	assert_int_equal(ipcx_pipe_create(5000, 0, &reader, &writer), 0);
	assert_int_equal(ipcx_pipe_capacity(reader), 8192);
	assert_int_equal(ipcx_pipe_set_capacity(writer, CAPACITY), 0);
	assert_int_equal(ipcx_pipe_capacity(writer), CAPACITY);
	assert_int_equal(fill(), CAPACITY);
	assert_int_equal(ipcx_pipe_set_capacity(writer, 4096), -EBUSY);
	assert_int_equal(ipcx_pipe_set_capacity(writer, 0), -EINVAL);
	assert_int_equal(ipcx_pipe_set_capacity(writer, SIZE_MAX), -EINVAL);
	drop_both();
	assert_int_equal(ipcx_pipe_create(SIZE_MAX, 0, &none, &none), -EINVAL);
	assert_int_equal(ipcx_pipe_create(0, 2, &none, &none), -EINVAL);
	/* More than the kernel can make: nothing is left of the attempt. */
	assert_int_not_equal(ipcx_pipe_create(INT_MAX, 0, &none, &none), 0);
	assert_ptr_equal(none, POISON);
}

static void packets_keep_their_boundaries(void **state)
{
	static char packet[PIPE_BUF + 1];

	(void)state;
	make(IPCX_PIPE_PACKETS);
	assert_int_equal(ipcx_pipe_write(writer, "a", 1), 1);
	assert_int_equal(ipcx_pipe_write(writer, "bcd", 3), 3);
	assert_int_equal(ipcx_pipe_write(writer, packet, PIPE_BUF), PIPE_BUF);
	assert_int_equal(ipcx_pipe_write(writer, packet, PIPE_BUF + 1),
			 -EMSGSIZE);
	assert_int_equal(ipcx_pipe_write(writer, packet, 0), -EINVAL);
	assert_int_equal(ipcx_pipe_read(reader, packet, PIPE_BUF - 1),
			 -EMSGSIZE);
	assert_int_equal(ipcx_pipe_read(reader, packet, sizeof(packet)), 1);
	assert_int_equal(ipcx_pipe_read(reader, packet, sizeof(packet)), 3);
	assert_memory_equal(packet, "bcd", 3);
	assert_int_equal(ipcx_pipe_read(reader, packet, sizeof(packet)),
			 PIPE_BUF);
	assert_int_equal(ipcx_pipe_read_try(reader, packet, sizeof(packet)),
			 -EAGAIN);
	drop_both();
}

static void end_is_seen_when_the_writer_dies(void **state)
{
	char buf[8];
	pid_t pid;

	(void)state;
	make(0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_pipe_write(writer, "last", 4), 4);
		pause();
	}
	drop(&writer);
	assert_soon(ipcx_pipe_read_try(reader, buf, 4) == 4);
	assert_int_equal(ipcx_pipe_read_try(reader, buf, 4), -EAGAIN);
	peer_kill(pid);
	assert_int_equal(ipcx_pipe_read(reader, buf, 4), 0);
	assert_int_equal(ipcx_pipe_read_try(reader, buf, 4), 0);
	drop(&reader);
}

/* A writer asleep hears of it too. */
static void no_reader_is_epipe(void **state)
{
	pid_t pid;

	(void)state;
	make(0);
	pid = peer_fork();
	if (!pid) {
		drop(&reader);
		while (ipcx_pipe_write_try(writer, big, sizeof(big)) > 0)
			;
		assert_int_equal(ipcx_pipe_write(writer, big, 1), -EPIPE);
		assert_int_equal(ipcx_pipe_write_try(writer, big, 1), -EPIPE);
		peer_done();
	}
	peer_asleep(pid);
	drop_both();
	peer_ok(pid);
}

static volatile sig_atomic_t sigpipes;

static void count_sigpipe(int signo)
{
	(void)signo;
	sigpipes++;
}

static bool sigpipe_pending(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGPIPE);
}

/*
 * Whatever the program has made of SIGPIPE since it made the pipe without
 * ignoring it: by the flag of the system call and by the mask.
 */
static void sigpipe_is_never_raised(void **state)
{
	sighandler_t before = signal(SIGPIPE, SIG_DFL);
	sigset_t sigpipe;

	(void)state;
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	for (int masked = 0; masked < 2; masked++) {
		make(0);
		((struct pipe_end *)writer)->raises = masked;
		drop(&reader);

		sigpipes = 0;
		signal(SIGPIPE, count_sigpipe);
		assert_int_equal(ipcx_pipe_write(writer, "x", 1), -EPIPE);
		assert_int_equal(sigpipes, 0);
		assert_false(sigpipe_pending());

		signal(SIGPIPE, SIG_IGN);
		assert_int_equal(ipcx_pipe_write(writer, "x", 1), -EPIPE);
		signal(SIGPIPE, SIG_DFL);
		assert_int_equal(ipcx_pipe_write(writer, "x", 1), -EPIPE);

		/* Blocked before, and pending before: so it stays. */
		pthread_sigmask(SIG_BLOCK, &sigpipe, NULL);
		assert_int_equal(ipcx_pipe_write(writer, "x", 1), -EPIPE);
		assert_false(sigpipe_pending());
		raise(SIGPIPE);
		assert_int_equal(ipcx_pipe_write(writer, "x", 1), -EPIPE);
		assert_true(sigpipe_pending());
		signal(SIGPIPE, SIG_IGN);
		pthread_sigmask(SIG_UNBLOCK, &sigpipe, NULL);
		signal(SIGPIPE, SIG_DFL);
		drop(&writer);
	}
	signal(SIGPIPE, before);
}

/* Who ignored it when the pipe was made has the bare write(2), and its signal. */
static void ignored_sigpipe_is_the_programs(void **state)
{
	sighandler_t before = signal(SIGPIPE, SIG_IGN);

	(void)state;
	make(0);
	drop(&reader);
	assert_int_equal(ipcx_pipe_write(writer, "x", 1), -EPIPE);
	assert_false(sigpipe_pending());
	sigpipes = 0;
	signal(SIGPIPE, count_sigpipe);
	assert_int_equal(ipcx_pipe_write_try(writer, "x", 1), -EPIPE);
	assert_true(sigpipes);
	drop(&writer);
	signal(SIGPIPE, before);
}

/* The way without the flag does all else as well. */
static void masked_write_writes(void **state)
{
	sighandler_t before = signal(SIGPIPE, SIG_DFL);
	char buf[4];

	(void)state;
	make(0);
	((struct pipe_end *)writer)->raises = true;
	assert_int_equal(ipcx_pipe_write(writer, "abc", 3), 3);
	assert_int_equal(ipcx_pipe_read(reader, buf, 3), 3);
	assert_int_equal(fill(), CAPACITY);
	assert_late(ipcx_pipe_write_timed(writer, big, 1, deadline));
	drop_both();
	signal(SIGPIPE, before);
}

static long read_one(void *timed)
{
	char byte;

	if (timed)
		return ipcx_pipe_read_timed(reader, &byte, 1,
					    in_ms(LONG_ENOUGH));
	return ipcx_pipe_read(reader, &byte, 1);
}

static long write_one(void *timed)
{
	if (timed)
		return ipcx_pipe_write_timed(writer, big, 1,
					     in_ms(LONG_ENOUGH));
	return ipcx_pipe_write(writer, big, 1);
}

static void handlers_interrupt(void **state)
{
	(void)state;
	make(0);
	assert_int_equal(interrupted(read_one, NULL, 0, NULL), -EINTR);
	assert_int_equal(interrupted(read_one, NULL, SA_RESTART, NULL), -EINTR);
	assert_int_equal(interrupted(read_one, big, SA_RESTART, NULL), -EINTR);
	fill();
	assert_int_equal(interrupted(write_one, NULL, 0, NULL), -EINTR);
	assert_int_equal(interrupted(write_one, big, SA_RESTART, NULL), -EINTR);
	drop_both();
}

static long write_big(void *arg)
{
	(void)arg;
	return ipcx_pipe_write(writer, big, sizeof(big));
}

/* After the first byte it is a count. */
static void interrupted_write_says_how_far(void **state)
{
	(void)state;
	make(0);
	assert_int_equal(interrupted(write_big, NULL, 0, NULL), CAPACITY);
	drop_both();
}

static void descriptor_is_adopted(void **state)
{
	struct ipcx_pipe *pipe = POISON;
	int fds[2], null;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT), 0);
	assert_int_equal(ipcx_pipe_from_fd(fds[0], &reader), 0);
	assert_int_equal(ipcx_pipe_from_fd(fds[1], &writer), 0);
	assert_int_equal(ipcx_pipe_fd(reader), fds[0]);
	assert_int_equal(ipcx_pipe_read_try(reader, big, PIPE_BUF), -EAGAIN);
	assert_int_equal(ipcx_pipe_write(writer, "ab", 2), 2);
	assert_int_equal(ipcx_pipe_write(writer, "c", 1), 1);
	assert_int_equal(ipcx_pipe_read(reader, big, PIPE_BUF), 2);
	drop_both();

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(ipcx_pipe_from_fd(null, &pipe), -EPROTOTYPE);
	assert_int_equal(close(null), 0);
	assert_int_equal(ipcx_pipe_from_fd(null, &pipe), -EBADF);
	assert_ptr_equal(pipe, POISON);
}

static void both_ends_are_pollable(void **state)
{
	struct pollfd fds[2];

	(void)state;
	make(0);
	fds[0] = (struct pollfd) { ipcx_pipe_fd(reader), POLLIN, 0 };
	fds[1] = (struct pollfd) { ipcx_pipe_fd(writer), POLLOUT, 0 };
	assert_int_equal(poll(fds, 2, 0), 1);
	assert_int_equal(fds[1].revents, POLLOUT);
	fill();
	assert_int_equal(poll(fds, 2, 0), 1);
	assert_int_equal(fds[0].revents, POLLIN);
	drop(&reader);
	assert_int_equal(poll(&fds[1], 1, 0), 1);
	assert_true(fds[1].revents & POLLERR);
	drop(&writer);
}

static int ignore_sigpipe(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int mind_sigpipe(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_DFL);
	return 0;
}

/* All of it both ways. */
int main(void)
{
	static const struct CMUnitTest tests[] = {
		PEER_TEST(bytes_go_through),
		PEER_TEST(wrong_end_is_refused),
		PEER_TEST(descriptors_are_close_on_exec),
		PEER_TEST(empty_and_full),
		PEER_TEST(larger_than_the_pipe),
		PEER_TEST(plain_write_writes_all),
		PEER_TEST(pipe_buf_is_atomic),
		PEER_TEST(capacity_is_set),
		PEER_TEST(packets_keep_their_boundaries),
		PEER_TEST(end_is_seen_when_the_writer_dies),
		PEER_TEST(no_reader_is_epipe),
		PEER_TEST(sigpipe_is_never_raised),
		PEER_TEST(ignored_sigpipe_is_the_programs),
		PEER_TEST(masked_write_writes),
		PEER_TEST(handlers_interrupt),
		PEER_TEST(interrupted_write_says_how_far),
		PEER_TEST(descriptor_is_adopted),
		PEER_TEST(both_ends_are_pollable),
	};

	return cmocka_run_group_tests_name("pipe", tests, mind_sigpipe, NULL) +
	       cmocka_run_group_tests_name("pipe, SIGPIPE ignored", tests,
					   ignore_sigpipe, NULL);
}
