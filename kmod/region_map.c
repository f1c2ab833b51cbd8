// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping regions. What maps is the backing's own code; its operations are
 * wrapped, so that open and close count the mappings (fork, split, mremap and
 * munmap all go through them).
 *
 * Over a caller's file the mapping must be of that file, or faults would look
 * at the wrong inode. That file does not pin this module: while there are
 * mappings, the region holds one of its own descriptors' files.
 */
#include <linux/file.h>
#include <linux/mm.h>

#include "compat.h"
#include "limits.h"
#include "region.h"

static struct ipcx_region *vma_to_region(struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct ipcx_region, vm_ops);
}

/* Could this mapping write what others see, now or after mprotect()? */
static bool ipcx_vma_writes(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) ==
	       (VM_SHARED | VM_MAYWRITE);
}

static void ipcx_region_count(struct ipcx_region *region,
			      const struct vm_area_struct *vma)
{
	lockdep_assert_held(&region->lock);
	region->mappings++;
	region->writable += ipcx_vma_writes(vma);
}

static void ipcx_region_uncount(struct ipcx_region *region,
				const struct vm_area_struct *vma)
{
	struct file *unmapped = NULL;

	mutex_lock(&region->lock);
	region->writable -= ipcx_vma_writes(vma);
	if (!--region->mappings)
		swap(unmapped, region->mapped_file);
	mutex_unlock(&region->lock);

	if (unmapped)
		fput(unmapped);
}

/*
 * A mapping counts for the user who made it, in the VMA's private data. A copy
 * of it, by fork or split, cannot be refused any more.
 */
static void ipcx_region_vma_open(struct vm_area_struct *vma)
{
	struct ipcx_region *region = vma_to_region(vma);
	struct ipcx_user *user = vma->vm_private_data;

	ipcx_user_charge_copy(user, IPCX_LIMIT_ATTACHMENTS, 1);
	mutex_lock(&region->lock);
	ipcx_region_count(region, vma);
	mutex_unlock(&region->lock);
}

static void ipcx_region_vma_close(struct vm_area_struct *vma)
{
	struct ipcx_user *user = vma->vm_private_data;

	ipcx_region_uncount(vma_to_region(vma), vma);
	ipcx_user_uncharge(user, IPCX_LIMIT_ATTACHMENTS, 1);
}

/*
 * What a mapping can become is refused here and not by its flags: a kernel that
 * finds those changed by ->mmap() may merge the mapping with the one before it,
 * and tells nobody, so that it would stay counted. Where they must change,
 * VM_DONTEXPAND keeps it from that.
 */
static int ipcx_region_vma_mprotect(struct vm_area_struct *vma,
				    unsigned long start, unsigned long end,
				    unsigned long flags)
{
	struct ipcx_region *region = vma_to_region(vma);
	int ret = 0;

	if (flags & VM_EXEC)
		return -EACCES;
	mutex_lock(&region->lock);
	if ((region->seals & IPCX_SEAL_READONLY) &&
	    (flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
		ret = -EACCES;
	mutex_unlock(&region->lock);
	return ret;
}

/* May it be mapped like this? Counts the mapping if so. */
static int ipcx_region_admit(struct ipcx_region *region, struct file *file,
			     struct vm_area_struct *vma)
{
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 length = vma->vm_end - vma->vm_start;

	lockdep_assert_held(&region->lock);
	if (region->resizing)
		return -EBUSY;
	if (offset > region->bytes || length > region->bytes - offset)
		return -EINVAL;
	if ((region->seals & IPCX_SEAL_READONLY) &&
	    (vma->vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
		return -EPERM;
	ipcx_region_count(region, vma);
	if (region->file && region->mappings == 1)
		region->mapped_file = get_file(file);
	return 0;
}

/*
 * Puts our operations over the backing's, which must not need open, close or
 * the private data for themselves.
 */
static void ipcx_region_wrap(struct ipcx_region *region,
			     struct vm_area_struct *vma, struct ipcx_user *user)
{
	lockdep_assert_held(&region->lock);
	if (!region->vm_ops.open) {
		region->vm_ops = *vma->vm_ops;
		region->vm_ops.open = ipcx_region_vma_open;
		region->vm_ops.close = ipcx_region_vma_close;
		region->vm_ops.mprotect = ipcx_region_vma_mprotect;
	}
	vma->vm_ops = &region->vm_ops;
	vma->vm_private_data = user;
}

/* The backing comes first: a mapping that it made can be given up unnoticed. */
static int ipcx_region_map(struct ipcx_region *region, struct file *file,
			   struct vm_area_struct *vma, struct ipcx_user *user)
{
	const struct vm_operations_struct *ops;
	int ret;

	ret = ipcx_region_map_back(region, file, vma);
	if (ret)
		return ret;
	ops = vma->vm_ops;
	if (!ops || ops->open || ops->close || vma->vm_private_data) {
		if (ops && ops->close)
			ops->close(vma);
		return -ENODEV;
	}
	mutex_lock(&region->lock);
	ret = ipcx_region_admit(region, file, vma);
	if (!ret)
		ipcx_region_wrap(region, vma, user);
	mutex_unlock(&region->lock);
	return ret;
}

/**
 * ipcx_region_mmap - map a region
 * @file: the descriptor
 * @vma: the mapping, its mm locked
 *
 * Return: 0, -EACCES, -EPERM (executable, sealed), -EIDRM, -EINVAL (beyond its
 * end), -EBUSY (being resized), -EDQUOT, -ENODEV or -ENOMEM.
 */
int ipcx_region_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ipcx_region *region = to_region(ipcx_handle(file)->obj);
	struct ipcx_user *user;
	int ret;

	if (!(ipcx_handle(file)->rights & IPCX_RIGHT_READ))
		return -EACCES;
	if (READ_ONCE(region->obj.down))
		return -EIDRM;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	/* A mapping that grew would show more of the file than the region has. */
	if (region->file)
		vm_flags_mod(vma, VM_DONTEXPAND, 0);
	if (region->obj.create_flags & IPCX_REGION_HUGE)
		vm_flags_mod(vma, VM_HUGEPAGE | VM_DONTEXPAND, VM_NOHUGEPAGE);

	user = ipcx_user_charge(IPCX_LIMIT_ATTACHMENTS, 1);
	if (IS_ERR(user))
		return PTR_ERR(user);
	ret = ipcx_region_map(region, file, vma, user);
	if (ret)
		ipcx_user_uncharge(user, IPCX_LIMIT_ATTACHMENTS, 1);
	return ret;
}
