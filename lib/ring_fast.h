/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The short way through the ring: what nearly every call meets, compiled into
 * its caller. It does no step that ring.c would not do, and leaves to ring.c
 * whatever is not as it mostly is: who gets false begins there from the start.
 */
#ifndef RING_FAST_H
#define RING_FAST_H

#include <errno.h>
#include <string.h>

#include "ring.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE __u64 load(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Partner: the release by which the word was published. */
ALWAYS_INLINE __u64 load_acquire(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

ALWAYS_INLINE bool cas(__u64 *word, __u64 old, __u64 new, int order)
{
	return __atomic_compare_exchange_n(word, &old, new, false, order,
					   __ATOMIC_RELAXED);
}

/* head and tail are hints: who loses the race finds them moved on. */
ALWAYS_INLINE void move(__u64 *hint, __u64 from, __u64 to)
{
	cas(hint, from, to, __ATOMIC_RELAXED);
}

ALWAYS_INLINE struct ipcx_slot *slot_of(const struct ring *ring, __u32 lane,
					__u64 ticket)
{
	return (struct ipcx_slot *)(ring->slots + lane * ring->lane_bytes +
				    (ticket & ring->slot_mask) * ring->stride);
}

ALWAYS_INLINE struct ipcx_slot *loan_slot(const struct ipcx_loan *loan)
{
	return (struct ipcx_slot *)loan->data - 1;
}

ALWAYS_INLINE __u64 free_word(__u64 ticket)
{
	return ipcx_word(ticket, IPCX_OWNER_NONE, IPCX_FREE);
}

ALWAYS_INLINE void copy_ends(char *to, const char *from, size_t len, size_t n)
{
	__builtin_memcpy(to, from, n);
	__builtin_memcpy(to + len - n, from + len - n, n);
}

/*
 * Small ones without a call, from both ends to the middle. By 16 bytes, as
 * payloads begin at 16, where wider moves would cross from one cache line into
 * the next.
 */
ALWAYS_INLINE void copy(char *to, const char *from, size_t len)
{
	if (len > 64)
		memcpy(to, from, len);
	else if (len >= 32)
		copy_ends(to, from, len, 32);
	else if (len >= 16)
		copy_ends(to, from, len, 16);
	else if (len >= 8)
		copy_ends(to, from, len, 8);
	else
		for (size_t i = 0; i < len; i++)
			to[i] = from[i];
}

/*
 * Copies what others may write just now: the word tells afterwards whether they
 * did. Out of the thread sanitizer's sight, which knows of no such reader.
 */
#ifdef __SANITIZE_THREAD__
__attribute__((no_sanitize("thread"), noinline, unused))
static void copy_unclaimed(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
}
#else
#define copy_unclaimed copy
#endif

/*
 * Every caller comes from a successful read-modify-write of a slot word. On x86
 * that is a full barrier by itself, and a C11 fence would cost a second one;
 * elsewhere (ll/sc, casal) it does not order a later load.
 */
ALWAYS_INLINE void full_fence_after_rmw(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

ALWAYS_INLINE unsigned int sleepers(const struct ring *ring, unsigned int dir)
{
	return __atomic_load_n(&ring->kpage->count[dir], __ATOMIC_RELAXED) |
	       __atomic_load_n(&ring->kpage->armed[dir], __ATOMIC_RELAXED);
}

/*
 * The fence stands between publishing a slot and looking for sleepers. Its
 * partner is the one between counting oneself (arming, for poll) and looking at
 * the slots: of two who do so at once, at least one sees the other.
 */
ALWAYS_INLINE void wake(const struct ring *ring, unsigned int dirs)
{
	unsigned int now = 0;

	full_fence_after_rmw();
	if ((dirs & IPCX_WAKE_RECV) && sleepers(ring, IPCX_DIR_RECV))
		now |= IPCX_WAKE_RECV;
	if ((dirs & IPCX_WAKE_SEND) && sleepers(ring, IPCX_DIR_SEND))
		now |= IPCX_WAKE_SEND;
	if (__builtin_expect(now, 0))
		ring->wake(ring->wake_arg, now);
}

/*
 * By compare and exchange where a store would do: it costs the same with the
 * fence in it, and a claim given back twice or overwritten by a peer is found
 * instead of destroying what came after it. Release: the payload was written,
 * or read, before. Partner: the acquire of who claims the slot next.
 */
ALWAYS_INLINE int publish(const struct ring *ring, struct ipcx_slot *slot,
			  __u64 from, __u64 to, unsigned int dirs)
{
	if (__builtin_expect(!cas(&slot->word, from, to, __ATOMIC_RELEASE), 0))
		return -EBADMSG;
	wake(ring, dirs);
	return 0;
}

ALWAYS_INLINE int commit(const struct ring *ring, __u32 me,
			 const struct ipcx_loan *loan, __u32 len)
{
	struct ipcx_slot *slot = loan_slot(loan);
	__u64 from = ipcx_word(loan->ticket, me, IPCX_WRITING);
	__u64 to = ipcx_word(loan->ticket, me, IPCX_READY);

	__atomic_store_n(&slot->len, len, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->sender, me, __ATOMIC_RELAXED);
	/* A message can give way to another, a claim cannot. */
	if (__builtin_expect(ring->drop_oldest | ring->broadcast, 0))
		return publish(ring, slot, from, to,
			       IPCX_WAKE_RECV | IPCX_WAKE_SEND);
	return publish(ring, slot, from, to, IPCX_WAKE_RECV);
}

ALWAYS_INLINE void loan_to_fill(const struct ring *ring, __u32 me,
				struct ipcx_slot *slot, __u32 nr, __u64 ticket,
				struct ipcx_loan *loan)
{
	*loan = (struct ipcx_loan) {
		.data = slot + 1,
		.len = ring->slot_size,
		.lane = nr,
		.sender = me,
		.ticket = ticket & IPCX_TICKET_MASK,
	};
}

ALWAYS_INLINE void loan_to_read(const struct ring *ring,
				struct ipcx_slot *slot, __u32 nr, __u64 ticket,
				__u32 flags, struct ipcx_loan *loan)
{
	__u32 len = __atomic_load_n(&slot->len, __ATOMIC_RELAXED);
	__u32 sender = __atomic_load_n(&slot->sender, __ATOMIC_RELAXED);

	*loan = (struct ipcx_loan) {
		.data = slot + 1,
		.len = len < ring->slot_size ? len : ring->slot_size,
		.lane = nr,
		.flags = flags | (sender & IPCX_SLOT_FDS ? IPCX_MSG_FDS : 0),
		.sender = sender & ~IPCX_SLOT_FDS,
		.ticket = ticket & IPCX_TICKET_MASK,
	};
}

/*
 * Moves a hint on after a claim. A store that comes late moves it back; who finds
 * it there sees by the words that it lags, and helps. Not in a broadcast ring,
 * where tickets that were left out show by the tail alone.
 */
ALWAYS_INLINE void step(__u64 *hint, __u64 ticket)
{
	if (__builtin_expect(load(hint) == ticket, 1))
		__atomic_store_n(hint, ipcx_ticket_add(ticket, 1),
				 __ATOMIC_RELAXED);
}

/* The slot at the tail is free, and nobody else takes it. */
ALWAYS_INLINE bool claim_send_fast(const struct ring *ring, __u32 me, __u32 nr,
				   struct ipcx_loan *loan)
{
	struct ipcx_lane *lane = &ring->lane[nr];
	__u64 tail = load(&lane->tail);
	struct ipcx_slot *slot = slot_of(ring, nr, tail);
	__u64 word = free_word(tail);

	/* Acquire; partner: the release that freed the slot. */
	if (ring->broadcast || load(&slot->word) != word ||
	    !cas(&slot->word, word, ipcx_word(tail, me, IPCX_WRITING),
		 __ATOMIC_ACQUIRE))
		return false;
	step(&lane->tail, tail);
	loan_to_fill(ring, me, slot, nr, tail, loan);
	return true;
}

/*
 * A lane whose head was seen at a free slot has nothing for as long as that
 * slot's word is the same: no ticket after it can have been sent. Two threads
 * that mix their notes do no harm, as no two slots of a lane are ever free for
 * one ticket.
 */
ALWAYS_INLINE bool still_empty(const struct ring_empty *empty)
{
	const __u64 *at = __atomic_load_n(&empty->at, __ATOMIC_RELAXED);

	return load(at) == load(&empty->word);
}

static inline void note_empty(struct ring_empty *empty, const __u64 *at,
			      __u64 word)
{
	__atomic_store_n(&empty->at, at, __ATOMIC_RELAXED);
	__atomic_store_n(&empty->word, word, __ATOMIC_RELAXED);
}

/**
 * struct view - the message to receive next
 * @lane: its lane
 * @slot: its slot
 * @ticket: its ticket
 * @word: READY, whoever sent it
 * @nr: number of the lane
 */
struct view {
	struct ipcx_lane *lane;
	struct ipcx_slot *slot;
	__u64 ticket;
	__u64 word;
	__u32 nr;
};

/* On no lane is there anything to be done but to take a message. */
ALWAYS_INLINE bool sees_message(const struct ring *ring, struct view *seen)
{
	const struct ring_empty *empty = &ring->empty[ring->lanes - 1];

	/* As in ring_claim_recv(). */
	if (load_acquire(&ring->kpage->ret_epoch) !=
	    load(&ring->shared->ret_done))
		return false;
	/* Of lane 0 there never is a note. */
	while (still_empty(empty))
		empty--;
	seen->nr = empty - ring->empty;
	seen->lane = &ring->lane[seen->nr];
	seen->ticket = load(&seen->lane->head);
	seen->slot = slot_of(ring, seen->nr, seen->ticket);
	/* Partner: commit(). */
	seen->word = load_acquire(&seen->slot->word);
	return !((seen->word ^ ipcx_word(seen->ticket, 0, IPCX_READY)) &
		 ~((__u64)IPCX_OWNER_MASK << IPCX_STATE_BITS));
}

ALWAYS_INLINE bool claim_recv_fast(const struct ring *ring, __u32 me,
				   struct ipcx_loan *loan)
{
	struct view seen;

	if (!sees_message(ring, &seen) ||
	    !cas(&seen.slot->word, seen.word,
		 ipcx_word(seen.ticket, me, IPCX_READING), __ATOMIC_ACQUIRE))
		return false;
	step(&seen.lane->head, seen.ticket);
	loan_to_read(ring, seen.slot, seen.nr, seen.ticket, 0, loan);
	return true;
}

/* Bytes that are sooner copied in vain, now and then, than claimed each time. */
#define SMALL	256

/*
 * Receives a small message without a claim: copied first, then taken if it is
 * still the one that was copied, as nobody writes to a slot that is READY. Who
 * dies meanwhile held nothing.
 */
ALWAYS_INLINE bool take_fast(const struct ring *ring, void *buf,
			     struct ipcx_loan *loan)
{
	struct view seen;

	if (!sees_message(ring, &seen))
		return false;
	loan_to_read(ring, seen.slot, seen.nr, seen.ticket, 0, loan);
	if (loan->len > SMALL || loan->flags)
		return false;
	copy_unclaimed(buf, loan->data, loan->len);
	/* Release: copied before. Partner: the acquire of who claims it next. */
	if (publish(ring, seen.slot, seen.word,
		    free_word(seen.ticket + ring->lane_slots),
		    IPCX_WAKE_SEND))
		return false;
	step(&seen.lane->head, seen.ticket);
	return true;
}

#endif /* RING_FAST_H */
