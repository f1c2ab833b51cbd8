// SPDX-License-Identifier: GPL-2.0-only
/* The slot protocol, one step after the other. */
#include <errno.h>
#include <string.h>

#include "plain_ring.h"

/* Four slots of 16 bytes, one lane, unless a test asks otherwise. */
static const struct geometry SMALL = {
	.lanes = 1, .slots = 4, .slot_size = 16, .first_ticket = 100,
};

static struct plain_ring plain;

static void setup_as(const struct geometry *geometry)
{
	plain_ring_init(&plain, geometry);
}

static int teardown(void **state)
{
	(void)state;
	plain_ring_destroy(&plain);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	setup_as(&SMALL);
	return 0;
}

/* For a test that wants another ring than the one of setup(). */
static void replace(struct geometry geometry)
{
	plain_ring_destroy(&plain);
	setup_as(&geometry);
}

static __u64 word_of(uint64_t ticket)
{
	return plain_slot(&plain, 0, ticket)->word;
}

static void set_word(uint64_t ticket, uint32_t owner, int state)
{
	plain_slot(&plain, 0, ticket)->word = ipcx_word(ticket, owner, state);
}

static struct ipcx_lane *lane0(void)
{
	return &plain.ring.lane[0];
}

static struct ipcx_loan claim_to_send(uint32_t me)
{
	struct ipcx_loan loan;

	assert_int_equal(ring_claim_send(&plain.ring, me, 0, &loan), 0);
	return loan;
}

static struct ipcx_loan claim_to_recv(uint32_t me)
{
	struct ipcx_loan loan;

	assert_int_equal(ring_claim_recv(&plain.ring, me, &loan), 0);
	return loan;
}

static void messages_come_in_order(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(put(&plain, ME, 0, i), i);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(get(&plain, PEER), i);
	assert_int_equal(get(&plain, PEER), -EAGAIN);
}

static void loan_tells_the_message(void **state)
{
	struct ipcx_loan loan = claim_to_send(ME);

	(void)state;
	assert_int_equal(loan.len, 16);
	assert_int_equal(loan.lane, 0);
	assert_int_equal(loan.ticket, 100);
	assert_ptr_equal(loan.data, plain_slot(&plain, 0, 100) + 1);
	assert_int_equal((uintptr_t)loan.data % 16, 0);
	assert_true(word_of(100) == ipcx_word(100, ME, IPCX_WRITING));

	memcpy(loan.data, "seven b", 7);
	assert_int_equal(ring_commit(&plain.ring, ME, &loan, 7), 0);
	assert_true(word_of(100) == ipcx_word(100, ME, IPCX_READY));

	loan = claim_to_recv(PEER);
	assert_int_equal(loan.len, 7);
	assert_int_equal(loan.flags, 0);
	assert_int_equal(loan.sender, ME);
	assert_int_equal(loan.ticket, 100);
	assert_memory_equal(loan.data, "seven b", 7);
	assert_true(word_of(100) == ipcx_word(100, PEER, IPCX_READING));

	assert_int_equal(ring_release(&plain.ring, PEER, &loan), 0);
	assert_true(word_of(100) == ipcx_word(104, IPCX_OWNER_NONE, IPCX_FREE));
}

static void full_and_empty_at_every_size(void **state)
{
	(void)state;
	for (uint32_t slots = 1; slots <= 8; slots *= 2) {
		struct geometry geometry = SMALL;

		geometry.slots = slots;
		replace(geometry);
		for (int lap = 0; lap < 3; lap++) {
			for (uint32_t i = 0; i < slots; i++)
				assert_int_equal(put(&plain, ME, 0, i), i);
			assert_int_equal(put(&plain, ME, 0, 0), -EAGAIN);
			for (uint32_t i = 0; i < slots; i++)
				assert_int_equal(get(&plain, PEER), i);
			assert_int_equal(get(&plain, PEER), -EAGAIN);
		}
	}
}

