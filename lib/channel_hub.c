// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Receiving from any number of connections, in turns. Of a stream, the payload
 * of a frame is read together with the head of the next, but no further: there is
 * always something left to read of a frame that is not received yet, so epoll
 * tells of it.
 *
 * What a sender says is not trusted. One that does not keep to the protocol
 * loses its connection, and the receiver is told by -EBADMSG.
 */
#include <poll.h>
#include <stdlib.h>

#include "channel_socket.h"
#include "wait.h"

/* Messages from one connection while others wait; one for each 4096 bytes too. */
#define TURN		16
/* Reads without a look at the deadline, if they give no message. */
#define READS_AT_ONCE	4096
/* There is more to be read before there is a message. */
#define GOES_ON		(-EINPROGRESS)

/**
 * struct connection - one sender
 * @list: in hub->all
 * @socket: its socket
 * @peer: who it was when it connected, 0 and -1 if that is not known
 * @parts: messages that it has begun
 * @head: of the next frame
 * @head_got: bytes of it that have come
 * @fds: descriptors that came with it
 * @part: where the payload goes of the frame being read, NULL between two
 * @frame: that frame
 * @got: bytes of its payload that have come
 */
struct connection {
	LIST_ENTRY(connection) list;
	struct ipcx_socket *socket;
	struct ipcx_socket_peer peer;
	struct parts parts;
	struct frame_head head;
	size_t head_got;
	struct fds fds;
	struct part *part;
	struct frame frame;
	size_t got;
};

/**
 * struct taken - what a message is to be received into
 * @buf: its bytes
 * @msg: what is known of it
 * @to: descriptors
 * @room: for that many
 */
struct taken {
	void *buf;
	struct ipcx_channel_msg *msg;
	int *to;
	uint32_t room;
};

/* ---- connections come and go ---- */

static int watch(const struct hub *hub, struct ipcx_socket *socket, void *who)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = who };

	return SYSCALL(epoll_ctl(hub->fd, EPOLL_CTL_ADD,
				 ipcx_socket_fd(socket), &event));
}

/*
 * Who waits to be accepted where no descriptor is left for him is no reason to
 * wake up: that would be so all the time.
 */
static void set_full(struct hub *hub, bool full)
{
	struct epoll_event event = {
		.events = full ? 0 : EPOLLIN, .data.ptr = hub,
	};

	if (hub->full == full)
		return;
	hub->full = full;
	SYSCALL(epoll_ctl(hub->fd, EPOLL_CTL_MOD,
			  ipcx_socket_fd(hub->listener), &event));
}

int hub_init(struct hub *hub, struct ipcx_socket *listener, size_t size,
	     bool packets)
{
	int fd = SYSCALL(epoll_create1(EPOLL_CLOEXEC));
	int ret;

	if (fd < 0)
		return fd;
	*hub = (struct hub) {
		.fd = fd,
		.listener = listener,
		.size = size,
		.packets = packets,
	};
	ret = watch(hub, listener, hub);
	if (ret < 0) {
		SYSCALL(close(fd));
		return ret;
	}
	LIST_INIT(&hub->all);
	pthread_mutex_init(&hub->lock, NULL);
	return 0;
}

/* What epoll has told of it is no longer looked at. */
static void forget(struct hub *hub, const struct connection *connection)
{
	for (int i = hub->at; i < hub->got; i++)
		if (hub->events[i].data.ptr == connection)
			hub->events[i].data.ptr = NULL;
	if (hub->current == connection)
		hub->current = NULL;
}

static void destroy(struct connection *connection)
{
	parts_free(&connection->parts);
	fds_close(&connection->fds);
	ipcx_socket_close(connection->socket);
	free(connection);
}

/*
 * A connection that is closed stays with epoll as long as a child that was forked
 * has it, too.
 */
static void leave(struct hub *hub, struct connection *connection)
{
	forget(hub, connection);
	SYSCALL(epoll_ctl(hub->fd, EPOLL_CTL_DEL,
			  ipcx_socket_fd(connection->socket), NULL));
	destroy(connection);
}

static void open_grave(struct hub *hub)
{
	if (hub->grave)
		leave(hub, hub->grave);
	hub->grave = NULL;
}

static void disconnect(struct hub *hub, struct connection *connection)
{
	LIST_REMOVE(connection, list);
	set_full(hub, false);
	/* So that both sides see its end, whatever that is, and here the grave. */
	ipcx_socket_shutdown(connection->socket,
			     IPCX_RIGHT_SEND | IPCX_RIGHT_RECV);
	if (--hub->count) {
		leave(hub, connection);
		return;
	}
	forget(hub, connection);
	parts_free(&connection->parts);
	fds_close(&connection->fds);
	hub->grave = connection;
}

