/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What there is in the file of a queue, and what the three files that see to it
 * share: file_queue.c makes and opens it, file_peers.c knows who is there,
 * file_wait.c sleeps and wakes.
 *
 *	file:	struct file_header
 *		ring, as <linux/ipcx_ring.h> has it
 *
 * The peers play the kernel's part in ipcx_kpage. Everything here may be
 * nonsense that one of them wrote: nothing is an offset, and an index is masked
 * or compared with a bound.
 */
#ifndef FILE_LAYOUT_H
#define FILE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx_ring.h>

#include "file_queue.h"
#include "ring.h"

#define FILE_MAGIC	0x51656c6966786370ULL	/* "pcxfileQ" */
#define FILE_VERSION	1

/**
 * struct file_peer - an attachment
 * @rights: IPCX_RIGHT_SEND, _RECV, or FILE_LEAVING; 0 if there is none
 * @pid: its process
 * @pid_ns: the pid namespace of that, 0 if not known
 */
struct file_peer {
	uint32_t rights;
	uint32_t pid;
	uint32_t pid_ns;
	uint32_t pad;
};

/* Beside the rights: it is done with the ring, what it held can be repaired. */
#define FILE_LEAVING	0x80000000U

/**
 * struct file_header - what comes before the ring
 * @magic: FILE_MAGIC
 * @version: FILE_VERSION
 * @keep: not 0 if the name stays
 * @lock: generation and holder of the lock, see file_peers.c
 * @had: rights that were attached since nobody was
 * @next: where to look for a free attachment
 * @kpage: of its count only whether it is 0 has a meaning
 * @wakes: grows with every wake, by direction, and is what sleepers sleep on
 * @peers: the attachment with number IPCX_OWNER_FIRST + i is the i-th
 */
struct file_header {
	uint64_t magic;
	uint32_t version;
	uint32_t keep;
	__u64 lock;
	uint32_t had;
	uint32_t next;
	struct ipcx_kpage kpage __attribute__((aligned(128)));
	struct {
		uint32_t word __attribute__((aligned(128)));
	} wakes[2];
	struct file_peer peers[FILE_QUEUE_PEERS] __attribute__((aligned(1024)));
};

_Static_assert(sizeof(struct file_header) == 5120, "alike on all machines");

/**
 * struct file_queue - a handle's part in the file
 * @fd: the file, by a description of its own, which holds the locks
 * @index: the handle's attachment in the table, FILE_QUEUE_PEERS before it has
 *	one
 * @pid_ns: pid namespace of this process, 0 if not known
 * @path: where it was found, from the root
 * @header: the file, mapped
 * @bytes: of that
 * @ring: the handle's
 * @looked: when the peers were looked at; atomic
 * @locking: a thread of this process holds the lock or asks for it; atomic
 * @generation: of the lock, while it is held
 */
struct file_queue {
	int fd;
	uint32_t index;
	uint32_t pid_ns;
	char *path;
	struct file_header *header;
	size_t bytes;
	struct ring *ring;
	__u64 looked;
	uint32_t locking;
	uint8_t generation;
};

/*
 * Become an attachment, or cease to be one. The last one to detach removes the
 * name. -ESTALE if the file has none any more, -EUSERS, -ETIMEDOUT, -EINTR, or
 * why it cannot be locked.
 */
int file_attach(struct file_queue *file, uint32_t rights, bool keep,
		uint64_t deadline);
void file_detach(struct file_queue *file);

/* Who was the last removes it. Only with the lock this stays as it is. */
bool file_has_name(const struct file_queue *file);

/* Repair what the dead left, if it is time to look. */
void file_look_after(struct file_queue *file, uint64_t now);

/* Wake all who sleep in these directions, a mask of IPCX_WAKE_*. */
void file_wake(struct file_queue *file, unsigned int dirs);

#endif /* FILE_LAYOUT_H */
