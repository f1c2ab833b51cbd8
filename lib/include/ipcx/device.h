/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What concerns the module as a whole and objects of either kind. <ipcx/ipcx.h>
 * says what holds for every call.
 *
 * Threads and fork: there is no handle here. Every function may be called from
 * any thread and any process.
 */
#ifndef IPCX_DEVICE_H
#define IPCX_DEVICE_H

#include <stdint.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/**
 * ipcx_version() - version of the library at run time, such as "0.1.0"
 *
 * The string is static. The version compiled against is IPCX_VERSION.
 */
const char *ipcx_version(void);

/**
 * ipcx_deadline_after() - deadline for a _timed call
 * @ns: nanoseconds from now
 *
 * Returns the moment of CLOCK_MONOTONIC; the far future if the sum overflows,
 * but never IPCX_FOREVER.
 */
uint64_t ipcx_deadline_after(uint64_t ns);

/**
 * ipcx_query() - what the loaded module is and allows
 * @query: filled in; the caller sets @query->size to its sizeof and
 *	@query->flags to 0 first
 *
 * Returns 0.
 */
int ipcx_query(struct ipcx_query *query);

/**
 * ipcx_open() - open a named object as a descriptor
 * @name: its name
 * @kind: IPCX_KIND_REGION, IPCX_KIND_QUEUE or IPCX_KIND_ANY
 * @rights: IPCX_RIGHT_* wanted, 0 for all that the mode allows
 *
 * Returns a descriptor. ipcx_region_open() and ipcx_queue_open() give a handle
 * at once; this is for who wants either kind, or only to look.
 *
 * Errors: -ENOENT, -EPROTOTYPE (another kind), -EACCES (a right that the mode
 * does not give, or none at all), -EINVAL.
 */
int ipcx_open(const char *name, uint32_t kind, uint32_t rights);

/**
 * ipcx_unlink() - take a name away
 * @name: the name
 * @kind: IPCX_KIND_*, as for ipcx_open()
 *
 * Who has the object open or mapped keeps it. The name is free at once.
 *
 * Returns 0.
 *
 * Errors: -ENOENT, -EPROTOTYPE, -EPERM (not the owner), -EINVAL.
 */
int ipcx_unlink(const char *name, uint32_t kind);

/**
 * ipcx_shutdown() - take a name away and end the use of the object
 * @name: the name
 * @kind: IPCX_KIND_*, as for ipcx_open()
 *
 * As ipcx_unlink(); and whoever sleeps in a queue wakes with -EIDRM, which every
 * call on it returns from then on. What was in it is lost. A region can be
 * mapped no more; mappings stay.
 *
 * Returns 0.
 *
 * Errors: as ipcx_unlink().
 */
int ipcx_shutdown(const char *name, uint32_t kind);

/**
 * ipcx_list_next() - the next of all objects
 * @stat: in: size as for ipcx_stat(), flags 0, and in id where to go on: 0 to
 *	begin, then what the call before left there; out: the object
 *
 * Returns 1 with the object of the next greater id, or 0 when there is none:
 *
 *	struct ipcx_stat stat = { .size = sizeof(stat) };
 *	int ret;
 *
 *	while ((ret = ipcx_list_next(&stat)) > 0)
 *		...;
 *
 * Ids are never used again, so every object that is there all the while is seen
 * exactly once, whatever comes and goes beside it. Shown are the objects of
 * this network namespace that the caller owns or may read.
 */
int ipcx_list_next(struct ipcx_stat *stat);

/**
 * ipcx_stat() - all about the object behind a descriptor
 * @fd: descriptor of a region or queue
 * @stat: filled in; the caller sets @stat->size to its sizeof and @stat->flags
 *	to 0 first
 *
 * Returns 0.
 *
 * Errors: -EBADF, -ENOTTY (not an ipcx object).
 */
int ipcx_stat(int fd, struct ipcx_stat *stat);

/**
 * ipcx_reopen() - a descriptor of the same object with fewer rights
 * @fd: descriptor of a region or queue, left as it is
 * @rights: some of its rights, not none
 *
 * Returns a descriptor, to hand to somebody who is trusted less.
 *
 * Errors: -EBADF, -ENOTTY, -EINVAL (no right or an unknown one), -EACCES (a
 * right that @fd has not).
 */
int ipcx_reopen(int fd, uint32_t rights);

/**
 * ipcx_setattr() - change owner, group or permissions of an object
 * @fd: descriptor of a region or queue
 * @what: IPCX_SET_*: which of the following to set
 * @mode: permission bits
 * @uid: owner
 * @gid: group
 *
 * Rights of descriptors that are open already stay.
 *
 * Returns 0.
 *
 * Errors: -EBADF, -ENOTTY, -EINVAL, -EPERM (no IPCX_RIGHT_ADMIN and not
 * privileged).
 */
int ipcx_setattr(int fd, uint32_t what, uint32_t mode, uint32_t uid,
		 uint32_t gid);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_DEVICE_H */