/* In a child epoll's descriptor is still its parent's: nothing leaves it here. */
void hub_free(struct hub *hub)
{
	struct connection *connection;

	if (hub->grave)
		destroy(hub->grave);
	while ((connection = LIST_FIRST(&hub->all))) {
		LIST_REMOVE(connection, list);
		destroy(connection);
	}
	SYSCALL(close(hub->fd));
	pthread_mutex_destroy(&hub->lock);
}

static int adopt(struct hub *hub, struct ipcx_socket *socket)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int ret = connection ? watch(hub, socket, connection) : -ENOMEM;

	if (ret < 0) {
		free(connection);
		ipcx_socket_close(socket);
		return ret;
	}
	connection->socket = socket;
	connection->peer = (struct ipcx_socket_peer) { 0, -1, -1 };
	ipcx_socket_peer(socket, &connection->peer);
	/* One for what goes in one frame. */
	connection->parts.most = WRITERS_MOST + 1;
	LIST_INSERT_HEAD(&hub->all, connection, list);
	hub->count++;
	open_grave(hub);
	return 0;
}

static bool is_lack(int ret)
{
	return ret == -EMFILE || ret == -ENFILE || ret == -ENOBUFS ||
	       ret == -ENOMEM;
}

/* One that went again before it was accepted was none. */
static int accept_once(struct hub *hub)
{
	struct ipcx_socket *socket;
	int ret = ipcx_socket_accept_try(hub->listener, &socket);

	if (!ret)
		return adopt(hub, socket);
	if (is_lack(ret) && hub->grave) {
		open_grave(hub);
		return 0;
	}
	return ret == -ECONNABORTED || ret == -EPROTO ? 0 : ret;
}

/* A lack is told only if there is nobody to receive from meanwhile. */
static int accept_all(struct hub *hub)
{
	bool full;
	int ret;

	do {
		ret = accept_once(hub);
	} while (!ret);
	full = is_lack(ret) && hub->count;
	set_full(hub, full);
	return full || ret == -EAGAIN ? 0 : ret;
}

/* ---- streams ---- */

/* A head is whole: find where its payload goes. */
static int place(struct hub *hub, struct connection *connection)
{
	struct part *part;
	int ret = frame_parse(&connection->head, STREAM_FRAME,
			      &connection->frame);

	/* Descriptors come with the beginning of a message. */
	if (ret < 0 || (!connection->frame.first && fds_any(&connection->fds)))
		return -EBADMSG;
	ret = parts_find(&connection->parts, &connection->frame, hub->size,
			 &part);
	if (ret < 0)
		return ret;
	if (!part)
		return -EBADMSG;
	if (fds_any(&connection->fds)) {
		*part_fds(part) = connection->fds;
		connection->fds = (struct fds) { .count = 0 };
	}
	connection->part = part;
	connection->got = 0;
	connection->head_got = 0;
	return 0;
}

/* Descriptors come with the first byte of a head, whose @bytes came now. */
static int keep_fds(struct connection *connection, struct fds *fds, long bytes)
{
	if (!fds_any(fds))
		return 0;
	if (bytes > 0 && !fds_any(&connection->fds)) {
		connection->fds = *fds;
		return 0;
	}
	fds_close(fds);
	return -EBADMSG;
}

/* The frame has come to its end: a message's bytes, or GOES_ON. */
static ssize_t finish(struct connection *connection, char verdict,
		      struct taken *taken)
{
	struct part *part = connection->part;

	connection->part = NULL;
	if (verdict == FRAME_VOID) {
		parts_drop(&connection->parts, part);
		return GOES_ON;
	}
	if (verdict != FRAME_GOOD)
		return -EBADMSG;
	if (!part_add(part, connection->frame.len))
		return GOES_ON;
	taken->msg->pid = connection->peer.pid;
	taken->msg->uid = connection->peer.uid;
	taken->msg->gid = connection->peer.gid;
	fds_deliver(part_fds(part), taken->msg, taken->to, taken->room);
	return parts_take(&connection->parts, part, taken->buf);
}

static ssize_t read_stream(struct connection *connection, struct taken *taken)
{
	size_t left = connection->frame.len - connection->got;
	struct iovec iov[3], *last = iov;
	bool finished = false;
	struct ucred from;
	struct fds fds;
	char verdict = 0;
	long ret;

	if (connection->part) {
		*last++ = (struct iovec) {
			part_room(connection->part) + connection->got, left
		};
		*last++ = (struct iovec) { &verdict, 1 };
	}
	*last++ = (struct iovec) {
		(char *)&connection->head + connection->head_got,
		sizeof(connection->head) - connection->head_got
	};
	ret = fds_recv(ipcx_socket_fd(connection->socket), iov, last - iov,
		       &fds, &from);
	if (ret <= 0)
		return ret ? ret : -EPIPE;
	if (connection->part) {
		size_t got = (size_t)ret < left ? (size_t)ret : left;

		connection->got += got;
		ret -= got;
		finished = ret > 0;
		ret -= finished;
	}
	connection->head_got += ret;
	if (keep_fds(connection, &fds, ret) < 0)
		return -EBADMSG;
	return finished ? finish(connection, verdict, taken) : GOES_ON;
}

