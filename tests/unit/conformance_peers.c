// SPDX-License-Identifier: GPL-2.0-only
/* From process to process: how many there can be, and how they end. */
#include "conformance.h"

#define SENDERS		3
#define RECEIVERS	2
#define EACH		(MANY / SENDERS)

/* ---- messages ---- */

/* Enough to hold the number. */
static size_t some_size(uint32_t number)
{
	size_t least = sizeof(number);

	return least + number * 7919 % (row->size - least + 1);
}

/* A sender of @first, @first + 1 and so on, that keeps its end until told. */
static pid_t start_sender(pid_t receiver, uint32_t first, uint32_t count)
{
	pid_t pid = start();
	struct ipcx_channel *send;

	if (pid)
		return pid;
	keep_sender();
	send = open_sender(receiver);
	for (uint32_t i = first; i < first + count; i++)
		assert_int_equal(post(send, i, some_size(i), 0,
				     in_ms(LONG_ENOUGH)), 0);
	assert_soon(words[0]);
	ipcx_channel_close(send);
	peer_done();
}

static void one_sends_to_one(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	pid_t pid = start_sender(getpid(), 0, MANY);

	(void)state;
	keep_receiver();
	for (uint32_t i = 0; i < MANY; i++)
		expect(recv, i);
	expect_none(recv);
	words[0] = 1;
	finish(pid);
	ipcx_channel_close(recv);
}

static void many_send_to_one(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	uint32_t next[SENDERS];
	pid_t pids[SENDERS];

	(void)state;
	for (int i = 0; i < SENDERS; i++) {
		next[i] = i * EACH;
		pids[i] = start_sender(getpid(), next[i], EACH);
	}
	for (int i = 0; i < SENDERS * EACH; i++) {
		int64_t number = pick(recv, in_ms(LONG_ENOUGH));

		assert_in_range(number, 0, SENDERS * EACH - 1);
		assert_int_equal(number, next[number / EACH]++);
	}
	expect_none(recv);
	words[0] = 1;
	for (int i = 0; i < SENDERS; i++)
		finish(pids[i]);
	ipcx_channel_close(recv);
}

/* words[1]: how many there were; words[2 + n]: how often there was n. */
static pid_t start_receiver(void)
{
	int64_t last[SENDERS] = { -1, -1, -1 }, number;
	struct ipcx_channel *recv;
	pid_t pid = start();

	if (pid)
		return pid;
	recv = open_receiver();
	do {
		number = pick(recv, in_ms(SHORT));
		if (number < 0)
			continue;
		assert_true(number < SENDERS * EACH);
		/* Each sender's are in order. */
		assert_true(number > last[number / EACH]);
		last[number / EACH] = number;
		words[2 + number]++;
		words[1]++;
	} while (!words[0] && (number >= 0 || number == -ETIMEDOUT));
	assert_true(words[0]);
	ipcx_channel_close(recv);
	peer_done();
}

static void many_send_to_many(void **state)
{
	pid_t senders[SENDERS], receivers[RECEIVERS];
	struct ipcx_channel *held = open_receiver();

	(void)state;
	for (int i = 0; i < RECEIVERS; i++)
		receivers[i] = start_receiver();
	for (int i = 0; i < SENDERS; i++)
		senders[i] = start_sender(0, i * EACH, EACH);
	assert_soon(words[1] >= SENDERS * EACH);
	words[0] = 1;
	for (int i = 0; i < SENDERS; i++)
		finish(senders[i]);
	for (int i = 0; i < RECEIVERS; i++)
		finish(receivers[i]);
	assert_int_equal(words[1], SENDERS * EACH);
	for (int i = 0; i < SENDERS * EACH; i++)
		assert_int_equal(words[2 + i], 1);
	ipcx_channel_close(held);
}

static void each_receives_all(void **state)
{
	struct ipcx_channel *recv[RECEIVERS], *send;

	(void)state;
	for (int i = 0; i < RECEIVERS; i++)
		recv[i] = open_receiver();
	send = open_sender(0);
	for (uint32_t i = 0; i < 4 * BURST; i++) {
		give(send, i);
		for (int j = 0; j < RECEIVERS; j++)
			expect(recv[j], i);
	}
	ipcx_channel_close(send);
	for (int i = 0; i < RECEIVERS; i++) {
		assert_int_equal(pick(recv[i], in_ms(LONG_ENOUGH)), -EPIPE);
		ipcx_channel_close(recv[i]);
	}
}

static void sender_is_vouched_for(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	struct ipcx_channel_msg msg;
	char buf[LARGEST];
	pid_t pid = start_sender(getpid(), 0, 1);

	(void)state;
	memset(&msg, 0x5a, sizeof(msg));
	assert_true(ipcx_channel_recv_timed(recv, buf, sizeof(buf), &msg,
					    in_ms(LONG_ENOUGH)) >= 0);
	assert_int_equal(msg.pid, pid);
	assert_int_equal(msg.uid, geteuid());
	assert_int_equal(msg.gid, getegid());
	words[0] = 1;
	finish(pid);
	ipcx_channel_close(recv);
}

