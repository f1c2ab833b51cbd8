// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sleeping and waking beside a queue in a file. kpage.count says no more than
 * whether somebody may be asleep: who goes to sleep sets it, who wakes clears
 * it, and it is set again by who sleeps again.
 *
 *	sleeper				publisher
 *	reads the futex word
 *	sets count			slot word = READY or FREE
 *	full barrier			full barrier
 *	looks at the ring		looks at count: file_wake()
 *	sleeps if nothing is there,	  clears count
 *	  and the word is as it was	  changes the word, wakes
 *
 * The sleeper sees the slot or the publisher the count. A publisher that clears
 * the count of one who has just set it changes the word only then, and that one
 * has read it before. What is lost by a waker that is killed or stopped in the
 * middle the sleepers find at the end of their slice, and all are woken always,
 * so that none relies on another to pass it on.
 */
#include <limits.h>
#include <linux/futex.h>

#include <ipcx/device.h>

#include "file_layout.h"
#include "message.h"
#include "ring_fast.h"
#include "wait.h"

static void wake_dir(struct file_header *header, uint32_t dir)
{
	struct ipcx_kpage *kpage = &header->kpage;
	uint32_t *word = &header->wakes[dir].word;

	__atomic_exchange_n(&kpage->count[dir], 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&kpage->armed[dir], 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	KERNEL(futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* A slot freed can be the last one whoever waits for the end waits for. */
void file_wake(struct file_queue *file, unsigned int dirs)
{
	struct file_header *header = file->header;

	if (dirs & IPCX_WAKE_SEND) {
		wake_dir(header, IPCX_DIR_SEND);
		if (__atomic_load_n(&header->kpage.hangup, __ATOMIC_ACQUIRE) &
		    IPCX_HANGUP_RECV)
			dirs |= IPCX_WAKE_RECV;
	}
	if (dirs & IPCX_WAKE_RECV)
		wake_dir(header, IPCX_DIR_RECV);
}

/* The module's ipcx_can_send(), ipcx_can_recv(), ipcx_drained(). */

static bool can_send(const struct ring *ring, uint32_t nr)
{
	uint64_t tail = load(&ring->lane[nr].tail);
	uint64_t word = load_acquire(&slot_of(ring, nr, tail)->word);

	if (ipcx_ticket_diff(ipcx_ticket(word), tail) !=
	    -(int64_t)ring->lane_slots)
		return true;
	switch (ipcx_state(word)) {
	case IPCX_WRITING:
	case IPCX_READING:
		return false;
	case IPCX_READY:
	case IPCX_RETURNED:
		return ring->drop_oldest;
	default:
		return true;
	}
}

static bool can_recv(const struct ring *ring)
{
	if (load_acquire(&ring->kpage->ret_epoch) !=
	    load(&ring->shared->ret_done))
		return true;
	for (uint32_t nr = 0; nr < ring->lanes; nr++) {
		uint64_t head = load(&ring->lane[nr].head);
		uint64_t word = load_acquire(&slot_of(ring, nr, head)->word);
		int64_t ahead = ipcx_ticket_diff(ipcx_ticket(word), head);

		if (ahead > 0 || (!ahead && ipcx_state(word) != IPCX_FREE &&
				  ipcx_state(word) != IPCX_WRITING))
			return true;
	}
	return false;
}

/* Given that no sender is left: the dead are repaired before that is said. */
static bool is_drained(const struct ring *ring)
{
	for (uint32_t nr = 0; nr < ring->lanes; nr++)
		for (uint32_t i = 0; i < ring->lane_slots; i++) {
			uint64_t word = load_acquire(&slot_of(ring, nr, i)->word);

			if (ipcx_state(word) != IPCX_FREE &&
			    ipcx_state(word) != IPCX_ABORTED)
				return false;
		}
	return true;
}

/* Is there something to do (0), nothing (-EAGAIN), or never again. */
static int ready(const struct ipcx_queue *queue, uint32_t dir, uint32_t lane)
{
	uint32_t gone = hangup(queue);

	if (gone & IPCX_HANGUP_DOWN)
		return -EIDRM;
	if (dir == IPCX_DIR_SEND) {
		if (gone & IPCX_HANGUP_SEND)
			return -EPIPE;
		return can_send(&queue->ring, lane) ? 0 : -EAGAIN;
	}
	if (can_recv(&queue->ring))
		return 0;
	return gone & IPCX_HANGUP_RECV && is_drained(&queue->ring) ? -EPIPE :
								     -EAGAIN;
}

static void announce(struct ipcx_queue *queue, uint32_t dir)
{
	struct ipcx_kpage *kpage = &queue->file->header->kpage;

	/*
	 * Once the senders have left, the end comes when the last slot is freed,
	 * which its receiver tells waiting senders only.
	 */
	if (dir == IPCX_DIR_RECV && hangup(queue) & IPCX_HANGUP_RECV)
		__atomic_exchange_n(&kpage->count[IPCX_DIR_SEND], 1,
				    __ATOMIC_SEQ_CST);
	__atomic_exchange_n(&kpage->count[dir], 1, __ATOMIC_SEQ_CST);
	/* Pairs with the one in wake() of ring_fast.h. */
	full_fence_after_rmw();
}

/* Always with a timeout, so that the kernel never restarts it. */
static int sleep_while(const uint32_t *word, uint32_t value, uint64_t until)
{
	struct timespec time = to_timespec(until);

	return KERNEL(futex, word, FUTEX_WAIT_BITSET, value, &time, NULL,
		      FUTEX_BITSET_MATCH_ANY);
}

int file_queue_wait(struct ipcx_queue *queue, uint32_t dir, uint32_t lane,
		    uint64_t deadline)
{
	struct file_queue *file = queue->file;
	uint32_t way = dir == IPCX_DIR_SEND ? IPCX_DIR_SEND : IPCX_DIR_RECV;
	const uint32_t *word = &file->header->wakes[way].word;
	int ret;

	if (deadline == IPCX_NO_WAIT) {
		file_look_after(file, ipcx_deadline_after(0));
		return ready(queue, way, lane);
	}
	do {
		uint32_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		uint64_t now, until;

		announce(queue, way);
		ret = ready(queue, way, lane);
		if (ret != -EAGAIN)
			break;
		now = ipcx_deadline_after(0);
		if (deadline <= now)
			return -ETIMEDOUT;
		/* What it repairs wakes us, too. */
		file_look_after(file, now);
		until = now + FILE_QUEUE_SLICE_NS;
		ret = sleep_while(word, seen, deadline < until ? deadline : until);
		/* Woken, not asleep at all, or late: look again. */
		if (ret < 0 && ret != -EAGAIN && ret != -ETIMEDOUT)
			break;
		ret = ready(queue, way, lane);
	} while (ret == -EAGAIN);
	return ret;
}
