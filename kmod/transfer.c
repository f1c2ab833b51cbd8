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
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "broadcast.h"
#include "copy.h"
#include "ioctl.h"
#include "ring.h"
#include "stamp.h"
#include "trace.h"
#include "transfer.h"

/**
 * ipcx_late - has a call that goes on and on to end
 * @deadline_ns: its deadline
 *
 * Return: 0, -EAGAIN, -ETIMEDOUT or -ERESTARTSYS.
 */
int ipcx_late(u64 deadline_ns)
{
	if (deadline_ns == IPCX_NO_WAIT)
		return -EAGAIN;
	if (deadline_ns != IPCX_FOREVER && ktime_get_ns() >= deadline_ns)
		return -ETIMEDOUT;
	if (signal_pending(current))
		return -ERESTARTSYS;
	cond_resched();
	return 0;
}

/**
 * ipcx_wait_round - wait after a claim found nothing
 * @handle: the descriptor
 * @dir: IPCX_DIR_*
 * @lane: lane to send on
 * @deadline_ns: until when
 * @round: how often it found nothing before
 *
 * A ring can be made to promise for ever what it does not hold: every round
 * after the first looks at the clock and at signals itself.
 *
 * Return: as ipcx_wait().
 */
int ipcx_wait_round(struct ipcx_handle *handle, u32 dir, u32 lane,
		    u64 deadline_ns, int round)
{
	int ret = round ? ipcx_late(deadline_ns) : 0;

	return ret ?: ipcx_wait(handle, dir, lane, IPCX_AT_CURSOR, deadline_ns);
}

static int ipcx_claim_send_wait(struct ipcx_handle *handle, u32 lane,
				u64 deadline_ns, struct ipcx_claim *claim)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	int round, ret;

	for (round = 0; ; round++) {
		ret = ipcx_gone(q, IPCX_DIR_SEND);
		if (ret)
			return ret;
		ret = ipcx_claim_send(q, lane, claim);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcx_wait_round(handle, IPCX_DIR_SEND, lane, deadline_ns,
				      round);
		if (ret)
			return ret;
	}
}

static __always_inline int ipcx_next_wait(struct ipcx_handle *handle,
					  u64 deadline_ns,
					  struct ipcx_claim *claim, bool peek)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	int round, ret;

	for (round = 0; ; round++) {
		if (ipcx_gone(q, IPCX_DIR_RECV) == -EIDRM)
			return -EIDRM;
		ret = peek ? ipcx_peek(q, claim) : ipcx_claim_recv(q, claim);
		if (ret != -EAGAIN)
			return ret;
		ret = ipcx_wait_round(handle, IPCX_DIR_RECV, 0, deadline_ns,
				      round);
		if (ret)
			return ret;
	}
}

/*
 * How often a page may go again between fetching it and copying. Some never
 * stay, or can be fetched but not copied: no more than this.
 */
#define IPCX_COPY_TRIES	8

/* The caller's pages are there just now, or can be: no claim is held yet. */
static __always_inline bool ipcx_fetch(const void __user *buf, u32 len)
{
	u8 __maybe_unused byte;

	if (len - 1 >= IPCX_COPY_SHORT)
		return !fault_in_readable(buf, len);
	if (get_user(byte, (const u8 __user *)buf + len - 1))
		return false;
	/* It lies in one page or in two. */
	return offset_in_page(buf) + len <= PAGE_SIZE ||
	       !get_user(byte, (const u8 __user *)buf);
}

static __always_inline bool ipcx_copy_in(struct ipcx_slot *slot,
					 const void __user *buf, u32 len)
{
	bool copied;

	if (len - 1 >= IPCX_COPY_SHORT)
		return !len || !copy_from_user_nofault(slot + 1, buf, len);
	pagefault_disable();
	copied = ipcx_copy_short_in(slot + 1, buf, len);
	pagefault_enable();
	return copied;
}

static __always_inline bool ipcx_copy_out(void __user *buf,
					  const struct ipcx_slot *slot, u32 len)
{
	bool copied;

	if (len - 1 >= IPCX_COPY_SHORT)
		return !len || !copy_to_user_nofault(buf, slot + 1, len);
	pagefault_disable();
	copied = ipcx_copy_short_out(buf, slot + 1, len);
	pagefault_enable();
	return copied;
}

