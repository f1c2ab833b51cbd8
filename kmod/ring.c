// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slot protocol of <linux/ipcx_ring.h>: the bounded and suspicious twin of
 * the one in the library. Here the owner is always IPCX_OWNER_KERNEL, which no
 * repair looks for: a claim made here ends before the system call sleeps or
 * returns.
 *
 * Whoever maps the ring can write any word at any time. Hence: each word is
 * read once into a local; tickets only ever choose a slot modulo the private
 * geometry; every loop is bounded; and a word that no correct peer can have
 * left behind ends in -EBADMSG, not in another look.
 */
#include <linux/sched.h>

#include "attach.h"
#include "ring.h"
#include "trace.h"

static void help_head(struct ipcx_queue *q, struct ipcx_lane *lane, u64 hint,
		      u64 w)
{
	u64 h = ipcx_hint_ticket(hint);
	/* A slot that is ahead tells how far all before it went: jump there. */
	u64 to = ipcx_ticket_diff(ipcx_ticket(w), h) > 0 ?
		 ipcx_ticket_add(ipcx_ticket(w), 1 - (u64)q->slots) :
		 ipcx_ticket_add(h, 1);

	ipcx_cas(&lane->head, hint, to);
}

static void help_tail(struct ipcx_queue *q, struct ipcx_lane *lane, u64 hint,
		      u64 w)
{
	u64 to = ipcx_ticket(w);

	if (ipcx_ticket_diff(to, ipcx_hint_ticket(hint)) > 0 &&
	    ipcx_state(w) == IPCX_FREE)
		to = ipcx_ticket_add(to, -(u64)q->slots);
	ipcx_cas(&lane->tail, hint, ipcx_ticket_add(to, 1));
}

static void up_head(struct ipcx_lane *lane, u64 to)
{
	int tries;
	u64 hint;

	for (tries = 0; tries < IPCX_CLAIM_TRIES; tries++) {
		hint = ipcx_hint(&lane->head);
		if (ipcx_ticket_diff(ipcx_hint_ticket(hint), to) >= 0 ||
		    ipcx_cas(&lane->head, hint, to))
			return;
	}
}

/* What the kernel drops counts for the lane, and for itself among its peers. */
static void ipcx_count_drop(struct ipcx_queue *q, u32 lane, u64 w)
{
	if (q->drops)
		ipcx_count(&q->drops[IPCX_OWNER_KERNEL]);
	trace_ipcx_drop(q->obj.id, lane, ipcx_ticket(w),
			READ_ONCE(ipcx_slot(q, lane, ipcx_ticket(w))->len));
}

/* Makes room at the tail out of ticket @w of one round before. */
static bool ipcx_make_room(struct ipcx_queue *q, struct ipcx_lane *lane,
			   struct ipcx_slot *slot, u64 t, u64 w, u64 *counter)
{
	if (!ipcx_cas(&slot->word, w, ipcx_word(t, IPCX_OWNER_NONE, IPCX_FREE)))
		return false;
	ipcx_count(counter);
	up_head(lane, ipcx_ticket_add(t, 1 - (u64)q->slots));
	return true;
}

/**
 * ipcx_find_send - ipcx_claim_send(), where that is not done at a glance
 * @q: the queue
 * @lane: the lane, below q->lanes
 * @claim: filled with the claim
 *
 * Return: 0, -EAGAIN (full) or -EBADMSG.
 */
