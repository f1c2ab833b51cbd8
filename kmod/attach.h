/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_ATTACH_H
#define IPCX_ATTACH_H

#include "queue.h"

struct task_struct;

/**
 * struct ipcx_attachment - an address space that maps the ring
 * @q: the queue, held by a ref
 * @id: the owner in the words it claims
 * @mm: whose, only to be compared; NULL once it is dead; under attach_lock
 * @mappings: its VMAs of the ring; under attach_lock
 * @rights: of the descriptors it was mapped by; under attach_lock
 * @pid: process that mapped it first
 * @leader: a task of it, which tells how it ended even after it was reaped
 * @comm: its name then
 * @charged: user whose limits count it
 * @why: IPCX_WHY_*, once it is dead
 * @signal: which, if by one
 * @aborted: its unfinished sends that were given up; of the repair alone
 * @returned: messages it held that are delivered again; likewise
 */
struct ipcx_attachment {
	struct ipcx_queue *q;
	u32 id;
	struct mm_struct *mm;
	unsigned int mappings;
	u32 rights;
	struct pid *pid;
	struct task_struct *leader;
	char comm[IPCX_COMM_LEN];
	struct ipcx_user *charged;
	u32 why;
	u32 signal;
	u32 aborted;
	u32 returned;
};

#endif /* IPCX_ATTACH_H */
