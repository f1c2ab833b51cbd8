// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: their memory, their ioctls, their counters. See queue.h for the
 * memory and <linux/ipcx_ring.h> for the protocol.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ioctl.h"
#include "names.h"
#include "ring.h"
#include "stamp.h"

static long ipcx_queue_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (IPCX_CMD(cmd)) {
	case IPCX_CMD(IPCX_IOC_SEND):
		return ipcx_send_ioctl(file, uarg);
	case IPCX_CMD(IPCX_IOC_RECV):
		return ipcx_recv_ioctl(file, uarg);
	case IPCX_CMD(IPCX_IOC_TAKE):
		return ipcx_take_ioctl(file, uarg);
	case IPCX_CMD(IPCX_IOC_WAIT):
		return ipcx_wait_ioctl(file, uarg);
	case IPCX_CMD(IPCX_IOC_PEERS):
		return ipcx_peers_ioctl(file, uarg);
	case IPCX_CMD(IPCX_IOC_EVENTS):
		return ipcx_events_ioctl(file, uarg);
	case IPCX_IOC_WAKE:
		return ipcx_wake_ioctl(file, arg);
	case IPCX_IOC_ATTACHMENT:
		return ipcx_attachment_ioctl(file, arg);
	default:
		return ipcx_object_ioctl(file, IPCX_CMD(cmd), uarg);
	}
}

static const struct file_operations ipcx_queue_fops = {
	.owner		= THIS_MODULE,
	.release	= ipcx_object_release,
	.unlocked_ioctl	= ipcx_queue_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.poll		= ipcx_queue_poll,
	.mmap		= ipcx_queue_mmap,
	.llseek		= noop_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= ipcx_object_show_fdinfo,
#endif
};

static void ipcx_queue_free(struct ipcx_object *obj)
{
	struct ipcx_queue *q = to_queue(obj);

	ipcx_stamps_free(q);
	ipcx_log_free(q);
	vfree(q->kpage);
	kfree(q);
}

static void ipcx_queue_stat(struct ipcx_object *obj, struct ipcx_stat *stat)
{
	struct ipcx_queue *q = to_queue(obj);

	stat->bytes = obj->charged_bytes;
	stat->attachments = atomic_read(&q->attached);
	stat->slots = q->slots;
	stat->slot_size = q->slot_size;
	stat->lanes = q->lanes;
	stat->waiting_recv = READ_ONCE(q->kpage->count[IPCX_DIR_RECV]);
	stat->waiting_send = READ_ONCE(q->kpage->count[IPCX_DIR_SEND]);
	stat->repairing = atomic_read(&q->repairing);
	stat->redelivered = atomic64_read(&q->redelivered);
	stat->corrupt = atomic64_read(&q->corrupt);
	stat->waits_recv = atomic64_read(&q->waits[IPCX_DIR_RECV]);
	stat->waits_send = atomic64_read(&q->waits[IPCX_DIR_SEND]);
	stat->wakes_recv = atomic64_read(&q->wakes[IPCX_DIR_RECV]);
	stat->wakes_send = atomic64_read(&q->wakes[IPCX_DIR_SEND]);
	ipcx_ring_stat(q, stat);
	ipcx_stat_recent(q, stat);
	ipcx_stat_holder(q, stat);
}

/* Lays the area out, by the geometry that was asked for. */
static void ipcx_queue_layout(struct ipcx_queue *q,
			      const struct ipcx_queue_create *args)
{
	size_t ring_bytes, lanes_end;

	q->flags = args->flags & IPCX_QUEUE_FLAGS;
	q->lanes = args->lanes;
	q->slots = args->slots;
	q->slot_size = args->slot_size;
	q->stride = ALIGN(sizeof(struct ipcx_slot) + args->slot_size,
			  IPCX_SLOT_ALIGN);
	lanes_end = IPCX_RING_LANES + q->lanes * sizeof(struct ipcx_lane);
	q->slots_offset = ALIGN(lanes_end, IPCX_SLOT_ALIGN);
	if ((q->flags & IPCX_QUEUE_DROP_OLDEST) &&
	    (q->flags & IPCX_QUEUE_MAPPABLE)) {
		q->drops_offset = lanes_end;
		q->slots_offset = ALIGN(lanes_end +
					IPCX_DROPS_COUNT * sizeof(*q->drops),
					IPCX_SLOT_ALIGN);
	}
	ring_bytes = PAGE_ALIGN(q->slots_offset +
				(size_t)q->lanes * q->slots * q->stride);
	q->area_bytes = PAGE_SIZE + ring_bytes;
}

