/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves what is no zero where the module may take memory from: then what it
 * forgets to write shows.
 */
#ifndef GUEST_DIRTY_H
#define GUEST_DIRTY_H

#define DIRT	0xd5

void dirty_kernel(void);	/* the heap, and the stack of system calls */
void dirty_memory(void);	/* pages, too */

#endif /* GUEST_DIRTY_H */
