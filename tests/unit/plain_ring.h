/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring in plain memory, with the kernel's part played by the test: enough to
 * run the protocol where there is no module.
 */
#ifndef PLAIN_RING_H
#define PLAIN_RING_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ring.h"

/* Attachments of the peers that the tests play. */
#define ME	IPCX_OWNER_FIRST
#define PEER	(IPCX_OWNER_FIRST + 1)

struct geometry {
	uint32_t lanes;
	uint32_t slots;
	uint32_t slot_size;
	uint32_t flags;
	uint64_t first_ticket;
};

/**
 * struct plain_ring - a ring and its kernel page
 * @ring: the view under test; its wake hook counts in @wakes
 * @kpage: written by the test in the kernel's stead
 * @bytes: length of the ring, to the byte: a step beyond it is the sanitizer's
 * @wakes: calls of the hook by direction
 */
struct plain_ring {
	struct ring ring;
	struct ipcx_kpage kpage;
	size_t bytes;
	unsigned int wakes[2];
};

void plain_ring_init(struct plain_ring *plain, const struct geometry *geometry);
void plain_ring_destroy(struct plain_ring *plain);

struct ipcx_slot *plain_slot(struct plain_ring *plain, uint32_t lane,
			     uint64_t ticket);

/* Send or receive one number at once; the number, or -errno. */
int64_t put(struct plain_ring *plain, uint32_t me, uint32_t lane,
	    uint32_t value);
int64_t get(struct plain_ring *plain, uint32_t me);

/* What the kernel does with the claims of an attachment that died. */
void plain_ring_repair(struct plain_ring *plain, uint32_t dead);

#endif /* PLAIN_RING_H */
