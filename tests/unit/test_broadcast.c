// SPDX-License-Identifier: GPL-2.0-only
/* The broadcast protocol, one step after the other. */
#include <errno.h>
#include <string.h>

#include "plain_ring.h"

static struct plain_ring plain;
static struct subscriber sub;

static void replace(uint32_t slots, uint64_t first_ticket)
{
	if (plain.ring.shared)
		plain_ring_destroy(&plain);
	plain_ring_init(&plain, &(struct geometry) {
		.lanes = 1, .slots = slots, .slot_size = 16,
		.flags = IPCX_QUEUE_BROADCAST, .first_ticket = first_ticket,
	});
	sub = (struct subscriber) { .cursor = first_ticket };
}

static int setup(void **state)
{
	(void)state;
	replace(4, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	plain_ring_destroy(&plain);
	plain.ring.shared = NULL;
	return 0;
}

static struct ipcx_loan claim(uint32_t me)
{
	struct ipcx_loan loan;

	assert_int_equal(ring_claim_broadcast(&plain.ring, me, &loan), 0);
	return loan;
}

static void finish(uint32_t me, struct ipcx_loan *loan, uint32_t value)
{
	ring_copy_in(loan->data, &value, sizeof(value));
	assert_int_equal(ring_commit(&plain.ring, me, loan, sizeof(value)), 0);
}

static void publish(uint32_t from, uint32_t to)
{
	for (uint32_t value = from; value < to; value++) {
		struct ipcx_loan loan = claim(ME);

		finish(ME, &loan, value);
	}
}

/* The number received, or -errno. */
static int64_t receive(struct subscriber *s, uint64_t *missed)
{
	struct ipcx_loan loan;
	uint32_t value = 0;
	__u64 n = 0;
	int ret = ring_next(&plain.ring, s, &loan);

	if (ret < 0)
		return ret;
	assert_int_equal(loan.len, sizeof(value));
	ring_copy_out(&value, loan.data, sizeof(value));
	assert_true(ring_take(s, &loan, &n));
	*missed = n;
	return value;
}

static void expect(struct subscriber *s, int64_t value, uint64_t missed)
{
	uint64_t n = 0;

	assert_int_equal(receive(s, &n), value);
	assert_int_equal(n, missed);
}

static void word(uint64_t ticket, uint64_t says, uint32_t owner, int state)
{
	plain_slot(&plain, 0, ticket)->word = ipcx_word(says, owner, state);
}

static void all_get_all_in_order(void **state)
{
	struct subscriber other = sub;

	(void)state;
	for (uint32_t lap = 0; lap < 12; lap += 4) {
		publish(lap, lap + 4);
		for (uint32_t i = lap; i < lap + 4; i++) {
			expect(&sub, i, 0);
			expect(&other, i, 0);
		}
		expect(&sub, -EAGAIN, 0);
	}
	assert_int_equal(sub.missed, 0);
}

static void missed_is_exact_at_every_size(void **state)
{
	(void)state;
	for (uint32_t slots = 1; slots <= 8; slots *= 2) {
		uint32_t sent = 0;
		uint64_t total = 0;

		/* Some of it after the tickets wrap. */
		replace(slots, IPCX_TICKET_MASK - 40);
		for (uint32_t ahead = 0; ahead < 3 * slots; ahead++) {
			uint32_t missed = ahead > slots ? ahead - slots : 0;

			publish(sent, sent + ahead);
			for (uint32_t i = missed; i < ahead; i++)
				expect(&sub, sent + i, i == missed ? missed : 0);
			expect(&sub, -EAGAIN, 0);
			sent += ahead;
			total += missed;
		}
		assert_int_equal(sub.missed, total);
	}
}

static void late_joiners_get_what_is_there(void **state)
{
	struct subscriber late;
	struct ipcx_loan loan;

	(void)state;
	ring_subscribe(&plain.ring, &late);
	assert_int_equal(late.cursor, 0);
	publish(0, 3);
	ring_subscribe(&plain.ring, &late);
	expect(&late, 0, 0);
	publish(3, 10);
	ring_subscribe(&plain.ring, &late);
	expect(&late, 6, 0);
	/* A claim that the tail does not tell yet has overwritten the oldest. */
	loan = claim(PEER);
	plain.ring.lane->tail--;
	ring_subscribe(&plain.ring, &late);
	expect(&late, 7, 0);
	finish(PEER, &loan, 10);
	publish(11, 12);
	ring_subscribe(&plain.ring, &late);
	expect(&late, 8, 0);
}

static void aborted_is_passed_over(void **state)
{
	struct ipcx_loan loan = claim(PEER);

	(void)state;
	publish(1, 3);
	expect(&sub, -EAGAIN, 0);
	assert_int_equal(ring_abort(&plain.ring, PEER, &loan), 0);
	expect(&sub, 1, 0);
	expect(&sub, 2, 0);
	/* By death as by will. */
	claim(PEER);
	publish(4, 5);
	plain_ring_repair(&plain, PEER);
	expect(&sub, 4, 0);
	assert_int_equal(sub.missed, 0);
	assert_int_equal(plain.ring.lane->aborted, 2);
}

static void stopped_publisher_is_overtaken(void **state)
{
	struct subscriber late;
	struct ipcx_loan loan = claim(PEER);

	(void)state;
	publish(1, 4);
	expect(&sub, -EAGAIN, 0);
	/* Ticket 4 would come where 0 is written still. */
	publish(5, 6);
	assert_int_equal(plain.ring.lane->skipped, 1);
	assert_int_equal(plain.ring.lane->tail, 6);
	expect(&sub, 2, 2);
	expect(&sub, 3, 0);
	expect(&sub, 5, 1);
	expect(&sub, -EAGAIN, 0);
	finish(PEER, &loan, 0);
	expect(&sub, -EAGAIN, 0);
	ring_subscribe(&plain.ring, &late);
	expect(&late, 2, 0);
	publish(6, 9);
	expect(&sub, 6, 0);
	expect(&sub, 7, 0);
	expect(&sub, 8, 0);
	assert_int_equal(sub.missed, 3);
}

static void full_only_if_all_are_written(void **state)
{
	struct ipcx_loan loans[4], more;

	(void)state;
	for (uint32_t slots = 1; slots <= 4; slots *= 2) {
		replace(slots, 0);
		for (uint32_t i = 0; i < slots; i++)
			loans[i] = claim(PEER);
		assert_int_equal(ring_claim_broadcast(&plain.ring, ME, &more),
				 -EAGAIN);
		finish(PEER, &loans[slots / 2], 7);
		assert_int_equal(ring_claim_broadcast(&plain.ring, ME, &more), 0);
	}
}

static void overwritten_while_it_is_read(void **state)
{
	struct ipcx_loan loan;
	__u64 missed;

	(void)state;
	publish(0, 4);
	assert_int_equal(ring_next(&plain.ring, &sub, &loan), 0);
	assert_true(ring_is_there(&loan));
	claim(PEER);
	assert_false(ring_is_there(&loan));
	assert_false(ring_take(&sub, &loan, &missed));
	expect(&sub, 1, 1);
}

static void one_of_two_threads_takes_it(void **state)
{
	struct ipcx_loan first, second;
	__u64 missed;

	(void)state;
	publish(0, 6);
	assert_int_equal(ring_next(&plain.ring, &sub, &first), 0);
	assert_int_equal(ring_next(&plain.ring, &sub, &second), 0);
	assert_true(ring_take(&sub, &second, &missed));
	assert_int_equal(missed, 2);
	assert_false(ring_take(&sub, &first, &missed));
	expect(&sub, 3, 0);
}

static void both_directions_are_woken(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	publish(0, 1);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 0);
	plain.kpage.count[IPCX_DIR_RECV] = 1;
	plain.kpage.armed[IPCX_DIR_SEND] = 1;
	publish(1, 2);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 1);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 1);
	loan = claim(ME);
	assert_int_equal(ring_abort(&plain.ring, ME, &loan), 0);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 2);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 2);
}

