/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the standard mechanisms wait until a moment of CLOCK_MONOTONIC. */
#ifndef WAIT_H
#define WAIT_H

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/ipcx.h>

#include "sys.h"

/*
 * A system call that is no cancellation point, unlike the C library's function
 * of the same name: a thread that is cancelled is not so in the middle.
 */
#define KERNEL(name, ...)	SYSCALL(syscall(SYS_##name, __VA_ARGS__))

/*
 * Sleep until poll(2) has something to say of @fd, be it an error. Returns 0 to
 * look again, which may be in vain; -EAGAIN for IPCX_NO_WAIT, -ETIMEDOUT once
 * the deadline is over, -EINTR after any handler.
 */
int wait_fd(int fd, short events, uint64_t deadline);

/**
 * struct steps - a wait for what no descriptor tells of
 * @ns: length of the last sleep, 0 before the first
 * @mask: signals that the caller has blocked, set with the first sleep
 */
struct steps {
	uint32_t ns;
	sigset_t mask;
};

/*
 * As wait_fd(), but sleep a little, and the next time longer, up to a
 * millisecond. Signals are blocked between the sleeps, so that none falls
 * through there and every handler ends the wait.
 */
int wait_step(struct steps *steps, uint64_t deadline);
void wait_steps_end(struct steps *steps);

/* Do @call, which does not block, until it has a result or @wait fails. */
#define AWAIT(call, wait) ({						\
	long result_;							\
									\
	while ((result_ = (call)) == -EAGAIN) {				\
		int late_ = (wait);					\
									\
		if (late_ < 0) {					\
			result_ = late_;				\
			break;						\
		}							\
	}								\
	result_;							\
})

#define AWAIT_STEPS(call, deadline) ({					\
	struct steps steps_ = { 0 };					\
	long end_ = AWAIT(call, wait_step(&steps_, deadline));		\
									\
	wait_steps_end(&steps_);					\
	end_;								\
})

#endif /* WAIT_H */
