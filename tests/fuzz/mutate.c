// SPDX-License-Identifier: GPL-2.0-only
/* How an input becomes another: by whole calls, which are all of one size. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned int seed);

#define CALLS_LEAST	192

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % n;
}

/* Mostly what a good caller would say: else no call gets far. */
static struct call random_call(void)
{
	struct call c = { .op = below(OP_COUNT), .fd = below(below(16) ? 0xe0 : 256) };

	/* A new process takes as long as a hundred calls, text for people as long as ten. */
	if (((c.op == OP_KILL || c.op == OP_FORK) && below(16)) || (c.op > OP_CLAIM && below(2)))
		c.op = OP_QUERY + below(OP_CLAIM - OP_QUERY + 1);
	/* Objects are there soon, and to make one takes as long as to use it ten times. */
	if ((c.op == OP_REGION_CREATE || c.op == OP_QUEUE_CREATE) && below(2))
		c.op = OP_SEND + below(OP_EVENTS - OP_SEND + 1);
	if (!below(8))
		c.place = below(256);
	if (!below(8))
		c.twist = below(256);
	for (size_t i = 0; i < sizeof(c.a); i++)
		c.a[i] = below(below(2) ? 8 : 256);
	return c;
}

static void change_byte(struct call *c)
{
	uint8_t *byte = (uint8_t *)c + below(sizeof(*c));

	switch (below(4)) {
	case 0:
		*byte = below(256);
		break;
	case 1:
		*byte = below(8);
		break;
	case 2:
		*byte ^= 1 << below(8);
		break;
	default:
		*byte += below(2) ? 1 : -1;
	}
}

/* @count is of at least one call. */
static size_t mutate(struct call *calls, size_t count, size_t max)
{
	size_t at = below(count), run = 1 + below(below(4) ? 4 : 32), to = below(count);

	if (run > count - at)
		run = count - at;
	switch (below(8)) {
	case 0:
	case 1:
		if (count == max)
			break;
		memmove(calls + at + 1, calls + at, (count - at) * sizeof(*calls));
		calls[at] = random_call();
		return count + 1;
	case 2:
		if (run == count)
			break;
		memmove(calls + at, calls + at + run, (count - at - run) * sizeof(*calls));
		return count - run;
	case 3:		/* a run of calls once more, at the end */
		if (run > max - count)
			run = max - count;
		memcpy(calls + count, calls + at, run * sizeof(*calls));
		return count + run;
	case 4:
		calls[at] = calls[to];
		break;
	case 5:
		calls[at] = random_call();
		break;
	case 6:
		LLVMFuzzerMutate((uint8_t *)(calls + at), sizeof(*calls), sizeof(*calls));
		break;
	default:
		change_byte(calls + at);
	}
	return count;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct call *calls = (struct call *)data;
	size_t count = size / sizeof(*calls), limit = max / sizeof(*calls);

	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	if (limit > CALLS_MAX)
		limit = CALLS_MAX;
	if (!limit)
		return 0;
	if (count > limit)
		count = limit;
	/* What goes before and after an input takes as long as dozens of calls. */
	while (count < CALLS_LEAST && count < limit) {
		calls[count] = count && below(2) ? calls[below(count)] : random_call();
		count++;
	}
	for (uint32_t times = 1 + below(6); times; times--)
		count = mutate(calls, count, limit);
	return count * sizeof(*calls);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned int seed)
{
	const size_t one = sizeof(struct call);
	size_t head, tail;

	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	head = below(a_size / one + 1) * one;
	tail = below(b_size / one + 1) * one;
	if (head > max)
		head = max / one * one;
	if (tail > max - head)
		tail = (max - head) / one * one;
	memcpy(out, a, head);
	memcpy(out + head, b + b_size / one * one - tail, tail);
	return head + tail;
}
