/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_DEBUGFS_H
#define IPCX_DEBUGFS_H

struct ipcx_object;

void ipcx_debugfs_add(struct ipcx_object *obj);
void ipcx_debugfs_remove(struct ipcx_object *obj);
void ipcx_debugfs_init(void);
void ipcx_debugfs_exit(void);

#endif /* IPCX_DEBUGFS_H */
