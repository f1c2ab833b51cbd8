/* SPDX-License-Identifier: GPL-2.0-only */
/* What channels promise; docs/channels.md says the same. */
#ifndef CONFORMANCE_ROWS_H
#define CONFORMANCE_ROWS_H

#include "conformance.h"

#define CAPS(name)	IPCX_CHANNEL_##name

#define MANY_BOTH	(CAPS(MANY_SENDERS) | CAPS(MANY_RECEIVERS))

/* Of messages that go in one frame; of larger ones below. */
#define PIPE_CAPS	(CAPS(MANY_SENDERS) | CAPS(POLLABLE) |		\
			 CAPS(PEER_GONE) | CAPS(SURVIVES))
#define FRAME_CAPS	(PIPE_CAPS | CAPS(MANY_RECEIVERS) | CAPS(FORKS))

#define ROWS_PIPE							\
	{								\
		.name = "pipe", .uri = "pipe:FD?size=1000",		\
		.caps = FRAME_CAPS,		\
		.size = 1000, .priorities = 1,				\
	}, {								\
		.name = "pipe (large)", .uri = "pipe:FD?size=10000",	\
		.caps = PIPE_CAPS,			\
		.size = 10000, .priorities = 1,				\
	}, {								\
		.name = "fifo", .uri = "fifo:DIR/fifo?size=1000",	\
		.caps = FRAME_CAPS,					\
		.quirks = NAMED | STAYS | WAITS | REJOINS,		\
		.size = 1000, .priorities = 1,				\
	}, {								\
		.name = "fifo (large)", .uri = "fifo:DIR/fifo?size=10000", \
		.caps = PIPE_CAPS,					\
		.quirks = NAMED | STAYS | WAITS | REJOINS,		\
		.size = 10000, .priorities = 1,				\
	}

#define ROW_MQ								\
	{								\
		.name = "mq", .uri = "mq:/NAME?slots=8&size=96",	\
		.caps = MANY_BOTH | CAPS(PRIORITIES) | CAPS(POLLABLE) | \
			CAPS(SURVIVES) | CAPS(FORKS) | CAPS(KEEPS),	\
		.quirks = NAMED | RESUMES | REJOINS,			\
		.size = 96, .priorities = 32768,			\
	}

#define ROW_SYSV							\
	{								\
		.name = "sysv", .uri = "sysv:KEY?size=1000",		\
		.caps = MANY_BOTH | CAPS(PRIORITIES) | CAPS(SURVIVES) |	\
			CAPS(FORKS) | CAPS(KEEPS),			\
		.quirks = NAMED | ENDS | RESUMES | REJOINS,		\
		.size = 1000, .priorities = 32768,			\
	}

#define ROW_SIGNAL							\
	{								\
		.name = "signal", .uri = "signal:PID?signal=40",	\
		.caps = CAPS(MANY_SENDERS),				\
		.send_caps = CAPS(PEER_GONE) | CAPS(FORKS),		\
		.recv_caps = CAPS(POLLABLE),				\
		.quirks = REJOINS | TELLS | ITSELF,				\
		.size = sizeof(uintptr_t) - 1, .priorities = 1,		\
	}

#define LOCAL_CAPS	(CAPS(MANY_SENDERS) | CAPS(POLLABLE) |		\
			 CAPS(CREDENTIALS) | CAPS(FDS))
#define TCP_CAPS	(CAPS(MANY_SENDERS) | CAPS(POLLABLE) |		\
			 CAPS(MACHINES) | CAPS(PEER_GONE))

#define ROWS_SOCKET							\
	{								\
		.name = "unix", .uri = "unix:DIR/socket?size=5000",	\
		.caps = LOCAL_CAPS | CAPS(PEER_GONE),			\
		.quirks = NAMED | WAITS | REJOINS,			\
		.size = 5000, .priorities = 1, .rider = memory_rider,	\
	}, {								\
		.name = "unix (abstract)", .uri = "unix:@NAME?size=5000", \
		.caps = LOCAL_CAPS | CAPS(PEER_GONE),			\
		.quirks = WAITS | REJOINS,				\
		.size = 5000, .priorities = 1, .rider = memory_rider,	\
	}, {								\
		.name = "unix (seqpacket)",				\
		.uri = "unix:DIR/socket?type=seqpacket&size=5000",	\
		.caps = LOCAL_CAPS | CAPS(PEER_GONE),			\
		.send_caps = CAPS(FORKS),				\
		.quirks = NAMED | WAITS | REJOINS,			\
		.size = 5000, .priorities = 1, .rider = memory_rider,	\
	}, {								\
		.name = "unix (dgram)",					\
		.uri = "unix:DIR/socket?type=dgram&size=5000",		\
		.caps = LOCAL_CAPS | CAPS(FORKS),			\
		.send_caps = CAPS(PEER_GONE),				\
		.quirks = NAMED | WAITS | REJOINS,			\
		.size = 5000, .priorities = 1, .rider = memory_rider,	\
	}, {								\
		.name = "unix (abstract dgram)",			\
		.uri = "unix:@NAME?type=dgram&size=5000",		\
		.caps = LOCAL_CAPS | CAPS(FORKS),			\
		.send_caps = CAPS(PEER_GONE),				\
		.quirks = WAITS | REJOINS,				\
		.size = 5000, .priorities = 1, .rider = memory_rider,	\
	}, {								\
		.name = "tcp", .uri = "tcp://127.0.0.1:PORT?size=5000",	\
		.caps = TCP_CAPS, .quirks = WAITS | REJOINS,		\
		.size = 5000, .priorities = 1,				\
	}, {								\
		.name = "tcp (IPv6)", .uri = "tcp://[::1]:PORT?size=5000", \
		.caps = TCP_CAPS, .quirks = WAITS | REJOINS,		\
		.size = 5000, .priorities = 1,				\
	}

