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
 * @inode: shmem inode, NULL over a file
 * @first: shmem's own file of it, until the first descriptor becomes of it
 * @file: the caller's file, NULL without
 * @locked: user that @bytes are counted locked for, NULL if they are not
 * @lock: guards all below; taken under mmap_lock
 * @bytes: its size; read unlocked where it is only told
 * @seals: IPCX_SEAL_*
 * @resizing: nothing can be mapped just now
 * @mappings: VMAs of the region
 * @writable: those of them that are shared and writable, or could be made so
 * @mapped_file: over a file: descriptor held for all mappings, NULL without any
 * @vm_ops: the backing's with our open and close; fixed by the first mapping,
 *	as its users read it unlocked
 *
 * All above @lock is fixed when the region is made, but for @first.
 */
struct ipcx_region {
	struct ipcx_object obj;
	struct inode *inode;
	struct file *first;
	struct file *file;
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
bool ipcx_file_is_region(const struct file *file);
int ipcx_region_init(void);
void ipcx_region_exit(void);

/* region_back.c */
int ipcx_region_back_by_shmem(struct ipcx_region *region);
int ipcx_region_back_by_file(struct ipcx_region *region, u32 fd);
void ipcx_region_unback(struct ipcx_region *region);
struct file *ipcx_region_new_file(struct ipcx_object *obj, int flags);
int ipcx_region_map_back(struct ipcx_region *region, struct file *file,
			 struct vm_area_struct *vma);
bool ipcx_region_pinned(struct ipcx_region *region);
int ipcx_region_truncate(struct ipcx_region *region, struct dentry *dentry,
			 u64 bytes);
int ipcx_region_back_init(void);

/* region_map.c */
int ipcx_region_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* IPCX_REGION_H */
