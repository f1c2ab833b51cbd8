// SPDX-License-Identifier: GPL-2.0-only
/* send: standard input, cut into messages. */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ipcx_ring.h>

#include "ctl_stream.h"

/**
 * struct sender - where we are
 * @stream: the queue
 * @lane: lane to send on
 * @head: bytes before the payload of a message: a frame's head, or none
 * @message: room for one, of slot_size
 */
struct sender {
	struct stream stream;
	uint32_t lane;
	size_t head;
	char *message;
};

static int send_message(struct sender *sender, size_t payload)
{
	struct stream *stream = &sender->stream;
	struct frame frame = {
		.magic = FRAME_MAGIC,
		.offset = htole64(stream->bytes),
	};
	int ret;

	memcpy(sender->message, &frame, sender->head);
	ret = ipcx_queue_send_timed(stream->queue, sender->message,
				    sender->head + payload, sender->lane,
				    stream_deadline(stream));
	if (ret < 0)
		return ret;
	stream->messages++;
	stream->bytes += payload;
	return 0;
}

/*
 * What one read brings is a message: what is typed goes at once, and a file is
 * read by whole slots. A slot is claimed only when its content is there, as one
 * that is kept waiting keeps the messages behind it waiting.
 */
static int send_input(struct sender *sender)
{
	struct stream *stream = &sender->stream;
	size_t room = ipcx_queue_slot_size(stream->queue) - sender->head;
	ssize_t n;
	int ret;

	while (stream->count && !stream_stopped()) {
		n = read(STDIN_FILENO, sender->message + sender->head, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(EXIT_FAILURE, "cannot read standard input");
		if (!n)
			break;
		ret = send_message(sender, n);
		if (ret < 0)
			return ret;
		stream->count--;
	}
	return sender->head && !stream_stopped() ? send_message(sender, 0) : 0;
}

static const struct option_spec options[] = {
	{ "lane", OPTION_LANE, "N", "the lane to send on (0)" },
	{ "frames", OPTION_FRAMES, NULL, "say in each message where it belongs, for recv --frames" },
	STREAM_OPTIONS,
	{ 0 }
};

static int run(const struct command *command, int argc, char **argv)
{
	struct sender sender = { 0 };
	struct stream *stream = &sender.stream;
	int key, ret;

	stream_init(stream);
	while ((key = next_option(command, argc, argv)) != -1) {
		if (key == OPTION_LANE)
			sender.lane = size_option(command, "lane", optarg, IPCX_LANES_MAX - 1);
		else if (key == OPTION_FRAMES)
			sender.head = sizeof(struct frame);
		else
			stream_option(stream, command, key);
	}
	stream_open(stream, object_name(command, argv[optind]), IPCX_RIGHT_SEND);
	if (sender.lane >= ipcx_queue_lanes(stream->queue))
		errx(EXIT_FAILURE, "'%s' has no lane %u, only %u lanes from 0 on",
		     stream->name, sender.lane, ipcx_queue_lanes(stream->queue));
	if (ipcx_queue_slot_size(stream->queue) <= sender.head)
		errx(EXIT_FAILURE, "the slots of '%s' are too small for frames, which need more than %zu bytes",
		     stream->name, sender.head);
	sender.message = malloc(ipcx_queue_slot_size(stream->queue));
	if (!sender.message)
		err(EXIT_FAILURE, "cannot send");
	ret = send_input(&sender);
	free(sender.message);
	return stream_end(stream, "sent", ret);
}

const struct command command_send = {
	.name = "send",
	.arguments = "NAME [OPTION...]",
	.least = 1,
	.most = 1,
	.summary = "send standard input through a queue",
	.options = options,
	.notes = "A message is what one read of the input brings, at most the queue's slot size.\n"
		 "It ends with the input. On a queue made with --hangup it fails when the last\n"
		 "receiver has gone, so start receivers first if there were some before.\n",
	.run = run,
};
