/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All ioctls in one table with a valid use of each, so that a rule of the ABI is
 * tested by one function over all of them. Every call meets a rule with fresh
 * objects: a region "region" and a queue "queue" that holds one message.
 */
#ifndef GUEST_ABI_H
#define GUEST_ABI_H

#include "guest.h"

enum on { ON_CTL, ON_REGION, ON_QUEUE, ON_NR };

#define SLOT_SIZE	64
#define MSGS		2

/* All that a call may read or write. */
struct memory {
	union {
		uint32_t head[2];		/* size, flags */
		struct ipcx_query query;
		struct ipcx_region_create region_create;
		struct ipcx_queue_create queue_create;
		struct ipcx_open open;
		struct ipcx_unlink unlink;
		struct ipcx_list list;
		struct ipcx_stat stat;
		struct ipcx_reopen reopen;
		struct ipcx_setattr setattr;
		struct ipcx_resize resize;
		struct ipcx_seal seal;
		struct ipcx_transfer transfer;
		struct ipcx_wait wait;
		struct ipcx_take take;
		struct ipcx_peers peers;
		struct ipcx_events events;
		uint8_t bytes[2 * PAGE];
	} arg;
	char name[8];
	char buf[MSGS][SLOT_SIZE];
	struct ipcx_msg msg[MSGS];
	int taken[2];
	struct ipcx_stat stats[4];
	struct ipcx_peer peers[2];
	struct ipcx_event events[2];
};

/* One ioctl. */
struct ioctl_case {
	const char *name;
	unsigned long cmd;
	size_t size;			/* of the struct; 0: there is none */
	size_t first;			/* of its first version; 0: this one */
	unsigned int on;		/* mask of enum on */
	void (*fill)(void);		/* a valid use */
	size_t pad;			/* offset of what must be 0 here */
	size_t pointer;			/* offset of a pointer in it */
	bool opens;
	bool writes;			/* the struct is written */
};

extern struct memory *mem;
extern uint8_t *forbidden;	/* an inaccessible page right behind *mem's pages */
extern int fds[ON_NR];		/* the control device and the two objects */

/* Nothing is there, or nothing that the caller may touch. */
extern void *const bad_pointers[4];

void abi_init(void);

/*
 * Asserts that a call fails with this error and that nothing shows of it: not in
 * *mem, not in the objects, not in the caller's descriptors.
 */
void refused(const struct ioctl_case *c, enum on on, void *arg, int expected,
	     const char *why);
void accepted(const struct ioctl_case *c, enum on on, const char *why);

/* The objects, and in *mem a valid use of the ioctl with them. */
void fresh_objects(const struct ioctl_case *c);
void close_objects(void);

typedef void rule_fn(const struct ioctl_case *c, enum on on);

void with_fresh_objects(const struct ioctl_case *c, enum on on, rule_fn *rule);
void each_ioctl(rule_fn *rule);		/* on the descriptors it is for */
void each_struct(rule_fn *rule);	/* those that take one */
void each_misplaced(rule_fn *rule);	/* on the other descriptors */

#endif /* GUEST_ABI_H */
