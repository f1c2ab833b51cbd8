/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mixed load: all kinds of objects, both paths, names, what rides along,
 * deaths, namespaces and people who look. A round of a load checks what comes of
 * it, message by message, and leaves nothing behind but work for the kernel's
 * own workers. Rounds of several processes do not disturb each other.
 */
#ifndef GUEST_LOAD_H
#define GUEST_LOAD_H

#include "guest.h"

struct load {
	const char *name;
	void (*round)(uint64_t *random);
};

#define LOADS	9

extern const struct load loads[LOADS];

/*
 * Queues that several loads share, if they are there: made before the children
 * who use them, and empty between rounds. Forgotten are they, and the persistent
 * ones of rounds that were killed.
 */
void load_keep(void);
void load_forget(void);

#endif /* GUEST_LOAD_H */
