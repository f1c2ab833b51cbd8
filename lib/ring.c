// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The slot protocol, as peers with the ring mapped run it. The module runs the
 * same one for SEND and RECV; <linux/ipcx_ring.h> has the states.
 *
 * Everything read from the ring may be nonsense that a peer wrote. It is used
 * as an index (masked), a length (clamped) or a value to compare with, never as
 * an offset, and no loop here runs longer than RETRIES.
 */
#include <limits.h>

#include "ring_fast.h"

/*
 * A retry means that somebody else was quicker, and most callers never see one.
 * So many in a row are not contention but a word that no step leads out of.
 */
#define RETRIES		(1 << 16)

/* Looks at a message before asking whether it is time to give up. */
#define PEEK_TRIES	64

static inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/*
 * A word newer than the head means that the head lags by a lap or more: it
 * jumps. By single steps it would fall back without bound.
 */
static void help_head(const struct ring *ring, struct ipcx_lane *lane,
		      __u64 head, __u64 word)
{
	__u64 ticket = ipcx_ticket(word);

	if (ipcx_ticket_diff(ticket, head) > 0)
		move(&lane->head, head,
		     ipcx_ticket_add(ticket, 1 - (__u64)ring->lane_slots));
	else
		move(&lane->head, head, ipcx_ticket_add(head, 1));
}

static void help_tail(const struct ring *ring, struct ipcx_lane *lane,
		      __u64 tail, __u64 word)
{
	__u64 ticket = ipcx_ticket(word);
	__u64 step = 1;

	/* FREE of a later lap: the lap before it is all that is sure. */
	if (ipcx_ticket_diff(ticket, tail) > 0 && ipcx_state(word) == IPCX_FREE)
		step -= ring->lane_slots;
	move(&lane->tail, tail, ipcx_ticket_add(ticket, step));
}

/* A sender freed the slot before @to, so there is nothing to receive up to it. */
static void up_head(struct ipcx_lane *lane, __u64 to)
{
	for (int i = 0; i < RETRIES; i++) {
		__u64 head = load(&lane->head);

		if (ipcx_ticket_diff(head, to) >= 0 ||
		    cas(&lane->head, head, to, __ATOMIC_RELAXED))
			return;
	}
}

static bool free_slot(struct ipcx_lane *lane, struct ipcx_slot *slot,
		      __u64 word, __u64 tail, __u64 *counter)
{
	if (!cas(&slot->word, word, free_word(tail), __ATOMIC_ACQ_REL))
		return false;
	count(counter);
	up_head(lane, ipcx_ticket_add(ipcx_ticket(word), 1));
	return true;
}

/*
 * The slot at the tail is still that of the lap before. Returns -EAGAIN if it
 * must be waited for, 0 if it is worth another look.
 */
static int make_room(const struct ring *ring, __u32 me, struct ipcx_lane *lane,
		     struct ipcx_slot *slot, __u64 word, __u64 tail)
{
	switch (ipcx_state(word)) {
	case IPCX_ABORTED:
		/* There may be no receiver at work that would skip it. */
		free_slot(lane, slot, word, tail, &lane->skipped);
		return 0;
	case IPCX_READY:
	case IPCX_RETURNED:
		if (!ring->drop_oldest)
			return -EAGAIN;
		if (free_slot(lane, slot, word, tail, &lane->dropped) &&
		    ring->drops)
			count(&ring->drops[me]);
		return 0;
	case IPCX_WRITING:
	case IPCX_READING:
		return -EAGAIN;
	default:
		/* FREE is a stale tail, the rest is no state at all. */
		return 0;
	}
}

int ring_claim_send(const struct ring *ring, __u32 me, __u32 nr,
		    struct ipcx_loan *loan)
{
	struct ipcx_lane *lane = &ring->lane[nr];

	for (int i = 0; i < RETRIES; i++) {
		__u64 tail = load(&lane->tail);
		struct ipcx_slot *slot = slot_of(ring, nr, tail);
		__u64 word = load_acquire(&slot->word);
		__s64 ahead = ipcx_ticket_diff(ipcx_ticket(word), tail);

		if (!ahead && ipcx_state(word) == IPCX_FREE) {
			/* Partner: the release that freed the slot. */
			if (!cas(&slot->word, word,
				 ipcx_word(tail, me, IPCX_WRITING),
				 __ATOMIC_ACQUIRE))
				continue;
			move(&lane->tail, tail, ipcx_ticket_add(tail, 1));
			loan_to_fill(ring, me, slot, nr, tail, loan);
			return 0;
		}
		if (ahead >= 0)
			help_tail(ring, lane, tail, word);
		else if (ahead == -(__s64)ring->lane_slots &&
			 make_room(ring, me, lane, slot, word, tail))
			return -EAGAIN;
		/* What is older still is a stale tail. */
	}
	return -EBADMSG;
}

