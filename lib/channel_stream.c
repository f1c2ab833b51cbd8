// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sending on streams. The kernel may take a part of a frame, and then the rest
 * must follow before anything else, whichever thread writes next and whether its
 * sender still waits. So the rest stays in the handle. A sender that gives up
 * before the last frame of its message has gone out says so at its end.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "channel_socket.h"
#include "wait.h"

#define FRAME_BYTES	(sizeof(struct frame_head) + STREAM_FRAME + 1)

/**
 * struct put - a frame on its way
 * @head: its head
 * @payload: its payload
 * @len: bytes of it
 * @fds: descriptors that go with it
 * @count: how many
 * @serial: set once it was written in part
 */
struct put {
	struct frame_head head;
	const void *payload;
	size_t len;
	const int *fds;
	uint32_t count;
	uint64_t serial;
};

int stream_init(struct stream *stream, int fd, bool hangs_up)
{
	int ret = writers_init(&stream->writers);

	if (ret < 0)
		return ret;
	stream->rest = malloc(FRAME_BYTES);
	if (!stream->rest)
		return -ENOMEM;
	stream->fd = fd;
	stream->hangs_up = hangs_up;
	stream->serial = 0;
	stream->len = 0;
	pthread_mutex_init(&stream->lock, NULL);
	return 0;
}

void stream_free(struct stream *stream)
{
	pthread_mutex_destroy(&stream->lock);
	free(stream->rest);
}

/* 0 once nothing is left. */
static long flush(struct stream *stream)
{
	while (stream->len) {
		long ret = KERNEL(sendto, stream->fd,
				  stream->rest + stream->at, stream->len,
				  MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);

		if (ret < 0)
			return ret;
		stream->at += ret;
		stream->len -= ret;
	}
	return 0;
}

/* What is left of these parts after @done bytes. */
static void keep_rest(struct stream *stream, const struct iovec *iov, int parts,
		      size_t done)
{
	stream->at = 0;
	stream->len = 0;
	for (int i = 0; i < parts; i++) {
		size_t skip = done < iov[i].iov_len ? done : iov[i].iov_len;
		size_t len = iov[i].iov_len - skip;

		memcpy(stream->rest + stream->len,
		       (const char *)iov[i].iov_base + skip, len);
		stream->len += len;
		done -= skip;
	}
}

/* Write a frame, whose rest is kept if there is one. */
static long put_locked(struct stream *stream, struct put *put)
{
	char good = FRAME_GOOD;
	struct iovec iov[] = {
		{ &put->head, sizeof(put->head) },
		{ (void *)put->payload, put->len },
		{ &good, 1 },
	};
	long ret = flush(stream);

	if (ret < 0)
		return ret;
	ret = fds_send(stream->fd, iov, 3, put->fds, put->count);
	if (ret < 0)
		return ret;
	stream->serial++;
	keep_rest(stream, iov, 3, ret);
	if (stream->len)
		put->serial = stream->serial;
	return 0;
}

static long put_frame(struct stream *stream, struct put *put)
{
	long ret;

	pthread_mutex_lock(&stream->lock);
	ret = put_locked(stream, put);
	pthread_mutex_unlock(&stream->lock);
	return ret;
}

static bool is_torn(const struct stream *stream, uint64_t serial)
{
	return stream->len && stream->serial == serial;
}

static long put_rest(struct stream *stream, uint64_t serial)
{
	long ret = 0;

	pthread_mutex_lock(&stream->lock);
	if (is_torn(stream, serial))
		ret = flush(stream);
	pthread_mutex_unlock(&stream->lock);
	return ret;
}

/* See a message's last frame out, or make it void: true if that came too late. */
static bool has_gone(struct stream *stream, uint64_t serial)
{
	bool torn;

	pthread_mutex_lock(&stream->lock);
	torn = is_torn(stream, serial);
	if (torn)
		stream->rest[stream->at + stream->len - 1] = FRAME_VOID;
	pthread_mutex_unlock(&stream->lock);
	return !torn;
}

static long see_out(struct stream *stream, uint64_t serial, uint64_t deadline)
{
	long ret = AWAIT(put_rest(stream, serial),
			 wait_fd(stream->fd, POLLOUT, deadline));

	return ret < 0 && has_gone(stream, serial) ? 0 : ret;
}

static long send_frames(struct stream *stream, uint64_t writer, const void *buf,
			size_t len, const int *fds, uint32_t count,
			uint64_t deadline)
{
	struct put put = { .fds = fds, .count = count };
	size_t done = 0;
	long ret;

	do {
		put.len = frame_fill(&put.head, writer, len, done,
				     STREAM_FRAME);
		put.payload = (const char *)buf + done;
		put.serial = 0;
		ret = AWAIT(put_frame(stream, &put),
			    wait_fd(stream->fd, POLLOUT, deadline));
		put.count = 0;
		done += put.len;
	} while (!ret && done < len);
	return !ret && put.serial ? see_out(stream, put.serial, deadline) : ret;
}

/* The other side never says anything but that it has closed. */
static bool hung_up(int fd)
{
	char byte;

	return KERNEL(recvfrom, fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL,
		      NULL) == 0;
}

int stream_send(struct stream *stream, const void *buf, size_t len,
		const int *fds, uint32_t count, uint64_t deadline)
{
	int writer;
	long ret;

	if (stream->hangs_up && hung_up(stream->fd))
		return -EPIPE;
	if (len <= STREAM_FRAME)
		return sent_to_nobody(send_frames(stream, 0, buf, len, fds,
						  count, deadline));
	writer = AWAIT_STEPS(writer_take(&stream->writers), deadline);
	if (writer < 0)
		return writer;
	ret = send_frames(stream, stream->writers.base + writer, buf, len, fds,
			  count, deadline);
	writer_give(&stream->writers, writer);
	return sent_to_nobody(ret);
}
