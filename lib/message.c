// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moving messages: through the ring if the handle has it mapped, by SEND and
 * RECV otherwise. No cancellation point stands between a claim and its
 * publishing (ioctl is none), so a thread cancelled here holds no slot.
 */
#include <sys/ioctl.h>

#include <ipcx/device.h>

#include "message.h"
#include "ring_fast.h"
#include "sys.h"
#include "wait.h"

/* Keeps the registers and the stack of what is seldom out of what is often. */
#define NOINLINE __attribute__((noinline))

int transfer(struct ipcx_queue *queue, unsigned long cmd,
	     struct ipcx_msg *msgs, uint32_t count, uint64_t deadline)
{
	struct ipcx_transfer arg = {
		.size = sizeof(arg),
		.msgs = (uintptr_t)msgs,
		.count = count,
		.msg_size = sizeof(*msgs),
		.deadline_ns = deadline,
	};

	return SYSCALL(ioctl(queue->fd, cmd, &arg));
}

/* As a direction of claim(): look only, and copy to @loan->data. */
#define PEEK	2

static inline bool subscribes(const struct ipcx_queue *queue, uint32_t dir)
{
	return queue->ring.broadcast && dir != IPCX_DIR_SEND;
}

static inline uint64_t cursor(const struct ipcx_queue *queue)
{
	return __atomic_load_n(&queue->subscriber.cursor, __ATOMIC_RELAXED);
}

/* A subscriber's sleep tells the kernel how far it is, for poll too. */
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

	if (!subscribes(queue, dir))
		return SYSCALL(ioctl(queue->fd, IPCX_IOC_WAIT, &arg));
	arg.ticket = cursor(queue);
	ret = SYSCALL(ioctl(queue->fd, IPCX_IOC_WAIT, &arg));
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

/*
 * Acquire: what was sent before the other side left is in the ring for who sees
 * that it left. Partner: the kernel's release of the word.
 */
