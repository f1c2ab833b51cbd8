/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_RIDERS_H
#define IPCX_RIDERS_H

#include "object.h"

/**
 * struct ipcx_rider - a region on its way
 * @obj: the region, of which it is a user
 * @rights: of the sender's descriptor
 */
struct ipcx_rider {
	struct ipcx_object *obj;
	u32 rights;
};

/**
 * struct ipcx_riders - what rides along one message
 * @count: how many
 * @rider: they
 */
struct ipcx_riders {
	u32 count;
	struct ipcx_rider rider[];
};

/**
 * struct ipcx_landing - descriptors of the caller's that are not installed yet
 * @count: how many
 * @fd: their numbers
 * @file: their files
 */
struct ipcx_landing {
	u32 count;
	s32 fd[IPCX_FDS_MAX];
	struct file *file[IPCX_FDS_MAX];
};

struct ipcx_riders *ipcx_riders_get(const s32 __user *ufds, u32 count);
void ipcx_riders_put(struct ipcx_riders *riders);
int ipcx_riders_land(struct ipcx_landing *landing,
		     const struct ipcx_riders *riders, u32 count);
void ipcx_landing_install(const struct ipcx_landing *landing);
void ipcx_landing_undo(const struct ipcx_landing *landing);
long ipcx_take_ioctl(struct file *file, void __user *uarg);

#endif /* IPCX_RIDERS_H */