/* Rings that each end maps. */
#define RING_CAPS	(MANY_BOTH | CAPS(ZERO_COPY) | CAPS(NO_SYSCALL) | \
			 CAPS(PEER_GONE) | CAPS(SURVIVES) | CAPS(REDELIVERS))
#define RING_QUIRKS	(NAMED | RESUMES | REJOINS | TELLS)

#define ROWS_FILE							\
	{								\
		.name = "shm", .uri = "shm:/NAME?slots=8&size=1000",	\
		.caps = RING_CAPS, .quirks = RING_QUIRKS,		\
		.size = 1000, .priorities = 1,				\
	}, {								\
		.name = "shm (lanes)",					\
		.uri = "shm:/NAME?slots=8&size=96&lanes=3&keep=1",	\
		.caps = RING_CAPS | CAPS(PRIORITIES) | CAPS(KEEPS),	\
		.quirks = RING_QUIRKS, .size = 96, .priorities = 3,	\
	}, {								\
		.name = "shm (drop)",					\
		.uri = "shm:/NAME?slots=8&size=96&drop=1",		\
		.caps = RING_CAPS, .quirks = RING_QUIRKS | LOSSY | BLIND,	\
		.size = 96, .priorities = 1,				\
	}, {								\
		.name = "map", .uri = "map:DIR/map?slots=8&size=1000",	\
		.caps = RING_CAPS | CAPS(KEEPS), .quirks = RING_QUIRKS,	\
		.size = 1000, .priorities = 1,				\
	}

#define STANDARD_ROWS							\
	ROWS_PIPE, ROW_MQ, ROW_SYSV, ROWS_SOCKET, ROW_SIGNAL, ROWS_FILE

/* Those of the module; @rider_ makes a region's descriptor. */
#define QUEUE_CAPS	(RING_CAPS | CAPS(POLLABLE) | CAPS(FDS))
#define QUEUE_QUIRKS	(NAMED | RESUMES | REJOINS)
#define MEDIATED_CAPS	(MANY_BOTH | CAPS(POLLABLE) | CAPS(FDS) |	\
			 CAPS(PEER_GONE) | CAPS(SURVIVES) |		\
			 CAPS(CREDENTIALS) | CAPS(FORKS))

#define ROWS_QUEUE(rider_)						\
		{							\
			.name = "queue", .uri = "queue:NAME?slots=8&size=1000", \
			.caps = QUEUE_CAPS, .quirks = QUEUE_QUIRKS | TELLS, \
			.size = 1000, .priorities = 1, .rider = rider_,	\
		}, {							\
			.name = "queue (map=0)",			\
			.uri = "queue:NAME?slots=8&size=1000&map=0",	\
			.caps = MEDIATED_CAPS, .quirks = QUEUE_QUIRKS,	\
			.size = 1000, .priorities = 1, .rider = rider_,	\
		}, {							\
			.name = "queue (lanes)",			\
			.uri = "queue:NAME?slots=8&size=96&lanes=3&keep=1", \
			.caps = QUEUE_CAPS | CAPS(PRIORITIES) | CAPS(KEEPS), \
			.quirks = QUEUE_QUIRKS | TELLS | LANES,		\
			.size = 96, .priorities = 3, .rider = rider_,	\
		}, {							\
			.name = "queue (drop)",				\
			.uri = "queue:NAME?slots=8&size=96&drop=1",	\
			.caps = QUEUE_CAPS, .quirks = QUEUE_QUIRKS | TELLS | LOSSY, \
			.size = 96, .priorities = 1, .rider = rider_,	\
		}, {							\
			.name = "queue (broadcast)",			\
			.uri = "queue:NAME?slots=8&size=96&broadcast=1", \
			.caps = (RING_CAPS & ~CAPS(REDELIVERS)) | CAPS(POLLABLE) | \
				CAPS(BROADCAST),			\
			.quirks = QUEUE_QUIRKS | TELLS | LOSSY,		\
			.size = 96, .priorities = 1,			\
		}

#endif /* CONFORMANCE_ROWS_H */
