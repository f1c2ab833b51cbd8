// SPDX-License-Identifier: LGPL-2.1-or-later
/* Moving bytes, messages and descriptors through sockets. */
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include "socket.h"
#include "wait.h"

_Static_assert(sizeof(((struct ipcx_socket_address *)0)->opaque) >=
	       sizeof(struct sockaddr_storage), "room for any address");

/* ---- sending ---- */

/*
 * The kernel waits where there is no deadline, and restarts that; not so on a
 * stream, where it would go on after a handler, or not, without a word.
 */
static int how(const struct ipcx_socket *socket, uint64_t deadline)
{
	if (deadline == IPCX_FOREVER && socket->type != SOCK_STREAM)
		return MSG_NOSIGNAL;
	return MSG_NOSIGNAL | MSG_DONTWAIT;
}

static long send_once(const struct ipcx_socket *socket, const void *buf,
		      size_t len, uint64_t deadline)
{
	int fd = socket->fd, flags = how(socket, deadline);

	return AWAIT(KERNEL(sendto, fd, buf, len, flags, NULL, 0),
		     wait_fd(fd, POLLOUT, deadline));
}

static ssize_t send_rest(const struct ipcx_socket *socket, const void *buf,
			 size_t len, size_t done, uint64_t deadline)
{
	while (done < len) {
		long ret = send_once(socket, (const char *)buf + done,
				     len - done, deadline);

		if (ret < 0)
			return done ? (ssize_t)done : ret;
		done += ret;
	}
	return done;
}

ssize_t ipcx_socket_send_timed(struct ipcx_socket *socket, const void *buf,
			       size_t len, uint64_t deadline_ns)
{
	if (socket->type == SOCK_STREAM)
		return send_rest(socket, buf, len, 0, deadline_ns);
	return send_once(socket, buf, len, deadline_ns);
}

ssize_t ipcx_socket_send_fds_timed(struct ipcx_socket *socket, const void *buf,
				   size_t len, const int *fds, uint32_t count,
				   uint64_t deadline_ns)
{
	union {
		char room[CMSG_SPACE(IPCX_SOCKET_FDS_MAX * sizeof(int))];
		struct cmsghdr header;
	} control;
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	int fd = socket->fd, flags = how(socket, deadline_ns);
	long ret;

	if (!count || count > IPCX_SOCKET_FDS_MAX ||
	    socket->family != AF_UNIX || (socket->type == SOCK_STREAM && !len))
		return -EINVAL;
	control.header = (struct cmsghdr) {
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(count * sizeof(int)),
	};
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	ret = AWAIT(KERNEL(sendmsg, fd, &msg, flags),
		    wait_fd(fd, POLLOUT, deadline_ns));
	if (ret < 0 || socket->type != SOCK_STREAM)
		return ret;
	return send_rest(socket, buf, len, ret, deadline_ns);
}

ssize_t ipcx_socket_send_to_timed(struct ipcx_socket *socket, const void *buf,
				  size_t len,
				  const struct ipcx_socket_address *address,
				  uint64_t deadline_ns)
{
	int fd = socket->fd, flags = how(socket, deadline_ns);

	if (socket->type != SOCK_DGRAM)
		return -EOPNOTSUPP;
	if (!address->len || address->len > sizeof(address->opaque))
		return -EDESTADDRREQ;
	/* To poll(2), a full queue that this socket is not connected to is none. */
	if (socket->family == AF_UNIX)
		return AWAIT_STEPS(KERNEL(sendto, fd, buf, len, flags,
					  address->opaque, address->len),
				   deadline_ns);
	return AWAIT(KERNEL(sendto, fd, buf, len, flags, address->opaque,
			    address->len), wait_fd(fd, POLLOUT, deadline_ns));
}

/* ---- receiving ---- */

union recv_control {
	char room[CMSG_SPACE(IPCX_SOCKET_FDS_MAX * sizeof(int))];
	struct cmsghdr header;
};

