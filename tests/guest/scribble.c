// SPDX-License-Identifier: GPL-2.0-only
#include "scribble.h"

static void any_word(const struct mapped *m, uint64_t *seed)
{
	uint64_t *words = (uint64_t *)m->ring;
	uint64_t count = m->kpage->ring_bytes / sizeof(*words);

	__atomic_store_n(&words[random64(seed) % count], random64(seed),
			 __ATOMIC_RELAXED);
}

static struct ipcx_slot *any_slot(const struct mapped *m, uint64_t *seed)
{
	return (void *)((char *)m->ring + m->kpage->slots_offset +
			random64(seed) % (m->kpage->slots * m->kpage->lanes) *
			m->kpage->stride);
}

/* Words that could be: near tickets, every state, every owner. */
static void likely_slot_word(const struct mapped *m, uint64_t *seed)
{
	uint64_t r = random64(seed), slots = m->kpage->slots;
	uint64_t near = mapped_lane(m)[r % m->kpage->lanes].tail + (r >> 8) % (4 * slots) -
			2 * slots;

	__atomic_store_n(&any_slot(m, seed)->word,
			 ipcx_word(near & IPCX_TICKET_MASK,
				   (r >> 16) % 4, (r >> 24) % 8),
			 __ATOMIC_RELAXED);
}

static void lengths_and_senders(const struct mapped *m, uint64_t *seed)
{
	struct ipcx_slot *slot = any_slot(m, seed);

	__atomic_store_n(&slot->len, (uint32_t)random64(seed), __ATOMIC_RELAXED);
	__atomic_store_n(&slot->sender, (uint32_t)random64(seed),
			 __ATOMIC_RELAXED);
}

static void heads_and_tails(const struct mapped *m, uint64_t *seed)
{
	uint64_t r = random64(seed);
	struct ipcx_lane *lane = &mapped_lane(m)[r % m->kpage->lanes];
	__u64 *hint = r & 8 ? &lane->head : &lane->tail;

	/* Far away, just beside, and around the wrap. */
	switch (r >> 8 & 3) {
	case 0:
		__atomic_store_n(hint, random64(seed), __ATOMIC_RELAXED);
		break;
	case 1:
		__atomic_fetch_add(hint, (r >> 16) % 5 - 2, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n(hint, IPCX_TICKET_MASK - (r >> 16) % 4,
				 __ATOMIC_RELAXED);
		break;
	default:
		__atomic_store_n(&m->ring->ret_done, r, __ATOMIC_RELAXED);
	}
}

/* Messages are promised to receivers for ever, and never there. */
static void repair_epoch(const struct mapped *m, uint64_t *seed)
{
	__atomic_store_n(&m->ring->ret_done, ++*seed, __ATOMIC_RELAXED);
}

void (*const scribbles[SCRIBBLES])(const struct mapped *m, uint64_t *seed) = {
	any_word, likely_slot_word, lengths_and_senders, heads_and_tails,
	repair_epoch,
};
