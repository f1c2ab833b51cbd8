/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets: unix streams, sequenced packets and datagrams within a machine, TCP
 * and UDP over IPv4 and IPv6 between machines. <ipcx/ipcx.h> says what holds for
 * every call, but for names.
 *
 * Names: of a unix socket a path, of up to 107 bytes, or, where the first is a
 * '@', an abstract name, seen within one network namespace and gone with its
 * socket. (A path that begins so is written "./@".) A path stays when its socket
 * is closed, and has to go by unlink(2) before another can have it.
 * Of TCP and UDP a host and a service, as for getaddrinfo(3), each by name or
 * number. The resolver may ask a name server, and no deadline bounds that;
 * numbers and /etc/hosts it knows at once.
 *
 * Types: a stream is bytes without boundaries, and its end is read as 0. The two
 * others keep messages whole, of which 0 bytes are one too; the end of sequenced
 * packets is -EPIPE, and datagrams have none. Empty packets that were the last
 * are lost if they are received after the peer has gone: the system tells them
 * and the end by the same.
 *
 * Signals: SIGPIPE is never raised. A plain call goes on after a handler with
 * SA_RESTART, but for accepting and for sending on a stream: they wait by
 * poll(2), as all _timed calls do, and are -EINTR after any handler.
 *
 * Death: what a peer sent before it died is received, but for TCP if it left
 * something unread. Then comes the end, or -ECONNRESET; who sends gets -EPIPE or
 * -ECONNRESET, to a datagram's receiver -ECONNREFUSED.
 *
 * Threads: any number of threads may use a handle at once; closing it must be
 * the last use. On a stream, calls at the same time may mix their bytes.
 *
 * Fork: the child has copies of all handles, of the same sockets. Each process
 * closes its own, and the peer sees the end when all are closed.
 *
 * Polling: the descriptor is readable (POLLIN) when there is something to
 * receive or to accept, and POLLHUP at the end; writable (POLLOUT) when
 * something can be sent, though maybe not much.
 */
#ifndef IPCX_SOCKET_H
#define IPCX_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_socket;

/* Types, as SOCK_STREAM and its like. */
#define IPCX_SOCKET_STREAM	1U	/* TCP */
#define IPCX_SOCKET_DGRAM	2U	/* UDP */
#define IPCX_SOCKET_SEQPACKET	5U	/* unix only */

/* Descriptors that one message can carry. */
#define IPCX_SOCKET_FDS_MAX	253

/**
 * struct ipcx_socket_peer - who has the other side
 * @pid: process, 0 if it is not seen in this PID namespace
 * @uid: its effective user
 * @gid: its effective group
 *
 * The kernel vouches for that, as it was when the peer connected, listened or
 * made the pair.
 */
struct ipcx_socket_peer {
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
};

/**
 * struct ipcx_socket_address - where a datagram came from, to be sent back to
 * @len: bytes of it; 0 if the sender has no address
 * @opaque: a sockaddr
 */
struct ipcx_socket_address {
	uint32_t len;
	uint64_t opaque[16];
};

/**
 * ipcx_socket_pair() - make two unix sockets connected to each other
 * @type: IPCX_SOCKET_*
 * @one: set to one side, to be closed with ipcx_socket_close()
 * @other: set to the other side, likewise
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such type).
 */
int ipcx_socket_pair(uint32_t type, struct ipcx_socket **one,
		     struct ipcx_socket **other);

/**
 * ipcx_socket_listen_unix() - be found by a name in this machine
 * @name: the name
 * @type: IPCX_SOCKET_*
 * @socket: set to the handle, to be closed with ipcx_socket_close()
 *
 * For ipcx_socket_accept(), or of datagrams to receive them. Who may connect to
 * a path is decided by the file's mode, which is 0777 less the umask; to an
 * abstract name, everybody.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such name or type), -ENAMETOOLONG, -EADDRINUSE (also a
 * path that was left behind), -EACCES, -ENOENT.
 */
int ipcx_socket_listen_unix(const char *name, uint32_t type,
			    struct ipcx_socket **socket);

