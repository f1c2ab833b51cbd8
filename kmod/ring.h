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
int ipcx_claim_send(struct ipcx_queue *q, u32 lane, struct ipcx_claim *claim);
void ipcx_commit(struct ipcx_queue *q, const struct ipcx_claim *claim);
void ipcx_abort(struct ipcx_queue *q, const struct ipcx_claim *claim);
int ipcx_claim_recv(struct ipcx_queue *q, struct ipcx_claim *claim);
int ipcx_peek(struct ipcx_queue *q, struct ipcx_claim *claim);
bool ipcx_peeked(struct ipcx_queue *q, const struct ipcx_claim *claim);
bool ipcx_is_reading(struct ipcx_queue *q, const struct ipcx_claim *claim,
		     u32 owner);
void ipcx_release(struct ipcx_queue *q, const struct ipcx_claim *claim);
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

#endif /* IPCX_RING_KERNEL_H */
