// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who maps a queue, who came and who went. */

#include <ipcx/peer.h>

#include "queue.h"
#include "sys.h"

int ipcx_queue_peers(struct ipcx_queue *queue, uint32_t after,
		     struct ipcx_peer *peers, uint32_t count)
{
	struct ipcx_peers arg = {
		.size = sizeof(arg),
		.after = after,
		.count = count,
		.peers = (uintptr_t)peers,
		.peer_size = sizeof(*peers),
	};

	return queue_ioctl(queue, IPCX_IOC_PEERS, &arg);
}

static int events_ioctl(struct ipcx_queue *queue, uint32_t flags,
			struct ipcx_event *events, uint32_t count, uint64_t *missed)
{
	struct ipcx_events arg = {
		.size = sizeof(arg),
		.flags = flags,
		.count = count,
		.event_size = sizeof(*events),
		.events = (uintptr_t)events,
	};
	int ret = queue_ioctl(queue, IPCX_IOC_EVENTS, &arg);

	if (ret > 0 && missed)
		*missed = arg.missed;
	return ret;
}

int ipcx_queue_events(struct ipcx_queue *queue, struct ipcx_event *events,
		      uint32_t count, uint64_t *missed)
{
	return events_ioctl(queue, 0, events, count, missed);
}

int ipcx_queue_events_rewind(struct ipcx_queue *queue, struct ipcx_event *events,
			     uint32_t count, uint64_t *missed)
{
	return events_ioctl(queue, IPCX_EVENTS_REWIND, events, count, missed);
}
