/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Systematic fault injection: a call is made again and again, and the first, the
 * second, ... n-th allocation or copy from or to user memory in it fails, until
 * it has got by without coming to the n-th one (/proc/thread-self/fail-nth).
 *
 * What fails must fail with an errno that its case names, and leave all as it
 * was: the next fault is for a call on the very same objects, and in the end
 * that call succeeds. A call can also get by in spite of a fault.
 *
 * Out of reach are copies by get_user(), by unsafe_get_user() and into the kernel
 * with page faults off, of which it fails none: structures of an exact size, and
 * what is sent. See test_abi.c for pointers that are bad.
 *
 * Environment: FAULTS_LONG=1: each n once more, where all allocations after the
 * n-th fail, too.
 */
#ifndef DEBUG_FAULT_H
#define DEBUG_FAULT_H

#include "../child.h"

struct fault_case {
	const char *name;
	void (*setup)(void);		/* what a success uses up */
	long (*call)(void);		/* what fails, and no other call: -errno */
	void (*done)(long ret);		/* looks at a success and takes it back */
	void (*teardown)(void);
	int errnos[4];			/* that it may fail with, all of which are to be seen */
	int also;			/* one more, by chance */
	bool writes;			/* of several outputs the first, if another fails */
	bool splits;			/* a mapping, which the kernel does not undo: two count */
	bool settles;			/* in a worker, after it failed */
	unsigned int first;		/* n to begin with, if not 1 */
	/* What a failure left, NULL if nothing; without it, all that shows of the module. */
	const char *(*change)(void);
	bool once;			/* would never end if all after it failed, too */
};

/* This kernel injects faults, or all tests fail; at the end, how many there were. */
int fault_begin(void **state);
int fault_end(void **state);

/* The same with the module loaded. */
int fault_setup(void **state);
int fault_teardown(void **state);
#define fault_run(tests) \
	(cmocka_run_group_tests(tests, fault_setup, fault_teardown) || \
	 guest_unload_failed)

void inject(const struct fault_case *c);
void no_complaints(void);		/* of any case since the last time */

/* How many there are in a call that nothing happens to. */
unsigned int fault_count(long (*call)(void), void (*undo)(long ret));

/* The n-th from now on, of this thread; then whether it came to that. */
void fault_arm(unsigned int n);
bool fault_disarm(void);

/* Notes that a case failed, with the place of the fault, and goes on. */
#define complain(...) do {						\
	print_error("%s, fault %u%s: ", fault_name, fault_nth,		\
		    fault_and_all_after ? " and all after it" : "");	\
	print_error(__VA_ARGS__);					\
	print_error("\n");						\
	fault_complaints++;						\
} while (0)

extern const char *fault_name;
extern unsigned int fault_nth, fault_complaints;
extern bool fault_and_all_after;

#endif /* DEBUG_FAULT_H */
