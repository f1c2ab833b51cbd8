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

/* The result of a system call as the kernel has it, where -errno is one. */
static inline long kernel_call(long number, long a, long b, long c, long d,
			       long e, long f)
{
	/*
	 * By syscall(2) and errno it is twenty instructions more. The analyzer
	 * would not see that assembly writes to memory.
	 */
#if defined(__x86_64__) && defined(__LP64__) && !defined(__clang_analyzer__)
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a" (ret)
		     : "a" (number), "D" (a), "S" (b), "d" (c), "r" (r10),
		       "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
#else
	return SYSCALL(syscall(number, a, b, c, d, e, f));
#endif
}

#define KERNEL_(name, a, b, c, d, e, f, ...)				\
	kernel_call(SYS_##name, (long)(a), (long)(b), (long)(c),	\
		    (long)(d), (long)(e), (long)(f))
/*
 * A system call that is no cancellation point, unlike the C library's function
 * of the same name: a thread that is cancelled is not so in the middle.
 */
#define KERNEL(name, ...)	KERNEL_(name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

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

static inline void wait_steps_end(const struct steps *steps)
{
	if (steps->ns)
		pthread_sigmask(SIG_SETMASK, &steps->mask, NULL);
}

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
	struct steps steps_;						\
	long end_;							\
									\
	steps_.ns = 0;							\
	end_ = AWAIT(call, wait_step(&steps_, deadline));		\
	wait_steps_end(&steps_);					\
	end_;								\
})

#endif /* WAIT_H */
