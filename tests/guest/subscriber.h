/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mapped broadcast queue by hand, as mapped.h does it for work queues: the
 * words of <linux/ipcx_ring.h> as plainly as they can be followed. Messages are
 * one number.
 */
#ifndef GUEST_SUBSCRIBER_H
#define GUEST_SUBSCRIBER_H

#include "mapped.h"

struct subscriber {
	struct mapped m;		/* its ring mapped for reading only */
	uint64_t cursor;
	uint64_t missed;		/* all in all */
	uint64_t aborted;		/* seen so, all in all */
};

/* For a publisher, who opens by mapped_open(), commits and aborts as there. */
uint64_t mapped_claim_broadcast(const struct mapped *m);
int mapped_publish_u32(const struct mapped *m, uint32_t value);

void subscriber_open(struct subscriber *s, int fd);
void subscriber_close(struct subscriber *s);
/* 1, or what WAIT says. */
int subscriber_recv_u32(struct subscriber *s, uint32_t *value,
			uint64_t deadline);

/* WAIT, telling where a reader is. */
int queue_wait_at(int fd, uint64_t ticket, uint64_t deadline);

#endif /* GUEST_SUBSCRIBER_H */
