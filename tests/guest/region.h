/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions, what administers objects, and what the kernel shows of them. As in
 * guest.h: functions return what the kernel returns, or -errno.
 */
#ifndef GUEST_REGION_H
#define GUEST_REGION_H

#include "guest.h"

#define RW	(PROT_READ | PROT_WRITE)

/* ---- mapping ---- */

uint8_t *map(int fd, size_t bytes, int prot);		/* shared, asserted */
uint8_t *map_private(int fd, size_t bytes, int prot);
int map_error(int fd, size_t bytes, int prot, int flags, off_t offset);
uint32_t mappings(int fd);				/* STAT.attachments */

/* The signal that reading (writing) a byte raises, 0 for none; in a child. */
int signal_of_read(volatile uint8_t *addr);
int signal_of_write(volatile uint8_t *addr);

/* ---- ioctls ---- */

int object_setattr(int fd, uint32_t flags, uint32_t mode, uint32_t uid,
		   uint32_t gid);
int object_shutdown(const char *name);
int object_list(struct ipcx_stat *stats, uint32_t count, uint64_t after);
bool object_listed(uint64_t id);
int region_resize(int fd, uint64_t bytes);
int region_seal(int fd, uint32_t seals);
int region_over(const char *name, int file, uint64_t bytes, uint32_t mode);

/* Asserts that nothing of what STAT tells has changed. */
void stat_unchanged(int fd, const struct ipcx_stat *before);

/* ---- what the kernel shows ---- */

/* The number behind "key" on a line of a file; asserts that there is one. */
uint64_t fact(const char *path, const char *key);
bool fact_is(const char *path, const char *key, const char *text);

/* A count of debugfs "users"; 0 for who is not there. */
uint64_t user_count(uid_t uid, const char *what);

/* Reads and writes one value of a file; -errno. */
uint64_t file_number(const char *path);
int file_write(const char *path, const char *text);

bool asleep_in(pid_t pid, long syscall_nr);	/* blocked in that system call */

/* ---- privilege ---- */

void keep_capabilities(uint64_t mask);		/* 1 << CAP_*, of a child's own */
void enter_user_namespace(int more);		/* as root of it; more: CLONE_* */
void reopen_ctl(void);

#endif /* GUEST_REGION_H */