/**
 * ipcx_socket_listen_inet() - be found by a port
 * @host: which of the machine's addresses, NULL for all, IPv6 and IPv4
 * @service: the port, "0" for one that is free (see ipcx_socket_port())
 * @type: IPCX_SOCKET_STREAM for TCP, IPCX_SOCKET_DGRAM for UDP
 * @socket: set to the handle, to be closed with ipcx_socket_close()
 *
 * For ipcx_socket_accept(), or of datagrams to receive them. Of several
 * addresses that @host has, the first that can be had.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such type), -EADDRNOTAVAIL (no such host or service, or
 * not of this machine), -EHOSTUNREACH (no name server answers), -EADDRINUSE,
 * -EACCES (a port below 1024), -EAFNOSUPPORT.
 */
int ipcx_socket_listen_inet(const char *host, const char *service,
			    uint32_t type, struct ipcx_socket **socket);

/**
 * ipcx_socket_connect_unix() - connect to a name in this machine
 * @name: the name
 * @type: IPCX_SOCKET_*, as that of who listens
 * @socket: set to the handle, to be closed with ipcx_socket_close()
 *
 * Waits while too many others wait to be accepted. The _timed form looks every
 * millisecond whether they still do.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such name or type), -ENAMETOOLONG, -ENOENT (no such path),
 * -ECONNREFUSED (nobody listens), -EPROTOTYPE (of another type), -EACCES,
 * -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR.
 */
int ipcx_socket_connect_unix(const char *name, uint32_t type,
			     struct ipcx_socket **socket);
int ipcx_socket_connect_unix_try(const char *name, uint32_t type,
				 struct ipcx_socket **socket);
int ipcx_socket_connect_unix_timed(const char *name, uint32_t type,
				   struct ipcx_socket **socket,
				   uint64_t deadline_ns);

/**
 * ipcx_socket_connect_inet() - connect to a port of a host
 * @host: the host, NULL for this one
 * @service: the port
 * @type: IPCX_SOCKET_STREAM for TCP, IPCX_SOCKET_DGRAM for UDP
 * @socket: set to the handle, to be closed with ipcx_socket_close()
 *
 * Of several addresses that @host has, the first that answers. UDP only notes
 * the address. A _try that does not succeed leaves nothing behind to go on with:
 * to a host that is not this one it hardly ever does.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (no such type), -EADDRNOTAVAIL (no such host or service),
 * -EHOSTUNREACH (no name server answers; also as of connect(2)), -ECONNREFUSED,
 * -ENETUNREACH, -EAGAIN (_try), -ETIMEDOUT (_timed; also after the minutes that
 * the kernel tries), -EINTR.
 */
int ipcx_socket_connect_inet(const char *host, const char *service,
			     uint32_t type, struct ipcx_socket **socket);
int ipcx_socket_connect_inet_try(const char *host, const char *service,
				 uint32_t type, struct ipcx_socket **socket);
int ipcx_socket_connect_inet_timed(const char *host, const char *service,
				   uint32_t type, struct ipcx_socket **socket,
				   uint64_t deadline_ns);

/**
 * ipcx_socket_accept() - take one who has connected
 * @listener: who listens
 * @socket: set to the handle of the connection, to be closed with
 *	ipcx_socket_close()
 *
 * Waits while there is none.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (does not listen), -EOPNOTSUPP (datagrams), -ECONNABORTED (it
 * went again), -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR.
 */
int ipcx_socket_accept(struct ipcx_socket *listener,
		       struct ipcx_socket **socket);
int ipcx_socket_accept_try(struct ipcx_socket *listener,
			   struct ipcx_socket **socket);
int ipcx_socket_accept_timed(struct ipcx_socket *listener,
			     struct ipcx_socket **socket, uint64_t deadline_ns);

/**
 * ipcx_socket_from_fd() - a handle for a descriptor that came from elsewhere
 * @fd: descriptor of a socket; belongs to the handle if the call succeeds, and
 *	stays the caller's if it fails
 * @socket: set to the handle, to be closed with ipcx_socket_close()
 *
 * One that listens is to be O_NONBLOCK, or accepting may wait when it should not.
 *
 * Returns 0.
 *
 * Errors: -EBADF, -ENOTSOCK.
 */
