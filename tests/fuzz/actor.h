/* SPDX-License-Identifier: GPL-2.0-only */
/* What an actor has: descriptors, mappings, memory for arguments. */
#ifndef ACTOR_H
#define ACTOR_H

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz.h"

enum what { NOTHING, DEVICE, REGION, QUEUE, OTHER };

struct handle {
	int fd;
	enum what what;
};

/* Where a ring's slots are, as far as its kernel page told. */
struct geometry {
	uint32_t lanes, slots, stride;
	uint64_t slots_offset;
	int me;		/* the attachment */
};

struct mapping {
	uint8_t *address;	/* NULL: none */
	size_t size;
	struct geometry ring;	/* no lanes: not a ring */
};

#define HANDLES		16
#define MAPPINGS	8
#define MAPPING_BYTES	(4UL << 20)

extern struct handle handles[HANDLES];
extern struct mapping mappings[MAPPINGS];
extern int device;		/* /dev/ipcx */
extern int first_handle;	/* the lowest that an actor's calls can get */
extern unsigned int fail_nth;	/* the allocation of the next call that fails; 0: none */
extern bool changed;		/* the actor's user, namespace or limits */

/* handles.c */
int handle_store(int fd, enum what what, uint8_t where);
struct handle *handle_pick(uint8_t which, enum what what);
void handles_close(void);

/* memory.c: where arguments lie, and copies that may fault */
void memory_init(void);
void memory_reuse(void);
void *memory_place(uint8_t how, uint8_t which, const void *content, size_t size);
bool memory_copy(void *to, const void *from, size_t size);
uint8_t *memory_slot(uint8_t which);	/* the address that a mapping has */
void memory_unmap_all(void);

/* An actor that cannot go on; exit() would be libFuzzer's affair. */
#define die(what)	(perror(what), _exit(1))

/* Runs what may fault; true if it did not. Every call is run so as a whole, too. */
extern sigjmp_buf *fault;
#define may_fault(statement) ({						\
	sigjmp_buf here_, *outer_ = fault;				\
	bool fine_ = !sigsetjmp(here_, 0);				\
									\
	if (fine_) {							\
		fault = &here_;						\
		statement;						\
	}								\
	fault = outer_;							\
	fine_;								\
})

/* Makes a system call, with the failure that it shall meet; -errno on failure. */
#define checked(call) ({						\
	long ret_;							\
									\
	fail_begin();							\
	ret_ = (long)(call);						\
	ret_ = ret_ == -1 ? -errno : ret_;				\
	fail_end();							\
	ret_;								\
})

/* Who waits for ever is interrupted again and again: the first time may be too early. */
void interrupt_begin(void);
void interrupt_end(void);

void fail_begin(void);
void fail_end(void);

/* One function for each enum op but those that actor.c itself makes; -errno or not. */
typedef long op_function(const struct call *c);
#define OP_DECLARE(name) do_##name,
extern op_function OPS(OP_DECLARE) do_nothing;
#undef OP_DECLARE

/* The n-th thing of an array, for any n. */
#define choose(array, n)	((array)[(n) % ARRAY_SIZE(array)])

#endif /* ACTOR_H */
