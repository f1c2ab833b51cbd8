/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The slot protocol of <linux/ipcx_ring.h> over memory that is mapped already:
 * no descriptor, no system call. Who sleeps and wakes, and how, is the caller's.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx_ring.h>

#include <ipcx/queue.h>

/**
 * struct ring_empty - where a lane was found empty
 * @at: word of the slot at its head
 * @word: what stood there, FREE for the ticket to come
 *
 * Any two of the same lane's will do together, so each is atomic by itself.
 */
struct ring_empty {
	const __u64 *at;
	__u64 word;
};

/**
 * struct ring - a view of a ring
 * @kpage: who sleeps, the repair epoch, hangup; never written to
 * @shared: the ring's first words
 * @lane: its lanes
 * @drops: messages dropped, by attachment; NULL without
 * @slots: lane 0's first slot
 * @lanes: number of lanes
 * @lane_slots: slots of a lane
 * @slot_mask: one less, what of a ticket says which slot
 * @slot_size: bytes of the largest message
 * @stride: bytes from slot to slot
 * @lane_bytes: bytes from lane to lane
 * @drop_oldest: IPCX_QUEUE_DROP_OLDEST
 * @broadcast: IPCX_QUEUE_BROADCAST
 * @wake: wakes whoever sleeps in these directions, a mask of IPCX_WAKE_*
 * @wake_arg: for @wake
 * @empty: lanes found empty by ring_claim_recv(); the only field that changes.
 *	Never lane 0, at which a search ends
 *
 * Copied and checked once by ring_init(), so that nothing a peer writes later
 * moves an access out of the ring. Any number of threads may use it.
 */
struct ring {
	const struct ipcx_kpage *kpage;
	struct ipcx_ring *shared;
	struct ipcx_lane *lane;
	__u64 *drops;
	char *slots;
	uint32_t lanes;
	uint32_t lane_slots;
	uint32_t slot_size;
	size_t slot_mask;
	size_t stride;
	size_t lane_bytes;
	bool drop_oldest;
	bool broadcast;
	void (*wake)(void *arg, unsigned int dirs);
	void *wake_arg;
	struct ring_empty empty[IPCX_LANES_MAX];
};

/*
 * A loan is a claim on a slot: the calls that claim fill it in, those that
 * publish take it. @me is the caller's attachment. -EBADMSG means that what
 * stands in the ring cannot be: a peer spoiled it.
 */

/* -EPROTO if @kpage is of another version or does not fit @bytes. */
int ring_init(struct ring *ring, const struct ipcx_kpage *kpage, void *base,
	      size_t bytes);

/* 0, -EAGAIN (the lane is full), -EBADMSG. */
int ring_claim_send(const struct ring *ring, uint32_t me, uint32_t lane,
		    struct ipcx_loan *loan);
/* 0, -EAGAIN (nothing to receive), -EBADMSG. */
int ring_claim_recv(struct ring *ring, uint32_t me, struct ipcx_loan *loan);

/*
 * Copies the message that ring_claim_recv() would claim to @buf, of slot_size
 * bytes; @loan tells of it and is none. 0, -EAGAIN (nothing that stayed for as
 * long as that takes), -EBADMSG.
 */
int ring_peek(struct ring *ring, void *buf, struct ipcx_loan *loan);

/* 0, -EBADMSG (the slot was no longer ours). */
int ring_commit(const struct ring *ring, uint32_t me,
		const struct ipcx_loan *loan, uint32_t len);
int ring_abort(const struct ring *ring, uint32_t me,
	       const struct ipcx_loan *loan);
int ring_release(const struct ring *ring, uint32_t me,
		 const struct ipcx_loan *loan);

/* Broadcast: lib/broadcast.c */

/**
 * struct subscriber - how far a receiver of a broadcast ring is
 * @cursor: the next ticket
 * @pending: tickets missed since the last message
 * @missed: tickets missed, all in all
 *
 * Each is atomic. Threads that share it each get other messages, and what was
 * missed is told with one of them.
 */
struct subscriber {
	__u64 cursor;
	__u64 pending;
	__u64 missed;
};

/* Begin with the oldest message in the ring. */
void ring_subscribe(const struct ring *ring, struct subscriber *subscriber);

/* As ring_claim_send(); -EAGAIN if others write all slots at once. */
int ring_claim_broadcast(const struct ring *ring, uint32_t me,
			 struct ipcx_loan *loan);

/*
 * Find the next message; nothing is claimed, and it can be overwritten while it
 * is read. 0, -EAGAIN (nothing yet), -EBADMSG.
 */
int ring_next(const struct ring *ring, struct subscriber *subscriber,
	      struct ipcx_loan *loan);

/* Is it still the message that it was, after it was read? */
bool ring_is_there(const struct ipcx_loan *loan);

/* The same, and go on to the next; false too if another thread took it. */
bool ring_take(struct subscriber *subscriber, const struct ipcx_loan *loan,
	       __u64 *missed);

/* As ring_peek(). */
int ring_peek_broadcast(const struct ring *ring, struct subscriber *subscriber,
			void *buf, struct ipcx_loan *loan);

/* Copy a payload that others may read, or write, at the same time. */
void ring_copy_in(void *payload, const void *buf, size_t len);
void ring_copy_out(void *buf, const void *payload, size_t len);

#endif /* RING_H */
