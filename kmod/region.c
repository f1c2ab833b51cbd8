// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making, resizing and sealing regions. See region.h.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ioctl.h"
#include "names.h"
#include "region.h"

#define IPCX_REGION_FLAGS	(IPCX_REGION_SPARSE | IPCX_REGION_PREFAULT | \
				 IPCX_REGION_HUGE | IPCX_REGION_LOCKED | \
				 IPCX_REGION_FILE)

static struct kmem_cache *ipcx_regions;

static bool ipcx_region_is_file(const struct ipcx_region *region)
{
	return region->obj.create_flags & IPCX_REGION_FILE;
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
static int ipcx_region_resize(struct ipcx_region *region, struct file *file,
			      u64 bytes)
{
	u64 old = region->bytes;
	int ret;

	if (bytes > old) {
		ret = ipcx_object_recharge(&region->obj, bytes);
		if (ret)
			return ret;
	}
	ret = ipcx_region_truncate(region, file->f_path.dentry, bytes);
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
	ret = ipcx_region_resize(region, file, args.bytes);
	ipcx_region_end_resize(region, ret ? region->bytes : args.bytes);
	return ret;
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
	.fsync		= noop_fsync,	/* for msync() */
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= ipcx_object_show_fdinfo,
#endif
};

/**
 * ipcx_file_is_region - is this a descriptor of a region
 * @file: any file
 *
 * Return: true if it is, and ipcx_handle() of it a region's.
 */
bool ipcx_file_is_region(const struct file *file)
{
	return file->f_op == &ipcx_region_fops;
}

static void ipcx_region_free(struct ipcx_object *obj)
{
	struct ipcx_region *region = to_region(obj);

	ipcx_region_unback(region);
	kmem_cache_free(ipcx_regions, region);
}

static void ipcx_region_stat(struct ipcx_object *obj, struct ipcx_stat *stat)
{
	struct ipcx_region *region = to_region(obj);

	stat->bytes = READ_ONCE(region->bytes);
	stat->attachments = READ_ONCE(region->mappings);
	stat->seals = READ_ONCE(region->seals);
}

static const struct ipcx_kind ipcx_region_kind;

static struct ipcx_object *ipcx_region_make(const void *create,
					    const struct ipcx_name *name)
{
	const struct ipcx_region_create *args = create;
	bool is_file = args->flags & IPCX_REGION_FILE;
	struct ipcx_region *region;
	int ret;

	region = kmem_cache_zalloc(ipcx_regions, GFP_KERNEL);
	if (!region)
		return ERR_PTR(-ENOMEM);
	mutex_init(&region->lock);
	region->bytes = args->bytes;
	ret = ipcx_object_init(&region->obj, &ipcx_region_kind, name,
			       args->flags, args->mode,
			       is_file ? 0 : args->bytes);
	if (ret) {
		kmem_cache_free(ipcx_regions, region);
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
				    file_inode(region->file);
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
	.new_file = ipcx_region_new_file,
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
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	ret = ipcx_region_check(&args);
	if (ret)
		return ret;
	return ipcx_object_create(&(struct ipcx_creation) {
		.kind	  = &ipcx_region_kind,
		.args	  = &args,
		.name	  = args.name,
		.name_len = args.name_len,
		.flags	  = args.flags,
		.rights	  = args.rights,
	});
}

/**
 * ipcx_region_init - set up what all regions need
 *
 * Return: 0 or -errno.
 */
int ipcx_region_init(void)
{
	int ret = ipcx_region_back_init();

	if (ret)
		return ret;
	ipcx_regions = KMEM_CACHE(ipcx_region, SLAB_ACCOUNT);
	return ipcx_regions ? 0 : -ENOMEM;
}

/**
 * ipcx_region_exit - undo ipcx_region_init()
 */
void ipcx_region_exit(void)
{
	kmem_cache_destroy(ipcx_regions);
}
