// SPDX-License-Identifier: GPL-2.0-only
/* Both ends in one process: messages, sizes, priorities, loans. */
#include "conformance.h"

static void bits_are_as_promised(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	assert_int_equal(ipcx_channel_caps(ends.send), row->caps | row->send_caps);
	assert_int_equal(ipcx_channel_caps(ends.recv), row->caps | row->recv_caps);
	assert_int_equal(ipcx_channel_size(ends.send), row->size);
	assert_int_equal(ipcx_channel_size(ends.recv), row->size);
	assert_int_equal(ipcx_channel_priorities(ends.send), row->priorities);
	assert_int_equal(ipcx_channel_priorities(ends.recv), row->priorities);
	close_ends(&ends);
}

static void order_is_kept(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	for (uint32_t i = 0; i < 4 * BURST; i += BURST) {
		for (uint32_t j = i; j < i + BURST; j++)
			give(ends.send, j);
		for (uint32_t j = i; j < i + BURST; j++)
			expect(ends.recv, j);
	}
	expect_none(ends.recv);
	close_ends(&ends);
}

static void boundaries_are_kept(void **state)
{
	struct ends ends = open_ends();
	size_t sizes[BURST];
	char buf[LARGEST];

	(void)state;
	srand(1);
	for (int i = 0; i < 8; i++) {
		for (int j = 0; j < BURST; j++) {
			sizes[j] = rand() % (row->size + 1);
			assert_int_equal(post(ends.send, j, sizes[j], 0,
					     in_ms(LONG_ENOUGH)), 0);
		}
		for (int j = 0; j < BURST; j++) {
			memset(buf, 0xee, sizeof(buf));
			assert_int_equal(ipcx_channel_recv(ends.recv, buf,
							   sizeof(buf), NULL),
					 sizes[j]);
			check(buf, sizes[j]);
			assert_int_equal((uint8_t)buf[row->size], 0xee);
		}
	}
	close_ends(&ends);
}

static void sizes_have_limits(void **state)
{
	const size_t sizes[] = { 0, 1, row->size - 1, row->size };
	struct ends ends = open_ends();
	char buf[LARGEST] = "";

	(void)state;
	assert_int_equal(ipcx_channel_send(ends.send, buf, row->size + 1, 0),
			 -EMSGSIZE);
	assert_int_equal(ipcx_channel_send_try(ends.send, buf, SIZE_MAX, 0),
			 -EMSGSIZE);
	expect_none(ends.recv);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(post(ends.send, 0, sizes[i], 0,
				     in_ms(LONG_ENOUGH)), 0);
		assert_int_equal(ipcx_channel_recv(ends.recv, buf, row->size,
						   NULL), sizes[i]);
	}
	close_ends(&ends);
}

static void small_buffer_takes_nothing(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel_msg msg, before;
	char buf[LARGEST];

	(void)state;
	memset(&msg, 0x5a, sizeof(msg));
	before = msg;
	give(ends.send, 1);
	assert_int_equal(ipcx_channel_recv(ends.recv, buf, row->size - 1, &msg),
			 -EMSGSIZE);
	assert_int_equal(ipcx_channel_recv_try(ends.recv, buf, 0, &msg),
			 -EMSGSIZE);
	assert_memory_equal(&msg, &before, sizeof(msg));
	expect(ends.recv, 1);
	close_ends(&ends);
}

static void each_end_does_its_own(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loan = { .data = POISON };
	struct ipcx_channel_msg msg;
	char buf[LARGEST];

	(void)state;
	assert_int_equal(ipcx_channel_send(ends.recv, "x", 1, 0), -EBADF);
	assert_int_equal(ipcx_channel_recv(ends.send, buf, sizeof(buf), NULL),
			 -EBADF);
	assert_int_equal(ipcx_channel_reserve(ends.recv, 0, &loan), -EBADF);
	assert_int_equal(ipcx_channel_commit(ends.recv, &loan, 1), -EBADF);
	assert_int_equal(ipcx_channel_abort(ends.recv, &loan), -EBADF);
	assert_int_equal(ipcx_channel_acquire(ends.send, &loan), -EBADF);
	assert_int_equal(ipcx_channel_release(ends.send, &loan), -EBADF);
	assert_int_equal(ipcx_channel_send_fds(ends.recv, "x", 1, 0, NULL, 0),
			 -EBADF);
	assert_int_equal(ipcx_channel_recv_fds(ends.send, buf, sizeof(buf), &msg,
					       NULL, 0), -EBADF);
	assert_ptr_equal(loan.data, POISON);
	close_ends(&ends);
}

