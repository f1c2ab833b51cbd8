// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/uio.h>

#include "channel_fds.h"
#include "wait.h"

union recv_control {
	char room[CMSG_SPACE(sizeof(struct ucred)) +
		  CMSG_SPACE(IPCX_FDS_MAX * sizeof(int))];
	struct cmsghdr header;
};

union send_control {
	char room[CMSG_SPACE(IPCX_FDS_MAX * sizeof(int))];
	struct cmsghdr header;
};

void fds_close(struct fds *fds)
{
	while (fds->count)
		KERNEL(close, fds->fd[--fds->count]);
	fds->lost = false;
}

void fds_deliver(struct fds *fds, struct ipcx_channel_msg *msg, int *to,
		 uint32_t room)
{
	uint32_t given = fds->count < room ? fds->count : room;

	if (fds->lost || given < fds->count)
		msg->flags |= IPCX_MSG_FDS_LOST;
	if (given)
		memcpy(to, fds->fd, given * sizeof(int));
	msg->fds = given;
	while (fds->count > given)
		KERNEL(close, fds->fd[--fds->count]);
	*fds = (struct fds) { .count = 0 };
}

/* Without credentials before them there is room for more than a message has. */
static void add(struct fds *fds, const void *data, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(int); i++) {
		int fd = ((const int *)data)[i];

		if (fds->count < IPCX_FDS_MAX) {
			fds->fd[fds->count++] = fd;
		} else {
			KERNEL(close, fd);
			fds->lost = true;
		}
	}
}

static void sort_out(struct msghdr *msg, struct fds *fds, struct ucred *from)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(msg); at;
	     at = CMSG_NXTHDR(msg, at)) {
		if (at->cmsg_level != SOL_SOCKET)
			continue;
		if (at->cmsg_type == SCM_CREDENTIALS)
			memcpy(from, CMSG_DATA(at), sizeof(*from));
		else if (at->cmsg_type == SCM_RIGHTS)
			add(fds, CMSG_DATA(at), at->cmsg_len - CMSG_LEN(0));
	}
	if (msg->msg_flags & MSG_CTRUNC)
		fds->lost = true;
}

long fds_recv(int fd, struct iovec *iov, int count, struct fds *fds,
	      struct ucred *from)
{
	union recv_control control;
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = count,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	long ret = KERNEL(recvmsg, fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	fds->count = 0;
	fds->lost = false;
	from->pid = -1;
	if (ret < 0)
		return ret;
	if (msg.msg_controllen || msg.msg_flags & MSG_CTRUNC)
		sort_out(&msg, fds, from);
	if (!(msg.msg_flags & MSG_TRUNC))
		return ret;
	fds_close(fds);
	return -EBADMSG;
}

long fds_send(int fd, struct iovec *iov, int parts, const int *fds,
	      uint32_t count)
{
	union send_control control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = parts };

	if (count) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		/* To the end of the last one's alignment, too. */
		memset(&control, 0, sizeof(control));
		control.header = (struct cmsghdr) {
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(count * sizeof(int)),
		};
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	return KERNEL(sendmsg, fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}
