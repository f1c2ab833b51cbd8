// SPDX-License-Identifier: GPL-2.0-only
/* IPCX_RECV_PEEK: a look at the next message, which stays where it is. */
#include "mapped.h"
#include "riders.h"

#define SLOT_SIZE	64

static int peek(int fd, void *buf, uint32_t room, struct ipcx_msg *msg,
		uint64_t deadline)
{
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .flags = IPCX_RECV_PEEK,
		.msgs = (uintptr_t)msg, .count = 1, .msg_size = sizeof(*msg),
		.deadline_ns = deadline,
	};
	uint64_t start = now_ns();
	int rc;

	*msg = (struct ipcx_msg) { .buf = (uintptr_t)buf, .len = room };
	rc = call(fd, IPCX_IOC_RECV, &arg);
	if (rc == 1)
		assert_woken(start, deadline);
	return rc;
}

static int peek_u32(int fd, uint32_t *value, struct ipcx_msg *msg)
{
	uint32_t buf[SLOT_SIZE / sizeof(*value)];
	int rc = peek(fd, buf, sizeof(buf), msg, IPCX_NO_WAIT);

	if (rc == 1) {
		assert_int_equal(msg->len, sizeof(*value));
		*value = *buf;
	}
	return rc;
}

/* Peeks twice, and then receives: all three tell the same. */
static void expect_peeked(int fd, uint32_t expected)
{
	uint8_t buf[SLOT_SIZE];
	struct ipcx_msg first, second, received;
	struct ipcx_stat before = object_stat(fd), after;
	uint32_t value = ~expected;

	assert_int_equal(peek_u32(fd, &value, &first), 1);
	assert_int_equal(value, expected);
	value = ~expected;
	assert_int_equal(peek_u32(fd, &value, &second), 1);
	assert_int_equal(value, expected);
	second.buf = first.buf;
	assert_memory_equal(&first, &second, sizeof(first));
	after = object_stat(fd);
	assert_memory_equal(&before, &after, sizeof(before));

	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &received, 0), 1);
	assert_memory_equal(buf, &expected, sizeof(expected));
	received.buf = first.buf;
	assert_memory_equal(&first, &received, sizeof(first));
}

static void test_tells_what_recv_gives(void **state)
{
	int fd = queue(NULL, .slot_size = SLOT_SIZE);
	struct ipcx_msg msg;
	uint32_t value;

	(void)state;
	assert_int_equal(peek_u32(fd, &value, &msg), -EAGAIN);
	/* More than a round of the ring. */
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
		expect_peeked(fd, i);
		assert_int_equal(peek_u32(fd, &value, &msg), -EAGAIN);
	}
	assert_int_equal(send_u32(fd, 11, IPCX_NO_WAIT), 1);
	assert_int_equal(send_u32(fd, 12, IPCX_NO_WAIT), 1);
	expect_peeked(fd, 11);
	expect_peeked(fd, 12);
	close(fd);
}

static void test_highest_lane_first(void **state)
{
	int fd = queue(NULL, .lanes = 3, .slot_size = SLOT_SIZE);

	(void)state;
	for (uint32_t lane = 0; lane < 3; lane++)
		assert_int_equal(send_msg(fd, lane, &lane, sizeof(lane), 0), 1);
	for (uint32_t lane = 3; lane-- > 0; )
		expect_peeked(fd, lane);
	close(fd);
}

static void test_returned_message_first(void **state)
{
	int fd = queue(NULL, .slot_size = SLOT_SIZE,
		       .flags = IPCX_QUEUE_MAPPABLE);
	_Atomic uint32_t *reading = shared_words();
	pid_t pid;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		struct mapped m;
		bool redelivered;

		mapped_open(&m, fd);
		mapped_claim_recv(&m, &redelivered);
		mapped_claim_recv(&m, &redelivered);
		*reading = 1;
		pause();
	}
	assert_soon(*reading);
	expect_peeked(fd, 2);
	child_kill(pid);
	assert_int_equal(poll_long(fd, POLLIN), POLLIN);
	assert_int_equal(send_u32(fd, 3, IPCX_NO_WAIT), 1);
	expect_peeked(fd, 0);
	expect_peeked(fd, 1);
	expect_peeked(fd, 3);
	shared_free(reading);
	close(fd);
}

static void test_over_claims_of_others(void **state)
{
	int fd = queue(NULL, .slot_size = SLOT_SIZE,
		       .flags = IPCX_QUEUE_MAPPABLE);
	struct ipcx_msg msg;
	struct mapped m;
	uint32_t value;
	uint64_t t, u;

	(void)state;
	mapped_open(&m, fd);
	t = mapped_claim_send(&m);
	u = mapped_claim_send(&m);
	mapped_commit(&m, u, 2);
	/* Unfinished: what comes after it waits. */
	assert_int_equal(peek_u32(fd, &value, &msg), -EAGAIN);
	mapped_abort(&m, t);
	assert_int_equal(peek_u32(fd, &value, &msg), 1);
	assert_int_equal(value, 2);
	assert_int_equal(msg.sender, m.me);
	assert_int_equal(msg.flags, 0);
	expect_u32(fd, 2);
	mapped_close(&m);
	close(fd);
}

static void test_riders_stay(void **state)
{
	int q = riding_queue(0), r = marked_region(4);
	struct ipcx_msg msg;
	struct got got;
	uint32_t value;

	(void)state;
	assert_int_equal(send_riders(q, 9, &r, 1), 1);
	assert_int_equal(peek_u32(q, &value, &msg), 1);
	assert_int_equal(msg.flags, IPCX_MSG_STAMPED | IPCX_MSG_FDS);
	assert_int_equal(msg.fd_count, 0);
	assert_int_equal(recv_riders(q, &got, 1, 9), 1);
	expect_mark(got.fds[0], 4);
	close(got.fds[0]);
	close(r);
	close(q);
}

