/* SPDX-License-Identifier: GPL-2.0-only */
/* What send and recv have in common. */
#ifndef TOOLS_CTL_STREAM_H
#define TOOLS_CTL_STREAM_H

#include <ipcx/ipcx.h>

#include "ctl.h"

enum {
	OPTION_MAPPED = 1, OPTION_MEDIATED, OPTION_COUNT, OPTION_TIMEOUT,
	OPTION_FRAMES, OPTION_OUTPUT, OPTION_LANE,
};

#define STREAM_OPTIONS \
	{ "count", OPTION_COUNT, "N", "end after so many messages" }, \
	{ "timeout", OPTION_TIMEOUT, "SECONDS", "fail if nothing could be moved for so long" }, \
	{ "mapped", OPTION_MAPPED, NULL, "in shared memory, or fail" }, \
	{ "mediated", OPTION_MEDIATED, NULL, "through the kernel, though it could be mapped" }

/**
 * struct stream - one end of a queue, moving messages
 * @queue: the queue
 * @name: its name
 * @access: OPTION_MAPPED, OPTION_MEDIATED, or 0 for whatever is allowed
 * @timeout_ns: patience for one message, IPCX_FOREVER for all
 * @count: messages still to be moved
 * @messages: moved so far
 * @bytes: likewise, of what is behind the frames' heads
 * @redelivered: received so far that a receiver before had and gave back
 * @missed: not received, as a broadcast queue's senders were quicker
 */
struct stream {
	struct ipcx_queue *queue;
	const char *name;
	int access;
	uint64_t timeout_ns;
	uint64_t count;
	uint64_t messages;
	uint64_t bytes;
	uint64_t redelivered;
	uint64_t missed;
};

/*
 * A message of send --frames. Whoever receives it knows where in the file it
 * belongs, so that many can write one file, and the same message twice does no
 * harm. One without payload is the last; its offset is the length of the file.
 */
#define FRAME_MAGIC	"ipcxfrm\1"

struct frame {
	char magic[8];
	uint64_t offset;	/* little-endian */
};

void stream_init(struct stream *stream);
/* Takes the options of STREAM_OPTIONS. */
void stream_option(struct stream *stream, const struct command *command, int key);
/* Opens with @right, IPCX_RIGHT_SEND or _RECV; exits if that cannot be. */
void stream_open(struct stream *stream, const char *name, uint32_t right);
uint64_t stream_deadline(const struct stream *stream);

/* SIGINT and SIGTERM end the stream between two messages. */
bool stream_stopped(void);

/*
 * Closes it and gives the exit status; @error is 0 or what a call on the queue
 * said. @done is the verb of the summary.
 */
int stream_end(struct stream *stream, const char *done, int error);

#endif /* TOOLS_CTL_STREAM_H */
