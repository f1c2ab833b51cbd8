/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipcxbench: what is measured, and what came out.
 *
 *	bench.c			the command line
 *	bench_channel.c		channels by name or URI, and where they are made
 *	bench_link.h		what a channel or a peer has to do to be measured
 *	bench_peer_*		peers: other libraries
 *	bench_run.c		a cell: its processes, from their start to their end
 *	bench_child.c		what each process does
 *	bench_stream.c, bench_pingpong.c, bench_message.h	the two tests
 *	bench_record.cc		recorder of times
 *	bench_result.c		figures, from what the runs left
 *	bench_report.c, bench_json.c, bench_chart.c, bench_compare.c	output
 *	bench_machine.c		where it ran
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench_link.h"

#define SENDERS_MAX	15
#define PROCESSES_MAX	(2 * SENDERS_MAX)
#define RUNS_MAX	99
#define SIZES_MAX	32
#define SHAPES_MAX	8
#define SIZE_MAX_ASKED	(16U << 20)

enum test { TEST_STREAM, TEST_RTT, TESTS };
enum wait { WAIT_BLOCK, WAIT_SPIN, WAITS };

struct shape {
	unsigned int senders;
	unsigned int receivers;
};

/* One thing to measure; a mechanism's URI or a peer. */
struct subject;

/**
 * struct plan - what was asked for
 * @subjects: channels and peers
 * @named: they were named, and not taken because all are
 * @cpus: processors to run on, in the order of their use
 * @pinned: each process stays on its own
 * @count: messages of each sender in a run, 0 for as many as fit in @seconds
 * @spread_max: (max - min) / median of the runs that a figure may have
 */
struct plan {
	struct subject **subjects;
	size_t subject_count;
	bool named;
	uint64_t sizes[SIZES_MAX];
	size_t size_count;
	struct shape shapes[SHAPES_MAX];
	size_t shape_count;
	bool tests[TESTS];
	bool waits[WAITS];
	unsigned int runs;
	double seconds;
	double warmup;
	uint64_t count;
	int cpus[CPU_SETSIZE];
	size_t cpu_count;
	bool pinned;
	double spread_max;
};

/* What one figure is of. */
struct cell {
	struct subject *subject;
	enum test test;
	enum wait wait;
	struct shape shape;
	size_t size;
};

/* Not to be known: too few samples, or of the other test. */
#define UNKNOWN		(-1.0)

/**
 * struct result - a cell measured
 * @channel: as it was named
 * @error: why there is no figure, or NULL; all below is then empty
 * @placement: which process ran where
 * @runs: how many there were
 * @messages: in all of them
 * @ns: stream: nanoseconds a message; round trip: its p50; median of the runs
 * @low: smallest of the runs
 * @high: largest of the runs
 * @run: each run's
 * @p50: round trips of all runs together, with those below; ns
 * @cpu_ns: user and system time of all processes, a message
 * @slept: voluntary context switches, a message
 * @preempted: involuntary ones
 * @worthless: the spread is larger than it may be
 *
 * A round trip is two messages.
 */
struct result {
	char *channel;
	enum test test;
	enum wait wait;
	struct shape shape;
	uint64_t size;
	char *error;
	char *placement;
	unsigned int runs;
	uint64_t messages;
	double ns;
	double low;
	double high;
	double run[RUNS_MAX];
	double p50;
	double p90;
	double p99;
	double p999;
	double max;
	double cpu_ns;
	double slept;
	double preempted;
	bool worthless;
};

/* What was not measured, and why that is no failure. */
struct left_out {
	char *what;
	char *why;
};

#define FACTS_MAX	24

/* Where it ran, and how: in the order of printing. */
struct fact {
	char *key;
	char *value;
};

struct report {
	struct fact facts[FACTS_MAX];
	size_t fact_count;
	struct result *results;
	size_t result_count;
	struct left_out *left_out;
	size_t left_out_count;
	double spread_max;
};

/* ---- bench_channel.c, bench_peer_* ---- */

/* NULL if there is none of this name; @name stays the caller's. */
struct subject *subject_new(const char *name, bool loan);
/* All of them that are built in, to be measured without being named. */
struct subject **subjects_all(size_t *count);
const char *subject_name(const struct subject *subject);
void subjects_print(void);	/* for --list */

/*
 * The two ways of a cell: where the messages go, and for round trips where they
 * come back. Made before the processes, opened by them, removed when all have.
 */
struct way;
int ways_make(const struct cell *cell, unsigned int count, struct way **ways);
/* In a process, after all have begun: @receiver is the receiving one. */
int way_open(struct way *ways, unsigned int which, uint32_t right, pid_t receiver,
	     struct link **link);
/* Why way_open() failed, in a few words. */
const char *way_explain(struct way *ways, int error);
/* Takes names away, whatever of them is there; @opened: all have it open. */
void ways_remove(struct way *ways, bool opened);
void ways_free(struct way *ways);
/* A directory for what needs a path, and the end of it. */
void places_begin(void);
void places_end(void);

/* ---- bench_run.c ---- */

enum outcome { MEASURED, LEFT_OUT, FAILED, INTERRUPTED };

/* Around all measuring: signals are held back, so that names and children go. */
void run_begin(void);
void run_end(void);	/* does not return if a signal came */

/* @why is set for LEFT_OUT and FAILED, to be freed. */
enum outcome run_cell(const struct plan *plan, const struct cell *cell,
		      struct result *result, char **why);

/* ---- bench_machine.c ---- */

void machine_facts(struct report *report, const struct plan *plan);
void fact_add(struct report *report, const char *key, char *value);
const char *fact_of(const struct report *report, const char *key);
/* What stands against trusting the figures, a line each, on standard error. */
void machine_warn(const struct report *report);
uint64_t now_ns(void);

/* ---- reports: 0 or -errno of writing ---- */

void report_print(const struct report *report);
int report_csv(const struct report *report, FILE *out);
int report_json(const struct report *report, FILE *out);
/* @why: what is wrong with the file. */
int report_read(const char *path, struct report *report, const char **why);
void report_compare(const struct report *old, const struct report *new,
		    const char *old_name, const char *new_name);

/* -ENOENT: there is no gnuplot. @format is svg or png. */
bool chart_possible(void);
int chart_write(const struct report *report, const char *format, FILE *out);

const char *test_name(enum test test);
const char *wait_name(enum wait wait);
char *ns_text(double ns);		/* few digits and a unit; "-" if unknown */
char *count_text(double number);	/* 12.3k */

static inline double result_spread(const struct result *result)
{
	return result->ns > 0 ? (result->high - result->low) / result->ns : 0;
}

#endif /* TOOLS_BENCH_H */
