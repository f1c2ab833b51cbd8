// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pipe: and fifo: channels. A frame is one packet (O_DIRECT) of at most PIPE_BUF
 * bytes: written whole or not at all, whoever is killed when, and taken by one
 * read that takes nothing else. So poll(2) says whether there is another.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <ipcx/fifo.h>
#include <ipcx/pipe.h>

#include "channel.h"
#include "channel_frame.h"
#include "pipe.h"
#include "wait.h"

#define SIZE_DEFAULT	(1024 * 1024)
/* Of a message in one frame. */
#define FRAME_MOST	(PIPE_BUF - sizeof(struct frame_head))
/* Messages that many senders have begun; of dead ones until these are reached. */
#define PARTS_MOST	256
/*
 * Frames that are taken without a look at the deadline: more than a pipe holds,
 * as a message may lie behind all of them, but not endless ones.
 */
#define FRAMES_AT_ONCE	4096

/**
 * struct pipe_channel - one end of a pipe or FIFO
 * @base: the channel
 * @pipe: the handle that has the descriptor, or NULL
 * @fifo: likewise
 * @end: sending: the descriptor, to write packets
 * @writers: sending
 * @lock: of frames being taken, in the order in which they come; nobody sleeps
 *	holding it
 * @parts: under @lock
 */
struct pipe_channel {
	struct ipcx_channel base;
	struct ipcx_pipe *pipe;
	struct ipcx_fifo *fifo;
	struct pipe_end end;
	struct writers writers;
	pthread_mutex_t lock;
	struct parts parts;
};

static inline struct pipe_channel *pipe_of(struct ipcx_channel *channel)
{
	return (struct pipe_channel *)channel;
}

static int new_handle(const struct channel_ops *ops,
		      const struct channel_uri *uri, uint32_t right,
		      struct pipe_channel **made)
{
	struct pipe_channel *handle = calloc(1, sizeof(*handle));
	int ret;

	if (!handle)
		return -ENOMEM;
	handle->base = (struct ipcx_channel) {
		.ops = ops,
		.right = right,
		.caps = IPCX_CHANNEL_MANY_SENDERS | IPCX_CHANNEL_POLLABLE |
			IPCX_CHANNEL_PEER_GONE | IPCX_CHANNEL_SURVIVES,
		.size = uri_option(uri, OPTION_SIZE, SIZE_DEFAULT),
		.priorities = 1,
	};
	/* Without parts to be put together, one frame is as good as another. */
	if (handle->base.size <= FRAME_MOST)
		handle->base.caps |= IPCX_CHANNEL_MANY_RECEIVERS |
				     IPCX_CHANNEL_FORKS;
	handle->parts.most = PARTS_MOST;
	pthread_mutex_init(&handle->lock, NULL);
	ret = writers_init(&handle->writers);
	if (ret < 0) {
		free(handle);
		return ret;
	}
	*made = handle;
	return 0;
}

static void adopt(struct pipe_channel *handle, int fd,
		  struct ipcx_channel **channel)
{
	handle->base.fd = fd;
	/* Never a bare write: no SIGPIPE, whatever is done about it later. */
	handle->end = (struct pipe_end) { .fd = fd, .packets = true };
	*channel = &handle->base;
}

/* Of a descriptor that is written to, which decides it. */
static int set_packets(int fd)
{
	int flags = SYSCALL(fcntl(fd, F_GETFL));

	if (flags < 0 || flags & O_DIRECT)
		return flags < 0 ? flags : 0;
	return SYSCALL(fcntl(fd, F_SETFL, flags | O_DIRECT));
}

static int check_end(int fd, uint32_t right)
{
	int flags = SYSCALL(fcntl(fd, F_GETFL));
	struct stat stat;

	if (flags < 0)
		return flags;
	if (SYSCALL(fstat(fd, &stat)) < 0 || !S_ISFIFO(stat.st_mode))
		return -EPROTOTYPE;
	flags &= O_ACCMODE;
	if (flags == O_RDWR)
		return 0;
	return (flags == O_WRONLY) == (right == IPCX_RIGHT_SEND) ? 0 : -EBADF;
}

/* The descriptor is the caller's until nothing can fail any more. */
static int pipe_open(const struct channel_uri *uri, uint32_t right,
		     uint64_t deadline, struct ipcx_channel **channel)
{
	struct pipe_channel *handle;
	long long fd;
	int ret = uri_number(uri, 0, INT_MAX, &fd);

	(void)deadline;
	if (ret < 0)
		return ret;
	ret = check_end(fd, right);
	if (!ret)
		ret = new_handle(&channel_pipe, uri, right, &handle);
	if (ret < 0)
		return ret;
	if (right == IPCX_RIGHT_SEND)
		ret = set_packets(fd);
	if (!ret)
		ret = ipcx_pipe_from_fd(fd, &handle->pipe);
	if (ret < 0) {
		free(handle);
		return ret;
	}
	/* Inherited for this process; one more who has it hides the end. */
	SYSCALL(fcntl(fd, F_SETFD, FD_CLOEXEC));
	adopt(handle, fd, channel);
	return 0;
}

static int fifo_open_there(const struct channel_uri *uri, uint32_t right,
			   uint64_t deadline, struct ipcx_fifo **fifo)
{
	if (right == IPCX_RIGHT_RECV)
		return ipcx_fifo_open_reader(uri->name, fifo);
	return ipcx_fifo_open_writer_timed(uri->name, fifo, deadline);
}