static void other_rights_are_none(void **state)
{
	static const uint32_t wrong[] = {
		0, IPCX_RIGHT_SEND | IPCX_RIGHT_RECV, IPCX_RIGHT_MAP, 1U << 31,
	};
	struct ipcx_channel *channel = POISON;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(ipcx_channel_open_try(uri_for(IPCX_RIGHT_RECV,
							       getpid()),
						       wrong[i], &channel),
				 -EINVAL);
	assert_ptr_equal(channel, POISON);
	ipcx_channel_close(NULL);
}

static void priorities_have_a_limit(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loan = { .data = POISON };

	(void)state;
	assert_int_equal(ipcx_channel_send(ends.send, "x", 1, row->priorities),
			 -EINVAL);
	assert_int_equal(ipcx_channel_send_try(ends.send, "x", 1, UINT32_MAX),
			 -EINVAL);
	assert_int_equal(ipcx_channel_reserve(ends.send, row->priorities, &loan),
			 -EINVAL);
	assert_int_equal(ipcx_channel_send_fds(ends.send, "x", 1,
					       row->priorities, NULL, 0),
			 -EINVAL);
	assert_ptr_equal(loan.data, POISON);
	expect_none(ends.recv);
	close_ends(&ends);
}

static void expect_priority(struct ipcx_channel *channel, uint32_t priority,
			    uint32_t number)
{
	struct ipcx_channel_msg msg;
	char buf[LARGEST];
	ssize_t len;

	memset(&msg, 0x5a, sizeof(msg));
	len = ipcx_channel_recv_timed(channel, buf, sizeof(buf), &msg,
				      in_ms(LONG_ENOUGH));
	assert_int_equal(len, row->size);
	assert_int_equal(check(buf, len), number);
	assert_int_equal(msg.priority, priority);
	assert_int_equal(msg.flags, 0);
	assert_int_equal(msg.fds, 0);
	assert_int_equal(msg.missed, 0);
}

static void highest_priority_comes_first(void **state)
{
	struct ends ends = open_ends();
	uint32_t highest = row->priorities - 1;

	(void)state;
	assert_int_equal(post(ends.send, 1, row->size, 0, IPCX_NO_WAIT), 0);
	assert_int_equal(post(ends.send, 2, row->size, highest, IPCX_NO_WAIT), 0);
	assert_int_equal(post(ends.send, 3, row->size, 1, IPCX_NO_WAIT), 0);
	assert_int_equal(post(ends.send, 4, row->size, highest, IPCX_NO_WAIT), 0);
	expect_priority(ends.recv, highest, 2);
	expect_priority(ends.recv, highest, 4);
	expect_priority(ends.recv, 1, 3);
	expect_priority(ends.recv, 0, 1);
	expect_none(ends.recv);
	close_ends(&ends);
}

static void reserve(struct ipcx_channel *channel, struct ipcx_loan *loan)
{
	memset(loan, 0x5a, sizeof(*loan));
	assert_int_equal(ipcx_channel_reserve(channel, 0, loan), 0);
	assert_non_null(loan->data);
	assert_int_equal(loan->len, row->size);
}

/* Written in any order, received in that of the reservations or commits. */
static void loans_are_sent(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loans[2];

	(void)state;
	reserve(ends.send, &loans[0]);
	fill_in(loans[0].data, 1, row->size);
	expect_none(ends.recv);
	assert_int_equal(ipcx_channel_commit(ends.send, &loans[0], row->size), 0);
	assert_int_equal(ipcx_channel_reserve_try(ends.send, 0, &loans[0]), 0);
	assert_int_equal(ipcx_channel_reserve_timed(ends.send, 0, &loans[1],
						    in_ms(LONG_ENOUGH)), 0);
	fill_in(loans[0].data, 2, 5);
	fill_in(loans[1].data, 3, row->size);
	assert_int_equal(ipcx_channel_commit(ends.send, &loans[0],
					     row->size + 1), -EMSGSIZE);
	assert_int_equal(ipcx_channel_commit_try(ends.send, &loans[0], 5), 0);
	assert_int_equal(ipcx_channel_commit_timed(ends.send, &loans[1],
						   row->size,
						   in_ms(LONG_ENOUGH)), 0);
	assert_int_equal(ipcx_channel_commit(ends.send, &loans[1], 1), -EINVAL);
	for (uint32_t i = 1; i <= 3; i++)
		expect(ends.recv, i);
	close_ends(&ends);
}

