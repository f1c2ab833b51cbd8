// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include <ipcx/signal.h>

#include "wait.h"

/* Neither changes. */
struct ipcx_signal {
	int fd;
	sigset_t set;
};

int ipcx_signal_send(pid_t pid, int signal, uintptr_t value)
{
	return SYSCALL(sigqueue(pid, signal,
				(union sigval) { .sival_ptr = (void *)value }));
}

int ipcx_signal_open(const int *signals, uint32_t count,
		     struct ipcx_signal **handle)
{
	struct ipcx_signal *made;
	sigset_t set;
	int fd;

	if (!count)
		return -EINVAL;
	sigemptyset(&set);
	for (uint32_t i = 0; i < count; i++) {
		if (signals[i] == SIGKILL || signals[i] == SIGSTOP ||
		    SYSCALL(sigaddset(&set, signals[i])) < 0)
			return -EINVAL;
	}
	fd = SYSCALL(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
	if (fd < 0)
		return fd;
	made = malloc(sizeof(*made));
	if (!made) {
		SYSCALL(close(fd));
		return -ENOMEM;
	}
	*made = (struct ipcx_signal) { fd, set };
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	*handle = made;
	return 0;
}

void ipcx_signal_close(struct ipcx_signal *handle)
{
	if (!handle)
		return;
	SYSCALL(close(handle->fd));
	free(handle);
}

int ipcx_signal_fd(const struct ipcx_signal *handle)
{
	return handle->fd;
}

int ipcx_signal_recv_timed(struct ipcx_signal *handle,
			   struct ipcx_signal_info *info, uint64_t deadline_ns)
{
	const struct timespec now = { 0 };
	const struct timespec *until = deadline_ns == IPCX_FOREVER ? NULL : &now;
	siginfo_t got;
	int ret = AWAIT(KERNEL(rt_sigtimedwait, &handle->set, &got, until,
			       _NSIG / 8),
			wait_fd(handle->fd, POLLIN, deadline_ns));

	if (ret > 0 && info)
		*info = (struct ipcx_signal_info) {
			.signal = got.si_signo,
			.code = got.si_code,
			.pid = got.si_pid,
			.uid = got.si_uid,
			.value = (uintptr_t)got.si_value.sival_ptr,
			.number = got.si_value.sival_int,
		};
	return ret;
}

int ipcx_signal_recv(struct ipcx_signal *handle, struct ipcx_signal_info *info)
{
	return ipcx_signal_recv_timed(handle, info, IPCX_FOREVER);
}

int ipcx_signal_recv_try(struct ipcx_signal *handle,
			 struct ipcx_signal_info *info)
{
	return ipcx_signal_recv_timed(handle, info, IPCX_NO_WAIT);
}
