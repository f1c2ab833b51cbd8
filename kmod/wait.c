// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping and waking. Who publishes does so without a system call; it looks at
 * the kernel page whether anybody sleeps (count) or polls (armed), and only
 * then asks for a WAKE. The interleaving that must not lose a wake-up:
 *
 *	waiter (WAIT, poll)		publisher (user or kernel)
 *	enters the wait queue
 *	count++ or armed = 1		slot word = READY or FREE
 *	full barrier			full barrier
 *	looks at the ring		looks at count and armed
 *	sleeps if there is nothing	WAKE if not zero
 *
 * Whatever the order, the waiter sees the slot or the publisher the waiter.
 * WAKE disarms before it wakes: each poller called back arms again before it
 * looks again. In the other order a poller that armed in between would be
 * disarmed without having been woken.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>

#include "broadcast.h"
#include "ioctl.h"
#include "stamp.h"
#include "trace.h"

/*
 * Everybody is woken, whatever for: one message can be everybody's news, and
 * only who is called back without a mask is sure to call ->poll() again, which
 * arms again.
 */
static void ipcx_wake_dir(struct ipcx_queue *q, u32 dir)
{
	trace_ipcx_wake(q->obj.id, dir, 0);
	atomic64_inc(&q->wakes[dir]);
	WRITE_ONCE(q->kpage->armed[dir], 0);
	/* Pairs with the barrier after arming in ipcx_poll_dir(). */
	smp_mb();
	wake_up_all(&q->wait[dir]);
}

/**
 * ipcx_wake_dir_and_ends - wake all who wait in a direction
 * @q: the queue
 * @dir: IPCX_DIR_*
 *
 * A slot freed can be the last one whoever waits for the end waits for.
 */
void ipcx_wake_dir_and_ends(struct ipcx_queue *q, u32 dir)
{
	ipcx_wake_dir(q, dir);
	if (dir == IPCX_DIR_SEND && ipcx_gone(q, IPCX_DIR_RECV))
		ipcx_wake_dir(q, IPCX_DIR_RECV);
}

/**
 * ipcx_wake_all - wake everybody to look again
 * @q: the queue
 */
void ipcx_wake_all(struct ipcx_queue *q)
{
	ipcx_wake_dir(q, IPCX_DIR_RECV);
	ipcx_wake_dir(q, IPCX_DIR_SEND);
}

/**
 * ipcx_wake_told - wake who polls for events
 * @q: the queue
 *
 * Each of them is told everything, so all are woken. Without a key, as io_uring
 * overlooks one of EPOLLPRI: who polls for something else looks in vain.
 */
void ipcx_wake_told(struct ipcx_queue *q)
{
	wake_up_interruptible_all(&q->wait[IPCX_DIR_RECV]);
	wake_up_interruptible_all(&q->wait[IPCX_DIR_SEND]);
	wake_up_interruptible_all(&q->wait_told);
}

/* Is there something to do (0), nothing (-EAGAIN), or never again. */
static int ipcx_ready(struct ipcx_handle *handle, u32 dir, u32 lane, u64 at)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	int gone = ipcx_gone(q, dir);

	if (gone == -EIDRM)
		return gone;
	if (dir == IPCX_DIR_SEND) {
		if (gone)
			return gone;
		return ipcx_can_send(q, lane) ? 0 : -EAGAIN;
	}
	if (q->flags & IPCX_QUEUE_BROADCAST)
		return ipcx_broadcast_ready(q, &handle->cursor, at, gone);
	if (ipcx_can_recv(q))
		return 0;
	return gone && ipcx_drained(q) ? gone : -EAGAIN;
}

static int ipcx_sleep(u64 deadline_ns)
{
	ktime_t deadline = deadline_ns > KTIME_MAX ? KTIME_MAX : deadline_ns;

	if (signal_pending(current))
		return -ERESTARTSYS;
	/* No timer is set up for KTIME_MAX only if the pointer is NULL. */
	if (!schedule_hrtimeout_range(deadline == KTIME_MAX ? NULL : &deadline,
				      0, HRTIMER_MODE_ABS))
		return -ETIMEDOUT;
	return 0;
}

/*
 * A sleeper counts for as long as it is in the wait queue. Who wakes it takes
 * it out of both, so that what is published before it runs needs no WAKE more:
 * it will look, and count itself again before it looks for the last time.
 */
