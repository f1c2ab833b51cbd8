// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making, resizing and sealing regions. See region.h.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagevec.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "ioctl.h"
#include "limits.h"
#include "names.h"
#include "region.h"

#define IPCX_REGION_FLAGS	(IPCX_REGION_SPARSE | IPCX_REGION_PREFAULT | \
				 IPCX_REGION_HUGE | IPCX_REGION_LOCKED | \
				 IPCX_REGION_FILE)

static bool ipcx_region_is_file(const struct ipcx_region *region)
{
	return region->obj.create_flags & IPCX_REGION_FILE;
}

/*
 * The seals of our shmem file keep whoever reaches it behind our back, through
 * /proc/PID/map_files, from changing its size. We lift them to do so ourselves.
 */
static void ipcx_region_fix_size(struct ipcx_region *region, bool fixed)
{
	struct inode *inode = file_inode(region->backing);
	const unsigned int seals = F_SEAL_SHRINK | F_SEAL_GROW;

	inode_lock(inode);
	if (fixed)
		SHMEM_I(inode)->seals |= seals;
	else
		SHMEM_I(inode)->seals &= ~seals;
	inode_unlock(inode);
}

static int ipcx_region_truncate(struct ipcx_region *region, u64 bytes)
{
	int ret;

	ipcx_region_fix_size(region, false);
	ret = vfs_truncate(&region->backing->f_path, bytes);
	ipcx_region_fix_size(region, true);
	return ret;
}

/* Reserves the right to resize. Not held locked: inodes lock before mm here. */
static int ipcx_region_begin_resize(struct ipcx_region *region)
{
	int ret = 0;

	mutex_lock(&region->lock);
	if (region->seals & IPCX_SEAL_READONLY)
		ret = -EPERM;
	else if (region->mappings || region->resizing)
		ret = -EBUSY;
	else
		region->resizing = true;
	mutex_unlock(&region->lock);
	return ret;
}

static void ipcx_region_end_resize(struct ipcx_region *region, u64 bytes)
{
	mutex_lock(&region->lock);
	region->resizing = false;
	WRITE_ONCE(region->bytes, bytes);
	mutex_unlock(&region->lock);
}

/* What it grows by is counted before, what it shrinks by after. */
static int ipcx_region_resize(struct ipcx_region *region, u64 bytes)
{
	u64 old = region->bytes;
	int ret;

	if (bytes > old) {
		ret = ipcx_object_recharge(&region->obj, bytes);
		if (ret)
			return ret;
	}
	ret = ipcx_region_truncate(region, bytes);
	if (ret || bytes < old)
		ipcx_object_recharge(&region->obj, ret ? old : bytes);
	return ret;
}

static long ipcx_resize_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_region *region = to_region(ipcx_handle(file)->obj);
	struct ipcx_resize args;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || !args.bytes || !PAGE_ALIGNED(args.bytes))
		return -EINVAL;
	if (args.bytes > IPCX_REGION_BYTES_MAX)
		return -EFBIG;
	if (!(ipcx_handle(file)->rights & IPCX_RIGHT_WRITE))
		return -EACCES;
	if (region->obj.create_flags & (IPCX_REGION_FILE | IPCX_REGION_LOCKED))
		return -EOPNOTSUPP;

	ret = ipcx_region_begin_resize(region);
	if (ret)
		return ret;
	ret = ipcx_region_resize(region, args.bytes);
	ipcx_region_end_resize(region, ret ? region->bytes : args.bytes);
	return ret;
}

/* A page pinned for DMA can be written without any mapping. */
static bool ipcx_region_pinned(struct ipcx_region *region)
{
	struct folio_batch batch;
	bool pinned = false;
	pgoff_t index = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (!pinned && filemap_get_folios(region->backing->f_mapping, &index,
					     ULONG_MAX, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			pinned |= folio_maybe_dma_pinned(batch.folios[i]);
		folio_batch_release(&batch);
		cond_resched();
	}
	return pinned;
}

static int ipcx_region_add_seals(struct ipcx_region *region, u32 seals)
{
	lockdep_assert_held(&region->lock);
	if (!(seals & ~region->seals))
		return 0;
	if (region->seals & IPCX_SEAL_SEALED)
		return -EPERM;
	if ((seals & ~region->seals & IPCX_SEAL_READONLY) &&
	    (region->writable || region->resizing || ipcx_region_pinned(region)))
		return -EBUSY;
	region->seals |= seals;
	return 0;
}

static long ipcx_seal_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_region *region = to_region(ipcx_handle(file)->obj);
	struct ipcx_seal args;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || args.pad || !args.seals ||
	    (args.seals & ~(IPCX_SEAL_READONLY | IPCX_SEAL_SEALED)))
		return -EINVAL;
	if (!(ipcx_handle(file)->rights & IPCX_RIGHT_WRITE))
		return -EACCES;
	if (ipcx_region_is_file(region))
		return -EOPNOTSUPP;
	mutex_lock(&region->lock);
	ret = ipcx_region_add_seals(region, args.seals);
	mutex_unlock(&region->lock);
	return ret;
}

