/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System V semaphores: the sets of semget(2), several counts that one call
 * changes together or not at all. <ipcx/ipcx.h> says what holds for every call.
 *
 * A set is known by its id, and by a key if it was made with one, as that of
 * ftok(3): a number that the programs agree on. It stays until it is removed.
 *
 * Making: System V makes a set and gives it values in two steps, between which
 * others find it, and a maker can die. So a set has one semaphore more than was
 * asked for, the last one, which is 0 until the values are given and 1 ever
 * after, and the two happen in one operation that only the first comes through
 * with. Whoever creates a set thus finishes what another has begun, and all who
 * create the same set give it the same values; who only opens one is told
 * -EAGAIN until it has its values. Sets made by other means are not for this
 * library, while others may use its sets if they leave the last semaphore alone.
 *
 * Death: an operation with SEM_UNDO is undone when the process ends, whatever
 * way, and whoever waits for that goes on. A waiter that is killed has changed
 * nothing.
 *
 * Signals: waiting is semtimedop(2), so -EINTR after any handler, SA_RESTART or
 * not, and once a process that was stopped goes on.
 *
 * Threads: a handle does not change between its making and its closing. Any
 * number of threads may use it at once; closing it must be the last use. What
 * is undone is undone for the whole process.
 *
 * Fork: the child's copy of a handle works. It has nothing to undo; its parent
 * keeps that, and keeps it across an exec.
 */
#ifndef IPCX_SYSV_SEM_H
#define IPCX_SYSV_SEM_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The key of a System V object that has none: IPC_PRIVATE. */
#define IPCX_SYSV_PRIVATE	0

/* The most semaphores of a set, if the system allows operations that large. */
#define IPCX_SYSV_SEM_MAX	498

struct ipcx_sysv_sem;
struct sembuf;		/* <sys/sem.h> */
struct semid_ds;	/* <sys/sem.h> */

/**
 * ipcx_sysv_sem_create() - make a set
 * @key: its key, a key_t, or IPCX_SYSV_PRIVATE for another set in any case
 * @count: its semaphores, 1 to IPCX_SYSV_SEM_MAX
 * @values: their first values, at most 32767; NULL if they are all 0
 * @flags: IPCX_CREATE_EXCL or 0
 * @mode: permission bits, 0 for 0600; the umask is not applied
 * @set: set to the handle, to be closed with ipcx_sysv_sem_close()
 *
 * A key that is taken is opened, with the values that the set has, if it is of
 * this @count and IPCX_CREATE_EXCL is not set. Never blocks.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (@count, unknown flags or mode), -ERANGE (a value), -EEXIST,
 * -EACCES, -ENOSPC, -E2BIG (see /proc/sys/kernel/sem).
 */
int ipcx_sysv_sem_create(int key, uint32_t count, const uint16_t *values,
			 uint32_t flags, uint32_t mode,
			 struct ipcx_sysv_sem **set);

/**
 * ipcx_sysv_sem_open() - open the set of a key
 * @key: its key
 * @set: set to the handle, to be closed with ipcx_sysv_sem_close()
 *
 * Returns 0.
 *
 * Errors: -ENOENT, -EINVAL (IPCX_SYSV_PRIVATE), -EACCES (not for reading and
 * writing both), -EAGAIN (it has no values yet).
 */
int ipcx_sysv_sem_open(int key, struct ipcx_sysv_sem **set);

/**
 * ipcx_sysv_sem_from_id() - a handle for an id that came from elsewhere
 * @id: id of a set
 * @set: set to the handle, to be closed with ipcx_sysv_sem_close()
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such set), -EACCES (not readable), -EAGAIN (it has no
 * values yet).
 */
int ipcx_sysv_sem_from_id(int id, struct ipcx_sysv_sem **set);

/**
 * ipcx_sysv_sem_close() - close the handle
 * @set: the handle, or NULL
 *
 * The set stays, and so does what there is to be undone.
 */
void ipcx_sysv_sem_close(struct ipcx_sysv_sem *set);

/**
 * ipcx_sysv_sem_id() - the set's id, to be passed on
 * @set: the set
 */
int ipcx_sysv_sem_id(const struct ipcx_sysv_sem *set);

/**
 * ipcx_sysv_sem_count() - semaphores of the set
 * @set: the set
 */
uint32_t ipcx_sysv_sem_count(const struct ipcx_sysv_sem *set);

/**
 * ipcx_sysv_sem_op() - change semaphores, all or none
 * @set: the set
 * @ops: changes in the order they are tried, as for semop(2): sem_num, sem_op to
 *	add, take, or wait for zero with, and in sem_flg SEM_UNDO, IPC_NOWAIT or 0
 * @count: how many, at least 1
 *
 * Waits until all of them can be done at once.
 *
 * Returns 0.
 *
 * Errors: -EAGAIN (_try, or one with IPC_NOWAIT has to wait), -ETIMEDOUT
 * (_timed), -EINTR, -EIDRM (removed meanwhile), -EINVAL (no longer there, or no
 * changes), -EFBIG (no such semaphore), -ERANGE (above 32767), -EACCES, -E2BIG.
 */
int ipcx_sysv_sem_op(const struct ipcx_sysv_sem *set, const struct sembuf *ops,
		     size_t count);
int ipcx_sysv_sem_op_try(const struct ipcx_sysv_sem *set,
			 const struct sembuf *ops, size_t count);
int ipcx_sysv_sem_op_timed(const struct ipcx_sysv_sem *set,
			   const struct sembuf *ops, size_t count,
			   uint64_t deadline_ns);

/**
 * ipcx_sysv_sem_value() - the value of a semaphore as it was a moment ago
 * @set: the set
 * @index: which one
 *
 * Returns the value.
 *
 * Errors: -EINVAL (no such semaphore, or no longer there), -EACCES, -EIDRM.
 */
int ipcx_sysv_sem_value(const struct ipcx_sysv_sem *set, uint32_t index);

/**
 * ipcx_sysv_sem_set_value() - give a semaphore a value
 * @set: the set
 * @index: which one
 * @value: its value
 *
 * Whoever waits looks anew. No process has anything to undo of this semaphore
 * then.
 *
 * Returns 0.
 *
 * Errors: as ipcx_sysv_sem_value(), and -ERANGE (above 32767).
 */
int ipcx_sysv_sem_set_value(const struct ipcx_sysv_sem *set, uint32_t index,
			    uint32_t value);

/**
 * ipcx_sysv_sem_stat() - all about the set
 * @set: the set
 * @stat: filled in; counts the last semaphore, too
 *
 * Returns 0.
 *
 * Errors: -EACCES, -EIDRM or -EINVAL (no longer there).
 */
int ipcx_sysv_sem_stat(const struct ipcx_sysv_sem *set, struct semid_ds *stat);

/**
 * ipcx_sysv_sem_remove() - take the set away
 * @set: the set
 *
 * At once; whoever waits is told -EIDRM.
 *
 * Returns 0.
 *
 * Errors: -EPERM (neither its owner nor its maker), -EIDRM or -EINVAL (no longer
 * there).
 */
int ipcx_sysv_sem_remove(const struct ipcx_sysv_sem *set);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SYSV_SEM_H */