struct ipcx_sleeper {
	struct wait_queue_entry entry;
	struct wait_queue_head *queue;
	atomic_t *count;
};

static int ipcx_wake_sleeper(struct wait_queue_entry *entry, unsigned int mode,
			     int flags, void *key)
{
	/* Its stack may be gone as soon as it is out of the queue. */
	atomic_t *count = container_of(entry, struct ipcx_sleeper, entry)->count;

	/* Events are nothing to a sleeper: see the mode of ipcx_wake_told(). */
	if (mode != TASK_NORMAL ||
	    !autoremove_wake_function(entry, mode, flags, key))
		return 0;
	atomic_dec(count);
	return 1;
}

/* Counted before it can be woken: never are more in the queue than count. */
static void ipcx_sleeper_enter(struct ipcx_sleeper *sleeper)
{
	unsigned long flags;

	spin_lock_irqsave(&sleeper->queue->lock, flags);
	if (list_empty(&sleeper->entry.entry)) {
		atomic_inc(sleeper->count);
		__add_wait_queue(sleeper->queue, &sleeper->entry);
	}
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock_irqrestore(&sleeper->queue->lock, flags);
}

static void ipcx_sleeper_leave(struct ipcx_sleeper *sleeper)
{
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	/* Pairs with autoremove_wake_function(), which is done with it then. */
	if (list_empty_careful(&sleeper->entry.entry))
		return;
	spin_lock_irqsave(&sleeper->queue->lock, flags);
	if (!list_empty(&sleeper->entry.entry)) {
		list_del_init(&sleeper->entry.entry);
		atomic_dec(sleeper->count);
	}
	spin_unlock_irqrestore(&sleeper->queue->lock, flags);
}

/**
 * ipcx_wait - sleep until a ring looks usable
 * @handle: the descriptor
 * @dir: IPCX_DIR_*
 * @lane: lane to send on
 * @at: ticket that a subscriber receives next, or IPCX_AT_CURSOR
 * @deadline_ns: absolute CLOCK_MONOTONIC, IPCX_NO_WAIT or IPCX_FOREVER
 *
 * Return: 0, -EAGAIN, -ETIMEDOUT, -EPIPE, -EIDRM or -ERESTARTSYS.
 */
int ipcx_wait(struct ipcx_handle *handle, u32 dir, u32 lane, u64 at,
	      u64 deadline_ns)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	struct ipcx_sleeper sleeper = {
		.queue = &q->wait[dir],
		.count = ipcx_sleepers(q, dir),
	};
	bool awaits_end = false;
	int ret;

	ret = ipcx_ready(handle, dir, lane, at);
	if (ret != -EAGAIN || deadline_ns == IPCX_NO_WAIT)
		return ret;

	init_wait(&sleeper.entry);
	sleeper.entry.func = ipcx_wake_sleeper;
	do {
		ipcx_sleeper_enter(&sleeper);
		/*
		 * Once the senders have left, the end comes when the last slot
		 * is freed, which its receiver tells waiting senders only.
		 */
		if (dir == IPCX_DIR_RECV && !awaits_end && ipcx_gone(q, dir)) {
			awaits_end = true;
			atomic_inc(ipcx_sleepers(q, IPCX_DIR_SEND));
		}
		/* Pairs with the barrier after publishing, see above. */
		smp_mb();
		ret = ipcx_ready(handle, dir, lane, at);
		if (ret != -EAGAIN)
			break;
		atomic64_inc(&q->waits[dir]);
		ret = ipcx_sleep(deadline_ns);
	} while (!ret);
	/* What came in the very last moment is not lost to the deadline. */
	if (ret == -ETIMEDOUT && ipcx_ready(handle, dir, lane, at) == 0)
		ret = 0;
	ipcx_sleeper_leave(&sleeper);
	if (awaits_end)
		atomic_dec(ipcx_sleepers(q, IPCX_DIR_SEND));
	trace_ipcx_wait(q->obj.id, dir, ret);

	return ret;
}

/**
 * ipcx_deadline - the deadline of a call
 * @file: the descriptor
 * @deadline_ns: as the caller gave it
 *
 * Return: @deadline_ns, or IPCX_NO_WAIT for O_NONBLOCK.
 */
u64 ipcx_deadline(struct file *file, u64 deadline_ns)
{
	return file->f_flags & O_NONBLOCK ? IPCX_NO_WAIT : deadline_ns;
}

