// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Each mapping has a file description of its own, which holds the shared lock.
 * Nobody unlocks it: the lock goes with the last descriptor of the description,
 * so a forked child that has the mapping also has the lock, and neither death
 * nor exec leaves one without the other. That the mapping itself pins the
 * description is not enough: on overlayfs it pins that of the file beneath.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ipcx/map.h>

#include "file.h"
#include "sys.h"

_Static_assert(IPCX_MAP_SPARSE == FILE_SPARSE, "one flag for all");

/**
 * struct ipcx_map - handle of a file
 * @fd: the file
 * @access: how it was opened, whatever its mode allows by now
 * @self: its path in /proc, to open it by again
 * @mapping_fd: the description of the mapping, or -1
 * @address: where the mapping is, if there is one
 * @bytes: its length
 */
struct ipcx_map {
	int fd;
	int access;
	char self[sizeof("/proc/self/fd/") + 10];
	int mapping_fd;
	void *address;
	size_t bytes;
};

/* Where no file has content that somebody else might want to lock. */
static int lock(int fd, short type)
{
	struct flock flock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = INT64_MAX - 1,
		.l_len = 1,
	};
	int ret = SYSCALL(fcntl(fd, F_OFD_SETLK, &flock));

	return ret == -EAGAIN || ret == -EACCES ? -EBUSY : ret;
}

/* The file again, by a description that shares no lock with any other. */
static int open_locked(const struct ipcx_map *map, int how, short type)
{
	int fd = SYSCALL(open(map->self, how | O_CLOEXEC));
	int ret;

	if (fd < 0)
		return fd;
	ret = lock(fd, type);
	if (!ret)
		return fd;
	SYSCALL(close(fd));
	return ret;
}

/* A descriptor just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, int access, struct ipcx_map **map)
{
	struct ipcx_map *handle;

	if (fd < 0)
		return fd;
	handle = malloc(sizeof(*handle));
	if (!handle) {
		SYSCALL(close(fd));
		return -ENOMEM;
	}
	*handle = (struct ipcx_map) {
		.fd = fd, .access = access, .mapping_fd = -1,
	};
	snprintf(handle->self, sizeof(handle->self), "/proc/self/fd/%d", fd);
	*map = handle;
	return 0;
}

int ipcx_map_create(const char *path, size_t bytes, uint32_t flags,
		    uint32_t mode, struct ipcx_map **map)
{
	return adopt(file_create(path, bytes, flags, mode), O_RDWR, map);
}

int ipcx_map_open(const char *path, uint32_t rights, struct ipcx_map **map)
{
	size_t bytes;

	return adopt(file_open(path, rights, 0, &bytes),
		     rights & IPCX_RIGHT_WRITE ? O_RDWR : O_RDONLY, map);
}

void ipcx_map_close(struct ipcx_map *map)
{
	if (!map)
		return;
	ipcx_map_detach(map);
	SYSCALL(close(map->fd));
	free(map);
}

int ipcx_map_fd(const struct ipcx_map *map)
{
	return map->fd;
}

size_t ipcx_map_size(const struct ipcx_map *map)
{
	return file_size(map->fd);
}

int ipcx_map_resize(const struct ipcx_map *map, size_t bytes, uint32_t flags)
{
	int fd, ret;

	if (!bytes || flags & ~IPCX_MAP_SPARSE)
		return -EINVAL;
	if (bytes > INT64_MAX)
		return -EFBIG;
	if (map->access != O_RDWR)
		return -EACCES;
	fd = open_locked(map, O_RDWR, F_WRLCK);
	if (fd < 0)
		return fd;
	ret = file_resize(fd, bytes, flags);
	/* Said aloud, as a child forked meanwhile has the description, too. */
	lock(fd, F_UNLCK);
	SYSCALL(close(fd));
	return ret;
}

int ipcx_map_attach(struct ipcx_map *map, uint32_t rights, uint32_t flags,
		    size_t offset, size_t bytes, void **address)
{
	int how = flags & IPCX_MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	int fd, ret;

	if (flags & ~IPCX_MAP_PRIVATE)
		return -EINVAL;
	if (map->mapping_fd >= 0)
		return -EISCONN;
	fd = open_locked(map, map->access, F_RDLCK);
	if (fd < 0)
		return fd;
	/* From here on the size stays as it is. */
	ret = file_map(fd, file_size(fd), rights, how, offset, &bytes,
		       &map->address);
	if (ret < 0) {
		SYSCALL(close(fd));
		return ret;
	}
	map->mapping_fd = fd;
	map->bytes = bytes;
	*address = map->address;
	return 0;
}

int ipcx_map_detach(struct ipcx_map *map)
{
	if (map->mapping_fd < 0)
		return -ENOTCONN;
	SYSCALL(munmap(map->address, map->bytes));
	SYSCALL(close(map->mapping_fd));
	map->mapping_fd = -1;
	return 0;
}

int ipcx_map_sync(const struct ipcx_map *map, size_t offset, size_t bytes)
{
	if (map->mapping_fd < 0)
		return -ENOTCONN;
	if (offset >= map->bytes || bytes > map->bytes - offset)
		return -EINVAL;
	return SYSCALL(msync((char *)map->address + offset,
			     bytes ? bytes : map->bytes - offset, MS_SYNC));
}
