// SPDX-License-Identifier: GPL-2.0-only
/* SEND and RECV: what arrives, in which order, when, and from whom. */
#include "guest.h"

#include <sched.h>

#define SLOTS		4
#define SLOT_SIZE	64

static int small_queue(uint32_t flags)
{
	int fd = queue(NULL, .slots = SLOTS, .slot_size = SLOT_SIZE,
		       .flags = flags);

	assert_true(fd >= 0);
	return fd;
}

static void test_stat(void **state)
{
	int fd = queue("stat", .slots = 8, .slot_size = 100, .lanes = 3,
		       .flags = IPCX_QUEUE_HANGUP, .mode = 0620);
	struct ipcx_stat st = object_stat(fd);
	struct ipcx_stat expected = {
		.size = st.size, .id = st.id, .kind = IPCX_KIND_QUEUE,
		.create_flags = IPCX_QUEUE_HANGUP, .mode = 0620,
		/* What cannot be mapped gives no right to. */
		.rights = IPCX_RIGHTS_QUEUE & ~IPCX_RIGHT_MAP,
		.bytes = st.bytes, .users = 1, .slots = 8, .slot_size = 100,
		.lanes = 3, .name = "stat", .made_ns = st.made_ns,
	};

	(void)state;
	assert_true(st.made_ns != 0);
	assert_memory_equal(&st, &expected, sizeof(st));
	assert_true(st.bytes >= 3 * 8 * 100);

	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(send_u32(fd, 2, IPCX_NO_WAIT), 1);
	expect_u32(fd, 1);
	st = object_stat(fd);
	expected.sent = 2;
	expected.received = 1;
	expected.depth = 1;
	expected.recent_count = 2;
	expected.recent_bytes = 2 * sizeof(uint32_t);
	assert_memory_equal(&st, &expected, sizeof(st));
	close(fd);
}

static void test_order_over_many_rounds(void **state)
{
	int fd = small_queue(0);

	(void)state;
	for (uint32_t i = 0; i < 100 * SLOTS; i += 3) {
		for (uint32_t j = 0; j < 3; j++)
			assert_int_equal(send_u32(fd, i + j, IPCX_NO_WAIT), 1);
		for (uint32_t j = 0; j < 3; j++)
			expect_u32(fd, i + j);
	}
	expect_empty(fd);
	close(fd);
}

static void test_payload_of_every_length(void **state)
{
	int fd = small_queue(0);
	uint8_t sent[SLOT_SIZE], received[SLOT_SIZE];
	struct ipcx_msg msg;

	(void)state;
	for (uint32_t len = 0; len <= SLOT_SIZE; len++) {
		memset(sent, (int)len, sizeof(sent));
		memset(received, POISON, sizeof(received));
		assert_int_equal(send_msg(fd, 0, sent, len, IPCX_NO_WAIT), 1);
		assert_int_equal(recv_msg(fd, received, SLOT_SIZE, &msg, 0), 1);
		assert_int_equal(msg.len, len);
		assert_memory_equal(received, sent, len);
		/* Nothing of the slot beyond the message. */
		for (uint32_t i = len; i < SLOT_SIZE; i++)
			assert_int_equal(received[i], POISON);
	}
	close(fd);
}

/* Nothing is read or written there, wherever it is. */
static void test_empty_messages_anywhere(void **state)
{
	void *const anywhere[] = {
		NULL, (void *)0x1000, (void *)0xffff888000000000, (void *)-1L,
	};
	int fd = small_queue(0);
	struct ipcx_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(anywhere); i++) {
		assert_int_equal(send_msg(fd, 0, anywhere[i], 0, 0), 1);
		assert_int_equal(recv_msg(fd, anywhere[i], SLOT_SIZE, &msg, 0), 1);
		assert_int_equal(msg.len, 0);
	}
	close(fd);
}