static void full_while_a_slot_is_read(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		put(&plain, ME, 0, i);
	loan = claim_to_recv(PEER);
	assert_int_equal(put(&plain, ME, 0, 4), -EAGAIN);
	assert_int_equal(ring_release(&plain.ring, PEER, &loan), 0);
	assert_int_equal(put(&plain, ME, 0, 4), 4);
}

static void unfinished_message_holds_up_the_next(void **state)
{
	struct ipcx_loan first = claim_to_send(ME);

	(void)state;
	put(&plain, PEER, 0, 2);
	assert_int_equal(get(&plain, PEER), -EAGAIN);
	memcpy(first.data, &(uint32_t){ 1 }, 4);
	assert_int_equal(ring_commit(&plain.ring, ME, &first, 4), 0);
	assert_int_equal(get(&plain, PEER), 1);
	assert_int_equal(get(&plain, PEER), 2);
}

static void tickets_wrap(void **state)
{
	struct geometry geometry = SMALL;

	(void)state;
	geometry.first_ticket = IPCX_TICKET_MASK - 5;
	replace(geometry);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(put(&plain, ME, 0, 2 * i), 2 * i);
		assert_int_equal(put(&plain, ME, 0, 2 * i + 1), 2 * i + 1);
		assert_int_equal(get(&plain, PEER), 2 * i);
		assert_int_equal(get(&plain, PEER), 2 * i + 1);
	}
	assert_int_equal(lane0()->head, 34);
	assert_int_equal(lane0()->tail, 34);
}

static void higher_lanes_come_first(void **state)
{
	struct geometry geometry = SMALL;

	(void)state;
	geometry.lanes = 3;
	replace(geometry);
	put(&plain, ME, 0, 1);
	put(&plain, ME, 2, 2);
	put(&plain, ME, 1, 3);
	put(&plain, ME, 2, 4);
	assert_int_equal(get(&plain, PEER), 2);
	assert_int_equal(get(&plain, PEER), 4);
	assert_int_equal(get(&plain, PEER), 3);
	assert_int_equal(get(&plain, PEER), 1);
}

static void full_lane_leaves_the_others(void **state)
{
	struct geometry geometry = SMALL;
	struct ipcx_loan loan;

	(void)state;
	geometry.lanes = 2;
	geometry.slots = 1;
	replace(geometry);
	assert_int_equal(put(&plain, ME, 0, 1), 1);
	assert_int_equal(put(&plain, ME, 0, 2), -EAGAIN);
	assert_int_equal(put(&plain, ME, 1, 3), 3);
	assert_int_equal(ring_claim_recv(&plain.ring, PEER, &loan), 0);
	assert_int_equal(loan.lane, 1);
}

static void receiver_skips_what_was_aborted(void **state)
{
	struct ipcx_loan loan = claim_to_send(ME);

	(void)state;
	put(&plain, ME, 0, 2);
	assert_int_equal(ring_abort(&plain.ring, ME, &loan), 0);
	plain.kpage.count[IPCX_DIR_SEND] = 1;
	assert_int_equal(get(&plain, PEER), 2);
	assert_int_equal(lane0()->aborted, 1);
	assert_int_equal(lane0()->skipped, 1);
	/* One for the slot skipped, one for the slot released. */
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 2);
	assert_true(word_of(100) == ipcx_word(104, IPCX_OWNER_NONE, IPCX_FREE));
}

static void sender_frees_what_was_aborted(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	for (int i = 0; i < 4; i++) {
		loan = claim_to_send(ME);
		assert_int_equal(ring_abort(&plain.ring, ME, &loan), 0);
	}
	/* Nobody receives: the ring is full of aborted slots. */
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(put(&plain, ME, 0, i), i);
	assert_int_equal(lane0()->skipped, 4);
	assert_int_equal(lane0()->head, 104);
	assert_int_equal(get(&plain, PEER), 0);
}

static void drop_oldest_keeps_the_newest(void **state)
{
	struct geometry geometry = SMALL;

	(void)state;
	geometry.flags = IPCX_QUEUE_DROP_OLDEST;
	replace(geometry);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(put(&plain, ME, 0, i), i);
	assert_int_equal(lane0()->dropped, 3);
	for (uint32_t i = 3; i < 7; i++)
		assert_int_equal(get(&plain, PEER), i);
	assert_int_equal(get(&plain, PEER), -EAGAIN);
}

