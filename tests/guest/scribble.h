/* SPDX-License-Identifier: GPL-2.0-only */
/* Kinds of garbage that a hostile peer writes into a ring, a word a call. */
#ifndef GUEST_SCRIBBLE_H
#define GUEST_SCRIBBLE_H

#include "mapped.h"
#include "random.h"

typedef void scribble_fn(const struct mapped *m, uint64_t *seed);

#define SCRIBBLES	5
extern void (*const scribbles[SCRIBBLES])(const struct mapped *m, uint64_t *seed);

#endif /* GUEST_SCRIBBLE_H */