/*
 * Claims the message that stands in @word, or with @seen only tells that word
 * and where it stands. The kernel as the owner of what was given back says that
 * nobody has seen it: it could not be copied out.
 */
ALWAYS_INLINE bool get_message(const struct ring *ring, __u32 me,
			       struct ipcx_slot *slot, __u64 word, __u32 nr,
			       struct ipcx_loan *loan, __u64 *seen)
{
	__u64 ticket = ipcx_ticket(word);
	bool redelivered = ipcx_state(word) == IPCX_RETURNED &&
			   ipcx_owner(word) != IPCX_OWNER_KERNEL;

	/* Partner: the release of commit(). */
	if (!seen && !cas(&slot->word, word, ipcx_word(ticket, me, IPCX_READING),
			  __ATOMIC_ACQUIRE))
		return false;
	loan_to_read(ring, slot, nr, ticket,
		     redelivered ? IPCX_MSG_REDELIVERED : 0, loan);
	if (seen)
		*seen = word;
	return true;
}

/* What was given back goes first: by lane, and there the oldest. */
static bool next_returned(const struct ring *ring, __u32 me,
			  struct ipcx_loan *loan, __u64 *seen)
{
	for (__u32 nr = ring->lanes; nr-- > 0; ) {
		__u64 head = load(&ring->lane[nr].head);

		for (__u32 i = 0; i < ring->lane_slots; i++) {
			struct ipcx_slot *slot = slot_of(ring, nr, head + i);
			__u64 word = load_acquire(&slot->word);

			if (ipcx_state(word) == IPCX_RETURNED &&
			    slot_of(ring, nr, ipcx_ticket(word)) == slot &&
			    get_message(ring, me, slot, word, nr, loan, seen))
				return true;
		}
	}
	return false;
}

enum look { NOTHING, GOT, AGAIN };

ALWAYS_INLINE enum look look_at_lane(struct ring *ring, __u32 me, __u32 nr,
				     struct ipcx_loan *loan, __u64 *seen)
{
	struct ipcx_lane *lane = &ring->lane[nr];
	__u64 head = load(&lane->head);
	struct ipcx_slot *slot = slot_of(ring, nr, head);
	__u64 word = load_acquire(&slot->word);
	__s64 ahead = ipcx_ticket_diff(ipcx_ticket(word), head);

	if (ahead < 0)
		return NOTHING;
	if (ahead > 0) {
		help_head(ring, lane, head, word);
		return AGAIN;
	}
	switch (ipcx_state(word)) {
	case IPCX_READY:
		if (!get_message(ring, me, slot, word, nr, loan, seen))
			return AGAIN;
		if (!seen)
			move(&lane->head, head, ipcx_ticket_add(head, 1));
		return GOT;
	case IPCX_ABORTED:
		if (cas(&slot->word, word,
			free_word(ipcx_ticket_add(head, ring->lane_slots)),
			__ATOMIC_ACQ_REL)) {
			count(&lane->skipped);
			move(&lane->head, head, ipcx_ticket_add(head, 1));
			wake(ring, IPCX_WAKE_SEND);
		}
		return AGAIN;
	case IPCX_READING:
	case IPCX_RETURNED:
		help_head(ring, lane, head, word);
		return AGAIN;
	case IPCX_FREE:
		if (nr)
			note_empty(&ring->empty[nr], &slot->word, word);
		return NOTHING;
	case IPCX_WRITING:
		return NOTHING;
	default:
		return AGAIN;	/* no state at all */
	}
}

