/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues. One area of memory holds all that users may map:
 *
 *	area ->	+------------------+
 *		| struct ipcx_kpage|  one page, read-only to users
 *	ring ->	+------------------+  PAGE_SIZE
 *		| struct ipcx_ring |  all from here on may be scribbled
 *		| lanes            |  over at any time
 *		| drops            |  if IPCX_QUEUE_DROP_OLDEST
 *		| slots            |
 *		+------------------+  area_bytes
 *
 * What the kernel decides rests on the geometry in struct ipcx_queue, never on
 * a word of the ring that was not checked, nor on the same word read twice.
 */
#ifndef IPCX_QUEUE_H
#define IPCX_QUEUE_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/seqlock.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/ipcx_ring.h>

#include "object.h"

#define IPCX_QUEUE_FLAGS	(IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_DROP_OLDEST | \
				 IPCX_QUEUE_HANGUP | IPCX_QUEUE_BROADCAST)
#define IPCX_QUEUE_BYTES_MAX	SZ_1G
#define IPCX_QUEUE_SLOTS_MAX	SZ_1M

struct ipcx_attachment;
struct ipcx_log;
struct ipcx_stamp;

/**
 * struct ipcx_queue - a queue
 * @obj: see object.h
 * @flags: IPCX_QUEUE_*
 * @lanes: number of lanes
 * @slots: slots of a lane
 * @slot_size: bytes of the largest message
 * @stride: bytes from slot to slot
 * @drops_offset: bytes from the ring to the table of drops, 0 without
 * @slots_offset: bytes from the ring to its slots
 * @area_bytes: of the area above
 * @kpage: its first page
 * @ring: its second
 * @lane: lanes of the ring
 * @drops: messages dropped, by owner; NULL without
 * @slot: slots of the ring
 * @wait: who waits and polls, by direction
 * @wait_told: who polls, and may neither send nor receive
 * @stamps: who sent what through SEND, and what rides along, a slot each
 * @stamp_lock: guards @stamps, but see stamp.h; a hostile ring can show one
 *	slot to two callers at once
 * @attach_lock: guards @attachments; taken under mmap_lock
 * @attachments: struct ipcx_attachment by id
 * @next_attachment: where the search for the next id begins
 * @repair: ends the claims of dead attachments
 * @dead: their ids, for @repair alone
 * @log: what happened to them, NULL if there can be none; see events.c
 * @side_lock: guards @senders, @receivers and ipcx_kpage.hangup
 * @senders: descriptors with IPCX_RIGHT_SEND
 * @receivers: descriptors with IPCX_RIGHT_RECV
 * @attached: attachments that are alive
 * @repairing: dead attachments not repaired yet
 * @redelivered: messages given back
 * @corrupt: times the ring was not what it can be
 * @waits: times a thread went to sleep, by direction
 * @wakes: times who sleeps or polls was woken, by direction
 *
 * All above @wait is fixed when the queue is made.
 */
struct ipcx_queue {
	struct ipcx_object obj;
	u32 flags;
	u32 lanes;
	u32 slots;
	u32 slot_size;
	u32 stride;
	size_t drops_offset;
	size_t slots_offset;
	size_t area_bytes;
	struct ipcx_kpage *kpage;
	struct ipcx_ring *ring;
	struct ipcx_lane *lane;
	u64 *drops;
	void *slot;

	wait_queue_head_t wait[2];
	wait_queue_head_t wait_told;

	struct ipcx_stamp *stamps;
	seqlock_t stamp_lock;		/* @stamps */

	struct mutex attach_lock;	/* @attachments */
	struct xarray attachments;
	u32 next_attachment;
	struct work_struct repair;
	DECLARE_BITMAP(dead, IPCX_OWNER_LAST + 1);
	struct ipcx_log *log;

	spinlock_t side_lock;		/* @senders, @receivers */
	u32 senders;
	u32 receivers;

	atomic_t attached;
	atomic_t repairing;
	atomic64_t redelivered;
	atomic64_t corrupt;
	atomic64_t waits[2];
	atomic64_t wakes[2];
};

static inline struct ipcx_queue *to_queue(struct ipcx_object *obj)
{
	return container_of(obj, struct ipcx_queue, obj);
}

static inline struct ipcx_queue *file_to_queue(struct file *file)
{
	return to_queue(ipcx_handle(file)->obj);
}

/* Index of a ticket's slot among those of all lanes. */
static inline u32 ipcx_slot_index(const struct ipcx_queue *q, u32 lane,
				  u64 ticket)
{
	return lane * q->slots + ((u32)ticket & (q->slots - 1));
}

