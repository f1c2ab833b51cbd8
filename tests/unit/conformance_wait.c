// SPDX-License-Identifier: GPL-2.0-only
/* Nothing there, no room, and how one waits for either. */
#include <poll.h>

#include "conformance.h"

static void empty_is_told(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel_msg msg, before;
	char buf[LARGEST];

	(void)state;
	memset(&msg, 0x5a, sizeof(msg));
	before = msg;
	assert_int_equal(ipcx_channel_recv_try(ends.recv, buf, sizeof(buf),
					       &msg), -EAGAIN);
	assert_int_equal(ipcx_channel_recv_timed(ends.recv, buf, sizeof(buf),
						 &msg, IPCX_NO_WAIT), -EAGAIN);
	/* A moment that is over. */
	assert_int_equal(ipcx_channel_recv_timed(ends.recv, buf, sizeof(buf),
						 &msg, 1), -ETIMEDOUT);
	assert_late(ipcx_channel_recv_timed(ends.recv, buf, sizeof(buf), &msg,
					    deadline));
	assert_memory_equal(&msg, &before, sizeof(msg));
	close_ends(&ends);
}

/* What was refused was not sent, and what was sent is all there. */
static void full_is_told(void **state)
{
	struct ends ends = open_ends();
	uint32_t count = fill(ends.send);

	(void)state;
	assert_int_equal(post(ends.send, ~0, row->size, 0, 1), -ETIMEDOUT);
	assert_late(post(ends.send, ~0, row->size, 0, deadline));
	for (uint32_t i = 0; i < count; i++)
		expect(ends.recv, i);
	expect_none(ends.recv);
	give(ends.send, 1);
	expect(ends.recv, 1);
	close_ends(&ends);
}

static void full_is_told_of_loans(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loan = { .data = POISON };
	uint32_t count = fill(ends.send);

	(void)state;
	if (row->caps & IPCX_CHANNEL_ZERO_COPY) {
		assert_int_equal(ipcx_channel_reserve_try(ends.send, 0, &loan),
				 -EAGAIN);
		assert_late(ipcx_channel_reserve_timed(ends.send, 0, &loan,
						       deadline));
		assert_ptr_equal(loan.data, POISON);
	} else {
		assert_int_equal(ipcx_channel_reserve_try(ends.send, 0, &loan),
				 0);
		fill_in(loan.data, count, row->size);
		assert_int_equal(ipcx_channel_commit_try(ends.send, &loan,
							 row->size), -EAGAIN);
		assert_late(ipcx_channel_commit_timed(ends.send, &loan,
						      row->size, deadline));
		for (uint32_t i = 0; i < count; i++)
			expect(ends.recv, i);
		assert_int_equal(ipcx_channel_commit(ends.send, &loan,
						     row->size), 0);
		expect(ends.recv, count);
	}
	close_ends(&ends);
}

static void never_full(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(post(ends.send, i, row->size, 0, IPCX_NO_WAIT),
				 0);
	for (uint32_t i = MANY - BURST; i < MANY; i++)
		give(ends.send, i);
	while (pick(ends.recv, in_ms(LONG_ENOUGH)) != MANY - 1)
		;
	close_ends(&ends);
}

/* ---- sleepers ---- */

/* The end opened, and said so. */
static struct ipcx_channel *opened(struct ipcx_channel *channel)
{
	words[0] = 1;
	return channel;
}

static void sleeping_receiver_is_woken(void **state)
{
	(void)state;
	for (int timed = 0; timed < 2; timed++) {
		uint64_t deadline = timed ? in_ms(LONG_ENOUGH) : IPCX_FOREVER;
		struct ipcx_channel *send;
		pid_t pid;

		words[0] = 0;
		pid = start();
		if (!pid) {
			assert_int_equal(pick(opened(open_receiver()), deadline),
					 7);
			peer_done();
		}
		assert_soon(words[0]);
		send = open_sender(pid);
		peer_asleep(pid);
		give(send, 7);
		finish(pid);
		ipcx_channel_close(send);
		if (row->quirks & NAMED)
			ipcx_channel_remove(uri_for(IPCX_RIGHT_RECV, pid));
	}
}

static void sleeping_sender_is_woken(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	int64_t number, last = -1;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *send = open_sender(getppid());
		uint32_t count = fill(send);

		words[0] = count;
		assert_int_equal(post(send, count, row->size, 0, IPCX_FOREVER), 0);
		assert_int_equal(post(send, count + 1, row->size, 0,
				     in_ms(LONG_ENOUGH)), 0);
		/* What is on its way shall not end with this end. */
		assert_soon(words[1]);
		peer_done();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	while (last <= words[0]) {
		number = pick(recv, in_ms(LONG_ENOUGH));
		assert_int_equal(number, last + 1);
		last = number;
	}
	words[1] = 1;
	finish(pid);
	ipcx_channel_close(recv);
}

static void on_signal(int signo)
{
	(void)signo;
}

/* The process, opened and about to sleep, gets a handler in between. */
static void interrupt(pid_t pid)
{
	assert_soon(words[0]);
	peer_asleep(pid);
	assert_int_equal(kill(pid, SIGUSR1), 0);
}

static void handlers_interrupt_receivers(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct ipcx_channel *send;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *recv = open_receiver();

		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		/* Whoever sends is there when the sleep begins. */
		words[1] = 1;
		assert_soon(words[2]);
		words[0] = 1;
		assert_int_equal(pick(recv, IPCX_FOREVER), -EINTR);
		words[0] = 2;
		assert_int_equal(pick(recv, in_ms(LONG_ENOUGH)), -EINTR);
		words[0] = 3;
		assert_int_equal(pick(recv, in_ms(LONG_ENOUGH)), 1);
		peer_done();
	}
	assert_soon(words[1]);
	send = open_sender(pid);
	words[2] = 1;
	interrupt(pid);
	assert_soon(words[0] == 2);
	interrupt(pid);
	assert_soon(words[0] == 3);
	give(send, 1);
	finish(pid);
	ipcx_channel_close(send);
}

