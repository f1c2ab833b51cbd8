/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_RING_KERNEL_H
#define IPCX_RING_KERNEL_H

#include <linux/sizes.h>

#include "queue.h"

/**
 * struct ipcx_claim - a slot claimed by this call
 * @lane: its lane
 * @ticket: its ticket
 * @word: of a message received: what stood in its slot before
 * @redelivered: a receiver before gave it back
 */
struct ipcx_claim {
	u32 lane;
	u64 ticket;
	u64 word;
	bool redelivered;
};

/*
 * Tries of one claim. Each one lost means that a peer moved the ring on, so
 * this many in a row mean a ring that leads in circles.
 */
#define IPCX_CLAIM_TRIES	SZ_64K

static inline int ipcx_corrupt(struct ipcx_queue *q)
{
	atomic64_inc(&q->corrupt);
	return -EBADMSG;
}

/* A hint as it stands, to be compared; only its ticket is used. */
static inline u64 ipcx_hint(const u64 *hint)
{
	return READ_ONCE(*hint);
}

static inline u64 ipcx_hint_ticket(u64 hint)
{
	return hint & IPCX_TICKET_MASK;
}

static inline u64 ipcx_load_word(const struct ipcx_slot *slot)
{
	/* What was written before the word is seen with it. */
	return smp_load_acquire(&slot->word);
}

static inline bool ipcx_cas(u64 *word, u64 old, u64 new)
{
	return cmpxchg(word, old, new) == old;
}

/* Users count in the same words; they are for show alone. */
static inline void ipcx_count(u64 *counter)
{
	atomic64_inc((atomic64_t *)counter);
}

/* ring.c */
int ipcx_find_send(struct ipcx_queue *q, u32 lane, struct ipcx_claim *claim);
void ipcx_abort(struct ipcx_queue *q, const struct ipcx_claim *claim);
int ipcx_find_recv(struct ipcx_queue *q, struct ipcx_claim *claim);
int ipcx_peek(struct ipcx_queue *q, struct ipcx_claim *claim);
bool ipcx_peeked(struct ipcx_queue *q, const struct ipcx_claim *claim);
bool ipcx_is_reading(struct ipcx_queue *q, const struct ipcx_claim *claim,
		     u32 owner);
void ipcx_give_back(struct ipcx_queue *q, const struct ipcx_claim *claim);

bool ipcx_can_send(struct ipcx_queue *q, u32 lane);
bool ipcx_can_recv(struct ipcx_queue *q);
bool ipcx_drained(struct ipcx_queue *q);

void ipcx_ring_init(struct ipcx_queue *q);
void ipcx_ring_repair(struct ipcx_queue *q, const unsigned long *dead);
void ipcx_ring_stat(struct ipcx_queue *q, struct ipcx_stat *stat);

/* broadcast.c */
int ipcx_broadcast_claim(struct ipcx_queue *q, struct ipcx_claim *claim);
bool ipcx_broadcast_can_send(struct ipcx_queue *q);
void ipcx_broadcast_stat(struct ipcx_queue *q, struct ipcx_stat *stat);

/*
 * Claims the slot at the tail of a lane, below q->lanes: 0, -EAGAIN (full) or
 * -EBADMSG. At a glance if the hint is right and the slot free.
 */
static __always_inline int ipcx_claim_send(struct ipcx_queue *q, u32 lane,
					   struct ipcx_claim *claim)
{
	struct ipcx_lane *l = &q->lane[lane];
	u64 hint = ipcx_hint(&l->tail);
	u64 t = ipcx_hint_ticket(hint);
	struct ipcx_slot *slot = ipcx_slot(q, lane, t);
	u64 w = ipcx_word(t, IPCX_OWNER_NONE, IPCX_FREE);

	if (unlikely(q->flags & IPCX_QUEUE_BROADCAST ||
		     ipcx_load_word(slot) != w ||
		     !ipcx_cas(&slot->word, w,
			       ipcx_word(t, IPCX_OWNER_KERNEL, IPCX_WRITING))))
		return ipcx_find_send(q, lane, claim);
	ipcx_cas(&l->tail, hint, ipcx_ticket_add(t, 1));
	claim->lane = lane;
	claim->ticket = t;
	return 0;
}

/*
 * Claims the next message, given back ones first, then the lanes from the
 * highest: 0, -EAGAIN (nothing there) or -EBADMSG. At a glance if the highest
 * has one.
 */
static __always_inline int ipcx_claim_recv(struct ipcx_queue *q,
					   struct ipcx_claim *claim)
{
	u32 lane = q->lanes - 1;
	struct ipcx_lane *l = &q->lane[lane];
	u64 hint = ipcx_hint(&l->head);
	u64 h = ipcx_hint_ticket(hint);
	struct ipcx_slot *slot = ipcx_slot(q, lane, h);
	u64 w = ipcx_load_word(slot);

	/* What was given back before the epochs were read comes first. */
	if (unlikely(ipcx_ticket(w) != h || ipcx_state(w) != IPCX_READY ||
		     READ_ONCE(q->kpage->ret_epoch) !=
		     READ_ONCE(q->ring->ret_done) ||
		     !ipcx_cas(&slot->word, w,
			       ipcx_word(h, IPCX_OWNER_KERNEL, IPCX_READING))))
		return ipcx_find_recv(q, claim);
	ipcx_cas(&l->head, hint, ipcx_ticket_add(h, 1));
	claim->lane = lane;
	claim->ticket = h;
	claim->word = w;
	claim->redelivered = false;
	return 0;
}

/* Ends this call's claim. */
static __always_inline void ipcx_store_word(struct ipcx_queue *q,
					    const struct ipcx_claim *claim,
					    u64 ticket, u32 owner,
					    enum ipcx_state state)
{
	struct ipcx_slot *slot = ipcx_slot(q, claim->lane, claim->ticket);

	/* The payload was written, or read, before. */
	smp_store_release(&slot->word, ipcx_word(ticket, owner, state));
}

/* Publishes a message by ipcx_claim_send(), the slot filled. */
static __always_inline void ipcx_commit(struct ipcx_queue *q,
					const struct ipcx_claim *claim)
{
	ipcx_store_word(q, claim, claim->ticket, IPCX_OWNER_KERNEL, IPCX_READY);
	ipcx_wake(q, IPCX_DIR_RECV);
	/* A message can give way to another, a claim cannot. */
	if (q->flags & (IPCX_QUEUE_DROP_OLDEST | IPCX_QUEUE_BROADCAST))
		ipcx_wake(q, IPCX_DIR_SEND);
}

/* Frees the slot of a message by ipcx_claim_recv(). */
static __always_inline void ipcx_release(struct ipcx_queue *q,
					 const struct ipcx_claim *claim)
{
	ipcx_store_word(q, claim, ipcx_ticket_add(claim->ticket, q->slots),
			IPCX_OWNER_NONE, IPCX_FREE);
	ipcx_wake(q, IPCX_DIR_SEND);
}

#endif /* IPCX_RING_KERNEL_H */
