// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "marked.h"

/* Differs from word to word and from message to message. */
static uint64_t word(const struct mark *mark, size_t at)
{
	return (at + 1) * 0x9e3779b97f4a7c15 +
	       ((uint64_t)mark->sender << 32) + mark->serial;
}

void mark(void *buf, size_t len, uint32_t sender, uint32_t serial)
{
	struct mark mark = { sender, serial, len };
	uint64_t *words = buf;

	memset(buf, 0, len);
	memcpy(buf, &mark, sizeof(mark));
	for (size_t i = sizeof(mark) / 8; i < len / 8; i++)
		words[i] = word(&mark, i);
}

bool marked_whole(const void *buf, size_t len)
{
	const struct mark *mark = buf;
	const uint64_t *words = buf;

	if (len < sizeof(*mark) || mark->len != len)
		return false;
	for (size_t i = sizeof(*mark) / 8; i < len / 8; i++)
		if (words[i] != word(mark, i))
			return false;
	return true;
}
