// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocking: who sleeps is woken by what it waits for, by a signal and by its
 * deadline; poll and epoll tell the same; a killed sleeper leaves no trace.
 */
#include "guest.h"

#include <sys/epoll.h>

#define SLOTS	4

static int small_queue(void)
{
	int fd = queue(NULL, .slots = SLOTS);

	assert_true(fd >= 0);
	return fd;
}

static void fill(int fd)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
}

static void expect(int fd, uint32_t expected)
{
	uint32_t value = 0;

	assert_int_equal(recv_u32(fd, &value, in_ms(LONG_ENOUGH)), 1);
	assert_int_equal(value, expected);
}

static void assert_waiting(int fd, uint32_t recv, uint32_t send)
{
	assert_soon(object_stat(fd).waiting_recv == recv &&
		    object_stat(fd).waiting_send == send);
}

static void test_receiver_is_woken(void **state)
{
	int fd = small_queue();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		for (uint32_t i = 0; i < 50; i++)
			expect(fd, i);
		child_done();
	}
	for (uint32_t i = 0; i < 50; i++) {
		assert_waiting(fd, 1, 0);
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
		/* Until it has run it counts as a sleeper still. */
		assert_soon(object_stat(fd).received == i + 1);
	}
	child_ok(pid);
	assert_waiting(fd, 0, 0);
	close(fd);
}

static void test_sender_is_woken(void **state)
{
	int fd = small_queue();
	pid_t pid;

	(void)state;
	fill(fd);
	pid = child_fork();
	if (!pid) {
		for (uint32_t i = 0; i < 50; i++)
			assert_int_equal(send_u32(fd, SLOTS + i,
						  in_ms(LONG_ENOUGH)), 1);
		child_done();
	}
	for (uint32_t i = 0; i < 50; i++) {
		assert_waiting(fd, 0, 1);
		expect(fd, i);
		assert_soon(object_stat(fd).sent == SLOTS + i + 1);
	}
	child_ok(pid);
	assert_waiting(fd, 0, 0);
	close(fd);
}

static void test_wait_in_both_directions(void **state)
{
	int fd = small_queue();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0,
					    in_ms(LONG_ENOUGH)), 0);
		child_done();
	}
	assert_waiting(fd, 1, 0);
	fill(fd);
	child_ok(pid);

	pid = child_fork();
	if (!pid) {
		assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0,
					    in_ms(LONG_ENOUGH)), 0);
		child_done();
	}
	assert_waiting(fd, 0, 1);
	expect(fd, 0);
	child_ok(pid);
	close(fd);
}

/* WAKE makes sleepers look again; it does not make them believe. */
static void test_wake_without_a_reason(void **state)
{
	int fd = small_queue();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		expect(fd, 1);
		child_done();
	}
	assert_waiting(fd, 1, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(call(fd, IPCX_IOC_WAKE,
				      (void *)(IPCX_WAKE_RECV | 0UL)), 0);
	assert_waiting(fd, 1, 0);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	child_ok(pid);
	close(fd);
}

static void test_batch_sender_goes_on(void **state)
{
	int fd = small_queue();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct ipcx_msg msgs[3 * SLOTS] = { 0 };
		uint32_t values[3 * SLOTS];

		for (uint32_t i = 0; i < 3 * SLOTS; i++) {
			values[i] = i;
			msgs[i].buf = (uintptr_t)&values[i];
			msgs[i].len = sizeof(values[i]);
		}
		assert_int_equal(transfer(fd, IPCX_IOC_SEND, msgs, 3 * SLOTS,
					  in_ms(LONG_ENOUGH)), 3 * SLOTS);
		child_done();
	}
	for (uint32_t i = 0; i < 3 * SLOTS; i++)
		expect(fd, i);
	child_ok(pid);
	close(fd);
}

/* Blocked calls by kind, for the tests of signals and kills. */
static int blocked_recv(int fd)
{
	uint32_t value;

	return recv_u32(fd, &value, in_ms(LONG_ENOUGH));
}

static int blocked_send(int fd)
{
	return send_u32(fd, 99, in_ms(LONG_ENOUGH));
}

static int blocked_wait(int fd)
{
	return queue_wait(fd, IPCX_DIR_RECV, 0, in_ms(LONG_ENOUGH));
}

static const struct {
	int (*call)(int fd);
	bool sends;
	int woken;			/* what it returns then */
} blocked[] = {
	{ blocked_recv, false, 1 },
	{ blocked_send, true, 1 },
	{ blocked_wait, false, 0 },
};

static _Atomic uint32_t *caught;

static void on_signal(int sig)
{
	(void)sig;
	++*caught;
}

static pid_t blocked_child(int fd, size_t i, int flags, int expected)
{
	pid_t pid = child_fork();

	if (!pid) {
		struct sigaction action = {
			.sa_handler = on_signal, .sa_flags = flags,
		};

		sigaction(SIGUSR1, &action, NULL);
		assert_int_equal(blocked[i].call(fd), expected);
		child_done();
	}
	assert_waiting(fd, !blocked[i].sends, blocked[i].sends);
	return pid;
}