static inline uint32_t hangup(const struct ipcx_queue *queue)
{
	return __atomic_load_n(&queue->ring.kpage->hangup, __ATOMIC_ACQUIRE);
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
 */
static bool has_to_ask(const struct ipcx_queue *queue, uint32_t dir)
{
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
	for (uint32_t i = 0; i < looks && ret == -EAGAIN; i++) {
		cpu_relax();
		ret = claim(queue, me, dir, lane, loan);
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

/* The next message of a broadcast queue, copied to @buf unless that is NULL. */
static NOINLINE int next_broadcast(struct ipcx_queue *queue, int me, void *buf,
				   struct ipcx_loan *loan, __u64 *missed,
				   uint64_t deadline)
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

int ipcx_queue_reserve_timed(struct ipcx_queue *queue, uint32_t lane,
			     struct ipcx_loan *loan, uint64_t deadline_ns)
{
	int me = attachment(queue, IPCX_RIGHT_SEND);

	if (me < 0)
		return me;
	if (lane >= queue->lanes)
		return -EINVAL;
	if (!hangup(queue) && claim_send_fast(&queue->ring, me, lane, loan))
		return 0;
	return claim_wait(queue, me, IPCX_DIR_SEND, lane, loan, deadline_ns);
}

int ipcx_queue_acquire_timed(struct ipcx_queue *queue, struct ipcx_loan *loan,
			     uint64_t deadline_ns)
{
	int me = attachment(queue, IPCX_RIGHT_RECV);
	__u64 missed;

	if (me < 0)
		return me;
	if (queue->ring.broadcast)
		return next_broadcast(queue, me, NULL, loan, &missed,
				      deadline_ns);
	if (!hangup(queue) && claim_recv_fast(&queue->ring, me, loan))
		return 0;
	return claim_wait(queue, me, IPCX_DIR_RECV, 0, loan, deadline_ns);
}

/* As attachment(), for who gives @loan back. */
static inline int holder(const struct ipcx_queue *queue, uint32_t right,
			 const struct ipcx_loan *loan)
{
	int me = attachment(queue, right);

	return me > 0 && !loan->data ? -EINVAL : me;
}

int ipcx_queue_commit(struct ipcx_queue *queue, struct ipcx_loan *loan,
		      size_t len)
{
	int me = holder(queue, IPCX_RIGHT_SEND, loan);
	int ret;

	if (me < 0)
		return me;
	if (len > queue->slot_size)
		return -EMSGSIZE;
	ret = ring_commit(&queue->ring, me, loan, len);
	loan->data = NULL;
	return ret;
}

int ipcx_queue_abort(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	int me = holder(queue, IPCX_RIGHT_SEND, loan);
	int ret;

	if (me < 0)
		return me;
	ret = ring_abort(&queue->ring, me, loan);
	loan->data = NULL;
	return ret;
}

int ipcx_queue_release(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	int me = holder(queue, IPCX_RIGHT_RECV, loan);
	int ret;

	if (me < 0)
		return me;
	if (queue->ring.broadcast)
		ret = ring_is_there(loan) ? 0 : -ESTALE;
	else
		ret = ring_release(&queue->ring, me, loan);
	loan->data = NULL;
	return ret;
}

static NOINLINE int send_slow(struct ipcx_queue *queue, int me, const void *buf,
			      size_t len, uint32_t lane, uint64_t deadline)
{
	struct ipcx_loan loan;
	int ret = claim_wait(queue, me, IPCX_DIR_SEND, lane, &loan, deadline);

	if (ret < 0)
		return ret;
	if (queue->ring.broadcast)
		ring_copy_in(loan.data, buf, len);
	else if (len)	/* memcpy() may not be given NULL, even for nothing */
		memcpy(loan.data, buf, len);
	return ring_commit(&queue->ring, me, &loan, len);
}

ALWAYS_INLINE int send_mapped(struct ipcx_queue *queue, const void *buf,
			      size_t len, uint32_t lane, uint64_t deadline)
{
	int me = attachment(queue, IPCX_RIGHT_SEND);
	struct ipcx_loan loan;

	if (me < 0)
		return me;
	if (lane >= queue->lanes)
		return -EINVAL;
	if (len > queue->slot_size)
		return -EMSGSIZE;
	if (hangup(queue) || !claim_send_fast(&queue->ring, me, lane, &loan))
		return send_slow(queue, me, buf, len, lane, deadline);
	copy(loan.data, buf, len);
	return commit(&queue->ring, me, &loan, len);
}

ALWAYS_INLINE ssize_t received(void *buf, const struct ipcx_loan *loan,
			       struct ipcx_msg *msg)
{
	if (msg)
		*msg = (struct ipcx_msg) {
			.buf = (uintptr_t)buf,
			.len = loan->len,
			.lane = loan->lane,
			.flags = loan->flags,
			.sender = loan->sender,
			.ticket = loan->ticket,
		};
	return loan->len;
}

/* Descriptors that ride along and are not taken go with the slot. */
ALWAYS_INLINE void lose_fds(struct ipcx_loan *loan)
{
	if (__builtin_expect(loan->flags & IPCX_MSG_FDS, 0))
		loan->flags |= IPCX_MSG_FDS_LOST;
}

static NOINLINE ssize_t recv_slow(struct ipcx_queue *queue, int me, void *buf,
				  struct ipcx_msg *msg, uint64_t deadline)
{
	struct ipcx_loan loan;
	int ret = claim_wait(queue, me, IPCX_DIR_RECV, 0, &loan, deadline);

	if (ret < 0)
		return ret;
	memcpy(buf, loan.data, loan.len);
	lose_fds(&loan);
	ret = ring_release(&queue->ring, me, &loan);
	return ret < 0 ? ret : received(buf, &loan, msg);
}

static NOINLINE ssize_t recv_broadcast(struct ipcx_queue *queue, int me,
				       void *buf, struct ipcx_msg *msg,
				       uint64_t deadline)
{
	struct ipcx_loan loan;
	__u64 missed;
	int ret = next_broadcast(queue, me, buf, &loan, &missed, deadline);

	if (ret < 0)
		return ret;
	received(buf, &loan, msg);
	if (msg)
		msg->missed = missed;
	return loan.len;
}

ALWAYS_INLINE ssize_t recv_mapped(struct ipcx_queue *queue, void *buf,
				  size_t cap, struct ipcx_msg *msg,
				  uint64_t deadline)
{
	int me = attachment(queue, IPCX_RIGHT_RECV);
	struct ipcx_loan loan;

	if (me < 0)
		return me;
	if (cap < queue->slot_size)
		return -EMSGSIZE;
	if (__builtin_expect(queue->ring.broadcast, 0))
		return recv_broadcast(queue, me, buf, msg, deadline);
	if (hangup(queue) || !take_fast(&queue->ring, buf, &loan))
		return recv_slow(queue, me, buf, msg, deadline);
	return received(buf, &loan, msg);
}

/* The ABI's lengths have 32 bits, and no slot_size comes near that. */
static uint32_t abi_len(size_t len)
{
	return len < UINT32_MAX ? len : UINT32_MAX;
}

static NOINLINE int send_mediated(struct ipcx_queue *queue, const void *buf,
				  size_t len, uint32_t lane, uint64_t deadline)
{
	struct ipcx_msg msg = {
		.buf = (uintptr_t)buf,
		.len = abi_len(len),
		.lane = lane,
	};
	int ret = transfer(queue, IPCX_IOC_SEND, &msg, 1, deadline);

	return ret < 0 ? ret : 0;
}

static void count_missed(struct ipcx_queue *queue, uint64_t missed)
{
	if (missed)
		__atomic_fetch_add(&queue->subscriber.missed, missed,
				   __ATOMIC_RELAXED);
}

static NOINLINE ssize_t recv_mediated(struct ipcx_queue *queue, void *buf,
				      size_t cap, struct ipcx_msg *msg,
				      uint64_t deadline)
{
	struct ipcx_msg got = {
		.buf = (uintptr_t)buf,
		.len = abi_len(cap),
	};
	int ret = transfer(queue, IPCX_IOC_RECV, &got, 1, deadline);

	if (ret < 0)
		return ret;
	count_missed(queue, got.missed);
	if (msg)
		*msg = got;
	return got.len;
}

int ipcx_queue_send_timed(struct ipcx_queue *queue, const void *buf, size_t len,
			  uint32_t lane, uint64_t deadline_ns)
{
	if (queue->attachment)
		return send_mapped(queue, buf, len, lane, deadline_ns);
	return send_mediated(queue, buf, len, lane, deadline_ns);
}

ssize_t ipcx_queue_recv_timed(struct ipcx_queue *queue, void *buf, size_t cap,
			      struct ipcx_msg *msg, uint64_t deadline_ns)
{
	if (queue->attachment)
		return recv_mapped(queue, buf, cap, msg, deadline_ns);
	return recv_mediated(queue, buf, cap, msg, deadline_ns);
}

static ssize_t peek_mapped(struct ipcx_queue *queue, void *buf, size_t cap,
			   struct ipcx_msg *msg, uint64_t deadline)
{
	struct ipcx_loan loan = { .data = buf };
	int ret = attachment(queue, IPCX_RIGHT_RECV);

	if (ret < 0)
		return ret;
	if (cap < queue->slot_size)
		return -EMSGSIZE;
	ret = claim_wait(queue, ret, PEEK, 0, &loan, deadline);
	if (ret < 0)
		return ret;
	received(buf, &loan, msg);
	if (msg)
		msg->missed = __atomic_load_n(&queue->subscriber.pending,
					      __ATOMIC_RELAXED);
	return loan.len;
}

ssize_t ipcx_queue_peek_timed(struct ipcx_queue *queue, void *buf, size_t cap,
			      struct ipcx_msg *msg, uint64_t deadline_ns)
{
	struct ipcx_msg got = { .buf = (uintptr_t)buf, .len = abi_len(cap) };
	struct ipcx_transfer arg = {
		.size = sizeof(arg),
		.flags = IPCX_RECV_PEEK,
		.msgs = (uintptr_t)&got,
		.count = 1,
		.msg_size = sizeof(got),
		.deadline_ns = deadline_ns,
	};
	int ret;

	if (queue->attachment)
		return peek_mapped(queue, buf, cap, msg, deadline_ns);
	ret = SYSCALL(ioctl(queue->fd, IPCX_IOC_RECV, &arg));
	if (ret < 0)
		return ret;
	if (msg)
		*msg = got;
	return got.len;
}

/* What SEND would refuse. */
static bool only_to_send(const struct ipcx_msg *msg)
{
	return !(msg->flags | msg->sender | msg->pid | msg->uid | msg->gid |
		 msg->pad | msg->ticket | msg->fd_pad | msg->missed);
}

static void *pointer(uint64_t value)
{
	return (void *)(uintptr_t)value;
}

int ipcx_queue_send_batch_timed(struct ipcx_queue *queue,
				const struct ipcx_msg *msgs, uint32_t count,
				uint64_t deadline_ns)
{
	uint32_t done;
	int ret = -EINVAL;

	if (!queue->attachment)
		return transfer(queue, IPCX_IOC_SEND, (struct ipcx_msg *)msgs,
				count, deadline_ns);
	if (count > IPCX_BATCH_MAX)
		return -EINVAL;
	for (done = 0; done < count; done++) {
		const struct ipcx_msg *msg = &msgs[done];

		ret = !only_to_send(msg) ? -EINVAL : msg->fd_count ?
		      ipcx_queue_send_fds_timed(queue, pointer(msg->buf),
						msg->len, msg->lane,
						pointer(msg->fds), msg->fd_count,
						deadline_ns) :
		      ipcx_queue_send_timed(queue, pointer(msg->buf), msg->len,
					    msg->lane, deadline_ns);
		if (ret < 0)
			break;
	}
	return done ? (int)done : ret;
}

int ipcx_queue_recv_batch_timed(struct ipcx_queue *queue, struct ipcx_msg *msgs,
				uint32_t count, uint64_t deadline_ns)
{
	uint32_t done;
	int ret = -EINVAL;

	if (!queue->attachment) {
		ret = transfer(queue, IPCX_IOC_RECV, msgs, count, deadline_ns);
		for (int i = 0; i < ret; i++)
			count_missed(queue, msgs[i].missed);
		return ret;
	}
	if (count > IPCX_BATCH_MAX)
		return -EINVAL;
	for (done = 0; done < count; done++) {
		struct ipcx_msg *msg = &msgs[done];

		ret = msg->pad | msg->fd_pad ? -EINVAL : msg->fd_count ?
		      ipcx_queue_recv_fds_timed(queue, pointer(msg->buf),
						msg->len, msg,
						pointer(msg->fds), msg->fd_count,
						done ? IPCX_NO_WAIT : deadline_ns) :
		      ipcx_queue_recv_timed(queue, pointer(msg->buf),
					    msg->len, msg,
					    done ? IPCX_NO_WAIT : deadline_ns);
		if (ret < 0)
			break;
	}
	return done ? (int)done : ret;
}

/* The plain and the _try form of every call that can block. */

int ipcx_queue_send(struct ipcx_queue *queue, const void *buf, size_t len,
		    uint32_t lane)
{
	return ipcx_queue_send_timed(queue, buf, len, lane, IPCX_FOREVER);
}

int ipcx_queue_send_try(struct ipcx_queue *queue, const void *buf, size_t len,
			uint32_t lane)
{
	return ipcx_queue_send_timed(queue, buf, len, lane, IPCX_NO_WAIT);
}

ssize_t ipcx_queue_recv(struct ipcx_queue *queue, void *buf, size_t cap,
			struct ipcx_msg *msg)
{
	return ipcx_queue_recv_timed(queue, buf, cap, msg, IPCX_FOREVER);
}

ssize_t ipcx_queue_recv_try(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg)
{
	return ipcx_queue_recv_timed(queue, buf, cap, msg, IPCX_NO_WAIT);
}

ssize_t ipcx_queue_peek(struct ipcx_queue *queue, void *buf, size_t cap,
			struct ipcx_msg *msg)
{
	return ipcx_queue_peek_timed(queue, buf, cap, msg, IPCX_FOREVER);
}

ssize_t ipcx_queue_peek_try(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg)
{
	return ipcx_queue_peek_timed(queue, buf, cap, msg, IPCX_NO_WAIT);
}

int ipcx_queue_send_batch(struct ipcx_queue *queue,
			  const struct ipcx_msg *msgs, uint32_t count)
{
	return ipcx_queue_send_batch_timed(queue, msgs, count, IPCX_FOREVER);
}

int ipcx_queue_send_batch_try(struct ipcx_queue *queue,
			      const struct ipcx_msg *msgs, uint32_t count)
{
	return ipcx_queue_send_batch_timed(queue, msgs, count, IPCX_NO_WAIT);
}

int ipcx_queue_recv_batch(struct ipcx_queue *queue, struct ipcx_msg *msgs,
			  uint32_t count)
{
	return ipcx_queue_recv_batch_timed(queue, msgs, count, IPCX_FOREVER);
}

int ipcx_queue_recv_batch_try(struct ipcx_queue *queue, struct ipcx_msg *msgs,
			      uint32_t count)
{
	return ipcx_queue_recv_batch_timed(queue, msgs, count, IPCX_NO_WAIT);
}

int ipcx_queue_reserve(struct ipcx_queue *queue, uint32_t lane,
		       struct ipcx_loan *loan)
{
	return ipcx_queue_reserve_timed(queue, lane, loan, IPCX_FOREVER);
}

int ipcx_queue_reserve_try(struct ipcx_queue *queue, uint32_t lane,
			   struct ipcx_loan *loan)
{
	return ipcx_queue_reserve_timed(queue, lane, loan, IPCX_NO_WAIT);
}

int ipcx_queue_acquire(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	return ipcx_queue_acquire_timed(queue, loan, IPCX_FOREVER);
}

int ipcx_queue_acquire_try(struct ipcx_queue *queue, struct ipcx_loan *loan)
{
	return ipcx_queue_acquire_timed(queue, loan, IPCX_NO_WAIT);
}
