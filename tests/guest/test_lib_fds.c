// SPDX-License-Identifier: GPL-2.0-only
/* The library: descriptors that ride along, and looks without taking. */
#include <sys/resource.h>

#include "lib.h"
#include "riders.h"

static const uint32_t number = 77;

static int put_fds(struct ipcx_queue *q, const int *fds, uint32_t count)
{
	return ipcx_queue_send_fds_try(q, &number, sizeof(number), 0, fds,
				       count);
}

static ssize_t get_fds(struct ipcx_queue *q, struct ipcx_msg *msg, int *fds,
		       uint32_t room)
{
	uint8_t buf[SLOT_SIZE];
	ssize_t rc;

	memset(msg, POISON, sizeof(*msg));
	rc = ipcx_queue_recv_fds_try(q, buf, sizeof(buf), msg, fds, room);
	if (rc < 0)
		return rc;
	assert_int_equal(rc, sizeof(number));
	assert_memory_equal(buf, &number, sizeof(number));
	return msg->fd_count;
}

static uint32_t flags_of(const struct ipcx_msg *msg)
{
	return msg->flags & ~IPCX_MSG_STAMPED;
}

static void test_fds_arrive(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	int r[2] = { marked_region(1), marked_region(2) }, got[4];
	struct ipcx_msg msg;

	assert_int_equal(put_fds(q, r, 2), 0);
	assert_int_equal(get_fds(q, &msg, got, 4), 2);
	assert_int_equal(flags_of(&msg), IPCX_MSG_FDS);
	assert_int_equal(msg.sender, IPCX_OWNER_KERNEL);
	for (int i = 0; i < 2; i++) {
		expect_mark(got[i], 1 + i);
		assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
		close(got[i]);
		close(r[i]);
	}
	assert_int_equal(put_fds(q, NULL, 0), 0);
	assert_int_equal(get_fds(q, &msg, got, 4), 0);
	assert_int_equal(flags_of(&msg), 0);
	ipcx_queue_close(q);
}

static void test_room_for_fewer(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	int r[3] = { marked_region(1), marked_region(2), marked_region(3) };
	int got[3], files = open_fds();
	struct ipcx_msg msg;

	for (uint32_t room = 0; room < 3; room++) {
		assert_int_equal(put_fds(q, r, 3), 0);
		assert_int_equal(get_fds(q, &msg, got, room), room);
		assert_int_equal(flags_of(&msg),
				 IPCX_MSG_FDS | IPCX_MSG_FDS_LOST);
		assert_int_equal(open_fds(), files + room);
		for (uint32_t i = 0; i < room; i++) {
			expect_mark(got[i], 1 + i);
			close(got[i]);
		}
	}
	/* Who does not ask for them is told. */
	assert_int_equal(put_fds(q, r, 3), 0);
	assert_int_equal(get(q, &msg, IPCX_NO_WAIT), number);
	assert_int_equal(flags_of(&msg), IPCX_MSG_FDS | IPCX_MSG_FDS_LOST);
	assert_int_equal(open_fds(), files);
	for (int i = 0; i < 3; i++)
		close(r[i]);
	ipcx_queue_close(q);
}

