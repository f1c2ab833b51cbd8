// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>

#include <ipcx/mqueue.h>

#include "peer.h"

#define MESSAGES	4
#define SIZE		16

static char name[64];
static struct ipcx_mqueue *queue;

static int setup(void **state)
{
	int ret = peer_setup(state);

	snprintf(name, sizeof(name), "/ipcx-test-mqueue.%d", getpid());
	if (ipcx_mqueue_create(name, MESSAGES, SIZE, NULL, &queue))
		return -1;
	return ret;
}

static int teardown(void **state)
{
	ipcx_mqueue_close(queue);
	if (ipcx_mqueue_unlink(name))
		return -1;
	return peer_teardown(state);
}

static void fill(void)
{
	while (!ipcx_mqueue_send_try(queue, "full", 4, 0))
		;
	assert_int_equal(ipcx_mqueue_count(queue), MESSAGES);
}

static void messages_go_by_priority(void **state)
{
	uint32_t priority = 99;
	char buf[SIZE] = "";

	(void)state;
	assert_int_equal(ipcx_mqueue_send(queue, "a", 1, 1), 0);
	assert_int_equal(ipcx_mqueue_send_try(queue, "b", 1, 1), 0);
	assert_int_equal(ipcx_mqueue_send_timed(queue, "first", 5,
						IPCX_MQUEUE_PRIORITY_MAX, 1),
			 0);
	assert_int_equal(ipcx_mqueue_send(queue, "last", 4, 0), 0);
	assert_int_equal(ipcx_mqueue_count(queue), 4);
	assert_int_equal(ipcx_mqueue_recv(queue, buf, SIZE, &priority), 5);
	assert_string_equal(buf, "first");
	assert_int_equal(priority, IPCX_MQUEUE_PRIORITY_MAX);
	assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE, &priority), 1);
	assert_int_equal(*buf, 'a');
	assert_int_equal(priority, 1);
	assert_int_equal(ipcx_mqueue_recv_timed(queue, buf, SIZE, NULL, 1), 1);
	assert_int_equal(*buf, 'b');
	assert_int_equal(ipcx_mqueue_recv(queue, buf, SIZE, NULL), 4);
	assert_int_equal(ipcx_mqueue_send(queue, "x", 1,
					  IPCX_MQUEUE_PRIORITY_MAX + 1),
			 -EINVAL);
}

static void sizes_are_kept(void **state)
{
	static const size_t sizes[] = { 0, 1, SIZE };
	char buf[SIZE + 1] = "0123456789abcdef";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(ipcx_mqueue_send(queue, buf, sizes[i], 0), 0);
		assert_int_equal(ipcx_mqueue_recv(queue, buf, SIZE, NULL),
				 sizes[i]);
	}
	assert_int_equal(ipcx_mqueue_send(queue, buf, SIZE + 1, 0), -EMSGSIZE);
	assert_int_equal(ipcx_mqueue_send(queue, buf, 1, 0), 0);
	assert_int_equal(ipcx_mqueue_recv(queue, buf, SIZE - 1, NULL),
			 -EMSGSIZE);
	assert_int_equal(ipcx_mqueue_count(queue), 1);
	assert_int_equal(ipcx_mqueue_send(queue, (void *)8, 1, 0), -EFAULT);
}

static void empty_and_full(void **state)
{
	uint32_t priority = 99;
	char buf[SIZE];

	(void)state;
	assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE, &priority),
			 -EAGAIN);
	assert_int_equal(ipcx_mqueue_recv_timed(queue, buf, SIZE, NULL, 1),
			 -ETIMEDOUT);
	assert_late(ipcx_mqueue_recv_timed(queue, buf, SIZE, &priority,
					   deadline));
	assert_int_equal(priority, 99);
	fill();
	assert_int_equal(ipcx_mqueue_send_try(queue, buf, 1, 0), -EAGAIN);
	assert_late(ipcx_mqueue_send_timed(queue, buf, 1, 0, deadline));
	assert_int_equal(ipcx_mqueue_count(queue), MESSAGES);
}

/* Also where somebody has set O_NONBLOCK, the forms are what they are. */
static void sleepers_are_woken(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		uint64_t deadline;
		char buf[SIZE];
		pid_t pid;

		deadline = i & 1 ? in_ms(LONG_ENOUGH) : IPCX_FOREVER;
		fcntl(ipcx_mqueue_fd(queue), F_SETFL, i & 2 ? O_NONBLOCK : 0);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_mqueue_recv_timed(queue, buf, SIZE,
								NULL, deadline), 4);
			peer_done();
		}
		peer_asleep(pid);
		assert_int_equal(ipcx_mqueue_send_try(queue, "wake", 4, 0), 0);
		peer_ok(pid);

		fill();
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_mqueue_send_timed(queue, "last", 4,
								0, deadline), 0);
			peer_done();
		}
		peer_asleep(pid);
		assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE, NULL),
				 4);
		peer_ok(pid);
		for (int j = 0; j < MESSAGES; j++)
			assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE,
							      NULL), 4);
		assert_memory_equal(buf, "last", 4);
	}
}