static ssize_t step_stream(struct hub *hub, struct connection *connection,
			   struct taken *taken)
{
	int ret = 0;

	if (!connection->part &&
	    connection->head_got == sizeof(connection->head))
		ret = place(hub, connection);
	return ret < 0 ? ret : read_stream(connection, taken);
}

/* ---- packets ---- */

ssize_t packet_recv(int fd, void *buf, size_t size,
		    struct ipcx_channel_msg *msg, int *to, uint32_t room)
{
	struct iovec iov = { buf, size };
	struct ucred from;
	struct fds fds;
	long ret = fds_recv(fd, &iov, 1, &fds, &from);

	if (ret < 0)
		return ret;
	/* The end comes from nobody, an empty packet from somebody. */
	if (!ret && from.pid < 0)
		return -EPIPE;
	/* It is 0 where nothing is known, or of what this process cannot see. */
	if (from.pid > 0) {
		msg->pid = from.pid;
		msg->uid = from.uid;
		msg->gid = from.gid;
	}
	fds_deliver(&fds, msg, to, room);
	return ret;
}

static ssize_t step_packet(struct hub *hub, struct connection *connection,
			   struct taken *taken)
{
	return packet_recv(ipcx_socket_fd(connection->socket), taken->buf,
			   hub->size, taken->msg, taken->to, taken->room);
}

/* ---- turns ---- */

/* Ask epoll. The end is told only if there is nothing but the grave. */
static int look(struct hub *hub)
{
	bool any = false;
	long ret = KERNEL(epoll_pwait, hub->fd, hub->events, EVENTS_AT_ONCE, 0,
			  NULL, 0);

	hub->look = false;
	hub->at = 0;
	hub->got = ret < 0 ? 0 : ret;
	for (int i = 0; i < hub->got; i++)
		any |= hub->events[i].data.ptr != hub->grave;
	if (any)
		return 0;
	hub->got = 0;
	return hub->grave ? -EPIPE : -EAGAIN;
}

static void give_turn(struct hub *hub, struct connection *connection)
{
	hub->current = connection;
	hub->turn = TURN;
}

/* Whose turn it is, of those that epoll told of. */
static int next(struct hub *hub)
{
	int ret;

	/* If there is only one, it is as cheap to try as to ask. */
	if (hub->at == hub->got && hub->count == 1 && !hub->look) {
		give_turn(hub, LIST_FIRST(&hub->all));
		return 0;
	}
	if (hub->at == hub->got) {
		ret = look(hub);
		if (ret < 0)
			return ret;
	}
	while (hub->at < hub->got && !hub->current) {
		void *who = hub->events[hub->at++].data.ptr;

		if (who == hub) {
			ret = accept_all(hub);
			if (ret < 0)
				return ret;
		} else if (who && who != hub->grave) {
			give_turn(hub, who);
		}
	}
	return hub->current ? 0 : GOES_ON;
}

static void end_turn(struct hub *hub)
{
	hub->current = NULL;
	hub->look = true;
}

static ssize_t step(struct hub *hub, struct taken *taken)
{
	struct connection *connection;
	ssize_t ret = hub->current ? 0 : next(hub);

	if (ret < 0)
		return ret;
	connection = hub->current;
	ret = hub->packets ? step_packet(hub, connection, taken) :
			     step_stream(hub, connection, taken);
	if (ret >= 0) {
		uint32_t used = 1 + ret / 4096;

		if (used >= hub->turn)
			end_turn(hub);
		else
			hub->turn -= used;
		return ret;
	}
	/* The last: the receiver's own buffer. */
	if (ret == GOES_ON || ret == -EFAULT)
		return ret;
	if (ret == -EAGAIN || ret == -ENOMEM) {
		end_turn(hub);
		return ret == -EAGAIN ? GOES_ON : ret;
	}
	/* A packet that is too large leaves the next one as it is. */
	if (ret == -EBADMSG && hub->packets)
		return ret;
	disconnect(hub, connection);
	return ret == -EBADMSG ? ret : GOES_ON;
}

ssize_t hub_take(struct hub *hub, void *buf, struct ipcx_channel_msg *msg,
		 int *to, uint32_t room)
{
	struct taken taken = { buf, msg, to, room };
	ssize_t ret = GOES_ON;

	pthread_mutex_lock(&hub->lock);
	/* What was lacking may be there by now; nobody tells of that. */
	if (hub->full)
		accept_all(hub);
	for (int i = 0; i < READS_AT_ONCE && ret == GOES_ON; i++)
		ret = step(hub, &taken);
	pthread_mutex_unlock(&hub->lock);
	return ret == GOES_ON ? -EAGAIN : ret;
}