static void test_refused(void **state)
{
	int fd = queue("q", .slot_size = SLOT_SIZE);
	int sender = object_reopen(fd, IPCX_RIGHT_SEND);
	struct ipcx_msg msgs[2] = { 0 };
	struct ipcx_transfer two = {
		.size = sizeof(two), .flags = IPCX_RECV_PEEK,
		.msgs = (uintptr_t)msgs, .count = 2, .msg_size = sizeof(*msgs),
	};
	uint8_t buf[SLOT_SIZE];

	(void)state;
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(call(fd, IPCX_IOC_RECV, &two), -EINVAL);
	assert_int_equal(peek(sender, buf, SLOT_SIZE, msgs, 0), -EACCES);
	assert_int_equal(peek(fd, buf, SLOT_SIZE - 1, msgs, 0), -EMSGSIZE);
	assert_int_equal(peek(fd, (void *)0x1000, SLOT_SIZE, msgs, 0), -EFAULT);
	assert_int_equal(peek(fd, buf, SLOT_SIZE, msgs, 0), 1);
	close(sender);
	expect_u32(fd, 1);
	close(fd);
}

static void test_deadline(void **state)
{
	int fd = queue(NULL, .slot_size = SLOT_SIZE);
	uint64_t deadline = in_ms(SHORT);
	uint8_t buf[SLOT_SIZE];
	struct ipcx_msg msg;

	(void)state;
	assert_int_equal(peek(fd, buf, SLOT_SIZE, &msg, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);
	close(fd);
}

static void test_waits_for_a_message(void **state)
{
	int fd = queue(NULL, .slot_size = SLOT_SIZE);
	pid_t pid = child_fork();
	uint32_t buf[SLOT_SIZE / 4];
	struct ipcx_msg msg;

	(void)state;
	if (!pid) {
		assert_int_equal(peek(fd, buf, SLOT_SIZE, &msg,
				      in_ms(LONG_ENOUGH)), 1);
		assert_int_equal(*buf, 5);
		child_done();
	}
	assert_soon(object_stat(fd).waiting_recv == 1);
	assert_int_equal(send_u32(fd, 5, IPCX_NO_WAIT), 1);
	child_ok(pid);
	expect_u32(fd, 5);
	close(fd);
}

static void test_end(void **state)
{
	int fd = queue("q", .slot_size = SLOT_SIZE, .flags = IPCX_QUEUE_HANGUP,
		       .rights = IPCX_RIGHT_RECV | IPCX_RIGHT_ADMIN);
	int sender = object_open("q", IPCX_KIND_QUEUE, IPCX_RIGHT_SEND);
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .flags = IPCX_UNLINK_SHUTDOWN,
		.name = (uintptr_t)"q", .name_len = 1,
	};
	struct ipcx_msg msg;
	uint32_t value;

	(void)state;
	assert_int_equal(send_u32(sender, 1, IPCX_NO_WAIT), 1);
	close(sender);
	expect_peeked(fd, 1);
	assert_int_equal(peek_u32(fd, &value, &msg), -EPIPE);
	assert_int_equal(call(ctl, IPCX_IOC_UNLINK, &arg), 0);
	assert_int_equal(peek_u32(fd, &value, &msg), -EIDRM);
	close(fd);
}

/* What cannot be told apart is told whole, while others send and receive. */
#define LARGE	2048

static void send_for_ever(int fd)
{
	uint32_t buf[LARGE / 4];

	for (uint32_t n = 1; ; n++) {
		for (size_t i = 0; i < ARRAY_SIZE(buf); i++)
			buf[i] = n;
		assert_int_equal(send_msg(fd, 0, buf, LARGE, IPCX_FOREVER), 1);
	}
}

/*
 * Into memory that is there: RECV gives back what it cannot copy out at once, and
 * takes it again, so that meanwhile the next message can be seen before it.
 */
static void recv_for_ever(int fd)
{
	uint8_t buf[LARGE] = { 0 };
	struct ipcx_msg msg = { 0 };

	for (;;)
		assert_int_equal(recv_msg(fd, buf, LARGE, &msg, IPCX_FOREVER), 1);
}

static void test_whole_while_others_work(void **state)
{
	int fd = queue(NULL, .slots = 2, .slot_size = LARGE);
	uint64_t end = in_ms(1500), looks = 0, last = 0;
	uint32_t buf[LARGE / 4];
	struct ipcx_msg msg;
	pid_t sender, receiver;

	(void)state;
	sender = child_fork();
	if (!sender)
		send_for_ever(fd);
	receiver = child_fork();
	if (!receiver)
		recv_for_ever(fd);
	while (now_ns() < end || looks < 10) {
		assert_int_equal(peek(fd, buf, LARGE, &msg, in_ms(LONG_ENOUGH)),
				 1);
		assert_int_equal(msg.ticket + 1, *buf);
		for (size_t i = 1; i < ARRAY_SIZE(buf); i++)
			assert_int_equal(buf[i], *buf);
		assert_true(msg.ticket >= last);
		last = msg.ticket;
		looks++;
	}
	assert_true(last > 10);
	child_kill(sender);
	child_kill(receiver);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tells_what_recv_gives),
		cmocka_unit_test(test_highest_lane_first),
		cmocka_unit_test(test_returned_message_first),
		cmocka_unit_test(test_over_claims_of_others),
		cmocka_unit_test(test_riders_stay),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_waits_for_a_message),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_whole_while_others_work),
	};

	return guest_run(tests);
}
