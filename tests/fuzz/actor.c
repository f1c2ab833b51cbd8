// SPDX-License-Identifier: GPL-2.0-only
/*
 * An actor: makes its calls of one input after another, in turn with the others
 * or at the same time as they, and puts everything away in the end.
 */
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN	8

unsigned int fail_nth;
static int fail_fd = -1;
bool changed;

static int me;
static pid_t children[CHILDREN];

void fail_begin(void)
{
	char text[16];

	if (!fail_nth)
		return;
	fail_fd = open("/proc/thread-self/fail-nth", O_WRONLY | O_CLOEXEC);
	if (fail_fd < 0 || write(fail_fd, text, sprintf(text, "%u", fail_nth)) < 0)
		fail_end();
}

/* What was not reached may fail this, too. */
void fail_end(void)
{
	int before = errno;

	fail_nth = 0;
	if (fail_fd < 0)
		return;
	while (write(fail_fd, "0", 1) < 0)
		;
	close(fail_fd);
	fail_fd = -1;
	errno = before;
}

/* Less and less often: a slow machine may take longer for a signal than until the next. */
static suseconds_t pause_us;

static void interrupt_after_pause(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval) { .it_value = { 0, pause_us } }, NULL);
}

static void on_alarm(int signal)
{
	(void)signal;
	if (pause_us && pause_us < 500000)
		pause_us *= 2;
	interrupt_after_pause();
}

void interrupt_begin(void)
{
	pause_us = 2000;
	interrupt_after_pause();
}

/* One that is on its way finds that it is too late. */
void interrupt_end(void)
{
	pause_us = 0;
	interrupt_after_pause();
}

long do_FAIL(const struct call *c)
{
	/* Calls allocate a few times, some often. */
	fail_nth = 1 + c->a[0] % (c->a[1] & 1 ? 8 : 64);
	return 0;
}

long do_SWITCH(const struct call *c)
{
	(void)c;
	return 0;
}

long do_KILL(const struct call *c)
{
	int n = c->a[0] % ACTORS;

	shared->actor[n].killed = true;
	return checked(kill(shared->actor[n].pid, SIGKILL));
}

static long attempt(const struct call *c)
{
	static long (*const does[OP_COUNT])(const struct call *c) = {
#define OP_FUNCTION(name) do_##name,
		OPS(OP_FUNCTION)
#undef OP_FUNCTION
	};
	long ret;

	return may_fault(ret = does[c->op % OP_COUNT](c)) ? ret : -EFAULT;
}

static void make(const struct call *c)
{
	uint8_t *error = &counters[PLACES + c->op % OP_COUNT * ERRORS];
	long ret;

	memory_reuse();
	ret = attempt(c);
	kcov_fold();
	error[ret < 0 && -ret < ERRORS ? -ret : 0] = 1;
	shared->calls++;
}

/* How a child ends: by itself, as another program, by a signal of its own or its parent's. */
static void __attribute__((noreturn)) child_end(uint8_t how)
{
	switch (how % 4) {
	case 0:
		_exit(0);
	case 1:
		execl("exit", "exit", NULL);
		_exit(0);
	case 2:
		kill(getpid(), SIGKILL);
	}
	for (;;)
		pause();
}

/* The calls that a child makes are those after the fork; returns how many. */
static uint32_t make_child(uint32_t at)
{
	const struct call *c = &shared->call[at];
	uint32_t count = 0, wanted = c->a[0] % 8;
	pid_t pid;
	int n = 0;

	while (count < wanted && at + count + 1 < shared->count &&
	       c[count + 1].op % OP_COUNT > OP_FORK)
		count++;
	while (n < CHILDREN && children[n])
		n++;
	if (n == CHILDREN)
		return 0;

	pid = fork();
	shared->calls++;
	if (pid < 0)
		return 0;
	if (!pid) {
		kcov_begin(ACTORS + me);
		for (uint32_t i = 1; i <= count; i++)
			make(c + i);
		child_end(c->a[1]);
	}
	/* Those that pause end with the input; the others are waited for, or not. */
	if (c->a[2] % 4 && c->a[1] % 4 != 3)
		waitpid(pid, NULL, 0);
	else
		children[n] = pid;
	return count;
}

long do_FORK(const struct call *c)
{
	return make_child(c - shared->call);
}

static void moved(uint32_t before)
{
	if (before <= shared->actor[me].before)
		return;
	shared->actor[me].before = before;
	shared->moved++;
	futex_wake(&shared->moved);
}

static void wait_for_others(uint32_t until)
{
	for (int n = 0; n < ACTORS; n++) {
		uint32_t seen = shared->moved;

		while (n != me && shared->actor[n].before < until) {
			futex_wait(&shared->moved, seen);
			seen = shared->moved;
		}
	}
}

/* Whose turn it is says the last SWITCH; it waits for the turns before, or does not. */
static void make_calls(uint32_t from)
{
	const struct call *c;
	int whose = 0;

	for (uint32_t i = 0; i < shared->count; i++) {
		c = &shared->call[i];
		if (c->op % OP_COUNT == OP_SWITCH) {
			moved(i);
			whose = c->a[0] % ACTORS;
			if (whose == me && i >= from && c->a[1] % 4)
				wait_for_others(i);
			continue;
		}
		if (whose != me || i < from)
			continue;
		shared->actor[me].at = i;
		if (c->op % OP_COUNT == OP_FORK)
			i += do_FORK(c);
		else
			make(c);
	}
	shared->actor[me].at = shared->count;
	moved(shared->count);
}

static void end_children(void)
{
	for (int n = 0; n < CHILDREN; n++) {
		if (!children[n])
			continue;
		kill(children[n], SIGKILL);
		waitpid(children[n], NULL, 0);
		children[n] = 0;
	}
}

static void put_all_away(void)
{
	static const struct rlimit plenty = { 4096, 4096 };

	fail_nth = 0;
	end_children();
	if (changed) {
		if (seteuid(0) || setns(netns[0], CLONE_NEWNET) ||
		    setrlimit(RLIMIT_NOFILE, &plenty))
			die("what an actor had before");
		changed = false;
	}
	memory_unmap_all();
	handles_close();
	kcov_fold();
}

static void on_fault(int signal)
{
	if (!fault) {	/* in the fuzzer itself */
		sigaction(signal, &(struct sigaction) { .sa_handler = SIG_DFL }, NULL);
		return;
	}
	siglongjmp(*fault, 1);
}

void actor_run(int n, uint32_t from)
{
	struct sigaction ends = { .sa_handler = on_alarm };
	struct sigaction faults = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	static const uint64_t one = 1;
	uint32_t round;

	me = n;
	setpgid(0, 0);	/* its children end with it: see bury_actor() */
	sigaction(SIGALRM, &ends, NULL);
	sigaction(SIGSEGV, &faults, NULL);
	sigaction(SIGBUS, &faults, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	first_handle = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	device = fcntl(first_handle, F_DUPFD_CLOEXEC, 256);
	if (device < 0)
		die("/dev/ipcx");
	handles_close();
	memory_init();
	kcov_begin(me);
	for (;; from = 0) {
		while ((round = shared->round) == shared->actor[me].done)
			futex_wait(&shared->round, round);
		make_calls(from);
		put_all_away();
		shared->actor[me].done = round;
		if (write(finished, &one, sizeof(one)) < 0)
			die("eventfd");
	}
}