static void copies_of_every_length(void **state)
{
	uint64_t payload[8];
	char from[64], to[64];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = i + 1;
	for (size_t at = 0; at < 8; at++) {
		for (size_t len = 0; len <= sizeof(from) - at; len++) {
			memset(payload, 0x55, sizeof(payload));
			memset(to, 0x55, sizeof(to));
			ring_copy_in(payload, from + at, len);
			ring_copy_out(to + at, payload, len);
			assert_memory_equal(to + at, from + at, len);
			for (size_t i = 0; i < sizeof(to); i++)
				if (i < at || i >= at + len)
					assert_int_equal(to[i], 0x55);
		}
	}
}

/* A subscriber gets through whatever stands there, or is told. */
static void nonsense_is_told(void **state)
{
	static const int states[] = {
		IPCX_READING, IPCX_RETURNED, 6, 7,
	};
	struct ipcx_loan loan;

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		replace(4, 0);
		word(0, 0, PEER, states[i]);
		expect(&sub, -EBADMSG, 0);
		/* Publishers overwrite it in their turn. */
		publish(1, 6);
		expect(&sub, 2, 2);
	}
	/* A ticket that is not of this slot. */
	replace(4, 0);
	word(0, 2, PEER, IPCX_READY);
	expect(&sub, -EBADMSG, 0);

	/* A tail that nothing is behind, and tickets out of the future. */
	replace(4, 0);
	plain.ring.lane->tail = 1ULL << 40;
	expect(&sub, -EAGAIN, 0);
	replace(4, 0);
	word(0, 1ULL << 40, PEER, IPCX_READY);
	expect(&sub, -EAGAIN, 0);
	assert_int_equal(sub.cursor, (1ULL << 40) - 3);
	ring_claim_broadcast(&plain.ring, ME, &loan);

	replace(4, 0);
	plain.ring.lane->tail = UINT64_MAX;
	ring_claim_broadcast(&plain.ring, ME, &loan);
	ring_subscribe(&plain.ring, &sub);
	ring_next(&plain.ring, &sub, &loan);
}

static void lengths_are_clamped(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	publish(0, 1);
	plain_slot(&plain, 0, 0)->len = UINT32_MAX;
	assert_int_equal(ring_next(&plain.ring, &sub, &loan), 0);
	assert_int_equal(loan.len, 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_get_all_in_order),
		TEST(missed_is_exact_at_every_size),
		TEST(late_joiners_get_what_is_there),
		TEST(aborted_is_passed_over),
		TEST(stopped_publisher_is_overtaken),
		TEST(full_only_if_all_are_written),
		TEST(overwritten_while_it_is_read),
		TEST(one_of_two_threads_takes_it),
		TEST(both_directions_are_woken),
		TEST(copies_of_every_length),
		TEST(nonsense_is_told),
		TEST(lengths_are_clamped),
	};

	return cmocka_run_group_tests_name("broadcast", tests, NULL, NULL);
}
