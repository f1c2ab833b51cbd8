/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages of one number that regions ride along. */
#ifndef GUEST_RIDERS_H
#define GUEST_RIDERS_H

#include "guest.h"

#define RIDERS_SLOT	64

/* A message to send, which points at its number and its descriptors. */
struct ipcx_msg message(const uint32_t *value, const int *riders,
			uint32_t count);
int send_riders(int fd, uint32_t value, const int *riders, uint32_t count);

/* What came; descriptors that did not are poison. */
struct got {
	struct ipcx_msg msg;
	int fds[IPCX_FDS_MAX + 1];
};

#define NOT_WRITTEN	(-0x5a5a5a5b)	/* POISON in every byte */

/* RECV, now; asserts that it is this number, if there is one. */
int recv_riders(int fd, struct got *got, uint32_t room, uint32_t value);
int take(int fd, uint64_t ticket, int *fds, uint32_t room);

/* A region that is told apart by its first byte. */
int marked_region(uint8_t mark);
void expect_mark(int fd, uint8_t mark);

uint64_t regions_alive(void);
int riding_queue(uint32_t flags);	/* four slots of RIDERS_SLOT, one lane */

#endif /* GUEST_RIDERS_H */
