// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loans: the two halves of sending and of receiving, for who writes and reads
 * in the ring itself.
 */
#include <errno.h>

#include "message.h"
#include "ring_fast.h"

int ipcx_queue_reserve_timed(struct ipcx_queue *queue, uint32_t lane,
			     struct ipcx_loan *loan, uint64_t deadline_ns)
{
	int me = attachment(queue, IPCX_RIGHT_SEND);

	if (me < 0)
		return me;
	if (lane >= queue->lanes)
		return -EINVAL;
	if (!hangup(queue) && claim_send_fast(&queue->ring, me, lane, loan))
		return 0;
	return claim_wait(queue, me, IPCX_DIR_SEND, lane, loan, deadline_ns);
}

int ipcx_queue_acquire_timed(struct ipcx_queue *queue, struct ipcx_loan *loan,
			     uint64_t deadline_ns)
{
	int me = attachment(queue, IPCX_RIGHT_RECV);
	__u64 missed;

	if (me < 0)
		return me;
	if (queue->ring.broadcast)
		return next_broadcast(queue, me, NULL, loan, &missed,
				      deadline_ns);
	if (!hangup(queue) && claim_recv_fast(&queue->ring, me, loan))
		return 0;
	return claim_wait(queue, me, IPCX_DIR_RECV, 0, loan, deadline_ns);
}

/* As attachment(), for who gives @loan back. */
static inline int holder(const struct ipcx_queue *queue, uint32_t right,
			 const struct ipcx_loan *loan)
{
	int me = attachment(queue, right);

	return me > 0 && !loan->data ? -EINVAL : me;
}

int ipcx_queue_commit(struct ipcx_queue *queue, struct ipcx_loan *loan,
		      size_t len)
{
	int me = holder(queue, IPCX_RIGHT_SEND, loan);
	int ret;

	if (me < 0)
		return me;
	if (len > queue->slot_size)
		return -EMSGSIZE;
	ret = ring_commit(&queue->ring, me, loan, len);
	loan->data = NULL;
	return ret;
}

int ipcx_queue_abort(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	int me = holder(queue, IPCX_RIGHT_SEND, loan);
	int ret;

	if (me < 0)
		return me;
	ret = ring_abort(&queue->ring, me, loan);
	loan->data = NULL;
	return ret;
}

int ipcx_queue_release(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	int me = holder(queue, IPCX_RIGHT_RECV, loan);
	int ret;

	if (me < 0)
		return me;
	if (queue->ring.broadcast)
		ret = ring_is_there(loan) ? 0 : -ESTALE;
	else
		ret = ring_release(&queue->ring, me, loan);
	loan->data = NULL;
	return ret;
}

/* The plain and the _try form of those that can block. */

int ipcx_queue_reserve(struct ipcx_queue *queue, uint32_t lane,
		       struct ipcx_loan *loan)
{
	return ipcx_queue_reserve_timed(queue, lane, loan, IPCX_FOREVER);
}

int ipcx_queue_reserve_try(struct ipcx_queue *queue, uint32_t lane,
			   struct ipcx_loan *loan)
{
	return ipcx_queue_reserve_timed(queue, lane, loan, IPCX_NO_WAIT);
}

int ipcx_queue_acquire(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	return ipcx_queue_acquire_timed(queue, loan, IPCX_FOREVER);
}

int ipcx_queue_acquire_try(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	return ipcx_queue_acquire_timed(queue, loan, IPCX_NO_WAIT);
}
