/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pipes: a stream of bytes, or of packets, from those who have its writing end
 * to those who have its reading end. <ipcx/ipcx.h> says what holds for every
 * call.
 *
 * Each handle is one end. Its descriptor is O_NONBLOCK, which the calls do not
 * show but a program that inherits it would; clear it before such an exec:
 *
 *	fcntl(ipcx_pipe_fd(pipe), F_SETFL, 0);
 *
 * SIGPIPE: a program that writes to pipes does best to ignore it, before it makes
 * any:
 *
 *	signal(SIGPIPE, SIG_IGN);
 *
 * Through a handle made then each write is a bare write(2), as long as the handle
 * lasts: who ceases to ignore SIGPIPE can die of it. Through all other handles it
 * is never raised, at a price: Linux 6.18 and later are told so in the write
 * itself, on others SIGPIPE is blocked for the calling thread around each write,
 * by two system calls, and one that was raised is taken away; where the caller
 * had one pending before, that stays.
 *
 * Signals: waiting is poll(2), so -EINTR after any handler, SA_RESTART or not.
 *
 * Death: the end of a process closes its ends. What it wrote stays to be read.
 *
 * Threads: any number of threads may use a handle at once; closing it must be
 * the last use. Up to PIPE_BUF bytes written at once stay together.
 *
 * Fork: the child has copies of both ends, and each process closes its own. A
 * reader sees the end only when every copy of the writing end is closed, so
 * close in each process the end it does not use.
 *
 * Polling: the descriptor is readable (POLLIN) when there is something to read,
 * and POLLHUP at the end; writable (POLLOUT) when PIPE_BUF bytes have room, and
 * POLLERR when no reader is left.
 */
#ifndef IPCX_PIPE_H
#define IPCX_PIPE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_pipe;

/* What is written at once, 1 to PIPE_BUF bytes, is read at once. */
#define IPCX_PIPE_PACKETS	0x1U

/**
 * ipcx_pipe_create() - make a pipe
 * @capacity: bytes it holds, rounded up to a power of two of pages; 0 for the
 *	system's default
 * @flags: IPCX_PIPE_PACKETS or 0
 * @reader: set to the reading end, to be closed with ipcx_pipe_close()
 * @writer: set to the writing end, likewise
 *
 * Returns 0.
 *
 * Errors: -EINVAL (unknown flags, a capacity that cannot be), -EPERM (above
 * /proc/sys/fs/pipe-max-size without privilege).
 */
int ipcx_pipe_create(size_t capacity, uint32_t flags, struct ipcx_pipe **reader,
		     struct ipcx_pipe **writer);

/**
 * ipcx_pipe_from_fd() - a handle for an end that came from elsewhere
 * @fd: descriptor of a pipe's end; belongs to the handle if the call succeeds,
 *	and stays the caller's if it fails
 * @pipe: set to the handle, to be closed with ipcx_pipe_close()
 *
 * Sets O_NONBLOCK, for all who share this end. Whether it has packets is seen
 * from O_DIRECT.
 *
 * Returns 0.
 *
 * Errors: -EBADF, -EPROTOTYPE (not a pipe).
 */
int ipcx_pipe_from_fd(int fd, struct ipcx_pipe **pipe);

/**
 * ipcx_pipe_close() - close an end and its descriptor
 * @pipe: the end, or NULL
 */
void ipcx_pipe_close(struct ipcx_pipe *pipe);

/**
 * ipcx_pipe_fd() - the descriptor: to poll, to pass on
 * @pipe: the end
 *
 * It still belongs to the handle.
 */
int ipcx_pipe_fd(const struct ipcx_pipe *pipe);

/**
 * ipcx_pipe_capacity() - bytes that the pipe holds, or an error
 * @pipe: the end
 */
ssize_t ipcx_pipe_capacity(const struct ipcx_pipe *pipe);

/**
 * ipcx_pipe_set_capacity() - change how much the pipe holds
 * @pipe: either end
 * @capacity: bytes, rounded up to a power of two of pages
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -EBUSY (more is in it), -EPERM (above
 * /proc/sys/fs/pipe-max-size without privilege).
 */
int ipcx_pipe_set_capacity(struct ipcx_pipe *pipe, size_t capacity);

/**
 * ipcx_pipe_write() - write bytes or a packet
 * @pipe: the writing end
 * @buf: the bytes
 * @len: how many; for a packet 1 to PIPE_BUF
 *
 * Waits for room until all is written. Up to PIPE_BUF bytes, and so every
 * packet, are written together or not at all; 0 bytes do nothing.
 *
 * Returns how many were written: less than @len if an error stopped it after the
 * first, or for _try if there was no more room. The error is the result of the
 * next call if it lasts.
 *
 * Errors: -EBADF (a reading end), -EMSGSIZE (larger than a packet), -EINVAL (an
 * empty packet), -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EPIPE (no reader
 * is left), -EFAULT.
 */
ssize_t ipcx_pipe_write(struct ipcx_pipe *pipe, const void *buf, size_t len);
ssize_t ipcx_pipe_write_try(struct ipcx_pipe *pipe, const void *buf,
			    size_t len);
ssize_t ipcx_pipe_write_timed(struct ipcx_pipe *pipe, const void *buf,
			      size_t len, uint64_t deadline_ns);

/**
 * ipcx_pipe_read() - read what is there, or a packet
 * @pipe: the reading end
 * @buf: where to put it
 * @cap: room there, not 0; for packets at least PIPE_BUF whatever is sent
 *
 * Waits while there is nothing. Of packets it takes one.
 *
 * Returns the bytes read; 0 at the end: no writer is left and all was read.
 *
 * Errors: -EBADF (a writing end), -EINVAL (no room), -EMSGSIZE (less room than a
 * packet can have, nothing was taken), -EAGAIN (_try), -ETIMEDOUT (_timed),
 * -EINTR, -EFAULT.
 */
ssize_t ipcx_pipe_read(struct ipcx_pipe *pipe, void *buf, size_t cap);
ssize_t ipcx_pipe_read_try(struct ipcx_pipe *pipe, void *buf, size_t cap);
ssize_t ipcx_pipe_read_timed(struct ipcx_pipe *pipe, void *buf, size_t cap,
			     uint64_t deadline_ns);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_PIPE_H */
