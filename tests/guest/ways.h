/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways to be limited, for test_security.c. */
#ifndef GUEST_WAYS_H
#define GUEST_WAYS_H

#include "guest.h"

#define PARAMETERS	"/sys/module/ipcx/parameters/"

/*
 * The objects: a region and a queue that can be mapped, which root has made and
 * given to SOMEBODY, mode 0640. The queue holds a message that a region rides
 * along, and somebody has mapped it before. The descriptors have all rights.
 */
struct objects {
	int region, queue;
};

extern struct objects made;
extern struct objects at_hand;	/* what the caller has of them; 0: by name */

/* A child enters it; the test leaves it, if there is something to be undone. */
struct way {
	const char *name;
	void (*enter)(void);
	void (*leave)(void);
};

/* One a column of the table; NULL ends them. */
extern const struct way by_name[], by_descriptor[], in_a_cage[];

/* Refuses, for good, ioctls whose command under this mask has this value. */
void forbid_ioctl(uint32_t mask, uint32_t value);

#endif /* GUEST_WAYS_H */