static void geometry_is_told_and_kept(void **state)
{
	struct ipcx_mqueue_options options = { .size = sizeof(options) };
	struct ipcx_mqueue *other = POISON;

	(void)state;
	assert_int_equal(ipcx_mqueue_messages(queue), MESSAGES);
	assert_int_equal(ipcx_mqueue_message_size(queue), SIZE);
	assert_true(fcntl(ipcx_mqueue_fd(queue), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ipcx_mqueue_create(name, MESSAGES, SIZE + 1, NULL,
					    &other), -EEXIST);
	assert_int_equal(ipcx_mqueue_create(name, MESSAGES + 1, SIZE, NULL,
					    &other), -EEXIST);
	options.flags = IPCX_CREATE_EXCL;
	assert_int_equal(ipcx_mqueue_create(name, MESSAGES, SIZE, &options,
					    &other), -EEXIST);
	options.flags = IPCX_CREATE_EXCL << 1;
	assert_int_equal(ipcx_mqueue_create(name, MESSAGES, SIZE, &options,
					    &other), -EINVAL);
	options = (struct ipcx_mqueue_options) {
		.size = sizeof(options), .rights = IPCX_RIGHT_READ,
	};
	assert_int_equal(ipcx_mqueue_create(name, MESSAGES, SIZE, &options,
					    &other), -EINVAL);
	options = (struct ipcx_mqueue_options) {
		.size = sizeof(options), .mode = 01000,
	};
	assert_int_equal(ipcx_mqueue_create(name, MESSAGES, SIZE, &options,
					    &other), -EINVAL);
	assert_int_equal(ipcx_mqueue_create("/x", 0, SIZE, NULL, &other),
			 -EINVAL);
	assert_int_equal(ipcx_mqueue_create("/x", 1, 0, NULL, &other), -EINVAL);
	assert_int_equal(ipcx_mqueue_create("/x", 1U << 31, 1, NULL, &other),
			 -EINVAL);
	assert_ptr_equal(other, POISON);

	assert_int_equal(ipcx_mqueue_create(name, MESSAGES, SIZE, NULL, &other),
			 0);
	ipcx_mqueue_close(other);
	ipcx_mqueue_close(NULL);
}

static void names_are_checked(void **state)
{
	struct ipcx_mqueue *none = POISON;
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ipcx_mqueue_open("no-slash", 0, &none), -EINVAL);
	assert_int_equal(ipcx_mqueue_open("/", 0, &none), -ENOENT);
	assert_int_equal(ipcx_mqueue_open("/ipcx-no-such", 0, &none), -ENOENT);
	assert_int_equal(ipcx_mqueue_open("/a/b", 0, &none), -EACCES);
	assert_int_equal(ipcx_mqueue_open(longest, 0, &none), -ENAMETOOLONG);
	assert_int_equal(ipcx_mqueue_open(name, IPCX_RIGHT_MAP, &none),
			 -EINVAL);
	assert_int_equal(ipcx_mqueue_unlink("/ipcx-no-such"), -ENOENT);
	assert_ptr_equal(none, POISON);
}

static void rights_are_kept(void **state)
{
	struct ipcx_mqueue *sender, *receiver;
	char buf[SIZE];

	(void)state;
	assert_int_equal(ipcx_mqueue_open(name, IPCX_RIGHT_SEND, &sender), 0);
	assert_int_equal(ipcx_mqueue_open(name, IPCX_RIGHT_RECV, &receiver), 0);
	assert_int_equal(ipcx_mqueue_send(sender, "x", 1, 0), 0);
	assert_int_equal(ipcx_mqueue_send(receiver, "x", 1, 0), -EBADF);
	assert_int_equal(ipcx_mqueue_recv(sender, buf, SIZE, NULL), -EBADF);
	assert_int_equal(ipcx_mqueue_recv(receiver, buf, SIZE, NULL), 1);
	ipcx_mqueue_close(sender);
	ipcx_mqueue_close(receiver);
}

