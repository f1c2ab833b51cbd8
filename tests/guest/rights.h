/* SPDX-License-Identifier: GPL-2.0-only */
/* The rights by short names, for tables. */
#ifndef GUEST_RIGHTS_H
#define GUEST_RIGHTS_H

#include <linux/ipcx.h>

#define READ	IPCX_RIGHT_READ
#define WRITE	IPCX_RIGHT_WRITE
#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV
#define MAP	IPCX_RIGHT_MAP
#define ADMIN	IPCX_RIGHT_ADMIN

#endif /* GUEST_RIGHTS_H */
