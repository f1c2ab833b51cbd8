/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mapped queue without the module: the library's handle over plain shared
 * memory, and an ioctl() that does what the module's WAIT and WAKE do, by
 * futexes. All that lies between a call and the ring is the library's own.
 */
#ifndef SHM_QUEUE_H
#define SHM_QUEUE_H

#include <stdint.h>

#include <ipcx/queue.h>

/*
 * One lane; shared with children forked later. @me: an attachment for each of
 * the two processes, as 0 or 1.
 */
struct shm_queue;

struct shm_queue *shm_queue_make(uint32_t slots, uint32_t slot_size);
struct ipcx_queue *shm_queue_as(struct shm_queue *shm, unsigned int who);
void shm_queue_free(struct shm_queue *shm);

#endif /* SHM_QUEUE_H */
