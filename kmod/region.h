/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_REGION_H
#define IPCX_REGION_H

#include <linux/fs.h>
#include <linux/pagemap.h>

#define IPCX_REGION_BYTES_MAX	((u64)MAX_LFS_FILESIZE & PAGE_MASK)

long ipcx_region_create(void __user *uarg);

#endif /* IPCX_REGION_H */
