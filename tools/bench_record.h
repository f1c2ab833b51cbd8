/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorder of times as HdrHistogram is one: of fixed size, however many times
 * it takes, exact to RECORD_PRECISION from 1 ns to 100 s; records can be added
 * up. It holds no pointers, so it can be in memory that processes share.
 */
#ifndef TOOLS_BENCH_RECORD_H
#define TOOLS_BENCH_RECORD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RECORD_PRECISION	0.01

struct record;

size_t record_size(void);
/* An empty one, in memory of record_size() aligned to 16; nothing is to be freed. */
struct record *record_begin(void *memory);
void record_add(struct record *record, uint64_t ns);
void record_merge(struct record *record, const struct record *other);
uint64_t record_count(const struct record *record);
/*
 * The time that a share @q of all are no longer than; at most RECORD_PRECISION
 * above. Negative if it rests on fewer than RECORD_BEYOND longer ones.
 */
#define RECORD_BEYOND	10
double record_quantile(const struct record *record, double q);
double record_max(const struct record *record);	/* exact; negative if empty */

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_BENCH_RECORD_H */
