// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The slot protocol, as peers with the ring mapped run it. The module runs the
 * same one for SEND and RECV; <linux/ipcx_ring.h> has the states.
 *
 * Everything read from the ring may be nonsense that a peer wrote. It is used
 * as an index (masked), a length (clamped) or a value to compare with, never as
 * an offset, and no loop here runs longer than RETRIES.
 */
#include <errno.h>
#include <limits.h>

#include "ring.h"

/*
 * A retry means that somebody else was quicker, and most callers never see one.
 * So many in a row are not contention but a word that no step leads out of.
 */
#define RETRIES		(1 << 16)

static inline __u64 load(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Partner: the release by which the word was published. */
static inline __u64 load_acquire(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline bool cas(__u64 *word, __u64 old, __u64 new, int order)
{
	return __atomic_compare_exchange_n(word, &old, new, false, order,
					   __ATOMIC_RELAXED);
}

static inline void count(__u64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* head and tail are hints: who loses the race finds them moved on. */
static inline void move(__u64 *hint, __u64 from, __u64 to)
{
	cas(hint, from, to, __ATOMIC_RELAXED);
}

static inline struct ipcx_slot *slot_of(const struct ring *ring, __u32 lane,
					__u64 ticket)
{
	size_t index = (size_t)lane * ring->lane_slots +
		       (ticket & (ring->lane_slots - 1));

	return (struct ipcx_slot *)(ring->slots + index * ring->stride);
}

static inline struct ipcx_slot *loan_slot(const struct ipcx_loan *loan)
{
	return (struct ipcx_slot *)loan->data - 1;
}

static inline __u64 free_word(__u64 ticket)
{
	return ipcx_word(ticket, IPCX_OWNER_NONE, IPCX_FREE);
}

/*
 * Every caller comes from a successful read-modify-write of a slot word. On x86
 * that is a full barrier by itself, and a C11 fence would cost a second one;
 * elsewhere (ll/sc, casal) it does not order a later load.
 */
static inline void full_fence_after_rmw(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline unsigned int sleepers(const struct ring *ring, unsigned int dir)
{
	return __atomic_load_n(&ring->kpage->count[dir], __ATOMIC_RELAXED) |
	       __atomic_load_n(&ring->kpage->armed[dir], __ATOMIC_RELAXED);
}

/*
 * The fence stands between publishing a slot and looking for sleepers. Its
 * partner is the one between counting oneself (arming, for poll) and looking at
 * the slots: of two who do so at once, at least one sees the other.
 */
static inline void wake(const struct ring *ring, unsigned int dirs)
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

static void free_slot(struct ipcx_lane *lane, struct ipcx_slot *slot,
		      __u64 word, __u64 tail, __u64 *counter)
{
	if (!cas(&slot->word, word, free_word(tail), __ATOMIC_ACQ_REL))
		return;
	count(counter);
	up_head(lane, ipcx_ticket_add(ipcx_ticket(word), 1));
}

/*
 * The slot at the tail is still that of the lap before. Returns -EAGAIN if it
 * must be waited for, 0 if it is worth another look.
 */
static int make_room(const struct ring *ring, struct ipcx_lane *lane,
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
		free_slot(lane, slot, word, tail, &lane->dropped);
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
			*loan = (struct ipcx_loan) {
				.data = slot + 1,
				.len = ring->slot_size,
				.lane = nr,
				.sender = me,
				.ticket = tail & IPCX_TICKET_MASK,
			};
			return 0;
		}
		if (ahead >= 0)
			help_tail(ring, lane, tail, word);
		else if (ahead == -(__s64)ring->lane_slots &&
			 make_room(ring, lane, slot, word, tail))
			return -EAGAIN;
		/* What is older still is a stale tail. */
	}
	return -EBADMSG;
}

static void take(const struct ring *ring, struct ipcx_slot *slot, __u32 nr,
		 __u64 ticket, __u32 flags, struct ipcx_loan *loan)
{
	__u32 len = __atomic_load_n(&slot->len, __ATOMIC_RELAXED);

	*loan = (struct ipcx_loan) {
		.data = slot + 1,
		.len = len < ring->slot_size ? len : ring->slot_size,
		.lane = nr,
		.flags = flags,
		.sender = __atomic_load_n(&slot->sender, __ATOMIC_RELAXED),
		.ticket = ticket & IPCX_TICKET_MASK,
	};
}

/*
 * What was given back goes first: by lane, and there the oldest. The kernel as
 * the owner says that nobody has seen it: it could not be copied out.
 */
static bool claim_returned(const struct ring *ring, __u32 me,
			   struct ipcx_loan *loan)
{
	for (__u32 nr = ring->lanes; nr-- > 0; ) {
		__u64 head = load(&ring->lane[nr].head);

		for (__u32 i = 0; i < ring->lane_slots; i++) {
			struct ipcx_slot *slot = slot_of(ring, nr, head + i);
			__u64 word = load_acquire(&slot->word);
			__u64 ticket = ipcx_ticket(word);

			if (ipcx_state(word) != IPCX_RETURNED ||
			    slot_of(ring, nr, ticket) != slot ||
			    !cas(&slot->word, word,
				 ipcx_word(ticket, me, IPCX_READING),
				 __ATOMIC_ACQUIRE))
				continue;
			take(ring, slot, nr, ticket,
			     ipcx_owner(word) == IPCX_OWNER_KERNEL ?
			     0 : IPCX_MSG_REDELIVERED, loan);
			return true;
		}
	}
	return false;
}

enum look { NOTHING, CLAIMED, AGAIN };

static inline enum look look_at_lane(const struct ring *ring, __u32 me,
				     __u32 nr, struct ipcx_loan *loan)
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
		/* Partner: the release of ring_commit(). */
		if (!cas(&slot->word, word,
			 ipcx_word(head, me, IPCX_READING), __ATOMIC_ACQUIRE))
			return AGAIN;
		move(&lane->head, head, ipcx_ticket_add(head, 1));
		take(ring, slot, nr, head, 0, loan);
		return CLAIMED;
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
	case IPCX_WRITING:
		return NOTHING;
	default:
		return AGAIN;	/* no state at all */
	}
}

