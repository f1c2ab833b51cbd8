// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moving messages: through the ring if the handle has it mapped, by SEND and
 * RECV otherwise. No cancellation point stands between a claim and its
 * publishing (ioctl is none), so a thread cancelled here holds no slot.
 */

#include <ipcx/device.h>

#include "message.h"
#include "ring_fast.h"

int transfer(struct ipcx_queue *queue, unsigned long cmd,
	     struct ipcx_msg *msgs, uint32_t count, uint64_t deadline)
{
	struct ipcx_transfer arg = {
		.size = sizeof(arg),
		.msgs = (uintptr_t)msgs,
		.count = count,
		.msg_size = sizeof(*msgs),
		.deadline_ns = deadline,
	};

	return queue->file ? -EOPNOTSUPP :
			     queue_ioctl(queue, cmd, &arg);
}

static NOINLINE int send_slow(struct ipcx_queue *queue, int me, const void *buf,
			      size_t len, uint32_t lane, uint64_t deadline)
{
	struct ipcx_loan loan;
	int ret = claim_wait(queue, me, IPCX_DIR_SEND, lane, &loan, deadline);

	if (ret < 0)
		return ret;
	if (queue->ring.broadcast)
		ring_copy_in(loan.data, buf, len);
	else
		copy(loan.data, buf, len);
	return ring_commit(&queue->ring, me, &loan, len);
}

ALWAYS_INLINE int send_mapped(struct ipcx_queue *queue, const void *buf,
			      size_t len, uint32_t lane, uint64_t deadline)
{
	int me = attachment(queue, IPCX_RIGHT_SEND);
	struct ipcx_loan loan;

	if (me < 0)
		return me;
	if (lane >= queue->lanes)
		return -EINVAL;
	if (len > queue->slot_size)
		return -EMSGSIZE;
	if (hangup(queue) || !claim_send_fast(&queue->ring, me, lane, &loan))
		return send_slow(queue, me, buf, len, lane, deadline);
	copy(loan.data, buf, len);
	return commit(&queue->ring, me, &loan, len);
}

/* Descriptors that ride along and are not taken go with the slot. */
ALWAYS_INLINE void lose_fds(struct ipcx_loan *loan)
{
	if (__builtin_expect(loan->flags & IPCX_MSG_FDS, 0))
		loan->flags |= IPCX_MSG_FDS_LOST;
}

static NOINLINE ssize_t recv_slow(struct ipcx_queue *queue, int me, void *buf,
				  struct ipcx_msg *msg, uint64_t deadline)
{
	struct ipcx_loan loan;
	int ret = claim_wait(queue, me, IPCX_DIR_RECV, 0, &loan, deadline);

	if (ret < 0)
		return ret;
	memcpy(buf, loan.data, loan.len);
	lose_fds(&loan);
	ret = ring_release(&queue->ring, me, &loan);
	return ret < 0 ? ret : received(buf, &loan, msg);
}

static NOINLINE ssize_t recv_broadcast(struct ipcx_queue *queue, int me,
				       void *buf, struct ipcx_msg *msg,
				       uint64_t deadline)
{
	struct ipcx_loan loan;
	__u64 missed;
	int ret = next_broadcast(queue, me, buf, &loan, &missed, deadline);

	if (ret < 0)
		return ret;
	received(buf, &loan, msg);
	if (msg)
		msg->missed = missed;
	return loan.len;
}

ALWAYS_INLINE ssize_t recv_mapped(struct ipcx_queue *queue, void *buf,
				  size_t cap, struct ipcx_msg *msg,
				  uint64_t deadline)
{
	int me = attachment(queue, IPCX_RIGHT_RECV);
	struct ipcx_loan loan;

	if (me < 0)
		return me;
	if (cap < queue->slot_size)
		return -EMSGSIZE;
	if (__builtin_expect(queue->ring.broadcast, 0))
		return recv_broadcast(queue, me, buf, msg, deadline);
	if (hangup(queue) || !take_fast(&queue->ring, buf, &loan))
		return recv_slow(queue, me, buf, msg, deadline);
	return received(buf, &loan, msg);
}