static void test_smallest_and_odd_geometry(void **state)
{
	static const struct shape shapes[] = {
		{ .slots = 1, .slot_size = 1, .lanes = 1 },
		{ .slots = 1, .slot_size = 4, .lanes = 32 },
		{ .slots = 2, .slot_size = 48, .lanes = 1 },
		{ .slots = 2, .slot_size = 49, .lanes = 3 },
		{ .slots = 2, .slot_size = 70001, .lanes = 2 },
	};
	static uint8_t sent[70001], received[70001];
	struct ipcx_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *shape = &shapes[i];
		int fd = queue_create(NULL, shape);

		assert_true(fd >= 0);
		for (uint32_t n = 0; n < shape->slots * shape->lanes; n++) {
			memset(sent, (int)n, shape->slot_size);
			assert_int_equal(send_msg(fd, n / shape->slots, sent,
						  shape->slot_size, 0), 1);
		}
		for (uint32_t lane = shape->lanes; lane-- > 0; )
			for (uint32_t n = 0; n < shape->slots; n++) {
				assert_int_equal(recv_msg(fd, received,
							  shape->slot_size,
							  &msg, 0), 1);
				assert_int_equal(msg.lane, lane);
				memset(sent, (int)(lane * shape->slots + n),
				       shape->slot_size);
				assert_memory_equal(received, sent,
						    shape->slot_size);
			}
		close(fd);
	}
}

static void test_higher_lanes_first(void **state)
{
	static const uint32_t lanes[] = { 1, 0, 3, 2, 3, 0 };
	static const uint32_t order[] = { 2, 4, 3, 0, 1, 5 };
	int fd = queue(NULL, .slots = SLOTS, .lanes = 4);
	struct ipcx_msg msg;
	uint8_t buf[SLOT_SIZE];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(lanes); i++)
		assert_int_equal(send_msg(fd, lanes[i], &i, sizeof(i), 0), 1);
	for (uint32_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, 0), 1);
		assert_int_equal(buf[0], order[i]);
		assert_int_equal(msg.lane, lanes[order[i]]);
	}
	expect_empty(fd);
	close(fd);
}

static void test_lanes_fill_apart(void **state)
{
	int fd = queue(NULL, .slots = 1, .lanes = 2);
	uint32_t value = 0;

	(void)state;
	assert_int_equal(send_msg(fd, 0, &value, 4, IPCX_NO_WAIT), 1);
	assert_int_equal(send_msg(fd, 0, &value, 4, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, 0), -EAGAIN);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 1, 0), 0);
	assert_int_equal(send_msg(fd, 1, &value, 4, IPCX_NO_WAIT), 1);
	assert_int_equal(send_msg(fd, 2, &value, 4, IPCX_NO_WAIT), -EINVAL);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 2, 0), -EINVAL);
	close(fd);
}

static void test_tickets_and_sender(void **state)
{
	int fd = queue(NULL, .slots = 2, .lanes = 2);
	uint8_t buf[SLOT_SIZE];
	struct ipcx_msg msg;

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		for (uint32_t lane = 0; lane < 2; lane++) {
			assert_int_equal(send_msg(fd, lane, "x", 1, 0), 1);
			assert_int_equal(recv_msg(fd, buf, SLOT_SIZE, &msg, 0), 1);
			assert_int_equal(msg.ticket, i);
			assert_int_equal(msg.lane, lane);
			assert_int_equal(msg.sender, IPCX_OWNER_KERNEL);
			assert_int_equal(msg.flags, IPCX_MSG_STAMPED);
			assert_int_equal(msg.pad, 0);
		}
	close(fd);
}

static void test_full_and_empty(void **state)
{
	int fd = small_queue(0);
	struct ipcx_stat before, after;

	(void)state;
	expect_empty(fd);
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, 0), -EAGAIN);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);

	before = object_stat(fd);
	assert_int_equal(send_u32(fd, 9, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, 0), -EAGAIN);
	after = object_stat(fd);
	assert_memory_equal(&before, &after, sizeof(before));

	for (uint32_t i = 0; i < SLOTS; i++)
		expect_u32(fd, i);
	expect_empty(fd);
	close(fd);
}

static void test_deadlines(void **state)
{
	int fd = small_queue(0);
	uint64_t deadline = in_ms(SHORT);
	uint32_t value = 0;

	(void)state;
	assert_int_equal(recv_u32(fd, &value, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);
	deadline = in_ms(SHORT);
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);
	/* A deadline long past is no IPCX_NO_WAIT. */
	assert_int_equal(recv_u32(fd, &value, 1), -ETIMEDOUT);

	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, 1), 1);
	deadline = in_ms(SHORT);
	assert_int_equal(send_u32(fd, 9, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);
	deadline = in_ms(SHORT);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);

	/* What is there comes, whatever the deadline. */
	assert_int_equal(recv_u32(fd, &value, 1), 1);
	assert_int_equal(recv_u32(fd, &value, IPCX_FOREVER), 1);
	assert_int_equal(recv_u32(fd, &value, UINT64_MAX - 1), 1);
	assert_int_equal(send_u32(fd, 1, IPCX_FOREVER), 1);
	close(fd);
}

