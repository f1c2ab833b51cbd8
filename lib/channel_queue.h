/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channels that are a queue, wherever its ring lies. */
#ifndef CHANNEL_QUEUE_H
#define CHANNEL_QUEUE_H

#include "channel.h"

/* What the URI says of them, or what they are without. */
void queue_geometry(const struct channel_uri *uri, uint32_t *slots,
		    uint32_t *size, uint32_t *lanes);

/*
 * The handle for a queue, which it closes if it fails. Of @caps those that the
 * queue itself shows need not be said. @fd is to be polled, or -1.
 */
int queue_channel(const struct channel_ops *ops, uint32_t right, uint32_t caps,
		  int fd, uint32_t spin, struct ipcx_queue *queue,
		  struct ipcx_channel **channel);

/* For their struct channel_ops. */
void queue_close(struct ipcx_channel *channel);
int queue_send(struct ipcx_channel *channel, const void *buf, size_t len,
	       uint32_t priority, uint64_t deadline);
ssize_t queue_recv(struct ipcx_channel *channel, void *buf, size_t cap,
		   struct ipcx_channel_msg *msg, uint64_t deadline);
int queue_reserve(struct ipcx_channel *channel, uint32_t priority,
		  struct ipcx_loan *loan, uint64_t deadline);
int queue_commit(struct ipcx_channel *channel, struct ipcx_loan *loan,
		 size_t len);
int queue_abort(struct ipcx_channel *channel, struct ipcx_loan *loan);
int queue_acquire(struct ipcx_channel *channel, struct ipcx_loan *loan,
		  uint64_t deadline);
int queue_release(struct ipcx_channel *channel, struct ipcx_loan *loan);

#endif /* CHANNEL_QUEUE_H */