/*
 * Whether a 0 that was received is the end: of sequenced packets an empty one
 * is told by the same. It is the end if the peer has hung up and no byte is
 * left; then an empty one that came last is taken for it. To know better takes
 * a time stamp on every packet, and a sixth more of every call.
 */
static NOINLINE bool ended(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLRDHUP };
	struct timespec now = { 0 };
	int bytes = 0;

	KERNEL(ppoll, &pollfd, 1, &now, NULL, 0);
	if (!(pollfd.revents & POLLRDHUP))
		return false;
	KERNEL(ioctl, fd, FIONREAD, &bytes);
	return !bytes;
}

/* The descriptors in a message: how many, copied to where there is room. */
static uint32_t fds_of(struct msghdr *msg, int *fds)
{
	uint32_t count = 0;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(msg); at;
	     at = CMSG_NXTHDR(msg, at)) {
		size_t bytes = at->cmsg_len - CMSG_LEN(0);

		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds + count, CMSG_DATA(at), bytes);
		count += bytes / sizeof(int);
	}
	return count;
}

static long recv_some(const struct ipcx_socket *socket, void *buf, size_t cap,
		      int flags, uint64_t deadline)
{
	int fd = socket->fd;

	if (deadline != IPCX_FOREVER)
		flags |= MSG_DONTWAIT;
	return AWAIT(KERNEL(recvfrom, fd, buf, cap, flags, NULL, NULL),
		     wait_fd(fd, POLLIN, deadline));
}

ssize_t ipcx_socket_recv_timed(struct ipcx_socket *socket, void *buf,
			       size_t cap, uint64_t deadline_ns)
{
	long ret;

	/* To messages MSG_TRUNC means their true length, to TCP another thing. */
	if (socket->type == SOCK_STREAM)
		return cap ? recv_some(socket, buf, cap, 0, deadline_ns) :
			     -EINVAL;
	ret = recv_some(socket, buf, cap, MSG_TRUNC, deadline_ns);
	if (!ret && socket->type == SOCK_SEQPACKET && ended(socket->fd))
		return -EPIPE;
	return ret > 0 && (size_t)ret > cap ? -EMSGSIZE : ret;
}

static long recv_with_fds(int fd, struct msghdr *msg, int flags)
{
	long ret = KERNEL(recvmsg, fd, msg, flags);

	return ret >= 0 && msg->msg_flags & MSG_TRUNC ? -EMSGSIZE : ret;
}

ssize_t ipcx_socket_recv_fds_timed(struct ipcx_socket *socket, void *buf,
				   size_t cap, int *fds, uint32_t *count,
				   uint64_t deadline_ns)
{
	int fd = socket->fd;
	int flags = MSG_CMSG_CLOEXEC |
		    (deadline_ns == IPCX_FOREVER ? 0 : MSG_DONTWAIT);
	struct iovec iov = { .iov_base = buf, .iov_len = cap };
	union recv_control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int got[IPCX_SOCKET_FDS_MAX];
	uint32_t n = 0;
	long ret;

	if (socket->type == SOCK_STREAM && !cap)
		return -EINVAL;
	ret = AWAIT(recv_with_fds(fd, &msg, flags),
		    wait_fd(fd, POLLIN, deadline_ns));
	/* Otherwise nothing has come, and the control is as it was. */
	if (ret >= 0 || ret == -EMSGSIZE)
		n = fds_of(&msg, got);
	if (ret >= 0 && msg.msg_flags & MSG_CTRUNC)
		ret = -EMFILE;
	if (ret >= 0 && n > *count)
		ret = -EMSGSIZE;
	if (!ret && !n && socket->type == SOCK_SEQPACKET && ended(fd))
		ret = -EPIPE;
	if (ret < 0) {
		for (uint32_t i = 0; i < n; i++)
			KERNEL(close, got[i]);
		return ret;
	}
	memcpy(fds, got, n * sizeof(int));
	*count = n;
	return ret;
}

