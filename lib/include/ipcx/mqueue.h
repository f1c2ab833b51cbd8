/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * POSIX message queues: messages of up to message_size bytes, each delivered to
 * one receiver, the highest priority first and in order within one.
 * <ipcx/ipcx.h> says what holds for every call, but for names: a queue's is '/'
 * and 1 to 254 bytes without '/', seen within one IPC namespace. It and what is
 * in the queue last until it is unlinked, or the system ends.
 *
 * Signals: a plain call goes on after a handler with SA_RESTART. The _timed ones
 * wait by poll(2), so they are -EINTR after any handler. The system's realtime
 * clock plays no part, so setting it changes no wait.
 *
 * Death: of its peers a queue knows nothing. What they sent stays; what one had
 * received is gone with it.
 *
 * Threads: any number of threads may use a handle at once; closing it must be
 * the last use.
 *
 * Fork: the child's copy of a handle works. Each process closes its own.
 *
 * Polling: the descriptor is readable (POLLIN) when there is a message, writable
 * (POLLOUT) when there is room for one.
 */
#ifndef IPCX_MQUEUE_H
#define IPCX_MQUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_mqueue;

/* The highest priority. */
#define IPCX_MQUEUE_PRIORITY_MAX	32767

/**
 * struct ipcx_mqueue_options - what is seldom asked for when making a queue
 * @size: sizeof(struct ipcx_mqueue_options); later versions may have more
 *	fields, where 0 is what was before
 * @flags: IPCX_CREATE_EXCL or 0
 * @mode: permission bits, 0 for 0600; the umask is applied
 * @rights: IPCX_RIGHT_SEND, _RECV of the handle, 0 for both
 */
struct ipcx_mqueue_options {
	uint32_t size;
	uint32_t flags;
	uint32_t mode;
	uint32_t rights;
};

/**
 * ipcx_mqueue_create() - make a queue
 * @name: its name
 * @messages: how many it holds
 * @message_size: bytes of the largest message
 * @options: NULL for all defaults
 * @queue: set to the handle, to be closed with ipcx_mqueue_close()
 *
 * A name that is taken is opened, if the queue holds as many messages of this
 * size and IPCX_CREATE_EXCL is not set. Without privilege @messages and
 * @message_size are limited by /proc/sys/fs/mqueue/msg_max and msgsize_max.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such name, a size of 0 or above the limits, unknown flags,
 * mode or rights), -E2BIG (@options has a field set that this version of the
 * library does not know), -EEXIST, -EACCES, -ENOENT ("/" alone), -ENAMETOOLONG,
 * -ENOSPC (too many queues), -EMFILE (also RLIMIT_MSGQUEUE).
 */
int ipcx_mqueue_create(const char *name, uint32_t messages,
		       uint32_t message_size,
		       const struct ipcx_mqueue_options *options,
		       struct ipcx_mqueue **queue);

/**
 * ipcx_mqueue_open() - open a queue
 * @name: its name
 * @rights: IPCX_RIGHT_SEND, _RECV; 0 for both
 * @queue: set to the handle, to be closed with ipcx_mqueue_close()
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such name, unknown rights), -ENOENT, -EACCES,
 * -ENAMETOOLONG.
 */
int ipcx_mqueue_open(const char *name, uint32_t rights,
		     struct ipcx_mqueue **queue);

/**
 * ipcx_mqueue_unlink() - take the name away
 * @name: the name
 *
 * Who has the queue open keeps it.
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -ENOENT, -EACCES, -ENAMETOOLONG.
 */
int ipcx_mqueue_unlink(const char *name);

/**
 * ipcx_mqueue_close() - close the handle and its descriptor
 * @queue: the handle, or NULL
 *
 * That takes back what this process asked of ipcx_mqueue_notify().
 */
void ipcx_mqueue_close(struct ipcx_mqueue *queue);

/**
 * ipcx_mqueue_fd() - the descriptor, to poll
 * @queue: the queue
 *
 * It still belongs to the handle.
 */
int ipcx_mqueue_fd(const struct ipcx_mqueue *queue);

/**
 * ipcx_mqueue_messages() - messages that the queue holds
 * @queue: the queue
 */
uint32_t ipcx_mqueue_messages(const struct ipcx_mqueue *queue);

/**
 * ipcx_mqueue_message_size() - bytes of the largest message
 * @queue: the queue
 */
uint32_t ipcx_mqueue_message_size(const struct ipcx_mqueue *queue);

/**
 * ipcx_mqueue_count() - messages that are in it now, or an error
 * @queue: the queue
 */
ssize_t ipcx_mqueue_count(const struct ipcx_mqueue *queue);

/**
 * ipcx_mqueue_send() - send a message
 * @queue: the queue
 * @buf: the payload
 * @len: its bytes, at most message_size; 0 is a message too
 * @priority: 0 to IPCX_MQUEUE_PRIORITY_MAX, the highest
 *
 * Waits while the queue is full.
 *
 * Returns 0.
 *
 * Errors: -EBADF (no IPCX_RIGHT_SEND), -EMSGSIZE, -EINVAL (no such priority),
 * -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EFAULT.
 */
int ipcx_mqueue_send(struct ipcx_mqueue *queue, const void *buf, size_t len,
		     uint32_t priority);
int ipcx_mqueue_send_try(struct ipcx_mqueue *queue, const void *buf, size_t len,
			 uint32_t priority);
int ipcx_mqueue_send_timed(struct ipcx_mqueue *queue, const void *buf,
			   size_t len, uint32_t priority, uint64_t deadline_ns);

/**
 * ipcx_mqueue_recv() - receive the oldest message of the highest priority
 * @queue: the queue
 * @buf: where to put the payload
 * @cap: room there, at least message_size whatever is sent
 * @priority: if not NULL, set to the message's
 *
 * Waits while there is no message.
 *
 * Returns the bytes received.
 *
 * Errors: -EBADF (no IPCX_RIGHT_RECV), -EMSGSIZE (less room, nothing was taken),
 * -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EFAULT.
 */
ssize_t ipcx_mqueue_recv(struct ipcx_mqueue *queue, void *buf, size_t cap,
			 uint32_t *priority);
ssize_t ipcx_mqueue_recv_try(struct ipcx_mqueue *queue, void *buf, size_t cap,
			     uint32_t *priority);
ssize_t ipcx_mqueue_recv_timed(struct ipcx_mqueue *queue, void *buf, size_t cap,
			       uint32_t *priority, uint64_t deadline_ns);

/**
 * ipcx_mqueue_notify() - ask for a signal when a message comes
 * @queue: the queue
 * @signo: the signal, sent to this process with si_code SI_MESGQ; 0 to take
 *	back what this process asked for
 * @value: the signal's sival_ptr
 *
 * One process can be told, once, when a message comes to the empty queue and
 * nobody waits in a plain call for it. To be told again, ask again, and only
 * then receive until -EAGAIN. Never blocks.
 *
 * Returns 0.
 *
 * Errors: -EBUSY (a process has asked), -EINVAL (no such signal).
 */
int ipcx_mqueue_notify(struct ipcx_mqueue *queue, int signo, uintptr_t value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_MQUEUE_H */
