/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_LIMITS_H
#define IPCX_LIMITS_H

#include <linux/types.h>

struct ipcx_query;
struct seq_file;
struct ipcx_user;

/**
 * enum ipcx_limit - what is counted for each user
 * @IPCX_LIMIT_OBJECTS: objects made
 * @IPCX_LIMIT_BYTES: their memory, regions at their full size
 * @IPCX_LIMIT_ATTACHMENTS: mappings of regions, address spaces that map rings
 * @IPCX_LIMIT_LOCKED: bytes of locked regions, against RLIMIT_MEMLOCK
 * @IPCX_LIMITS: how many there are
 */
enum ipcx_limit {
	IPCX_LIMIT_OBJECTS,
	IPCX_LIMIT_BYTES,
	IPCX_LIMIT_ATTACHMENTS,
	IPCX_LIMIT_LOCKED,
	IPCX_LIMITS
};

struct ipcx_user *ipcx_user_charge(enum ipcx_limit what, u64 amount);
void ipcx_user_uncharge(struct ipcx_user *user, enum ipcx_limit what, u64 amount);
struct ipcx_user *ipcx_user_charge_object(u64 bytes);
void ipcx_user_uncharge_object(struct ipcx_user *user, u64 bytes);
void ipcx_user_charge_copy(struct ipcx_user *user, enum ipcx_limit what,
			   u64 amount);
int ipcx_charge(struct ipcx_user *user, enum ipcx_limit what, u64 amount);
void ipcx_uncharge(struct ipcx_user *user, enum ipcx_limit what, u64 amount);
void ipcx_limits_fill(struct ipcx_query *query);
void ipcx_limits_show(struct seq_file *m);
void ipcx_users_show(struct seq_file *m);
void ipcx_limits_init(void);
void ipcx_limits_exit(void);

#endif /* IPCX_LIMITS_H */