static long ipcx_region_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (IPCX_CMD(cmd)) {
	case IPCX_CMD(IPCX_IOC_RESIZE):
		return ipcx_resize_ioctl(file, uarg);
	case IPCX_CMD(IPCX_IOC_SEAL):
		return ipcx_seal_ioctl(file, uarg);
	default:
		return ipcx_object_ioctl(file, IPCX_CMD(cmd), uarg);
	}
}

static const struct file_operations ipcx_region_fops = {
	.owner		= THIS_MODULE,
	.release	= ipcx_object_release,
	.unlocked_ioctl	= ipcx_region_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= ipcx_region_mmap,
	/* Addresses that huge pages fit. */
	.get_unmapped_area = thp_get_unmapped_area,
	.llseek		= noop_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= ipcx_object_show_fdinfo,
#endif
};

static void ipcx_region_free(struct ipcx_object *obj)
{
	struct ipcx_region *region = to_region(obj);

	if (region->locked) {
		ipcx_uncharge(region->locked, IPCX_LIMIT_LOCKED, region->bytes);
		ipcx_user_put(region->locked);
	}
	if (region->backing)
		fput(region->backing);
	kfree(region);
}

static void ipcx_region_stat(struct ipcx_object *obj, struct ipcx_stat *stat)
{
	struct ipcx_region *region = to_region(obj);

	stat->bytes = READ_ONCE(region->bytes);
	stat->attachments = READ_ONCE(region->mappings);
	stat->seals = READ_ONCE(region->seals);
}

static int ipcx_region_lock(struct ipcx_region *region)
{
	struct ipcx_user *user = ipcx_user_get();
	int ret;

	if (!user)
		return -ENOMEM;
	ret = ipcx_charge(user, IPCX_LIMIT_LOCKED, region->bytes);
	if (ret) {
		ipcx_user_put(user);
		return ret;
	}
	region->locked = user;
	mapping_set_unevictable(region->backing->f_mapping);
	return 0;
}

/* A limit of the caller's cgroup is an error here, not a reason to kill. */
static int ipcx_region_prefault(struct ipcx_region *region)
{
	struct address_space *mapping = region->backing->f_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping);
	int ret;

	mapping_set_gfp_mask(mapping, gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	ret = vfs_fallocate(region->backing, 0, 0, region->bytes);
	mapping_set_gfp_mask(mapping, gfp);
	return ret == -ENOSPC ? -ENOMEM : ret;
}

