// SPDX-License-Identifier: LGPL-2.1-or-later
/* Making and naming sockets; socket_message.c moves what goes through them. */
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/un.h>

#include <ipcx/socket.h>

#include "socket.h"
#include "wait.h"

_Static_assert(IPCX_SOCKET_STREAM == SOCK_STREAM, "the same type");
_Static_assert(IPCX_SOCKET_DGRAM == SOCK_DGRAM, "the same type");
_Static_assert(IPCX_SOCKET_SEQPACKET == SOCK_SEQPACKET, "the same type");

static int set_option(int fd, int level, int option, int value)
{
	return SYSCALL(setsockopt(fd, level, option, &value, sizeof(value)));
}

static int get_option(int fd, int option, int *value)
{
	socklen_t len = sizeof(*value);

	return SYSCALL(getsockopt(fd, SOL_SOCKET, option, value, &len));
}

int ipcx_socket_from_fd(int fd, struct ipcx_socket **socket)
{
	struct ipcx_socket *handle;
	int family, type, ret;

	ret = get_option(fd, SO_DOMAIN, &family);
	if (!ret)
		ret = get_option(fd, SO_TYPE, &type);
	if (ret < 0)
		return ret;
	handle = malloc(sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	*handle = (struct ipcx_socket) { fd, family, type };
	*socket = handle;
	return 0;
}

/* A descriptor just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, struct ipcx_socket **socket)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = ipcx_socket_from_fd(fd, socket);
	if (ret < 0)
		SYSCALL(close(fd));
	return ret;
}

void ipcx_socket_close(struct ipcx_socket *socket)
{
	if (!socket)
		return;
	/* No cancellation point: receiving on a channel closes connections. */
	KERNEL(close, socket->fd);
	free(socket);
}

int ipcx_socket_pair(uint32_t type, struct ipcx_socket **one,
		     struct ipcx_socket **other)
{
	struct ipcx_socket *first;
	int fds[2];
	int ret;

	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -EINVAL;
	ret = SYSCALL(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
	if (ret < 0)
		return ret;
	ret = adopt(fds[0], &first);
	if (ret < 0) {
		SYSCALL(close(fds[1]));
		return ret;
	}
	ret = adopt(fds[1], other);
	if (ret < 0) {
		ipcx_socket_close(first);
		return ret;
	}
	*one = first;
	return 0;
}

/* Length of the address, or -errno. */
static int unix_address(const char *name, struct sockaddr_un *address)
{
	size_t len = strlen(name);
	bool abstract = *name == '@';

	if (len <= abstract)
		return -EINVAL;
	if (len >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un) { .sun_family = AF_UNIX };
	memcpy(address->sun_path, name, len);
	if (abstract)
		*address->sun_path = '\0';
	/* The zero at the end belongs to a path, but not to an abstract name. */
	return offsetof(struct sockaddr_un, sun_path) + len + !abstract;
}

/* Accepting needs O_NONBLOCK for its try; sending and receiving have a flag. */
static int bound(int family, int type, const void *address, socklen_t len,
		 bool any)
{
	int nonblock = type == SOCK_DGRAM ? 0 : SOCK_NONBLOCK;
	int fd = SYSCALL(socket(family, type | nonblock | SOCK_CLOEXEC, 0));
	int ret = 0;

	if (fd < 0)
		return fd;
	if (family != AF_UNIX && type == SOCK_STREAM)
		ret = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!ret && family == AF_INET6)
		ret = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !any);
	if (!ret)
		ret = SYSCALL(bind(fd, address, len));
	if (!ret && type != SOCK_DGRAM)
		ret = SYSCALL(listen(fd, SOMAXCONN));
	if (ret < 0) {
		SYSCALL(close(fd));
		return ret;
	}
	return fd;
}

