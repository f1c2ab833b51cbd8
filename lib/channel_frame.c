// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <stdlib.h>
#include <sys/random.h>

#include "channel_frame.h"
#include "sys.h"

_Static_assert(sizeof(struct frame_head) == 16, "no padding on the wire");

/**
 * struct part - what has come of a message
 * @next: the one that got its last frame before this one
 * @writer: whose it is
 * @len: bytes of the whole message
 * @got: those that have come
 * @fds: descriptors that ride along
 * @data: the bytes
 */
struct part {
	struct part *next;
	uint64_t writer;
	uint32_t len;
	uint32_t got;
	struct fds fds;
	char data[];
};

/* ---- sending ---- */

/* Senders that do not know of each other must not be the same writer. */
int writers_init(struct writers *writers)
{
	long ret;

	do {
		ret = SYSCALL(getrandom(&writers->base, sizeof(writers->base),
					0));
	} while (ret == -EINTR);
	writers->base &= ~(uint64_t)(WRITERS_MOST - 1);
	writers->busy = 0;
	return ret < 0 ? ret : 0;
}

int writer_take(struct writers *writers)
{
	uint32_t busy = __atomic_load_n(&writers->busy, __ATOMIC_RELAXED);
	int writer;

	do {
		writer = __builtin_ctz(~busy);
		if (writer >= WRITERS_MOST)
			return -EAGAIN;
	} while (!__atomic_compare_exchange_n(&writers->busy, &busy,
					      busy | 1U << writer, true,
					      __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return writer;
}

/* Release: what this one has sent came before what the next one sends. */
void writer_give(struct writers *writers, int writer)
{
	__atomic_fetch_and(&writers->busy, ~(1U << writer), __ATOMIC_RELEASE);
}

size_t frame_fill(struct frame_head *head, uint64_t writer, size_t len,
		  size_t done, size_t most)
{
	size_t left = len - done;
	size_t part = left < most ? left : most;

	*head = (struct frame_head) {
		.len = htole32(part | (done ? 0 : FRAME_FIRST)),
		.left = htole32(left),
		.writer = htole64(writer),
	};
	return part;
}

/* ---- receiving ---- */

int frame_parse(const struct frame_head *head, size_t most,
		struct frame *frame)
{
	uint32_t len = le32toh(head->len);

	*frame = (struct frame) {
		.len = len & ~FRAME_FIRST,
		.left = le32toh(head->left),
		.writer = le64toh(head->writer),
		.first = len & FRAME_FIRST,
	};
	/* Only a message of no bytes at all has nothing in a frame. */
	if (frame->len > most || frame->len > frame->left ||
	    (!frame->len && (frame->left || !frame->first)))
		return -EBADMSG;
	return 0;
}

static void drop(struct parts *parts, struct part **at)
{
	struct part *part = *at;

	*at = part->next;
	parts->count--;
	fds_close(&part->fds);
	free(part);
}

static void evict_oldest(struct parts *parts)
{
	struct part **at = &parts->newest;

	while ((*at)->next)
		at = &(*at)->next;
	drop(parts, at);
	parts->evicted = true;
}

static int begin(struct parts *parts, const struct frame *frame, size_t size,
		 struct part **part)
{
	struct part *begun;

	if (frame->left > size)
		return -EBADMSG;
	begun = malloc(sizeof(*begun) + frame->left);
	if (!begun)
		return -ENOMEM;
	if (parts->newest && parts->count == parts->most)
		evict_oldest(parts);
	*begun = (struct part) {
		.next = parts->newest,
		.writer = frame->writer,
		.len = frame->left,
	};
	parts->newest = begun;
	parts->count++;
	*part = begun;
	return 0;
}

/* A frame of a message whose beginning is not here, told of at its end. */
static int missed(const struct parts *parts, const struct frame *frame)
{
	/* Otherwise who received before had it, and has closed or died. */
	return parts->evicted && frame->len == frame->left ? -EBADMSG : 0;
}

int parts_find(struct parts *parts, const struct frame *frame, size_t size,
	       struct part **part)
{
	struct part **at = &parts->newest, *found;

	*part = NULL;
	while (*at && (*at)->writer != frame->writer)
		at = &(*at)->next;
	found = *at;
	if (frame->first) {
		if (found)
			drop(parts, at);
		return begin(parts, frame, size, part);
	}
	if (!found)
		return missed(parts, frame);
	if (found->len - found->got != frame->left) {
		drop(parts, at);
		return -EBADMSG;
	}
	*at = found->next;
	found->next = parts->newest;
	parts->newest = found;
	*part = found;
	return 0;
}

char *part_room(struct part *part)
{
	return part->data + part->got;
}

struct fds *part_fds(struct part *part)
{
	return &part->fds;
}

bool part_add(struct part *part, size_t len)
{
	part->got += len;
	return part->got == part->len;
}

void parts_drop(struct parts *parts, struct part *part)
{
	struct part **at = &parts->newest;

	while (*at != part)
		at = &(*at)->next;
	drop(parts, at);
}

size_t parts_take(struct parts *parts, struct part *part, void *buf)
{
	size_t len = part->len;

	memcpy(buf, part->data, len);
	parts_drop(parts, part);
	return len;
}

void parts_free(struct parts *parts)
{
	while (parts->newest)
		drop(parts, &parts->newest);
	parts->evicted = false;
}
