/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages that show whether they came whole, and of whom and in which order. */
#ifndef MARKED_H
#define MARKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mark {
	uint32_t sender;
	uint32_t serial;
	uint64_t len;
};

/* Fill @len bytes, of which a mark takes the first. */
void mark(void *buf, size_t len, uint32_t sender, uint32_t serial);

/* Whether all @len bytes are as they were made. */
bool marked_whole(const void *buf, size_t len);

static inline const struct mark *mark_of(const void *buf)
{
	return buf;
}

#endif /* MARKED_H */
