/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_BROADCAST_H
#define IPCX_BROADCAST_H

#include "ring.h"

void ipcx_cursor_begin(struct ipcx_queue *q, struct ipcx_cursor *cursor);
void ipcx_cursor_advance(struct ipcx_cursor *cursor, u64 ticket);
int ipcx_broadcast_ready(struct ipcx_queue *q, struct ipcx_cursor *cursor,
			 u64 at, int gone);
int ipcx_broadcast_recv(struct ipcx_handle *handle, void __user *umsg,
			u32 msg_size, struct ipcx_msg *msg, u64 deadline_ns,
			bool peek);

#endif /* IPCX_BROADCAST_H */
