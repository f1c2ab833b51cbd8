// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long messages are of late, and who sent them. Data moves without the
 * kernel, and a counter of bytes would cost who sends; but a slot still tells of
 * the message last sent by it, received or not. Who maps the ring can falsify
 * that: it is for those who look alone.
 */
#include "ring.h"

/* Messages looked at, over all lanes. */
#define IPCX_RECENT_MAX		256

static u32 ipcx_recent_of_lane(const struct ipcx_queue *q)
{
	return min_t(u32, q->slots, IPCX_RECENT_MAX / q->lanes);
}

/**
 * ipcx_recent_room - how many messages can be looked at
 * @q: the queue
 *
 * Return: the number above those that ipcx_recent() takes.
 */
u32 ipcx_recent_room(const struct ipcx_queue *q)
{
	return q->lanes * ipcx_recent_of_lane(q);
}

/**
 * ipcx_recent - one of the last messages
 * @q: the queue
 * @nr: which
 * @sender: set to its owner
 * @len: set to its bytes
 *
 * Return: false if there is none, or not any more.
 */
bool ipcx_recent(struct ipcx_queue *q, u32 nr, u32 *sender, u32 *len)
{
	u32 lane = nr / ipcx_recent_of_lane(q);
	u32 back = nr % ipcx_recent_of_lane(q) + 1;
	u64 tail = ipcx_hint_ticket(ipcx_hint(&q->lane[lane].tail));
	u64 ticket = ipcx_ticket_add(tail, -(u64)back);
	struct ipcx_slot *slot = ipcx_slot(q, lane, ticket);
	u64 w = ipcx_load_word(slot);

	if (back > tail || ipcx_state(w) == IPCX_WRITING ||
	    ipcx_state(w) == IPCX_ABORTED)
		return false;
	/* One that was received left its slot to a round later. */
	if (ipcx_state(w) == IPCX_FREE)
		ticket = ipcx_ticket_add(ticket, q->slots);
	if (ipcx_ticket(w) != ticket)
		return false;
	*sender = READ_ONCE(slot->sender) & IPCX_OWNER_MASK;
	*len = min(READ_ONCE(slot->len), q->slot_size);
	return true;
}

/**
 * ipcx_stat_recent - what the last messages were
 * @q: the queue
 * @stat: recent_count and recent_bytes are filled
 */
void ipcx_stat_recent(struct ipcx_queue *q, struct ipcx_stat *stat)
{
	u32 i, sender, len;

	for (i = 0; i < ipcx_recent_room(q); i++) {
		if (!ipcx_recent(q, i, &sender, &len))
			continue;
		stat->recent_count++;
		stat->recent_bytes += len;
	}
}