static inline struct ipcx_slot *ipcx_slot_by_index(const struct ipcx_queue *q,
						   u32 index)
{
	return q->slot + (size_t)index * q->stride;
}

static inline struct ipcx_slot *ipcx_slot(const struct ipcx_queue *q, u32 lane,
					  u64 ticket)
{
	return ipcx_slot_by_index(q, ipcx_slot_index(q, lane, ticket));
}

void ipcx_wake_dir_and_ends(struct ipcx_queue *q, u32 dir);

/* Threads asleep, which the kernel page shows. */
static inline atomic_t *ipcx_sleepers(struct ipcx_queue *q, u32 dir)
{
	return (atomic_t *)&q->kpage->count[dir];
}

/*
 * Is there nobody left to talk to, for who asks in this direction: 0, -EPIPE
 * (IPCX_QUEUE_HANGUP: the other side has left, though a receiver may still find
 * messages) or -EIDRM (shut down).
 */
static inline int ipcx_gone(struct ipcx_queue *q, u32 dir)
{
	/* The ring is looked at after it; pairs with ipcx_set_hangup(). */
	u32 hangup = smp_load_acquire(&q->kpage->hangup);

	if (likely(!hangup))
		return 0;
	if (hangup & IPCX_HANGUP_DOWN)
		return -EIDRM;
	return hangup & (dir == IPCX_DIR_RECV ? IPCX_HANGUP_RECV :
						IPCX_HANGUP_SEND) ? -EPIPE : 0;
}

/* Wakes who waits for what was just published; see wait.c. */
static inline void ipcx_wake(struct ipcx_queue *q, u32 dir)
{
	/* Pairs with the barrier of the waiter. */
	smp_mb();
	if (unlikely(atomic_read(ipcx_sleepers(q, dir)) ||
		     READ_ONCE(q->kpage->armed[dir])))
		ipcx_wake_dir_and_ends(q, dir);
}

/* queue.c */
long ipcx_queue_create(void __user *uarg);

/* wait.c */
/* Of a subscriber: its descriptor's cursor, no ticket. */
#define IPCX_AT_CURSOR	U64_MAX

int ipcx_wait(struct ipcx_handle *handle, u32 dir, u32 lane, u64 at,
	      u64 deadline_ns);
void ipcx_wake_all(struct ipcx_queue *q);
void ipcx_wake_told(struct ipcx_queue *q);
long ipcx_wait_ioctl(struct file *file, void __user *uarg);
long ipcx_wake_ioctl(struct file *file, unsigned long mask);
__poll_t ipcx_queue_poll(struct file *file, poll_table *table);
void ipcx_queue_opened(struct ipcx_handle *handle);
void ipcx_queue_closed(struct ipcx_handle *handle);
void ipcx_queue_shutdown(struct ipcx_object *obj);
u64 ipcx_deadline(struct file *file, u64 deadline_ns);

/* transfer.c */
long ipcx_send_ioctl(struct file *file, void __user *uarg);
long ipcx_recv_ioctl(struct file *file, void __user *uarg);

/* attach.c */
int ipcx_queue_mmap(struct file *file, struct vm_area_struct *vma);
void ipcx_repair(struct work_struct *work);
int ipcx_attachment_id(struct ipcx_queue *q);
long ipcx_attachment_ioctl(struct file *file, unsigned long arg);
int ipcx_attach_init(void);
void ipcx_attach_exit(void);

/* peers.c */
void ipcx_stat_holder(struct ipcx_queue *q, struct ipcx_stat *stat);
long ipcx_peers_ioctl(struct file *file, void __user *uarg);
int ipcx_show_attachments(struct ipcx_object *obj, struct seq_file *m);
void ipcx_show_stuck(struct ipcx_object *obj, struct seq_file *m);

/* recent.c */
void ipcx_stat_recent(struct ipcx_queue *q, struct ipcx_stat *stat);
u32 ipcx_recent_room(const struct ipcx_queue *q);
bool ipcx_recent(struct ipcx_queue *q, u32 nr, u32 *sender, u32 *len);

/* events.c */
int ipcx_log_alloc(struct ipcx_queue *q);
void ipcx_log_free(struct ipcx_queue *q);
void ipcx_note_why(struct ipcx_attachment *a, const struct mm_struct *mm);
void ipcx_event_attached(const struct ipcx_attachment *a);
void ipcx_event_detached(const struct ipcx_attachment *a);
void ipcx_events_from_now(struct ipcx_handle *handle);
bool ipcx_events_pending(struct ipcx_handle *handle, bool rewind);
long ipcx_events_ioctl(struct file *file, void __user *uarg);

#endif /* IPCX_QUEUE_H */
