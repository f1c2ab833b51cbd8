// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <sys/sem.h>

#include <ipcx/device.h>
#include <ipcx/sysv_sem.h>

#include "sys.h"

#define VALUE_MAX	32767

_Static_assert(IPCX_SYSV_PRIVATE == IPC_PRIVATE, "the same key");

/* As semctl() wants it, and no header has it. */
union semun {
	int val;
	struct semid_ds *buf;
};

/**
 * struct ipcx_sysv_sem - handle of a set
 * @id: its id
 * @count: its semaphores; that of this index tells whether it has its values
 */
struct ipcx_sysv_sem {
	int id;
	uint32_t count;
};

static int stat_of(int id, struct semid_ds *stat)
{
	return SYSCALL(semctl(id, 0, IPC_STAT, (union semun) { .buf = stat }));
}

static int handle_for(int id, uint32_t count, struct ipcx_sysv_sem **set)
{
	struct ipcx_sysv_sem *handle = malloc(sizeof(*handle));

	if (!handle)
		return -ENOMEM;
	*handle = (struct ipcx_sysv_sem) { .id = id, .count = count };
	*set = handle;
	return 0;
}

/* Only the first comes through, so the values are given exactly once. */
static int give_values(int id, uint32_t count, const uint16_t *values)
{
	struct sembuf ops[IPCX_SYSV_SEM_MAX + 2] = {
		{ .sem_num = count, .sem_op = 0, .sem_flg = IPC_NOWAIT },
		{ .sem_num = count, .sem_op = 1 },
	};
	size_t n = 2;
	int ret;

	for (uint32_t i = 0; values && i < count; i++)
		if (values[i])
			ops[n++] = (struct sembuf) {
				.sem_num = i, .sem_op = values[i],
			};
	ret = SYSCALL(semop(id, ops, n));
	return ret == -EAGAIN ? 0 : ret;
}

/* What was there a moment ago has been removed: as if it had never been found. */
static int not_found(int ret)
{
	return ret == -EIDRM || ret == -EINVAL ? -ENOENT : ret;
}

static int make(int key, uint32_t count, const uint16_t *values, uint32_t mode)
{
	int id = SYSCALL(semget(key, count + 1, mode | IPC_CREAT | IPC_EXCL));
	int ret;

	if (id < 0)
		return id;
	ret = give_values(id, count, values);
	if (!ret)
		return id;
	/* The mode can forbid the maker to, and the system so many at once. */
	if (ret == -EACCES || ret == -E2BIG)
		SYSCALL(semctl(id, 0, IPC_RMID));
	return not_found(ret);
}

static int open_of_count(int key, uint32_t count, const uint16_t *values)
{
	int id = SYSCALL(semget(key, 0, 0600));
	struct semid_ds stat = { 0 };
	int ret;

	if (id < 0)
		return id;
	ret = stat_of(id, &stat);
	if (!ret && stat.sem_nsems != count + 1)
		return -EEXIST;
	if (!ret)
		ret = give_values(id, count, values);
	return ret ? not_found(ret) : id;
}

int ipcx_sysv_sem_create(int key, uint32_t count, const uint16_t *values,
			 uint32_t flags, uint32_t mode,
			 struct ipcx_sysv_sem **set)
{
	int id;

	if (!count || count > IPCX_SYSV_SEM_MAX || flags & ~IPCX_CREATE_EXCL ||
	    mode & ~0777)
		return -EINVAL;
	for (uint32_t i = 0; values && i < count; i++)
		if (values[i] > VALUE_MAX)
			return -ERANGE;
	/* Again only if another has removed it since the last look. */
	do {
		id = make(key, count, values, mode ? mode : DEFAULT_MODE);
		if (id == -EEXIST && !(flags & IPCX_CREATE_EXCL))
			id = open_of_count(key, count, values);
	} while (id == -ENOENT);
	return id < 0 ? id : handle_for(id, count, set);
}

int ipcx_sysv_sem_open(int key, struct ipcx_sysv_sem **set)
{
	int id = SYSCALL(semget(key, 0, 0600));

	return id < 0 ? id : ipcx_sysv_sem_from_id(id, set);
}

int ipcx_sysv_sem_from_id(int id, struct ipcx_sysv_sem **set)
{
	struct semid_ds stat = { 0 };
	int ret = stat_of(id, &stat);

	if (ret < 0)
		return ret;
	ret = SYSCALL(semctl(id, stat.sem_nsems - 1, GETVAL));
	if (ret < 0)
		return ret;
	if (!ret)
		return -EAGAIN;
	return handle_for(id, stat.sem_nsems - 1, set);
}

void ipcx_sysv_sem_close(struct ipcx_sysv_sem *set)
{
	free(set);
}

int ipcx_sysv_sem_id(const struct ipcx_sysv_sem *set)
{
	return set->id;
}

uint32_t ipcx_sysv_sem_count(const struct ipcx_sysv_sem *set)
{
	return set->count;
}

int ipcx_sysv_sem_op(const struct ipcx_sysv_sem *set, const struct sembuf *ops,
		     size_t count)
{
	return SYSCALL(semop(set->id, (struct sembuf *)ops, count));
}

int ipcx_sysv_sem_op_try(const struct ipcx_sysv_sem *set,
			 const struct sembuf *ops, size_t count)
{
	const struct timespec none = { 0 };
	int ret;

	/* Even so it sleeps in a way, and a signal could end that. */
	do {
		ret = SYSCALL(semtimedop(set->id, (struct sembuf *)ops, count,
					 &none));
	} while (ret == -EINTR);
	return ret;
}

int ipcx_sysv_sem_op_timed(const struct ipcx_sysv_sem *set,
			   const struct sembuf *ops, size_t count,
			   uint64_t deadline_ns)
{
	struct timespec left;
	uint64_t now;
	int ret;

	if (deadline_ns == IPCX_NO_WAIT)
		return ipcx_sysv_sem_op_try(set, ops, count);
	if (deadline_ns == IPCX_FOREVER)
		return ipcx_sysv_sem_op(set, ops, count);
	now = ipcx_deadline_after(0);
	left = to_timespec(deadline_ns > now ? deadline_ns - now : 0);
	ret = SYSCALL(semtimedop(set->id, (struct sembuf *)ops, count, &left));
	/* The system says the same of IPC_NOWAIT. */
	if (ret == -EAGAIN && ipcx_deadline_after(0) >= deadline_ns)
		return -ETIMEDOUT;
	return ret;
}

int ipcx_sysv_sem_value(const struct ipcx_sysv_sem *set, uint32_t index)
{
	if (index >= set->count)
		return -EINVAL;
	return SYSCALL(semctl(set->id, index, GETVAL));
}

int ipcx_sysv_sem_set_value(const struct ipcx_sysv_sem *set, uint32_t index,
			    uint32_t value)
{
	if (index >= set->count)
		return -EINVAL;
	if (value > VALUE_MAX)
		return -ERANGE;
	return SYSCALL(semctl(set->id, index, SETVAL,
			      (union semun) { .val = value }));
}

int ipcx_sysv_sem_stat(const struct ipcx_sysv_sem *set, struct semid_ds *stat)
{
	struct semid_ds now;
	int ret = stat_of(set->id, &now);

	if (ret < 0)
		return ret;
	*stat = now;
	return 0;
}

int ipcx_sysv_sem_remove(const struct ipcx_sysv_sem *set)
{
	return SYSCALL(semctl(set->id, 0, IPC_RMID));
}
