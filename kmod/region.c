// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: shared memory of a fixed size, backed by shmem, so that swap, memory
 * cgroups, NUMA policy and futexes work in it as in any shared mapping.
 *
 * A mapping must be of the shmem file itself, or faults would look at the wrong
 * inode; but shmem's file does not pin this module, nor does it count. So
 * ->mmap() swaps the file and wraps shmem's operations: open and close count
 * the mappings (fork, split, mremap and munmap all go through them), and while
 * there are any, the region holds one of its own descriptors' files.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "ioctl.h"
#include "names.h"
#include "object.h"
#include "region.h"

/**
 * struct ipcx_region - a shared region
 * @obj: see object.h
 * @backing: shmem file, sealed against any change of size
 * @bytes: its size
 * @lock: guards what follows; taken under mmap_lock
 * @mappings: VMAs of the region
 * @mapped_file: descriptor held for all of them, NULL without
 * @vm_ops: shmem's with our open and close; fixed by the first mapping, as its
 *	users read it unlocked
 */
struct ipcx_region {
	struct ipcx_object obj;
	struct file *backing;
	u64 bytes;

	struct mutex lock;	/* all below */
	unsigned int mappings;
	struct file *mapped_file;
	struct vm_operations_struct vm_ops;
};

static struct ipcx_region *to_region(struct ipcx_object *obj)
{
	return container_of(obj, struct ipcx_region, obj);
}

static struct ipcx_region *vma_to_region(struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct ipcx_region, vm_ops);
}

static void ipcx_region_vma_open(struct vm_area_struct *vma)
{
	struct ipcx_region *region = vma_to_region(vma);

	mutex_lock(&region->lock);
	region->mappings++;
	mutex_unlock(&region->lock);
}

static void ipcx_region_vma_close(struct vm_area_struct *vma)
{
	struct ipcx_region *region = vma_to_region(vma);
	struct file *unmapped = NULL;

	mutex_lock(&region->lock);
	if (!--region->mappings)
		swap(unmapped, region->mapped_file);
	mutex_unlock(&region->lock);

	if (unmapped)
		fput(unmapped);
}

static void ipcx_region_map(struct ipcx_region *region, struct file *file,
			    struct vm_area_struct *vma)
{
	mutex_lock(&region->lock);
	if (!region->vm_ops.open) {
		region->vm_ops = *vma->vm_ops;
		region->vm_ops.open = ipcx_region_vma_open;
		region->vm_ops.close = ipcx_region_vma_close;
	}
	if (!region->mappings++)
		region->mapped_file = get_file(file);
	vma->vm_ops = &region->vm_ops;
	mutex_unlock(&region->lock);
}

static int ipcx_region_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ipcx_region *region = to_region(ipcx_handle(file)->obj);
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 length = vma->vm_end - vma->vm_start;
	int ret;

	if (!(ipcx_handle(file)->rights & IPCX_RIGHT_READ))
		return -EACCES;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (offset > region->bytes || length > region->bytes - offset)
		return -EINVAL;

	vm_flags_mod(vma, 0, VM_MAYEXEC);
	vma_set_file(vma, region->backing);
	ret = call_mmap(region->backing, vma);
	if (ret)
		return ret;
	/* shmem has none of its own that the wrapping would lose. */
	if (WARN_ON_ONCE(vma->vm_ops->open || vma->vm_ops->close))
		return -EINVAL;
	ipcx_region_map(region, file, vma);
	return 0;
}

static long ipcx_region_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	return ipcx_object_ioctl(file, IPCX_CMD(cmd), (void __user *)arg);
}

static const struct file_operations ipcx_region_fops = {
	.owner		= THIS_MODULE,
	.release	= ipcx_object_release,
	.unlocked_ioctl	= ipcx_region_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= ipcx_region_mmap,
	.llseek		= noop_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= ipcx_object_show_fdinfo,
#endif
};

static void ipcx_region_free(struct ipcx_object *obj)
{
	struct ipcx_region *region = to_region(obj);

	if (region->backing)
		fput(region->backing);
	kfree(region);
}

static void ipcx_region_stat(struct ipcx_object *obj, struct ipcx_stat *stat)
{
	stat->bytes = to_region(obj)->bytes;
	stat->attachments = READ_ONCE(to_region(obj)->mappings);
}

static const struct ipcx_kind ipcx_region_kind;

static struct ipcx_object *ipcx_region_make(const void *create,
					    const struct ipcx_name *name)
{
	const struct ipcx_region_create *args = create;
	struct ipcx_region *region;
	struct file *backing;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return ERR_PTR(-ENOMEM);
	mutex_init(&region->lock);
	region->bytes = args->bytes;
	ipcx_object_init(&region->obj, &ipcx_region_kind, name, args->flags,
			 args->mode);

	backing = shmem_file_setup("ipcx", args->bytes,
				   args->flags & IPCX_REGION_SPARSE ?
				   VM_NORESERVE : 0);
	if (IS_ERR(backing)) {
		ipcx_object_put_user(&region->obj);
		return ERR_CAST(backing);
	}
	region->backing = backing;
	/*
	 * The file can be reached behind our back, through
	 * /proc/PID/map_files: its size must not change there either.
	 */
	SHMEM_I(file_inode(backing))->seals |= F_SEAL_SEAL | F_SEAL_SHRINK |
					       F_SEAL_GROW;
	return &region->obj;
}

static bool ipcx_region_same(struct ipcx_object *obj, const void *create)
{
	const struct ipcx_region_create *args = create;

	return to_region(obj)->bytes == args->bytes;
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

/**
 * ipcx_region_create - IPCX_IOC_REGION_CREATE
 * @uarg: struct ipcx_region_create
 *
 * Return: a descriptor or -errno.
 */
long ipcx_region_create(void __user *uarg)
{
	const u32 known = IPCX_CREATE_EXCL | IPCX_CREATE_PERSIST |
			  IPCX_REGION_SPARSE;
	struct ipcx_region_create args;
	struct ipcx_creation what = {
		.kind = &ipcx_region_kind,
		.args = &args,
	};
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if ((args.flags & ~known) || args.pad || (args.mode & ~0777))
		return -EINVAL;
	if (!args.bytes || !PAGE_ALIGNED(args.bytes))
		return -EINVAL;
	if (args.bytes > IPCX_REGION_BYTES_MAX)
		return -EFBIG;
	ret = ipcx_name_get(&what.name, args.name, args.name_len);
	if (ret)
		return ret;
	what.flags = args.flags;
	what.rights = args.rights;
	return ipcx_object_create(&what);
}
