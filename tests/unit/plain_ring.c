// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "plain_ring.h"

static void count_wake(void *arg, unsigned int dirs)
{
	struct plain_ring *plain = arg;

	plain->wakes[IPCX_DIR_RECV] += !!(dirs & IPCX_WAKE_RECV);
	plain->wakes[IPCX_DIR_SEND] += !!(dirs & IPCX_WAKE_SEND);
}

struct ipcx_slot *plain_slot(struct plain_ring *plain, uint32_t lane,
			     uint64_t ticket)
{
	size_t index = (size_t)lane * plain->kpage.slots +
		       ticket % plain->kpage.slots;

	return (void *)((char *)plain->ring.shared + plain->kpage.slots_offset +
			index * plain->kpage.stride);
}

void plain_ring_init(struct plain_ring *plain, const struct geometry *geometry)
{
	uint32_t stride = sizeof(struct ipcx_slot) + geometry->slot_size;
	uint64_t first = geometry->first_ticket;
	void *memory;

	stride = (stride + IPCX_SLOT_ALIGN - 1) & -IPCX_SLOT_ALIGN;
	*plain = (struct plain_ring) {
		.kpage = {
			.version = IPCX_RING_VERSION,
			.queue_flags = geometry->flags,
			.lanes = geometry->lanes,
			.slots = geometry->slots,
			.slot_size = geometry->slot_size,
			.stride = stride,
			.slots_offset = IPCX_RING_LANES + geometry->lanes *
					sizeof(struct ipcx_lane),
		},
	};
	if (geometry->flags & IPCX_QUEUE_DROP_OLDEST) {
		plain->kpage.drops_offset = plain->kpage.slots_offset;
		plain->kpage.slots_offset += IPCX_DROPS_COUNT * sizeof(__u64);
	}
	plain->bytes = plain->kpage.slots_offset +
		       (size_t)geometry->lanes * geometry->slots * stride;
	plain->kpage.ring_bytes = plain->bytes;

	memory = aligned_alloc(IPCX_SLOT_ALIGN, plain->bytes);
	assert_non_null(memory);
	memset(memory, 0, plain->bytes);
	assert_int_equal(ring_init(&plain->ring, &plain->kpage, memory,
				   plain->bytes), 0);
	plain->ring.wake = count_wake;
	plain->ring.wake_arg = plain;

	for (uint32_t lane = 0; lane < geometry->lanes; lane++) {
		plain->ring.lane[lane].head = first;
		plain->ring.lane[lane].tail = first;
		for (uint32_t i = 0; i < geometry->slots; i++) {
			uint64_t ticket = ipcx_ticket_add(first, i);

			plain_slot(plain, lane, ticket)->word =
				ipcx_word(ticket, IPCX_OWNER_NONE, IPCX_FREE);
		}
	}
}

void plain_ring_destroy(struct plain_ring *plain)
{
	free(plain->ring.shared);
}

int64_t put(struct plain_ring *plain, uint32_t me, uint32_t lane,
	    uint32_t value)
{
	struct ipcx_loan loan;
	int ret = ring_claim_send(&plain->ring, me, lane, &loan);

	if (ret < 0)
		return ret;
	memcpy(loan.data, &value, sizeof(value));
	ret = ring_commit(&plain->ring, me, &loan, sizeof(value));
	return ret < 0 ? ret : (int64_t)value;
}

int64_t get(struct plain_ring *plain, uint32_t me)
{
	struct ipcx_loan loan;
	uint32_t value;
	int ret = ring_claim_recv(&plain->ring, me, &loan);

	if (ret < 0)
		return ret;
	memcpy(&value, loan.data, sizeof(value));
	ret = ring_release(&plain->ring, me, &loan);
	return ret < 0 ? ret : (int64_t)value;
}

void plain_ring_repair(struct plain_ring *plain, uint32_t dead)
{
	for (uint32_t i = 0; i < plain->kpage.lanes * plain->kpage.slots; i++) {
		uint32_t lane = i / plain->kpage.slots;
		struct ipcx_slot *slot = plain_slot(plain, lane, i);
		__u64 word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
		__u64 ticket = ipcx_ticket(word);

		if (ipcx_owner(word) != dead)
			continue;
		if (ipcx_state(word) == IPCX_WRITING) {
			word = ipcx_word(ticket, dead, IPCX_ABORTED);
			__atomic_store_n(&slot->word, word, __ATOMIC_SEQ_CST);
			__atomic_fetch_add(&plain->ring.lane[lane].aborted, 1,
					   __ATOMIC_RELAXED);
		} else if (ipcx_state(word) == IPCX_READING) {
			word = ipcx_word(ticket, dead, IPCX_RETURNED);
			__atomic_store_n(&slot->word, word, __ATOMIC_SEQ_CST);
			__atomic_fetch_add(&plain->kpage.ret_epoch, 1,
					   __ATOMIC_SEQ_CST);
		}
	}
}
