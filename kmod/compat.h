/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels the module supports (6.1 to 6.12), by
 * feature. No version test stands anywhere else.
 */
#ifndef IPCX_COMPAT_H
#define IPCX_COMPAT_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
/* The accessors came with per-VMA locks; before, the field was written. */
static inline void vm_flags_mod(struct vm_area_struct *vma,
				vm_flags_t set, vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* Mounts map ids by a type of its own; before, by a user namespace. */
static inline int ipcx_notify_change(struct dentry *dentry, struct iattr *attr)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return notify_change(&init_user_ns, dentry, attr, NULL);
#else
	return notify_change(&nop_mnt_idmap, dentry, attr, NULL);
#endif
}

#endif /* IPCX_COMPAT_H */
