/* SPDX-License-Identifier: GPL-2.0-only */
/* What the processes of a cell share, and each of them does. */
#ifndef TOOLS_BENCH_CHILD_H
#define TOOLS_BENCH_CHILD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench.h"
#include "bench_message.h"
#include "bench_record.h"

/**
 * struct turn - one process in one run
 * @start: when it was let go, ns
 * @end: when it was done
 * @messages: what it sent or received
 * @cpu_ns: its user and system time
 * @slept: its voluntary context switches
 * @preempted: the involuntary ones
 * @count: stream: messages of each sender
 * @sum: stream: of their numbers
 */
struct turn {
	uint64_t start;
	uint64_t end;
	uint64_t messages;
	uint64_t cpu_ns;
	uint64_t slept;
	uint64_t preempted;
	uint64_t count[SENDERS_MAX];
	uint64_t sum[SENDERS_MAX];
};

/**
 * struct job - a cell at work, shared by its processes and their parent
 * @plan: as it is in bench.h, with @cell and @ways
 * @processes: receivers first, then senders; of a round trip the one that
 *	answers first
 * @parent: their parent
 * @events: an eventfd that each process adds 1 to when it has all open
 * @pids: theirs, once they have begun
 * @all: where all wait for each other
 * @senders: where the senders do
 * @outcome: MEASURED until the first process says otherwise
 * @why: what it says
 * @turns: of each process, of each run; the first run is to warm up
 * @records: round trips, a record for each run
 */
struct job {
	const struct plan *plan;
	const struct cell *cell;
	struct way *ways;
	unsigned int processes;
	pid_t parent;
	int events;
	pid_t pids[PROCESSES_MAX];
	pthread_barrier_t all;
	pthread_barrier_t senders;
	_Atomic int outcome;
	char why[256];
	struct turn turns[PROCESSES_MAX][RUNS_MAX + 1];
	_Alignas(64) char records[];
};

static inline struct record *job_record(struct job *job, unsigned int run)
{
	return (struct record *)(job->records + run * ((record_size() + 63) & ~63UL));
}

/* When a run is over, for who sends in it. */
struct limit {
	uint64_t count;
	uint64_t end;
	unsigned int least;	/* messages, however long they take */
	unsigned int stride;	/* messages between two looks at the clock */
};

struct limit job_limit(const struct job *job, unsigned int run);

static inline bool limit_reached(const struct limit *limit, uint64_t sent)
{
	if (limit->count)
		return sent >= limit->count;
	return sent >= limit->least && sent % limit->stride == 0 && now_ns() >= limit->end;
}

/* Ends the process, after saying why. */
void job_give_up(struct job *job, enum outcome outcome, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
/* A call on a link that can only fail if something is wrong. */
void job_check(struct job *job, int ret, const char *what);

/* Does not return. */
void child_run(struct job *job, unsigned int me) __attribute__((noreturn));

/* The processes of the two tests, in one run. */
void stream_send(struct job *job, struct link *link, unsigned int sender,
		 unsigned int run, struct turn *turn);
void stream_receive(struct job *job, struct link *link, struct turn *turn);
void pingpong_ask(struct job *job, struct link *there, struct link *back,
		  unsigned int run, struct turn *turn);
void pingpong_answer(struct job *job, struct link *there, struct link *back,
		     struct turn *turn);

static inline void send_stamp(struct job *job, struct link *link, uint64_t stamp)
{
	size_t size = job->cell->size;
	void *data;
	int ret;

	ret = link->ops->reserve(link, &data);
	if (!ret) {
		message_write(data, size, stamp);
		ret = link->ops->commit(link, size);
	}
	if (__builtin_expect(ret != 0, 0))
		job_check(job, ret, "send");
}

static inline uint64_t receive_stamp(struct job *job, struct link *link)
{
	size_t len = 0;
	uint64_t stamp = 0;
	bool whole = false;
	void *data;
	int ret;

	ret = link->ops->acquire(link, &data, &len);
	if (!ret) {
		whole = len == job->cell->size && message_read(data, len, &stamp);
		ret = link->ops->release(link);
	}
	if (__builtin_expect(ret != 0, 0))
		job_check(job, ret, "receive");
	if (__builtin_expect(!whole, 0))
		job_give_up(job, FAILED, "a message of %zu bytes came damaged, of %zu bytes",
			    job->cell->size, len);
	return stamp;
}

#endif /* TOOLS_BENCH_CHILD_H */
