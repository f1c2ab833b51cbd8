// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ipcx/device.h>
#include <ipcx/region.h>

#include "sys.h"

struct ipcx_region {
	int fd;
};

static int handle_for(int fd, struct ipcx_region **region)
{
	struct ipcx_region *handle = malloc(sizeof(*handle));

	if (!handle)
		return -ENOMEM;
	handle->fd = fd;
	*region = handle;
	return 0;
}

/* A region just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, struct ipcx_region **region)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = handle_for(fd, region);
	if (ret < 0)
		SYSCALL(close(fd));
	return ret;
}

static int create(const char *name, size_t bytes, uint32_t flags, uint32_t fd,
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
		.flags = opt.flags | flags,
		.name = (uintptr_t)name,
		.name_len = name_len(name),
		.mode = opt.mode ? opt.mode : DEFAULT_MODE,
		.bytes = bytes & ~(page - 1),
		.rights = opt.rights,
		.fd = fd,
	};
	return adopt(device_ioctl(IPCX_IOC_REGION_CREATE, &arg), region);
}

int ipcx_region_create(const char *name, size_t bytes,
		       const struct ipcx_region_options *options,
		       struct ipcx_region **region)
{
	return create(name, bytes, 0, 0, options, region);
}

int ipcx_region_create_file(const char *name, int fd, size_t bytes,
			    const struct ipcx_region_options *options,
			    struct ipcx_region **region)
{
	if (fd < 0)
		return -EBADF;
	return create(name, bytes, IPCX_REGION_FILE, fd, options, region);
}

int ipcx_region_open(const char *name, uint32_t rights,
		     struct ipcx_region **region)
{
	return adopt(ipcx_open(name, IPCX_KIND_REGION, rights), region);
}

int ipcx_region_from_fd(int fd, struct ipcx_region **region)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	int ret = ipcx_stat(fd, &stat);

	if (ret < 0)
		return ret;
	if (stat.kind != IPCX_KIND_REGION)
		return -EPROTOTYPE;
	return handle_for(fd, region);
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
	struct ipcx_stat stat = { .size = sizeof(stat) };

	return ipcx_stat(region->fd, &stat) < 0 ? 0 : stat.bytes;
}

int ipcx_region_map(const struct ipcx_region *region, uint32_t rights,
		    size_t offset, size_t bytes, void **address)
{
	size_t size = ipcx_region_size(region);
	int prot = PROT_READ;
	long ret;

	if (rights == (IPCX_RIGHT_READ | IPCX_RIGHT_WRITE))
		prot |= PROT_WRITE;
	else if (rights != IPCX_RIGHT_READ)
		return -EINVAL;
	if (offset >= size || bytes > size - offset)
		return -EINVAL;
	ret = SYSCALL(mmap(NULL, bytes ? bytes : size - offset, prot,
			   MAP_SHARED, region->fd, offset));
	if (ret < 0)
		return ret;
	*address = (void *)ret;
	return 0;
}

int ipcx_region_resize(struct ipcx_region *region, size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct ipcx_resize arg = { .size = sizeof(arg) };

	if (__builtin_add_overflow(bytes, page - 1, &bytes))
		return -EFBIG;
	arg.bytes = bytes & ~(page - 1);
	return SYSCALL(ioctl(region->fd, IPCX_IOC_RESIZE, &arg));
}

int ipcx_region_seal(struct ipcx_region *region, uint32_t seals)
{
	struct ipcx_seal arg = { .size = sizeof(arg), .seals = seals };

	return SYSCALL(ioctl(region->fd, IPCX_IOC_SEAL, &arg));
}
