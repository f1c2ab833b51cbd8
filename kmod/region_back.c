// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is under a region.
 *
 * Ordinarily that is a shmem inode, and the descriptors are files of this very
 * inode with our operations: a mapping faults where shmem wants it to, and
 * pins this module by its file. shmem makes a file with the inode, which
 * becomes the first descriptor; the others are made here. Nobody else can open
 * the inode, by /proc/PID/fd or map_files: it has the operations of an anonymous
 * inode. What system calls do to a descriptor's inode itself (ftruncate) its
 * seals refuse.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/shmem_fs.h>

#include "compat.h"
#include "limits.h"
#include "region.h"

#define IPCX_SIZE_SEALS	(F_SEAL_SHRINK | F_SEAL_GROW)

/* Any open of an inode with these fails; they are the kernel's own. */
static const struct file_operations *ipcx_no_open_fops;

/* Of shmem's own files; they live as long as the kernel. */
static struct vfsmount *ipcx_shmem_mnt;
static const struct file_operations *ipcx_shmem_fops;

static int ipcx_region_lock(struct ipcx_region *region)
{
	struct ipcx_user *user;

	user = ipcx_user_charge(IPCX_LIMIT_LOCKED, region->bytes);
	if (IS_ERR(user))
		return PTR_ERR(user);
	region->locked = user;
	mapping_set_unevictable(region->inode->i_mapping);
	return 0;
}

/* A limit of the caller's cgroup is an error here, not a reason to kill. */
static int ipcx_region_prefault(struct ipcx_region *region)
{
	struct address_space *mapping = region->inode->i_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping);
	int ret;

	mapping_set_gfp_mask(mapping, gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	ret = vfs_fallocate(region->first, 0, 0, region->bytes);
	mapping_set_gfp_mask(mapping, gfp);
	return ret == -ENOSPC ? -ENOMEM : ret;
}

/**
 * ipcx_region_back_by_shmem - give a new region its memory
 * @region: the region; what this leaves, ipcx_region_unback() lets go
 *
 * Return: 0, -ENOMEM, -EPERM (locked) or -EINTR (prefaulting).
 */
int ipcx_region_back_by_shmem(struct ipcx_region *region)
{
	u32 flags = region->obj.create_flags;
	struct file *file;
	int ret = 0;

	file = shmem_file_setup(region->obj.kind->label, region->bytes,
				flags & IPCX_REGION_SPARSE ? VM_NORESERVE : 0);
	/* shmem calls an inode that it has no memory for a lack of space. */
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOSPC ? -ENOMEM : PTR_ERR(file);
	region->first = file;
	region->inode = file_inode(file);
	region->inode->i_fop = ipcx_no_open_fops;
	/* A user can have no descriptor: the name, a message that brings it. */
	ihold(region->inode);

	if (flags & IPCX_REGION_LOCKED)
		ret = ipcx_region_lock(region);
	if (!ret && (flags & (IPCX_REGION_PREFAULT | IPCX_REGION_LOCKED)))
		ret = ipcx_region_prefault(region);
	/* Nobody else has the inode yet. */
	SHMEM_I(region->inode)->seals |= F_SEAL_SEAL | IPCX_SIZE_SEALS;
	return ret;
}

/*
 * Mapping a file counts its writers, which a memfd that is or can be sealed
 * against writing relies on; but do_mmap() sees our file, not this one.
 */
static bool ipcx_file_seals(struct file *file)
{
	unsigned int seals;

	if (!shmem_mapping(file->f_mapping))
		return false;
	seals = READ_ONCE(SHMEM_I(file_inode(file))->seals);
	return !(seals & F_SEAL_SEAL) ||
	       (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE));
}

/**
 * ipcx_region_back_by_file - put a new region over a file of the caller's
 * @region: the region; what this leaves, ipcx_region_unback() lets go
 * @fd: descriptor of the file
 *
 * Return: 0, -EBADF, -EINVAL, -EACCES, -ENODEV or -EOPNOTSUPP.
 */
int ipcx_region_back_by_file(struct ipcx_region *region, u32 fd)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	region->file = file;
	/*
	 * No object of ours, or it could come to hold itself. Nor secret
	 * memory, whose mappings the kernel knows by their operations, which
	 * ours would hide: nobody can open that inode either.
	 */
	if (!S_ISREG(file_inode(file)->i_mode) ||
	    file_inode(file)->i_fop == ipcx_no_open_fops)
		return -EINVAL;
	if (!file->f_op->mmap)
		return -ENODEV;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (ipcx_file_seals(file))
		return -EOPNOTSUPP;
	if (!(file->f_mode & FMODE_WRITE) || IS_APPEND(file_inode(file)))
		region->obj.rights &= ~IPCX_RIGHT_WRITE;
	if (!region->bytes)
		region->bytes = PAGE_ALIGN(i_size_read(file_inode(file)));
	return region->bytes ? 0 : -EINVAL;
}