int ipcx_find_send(struct ipcx_queue *q, u32 lane, struct ipcx_claim *claim)
{
	struct ipcx_lane *l = &q->lane[lane];
	int tries;

	if (q->flags & IPCX_QUEUE_BROADCAST)
		return ipcx_broadcast_claim(q, claim);
	for (tries = 0; tries < IPCX_CLAIM_TRIES; tries++) {
		u64 hint = ipcx_hint(&l->tail);
		u64 t = ipcx_hint_ticket(hint);
		struct ipcx_slot *slot = ipcx_slot(q, lane, t);
		u64 w = ipcx_load_word(slot);
		s64 ahead = ipcx_ticket_diff(ipcx_ticket(w), t);

		if (!ahead && ipcx_state(w) == IPCX_FREE) {
			if (!ipcx_cas(&slot->word, w,
				      ipcx_word(t, IPCX_OWNER_KERNEL,
						IPCX_WRITING)))
				continue;
			ipcx_cas(&l->tail, hint, ipcx_ticket_add(t, 1));
			*claim = (struct ipcx_claim) {
				.lane = lane, .ticket = t,
			};
			return 0;
		}
		if (ahead >= 0) {
			help_tail(q, l, hint, w);
			continue;
		}
		if (ahead != -(s64)q->slots)
			continue;	/* the tail read was stale */

		switch (ipcx_state(w)) {
		case IPCX_ABORTED:
			ipcx_make_room(q, l, slot, t, w, &l->skipped);
			break;
		case IPCX_READY:
		case IPCX_RETURNED:
			if (!(q->flags & IPCX_QUEUE_DROP_OLDEST))
				return -EAGAIN;
			if (ipcx_make_room(q, l, slot, t, w, &l->dropped))
				ipcx_count_drop(q, lane, w);
			break;
		case IPCX_WRITING:
		case IPCX_READING:
			return -EAGAIN;
		default:
			break;		/* no such word: tries run out */
		}
	}
	return ipcx_corrupt(q);
}

/**
 * ipcx_abort - give up a claim; receivers skip its ticket
 * @q: the queue
 * @claim: by ipcx_claim_send()
 */
void ipcx_abort(struct ipcx_queue *q, const struct ipcx_claim *claim)
{
	ipcx_count(&q->lane[claim->lane].aborted);
	ipcx_store_word(q, claim, claim->ticket, IPCX_OWNER_KERNEL,
			IPCX_ABORTED);
	ipcx_wake(q, IPCX_DIR_RECV);
	/* It is room for senders as well, when it stands in the tail's way. */
	ipcx_wake(q, IPCX_DIR_SEND);
}

/*
 * Claims a message that stands in word @w, or with @peek only notes where, for
 * ipcx_peeked() to look again.
 */
static __always_inline bool ipcx_get_message(struct ipcx_slot *slot, u64 w,
					     u32 lane, struct ipcx_claim *claim,
					     bool peek)
{
	u64 ticket = ipcx_ticket(w);

	if (!peek && !ipcx_cas(&slot->word, w,
			       ipcx_word(ticket, IPCX_OWNER_KERNEL,
					 IPCX_READING)))
		return false;
	*claim = (struct ipcx_claim) {
		.lane	= lane,
		.ticket	= ticket,
		.word	= w,
		/* See ipcx_give_back(). */
		.redelivered = ipcx_state(w) == IPCX_RETURNED &&
			       ipcx_owner(w) != IPCX_OWNER_KERNEL,
	};
	return true;
}

/* Gets the oldest message of a lane that was given back. */
static bool ipcx_next_returned_lane(struct ipcx_queue *q, u32 lane,
				    struct ipcx_claim *claim, bool peek)
{
	u64 h = ipcx_hint_ticket(ipcx_hint(&q->lane[lane].head));
	u32 i;

	/* The head's slot is where the oldest ticket before it lies. */
	for (i = 0; i < q->slots; i++) {
		struct ipcx_slot *slot = ipcx_slot(q, lane, h + i);
		u64 w = ipcx_load_word(slot);
		u64 ticket = ipcx_ticket(w);

		cond_resched();
		if (ipcx_state(w) != IPCX_RETURNED ||
		    ((ticket ^ (h + i)) & (q->slots - 1)))
			continue;
		if (ipcx_get_message(slot, w, lane, claim, peek))
			return true;
	}
	return false;
}

/* Looks for messages that were given back, if there may be any. */
static __always_inline bool ipcx_next_returned(struct ipcx_queue *q,
					       struct ipcx_claim *claim, bool peek)
{
	u64 epoch, done;
	u32 lane;

