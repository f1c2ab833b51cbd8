/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_NAMES_H
#define IPCX_NAMES_H

#include "object.h"

int ipcx_name_get(struct ipcx_name *name, u64 uptr, u32 len);
struct ipcx_object *ipcx_names_find(const struct ipcx_name *name, u32 kind);
int ipcx_names_link(struct ipcx_object *obj);
int ipcx_names_unlink(const struct ipcx_name *name, u32 kind, bool shutdown);
bool ipcx_names_put_user(struct ipcx_object *obj);
bool ipcx_names_linked(struct ipcx_object *obj, bool *persist);

int ipcx_names_init(void);
void ipcx_names_exit(void);

#endif /* IPCX_NAMES_H */
