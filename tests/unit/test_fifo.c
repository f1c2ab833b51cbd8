// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include <ipcx/fifo.h>

#include "peer.h"
#include "pipe.h"

static char path[64];
static char big[256 * 1024];

static int setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/ipcx-test-fifo.%d", getpid());
	if (ipcx_fifo_create(path, 0))
		return -1;
	return peer_setup(state);
}

static int teardown(void **state)
{
	int ret = ipcx_fifo_unlink(path);

	return ret ? ret : peer_teardown(state);
}

static struct ipcx_fifo *open_reader(void)
{
	struct ipcx_fifo *fifo;

	assert_int_equal(ipcx_fifo_open_reader(path, &fifo), 0);
	return fifo;
}

static struct ipcx_fifo *open_writer(void)
{
	struct ipcx_fifo *fifo;

	assert_int_equal(ipcx_fifo_open_writer_try(path, &fifo), 0);
	return fifo;
}

static void bytes_go_through(void **state)
{
	struct ipcx_fifo *reader = open_reader(), *writer = open_writer();
	char buf[16] = "";

	(void)state;
	assert_int_equal(ipcx_fifo_write(writer, "hel", 3), 3);
	assert_int_equal(ipcx_fifo_write_try(writer, "lo", 2), 2);
	assert_int_equal(ipcx_fifo_write_timed(writer, "!", 1, in_ms(0)), 1);
	assert_int_equal(ipcx_fifo_write(writer, buf, 0), 0);
	assert_int_equal(ipcx_fifo_read(reader, buf, 1), 1);
	assert_int_equal(ipcx_fifo_read_timed(reader, buf + 1, 8, 1), 5);
	assert_string_equal(buf, "hello!");
	assert_int_equal(ipcx_fifo_read(reader, buf, 0), -EINVAL);
	assert_int_equal(ipcx_fifo_read(writer, buf, 1), -EBADF);
	assert_int_equal(ipcx_fifo_write(reader, buf, 1), -EBADF);
	assert_true(fcntl(ipcx_fifo_fd(reader), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(ipcx_fifo_fd(writer), F_GETFD) & FD_CLOEXEC);
	ipcx_fifo_close(reader);
	ipcx_fifo_close(writer);
	ipcx_fifo_close(NULL);
}

static void names_are_checked(void **state)
{
	struct ipcx_fifo *none = POISON;
	struct stat stat_;

	(void)state;
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode, S_IFIFO | 0600);
	assert_int_equal(ipcx_fifo_create(path, 0), -EEXIST);
	assert_int_equal(ipcx_fifo_create("/tmp/x", 01777), -EINVAL);
	assert_int_equal(ipcx_fifo_create("/no/such", 0), -ENOENT);
	assert_int_equal(ipcx_fifo_unlink("/no/such"), -ENOENT);
	assert_int_equal(ipcx_fifo_unlink("/dev/null"), -EPROTOTYPE);
	assert_int_equal(ipcx_fifo_open_reader("/no/such", &none), -ENOENT);
	assert_int_equal(ipcx_fifo_open_reader("/dev/null", &none),
			 -EPROTOTYPE);
	assert_int_equal(ipcx_fifo_open_writer("/dev/null", &none),
			 -EPROTOTYPE);
	assert_int_equal(ipcx_fifo_open_writer_timed("/no/such", &none, 1),
			 -ENOENT);
	assert_ptr_equal(none, POISON);
}

static void writer_waits_for_a_reader(void **state)
{
	struct ipcx_fifo *fifo = POISON;
	uint64_t deadline;

	(void)state;
	assert_int_equal(ipcx_fifo_open_writer_try(path, &fifo), -EAGAIN);
	assert_int_equal(ipcx_fifo_open_writer_timed(path, &fifo, 1),
			 -ETIMEDOUT);
	assert_late(ipcx_fifo_open_writer_timed(path, &fifo, deadline));
	assert_ptr_equal(fifo, POISON);
	for (int timed = 0; timed < 2; timed++) {
		pid_t pid = peer_fork();

		if (!pid) {
			deadline = timed ? in_ms(LONG_ENOUGH) : IPCX_FOREVER;
			assert_int_equal(ipcx_fifo_open_writer_timed(path, &fifo,
								     deadline), 0);
			assert_true(fcntl(ipcx_fifo_fd(fifo), F_GETFL) &
				    O_NONBLOCK);
			peer_done();
		}
		peer_asleep(pid);
		fifo = open_reader();
		peer_ok(pid);
		ipcx_fifo_close(fifo);
	}
}

