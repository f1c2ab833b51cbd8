/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints. An object is named by its id, as in debugfs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipcx

#if !defined(IPCX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IPCX_TRACE_H

#include <linux/tracepoint.h>
#include <linux/ipcx.h>

DECLARE_EVENT_CLASS(ipcx_object,
	TP_PROTO(u64 id, u32 kind, u32 what),
	TP_ARGS(id, kind, what),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, kind)
		__field(u32, what)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->kind = kind;
		__entry->what = what;
	),
	TP_printk("id=%llu kind=%s what=0x%x", __entry->id,
		  __print_symbolic(__entry->kind,
				   { IPCX_KIND_REGION, "region" },
				   { IPCX_KIND_QUEUE, "queue" }),
		  __entry->what)
);

/* what: IPCX_CREATE_* and the flags of the kind */
DEFINE_EVENT(ipcx_object, ipcx_create,
	     TP_PROTO(u64 id, u32 kind, u32 what), TP_ARGS(id, kind, what));
/* what: rights of the descriptor */
DEFINE_EVENT(ipcx_object, ipcx_open,
	     TP_PROTO(u64 id, u32 kind, u32 what), TP_ARGS(id, kind, what));
/* what: 1 if it was shut down as well */
DEFINE_EVENT(ipcx_object, ipcx_unlink,
	     TP_PROTO(u64 id, u32 kind, u32 what), TP_ARGS(id, kind, what));
/* what: 0 */
DEFINE_EVENT(ipcx_object, ipcx_destroy,
	     TP_PROTO(u64 id, u32 kind, u32 what), TP_ARGS(id, kind, what));

DECLARE_EVENT_CLASS(ipcx_attachment,
	TP_PROTO(u64 id, u32 attachment, pid_t process),
	TP_ARGS(id, attachment, process),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, attachment)
		__field(pid_t, process)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->attachment = attachment;
		__entry->process = process;
	),
	TP_printk("id=%llu attachment=%u process=%d", __entry->id,
		  __entry->attachment, __entry->process)
);

DEFINE_EVENT(ipcx_attachment, ipcx_attach,
	     TP_PROTO(u64 id, u32 attachment, pid_t process),
	     TP_ARGS(id, attachment, process));
DEFINE_EVENT(ipcx_attachment, ipcx_detach,
	     TP_PROTO(u64 id, u32 attachment, pid_t process),
	     TP_ARGS(id, attachment, process));

/* One look over the ring for the claims of all attachments that died. */
TRACE_EVENT(ipcx_recover,
	TP_PROTO(u64 id, u32 aborted, u32 returned),
	TP_ARGS(id, aborted, returned),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, aborted)
		__field(u32, returned)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->aborted = aborted;
		__entry->returned = returned;
	),
	TP_printk("id=%llu aborted=%u returned=%u", __entry->id,
		  __entry->aborted, __entry->returned)
);

DECLARE_EVENT_CLASS(ipcx_dir,
	TP_PROTO(u64 id, u32 dir, int ret),
	TP_ARGS(id, dir, ret),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, dir)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->dir = dir;
		__entry->ret = ret;
	),
	TP_printk("id=%llu dir=%s ret=%d", __entry->id,
		  __print_symbolic(__entry->dir, { IPCX_DIR_RECV, "recv" },
				   { IPCX_DIR_SEND, "send" }), __entry->ret)
);

/* A sleep is over; ret says why. */
DEFINE_EVENT(ipcx_dir, ipcx_wait,
	     TP_PROTO(u64 id, u32 dir, int ret), TP_ARGS(id, dir, ret));
/* ret: 0 */
DEFINE_EVENT(ipcx_dir, ipcx_wake,
	     TP_PROTO(u64 id, u32 dir, int ret), TP_ARGS(id, dir, ret));

DECLARE_EVENT_CLASS(ipcx_message,
	TP_PROTO(u64 id, u32 lane, u64 ticket, u32 len),
	TP_ARGS(id, lane, ticket, len),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, ticket)
		__field(u32, lane)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->ticket = ticket;
		__entry->lane = lane;
		__entry->len = len;
	),
	TP_printk("id=%llu lane=%u ticket=%llu len=%u", __entry->id,
		  __entry->lane, __entry->ticket, __entry->len)
);

/* The kernel sees what goes through SEND and RECV, not what peers map. */
DEFINE_EVENT(ipcx_message, ipcx_send,
	     TP_PROTO(u64 id, u32 lane, u64 ticket, u32 len),
	     TP_ARGS(id, lane, ticket, len));
DEFINE_EVENT(ipcx_message, ipcx_recv,
	     TP_PROTO(u64 id, u32 lane, u64 ticket, u32 len),
	     TP_ARGS(id, lane, ticket, len));
DEFINE_EVENT(ipcx_message, ipcx_drop,
	     TP_PROTO(u64 id, u32 lane, u64 ticket, u32 len),
	     TP_ARGS(id, lane, ticket, len));

#endif /* IPCX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