static void test_nonblocking_descriptor(void **state)
{
	int fd = small_queue(0);
	uint32_t value;

	(void)state;
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(recv_u32(fd, &value, IPCX_FOREVER), -EAGAIN);
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, IPCX_FOREVER), -EAGAIN);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_FOREVER), 1);
	assert_int_equal(send_u32(fd, 9, IPCX_FOREVER), -EAGAIN);
	close(fd);
}

static void test_room_must_be_the_slot_size(void **state)
{
	int fd = small_queue(0);
	uint8_t buf[SLOT_SIZE];
	struct ipcx_stat before, after;
	struct ipcx_msg msg;

	(void)state;
	assert_int_equal(send_u32(fd, 7, IPCX_NO_WAIT), 1);
	before = object_stat(fd);
	/* Even where this message would fit. */
	assert_int_equal(recv_msg(fd, buf, SLOT_SIZE - 1, &msg, 0), -EMSGSIZE);
	assert_int_equal(recv_msg(fd, buf, 0, &msg, 0), -EMSGSIZE);
	after = object_stat(fd);
	assert_memory_equal(&before, &after, sizeof(before));
	expect_u32(fd, 7);
	close(fd);
}

static void test_stamps(void **state)
{
	int fd = small_queue(0);
	uint8_t buf[SLOT_SIZE];
	struct ipcx_msg msg;
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		become(SOMEBODY, NOBODY);
		assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
		child_done();
	}
	child_ok(pid);
	/* The sender is long gone. */
	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, 0), 1);
	assert_int_equal(msg.flags, IPCX_MSG_STAMPED);
	assert_int_equal(msg.pid, pid);
	assert_int_equal(msg.uid, SOMEBODY);
	assert_int_equal(msg.gid, NOBODY);
	close(fd);
}

static void test_stamps_across_namespaces(void **state)
{
	int fd = small_queue(0);
	pid_t pid;

	(void)state;
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		pid_t inner;

		assert_int_equal(unshare(CLONE_NEWPID | CLONE_NEWUSER), 0);
		inner = child_fork();
		if (!inner) {
			uint8_t buf[SLOT_SIZE];
			struct ipcx_msg msg;

			assert_int_equal(recv_msg(fd, buf, SLOT_SIZE, &msg, 0), 1);
			assert_int_equal(msg.flags, IPCX_MSG_STAMPED);
			assert_int_equal(msg.pid, 0);
			/* No mapping is set up: the overflow ids. */
			assert_int_equal(msg.uid, NOBODY);
			assert_int_equal(msg.gid, NOBODY);
			child_done();
		}
		child_ok(inner);
		child_done();
	}
	child_ok(pid);
	close(fd);
}

static void test_drop_oldest(void **state)
{
	int fd = small_queue(IPCX_QUEUE_DROP_OLDEST);
	struct ipcx_stat st;

	(void)state;
	for (uint32_t i = 0; i < SLOTS + 3; i++) {
		assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, 0), 0);
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	}
	st = object_stat(fd);
	assert_int_equal(st.dropped, 3);
	assert_int_equal(st.depth, SLOTS);
	assert_int_equal(st.sent, SLOTS + 3);
	assert_int_equal(st.received, 0);
	for (uint32_t i = 3; i < SLOTS + 3; i++)
		expect_u32(fd, i);
	expect_empty(fd);
	st = object_stat(fd);
	assert_int_equal(st.received, SLOTS);
	assert_int_equal(st.depth, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_order_over_many_rounds),
		cmocka_unit_test(test_payload_of_every_length),
		cmocka_unit_test(test_empty_messages_anywhere),
		cmocka_unit_test(test_smallest_and_odd_geometry),
		cmocka_unit_test(test_higher_lanes_first),
		cmocka_unit_test(test_lanes_fill_apart),
		cmocka_unit_test(test_tickets_and_sender),
		cmocka_unit_test(test_full_and_empty),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_nonblocking_descriptor),
		cmocka_unit_test(test_room_must_be_the_slot_size),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_stamps_across_namespaces),
		cmocka_unit_test(test_drop_oldest),
	};

	return guest_run(tests);
}