/**
 * ipcx_wait_ioctl - IPCX_IOC_WAIT
 * @file: the descriptor
 * @uarg: struct ipcx_wait
 *
 * Return: 0 or -errno.
 */
long ipcx_wait_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_handle *handle = ipcx_handle(file);
	struct ipcx_queue *q = to_queue(handle->obj);
	struct ipcx_wait args;
	u64 at = IPCX_AT_CURSOR;
	bool subscribes;
	u32 right;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), IPCX_WAIT_FIRST, uarg);
	if (ret)
		return ret;
	if ((args.flags & ~IPCX_WAIT_TICKET) || args.dir > IPCX_DIR_SEND)
		return -EINVAL;
	subscribes = args.flags & IPCX_WAIT_TICKET;
	if (subscribes && (args.dir != IPCX_DIR_RECV ||
			   !(q->flags & IPCX_QUEUE_BROADCAST)))
		return -EINVAL;
	if (args.ticket > (subscribes ? IPCX_TICKET_MASK : 0))
		return -EINVAL;
	if (args.lane >= (args.dir == IPCX_DIR_SEND ? q->lanes : 1))
		return -EINVAL;
	right = args.dir == IPCX_DIR_SEND ? IPCX_RIGHT_SEND : IPCX_RIGHT_RECV;
	if (!(handle->rights & right))
		return -EACCES;
	if (subscribes) {
		at = args.ticket;
		ipcx_cursor_advance(&handle->cursor, at);
	}
	args.lane = array_index_nospec(args.lane, q->lanes);
	return ipcx_wait(handle, args.dir, args.lane, at,
			 ipcx_deadline(file, args.deadline_ns));
}

/**
 * ipcx_wake_ioctl - IPCX_IOC_WAKE
 * @file: the descriptor
 * @mask: IPCX_WAKE_*
 *
 * Return: 0, -EINVAL or -EACCES.
 */
long ipcx_wake_ioctl(struct file *file, unsigned long mask)
{
	struct ipcx_queue *q = file_to_queue(file);

	if (!mask || (mask & ~(unsigned long)(IPCX_WAKE_RECV | IPCX_WAKE_SEND)))
		return -EINVAL;
	if (!(ipcx_handle(file)->rights & (IPCX_RIGHT_SEND | IPCX_RIGHT_RECV)))
		return -EACCES;
	if (mask & IPCX_WAKE_RECV)
		ipcx_wake_dir_and_ends(q, IPCX_DIR_RECV);
	if (mask & IPCX_WAKE_SEND)
		ipcx_wake_dir_and_ends(q, IPCX_DIR_SEND);
	return 0;
}

static void ipcx_arm(struct ipcx_queue *q, u32 dir)
{
	WRITE_ONCE(q->kpage->armed[dir], 1);
	/* As with WAIT; pairs with ipcx_wake_dir() too. */
	smp_mb();
}

static __poll_t ipcx_poll_recv(struct ipcx_handle *handle, __poll_t asked)
{
	struct ipcx_queue *q = to_queue(handle->obj);

	if (asked & (EPOLLIN | EPOLLRDNORM))
		ipcx_arm(q, IPCX_DIR_RECV);
	/* The end comes when the last slot is freed, asked for or not. */
	if (ipcx_gone(q, IPCX_DIR_RECV))
		ipcx_arm(q, IPCX_DIR_SEND);
	switch (ipcx_ready(handle, IPCX_DIR_RECV, 0, IPCX_AT_CURSOR)) {
	case 0:
		return EPOLLIN | EPOLLRDNORM;
	case -EAGAIN:
		return 0;
	default:
		return EPOLLHUP;
	}
}

static __poll_t ipcx_poll_send(struct ipcx_handle *handle, __poll_t asked)
{
	struct ipcx_queue *q = to_queue(handle->obj);
	u32 lane;

	if (asked & (EPOLLOUT | EPOLLWRNORM))
		ipcx_arm(q, IPCX_DIR_SEND);
	for (lane = 0; lane < q->lanes; lane++) {
		switch (ipcx_ready(handle, IPCX_DIR_SEND, lane, 0)) {
		case 0:
			return EPOLLOUT | EPOLLWRNORM;
		case -EAGAIN:
			break;
		default:
			return EPOLLERR;
		}
	}
	return 0;
}