static int fifo_open_or_create(const struct channel_uri *uri, uint32_t right,
			       uint64_t deadline, struct ipcx_fifo **fifo)
{
	int ret = -ENOENT;

	for (int i = 0; i < OPEN_TRIES && ret == -ENOENT; i++) {
		ret = fifo_open_there(uri, right, deadline, fifo);
		if (ret != -ENOENT)
			break;
		ret = ipcx_fifo_create(uri->name, uri->value[OPTION_MODE]);
		if (ret && ret != -EEXIST)
			break;
		ret = -ENOENT;
	}
	return ret;
}

static int fifo_open(const struct channel_uri *uri, uint32_t right,
		     uint64_t deadline, struct ipcx_channel **channel)
{
	struct pipe_channel *handle;
	int ret;

	if (!*uri->name)
		return -EINVAL;
	ret = new_handle(&channel_fifo, uri, right, &handle);
	if (ret < 0)
		return ret;
	ret = fifo_open_or_create(uri, right, deadline, &handle->fifo);
	if (!ret && right == IPCX_RIGHT_SEND)
		ret = set_packets(ipcx_fifo_fd(handle->fifo));
	if (ret < 0) {
		ipcx_fifo_close(handle->fifo);
		free(handle);
		return ret;
	}
	adopt(handle, ipcx_fifo_fd(handle->fifo), channel);
	return 0;
}

static int fifo_remove(const struct channel_uri *uri)
{
	return ipcx_fifo_unlink(uri->name);
}

static void close_both(struct ipcx_channel *channel)
{
	struct pipe_channel *handle = pipe_of(channel);

	ipcx_pipe_close(handle->pipe);
	ipcx_fifo_close(handle->fifo);
	parts_free(&handle->parts);
	pthread_mutex_destroy(&handle->lock);
	free(handle);
}

static int send_frames(struct pipe_channel *handle, uint64_t writer,
		       const void *buf, size_t len, uint64_t deadline)
{
	struct {
		struct frame_head head;
		char payload[FRAME_MOST];
	} frame;
	size_t done = 0, part;
	ssize_t ret;

	do {
		part = frame_fill(&frame.head, writer, len, done, FRAME_MOST);
		memcpy(frame.payload, (const char *)buf + done, part);
		ret = pipe_write(&handle->end, &frame,
				 sizeof(frame.head) + part, deadline);
		done += part;
	} while (ret >= 0 && done < len);
	return ret < 0 ? ret : 0;
}

static int send_any(struct ipcx_channel *channel, const void *buf, size_t len,
		    uint32_t priority, uint64_t deadline)
{
	struct pipe_channel *handle = pipe_of(channel);
	int writer, ret;

	(void)priority;
	if (len <= FRAME_MOST)
		return send_frames(handle, 0, buf, len, deadline);
	writer = AWAIT_STEPS(writer_take(&handle->writers), deadline);
	if (writer < 0)
		return writer;
	ret = send_frames(handle, handle->writers.base + writer, buf, len,
			  deadline);
	writer_give(&handle->writers, writer);
	return ret;
}

/* What is made of frames, of which more must come. */
#define GOES_ON	(-EINPROGRESS)

/* A message's bytes, or GOES_ON. */
static ssize_t add(struct pipe_channel *handle, const struct frame_head *head,
		   size_t bytes, void *buf)
{
	struct frame frame;
	struct part *part;
	int ret;

	if (bytes < sizeof(*head) ||
	    frame_parse(head, FRAME_MOST, &frame) < 0 ||
	    frame.len != bytes - sizeof(*head) ||
	    (frame_is_whole(&frame) && frame.len > handle->base.size))
		return -EBADMSG;
	if (frame_is_whole(&frame)) {
		memcpy(buf, head + 1, frame.len);
		return frame.len;
	}
	ret = parts_find(&handle->parts, &frame, handle->base.size, &part);
	if (ret < 0)
		return ret;
	if (!part)
		return GOES_ON;
	memcpy(part_room(part), head + 1, frame.len);
	if (!part_add(part, frame.len))
		return GOES_ON;
	return parts_take(&handle->parts, part, buf);
}

/* Of a pipe, 0 is the end: there was a writer when it was made. */
static ssize_t take_frame(struct pipe_channel *handle, void *buf)
{
	union {
		struct frame_head head;
		char bytes[PIPE_BUF];
	} frame;
	int fd = handle->base.fd;
	long ret;

	if (handle->fifo)
		ret = fifo_read_now(fd, &frame, sizeof(frame));
	else
		ret = KERNEL(read, fd, &frame, sizeof(frame));
	if (!ret) {
		parts_free(&handle->parts);
		return -EPIPE;
	}
	return ret < 0 ? ret : add(handle, &frame.head, ret, buf);
}

static ssize_t take(struct pipe_channel *handle, void *buf)
{
	ssize_t ret = GOES_ON;

	pthread_mutex_lock(&handle->lock);
	for (int i = 0; i < FRAMES_AT_ONCE && ret == GOES_ON; i++)
		ret = take_frame(handle, buf);
	pthread_mutex_unlock(&handle->lock);
	return ret == GOES_ON ? -EAGAIN : ret;
}

static ssize_t recv_any(struct ipcx_channel *channel, void *buf, size_t cap,
			struct ipcx_channel_msg *msg, uint64_t deadline)
{
	(void)cap;
	(void)msg;
	return AWAIT(take(pipe_of(channel), buf),
		     wait_fd(channel->fd, POLLIN, deadline));
}

const struct channel_ops channel_pipe = {
	.scheme = "pipe",
	.options = OPTION(SIZE),
	.open = pipe_open,
	.close = close_both,
	.send = send_any,
	.recv = recv_any,
};

const struct channel_ops channel_fifo = {
	.scheme = "fifo",
	.options = OPTION(SIZE) | OPTION(MODE),
	.open = fifo_open,
	.remove = fifo_remove,
	.close = close_both,
	.send = send_any,
	.recv = recv_any,
};
