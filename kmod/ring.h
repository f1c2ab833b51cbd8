/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_RING_KERNEL_H
#define IPCX_RING_KERNEL_H

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

/**
 * struct ipcx_claims - claims of an owner
 * @writing: slots it writes
 * @reading: slots it reads
 */
struct ipcx_claims {
	u32 writing;
	u32 reading;
};

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
void ipcx_ring_claims(struct ipcx_queue *q, struct ipcx_claims *claims);
void ipcx_ring_stat(struct ipcx_queue *q, struct ipcx_stat *stat);

#endif /* IPCX_RING_KERNEL_H */
