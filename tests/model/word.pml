/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slot word of <linux/ipcx_ring.h>, in 13 bits: ticket (6), owner (4),
 * state (3). Tickets wrap; -DT0=n begins a ring at ticket n.
 */
#define FREE		0
#define WRITING		1
#define READY		2
#define READING		3
#define ABORTED		4
#define RETURNED	5

#define NOBODY		0	/* IPCX_OWNER_NONE */
#define KERNEL		15	/* IPCX_OWNER_KERNEL */

#define WORD(ticket, owner, state)	(((ticket) << 7) + ((owner) << 3) + (state))
#define TICKET(w)	((w) >> 7)
#define OWNER(w)	(((w) >> 3) & 15)
#define STATE(w)	((w) & 7)

#define TICKETS		64
#define ADD(a, b)	(((a) + (b)) % TICKETS)
#define SUB(a, b)	(((a) + TICKETS - (b)) % TICKETS)
#define NEWER(a, b)	(SUB(a, b) != 0 && SUB(a, b) < TICKETS / 2)

#ifndef T0
#define T0		0
#endif

#define B(i)		(1 << (i))

/* Directions, as IPCX_DIR_*. */
#define RECV		0
#define SEND		1