static int ipcx_queue_alloc(struct ipcx_queue *q)
{
	/* A limit of the caller's cgroup is an error, not a reason to kill. */
	q->kpage = __vmalloc(q->area_bytes, GFP_KERNEL_ACCOUNT | __GFP_ZERO |
			     __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!q->kpage)
		return -ENOMEM;
	q->ring = (void *)q->kpage + PAGE_SIZE;
	q->lane = (void *)q->ring + IPCX_RING_LANES;
	if (q->drops_offset)
		q->drops = (void *)q->ring + q->drops_offset;
	q->slot = (void *)q->ring + q->slots_offset;
	*q->kpage = (struct ipcx_kpage) {
		.version	= IPCX_RING_VERSION,
		.queue_flags	= q->flags,
		.lanes		= q->lanes,
		.slots		= q->slots,
		.slot_size	= q->slot_size,
		.stride		= q->stride,
		.slots_offset	= q->slots_offset,
		.ring_bytes	= q->area_bytes - PAGE_SIZE,
		.drops_offset	= q->drops_offset,
	};
	ipcx_ring_init(q);
	return ipcx_log_alloc(q) ?: ipcx_stamps_alloc(q);
}

static const struct ipcx_kind ipcx_queue_kind;

static struct ipcx_object *ipcx_queue_make(const void *create,
					   const struct ipcx_name *name)
{
	const struct ipcx_queue_create *args = create;
	struct ipcx_queue *q;
	int ret;

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return ERR_PTR(-ENOMEM);
	ipcx_queue_layout(q, args);
	init_waitqueue_head(&q->wait[IPCX_DIR_RECV]);
	init_waitqueue_head(&q->wait[IPCX_DIR_SEND]);
	init_waitqueue_head(&q->wait_told);
	seqlock_init(&q->stamp_lock);
	mutex_init(&q->attach_lock);
	xa_init_flags(&q->attachments, XA_FLAGS_ALLOC);
	INIT_WORK(&q->repair, ipcx_repair);
	spin_lock_init(&q->side_lock);

	ret = ipcx_object_init(&q->obj, &ipcx_queue_kind, name, args->flags,
			       args->mode,
			       q->area_bytes + ipcx_stamps_bytes(q));
	if (ret) {
		kfree(q);
		return ERR_PTR(ret);
	}
	if (!(q->flags & IPCX_QUEUE_MAPPABLE))
		q->obj.rights &= ~IPCX_RIGHT_MAP;
	/* Who only receives maps the ring for reading. */
	if (q->flags & IPCX_QUEUE_BROADCAST)
		q->obj.map_bits = 4;

	ret = ipcx_queue_alloc(q);
	if (ret) {
		ipcx_object_put_user(&q->obj);
		return ERR_PTR(ret);
	}
	return &q->obj;
}

static bool ipcx_queue_same(struct ipcx_object *obj, const void *create)
{
	const struct ipcx_queue_create *args = create;
	struct ipcx_queue *q = to_queue(obj);

	return q->flags == (args->flags & IPCX_QUEUE_FLAGS) &&
	       q->lanes == args->lanes && q->slots == args->slots &&
	       q->slot_size == args->slot_size;
}

static const struct ipcx_kind ipcx_queue_kind = {
	.kind		  = IPCX_KIND_QUEUE,
	.rights		  = IPCX_RIGHTS_QUEUE,
	.label		  = "[ipcx-queue]",
	.fops		  = &ipcx_queue_fops,
	.make		  = ipcx_queue_make,
	.same		  = ipcx_queue_same,
	.opened		  = ipcx_queue_opened,
	.closed		  = ipcx_queue_closed,
	.shutdown	  = ipcx_queue_shutdown,
	.free		  = ipcx_queue_free,
	.stat		  = ipcx_queue_stat,
	.show_attachments = ipcx_show_attachments,
	.show_stuck	  = ipcx_show_stuck,
};

/**
 * ipcx_queue_create - IPCX_IOC_QUEUE_CREATE
 * @uarg: struct ipcx_queue_create
 *
 * Return: a descriptor or -errno.
 */
long ipcx_queue_create(void __user *uarg)
{
	const u32 known = IPCX_CREATE_EXCL | IPCX_CREATE_PERSIST |
			  IPCX_QUEUE_FLAGS;
	struct ipcx_queue_create args;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if ((args.flags & ~known) || (args.mode & ~0777))
		return -EINVAL;
	if (!is_power_of_2(args.slots) || !args.slot_size || !args.lanes ||
	    args.lanes > IPCX_LANES_MAX)
		return -EINVAL;
	if ((args.flags & IPCX_QUEUE_BROADCAST) &&
	    (args.lanes > 1 || (args.flags & IPCX_QUEUE_DROP_OLDEST)))
		return -EINVAL;
	if (args.slots > IPCX_QUEUE_SLOTS_MAX / args.lanes ||
	    (u64)args.slots * args.lanes * args.slot_size > IPCX_QUEUE_BYTES_MAX)
		return -EFBIG;
	return ipcx_object_create(&(struct ipcx_creation) {
		.kind	  = &ipcx_queue_kind,
		.args	  = &args,
		.name	  = args.name,
		.name_len = args.name_len,
		.flags	  = args.flags,
		.rights	  = args.rights,
	});
}
