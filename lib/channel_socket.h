/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of channels that are sockets. */
#ifndef CHANNEL_SOCKET_H
#define CHANNEL_SOCKET_H

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <ipcx/socket.h>

#include "channel.h"
#include "channel_frame.h"
#include "sys.h"

/* Payload of a frame on a stream. */
#define STREAM_FRAME	(64 * 1024)

/* ---- sending on a stream ---- */

/**
 * struct stream - the sending end of a stream
 * @fd: the connection
 * @hangs_up: the peer's end is to be looked for before each message: TCP, where
 *	the first to come after it would seem to be sent
 * @writers: messages of several frames
 * @lock: of all below; nobody sleeps holding it
 * @serial: frames written, also in part
 * @rest: what is left of the one with this number, and to be written next
 * @at: where in @rest
 * @len: bytes from there on
 */
struct stream {
	int fd;
	bool hangs_up;
	struct writers writers;
	pthread_mutex_t lock;
	uint64_t serial;
	char *rest;
	size_t at;
	size_t len;
};

int stream_init(struct stream *stream, int fd, bool hangs_up);
void stream_free(struct stream *stream);
int stream_send(struct stream *stream, const void *buf, size_t len,
		const int *fds, uint32_t count, uint64_t deadline);

/* That nobody is left, in whichever words. */
static inline long sent_to_nobody(long ret)
{
	return ret == -ECONNRESET || ret == -ECONNREFUSED ||
	       ret == -ENOTCONN ? -EPIPE : ret;
}

/* ---- receiving from connections ---- */

struct connection;

#define EVENTS_AT_ONCE	16

/**
 * struct hub - the receiving end of connections
 * @fd: epoll's descriptor, which tells truly if something can be received
 * @listener: where they come from
 * @size: of the largest message
 * @packets: of sequenced packets
 * @lock: of all below; nobody sleeps holding it
 * @all: connections
 * @count: how many
 * @current: the one whose turn it is, or NULL
 * @turn: how much of its turn is left
 * @look: the others are to be looked at first
 * @full: no descriptor was left for another, so epoll does not look at @listener
 * @grave: the last of all, closed by its peer, as long as no other comes: so
 *	poll(2) goes on telling of the end
 * @events: what epoll told last
 * @at: the next of these
 * @got: how many they are
 */
struct hub {
	int fd;
	struct ipcx_socket *listener;
	size_t size;
	bool packets;
	pthread_mutex_t lock;
	LIST_HEAD(, connection) all;
	uint32_t count;
	struct connection *current;
	uint32_t turn;
	bool look;
	bool full;
	struct connection *grave;
	struct epoll_event events[EVENTS_AT_ONCE];
	int at;
	int got;
};

int hub_init(struct hub *hub, struct ipcx_socket *listener, size_t size,
	     bool packets);
void hub_free(struct hub *hub);

/* Receive without waiting; of the descriptors @room get to @to. */
ssize_t hub_take(struct hub *hub, void *buf, struct ipcx_channel_msg *msg,
		 int *to, uint32_t room);

/*
 * A packet, with who sent it if that is told: -EPIPE if the end came instead,
 * which has no sender.
 */
ssize_t packet_recv(int fd, void *buf, size_t size,
		    struct ipcx_channel_msg *msg, int *to, uint32_t room);

/* ---- places in the file system ---- */

/**
 * struct place - a path that a receiving end has
 * @path: it, or NULL
 * @pid: the process that made it
 * @stat: what it led to then
 */
struct place {
	char *path;
	pid_t pid;
	struct stat stat;
};

/*
 * Listen at @name. A path that was left behind is taken, which nobody else does
 * at the same time.
 */
int place_listen(struct place *place, const char *name, uint32_t type,
		 uint64_t deadline, struct ipcx_socket **socket);

/* Take the path away, if it is still this one's. */
void place_leave(struct place *place);

#endif /* CHANNEL_SOCKET_H */
