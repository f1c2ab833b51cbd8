/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Short copies from and to user memory, a word at a time: to call the general
 * functions, and to start the string instructions in them, takes longer than
 * these last.
 */
#ifndef IPCX_COPY_H
#define IPCX_COPY_H

#include <linux/futex.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include <asm/futex.h>

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
	const u64 __user *src = from;
	u64 *dst = to;

	if (!user_read_access_begin(from, len))
		return false;
	for (; len >= 4 * sizeof(u64); len -= 4 * sizeof(u64), src += 4, dst += 4) {
		unsafe_get_user(dst[0], src, fault);
		unsafe_get_user(dst[1], src + 1, fault);
		unsafe_get_user(dst[2], src + 2, fault);
		unsafe_get_user(dst[3], src + 3, fault);
	}
	for (; len >= sizeof(u64); len -= sizeof(u64), src++, dst++)
		unsafe_get_user(*dst, src, fault);
	while (len--)
		unsafe_get_user(((u8 *)dst)[len], (const u8 __user *)src + len,
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
	u64 __user *dst = to;
	const u64 *src = from;

	if (!user_write_access_begin(to, len))
		return false;
	for (; len >= 4 * sizeof(u64); len -= 4 * sizeof(u64), src += 4, dst += 4) {
		unsafe_put_user(src[0], dst, fault);
		unsafe_put_user(src[1], dst + 1, fault);
		unsafe_put_user(src[2], dst + 2, fault);
		unsafe_put_user(src[3], dst + 3, fault);
	}
	for (; len >= sizeof(u64); len -= sizeof(u64), src++, dst++)
		unsafe_put_user(*src, dst, fault);
	while (len--)
		unsafe_put_user(((const u8 *)src)[len], (u8 __user *)dst + len,
				fault);
	user_write_access_end();
	return true;

fault:
	user_write_access_end();
	return false;
}

/*
 * Fetches the pages from @to on, to be written: they may be copies still to be
 * made, so that to read them is not enough. What is in them stays, whoever else
 * writes there: a word of each is added 0 in one operation.
 */
static __always_inline void ipcx_fetch_out(void __user *to, size_t len)
{
	unsigned long at = ALIGN_DOWN((unsigned long)to, sizeof(u32));
	unsigned long end = (unsigned long)to + len;
	int old;

	do {
		if (arch_futex_atomic_op_inuser(FUTEX_OP_ADD, 0, &old,
						(u32 __user *)at))
			return;
		at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE;
	} while (at < end);
}

#endif /* IPCX_COPY_H */