/* Each message dropped counts for the lane and for who dropped it. */
static void drops_are_counted_by_who_drops(void **state)
{
	struct geometry geometry = SMALL;
	const __u64 *drops;

	(void)state;
	geometry.flags = IPCX_QUEUE_DROP_OLDEST;
	geometry.lanes = 2;
	replace(geometry);
	drops = (__u64 *)((char *)plain.ring.shared + plain.kpage.drops_offset);
	for (uint32_t lane = 0; lane < 2; lane++) {
		for (uint32_t i = 0; i < geometry.slots; i++)
			put(&plain, ME, lane, i);
		for (uint32_t i = 0; i < 2 + lane; i++)
			put(&plain, PEER, lane, i);
		put(&plain, IPCX_DROPS_COUNT - 1, lane, 0);
	}
	for (uint32_t id = 0; id < IPCX_DROPS_COUNT; id++)
		assert_int_equal(drops[id], id == PEER ? 5 :
				 id == IPCX_DROPS_COUNT - 1 ? 2 : 0);
	assert_int_equal(plain.ring.lane[0].dropped, 3);
	assert_int_equal(plain.ring.lane[1].dropped, 4);
}

/* A module of before has no table. */
static void drops_without_a_table(void **state)
{
	struct geometry geometry = SMALL;

	(void)state;
	geometry.flags = IPCX_QUEUE_DROP_OLDEST;
	replace(geometry);
	plain.ring.drops = NULL;
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(put(&plain, ME, 0, i), i);
	assert_int_equal(lane0()->dropped, 3);
}

static void drop_oldest_waits_for_who_reads_or_writes(void **state)
{
	struct geometry geometry = SMALL;
	struct ipcx_loan loan;

	(void)state;
	geometry.flags = IPCX_QUEUE_DROP_OLDEST;
	geometry.slots = 1;
	replace(geometry);
	loan = claim_to_send(PEER);
	assert_int_equal(put(&plain, ME, 0, 2), -EAGAIN);
	ring_commit(&plain.ring, PEER, &loan, 4);
	loan = claim_to_recv(PEER);
	assert_int_equal(put(&plain, ME, 0, 2), -EAGAIN);
	assert_int_equal(lane0()->dropped, 0);
	plain_ring_repair(&plain, PEER);
	assert_int_equal(put(&plain, ME, 0, 3), 3);
	assert_int_equal(lane0()->dropped, 1);
	assert_int_equal(get(&plain, PEER), 3);
}

static void dead_sender_is_skipped(void **state)
{
	(void)state;
	claim_to_send(PEER);
	put(&plain, ME, 0, 2);
	assert_int_equal(get(&plain, ME), -EAGAIN);
	plain_ring_repair(&plain, PEER);
	assert_int_equal(get(&plain, ME), 2);
	assert_int_equal(lane0()->skipped, 1);
}

static void dead_receiver_gives_back_the_oldest_first(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	/* Off the slots' beginning, so that the oldest is not at index 0. */
	for (uint32_t i = 0; i < 2; i++) {
		put(&plain, ME, 0, i);
		get(&plain, ME);
	}
	for (uint32_t i = 0; i < 4; i++)
		put(&plain, ME, 0, 10 + i);
	for (uint32_t i = 0; i < 3; i++)
		claim_to_recv(PEER);
	plain_ring_repair(&plain, PEER);
	assert_int_equal(plain.kpage.ret_epoch, 3);

	for (uint32_t i = 0; i < 3; i++) {
		loan = claim_to_recv(ME);
		assert_int_equal(*(uint32_t *)loan.data, 10 + i);
		assert_int_equal(loan.flags, IPCX_MSG_REDELIVERED);
		assert_int_equal(loan.ticket, 102 + i);
		assert_int_equal(ring_release(&plain.ring, ME, &loan), 0);
	}
	loan = claim_to_recv(ME);
	assert_int_equal(loan.flags, 0);
	assert_int_equal(*(uint32_t *)loan.data, 13);
	assert_int_equal(plain.ring.shared->ret_done, 3);
}

