/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pipes and FIFOs share. */
#ifndef PIPE_H
#define PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct pipe_end - one end of a pipe or FIFO
 * @fd: its descriptor, O_NONBLOCK
 * @packets: writes keep their boundaries
 * @ignored: the program ignored SIGPIPE when this was made
 * @raises: the kernel cannot write to it without raising SIGPIPE; atomic, as any
 *	writer may be the first to find that out
 *
 * All else does not change.
 */
struct pipe_end {
	int fd;
	bool packets;
	bool ignored;
	bool raises;
};

struct pipe_end pipe_end(int fd, bool packets);

ssize_t pipe_write(struct pipe_end *end, const void *buf, size_t len,
		   uint64_t deadline);

/* Of a FIFO, without waiting: 0 is the end, -EAGAIN also before any writer. */
long fifo_read_now(int fd, void *buf, size_t cap);

/* Set O_NONBLOCK for all who have this file open. */
int set_nonblock(int fd);

#endif /* PIPE_H */
