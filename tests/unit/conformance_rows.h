/* SPDX-License-Identifier: GPL-2.0-only */
/* What the channels that need no module promise, as docs/channels.md says it. */
#ifndef CONFORMANCE_ROWS_H
#define CONFORMANCE_ROWS_H

#include "conformance.h"

#define CAPS(name)	IPCX_CHANNEL_##name

#define ROW_MQ {							\
	.name = "mq", .uri = "mq:/NAME?slots=8&size=96",		\
	.caps = CAPS(PRIORITIES) | CAPS(MANY_SENDERS) |			\
		CAPS(MANY_RECEIVERS) | CAPS(POLLABLE) | CAPS(SURVIVES) | \
		CAPS(FORKS) | CAPS(KEEPS),				\
	.quirks = NAMED | RESUMES | REJOINS,				\
	.size = 96, .priorities = 32768,				\
}

#define ROW_SYSV {							\
	.name = "sysv", .uri = "sysv:KEY?size=1000",			\
	.caps = CAPS(PRIORITIES) | CAPS(MANY_SENDERS) |			\
		CAPS(MANY_RECEIVERS) | CAPS(SURVIVES) | CAPS(FORKS) |	\
		CAPS(KEEPS),						\
	.quirks = NAMED | ENDS | RESUMES | REJOINS,			\
	.size = 1000, .priorities = 32768,				\
}

#define ROW_SIGNAL {							\
	.name = "signal", .uri = "signal:PID?signal=40",		\
	.caps = CAPS(MANY_SENDERS),					\
	.send_caps = CAPS(PEER_GONE) | CAPS(FORKS),			\
	.recv_caps = CAPS(POLLABLE),					\
	.quirks = REJOINS | TELLS,					\
	.size = sizeof(uintptr_t) - 1, .priorities = 1,			\
}

#define STANDARD_ROWS	ROW_MQ, ROW_SYSV, ROW_SIGNAL

#endif /* CONFORMANCE_ROWS_H */