	/* Read before done: what turns RETURNED after it has a later epoch. */
	epoch = smp_load_acquire(&q->kpage->ret_epoch);
	/* Read before the slots, and never compared but by inequality. */
	done = smp_load_acquire(&q->ring->ret_done);
	if (likely(epoch == done))
		return false;
	for (lane = q->lanes; lane-- > 0; )
		if (ipcx_next_returned_lane(q, lane, claim, peek))
			return true;
	ipcx_cas(&q->ring->ret_done, done, epoch);
	return false;
}

enum ipcx_look { IPCX_GOT, IPCX_NOTHING, IPCX_AGAIN };

/* One look at the head of a lane. */
static __always_inline enum ipcx_look
ipcx_look_at_lane(struct ipcx_queue *q, u32 lane, struct ipcx_claim *claim,
		  bool peek)
{
	struct ipcx_lane *l = &q->lane[lane];
	u64 hint = ipcx_hint(&l->head);
	u64 h = ipcx_hint_ticket(hint);
	struct ipcx_slot *slot = ipcx_slot(q, lane, h);
	u64 w = ipcx_load_word(slot);
	s64 ahead = ipcx_ticket_diff(ipcx_ticket(w), h);

	if (ahead < 0)
		return IPCX_NOTHING;
	if (ahead > 0) {
		help_head(q, l, hint, w);
		return IPCX_AGAIN;
	}
	switch (ipcx_state(w)) {
	case IPCX_READY:
		if (!ipcx_get_message(slot, w, lane, claim, peek))
			return IPCX_AGAIN;
		if (!peek)
			ipcx_cas(&l->head, hint, ipcx_ticket_add(h, 1));
		return IPCX_GOT;
	case IPCX_ABORTED:
		if (ipcx_make_room(q, l, slot, ipcx_ticket_add(h, q->slots), w,
				   &l->skipped))
			ipcx_wake(q, IPCX_DIR_SEND);
		return IPCX_AGAIN;
	case IPCX_READING:
	case IPCX_RETURNED:
		help_head(q, l, hint, w);
		return IPCX_AGAIN;
	case IPCX_FREE:
	case IPCX_WRITING:
		return IPCX_NOTHING;
	default:
		return IPCX_AGAIN;	/* no such word: tries run out */
	}
}

static __always_inline int ipcx_next(struct ipcx_queue *q,
				     struct ipcx_claim *claim, bool peek)
{
	int tries = 0;
	u32 lane;

	/* Once: were the epochs spoiled again, this would never end. */
	if (ipcx_next_returned(q, claim, peek))
		return 0;
again:
	if (tries++ == IPCX_CLAIM_TRIES)
		return ipcx_corrupt(q);
	for (lane = q->lanes; lane-- > 0; ) {
		switch (ipcx_look_at_lane(q, lane, claim, peek)) {
		case IPCX_GOT:
			return 0;
		case IPCX_AGAIN:
			goto again;
		case IPCX_NOTHING:
			break;
		}
	}
	return -EAGAIN;
}

/**
 * ipcx_find_recv - ipcx_claim_recv(), where that is not done at a glance
 * @q: the queue
 * @claim: filled with the claim
 *
 * Return: 0, -EAGAIN (nothing there) or -EBADMSG.
 */
int ipcx_find_recv(struct ipcx_queue *q, struct ipcx_claim *claim)
{
	return ipcx_next(q, claim, false);
}

/**
 * ipcx_peek - find the message that ipcx_claim_recv() would claim
 * @q: the queue
 * @claim: filled as if it were claimed; what is copied on its word counts only
 *	if ipcx_peeked() afterwards
 *
 * Return: 0, -EAGAIN (nothing there) or -EBADMSG.
 */
int ipcx_peek(struct ipcx_queue *q, struct ipcx_claim *claim)
{
	return ipcx_next(q, claim, true);
}

/**
 * ipcx_peeked - was what was copied since ipcx_peek() that message
 * @q: the queue
 * @claim: by ipcx_peek()
 *
 * Return: true if nobody has taken it meanwhile.
 */
bool ipcx_peeked(struct ipcx_queue *q, const struct ipcx_claim *claim)
{
	/* The copy comes before; pairs with the claim of who writes next. */
	smp_rmb();
	return READ_ONCE(ipcx_slot(q, claim->lane, claim->ticket)->word) ==
	       claim->word;
}

