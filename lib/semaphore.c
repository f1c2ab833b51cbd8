// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>

#include <ipcx/semaphore.h>

#include "sys.h"

_Static_assert(sizeof(struct ipcx_semaphore) >= sizeof(sem_t), "room for it");
_Static_assert(!(8 % _Alignof(sem_t)), "aligned as well");

/* The memory is all there is, be it the caller's or what sem_open() has mapped. */
static sem_t *sem(struct ipcx_semaphore *semaphore)
{
	return (sem_t *)semaphore;
}

int ipcx_semaphore_init(struct ipcx_semaphore *semaphore, uint32_t value)
{
	return SYSCALL(sem_init(sem(semaphore), 1, value));
}

static int open_named(const char *name, int flags, uint32_t mode,
		      uint32_t value, struct ipcx_semaphore **semaphore)
{
	sem_t *opened;
	int ret = SYSCALL((opened = sem_open(name, flags, mode, value)) ==
			  SEM_FAILED ? -1 : 0);

	if (!ret)
		*semaphore = (struct ipcx_semaphore *)opened;
	return ret;
}

int ipcx_semaphore_create(const char *name, uint32_t value, uint32_t flags,
			  uint32_t mode, struct ipcx_semaphore **semaphore)
{
	if (flags & ~IPCX_CREATE_EXCL || mode & ~0777)
		return -EINVAL;
	return open_named(name, O_CREAT | (flags ? O_EXCL : 0),
			  mode ? mode : DEFAULT_MODE, value, semaphore);
}

int ipcx_semaphore_open(const char *name, struct ipcx_semaphore **semaphore)
{
	return open_named(name, 0, 0, 0, semaphore);
}

void ipcx_semaphore_close(struct ipcx_semaphore *semaphore)
{
	if (semaphore)
		SYSCALL(sem_close(sem(semaphore)));
}

int ipcx_semaphore_unlink(const char *name)
{
	return SYSCALL(sem_unlink(name));
}

int ipcx_semaphore_post(struct ipcx_semaphore *semaphore)
{
	return SYSCALL(sem_post(sem(semaphore)));
}

static int wait_asleep(sem_t *semaphore, uint64_t deadline)
{
	struct timespec until = to_timespec(deadline);
	int cancel, ret;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (deadline == IPCX_FOREVER)
		ret = SYSCALL(sem_wait(semaphore));
	else
		ret = SYSCALL(sem_clockwait(semaphore, CLOCK_MONOTONIC,
					    &until));
	pthread_setcancelstate(cancel, NULL);
	return ret;
}

int ipcx_semaphore_wait(struct ipcx_semaphore *semaphore)
{
	return ipcx_semaphore_wait_timed(semaphore, IPCX_FOREVER);
}

int ipcx_semaphore_wait_try(struct ipcx_semaphore *semaphore)
{
	return SYSCALL(sem_trywait(sem(semaphore)));
}

int ipcx_semaphore_wait_timed(struct ipcx_semaphore *semaphore,
			      uint64_t deadline_ns)
{
	int ret = ipcx_semaphore_wait_try(semaphore);

	if (ret != -EAGAIN || deadline_ns == IPCX_NO_WAIT)
		return ret;
	return wait_asleep(sem(semaphore), deadline_ns);
}

int ipcx_semaphore_value(const struct ipcx_semaphore *semaphore)
{
	int value;

	/* Of one that is there, this cannot fail. */
	sem_getvalue((sem_t *)semaphore, &value);
	return value;
}