static void handlers_interrupt_senders(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct ipcx_channel *recv = open_receiver();
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *send = open_sender(getppid());
		uint32_t count = fill(send);

		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		words[1] = count;
		words[0] = 1;
		assert_int_equal(post(send, ~0, row->size, 0, IPCX_FOREVER),
				 -EINTR);
		words[0] = 2;
		assert_int_equal(post(send, ~0, row->size, 0, in_ms(LONG_ENOUGH)),
				 -EINTR);
		words[0] = 3;
		assert_soon(words[2]);
		peer_done();
	}
	interrupt(pid);
	assert_soon(words[0] == 2);
	interrupt(pid);
	assert_soon(words[0] == 3);
	for (uint32_t i = 0; i < words[1]; i++)
		expect(recv, i);
	expect_none(recv);
	words[2] = 1;
	finish(pid);
	ipcx_channel_close(recv);
}

/* ---- polling ---- */

static void descriptor_is_as_promised(void **state)
{
	struct ends ends = open_ends();
	bool sends = (row->caps | row->send_caps) & IPCX_CHANNEL_POLLABLE;
	bool receives = (row->caps | row->recv_caps) & IPCX_CHANNEL_POLLABLE;

	(void)state;
	if (sends)
		assert_true(ipcx_channel_fd(ends.send) >= 0);
	else
		assert_int_equal(ipcx_channel_fd(ends.send), -EOPNOTSUPP);
	if (receives)
		assert_true(ipcx_channel_fd(ends.recv) >= 0);
	else
		assert_int_equal(ipcx_channel_fd(ends.recv), -EOPNOTSUPP);
	close_ends(&ends);
}

static void readable_is_told(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	expect_none(ends.recv);
	assert_int_equal(poll_for(ends.recv, POLLIN, 0), 0);
	give(ends.send, 1);
	give(ends.send, 2);
	assert_int_equal(poll_for(ends.recv, POLLIN, LONG_ENOUGH), POLLIN);
	expect(ends.recv, 1);
	assert_int_equal(poll_for(ends.recv, POLLIN, LONG_ENOUGH), POLLIN);
	expect(ends.recv, 2);
	expect_none(ends.recv);
	assert_int_equal(poll_for(ends.recv, POLLIN, SHORT), 0);
	give(ends.send, 3);
	assert_int_equal(poll_for(ends.recv, POLLIN, LONG_ENOUGH), POLLIN);
	expect(ends.recv, 3);
	close_ends(&ends);
}

static void writable_is_told(void **state)
{
	struct ends ends = open_ends();
	uint32_t count;

	(void)state;
	assert_int_equal(poll_for(ends.send, POLLOUT, LONG_ENOUGH), POLLOUT);
	count = fill(ends.send);
	assert_int_equal(poll_for(ends.send, POLLOUT, 0), 0);
	for (uint32_t i = 0; i < count; i++)
		expect(ends.recv, i);
	assert_int_equal(poll_for(ends.send, POLLOUT, LONG_ENOUGH), POLLOUT);
	give(ends.send, 1);
	expect(ends.recv, 1);
	close_ends(&ends);
}

static void sleeping_poll_is_woken(void **state)
{
	struct ipcx_channel *send;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *recv = open_receiver();

		words[0] = 1;
		assert_soon(words[1]);
		expect_none(recv);
		words[2] = 1;
		do {
			assert_int_equal(poll_for(recv, POLLIN, LONG_ENOUGH),
					 POLLIN);
		} while (pick(recv, IPCX_NO_WAIT) != 7);
		peer_done();
	}
	assert_soon(words[0]);
	send = open_sender(pid);
	words[1] = 1;
	assert_soon(words[2]);
	peer_asleep(pid);
	give(send, 7);
	finish(pid);
	ipcx_channel_close(send);
}

static void sleeping_poll_for_room_is_woken(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *send = open_sender(getppid());
		uint32_t count = fill(send);

		words[0] = count;
		do {
			assert_int_equal(poll_for(send, POLLOUT, LONG_ENOUGH),
					 POLLOUT);
		} while (post(send, count, row->size, 0, IPCX_NO_WAIT));
		assert_soon(words[1]);
		peer_done();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	for (uint32_t i = 0; i <= words[0]; i++)
		expect(recv, i);
	words[1] = 1;
	finish(pid);
	ipcx_channel_close(recv);
}

const struct conformance_case wait_cases[] = {
	CASE(empty_is_told),
	CASE(full_is_told, .without = LOSSY),
	CASE(full_is_told_of_loans, .without = LOSSY),
	CASE(never_full, .quirks = LOSSY),
	CASE(sleeping_receiver_is_woken),
	CASE(sleeping_sender_is_woken, .without = LOSSY),
	CASE(handlers_interrupt_receivers),
	CASE(handlers_interrupt_senders, .without = LOSSY),
	CASE(descriptor_is_as_promised),
	CASE(readable_is_told, .receives = IPCX_CHANNEL_POLLABLE),
	CASE(writable_is_told, .sends = IPCX_CHANNEL_POLLABLE,
	     .without = LOSSY | LANES),
	CASE(sleeping_poll_is_woken, .receives = IPCX_CHANNEL_POLLABLE),
	CASE(sleeping_poll_for_room_is_woken, .sends = IPCX_CHANNEL_POLLABLE,
	     .without = LOSSY | LANES),
	{ NULL }
};
