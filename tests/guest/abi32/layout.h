/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Size and offsets of every structure of the ABI, as the compiler that reads
 * this file has them. Who is built for another word size must get the same text.
 */
#ifndef ABI32_LAYOUT_H
#define ABI32_LAYOUT_H

#include <stddef.h>
#include <stdio.h>

#include <linux/ipcx.h>
#include <linux/ipcx_ring.h>

#define STRUCT(s)	fprintf(out, #s " %zu\n", sizeof(struct s))
#define FIELD(s, f)	fprintf(out, #s "." #f " %zu %zu\n", \
				offsetof(struct s, f), \
				sizeof(((struct s *)0)->f))
#define COMMAND(c)	fprintf(out, #c " %#lx\n", (unsigned long)(c))

static inline void layout_commands(FILE *out)
{
	COMMAND(IPCX_IOC_QUERY);
	COMMAND(IPCX_IOC_REGION_CREATE);
	COMMAND(IPCX_IOC_QUEUE_CREATE);
	COMMAND(IPCX_IOC_OPEN);
	COMMAND(IPCX_IOC_UNLINK);
	COMMAND(IPCX_IOC_LIST);
	COMMAND(IPCX_IOC_STAT);
	COMMAND(IPCX_IOC_REOPEN);
	COMMAND(IPCX_IOC_SETATTR);
	COMMAND(IPCX_IOC_RESIZE);
	COMMAND(IPCX_IOC_SEAL);
	COMMAND(IPCX_IOC_SEND);
	COMMAND(IPCX_IOC_RECV);
	COMMAND(IPCX_IOC_WAIT);
	COMMAND(IPCX_IOC_WAKE);
	COMMAND(IPCX_IOC_ATTACHMENT);
	COMMAND(IPCX_IOC_TAKE);
	COMMAND(IPCX_IOC_PEERS);
	COMMAND(IPCX_IOC_EVENTS);
}

static inline void layout_structs(FILE *out)
{
	STRUCT(ipcx_query);
	FIELD(ipcx_query, features);
	FIELD(ipcx_query, batch_max);
	STRUCT(ipcx_region_create);
	FIELD(ipcx_region_create, name);
	FIELD(ipcx_region_create, bytes);
	FIELD(ipcx_region_create, fd);
	STRUCT(ipcx_queue_create);
	FIELD(ipcx_queue_create, name);
	FIELD(ipcx_queue_create, rights);
	STRUCT(ipcx_open);
	FIELD(ipcx_open, name);
	FIELD(ipcx_open, rights);
	STRUCT(ipcx_unlink);
	FIELD(ipcx_unlink, name);
	FIELD(ipcx_unlink, kind);
	STRUCT(ipcx_reopen);
	STRUCT(ipcx_setattr);
	FIELD(ipcx_setattr, gid);
	STRUCT(ipcx_resize);
	FIELD(ipcx_resize, bytes);
	STRUCT(ipcx_seal);
	STRUCT(ipcx_stat);
	FIELD(ipcx_stat, id);
	FIELD(ipcx_stat, bytes);
	FIELD(ipcx_stat, sent);
	FIELD(ipcx_stat, corrupt);
	FIELD(ipcx_stat, name);
	FIELD(ipcx_stat, holder_ticket);
	FIELD(ipcx_stat, holder_comm);
	FIELD(ipcx_stat, made_ns);
	FIELD(ipcx_stat, recent_bytes);
	STRUCT(ipcx_list);
	FIELD(ipcx_list, after);
	FIELD(ipcx_list, stats);
	FIELD(ipcx_list, stat_size);
	STRUCT(ipcx_msg);
	FIELD(ipcx_msg, len);
	FIELD(ipcx_msg, ticket);
	FIELD(ipcx_msg, fds);
	FIELD(ipcx_msg, missed);
	STRUCT(ipcx_transfer);
	FIELD(ipcx_transfer, msgs);
	FIELD(ipcx_transfer, deadline_ns);
	STRUCT(ipcx_take);
	FIELD(ipcx_take, ticket);
	FIELD(ipcx_take, fds);
	STRUCT(ipcx_wait);
	FIELD(ipcx_wait, deadline_ns);
	FIELD(ipcx_wait, ticket);
	STRUCT(ipcx_peer);
	FIELD(ipcx_peer, dropped);
	FIELD(ipcx_peer, comm);
	FIELD(ipcx_peer, recent_count);
	STRUCT(ipcx_peers);
	FIELD(ipcx_peers, peers);
	FIELD(ipcx_peers, peer_size);
	STRUCT(ipcx_event);
	FIELD(ipcx_event, time_ns);
	FIELD(ipcx_event, comm);
	STRUCT(ipcx_events);
	FIELD(ipcx_events, events);
	FIELD(ipcx_events, missed);
}

/* What both sides of a mapped ring share. */
static inline void layout_ring(FILE *out)
{
	STRUCT(ipcx_kpage);
	FIELD(ipcx_kpage, count);
	FIELD(ipcx_kpage, armed);
	FIELD(ipcx_kpage, ret_epoch);
	FIELD(ipcx_kpage, hangup);
	FIELD(ipcx_kpage, ring_bytes);
	FIELD(ipcx_kpage, drops_offset);
	STRUCT(ipcx_ring);
	FIELD(ipcx_ring, ret_done);
	STRUCT(ipcx_lane);
	FIELD(ipcx_lane, head);
	FIELD(ipcx_lane, tail);
	STRUCT(ipcx_slot);
	FIELD(ipcx_slot, word);
	FIELD(ipcx_slot, len);
}

static inline void layout_print(FILE *out)
{
	layout_commands(out);
	layout_structs(out);
	layout_ring(out);
}

#endif /* ABI32_LAYOUT_H */
