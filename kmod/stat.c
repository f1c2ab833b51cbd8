// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an object tells of itself: to STAT and LIST, to debugfs and fdinfo.
 */
#include <linux/cred.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "names.h"
#include "object.h"

/**
 * ipcx_object_stat - all about an object
 * @obj: the object
 * @stat: filled, but for its size, flags and rights
 */
void ipcx_object_stat(struct ipcx_object *obj, struct ipcx_stat *stat)
{
	bool persist;

	memset(stat, 0, sizeof(*stat));
	stat->id = obj->id;
	stat->kind = obj->kind->kind;
	spin_lock(&obj->attr_lock);
	stat->uid = from_kuid_munged(current_user_ns(), obj->uid);
	stat->gid = from_kgid_munged(current_user_ns(), obj->gid);
	stat->mode = obj->mode;
	spin_unlock(&obj->attr_lock);
	stat->create_flags = obj->create_flags & ~IPCX_CREATE_PERSIST;
	stat->made_ns = obj->made_ns;
	stat->users = refcount_read(&obj->users);
	if (ipcx_names_linked(obj, &persist)) {
		memcpy(stat->name, obj->named->name.str, sizeof(stat->name));
		if (persist) {
			stat->create_flags |= IPCX_CREATE_PERSIST;
			stat->users--;
		}
	}
	obj->kind->stat(obj, stat);
}

/**
 * ipcx_show_text - the last of a line: a string that some process chose
 * @m: where to
 * @text: the string; what could leave the line or upset a terminal is escaped
 */
void ipcx_show_text(struct seq_file *m, const char *text)
{
	seq_escape_str(m, text, ESCAPE_SPACE | ESCAPE_SPECIAL | ESCAPE_HEX |
		       ESCAPE_NAP, NULL);
	seq_putc(m, '\n');
}

static void ipcx_show_queue(const struct ipcx_stat *stat, struct seq_file *m)
{
	seq_printf(m, "lanes %u\n", stat->lanes);
	seq_printf(m, "slots %u\n", stat->slots);
	seq_printf(m, "slot_size %u\n", stat->slot_size);
	seq_printf(m, "sent %llu\n", stat->sent);
	seq_printf(m, "received %llu\n", stat->received);
	seq_printf(m, "depth %llu\n", stat->depth);
	seq_printf(m, "dropped %llu\n", stat->dropped);
	seq_printf(m, "aborted %llu\n", stat->aborted);
	seq_printf(m, "redelivered %llu\n", stat->redelivered);
	seq_printf(m, "corrupt %llu\n", stat->corrupt);
	seq_printf(m, "waiting_recv %u\n", stat->waiting_recv);
	seq_printf(m, "waiting_send %u\n", stat->waiting_send);
	seq_printf(m, "repairing %u\n", stat->repairing);
	seq_printf(m, "holder %u\n", stat->holder);
	seq_printf(m, "holder_pid %u\n", stat->holder_pid);
	seq_puts(m, "holder_comm ");
	ipcx_show_text(m, stat->holder_comm);
	seq_printf(m, "holder_ticket %llu\n", stat->holder_ticket);
	seq_printf(m, "held_recv 0x%x\n", stat->held_recv);
	seq_printf(m, "held_send 0x%x\n", stat->held_send);
	seq_printf(m, "waits_recv %llu\n", stat->waits_recv);
	seq_printf(m, "waits_send %llu\n", stat->waits_send);
	seq_printf(m, "wakes_recv %llu\n", stat->wakes_recv);
	seq_printf(m, "wakes_send %llu\n", stat->wakes_send);
	seq_printf(m, "recent_count %llu\n", stat->recent_count);
	seq_printf(m, "recent_bytes %llu\n", stat->recent_bytes);
}

/**
 * ipcx_object_show - the facts of an object, one "key value" a line
 * @obj: the object
 * @m: where to
 */
void ipcx_object_show(struct ipcx_object *obj, struct seq_file *m)
{
	struct ipcx_stat stat;

	ipcx_object_stat(obj, &stat);
	seq_printf(m, "id %llu\n", stat.id);
	seq_printf(m, "kind %s\n",
		   stat.kind == IPCX_KIND_QUEUE ? "queue" : "region");
	seq_puts(m, "name ");
	ipcx_show_text(m, stat.name);
	seq_printf(m, "uid %u\n", stat.uid);
	seq_printf(m, "gid %u\n", stat.gid);
	seq_printf(m, "mode 0%o\n", stat.mode);
	seq_printf(m, "flags 0x%x\n", stat.create_flags);
	seq_printf(m, "bytes %llu\n", stat.bytes);
	seq_printf(m, "users %u\n", stat.users);
	seq_printf(m, "attachments %u\n", stat.attachments);
	seq_printf(m, "made_ns %llu\n", stat.made_ns);
	if (stat.kind == IPCX_KIND_QUEUE)
		ipcx_show_queue(&stat, m);
	else
		seq_printf(m, "seals 0x%x\n", stat.seals);
}

#ifdef CONFIG_PROC_FS
/**
 * ipcx_object_show_fdinfo - /proc/PID/fdinfo/FD
 * @m: where to
 * @file: the descriptor
 */
void ipcx_object_show_fdinfo(struct seq_file *m, struct file *file)
{
	seq_printf(m, "rights 0x%x\n", ipcx_handle(file)->rights);
	ipcx_object_show(ipcx_handle(file)->obj, m);
}
#endif
