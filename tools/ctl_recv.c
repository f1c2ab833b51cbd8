// SPDX-License-Identifier: GPL-2.0-only
/* recv: messages to standard output, or by their frames to where they belong. */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_stream.h"

/**
 * struct receiver - where we are
 * @stream: the queue
 * @path: name of the output, for messages
 * @fd: the output
 * @frames: write each where its frame says, instead of one after the other
 * @message: room for one, of slot_size
 * @len: its bytes
 * @lends: take messages on loan
 * @loan: where it came from, if so
 */
struct receiver {
	struct stream stream;
	const char *path;
	int fd;
	bool frames;
	char *message;
	size_t len;
	bool lends;
	struct ipcx_loan loan;
};

/*
 * A message from a mapped queue stays on loan until it is written: if we die
 * before, somebody else gets it. It is copied all the same: who maps the queue
 * could still change it there, and a write that pins its pages (O_DIRECT, 9p)
 * could not read it there.
 */
static int take_message(struct receiver *receiver)
{
	struct stream *stream = &receiver->stream;
	size_t room = ipcx_queue_slot_size(stream->queue);
	struct ipcx_msg msg;
	ssize_t n;
	int ret;

	if (!receiver->lends) {
		n = ipcx_queue_recv_timed(stream->queue, receiver->message, room,
					  &msg, stream_deadline(stream));
		if (n < 0)
			return n;
		receiver->len = n;
		stream->redelivered += !!(msg.flags & IPCX_MSG_REDELIVERED);
		return 0;
	}
	ret = ipcx_queue_acquire_timed(stream->queue, &receiver->loan,
				       stream_deadline(stream));
	if (ret < 0)
		return ret;
	receiver->len = receiver->loan.len;
	memcpy(receiver->message, receiver->loan.data, receiver->len);
	stream->redelivered += !!(receiver->loan.flags & IPCX_MSG_REDELIVERED);
	return 0;
}

static int give_back(struct receiver *receiver)
{
	if (!receiver->lends)
		return 0;
	return ipcx_queue_release(receiver->stream.queue, &receiver->loan);
}

static void output_error(const struct receiver *receiver)
{
	err(EXIT_FAILURE, "cannot write to %s", receiver->path);
}

/* At @offset, or where the output is if that is negative. */
static void write_out(const struct receiver *receiver, const char *data,
		      size_t len, off_t offset)
{
	while (len) {
		ssize_t n = offset < 0 ? write(receiver->fd, data, len) :
					 pwrite(receiver->fd, data, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			output_error(receiver);
		data += n;
		len -= n;
		if (offset >= 0)
			offset += n;
	}
}

static size_t deliver_frame(const struct receiver *receiver)
{
	size_t len = receiver->len - sizeof(struct frame);
	struct frame frame = { 0 };
	off_t offset;

	if (receiver->len >= sizeof(frame))
		memcpy(&frame, receiver->message, sizeof(frame));
	offset = le64toh(frame.offset);
	if (memcmp(frame.magic, FRAME_MAGIC, sizeof(frame.magic)) || offset < 0)
		errx(EXIT_FAILURE, "a message on '%s' is no frame; use send --frames, or recv without",
		     receiver->stream.name);
	if (!len && ftruncate(receiver->fd, offset))
		output_error(receiver);
	write_out(receiver, receiver->message + sizeof(frame), len, offset);
	return len;
}

static size_t deliver(const struct receiver *receiver)
{
	if (receiver->frames)
		return deliver_frame(receiver);
	write_out(receiver, receiver->message, receiver->len, -1);
	return receiver->len;
}

static int receive(struct receiver *receiver)
{
	struct stream *stream = &receiver->stream;
	int ret;

	while (stream->count && !stream_stopped()) {
		ret = take_message(receiver);
		if (ret == -EINTR)
			continue;
		/* The last sender has gone and all is received: the end. */
		if (ret == -EPIPE)
			return 0;
		if (ret < 0)
			return ret;
		stream->bytes += deliver(receiver);
		stream->messages++;
		stream->count--;
		ret = give_back(receiver);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* What other receivers have written there before stays. */
static void open_output(struct receiver *receiver, const char *path)
{
	receiver->path = path;
	receiver->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (receiver->fd < 0)
		err(EXIT_FAILURE, "cannot open %s", path);
}

static const struct option_spec options[] = {
	{ "frames", OPTION_FRAMES, NULL, "from send --frames: write each where it belongs, needs --output" },
	{ "output", OPTION_OUTPUT, "FILE", "the file for --frames; several receivers can share it" },
	STREAM_OPTIONS,
	{ 0 }
};

/* A mapped queue does, but for broadcast, where nobody else waits for it. */
static bool lends(const struct ipcx_queue *queue)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };

	return ipcx_queue_is_mapped(queue) &&
	       !ipcx_stat(ipcx_queue_fd(queue), &stat) &&
	       !(stat.create_flags & IPCX_QUEUE_BROADCAST);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct receiver receiver = { .path = "standard output", .fd = STDOUT_FILENO };
	struct stream *stream = &receiver.stream;
	const char *output = NULL;
	int key, ret;

	stream_init(stream);
	while ((key = next_option(command, argc, argv)) != -1) {
		if (key == OPTION_FRAMES)
			receiver.frames = true;
		else if (key == OPTION_OUTPUT)
			output = optarg;
		else
			stream_option(stream, command, key);
	}
	if (receiver.frames != !!output)
		usage_error(command, "--frames and --output go together");
	stream_open(stream, object_name(command, argv[optind]), IPCX_RIGHT_RECV);
	if (output)
		open_output(&receiver, output);
	receiver.lends = lends(stream->queue);
	receiver.message = malloc(ipcx_queue_slot_size(stream->queue));
	if (!receiver.message)
		err(EXIT_FAILURE, "cannot receive");
	ret = receive(&receiver);
	free(receiver.message);
	if (close(receiver.fd))
		output_error(&receiver);
	return stream_end(stream, "received", ret);
}

const struct command command_recv = {
	.name = "recv",
	.arguments = "NAME [OPTION...]",
	.least = 1,
	.most = 1,
	.summary = "receive from a queue to standard output",
	.options = options,
	.notes = "On a queue made with --hangup it ends when the last sender has gone and all is\n"
		 "received; on another with --count, --timeout or a signal. If it is killed while it\n"
		 "writes a message of a mapped queue, another receiver gets that message again.\n",
	.run = run,
};
