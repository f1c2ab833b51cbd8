/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mechanisms that lie in files have in common. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

/* The one of IPCX_SHM_SPARSE, IPCX_MAP_SPARSE and IPCX_REGION_SPARSE. */
#define FILE_SPARSE	IPCX_REGION_SPARSE

/*
 * Make a file that appears at @path with all its bytes, or open one that is
 * there and of this size. Returns a descriptor for reading and writing.
 */
int file_create(const char *path, size_t bytes, uint32_t flags, uint32_t mode);

/*
 * Open the directory that @path lies in, with @flags of open()'s, or with
 * O_TMPFILE a file of this @mode there that has no name.
 */
int file_open_directory(const char *path, int flags, uint32_t mode);

/*
 * Make a file that appears at @path with all its bytes and what @fill, if not
 * NULL, wrote to them. Returns a descriptor for reading and writing; -EEXIST,
 * or what @fill failed with.
 */
int file_make(const char *path, size_t bytes, uint32_t flags, uint32_t mode,
	      int (*fill)(int fd, const void *arg), const void *arg);

/*
 * Open a regular file with IPCX_RIGHT_READ, or both READ and WRITE; @flags are
 * more of open()'s. Sets @bytes to its size.
 */
int file_open(const char *path, uint32_t rights, int flags, size_t *bytes);

/* Bytes of a file, 0 if it cannot be asked. */
size_t file_size(int fd);

/*
 * Give a file this size. FILE_SPARSE takes no room for it; without, a file that
 * cannot have it all stays as it was.
 */
int file_resize(int fd, size_t bytes, uint32_t flags);

/*
 * Map a part that lies within a file of that size, or all from @offset on if
 * @bytes is 0, which it is set to then.
 */
int file_map(int fd, size_t size, uint32_t rights, int flags, size_t offset,
	     size_t *bytes, void **address);

#endif /* FILE_H */
