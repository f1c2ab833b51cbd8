// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <ipcx/fifo.h>

#include "pipe.h"
#include "wait.h"

struct ipcx_fifo {
	struct pipe_end end;
	bool reads;
};

/* Looked at before it is opened: opening something else may have effects. */
static int check(const char *path)
{
	struct stat stat_;
	int ret = SYSCALL(stat(path, &stat_));

	if (ret < 0)
		return ret;
	return S_ISFIFO(stat_.st_mode) ? 0 : -EPROTOTYPE;
}

static int open_now(const char *path, int flags)
{
	int fd = SYSCALL(open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));

	/* Of FIFOs that is said where there is no reader. */
	return fd == -ENXIO ? -EAGAIN : fd;
}

static bool is_fifo(int fd)
{
	struct stat stat;

	return !SYSCALL(fstat(fd, &stat)) && S_ISFIFO(stat.st_mode);
}

/*
 * A descriptor just opened, or -errno: the handle for it, or nothing left of it.
 * Since the path was looked at, another may have put something else there.
 */
static int adopt(int fd, bool reads, struct ipcx_fifo **fifo)
{
	struct ipcx_fifo *handle;

	if (fd < 0)
		return fd;
	if (!is_fifo(fd)) {
		SYSCALL(close(fd));
		return -EPROTOTYPE;
	}
	handle = malloc(sizeof(*handle));
	if (!handle) {
		SYSCALL(close(fd));
		return -ENOMEM;
	}
	*handle = (struct ipcx_fifo) { pipe_end(fd, false), reads };
	*fifo = handle;
	return 0;
}

int ipcx_fifo_create(const char *path, uint32_t mode)
{
	if (mode & ~0777U)
		return -EINVAL;
	return SYSCALL(mkfifo(path, mode ? mode : DEFAULT_MODE));
}

int ipcx_fifo_unlink(const char *path)
{
	struct stat stat;
	int ret = SYSCALL(lstat(path, &stat));

	if (ret < 0)
		return ret;
	if (!S_ISFIFO(stat.st_mode))
		return -EPROTOTYPE;
	return SYSCALL(unlink(path));
}

int ipcx_fifo_open_reader(const char *path, struct ipcx_fifo **fifo)
{
	int ret = check(path);

	if (ret < 0)
		return ret;
	return adopt(open_now(path, O_RDONLY), true, fifo);
}

/* The kernel itself waits for a reader, and restarts that. */
static int open_writer_blocking(const char *path)
{
	int fd = SYSCALL(open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC));
	int ret;

	if (fd < 0)
		return fd;
	ret = set_nonblock(fd);
	if (ret < 0) {
		SYSCALL(close(fd));
		return ret;
	}
	return fd;
}

int ipcx_fifo_open_writer_timed(const char *path, struct ipcx_fifo **fifo,
				uint64_t deadline_ns)
{
	int ret = check(path);

	if (ret < 0)
		return ret;
	if (deadline_ns == IPCX_FOREVER)
		ret = open_writer_blocking(path);
	else
		ret = AWAIT_STEPS(open_now(path, O_WRONLY), deadline_ns);
	return adopt(ret, false, fifo);
}

int ipcx_fifo_reopen(struct ipcx_fifo *fifo)
{
	char self[sizeof("/proc/self/fd/") + 10];
	int fd, ret;

	if (!fifo->reads)
		return -EBADF;
	/* The path may have come to name another. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fifo->end.fd);
	fd = open_now(self, O_RDONLY);
	if (fd < 0)
		return fd;
	/* There is a reader all the while, so no writer gets EPIPE. */
	ret = SYSCALL(dup3(fd, fifo->end.fd, O_CLOEXEC));
	SYSCALL(close(fd));
	return ret < 0 ? ret : 0;
}

void ipcx_fifo_close(struct ipcx_fifo *fifo)
{
	if (!fifo)
		return;
	SYSCALL(close(fifo->end.fd));
	free(fifo);
}

int ipcx_fifo_fd(const struct ipcx_fifo *fifo)
{
	return fifo->end.fd;
}

ssize_t ipcx_fifo_write_timed(struct ipcx_fifo *fifo, const void *buf,
			      size_t len, uint64_t deadline_ns)
{
	return pipe_write(&fifo->end, buf, len, deadline_ns);
}

/*
 * Read, or -EAGAIN. To read(2) it is all the same whether the last writer has
 * gone or none has come; to poll(2) only the first is a hangup. That writer may
 * have come, written and gone since the read, so after a hangup read once more.
 */
long fifo_read_now(int fd, void *buf, size_t cap)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct timespec now = { 0 };
	bool hangup = false;
	long ret;

	for (;;) {
		ret = KERNEL(read, fd, buf, cap);
		if (ret || hangup)
			return ret;
		pollfd.revents = 0;
		KERNEL(ppoll, &pollfd, 1UL, &now, NULL, 0UL);
		if (!pollfd.revents)
			return -EAGAIN;
		hangup = pollfd.revents & POLLHUP;
	}
}

static NOINLINE ssize_t read_awaited(int fd, void *buf, size_t cap,
				     uint64_t deadline)
{
	return AWAIT(fifo_read_now(fd, buf, cap), wait_fd(fd, POLLIN, deadline));
}

ssize_t ipcx_fifo_read_timed(struct ipcx_fifo *fifo, void *buf, size_t cap,
			     uint64_t deadline_ns)
{
	int fd = fifo->end.fd;
	long ret;

	if (!cap)
		return -EINVAL;
	ret = KERNEL(read, fd, buf, cap);
	return ret > 0 ? ret : read_awaited(fd, buf, cap, deadline_ns);
}

int ipcx_fifo_open_writer(const char *path, struct ipcx_fifo **fifo)
{
	return ipcx_fifo_open_writer_timed(path, fifo, IPCX_FOREVER);
}

int ipcx_fifo_open_writer_try(const char *path, struct ipcx_fifo **fifo)
{
	return ipcx_fifo_open_writer_timed(path, fifo, IPCX_NO_WAIT);
}

ssize_t ipcx_fifo_write(struct ipcx_fifo *fifo, const void *buf, size_t len)
{
	return ipcx_fifo_write_timed(fifo, buf, len, IPCX_FOREVER);
}

ssize_t ipcx_fifo_write_try(struct ipcx_fifo *fifo, const void *buf, size_t len)
{
	return ipcx_fifo_write_timed(fifo, buf, len, IPCX_NO_WAIT);
}

ssize_t ipcx_fifo_read(struct ipcx_fifo *fifo, void *buf, size_t cap)
{
	return ipcx_fifo_read_timed(fifo, buf, cap, IPCX_FOREVER);
}

ssize_t ipcx_fifo_read_try(struct ipcx_fifo *fifo, void *buf, size_t cap)
{
	return ipcx_fifo_read_timed(fifo, buf, cap, IPCX_NO_WAIT);
}