static void test_signal_interrupts(void **state)
{
	(void)state;
	caught = shared_words();
	for (size_t i = 0; i < ARRAY_SIZE(blocked); i++) {
		int fd = small_queue();
		pid_t pid;

		if (blocked[i].sends)
			fill(fd);
		pid = blocked_child(fd, i, 0, -EINTR);
		kill(pid, SIGUSR1);
		child_ok(pid);
		assert_waiting(fd, 0, 0);
		close(fd);
	}
	assert_int_equal(*caught, ARRAY_SIZE(blocked));
	shared_free(caught);
}

static void test_signal_restarts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blocked); i++) {
		int fd = small_queue();
		pid_t pid;

		caught = shared_words();
		if (blocked[i].sends)
			fill(fd);
		pid = blocked_child(fd, i, SA_RESTART, blocked[i].woken);
		for (uint32_t n = 1; n <= 3; n++) {
			kill(pid, SIGUSR1);
			assert_soon(*caught == n);
			assert_waiting(fd, !blocked[i].sends, blocked[i].sends);
		}
		if (blocked[i].sends)
			expect(fd, 0);
		else
			assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
		child_ok(pid);
		close(fd);
		shared_free(caught);
	}
}

static void test_signal_leaves_a_partial_batch(void **state)
{
	int fd = small_queue();
	pid_t pid;

	(void)state;
	caught = shared_words();
	pid = child_fork();
	if (!pid) {
		struct sigaction action = { .sa_handler = on_signal };
		struct ipcx_msg msgs[SLOTS + 2] = { 0 };

		sigaction(SIGUSR1, &action, NULL);
		assert_int_equal(transfer(fd, IPCX_IOC_SEND, msgs, SLOTS + 2,
					  in_ms(LONG_ENOUGH)), SLOTS);
		child_done();
	}
	assert_waiting(fd, 0, 1);
	kill(pid, SIGUSR1);
	child_ok(pid);
	assert_int_equal(object_stat(fd).sent, SLOTS);
	close(fd);
	shared_free(caught);
}

static void test_killed_sleepers_leave_no_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blocked); i++) {
		int fd = small_queue();
		struct ipcx_stat before, after;
		pid_t pid;

		if (blocked[i].sends)
			fill(fd);
		before = object_stat(fd);
		for (int n = 0; n < 5; n++) {
			pid = blocked_child(fd, i, 0, 0);
			child_kill(pid);
		}
		after = object_stat(fd);
		/* But that they slept. */
		after.waits_recv = before.waits_recv;
		after.waits_send = before.waits_send;
		assert_memory_equal(&before, &after, sizeof(before));

		if (!blocked[i].sends)
			fill(fd);
		for (uint32_t n = 0; n < SLOTS; n++)
			expect(fd, n);
		close(fd);
	}
}

/* A sender that dies in the middle of its work sends all up to some message. */
static void test_killed_while_sending(void **state)
{
	int fd = small_queue();

	(void)state;
	for (int round = 0; round < 20; round++) {
		uint32_t value, next = 0;
		pid_t pid = child_fork();

		if (!pid) {
			for (uint32_t i = 0; ; i++)
				assert_int_equal(send_u32(fd, i, IPCX_FOREVER), 1);
		}
		while (next < 20u + (uint32_t)round)
			expect(fd, next++);
		child_kill(pid);
		while (recv_u32(fd, &value, IPCX_NO_WAIT) == 1)
			assert_int_equal(value, next++);
		assert_int_equal(object_stat(fd).depth, 0);
	}
	close(fd);
}

/* A receiver that dies takes at most what its calls had returned. */
static void test_killed_while_receiving(void **state)
{
	int fd = small_queue();
	uint32_t first = 0;

	(void)state;
	for (int round = 0; round < 20; round++) {
		_Atomic uint32_t *seen = shared_words();
		uint32_t value, next = first;
		pid_t pid = child_fork();

		if (!pid) {
			while (recv_u32(fd, &value, IPCX_FOREVER) == 1)
				*seen = value;
			abort();
		}
		while (next < first + 20)
			assert_int_equal(send_u32(fd, next++,
						  in_ms(LONG_ENOUGH)), 1);
		child_kill(pid);
		first = next;
		/* It may have died between the call's end and its note. */
		if (recv_u32(fd, &value, IPCX_NO_WAIT) == 1) {
			assert_in_range(value - *seen, 1, 2);
			while (++value < next)
				expect(fd, value);
		}
		assert_int_equal(object_stat(fd).depth, 0);
		shared_free(seen);
	}
	close(fd);
}

static void test_two_receivers_share(void **state)
{
	enum { MESSAGES = 400 };
	_Atomic uint32_t *count = shared_words();
	int fd = small_queue();
	pid_t pid[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		pid[i] = child_fork();
		if (!pid[i]) {
			uint32_t last = 0, value;

			for (;;) {
				assert_int_equal(recv_u32(fd, &value,
							  in_ms(LONG_ENOUGH)), 1);
				if (value == MESSAGES)
					child_done();
				assert_true(value >= last);
				last = value;
				++count[value];
			}
		}
	}
	for (uint32_t i = 0; i < MESSAGES + 2; i++)
		assert_int_equal(send_u32(fd, i < MESSAGES ? i : MESSAGES,
					  in_ms(LONG_ENOUGH)), 1);
	child_ok(pid[0]);
	child_ok(pid[1]);
	for (int i = 0; i < MESSAGES; i++)
		assert_int_equal(count[i], 1);
	close(fd);
	shared_free(count);
}

