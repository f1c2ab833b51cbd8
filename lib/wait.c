// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The deadline is looked at before each sleep, never trusted to the sleep: one
 * that is too short does no harm, and at the deadline there is a last look.
 */
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include <ipcx/device.h>

#include "wait.h"

#define STEP_FIRST	20000U		/* nanoseconds */
#define STEP_LAST	1000000U
/* No sleep is longer, so that it fits into any time_t. */
#define SLEEP_LONGEST	(NSEC_PER_SEC * 1000000)

/* What is left until the deadline: 0 with it in @left, or why not to wait. */
static int sleep_left(uint64_t deadline, uint64_t most, struct timespec *left)
{
	uint64_t now, ns;

	if (deadline == IPCX_NO_WAIT)
		return -EAGAIN;
	now = ipcx_deadline_after(0);
	if (deadline <= now)
		return -ETIMEDOUT;
	ns = deadline - now < most ? deadline - now : most;
	*left = to_timespec(ns);
	return 0;
}

int wait_fd(int fd, short events, uint64_t deadline)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	struct timespec left;
	int ret = sleep_left(deadline, SLEEP_LONGEST, &left);
	int cancel;

	if (ret < 0)
		return ret;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	ret = SYSCALL(ppoll(&pollfd, 1, &left, NULL));
	pthread_setcancelstate(cancel, NULL);
	return ret < 0 ? ret : 0;
}

int wait_step(struct steps *steps, uint64_t deadline)
{
	uint32_t ns = steps->ns ? steps->ns * 2 : STEP_FIRST;
	struct timespec left;
	int cancel, ret;
	sigset_t all;

	if (ns > STEP_LAST)
		ns = STEP_LAST;
	ret = sleep_left(deadline, ns, &left);
	if (ret < 0)
		return ret;
	if (!steps->ns) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &steps->mask);
	}
	steps->ns = ns;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	ret = SYSCALL(ppoll(NULL, 0, &left, &steps->mask));
	pthread_setcancelstate(cancel, NULL);
	return ret;
}