/**
 * ipcx_is_reading - is a message being read by this owner
 * @q: the queue
 * @claim: lane, below q->lanes, and any ticket
 * @owner: the owner
 *
 * Return: true if its slot says so just now.
 */
bool ipcx_is_reading(struct ipcx_queue *q, const struct ipcx_claim *claim,
		     u32 owner)
{
	return claim->ticket <= IPCX_TICKET_MASK &&
	       ipcx_load_word(ipcx_slot(q, claim->lane, claim->ticket)) ==
	       ipcx_word(claim->ticket, owner, IPCX_READING);
}

/* A slot turned RETURNED: receivers shall scan, and see it when they do. */
static void ipcx_returned(struct ipcx_queue *q)
{
	/* Pairs with the epoch's load in ipcx_next_returned(). */
	smp_mb__before_atomic();
	atomic64_inc((atomic64_t *)&q->kpage->ret_epoch);
}

/**
 * ipcx_give_back - put back a message that could not be copied out
 * @q: the queue
 * @claim: by ipcx_claim_recv()
 *
 * The owner tells the next receiver whether anybody has seen it: the kernel
 * stands for nobody.
 */
void ipcx_give_back(struct ipcx_queue *q, const struct ipcx_claim *claim)
{
	ipcx_store_word(q, claim, claim->ticket,
			claim->redelivered ? IPCX_OWNER_NONE : IPCX_OWNER_KERNEL,
			IPCX_RETURNED);
	ipcx_returned(q);
	ipcx_wake(q, IPCX_DIR_RECV);
	/* With drop-oldest it can be dropped to make room. */
	ipcx_wake(q, IPCX_DIR_SEND);
}

/**
 * ipcx_can_send - would a sender find a slot, or at least something to do
 * @q: the queue
 * @lane: the lane
 *
 * Return: false if it has to wait for a receiver.
 */
bool ipcx_can_send(struct ipcx_queue *q, u32 lane)
{
	u64 t = ipcx_hint_ticket(ipcx_hint(&q->lane[lane].tail));
	u64 w = ipcx_load_word(ipcx_slot(q, lane, t));

	if (q->flags & IPCX_QUEUE_BROADCAST)
		return ipcx_broadcast_can_send(q);
	if (ipcx_ticket_diff(ipcx_ticket(w), t) != -(s64)q->slots)
		return true;
	switch (ipcx_state(w)) {
	case IPCX_WRITING:
	case IPCX_READING:
		return false;
	case IPCX_READY:
	case IPCX_RETURNED:
		return q->flags & IPCX_QUEUE_DROP_OLDEST;
	default:
		return true;
	}
}

/**
 * ipcx_can_recv - would a receiver find a message, or at least something to do
 * @q: the queue
 *
 * Return: false if it has to wait for a sender.
 */
bool ipcx_can_recv(struct ipcx_queue *q)
{
	u32 lane;

	if (READ_ONCE(q->kpage->ret_epoch) != READ_ONCE(q->ring->ret_done))
		return true;
	for (lane = 0; lane < q->lanes; lane++) {
		u64 h = ipcx_hint_ticket(ipcx_hint(&q->lane[lane].head));
		u64 w = ipcx_load_word(ipcx_slot(q, lane, h));
		s64 ahead = ipcx_ticket_diff(ipcx_ticket(w), h);

		if (ahead > 0 || (!ahead && ipcx_state(w) != IPCX_FREE &&
				  ipcx_state(w) != IPCX_WRITING))
			return true;
	}
	return false;
}

/**
 * ipcx_drained - can no message come any more, given that no sender is left
 * @q: the queue
 *
 * Return: true if no slot holds a message or ever will.
 */
bool ipcx_drained(struct ipcx_queue *q)
{
	u32 i;

	/* A dead one's WRITING turns into ABORTED, its READING into a message. */
	if (atomic_read_acquire(&q->repairing))
		return false;
	for (i = 0; i < q->lanes * q->slots; i++) {
		u64 w = ipcx_load_word(ipcx_slot_by_index(q, i));

		if (ipcx_state(w) != IPCX_FREE && ipcx_state(w) != IPCX_ABORTED)
			return false;
		cond_resched();
	}
	return true;
}

