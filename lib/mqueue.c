// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel takes deadlines of CLOCK_REALTIME, which may be set meanwhile. So
 * none is given to it but one that is always over, as a try; poll(2) waits.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdlib.h>

#include <ipcx/mqueue.h>

#include "wait.h"

struct ipcx_mqueue {
	int fd;
	uint32_t messages;
	uint32_t message_size;
};

/* O_RDONLY and its like, or -EINVAL. */
static int access_mode(uint32_t rights)
{
	switch (rights) {
	case IPCX_RIGHT_SEND:
		return O_WRONLY;
	case IPCX_RIGHT_RECV:
		return O_RDONLY;
	case 0:
	case IPCX_RIGHT_SEND | IPCX_RIGHT_RECV:
		return O_RDWR;
	}
	return -EINVAL;
}

/* A descriptor just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, struct ipcx_mqueue **queue)
{
	struct ipcx_mqueue *handle;
	struct mq_attr attr;
	int ret;

	if (fd < 0)
		return fd;
	handle = malloc(sizeof(*handle));
	ret = handle ? SYSCALL(mq_getattr(fd, &attr)) : -ENOMEM;
	if (ret < 0) {
		free(handle);
		SYSCALL(mq_close(fd));
		return ret;
	}
	*handle = (struct ipcx_mqueue) {
		.fd = fd,
		.messages = attr.mq_maxmsg,
		.message_size = attr.mq_msgsize,
	};
	*queue = handle;
	return 0;
}

int ipcx_mqueue_create(const char *name, uint32_t messages,
		       uint32_t message_size,
		       const struct ipcx_mqueue_options *options,
		       struct ipcx_mqueue **queue)
{
	struct ipcx_mqueue_options opt = { .size = sizeof(opt) };
	struct mq_attr attr = {
		.mq_maxmsg = messages,
		.mq_msgsize = message_size,
	};
	struct ipcx_mqueue *made = NULL;
	int ret = copy_options(&opt, sizeof(opt), options);
	int flags = access_mode(opt.rights);

	if (ret < 0)
		return ret;
	if (opt.flags & ~IPCX_CREATE_EXCL || opt.mode & ~0777U || flags < 0 ||
	    !messages || !message_size)
		return -EINVAL;
	flags |= O_CREAT | O_CLOEXEC;
	if (opt.flags & IPCX_CREATE_EXCL)
		flags |= O_EXCL;
	ret = adopt(SYSCALL(mq_open(name, flags,
				    opt.mode ? opt.mode : DEFAULT_MODE, &attr)),
		    &made);
	if (ret < 0)
		return ret;
	if (made->messages != messages || made->message_size != message_size) {
		ipcx_mqueue_close(made);
		return -EEXIST;
	}
	*queue = made;
	return 0;
}

int ipcx_mqueue_open(const char *name, uint32_t rights,
		     struct ipcx_mqueue **queue)
{
	int flags = access_mode(rights);

	if (flags < 0)
		return flags;
	return adopt(SYSCALL(mq_open(name, flags | O_CLOEXEC)), queue);
}

int ipcx_mqueue_unlink(const char *name)
{
	return SYSCALL(mq_unlink(name));
}

void ipcx_mqueue_close(struct ipcx_mqueue *queue)
{
	if (!queue)
		return;
	SYSCALL(mq_close(queue->fd));
	free(queue);
}

int ipcx_mqueue_fd(const struct ipcx_mqueue *queue)
{
	return queue->fd;
}

uint32_t ipcx_mqueue_messages(const struct ipcx_mqueue *queue)
{
	return queue->messages;
}

uint32_t ipcx_mqueue_message_size(const struct ipcx_mqueue *queue)
{
	return queue->message_size;
}

ssize_t ipcx_mqueue_count(const struct ipcx_mqueue *queue)
{
	struct mq_attr attr;
	int ret = SYSCALL(mq_getattr(queue->fd, &attr));

	return ret < 0 ? ret : attr.mq_curmsgs;
}

static const struct timespec long_ago;

/* The kernel waits where there is no deadline; all else is a try. */
static const struct timespec *kernel_deadline(uint64_t deadline)
{
	return deadline == IPCX_FOREVER ? NULL : &long_ago;
}

/* A try does not sleep, so a handler that runs just then has not woken it. */
static long send_once(int fd, const void *buf, size_t len, uint32_t priority,
		      const struct timespec *until)
{
	long ret;

	do {
		ret = KERNEL(mq_timedsend, fd, buf, len, priority, until);
	} while (ret == -EINTR && until);
	return ret == -ETIMEDOUT ? -EAGAIN : ret;
}

static long recv_once(int fd, void *buf, size_t cap, uint32_t *priority,
		      const struct timespec *until)
{
	long ret;

	do {
		ret = KERNEL(mq_timedreceive, fd, buf, cap, priority, until);
	} while (ret == -EINTR && until);
	return ret == -ETIMEDOUT ? -EAGAIN : ret;
}

int ipcx_mqueue_send_timed(struct ipcx_mqueue *queue, const void *buf,
			   size_t len, uint32_t priority, uint64_t deadline_ns)
{
	return AWAIT(send_once(queue->fd, buf, len, priority,
			       kernel_deadline(deadline_ns)),
		     wait_fd(queue->fd, POLLOUT, deadline_ns));
}

ssize_t ipcx_mqueue_recv_timed(struct ipcx_mqueue *queue, void *buf, size_t cap,
			       uint32_t *priority, uint64_t deadline_ns)
{
	return AWAIT(recv_once(queue->fd, buf, cap, priority,
			       kernel_deadline(deadline_ns)),
		     wait_fd(queue->fd, POLLIN, deadline_ns));
}

int ipcx_mqueue_notify(struct ipcx_mqueue *queue, int signo, uintptr_t value)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = signo,
		.sigev_value.sival_ptr = (void *)value,
	};

	return SYSCALL(mq_notify(queue->fd, signo ? &event : NULL));
}

int ipcx_mqueue_send(struct ipcx_mqueue *queue, const void *buf, size_t len,
		     uint32_t priority)
{
	return ipcx_mqueue_send_timed(queue, buf, len, priority, IPCX_FOREVER);
}

int ipcx_mqueue_send_try(struct ipcx_mqueue *queue, const void *buf, size_t len,
			 uint32_t priority)
{
	return ipcx_mqueue_send_timed(queue, buf, len, priority, IPCX_NO_WAIT);
}

ssize_t ipcx_mqueue_recv(struct ipcx_mqueue *queue, void *buf, size_t cap,
			 uint32_t *priority)
{
	return ipcx_mqueue_recv_timed(queue, buf, cap, priority, IPCX_FOREVER);
}

ssize_t ipcx_mqueue_recv_try(struct ipcx_mqueue *queue, void *buf, size_t cap,
			     uint32_t *priority)
{
	return ipcx_mqueue_recv_timed(queue, buf, cap, priority, IPCX_NO_WAIT);
}