static void loans_are_given_back_unsent(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loan;

	(void)state;
	for (int i = 0; i < 4 * BURST; i++) {
		reserve(ends.send, &loan);
		assert_int_equal(ipcx_channel_abort(ends.send, &loan), 0);
		assert_int_equal(ipcx_channel_abort(ends.send, &loan), -EINVAL);
	}
	expect_none(ends.recv);
	give(ends.send, 1);
	expect(ends.recv, 1);
	reserve(ends.send, &loan);
	close_ends(&ends);
	/* With the handle goes what is the channel's own. */
	if (!(row->caps & IPCX_CHANNEL_ZERO_COPY))
		free(loan.data);
}

static void messages_are_read_where_they_lie(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loans[2], none = { .data = POISON };

	(void)state;
	assert_int_equal(ipcx_channel_acquire_try(ends.recv, &none), -EAGAIN);
	assert_late(ipcx_channel_acquire_timed(ends.recv, &none, deadline));
	assert_ptr_equal(none.data, POISON);
	give(ends.send, 1);
	assert_int_equal(post(ends.send, 2, 5, 0, in_ms(LONG_ENOUGH)), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(ipcx_channel_acquire(ends.recv, &loans[i]), 0);
		assert_int_equal(loans[i].len, i ? 5 : row->size);
		assert_int_equal(loans[i].lane, 0);
		assert_int_equal(loans[i].flags, 0);
		assert_int_equal(check(loans[i].data, loans[i].len), i + 1);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipcx_channel_release(ends.recv, &loans[i]), 0);
		assert_int_equal(ipcx_channel_release(ends.recv, &loans[i]),
				 -EINVAL);
	}
	expect_none(ends.recv);
	close_ends(&ends);
}

static void loans_have_priorities(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_loan loan;

	(void)state;
	give(ends.send, 1);
	assert_int_equal(ipcx_channel_reserve(ends.send, row->priorities - 1,
					      &loan), 0);
	fill_in(loan.data, 2, row->size);
	assert_int_equal(ipcx_channel_commit(ends.send, &loan, row->size), 0);
	assert_int_equal(ipcx_channel_acquire(ends.recv, &loan), 0);
	assert_int_equal(loan.lane, row->priorities - 1);
	assert_int_equal(check(loan.data, loan.len), 2);
	assert_int_equal(ipcx_channel_release(ends.recv, &loan), 0);
	expect(ends.recv, 1);
	close_ends(&ends);
}

#define SENDER_UNKNOWN	(IPCX_CHANNEL_CREDENTIALS | IPCX_CHANNEL_BROADCAST)

static void sender_is_not_made_up(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel_msg msg;
	char buf[LARGEST];

	(void)state;
	give(ends.send, 1);
	memset(&msg, 0x5a, sizeof(msg));
	assert_int_equal(ipcx_channel_recv(ends.recv, buf, sizeof(buf), &msg),
			 row->size);
	assert_int_equal(msg.pid, 0);
	assert_int_equal(msg.uid, UINT32_MAX);
	assert_int_equal(msg.gid, UINT32_MAX);
	close_ends(&ends);
}

const struct conformance_case message_cases[] = {
	CASE(bits_are_as_promised),
	CASE(order_is_kept),
	CASE(boundaries_are_kept),
	CASE(sizes_have_limits),
	CASE(small_buffer_takes_nothing),
	CASE(each_end_does_its_own),
	CASE(other_rights_are_none),
	CASE(priorities_have_a_limit),
	CASE(highest_priority_comes_first,
	     .sends = IPCX_CHANNEL_PRIORITIES),
	CASE(loans_are_sent),
	CASE(loans_are_given_back_unsent),
	CASE(messages_are_read_where_they_lie),
	CASE(loans_have_priorities, .sends = IPCX_CHANNEL_PRIORITIES),
	CASE(sender_is_not_made_up, .lacks = SENDER_UNKNOWN),
	{ NULL }
};
