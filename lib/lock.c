// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A lock is a robust mutex of the C library. A condition is not one of its
 * condition variables: these count on every waiter to come back, and a signal
 * can wait for ever for one that was killed. Here it is a number that every
 * signal changes, and waiting is to sleep as long as it stays the same.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ipcx/lock.h>

#include "sys.h"

#define BEGUN	0x6c6f636bU	/* memory of zeros is none */

/**
 * struct lock - what there is in a struct ipcx_lock
 * @mutex: process-shared, robust, and looking after who has it
 * @begun: BEGUN once the mutex is whole
 */
struct lock {
	pthread_mutex_t mutex;
	_Atomic uint32_t begun;
};

/**
 * struct condition - what there is in a struct ipcx_condition
 * @signals: how often it was signalled; the futex
 * @waiters: no fewer than there are: who is killed is counted for ever, and
 *	costs each signal a system call
 */
struct condition {
	_Atomic uint32_t signals;
	_Atomic uint32_t waiters;
};

_Static_assert(sizeof(struct ipcx_lock) >= sizeof(struct lock), "room for it");
_Static_assert(!(8 % _Alignof(struct lock)), "aligned as well");
_Static_assert(sizeof(struct ipcx_condition) == sizeof(struct condition),
	       "room for it");

static struct lock *inside(struct ipcx_lock *lock)
{
	return (struct lock *)lock;
}

/* Pairs with the store in ipcx_lock_init(). */
static inline int is_begun(struct ipcx_lock *lock)
{
	return atomic_load_explicit(&inside(lock)->begun,
				    memory_order_acquire) == BEGUN;
}

int ipcx_lock_init(struct ipcx_lock *lock)
{
	pthread_mutexattr_t attr;
	int ret;

	atomic_store(&inside(lock)->begun, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	ret = -pthread_mutex_init(&inside(lock)->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	if (!ret)
		atomic_store_explicit(&inside(lock)->begun, BEGUN,
				      memory_order_release);
	return ret;
}

static inline int outcome(int error)
{
	return error == EOWNERDEAD ? IPCX_LOCK_OWNER_DIED : -error;
}

int ipcx_lock_acquire(struct ipcx_lock *lock)
{
	if (!is_begun(lock))
		return -EINVAL;
	return outcome(pthread_mutex_lock(&inside(lock)->mutex));
}

static int acquire_until(struct ipcx_lock *lock, uint64_t deadline)
{
	struct timespec until = to_timespec(deadline);

	if (!is_begun(lock))
		return -EINVAL;
	return outcome(pthread_mutex_clocklock(&inside(lock)->mutex,
					       CLOCK_MONOTONIC, &until));
}

/*
 * Not by pthread_mutex_trylock(): that of glibc 2.36, if the mutex cannot be
 * recovered, says so but keeps it.
 */
int ipcx_lock_acquire_try(struct ipcx_lock *lock)
{
	int ret = acquire_until(lock, 0);

	return ret == -ETIMEDOUT ? -EAGAIN : ret;
}

int ipcx_lock_acquire_timed(struct ipcx_lock *lock, uint64_t deadline_ns)
{
	if (deadline_ns == IPCX_NO_WAIT)
		return ipcx_lock_acquire_try(lock);
	if (deadline_ns == IPCX_FOREVER)
		return ipcx_lock_acquire(lock);
	return acquire_until(lock, deadline_ns);
}

int ipcx_lock_release(struct ipcx_lock *lock)
{
	if (!is_begun(lock))
		return -EINVAL;
	return -pthread_mutex_unlock(&inside(lock)->mutex);
}

int ipcx_lock_repaired(struct ipcx_lock *lock)
{
	if (!is_begun(lock))
		return -EINVAL;
	return -pthread_mutex_consistent(&inside(lock)->mutex);
}

void ipcx_condition_init(struct ipcx_condition *condition)
{
	condition->opaque = 0;
}

/* Until there is another signal than those, or the deadline is over. */
static int sleep_while(struct condition *condition, uint32_t signals,
		       uint64_t deadline)
{
	struct timespec until = to_timespec(deadline);
	int ret = SYSCALL(syscall(SYS_futex, &condition->signals,
				  FUTEX_WAIT_BITSET, signals,
				  deadline == IPCX_FOREVER ? NULL : &until,
				  NULL, FUTEX_BITSET_MATCH_ANY));

	/* There was one before it slept. */
	return ret == -EAGAIN ? 0 : ret;
}

int ipcx_condition_wait_timed(struct ipcx_condition *condition,
			      struct ipcx_lock *lock, uint64_t deadline_ns)
{
	struct condition *c = (struct condition *)condition;
	uint32_t signals;
	int woken, ret;

	if (deadline_ns == IPCX_NO_WAIT)
		return -EAGAIN;
	/*
	 * With the lock held: who changes what is waited for after us, and
	 * signals that, sees us count, and changes the number that we sleep on.
	 */
	signals = atomic_load(&c->signals);
	atomic_fetch_add(&c->waiters, 1);
	ret = ipcx_lock_release(lock);
	if (!ret) {
		woken = sleep_while(c, signals, deadline_ns);
		ret = ipcx_lock_acquire(lock);
		if (!ret)
			ret = woken;
	}
	atomic_fetch_sub(&c->waiters, 1);
	return ret;
}

int ipcx_condition_wait(struct ipcx_condition *condition,
			struct ipcx_lock *lock)
{
	return ipcx_condition_wait_timed(condition, lock, IPCX_FOREVER);
}

static void wake(struct ipcx_condition *condition, int count)
{
	struct condition *c = (struct condition *)condition;

	atomic_fetch_add(&c->signals, 1);
	if (atomic_load(&c->waiters))
		SYSCALL(syscall(SYS_futex, &c->signals, FUTEX_WAKE, count));
}

void ipcx_condition_signal(struct ipcx_condition *condition)
{
	wake(condition, 1);
}

void ipcx_condition_broadcast(struct ipcx_condition *condition)
{
	wake(condition, INT_MAX);
}
