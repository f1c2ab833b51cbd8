/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the analyzer is told of reading user memory: on x86 assembly does it, and
 * that assembly writes to memory is not seen.
 */
#include <linux/uaccess.h>

unsigned long lint_read_user(void *to, const void __user *from, unsigned long len);

#undef copy_from_user
#define copy_from_user	lint_read_user

#undef unsafe_get_user
#define unsafe_get_user(to, from, fault)				\
	do {								\
		if (lint_read_user(&(to), from, sizeof(to)))		\
			goto fault;					\
	} while (0)
