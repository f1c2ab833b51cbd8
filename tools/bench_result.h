/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_BENCH_RESULT_H
#define TOOLS_BENCH_RESULT_H

#include "bench_child.h"

/* false: the numbers of messages are not right, and @why says how. */
bool result_make(struct job *job, struct result *result, char **why);

#endif /* TOOLS_BENCH_RESULT_H */
