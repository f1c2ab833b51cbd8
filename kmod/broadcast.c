// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broadcast: the protocol of <linux/ipcx_ring.h> where nothing is taken out of
 * a ring but by overwriting it. The bounded and suspicious twin of the one in
 * the library; what the head of ring.c says holds here too.
 *
 * A subscriber claims nothing. It copies a message and then looks whether the
 * slot's word is what it was before; a publisher changes the word before it
 * changes the rest. So there is nothing to repair after a subscriber, and RECV
 * may sleep over the caller's pages.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "broadcast.h"
#include "stamp.h"
#include "trace.h"
#include "transfer.h"

/* Messages in a row overwritten while they were copied, before we look up. */
#define IPCX_OVERTAKEN_MAX	64

/* What a subscriber finds at its cursor. */
enum ipcx_sight {
	IPCX_MESSAGE,
	IPCX_GAP,		/* nothing that will ever be read */
	IPCX_NOTHING_YET,
	IPCX_NONSENSE,		/* no correct peer left that behind */
};

/**
 * struct ipcx_view - one look of a subscriber
 * @ticket: where it looked
 * @word: IPCX_MESSAGE: the slot's word
 * @next: IPCX_GAP: where to go on
 * @missed: IPCX_GAP: tickets overwritten or left out up to there
 */
struct ipcx_view {
	u64 ticket;
	u64 word;
	u64 next;
	u64 missed;
};

static u64 ipcx_broadcast_tail(const struct ipcx_queue *q)
{
	/* What was claimed or left out below it shows to who looks then. */
	return ipcx_hint_ticket(smp_load_acquire(&q->lane->tail));
}

/**
 * ipcx_broadcast_claim - claim the slot at the tail, whatever was in it
 * @q: the queue
 * @claim: filled with the claim
 *
 * Who is overtaken by a whole round while it writes loses no slot: the others
 * leave the ticket that would have come there out.
 *
 * Return: 0, -EAGAIN (others write all slots at once) or -EBADMSG.
 */
int ipcx_broadcast_claim(struct ipcx_queue *q, struct ipcx_claim *claim)
{
	struct ipcx_lane *l = q->lane;
	u32 busy = 0;
	int tries;

	for (tries = 0; tries < IPCX_CLAIM_TRIES; tries++) {
		u64 hint = ipcx_hint(&l->tail);
		u64 t = ipcx_hint_ticket(hint);
		struct ipcx_slot *slot = ipcx_slot(q, 0, t);
		u64 w = ipcx_load_word(slot);
		s64 ahead = ipcx_ticket_diff(ipcx_ticket(w), t);

		if (ahead > 0 || (!ahead && ipcx_state(w) != IPCX_FREE)) {
			ipcx_cas(&l->tail, hint,
				 ipcx_ticket_add(ipcx_ticket(w), 1));
			continue;
		}
		if (ipcx_state(w) == IPCX_WRITING) {
			if (++busy == q->slots)
				return -EAGAIN;
			if (ipcx_cas(&l->tail, hint, ipcx_ticket_add(t, 1)))
				ipcx_count(&l->skipped);
			continue;
		}
		/* A ticket that was left out meanwhile is in the past. */
		if (ipcx_hint(&l->tail) != hint)
			continue;
		/* As a full barrier it stands before what is written there. */
		if (!ipcx_cas(&slot->word, w,
			      ipcx_word(t, IPCX_OWNER_KERNEL, IPCX_WRITING)))
			continue;
		ipcx_cas(&l->tail, hint, ipcx_ticket_add(t, 1));
		*claim = (struct ipcx_claim) { .ticket = t };
		return 0;
	}
	return ipcx_corrupt(q);
}

/**
 * ipcx_broadcast_can_send - would a publisher find a slot
 * @q: the queue
 *
 * Return: false if all are being written.
 */
bool ipcx_broadcast_can_send(struct ipcx_queue *q)
{
	u32 i;

	for (i = 0; i < q->slots; i++) {
		u64 w = ipcx_load_word(ipcx_slot_by_index(q, i));

		if (ipcx_state(w) != IPCX_WRITING)
			return true;
		cond_resched();
	}
	return false;
}

/* One look at the slot of ticket @c. */
static enum ipcx_sight ipcx_broadcast_look(const struct ipcx_queue *q, u64 c,
					   struct ipcx_view *view)
{
	/* In this order: what is claimed below the tail shows in the word. */
	u64 tail = ipcx_broadcast_tail(q);
	u64 w = ipcx_load_word(ipcx_slot(q, 0, c));
	s64 ahead = ipcx_ticket_diff(ipcx_ticket(w), c);
	s64 behind = ipcx_ticket_diff(tail, c);
	s64 slots = q->slots;