static void test_unlink_while_someone_waits(void **state)
{
	int fd = queue("wait", .slots = SLOTS);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		expect(fd, 5);
		child_done();
	}
	assert_waiting(fd, 1, 0);
	assert_int_equal(object_unlink("wait"), 0);
	assert_waiting(fd, 1, 0);
	assert_int_equal(send_u32(fd, 5, IPCX_NO_WAIT), 1);
	child_ok(pid);
	close(fd);
}

static void test_poll(void **state)
{
	int fd = small_queue();
	int reader = object_reopen(fd, IPCX_RIGHT_RECV);
	int writer = object_reopen(fd, IPCX_RIGHT_SEND);

	(void)state;
	assert_int_equal(poll_now(fd, POLLIN | POLLOUT), POLLOUT);
	assert_int_equal(send_u32(fd, 0, IPCX_NO_WAIT), 1);
	assert_int_equal(poll_now(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
	assert_int_equal(poll_now(fd, POLLIN), POLLIN);
	for (uint32_t i = 1; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	assert_int_equal(poll_now(fd, POLLIN | POLLOUT), POLLIN);
	assert_int_equal(poll_now(writer, POLLIN | POLLOUT), 0);
	assert_int_equal(poll_now(reader, POLLIN | POLLOUT), POLLIN);
	expect(fd, 0);
	assert_int_equal(poll_now(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
	close(reader);
	close(writer);
	close(fd);
}

static void test_poll_is_woken(void **state)
{
	int fd = small_queue();
	pid_t pid;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		pid = child_fork();
		if (!pid) {
			/* The parent cannot see a poller; both orders are met. */
			assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
			child_done();
		}
		assert_int_equal(poll_long(fd, POLLIN), POLLIN);
		expect(fd, i);
		child_ok(pid);
	}
	fill(fd);
	for (uint32_t i = 0; i < 20; i++) {
		pid = child_fork();
		if (!pid) {
			expect(fd, i);
			child_done();
		}
		assert_int_equal(poll_long(fd, POLLOUT), POLLOUT);
		child_ok(pid);
		assert_int_equal(send_u32(fd, SLOTS + i, IPCX_NO_WAIT), 1);
	}
	close(fd);
}

static int epoll_soon(int ep, uint32_t *events, int ms)
{
	uint64_t start = now_ns();
	struct epoll_event event;
	int n = epoll_wait(ep, &event, 1, ms);

	assert_woken(start, start + (uint64_t)ms * 1000000);
	*events = n == 1 ? event.events : 0;
	return n;
}

static void test_epoll(void **state)
{
	static const uint32_t modes[] = { 0, EPOLLET };
	uint32_t events;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		int fd = small_queue();
		int ep = epoll_create1(EPOLL_CLOEXEC);
		struct epoll_event in = { .events = EPOLLIN | modes[i] };

		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &in), 0);
		assert_int_equal(epoll_soon(ep, &events, 0), 0);
		/* Each new message is an event of its own, taken or not. */
		for (uint32_t n = 0; n < SLOTS; n++) {
			assert_int_equal(send_u32(fd, n, IPCX_NO_WAIT), 1);
			assert_int_equal(epoll_soon(ep, &events, LONG_ENOUGH), 1);
			assert_int_equal(events, EPOLLIN);
		}
		for (uint32_t n = 0; n < SLOTS; n++)
			expect(fd, n);
		assert_int_equal(epoll_soon(ep, &events, SHORT), 0);

		/* The other direction: each slot freed is room. */
		in.events = EPOLLOUT | modes[i];
		fill(fd);
		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &in), 0);
		assert_int_equal(epoll_soon(ep, &events, SHORT), 0);
		for (uint32_t n = 0; n < SLOTS; n++) {
			expect(fd, n);
			assert_int_equal(epoll_soon(ep, &events, LONG_ENOUGH), 1);
			assert_int_equal(events, EPOLLOUT);
		}
		close(ep);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receiver_is_woken),
		cmocka_unit_test(test_sender_is_woken),
		cmocka_unit_test(test_wait_in_both_directions),
		cmocka_unit_test(test_wake_without_a_reason),
		cmocka_unit_test(test_batch_sender_goes_on),
		cmocka_unit_test(test_signal_interrupts),
		cmocka_unit_test(test_signal_restarts),
		cmocka_unit_test(test_signal_leaves_a_partial_batch),
		cmocka_unit_test(test_killed_sleepers_leave_no_trace),
		cmocka_unit_test(test_killed_while_sending),
		cmocka_unit_test(test_killed_while_receiving),
		cmocka_unit_test(test_two_receivers_share),
		cmocka_unit_test(test_unlink_while_someone_waits),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_poll_is_woken),
		cmocka_unit_test(test_epoll),
	};

	return guest_run(tests);
}
