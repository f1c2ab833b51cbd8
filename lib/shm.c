// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ipcx/shm.h>

#include "file.h"
#include "shm.h"
#include "sys.h"

_Static_assert(IPCX_SHM_SPARSE == FILE_SPARSE, "one flag for all");

struct ipcx_shm {
	int fd;
	size_t bytes;	/* for life */
};

int shm_path(const char *name, struct shm_path *path)
{
	size_t len;

	if (*name == '/')
		name++;
	len = strlen(name);
	if (!len || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return -EINVAL;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(path->text, SHM_DIRECTORY, sizeof(SHM_DIRECTORY));
	memcpy(path->text + sizeof(SHM_DIRECTORY) - 1, name, len + 1);
	return 0;
}

/* A descriptor just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, size_t bytes, struct ipcx_shm **shm)
{
	struct ipcx_shm *handle;

	if (fd < 0)
		return fd;
	handle = malloc(sizeof(*handle));
	if (!handle) {
		SYSCALL(close(fd));
		return -ENOMEM;
	}
	*handle = (struct ipcx_shm) { .fd = fd, .bytes = bytes };
	*shm = handle;
	return 0;
}

int ipcx_shm_create(const char *name, size_t bytes, uint32_t flags,
		    uint32_t mode, struct ipcx_shm **shm)
{
	struct shm_path path;
	int ret = shm_path(name, &path);

	if (ret < 0)
		return ret;
	return adopt(file_create(path.text, bytes, flags, mode), bytes, shm);
}

int ipcx_shm_open(const char *name, uint32_t rights, struct ipcx_shm **shm)
{
	struct shm_path path;
	int ret = shm_path(name, &path);
	size_t bytes = 0;

	if (ret < 0)
		return ret;
	ret = file_open(path.text, rights, O_NOFOLLOW, &bytes);
	return adopt(ret, bytes, shm);
}

void ipcx_shm_close(struct ipcx_shm *shm)
{
	if (!shm)
		return;
	SYSCALL(close(shm->fd));
	free(shm);
}

int ipcx_shm_unlink(const char *name)
{
	struct shm_path path;
	int ret = shm_path(name, &path);

	if (ret < 0)
		return ret;
	return SYSCALL(unlink(path.text));
}

int ipcx_shm_fd(const struct ipcx_shm *shm)
{
	return shm->fd;
}

size_t ipcx_shm_size(const struct ipcx_shm *shm)
{
	return shm->bytes;
}

int ipcx_shm_map(const struct ipcx_shm *shm, uint32_t rights, size_t offset,
		 size_t bytes, void **address)
{
	return file_map(shm->fd, shm->bytes, rights, MAP_SHARED, offset, &bytes,
			address);
}