/* ---- the end ---- */

static void end_of_senders_is_told(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	pid_t pid;

	(void)state;
	expect_none(recv);
	pid = start_sender(getpid(), 0, BURST);
	keep_receiver();
	words[0] = 1;
	finish(pid);
	for (uint32_t i = 0; i < BURST; i++)
		expect(recv, i);
	assert_int_equal(pick(recv, in_ms(LONG_ENOUGH)), -EPIPE);
	assert_int_equal(pick(recv, IPCX_NO_WAIT), -EPIPE);
	assert_int_equal(pick(recv, IPCX_FOREVER), -EPIPE);
	if (row->quirks & REJOINS) {
		pid = start_sender(getpid(), 0, BURST);
		for (uint32_t i = 0; i < BURST; i++) {
			int64_t number;

			while ((number = pick(recv, in_ms(LONG_ENOUGH))) == -EPIPE)
				nap();
			assert_int_equal(number, i);
		}
		finish(pid);
		assert_int_equal(pick(recv, in_ms(LONG_ENOUGH)), -EPIPE);
	}
	ipcx_channel_close(recv);
}

static void sleeping_receiver_is_told_the_end(void **state)
{
	struct ipcx_channel *send;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *recv = open_receiver();

		keep_receiver();
		words[0] = 1;
		assert_int_equal(pick(recv, IPCX_FOREVER), 1);
		words[1] = 1;
		assert_int_equal(pick(recv, IPCX_FOREVER), -EPIPE);
		peer_done();
	}
	assert_soon(words[0]);
	send = open_sender(pid);
	keep_receiver();
	give(send, 1);
	assert_soon(words[1]);
	peer_asleep(pid);
	ipcx_channel_close(send);
	finish(pid);
}

/* Send until it is told that nobody receives. */
static void expect_end(struct ipcx_channel *send)
{
	uint64_t end = in_ms(LONG_ENOUGH);
	int ret;

	do {
		ret = post(send, 0, row->size, 0, in_ms(LONG_ENOUGH));
	} while (!ret && in_ms(0) < end);
	if (ret != -EPIPE && !((row->caps & IPCX_CHANNEL_MACHINES) &&
			       ret == -ECONNRESET))
		fail_msg("sending to nobody: %d", ret);
}

static pid_t start_idle_receiver(void)
{
	pid_t pid = start();

	if (pid) {
		assert_soon(words[0]);
		return pid;
	}
	open_receiver();
	keep_receiver();
	words[0] = 1;
	pause();
	peer_done();
}

static void end_of_receivers_is_told(void **state)
{
	pid_t pid = start_idle_receiver();
	struct ipcx_channel *send = open_sender(pid), *recv;

	(void)state;
	keep_sender();
	give(send, 1);
	stop(pid);
	expect_end(send);
	if (row->quirks & RESUMES) {
		recv = open_receiver();
		expect(recv, 1);
		give(send, 2);
		while (pick(recv, in_ms(LONG_ENOUGH)) != 2)
			;
		ipcx_channel_close(recv);
		expect_end(send);
	}
	ipcx_channel_close(send);
}

/* Where a sender never has to wait, it is told by who leaves, not of who dies. */
static void leaving_is_told(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	keep_sender();
	give(ends.send, 1);
	ipcx_channel_close(ends.recv);
	expect_end(ends.send);
	ipcx_channel_close(ends.send);
}

static void sleeping_sender_is_told_the_end(void **state)
{
	pid_t receiver = start_idle_receiver();
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *send = open_sender(receiver);

		keep_sender();
		fill(send);
		words[1] = 1;
		expect_end(send);
		peer_done();
	}
	keep_sender();
	keep_receiver();
	assert_soon(words[1]);
	peer_asleep(pid);
	stop(receiver);
	finish(pid);
}

/* ---- death ---- */

static void death_of_a_sender_loses_nothing(void **state)
{
	struct ipcx_channel *recv = open_receiver();
	bool told = (row->caps | row->recv_caps) & IPCX_CHANNEL_PEER_GONE;
	uint32_t sent, next = 0;
	int64_t number;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *send = open_sender(getppid());

		for (;; words[0]++)
			give(send, words[0]);
	}
	keep_receiver();
	while (next < 50)
		expect(recv, next++);
	stop(pid);
	sent = words[0];
	while ((number = pick(recv, in_ms(told ? LONG_ENOUGH : SHORT))) >= 0)
		assert_int_equal(number, next++);
	assert_int_equal(number, told ? -EPIPE : -ETIMEDOUT);
	assert_in_range(next, sent, sent + 1);
	ipcx_channel_close(recv);
}

