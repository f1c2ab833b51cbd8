/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of the whole ABI: libFuzzer makes inputs, an input is a list of calls,
 * and a few processes, the actors, make them. README.md beside this file says how.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>
#include <linux/ipcx_ring.h>

#define PAGE		4096UL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define ACTORS		3
#define CALLS_MAX	512

/*
 * One call. Every byte has a meaning whatever it is: what is a choice among n
 * things is taken modulo n.
 */
struct call {
	uint8_t op;	/* enum op */
	uint8_t fd;	/* which descriptor, or which mapping */
	uint8_t place;	/* where its argument lies, and what that points to */
	uint8_t twist;	/* what is wrong with it */
	uint8_t a[8];	/* the rest; the last says more about the twist */
};

/* All that can be called: X(name, which), a line each for who makes them. */
#define OPS(X)								\
	X(SWITCH) X(KILL) X(FORK) X(FAIL)				\
	X(QUERY) X(REGION_CREATE) X(QUEUE_CREATE) X(OPEN) X(UNLINK)	\
	X(LIST) X(STAT) X(REOPEN) X(SETATTR) X(RESIZE) X(SEAL)		\
	X(SEND) X(RECV) X(WAIT) X(WAKE) X(ATTACHMENT) X(TAKE) X(PEERS)	\
	X(EVENTS) X(ANY_IOCTL)						\
	X(MMAP) X(MUNMAP) X(MREMAP) X(MPROTECT) X(MADVISE) X(MLOCK)	\
	X(TOUCH) X(SCRIBBLE) X(CLAIM)					\
	X(OPEN_OTHER) X(CLOSE) X(DUP) X(POLL) X(EPOLL) X(IO)		\
	X(DEBUGFS) X(FDINFO) X(PASS) X(GET_PASSED)			\
	X(BECOME) X(NETNS) X(RLIMIT) X(LIMIT)

enum op {
#define OP_ENUM(name) OP_##name,
	OPS(OP_ENUM)
#undef OP_ENUM
	OP_COUNT
};

/*
 * What the fuzzer counts as coverage: places in the module, and errors of calls. No two places
 * are within four bytes, as there is a call in each.
 */
#define PLACE_BYTES	4
#define PLACES		65536
#define ERRORS		128
#define COUNTERS	(PLACES + 64 * ERRORS)

extern uint8_t counters[COUNTERS];

/* Memory of all actors and of the fuzzer. */
struct shared {
	_Atomic uint32_t round;		/* futex: an input to be executed */
	_Atomic uint32_t moved;		/* futex: an actor is farther */
	_Atomic uint64_t calls;		/* made so far by all */
	_Atomic bool limits_set;	/* of the module */
	bool reached[PLACES];		/* by any input */
	uint32_t count;
	struct call call[CALLS_MAX];
	struct {
		_Atomic uint32_t done;	/* the round it has finished */
		_Atomic uint32_t before;	/* all its calls before this one are made */
		_Atomic uint32_t at;	/* the call it makes */
		_Atomic bool killed;	/* somebody killed it on purpose */
		pid_t pid;
	} actor[ACTORS];
};

extern struct shared *shared;

/* Of the fuzzer, made before the actors and theirs as well. */
extern int mailbox[ACTORS][2];		/* descriptors passed: from, to */
extern int finished;			/* eventfd: an actor has */
extern int netns[2];

void futex_wait(_Atomic uint32_t *word, uint32_t value);
void futex_wake(_Atomic uint32_t *word);

/* kcov.c: an actor has one for itself and one for its children */
void kcov_prepare(int n);
void kcov_begin(int n);
void kcov_fold(void);
uint32_t kcov_reached(void);	/* how many places */
void kcov_write(const char *path);	/* their offsets */

/* actor.c */
void actor_run(int me, uint32_t from) __attribute__((noreturn));

#endif /* FUZZ_H */