/* How a connection that goes on by itself has ended, or -EAGAIN. */
static int connection(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	struct timespec now = { 0 };
	int error;
	int ret = KERNEL(ppoll, &pollfd, 1UL, &now, NULL, 0UL);

	if (ret <= 0)
		return ret && ret != -EINTR ? ret : -EAGAIN;
	ret = get_option(fd, SO_ERROR, &error);
	return ret < 0 ? ret : -error;
}

/* The kernel waits where there is no deadline, and restarts that. */
static int connected(int family, int type, const void *address, socklen_t len,
		     uint64_t deadline)
{
	int nonblock = deadline == IPCX_FOREVER ? 0 : SOCK_NONBLOCK;
	int fd = SYSCALL(socket(family, type | nonblock | SOCK_CLOEXEC, 0));
	int ret;

	if (fd < 0)
		return fd;
	/* Nobody tells of room among those who wait to be accepted. */
	ret = AWAIT_STEPS(KERNEL(connect, fd, address, len), deadline);
	if (ret == -EINPROGRESS)
		ret = AWAIT(connection(fd), wait_fd(fd, POLLOUT, deadline));
	if (!ret && nonblock)
		ret = SYSCALL(fcntl(fd, F_SETFL, 0));
	if (ret < 0) {
		SYSCALL(close(fd));
		return ret;
	}
	return fd;
}

int ipcx_socket_listen_unix(const char *name, uint32_t type,
			    struct ipcx_socket **socket)
{
	struct sockaddr_un address;
	int len = unix_address(name, &address);

	if (len < 0)
		return len;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -EINVAL;
	return adopt(bound(AF_UNIX, type, &address, len, false), socket);
}

int ipcx_socket_connect_unix_timed(const char *name, uint32_t type,
				   struct ipcx_socket **socket,
				   uint64_t deadline_ns)
{
	struct sockaddr_un address;
	int len = unix_address(name, &address);

	if (len < 0)
		return len;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -EINVAL;
	return adopt(connected(AF_UNIX, type, &address, len, deadline_ns),
		     socket);
}

static int resolve(const char *host, const char *service, int family, int type,
		   int flags, struct addrinfo **list)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = type,
		.ai_flags = flags,
	};
	int before = errno;
	int ret = 0;

	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return -EINVAL;
	switch (getaddrinfo(host, service, &hints, list)) {
	case 0:
		break;
	case EAI_SYSTEM:
		ret = -errno;
		break;
	case EAI_MEMORY:
		ret = -ENOMEM;
		break;
	case EAI_AGAIN:
		ret = -EHOSTUNREACH;
		break;
	case EAI_FAMILY:
		ret = -EAFNOSUPPORT;
		break;
	default:
		ret = -EADDRNOTAVAIL;
	}
	errno = before;
	return ret;
}

static int listen_inet(const char *host, const char *service, int family,
		       int type, struct ipcx_socket **socket)
{
	struct addrinfo *list;
	int ret = resolve(host, service, family, type, AI_PASSIVE, &list);

	if (ret < 0)
		return ret;
	ret = -EADDRNOTAVAIL;
	for (struct addrinfo *at = list; at && ret < 0; at = at->ai_next)
		ret = bound(at->ai_family, type, at->ai_addr, at->ai_addrlen,
			    !host);
	freeaddrinfo(list);
	return adopt(ret, socket);
}

int ipcx_socket_listen_inet(const char *host, const char *service,
			    uint32_t type, struct ipcx_socket **socket)
{
	int ret;

	if (host)
		return listen_inet(host, service, AF_UNSPEC, type, socket);
	/* One socket for both, or for IPv4 where there is no other. */
	ret = listen_inet(NULL, service, AF_INET6, type, socket);
	if (ret == -EAFNOSUPPORT || ret == -EADDRNOTAVAIL)
		ret = listen_inet(NULL, service, AF_INET, type, socket);
	return ret;
}

