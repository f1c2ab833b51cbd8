/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments of ioctls, by the rules at the top of <linux/ipcx.h>.
 */
#ifndef IPCX_IOCTL_H
#define IPCX_IOCTL_H

#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <linux/ipcx.h>

#include "copy.h"

/*
 * A command without the bits of its structure's size: the size that counts is
 * in the structure, so that a newer header's number is understood.
 */
#define IPCX_CMD(cmd)	((cmd) & ~IOCSIZE_MASK)

/* Earlier versions of structures that have grown since. */
#define IPCX_STAT_FIRST		offsetofend(struct ipcx_stat, name)
#define IPCX_STAT_SECOND	offsetofend(struct ipcx_stat, holder_comm)
#define IPCX_MSG_FIRST		offsetofend(struct ipcx_msg, ticket)
#define IPCX_WAIT_FIRST		offsetofend(struct ipcx_wait, deadline_ns)
#define IPCX_PEER_FIRST		offsetofend(struct ipcx_peer, comm)

/**
 * ipcx_get_args - copy an argument structure in
 * @args: where to; begins with __u32 size
 * @known: its size in this kernel
 * @first: its size in the first version
 * @uarg: where from
 *
 * Return: 0, -EFAULT, -EINVAL (too small) or -E2BIG (unknown bytes set).
 */
static __always_inline int ipcx_get_args(void *args, size_t known, size_t first,
					 const void __user *uarg)
{
	u32 size;
	int ret;

	if (get_user(size, (const u32 __user *)uarg))
		return -EFAULT;
	if (likely(size == known)) {
		if (!ipcx_copy_struct_in(args, uarg, known))
			return -EFAULT;
		*(u32 *)args = size;
		return 0;
	}
	if (size < first)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(args, known, uarg, size);
	if (ret)
		return ret;
	/* The second read of the word may not have seen what the first did. */
	*(u32 *)args = size;
	return 0;
}

/**
 * ipcx_put_args - copy an output structure out
 * @uarg: where to
 * @args: where from
 * @known: its size in this kernel
 * @size: its size for the caller; what is beyond @known was found zero
 *
 * Return: 0 or -EFAULT.
 */
static inline int ipcx_put_args(void __user *uarg, void *args, size_t known,
				u32 size)
{
	*(u32 *)args = size;
	if (copy_to_user(uarg, args, min_t(size_t, known, size)))
		return -EFAULT;
	return 0;
}

#endif /* IPCX_IOCTL_H */