static void returned_slot_of_any_lane_goes_first(void **state)
{
	struct geometry geometry = SMALL;
	struct ipcx_loan loan;

	(void)state;
	geometry.lanes = 2;
	replace(geometry);
	put(&plain, ME, 0, 1);
	claim_to_recv(PEER);
	plain_ring_repair(&plain, PEER);
	put(&plain, ME, 1, 2);
	loan = claim_to_recv(ME);
	assert_int_equal(loan.flags, IPCX_MSG_REDELIVERED);
	assert_int_equal(loan.lane, 0);
}

/* The first redelivery took one slot and died before it marked the epoch done. */
static void redelivery_survives_the_next_death(void **state)
{
	(void)state;
	put(&plain, ME, 0, 1);
	put(&plain, ME, 0, 2);
	claim_to_recv(PEER);
	claim_to_recv(PEER);
	plain_ring_repair(&plain, PEER);
	claim_to_recv(PEER + 1);
	plain_ring_repair(&plain, PEER + 1);
	assert_int_equal(get(&plain, ME), 1);
	assert_int_equal(get(&plain, ME), 2);
	assert_int_equal(get(&plain, ME), -EAGAIN);
}

/* Whoever claimed died before moving the hint: everybody else moves it. */
static void lagging_tail_is_helped(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		put(&plain, ME, 0, i);
	lane0()->tail = 100;
	assert_int_equal(put(&plain, ME, 0, 3), 3);
	assert_int_equal(lane0()->tail, 104);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(get(&plain, PEER), i);
	/* All FREE(t + 4): now it lags by a lap. */
	lane0()->tail = 100;
	assert_int_equal(put(&plain, ME, 0, 4), 4);
	assert_int_equal(lane0()->tail, 105);
}

static void lagging_head_is_helped(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		put(&plain, ME, 0, i);
	claim_to_recv(PEER);
	lane0()->head = 100;
	assert_int_equal(get(&plain, ME), 1);
	assert_int_equal(lane0()->head, 102);
}

/* Step by step it would never arrive. */
static void head_jumps_over_whole_laps(void **state)
{
	struct geometry geometry = SMALL;

	(void)state;
	geometry.first_ticket = 1ULL << 40;
	replace(geometry);
	put(&plain, ME, 0, 1);
	lane0()->head = 100;
	assert_int_equal(get(&plain, PEER), 1);
	assert_int_equal(lane0()->head, (1ULL << 40) + 1);
}

static void sleepers_are_woken_and_nobody_else(void **state)
{
	struct ipcx_loan loan = claim_to_send(ME);

	(void)state;
	plain.kpage.count[IPCX_DIR_SEND] = 1;
	ring_commit(&plain.ring, ME, &loan, 0);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 0);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 0);

	loan = claim_to_recv(ME);
	ring_release(&plain.ring, ME, &loan);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 0);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 1);

	plain.kpage.count[IPCX_DIR_SEND] = 0;
	plain.kpage.armed[IPCX_DIR_RECV] = 1;
	put(&plain, ME, 0, 1);
	get(&plain, ME);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 1);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 1);

	plain.kpage.armed[IPCX_DIR_SEND] = 1;
	loan = claim_to_send(ME);
	ring_abort(&plain.ring, ME, &loan);
	assert_int_equal(plain.wakes[IPCX_DIR_RECV], 2);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 2);
}

/* A claim cannot be dropped, the message it becomes can. */
static void drop_oldest_wakes_who_waits_for_a_claim(void **state)
{
	struct geometry geometry = SMALL;
	struct ipcx_loan loan;

	(void)state;
	geometry.flags = IPCX_QUEUE_DROP_OLDEST;
	geometry.slots = 1;
	replace(geometry);
	loan = claim_to_send(ME);
	assert_int_equal(put(&plain, PEER, 0, 1), -EAGAIN);
	plain.kpage.count[IPCX_DIR_SEND] = 1;
	assert_int_equal(ring_commit(&plain.ring, ME, &loan, 4), 0);
	assert_int_equal(plain.wakes[IPCX_DIR_SEND], 1);
}