int ipcx_socket_from_fd(int fd, struct ipcx_socket **socket);

/**
 * ipcx_socket_close() - close the handle and its descriptor
 * @socket: the handle, or NULL
 */
void ipcx_socket_close(struct ipcx_socket *socket);

/**
 * ipcx_socket_fd() - the descriptor: to poll, to pass on, for setsockopt(2)
 * @socket: the socket
 *
 * It still belongs to the handle.
 */
int ipcx_socket_fd(const struct ipcx_socket *socket);

/**
 * ipcx_socket_port() - this side's port
 * @socket: a TCP or UDP socket
 *
 * Returns the port. Errors: -EOPNOTSUPP (not TCP or UDP).
 */
int ipcx_socket_port(const struct ipcx_socket *socket);

/**
 * ipcx_socket_peer() - who has the other side
 * @socket: a unix socket that is connected
 * @peer: filled in
 *
 * Returns 0.
 *
 * Errors: -EOPNOTSUPP (not a unix socket), -ENOTCONN (also datagrams, unless
 * they are of a pair).
 */
int ipcx_socket_peer(const struct ipcx_socket *socket,
		     struct ipcx_socket_peer *peer);

/**
 * ipcx_socket_shutdown() - end one direction or both, for all who have it
 * @socket: the socket
 * @rights: IPCX_RIGHT_SEND: the peer reads the end; IPCX_RIGHT_RECV
 *
 * Returns 0.
 *
 * Errors: -EINVAL, -ENOTCONN.
 */
int ipcx_socket_shutdown(struct ipcx_socket *socket, uint32_t rights);

/**
 * ipcx_socket_send() - send bytes or a message
 * @socket: the socket, connected
 * @buf: the payload
 * @len: its bytes
 *
 * On a stream waits until all is sent; a message is sent whole or not at all.
 *
 * Returns how many were sent: on a stream less than @len if an error stopped it
 * after the first, or for _try if there was no more room. The error is the
 * result of the next call if it lasts.
 *
 * Errors: -EMSGSIZE (a larger message than can be), -EAGAIN (_try), -ETIMEDOUT
 * (_timed), -EINTR, -EPIPE, -ECONNRESET, -ECONNREFUSED (the peer is gone),
 * -ENOTCONN, -EDESTADDRREQ, -EFAULT.
 */
ssize_t ipcx_socket_send(struct ipcx_socket *socket, const void *buf,
			 size_t len);
ssize_t ipcx_socket_send_try(struct ipcx_socket *socket, const void *buf,
			     size_t len);
ssize_t ipcx_socket_send_timed(struct ipcx_socket *socket, const void *buf,
			       size_t len, uint64_t deadline_ns);

/**
 * ipcx_socket_recv() - receive what is there, or a message
 * @socket: the socket
 * @buf: where to put it
 * @cap: room there; on a stream not 0
 *
 * Waits while there is nothing.
 *
 * Returns the bytes received; on a stream 0 at the end.
 *
 * Errors: -EMSGSIZE (a larger message than @cap; it is lost), -EINVAL (a stream
 * and no room), -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EPIPE (sequenced
 * packets: the end), -ECONNRESET, -ECONNREFUSED (the peer is gone), -ENOTCONN,
 * -EFAULT.
 */
ssize_t ipcx_socket_recv(struct ipcx_socket *socket, void *buf, size_t cap);
ssize_t ipcx_socket_recv_try(struct ipcx_socket *socket, void *buf, size_t cap);
ssize_t ipcx_socket_recv_timed(struct ipcx_socket *socket, void *buf,
			       size_t cap, uint64_t deadline_ns);