/* Two that wait for each other: each gives up in time. */
static void no_deadlock(void **state)
{
	struct ipcx_fifo *fifo = POISON;
	char other[80];
	pid_t pid;

	(void)state;
	snprintf(other, sizeof(other), "%s.other", path);
	assert_int_equal(ipcx_fifo_create(other, 0), 0);
	pid = peer_fork();
	if (!pid) {
		assert_late(ipcx_fifo_open_writer_timed(other, &fifo,
							deadline));
		peer_done();
	}
	assert_late(ipcx_fifo_open_writer_timed(path, &fifo, deadline));
	peer_ok(pid);
	assert_int_equal(ipcx_fifo_unlink(other), 0);
}

/* No writer yet is no end. */
static void reader_waits_for_the_first_writer(void **state)
{
	struct ipcx_fifo *reader = open_reader();
	char buf[8] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_fifo_read_try(reader, buf, 8), -EAGAIN);
	assert_late(ipcx_fifo_read_timed(reader, buf, 8, deadline));
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_fifo_read(reader, buf, 1), 1);
		assert_int_equal(ipcx_fifo_read(reader, buf, 1), 0);
		peer_done();
	}
	peer_asleep(pid);
	ipcx_fifo_close(reader);
	reader = open_writer();
	assert_int_equal(ipcx_fifo_write(reader, "x", 1), 1);
	ipcx_fifo_close(reader);
	peer_ok(pid);
}

/* A writer that comes and goes without a word is an end to who sleeps. */
static void silent_writer_is_an_end(void **state)
{
	struct ipcx_fifo *reader = open_reader();
	char byte;
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(ipcx_fifo_read(reader, &byte, 1), 0);
		peer_done();
	}
	peer_asleep(pid);
	ipcx_fifo_close(open_writer());
	peer_ok(pid);
	ipcx_fifo_close(reader);
}

static void reopened_waits_for_the_next(void **state)
{
	struct ipcx_fifo *reader = open_reader(), *writer = open_writer();
	int fd = ipcx_fifo_fd(reader);
	char buf[8];

	(void)state;
	assert_int_equal(ipcx_fifo_write(writer, "1", 1), 1);
	assert_int_equal(ipcx_fifo_reopen(writer), -EBADF);
	ipcx_fifo_close(writer);
	assert_int_equal(ipcx_fifo_read(reader, buf, 8), 1);
	assert_int_equal(ipcx_fifo_read(reader, buf, 8), 0);
	assert_int_equal(ipcx_fifo_read_try(reader, buf, 8), 0);

	assert_int_equal(ipcx_fifo_reopen(reader), 0);
	assert_int_equal(ipcx_fifo_fd(reader), fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ipcx_fifo_read_try(reader, buf, 8), -EAGAIN);
	writer = open_writer();
	assert_int_equal(ipcx_fifo_read_try(reader, buf, 8), -EAGAIN);
	assert_int_equal(ipcx_fifo_write(writer, "22", 2), 2);
	ipcx_fifo_close(writer);
	/* What was written before is kept. */
	assert_int_equal(ipcx_fifo_reopen(reader), 0);
	assert_int_equal(ipcx_fifo_read(reader, buf, 8), 2);
	ipcx_fifo_close(reader);
}

/*
 * A writer may come, write and go between any two looks of the reader: never is
 * there an end before what was written.
 */
static void short_visits_are_no_end(void **state)
{
	enum { VISITS = 3000 };
	_Atomic uint32_t *visit = shared_words();
	struct ipcx_fifo *reader = open_reader();
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		for (uint32_t i = 1; i <= VISITS; i++) {
			struct ipcx_fifo *writer;

			while (*visit != i)
				;
			writer = open_writer();
			assert_int_equal(ipcx_fifo_write(writer, "x", 1), 1);
			ipcx_fifo_close(writer);
		}
		peer_done();
	}
	for (uint32_t i = 1; i <= VISITS; i++) {
		ssize_t ret;
		char byte;

		*visit = i;
		while ((ret = ipcx_fifo_read_try(reader, &byte, 1)) == -EAGAIN)
			;
		assert_int_equal(ret, 1);
		assert_int_equal(ipcx_fifo_read(reader, &byte, 1), 0);
		assert_int_equal(ipcx_fifo_reopen(reader), 0);
	}
	peer_ok(pid);
	ipcx_fifo_close(reader);
	shared_free(visit);
}

/* Without reopening, another writer is heard as well. */
static void next_writer_is_heard(void **state)
{
	struct ipcx_fifo *reader = open_reader();
	char byte;

	(void)state;
	ipcx_fifo_close(open_writer());
	for (int i = 0; i < 3; i++) {
		struct ipcx_fifo *writer = open_writer();

		assert_int_equal(ipcx_fifo_write(writer, "x", 1), 1);
		assert_int_equal(ipcx_fifo_read(reader, &byte, 1), 1);
		assert_int_equal(ipcx_fifo_read_try(reader, &byte, 1), -EAGAIN);
		ipcx_fifo_close(writer);
		assert_int_equal(ipcx_fifo_read(reader, &byte, 1), 0);
	}
	ipcx_fifo_close(reader);
}

