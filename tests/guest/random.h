/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include <stdint.h>

/* xorshift: what matters is that the kernel cannot foresee it. */
static inline uint64_t random64(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif /* GUEST_RANDOM_H */
