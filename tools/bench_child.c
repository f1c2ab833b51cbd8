// SPDX-License-Identifier: GPL-2.0-only
/* A process of a cell: it opens its ends, and goes through all runs. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/ipcx.h>

#include "bench_child.h"

/* Looking at the clock takes some 25 ns, a short message not more. */
#define STRIDE_SMALL	64
#define SMALL		4096
/* So that a few runs have a median. */
#define LEAST		5

struct limit job_limit(const struct job *job, unsigned int run)
{
	double seconds = run ? job->plan->seconds : job->plan->warmup;

	return (struct limit) {
		.count = job->plan->count,
		.end = now_ns() + (uint64_t)(seconds * 1e9),
		.least = LEAST,
		.stride = job->cell->size <= SMALL ? STRIDE_SMALL : 1,
	};
}

void job_give_up(struct job *job, enum outcome outcome, const char *format, ...)
{
	int none = MEASURED;
	char why[sizeof(job->why)];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	/* Only the first knows; the others fail because of it. */
	if (atomic_compare_exchange_strong(&job->outcome, &none, outcome))
		memcpy(job->why, why, sizeof(why));
	_exit(EXIT_FAILURE);
}

void job_check(struct job *job, int ret, const char *what)
{
	if (ret)
		job_give_up(job, FAILED, "cannot %s: %s", what, strerror(-ret));
}

static bool is_sender(const struct job *job, unsigned int me)
{
	return me >= job->cell->shape.receivers;
}

static void become_child(struct job *job, unsigned int me)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	const struct plan *plan = job->plan;
	sigset_t none;
	cpu_set_t cpus;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != job->parent)
		_exit(EXIT_FAILURE);
	/* Ctrl-C reaches all of them, and is for the parent to answer. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigemptyset(&none);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaddset(&none, ends[i]);
	sigaddset(&none, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &none, NULL);

	if (!plan->pinned)
		return;
	CPU_ZERO(&cpus);
	CPU_SET(plan->cpus[me % plan->cpu_count], &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		job_give_up(job, FAILED, "cannot run on processor %d: %s",
			    plan->cpus[me % plan->cpu_count], strerror(errno));
}

static struct link *open_end(struct job *job, unsigned int which, uint32_t right,
			     unsigned int receiver)
{
	struct link *link;
	int ret = way_open(job->ways, which, right, job->pids[receiver], &link);

	/* What cannot be opened cannot do what the cell is about. */
	if (ret)
		job_give_up(job, LEFT_OUT, "%s", way_explain(job->ways, ret));
	return link;
}

/* Receiving ends first: sending ones wait for them. */
static void open_ends(struct job *job, unsigned int me, struct link **there,
		      struct link **back)
{
	bool sender = is_sender(job, me);

	*back = NULL;
	if (!sender)
		*there = open_end(job, 0, IPCX_RIGHT_RECV, 0);
	if (job->cell->test == TEST_RTT && sender)
		*back = open_end(job, 1, IPCX_RIGHT_RECV, 1);
	if (sender)
		*there = open_end(job, 0, IPCX_RIGHT_SEND, 0);
	if (job->cell->test == TEST_RTT && !sender)
		*back = open_end(job, 1, IPCX_RIGHT_SEND, 1);
}

static void add_usage(struct turn *turn, int sign)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	turn->cpu_ns += sign * ((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
				(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL);
	turn->slept += sign * usage.ru_nvcsw;
	turn->preempted += sign * usage.ru_nivcsw;
}

static void take_turn(struct job *job, unsigned int me, unsigned int run,
		      struct link *there, struct link *back)
{
	struct turn *turn = &job->turns[me][run];
	unsigned int sender = me - job->cell->shape.receivers;

	pthread_barrier_wait(&job->all);
	add_usage(turn, -1);
	turn->start = now_ns();
	if (job->cell->test == TEST_STREAM && is_sender(job, me))
		stream_send(job, there, sender, run, turn);
	else if (job->cell->test == TEST_STREAM)
		stream_receive(job, there, turn);
	else if (is_sender(job, me))
		pingpong_ask(job, there, back, run, turn);
	else
		pingpong_answer(job, there, back, turn);
	turn->end = now_ns();
	add_usage(turn, 1);
}

void child_run(struct job *job, unsigned int me)
{
	struct link *there, *back;
	uint64_t one = 1;

	become_child(job, me);
	job->pids[me] = getpid();
	pthread_barrier_wait(&job->all);
	open_ends(job, me, &there, &back);
	if (write(job->events, &one, sizeof(one)) < 0)
		job_give_up(job, FAILED, "cannot tell that all is open: %s", strerror(errno));
	for (unsigned int run = 0; run <= job->plan->runs; run++)
		take_turn(job, me, run, there, back);
	/* Whoever closes first must not take away what another still receives. */
	pthread_barrier_wait(&job->all);
	there->ops->close(there);
	if (back)
		back->ops->close(back);
	_exit(EXIT_SUCCESS);
}
