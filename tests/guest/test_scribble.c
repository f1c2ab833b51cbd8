// SPDX-License-Identifier: GPL-2.0-only
/*
 * A peer that writes garbage all over the ring. It may spoil the messages and
 * the counters of this queue; but every call of everybody else returns by its
 * deadline with an error that is documented, the kernel stays in its memory,
 * and the queue and the module go as ever.
 */
#include "scribble.h"

#define SLOTS		8
#define LANES		3
#define SLOT_SIZE	64
#define CALL_MS		20		/* deadline of the calls under test */
#define SCRIBBLE_MS	1500		/* how long each kind of garbage lasts */

static int ring_queue(void)
{
	int fd = queue("scribble", .slots = SLOTS, .lanes = LANES,
		       .slot_size = SLOT_SIZE, .flags = IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

static pid_t start_scribbler(int fd, scribble_fn *scribble, uint64_t seed,
			     _Atomic uint32_t *stop)
{
	pid_t pid = child_fork();

	if (!pid) {
		struct mapped m;

		mapped_open(&m, fd);
		while (!*stop)
			scribble(&m, &seed);
		child_done();
	}
	return pid;
}

static void assert_documented(int rc, int done)
{
	if (rc != done && rc != -ETIMEDOUT && rc != -EBADMSG)
		fail_msg("returned %d", rc);
}

/* One round of every call, each of which must come back in time. */
static void call_everything(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	uint8_t buf[SLOT_SIZE + 8];
	struct ipcx_msg msg;
	uint64_t start = now_ns();
	int rc;

	for (uint32_t lane = 0; lane < LANES; lane++)
		assert_documented(send_msg(fd, lane, "garbage", 7,
					   in_ms(CALL_MS)), 1);
	memset(buf, POISON, sizeof(buf));
	rc = recv_msg(fd, buf, SLOT_SIZE, &msg, in_ms(CALL_MS));
	assert_documented(rc, 1);
	if (rc == 1) {
		assert_in_range(msg.len, 0, SLOT_SIZE);
		assert_in_range(msg.lane, 0, LANES - 1);
		assert_in_range(msg.sender, 0, IPCX_OWNER_LAST);
		assert_int_equal(msg.flags & ~(IPCX_MSG_REDELIVERED |
					       IPCX_MSG_STAMPED), 0);
	}
	for (size_t i = SLOT_SIZE; i < sizeof(buf); i++)
		assert_int_equal(buf[i], POISON);
	assert_documented(queue_wait(fd, IPCX_DIR_RECV, 0, in_ms(CALL_MS)), 0);
	assert_documented(queue_wait(fd, IPCX_DIR_SEND, 1, in_ms(CALL_MS)), 0);
	assert_in_range(poll(&p, 1, CALL_MS), 0, 1);
	object_stat(fd);
	assert_true(now_ns() - start < LONG_ENOUGH * 1000000ULL);
}

static pid_t start_victim(int fd, _Atomic uint32_t *stop,
			  _Atomic uint32_t *rounds)
{
	pid_t pid = child_fork();

	if (!pid) {
		while (!*stop) {
			call_everything(fd);
			++*rounds;
		}
		child_done();
	}
	return pid;
}

static void test_calls_return_whatever_stands_in_the_ring(void **state)
{
	_Atomic uint32_t *words = shared_words();

	(void)state;
	for (size_t i = 0; i < SCRIBBLES; i++) {
		uint64_t until = in_ms(SCRIBBLE_MS);
		int fd = ring_queue();
		pid_t scribbler, victim[2];

		words[0] = words[1] = words[2] = 0;
		scribbler = start_scribbler(fd, scribbles[i], 88172645463325252 + i,
					    &words[0]);
		victim[0] = start_victim(fd, &words[0], &words[1]);
		victim[1] = start_victim(fd, &words[0], &words[2]);
		assert_soon(now_ns() > until && words[1] > 3 && words[2] > 3);
		words[0] = 1;
		child_ok(victim[0]);
		child_ok(victim[1]);
		child_ok(scribbler);
		assert_int_equal(object_stat(fd).waiting_recv, 0);
		assert_int_equal(object_stat(fd).waiting_send, 0);
		assert_int_equal(object_unlink("scribble"), 0);
		close(fd);
	}
	shared_free(words);
}

/* Dying scribblers, whose claims the repair looks for in their own garbage. */
static void test_repair_in_garbage(void **state)
{
	_Atomic uint32_t *stop = shared_words();
	int fd = ring_queue();

	(void)state;
	for (uint64_t round = 0; round < 20; round++) {
		pid_t pid = start_scribbler(fd, scribbles[round % SCRIBBLES],
					    round + 1, stop);

		assert_soon(object_stat(fd).attachments == 1);
		call_everything(fd);
		child_kill(pid);
		call_everything(fd);
		assert_soon(!object_stat(fd).attachments &&
			    !object_stat(fd).repairing);
	}
	close(fd);
	shared_free(stop);
}

/* Sleepers can be lied to, but they can always be killed. */
static void test_sleepers_can_be_killed(void **state)
{
	_Atomic uint32_t *stop = shared_words();

	(void)state;
	for (size_t i = 0; i < SCRIBBLES; i++) {
		int fd = ring_queue();
		pid_t scribbler = start_scribbler(fd, scribbles[i], 7 + i, stop);
		pid_t receiver = child_fork();
		pid_t sender;

		if (!receiver) {
			uint8_t buf[SLOT_SIZE];
			struct ipcx_msg msg;

			for (;;)
				recv_msg(fd, buf, SLOT_SIZE, &msg, IPCX_FOREVER);
		}
		sender = child_fork();
		if (!sender)
			for (;;)
				send_msg(fd, 0, "x", 1, IPCX_FOREVER);
		call_everything(fd);
		child_kill(receiver);
		child_kill(sender);
		child_kill(scribbler);
		close(fd);
	}
	shared_free(stop);
}

/* A ring of nothing but one value, left as it is: no call may spin for ever. */
static void test_frozen_garbage(void **state)
{
	static const uint64_t values[] = {
		0, ~0ULL, 0x5a5a5a5a5a5a5a5a, IPCX_WRITING, IPCX_READY,
		IPCX_READING, IPCX_ABORTED, IPCX_RETURNED, 6, 7,
		(uint64_t)IPCX_OWNER_KERNEL << IPCX_STATE_BITS | IPCX_READING,
		1ULL << 63 | IPCX_READY, 1ULL << 63 | IPCX_FREE,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		int fd = ring_queue();
		uint64_t *words;
		struct mapped m;

		mapped_open(&m, fd);
		words = (uint64_t *)m.ring;
		for (size_t n = 0; n < m.kpage->ring_bytes / 8; n++)
			words[n] = values[i];
		call_everything(fd);
		call_everything(fd);
		mapped_close(&m);
		close(fd);
	}
}

/* Another queue of the same module has nothing to do with it. */
static void test_neighbours_are_safe(void **state)
{
	_Atomic uint32_t *stop = shared_words();
	int fd = ring_queue();
	int other = queue(NULL, .slots = SLOTS);
	pid_t pid = start_scribbler(fd, scribbles[0], 99, stop);
	uint32_t value = 0;

	(void)state;
	assert_soon(object_stat(fd).attachments == 1);
	for (uint32_t i = 0; i < 500; i++) {
		assert_int_equal(send_u32(other, i, IPCX_NO_WAIT), 1);
		assert_int_equal(recv_u32(other, &value, IPCX_NO_WAIT), 1);
		assert_int_equal(value, i);
	}
	assert_int_equal(object_stat(other).corrupt, 0);
	*stop = 1;
	child_ok(pid);
	close(other);
	close(fd);
	shared_free(stop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_return_whatever_stands_in_the_ring),
		cmocka_unit_test(test_repair_in_garbage),
		cmocka_unit_test(test_sleepers_can_be_killed),
		cmocka_unit_test(test_frozen_garbage),
		cmocka_unit_test(test_neighbours_are_safe),
	};

	return guest_run(tests);
}