static __always_inline bool ipcx_put_msg(void __user *umsg,
					 const struct ipcx_msg *msg, u32 msg_size)
{
	bool copied;

	pagefault_disable();
	copied = likely(msg_size == sizeof(*msg)) ?
		 ipcx_copy_struct_out(umsg, msg, sizeof(*msg)) :
		 ipcx_copy_struct_out(umsg, msg, IPCX_MSG_FIRST);
	pagefault_enable();
	return copied;
}

static int ipcx_send_one(struct ipcx_handle *handle, const struct ipcx_msg *msg,
			 struct ipcx_riders *riders, u64 deadline_ns)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	const void __user *buf = u64_to_user_ptr(msg->buf);
	struct ipcx_claim claim;
	struct ipcx_slot *slot;
	int tries, ret;

	for (tries = 0; ; tries++) {
		if (tries == IPCX_COPY_TRIES)
			return -EFAULT;
		if (!ipcx_fetch(buf, msg->len))
			return -EFAULT;
		ret = ipcx_claim_send_wait(handle, msg->lane, deadline_ns,
					   &claim);
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
	WRITE_ONCE(slot->sender, IPCX_OWNER_KERNEL |
				 (riders ? IPCX_SLOT_FDS : 0));
	riders = ipcx_stamp_set(q, &claim, riders);
	trace_ipcx_send(q->obj.id, claim.lane, claim.ticket, msg->len);
	ipcx_commit(q, &claim);
	if (unlikely(riders))
		ipcx_riders_put(riders);
	return 0;
}

static __always_inline int
ipcx_deliver(struct ipcx_queue *q, const struct ipcx_claim *claim,
	     void __user *umsg, u32 msg_size, struct ipcx_msg *msg)
{
	const struct ipcx_slot *slot = ipcx_slot(q, claim->lane, claim->ticket);

	return ipcx_copy_out(u64_to_user_ptr(msg->buf), slot, msg->len) &&
	       ipcx_put_msg(umsg, msg, msg_size) ? 0 : -EFAULT;
}

/* Bytes of the array that what rides along @msg can fill. */
static size_t ipcx_fds_bytes(u32 room)
{
	return min_t(u32, room, IPCX_FDS_MAX) * sizeof(s32);
}

/*
 * As ipcx_deliver(), of a message that something rides along. The riders are
 * left to the caller, who lets go of them once the claim is ended; if it fails,
 * they ride on.
 */
static noinline int ipcx_deliver_riders(struct ipcx_queue *q,
					const struct ipcx_claim *claim,
					void __user *umsg, u32 msg_size,
					struct ipcx_msg *msg, u32 room,
					struct ipcx_riders **riders)
{
	struct ipcx_landing landing;
	int ret;

	*riders = ipcx_stamp_take_riders(q, claim);
	if (!*riders) {	/* by a mapped peer that showed a claim to it as well */
		msg->flags &= ~IPCX_MSG_FDS;
		return ipcx_deliver(q, claim, umsg, msg_size, msg);
	}
	if (room < (*riders)->count)
		msg->flags |= IPCX_MSG_FDS_LOST;
	ret = ipcx_riders_land(&landing, *riders,
			       min(room, (*riders)->count));
	if (ret)
		goto err_return;
	msg->fd_count = landing.count;
	if (landing.count &&
	    copy_to_user_nofault(u64_to_user_ptr(msg->fds), landing.fd,
				 ipcx_fds_bytes(landing.count)))
		ret = -EFAULT;
	else
		ret = ipcx_deliver(q, claim, umsg, msg_size, msg);
	if (ret)
		goto err_undo;
	ipcx_landing_install(&landing);
	return 0;

err_undo:
	ipcx_landing_undo(&landing);
err_return:
	ipcx_stamp_return_riders(q, claim, *riders);
	*riders = NULL;
	return ret;
}

/*
 * As ipcx_fetch(), of where a message may go, which may be less. One that is
 * given back comes after those that other receivers took meanwhile: it takes
 * more for that than a page which was never written before. (Its structure the
 * caller has just written.) In a call a page is fetched once: the last one
 * begins at @fetched.
 */
