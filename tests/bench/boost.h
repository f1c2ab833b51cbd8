/* SPDX-License-Identifier: GPL-2.0-only */
/* Boost.Interprocess message_queue, for C. */
#ifndef BENCH_BOOST_H
#define BENCH_BOOST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Shared with children forked later. */
struct boost_queue;

struct boost_queue *boost_make(size_t messages, size_t bytes);
void boost_send(struct boost_queue *queue, const void *buf, size_t len);
size_t boost_recv(struct boost_queue *queue, void *buf, size_t cap);
void boost_free(struct boost_queue *queue);

#ifdef __cplusplus
}
#endif

#endif /* BENCH_BOOST_H */
