/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmarks of the library's calls against bare ones have in common. */
#ifndef WRAP_H
#define WRAP_H

#include <stdio.h>

#include <ipcx/ipcx.h>

#include "bench.h"

#define PAGE	4096UL
#define ROUNDS	15
#define TIMES	500
#define BYTES	64
#define RW	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

/* Nanoseconds of one time. */
#define TIME(what) ({							\
	uint64_t start_ = now();					\
									\
	for (int i_ = 0; i_ < TIMES; i_++)				\
		check(what, #what);					\
	(double)(now() - start_) / TIMES;				\
})

/* @name's wrapper over what is bare, both on the same objects in @arg. */
static inline void compare(const char *name, double (*wrapper)(void *arg),
		    double (*bare)(void *arg), void *arg)
{
	struct candidate c[] = {
		{ .name = "library", .run = wrapper, .arg = arg },
		{ .name = "bare", .run = bare, .arg = arg },
	};
	char text[64];

	measure(c, 2, ROUNDS);
	snprintf(text, sizeof(text), "wrap.%s.overhead", name);
	figure(text, &c[0], &c[1]);
}

#endif /* WRAP_H */
