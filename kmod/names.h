/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_NAMES_H
#define IPCX_NAMES_H

#include <linux/list.h>
#include <linux/rhashtable-types.h>

#include "object.h"

struct ipcx_names;

/**
 * struct ipcx_name - a name as the caller gave it, NUL-padded to be a hash key
 * @str: the name
 */
struct ipcx_name {
	char str[IPCX_NAME_MAX + 1];
};

/**
 * struct ipcx_named - the name of an object, whether it still has it or not
 * @obj: the object
 * @name: the name
 * @names: table that has it, NULL without; under ipcx_names_lock
 * @node: place there
 * @persist: the name holds a user; under ipcx_names_lock
 * @orphan: place among those whose namespace ends
 */
struct ipcx_named {
	struct ipcx_object *obj;
	struct ipcx_name name;
	struct ipcx_names *names;
	struct rhash_head node;
	bool persist;
	struct list_head orphan;
};

int ipcx_name_get(struct ipcx_name *name, u64 uptr, u32 len);
struct ipcx_object *ipcx_names_find(const struct ipcx_name *name, u32 kind);
struct ipcx_named *ipcx_named_new(const struct ipcx_name *name,
				  struct ipcx_object *obj);
int ipcx_names_link(struct ipcx_object *obj);
int ipcx_names_unlink(const struct ipcx_name *name, u32 kind, bool shutdown);
bool ipcx_names_put_user(struct ipcx_object *obj);
bool ipcx_names_linked(struct ipcx_object *obj, bool *persist);

int ipcx_names_init(void);
void ipcx_names_exit(void);

#endif /* IPCX_NAMES_H */