/* Whether the program ignores SIGPIPE or not. */
static void no_reader_is_epipe(void **state)
{
	(void)state;
	for (int ignored = 0; ignored < 2; ignored++) {
		sighandler_t before = signal(SIGPIPE,
					     ignored ? SIG_IGN : SIG_DFL);
		struct ipcx_fifo *reader = open_reader();
		struct ipcx_fifo *writer = open_writer();
		pid_t pid = peer_fork();

		if (!pid) {
			ipcx_fifo_close(reader);
			while (ipcx_fifo_write_try(writer, big, sizeof(big)) > 0)
				;
			assert_int_equal(ipcx_fifo_write(writer, big, 1),
					 -EPIPE);
			peer_done();
		}
		peer_asleep(pid);
		ipcx_fifo_close(reader);
		peer_ok(pid);
		ipcx_fifo_close(writer);
		signal(SIGPIPE, before);
	}
}

static void end_is_seen_when_the_writer_dies(void **state)
{
	struct ipcx_fifo *reader = open_reader();
	char buf[8];
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(ipcx_fifo_write(open_writer(), "last", 4), 4);
		pause();
	}
	assert_int_equal(ipcx_fifo_read(reader, buf, 8), 4);
	assert_int_equal(ipcx_fifo_read_try(reader, buf, 8), -EAGAIN);
	peer_kill(pid);
	assert_int_equal(ipcx_fifo_read(reader, buf, 8), 0);
	ipcx_fifo_close(reader);
}

static void large_writes_go_on(void **state)
{
	struct ipcx_fifo *reader = open_reader();
	size_t total = 0;
	ssize_t ret;
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		struct ipcx_fifo *writer = open_writer();

		assert_int_equal(ipcx_fifo_write(writer, big, sizeof(big)),
				 sizeof(big));
		peer_done();
	}
	while ((ret = ipcx_fifo_read(reader, big, 5000)) > 0)
		total += ret;
	assert_int_equal(ret, 0);
	assert_int_equal(total, sizeof(big));
	peer_ok(pid);
	ipcx_fifo_close(reader);
}

static void full_is_waited_for(void **state)
{
	struct ipcx_fifo *reader = open_reader(), *writer = open_writer();

	(void)state;
	assert_true(ipcx_fifo_write_timed(writer, big, sizeof(big),
					  in_ms(SHORT)) > 0);
	assert_int_equal(ipcx_fifo_write_try(writer, big, 1), -EAGAIN);
	assert_late(ipcx_fifo_write_timed(writer, big, 1, deadline));
	ipcx_fifo_close(reader);
	ipcx_fifo_close(writer);
}

static long open_plain(void *fifo)
{
	return ipcx_fifo_open_writer(path, fifo);
}

static long open_timed(void *fifo)
{
	return ipcx_fifo_open_writer_timed(path, fifo, in_ms(LONG_ENOUGH));
}

static long read_plain(void *fifo)
{
	char byte;

	return ipcx_fifo_read(fifo, &byte, 1);
}

static void come(void *arg)
{
	(void)arg;
	ipcx_fifo_close(open_reader());
}

static void handlers_interrupt(void **state)
{
	struct ipcx_fifo *fifo;

	(void)state;
	assert_int_equal(interrupted(open_plain, &fifo, 0, NULL), -EINTR);
	assert_int_equal(interrupted(open_plain, &fifo, SA_RESTART, come), 0);
	assert_int_equal(interrupted(open_timed, &fifo, SA_RESTART, NULL),
			 -EINTR);
	fifo = open_reader();
	assert_int_equal(interrupted(read_plain, fifo, 0, NULL), -EINTR);
	assert_int_equal(interrupted(read_plain, fifo, SA_RESTART, NULL),
			 -EINTR);
	ipcx_fifo_close(fifo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(bytes_go_through),
		TEST(names_are_checked),
		TEST(writer_waits_for_a_reader),
		TEST(no_deadlock),
		TEST(reader_waits_for_the_first_writer),
		TEST(silent_writer_is_an_end),
		TEST(reopened_waits_for_the_next),
		TEST(short_visits_are_no_end),
		TEST(next_writer_is_heard),
		TEST(no_reader_is_epipe),
		TEST(end_is_seen_when_the_writer_dies),
		TEST(large_writes_go_on),
		TEST(full_is_waited_for),
		TEST(handlers_interrupt),
	};

	return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
