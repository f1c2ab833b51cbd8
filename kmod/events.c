// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who came and who went. A queue remembers its last events; each descriptor
 * remembers which it was told. Nobody waits for a descriptor that does not
 * read: it misses the oldest.
 */
#include <linux/ktime.h>
#include <linux/oom.h>
#include <linux/pagemap.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "attach.h"
#include "ioctl.h"

#define IPCX_LOG_SIZE		64U	/* a power of two */
#define IPCX_EVENTS_MAX		1024

/**
 * struct ipcx_log - the last events of a queue
 * @lock: guards all below, and ipcx_handle.told of the queue's descriptors
 * @last: seq of the newest, 0 if there was none
 * @entry: event @seq is at @seq mod IPCX_LOG_SIZE; its pid is not filled
 * @pid: process of the event there
 */
struct ipcx_log {
	spinlock_t lock;		/* all below */
	u64 last;
	struct ipcx_event entry[IPCX_LOG_SIZE];
	struct pid *pid[IPCX_LOG_SIZE];
};

/**
 * ipcx_log_alloc - make room for the events of a queue that can be mapped
 * @q: the queue
 *
 * Return: 0 or -ENOMEM.
 */
int ipcx_log_alloc(struct ipcx_queue *q)
{
	if (!(q->flags & IPCX_QUEUE_MAPPABLE))
		return 0;
	q->log = kzalloc(sizeof(*q->log), GFP_KERNEL_ACCOUNT);
	if (!q->log)
		return -ENOMEM;
	spin_lock_init(&q->log->lock);
	return 0;
}

/**
 * ipcx_log_free - undo ipcx_log_alloc(), which may have failed
 * @q: the queue
 */
void ipcx_log_free(struct ipcx_queue *q)
{
	int i;

	for (i = 0; q->log && i < IPCX_LOG_SIZE; i++)
		put_pid(q->log->pid[i]);
	kfree(q->log);
}

static void ipcx_log_add(struct ipcx_queue *q, const struct ipcx_attachment *a,
			 struct ipcx_event *event)
{
	struct ipcx_log *log = q->log;
	struct pid *pid = get_pid(a->pid);
	u32 at;

	event->attachment = a->id;
	memcpy(event->comm, a->comm, sizeof(event->comm));
	spin_lock(&log->lock);
	event->time_ns = ktime_get_ns();
	event->seq = ++log->last;
	at = event->seq % IPCX_LOG_SIZE;
	log->entry[at] = *event;
	swap(pid, log->pid[at]);
	spin_unlock(&log->lock);
	put_pid(pid);
	/* Who polls looks at the log after it is in the wait queue. */
	ipcx_wake_told(q);
}

/**
 * ipcx_event_attached - tell that an attachment came
 * @a: the attachment
 */
void ipcx_event_attached(const struct ipcx_attachment *a)
{
	struct ipcx_event event = { .what = IPCX_EVENT_ATTACHED };

	ipcx_log_add(a->q, a, &event);
}

/**
 * ipcx_event_detached - tell that an attachment went
 * @a: the attachment, whose claims are ended
 */
void ipcx_event_detached(const struct ipcx_attachment *a)
{
	struct ipcx_event event = {
		.what		= IPCX_EVENT_DETACHED,
		.why		= a->why,
		.signal		= a->signal,
		.aborted	= a->aborted,
		.returned	= a->returned,
	};

	ipcx_log_add(a->q, a, &event);
}

/**
 * ipcx_note_why - find out why an attachment went
 * @a: the attachment, whose last mapping is being closed
 * @mm: of that mapping
 *
 * Whoever drops an address space last unmaps it, be it somebody who looked into
 * /proc: so current tells of munmap() alone, and the process itself of the rest.
 */
void ipcx_note_why(struct ipcx_attachment *a, const struct mm_struct *mm)
{
	const struct signal_struct *sig = a->leader->signal;

	if (current->mm == mm) {
		a->why = IPCX_WHY_UNMAPPED;
	} else if (!(READ_ONCE(sig->flags) & SIGNAL_GROUP_EXIT)) {
		/* It lives on, in another address space. */
		a->why = IPCX_WHY_EXEC;
	} else {
		a->signal = READ_ONCE(sig->group_exit_code) & 0x7f;
		if (!a->signal)
			a->why = IPCX_WHY_EXITED;
		else if (tsk_is_oom_victim(a->leader))
			a->why = IPCX_WHY_OOM;
		else
			a->why = IPCX_WHY_KILLED;
	}
}