static void unlinked_queue_lasts(void **state)
{
	struct ipcx_mqueue *other;
	char buf[SIZE];

	(void)state;
	assert_int_equal(ipcx_mqueue_open(name, 0, &other), 0);
	assert_int_equal(ipcx_mqueue_unlink(name), 0);
	assert_int_equal(ipcx_mqueue_send(queue, "x", 1, 0), 0);
	assert_int_equal(ipcx_mqueue_recv(other, buf, SIZE, NULL), 1);
	ipcx_mqueue_close(other);
	assert_int_equal(ipcx_mqueue_create(name, 1, 1, NULL, &other), 0);
	ipcx_mqueue_close(other);
}

/* What a peer sent before it was killed is there; what it received is not. */
static void death_of_a_peer(void **state)
{
	_Atomic uint32_t *done = shared_words();
	char buf[SIZE];
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_mqueue_send(queue, "gone", 4, 0), 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_mqueue_recv(queue, buf, SIZE, NULL), 4);
		assert_int_equal(ipcx_mqueue_send(queue, "kept!", 5, 0), 0);
		*done = 1;
		pause();
	}
	assert_soon(*done);
	peer_kill(pid);
	shared_free(done);
	assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE, NULL), 5);
	assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE, NULL), -EAGAIN);
}

static long recv_plain(void *arg)
{
	char buf[SIZE];

	(void)arg;
	return ipcx_mqueue_recv(queue, buf, SIZE, NULL);
}

static long recv_timed(void *arg)
{
	char buf[SIZE];

	(void)arg;
	return ipcx_mqueue_recv_timed(queue, buf, SIZE, NULL,
				      in_ms(LONG_ENOUGH));
}

static long send_plain(void *arg)
{
	(void)arg;
	return ipcx_mqueue_send(queue, "x", 1, 0);
}

static void send_one(void *arg)
{
	(void)arg;
	assert_int_equal(ipcx_mqueue_send_try(queue, "one", 3, 0), 0);
}

static void take_one(void *arg)
{
	char buf[SIZE];

	(void)arg;
	assert_int_equal(ipcx_mqueue_recv_try(queue, buf, SIZE, NULL), 4);
}

static void handlers_interrupt(void **state)
{
	(void)state;
	assert_int_equal(interrupted(recv_plain, NULL, 0, NULL), -EINTR);
	assert_int_equal(interrupted(recv_plain, NULL, SA_RESTART, send_one),
			 3);
	assert_int_equal(interrupted(recv_timed, NULL, SA_RESTART, NULL),
			 -EINTR);
	fill();
	assert_int_equal(interrupted(send_plain, NULL, 0, NULL), -EINTR);
	assert_int_equal(interrupted(send_plain, NULL, SA_RESTART, take_one),
			 0);
}

static void signal_tells_of_a_message(void **state)
{
	const struct timespec late = { .tv_sec = LONG_ENOUGH / 1000 };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(ipcx_mqueue_notify(queue, SIGRTMIN, 77), 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_mqueue_notify(queue, SIGRTMIN, 1),
				 -EBUSY);
		assert_int_equal(ipcx_mqueue_send(queue, "x", 1, 0), 0);
		peer_done();
	}
	peer_ok(pid);
	assert_int_equal(sigtimedwait(&set, &info, &late), SIGRTMIN);
	assert_int_equal(info.si_code, SI_MESGQ);
	assert_int_equal((uintptr_t)info.si_value.sival_ptr, 77);
	assert_int_equal(info.si_pid, pid);

	/* Once asked for, once told; and what was asked for can be taken back. */
	assert_int_equal(ipcx_mqueue_notify(queue, SIGRTMIN, 0), 0);
	assert_int_equal(ipcx_mqueue_notify(queue, 0, 0), 0);
	assert_int_equal(ipcx_mqueue_notify(queue, 12345, 0), -EINVAL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void descriptor_is_pollable(void **state)
{
	struct pollfd pollfd = {
		.fd = ipcx_mqueue_fd(queue), .events = POLLIN | POLLOUT,
	};

	(void)state;
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_int_equal(pollfd.revents, POLLOUT);
	fill();
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_int_equal(pollfd.revents, POLLIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(messages_go_by_priority),
		TEST(sizes_are_kept),
		TEST(empty_and_full),
		TEST(sleepers_are_woken),
		TEST(geometry_is_told_and_kept),
		TEST(names_are_checked),
		TEST(rights_are_kept),
		TEST(unlinked_queue_lasts),
		TEST(death_of_a_peer),
		TEST(handlers_interrupt),
		TEST(signal_tells_of_a_message),
		TEST(descriptor_is_pollable),
	};

	return cmocka_run_group_tests_name("mqueue", tests, NULL, NULL);
}
