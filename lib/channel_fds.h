/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes beside the bytes of a unix socket. */
#ifndef CHANNEL_FDS_H
#define CHANNEL_FDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <ipcx/channel.h>

/**
 * struct fds - descriptors on their way
 * @fd: they; whoever has this closes them or gives them on
 * @count: how many
 * @lost: there were more
 */
struct fds {
	int fd[IPCX_FDS_MAX];
	uint32_t count;
	bool lost;
};

static inline bool fds_any(const struct fds *fds)
{
	return fds->count || fds->lost;
}

void fds_close(struct fds *fds);

/* Give them to a caller, who has room for @room, and close the others. */
void fds_deliver(struct fds *fds, struct ipcx_channel_msg *msg, int *to,
		 uint32_t room);

/*
 * recvmsg(2) that does not wait. Sets @fds, and @from to who sent it, with a pid
 * of -1 if that is not told. -EBADMSG for a packet that is larger than its room.
 */
long fds_recv(int fd, struct iovec *iov, int count, struct fds *fds,
	      struct ucred *from);

/* sendmsg(2) that does not wait, with @count descriptors. */
long fds_send(int fd, struct iovec *iov, int parts, const int *fds,
	      uint32_t count);

#endif /* CHANNEL_FDS_H */
