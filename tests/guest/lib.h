/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the library's queues share. */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include "guest.h"

#include <ipcx/ipcx.h>

#define SLOT_SIZE	64
#define BOTH		(IPCX_RIGHT_SEND | IPCX_RIGHT_RECV)

/* The two kinds of handle; a test that is for both runs once with each. */
enum path { MAPPED, MEDIATED };

/* A test that fails leaves its queue open: the next one shall not find it. */
static inline int forget_q(void **state)
{
	(void)state;
	ipcx_unlink("q", IPCX_KIND_QUEUE);
	return 0;
}

#define ON_BOTH_PATHS(test)						\
	{ #test "_mapped", test, NULL, forget_q, (void *)MAPPED },	\
	{ #test "_mediated", test, NULL, forget_q, (void *)MEDIATED }

static inline enum path path_of(void **state)
{
	return (enum path)(uintptr_t)*state;
}

/* Handles of the queue named "q". */
static inline struct ipcx_queue *open_q(enum path path, uint32_t rights)
{
	struct ipcx_queue *q = NULL;

	if (path == MAPPED)
		rights |= IPCX_RIGHT_MAP;
	assert_int_equal(ipcx_queue_open("q", rights, &q), 0);
	assert_int_equal(ipcx_queue_is_mapped(q), path == MAPPED);
	return q;
}

/* Four slots of SLOT_SIZE, mappable, with this handle's rights and path. */
static inline struct ipcx_queue *create_q(enum path path, uint32_t rights,
					  uint32_t flags, uint32_t lanes)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = flags | IPCX_QUEUE_MAPPABLE,
		.lanes = lanes,
		.rights = rights | (path == MAPPED ? IPCX_RIGHT_MAP : 0),
	};
	struct ipcx_queue *q = NULL;

	assert_int_equal(ipcx_queue_create("q", 4, SLOT_SIZE, &options, &q), 0);
	return q;
}

static inline struct ipcx_stat stat_q(const struct ipcx_queue *q)
{
	struct ipcx_stat st = { .size = sizeof(st) };

	assert_int_equal(ipcx_stat(ipcx_queue_fd(q), &st), 0);
	return st;
}

/* One number as a message, now or by a deadline; the number, or -errno. */
static inline int64_t put(struct ipcx_queue *q, uint32_t value,
			  uint64_t deadline)
{
	int rc = ipcx_queue_send_timed(q, &value, sizeof(value), 0, deadline);

	return rc < 0 ? rc : (int64_t)value;
}

static inline int64_t get(struct ipcx_queue *q, struct ipcx_msg *msg,
			  uint64_t deadline)
{
	uint32_t buf[SLOT_SIZE / sizeof(uint32_t)];
	ssize_t rc = ipcx_queue_recv_timed(q, buf, sizeof(buf), msg, deadline);

	if (rc < 0)
		return rc;
	assert_int_equal(rc, sizeof(*buf));
	return buf[0];
}

#endif /* GUEST_LIB_H */