/**
 * ipcx_events_from_now - a descriptor is told what happens from now on
 * @handle: of a queue
 */
void ipcx_events_from_now(struct ipcx_handle *handle)
{
	struct ipcx_log *log = to_queue(handle->obj)->log;

	if (!log)
		return;
	spin_lock(&log->lock);
	handle->told = log->last;
	spin_unlock(&log->lock);
}

/**
 * ipcx_events_pending - is there anything a descriptor was not told
 * @handle: of a queue
 * @rewind: or anything at all
 *
 * Return: true if EVENTS would find something.
 */
bool ipcx_events_pending(struct ipcx_handle *handle, bool rewind)
{
	struct ipcx_log *log = to_queue(handle->obj)->log;
	bool pending;

	if (!log)
		return false;
	spin_lock(&log->lock);
	pending = (rewind ? 0 : handle->told) != log->last;
	spin_unlock(&log->lock);
	return pending;
}

/*
 * The next event that a descriptor was not told, or with @rewind the oldest. It
 * counts as told only by ipcx_events_tell(): user memory is not touched under
 * the lock.
 */
static bool ipcx_events_look(struct ipcx_handle *handle, struct ipcx_event *event,
			     u64 *told, bool rewind)
{
	struct ipcx_log *log = to_queue(handle->obj)->log;
	u64 after, seq;

	spin_lock(&log->lock);
	*told = handle->told;
	after = rewind ? 0 : *told;
	if (after == log->last) {
		spin_unlock(&log->lock);
		return false;
	}
	/* The one after it, or the oldest there is. */
	seq = max(after + IPCX_LOG_SIZE, log->last) + 1 - IPCX_LOG_SIZE;
	*event = log->entry[seq % IPCX_LOG_SIZE];
	event->pid = pid_vnr(log->pid[seq % IPCX_LOG_SIZE]);
	spin_unlock(&log->lock);
	return true;
}

/* False if another, through a duplicate, was told it meanwhile. */
static bool ipcx_events_tell(struct ipcx_handle *handle, u64 told, u64 seq)
{
	struct ipcx_log *log = to_queue(handle->obj)->log;
	bool ours;

	spin_lock(&log->lock);
	ours = handle->told == told;
	if (ours)
		handle->told = seq;
	spin_unlock(&log->lock);
	return ours;
}

static long ipcx_events_get(struct ipcx_handle *handle, void __user *uarg,
			    struct ipcx_events *args, bool rewind)
{
	void __user *uevents = u64_to_user_ptr(args->events);
	u32 count = args->count, size = args->size;
	struct ipcx_event event;
	u64 told;
	int n = 0;

	while (n < count && ipcx_events_look(handle, &event, &told, rewind)) {
		/* What is missed was before the first. */
		if (n && event.seq != told + 1)
			break;
		if (copy_to_user(uevents + n * sizeof(event), &event,
				 sizeof(event)))
			return n ?: -EFAULT;
		/* Now: once an event is told, the call has not failed. */
		if (!n) {
			args->missed = event.seq - (rewind ? 0 : told) - 1;
			if (ipcx_put_args(uarg, args, sizeof(*args), size))
				return -EFAULT;
		}
		if (!ipcx_events_tell(handle, told, event.seq))
			continue;
		n++;
		rewind = false;
	}
	return n ?: -EAGAIN;
}

/**
 * ipcx_events_ioctl - IPCX_IOC_EVENTS
 * @file: the descriptor
 * @uarg: struct ipcx_events
 *
 * Return: entries filled, -EINVAL, -EFAULT or -EAGAIN.
 */
long ipcx_events_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_handle *handle = ipcx_handle(file);
	struct ipcx_events args;
	bool rewind;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if ((args.flags & ~IPCX_EVENTS_REWIND) || !args.count ||
	    args.count > IPCX_EVENTS_MAX ||
	    args.event_size != sizeof(struct ipcx_event))
		return -EINVAL;
	rewind = args.flags & IPCX_EVENTS_REWIND;
	if (!ipcx_events_pending(handle, rewind))
		return -EAGAIN;
	/* Before the entries, which are written first. */
	if (fault_in_safe_writeable(uarg, args.size))
		return -EFAULT;
	return ipcx_events_get(handle, uarg, &args, rewind);
}
