/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_BENCH_CHANNEL_H
#define TOOLS_BENCH_CHANNEL_H

#include "bench_link.h"

/* @by_try: spin by the calls that do not wait. -EMSGSIZE: it is too small. */
int channel_link(const char *uri, uint32_t right, const struct link_shape *shape,
		 bool by_try, struct link **link);

#endif /* TOOLS_BENCH_CHANNEL_H */
