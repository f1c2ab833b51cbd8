/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What those who are killed leave in memory that outlives them:
 *
 *  - A producer notes by one store how many of its messages are sent. So of one
 *    that was killed exactly those were committed, and perhaps the next.
 *  - A consumer receives into the journal: the message is its own note. RECV
 *    copies out before it releases and is not left between the two; who maps the
 *    ring notes by one store before it releases. So nothing that was released is
 *    unnoted, and what is noted twice was not released by the first.
 *
 * The actors are forked by a small static program of their own, which is the
 * cheapest of processes to fork and to end, but are children of the test.
 */
#ifndef TORTURE_JOURNAL_H
#define TORTURE_JOURNAL_H

#include <linux/ipcx.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define QUEUES		6
#define ACTORS		4		/* of a queue: see enum actor_kind */
#define LIFE		1024		/* messages of a producer, which then ends */
#define LOG		128		/* messages of a consumer, likewise */

#define JOURNAL_FD	10		/* of actors; the queues follow */
#define QUEUE_FD	11

struct torture_queue {
	uint32_t slots;
	uint32_t lanes;
	uint32_t flags;			/* IPCX_QUEUE_* */
	bool riders;			/* regions ride along every fourth message */
};

enum actor_kind { MAPPED_PRODUCER, PRODUCER, MAPPED_CONSUMER, CONSUMER };

/* A payload; all of it follows from the first two, so that a torn one shows. */
struct note {
	uint32_t producer;		/* + 1; 0 for none */
	uint32_t seq;
	uint32_t lane;
	uint32_t sum[5];
};

struct entry {
	struct note note;
	struct ipcx_msg msg;
};

struct actor {
	enum actor_kind kind;
	uint32_t queue;
	uint32_t life;			/* producer: index of @sent */
	pid_t pid;			/* 0 until it is forked */
	int error;			/* by itself */
	struct entry log[LOG];		/* by itself, of a consumer */
};

struct journal {
	struct actor actors[QUEUES * ACTORS];
	uint32_t sent[];		/* by producers' lives, by them */
};

/* What the test asks for by a pipe. */
struct start {
	uint32_t actor;
	uint64_t random;
};

static const struct torture_queue torture_queues[QUEUES] = {
	{ .slots = 1, .lanes = 1 },
	{ .slots = 2, .lanes = 4 },
	{ .slots = 8, .lanes = 1, .riders = true },
	{ .slots = 64, .lanes = 4 },
	{ .slots = 8, .lanes = 2, .flags = IPCX_QUEUE_DROP_OLDEST },
	{ .slots = 256, .lanes = 1, .flags = IPCX_QUEUE_BROADCAST },
};

static inline struct note make_note(uint32_t life, uint32_t seq, uint32_t lane)
{
	struct note note = { .producer = life + 1, .seq = seq, .lane = lane };

	for (uint32_t i = 0; i < sizeof(note.sum) / sizeof(note.sum[0]); i++)
		note.sum[i] = (life * 31 + seq) * 2654435761U + lane + i;
	return note;
}

static inline bool is_consumer(const struct actor *a)
{
	return a->kind == MAPPED_CONSUMER || a->kind == CONSUMER;
}

static inline bool has_rider(const struct note *note, uint32_t queue)
{
	return torture_queues[queue].riders && note->seq % 4 == 0;
}

#endif /* TORTURE_JOURNAL_H */
