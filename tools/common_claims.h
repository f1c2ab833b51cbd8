/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Claims that stand in the way: of a queue's messages, the next to be received
 * while it is being written, and the slot to be sent to next while it is being
 * written or read. That is no trouble but where it lasts.
 */
#ifndef TOOLS_COMMON_CLAIMS_H
#define TOOLS_COMMON_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

/* Longer than any claim at work takes, unless the machine is very busy. */
#define CLAIM_STUCK_NS	200000000ULL

/**
 * struct claim - a claim in the way
 * @object: id of the queue
 * @name: its name, NUL-terminated, of any bytes; empty if it has none
 * @lane: where
 * @recv: receivers wait for it, and not senders
 * @ticket: which message
 * @attachment: whose it is
 * @pid: its process, 0 for the kernel or one that is not to be seen from here
 * @comm: name of the process when it attached, NUL-terminated, of any bytes
 * @waiting: threads asleep on the queue in that direction
 * @first_ns: CLOCK_MONOTONIC of the first look that saw it
 * @last_ns: of this one
 */
struct claim {
	uint64_t object;
	char name[IPCX_NAME_MAX + 1];
	uint32_t lane;
	bool recv;
	uint64_t ticket;
	uint32_t attachment;
	uint32_t pid;
	char comm[IPCX_COMM_LEN];
	uint32_t waiting;
	uint64_t first_ns;
	uint64_t last_ns;
};

/**
 * struct claims - what one look saw
 * @n: how many
 * @claim: of the oldest queue first, and the highest lane
 */
struct claims {
	size_t n;
	struct claim *claim;
};

/*
 * Looks: 0 or -errno. @debugfs is of debugfs_open(), for all queues and lanes;
 * or -1 for the queues that the caller may list, the highest such lane of each.
 */
int claims_look(struct claims *claims, int debugfs);

/* Claims that were there before, and still are, are as old as they were then. */
void claims_keep(struct claims *claims, const struct claims *before);

void claims_free(struct claims *claims);

#endif /* TOOLS_COMMON_CLAIMS_H */