/**
 * ipcx_socket_send_fds() - send, and descriptors with it
 * @socket: a unix socket, connected
 * @buf: the payload
 * @len: its bytes; on a stream not 0
 * @fds: the descriptors, which stay the caller's too
 * @count: how many, 1 to IPCX_SOCKET_FDS_MAX
 *
 * As ipcx_socket_send(). On a stream the descriptors go with the first bytes.
 *
 * Returns how many bytes were sent, likewise.
 *
 * Errors: as ipcx_socket_send(); -EINVAL (@count, no payload on a stream; not a
 * unix socket), -EBADF, -ETOOMANYREFS (more are under way than this user may
 * have open).
 */
ssize_t ipcx_socket_send_fds(struct ipcx_socket *socket, const void *buf,
			     size_t len, const int *fds, uint32_t count);
ssize_t ipcx_socket_send_fds_try(struct ipcx_socket *socket, const void *buf,
				 size_t len, const int *fds, uint32_t count);
ssize_t ipcx_socket_send_fds_timed(struct ipcx_socket *socket, const void *buf,
				   size_t len, const int *fds, uint32_t count,
				   uint64_t deadline_ns);

/**
 * ipcx_socket_recv_fds() - receive, and descriptors with it
 * @socket: a unix socket
 * @buf: where to put the payload
 * @cap: room there; on a stream not 0
 * @fds: where to put the descriptors, which belong to the caller then
 * @count: in: room there; out: how many came
 *
 * As ipcx_socket_recv(), which closes descriptors that come.
 *
 * Returns the bytes received, likewise.
 *
 * Errors: as ipcx_socket_recv(); -EMSGSIZE also for more descriptors than room,
 * -EMFILE if not all could be opened: then all of them are closed, and what came
 * with them is lost.
 */
ssize_t ipcx_socket_recv_fds(struct ipcx_socket *socket, void *buf, size_t cap,
			     int *fds, uint32_t *count);
ssize_t ipcx_socket_recv_fds_try(struct ipcx_socket *socket, void *buf,
				 size_t cap, int *fds, uint32_t *count);
ssize_t ipcx_socket_recv_fds_timed(struct ipcx_socket *socket, void *buf,
				   size_t cap, int *fds, uint32_t *count,
				   uint64_t deadline_ns);

/**
 * ipcx_socket_send_to() - send a datagram back to where one came from
 * @socket: a socket of datagrams that listens
 * @buf: the payload
 * @len: its bytes
 * @address: as ipcx_socket_recv_from() has set it
 *
 * As ipcx_socket_send(). To a unix socket whose queue is full, the _timed form
 * looks every millisecond.
 *
 * Returns how many bytes were sent, likewise.
 *
 * Errors: as ipcx_socket_send(); -EOPNOTSUPP (not datagrams), -EDESTADDRREQ (no
 * address).
 */
ssize_t ipcx_socket_send_to(struct ipcx_socket *socket, const void *buf,
			    size_t len,
			    const struct ipcx_socket_address *address);
ssize_t ipcx_socket_send_to_try(struct ipcx_socket *socket, const void *buf,
				size_t len,
				const struct ipcx_socket_address *address);
ssize_t ipcx_socket_send_to_timed(struct ipcx_socket *socket, const void *buf,
				  size_t len,
				  const struct ipcx_socket_address *address,
				  uint64_t deadline_ns);

/**
 * ipcx_socket_recv_from() - receive a datagram, and where it came from
 * @socket: a socket of datagrams
 * @buf: where to put the payload
 * @cap: room there
 * @address: set to where it came from. A unix socket has an address only if it
 *	listens
 *
 * As ipcx_socket_recv().
 *
 * Returns the bytes received, likewise.
 *
 * Errors: as ipcx_socket_recv(); -EOPNOTSUPP (not datagrams).
 */
ssize_t ipcx_socket_recv_from(struct ipcx_socket *socket, void *buf, size_t cap,
			      struct ipcx_socket_address *address);
ssize_t ipcx_socket_recv_from_try(struct ipcx_socket *socket, void *buf,
				  size_t cap,
				  struct ipcx_socket_address *address);
ssize_t ipcx_socket_recv_from_timed(struct ipcx_socket *socket, void *buf,
				    size_t cap,
				    struct ipcx_socket_address *address,
				    uint64_t deadline_ns);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_SOCKET_H */
