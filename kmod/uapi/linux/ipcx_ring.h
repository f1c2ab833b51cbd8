/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The mapped ring of an ipcx queue: its words and where they lie. Both sides,
 * the module and the library, are written from this one page.
 *
 *	kernel page, read-only to users     struct ipcx_kpage
 *	ring: +0                            struct ipcx_ring
 *	      +IPCX_RING_LANES              struct ipcx_lane  x lanes
 *	      +ipcx_kpage.drops_offset      IPCX_DROPS_COUNT counters, if not 0
 *	      +ipcx_kpage.slots_offset      slots: lane 0's, lane 1's, ...
 *
 * A lane has N = ipcx_kpage.slots slots, a power of two, each of
 * ipcx_kpage.stride bytes: a struct ipcx_slot and its payload. Ticket x lives
 * in slot x mod N. A slot's word holds the ticket, who claimed it and what
 * state it is in, so that a claim and its owner are one atomic word: there is
 * no instant at which a claim exists that nobody can attribute.
 *
 *	send:    FREE(t) -> WRITING(t, me) -> READY(t, me)
 *	                                   -> ABORTED(t, me)
 *	receive: READY(h) -> READING(h, me) -> FREE(h + N)
 *	         READY(h) -> FREE(h + N), by who has copied the message before
 *	         ABORTED(h) -> FREE(h + N)
 *	repair:  WRITING(t, dead) -> ABORTED(t), READING(h, dead) -> RETURNED(h)
 *	         RETURNED(h) -> READING(h, me) -> FREE(h + N)
 *
 * RETURNED by repair has no owner. RECV gives back a message that it could not
 * copy out, which nobody has seen, as RETURNED(h, IPCX_OWNER_KERNEL).
 *
 * IPCX_QUEUE_BROADCAST: nothing is taken, so nothing turns FREE again, and a
 * slot is claimed over whatever older it holds:
 *
 *	send:    FREE(t), READY(t - N), ABORTED(t - N), ... -> WRITING(t, me)
 *	                                -> READY(t, me) or ABORTED(t, me)
 *	receive: READY(c), copy, still READY(c)?
 *	repair:  WRITING(t, dead) -> ABORTED(t)
 *
 * A sender that finds the slot at the tail WRITING still moves the tail on and
 * leaves the ticket out. It waits only if all are; so who publishes or aborts
 * looks at the waiters of both directions.
 *
 * A receiver is a ticket c of its own that goes up, past
 *	ABORTED(c);
 *	what was overwritten: a slot that holds x > c puts c at x - N + 1, missed;
 *	what was left out: a slot that holds x < c with the tail above c, missed;
 *	WRITING(c) with the tail above c + N, missed as well;
 * and waits at anything else. It reads the tail, acquire, before the word. Who
 * claims has a store barrier between the claim and the payload, who receives a
 * load barrier between the copy and the second look at the word.
 *
 * head and tail are hints that anybody who sees them lag moves on. Every access
 * to a word that others write is atomic. Claims are acquire; publishing
 * (READY, ABORTED, FREE) is a release followed by a full barrier and only then
 * the look at the waiters (ipcx_kpage.count, .armed), which pairs with the full
 * barrier between counting and looking in IPCX_IOC_WAIT and poll.
 */
#ifndef _UAPI_LINUX_IPCX_RING_H
#define _UAPI_LINUX_IPCX_RING_H

#include <linux/types.h>

#define IPCX_RING_VERSION	1	/* of this protocol */
#define IPCX_LANES_MAX		32	/* of a queue */

/* The slot word: ticket (48 bits), owner (13 bits), state (3 bits). */
#define IPCX_STATE_BITS		3
#define IPCX_OWNER_BITS		13
#define IPCX_TICKET_BITS	48

#define IPCX_TICKET_SHIFT	(IPCX_STATE_BITS + IPCX_OWNER_BITS)
#define IPCX_TICKET_MASK	((1ULL << IPCX_TICKET_BITS) - 1)
#define IPCX_OWNER_MASK		((1U << IPCX_OWNER_BITS) - 1)
#define IPCX_STATE_MASK		((1U << IPCX_STATE_BITS) - 1)

#define IPCX_OWNER_NONE		0U
#define IPCX_OWNER_KERNEL	1U	/* claims of SEND and RECV */
#define IPCX_OWNER_FIRST	2U	/* first attachment */
#define IPCX_OWNER_LAST		IPCX_OWNER_MASK

/**
 * enum ipcx_state - what a slot's word says of the slot
 * @IPCX_FREE: can be claimed by a sender
 * @IPCX_WRITING: a sender writes its message
 * @IPCX_READY: holds a message
 * @IPCX_READING: a receiver reads it
 * @IPCX_ABORTED: its message was given up; to be skipped
 * @IPCX_RETURNED: its receiver died; to be received again
 */
enum ipcx_state {
	IPCX_FREE	= 0,
	IPCX_WRITING	= 1,
	IPCX_READY	= 2,
	IPCX_READING	= 3,
	IPCX_ABORTED	= 4,
	IPCX_RETURNED	= 5,
};

/**
 * ipcx_word() - the word of a slot
 * @ticket: its ticket
 * @owner: who claims it
 * @state: its state
 *
 * Returns the word.
 */
static inline __u64 ipcx_word(__u64 ticket, __u32 owner, enum ipcx_state state)
{
	return ticket << IPCX_TICKET_SHIFT |
	       (__u64)owner << IPCX_STATE_BITS | (__u64)state;
}