/**
 * ipcx_ring_init - fill a zeroed ring
 * @q: the queue, whose geometry is set
 */
void ipcx_ring_init(struct ipcx_queue *q)
{
	u32 i;

	for (i = 0; i < q->lanes * q->slots; i++) {
		ipcx_slot_by_index(q, i)->word =
			ipcx_word(i & (q->slots - 1), IPCX_OWNER_NONE, IPCX_FREE);
		cond_resched();
	}
}

/**
 * ipcx_ring_repair - end the claims of owners that are no more
 * @q: the queue
 * @dead: their ids; nobody can claim by one while this runs
 *
 * The caller wakes everybody, whatever was found: the dead may have published
 * and died before it looked who waits.
 */
void ipcx_ring_repair(struct ipcx_queue *q, const unsigned long *dead)
{
	u32 aborted = 0, returned = 0;
	struct ipcx_attachment *a;
	u32 i;

	for (i = 0; i < q->lanes * q->slots; i++) {
		struct ipcx_slot *slot = ipcx_slot_by_index(q, i);
		u64 w = ipcx_load_word(slot);
		u64 ticket = ipcx_ticket(w);

		cond_resched();
		if (!test_bit(ipcx_owner(w), dead))
			continue;
		a = xa_load(&q->attachments, ipcx_owner(w));
		if (ipcx_state(w) == IPCX_WRITING &&
		    ipcx_cas(&slot->word, w,
			     ipcx_word(ticket, IPCX_OWNER_NONE, IPCX_ABORTED))) {
			ipcx_count(&q->lane[i / q->slots].aborted);
			a->aborted++;
			aborted++;
		} else if (ipcx_state(w) == IPCX_READING &&
			   ipcx_cas(&slot->word, w,
				    ipcx_word(ticket, IPCX_OWNER_NONE,
					      IPCX_RETURNED))) {
			atomic64_inc(&q->redelivered);
			ipcx_returned(q);
			a->returned++;
			returned++;
		}
	}
	trace_ipcx_recover(q->obj.id, aborted, returned);
}

/* Messages that were given back lie behind the head; seldom there are any. */
static u32 ipcx_ring_returned(struct ipcx_queue *q)
{
	u32 i, returned = 0;

	if (READ_ONCE(q->kpage->ret_epoch) == READ_ONCE(q->ring->ret_done))
		return 0;
	for (i = 0; i < q->lanes * q->slots; i++) {
		u64 w = ipcx_load_word(ipcx_slot_by_index(q, i));

		returned += ipcx_state(w) == IPCX_RETURNED;
		cond_resched();
	}
	return returned;
}

/**
 * ipcx_ring_stat - counters out of the tickets
 * @q: the queue
 * @stat: sent, received, depth, dropped and aborted are filled
 *
 * Tickets count claims: what was aborted and what was dropped passed the head
 * without being received.
 */
void ipcx_ring_stat(struct ipcx_queue *q, struct ipcx_stat *stat)
{
	u32 returned = ipcx_ring_returned(q);
	u32 lane;

	if (q->flags & IPCX_QUEUE_BROADCAST) {
		ipcx_broadcast_stat(q, stat);
		return;
	}
	for (lane = 0; lane < q->lanes; lane++) {
		const struct ipcx_lane *l = &q->lane[lane];
		u64 head = ipcx_hint_ticket(ipcx_hint(&l->head));
		u64 tail = ipcx_hint_ticket(ipcx_hint(&l->tail));
		u64 skipped = READ_ONCE(l->skipped);
		u64 dropped = READ_ONCE(l->dropped);
		u64 aborted = READ_ONCE(l->aborted);

		stat->sent += tail - min(tail, aborted);
		stat->received += head - min(head, skipped + dropped);
		stat->depth += clamp_t(s64, ipcx_ticket_diff(tail, head), 0,
				       q->slots);
		stat->aborted += aborted;
		stat->dropped += dropped;
	}
	stat->received -= min_t(u64, stat->received, returned);
	stat->depth += returned;
}
