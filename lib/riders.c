// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Descriptors of regions that ride along messages. The kernel alone can pass
 * them: they are sent by SEND even where the ring is mapped, and who receives
 * from a mapped ring takes them by an ioctl while it reads the message.
 */
#include <unistd.h>

#include "message.h"

static int take(struct ipcx_queue *queue, const struct ipcx_loan *loan, int *fds,
		uint32_t count)
{
	struct ipcx_take arg = {
		.size = sizeof(arg),
		.lane = loan->lane,
		.fd_count = count,
		.ticket = loan->ticket,
		.fds = (uintptr_t)fds,
	};

	return queue->file ? -EOPNOTSUPP :
			     queue_ioctl(queue, IPCX_IOC_TAKE, &arg);
}

int ipcx_queue_loan_fds(struct ipcx_queue *queue, const struct ipcx_loan *loan,
			int *fds, uint32_t count)
{
	int me = attachment(queue, IPCX_RIGHT_RECV);

	if (me < 0)
		return me;
	if (!loan->data)
		return -EINVAL;
	return loan->flags & IPCX_MSG_FDS ? take(queue, loan, fds, count) : 0;
}

int ipcx_queue_send_fds_timed(struct ipcx_queue *queue, const void *buf,
			      size_t len, uint32_t lane, const int *fds,
			      uint32_t count, uint64_t deadline_ns)
{
	struct ipcx_msg msg = {
		.buf = (uintptr_t)buf,
		.len = abi_len(len),
		.lane = lane,
		.fds = (uintptr_t)fds,
		.fd_count = count,
	};
	int ret = queue->attachment ? attachment(queue, IPCX_RIGHT_SEND) : 0;

	if (ret < 0)
		return ret;
	ret = transfer(queue, IPCX_IOC_SEND, &msg, 1, deadline_ns);
	return ret < 0 ? ret : 0;
}

/* What came with a message: for the caller, and what it has no room for. */
struct taken {
	int fds[IPCX_FDS_MAX];
	int count;
	int kept;
};

static void take_all(struct ipcx_queue *queue, struct ipcx_loan *loan,
		     uint32_t room, struct taken *taken)
{
	int ret = take(queue, loan, taken->fds, IPCX_FDS_MAX);

	if (ret == 0)		/* nothing rides along any more */
		loan->flags &= ~IPCX_MSG_FDS;
	if (ret < 0 || (uint32_t)ret > room)
		loan->flags |= IPCX_MSG_FDS_LOST;
	taken->count = ret < 0 ? 0 : ret;
	taken->kept = (uint32_t)taken->count < room ? taken->count : (int)room;
}

static void close_from(const struct taken *taken, int first)
{
	for (int i = first; i < taken->count; i++)
		SYSCALL(close(taken->fds[i]));
}

static ssize_t recv_mapped(struct ipcx_queue *queue, void *buf, size_t cap,
			   struct ipcx_msg *msg, int *fds, uint32_t count,
			   uint64_t deadline)
{
	struct taken taken = { .count = 0 };
	struct ipcx_loan loan;
	int me = attachment(queue, IPCX_RIGHT_RECV);
	int ret;

	if (me < 0)
		return me;
	if (cap < queue->slot_size)
		return -EMSGSIZE;
	ret = claim_wait(queue, me, IPCX_DIR_RECV, 0, &loan, deadline);
	if (ret < 0)
		return ret;
	memcpy(buf, loan.data, loan.len);
	if (loan.flags & IPCX_MSG_FDS)
		take_all(queue, &loan, count, &taken);
	ret = ring_release(&queue->ring, me, &loan);
	/* close() may be where the thread is cancelled: now nothing is held. */
	close_from(&taken, ret < 0 ? 0 : taken.kept);
	if (ret < 0)
		return ret;
	memcpy(fds, taken.fds, taken.kept * sizeof(*fds));
	received(buf, &loan, msg);
	msg->fds = (uintptr_t)fds;
	msg->fd_count = taken.kept;
	return loan.len;
}

ssize_t ipcx_queue_recv_fds_timed(struct ipcx_queue *queue, void *buf,
				  size_t cap, struct ipcx_msg *msg, int *fds,
				  uint32_t count, uint64_t deadline_ns)
{
	struct ipcx_msg got = {
		.buf = (uintptr_t)buf,
		.len = abi_len(cap),
		.fds = (uintptr_t)fds,
		.fd_count = count,
	};
	int ret;

	if (queue->attachment)
		return recv_mapped(queue, buf, cap, msg, fds, count,
				   deadline_ns);
	ret = transfer(queue, IPCX_IOC_RECV, &got, 1, deadline_ns);
	if (ret < 0)
		return ret;
	*msg = got;
	return got.len;
}

int ipcx_queue_send_fds(struct ipcx_queue *queue, const void *buf, size_t len,
			uint32_t lane, const int *fds, uint32_t count)
{
	return ipcx_queue_send_fds_timed(queue, buf, len, lane, fds, count,
					 IPCX_FOREVER);
}

int ipcx_queue_send_fds_try(struct ipcx_queue *queue, const void *buf,
			    size_t len, uint32_t lane, const int *fds,
			    uint32_t count)
{
	return ipcx_queue_send_fds_timed(queue, buf, len, lane, fds, count,
					 IPCX_NO_WAIT);
}

ssize_t ipcx_queue_recv_fds(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg, int *fds, uint32_t count)
{
	return ipcx_queue_recv_fds_timed(queue, buf, cap, msg, fds, count,
					 IPCX_FOREVER);
}

ssize_t ipcx_queue_recv_fds_try(struct ipcx_queue *queue, void *buf, size_t cap,
				struct ipcx_msg *msg, int *fds, uint32_t count)
{
	return ipcx_queue_recv_fds_timed(queue, buf, cap, msg, fds, count,
					 IPCX_NO_WAIT);
}
