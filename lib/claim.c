// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Claiming with patience: spin, sleep in WAIT, look again, until there is a
 * slot to write or to read, or the deadline has passed.
 */

#include <ipcx/device.h>

#include "file_queue.h"
#include "message.h"
#include "wait.h"

static inline bool subscribes(const struct ipcx_queue *queue, uint32_t dir)
{
	return queue->ring.broadcast && dir != IPCX_DIR_SEND;
}

static inline uint64_t cursor(const struct ipcx_queue *queue)
{
	return __atomic_load_n(&queue->subscriber.cursor, __ATOMIC_RELAXED);
}

/*
 * Who keeps the queue says when its ring looks usable: the kernel or, of one in
 * a file, its peers. A subscriber's sleep tells the kernel how far it is, for
 * poll too.
 */
static int sleep_until(struct ipcx_queue *queue, uint32_t dir, uint32_t lane,
		       uint64_t deadline)
{
	struct ipcx_wait arg = {
		.size = sizeof(arg),
		.dir = dir == PEEK ? IPCX_DIR_RECV : dir,
		.lane = lane,
		.deadline_ns = deadline,
	};
	int ret;

	if (queue->file)
		return file_queue_wait(queue, dir, lane, deadline);
	if (!subscribes(queue, dir))
		return queue_ioctl(queue, IPCX_IOC_WAIT, &arg);
	arg.flags = IPCX_WAIT_TICKET;
	arg.ticket = cursor(queue);
	ret = queue_ioctl(queue, IPCX_IOC_WAIT, &arg);
	__atomic_store_n(&queue->told, arg.ticket, __ATOMIC_RELAXED);
	return ret;
}

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
}

/* Leaves @loan->data as it is: others may come and go between two looks. */
static int peek(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	void *buf = loan->data;
	int ret = queue->ring.broadcast ?
		  ring_peek_broadcast(&queue->ring, &queue->subscriber, buf,
				      loan) :
		  ring_peek(&queue->ring, buf, loan);

	loan->data = buf;
	return ret;
}

static inline int claim(struct ipcx_queue *queue, int me, uint32_t dir,
			uint32_t lane, struct ipcx_loan *loan)
{
	uint32_t gone = hangup(queue);

	if (__builtin_expect(gone & IPCX_HANGUP_DOWN, 0))
		return -EIDRM;
	if (dir == IPCX_DIR_RECV)
		return queue->ring.broadcast ?
		       ring_next(&queue->ring, &queue->subscriber, loan) :
		       ring_claim_recv(&queue->ring, me, loan);
	if (dir == PEEK)
		return peek(queue, loan);
	if (gone & IPCX_HANGUP_SEND)
		return -EPIPE;
	if (queue->ring.broadcast)
		return ring_claim_broadcast(&queue->ring, me, loan);
	return ring_claim_send(&queue->ring, me, lane, loan);
}

/*
 * Waits in vain that make a claim distrust the ring, and looks at a ring that
 * promises nothing that make it trust again.
 */
#define FRUITLESS_WAITS	64
#define HONEST_LOOKS	64

/*
 * A ring that was scribbled over can promise for ever what it does not hold:
 * WAIT returns at once then, each time, and a signal that comes between two of
 * them ends neither. Here it ends the wait. Returns -EAGAIN when the ring can be
 * slept beside again.
 */
static NOINLINE int claim_distrustful(struct ipcx_queue *queue, int me,
				      uint32_t dir, uint32_t lane,
				      struct ipcx_loan *loan, uint64_t deadline)
{
	struct steps steps = { 0 };
	uint32_t honest = 0;
	int ret;

	do {
		ret = wait_step(&steps, deadline);
		if (ret < 0)
			break;
		ret = sleep_until(queue, dir, lane, IPCX_NO_WAIT);
		honest = ret < 0 ? honest + 1 : 0;
		if (!ret)
			ret = claim(queue, me, dir, lane, loan);
	} while (ret == -EAGAIN && honest < HONEST_LOOKS);
	wait_steps_end(&steps);
	return ret;
}

/*
 * Has a try that found nothing to ask the kernel? After a hangup, as it alone
 * knows that the dead among the senders are repaired. And when it has to be
 * told that nothing is left to be read, lest it say the contrary to who polls.
 * Where there is no kernel to see who dies, each try looks after the peers.
 */
static bool has_to_ask(const struct ipcx_queue *queue, uint32_t dir)
{
	if (queue->file)
		return true;
	if (dir == IPCX_DIR_SEND)
		return false;
	if (hangup(queue) & IPCX_HANGUP_RECV)
		return true;
	return subscribes(queue, dir) &&
	       __atomic_load_n(&queue->polled, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&queue->told, __ATOMIC_RELAXED) != cursor(queue);
}

/* Looked usable and was not: has the time come to say so? */
static bool is_late(uint64_t deadline)
{
	return deadline <= ipcx_deadline_after(0);
}

static int late_error(uint64_t deadline)
{
	return deadline == IPCX_NO_WAIT ? -EAGAIN : -ETIMEDOUT;
}

/* Looks without one at the deadline: some hundred microseconds. */
#define LOOKS_AT_ONCE	4096

/* The claim found nothing: spin, sleep, look again. */
static int claim_slow(struct ipcx_queue *queue, int me, uint32_t dir,
		      uint32_t lane, struct ipcx_loan *loan, uint64_t deadline)
{
	uint32_t looks = __atomic_load_n(&queue->spin, __ATOMIC_RELAXED);
	uint32_t waits = 0;
	int ret = -EAGAIN;

	if (deadline == IPCX_NO_WAIT) {
		if (!has_to_ask(queue, dir))
			return -EAGAIN;
		looks = 0;
	}
	while (looks && ret == -EAGAIN) {
		cpu_relax();
		ret = claim(queue, me, dir, lane, loan);
		/* Who spins for long has a deadline, too. */
		if (--looks % LOOKS_AT_ONCE == 0 && is_late(deadline))
			break;
	}
	while (ret == -EAGAIN) {
		ret = sleep_until(queue, dir, lane, deadline);
		if (ret < 0)
			return ret;
		ret = claim(queue, me, dir, lane, loan);
		/* The kernel says usable before it says late: say it here. */
		if (ret == -EAGAIN && is_late(deadline))
			return late_error(deadline);
		if (ret == -EAGAIN && ++waits % FRUITLESS_WAITS == 0)
			ret = claim_distrustful(queue, me, dir, lane, loan,
						deadline);
	}
	return ret;
}

int claim_wait(struct ipcx_queue *queue, int me, uint32_t dir, uint32_t lane,
	       struct ipcx_loan *loan, uint64_t deadline)
{
	int ret = claim(queue, me, dir, lane, loan);

	if (ret == -EAGAIN)
		ret = claim_slow(queue, me, dir, lane, loan, deadline);
	return ret;
}

/* Messages in a row overwritten while they were read, before we look up. */
#define OVERTAKEN_MAX	64

int next_broadcast(struct ipcx_queue *queue, int me, void *buf,
		   struct ipcx_loan *loan, __u64 *missed, uint64_t deadline)
{
	for (unsigned int overtaken = 1; ; overtaken++) {
		int ret = claim_wait(queue, me, IPCX_DIR_RECV, 0, loan, deadline);

		if (ret < 0)
			return ret;
		if (buf)
			ring_copy_out(buf, loan->data, loan->len);
		if (ring_take(&queue->subscriber, loan, missed))
			return 0;
		if (overtaken % OVERTAKEN_MAX == 0 && is_late(deadline))
			return late_error(deadline);
	}
}