/**
 * ipcx_ticket() - the ticket in a slot's word
 * @word: the word
 *
 * Returns the ticket.
 */
static inline __u64 ipcx_ticket(__u64 word)
{
	return word >> IPCX_TICKET_SHIFT;
}

/**
 * ipcx_owner() - who claimed a slot
 * @word: its word
 *
 * Returns the attachment, IPCX_OWNER_NONE or IPCX_OWNER_KERNEL.
 */
static inline __u32 ipcx_owner(__u64 word)
{
	return (__u32)(word >> IPCX_STATE_BITS) & IPCX_OWNER_MASK;
}

/**
 * ipcx_state() - the state of a slot
 * @word: its word
 *
 * Returns the state.
 */
static inline enum ipcx_state ipcx_state(__u64 word)
{
	return (enum ipcx_state)(word & IPCX_STATE_MASK);
}

/**
 * ipcx_ticket_add() - a later ticket
 * @ticket: the ticket
 * @n: how many later
 *
 * Returns the ticket; tickets wrap.
 */
static inline __u64 ipcx_ticket_add(__u64 ticket, __u64 n)
{
	return (ticket + n) & IPCX_TICKET_MASK;
}

/**
 * ipcx_ticket_diff() - how far a ticket is behind another
 * @a: the one
 * @b: the other
 *
 * Returns the signed distance from @b to @a; tickets wrap.
 */
static inline __s64 ipcx_ticket_diff(__u64 a, __u64 b)
{
	return (__s64)((a - b) << IPCX_TICKET_SHIFT) >> IPCX_TICKET_SHIFT;
}

/**
 * struct ipcx_slot - head of a slot; the payload follows at once
 * @word: the slot word
 * @len: bytes of the payload, set by the sender before it publishes; a reader
 *	clamps it to slot_size
 * @sender: attachment of the sender, likewise; with IPCX_SLOT_FDS if
 *	descriptors ride along
 */
struct ipcx_slot {
	__u64 word;
	__u32 len;
	__u32 sender;
};

#define IPCX_SLOT_ALIGN		64		/* of slots, in bytes */
#define IPCX_SLOT_FDS		0x80000000U	/* in ipcx_slot.sender */

/**
 * struct ipcx_lane - hints and counters of a lane
 * @tail: about the next ticket to send
 * @dropped: messages dropped to make room, counted by who drops
 * @aborted: claims that turned ABORTED, counted by who aborts (or repairs)
 * @head: about the next ticket to receive
 * @skipped: ABORTED slots that turned FREE, counted by who frees; broadcast:
 *	tickets left out
 *
 * Senders and receivers write apart by two cache lines each.
 */
struct ipcx_lane {
	__u64 tail;
	__u64 dropped;
	__u64 aborted;
	__u64 pad0[13];
	__u64 head;
	__u64 skipped;
	__u64 pad1[14];
};

/**
 * struct ipcx_ring - first words of the ring
 * @ret_done: the repair epoch up to which no RETURNED slot was left; written by
 *	receivers, compared to ipcx_kpage.ret_epoch by inequality only
 */
struct ipcx_ring {
	__u64 ret_done;
	__u64 pad[15];
};

/* Where the lanes begin, in bytes from the ring's beginning. */
#define IPCX_RING_LANES		sizeof(struct ipcx_ring)

/*
 * IPCX_QUEUE_DROP_OLDEST: after the lanes a table of __u64, by attachment:
 * messages each has dropped. The kernel zeroes an entry when its id is given
 * out; fewer can attach to such a queue.
 */
#define IPCX_DROPS_COUNT	512

/*
 * ipcx_kpage.hangup. RECV and SEND: IPCX_QUEUE_HANGUP is set and the other side
 * has left. DOWN: shut down, every call is -EIDRM.
 */
#define IPCX_HANGUP_RECV	0x1U	/* no sender: receivers may be done */
#define IPCX_HANGUP_SEND	0x2U	/* no receiver: senders get -EPIPE */
#define IPCX_HANGUP_DOWN	0x4U

/**
 * struct ipcx_kpage - what the kernel tells those who map a queue
 * @version: IPCX_RING_VERSION
 * @queue_flags: IPCX_QUEUE_* of the queue
 * @lanes: number of lanes
 * @slots: slots of a lane
 * @slot_size: bytes of the largest message
 * @stride: bytes from slot to slot
 * @slots_offset: of lane 0's first slot, from the ring's beginning
 * @ring_bytes: length of the ring's mapping
 * @drops_offset: of the table of drops, from the ring's beginning; 0 without
 * @count: threads asleep in WAIT by direction (IPCX_DIR_*)
 * @armed: by direction: somebody polls and must be woken
 * @ret_epoch: grows whenever a slot turned RETURNED
 * @hangup: IPCX_HANGUP_*
 *
 * Only the kernel writes here. What it decides itself rests on copies of its
 * own, not on this page.
 */
struct ipcx_kpage {
	__u32 version;
	__u32 queue_flags;
	__u32 lanes;
	__u32 slots;
	__u32 slot_size;
	__u32 stride;
	__u64 slots_offset;
	__u64 ring_bytes;
	__u64 drops_offset;
	__u64 pad0[10];

	__u32 count[2];
	__u32 armed[2];
	__u64 ret_epoch;
	__u32 hangup;
	__u32 pad1;
};

#endif /* _UAPI_LINUX_IPCX_RING_H */
