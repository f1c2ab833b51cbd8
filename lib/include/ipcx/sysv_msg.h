/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System V message queues: the queues of msgget(2), whose messages have a type
 * that receivers can choose by. <ipcx/ipcx.h> says what holds for every call.
 *
 * A queue is known by its id, and by a key if it was made with one, as that of
 * ftok(3): a number that the programs agree on. It stays, with all that is in
 * it, until it is removed: a process that dies leaves it behind.
 *
 * A message is, as for msgsnd(2), a structure that begins with the type, a long
 * greater than 0, and has the payload behind it:
 *
 *	struct { long type; char text[64]; } message;
 *
 * Lengths are those of the payload alone. A message has room in a queue if the
 * payloads there and its own are no more than msg_qbytes, which is at first
 * /proc/sys/kernel/msgmnb; a payload has at most kernel.msgmax bytes. One that
 * is larger than msg_qbytes waits for ever.
 *
 * Deadlines: the kernel has none for these queues, nor a descriptor. A _timed
 * call therefore looks again and again: after 20 microseconds, and each time
 * after twice as long, up to a millisecond. So it may be that late, takes its
 * turn behind those who wait in a plain call, and costs a thousand system calls
 * a second. Between the looks it blocks all signals.
 *
 * Signals: the kernel restarts none of these calls, so a sleeping one, plain or
 * _timed, is -EINTR after any handler, SA_RESTART or not.
 *
 * Death: of its peers a queue knows nothing. What they sent stays; what one had
 * received is gone with it.
 *
 * Threads: a handle does not change between its making and its closing. Any
 * number of threads may use it at once; closing it must be the last use.
 *
 * Fork: the child's copy of a handle works. Each process closes its own.
 *
 * Polling: there is no descriptor.
 *
 * End: a queue that was removed is -EIDRM to all, also to who sleeps in it.
 */
#ifndef IPCX_SYSV_MSG_H
#define IPCX_SYSV_MSG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The key of a System V object that has none: IPC_PRIVATE. */
#define IPCX_SYSV_PRIVATE	0

struct ipcx_sysv_msg;
struct msqid_ds;	/* <sys/msg.h> */

/* What has no room loses its end, instead of being left in the queue. */
#define IPCX_SYSV_MSG_TRUNCATE	0x1U
/* Any type but this one. */
#define IPCX_SYSV_MSG_EXCEPT	0x2U

/**
 * ipcx_sysv_msg_create() - make a queue
 * @key: its key, a key_t, or IPCX_SYSV_PRIVATE for another queue in any case
 * @flags: IPCX_CREATE_EXCL or 0
 * @mode: permission bits, 0 for 0600; the umask is not applied
 * @queue: set to the handle, to be closed with ipcx_sysv_msg_close()
 *
 * A key that is taken is opened, if IPCX_CREATE_EXCL is not set and all that
 * @mode gives the owner is allowed there.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (unknown flags or mode), -EEXIST, -EACCES, -ENOSPC (there are
 * /proc/sys/kernel/msgmni queues).
 */
int ipcx_sysv_msg_create(int key, uint32_t flags, uint32_t mode,
			 struct ipcx_sysv_msg **queue);

/**
 * ipcx_sysv_msg_open() - open the queue of a key
 * @key: its key
 * @queue: set to the handle, to be closed with ipcx_sysv_msg_close()
 *
 * What is allowed is seen when sending and receiving.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (IPCX_SYSV_PRIVATE), -ENOENT.
 */
int ipcx_sysv_msg_open(int key, struct ipcx_sysv_msg **queue);

/**
 * ipcx_sysv_msg_from_id() - a handle for an id that came from elsewhere
 * @id: id of a queue; taken as it is, so a wrong one shows at the first use
 * @queue: set to the handle, to be closed with ipcx_sysv_msg_close()
 *
 * Returns 0.
 *
 * Errors: -EINVAL (negative).
 */
int ipcx_sysv_msg_from_id(int id, struct ipcx_sysv_msg **queue);

/**
 * ipcx_sysv_msg_close() - close the handle
 * @queue: the handle, or NULL
 *
 * The queue stays.
 */
void ipcx_sysv_msg_close(struct ipcx_sysv_msg *queue);

/**
 * ipcx_sysv_msg_id() - the queue's id, to be passed on
 * @queue: the queue
 */
int ipcx_sysv_msg_id(const struct ipcx_sysv_msg *queue);

/**
 * ipcx_sysv_msg_stat() - all about the queue
 * @queue: the queue
 * @stat: filled in
 *
 * Returns 0.
 *
 * Errors: -EACCES (not readable), -EIDRM.
 */
int ipcx_sysv_msg_stat(const struct ipcx_sysv_msg *queue,
		       struct msqid_ds *stat);

/**
 * ipcx_sysv_msg_set_bytes() - change how much the queue holds
 * @queue: the queue
 * @bytes: of all its payloads together
 *
 * Returns 0.
 *
 * Errors: -EPERM (neither its owner nor its maker; above
 * /proc/sys/kernel/msgmnb without privilege), -EACCES (not readable), -EIDRM.
 */
int ipcx_sysv_msg_set_bytes(struct ipcx_sysv_msg *queue, size_t bytes);

/**
 * ipcx_sysv_msg_remove() - take the queue away, with all that is in it
 * @queue: the queue
 *
 * Returns 0.
 *
 * Errors: -EPERM (neither its owner nor its maker), -EIDRM.
 */
int ipcx_sysv_msg_remove(struct ipcx_sysv_msg *queue);

/**
 * ipcx_sysv_msg_send() - send a message
 * @queue: the queue
 * @message: its type and payload
 * @len: bytes of the payload; 0 is a message too
 *
 * Waits while there is no room.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (the type is not greater than 0), -EMSGSIZE (above
 * kernel.msgmax), -EACCES, -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EIDRM,
 * -EFAULT.
 */
int ipcx_sysv_msg_send(struct ipcx_sysv_msg *queue, const void *message,
		       size_t len);
int ipcx_sysv_msg_send_try(struct ipcx_sysv_msg *queue, const void *message,
			   size_t len);
int ipcx_sysv_msg_send_timed(struct ipcx_sysv_msg *queue, const void *message,
			     size_t len, uint64_t deadline_ns);

/**
 * ipcx_sysv_msg_recv() - receive a message
 * @queue: the queue
 * @message: where to put its type and payload
 * @cap: room for the payload
 * @type: 0 for the oldest message; a number above 0 for the oldest of that type;
 *	below 0 for the oldest of the lowest type that is at most -@type
 * @flags: IPCX_SYSV_MSG_* or 0
 *
 * Waits while there is no such message.
 *
 * Returns the bytes of the payload received.
 *
 * Errors: -EMSGSIZE (less room, and no IPCX_SYSV_MSG_TRUNCATE; nothing was
 * taken), -EINVAL (unknown flags), -EACCES, -EAGAIN (_try), -ETIMEDOUT (_timed),
 * -EINTR, -EIDRM, -EFAULT (the message is lost).
 */
ssize_t ipcx_sysv_msg_recv(struct ipcx_sysv_msg *queue, void *message,
			   size_t cap, long type, uint32_t flags);
ssize_t ipcx_sysv_msg_recv_try(struct ipcx_sysv_msg *queue, void *message,
			       size_t cap, long type, uint32_t flags);
ssize_t ipcx_sysv_msg_recv_timed(struct ipcx_sysv_msg *queue, void *message,
				 size_t cap, long type, uint32_t flags,
				 uint64_t deadline_ns);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SYSV_MSG_H */
