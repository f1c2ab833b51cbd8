/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A look at all there is: by debugfs if it can be read, and otherwise by the
 * device, which shows the objects that this user may see.
 */
#ifndef TOOLS_STAT_LOOK_H
#define TOOLS_STAT_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <linux/ipcx.h>

#include "common_claims.h"

/**
 * struct object - what was seen of one
 * @stat: all about it, but for its rights
 * @peers: who maps it, if that was asked for
 * @n_peers: how many, 0 also where it may not be known
 */
struct object {
	struct ipcx_stat stat;
	struct ipcx_peer *peers;
	int n_peers;
};

/**
 * struct look - what was seen
 * @ns: CLOCK_MONOTONIC
 * @wall: CLOCK_REALTIME
 * @n: how many objects
 * @objects: in the order of their ids
 * @claims: those in the way, as old as the looks before tell
 * @by_debugfs: where all this is from
 * @why: no debugfs
 */
struct look {
	uint64_t ns;
	struct timespec wall;
	size_t n;
	struct object *objects;
	struct claims claims;
	bool by_debugfs;
	const char *why;
};

/*
 * 0 or -errno. @peers: who maps each queue too. @before: the look before this
 * one, or NULL for none.
 */
int look_take(struct look *look, bool peers, const struct look *before);
void look_free(struct look *look);

/* The same object, or NULL if it was not there. */
const struct object *look_find(const struct look *look, const struct ipcx_stat *stat);

/* What a look was by, for people. */
char *look_source(const struct look *look);

/* Seconds for which a claim was seen; and whether that is trouble. */
double claim_seconds(const struct claim *claim);
bool claim_is_stuck(const struct claim *claim);

#endif /* TOOLS_STAT_LOOK_H */
