// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pipes. Both ends are O_NONBLOCK: only so does a try never wait, whoever else
 * uses the pipe and whatever poll(2) said before, on every kernel.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <ipcx/pipe.h>

#include "pipe.h"
#include "wait.h"

/* Linux 6.18. */
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL	0x100
#endif

struct ipcx_pipe {
	struct pipe_end end;
};

int set_nonblock(int fd)
{
	int flags = SYSCALL(fcntl(fd, F_GETFL));

	if (flags < 0 || flags & O_NONBLOCK)
		return flags < 0 ? flags : 0;
	return SYSCALL(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

struct pipe_end pipe_end(int fd, bool packets)
{
	struct sigaction sigpipe;

	SYSCALL(sigaction(SIGPIPE, NULL, &sigpipe));
	return (struct pipe_end) {
		.fd = fd,
		.packets = packets,
		.ignored = sigpipe.sa_handler == SIG_IGN,
	};
}

/*
 * Write with SIGPIPE blocked, and take away what that has raised. The kernel
 * sends it to this very thread, and the write does not sleep, so nothing else
 * is held up. One that was pending before is left to whom it is meant for.
 */
static long write_masked(int fd, const void *buf, size_t len)
{
	sigset_t sigpipe, before, pending;
	long ret;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	sigemptyset(&pending);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
	/* If it was not blocked, it cannot have been pending. */
	if (sigismember(&before, SIGPIPE))
		sigpending(&pending);
	ret = KERNEL(write, fd, buf, len);
	if (ret == -EPIPE && !sigismember(&pending, SIGPIPE))
		while (KERNEL(rt_sigtimedwait, &sigpipe, NULL,
			      &(struct timespec) { 0 }, _NSIG / 8) == -EINTR)
			;
	if (!sigismember(&before, SIGPIPE))
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/* Two calls more would be half as much again: only for who did nothing about it. */
static long write_guarded(struct pipe_end *end, const void *buf, size_t len)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	long ret;

	if (!__atomic_load_n(&end->raises, __ATOMIC_RELAXED)) {
		ret = KERNEL(pwritev2, end->fd, &iov, 1UL, -1L, -1L,
			     RWF_NOSIGNAL);
		if (ret != -EOPNOTSUPP)
			return ret;
		__atomic_store_n(&end->raises, true, __ATOMIC_RELAXED);
	}
	return write_masked(end->fd, buf, len);
}

static long write_some(struct pipe_end *end, const void *buf, size_t len)
{
	if (end->ignored)
		return KERNEL(write, end->fd, buf, len);
	return write_guarded(end, buf, len);
}

static NOINLINE ssize_t write_rest(struct pipe_end *end, const void *buf,
				   size_t len, size_t done, uint64_t deadline)
{
	long ret;

	do {
		ret = AWAIT(write_some(end, (const char *)buf + done,
				       len - done),
			    wait_fd(end->fd, POLLOUT, deadline));
		if (ret < 0)
			return done ? (ssize_t)done : ret;
		done += ret;
	} while (done < len);
	return done;
}

ssize_t pipe_write(struct pipe_end *end, const void *buf, size_t len,
		   uint64_t deadline)
{
	long ret = 0;

	if (end->packets && (!len || len > PIPE_BUF))
		return len ? -EMSGSIZE : -EINVAL;
	if (end->ignored) {
		ret = KERNEL(write, end->fd, buf, len);
		if (ret == (long)len)
			return ret;
	}
	/* What has failed does so again. */
	return write_rest(end, buf, len, ret > 0 ? ret : 0, deadline);
}

static struct ipcx_pipe *handle(int fd, bool packets)
{
	struct ipcx_pipe *pipe = malloc(sizeof(*pipe));

	if (pipe)
		pipe->end = pipe_end(fd, packets);
	return pipe;
}

int ipcx_pipe_create(size_t capacity, uint32_t flags, struct ipcx_pipe **reader,
		     struct ipcx_pipe **writer)
{
	bool packets = flags & IPCX_PIPE_PACKETS;
	struct ipcx_pipe *ends[2] = { NULL, NULL };
	int fds[2];
	int ret;

	if (flags & ~IPCX_PIPE_PACKETS || capacity > INT_MAX)
		return -EINVAL;
	ret = SYSCALL(pipe2(fds, O_CLOEXEC | O_NONBLOCK |
				 (packets ? O_DIRECT : 0)));
	if (ret < 0)
		return ret;
	if (capacity) {
		ret = SYSCALL(fcntl(fds[1], F_SETPIPE_SZ, (int)capacity));
		if (ret < 0)
			goto err_fds;
	}
	for (int i = 0; i < 2; i++) {
		ends[i] = handle(fds[i], packets);
		if (!ends[i]) {
			ret = -ENOMEM;
			goto err_ends;
		}
	}
	*reader = ends[0];
	*writer = ends[1];
	return 0;

err_ends:
	free(ends[0]);
err_fds:
	SYSCALL(close(fds[0]));
	SYSCALL(close(fds[1]));
	return ret;
}

int ipcx_pipe_from_fd(int fd, struct ipcx_pipe **pipe)
{
	struct ipcx_pipe *made;
	struct stat stat;
	int ret = SYSCALL(fstat(fd, &stat));
	int flags;

	if (ret < 0)
		return ret;
	if (!S_ISFIFO(stat.st_mode))
		return -EPROTOTYPE;
	flags = SYSCALL(fcntl(fd, F_GETFL));
	if (flags < 0)
		return flags;
	made = handle(fd, flags & O_DIRECT);
	if (!made)
		return -ENOMEM;
	ret = set_nonblock(fd);
	if (ret < 0) {
		free(made);
		return ret;
	}
	*pipe = made;
	return 0;
}

void ipcx_pipe_close(struct ipcx_pipe *pipe)
{
	if (!pipe)
		return;
	SYSCALL(close(pipe->end.fd));
	free(pipe);
}

int ipcx_pipe_fd(const struct ipcx_pipe *pipe)
{
	return pipe->end.fd;
}

ssize_t ipcx_pipe_capacity(const struct ipcx_pipe *pipe)
{
	return SYSCALL(fcntl(pipe->end.fd, F_GETPIPE_SZ));
}

int ipcx_pipe_set_capacity(struct ipcx_pipe *pipe, size_t capacity)
{
	int ret;

	if (!capacity || capacity > INT_MAX)
		return -EINVAL;
	ret = SYSCALL(fcntl(pipe->end.fd, F_SETPIPE_SZ, (int)capacity));
	return ret < 0 ? ret : 0;
}

ssize_t ipcx_pipe_write_timed(struct ipcx_pipe *pipe, const void *buf,
			      size_t len, uint64_t deadline_ns)
{
	return pipe_write(&pipe->end, buf, len, deadline_ns);
}

ssize_t ipcx_pipe_read_timed(struct ipcx_pipe *pipe, void *buf, size_t cap,
			     uint64_t deadline_ns)
{
	int fd = pipe->end.fd;

	if (!cap)
		return -EINVAL;
	if (pipe->end.packets && cap < PIPE_BUF)
		return -EMSGSIZE;
	return AWAIT(KERNEL(read, fd, buf, cap),
		     wait_fd(fd, POLLIN, deadline_ns));
}

ssize_t ipcx_pipe_write(struct ipcx_pipe *pipe, const void *buf, size_t len)
{
	return ipcx_pipe_write_timed(pipe, buf, len, IPCX_FOREVER);
}

ssize_t ipcx_pipe_write_try(struct ipcx_pipe *pipe, const void *buf, size_t len)
{
	return ipcx_pipe_write_timed(pipe, buf, len, IPCX_NO_WAIT);
}

ssize_t ipcx_pipe_read(struct ipcx_pipe *pipe, void *buf, size_t cap)
{
	return ipcx_pipe_read_timed(pipe, buf, cap, IPCX_FOREVER);
}

ssize_t ipcx_pipe_read_try(struct ipcx_pipe *pipe, void *buf, size_t cap)
{
	return ipcx_pipe_read_timed(pipe, buf, cap, IPCX_NO_WAIT);
}
