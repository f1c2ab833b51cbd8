/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mapped queue by hand: the protocol of <linux/ipcx_ring.h> as plainly as it
 * can be written, so that the module is tested against the header and not
 * against the library's reading of it. Messages are one number on one lane.
 */
#ifndef GUEST_MAPPED_H
#define GUEST_MAPPED_H

#include "guest.h"

struct mapped {
	int fd;
	uint32_t me;			/* attachment */
	const struct ipcx_kpage *kpage;
	struct ipcx_ring *ring;
};

#define NO_TICKET	UINT64_MAX

void mapped_open(struct mapped *m, int fd);
void mapped_close(struct mapped *m);	/* both mappings, not the descriptor */
int mapped_attachment(int fd);		/* IPCX_IOC_ATTACHMENT */

struct ipcx_lane *mapped_lane(const struct mapped *m);
struct ipcx_slot *mapped_slot(const struct mapped *m, uint64_t ticket);
uint64_t mapped_word(const struct mapped *m, uint64_t ticket);

/* The halves of a send and a receive; claims return NO_TICKET if there is none. */
uint64_t mapped_claim_send(const struct mapped *m);
void mapped_commit(const struct mapped *m, uint64_t ticket, uint32_t value);
void mapped_abort(const struct mapped *m, uint64_t ticket);
uint64_t mapped_claim_recv(const struct mapped *m, bool *redelivered);
uint32_t mapped_value(const struct mapped *m, uint64_t ticket);
void mapped_release(const struct mapped *m, uint64_t ticket);

/* 1, or what WAIT says. */
int mapped_send_u32(const struct mapped *m, uint32_t value, uint64_t deadline);
int mapped_recv_u32(const struct mapped *m, uint32_t *value, uint64_t deadline);

#endif /* GUEST_MAPPED_H */
