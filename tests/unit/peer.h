/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers of the tests of the standard mechanisms, and what is asserted around
 * each of these tests.
 */
#ifndef PEER_H
#define PEER_H

#include "../child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <ipcx/device.h>

#define POISON		((void *)0x5a5a)

/* A call with a deadline in SHORT is late, and neither early nor much later. */
#define assert_late(call) do {						\
	uint64_t deadline = in_ms(SHORT);				\
									\
	assert_int_equal(call, -ETIMEDOUT);				\
	assert_true(in_ms(0) >= deadline);				\
	assert_true(in_ms(0) < deadline + LONG_ENOUGH * 1000000ULL);	\
} while (0)

/* Children go by this name here. */
#define peer_fork	child_fork
#define peer_done	child_done
#define peer_ok		child_ok
#define peer_kill	child_kill

void peer_asleep(pid_t pid);	/* asserts that it sleeps, sooner or later */

/* In a peer: go on as nobody. Only root can. */
void peer_become_nobody(void);

/* A name for what the test makes, as the same test may run twice at a time. */
#define NAME_SIZE	64
void test_name(char name[NAME_SIZE], const char *stem);

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
