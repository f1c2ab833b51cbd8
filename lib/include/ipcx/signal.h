/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals as messages: sent with a value to a process, and received by a call
 * instead of a handler. <ipcx/ipcx.h> says what holds for every call.
 *
 * Real-time signals, SIGRTMIN to SIGRTMAX, queue: each that is sent is received,
 * the lowest number first and in order within one. Of any other signal only one
 * waits at a time, with the value of the first; sending another succeeds, and
 * is lost.
 *
 * Signals that are to be received must be blocked in every thread of the
 * process, or they go their usual way. ipcx_signal_open() blocks them in the
 * thread that calls it, so let it be the first thing that main() does: threads
 * made later inherit that. It also passes through exec(2), and nothing here ever
 * unblocks them: that is for pthread_sigmask(3).
 *
 * Interruption: the kernel does not restart waiting for a signal, so a sleeping
 * call is -EINTR after the handler of any other signal, SA_RESTART or not; a
 * plain one also after the process was stopped and continued.
 *
 * Death: of its sender a signal knows only who it was. With its receiver, all
 * that wait for it are gone.
 *
 * Threads: any number of threads may use a handle at once; each signal goes to
 * one. Closing it must be the last use.
 *
 * Fork: the child's copy of a handle receives what is sent to the child. What
 * waits for the parent is not inherited.
 *
 * Polling: the descriptor, a signalfd(2), is readable (POLLIN) when a signal
 * waits. In an epoll set it tells of those of the process that added it.
 */
#ifndef IPCX_SIGNAL_H
#define IPCX_SIGNAL_H

#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_signal;

/**
 * struct ipcx_signal_info - a signal that was received
 * @signal: its number
 * @code: why it was sent: SI_QUEUE with a value by ipcx_signal_send(), SI_USER
 *	without by kill(2), and others as in sigaction(2)
 * @pid: process that sent it, or for SIGCHLD ended
 * @uid: real user of that process
 * @value: what was sent with it, as sival_ptr
 * @number: the same for who has sent it as sival_int; for SIGCHLD the status
 */
struct ipcx_signal_info {
	int32_t signal;
	int32_t code;
	int32_t pid;
	uint32_t uid;
	uintptr_t value;
	int32_t number;
};

/**
 * ipcx_signal_send() - send a signal with a value
 * @pid: process, greater than 0
 * @signal: the signal; 0 only asks whether it could be sent
 * @value: goes with it
 *
 * To the process as a whole, whichever thread takes it. Never waits.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such signal), -ESRCH (no such process), -EPERM (not one of
 * this user's), -EAGAIN (a real-time signal, and its user has as many waiting
 * as RLIMIT_SIGPENDING of the receiver allows).
 */
int ipcx_signal_send(pid_t pid, int signal, uintptr_t value);

/**
 * ipcx_signal_open() - be ready to receive signals
 * @signals: their numbers
 * @count: how many
 * @handle: set to the handle, to be closed with ipcx_signal_close()
 *
 * Blocks them in the calling thread, for good.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (none, one that is not a signal, or SIGKILL or SIGSTOP).
 */
int ipcx_signal_open(const int *signals, uint32_t count,
		     struct ipcx_signal **handle);

/**
 * ipcx_signal_close() - close the handle and its descriptor
 * @handle: the handle, or NULL
 *
 * The signals stay blocked, and what waits stays too.
 */
void ipcx_signal_close(struct ipcx_signal *handle);

/**
 * ipcx_signal_fd() - the descriptor, to poll
 * @handle: the handle
 *
 * It still belongs to the handle.
 */
int ipcx_signal_fd(const struct ipcx_signal *handle);

/**
 * ipcx_signal_recv() - receive a signal
 * @handle: the handle
 * @info: if not NULL, set to all that is known of it
 *
 * Waits while there is none.
 *
 * Returns the signal's number.
 *
 * Errors: -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR.
 */
int ipcx_signal_recv(struct ipcx_signal *handle, struct ipcx_signal_info *info);
int ipcx_signal_recv_try(struct ipcx_signal *handle,
			 struct ipcx_signal_info *info);
int ipcx_signal_recv_timed(struct ipcx_signal *handle,
			   struct ipcx_signal_info *info, uint64_t deadline_ns);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SIGNAL_H */
