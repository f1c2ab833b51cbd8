/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Payload, written and read in full: one number over and over, who sent the
 * message and its place among the sender's, of which the last copy may be cut.
 * A message shorter than that number has its low bytes.
 */
#ifndef TOOLS_BENCH_MESSAGE_H
#define TOOLS_BENCH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STAMP_SENDER_BITS	4
#define STAMP_SENDER_MASK	0xFU
/* In the place of a sender: nothing comes after it. */
#define STAMP_END		0xFU

static inline uint64_t stamp(uint64_t number, unsigned int sender)
{
	return number << STAMP_SENDER_BITS | sender;
}

static inline unsigned int stamp_sender(uint64_t stamp)
{
	return stamp & STAMP_SENDER_MASK;
}

/* What is left of a stamp in a message of @len bytes. */
static inline uint64_t stamp_mask(size_t len)
{
	return len < sizeof(uint64_t) ? (1ULL << 8 * len) - 1 : UINT64_MAX;
}

static inline void message_write(void *data, size_t len, uint64_t stamp)
{
	size_t words = len / sizeof(stamp);
	uint64_t *word = data;

	for (size_t i = 0; i < words; i++)
		word[i] = stamp;
	/* The low bytes come first: little-endian, as all that ipcx runs on. */
	memcpy(word + words, &stamp, len % sizeof(stamp));
}

/* The stamp, or false: not all of the message is of one. */
static inline bool message_read(const void *data, size_t len, uint64_t *stamp)
{
	size_t words = len / sizeof(*stamp);
	const uint64_t *word = data;
	uint64_t first = 0, wrong = 0, tail = 0;

	memcpy(&first, data, len < sizeof(first) ? len : sizeof(first));
	for (size_t i = 0; i < words; i++)
		wrong |= word[i] ^ first;
	memcpy(&tail, word + words, len % sizeof(tail));
	wrong |= tail ^ (first & stamp_mask(len % sizeof(tail)));
	*stamp = first;
	return !wrong;
}

#endif /* TOOLS_BENCH_MESSAGE_H */