int ipcx_socket_connect_inet_timed(const char *host, const char *service,
				   uint32_t type, struct ipcx_socket **socket,
				   uint64_t deadline_ns)
{
	struct addrinfo *list;
	int ret = resolve(host, service, AF_UNSPEC, type, 0, &list);

	if (ret < 0)
		return ret;
	ret = -EADDRNOTAVAIL;
	for (struct addrinfo *at = list; at && ret < 0; at = at->ai_next) {
		ret = connected(at->ai_family, type, at->ai_addr,
				at->ai_addrlen, deadline_ns);
		if (ret == -EINTR || ret == -EAGAIN)
			break;
	}
	freeaddrinfo(list);
	return adopt(ret, socket);
}

int ipcx_socket_accept_timed(struct ipcx_socket *listener,
			     struct ipcx_socket **socket, uint64_t deadline_ns)
{
	int fd = listener->fd;

	return adopt(AWAIT(KERNEL(accept4, fd, NULL, NULL, SOCK_CLOEXEC),
			   wait_fd(fd, POLLIN, deadline_ns)), socket);
}

int ipcx_socket_fd(const struct ipcx_socket *socket)
{
	return socket->fd;
}

int ipcx_socket_port(const struct ipcx_socket *socket)
{
	struct sockaddr_in6 address = { 0 };
	socklen_t len = sizeof(address);
	int ret;

	if (socket->family != AF_INET && socket->family != AF_INET6)
		return -EOPNOTSUPP;
	ret = SYSCALL(getsockname(socket->fd, (struct sockaddr *)&address,
				  &len));
	/* Where an IPv4 address has it, too. */
	return ret < 0 ? ret : ntohs(address.sin6_port);
}

int ipcx_socket_peer(const struct ipcx_socket *socket,
		     struct ipcx_socket_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int ret;

	if (socket->family != AF_UNIX)
		return -EOPNOTSUPP;
	ret = SYSCALL(getsockopt(socket->fd, SOL_SOCKET, SO_PEERCRED, &cred,
				 &len));
	if (ret < 0)
		return ret;
	if (cred.uid == (uid_t)-1)
		return -ENOTCONN;
	*peer = (struct ipcx_socket_peer) { cred.pid, cred.uid, cred.gid };
	return 0;
}

int ipcx_socket_shutdown(struct ipcx_socket *socket, uint32_t rights)
{
	switch (rights) {
	case IPCX_RIGHT_SEND:
		return SYSCALL(shutdown(socket->fd, SHUT_WR));
	case IPCX_RIGHT_RECV:
		return SYSCALL(shutdown(socket->fd, SHUT_RD));
	case IPCX_RIGHT_SEND | IPCX_RIGHT_RECV:
		return SYSCALL(shutdown(socket->fd, SHUT_RDWR));
	}
	return -EINVAL;
}

int ipcx_socket_connect_unix(const char *name, uint32_t type,
			     struct ipcx_socket **socket)
{
	return ipcx_socket_connect_unix_timed(name, type, socket, IPCX_FOREVER);
}

int ipcx_socket_connect_unix_try(const char *name, uint32_t type,
				 struct ipcx_socket **socket)
{
	return ipcx_socket_connect_unix_timed(name, type, socket, IPCX_NO_WAIT);
}

int ipcx_socket_connect_inet(const char *host, const char *service,
			     uint32_t type, struct ipcx_socket **socket)
{
	return ipcx_socket_connect_inet_timed(host, service, type, socket,
					      IPCX_FOREVER);
}

int ipcx_socket_connect_inet_try(const char *host, const char *service,
				 uint32_t type, struct ipcx_socket **socket)
{
	return ipcx_socket_connect_inet_timed(host, service, type, socket,
					      IPCX_NO_WAIT);
}

int ipcx_socket_accept(struct ipcx_socket *listener,
		       struct ipcx_socket **socket)
{
	return ipcx_socket_accept_timed(listener, socket, IPCX_FOREVER);
}

int ipcx_socket_accept_try(struct ipcx_socket *listener,
			   struct ipcx_socket **socket)
{
	return ipcx_socket_accept_timed(listener, socket, IPCX_NO_WAIT);
}
