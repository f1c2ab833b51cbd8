/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_STAMP_H
#define IPCX_STAMP_H

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>

#include "riders.h"
#include "ring.h"

/**
 * struct ipcx_stamp - the sender of the message in a slot, vouched for
 * @ticket: of that message; another one in the slot has no stamp
 * @pid: process, NULL if there never was a stamp here
 * @uid: effective user
 * @gid: effective group
 * @riders: regions that ride along, NULL for none
 * @nr: of @pid, as the initial namespace has it
 */
struct ipcx_stamp {
	u64 ticket;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	struct ipcx_riders *riders;
	pid_t nr;
};

size_t ipcx_stamps_bytes(const struct ipcx_queue *q);
int ipcx_stamps_alloc(struct ipcx_queue *q);
void ipcx_stamps_free(struct ipcx_queue *q);
void ipcx_stamps_drop_riders(struct ipcx_queue *q);

struct ipcx_riders *ipcx_stamp_renew(struct ipcx_queue *q,
				     const struct ipcx_claim *claim,
				     struct ipcx_riders *riders);
bool ipcx_stamp_translate(struct ipcx_queue *q, const struct ipcx_claim *claim,
			  struct ipcx_msg *msg);
struct ipcx_riders *ipcx_stamp_take_riders(struct ipcx_queue *q,
					   const struct ipcx_claim *claim);
void ipcx_stamp_return_riders(struct ipcx_queue *q,
			      const struct ipcx_claim *claim,
			      struct ipcx_riders *riders);

static inline struct ipcx_stamp *ipcx_stamp_of(struct ipcx_queue *q,
					       const struct ipcx_claim *claim)
{
	return &q->stamps[ipcx_slot_index(q, claim->lane, claim->ticket)];
}

/*
 * Vouches for the caller as the sender of a message that is claimed and not yet
 * published. Takes @riders over, which may be NULL; returns what goes, to be put
 * once the claim is ended, as that may sleep.
 */
static __always_inline struct ipcx_riders *
ipcx_stamp_set(struct ipcx_queue *q, const struct ipcx_claim *claim,
	       struct ipcx_riders *riders)
{
	struct ipcx_stamp *stamp = ipcx_stamp_of(q, claim);

	/*
	 * As the slot is claimed, only a spoiled ring has somebody else write
	 * here; then either's stamp is as good.
	 */
	if (unlikely(stamp->pid != task_tgid(current) ||
		     !uid_eq(stamp->uid, current_euid()) ||
		     !gid_eq(stamp->gid, current_egid()) ||
		     stamp->riders || riders))
		return ipcx_stamp_renew(q, claim, riders);
	WRITE_ONCE(stamp->ticket, claim->ticket);
	return NULL;
}

/*
 * Tells who sent a message, if that is vouched for: adds to msg->flags, fills
 * pid, uid and gid. Returns true if something rides along.
 */
static __always_inline bool ipcx_stamp_get(struct ipcx_queue *q,
					   const struct ipcx_claim *claim,
					   struct ipcx_msg *msg)
{
	const struct ipcx_stamp *stamp = ipcx_stamp_of(q, claim);
	unsigned int seq;
	bool riders;
	u64 ticket;

	msg->pid = 0;
	msg->uid = 0;
	msg->gid = 0;
	if (unlikely(task_pid(current)->level ||
		     current_user_ns() != &init_user_ns))
		return ipcx_stamp_translate(q, claim, msg);
	do {
		seq = read_seqbegin(&q->stamp_lock);
		ticket = READ_ONCE(stamp->ticket);
		msg->pid = READ_ONCE(stamp->nr);
		msg->uid = __kuid_val(READ_ONCE(stamp->uid));
		msg->gid = __kgid_val(READ_ONCE(stamp->gid));
		riders = READ_ONCE(stamp->riders);
	} while (read_seqretry(&q->stamp_lock, seq));
	if (unlikely(ticket != claim->ticket || !msg->pid)) {
		msg->pid = 0;
		msg->uid = 0;
		msg->gid = 0;
		return false;
	}
	msg->flags |= riders ? IPCX_MSG_STAMPED | IPCX_MSG_FDS :
			       IPCX_MSG_STAMPED;
	return riders;
}

#endif /* IPCX_STAMP_H */