static NOINLINE int send_mediated(struct ipcx_queue *queue, const void *buf,
				  size_t len, uint32_t lane, uint64_t deadline)
{
	struct ipcx_msg msg = {
		.buf = (uintptr_t)buf,
		.len = abi_len(len),
		.lane = lane,
	};
	int ret = transfer(queue, IPCX_IOC_SEND, &msg, 1, deadline);

	return ret < 0 ? ret : 0;
}

static void count_missed(struct ipcx_queue *queue, uint64_t missed)
{
	if (missed)
		__atomic_fetch_add(&queue->subscriber.missed, missed,
				   __ATOMIC_RELAXED);
}

static NOINLINE ssize_t recv_mediated(struct ipcx_queue *queue, void *buf,
				      size_t cap, struct ipcx_msg *msg,
				      uint64_t deadline)
{
	struct ipcx_msg got = {
		.buf = (uintptr_t)buf,
		.len = abi_len(cap),
	};
	int ret = transfer(queue, IPCX_IOC_RECV, &got, 1, deadline);

	if (ret < 0)
		return ret;
	count_missed(queue, got.missed);
	if (msg)
		*msg = got;
	return got.len;
}

int ipcx_queue_send_timed(struct ipcx_queue *queue, const void *buf, size_t len,
			  uint32_t lane, uint64_t deadline_ns)
{
	if (queue->attachment)
		return send_mapped(queue, buf, len, lane, deadline_ns);
	return send_mediated(queue, buf, len, lane, deadline_ns);
}

ssize_t ipcx_queue_recv_timed(struct ipcx_queue *queue, void *buf, size_t cap,
			      struct ipcx_msg *msg, uint64_t deadline_ns)
{
	if (queue->attachment)
		return recv_mapped(queue, buf, cap, msg, deadline_ns);
	return recv_mediated(queue, buf, cap, msg, deadline_ns);
}

static ssize_t peek_mapped(struct ipcx_queue *queue, void *buf, size_t cap,
			   struct ipcx_msg *msg, uint64_t deadline)
{
	struct ipcx_loan loan = { .data = buf };
	int ret = attachment(queue, IPCX_RIGHT_RECV);

	if (ret < 0)
		return ret;
	if (cap < queue->slot_size)
		return -EMSGSIZE;
	ret = claim_wait(queue, ret, PEEK, 0, &loan, deadline);
	if (ret < 0)
		return ret;
	received(buf, &loan, msg);
	if (msg)
		msg->missed = __atomic_load_n(&queue->subscriber.pending,
					      __ATOMIC_RELAXED);
	return loan.len;
}

ssize_t ipcx_queue_peek_timed(struct ipcx_queue *queue, void *buf, size_t cap,
			      struct ipcx_msg *msg, uint64_t deadline_ns)
{
	struct ipcx_msg got = { .buf = (uintptr_t)buf, .len = abi_len(cap) };
	struct ipcx_transfer arg = {
		.size = sizeof(arg),
		.flags = IPCX_RECV_PEEK,
		.msgs = (uintptr_t)&got,
		.count = 1,
		.msg_size = sizeof(got),
		.deadline_ns = deadline_ns,
	};
	int ret;

	if (queue->attachment)
		return peek_mapped(queue, buf, cap, msg, deadline_ns);
	ret = queue_ioctl(queue, IPCX_IOC_RECV, &arg);
	if (ret < 0)
		return ret;
	if (msg)
		*msg = got;
	return got.len;
}

/* What SEND would refuse. */
static bool only_to_send(const struct ipcx_msg *msg)
{
	return !(msg->flags | msg->sender | msg->pid | msg->uid | msg->gid |
		 msg->pad | msg->ticket | msg->fd_pad | msg->missed);
}

static void *pointer(uint64_t value)
{
	return (void *)(uintptr_t)value;
}

