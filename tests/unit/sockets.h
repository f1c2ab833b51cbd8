/* SPDX-License-Identifier: GPL-2.0-only */
/* Channels unix: and tcp: of one test at a time, and what goes through them. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <sys/types.h>

#include "peer.h"

#include <ipcx/channel.h>

enum kind { STREAM, SEQPACKET, DGRAM, TCP, KINDS };

extern char sockets_path[64];	/* of all but TCP */
extern char sockets_port[8];
extern char uri[128];		/* of both ends */
extern char buf[1024 * 1024];	/* what was received */
extern char out[1024 * 1024];	/* what is to be sent */

/* A message that fits neither into a frame nor a socket. */
#define LARGE	(300 * 1024)

/* Set the URI; without, it is that of a stream. */
void use(enum kind kind);

/* Opened at once, and asserted. */
struct ipcx_channel *end_of(const char *name, uint32_t right);
struct ipcx_channel *receiver(void);
struct ipcx_channel *sender(void);

short polled(const struct ipcx_channel *channel, short events);
ssize_t receive(struct ipcx_channel *channel);	/* by LONG_ENOUGH */
ssize_t look(struct ipcx_channel *channel);	/* what is there */

/* Around each test. */
int sockets_setup(void **state);
int sockets_teardown(void **state);
#define SOCKET_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, sockets_setup, sockets_teardown)

#endif /* SOCKETS_H */
