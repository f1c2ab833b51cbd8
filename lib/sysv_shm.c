// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/shm.h>

#include <ipcx/sysv_shm.h>

#include "sys.h"
#include "sysv.h"

_Static_assert(IPCX_SYSV_PRIVATE == IPC_PRIVATE, "the same key");

struct ipcx_sysv_shm {
	int id;
};

static int stat_of(int id, struct shmid_ds *stat)
{
	return SYSCALL(shmctl(id, IPC_STAT, stat));
}

static int open_of_size(int key, size_t bytes)
{
	int id = SYSCALL(shmget(key, 0, 0600));
	struct shmid_ds stat;
	int ret;

	if (id < 0)
		return id;
	ret = stat_of(id, &stat);
	if (ret < 0)
		/* Removed since: as if it had never been found. */
		return ret == -EACCES ? ret : -ENOENT;
	return stat.shm_segsz == bytes ? id : -EEXIST;
}

int ipcx_sysv_shm_create(int key, size_t bytes, uint32_t flags, uint32_t mode,
			 struct ipcx_sysv_shm **shm)
{
	int how = (mode ? mode : DEFAULT_MODE) | IPC_CREAT | IPC_EXCL;
	int id;

	if (flags & ~IPCX_CREATE_EXCL || mode & ~0777)
		return -EINVAL;
	/* Again only if another has removed it since the last look. */
	do {
		id = SYSCALL(shmget(key, bytes, how));
		if (id == -EEXIST && !(flags & IPCX_CREATE_EXCL))
			id = open_of_size(key, bytes);
	} while (id == -ENOENT);
	return SYSV_HANDLE(id, shm);
}

int ipcx_sysv_shm_open(int key, uint32_t rights, struct ipcx_sysv_shm **shm)
{
	int how = 0400;

	if (rights == (IPCX_RIGHT_READ | IPCX_RIGHT_WRITE))
		how |= 0200;
	else if (rights != IPCX_RIGHT_READ)
		return -EINVAL;
	return SYSV_HANDLE(SYSCALL(shmget(key, 0, how)), shm);
}

int ipcx_sysv_shm_from_id(int id, struct ipcx_sysv_shm **shm)
{
	struct shmid_ds stat;
	int ret = stat_of(id, &stat);

	return SYSV_HANDLE(ret < 0 ? ret : id, shm);
}

void ipcx_sysv_shm_close(struct ipcx_sysv_shm *shm)
{
	free(shm);
}

int ipcx_sysv_shm_id(const struct ipcx_sysv_shm *shm)
{
	return shm->id;
}

size_t ipcx_sysv_shm_size(const struct ipcx_sysv_shm *shm)
{
	struct shmid_ds stat;

	return stat_of(shm->id, &stat) < 0 ? 0 : stat.shm_segsz;
}

int ipcx_sysv_shm_stat(const struct ipcx_sysv_shm *shm, struct shmid_ds *stat)
{
	struct shmid_ds now;
	int ret = stat_of(shm->id, &now);

	if (ret < 0)
		return ret;
	*stat = now;
	return 0;
}

int ipcx_sysv_shm_attach(const struct ipcx_sysv_shm *shm, uint32_t rights,
			 void **address)
{
	int how = 0;
	long ret;

	if (rights == IPCX_RIGHT_READ)
		how = SHM_RDONLY;
	else if (rights != (IPCX_RIGHT_READ | IPCX_RIGHT_WRITE))
		return -EINVAL;
	ret = SYSCALL(shmat(shm->id, NULL, how));
	if (ret < 0)
		return ret;
	*address = (void *)ret;
	return 0;
}

int ipcx_sysv_shm_detach(const void *address)
{
	return SYSCALL(shmdt(address));
}

int ipcx_sysv_shm_remove(const struct ipcx_sysv_shm *shm)
{
	return SYSCALL(shmctl(shm->id, IPC_RMID, NULL));
}
