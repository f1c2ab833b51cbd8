// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEND and RECV: the kernel runs the slot protocol for callers that do not map
 * the ring, have one right only or do not trust their peers.
 *
 * No user memory is waited for while a claim is held: a page that its owner
 * never lets come in (userfaultfd) would hold up the lane. So payloads are
 * copied with page faults off; where that fails the claim is given up, the page
 * fetched, and all begun again.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "ioctl.h"
#include "ring.h"
#include "stamp.h"
#include "trace.h"

/*
 * Waits after a claim found nothing. A ring can be made to promise for ever
 * what it does not hold: every round after the first looks at the clock and at
 * signals itself.
 */
static int ipcx_wait_round(struct ipcx_queue *q, u32 dir, u32 lane,
			   u64 deadline_ns, int round)
{
	if (round) {
		if (deadline_ns == IPCX_NO_WAIT)
			return -EAGAIN;
		if (deadline_ns != IPCX_FOREVER && ktime_get_ns() >= deadline_ns)
			return -ETIMEDOUT;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	return ipcx_wait(q, dir, lane, deadline_ns);
}

static int ipcx_claim_send_wait(struct ipcx_queue *q, u32 lane,
				u64 deadline_ns, struct ipcx_claim *claim)
{
	int round, ret;

	for (round = 0; ; round++) {
		ret = ipcx_gone(q, IPCX_DIR_SEND);
		if (ret)
			return ret;
		ret = ipcx_claim_send(q, lane, claim);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcx_wait_round(q, IPCX_DIR_SEND, lane, deadline_ns, round);
		if (ret)
			return ret;
	}
}

static int ipcx_claim_recv_wait(struct ipcx_queue *q, u64 deadline_ns,
				struct ipcx_claim *claim)
{
	int round, ret;

	for (round = 0; ; round++) {
		if (ipcx_gone(q, IPCX_DIR_RECV) == -EIDRM)
			return -EIDRM;
		ret = ipcx_claim_recv(q, claim);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcx_wait_round(q, IPCX_DIR_RECV, 0, deadline_ns, round);
		if (ret)
			return ret;
	}
}

/*
 * How often a page may go again between fetching it and copying. Some never
 * stay, or can be fetched but not copied: no more than this.
 */
#define IPCX_COPY_TRIES	8

static bool ipcx_copy_in(struct ipcx_slot *slot, const void __user *buf, u32 len)
{
	return !len || !copy_from_user_nofault(slot + 1, buf, len);
}

static bool ipcx_copy_out(void __user *buf, const struct ipcx_slot *slot,
			  u32 len)
{
	return !len || !copy_to_user_nofault(buf, slot + 1, len);
}

static int ipcx_send_one(struct ipcx_queue *q, const struct ipcx_msg *msg,
			 u64 deadline_ns)
{
	const void __user *buf = u64_to_user_ptr(msg->buf);
	struct ipcx_claim claim;
	struct ipcx_slot *slot;
	int tries, ret;

	for (tries = 0; ; tries++) {
		if (tries == IPCX_COPY_TRIES)
			return -EFAULT;
		if (fault_in_readable(buf, msg->len))
			return -EFAULT;
		ret = ipcx_claim_send_wait(q, msg->lane, deadline_ns, &claim);
		if (ret)
			return ret;

		slot = ipcx_slot(q, claim.lane, claim.ticket);
		if (ipcx_copy_in(slot, buf, msg->len))
			break;
		ipcx_abort(q, &claim);
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	WRITE_ONCE(slot->len, msg->len);
	WRITE_ONCE(slot->sender, IPCX_OWNER_KERNEL);
	ipcx_stamp_set(q, &claim);
	trace_ipcx_send(q->obj.id, claim.lane, claim.ticket, msg->len);
	ipcx_commit(q, &claim);
	return 0;
}

/* Fills what is known of the message, of which only @claim is trusted. */
static void ipcx_msg_fill(struct ipcx_queue *q, const struct ipcx_claim *claim,
			  struct ipcx_msg *msg)
{
	const struct ipcx_slot *slot = ipcx_slot(q, claim->lane, claim->ticket);

	msg->len = min(READ_ONCE(slot->len), q->slot_size);
	msg->sender = READ_ONCE(slot->sender) & IPCX_OWNER_MASK;
	msg->lane = claim->lane;
	msg->ticket = claim->ticket;
	msg->flags = claim->redelivered ? IPCX_MSG_REDELIVERED : 0;
	msg->pid = 0;
	msg->uid = 0;
	msg->gid = 0;
	msg->fd_count = 0;
	msg->missed = 0;
	ipcx_stamp_get(q, claim, msg);
}

static int ipcx_recv_one(struct ipcx_queue *q, void __user *umsg, u32 msg_size,
			 struct ipcx_msg *msg, u64 deadline_ns)
{
	void __user *buf = u64_to_user_ptr(msg->buf);
	struct ipcx_claim claim;
	int tries, ret;

	for (tries = 0; ; tries++) {
		if (tries == IPCX_COPY_TRIES)
			return -EFAULT;
		ret = ipcx_claim_recv_wait(q, deadline_ns, &claim);
		if (ret)
			return ret;

		ipcx_msg_fill(q, &claim, msg);
		if (ipcx_copy_out(buf, ipcx_slot(q, claim.lane, claim.ticket),
				  msg->len) &&
		    !copy_to_user_nofault(umsg, msg, msg_size))
			break;
		ipcx_give_back(q, &claim);
		if (fault_in_safe_writeable(buf, msg->len) ||
		    fault_in_safe_writeable(umsg, msg_size))
			return -EFAULT;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	trace_ipcx_recv(q->obj.id, claim.lane, claim.ticket, msg->len);
	ipcx_release(q, &claim);
	return 0;
}

static int ipcx_send_msg(struct ipcx_queue *q, void __user *umsg, u32 msg_size,
			 struct ipcx_msg *msg, u64 deadline_ns)
{
	if (msg->flags || msg->sender || msg->pid || msg->uid || msg->gid ||
	    msg->pad || msg->ticket || msg->fd_pad || msg->missed ||
	    msg->lane >= q->lanes)
		return -EINVAL;
	if (msg->fd_count)
		return -EOPNOTSUPP;
	if (msg->len > q->slot_size)
		return -EMSGSIZE;
	return ipcx_send_one(q, msg, deadline_ns);
}

static int ipcx_recv_msg(struct ipcx_queue *q, void __user *umsg, u32 msg_size,
			 struct ipcx_msg *msg, u64 deadline_ns)
{
	if (msg->pad || msg->fd_pad)
		return -EINVAL;
	if (msg->len < q->slot_size)
		return -EMSGSIZE;
	return ipcx_recv_one(q, umsg, msg_size, msg, deadline_ns);
}

typedef int (*ipcx_move_t)(struct ipcx_queue *q, void __user *umsg,
			   u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns);

/* Messages one by one: the first until @first_ns, the others until @next_ns. */
static long ipcx_move_all(struct ipcx_queue *q, const struct ipcx_transfer *args,
			  ipcx_move_t move, u64 first_ns, u64 next_ns)
{
	void __user *umsg = u64_to_user_ptr(args->msgs);
	struct ipcx_msg msg = {};
	int ret = 0;
	u32 i;

	for (i = 0; i < args->count; i++, umsg += args->msg_size) {
		/* What is done is told before the signal's handler runs. */
		if (i && signal_pending(current))
			break;
		cond_resched();
		ret = copy_from_user(&msg, umsg, args->msg_size) ? -EFAULT :
		      move(q, umsg, args->msg_size, &msg, i ? next_ns : first_ns);
		if (ret)
			break;
	}
	return i ?: ret;
}

static int ipcx_get_transfer(struct ipcx_transfer *args, struct file *file,
			     void __user *uarg, u32 right)
{
	int ret;

	ret = ipcx_get_args(args, sizeof(*args), sizeof(*args), uarg);
	if (ret)
		return ret;
	if (args->flags || !args->count || args->count > IPCX_BATCH_MAX ||
	    (args->msg_size != sizeof(struct ipcx_msg) &&
	     args->msg_size != IPCX_MSG_FIRST))
		return -EINVAL;
	if (!(ipcx_handle(file)->rights & right))
		return -EACCES;
	args->deadline_ns = ipcx_deadline(file, args->deadline_ns);
	return 0;
}

/**
 * ipcx_send_ioctl - IPCX_IOC_SEND
 * @file: the descriptor
 * @uarg: struct ipcx_transfer
 *
 * Return: messages sent or -errno.
 */
long ipcx_send_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_transfer args;
	int ret;

	ret = ipcx_get_transfer(&args, file, uarg, IPCX_RIGHT_SEND);
	if (ret)
		return ret;
	return ipcx_move_all(file_to_queue(file), &args, ipcx_send_msg,
			     args.deadline_ns, args.deadline_ns);
}

/**
 * ipcx_recv_ioctl - IPCX_IOC_RECV
 * @file: the descriptor
 * @uarg: struct ipcx_transfer
 *
 * Return: messages received or -errno.
 */
long ipcx_recv_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_transfer args;
	int ret;

	ret = ipcx_get_transfer(&args, file, uarg, IPCX_RIGHT_RECV);
	if (ret)
		return ret;
	return ipcx_move_all(file_to_queue(file), &args, ipcx_recv_msg,
			     args.deadline_ns, IPCX_NO_WAIT);
}
