/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children of tests: real processes, which cannot outlive, hang or silently fail
 * the test; and waiting for what becomes of them.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/types.h>

#define PAGE		4096UL
/* Milliseconds that no working call needs, even in a busy emulated guest. */
#define LONG_ENOUGH	20000
/* Milliseconds to wait for what must not happen. */
#define SHORT		50

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

uint64_t now_ns(void);		/* CLOCK_MONOTONIC, as the deadlines are */
uint64_t in_ms(unsigned int ms);	/* a deadline */
void nap(void);			/* a millisecond, between two looks */

/* True as soon as cond holds, false if it does not within ms. */
#define wait_until(cond, ms) ({						\
	uint64_t end_ = in_ms(ms);					\
	bool met_;							\
									\
	while (!(met_ = !!(cond)) && now_ns() < end_)			\
		nap();							\
	met_;								\
})

#define assert_soon(cond)	assert_true(wait_until(cond, LONG_ENOUGH))

/*
 * As fork(). In the child a failed assertion aborts instead of jumping into the
 * parent's test runner, and the parent's death kills. End it with child_done().
 */
pid_t child_fork(void);
void child_done(void) __attribute__((noreturn));
void child_ok(pid_t pid);	/* asserts that it gets to child_done() in time */
void child_kill(pid_t pid);	/* kill -9, and reaped */

/* Zeroed memory that children share with the test; unmap with shared_free(). */
_Atomic uint32_t *shared_words(void);
void shared_free(_Atomic uint32_t *words);

/* A number in the environment. */
unsigned long setting(const char *name, unsigned long otherwise);

/* A uid and gid without privilege. */
#define NOBODY		65534

void become(uid_t uid, gid_t gid);	/* for good, without other groups */

int open_fds(void);		/* descriptors of this process */

#endif /* TESTS_CHILD_H */
