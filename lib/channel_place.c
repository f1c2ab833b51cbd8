// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Paths of unix sockets. That of a receiver which was killed stays, and is in the
 * way of the next. Whether somebody still has it is asked of the kernel, by a
 * socket of another type, which it does not let connect: whoever has it does not
 * notice.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include <ipcx/device.h>

#include "channel_socket.h"
#include "file.h"
#include "wait.h"

/* Longer than it takes to take a path. */
#define PATIENCE_NS	(NSEC_PER_SEC / 10)

static int lock_directory(const char *path, uint64_t deadline)
{
	int fd = file_open_directory(path, O_RDONLY | O_DIRECTORY, 0);
	int ret;

	if (fd < 0)
		return fd;
	ret = AWAIT_STEPS(KERNEL(flock, fd, LOCK_EX | LOCK_NB), deadline);
	if (!ret)
		return fd;
	SYSCALL(close(fd));
	return ret;
}

/* Whether nobody has a path that is there: 0, or why it cannot be taken. */
static int abandoned(const char *path)
{
	struct ipcx_socket *probe;
	struct stat stat;
	int ret = SYSCALL(lstat(path, &stat));

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (!S_ISSOCK(stat.st_mode))
		return -EADDRINUSE;
	ret = ipcx_socket_connect_unix_try(path, IPCX_SOCKET_DGRAM, &probe);
	if (!ret)
		ipcx_socket_close(probe);
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		return 0;
	return ret && ret != -EPROTOTYPE && ret != -EAGAIN ? ret : -EADDRINUSE;
}

/* The path is in the way, but nobody else can take it at the same time. */
static int take_over(const char *path, uint32_t type,
		     struct ipcx_socket **socket)
{
	int ret = abandoned(path);

	if (ret < 0)
		return ret;
	ret = SYSCALL(unlink(path));
	if (ret && ret != -ENOENT)
		return ret;
	return ipcx_socket_listen_unix(path, type, socket);
}

/*
 * Anybody who can read a directory can lock it, for any reason and for ever; and
 * who may make something there need not be able to read it. So one who cannot
 * have the lock soon goes without, unless the path was left behind.
 */
static int take(const char *path, uint32_t type, uint64_t deadline,
		struct ipcx_socket **socket)
{
	uint64_t soon = ipcx_deadline_after(PATIENCE_NS);
	int lock = lock_directory(path, deadline < soon ? deadline : soon);
	int ret;

	if (lock == -EINTR)
		return lock;
	ret = ipcx_socket_listen_unix(path, type, socket);
	if (ret == -EADDRINUSE && lock < 0) {
		ret = abandoned(path);
		if (ret < 0)
			return ret;
		lock = lock_directory(path, deadline);
		if (lock < 0)
			return lock;
		ret = -EADDRINUSE;
	}
	if (ret == -EADDRINUSE)
		ret = take_over(path, type, socket);
	if (lock >= 0)
		SYSCALL(close(lock));
	return ret;
}

int place_listen(struct place *place, const char *name, uint32_t type,
		 uint64_t deadline, struct ipcx_socket **socket)
{
	int ret;

	place->path = NULL;
	if (*name == '@' || !*name)
		return ipcx_socket_listen_unix(name, type, socket);
	place->path = strdup(name);
	ret = place->path ? take(name, type, deadline, socket) : -ENOMEM;
	if (!ret) {
		place->pid = getpid();
		SYSCALL(lstat(name, &place->stat));
	} else {
		free(place->path);
		place->path = NULL;
	}
	return ret;
}

void place_leave(struct place *place)
{
	struct stat stat;

	if (!place->path)
		return;
	/* What a child closes is still its parent's. */
	if (place->pid == getpid() && !SYSCALL(lstat(place->path, &stat)) &&
	    stat.st_dev == place->stat.st_dev &&
	    stat.st_ino == place->stat.st_ino)
		SYSCALL(unlink(place->path));
	free(place->path);
}
