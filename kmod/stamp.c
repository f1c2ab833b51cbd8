// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stamps: what the kernel knows of a message that came through SEND. They are
 * kept apart from the slots, where mapped peers could forge them.
 */
#include <linux/slab.h>

#include "stamp.h"

static size_t ipcx_stamps_count(const struct ipcx_queue *q)
{
	return (size_t)q->lanes * q->slots;
}

/**
 * ipcx_stamps_bytes - memory of the stamps
 * @q: the queue
 *
 * Return: bytes.
 */
size_t ipcx_stamps_bytes(const struct ipcx_queue *q)
{
	return ipcx_stamps_count(q) * sizeof(*q->stamps);
}

/**
 * ipcx_stamps_alloc - make room for a stamp a slot
 * @q: the queue
 *
 * Return: 0 or -ENOMEM.
 */
int ipcx_stamps_alloc(struct ipcx_queue *q)
{
	q->stamps = kvcalloc(ipcx_stamps_count(q), sizeof(*q->stamps),
			     GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
			     __GFP_NOWARN);
	return q->stamps ? 0 : -ENOMEM;
}

/**
 * ipcx_stamps_free - undo ipcx_stamps_alloc(), which may have failed
 * @q: the queue
 */
void ipcx_stamps_free(struct ipcx_queue *q)
{
	size_t i;

	for (i = 0; q->stamps && i < ipcx_stamps_count(q); i++) {
		put_pid(q->stamps[i].pid);
		ipcx_riders_put(q->stamps[i].riders);
		cond_resched();
	}
	kvfree(q->stamps);
}

/*
 * Nothing more rides along once the queue is shut down. Either this sees it,
 * or ipcx_stamps_drop_riders() comes later and takes them away.
 */
static bool ipcx_may_ride(struct ipcx_queue *q)
{
	lockdep_assert_held(&q->stamp_lock.lock);
	return !(READ_ONCE(q->kpage->hangup) & IPCX_HANGUP_DOWN);
}

/**
 * ipcx_stamps_drop_riders - let go of all that rides along, after the shutdown
 * @q: the queue
 */
void ipcx_stamps_drop_riders(struct ipcx_queue *q)
{
	struct ipcx_riders *riders;
	size_t i;

	for (i = 0; i < ipcx_stamps_count(q); i++) {
		write_seqlock(&q->stamp_lock);
		riders = xchg(&q->stamps[i].riders, NULL);
		write_sequnlock(&q->stamp_lock);
		ipcx_riders_put(riders);
		cond_resched();
	}
}

/**
 * ipcx_stamp_renew - ipcx_stamp_set(), where the stamp changes
 * @q: the queue
 * @claim: by ipcx_claim_send(), not yet published
 * @riders: what rides along, or NULL; taken over
 *
 * Return: riders that go, or NULL; to be put once the claim is ended, as that
 * may sleep.
 */
struct ipcx_riders *ipcx_stamp_renew(struct ipcx_queue *q,
				     const struct ipcx_claim *claim,
				     struct ipcx_riders *riders)
{
	struct ipcx_stamp *stamp = ipcx_stamp_of(q, claim);
	struct pid *pid = task_tgid(current);

	write_seqlock(&q->stamp_lock);
	WRITE_ONCE(stamp->ticket, claim->ticket);
	WRITE_ONCE(stamp->nr, pid_nr(pid));
	WRITE_ONCE(stamp->uid, current_euid());
	WRITE_ONCE(stamp->gid, current_egid());
	if (stamp->pid != pid) {
		put_pid(stamp->pid);
		stamp->pid = get_pid(pid);
	}
	if (!riders || ipcx_may_ride(q))
		swap(riders, stamp->riders);
	write_sequnlock(&q->stamp_lock);
	return riders;
}

/**
 * ipcx_stamp_translate - ipcx_stamp_get(), for who has namespaces of its own
 * @q: the queue
 * @claim: of the message
 * @msg: flags, pid, uid and gid are filled
 *
 * Return: true if something rides along.
 */
bool ipcx_stamp_translate(struct ipcx_queue *q, const struct ipcx_claim *claim,
			  struct ipcx_msg *msg)
{
	const struct ipcx_stamp *stamp = ipcx_stamp_of(q, claim);
	struct user_namespace *ns = current_user_ns();
	bool riders = false;

	read_seqlock_excl(&q->stamp_lock);
	if (stamp->pid && READ_ONCE(stamp->ticket) == claim->ticket) {
		msg->flags |= IPCX_MSG_STAMPED;
		msg->pid = pid_vnr(stamp->pid);
		msg->uid = from_kuid_munged(ns, stamp->uid);
		msg->gid = from_kgid_munged(ns, stamp->gid);
		riders = stamp->riders;
	}
	read_sequnlock_excl(&q->stamp_lock);
	if (riders)
		msg->flags |= IPCX_MSG_FDS;
	return riders;
}

/**
 * ipcx_stamp_take_riders - take what rides along a message
 * @q: the queue
 * @claim: of the message
 *
 * Return: the riders, to be put or returned; or NULL.
 */
struct ipcx_riders *ipcx_stamp_take_riders(struct ipcx_queue *q,
					   const struct ipcx_claim *claim)
{
	struct ipcx_stamp *stamp = ipcx_stamp_of(q, claim);
	struct ipcx_riders *riders = NULL;

	write_seqlock(&q->stamp_lock);
	if (stamp->ticket == claim->ticket)
		swap(riders, stamp->riders);
	write_sequnlock(&q->stamp_lock);
	return riders;
}

/**
 * ipcx_stamp_return_riders - undo ipcx_stamp_take_riders()
 * @q: the queue
 * @claim: of the message
 * @riders: what was taken; let go if the slot has another message by now
 */
void ipcx_stamp_return_riders(struct ipcx_queue *q,
			      const struct ipcx_claim *claim,
			      struct ipcx_riders *riders)
{
	struct ipcx_stamp *stamp = ipcx_stamp_of(q, claim);

	write_seqlock(&q->stamp_lock);
	if (stamp->ticket == claim->ticket && !stamp->riders &&
	    ipcx_may_ride(q))
		swap(riders, stamp->riders);
	write_sequnlock(&q->stamp_lock);
	ipcx_riders_put(riders);
}
