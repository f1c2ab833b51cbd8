// SPDX-License-Identifier: GPL-2.0-only
/* IPCX_QUEUE_HANGUP: the end of a stream, told to both sides. */
#include "guest.h"

#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV
#define SLOTS	4

/* Two descriptors, one a side. */
struct ends {
	int send;
	int recv;
};

static struct ends open_ends(const char *name, uint32_t flags)
{
	int fd = queue(name, .slots = SLOTS, .flags = flags);
	struct ends ends = {
		.send = object_reopen(fd, SEND),
		.recv = object_reopen(fd, RECV),
	};

	assert_true(fd >= 0 && ends.send >= 0 && ends.recv >= 0);
	close(fd);
	return ends;
}

static void test_receivers_drain_then_end(void **state)
{
	struct ends ends = open_ends(NULL, IPCX_QUEUE_HANGUP);
	uint32_t value = 0;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(send_u32(ends.send, i, IPCX_NO_WAIT), 1);
	close(ends.send);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(poll_now(ends.recv, POLLIN), POLLIN);
		assert_int_equal(queue_wait(ends.recv, IPCX_DIR_RECV, 0, 0), 0);
		assert_int_equal(recv_u32(ends.recv, &value, IPCX_FOREVER), 1);
		assert_int_equal(value, i);
	}
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EPIPE);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_FOREVER), -EPIPE);
	assert_int_equal(queue_wait(ends.recv, IPCX_DIR_RECV, 0, IPCX_FOREVER),
			 -EPIPE);
	assert_int_equal(poll_now(ends.recv, POLLIN), POLLHUP);
	close(ends.recv);
}

static void test_senders_end_at_once(void **state)
{
	struct ends ends = open_ends(NULL, IPCX_QUEUE_HANGUP);

	(void)state;
	assert_int_equal(send_u32(ends.send, 1, IPCX_NO_WAIT), 1);
	close(ends.recv);
	assert_int_equal(send_u32(ends.send, 2, IPCX_NO_WAIT), -EPIPE);
	assert_int_equal(send_u32(ends.send, 2, IPCX_FOREVER), -EPIPE);
	assert_int_equal(queue_wait(ends.send, IPCX_DIR_SEND, 0, IPCX_FOREVER),
			 -EPIPE);
	assert_int_equal(poll_now(ends.send, POLLOUT), POLLERR);
	assert_int_equal(object_stat(ends.send).depth, 1);
	close(ends.send);
}

static void test_nobody_came_is_nobody_left(void **state)
{
	int recv = queue(NULL, .flags = IPCX_QUEUE_HANGUP, .rights = RECV);
	int send = queue(NULL, .flags = IPCX_QUEUE_HANGUP, .rights = SEND);
	uint32_t value;

	(void)state;
	assert_int_equal(recv_u32(recv, &value, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(recv_u32(recv, &value, in_ms(SHORT)), -ETIMEDOUT);
	assert_int_equal(poll_now(recv, POLLIN), 0);
	assert_int_equal(send_u32(send, 1, IPCX_NO_WAIT), 1);
	close(recv);
	close(send);
}

static void test_without_the_flag_nobody_ends(void **state)
{
	struct ends ends = open_ends(NULL, 0);
	uint32_t value;

	(void)state;
	close(ends.send);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(poll_now(ends.recv, POLLIN), 0);
	close(ends.recv);

	ends = open_ends(NULL, 0);
	close(ends.recv);
	assert_int_equal(send_u32(ends.send, 1, IPCX_NO_WAIT), 1);
	close(ends.send);
}

static void test_new_opener_clears(void **state)
{
	struct ends ends = open_ends("cleared", IPCX_QUEUE_HANGUP);
	uint32_t value = 0;

	(void)state;
	close(ends.send);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EPIPE);
	ends.send = object_open("cleared", IPCX_KIND_QUEUE, SEND);
	assert_true(ends.send >= 0);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EAGAIN);

	close(ends.recv);
	assert_int_equal(send_u32(ends.send, 1, IPCX_NO_WAIT), -EPIPE);
	ends.recv = object_open("cleared", IPCX_KIND_QUEUE, RECV);
	assert_true(ends.recv >= 0);
	assert_int_equal(send_u32(ends.send, 2, IPCX_NO_WAIT), 1);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(value, 2);
	close(ends.send);
	close(ends.recv);
}

