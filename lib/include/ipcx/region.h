/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regions: memory shared between processes, with a size that cannot change while
 * anybody has it mapped.
 * <ipcx/ipcx.h> says what holds for every call.
 *
 * Threads: a handle does not change between its making and its closing. Any
 * number of threads may use it at once; closing it must be the last use.
 *
 * Fork: the child's copy of a handle works, and so do the mappings, which both
 * processes share from then on. Each closes its own copy.
 */
#ifndef IPCX_REGION_H
#define IPCX_REGION_H

#include <stddef.h>
#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_region;

/**
 * struct ipcx_region_options - what is seldom asked for when making a region
 * @size: sizeof(struct ipcx_region_options); later versions may have more fields,
 *	where 0 is what was before
 * @flags: IPCX_CREATE_*, IPCX_REGION_*
 * @mode: permission bits, 0 for 0600; the umask is not applied
 * @rights: IPCX_RIGHT_* of the handle, 0 for all
 */
struct ipcx_region_options {
	uint32_t size;
	uint32_t flags;
	uint32_t mode;
	uint32_t rights;
};

/**
 * ipcx_region_create() - make a region
 * @name: its name, or NULL for an anonymous one, reached through its descriptor
 *	alone
 * @bytes: its size, rounded up to whole pages
 * @options: NULL for all defaults
 * @region: set to the handle, to be closed with ipcx_region_close()
 *
 * All of it is zero. Unless IPCX_REGION_SPARSE is asked for, the memory is
 * reserved at once, so that its use cannot fail later. A name that is taken is
 * opened, if it is a region of this size and IPCX_CREATE_EXCL is not set.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (a size of 0; unknown flags, mode or rights;
 * IPCX_CREATE_EXCL or _PERSIST without a name), -E2BIG (@options has a field set
 * that this version of the library does not know), -EFBIG (above the module's
 * limit), -EDQUOT (above the user's), -EEXIST, -EACCES, and what
 * <linux/ipcx.h> says of the flags.
 */
int ipcx_region_create(const char *name, size_t bytes,
		       const struct ipcx_region_options *options,
		       struct ipcx_region **region);

/**
 * ipcx_region_create_file() - make a region over a file (a memory map with
 *	a name, rights and counters)
 * @name: as for ipcx_region_create()
 * @fd: descriptor of a regular file, open for reading at least; stays the
 *	caller's
 * @bytes: its size, rounded up to whole pages; 0 for as much as the file has
 * @options: as for ipcx_region_create()
 * @region: set to the handle, to be closed with ipcx_region_close()
 *
 * No right exceeds how the file was opened. Where the file ends before the
 * region does, touching the memory raises SIGBUS, as in any mapping.
 *
 * Returns 0.
 *
 * Errors: as ipcx_region_create(); -EBADF, -EINVAL (not a regular file, or
 * empty), -EACCES (not open for reading), -ENODEV (cannot be mapped),
 * -EOPNOTSUPP (a memfd that can be sealed).
 */
int ipcx_region_create_file(const char *name, int fd, size_t bytes,
			    const struct ipcx_region_options *options,
			    struct ipcx_region **region);

/**
 * ipcx_region_open() - open a named region
 * @name: its name
 * @rights: IPCX_RIGHT_READ, _WRITE, _ADMIN; 0 for all that the mode allows
 * @region: set to the handle, to be closed with ipcx_region_close()
 *
 * Returns 0.
 *
 * Errors: as ipcx_open().
 */
int ipcx_region_open(const char *name, uint32_t rights,
		     struct ipcx_region **region);

/**
 * ipcx_region_from_fd() - a handle for a descriptor that came from elsewhere
 * @fd: descriptor of a region; belongs to the handle if the call succeeds, and
 *	stays the caller's if it fails
 * @region: set to the handle, to be closed with ipcx_region_close()
 *
 * Returns 0.
 *
 * Errors: -EBADF, -ENOTTY (not an ipcx object), -EPROTOTYPE (not a region).
 */
int ipcx_region_from_fd(int fd, struct ipcx_region **region);

/**
 * ipcx_region_close() - close the handle and its descriptor
 * @region: the handle, or NULL
 *
 * Mappings stay until they are unmapped.
 */
void ipcx_region_close(struct ipcx_region *region);

/**
 * ipcx_region_fd() - the descriptor, to be passed on or given to ipcx_stat()
 * @region: the region
 *
 * It still belongs to the handle.
 */
int ipcx_region_fd(const struct ipcx_region *region);

/**
 * ipcx_region_size() - bytes of the region, a multiple of the page size
 * @region: the region
 *
 * As it is now: others may resize it, until it is mapped.
 */
size_t ipcx_region_size(const struct ipcx_region *region);

/**
 * ipcx_region_map() - map the region or a part of it
 * @region: the region
 * @rights: IPCX_RIGHT_READ or IPCX_RIGHT_READ | IPCX_RIGHT_WRITE
 * @offset: where to begin, a multiple of the page size
 * @bytes: how much, 0 for all from @offset on
 * @address: set to where it is
 *
 * The mapping is the caller's: it outlives the handle and ends with munmap(2)
 * of @bytes (of ipcx_region_size() - @offset where that was 0).
 *
 * Returns 0.
 *
 * Errors: -EINVAL (rights; offset unaligned; a part that is not within the
 * region), -EACCES (the descriptor has not these rights), -EPERM (writing is
 * sealed), -EBUSY (being resized), -EDQUOT, -EIDRM (shut down).
 */
int ipcx_region_map(const struct ipcx_region *region, uint32_t rights,
		    size_t offset, size_t bytes, void **address);

/**
 * ipcx_region_resize() - change the size
 * @region: the region
 * @bytes: new size, rounded up to whole pages
 *
 * What is added is zero, what is cut off is lost.
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -EFBIG, -EACCES (no IPCX_RIGHT_WRITE), -EBUSY (mapped by
 * anybody), -EPERM (sealed), -EOPNOTSUPP (over a file, or locked), -EDQUOT,
 * -ENOMEM.
 */
int ipcx_region_resize(struct ipcx_region *region, size_t bytes);

/**
 * ipcx_region_seal() - add seals, for good
 * @region: the region
 * @seals: IPCX_SEAL_READONLY, IPCX_SEAL_SEALED
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -EACCES (no IPCX_RIGHT_WRITE), -EPERM (no seal can be added
 * any more), -EBUSY (a writable mapping exists), -EOPNOTSUPP (over a file).
 */
int ipcx_region_seal(struct ipcx_region *region, uint32_t seals);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_REGION_H */
