/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks and conditions for data in memory that processes share, of whatever
 * kind: a region, POSIX or System V shared memory, a shared memory map.
 * <ipcx/ipcx.h> says what holds for every call.
 *
 * Beginning: who makes the memory begins the locks in it. To others a lock in
 * memory that is still zero is -EINVAL until then, so they can wait for that.
 * Neither needs an end: once nobody uses them, their memory is free for other
 * things. All who use them have the same C library and word size.
 *
 * Death: the owner of a lock is a thread. If it ends or calls exec before it
 * releases the lock, the next one gets it with IPCX_LOCK_OWNER_DIED, and finds
 * the data as they were left. It brings them to order and says so; if it dies
 * before, the one after it is asked to. If it releases the lock without a word,
 * or waits for a condition with it, the lock is -ENOTRECOVERABLE to all, until
 * it is begun anew:
 *
 *	ret = ipcx_lock_acquire(&shared->lock);
 *	if (ret == IPCX_LOCK_OWNER_DIED) {
 *		repair(&shared->data);
 *		ret = ipcx_lock_repaired(&shared->lock);
 *	}
 *
 * Memory with a lock that is held must stay mapped, or the death of its owner
 * goes unseen.
 *
 * A waiter that is killed takes nothing with it, be it for a lock or for a
 * condition. But if ipcx_condition_signal() had just woken it, nobody else was
 * woken; where waiters get killed, use ipcx_condition_broadcast().
 *
 * Signals: no signal interrupts waiting for a lock. ipcx_condition_wait() goes on
 * after a handler installed with SA_RESTART, ipcx_condition_wait_timed() is
 * -EINTR after any.
 *
 * Threads: any number of threads may use a lock and a condition at once. Waiting
 * is no cancellation point.
 *
 * Fork: locks held stay the parent's. The child may use both if it shares their
 * memory.
 */
#ifndef IPCX_LOCK_H
#define IPCX_LOCK_H

#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The lock is held, but its former owner died with it. */
#define IPCX_LOCK_OWNER_DIED	1

/** struct ipcx_lock - a lock, to be put into memory that processes share */
struct ipcx_lock {
	uint64_t opaque[8];
};

/** struct ipcx_condition - a condition, likewise; zeros are one */
struct ipcx_condition {
	uint64_t opaque;
};

/**
 * ipcx_lock_init() - begin a lock, held by nobody
 * @lock: memory that nobody else uses, but for finding it -EINVAL
 *
 * Returns 0.
 *
 * Errors: none but those of <ipcx/ipcx.h>.
 */
int ipcx_lock_init(struct ipcx_lock *lock);

/**
 * ipcx_lock_acquire() - get hold of a lock
 * @lock: the lock
 *
 * Waits while another thread has it.
 *
 * Returns 0 or IPCX_LOCK_OWNER_DIED, with the lock held.
 *
 * Errors: -EAGAIN (_try), -ETIMEDOUT (_timed), -EDEADLK (the caller has it
 * already), -ENOTRECOVERABLE (released without being repaired), -EINVAL (not
 * begun yet).
 */
int ipcx_lock_acquire(struct ipcx_lock *lock);
int ipcx_lock_acquire_try(struct ipcx_lock *lock);
int ipcx_lock_acquire_timed(struct ipcx_lock *lock, uint64_t deadline_ns);

/**
 * ipcx_lock_release() - let go of a lock
 * @lock: the lock
 *
 * Never blocks. Returns 0.
 *
 * Errors: -EPERM (the caller does not have it), -EINVAL (not begun yet).
 */
int ipcx_lock_release(struct ipcx_lock *lock);

/**
 * ipcx_lock_repaired() - say that the data are in order again
 * @lock: the lock, held with IPCX_LOCK_OWNER_DIED
 *
 * Returns 0.
 *
 * Errors: -EINVAL (it is not).
 */
int ipcx_lock_repaired(struct ipcx_lock *lock);

/**
 * ipcx_condition_init() - begin a condition
 * @condition: memory that nobody else uses
 */
void ipcx_condition_init(struct ipcx_condition *condition);

/**
 * ipcx_condition_wait() - let go of a lock until the condition is signalled
 * @condition: the condition
 * @lock: the lock that guards what is waited for, held and in order; the same
 *	for all who wait
 *
 * Returns with the lock held again, however long that takes, and perhaps for no
 * reason: look whether it is so, and wait again otherwise. Not to wait at all is
 * not to call, so there is no _try; for IPCX_NO_WAIT it is -EAGAIN at once.
 *
 * Returns 0 or IPCX_LOCK_OWNER_DIED (as ipcx_lock_acquire()).
 *
 * Errors: with the lock held: -ETIMEDOUT (_timed), -EINTR; without:
 * -ENOTRECOVERABLE, -EPERM (the caller did not have it), -EINVAL.
 */
int ipcx_condition_wait(struct ipcx_condition *condition,
			struct ipcx_lock *lock);
int ipcx_condition_wait_timed(struct ipcx_condition *condition,
			      struct ipcx_lock *lock, uint64_t deadline_ns);

/**
 * ipcx_condition_signal() - wake one who waits, at least
 * @condition: the condition
 *
 * What is waited for has been changed before, with the lock held. Never blocks.
 */
void ipcx_condition_signal(struct ipcx_condition *condition);

/**
 * ipcx_condition_broadcast() - wake all who wait
 * @condition: the condition
 *
 * As ipcx_condition_signal().
 */
void ipcx_condition_broadcast(struct ipcx_condition *condition);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_LOCK_H */