static int ipcx_region_back_by_shmem(struct ipcx_region *region)
{
	u32 flags = region->obj.create_flags;
	struct file *file;
	int ret = 0;

	file = shmem_file_setup("ipcx", region->bytes,
				flags & IPCX_REGION_SPARSE ? VM_NORESERVE : 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	region->backing = file;
	SHMEM_I(file_inode(file))->seals |= F_SEAL_SEAL;

	if (flags & IPCX_REGION_LOCKED)
		ret = ipcx_region_lock(region);
	if (!ret && (flags & (IPCX_REGION_PREFAULT | IPCX_REGION_LOCKED)))
		ret = ipcx_region_prefault(region);
	ipcx_region_fix_size(region, true);
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

static int ipcx_region_back_by_file(struct ipcx_region *region, u32 fd)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	/* In all that follows the region's end lets it go. */
	region->backing = file;
	/* Regular files only: no object of ours can come to hold another. */
	if (!S_ISREG(file_inode(file)->i_mode))
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (!file->f_op->mmap)
		return -ENODEV;
	if (ipcx_file_seals(file))
		return -EOPNOTSUPP;
	if (!(file->f_mode & FMODE_WRITE) || IS_APPEND(file_inode(file)))
		region->obj.rights &= ~IPCX_RIGHT_WRITE;
	if (!region->bytes)
		region->bytes = PAGE_ALIGN(i_size_read(file_inode(file)));
	return region->bytes ? 0 : -EINVAL;
}

static const struct ipcx_kind ipcx_region_kind;

static struct ipcx_object *ipcx_region_make(const void *create,
					    const struct ipcx_name *name)
{
	const struct ipcx_region_create *args = create;
	bool is_file = args->flags & IPCX_REGION_FILE;
	struct ipcx_region *region;
	int ret;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return ERR_PTR(-ENOMEM);
	mutex_init(&region->lock);
	region->bytes = args->bytes;
	ret = ipcx_object_init(&region->obj, &ipcx_region_kind, name,
			       args->flags, args->mode,
			       is_file ? 0 : args->bytes);
	if (ret) {
		kfree(region);
		return ERR_PTR(ret);
	}
	ret = is_file ? ipcx_region_back_by_file(region, args->fd) :
			ipcx_region_back_by_shmem(region);
	if (ret) {
		ipcx_object_put_user(&region->obj);
		return ERR_PTR(ret);
	}
	return &region->obj;
}

static bool ipcx_region_same(struct ipcx_object *obj, const void *create)
{
	const struct ipcx_region_create *args = create;
	struct ipcx_region *region = to_region(obj);
	bool same_file = true;
	struct file *file;

	if ((obj->create_flags & IPCX_REGION_FLAGS) !=
	    (args->flags & IPCX_REGION_FLAGS))
		return false;
	if (ipcx_region_is_file(region)) {
		file = fget(args->fd);
		same_file = file && file_inode(file) ==
				    file_inode(region->backing);
		if (file)
			fput(file);
	}
	return same_file && (READ_ONCE(region->bytes) == args->bytes ||
			     (ipcx_region_is_file(region) && !args->bytes));
}

static const struct ipcx_kind ipcx_region_kind = {
	.kind	= IPCX_KIND_REGION,
	.rights	= IPCX_RIGHTS_REGION,
	.label	= "[ipcx-region]",
	.fops	= &ipcx_region_fops,
	.make	= ipcx_region_make,
	.same	= ipcx_region_same,
	.free	= ipcx_region_free,
	.stat	= ipcx_region_stat,
};

static int ipcx_region_check(const struct ipcx_region_create *args)
{
	const u32 own_memory = IPCX_REGION_SPARSE | IPCX_REGION_PREFAULT |
			       IPCX_REGION_HUGE | IPCX_REGION_LOCKED;
	const u32 all_memory = IPCX_REGION_PREFAULT | IPCX_REGION_LOCKED;
	bool is_file = args->flags & IPCX_REGION_FILE;

	if ((args->flags & ~(IPCX_CREATE_EXCL | IPCX_CREATE_PERSIST |
			     IPCX_REGION_FLAGS)) || (args->mode & ~0777))
		return -EINVAL;
	if (is_file ? args->flags & own_memory : args->fd)
		return -EINVAL;
	if ((args->flags & IPCX_REGION_SPARSE) && (args->flags & all_memory))
		return -EINVAL;
	if ((!args->bytes && !is_file) || !PAGE_ALIGNED(args->bytes))
		return -EINVAL;
	if (args->bytes > IPCX_REGION_BYTES_MAX)
		return -EFBIG;
	if ((args->flags & IPCX_REGION_HUGE) &&
	    !IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return -EOPNOTSUPP;
	return 0;
}

/**
 * ipcx_region_create - IPCX_IOC_REGION_CREATE
 * @uarg: struct ipcx_region_create
 *
 * Return: a descriptor or -errno.
 */
long ipcx_region_create(void __user *uarg)
{
	struct ipcx_region_create args;
	struct ipcx_creation what = {
		.kind = &ipcx_region_kind,
		.args = &args,
	};
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	ret = ipcx_region_check(&args);
	if (ret)
		return ret;
	ret = ipcx_name_get(&what.name, args.name, args.name_len);
	if (ret)
		return ret;
	what.flags = args.flags;
	what.rights = args.rights;
	return ipcx_object_create(&what);
}
