/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCX_STAMP_H
#define IPCX_STAMP_H

#include "riders.h"
#include "ring.h"

size_t ipcx_stamps_bytes(const struct ipcx_queue *q);
int ipcx_stamps_alloc(struct ipcx_queue *q);
void ipcx_stamps_free(struct ipcx_queue *q);
void ipcx_stamps_drop_riders(struct ipcx_queue *q);

struct ipcx_riders *ipcx_stamp_set(struct ipcx_queue *q,
				   const struct ipcx_claim *claim,
				   struct ipcx_riders *riders);
bool ipcx_stamp_get(struct ipcx_queue *q, const struct ipcx_claim *claim,
		    struct ipcx_msg *msg);
struct ipcx_riders *ipcx_stamp_take_riders(struct ipcx_queue *q,
					   const struct ipcx_claim *claim);
void ipcx_stamp_return_riders(struct ipcx_queue *q,
			      const struct ipcx_claim *claim,
			      struct ipcx_riders *riders);

#endif /* IPCX_STAMP_H */