static void test_cleared_after_all_left(void **state)
{
	int fd = queue("left", .flags = IPCX_QUEUE_HANGUP | IPCX_CREATE_PERSIST);
	uint32_t value = 0;

	(void)state;
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	close(fd);
	fd = object_open("left", IPCX_KIND_QUEUE, SEND | RECV);
	assert_int_equal(send_u32(fd, 2, IPCX_NO_WAIT), 1);
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
		assert_int_equal(value, i);
	}
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(object_unlink("left"), 0);
	close(fd);
}

static void test_last_of_many_counts(void **state)
{
	struct ends ends = open_ends("many", IPCX_QUEUE_HANGUP);
	int second = object_open("many", IPCX_KIND_QUEUE, SEND);
	int copy = dup(second);
	uint32_t value;

	(void)state;
	close(ends.send);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EAGAIN);
	close(second);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EAGAIN);
	close(copy);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EPIPE);
	close(ends.recv);
}

static void test_blocked_receiver_is_told(void **state)
{
	struct ends ends = open_ends(NULL, IPCX_QUEUE_HANGUP);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		uint32_t value;

		close(ends.send);
		assert_int_equal(recv_u32(ends.recv, &value,
					  in_ms(LONG_ENOUGH)), -EPIPE);
		child_done();
	}
	assert_soon(object_stat(ends.recv).waiting_recv == 1);
	close(ends.send);
	child_ok(pid);
	close(ends.recv);
}

static void test_blocked_sender_is_told(void **state)
{
	struct ends ends = open_ends(NULL, IPCX_QUEUE_HANGUP);
	pid_t pid;

	(void)state;
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(ends.send, i, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		close(ends.recv);
		assert_int_equal(send_u32(ends.send, 9, in_ms(LONG_ENOUGH)),
				 -EPIPE);
		child_done();
	}
	assert_soon(object_stat(ends.send).waiting_send == 1);
	close(ends.recv);
	child_ok(pid);
	assert_int_equal(object_stat(ends.send).waiting_send, 0);
	close(ends.send);
}

static void test_poller_is_told(void **state)
{
	struct ends ends = open_ends(NULL, IPCX_QUEUE_HANGUP);
	_Atomic uint32_t *ready = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		close(ends.send);
		*ready = 1;
		assert_int_equal(poll_long(ends.recv, POLLIN), POLLHUP);
		child_done();
	}
	assert_soon(*ready);
	close(ends.send);
	child_ok(pid);
	close(ends.recv);
	shared_free(ready);
}

static void test_killed_sender_has_left(void **state)
{
	struct ends ends = open_ends(NULL, IPCX_QUEUE_HANGUP);
	_Atomic uint32_t *sent = shared_words();
	uint32_t value = 0;
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(send_u32(ends.send, 6, IPCX_NO_WAIT), 1);
		*sent = 1;
		for (;;)
			pause();
	}
	assert_soon(*sent);
	close(ends.send);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EAGAIN);
	child_kill(pid);
	assert_int_equal(recv_u32(ends.recv, &value, IPCX_NO_WAIT), -EPIPE);
	close(ends.recv);
	shared_free(sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receivers_drain_then_end),
		cmocka_unit_test(test_senders_end_at_once),
		cmocka_unit_test(test_nobody_came_is_nobody_left),
		cmocka_unit_test(test_without_the_flag_nobody_ends),
		cmocka_unit_test(test_new_opener_clears),
		cmocka_unit_test(test_cleared_after_all_left),
		cmocka_unit_test(test_last_of_many_counts),
		cmocka_unit_test(test_blocked_receiver_is_told),
		cmocka_unit_test(test_blocked_sender_is_told),
		cmocka_unit_test(test_poller_is_told),
		cmocka_unit_test(test_killed_sender_has_left),
	};

	return guest_run(tests);
}