static void test_no_descriptor_left(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	int r = marked_region(1), got;
	struct rlimit limit, none;
	struct ipcx_msg msg;
	ssize_t rc;

	assert_int_equal(put_fds(q, &r, 1), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 3, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = get_fds(q, &msg, &got, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (path_of(state) == MAPPED) {
		assert_int_equal(rc, 0);
		assert_int_equal(flags_of(&msg),
				 IPCX_MSG_FDS | IPCX_MSG_FDS_LOST);
	} else {
		assert_int_equal(rc, -EMFILE);
		assert_int_equal(get_fds(q, &msg, &got, 1), 1);
		expect_mark(got, 1);
		close(got);
	}
	close(r);
	ipcx_queue_close(q);
}

static void test_bad_fds(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	int wrong[IPCX_FDS_MAX + 1] = { -1 };
	struct ipcx_msg msg;
	int got;

	assert_int_equal(put_fds(q, wrong, 1), -EBADF);
	wrong[0] = ipcx_queue_fd(q);
	assert_int_equal(put_fds(q, wrong, 1), -EPROTOTYPE);
	assert_int_equal(put_fds(q, wrong, IPCX_FDS_MAX + 1), -E2BIG);
	assert_int_equal(get_fds(q, &msg, &got, 1), -EAGAIN);
	ipcx_queue_close(q);
}

static void test_batch(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	int r = marked_region(1), got[2] = { -1, -1 };
	uint8_t buf[2][SLOT_SIZE];
	struct ipcx_msg msgs[2] = {
		{ .buf = (uintptr_t)&number, .len = sizeof(number) },
		{ .buf = (uintptr_t)&number, .len = sizeof(number),
		  .fds = (uintptr_t)&r, .fd_count = 1 },
	};

	assert_int_equal(ipcx_queue_send_batch_try(q, msgs, 2), 2);
	for (int i = 0; i < 2; i++)
		msgs[i] = (struct ipcx_msg) {
			.buf = (uintptr_t)buf[i], .len = SLOT_SIZE,
			.fds = (uintptr_t)&got[i], .fd_count = 1,
		};
	assert_int_equal(ipcx_queue_recv_batch_try(q, msgs, 2), 2);
	assert_int_equal(msgs[0].fd_count, 0);
	assert_int_equal(msgs[1].fd_count, 1);
	assert_int_equal(got[0], -1);
	expect_mark(got[1], 1);
	close(got[1]);
	close(r);
	ipcx_queue_close(q);
}

static void test_loan(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	int r[2] = { marked_region(1), marked_region(2) }, got[2];
	struct ipcx_loan loan;

	(void)state;
	assert_int_equal(put_fds(q, r, 2), 0);
	assert_int_equal(put(q, 5, IPCX_NO_WAIT), 5);
	assert_int_equal(ipcx_queue_acquire_try(q, &loan), 0);
	assert_int_equal(loan.flags, IPCX_MSG_FDS);
	assert_int_equal(loan.sender, IPCX_OWNER_KERNEL);
	assert_int_equal(ipcx_queue_loan_fds(q, &loan, got, 1), -EMSGSIZE);
	assert_int_equal(ipcx_queue_loan_fds(q, &loan, got, 2), 2);
	assert_int_equal(ipcx_queue_loan_fds(q, &loan, got, 2), 0);
	for (int i = 0; i < 2; i++) {
		expect_mark(got[i], 1 + i);
		close(got[i]);
		close(r[i]);
	}
	assert_int_equal(ipcx_queue_release(q, &loan), 0);
	assert_int_equal(ipcx_queue_loan_fds(q, &loan, got, 2), -EINVAL);
	assert_int_equal(ipcx_queue_acquire_try(q, &loan), 0);
	assert_int_equal(loan.flags, 0);
	assert_int_equal(ipcx_queue_loan_fds(q, &loan, got, 2), 0);
	assert_int_equal(ipcx_queue_release(q, &loan), 0);
	ipcx_queue_close(q);
}

static int64_t look(struct ipcx_queue *q, struct ipcx_msg *msg, uint64_t deadline)
{
	uint32_t buf[SLOT_SIZE / sizeof(uint32_t)];
	ssize_t rc = ipcx_queue_peek_timed(q, buf, sizeof(buf), msg, deadline);

	if (rc < 0)
		return rc;
	assert_int_equal(rc, sizeof(*buf));
	return *buf;
}

static void test_peek(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 2);
	struct ipcx_msg first, second;
	uint8_t small[SLOT_SIZE - 1];
	uint32_t high = 9;
	int r = marked_region(1);

	assert_int_equal(look(q, &first, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(look(q, &first, ipcx_deadline_after(1000000)),
			 -ETIMEDOUT);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
		assert_int_equal(look(q, &first, IPCX_FOREVER), i);
		assert_int_equal(look(q, NULL, IPCX_FOREVER), i);
		assert_int_equal(get(q, &second, IPCX_NO_WAIT), i);
		second.buf = first.buf;
		assert_memory_equal(&first, &second, sizeof(first));
	}
	assert_int_equal(put(q, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(ipcx_queue_send_fds_try(q, &high, sizeof(high), 1, &r,
						 1), 0);
	assert_int_equal(look(q, &first, IPCX_NO_WAIT), high);
	assert_int_equal(flags_of(&first), IPCX_MSG_FDS);
	assert_int_equal(first.lane, 1);
	assert_int_equal(ipcx_queue_peek_try(q, small, sizeof(small), NULL),
			 -EMSGSIZE);
	close(r);
	ipcx_queue_close(q);
}

static void test_peek_needs_the_right(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), IPCX_RIGHT_SEND, 0, 1);
	struct ipcx_queue *other = open_q(path_of(state), BOTH);

	assert_int_equal(put(q, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(look(q, NULL, IPCX_NO_WAIT), -EACCES);
	assert_int_equal(look(other, NULL, IPCX_NO_WAIT), 1);
	ipcx_queue_close(other);
	ipcx_queue_close(q);
}

static void test_peek_at_the_end(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), IPCX_RIGHT_RECV,
					IPCX_QUEUE_HANGUP, 1);
	struct ipcx_queue *sender = open_q(path_of(state), IPCX_RIGHT_SEND);

	assert_int_equal(put(sender, 1, IPCX_NO_WAIT), 1);
	ipcx_queue_close(sender);
	assert_int_equal(look(q, NULL, IPCX_FOREVER), 1);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 1);
	assert_int_equal(look(q, NULL, IPCX_FOREVER), -EPIPE);
	assert_int_equal(look(q, NULL, IPCX_NO_WAIT), -EPIPE);
	assert_int_equal(ipcx_shutdown("q", IPCX_KIND_QUEUE), 0);
	assert_int_equal(look(q, NULL, IPCX_FOREVER), -EIDRM);
	ipcx_queue_close(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_PATHS(test_fds_arrive),
		ON_BOTH_PATHS(test_room_for_fewer),
		ON_BOTH_PATHS(test_no_descriptor_left),
		ON_BOTH_PATHS(test_bad_fds),
		ON_BOTH_PATHS(test_batch),
		cmocka_unit_test_setup_teardown(test_loan, NULL, forget_q),
		ON_BOTH_PATHS(test_peek),
		ON_BOTH_PATHS(test_peek_needs_the_right),
		ON_BOTH_PATHS(test_peek_at_the_end),
	};

	return guest_run(tests);
}
