/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers of the tests of the standard mechanisms: real processes, which cannot
 * outlive or silently fail the test.
 */
#ifndef PEER_H
#define PEER_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <ipcx/device.h>

#define PAGE		4096UL
/* Milliseconds that no working call needs, even on a busy machine. */
#define LONG_ENOUGH	20000
/* Milliseconds to wait for what must not happen. */
#define SHORT		50

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define POISON		((void *)0x5a5a)

uint64_t in_ms(unsigned int ms);	/* a deadline */
void nap(void);				/* a millisecond, between two looks */

/* True as soon as cond holds, false if it does not within ms. */
#define wait_until(cond, ms) ({						\
	uint64_t end_ = in_ms(ms);					\
	bool met_;							\
									\
	while (!(met_ = !!(cond)) && in_ms(0) < end_)			\
		nap();							\
	met_;								\
})

#define assert_soon(cond)	assert_true(wait_until(cond, LONG_ENOUGH))

/* A call with a deadline in SHORT is late, and neither early nor much later. */
#define assert_late(call) do {						\
	uint64_t deadline = in_ms(SHORT);				\
									\
	assert_int_equal(call, -ETIMEDOUT);				\
	assert_true(in_ms(0) >= deadline);				\
	assert_true(in_ms(0) < deadline + LONG_ENOUGH * 1000000ULL);	\
} while (0)

/*
 * As fork(). In the child a failed assertion aborts instead of jumping into the
 * parent's test runner, and the parent's death kills. End it with peer_done().
 */
pid_t peer_fork(void);
void peer_done(void) __attribute__((noreturn));
void peer_ok(pid_t pid);	/* asserts that it gets to peer_done() in time */
void peer_kill(pid_t pid);	/* kill -9, and reaped */
void peer_asleep(pid_t pid);	/* asserts that it sleeps, sooner or later */

/* In a peer: go on as nobody. Only root can. */
void peer_become_nobody(void);

/* A name for what the test makes, as the same test may run twice at a time. */
#define NAME_SIZE	64
void test_name(char name[NAME_SIZE], const char *stem);

/* Zeroed memory that peers share with the test; unmap with shared_free(). */
_Atomic uint32_t *shared_words(void);
void shared_free(_Atomic uint32_t *words);

int open_fds(void);		/* descriptors of this process */

/*
 * What @call returns in a peer if a handler, installed with @flags, runs while it
 * sleeps. With @finish, the call must be asleep again after the handler, and
 * finish(arg) lets it end.
 */
long interrupted(long (*call)(void *arg), void *arg, int flags,
		 void (*finish)(void *arg));

/* What errno is during a test. */
#define ERRNO_CANARY	4321

/* Around each test: errno stays as it is, no descriptor is left. */
int peer_setup(void **state);
int peer_teardown(void **state);
#define PEER_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

#endif /* PEER_H */