	*view = (struct ipcx_view) {
		.ticket	= c,
		.word	= w,
		.next	= ipcx_ticket_add(c, 1),
		.missed	= 1,
	};
	if (ahead > 0) {
		/* The oldest that can still be there. */
		view->missed = ahead - slots + 1;
		view->next = ipcx_ticket_add(c, view->missed);
		return ahead >= slots ? IPCX_GAP : IPCX_NONSENSE;
	}
	if (ahead < 0)
		return behind > 0 ? IPCX_GAP : IPCX_NOTHING_YET;
	switch (ipcx_state(w)) {
	case IPCX_READY:
		return IPCX_MESSAGE;
	case IPCX_ABORTED:
		view->missed = 0;
		return IPCX_GAP;
	case IPCX_WRITING:
		/* Waiting for who was overtaken would only miss more. */
		return behind > slots ? IPCX_GAP : IPCX_NOTHING_YET;
	case IPCX_FREE:
		return IPCX_NOTHING_YET;
	default:
		return IPCX_NONSENSE;
	}
}

static u64 ipcx_cursor_ticket(struct ipcx_cursor *cursor)
{
	u64 ticket;

	spin_lock(&cursor->lock);
	ticket = cursor->ticket;
	spin_unlock(&cursor->lock);
	return ticket;
}

/* Passes over a gap, if nobody else moved the cursor. */
static void ipcx_cursor_pass(struct ipcx_cursor *cursor,
			     const struct ipcx_view *gap)
{
	spin_lock(&cursor->lock);
	if (cursor->ticket == gap->ticket) {
		cursor->ticket = gap->next;
		cursor->missed += gap->missed;
	}
	spin_unlock(&cursor->lock);
}

/*
 * Takes the message that was copied, or with @peek leaves it. False if it was
 * overwritten meanwhile, or somebody else took it.
 */
static bool ipcx_cursor_take(struct ipcx_queue *q, struct ipcx_cursor *cursor,
			     const struct ipcx_view *view, bool peek,
			     u64 *missed)
{
	bool there;

	/* Copied before; pairs with the barrier of who claimed the slot next. */
	smp_rmb();
	if (READ_ONCE(ipcx_slot(q, 0, view->ticket)->word) != view->word)
		return false;
	spin_lock(&cursor->lock);
	there = cursor->ticket == view->ticket;
	if (there)
		*missed = cursor->missed;
	if (there && !peek) {
		cursor->missed = 0;
		cursor->ticket = view->next;
	}
	spin_unlock(&cursor->lock);
	return there;
}

/* Undoes ipcx_cursor_take(), unless somebody else went on from there. */
static void ipcx_cursor_untake(struct ipcx_cursor *cursor,
			       const struct ipcx_view *view, u64 missed)
{
	spin_lock(&cursor->lock);
	if (cursor->ticket == view->next) {
		cursor->ticket = view->ticket;
		cursor->missed += missed;
	}
	spin_unlock(&cursor->lock);
}

/**
 * ipcx_cursor_begin - begin with the oldest message that the ring holds
 * @q: the queue
 * @cursor: of a new descriptor
 */
void ipcx_cursor_begin(struct ipcx_queue *q, struct ipcx_cursor *cursor)
{
	u64 tail = ipcx_broadcast_tail(q);
	u64 w = ipcx_load_word(ipcx_slot(q, 0, tail));

	spin_lock_init(&cursor->lock);
	/* One that is claimed before the tail says so has taken the oldest. */
	if (ipcx_ticket(w) == tail && ipcx_state(w) != IPCX_FREE)
		tail++;
	cursor->ticket = ipcx_hint_ticket(tail - min_t(u64, tail, q->slots));
}

/**
 * ipcx_cursor_advance - learn what was received by mapping
 * @cursor: the cursor
 * @ticket: where its reader is; threads can tell that in another order
 */
void ipcx_cursor_advance(struct ipcx_cursor *cursor, u64 ticket)
{
	spin_lock(&cursor->lock);
	if (ipcx_ticket_diff(ticket, cursor->ticket) > 0) {
		cursor->ticket = ticket;
		cursor->missed = 0;
	}
	spin_unlock(&cursor->lock);
}

/*
 * The rounds of a look that follows gaps. Each leads on, and all that are not
 * due to a publisher just passing by lie within one round of the ring.
 */
static u32 ipcx_gaps_max(const struct ipcx_queue *q)
{
	return q->slots + IPCX_CLAIM_TRIES;
}

/**
 * ipcx_broadcast_ready - would a subscriber find a message
 * @q: the queue
 * @cursor: the subscriber's, which is not moved
 * @at: where it reads instead, or IPCX_AT_CURSOR
 * @gone: what ipcx_gone() said before
 *
 * Return: 0, -EAGAIN, or @gone once nothing can come any more.
 */