static void death_of_a_sleeping_sender(void **state)
{
	struct ipcx_channel *recv = open_receiver(), *send;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		send = open_sender(getppid());
		words[0] = fill(send);
		post(send, words[0], row->size, 0, IPCX_FOREVER);
		fail();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	stop(pid);
	for (uint32_t i = 0; i < words[0]; i++)
		expect(recv, i);
	send = open_sender(getpid());
	while (pick(recv, IPCX_NO_WAIT) == -EPIPE)
		nap();
	give(send, 7);
	expect(recv, 7);
	ipcx_channel_close(send);
	ipcx_channel_close(recv);
}

/* What a receiver had acknowledged is gone, and nothing else. */
static void death_of_a_receiver_loses_nothing(void **state)
{
	struct ipcx_channel *recv, *send;
	pid_t pid = start();
	int64_t number;
	uint32_t next;

	(void)state;
	if (!pid) {
		recv = open_receiver();
		for (words[0] = 1;; words[0]++)
			expect(recv, words[0]);
	}
	assert_soon(words[0]);
	send = open_sender(pid);
	for (next = 1; words[0] < 50; next++)
		give(send, next);
	stop(pid);
	recv = open_receiver();
	/* It may be full, so there is room after the first only. */
	number = pick(recv, in_ms(SHORT));
	give(send, next);
	if (number == -ETIMEDOUT)
		number = pick(recv, in_ms(LONG_ENOUGH));
	assert_in_range(number, words[0], words[0] + 1);
	while (number < next)
		expect(recv, ++number);
	expect_none(recv);
	close_ends(&(struct ends) { send, recv });
}

static void death_of_a_sleeping_receiver(void **state)
{
	struct ipcx_channel *recv, *send;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		recv = open_receiver();
		words[0] = 1;
		pick(recv, IPCX_FOREVER);
		fail();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	stop(pid);
	recv = open_receiver();
	send = open_sender(getpid());
	give(send, 1);
	expect(recv, 1);
	close_ends(&(struct ends) { send, recv });
}

static void what_the_dead_had_taken_comes_again(void **state)
{
	struct ipcx_channel *recv = open_receiver(), *send;
	struct ipcx_loan loan;
	pid_t pid = start();

	(void)state;
	if (!pid) {
		struct ipcx_channel *own = open_receiver();

		words[0] = 1;
		assert_int_equal(ipcx_channel_acquire(own, &loan), 0);
		assert_int_equal(loan.flags, 0);
		words[1] = 1;
		pause();
	}
	assert_soon(words[0]);
	send = open_sender(pid);
	give(send, 1);
	assert_soon(words[1]);
	stop(pid);
	assert_int_equal(ipcx_channel_acquire_timed(recv, &loan,
						    in_ms(LONG_ENOUGH)), 0);
	assert_int_equal(check(loan.data, loan.len), 1);
	assert_int_equal(loan.flags, IPCX_MSG_REDELIVERED);
	assert_int_equal(ipcx_channel_release(recv, &loan), 0);
	close_ends(&(struct ends) { send, recv });
}

const struct conformance_case peer_cases[] = {
	CASE(one_sends_to_one, .without = LOSSY),
	CASE(many_send_to_one, .sends = IPCX_CHANNEL_MANY_SENDERS,
	     .without = LOSSY),
	CASE(many_send_to_many, .sends = IPCX_CHANNEL_MANY_SENDERS,
	     .receives = IPCX_CHANNEL_MANY_RECEIVERS, .without = LOSSY),
	CASE(each_receives_all, .receives = IPCX_CHANNEL_BROADCAST),
	CASE(sender_is_vouched_for, .receives = IPCX_CHANNEL_CREDENTIALS),
	CASE(end_of_senders_is_told, .receives = IPCX_CHANNEL_PEER_GONE),
	CASE(sleeping_receiver_is_told_the_end,
	     .receives = IPCX_CHANNEL_PEER_GONE),
	CASE(leaving_is_told, .sends = IPCX_CHANNEL_PEER_GONE,
	     .without = ITSELF),
	CASE(end_of_receivers_is_told, .sends = IPCX_CHANNEL_PEER_GONE,
	     .without = BLIND),
	CASE(sleeping_sender_is_told_the_end, .sends = IPCX_CHANNEL_PEER_GONE,
	     .without = LOSSY),
	CASE(death_of_a_sender_loses_nothing, .without = LOSSY),
	CASE(death_of_a_sleeping_sender, .without = LOSSY,
	     .quirks = REJOINS),
	CASE(death_of_a_receiver_loses_nothing, .without = LOSSY,
	     .quirks = RESUMES, .sends = IPCX_CHANNEL_SURVIVES),
	CASE(death_of_a_sleeping_receiver),
	CASE(what_the_dead_had_taken_comes_again,
	     .receives = IPCX_CHANNEL_REDELIVERS |
			 IPCX_CHANNEL_MANY_RECEIVERS),
	{ NULL }
};