/* The kernel gives back what it could not copy out: nobody has seen it. */
static void given_back_unseen_is_not_marked(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	put(&plain, ME, 0, 1);
	claim_to_recv(PEER);
	set_word(100, IPCX_OWNER_KERNEL, IPCX_RETURNED);
	plain.kpage.ret_epoch++;
	loan = claim_to_recv(ME);
	assert_true(loan.ticket == 100);
	assert_int_equal(loan.flags, 0);
}

static void slot_that_was_taken_away_is_not_published(void **state)
{
	struct ipcx_loan loan = claim_to_send(ME);

	(void)state;
	set_word(100, PEER, IPCX_WRITING);
	assert_int_equal(ring_commit(&plain.ring, ME, &loan, 4), -EBADMSG);
	assert_int_equal(ring_abort(&plain.ring, ME, &loan), -EBADMSG);
	assert_true(word_of(100) == ipcx_word(100, PEER, IPCX_WRITING));
	assert_int_equal(lane0()->aborted, 0);

	set_word(100, PEER, IPCX_READY);
	loan = claim_to_recv(ME);
	assert_int_equal(ring_release(&plain.ring, ME, &loan), 0);
	assert_int_equal(ring_release(&plain.ring, ME, &loan), -EBADMSG);
}

static void length_is_clamped(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	put(&plain, PEER, 0, 1);
	plain_slot(&plain, 0, 100)->len = UINT32_MAX;
	loan = claim_to_recv(ME);
	assert_int_equal(loan.len, 16);
}

static void words_that_cannot_be_are_an_error(void **state)
{
	(void)state;
	/* No such state, at the head and in the tail's way. */
	for (int bad = IPCX_RETURNED + 1; bad <= (int)IPCX_STATE_MASK; bad++) {
		set_word(100, PEER, bad);
		assert_int_equal(get(&plain, ME), -EBADMSG);
		lane0()->tail = 104;
		assert_int_equal(put(&plain, ME, 0, 1), -EBADMSG);
		lane0()->tail = 100;
	}
	/* Older than the lap before; free in the lap before. */
	set_word(100, IPCX_OWNER_NONE, IPCX_FREE);
	lane0()->tail = 104;
	assert_int_equal(put(&plain, ME, 0, 1), -EBADMSG);
	lane0()->tail = 112;
	assert_int_equal(put(&plain, ME, 0, 1), -EBADMSG);
}

/* Any content at all: an answer, soon, and no access outside the ring. */
static void noise_is_survived(void **state)
{
	uint64_t seed = 88172645463325252ULL;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct geometry geometry = SMALL;
		struct ipcx_loan loan;
		__u64 *words;

		geometry.lanes = 1 + round % 3;
		geometry.flags = round % 2 ? IPCX_QUEUE_DROP_OLDEST : 0;
		replace(geometry);
		plain.kpage.ret_epoch = round % 5 == 0;
		words = (__u64 *)plain.ring.shared;
		for (size_t i = 0; i < plain.bytes / sizeof(*words); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			words[i] = seed;
			/* Tickets near each other get further into the code. */
			if (round % 4)
				words[i] &= ipcx_word(7, ~0U, IPCX_STATE_MASK);
		}
		for (int i = 0; i < 8; i++) {
			int ret = i % 2 ? ring_claim_recv(&plain.ring, ME, &loan) :
					  ring_claim_send(&plain.ring, ME, 0, &loan);

			assert_true(ret == 0 || ret == -EAGAIN ||
				    ret == -EBADMSG);
			if (ret)
				continue;
			assert_true(loan.len <= 16);
			memset(loan.data, 0, loan.len);
			if (i % 2)
				assert_int_equal(ring_release(&plain.ring, ME,
							      &loan), 0);
			else
				assert_int_equal(ring_commit(&plain.ring, ME,
							     &loan, 16), 0);
		}
	}
}