int ipcx_broadcast_ready(struct ipcx_queue *q, struct ipcx_cursor *cursor,
			 u64 at, int gone)
{
	u64 c = at == IPCX_AT_CURSOR ? ipcx_cursor_ticket(cursor) : at;
	struct ipcx_view view;
	u32 i;

	for (i = 0; i < ipcx_gaps_max(q); i++) {
		switch (ipcx_broadcast_look(q, c, &view)) {
		case IPCX_GAP:
			c = view.next;
			cond_resched();
			break;
		case IPCX_NOTHING_YET:
			/* A dead one's WRITING turns into ABORTED. */
			if (!gone || atomic_read_acquire(&q->repairing))
				return -EAGAIN;
			if (ipcx_ticket_diff(c, ipcx_broadcast_tail(q)) < 0)
				return -EAGAIN;
			return gone;
		case IPCX_MESSAGE:
		case IPCX_NONSENSE:
			return 0;
		}
	}
	return 0;	/* RECV says what is the matter */
}

/* Moves the cursor to the next message. 0, -EAGAIN or -EBADMSG. */
static int ipcx_broadcast_next(struct ipcx_queue *q, struct ipcx_cursor *cursor,
			       struct ipcx_view *view)
{
	u32 i;

	for (i = 0; i < ipcx_gaps_max(q); i++) {
		switch (ipcx_broadcast_look(q, ipcx_cursor_ticket(cursor),
					    view)) {
		case IPCX_MESSAGE:
			return 0;
		case IPCX_GAP:
			ipcx_cursor_pass(cursor, view);
			cond_resched();
			break;
		case IPCX_NOTHING_YET:
			return -EAGAIN;
		case IPCX_NONSENSE:
			return ipcx_corrupt(q);
		}
	}
	return ipcx_corrupt(q);
}

static int ipcx_broadcast_next_wait(struct ipcx_handle *handle, u64 deadline_ns,
				    struct ipcx_view *view)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	int round, ret;

	for (round = 0; ; round++) {
		if (ipcx_gone(q, IPCX_DIR_RECV) == -EIDRM)
			return -EIDRM;
		ret = ipcx_broadcast_next(q, &handle->cursor, view);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcx_wait_round(handle, IPCX_DIR_RECV, 0, deadline_ns,
				      round);
		if (ret)
			return ret;
	}
}

/**
 * ipcx_broadcast_recv - receive the next message, or look at it
 * @handle: the subscriber
 * @umsg: the caller's message
 * @msg_size: bytes of that
 * @msg: it as it was read, checked
 * @deadline_ns: until when to wait
 * @peek: leave it where it is
 *
 * Return: 0 or -errno.
 */
int ipcx_broadcast_recv(struct ipcx_handle *handle, void __user *umsg,
			u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			bool peek)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	void __user *buf = u64_to_user_ptr(msg->buf);
	struct ipcx_claim at = {};
	struct ipcx_view view;
	int overtaken, ret;

	for (overtaken = 0; ; overtaken++) {
		ret = overtaken < IPCX_OVERTAKEN_MAX ? 0 :
		      ipcx_late(deadline_ns);
		if (!ret)
			ret = ipcx_broadcast_next_wait(handle, deadline_ns,
						       &view);
		if (ret)
			return ret;
		at.ticket = view.ticket;
		ipcx_msg_fill(q, &at, msg);
		if (copy_to_user(buf, ipcx_slot(q, 0, at.ticket) + 1, msg->len))
			return -EFAULT;
		if (ipcx_cursor_take(q, &handle->cursor, &view, peek,
				     &msg->missed))
			break;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	if (copy_to_user(umsg, msg, msg_size)) {
		if (!peek)
			ipcx_cursor_untake(&handle->cursor, &view, msg->missed);
		return -EFAULT;
	}
	if (!peek)
		trace_ipcx_recv(q->obj.id, 0, at.ticket, msg->len);
	return 0;
}

/**
 * ipcx_broadcast_stat - counters out of the tickets
 * @q: the queue
 * @stat: sent, depth and aborted are filled
 *
 * How much each subscriber received is known to it alone.
 */
void ipcx_broadcast_stat(struct ipcx_queue *q, struct ipcx_stat *stat)
{
	u64 tail = ipcx_broadcast_tail(q);
	u64 skipped = READ_ONCE(q->lane->skipped);
	u32 i;

	stat->aborted = READ_ONCE(q->lane->aborted);
	stat->sent = tail - min(tail, stat->aborted + skipped);
	for (i = 0; i < q->slots; i++) {
		u64 w = ipcx_load_word(ipcx_slot_by_index(q, i));

		stat->depth += ipcx_state(w) == IPCX_READY;
		cond_resched();
	}
}