static __always_inline void ipcx_fetch_room(const struct ipcx_queue *q,
					    const struct ipcx_msg *msg,
					    u64 *fetched)
{
	if (unlikely(msg->buf - *fetched + q->slot_size > PAGE_SIZE)) {
		ipcx_fetch_out(u64_to_user_ptr(msg->buf), q->slot_size);
		*fetched = ALIGN_DOWN(msg->buf + q->slot_size - 1, PAGE_SIZE);
	}
	if (unlikely(msg->fd_count))
		ipcx_fetch_out(u64_to_user_ptr(msg->fds),
			       ipcx_fds_bytes(msg->fd_count));
}

static int ipcx_recv_one(struct ipcx_handle *handle, void __user *umsg,
			 u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			 u64 *fetched)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	struct ipcx_riders *riders = NULL;
	u32 room = msg->fd_count;
	struct ipcx_claim claim;
	int tries, ret;

	ipcx_fetch_room(q, msg, fetched);
	for (tries = 0; ; tries++) {
		if (tries == IPCX_COPY_TRIES)
			return -EFAULT;
		ret = ipcx_next_wait(handle, deadline_ns, &claim, false);
		if (ret)
			return ret;

		if (unlikely(ipcx_msg_fill(q, &claim, msg)))
			ret = ipcx_deliver_riders(q, &claim, umsg, msg_size,
						  msg, room, &riders);
		else
			ret = ipcx_deliver(q, &claim, umsg, msg_size, msg);
		if (!ret)
			break;
		ipcx_give_back(q, &claim);
		if (ret != -EFAULT ||
		    fault_in_safe_writeable(u64_to_user_ptr(msg->buf), msg->len) ||
		    fault_in_safe_writeable(u64_to_user_ptr(msg->fds),
					    ipcx_fds_bytes(room)) ||
		    fault_in_safe_writeable(umsg, msg_size))
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	trace_ipcx_recv(q->obj.id, claim.lane, claim.ticket, msg->len);
	ipcx_release(q, &claim);
	if (unlikely(riders))
		ipcx_riders_put(riders);
	return 0;
}

/* Looks at a message before asking whether it is time to give up. */
#define IPCX_PEEK_TRIES	64

/*
 * Tells the message that RECV would give, without a claim: it counts if it was
 * still there when it was copied, and is looked for again otherwise.
 */
static int ipcx_peek_one(struct ipcx_handle *handle, void __user *umsg,
			 u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	void __user *buf = u64_to_user_ptr(msg->buf);
	struct ipcx_claim claim;
	int tries, ret, faults = 0;
	bool copied;

	for (tries = 1; ; tries++) {
		ret = ipcx_next_wait(handle, deadline_ns, &claim, true);
		if (ret)
			return ret;
		ipcx_msg_fill(q, &claim, msg);
		copied = ipcx_copy_out(buf, ipcx_slot(q, claim.lane, claim.ticket),
				       msg->len);
		if (ipcx_peeked(q, &claim)) {
			if (copied)
				return copy_to_user(umsg, msg, msg_size) ?
				       -EFAULT : 0;
			if (++faults == IPCX_COPY_TRIES ||
			    fault_in_safe_writeable(buf, msg->len))
				return -EFAULT;
		}
		if (tries % IPCX_PEEK_TRIES)
			continue;
		ret = ipcx_wait_round(handle, IPCX_DIR_RECV, 0, deadline_ns,
				      tries);
		if (ret)
			return ret;
	}
}

static int ipcx_send_msg(struct ipcx_handle *handle, void __user *umsg,
			 u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			 u64 *fetched)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	struct ipcx_riders *riders = NULL;
	int ret;

	if (msg->flags || msg->sender || msg->pid || msg->uid || msg->gid ||
	    msg->pad || msg->ticket || msg->fd_pad || msg->missed ||
	    msg->lane >= q->lanes)
		return -EINVAL;
	if (msg->len > q->slot_size)
		return -EMSGSIZE;
	msg->lane = array_index_nospec(msg->lane, q->lanes);
	if (unlikely(msg->fd_count)) {
		if (q->flags & IPCX_QUEUE_BROADCAST)
			return -EOPNOTSUPP;
		riders = ipcx_riders_get(u64_to_user_ptr(msg->fds),
					 msg->fd_count);
		if (IS_ERR(riders))
			return PTR_ERR(riders);
	}
	ret = ipcx_send_one(handle, msg, riders, deadline_ns);
	if (ret)
		ipcx_riders_put(riders);
	return ret;
}

