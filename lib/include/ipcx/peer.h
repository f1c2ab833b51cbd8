/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peers of a queue: who maps it, who came and went and why, and whose claim
 * holds the others up. <ipcx/ipcx.h> says what holds for every call.
 *
 * Any handle will do, whatever its rights and whether or not it is mapped; also
 * in a forked child. No call blocks, and any number of threads may use them
 * at once.
 *
 * Who is stuck: ipcx_stat() names the peer whose claim stands at the head of a
 * lane, or where its next message has to go, if there is one. A claim at work is
 * no trouble. The same holder, holder_ticket, held_recv and held_send in two
 * looks some time apart are.
 */
#ifndef IPCX_PEER_H
#define IPCX_PEER_H

#include <stdint.h>

#include <linux/ipcx.h>

#include <ipcx/queue.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/**
 * ipcx_queue_peers() - who maps the queue
 * @queue: the queue
 * @after: 0 to begin; then the id of the last peer seen, to go on
 * @peers: filled, in the order of the ids
 * @count: room there, 1 to 1024
 *
 * The first is IPCX_OWNER_KERNEL of <linux/ipcx_ring.h>: what the kernel does
 * for mediated handles.
 *
 * Returns how many were filled, 0 when there are no more.
 *
 * Errors: -EINVAL (@count), -EFAULT.
 */
int ipcx_queue_peers(struct ipcx_queue *queue, uint32_t after,
		     struct ipcx_peer *peers, uint32_t count);

/**
 * ipcx_queue_events() - who came and who went
 * @queue: the queue
 * @events: filled, the oldest first
 * @count: room there, 1 to 1024
 * @missed: if not NULL, set to how many were forgotten before these: the queue
 *	remembers the last 64
 *
 * The descriptor of the handle is told once of everything since it was opened.
 * It polls POLLPRI while there are events; level and edge-triggered.
 *
 * Returns how many were filled, at least 1.
 *
 * Errors: -EAGAIN (nothing new), -EINVAL (@count), -EFAULT.
 */
int ipcx_queue_events(struct ipcx_queue *queue, struct ipcx_event *events,
		      uint32_t count, uint64_t *missed);

/**
 * ipcx_queue_events_rewind() - who came and who went before
 * @queue: the queue
 * @events: filled, from the oldest that the queue remembers on
 * @count: room there, 1 to 1024; 64 are all
 * @missed: if not NULL, set to how many were forgotten before these
 *
 * What ipcx_queue_events() was told already is told again, and what was before
 * the descriptor; it goes on behind the last of these.
 *
 * Returns how many were filled, at least 1.
 *
 * Errors: as ipcx_queue_events(); -EAGAIN (nothing ever).
 */
int ipcx_queue_events_rewind(struct ipcx_queue *queue, struct ipcx_event *events,
			     uint32_t count, uint64_t *missed);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_PEER_H */