int ring_claim_recv(const struct ring *ring, __u32 me,
		    struct ipcx_loan *loan)
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
		if (claim_returned(ring, me, loan))
			return 0;
		/* Release: not before the scan that it vouches for. */
		cas(&ring->shared->ret_done, done, epoch, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < RETRIES; i++) {
		enum look look = NOTHING;

		for (__u32 nr = ring->lanes; nr-- > 0 && look == NOTHING; )
			look = look_at_lane(ring, me, nr, loan);
		if (look == CLAIMED)
			return 0;
		if (look == NOTHING)
			return -EAGAIN;
	}
	return -EBADMSG;
}

/*
 * By compare and exchange where a store would do: it costs the same with the
 * fence in it, and a claim given back twice or overwritten by a peer is found
 * instead of destroying what came after it.
 */
static inline int publish(const struct ring *ring, const struct ipcx_loan *loan,
			  __u64 from, __u64 to, unsigned int dirs)
{
	if (!cas(&loan_slot(loan)->word, from, to, __ATOMIC_RELEASE))
		return -EBADMSG;
	wake(ring, dirs);
	return 0;
}

int ring_commit(const struct ring *ring, __u32 me,
		const struct ipcx_loan *loan, __u32 len)
{
	struct ipcx_slot *slot = loan_slot(loan);
	/* A message can be dropped for another, a claim cannot. */
	unsigned int dirs = ring->drop_oldest ?
			    IPCX_WAKE_RECV | IPCX_WAKE_SEND : IPCX_WAKE_RECV;

	__atomic_store_n(&slot->len, len, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->sender, me, __ATOMIC_RELAXED);
	return publish(ring, loan, ipcx_word(loan->ticket, me, IPCX_WRITING),
		       ipcx_word(loan->ticket, me, IPCX_READY), dirs);
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
	ret = publish(ring, loan, ipcx_word(loan->ticket, me, IPCX_WRITING),
		      ipcx_word(loan->ticket, me, IPCX_ABORTED),
		      IPCX_WAKE_RECV | IPCX_WAKE_SEND);
	if (ret)
		__atomic_fetch_sub(aborted, 1, __ATOMIC_RELAXED);
	return ret;
}

int ring_release(const struct ring *ring, __u32 me,
		 const struct ipcx_loan *loan)
{
	return publish(ring, loan, ipcx_word(loan->ticket, me, IPCX_READING),
		       free_word(ipcx_ticket_add(loan->ticket,
						 ring->lane_slots)),
		       IPCX_WAKE_SEND);
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
	       kpage->slots_offset <= bytes &&
	       slots <= (bytes - kpage->slots_offset) / kpage->stride;
}

int ring_init(struct ring *ring, const struct ipcx_kpage *kpage, void *base,
	      size_t bytes)
{
	if (kpage->version != IPCX_RING_VERSION || !geometry_fits(kpage, bytes))
		return -EPROTO;
	*ring = (struct ring) {
		.kpage = kpage,
		.shared = base,
		.lane = (struct ipcx_lane *)((char *)base + IPCX_RING_LANES),
		.slots = (char *)base + kpage->slots_offset,
		.lanes = kpage->lanes,
		.lane_slots = kpage->slots,
		.slot_size = kpage->slot_size,
		.stride = kpage->stride,
		.drop_oldest = kpage->queue_flags & IPCX_QUEUE_DROP_OLDEST,
	};
	return 0;
}