/**
 * ipcx_queue_poll - poll, select, epoll on a queue
 * @file: the descriptor
 * @table: the caller's
 *
 * Only the directions asked for are armed, so that who polls for messages
 * costs those who receive them nothing.
 *
 * Return: EPOLLIN: a message. EPOLLOUT: room on some lane. EPOLLHUP: no message
 * will come, EPOLLERR: nobody will receive (both with IPCX_QUEUE_HANGUP, or
 * shut down). EPOLLPRI: events, if asked for.
 */
__poll_t ipcx_queue_poll(struct file *file, poll_table *table)
{
	struct ipcx_handle *handle = ipcx_handle(file);
	struct ipcx_queue *q = to_queue(handle->obj);
	__poll_t asked = poll_requested_events(table);
	__poll_t events = 0;

	/*
	 * What is asked for can change later, where one waits cannot; and
	 * io_uring waits in no more than two places. So events come to these,
	 * and to a third for whoever has none of them.
	 */
	if (handle->rights & IPCX_RIGHT_RECV) {
		poll_wait(file, &q->wait[IPCX_DIR_RECV], table);
		events |= ipcx_poll_recv(handle, asked);
	}
	if (handle->rights & IPCX_RIGHT_SEND) {
		poll_wait(file, &q->wait[IPCX_DIR_SEND], table);
		events |= ipcx_poll_send(handle, asked);
	}
	if (!(handle->rights & (IPCX_RIGHT_RECV | IPCX_RIGHT_SEND)))
		poll_wait(file, &q->wait_told, table);
	if ((asked & EPOLLPRI) && ipcx_events_pending(handle, false))
		events |= EPOLLPRI;
	return events;
}

/* What was sent before a side left is seen by who sees that it left. */
static void ipcx_set_hangup(struct ipcx_queue *q, u32 hangup)
{
	lockdep_assert_held(&q->side_lock);
	/* Pairs with ipcx_gone(). */
	smp_store_release(&q->kpage->hangup, hangup);
}

/*
 * Counts the descriptors of each side for IPCX_QUEUE_HANGUP. A side hangs up
 * when its last one goes, not before its first one came.
 */
static void ipcx_side_change(struct ipcx_queue *q, u32 rights, int change)
{
	u32 before, hangup;

	spin_lock(&q->side_lock);
	before = q->kpage->hangup;
	hangup = before;
	if (rights & IPCX_RIGHT_SEND) {
		q->senders += change;
		hangup = q->senders ? hangup & ~IPCX_HANGUP_RECV :
				      hangup | IPCX_HANGUP_RECV;
	}
	if (rights & IPCX_RIGHT_RECV) {
		q->receivers += change;
		hangup = q->receivers ? hangup & ~IPCX_HANGUP_SEND :
					hangup | IPCX_HANGUP_SEND;
	}
	if (q->flags & IPCX_QUEUE_HANGUP)
		ipcx_set_hangup(q, hangup);
	spin_unlock(&q->side_lock);

	if ((q->flags & IPCX_QUEUE_HANGUP) && hangup != before) {
		/* Who sleeps looks at hangup after it is woken. */
		smp_mb();
		ipcx_wake_all(q);
	}
}

/**
 * ipcx_queue_opened - a descriptor came
 * @handle: the descriptor
 */
void ipcx_queue_opened(struct ipcx_handle *handle)
{
	struct ipcx_queue *q = to_queue(handle->obj);

	ipcx_cursor_begin(q, &handle->cursor);
	ipcx_events_from_now(handle);
	ipcx_side_change(q, handle->rights, 1);
}

/**
 * ipcx_queue_closed - a descriptor went
 * @handle: the descriptor
 */
void ipcx_queue_closed(struct ipcx_handle *handle)
{
	ipcx_side_change(to_queue(handle->obj), handle->rights, -1);
}

/**
 * ipcx_queue_shutdown - end the use of a queue
 * @obj: the queue
 */
void ipcx_queue_shutdown(struct ipcx_object *obj)
{
	struct ipcx_queue *q = to_queue(obj);

	spin_lock(&q->side_lock);
	ipcx_set_hangup(q, q->kpage->hangup | IPCX_HANGUP_DOWN);
	spin_unlock(&q->side_lock);
	/* Who sleeps looks at hangup after it is woken. */
	smp_mb();
	ipcx_wake_all(q);
	ipcx_stamps_drop_riders(q);
}
