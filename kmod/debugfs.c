// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/ipcx:
 *
 *	version			of the module and its ABI
 *	limits			what QUERY tells, and the limits of a user
 *	users			what each user has of them
 *	totals			objects and memory there are
 *	objects/ID/stat		the facts of one object
 *	objects/ID/attachments	who maps it
 *	objects/ID/stuck	queue: whose claims stand in the way
 *
 * Files are read-only, one "key value" a line. A name or the comm of a process is
 * the rest of its line; bytes of it that are no printable ASCII are written \n,
 * \x1b and so on. So they are in fdinfo.
 *
 * Directories are dear, and most anonymous objects live too short to be looked
 * at. So a work item makes the directories, a moment after the object; only a
 * named one's is there when its creation returns. They are made in the order of
 * ids, which is that of the index: what is above the last one shown has none.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#include "debugfs.h"
#include "limits.h"
#include "object.h"

#define IPCX_SHOW_DELAY		msecs_to_jiffies(100)

static struct dentry *ipcx_root;
static struct dentry *ipcx_root_objects;

/* An object's @dir, and who shows objects. */
static DEFINE_MUTEX(ipcx_show_lock);
static u64 ipcx_shown;	/* the last id; see ipcx_debugfs_remove() */

static int stat_show(struct seq_file *m, void *unused)
{
	ipcx_object_show(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stat);

static int attachments_show(struct seq_file *m, void *unused)
{
	struct ipcx_object *obj = m->private;

	if (!obj->kind->show_attachments)
		return 0;
	return obj->kind->show_attachments(obj, m);
}
DEFINE_SHOW_ATTRIBUTE(attachments);

static int stuck_show(struct seq_file *m, void *unused)
{
	struct ipcx_object *obj = m->private;

	obj->kind->show_stuck(obj, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stuck);

static void ipcx_show_object(struct ipcx_object *obj)
{
	char id[24];

	lockdep_assert_held(&ipcx_show_lock);
	snprintf(id, sizeof(id), "%llu", obj->id);
	obj->dir = debugfs_create_dir(id, ipcx_root_objects);
	debugfs_create_file("stat", 0444, obj->dir, obj, &stat_fops);
	debugfs_create_file("attachments", 0444, obj->dir, obj,
			    &attachments_fops);
	if (obj->kind->show_stuck)
		debugfs_create_file("stuck", 0444, obj->dir, obj, &stuck_fops);
}

static void ipcx_show_new(struct work_struct *work)
{
	struct ipcx_object *obj;

	mutex_lock(&ipcx_show_lock);
	while ((obj = ipcx_object_next(&ipcx_shown))) {
		ipcx_show_object(obj);
		ipcx_object_put(obj);
		cond_resched();
	}
	mutex_unlock(&ipcx_show_lock);
}

static DECLARE_DELAYED_WORK(ipcx_show_work, ipcx_show_new);

/**
 * ipcx_debugfs_add - show an object, now or soon
 * @obj: the object, which is in the index
 */
void ipcx_debugfs_add(struct ipcx_object *obj)
{
	if (obj->named)
		ipcx_show_new(NULL);
	/*
	 * Work that is pending has the index still to look at: it ceases to be
	 * so before it takes the lock under which the object came in there.
	 */
	else if (!delayed_work_pending(&ipcx_show_work))
		schedule_delayed_work(&ipcx_show_work, IPCX_SHOW_DELAY);
}

/**
 * ipcx_debugfs_remove - show an object no more
 * @obj: the object, which has left the index
 *
 * Returns when nobody reads its files any more.
 */
void ipcx_debugfs_remove(struct ipcx_object *obj)
{
	/* Set under the index's lock: nobody who shows can have found it. */
	if (READ_ONCE(ipcx_shown) < obj->id)
		return;
	/* Whoever found it has finished. */
	mutex_lock(&ipcx_show_lock);
	mutex_unlock(&ipcx_show_lock);
	debugfs_remove(obj->dir);
}

static int version_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "module %s\n", THIS_MODULE->version);
	seq_printf(m, "abi %u\n", IPCX_ABI_VERSION);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(version);

static int limits_show(struct seq_file *m, void *unused)
{
	ipcx_limits_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(limits);

static int users_show(struct seq_file *m, void *unused)
{
	ipcx_users_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(users);

/**
 * struct ipcx_totals - sums over all objects
 * @count: objects of each kind
 * @bytes: their memory
 * @sum: counters of the queues
 */
struct ipcx_totals {
	u64 count[IPCX_KIND_QUEUE + 1];
	u64 bytes[IPCX_KIND_QUEUE + 1];
	struct ipcx_stat sum;
};

static void ipcx_totals_add(struct ipcx_totals *t, const struct ipcx_stat *stat)
{
	t->count[stat->kind]++;
	t->bytes[stat->kind] += stat->bytes;
	t->sum.attachments += stat->attachments;
	t->sum.waiting_recv += stat->waiting_recv;
	t->sum.waiting_send += stat->waiting_send;
	t->sum.repairing += stat->repairing;
	t->sum.sent += stat->sent;
	t->sum.received += stat->received;
	t->sum.depth += stat->depth;
	t->sum.dropped += stat->dropped;
	t->sum.aborted += stat->aborted;
	t->sum.redelivered += stat->redelivered;
	t->sum.corrupt += stat->corrupt;
	t->sum.waits_recv += stat->waits_recv;
	t->sum.waits_send += stat->waits_send;
	t->sum.wakes_recv += stat->wakes_recv;
	t->sum.wakes_send += stat->wakes_send;
}

static int totals_show(struct seq_file *m, void *unused)
{
	struct ipcx_totals t = {};
	struct ipcx_object *obj;
	struct ipcx_stat stat;
	u64 id = 0;

	while ((obj = ipcx_object_next(&id))) {
		ipcx_object_stat(obj, &stat);
		ipcx_object_put(obj);
		ipcx_totals_add(&t, &stat);
		cond_resched();
	}
	seq_printf(m, "regions %llu\n", t.count[IPCX_KIND_REGION]);
	seq_printf(m, "region_bytes %llu\n", t.bytes[IPCX_KIND_REGION]);
	seq_printf(m, "queues %llu\n", t.count[IPCX_KIND_QUEUE]);
	seq_printf(m, "queue_bytes %llu\n", t.bytes[IPCX_KIND_QUEUE]);
	seq_printf(m, "attachments %u\n", t.sum.attachments);
	seq_printf(m, "waiting_recv %u\n", t.sum.waiting_recv);
	seq_printf(m, "waiting_send %u\n", t.sum.waiting_send);
	seq_printf(m, "repairing %u\n", t.sum.repairing);
	seq_printf(m, "sent %llu\n", t.sum.sent);
	seq_printf(m, "received %llu\n", t.sum.received);
	seq_printf(m, "depth %llu\n", t.sum.depth);
	seq_printf(m, "dropped %llu\n", t.sum.dropped);
	seq_printf(m, "aborted %llu\n", t.sum.aborted);
	seq_printf(m, "redelivered %llu\n", t.sum.redelivered);
	seq_printf(m, "corrupt %llu\n", t.sum.corrupt);
	seq_printf(m, "waits_recv %llu\n", t.sum.waits_recv);
	seq_printf(m, "waits_send %llu\n", t.sum.waits_send);
	seq_printf(m, "wakes_recv %llu\n", t.sum.wakes_recv);
	seq_printf(m, "wakes_send %llu\n", t.sum.wakes_send);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(totals);

/**
 * ipcx_debugfs_init - make the files that are always there
 *
 * Nothing depends on debugfs: errors are not looked at.
 */
void ipcx_debugfs_init(void)
{
	ipcx_root = debugfs_create_dir("ipcx", NULL);
	debugfs_create_file("version", 0444, ipcx_root, NULL, &version_fops);
	debugfs_create_file("limits", 0444, ipcx_root, NULL, &limits_fops);
	debugfs_create_file("users", 0444, ipcx_root, NULL, &users_fops);
	debugfs_create_file("totals", 0444, ipcx_root, NULL, &totals_fops);
	ipcx_root_objects = debugfs_create_dir("objects", ipcx_root);
}

/**
 * ipcx_debugfs_exit - undo ipcx_debugfs_init()
 */
void ipcx_debugfs_exit(void)
{
	cancel_delayed_work_sync(&ipcx_show_work);
	debugfs_remove(ipcx_root);
}
