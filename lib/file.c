// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file that is made at its name and then given its size can be found by others
 * in between, and is left so by a maker that is killed. Here it is made without
 * a name and linked to it when it is whole.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "sys.h"

static int open_regular(const char *path, int flags, size_t *bytes)
{
	/* Neither does another kind of file block, nor a terminal become ours. */
	int fd = SYSCALL(open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	struct stat stat;

	if (fd < 0)
		return fd;
	if (!SYSCALL(fstat(fd, &stat)) && S_ISREG(stat.st_mode)) {
		*bytes = stat.st_size;
		return fd;
	}
	SYSCALL(close(fd));
	return -EINVAL;
}

/* A symbolic link could lead to what is not there, and yet be in the way. */
static int open_of_size(const char *path, size_t bytes)
{
	size_t size;
	int fd = open_regular(path, O_RDWR | O_NOFOLLOW, &size);

	if (fd < 0 || size == bytes)
		return fd;
	SYSCALL(close(fd));
	return -EEXIST;
}

static int link_to(int fd, const char *path)
{
	char self[sizeof("/proc/self/fd/") + 10];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return SYSCALL(linkat(AT_FDCWD, self, AT_FDCWD, path,
			      AT_SYMLINK_FOLLOW));
}

int file_open_directory(const char *path, int flags, uint32_t mode)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	/* That of "/name" is "/". */
	if (slash)
		snprintf(directory, sizeof(directory), "%.*s",
			 (int)(slash - path) + 1, path);
	return SYSCALL(open(directory, flags | O_CLOEXEC, mode));
}

int file_make(const char *path, size_t bytes, uint32_t flags, uint32_t mode,
	      int (*fill)(int fd, const void *arg), const void *arg)
{
	int fd = file_open_directory(path, O_TMPFILE | O_RDWR,
				     mode ? mode : DEFAULT_MODE);
	int ret;

	if (fd < 0)
		return fd;
	ret = file_resize(fd, bytes, flags);
	if (!ret && fill)
		ret = fill(fd, arg);
	if (!ret)
		ret = link_to(fd, path);
	if (!ret)
		return fd;
	SYSCALL(close(fd));
	return ret;
}

int file_create(const char *path, size_t bytes, uint32_t flags, uint32_t mode)
{
	int ret;

	if (!bytes || flags & ~(IPCX_CREATE_EXCL | FILE_SPARSE) ||
	    mode & ~0777)
		return -EINVAL;
	if (bytes > INT64_MAX)
		return -EFBIG;
	/* Again only if another has made or removed it since the last look. */
	do {
		if (!(flags & IPCX_CREATE_EXCL)) {
			ret = open_of_size(path, bytes);
			if (ret != -ENOENT)
				return ret;
		}
		ret = file_make(path, bytes, flags, mode, NULL, NULL);
	} while (ret == -EEXIST && !(flags & IPCX_CREATE_EXCL));
	return ret;
}

int file_open(const char *path, uint32_t rights, int flags, size_t *bytes)
{
	if (rights == IPCX_RIGHT_READ)
		return open_regular(path, O_RDONLY | flags, bytes);
	if (rights == (IPCX_RIGHT_READ | IPCX_RIGHT_WRITE))
		return open_regular(path, O_RDWR | flags, bytes);
	return -EINVAL;
}

size_t file_size(int fd)
{
	struct stat stat;

	return SYSCALL(fstat(fd, &stat)) < 0 ? 0 : stat.st_size;
}

int file_resize(int fd, size_t bytes, uint32_t flags)
{
	size_t before = file_size(fd);
	int ret = 0;

	if (!(flags & FILE_SPARSE)) {
		/* Interrupted, it has done nothing, whatever SA_RESTART says. */
		do {
			ret = SYSCALL(fallocate(fd, 0, 0, bytes));
		} while (ret == -EINTR);
	}
	/* Some file systems have grown it as far as it went. */
	if (ret < 0)
		SYSCALL(ftruncate(fd, before));
	else if (file_size(fd) != bytes)
		ret = SYSCALL(ftruncate(fd, bytes));
	return ret;
}

int file_map(int fd, size_t size, uint32_t rights, int flags, size_t offset,
	     size_t *bytes, void **address)
{
	int prot = PROT_READ;
	long ret;

	if (rights == (IPCX_RIGHT_READ | IPCX_RIGHT_WRITE))
		prot |= PROT_WRITE;
	else if (rights != IPCX_RIGHT_READ)
		return -EINVAL;
	if (offset >= size || *bytes > size - offset)
		return -EINVAL;
	if (!*bytes)
		*bytes = size - offset;
	ret = SYSCALL(mmap(NULL, *bytes, prot, flags, fd, offset));
	if (ret < 0)
		return ret;
	*address = (void *)ret;
	return 0;
}
