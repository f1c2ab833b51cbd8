// SPDX-License-Identifier: GPL-2.0-only
/* The words of the ring: packing, and tickets that wrap. */
#include "plain_ring.h"

#define TICKETS	(1ULL << IPCX_TICKET_BITS)

static void word_packs_and_unpacks(void **state)
{
	static const uint64_t tickets[] = { 0, 1, 12345, TICKETS / 2, TICKETS - 1 };
	static const uint32_t owners[] = {
		IPCX_OWNER_NONE, IPCX_OWNER_KERNEL, IPCX_OWNER_FIRST,
		IPCX_OWNER_LAST,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tickets) / sizeof(*tickets); i++)
		for (size_t j = 0; j < sizeof(owners) / sizeof(*owners); j++)
			for (int k = IPCX_FREE; k <= IPCX_RETURNED; k++) {
				__u64 word = ipcx_word(tickets[i], owners[j], k);

				assert_int_equal(ipcx_ticket(word), tickets[i]);
				assert_int_equal(ipcx_owner(word), owners[j]);
				assert_int_equal(ipcx_state(word), k);
			}
}

static void word_fields_have_all_bits(void **state)
{
	(void)state;
	assert_int_equal(IPCX_STATE_BITS + IPCX_OWNER_BITS + IPCX_TICKET_BITS,
			 64);
	assert_true(ipcx_word(TICKETS - 1, IPCX_OWNER_LAST, IPCX_STATE_MASK) ==
		    ~0ULL);
}

static void ticket_add_wraps(void **state)
{
	(void)state;
	assert_int_equal(ipcx_ticket_add(5, 3), 8);
	assert_int_equal(ipcx_ticket_add(TICKETS - 1, 1), 0);
	assert_int_equal(ipcx_ticket_add(TICKETS - 1, 17), 16);
	assert_int_equal(ipcx_ticket_add(2, -4ULL), TICKETS - 2);
}

static void ticket_diff_is_signed_across_the_wrap(void **state)
{
	(void)state;
	assert_true(ipcx_ticket_diff(7, 7) == 0);
	assert_true(ipcx_ticket_diff(9, 7) == 2);
	assert_true(ipcx_ticket_diff(7, 9) == -2);
	assert_true(ipcx_ticket_diff(1, TICKETS - 1) == 2);
	assert_true(ipcx_ticket_diff(TICKETS - 1, 1) == -2);
	assert_true(ipcx_ticket_diff(TICKETS / 2 - 1, 0) ==
		    (int64_t)(TICKETS / 2 - 1));
	assert_true(ipcx_ticket_diff(TICKETS / 2, 0) == -(int64_t)(TICKETS / 2));
}

static void layout_is_the_abi(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct ipcx_slot), 16);
	assert_int_equal(sizeof(struct ipcx_lane), 256);
	assert_int_equal(offsetof(struct ipcx_lane, head), 128);
	assert_int_equal(IPCX_RING_LANES, 128);
	assert_int_equal(offsetof(struct ipcx_kpage, count), 128);
	assert_int_equal(offsetof(struct ipcx_kpage, ret_epoch), 144);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(word_packs_and_unpacks),
		cmocka_unit_test(word_fields_have_all_bits),
		cmocka_unit_test(ticket_add_wraps),
		cmocka_unit_test(ticket_diff_is_signed_across_the_wrap),
		cmocka_unit_test(layout_is_the_abi),
	};

	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
