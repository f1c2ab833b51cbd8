/* SPDX-License-Identifier: GPL-2.0-only */
/* IPCX_IOC_PEERS and IPCX_IOC_EVENTS as functions. */
#ifndef GUEST_PEERS_H
#define GUEST_PEERS_H

#include "guest.h"

/* As the ABI says; @missed can be NULL. A failed call has written nothing. */
static inline int events_ioctl(int fd, uint32_t flags, struct ipcx_event *events,
			       uint32_t count, uint64_t *missed)
{
	struct ipcx_events arg = {
		.size = sizeof(arg), .flags = flags, .count = count,
		.event_size = sizeof(*events), .events = (uintptr_t)events,
		.missed = POISON,
	};
	struct ipcx_events before = arg;
	int rc = call(fd, IPCX_IOC_EVENTS, &arg);

	if (rc < 0)
		assert_memory_equal(&arg, &before, sizeof(arg));
	else if (missed)
		*missed = arg.missed;
	return rc;
}

static inline int events_get(int fd, struct ipcx_event *events, uint32_t count,
			     uint64_t *missed)
{
	return events_ioctl(fd, 0, events, count, missed);
}

static inline int events_rewind(int fd, struct ipcx_event *events, uint32_t count,
				uint64_t *missed)
{
	return events_ioctl(fd, IPCX_EVENTS_REWIND, events, count, missed);
}

/* The next one, with none missed before it, as soon as there is one. */
static inline struct ipcx_event next_event(int fd)
{
	struct ipcx_event event;
	uint64_t missed = 0;

	memset(&event, POISON, sizeof(event));
	assert_soon(events_get(fd, &event, 1, &missed) == 1);
	assert_int_equal(missed, 0);
	assert_int_equal(event.pad, 0);
	return event;
}

static inline void no_event(int fd)
{
	struct ipcx_event event;

	assert_int_equal(events_get(fd, &event, 1, NULL), -EAGAIN);
}

static inline int peers_get(int fd, uint32_t after, struct ipcx_peer *peers,
			    uint32_t count)
{
	struct ipcx_peers arg = {
		.size = sizeof(arg), .after = after, .count = count,
		.peers = (uintptr_t)peers, .peer_size = sizeof(*peers),
	};

	return call(fd, IPCX_IOC_PEERS, &arg);
}

/* The peer of this id, zeroed if there is none. */
static inline struct ipcx_peer peer_of(int fd, uint32_t id)
{
	struct ipcx_peer peer = { 0 };
	int rc = peers_get(fd, id - 1, &peer, 1);

	assert_true(rc >= 0);
	if (peer.id != id)
		memset(&peer, 0, sizeof(peer));
	return peer;
}

#endif /* GUEST_PEERS_H */
