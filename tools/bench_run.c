// SPDX-License-Identifier: GPL-2.0-only
/* One cell: its processes are begun, waited for, and gone, whatever happens. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_child.h"
#include "bench_result.h"
#include "common.h"

/* What no message takes, even of 16 MiB on an emulated machine. */
#define PATIENCE_NS	30000000000ULL

static sigset_t held, before;
static int signals = -1;
static int caught;

void run_begin(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaddset(&held, ends[i]);
	sigprocmask(SIG_BLOCK, &held, &before);
	signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		err(EXIT_FAILURE, "cannot wait for signals");
	places_begin();
}

void run_end(void)
{
	places_end();
	close(signals);
	if (caught) {
		signal(caught, SIG_DFL);
		raise(caught);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- processes ---- */

/**
 * struct family - the processes of a job, seen by their parent
 * @left: how many have not ended
 * @opened: how many have all open
 * @killed: nobody is needed any more
 * @how: of the first that ended badly by itself
 */
struct family {
	struct job *job;
	pid_t pids[PROCESSES_MAX];
	unsigned int left;
	unsigned int opened;
	bool killed;
	int how;
};

static void kill_all(struct family *family)
{
	family->killed = true;
	for (unsigned int i = 0; i < family->job->processes; i++)
		if (family->pids[i] > 0)
			kill(family->pids[i], SIGKILL);
}

/* One that was killed is why others failed that were waiting for it. */
static void reap(struct family *family)
{
	bool bad = false;
	int status;

	for (unsigned int i = 0; i < family->job->processes; i++) {
		if (family->pids[i] <= 0 || waitpid(family->pids[i], &status, WNOHANG) <= 0)
			continue;
		family->pids[i] = 0;
		family->left--;
		if (!status || family->killed)
			continue;
		if (!bad || WIFSIGNALED(status))
			family->how = status;
		bad = true;
	}
	if (bad)
		kill_all(family);
}

static void read_signals(struct family *family)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		caught = info.ssi_signo;
		kill_all(family);
	}
	reap(family);
}

static void read_events(struct family *family)
{
	uint64_t opened;

	if (read(family->job->events, &opened, sizeof(opened)) < 0)
		return;
	family->opened += opened;
	if (family->opened == family->job->processes)
		ways_remove(family->job->ways, true);
}

/* What has been received so far. */
static uint64_t messages_now(const struct job *job)
{
	uint64_t messages = 0;

	for (unsigned int i = 0; i < job->processes; i++)
		for (unsigned int run = 0; run <= job->plan->runs; run++)
			messages += ((volatile struct turn *)&job->turns[i][run])->messages;
	return messages;
}

/* They have done nothing for too long. */
static bool stuck(const struct family *family, uint64_t *before, uint64_t *since)
{
	uint64_t messages = messages_now(family->job) + family->opened;

	if (messages != *before || !*since) {
		*before = messages;
		*since = now_ns();
	}
	return now_ns() - *since > PATIENCE_NS;
}

/* Until all have ended. */
static void wait_for(struct family *family)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = family->job->events, .events = POLLIN },
	};
	uint64_t messages = 0, since = 0;

	while (family->left) {
		poll(fds, ARRAY_SIZE(fds), 1000);
		if (fds[1].revents)
			read_events(family);
		read_signals(family);
		if (!family->killed && stuck(family, &messages, &since)) {
			snprintf(family->job->why, sizeof(family->job->why),
				 "no message came for %d s", (int)(PATIENCE_NS / 1000000000));
			family->job->outcome = FAILED;
			kill_all(family);
		}
	}
}

static void begin(struct family *family)
{
	struct job *job = family->job;

	for (unsigned int i = 0; i < job->processes && !family->killed; i++) {
		pid_t pid = fork();

		if (!pid)
			child_run(job, i);
		family->pids[i] = pid;
		if (pid > 0) {
			family->left++;
			continue;
		}
		snprintf(job->why, sizeof(job->why), "cannot fork: %s", strerror(errno));
		job->outcome = FAILED;
		kill_all(family);
	}
}

/* ---- the cell ---- */

static size_t job_size(const struct plan *plan)
{
	return sizeof(struct job) + (plan->runs + 1) * ((record_size() + 63) & ~63UL);
}

static struct job *job_new(const struct plan *plan, const struct cell *cell, struct way *ways)
{
	struct job *job = mmap(NULL, job_size(plan), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	if (job == MAP_FAILED)
		err(EXIT_FAILURE, "cannot go on");
	job->plan = plan;
	job->cell = cell;
	job->ways = ways;
	job->processes = cell->shape.senders + cell->shape.receivers;
	job->parent = getpid();
	job->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->events < 0)
		err(EXIT_FAILURE, "cannot go on");
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&job->all, &shared, job->processes);
	pthread_barrier_init(&job->senders, &shared, cell->shape.senders);
	for (unsigned int run = 0; run <= plan->runs; run++)
		record_begin(job_record(job, run));
	return job;
}

static enum outcome judge(const struct family *family, char **why)
{
	struct job *job = family->job;

	if (caught)
		return INTERRUPTED;
	if (WIFSIGNALED(family->how)) {
		*why = text("one of its processes was ended by signal %d (%s)",
			    WTERMSIG(family->how), strsignal(WTERMSIG(family->how)));
		return FAILED;
	}
	if (job->outcome != MEASURED) {
		*why = text("%s", job->why);
		return job->outcome;
	}
	if (family->how)
		*why = text("one of its processes ended with status %d",
			    WEXITSTATUS(family->how));
	return family->how ? FAILED : MEASURED;
}

enum outcome run_cell(const struct plan *plan, const struct cell *cell,
		      struct result *result, char **why)
{
	unsigned int count = cell->test == TEST_RTT ? 2 : 1;
	struct family family = { 0 };
	enum outcome outcome;
	struct way *ways;
	int ret;

	ret = ways_make(cell, count, &ways);
	if (ret < 0) {
		*why = text("cannot make it: %s", strerror(-ret));
		ways_free(ways);
		return FAILED;
	}
	family.job = job_new(plan, cell, ways);
	begin(&family);
	wait_for(&family);
	ways_remove(ways, false);
	outcome = judge(&family, why);
	if (outcome == MEASURED && !result_make(family.job, result, why))
		outcome = FAILED;
	ways_free(ways);
	close(family.job->events);
	munmap(family.job, job_size(plan));
	return outcome;
}
