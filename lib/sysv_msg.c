// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <sys/msg.h>

#include <ipcx/sysv_msg.h>

#include "sysv.h"
#include "wait.h"

_Static_assert(IPCX_SYSV_PRIVATE == IPC_PRIVATE, "the same key");

struct ipcx_sysv_msg {
	int id;
};

/* The kernel says -EIDRM only to sleepers, and to the others that the id is bad. */
static int control(int id, int cmd, struct msqid_ds *stat)
{
	int ret = SYSCALL(msgctl(id, cmd, stat));

	return ret == -EINVAL ? -EIDRM : ret;
}

int ipcx_sysv_msg_create(int key, uint32_t flags, uint32_t mode,
			 struct ipcx_sysv_msg **queue)
{
	int how = (mode ? mode : DEFAULT_MODE) | IPC_CREAT;
	int id, ret;

	if (flags & ~IPCX_CREATE_EXCL || mode & ~0777U)
		return -EINVAL;
	if (flags & IPCX_CREATE_EXCL)
		how |= IPC_EXCL;
	id = SYSCALL(msgget(key, how));
	ret = SYSV_HANDLE(id, queue);
	/* One without a key would be lost to everybody. */
	if (ret < 0 && id >= 0 && key == IPC_PRIVATE)
		SYSCALL(msgctl(id, IPC_RMID, NULL));
	return ret;
}

int ipcx_sysv_msg_open(int key, struct ipcx_sysv_msg **queue)
{
	if (key == IPC_PRIVATE)
		return -EINVAL;
	return SYSV_HANDLE(SYSCALL(msgget(key, 0)), queue);
}

int ipcx_sysv_msg_from_id(int id, struct ipcx_sysv_msg **queue)
{
	return SYSV_HANDLE(id < 0 ? -EINVAL : id, queue);
}

void ipcx_sysv_msg_close(struct ipcx_sysv_msg *queue)
{
	free(queue);
}

int ipcx_sysv_msg_id(const struct ipcx_sysv_msg *queue)
{
	return queue->id;
}

int ipcx_sysv_msg_stat(const struct ipcx_sysv_msg *queue, struct msqid_ds *stat)
{
	return control(queue->id, IPC_STAT, stat);
}

int ipcx_sysv_msg_set_bytes(struct ipcx_sysv_msg *queue, size_t bytes)
{
	struct msqid_ds stat;
	int ret = control(queue->id, IPC_STAT, &stat);

	if (ret < 0)
		return ret;
	stat.msg_qbytes = bytes;
	return control(queue->id, IPC_SET, &stat);
}

int ipcx_sysv_msg_remove(struct ipcx_sysv_msg *queue)
{
	return control(queue->id, IPC_RMID, NULL);
}

/* What -EINVAL means for a message: the queue is gone, or @otherwise. */
static NOINLINE int invalid(int id, int otherwise)
{
	struct msqid_ds stat;

	return control(id, IPC_STAT, &stat) == -EIDRM ? -EIDRM : otherwise;
}

static NOINLINE long send_until(int id, const void *message, size_t len,
				uint64_t deadline)
{
	return AWAIT_STEPS(KERNEL(msgsnd, id, message, len, IPC_NOWAIT),
			   deadline);
}

int ipcx_sysv_msg_send_timed(struct ipcx_sysv_msg *queue, const void *message,
			     size_t len, uint64_t deadline_ns)
{
	long ret;

	if (deadline_ns == IPCX_FOREVER)
		ret = KERNEL(msgsnd, queue->id, message, len, 0);
	else
		ret = send_until(queue->id, message, len, deadline_ns);
	if (ret == -EINVAL)
		return invalid(queue->id, *(const long *)message > 0 ?
						  -EMSGSIZE : -EINVAL);
	return ret;
}

static long recv_once(int id, void *message, size_t cap, long type, int how)
{
	long ret = KERNEL(msgrcv, id, message, cap, type, how | IPC_NOWAIT);

	return ret == -ENOMSG ? -EAGAIN : ret;
}

static NOINLINE long recv_until(int id, void *message, size_t cap, long type,
				int how, uint64_t deadline)
{
	return AWAIT_STEPS(recv_once(id, message, cap, type, how), deadline);
}

ssize_t ipcx_sysv_msg_recv_timed(struct ipcx_sysv_msg *queue, void *message,
				 size_t cap, long type, uint32_t flags,
				 uint64_t deadline_ns)
{
	int how = 0;
	long ret;

	if (flags & ~(IPCX_SYSV_MSG_TRUNCATE | IPCX_SYSV_MSG_EXCEPT))
		return -EINVAL;
	if (flags & IPCX_SYSV_MSG_TRUNCATE)
		how |= MSG_NOERROR;
	if (flags & IPCX_SYSV_MSG_EXCEPT)
		how |= MSG_EXCEPT;
	if (cap > SSIZE_MAX)
		cap = SSIZE_MAX;
	if (deadline_ns == IPCX_FOREVER)
		ret = KERNEL(msgrcv, queue->id, message, cap, type, how);
	else
		ret = recv_until(queue->id, message, cap, type, how,
				 deadline_ns);
	if (ret == -E2BIG)
		return -EMSGSIZE;
	return ret == -EINVAL ? invalid(queue->id, -EINVAL) : ret;
}

int ipcx_sysv_msg_send(struct ipcx_sysv_msg *queue, const void *message,
		       size_t len)
{
	return ipcx_sysv_msg_send_timed(queue, message, len, IPCX_FOREVER);
}

int ipcx_sysv_msg_send_try(struct ipcx_sysv_msg *queue, const void *message,
			   size_t len)
{
	return ipcx_sysv_msg_send_timed(queue, message, len, IPCX_NO_WAIT);
}

ssize_t ipcx_sysv_msg_recv(struct ipcx_sysv_msg *queue, void *message,
			   size_t cap, long type, uint32_t flags)
{
	return ipcx_sysv_msg_recv_timed(queue, message, cap, type, flags,
					IPCX_FOREVER);
}

ssize_t ipcx_sysv_msg_recv_try(struct ipcx_sysv_msg *queue, void *message,
			       size_t cap, long type, uint32_t flags)
{
	return ipcx_sysv_msg_recv_timed(queue, message, cap, type, flags,
					IPCX_NO_WAIT);
}
