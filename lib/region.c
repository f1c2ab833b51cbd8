// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ipcx/device.h>
#include <ipcx/region.h>

#include "sys.h"

struct ipcx_region {
	int fd;
	size_t bytes;
};

/* A descriptor just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, struct ipcx_region **region)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = ipcx_region_from_fd(fd, region);
	if (ret < 0)
		SYSCALL(close(fd));
	return ret;
}

int ipcx_region_create(const char *name, size_t bytes,
		       const struct ipcx_region_options *options,
		       struct ipcx_region **region)
{
	struct ipcx_region_options opt = { .size = sizeof(opt) };
	size_t page = sysconf(_SC_PAGESIZE);
	struct ipcx_region_create arg;
	int ret = copy_options(&opt, sizeof(opt), options);

	if (ret < 0)
		return ret;
	if (__builtin_add_overflow(bytes, page - 1, &bytes))
		return -EFBIG;
	arg = (struct ipcx_region_create) {
		.size = sizeof(arg),
		.flags = opt.flags,
		.name = (uintptr_t)name,
		.name_len = name_len(name),
		.mode = opt.mode ? opt.mode : DEFAULT_MODE,
		.bytes = bytes & ~(page - 1),
		.rights = opt.rights,
	};
	return adopt(device_ioctl(IPCX_IOC_REGION_CREATE, &arg), region);
}

int ipcx_region_open(const char *name, uint32_t rights,
		     struct ipcx_region **region)
{
	return adopt(ipcx_open(name, IPCX_KIND_REGION, rights), region);
}

int ipcx_region_from_fd(int fd, struct ipcx_region **region)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct ipcx_region *handle;
	int ret = ipcx_stat(fd, &stat);

	if (ret < 0)
		return ret;
	if (stat.kind != IPCX_KIND_REGION)
		return -EPROTOTYPE;
	handle = malloc(sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	*handle = (struct ipcx_region) { .fd = fd, .bytes = stat.bytes };
	*region = handle;
	return 0;
}

void ipcx_region_close(struct ipcx_region *region)
{
	if (!region)
		return;
	SYSCALL(close(region->fd));
	free(region);
}

int ipcx_region_fd(const struct ipcx_region *region)
{
	return region->fd;
}

size_t ipcx_region_size(const struct ipcx_region *region)
{
	return region->bytes;
}

int ipcx_region_map(const struct ipcx_region *region, uint32_t rights,
		    size_t offset, size_t bytes, void **address)
{
	int prot = PROT_READ;
	long ret;

	if (rights == (IPCX_RIGHT_READ | IPCX_RIGHT_WRITE))
		prot |= PROT_WRITE;
	else if (rights != IPCX_RIGHT_READ)
		return -EINVAL;
	if (offset >= region->bytes || bytes > region->bytes - offset)
		return -EINVAL;
	ret = SYSCALL(mmap(NULL, bytes ? bytes : region->bytes - offset, prot,
			   MAP_SHARED, region->fd, offset));
	if (ret < 0)
		return ret;
	*address = (void *)ret;
	return 0;
}
