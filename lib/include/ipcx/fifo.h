/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FIFOs: pipes with a name in the file system. <ipcx/ipcx.h> says what holds for
 * every call, but for names: a FIFO's is any path. <ipcx/pipe.h> says what holds
 * of reading and writing here too: O_NONBLOCK, SIGPIPE, signals, death, threads,
 * fork and polling.
 *
 * Opening: the reader's side never waits, so it is to be opened first by a
 * process that needs both sides; the writer's side waits for a reader. Two that
 * both open their writing side first wait for each other: then use _timed.
 *
 * End: the reader's first byte may come from a writer that opens later: reading
 * waits for that one. Once a writer was there and the last one has closed, and
 * all was read, reading returns 0, until there is another writer.
 * ipcx_fifo_reopen() makes reading wait for that one.
 */
#ifndef IPCX_FIFO_H
#define IPCX_FIFO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_fifo;

/**
 * ipcx_fifo_create() - make a FIFO's name
 * @path: the name
 * @mode: permission bits, 0 for 0600; the umask is applied
 *
 * Returns 0.
 *
 * Errors: -EEXIST (something has this name), -EINVAL (mode), and those of
 * mkfifo(3).
 */
int ipcx_fifo_create(const char *path, uint32_t mode);

/**
 * ipcx_fifo_unlink() - take the name away
 * @path: the name
 *
 * Who has the FIFO open keeps it.
 *
 * Returns 0.
 *
 * Errors: -EPROTOTYPE (not a FIFO), and those of unlink(2).
 */
int ipcx_fifo_unlink(const char *path);

/**
 * ipcx_fifo_open_reader() - open the reading side
 * @path: the name
 * @fifo: set to the handle, to be closed with ipcx_fifo_close()
 *
 * Never waits.
 *
 * Returns 0.
 *
 * Errors: -EPROTOTYPE (not a FIFO), and those of open(2).
 */
int ipcx_fifo_open_reader(const char *path, struct ipcx_fifo **fifo);

/**
 * ipcx_fifo_open_writer() - open the writing side
 * @path: the name
 * @fifo: set to the handle, to be closed with ipcx_fifo_close()
 *
 * Waits while there is no reader. The _timed form looks every millisecond, and
 * is -EINTR after any handler; the plain one sleeps in open(2), so SA_RESTART
 * lets it go on.
 *
 * Returns 0.
 *
 * Errors: -EPROTOTYPE (not a FIFO), -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR,
 * and those of open(2).
 */
int ipcx_fifo_open_writer(const char *path, struct ipcx_fifo **fifo);
int ipcx_fifo_open_writer_try(const char *path, struct ipcx_fifo **fifo);
int ipcx_fifo_open_writer_timed(const char *path, struct ipcx_fifo **fifo,
				uint64_t deadline_ns);

/**
 * ipcx_fifo_reopen() - make the reading side wait for the next writer
 * @fifo: the reading side
 *
 * After its end was read. Nothing that is written meanwhile is lost, no writer
 * finds the FIFO without a reader, and the descriptor keeps its number. A writer
 * that came and went meanwhile leaves what it wrote, but no end of its own. Never
 * waits. Other threads must not be reading.
 *
 * Returns 0.
 *
 * Errors: -EBADF (the writing side), -ENOENT (/proc is not mounted), -EACCES (no
 * longer allowed).
 */
int ipcx_fifo_reopen(struct ipcx_fifo *fifo);

/**
 * ipcx_fifo_close() - close a side and its descriptor
 * @fifo: the side, or NULL
 */
void ipcx_fifo_close(struct ipcx_fifo *fifo);

/**
 * ipcx_fifo_fd() - the descriptor: to poll, to pass on
 * @fifo: the FIFO
 *
 * It still belongs to the handle.
 */
int ipcx_fifo_fd(const struct ipcx_fifo *fifo);

/**
 * ipcx_fifo_write() - write bytes
 * @fifo: the writing side
 * @buf: the bytes
 * @len: how many
 *
 * Waits for room until all is written. Up to PIPE_BUF bytes are written together
 * or not at all; 0 bytes do nothing.
 *
 * Returns how many were written: less than @len if an error stopped it after the
 * first, or for _try if there was no more room. The error is the result of the
 * next call if it lasts.
 *
 * Errors: -EBADF (the reading side), -EAGAIN (_try), -ETIMEDOUT (_timed),
 * -EINTR, -EPIPE (no reader is left), -EFAULT.
 */
ssize_t ipcx_fifo_write(struct ipcx_fifo *fifo, const void *buf, size_t len);
ssize_t ipcx_fifo_write_try(struct ipcx_fifo *fifo, const void *buf,
			    size_t len);
ssize_t ipcx_fifo_write_timed(struct ipcx_fifo *fifo, const void *buf,
			      size_t len, uint64_t deadline_ns);

/**
 * ipcx_fifo_read() - read what is there
 * @fifo: the reading side
 * @buf: where to put it
 * @cap: room there, not 0
 *
 * Waits while there is nothing, also while no writer has come yet.
 *
 * Returns the bytes read; 0 at the end.
 *
 * Errors: -EBADF (the writing side), -EINVAL (no room), -EAGAIN (_try),
 * -ETIMEDOUT (_timed), -EINTR, -EFAULT.
 */
ssize_t ipcx_fifo_read(struct ipcx_fifo *fifo, void *buf, size_t cap);
ssize_t ipcx_fifo_read_try(struct ipcx_fifo *fifo, void *buf, size_t cap);
ssize_t ipcx_fifo_read_timed(struct ipcx_fifo *fifo, void *buf, size_t cap,
			     uint64_t deadline_ns);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_FIFO_H */