static __always_inline int
ipcx_recv_or_peek(struct ipcx_handle *handle, void __user *umsg, u32 msg_size,
		  struct ipcx_msg *msg, u64 deadline_ns, u64 *fetched, bool peek)
{
	struct ipcx_queue *q = to_queue(handle->obj);

	if (msg->pad | msg->fd_pad)
		return -EINVAL;
	if (msg->len < q->slot_size)
		return -EMSGSIZE;
	if (q->flags & IPCX_QUEUE_BROADCAST)
		return ipcx_broadcast_recv(handle, umsg, msg_size, msg,
					   deadline_ns, peek);
	return peek ? ipcx_peek_one(handle, umsg, msg_size, msg, deadline_ns) :
		      ipcx_recv_one(handle, umsg, msg_size, msg, deadline_ns,
				    fetched);
}

static int ipcx_recv_msg(struct ipcx_handle *handle, void __user *umsg,
			 u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			 u64 *fetched)
{
	return ipcx_recv_or_peek(handle, umsg, msg_size, msg, deadline_ns,
				 fetched, false);
}

static int ipcx_peek_msg(struct ipcx_handle *handle, void __user *umsg,
			 u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			 u64 *fetched)
{
	return ipcx_recv_or_peek(handle, umsg, msg_size, msg, deadline_ns,
				 fetched, true);
}

typedef int (*ipcx_move_t)(struct ipcx_handle *handle, void __user *umsg,
			   u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			   u64 *fetched);

/* Messages have one of two sizes; to copy, it is best to know which. */
static __always_inline bool ipcx_get_msg(struct ipcx_msg *msg,
					 const void __user *umsg, u32 msg_size)
{
	return likely(msg_size == sizeof(*msg)) ?
	       ipcx_copy_struct_in(msg, umsg, sizeof(*msg)) :
	       ipcx_copy_struct_in(msg, umsg, IPCX_MSG_FIRST);
}

/* Short messages between two looks at signals and at who wants to run. */
#define IPCX_MOVE_SHORT	16

/* Messages one by one: the first until @first_ns, the others until @next_ns. */
static __always_inline long
ipcx_move_all(struct ipcx_handle *handle, const struct ipcx_transfer *args,
	      ipcx_move_t move, u64 first_ns, u64 next_ns)
{
	void __user *umsg = u64_to_user_ptr(args->msgs);
	struct ipcx_msg msg = {};
	u64 fetched = 0;
	int i, ret = 0;

	for (i = 0; i < args->count; i++, umsg += args->msg_size) {
		if (i && (i % IPCX_MOVE_SHORT == 0 ||
			  msg.len > IPCX_COPY_SHORT)) {
			/* What is done is told before the handler runs. */
			if (signal_pending(current))
				break;
			cond_resched();
		}
		ret = !ipcx_get_msg(&msg, umsg, args->msg_size) ? -EFAULT :
		      move(handle, umsg, args->msg_size, &msg,
			   i ? next_ns : first_ns, &fetched);
		if (ret)
			break;
	}
	return i ?: ret;
}

static int ipcx_get_transfer(struct ipcx_transfer *args, struct file *file,
			     void __user *uarg, u32 right, u32 flags)
{
	int ret;

	ret = ipcx_get_args(args, sizeof(*args), sizeof(*args), uarg);
	if (ret)
		return ret;
	if ((args->flags & ~flags) || !args->count || args->count > IPCX_BATCH_MAX ||
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

	ret = ipcx_get_transfer(&args, file, uarg, IPCX_RIGHT_SEND, 0);
	if (ret)
		return ret;
	return ipcx_move_all(ipcx_handle(file), &args, ipcx_send_msg,
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

	ret = ipcx_get_transfer(&args, file, uarg, IPCX_RIGHT_RECV,
				IPCX_RECV_PEEK);
	if (ret)
		return ret;
	if (unlikely(args.flags & IPCX_RECV_PEEK)) {
		if (args.count != 1)
			return -EINVAL;
		return ipcx_move_all(ipcx_handle(file), &args, ipcx_peek_msg,
				     args.deadline_ns, IPCX_NO_WAIT);
	}
	return ipcx_move_all(ipcx_handle(file), &args, ipcx_recv_msg,
			     args.deadline_ns, IPCX_NO_WAIT);
}