static void bad_geometry_is_refused(void **state)
{
	struct ipcx_kpage good = plain.kpage, bad;
	struct ring ring;

	(void)state;
	assert_int_equal(ring_init(&ring, &good, plain.ring.shared,
				   plain.bytes), 0);
#define REFUSED(field, value) do {					\
		bad = good;						\
		bad.field = (value);					\
		assert_int_equal(ring_init(&ring, &bad, plain.ring.shared, \
					   plain.bytes), -EPROTO);	\
	} while (0)
	REFUSED(version, IPCX_RING_VERSION + 1);
	REFUSED(lanes, 0);
	REFUSED(lanes, IPCX_LANES_MAX + 1);
	REFUSED(slots, 0);
	REFUSED(slots, 3);
	REFUSED(slots, 8);
	REFUSED(slots, 1U << 31);
	REFUSED(slot_size, 0);
	REFUSED(slot_size, good.stride);
	REFUSED(slot_size, UINT32_MAX);
	REFUSED(stride, 0);
	REFUSED(stride, good.stride + 8);
	REFUSED(stride, good.stride + 64);
	REFUSED(slots_offset, 0);
	REFUSED(slots_offset, good.slots_offset - 64);
	REFUSED(slots_offset, good.slots_offset + 64);
	REFUSED(slots_offset, -64ULL);
	REFUSED(drops_offset, 8);
	REFUSED(drops_offset, good.slots_offset);
	REFUSED(drops_offset, -8ULL);
	good.slots_offset += IPCX_DROPS_COUNT * sizeof(__u64);
	good.slots = 1;
	good.lanes = 1;
	good.drops_offset = good.slots_offset - IPCX_DROPS_COUNT * sizeof(__u64);
	assert_int_equal(ring_init(&ring, &good, plain.ring.shared,
				   plain.bytes + 8192), 0);
	REFUSED(drops_offset, good.drops_offset + 8);
	REFUSED(drops_offset, good.drops_offset + 4);
	REFUSED(drops_offset, good.drops_offset - 8);
#undef REFUSED
	good = plain.kpage;
	assert_int_equal(ring_init(&ring, &good, plain.ring.shared,
				   plain.bytes - 1), -EPROTO);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RING_TEST(messages_come_in_order),
		RING_TEST(loan_tells_the_message),
		RING_TEST(full_and_empty_at_every_size),
		RING_TEST(full_while_a_slot_is_read),
		RING_TEST(unfinished_message_holds_up_the_next),
		RING_TEST(tickets_wrap),
		RING_TEST(higher_lanes_come_first),
		RING_TEST(full_lane_leaves_the_others),
		RING_TEST(receiver_skips_what_was_aborted),
		RING_TEST(sender_frees_what_was_aborted),
		RING_TEST(drop_oldest_keeps_the_newest),
		RING_TEST(drops_are_counted_by_who_drops),
		RING_TEST(drops_without_a_table),
		RING_TEST(drop_oldest_waits_for_who_reads_or_writes),
		RING_TEST(dead_sender_is_skipped),
		RING_TEST(dead_receiver_gives_back_the_oldest_first),
		RING_TEST(returned_slot_of_any_lane_goes_first),
		RING_TEST(redelivery_survives_the_next_death),
		RING_TEST(lagging_tail_is_helped),
		RING_TEST(lagging_head_is_helped),
		RING_TEST(head_jumps_over_whole_laps),
		RING_TEST(sleepers_are_woken_and_nobody_else),
		RING_TEST(drop_oldest_wakes_who_waits_for_a_claim),
		RING_TEST(given_back_unseen_is_not_marked),
		RING_TEST(slot_that_was_taken_away_is_not_published),
		RING_TEST(length_is_clamped),
		RING_TEST(words_that_cannot_be_are_an_error),
		RING_TEST(noise_is_survived),
		RING_TEST(bad_geometry_is_refused),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
