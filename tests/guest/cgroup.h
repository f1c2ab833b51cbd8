/* SPDX-License-Identifier: GPL-2.0-only */
/* A memory cgroup, one at a time. */
#ifndef GUEST_CGROUP_H
#define GUEST_CGROUP_H

#include <stdint.h>

#define CGROUPS	"/sys/fs/cgroup/"
#define CGROUP	CGROUPS "ipcx-test"

void cgroup_begin(uint64_t max);	/* in bytes */
void cgroup_enter(void);		/* this process */
void cgroup_end(void);			/* once nobody is in it */

#endif /* GUEST_CGROUP_H */