ssize_t ipcx_socket_recv_from_timed(struct ipcx_socket *socket, void *buf,
				    size_t cap,
				    struct ipcx_socket_address *address,
				    uint64_t deadline_ns)
{
	int fd = socket->fd;
	int flags = MSG_TRUNC | (deadline_ns == IPCX_FOREVER ? 0 : MSG_DONTWAIT);
	struct ipcx_socket_address from = { .len = sizeof(from.opaque) };
	long ret;

	if (socket->type != SOCK_DGRAM)
		return -EOPNOTSUPP;
	ret = AWAIT(KERNEL(recvfrom, fd, buf, cap, flags, from.opaque,
			   &from.len), wait_fd(fd, POLLIN, deadline_ns));
	if (ret < 0)
		return ret;
	if ((size_t)ret > cap)
		return -EMSGSIZE;
	*address = from;
	return ret;
}

ssize_t ipcx_socket_send(struct ipcx_socket *socket, const void *buf,
			 size_t len)
{
	return ipcx_socket_send_timed(socket, buf, len, IPCX_FOREVER);
}

ssize_t ipcx_socket_send_try(struct ipcx_socket *socket, const void *buf,
			     size_t len)
{
	return ipcx_socket_send_timed(socket, buf, len, IPCX_NO_WAIT);
}

ssize_t ipcx_socket_recv(struct ipcx_socket *socket, void *buf, size_t cap)
{
	return ipcx_socket_recv_timed(socket, buf, cap, IPCX_FOREVER);
}

ssize_t ipcx_socket_recv_try(struct ipcx_socket *socket, void *buf, size_t cap)
{
	return ipcx_socket_recv_timed(socket, buf, cap, IPCX_NO_WAIT);
}

ssize_t ipcx_socket_send_fds(struct ipcx_socket *socket, const void *buf,
			     size_t len, const int *fds, uint32_t count)
{
	return ipcx_socket_send_fds_timed(socket, buf, len, fds, count,
					  IPCX_FOREVER);
}

ssize_t ipcx_socket_send_fds_try(struct ipcx_socket *socket, const void *buf,
				 size_t len, const int *fds, uint32_t count)
{
	return ipcx_socket_send_fds_timed(socket, buf, len, fds, count,
					  IPCX_NO_WAIT);
}

ssize_t ipcx_socket_recv_fds(struct ipcx_socket *socket, void *buf, size_t cap,
			     int *fds, uint32_t *count)
{
	return ipcx_socket_recv_fds_timed(socket, buf, cap, fds, count,
					  IPCX_FOREVER);
}

ssize_t ipcx_socket_recv_fds_try(struct ipcx_socket *socket, void *buf,
				 size_t cap, int *fds, uint32_t *count)
{
	return ipcx_socket_recv_fds_timed(socket, buf, cap, fds, count,
					  IPCX_NO_WAIT);
}

ssize_t ipcx_socket_send_to(struct ipcx_socket *socket, const void *buf,
			    size_t len,
			    const struct ipcx_socket_address *address)
{
	return ipcx_socket_send_to_timed(socket, buf, len, address,
					 IPCX_FOREVER);
}

ssize_t ipcx_socket_send_to_try(struct ipcx_socket *socket, const void *buf,
				size_t len,
				const struct ipcx_socket_address *address)
{
	return ipcx_socket_send_to_timed(socket, buf, len, address,
					 IPCX_NO_WAIT);
}

ssize_t ipcx_socket_recv_from(struct ipcx_socket *socket, void *buf, size_t cap,
			      struct ipcx_socket_address *address)
{
	return ipcx_socket_recv_from_timed(socket, buf, cap, address,
					   IPCX_FOREVER);
}

ssize_t ipcx_socket_recv_from_try(struct ipcx_socket *socket, void *buf,
				  size_t cap,
				  struct ipcx_socket_address *address)
{
	return ipcx_socket_recv_from_timed(socket, buf, cap, address,
					   IPCX_NO_WAIT);
}
