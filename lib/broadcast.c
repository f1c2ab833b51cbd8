// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Broadcast: the slot protocol where every receiver gets every message, as
 * peers with the ring mapped run it. The module runs the same one for SEND and
 * RECV; <linux/ipcx_ring.h> has the states. What the head of ring.c says of
 * nonsense and of loops holds here too.
 *
 * A subscriber claims nothing: it copies, and then looks whether the slot is
 * what it was. So payloads are read while they are written, and the copy thrown
 * away; they are copied by relaxed atomic words, which makes that no data race.
 */
#include <string.h>

#include "ring_fast.h"

#define RETRIES		(1 << 16)

/*
 * On x86 neither stores nor loads pass one another, so that these only hold the
 * compiler; elsewhere they are one-way barriers.
 */
#if defined(__x86_64__) || defined(__i386__)
#define ONE_WAY_FENCE(order)	__atomic_signal_fence(order)
#else
#define ONE_WAY_FENCE(order)	__atomic_thread_fence(order)
#endif

/* Release: who sees the tail above a ticket sees what became of its slot. */
static bool move_tail(const struct ring *ring, __u64 from, __u64 to)
{
	return cas(&ring->lane->tail, from, to, __ATOMIC_RELEASE);
}

int ring_claim_broadcast(const struct ring *ring, __u32 me,
			 struct ipcx_loan *loan)
{
	struct ipcx_lane *lane = ring->lane;
	__u32 busy = 0;

	for (int i = 0; i < RETRIES; i++) {
		__u64 tail = load(&lane->tail);
		struct ipcx_slot *slot = slot_of(ring, 0, tail);
		__u64 word = load_acquire(&slot->word);
		__s64 ahead = ipcx_ticket_diff(ipcx_ticket(word), tail);

		if (ahead > 0 || (!ahead && ipcx_state(word) != IPCX_FREE)) {
			move_tail(ring, tail,
				  ipcx_ticket_add(ipcx_ticket(word), 1));
			continue;
		}
		if (ipcx_state(word) == IPCX_WRITING) {
			if (++busy == ring->lane_slots)
				return -EAGAIN;
			if (move_tail(ring, tail, ipcx_ticket_add(tail, 1)))
				__atomic_fetch_add(&lane->skipped, 1,
						   __ATOMIC_RELAXED);
			continue;
		}
		/* A ticket that was left out meanwhile is in the past. */
		if (load(&lane->tail) != tail)
			continue;
		if (!cas(&slot->word, word, ipcx_word(tail, me, IPCX_WRITING),
			 __ATOMIC_ACQUIRE))
			continue;
		/* Before anything is written there. Partner: ring_is_there(). */
		ONE_WAY_FENCE(__ATOMIC_RELEASE);
		move_tail(ring, tail, ipcx_ticket_add(tail, 1));
		loan_to_fill(ring, me, slot, 0, tail, loan);
		return 0;
	}
	return -EBADMSG;
}

void ring_subscribe(const struct ring *ring, struct subscriber *subscriber)
{
	__u64 tail = load_acquire(&ring->lane->tail) & IPCX_TICKET_MASK;
	__u64 word = load_acquire(&slot_of(ring, 0, tail)->word);

	/* One that is claimed before the tail says so has taken the oldest. */
	if (ipcx_ticket(word) == tail && ipcx_state(word) != IPCX_FREE)
		tail++;
	*subscriber = (struct subscriber) {
		.cursor = tail < ring->lane_slots ? 0 :
			  ipcx_ticket_add(tail, -(__u64)ring->lane_slots),
	};
}

/* Passes over @n tickets at the cursor, unless another thread did. */
static void pass(struct subscriber *subscriber, __u64 from, __u64 n,
		 __u64 missed)
{
	if (!cas(&subscriber->cursor, from, ipcx_ticket_add(from, n),
		 __ATOMIC_RELAXED))
		return;
	if (missed) {
		__atomic_fetch_add(&subscriber->pending, missed,
				   __ATOMIC_RELAXED);
		__atomic_fetch_add(&subscriber->missed, missed,
				   __ATOMIC_RELAXED);
	}
}

enum sight { MESSAGE, GAP, NOTHING_YET, NONSENSE };

