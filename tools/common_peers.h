/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_COMMON_PEERS_H
#define TOOLS_COMMON_PEERS_H

#include <linux/ipcx.h>

/*
 * A descriptor to ask things of an object by, which is neither sender nor
 * receiver where its going would be a hangup for others; or -errno: -ENOENT if
 * it has no name, -EACCES if there is no such way to open it.
 */
int open_to_look(const struct ipcx_stat *stat);

/*
 * Who maps a queue: how many, in an array to be freed; or -errno. @debugfs is of
 * debugfs_open(), or -1 to ask the queue, which open_to_look() must allow.
 */
int peers_read(const struct ipcx_stat *stat, int debugfs, struct ipcx_peer **peers);

/*
 * Who came and went, as far as the queue remembers, the oldest first: how many,
 * in an array to be freed; or -errno.
 */
int events_read(const struct ipcx_stat *stat, struct ipcx_event **events);

#endif /* TOOLS_COMMON_PEERS_H */
