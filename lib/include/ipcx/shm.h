/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * POSIX shared memory: the objects of shm_open(3). <ipcx/ipcx.h> says what holds
 * for every call.
 *
 * Names are those of shm_open(3): 1 to 255 bytes without '/', which may stand in
 * front. An object stays, with all its memory, until its name is unlinked and
 * nobody has it open or mapped: a process that dies leaves it behind.
 *
 * Making: an object has all its bytes, zeros, from the moment on that others can
 * find it by its name. Its size is for life: who cuts it off by other means kills
 * those who have it mapped by SIGBUS.
 *
 * Threads: a handle does not change between its making and its closing. Any
 * number of threads may use it at once; closing it must be the last use.
 *
 * Fork: the child's copy of a handle works, and so do the mappings, which both
 * processes share from then on. Each closes its own copy.
 */
#ifndef IPCX_SHM_H
#define IPCX_SHM_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Reserve no memory in advance: writing is SIGBUS where there is none left. */
#define IPCX_SHM_SPARSE		0x100U

struct ipcx_shm;

/**
 * ipcx_shm_create() - make shared memory
 * @name: its name
 * @bytes: its size
 * @flags: IPCX_CREATE_EXCL, IPCX_SHM_SPARSE or 0
 * @mode: permission bits, 0 for 0600; the umask is applied
 * @shm: set to the handle, to be closed with ipcx_shm_close()
 *
 * A name that is taken is opened for reading and writing, if it is of this size
 * and IPCX_CREATE_EXCL is not set. Never blocks.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (the name, a size of 0, unknown flags or mode), -ENAMETOOLONG,
 * -EFBIG, -EEXIST, -EACCES, -ENOSPC (/dev/shm is full), -ELOOP (the name is a
 * symbolic link).
 */
int ipcx_shm_create(const char *name, size_t bytes, uint32_t flags,
		    uint32_t mode, struct ipcx_shm **shm);

/**
 * ipcx_shm_open() - open shared memory that is there
 * @name: its name
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @shm: set to the handle, to be closed with ipcx_shm_close()
 *
 * Returns 0.
 *
 * Errors: -EINVAL (the name, rights), -ENAMETOOLONG, -ENOENT, -EACCES, -ELOOP.
 */
int ipcx_shm_open(const char *name, uint32_t rights, struct ipcx_shm **shm);

/**
 * ipcx_shm_close() - close the handle and its descriptor
 * @shm: the handle, or NULL
 *
 * Mappings stay until they are unmapped.
 */
void ipcx_shm_close(struct ipcx_shm *shm);

/**
 * ipcx_shm_unlink() - take a name away
 * @name: the name
 *
 * Who has the object open or mapped keeps it. The name is free at once.
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -ENAMETOOLONG, -ENOENT, -EACCES or -EPERM (not the owner).
 */
int ipcx_shm_unlink(const char *name);

/**
 * ipcx_shm_fd() - the descriptor, to be passed on or asked with fstat(2)
 * @shm: the memory
 *
 * It still belongs to the handle.
 */
int ipcx_shm_fd(const struct ipcx_shm *shm);

/**
 * ipcx_shm_size() - bytes of the object, as it was when it was opened
 * @shm: the memory
 */
size_t ipcx_shm_size(const struct ipcx_shm *shm);

/**
 * ipcx_shm_map() - map the object or a part of it
 * @shm: the object
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @offset: where to begin, a multiple of the page size
 * @bytes: how much, 0 for all from @offset on
 * @address: set to where it is
 *
 * The mapping is the caller's: it outlives the handle and ends with munmap(2)
 * of @bytes (of ipcx_shm_size() - @offset where that was 0).
 *
 * Returns 0.
 *
 * Errors: -EINVAL (rights; offset unaligned; a part that is not within the
 * object), -EACCES (it was opened for reading alone).
 */
int ipcx_shm_map(const struct ipcx_shm *shm, uint32_t rights, size_t offset,
		 size_t bytes, void **address);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SHM_H */