/* One look at the cursor; moves it past what will never be read. */
static inline enum sight look(const struct ring *ring,
			      struct subscriber *subscriber,
			      struct ipcx_loan *loan)
{
	__u64 c = load(&subscriber->cursor);
	/* In this order: what is claimed below the tail shows in the word. */
	__u64 tail = load_acquire(&ring->lane->tail);
	struct ipcx_slot *slot = slot_of(ring, 0, c);
	__u64 word = load_acquire(&slot->word);
	__s64 ahead = ipcx_ticket_diff(ipcx_ticket(word), c);
	__s64 behind = ipcx_ticket_diff(tail, c);
	__s64 slots = ring->lane_slots;

	if (ahead > 0) {
		if (ahead < slots)
			return NONSENSE;
		/* To the oldest that can still be there. */
		pass(subscriber, c, ahead - slots + 1, ahead - slots + 1);
		return GAP;
	}
	if (ahead < 0) {
		if (behind <= 0)
			return NOTHING_YET;
		pass(subscriber, c, 1, 1);
		return GAP;
	}
	switch (ipcx_state(word)) {
	case IPCX_READY:
		loan_to_read(ring, slot, 0, c, 0, loan);
		return MESSAGE;
	case IPCX_ABORTED:
		pass(subscriber, c, 1, 0);
		return GAP;
	case IPCX_WRITING:
		/* Waiting for who was overtaken would only miss more. */
		if (behind <= slots)
			return NOTHING_YET;
		pass(subscriber, c, 1, 1);
		return GAP;
	case IPCX_FREE:
		return NOTHING_YET;
	default:
		return NONSENSE;
	}
}

int ring_next(const struct ring *ring, struct subscriber *subscriber,
	      struct ipcx_loan *loan)
{
	/* All gaps that a publisher does not just make lie within one lap. */
	for (__u64 i = 0; i < (__u64)RETRIES + ring->lane_slots; i++) {
		switch (look(ring, subscriber, loan)) {
		case MESSAGE:
			return 0;
		case GAP:
			break;
		case NOTHING_YET:
			return -EAGAIN;
		case NONSENSE:
			return -EBADMSG;
		}
	}
	return -EBADMSG;
}

bool ring_is_there(const struct ipcx_loan *loan)
{
	__u64 word;

	/* After all that was read. Partner: ring_claim_broadcast(). */
	ONE_WAY_FENCE(__ATOMIC_ACQUIRE);
	word = load(&loan_slot(loan)->word);
	return ipcx_ticket(word) == loan->ticket &&
	       ipcx_state(word) == IPCX_READY;
}

bool ring_take(struct subscriber *subscriber, const struct ipcx_loan *loan,
	       __u64 *missed)
{
	if (!ring_is_there(loan) ||
	    !cas(&subscriber->cursor, loan->ticket,
		 ipcx_ticket_add(loan->ticket, 1), __ATOMIC_RELAXED))
		return false;
	*missed = load(&subscriber->pending) ?
		  __atomic_exchange_n(&subscriber->pending, 0,
				      __ATOMIC_RELAXED) : 0;
	return true;
}

#define PEEK_TRIES	64

int ring_peek_broadcast(const struct ring *ring, struct subscriber *subscriber,
			void *buf, struct ipcx_loan *loan)
{
	for (int i = 0; i < PEEK_TRIES; i++) {
		int ret = ring_next(ring, subscriber, loan);

		if (ret)
			return ret;
		ring_copy_out(buf, loan->data, loan->len);
		if (ring_is_there(loan))
			return 0;
	}
	return -EAGAIN;
}

/* A slot's payload is aligned to a word, and there is room for whole ones. */

void ring_copy_in(void *payload, const void *buf, size_t len)
{
	__u64 *to = payload;
	const char *from = buf;
	__u64 word = 0;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		__atomic_store_n(to++, word, __ATOMIC_RELAXED);
		from += sizeof(word);
	}
	if (len) {
		word = 0;
		memcpy(&word, from, len);
		__atomic_store_n(to, word, __ATOMIC_RELAXED);
	}
}

void ring_copy_out(void *buf, const void *payload, size_t len)
{
	const __u64 *from = payload;
	char *to = buf;
	__u64 word;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		word = load(from++);
		memcpy(to, &word, sizeof(word));
		to += sizeof(word);
	}
	if (len) {
		word = load(from);
		memcpy(to, &word, len);
	}
}
