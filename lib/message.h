/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What moves messages, for the files that move them in more than one way. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <errno.h>

#include "queue.h"
#include "sys.h"

/* One SEND or RECV ioctl. */
int transfer(struct ipcx_queue *queue, unsigned long cmd,
	     struct ipcx_msg *msgs, uint32_t count, uint64_t deadline);

/* As a direction: look only, and copy to @loan->data. */
#define PEEK	2

/* claim.c: a claim on the mapped ring, waited for; 0 or -errno. */
int claim_wait(struct ipcx_queue *queue, int me, uint32_t dir, uint32_t lane,
	       struct ipcx_loan *loan, uint64_t deadline);
/* The next message of a broadcast queue, copied to @buf unless that is NULL. */
int next_broadcast(struct ipcx_queue *queue, int me, void *buf,
		   struct ipcx_loan *loan, __u64 *missed, uint64_t deadline);

/*
 * Acquire: what was sent before the other side left is in the ring for who sees
 * that it left. Partner: the kernel's release of the word.
 */
static inline uint32_t hangup(const struct ipcx_queue *queue)
{
	return __atomic_load_n(&queue->ring.kpage->hangup, __ATOMIC_ACQUIRE);
}

/*
 * The attachment to claim as. The kernel checks @right where it is asked to
 * move a message or to sleep; here it is checked so that a mapped handle says
 * the same.
 */
static inline int attachment(const struct ipcx_queue *queue, uint32_t right)
{
	if (!queue->attachment)
		return -EOPNOTSUPP;
	if (!(queue->rights & right))
		return -EACCES;
	if (*queue->attachment == IPCX_OWNER_NONE)
		return -ENOTCONN;
	return *queue->attachment;
}

/* The ABI's lengths have 32 bits, and no slot_size comes near that. */
static inline uint32_t abi_len(size_t len)
{
	return len < UINT32_MAX ? len : UINT32_MAX;
}

/* What there is to be told of a message, to who wants to know; its bytes. */
static inline ssize_t received(void *buf, const struct ipcx_loan *loan,
			       struct ipcx_msg *msg)
{
	if (msg)
		*msg = (struct ipcx_msg) {
			.buf = (uintptr_t)buf,
			.len = loan->len,
			.lane = loan->lane,
			.flags = loan->flags,
			.sender = loan->sender,
			.ticket = loan->ticket,
		};
	return loan->len;
}

#endif /* MESSAGE_H */
