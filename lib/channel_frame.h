/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages in streams of bytes: each goes as one or more frames, and those of
 * several senders may be mixed, but not within a frame.
 */
#ifndef CHANNEL_FRAME_H
#define CHANNEL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel_fds.h"

/**
 * struct frame_head - what stands before the payload of a frame; little endian
 * @len: bytes of payload in this frame; FRAME_FIRST in its first of a message
 * @left: bytes of the message from this frame on: with all of them in this
 *	frame it is the last
 * @writer: whose message it goes on with. One begun before by the same, which
 *	gave it up then, ends with the first frame of another
 */
struct frame_head {
	uint32_t len;
	uint32_t left;
	uint64_t writer;
};

#define FRAME_FIRST	0x80000000U

/*
 * What stands behind the payload of a frame that can be torn, as on sockets: a
 * frame that was written in part must be completed before another, and when a
 * sender gives up in its middle, that is said where it ends.
 */
#define FRAME_GOOD	0x47	/* the payload is the message's */
#define FRAME_VOID	0x56	/* and so is not what came of this message */

/* ---- sending ---- */

/* Messages of several frames that a handle can be sending at a time. */
#define WRITERS_MOST	8

/**
 * struct writers - the writers that a handle can be
 * @base: the first; the others follow
 * @busy: those in the middle of a message, a mask; atomic
 */
struct writers {
	uint64_t base;
	uint32_t busy;
};

int writers_init(struct writers *writers);

/* One that is free, or -EAGAIN. */
int writer_take(struct writers *writers);
void writer_give(struct writers *writers, int writer);

/*
 * The head of the frame that goes on at @done of a message of @len bytes, and
 * holds @most at most. Returns the bytes of payload to follow it.
 */
size_t frame_fill(struct frame_head *head, uint64_t writer, size_t len,
		  size_t done, size_t most);

/* ---- receiving ---- */

struct part;

/**
 * struct parts - messages of which not all frames have come
 * @newest: the one that got a frame last; the others follow in this order
 * @count: how many there are
 * @most: how many there may be: then the oldest goes, as its writer may be dead
 * @evicted: one went so. If its writer was alive the loss is told at the end of
 *	that message
 */
struct parts {
	struct part *newest;
	uint32_t count;
	uint32_t most;
	bool evicted;
};

struct frame {
	uint32_t len;
	uint32_t left;
	uint64_t writer;
	bool first;
};

/* From the wire. -EBADMSG if no frame of up to @most bytes has such a head. */
int frame_parse(const struct frame_head *head, size_t most,
		struct frame *frame);

static inline bool frame_is_whole(const struct frame *frame)
{
	return frame->first && frame->len == frame->left;
}

/*
 * Where the payload of a frame that is not whole goes: @part is set to what
 * part_add() is to have it for, or to NULL if it is of no use. @size is the most
 * that a message can have. -EBADMSG (@part is NULL then), -ENOMEM.
 */
int parts_find(struct parts *parts, const struct frame *frame, size_t size,
	       struct part **part);

/* Room for what is missing yet. */
char *part_room(struct part *part);

/* The descriptors that ride along the message, which go with it. */
struct fds *part_fds(struct part *part);

void parts_drop(struct parts *parts, struct part *part);

/* @len bytes have come there. Returns whether the message is whole. */
bool part_add(struct part *part, size_t len);

/* Give out a whole message, which is none of the parts from then on. */
size_t parts_take(struct parts *parts, struct part *part, void *buf);

void parts_free(struct parts *parts);

#endif /* CHANNEL_FRAME_H */
