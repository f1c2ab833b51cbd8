/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Short copies from and to user memory, a word at a time: to call the general
 * functions, and to start the string instructions in them, takes longer than
 * these last.
 */
#ifndef IPCX_COPY_H
#define IPCX_COPY_H

#include <linux/uaccess.h>

/* Bytes of what is short. */
#define IPCX_COPY_SHORT		256

/* Structures of the ABI: whole words, unrolled as @size is a constant. */
static __always_inline bool ipcx_copy_struct_in(void *to, const void __user *from,
						size_t size)
{
	const u64 __user *src = from;
	u64 *dst = to;
	size_t i;

	if (!user_read_access_begin(from, size))
		return false;
#pragma GCC unroll 16
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_get_user(dst[i], src + i, fault);
	user_read_access_end();
	return true;

fault:
	user_read_access_end();
	return false;
}

static __always_inline bool ipcx_copy_struct_out(void __user *to, const void *from,
						 size_t size)
{
	u64 __user *dst = to;
	const u64 *src = from;
	size_t i;

	if (!user_write_access_begin(to, size))
		return false;
#pragma GCC unroll 16
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_put_user(src[i], dst + i, fault);
	user_write_access_end();
	return true;

fault:
	user_write_access_end();
	return false;
}

static __always_inline bool ipcx_copy_short_in(void *to, const void __user *from,
					       u32 len)
{
	u32 i;

	if (!user_read_access_begin(from, len))
		return false;
#pragma GCC unroll 8
	for (i = 0; i + sizeof(u64) <= len; i += sizeof(u64))
		unsafe_get_user(*(u64 *)(to + i), (const u64 __user *)(from + i),
				fault);
	for (; i < len; i++)
		unsafe_get_user(*(u8 *)(to + i), (const u8 __user *)(from + i),
				fault);
	user_read_access_end();
	return true;

fault:
	user_read_access_end();
	return false;
}

static __always_inline bool ipcx_copy_short_out(void __user *to, const void *from,
						u32 len)
{
	u32 i;

	if (!user_write_access_begin(to, len))
		return false;
#pragma GCC unroll 8
	for (i = 0; i + sizeof(u64) <= len; i += sizeof(u64))
		unsafe_put_user(*(const u64 *)(from + i), (u64 __user *)(to + i),
				fault);
	for (; i < len; i++)
		unsafe_put_user(*(const u8 *)(from + i), (u8 __user *)(to + i),
				fault);
	user_write_access_end();
	return true;

fault:
	user_write_access_end();
	return false;
}

#endif /* IPCX_COPY_H */