int ipcx_queue_send_batch_timed(struct ipcx_queue *queue,
				const struct ipcx_msg *msgs, uint32_t count,
				uint64_t deadline_ns)
{
	uint32_t done;
	int ret = -EINVAL;

	if (!queue->attachment)
		return transfer(queue, IPCX_IOC_SEND, (struct ipcx_msg *)msgs,
				count, deadline_ns);
	if (count > IPCX_BATCH_MAX)
		return -EINVAL;
	for (done = 0; done < count; done++) {
		const struct ipcx_msg *msg = &msgs[done];

		ret = !only_to_send(msg) ? -EINVAL : msg->fd_count ?
		      ipcx_queue_send_fds_timed(queue, pointer(msg->buf),
						msg->len, msg->lane,
						pointer(msg->fds), msg->fd_count,
						deadline_ns) :
		      ipcx_queue_send_timed(queue, pointer(msg->buf), msg->len,
					    msg->lane, deadline_ns);
		if (ret < 0)
			break;
	}
	return done ? (int)done : ret;
}

int ipcx_queue_recv_batch_timed(struct ipcx_queue *queue, struct ipcx_msg *msgs,
				uint32_t count, uint64_t deadline_ns)
{
	uint32_t done;
	int ret = -EINVAL;

	if (!queue->attachment) {
		ret = transfer(queue, IPCX_IOC_RECV, msgs, count, deadline_ns);
		for (int i = 0; i < ret; i++)
			count_missed(queue, msgs[i].missed);
		return ret;
	}
	if (count > IPCX_BATCH_MAX)
		return -EINVAL;
	for (done = 0; done < count; done++) {
		struct ipcx_msg *msg = &msgs[done];

		ret = msg->pad | msg->fd_pad ? -EINVAL : msg->fd_count ?
		      ipcx_queue_recv_fds_timed(queue, pointer(msg->buf),
						msg->len, msg,
						pointer(msg->fds), msg->fd_count,
						done ? IPCX_NO_WAIT : deadline_ns) :
		      ipcx_queue_recv_timed(queue, pointer(msg->buf),
					    msg->len, msg,
					    done ? IPCX_NO_WAIT : deadline_ns);
		if (ret < 0)
			break;
	}
	return done ? (int)done : ret;
}

/* The plain and the _try form of every call that can block. */

int ipcx_queue_send(struct ipcx_queue *queue, const void *buf, size_t len,
		    uint32_t lane)
{
	return ipcx_queue_send_timed(queue, buf, len, lane, IPCX_FOREVER);
}

int ipcx_queue_send_try(struct ipcx_queue *queue, const void *buf, size_t len,
			uint32_t lane)
{
	return ipcx_queue_send_timed(queue, buf, len, lane, IPCX_NO_WAIT);
}

ssize_t ipcx_queue_recv(struct ipcx_queue *queue, void *buf, size_t cap,
			struct ipcx_msg *msg)
{
	return ipcx_queue_recv_timed(queue, buf, cap, msg, IPCX_FOREVER);
}

ssize_t ipcx_queue_recv_try(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg)
{
	return ipcx_queue_recv_timed(queue, buf, cap, msg, IPCX_NO_WAIT);
}

ssize_t ipcx_queue_peek(struct ipcx_queue *queue, void *buf, size_t cap,
			struct ipcx_msg *msg)
{
	return ipcx_queue_peek_timed(queue, buf, cap, msg, IPCX_FOREVER);
}

ssize_t ipcx_queue_peek_try(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg)
{
	return ipcx_queue_peek_timed(queue, buf, cap, msg, IPCX_NO_WAIT);
}

int ipcx_queue_send_batch(struct ipcx_queue *queue,
			  const struct ipcx_msg *msgs, uint32_t count)
{
	return ipcx_queue_send_batch_timed(queue, msgs, count, IPCX_FOREVER);
}

int ipcx_queue_send_batch_try(struct ipcx_queue *queue,
			      const struct ipcx_msg *msgs, uint32_t count)
{
	return ipcx_queue_send_batch_timed(queue, msgs, count, IPCX_NO_WAIT);
}

int ipcx_queue_recv_batch(struct ipcx_queue *queue, struct ipcx_msg *msgs,
			  uint32_t count)
{
	return ipcx_queue_recv_batch_timed(queue, msgs, count, IPCX_FOREVER);
}

int ipcx_queue_recv_batch_try(struct ipcx_queue *queue, struct ipcx_msg *msgs,
			      uint32_t count)
{
	return ipcx_queue_recv_batch_timed(queue, msgs, count, IPCX_NO_WAIT);
}
