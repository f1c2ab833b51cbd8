/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory maps: files in memory. <ipcx/ipcx.h> says what holds for every call.
 *
 * A handle is an open file with at most one mapping of it, or of a part. Who
 * wants several mappings opens several handles.
 *
 * Resizing: the size of a file is changed only while it is mapped through no
 * handle of any process, -EBUSY otherwise, so nobody loses pages that he looks
 * at. That is so among those who use this library. It is kept by open file
 * description locks (see fcntl(2)) on the file's last possible byte: shared as
 * long as it is mapped, by whatever way the mapping ends, and exclusive for the
 * moment of a resize. A file system must know such locks.
 *
 * Making: a file has all its bytes, zeros, from the moment on that others can
 * find it by its path. A file system must know O_TMPFILE, as ext4, xfs, btrfs and
 * tmpfs do; on others make the file first and open it here.
 *
 * Death: what was written into a shared mapping is in the file, as others see
 * it, whatever happens to the process. It is on the disk after a sync.
 *
 * Threads: any number of threads may use a handle at once, but none while it is
 * attached, detached or closed.
 *
 * Fork: the child's copy of a handle works, and the mapping is there, too: the
 * file counts as mapped until both have detached it, or ended, or called exec.
 * Each closes its own copy. A child forked by one thread while another attaches
 * can keep the file mapped in this sense until it ends or calls exec.
 *
 * /proc must be mounted.
 */
#ifndef IPCX_MAP_H
#define IPCX_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ipcx_map_attach(): what is written is seen here alone, and never in the file. */
#define IPCX_MAP_PRIVATE	0x1U

/* ipcx_map_create(), _resize(): take no room on the disk in advance. */
#define IPCX_MAP_SPARSE		0x100U

struct ipcx_map;

/**
 * ipcx_map_create() - make a file to be mapped
 * @path: its path
 * @bytes: its size
 * @flags: IPCX_CREATE_EXCL, IPCX_MAP_SPARSE or 0
 * @mode: permission bits, 0 for 0600; the umask is applied
 * @map: set to the handle, to be closed with ipcx_map_close()
 *
 * A path where there is a file is opened for reading and writing, if it is of
 * this size and IPCX_CREATE_EXCL is not set.
 *
 * Returns 0.
 *
 * Errors: those of open(2) and link(2); -EINVAL (a size of 0, unknown flags or
 * mode, not a regular file), -EFBIG, -EEXIST, -ENOSPC, -ELOOP (@path itself is a
 * symbolic link), -EOPNOTSUPP (the file system lacks something).
 */
int ipcx_map_create(const char *path, size_t bytes, uint32_t flags,
		    uint32_t mode, struct ipcx_map **map);

/**
 * ipcx_map_open() - open a file that is there
 * @path: its path
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @map: set to the handle, to be closed with ipcx_map_close()
 *
 * Returns 0.
 *
 * Errors: those of open(2); -EINVAL (rights, not a regular file).
 */
int ipcx_map_open(const char *path, uint32_t rights, struct ipcx_map **map);

/**
 * ipcx_map_close() - detach and close the file
 * @map: the handle, or NULL
 */
void ipcx_map_close(struct ipcx_map *map);

/**
 * ipcx_map_fd() - the file's descriptor
 * @map: the map
 *
 * It still belongs to the handle. What is done to the file's size with it does
 * not heed who has it mapped.
 */
int ipcx_map_fd(const struct ipcx_map *map);

/**
 * ipcx_map_size() - bytes of the file
 * @map: the map
 *
 * As it is now: others may resize it, until it is attached.
 */
size_t ipcx_map_size(const struct ipcx_map *map);

/**
 * ipcx_map_resize() - change the size of the file
 * @map: the file
 * @bytes: new size, not 0
 * @flags: IPCX_MAP_SPARSE or 0
 *
 * What is added is zero, what is cut off is lost.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (a size of 0, unknown flags), -EFBIG, -EACCES (opened for
 * reading alone, or no longer allowed to be opened), -EBUSY (mapped through any
 * handle, or being resized), -ENOSPC, -EOPNOTSUPP.
 */
int ipcx_map_resize(const struct ipcx_map *map, size_t bytes, uint32_t flags);

/**
 * ipcx_map_attach() - map the file or a part of it
 * @map: the file
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @flags: IPCX_MAP_PRIVATE or 0 for a mapping that is shared
 * @offset: where to begin, a multiple of the page size
 * @bytes: how much, 0 for all from @offset on
 * @address: set to where it is, until ipcx_map_detach()
 *
 * A private mapping can be written to even if the file was opened for reading
 * alone.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (rights, flags; offset unaligned; a part that is not within
 * the file), -EACCES (opened for reading alone, or no longer allowed to be
 * opened), -EISCONN (the handle is attached already), -EBUSY (being resized).
 */
int ipcx_map_attach(struct ipcx_map *map, uint32_t rights, uint32_t flags,
		    size_t offset, size_t bytes, void **address);

/**
 * ipcx_map_detach() - unmap the file
 * @map: the file
 *
 * Returns 0.
 *
 * Errors: -ENOTCONN (the handle is not attached).
 */
int ipcx_map_detach(struct ipcx_map *map);

/**
 * ipcx_map_sync() - write what was changed to the disk
 * @map: the file, attached
 * @offset: where to begin within the mapping, a multiple of the page size
 * @bytes: how much, 0 for all from @offset on
 *
 * Returns 0 once it is there: what this waits for ends by itself, and nothing
 * interrupts it. Of a private mapping, that is nothing.
 *
 * Errors: -EINVAL (offset unaligned; a part that is not within the mapping),
 * -ENOTCONN (the handle is not attached), -EIO, -ENOSPC.
 */
int ipcx_map_sync(const struct ipcx_map *map, size_t offset, size_t bytes);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_MAP_H */
