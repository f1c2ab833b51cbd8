/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * POSIX semaphores: counts that are waited for, named as by sem_open(3) or in
 * memory of the caller's as by sem_init(3). <ipcx/ipcx.h> says what holds for
 * every call.
 *
 * Names are those of sem_open(3): 1 to 251 bytes without '/', which may stand in
 * front. A named semaphore has its first value from the moment on that others
 * can find it, and stays with its count until its name is unlinked and nobody
 * has it open.
 *
 * Death: a process that dies gives nothing back that it has taken. Where that
 * matters, <ipcx/lock.h> tells the next owner, and <ipcx/sysv_sem.h> undoes. A
 * waiter that is killed takes nothing; but if it had just been woken, another
 * that sleeps beside it goes on sleeping until the next post.
 *
 * Signals: ipcx_semaphore_wait() goes on after a handler installed with
 * SA_RESTART; ipcx_semaphore_wait_timed() is -EINTR after any.
 *
 * Threads: any number of threads may use a semaphore at once. Waiting is no
 * cancellation point.
 *
 * Fork: the child has every named semaphore that was open, to be closed by
 * itself, and shares unnamed ones if it shares their memory.
 */
#ifndef IPCX_SEMAPHORE_H
#define IPCX_SEMAPHORE_H

#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/**
 * struct ipcx_semaphore - a semaphore
 *
 * To be put into memory that processes share, and begun there with
 * ipcx_semaphore_init(); zeros are none. All who use it have the same C library
 * and word size.
 */
struct ipcx_semaphore {
	uint64_t opaque[4];
};

/**
 * ipcx_semaphore_init() - begin a semaphore in the caller's memory
 * @semaphore: memory that nobody else uses yet
 * @value: its first value
 *
 * It needs no end: once nobody uses it, its memory is free for other things.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (@value above INT_MAX).
 */
int ipcx_semaphore_init(struct ipcx_semaphore *semaphore, uint32_t value);

/**
 * ipcx_semaphore_create() - make a named semaphore
 * @name: its name
 * @value: its first value
 * @flags: IPCX_CREATE_EXCL or 0
 * @mode: permission bits, 0 for 0600; the umask is applied
 * @semaphore: set to it, to be closed with ipcx_semaphore_close()
 *
 * A name that is taken is opened, with the value that it has, if
 * IPCX_CREATE_EXCL is not set.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (the name, unknown flags or mode, @value above INT_MAX),
 * -ENAMETOOLONG, -EEXIST, -EACCES, -ENOSPC.
 */
int ipcx_semaphore_create(const char *name, uint32_t value, uint32_t flags,
			  uint32_t mode, struct ipcx_semaphore **semaphore);

/**
 * ipcx_semaphore_open() - open a named semaphore
 * @name: its name
 * @semaphore: set to it, to be closed with ipcx_semaphore_close()
 *
 * Of one name, a process has it at one address however often it is opened, and
 * closes it as often.
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -ENAMETOOLONG, -ENOENT, -EACCES (not for reading and writing
 * both).
 */
int ipcx_semaphore_open(const char *name, struct ipcx_semaphore **semaphore);

/**
 * ipcx_semaphore_close() - close a named semaphore
 * @semaphore: it, or NULL
 */
void ipcx_semaphore_close(struct ipcx_semaphore *semaphore);

/**
 * ipcx_semaphore_unlink() - take a name away
 * @name: the name
 *
 * Who has the semaphore open keeps it. The name is free at once.
 *
 * Returns 0.
 *
 * Errors: -ENOENT (also if that is no name), -ENAMETOOLONG, -EACCES (not the
 * owner).
 */
int ipcx_semaphore_unlink(const char *name);

/**
 * ipcx_semaphore_post() - add 1 to the value, and wake a waiter
 * @semaphore: the semaphore
 *
 * Never blocks. Returns 0. Errors: -EOVERFLOW (it is INT_MAX).
 */
int ipcx_semaphore_post(struct ipcx_semaphore *semaphore);

/**
 * ipcx_semaphore_wait() - take 1 from the value
 * @semaphore: the semaphore
 *
 * Waits while it is 0.
 *
 * Returns 0. Errors: -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR.
 */
int ipcx_semaphore_wait(struct ipcx_semaphore *semaphore);
int ipcx_semaphore_wait_try(struct ipcx_semaphore *semaphore);
int ipcx_semaphore_wait_timed(struct ipcx_semaphore *semaphore,
			      uint64_t deadline_ns);

/**
 * ipcx_semaphore_value() - the value as it was a moment ago
 * @semaphore: the semaphore
 */
int ipcx_semaphore_value(const struct ipcx_semaphore *semaphore);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SEMAPHORE_H */
