/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: shared memory, backed by shmem, so that swap, memory cgroups, NUMA
 * policy and futexes work in it as in any shared mapping; or by a file of the
 * caller's.
 */
#ifndef IPCX_REGION_H
#define IPCX_REGION_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>

#include "object.h"

#define IPCX_REGION_BYTES_MAX	((u64)MAX_LFS_FILESIZE & PAGE_MASK)

/**
 * struct ipcx_region - a shared region
 * @obj: see object.h
 * @backing: shmem file, or the caller's; fixed
 * @locked: user that @bytes are counted locked for, NULL if they are not; fixed
 * @lock: guards all below; taken under mmap_lock
 * @bytes: its size; read unlocked where it is only told
 * @seals: IPCX_SEAL_*
 * @resizing: nothing can be mapped just now
 * @mappings: VMAs of the region
 * @writable: those of them that are shared and writable, or could be made so
 * @mapped_file: descriptor held for all of them, NULL without
 * @vm_ops: the backing's with our open and close; fixed by the first mapping,
 *	as its users read it unlocked
 */
struct ipcx_region {
	struct ipcx_object obj;
	struct file *backing;
	struct ipcx_user *locked;

	struct mutex lock;	/* all below */
	u64 bytes;
	u32 seals;
	bool resizing;
	unsigned int mappings;
	unsigned int writable;
	struct file *mapped_file;
	struct vm_operations_struct vm_ops;
};

static inline struct ipcx_region *to_region(struct ipcx_object *obj)
{
	return container_of(obj, struct ipcx_region, obj);
}

/* region.c */
long ipcx_region_create(void __user *uarg);

/* region_map.c */
int ipcx_region_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* IPCX_REGION_H */
