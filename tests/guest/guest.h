/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every guest test needs: the module loaded, the ioctls as functions, and
 * children.
 *
 * The ioctl functions return what the kernel returns, or -errno. They assert
 * what the ABI promises of every call: a failed one has written no output.
 */
#ifndef GUEST_H
#define GUEST_H

#include "../child.h"
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ipcx.h>
#include <linux/ipcx_ring.h>

#define POISON		0xA5

/* Another uid and gid without privilege than NOBODY. */
#define SOMEBODY	1000

/* ---- descriptors ---- */

void send_fd(int sock, int fd);
int receive_fd(int sock);

/* ---- the ioctls ---- */

int call(int fd, unsigned long cmd, void *arg);		/* ioctl(), -errno */

/*
 * Asserts that a table of ioctls has all there are: what the module does not know
 * is -ENOTTY, whatever the argument. Commands are without the bits of a size.
 */
void every_ioctl_has_a_row(int region, int queue, bool (*has_row)(unsigned long cmd));

int region_create(const char *name, uint64_t bytes, uint32_t flags,
		  uint32_t mode);
int object_open(const char *name, uint32_t kind, uint32_t rights);
int object_unlink(const char *name);
int object_reopen(int fd, uint32_t rights);
struct ipcx_stat object_stat(int fd);

/* What a queue should be; 0 is 4 slots of 64 bytes, 1 lane, mode 0600. */
struct shape {
	uint32_t slots;
	uint32_t slot_size;
	uint32_t lanes;
	uint32_t flags;
	uint32_t mode;
	uint32_t rights;
};

int queue_create(const char *name, const struct shape *shape);
#define queue(name, ...) \
	queue_create(name, &(struct shape){ __VA_ARGS__ })

/*
 * The calls that block, with a deadline that is LONG_ENOUGH, must have been
 * woken: the kernel looks once more at the deadline, and what it finds only then
 * is a wake-up that was lost.
 */
int transfer(int fd, unsigned long cmd, struct ipcx_msg *msgs, uint32_t count,
	     uint64_t deadline);
int send_msg(int fd, uint32_t lane, const void *buf, uint32_t len,
	     uint64_t deadline);
int recv_msg(int fd, void *buf, uint32_t room, struct ipcx_msg *msg,
	     uint64_t deadline);

/* The payload of most tests: one number. */
int send_u32(int fd, uint32_t value, uint64_t deadline);
int recv_u32(int fd, uint32_t *value, uint64_t deadline);
void expect_u32(int fd, uint32_t expected);	/* what is there, next of all */
void expect_empty(int fd);

int queue_wait(int fd, uint32_t dir, uint32_t lane, uint64_t deadline);
short poll_now(int fd, short events);
short poll_long(int fd, short events);
void assert_woken(uint64_t start, uint64_t deadline);

#endif /* GUEST_H */