/**
 * ipcx_region_unback - let go of what is under a region
 * @region: the region, whose backing may have failed half-way
 */
void ipcx_region_unback(struct ipcx_region *region)
{
	if (region->locked)
		ipcx_user_uncharge(region->locked, IPCX_LIMIT_LOCKED,
				   region->bytes);
	if (region->first)
		fput(region->first);
	iput(region->inode);
	if (region->file)
		fput(region->file);
}

/* shmem's own file becomes a descriptor, which is neither read nor written. */
static struct file *ipcx_region_adopt_first(struct ipcx_region *region)
{
	struct file *file = xchg(&region->first, NULL);

	if (file) {
		replace_fops(file, fops_get(region->obj.kind->fops));
		file->f_mode &= ~(FMODE_CAN_READ | FMODE_CAN_WRITE);
	}
	return file;
}

/**
 * ipcx_region_new_file - a file for a descriptor
 * @obj: the region
 * @flags: O_RDWR or O_RDONLY
 *
 * Return: the file, without private_data, or -ENOMEM, -ENFILE.
 */
struct file *ipcx_region_new_file(struct ipcx_object *obj, int flags)
{
	struct ipcx_region *region = to_region(obj);
	struct file *file;

	if (region->file)
		return anon_inode_getfile(obj->kind->label, obj->kind->fops,
					  NULL, flags);
	if (flags == O_RDWR) {
		file = ipcx_region_adopt_first(region);
		if (file)
			return file;
	}
	ihold(region->inode);
	__module_get(THIS_MODULE);
	file = alloc_file_pseudo(region->inode, ipcx_shmem_mnt,
				 obj->kind->label, flags, obj->kind->fops);
	if (IS_ERR(file)) {
		module_put(THIS_MODULE);
		iput(region->inode);
	}
	return file;
}

/**
 * ipcx_region_truncate - change the size of a region that nobody maps
 * @region: the region
 * @dentry: of one of its descriptors
 * @bytes: new size
 *
 * The seals are lifted under the inode's lock, under which they are looked at.
 *
 * Return: 0, -ENOMEM or another -errno of shmem's.
 */
int ipcx_region_truncate(struct ipcx_region *region, struct dentry *dentry,
			 u64 bytes)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE, .ia_size = bytes };
	int ret;

	inode_lock(region->inode);
	SHMEM_I(region->inode)->seals &= ~IPCX_SIZE_SEALS;
	ret = ipcx_notify_change(dentry, &attr);
	SHMEM_I(region->inode)->seals |= IPCX_SIZE_SEALS;
	inode_unlock(region->inode);
	return ret;
}

/**
 * ipcx_region_map_back - map what is under a region
 * @region: the region
 * @file: the descriptor
 * @vma: the mapping
 *
 * Return: 0 or -errno.
 */
int ipcx_region_map_back(struct ipcx_region *region, struct file *file,
			 struct vm_area_struct *vma)
{
	if (!region->file)
		return ipcx_shmem_fops->mmap(file, vma);
	vma_set_file(vma, region->file);
	return call_mmap(region->file, vma);
}

/**
 * ipcx_region_pinned - is a page pinned for DMA, to be written without mapping
 * @region: the region
 *
 * Return: true if one is.
 */
bool ipcx_region_pinned(struct ipcx_region *region)
{
	struct folio_batch batch;
	bool pinned = false;
	pgoff_t index = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (!pinned && filemap_get_folios(region->inode->i_mapping, &index,
					     ULONG_MAX, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			pinned |= folio_maybe_dma_pinned(batch.folios[i]);
		folio_batch_release(&batch);
		cond_resched();
	}
	return pinned;
}

/**
 * ipcx_region_back_init - learn from files of their kinds what backs regions
 *
 * Return: 0 or -errno.
 */
int ipcx_region_back_init(void)
{
	struct file *file;

	file = shmem_file_setup("[ipcx]", 0, VM_NORESERVE);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ipcx_shmem_fops = file->f_op;
	ipcx_shmem_mnt = file->f_path.mnt;
	fput(file);

	/*
	 * Not with operations of ours: files go when the system call ends, and
	 * before that this module, if anything else of its loading fails.
	 */
	file = anon_inode_getfile("[ipcx]", ipcx_shmem_fops, NULL, O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ipcx_no_open_fops = file_inode(file)->i_fop;
	fput(file);
	return 0;
}