ALWAYS_INLINE int next(struct ring *ring, __u32 me, struct ipcx_loan *loan,
		       __u64 *seen)
{
	/*
	 * In this order: an epoch newer than the mark read after it is looked
	 * at twice at worst. Partner: the kernel turns the slot RETURNED and
	 * then raises the epoch. Looked at once: a peer that goes on spoiling
	 * the mark would make it a scan each time.
	 */
	__u64 epoch = load_acquire(&ring->kpage->ret_epoch);
	__u64 done = load(&ring->shared->ret_done);

	if (__builtin_expect(epoch != done, 0)) {
		if (next_returned(ring, me, loan, seen))
			return 0;
		/* Release: not before the scan that it vouches for. */
		cas(&ring->shared->ret_done, done, epoch, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < RETRIES; i++) {
		enum look look = NOTHING;

		for (__u32 nr = ring->lanes; nr-- > 0 && look == NOTHING; )
			look = look_at_lane(ring, me, nr, loan, seen);
		if (look == GOT)
			return 0;
		if (look == NOTHING)
			return -EAGAIN;
	}
	return -EBADMSG;
}

int ring_claim_recv(struct ring *ring, __u32 me, struct ipcx_loan *loan)
{
	return next(ring, me, loan, NULL);
}

/* Loads before it are done before those after it; the sanitizer has no fence. */
static inline void load_fence(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__atomic_signal_fence(__ATOMIC_ACQUIRE);
#else
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

int ring_peek(struct ring *ring, void *buf, struct ipcx_loan *loan)
{
	for (int i = 0; i < PEEK_TRIES; i++) {
		__u64 seen;
		int ret = next(ring, IPCX_OWNER_NONE, loan, &seen);

		if (ret)
			return ret;
		copy_unclaimed(buf, loan->data, loan->len);
		/* Partner: the claim of who writes there next. */
		load_fence();
		if (load(&loan_slot(loan)->word) == seen)
			return 0;
	}
	return -EAGAIN;
}

int ring_commit(const struct ring *ring, __u32 me,
		const struct ipcx_loan *loan, __u32 len)
{
	return commit(ring, me, loan, len);
}

/*
 * Both directions: a receiver may have to skip it, a sender may free it.
 * Counted before, so that a death between the two leaves no claim uncounted.
 */
int ring_abort(const struct ring *ring, uint32_t me,
	       const struct ipcx_loan *loan)
{
	__u64 *aborted = &ring->lane[loan->lane].aborted;
	int ret;

	count(aborted);
	ret = publish(ring, loan_slot(loan),
		      ipcx_word(loan->ticket, me, IPCX_WRITING),
		      ipcx_word(loan->ticket, me, IPCX_ABORTED),
		      IPCX_WAKE_RECV | IPCX_WAKE_SEND);
	if (ret)
		__atomic_fetch_sub(aborted, 1, __ATOMIC_RELAXED);
	return ret;
}

int ring_release(const struct ring *ring, __u32 me,
		 const struct ipcx_loan *loan)
{
	return publish(ring, loan_slot(loan),
		       ipcx_word(loan->ticket, me, IPCX_READING),
		       free_word(loan->ticket + ring->lane_slots),
		       IPCX_WAKE_SEND);
}

/* There is none, or it lies between the lanes and the slots. */
static bool drops_fit(const struct ipcx_kpage *kpage, __u64 lanes_end)
{
	return !kpage->drops_offset ||
	       (kpage->drops_offset % sizeof(__u64) == 0 &&
		kpage->drops_offset >= lanes_end &&
		kpage->drops_offset <= kpage->slots_offset &&
		kpage->slots_offset - kpage->drops_offset >=
		IPCX_DROPS_COUNT * sizeof(__u64));
}

/* A power of two in [1, 2^31], and what lies in the ring within @bytes. */
static bool geometry_fits(const struct ipcx_kpage *kpage, size_t bytes)
{
	__u64 lanes_end = IPCX_RING_LANES +
			     (__u64)kpage->lanes * sizeof(struct ipcx_lane);
	__u64 slots = (__u64)kpage->lanes * kpage->slots;

	return kpage->lanes >= 1 && kpage->lanes <= IPCX_LANES_MAX &&
	       kpage->slots && !(kpage->slots & (kpage->slots - 1)) &&
	       kpage->slot_size >= 1 && kpage->slot_size <= INT_MAX &&
	       kpage->stride % IPCX_SLOT_ALIGN == 0 &&
	       kpage->stride >= sizeof(struct ipcx_slot) + kpage->slot_size &&
	       kpage->slots_offset % IPCX_SLOT_ALIGN == 0 &&
	       kpage->slots_offset >= lanes_end &&
	       kpage->slots_offset <= bytes && drops_fit(kpage, lanes_end) &&
	       slots <= (bytes - kpage->slots_offset) / kpage->stride;
}

/* For the note of a lane that was not seen empty: a word that never changes. */
static const __u64 no_word;

int ring_init(struct ring *ring, const struct ipcx_kpage *kpage, void *base,
	      size_t bytes)
{
	if (kpage->version != IPCX_RING_VERSION || !geometry_fits(kpage, bytes))
		return -EPROTO;
	*ring = (struct ring) {
		.kpage = kpage,
		.shared = base,
		.lane = (struct ipcx_lane *)((char *)base + IPCX_RING_LANES),
		.drops = kpage->drops_offset ?
			 (void *)((char *)base + kpage->drops_offset) : NULL,
		.slots = (char *)base + kpage->slots_offset,
		.lanes = kpage->lanes,
		.lane_slots = kpage->slots,
		.lane_bytes = (size_t)kpage->slots * kpage->stride,
		.slot_mask = kpage->slots - 1,
		.slot_size = kpage->slot_size,
		.stride = kpage->stride,
		.drop_oldest = kpage->queue_flags & IPCX_QUEUE_DROP_OLDEST,
		.broadcast = kpage->queue_flags & IPCX_QUEUE_BROADCAST,
	};
	for (__u32 nr = 0; nr < ring->lanes; nr++)
		note_empty(&ring->empty[nr], &no_word, !no_word);
	return 0;
}
