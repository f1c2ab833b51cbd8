/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_TRANSFER_H
#define IPCX_TRANSFER_H

#include "ring.h"

int ipcx_late(u64 deadline_ns);
int ipcx_wait_round(struct ipcx_handle *handle, u32 dir, u32 lane,
		    u64 deadline_ns, int round);
bool ipcx_msg_fill(struct ipcx_queue *q, const struct ipcx_claim *claim,
		   struct ipcx_msg *msg);

#endif /* IPCX_TRANSFER_H */
