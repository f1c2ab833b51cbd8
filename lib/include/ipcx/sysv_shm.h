/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System V shared memory: the segments of shmget(2). <ipcx/ipcx.h> says what
 * holds for every call.
 *
 * A segment is known by its id, and by a key if it was made with one, as that of
 * ftok(3): a number that the programs agree on. It stays, with all its memory,
 * until it is removed and nobody has it attached: a process that dies leaves it
 * behind. What is never to be forgotten is made with IPCX_SYSV_PRIVATE, attached
 * and removed at once; its id leads others to it as long as it is attached.
 *
 * No call here blocks.
 *
 * Threads: a handle does not change between its making and its closing. Any
 * number of threads may use it at once; closing it must be the last use.
 *
 * Fork: the child's copy of a handle works, and so do the attachments, which
 * both processes share from then on. Each closes and detaches its own copy. An
 * exec detaches all.
 */
#ifndef IPCX_SYSV_SHM_H
#define IPCX_SYSV_SHM_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The key of a System V object that has none: IPC_PRIVATE. */
#define IPCX_SYSV_PRIVATE	0

struct ipcx_sysv_shm;
struct shmid_ds;	/* <sys/shm.h> */

/**
 * ipcx_sysv_shm_create() - make a segment
 * @key: its key, a key_t, or IPCX_SYSV_PRIVATE for another segment in any case
 * @bytes: its size
 * @flags: IPCX_CREATE_EXCL or 0
 * @mode: permission bits, 0 for 0600; the umask is not applied
 * @shm: set to the handle, to be closed with ipcx_sysv_shm_close()
 *
 * All of it is zero. A key that is taken is opened for reading and writing, if
 * the segment is of this size and IPCX_CREATE_EXCL is not set.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (a size of 0 or above /proc/sys/kernel/shmmax, unknown flags
 * or mode), -EEXIST, -EACCES, -ENOSPC (shmmni or shmall is reached).
 */
int ipcx_sysv_shm_create(int key, size_t bytes, uint32_t flags, uint32_t mode,
			 struct ipcx_sysv_shm **shm);

/**
 * ipcx_sysv_shm_open() - open the segment of a key
 * @key: its key
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @shm: set to the handle, to be closed with ipcx_sysv_shm_close()
 *
 * Returns 0.
 *
 * Errors: -EINVAL (rights; IPCX_SYSV_PRIVATE), -ENOENT, -EACCES.
 */
int ipcx_sysv_shm_open(int key, uint32_t rights, struct ipcx_sysv_shm **shm);

/**
 * ipcx_sysv_shm_from_id() - a handle for an id that came from elsewhere
 * @id: id of a segment
 * @shm: set to the handle, to be closed with ipcx_sysv_shm_close()
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such segment), -EACCES (not readable).
 */
int ipcx_sysv_shm_from_id(int id, struct ipcx_sysv_shm **shm);

/**
 * ipcx_sysv_shm_close() - close the handle
 * @shm: the handle, or NULL
 *
 * The segment and its attachments stay.
 */
void ipcx_sysv_shm_close(struct ipcx_sysv_shm *shm);

/**
 * ipcx_sysv_shm_id() - the segment's id, to be passed on
 * @shm: the memory
 */
int ipcx_sysv_shm_id(const struct ipcx_sysv_shm *shm);

/**
 * ipcx_sysv_shm_size() - bytes of the segment, 0 if it is no longer there
 * @shm: the memory
 */
size_t ipcx_sysv_shm_size(const struct ipcx_sysv_shm *shm);

/**
 * ipcx_sysv_shm_stat() - all about the segment
 * @shm: the segment
 * @stat: filled in
 *
 * Returns 0.
 *
 * Errors: -EACCES, -EIDRM or -EINVAL (no longer there).
 */
int ipcx_sysv_shm_stat(const struct ipcx_sysv_shm *shm, struct shmid_ds *stat);

/**
 * ipcx_sysv_shm_attach() - map the segment
 * @shm: the segment
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @address: set to where it is, to be given to ipcx_sysv_shm_detach()
 *
 * The attachment is the caller's: it outlives the handle.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (rights; no longer there), -EACCES, -EIDRM.
 */
int ipcx_sysv_shm_attach(const struct ipcx_sysv_shm *shm, uint32_t rights,
			 void **address);

/**
 * ipcx_sysv_shm_detach() - unmap a segment
 * @address: where it was attached
 *
 * Returns 0.
 *
 * Errors: -EINVAL (nothing is attached there).
 */
int ipcx_sysv_shm_detach(const void *address);

/**
 * ipcx_sysv_shm_remove() - take the segment away
 * @shm: the segment
 *
 * Its key is free at once, its memory when nobody has it attached any more;
 * until then it can still be attached by who has a handle or the id.
 *
 * Returns 0.
 *
 * Errors: -EPERM (neither its owner nor its maker), -EIDRM or -EINVAL (no longer
 * there).
 */
int ipcx_sysv_shm_remove(const struct ipcx_sysv_shm *shm);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SYSV_SHM_H */
