// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stamps: what the kernel knows of a message that came through SEND. They are
 * kept apart from the slots, where mapped peers could forge them.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "stamp.h"

/**
 * struct ipcx_stamp - the sender of the message in a slot, vouched for
 * @ticket: of that message; another one in the slot has no stamp
 * @pid: process, NULL if there never was a stamp here
 * @uid: effective user
 * @gid: effective group
 */
struct ipcx_stamp {
	u64 ticket;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
};

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

	for (i = 0; q->stamps && i < ipcx_stamps_count(q); i++)
		put_pid(q->stamps[i].pid);
	kvfree(q->stamps);
}

/**
 * ipcx_stamp_set - vouch for the caller as the sender of a message
 * @q: the queue
 * @claim: by ipcx_claim_send(), not yet published
 */
void ipcx_stamp_set(struct ipcx_queue *q, const struct ipcx_claim *claim)
{
	struct ipcx_stamp stamp = {
		.ticket	= claim->ticket,
		.pid	= get_pid(task_tgid(current)),
		.uid	= current_euid(),
		.gid	= current_egid(),
	};

	spin_lock(&q->stamp_lock);
	swap(stamp, q->stamps[ipcx_slot_index(q, claim->lane, claim->ticket)]);
	spin_unlock(&q->stamp_lock);
	put_pid(stamp.pid);
}

/**
 * ipcx_stamp_get - tell who sent a message, if that is vouched for
 * @q: the queue
 * @claim: by ipcx_claim_recv()
 * @msg: flags, pid, uid and gid are filled
 */
void ipcx_stamp_get(struct ipcx_queue *q, const struct ipcx_claim *claim,
		    struct ipcx_msg *msg)
{
	struct ipcx_stamp stamp;

	spin_lock(&q->stamp_lock);
	stamp = q->stamps[ipcx_slot_index(q, claim->lane, claim->ticket)];
	get_pid(stamp.pid);
	spin_unlock(&q->stamp_lock);

	if (stamp.pid && stamp.ticket == claim->ticket) {
		msg->flags |= IPCX_MSG_STAMPED;
		msg->pid = pid_vnr(stamp.pid);
		msg->uid = from_kuid_munged(current_user_ns(), stamp.uid);
		msg->gid = from_kgid_munged(current_user_ns(), stamp.gid);
	}
	put_pid(stamp.pid);
}
