/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_TRANSFER_H
#define IPCX_TRANSFER_H

#include "stamp.h"

int ipcx_late(u64 deadline_ns);
int ipcx_wait_round(struct ipcx_handle *handle, u32 dir, u32 lane,
		    u64 deadline_ns, int round);

/*
 * Fills what is known of a message, but for its payload; @claim, where it is, is
 * all of this that is to be trusted. Returns true if something rides along.
 */
static __always_inline bool ipcx_msg_fill(struct ipcx_queue *q,
					  const struct ipcx_claim *claim,
					  struct ipcx_msg *msg)
{
	const struct ipcx_slot *slot = ipcx_slot(q, claim->lane, claim->ticket);

	msg->len = min(READ_ONCE(slot->len), q->slot_size);
	msg->sender = READ_ONCE(slot->sender) & IPCX_OWNER_MASK;
	msg->lane = claim->lane;
	msg->ticket = claim->ticket;
	msg->flags = claim->redelivered ? IPCX_MSG_REDELIVERED : 0;
	msg->fd_count = 0;
	msg->missed = 0;
	return ipcx_stamp_get(q, claim, msg);
}

#endif /* IPCX_TRANSFER_H */
