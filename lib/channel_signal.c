// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * signal: channels of real-time signals, a message in the value of each: the
 * number of its bytes in the highest byte, and those from the lowest on.
 *
 * A sender holds a pidfd, so that no process that is given the same number later
 * gets a signal that was meant for another.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <ipcx/signal.h>

#include "channel.h"
#include "wait.h"

#define SIZE		(sizeof(uintptr_t) - 1)
#define LEN_SHIFT	(CHAR_BIT * SIZE)

/**
 * struct signal_channel - a handle
 * @base: what all channels have
 * @signal: the signal's number
 * @pidfd: sending: the process, else -1
 * @pid: receiving: the process whose signals these are
 * @waiting: receiving: the signals that wait, else NULL
 */
struct signal_channel {
	struct ipcx_channel base;
	int signal;
	int pidfd;
	pid_t pid;
	struct ipcx_signal *waiting;
};

static inline struct signal_channel *signal_of(struct ipcx_channel *channel)
{
	return (struct signal_channel *)channel;
}

static uintptr_t pack(const uint8_t *buf, size_t len)
{
	uintptr_t value = (uintptr_t)len << LEN_SHIFT;

	for (size_t i = 0; i < len; i++)
		value |= (uintptr_t)buf[i] << CHAR_BIT * i;
	return value;
}

static void unpack(uintptr_t value, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = value >> CHAR_BIT * i;
}

/* A process that has ended takes signals, and drops them, until it is reaped. */
static bool has_ended(int pidfd)
{
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
	struct timespec now = { 0 };

	return KERNEL(ppoll, &pollfd, 1, &now, NULL, 0) > 0;
}

static int open_process(const struct channel_uri *uri)
{
	long long pid;
	int fd, ret = uri_number(uri, 1, INT_MAX, &pid);

	if (ret < 0)
		return ret;
	fd = KERNEL(pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return fd;
	/* Is it allowed? */
	ret = KERNEL(pidfd_send_signal, fd, 0, NULL, 0);
	if (!ret && has_ended(fd))
		ret = -ESRCH;
	if (ret < 0) {
		SYSCALL(close(fd));
		return ret;
	}
	return fd;
}

static int open_sender(const struct channel_uri *uri,
		       struct signal_channel *handle)
{
	handle->pidfd = open_process(uri);
	if (handle->pidfd < 0)
		return handle->pidfd;
	handle->base.fd = -1;
	handle->base.caps |= IPCX_CHANNEL_PEER_GONE | IPCX_CHANNEL_FORKS;
	return 0;
}

static int open_receiver(const struct channel_uri *uri,
			 struct signal_channel *handle)
{
	long long pid = getpid();
	int ret;

	if (*uri->name && (uri_number(uri, 1, INT_MAX, &pid) < 0 ||
			   pid != getpid()))
		return -EINVAL;
	ret = ipcx_signal_open(&handle->signal, 1, &handle->waiting);
	if (ret < 0)
		return ret;
	handle->pid = pid;
	handle->base.fd = ipcx_signal_fd(handle->waiting);
	handle->base.caps |= IPCX_CHANNEL_POLLABLE;
	return 0;
}

static int signal_open(const struct channel_uri *uri, uint32_t right,
		       uint64_t deadline, struct ipcx_channel **channel)
{
	uint64_t number = uri_option(uri, OPTION_SIGNAL, SIGRTMIN);
	struct signal_channel *handle;
	int ret;

	(void)deadline;
	if (number < (uint64_t)SIGRTMIN || number > (uint64_t)SIGRTMAX)
		return -EINVAL;
	handle = malloc(sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	*handle = (struct signal_channel) {
		.base = {
			.ops = &channel_signal,
			.right = right,
			.caps = IPCX_CHANNEL_MANY_SENDERS,
			.size = SIZE,
			.priorities = 1,
		},
		.signal = number,
		.pidfd = -1,
	};
	ret = right == IPCX_RIGHT_SEND ? open_sender(uri, handle) :
					 open_receiver(uri, handle);
	if (ret < 0) {
		free(handle);
		return ret;
	}
	/* gcc-12 -fanalyzer takes &handle->base for no way to the handle. */
	*channel = (struct ipcx_channel *)handle;
	return 0;
}

static void signal_close(struct ipcx_channel *channel)
{
	struct signal_channel *handle = signal_of(channel);

	ipcx_signal_close(handle->waiting);
	if (handle->pidfd >= 0)
		SYSCALL(close(handle->pidfd));
	free(handle);
}

static int send_once(struct signal_channel *handle, uintptr_t value)
{
	siginfo_t info = { .si_signo = handle->signal, .si_code = SI_QUEUE };
	int ret;

	if (has_ended(handle->pidfd))
		return -EPIPE;
	/* Members of a union in several ways, so not to be initialised. */
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_ptr = (void *)value;
	ret = KERNEL(pidfd_send_signal, handle->pidfd, handle->signal, &info, 0);
	return ret == -ESRCH ? -EPIPE : ret;
}

static int signal_send(struct ipcx_channel *channel, const void *buf, size_t len,
		       uint32_t priority, uint64_t deadline)
{
	(void)priority;
	return AWAIT_STEPS(send_once(signal_of(channel), pack(buf, len)),
			   deadline);
}

/* Signals that no channel sent are no messages. Who sent one could have lied. */
static ssize_t signal_recv(struct ipcx_channel *channel, void *buf, size_t cap,
			   struct ipcx_channel_msg *msg, uint64_t deadline)
{
	struct signal_channel *handle = signal_of(channel);
	struct ipcx_signal_info info;
	size_t len;
	int ret;

	(void)cap;
	(void)msg;
	/* A child would wait for signals of its own. */
	if (getpid() != handle->pid)
		return -ENOTCONN;
	do {
		ret = ipcx_signal_recv_timed(handle->waiting, &info, deadline);
		if (ret < 0)
			return ret;
		len = info.value >> LEN_SHIFT;
	} while (info.code != SI_QUEUE || len > SIZE);
	unpack(info.value, buf, len);
	return len;
}

const struct channel_ops channel_signal = {
	.scheme = "signal",
	.options = OPTION(SIGNAL),
	.open = signal_open,
	.close = signal_close,
	.send = signal_send,
	.recv = signal_recv,
};
