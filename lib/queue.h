/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdint.h>

#include <ipcx/queue.h>

#include "ring.h"

struct file_queue;

/**
 * struct ipcx_queue - handle of a queue
 * @fd: its descriptor
 * @rights: rights of the descriptor
 * @slots: messages a lane holds
 * @slot_size: bytes of the largest message
 * @lanes: number of lanes
 * @spin: looks before a sleep
 * @attachment: NULL if mediated; else the attachment of this address space, on
 *	a page of its own that reads 0, IPCX_OWNER_NONE, in a forked child
 * @ring: the mapped ring, if @attachment
 * @ring_bytes: length of its mapping, if it is the module's
 * @file: NULL if the queue is the module's; else it lies in a file, where the
 *	peers themselves do what the kernel does for the module's
 * @subscriber: of a broadcast queue; if mediated, only what was missed
 * @polled: the descriptor was asked for, so the kernel has to know the cursor
 * @told: the cursor that it knows
 *
 * What changes, changes atomically.
 */
struct ipcx_queue {
	int fd;
	uint32_t rights;
	uint32_t slots;
	uint32_t slot_size;
	uint32_t lanes;
	uint32_t spin;
	const uint32_t *attachment;
	struct ring ring;
	size_t ring_bytes;
	struct file_queue *file;
	struct subscriber subscriber;
	bool polled;
	uint64_t told;
};

/* One ioctl on a queue's descriptor; -errno, and no cancellation point. */
int queue_ioctl(const struct ipcx_queue *queue, unsigned long cmd, void *arg);

/*
 * The page that tells a forked child from the process that attached; -errno. It
 * reads 0, IPCX_OWNER_NONE, until it is written to, and again in a child.
 */
long map_attachment_page(void);
void unmap_attachment_page(const uint32_t *page);

#endif /* QUEUE_H */
