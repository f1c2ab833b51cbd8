/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Queues: messages of up to slot_size bytes, each delivered to one receiver, or
 * with IPCX_QUEUE_BROADCAST to all, in order within a lane. <ipcx/ipcx.h> says
 * what holds for every call.
 *
 * A handle is mapped if its descriptor has IPCX_RIGHT_MAP, which there is on a
 * queue made IPCX_QUEUE_MAPPABLE: then it sends and receives in shared memory,
 * with a system call only to sleep and to wake. Otherwise it is mediated: the
 * kernel copies every message, vouches for its sender, and shields it from the
 * peers. Both kinds of handle can be used on one queue. Who does not want to
 * map a queue that could be, because its peers are not trusted or one call in a
 * while is not worth the mapping, leaves IPCX_RIGHT_MAP out of the rights.
 *
 * Death: a process that dies loses no message that it has sent, and what it had
 * taken but not released is delivered again to somebody, as IPCX_MSG_REDELIVERED.
 * That is decided when the last thread of its address space is gone. A thread
 * that ends, or jumps out of a signal handler, between taking a loan and giving
 * it back keeps the slot until then.
 *
 * Hostile peers: who maps a queue can spoil its messages, but not make a call
 * crash or spin. A ring that cannot be is -EBADMSG. Payload in a loan may
 * change while it is read: copy first what must not.
 *
 * Threads: any number of threads may use a handle at once; closing it must be
 * the last use. A loan belongs to one thread at a time.
 *
 * Fork: a mediated handle works in the child. A mapping is not inherited, so in
 * the child a mapped handle only gives its descriptor and its properties and
 * can be closed; all else is -ENOTCONN, and a loan's memory is not there. The
 * child attaches by a handle of its own, made by name or from a duplicate:
 *
 *	ipcx_queue_from_fd(fcntl(ipcx_queue_fd(queue), F_DUPFD_CLOEXEC, 0), &mine);
 *
 * Polling: the descriptor is readable (POLLIN) when a message can be received,
 * writable (POLLOUT) when one can be sent on some lane. Another may be quicker,
 * so answer with the _try calls, until -EAGAIN if the poll is edge-triggered.
 *
 * Peers: <ipcx/peer.h> tells who maps the queue, who came and went and why, and
 * whose claim holds the others up.
 *
 * End: with IPCX_QUEUE_HANGUP, receivers get -EPIPE (POLLHUP) once no descriptor
 * with IPCX_RIGHT_SEND is left and all was taken, senders (POLLERR) once none
 * with IPCX_RIGHT_RECV is. So each side holds its own right alone. A queue that
 * was shut down is -EIDRM (POLLHUP, POLLERR) to all, whatever is in it; only a
 * loan can still be given back.
 *
 * Broadcast: on a queue made IPCX_QUEUE_BROADCAST every handle with
 * IPCX_RIGHT_RECV receives every message, at its own pace, and nobody waits for
 * it: a sender overwrites the oldest message, and who was too slow for that is
 * told how many it missed (struct ipcx_msg.missed, ipcx_queue_missed()). A new
 * handle begins with what is in the ring, the last messages before it came.
 *
 *	ipcx_queue_open("prices", IPCX_RIGHT_RECV | IPCX_RIGHT_MAP, &prices);
 *	while ((len = ipcx_queue_recv(prices, buf, sizeof(buf), &msg)) >= 0) {
 *		if (msg.missed)
 *			fprintf(stderr, "missed %llu\n", msg.missed);
 *		use(buf, len);
 *	}
 *
 * Permission to read gives IPCX_RIGHT_RECV and IPCX_RIGHT_MAP, and who has no
 * IPCX_RIGHT_SEND maps the ring for reading only: subscribers need not be
 * trusted. There is one lane. Handles over duplicates of one descriptor poll as
 * one receiver; ipcx_reopen() makes a descriptor that is one of its own.
 */
#ifndef IPCX_QUEUE_H
#define IPCX_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_queue;

/**
 * struct ipcx_queue_options - what is seldom asked for when making a queue
 * @size: sizeof(struct ipcx_queue_options); later versions may have more fields,
 *	where 0 is what was before
 * @flags: IPCX_CREATE_*, IPCX_QUEUE_*
 * @mode: permission bits, 0 for 0600; the umask is not applied
 * @lanes: strict priorities, 0 for 1; a higher lane is received first
 * @rights: IPCX_RIGHT_* of the handle, 0 for all
 */
struct ipcx_queue_options {
	uint32_t size;
	uint32_t flags;
	uint32_t mode;
	uint32_t lanes;
	uint32_t rights;
};

/**
 * struct ipcx_loan - a slot of the ring in the caller's hands
 * @data: the payload, in the ring, aligned to 16 bytes; NULL once given back
 * @len: reserve: room, the queue's slot_size; acquire: bytes of the message
 * @lane: lane of the message
 * @flags: acquire: IPCX_MSG_REDELIVERED, IPCX_MSG_FDS
 * @sender: acquire: attachment that sent it, IPCX_OWNER_KERNEL if mediated
 * @ticket: place in the order of its lane
 *
 * Filled by the calls that take a loan; to be left as it is by the caller.
 */
struct ipcx_loan {
	void *data;
	uint32_t len;
	uint32_t lane;
	uint32_t flags;
	uint32_t sender;
	uint64_t ticket;
};

/**
 * ipcx_queue_create() - make a queue
 * @name: its name, or NULL for an anonymous one, reached through its descriptor
 *	alone
 * @slots: messages that each lane holds, rounded up to a power of two
 * @slot_size: bytes of the largest message
 * @options: NULL for all defaults: one lane, mediated, full means wait
 * @queue: set to the handle, to be closed with ipcx_queue_close()
 *
 * A name that is taken is opened, if it is a queue of this geometry with the
 * same IPCX_QUEUE_* flags and IPCX_CREATE_EXCL is not set.
 *
 * Returns 0.
 *
 * Errors: -EINVAL (a size of 0, too many lanes; unknown flags, mode or rights;
 * IPCX_CREATE_EXCL or _PERSIST without a name), -E2BIG (@options has a field set
 * that this version of the library does not know), -EFBIG (above the module's
 * limits), -EDQUOT (above the user's), -EEXIST, -EACCES, and those of
 * ipcx_queue_from_fd(), after which a queue made with IPCX_CREATE_PERSIST is
 * there all the same.
 */
int ipcx_queue_create(const char *name, uint32_t slots, uint32_t slot_size,
		      const struct ipcx_queue_options *options,
		      struct ipcx_queue **queue);

/**
 * ipcx_queue_open() - open a named queue
 * @name: its name
 * @rights: IPCX_RIGHT_SEND, _RECV, _MAP, _ADMIN; 0 for all that the mode allows
 * @queue: set to the handle, to be closed with ipcx_queue_close()
 *
 * Returns 0.
 *
 * Errors: as ipcx_open(), and those of ipcx_queue_from_fd().
 */
int ipcx_queue_open(const char *name, uint32_t rights,
		    struct ipcx_queue **queue);

/**
 * ipcx_queue_from_fd() - a handle for a descriptor that came from elsewhere
 * @fd: descriptor of a queue; belongs to the handle if the call succeeds, and
 *	stays the caller's if it fails
 * @queue: set to the handle, to be closed with ipcx_queue_close()
 *
 * Returns 0.
 *
 * Errors: -EBADF, -ENOTTY (not an ipcx object), -EPROTOTYPE (not a queue);
 * where it would be mapped also -EPROTO (the module's ring is of a version that
 * this library does not know) and -EUSERS (too many processes map it).
 */
int ipcx_queue_from_fd(int fd, struct ipcx_queue **queue);

/**
 * ipcx_queue_close() - close the handle, its mapping and its descriptor
 * @queue: the handle, or NULL
 *
 * Loans still held through this handle are lost with the last mapping of the
 * queue in this process: what was reserved counts as aborted, what was acquired
 * is delivered again.
 */
void ipcx_queue_close(struct ipcx_queue *queue);

/**
 * ipcx_queue_fd() - the descriptor: to poll, to pass on, for ipcx_stat()
 * @queue: the queue
 *
 * It still belongs to the handle.
 */
int ipcx_queue_fd(const struct ipcx_queue *queue);

/**
 * ipcx_queue_slots() - messages that each lane holds, a power of two
 * @queue: the queue
 */
uint32_t ipcx_queue_slots(const struct ipcx_queue *queue);

/**
 * ipcx_queue_slot_size() - bytes of the largest message
 * @queue: the queue
 */
uint32_t ipcx_queue_slot_size(const struct ipcx_queue *queue);

/**
 * ipcx_queue_lanes() - number of lanes
 * @queue: the queue
 */
uint32_t ipcx_queue_lanes(const struct ipcx_queue *queue);

/**
 * ipcx_queue_is_mapped() - false if every call goes through the kernel
 * @queue: the queue
 */
bool ipcx_queue_is_mapped(const struct ipcx_queue *queue);

/**
 * ipcx_queue_missed() - messages of a broadcast queue that this handle was too
 *	slow for, all in all
 * @queue: the queue
 *
 * Counted are places in the order that were overwritten before they were read,
 * and those that were left out because a sender stopped in the middle of its
 * message while the others went once round the ring.
 */
uint64_t ipcx_queue_missed(const struct ipcx_queue *queue);

/**
 * ipcx_queue_set_spin() - look again some times before sleeping
 * @queue: the queue
 * @looks: how often, each a few nanoseconds to some tens; 0, as a new handle
 *	has it, sleeps at once
 *
 * Worth its processor time where the answer comes sooner than a sleep and a
 * wake-up take (some microseconds). No effect on a mediated handle.
 */
void ipcx_queue_set_spin(struct ipcx_queue *queue, uint32_t looks);

/**
 * ipcx_queue_send() - send a message
 * @queue: the queue
 * @buf: the payload
 * @len: its bytes, at most the queue's slot_size; 0 is a message too
 * @lane: lane to send on, less than the queue's lanes
 *
 * Waits while the lane is full. With IPCX_QUEUE_DROP_OLDEST it makes room by
 * dropping the lane's oldest message, and waits only if that is just being
 * written or read; with IPCX_QUEUE_BROADCAST, only while others write all slots
 * at once.
 *
 * Returns 0.
 *
 * Errors: -EACCES (no IPCX_RIGHT_SEND), -EINVAL (no such lane), -EMSGSIZE,
 * -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EPIPE (IPCX_QUEUE_HANGUP: no
 * receiver is left), -EIDRM (shut down), -EBADMSG (a peer spoiled the ring),
 * -ENOTCONN (after fork), -EFAULT (mediated; a mapped handle dies by the signal).
 */
int ipcx_queue_send(struct ipcx_queue *queue, const void *buf, size_t len,
		    uint32_t lane);
int ipcx_queue_send_try(struct ipcx_queue *queue, const void *buf, size_t len,
			uint32_t lane);
int ipcx_queue_send_timed(struct ipcx_queue *queue, const void *buf, size_t len,
			  uint32_t lane, uint64_t deadline_ns);

/**
 * ipcx_queue_recv() - receive a message
 * @queue: the queue
 * @buf: where to put the payload
 * @cap: room there, at least the queue's slot_size whatever is sent
 * @msg: if not NULL, set to all that is known of the message; @msg->len is the
 *	result
 *
 * Waits while there is no message.
 *
 * Returns the bytes received.
 *
 * Errors: -EACCES (no IPCX_RIGHT_RECV), -EMSGSIZE (less room, nothing was
 * taken), -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, -EPIPE
 * (IPCX_QUEUE_HANGUP: no sender is left and all was taken), -EIDRM (shut down),
 * -EBADMSG (a peer spoiled the ring), -ENOTCONN (after fork), -EFAULT (mediated;
 * a mapped handle dies by the signal).
 */
ssize_t ipcx_queue_recv(struct ipcx_queue *queue, void *buf, size_t cap,
			struct ipcx_msg *msg);
ssize_t ipcx_queue_recv_try(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg);
ssize_t ipcx_queue_recv_timed(struct ipcx_queue *queue, void *buf, size_t cap,
			      struct ipcx_msg *msg, uint64_t deadline_ns);

/**
 * ipcx_queue_peek() - look at the message that comes next
 * @queue: the queue
 * @buf: where to put the payload; of no worth if the call fails
 * @cap: room there, at least the queue's slot_size
 * @msg: if not NULL, set to all that is known of the message
 *
 * As ipcx_queue_recv(), but the message stays where it is: another, or the next
 * call, may receive it at any time. Descriptors that ride along are told by
 * IPCX_MSG_FDS alone.
 *
 * Returns the bytes of the message. Errors: as ipcx_queue_recv(); -EAGAIN also
 * where others are so quick that no message stays for as long as a copy takes.
 */
ssize_t ipcx_queue_peek(struct ipcx_queue *queue, void *buf, size_t cap,
			struct ipcx_msg *msg);
ssize_t ipcx_queue_peek_try(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg);
ssize_t ipcx_queue_peek_timed(struct ipcx_queue *queue, void *buf, size_t cap,
			      struct ipcx_msg *msg, uint64_t deadline_ns);

/*
 * Descriptors of regions ride along a message as they do over SCM_RIGHTS: the
 * receiver gets new ones with the rights that the sender's had. Whichever call
 * receives a message without room for them loses them, which it tells by
 * IPCX_MSG_FDS_LOST.
 */

/**
 * ipcx_queue_send_fds() - send a message that regions ride along
 * @queue: the queue, not a broadcast one
 * @buf: the payload
 * @len: its bytes
 * @lane: lane to send on
 * @fds: descriptors of regions; they stay the caller's
 * @count: how many, IPCX_FDS_MAX at most
 *
 * A system call on a mapped handle, too.
 *
 * Returns 0. Errors: as ipcx_queue_send(); -EBADF, -EPROTOTYPE (a descriptor of
 * no region), -E2BIG (too many), -ENOMEM, -EOPNOTSUPP (broadcast).
 */
int ipcx_queue_send_fds(struct ipcx_queue *queue, const void *buf, size_t len,
			uint32_t lane, const int *fds, uint32_t count);
int ipcx_queue_send_fds_try(struct ipcx_queue *queue, const void *buf,
			    size_t len, uint32_t lane, const int *fds,
			    uint32_t count);
int ipcx_queue_send_fds_timed(struct ipcx_queue *queue, const void *buf,
			      size_t len, uint32_t lane, const int *fds,
			      uint32_t count, uint64_t deadline_ns);

/**
 * ipcx_queue_recv_fds() - receive a message and what rides along
 * @queue: the queue
 * @buf: where to put the payload
 * @cap: room there, at least the queue's slot_size
 * @msg: set to all that is known of the message; @msg->fd_count says how many
 *	descriptors came
 * @fds: set to them; they are close-on-exec and the caller's to close
 * @count: room there
 *
 * What is more than @count is lost. So is, on a mapped handle, all for which the
 * process has no descriptor or memory left; a mediated one then leaves the
 * message in the queue and fails.
 *
 * Returns the bytes received. Errors: as ipcx_queue_recv(); mediated also
 * -EMFILE, -ENOMEM.
 */
ssize_t ipcx_queue_recv_fds(struct ipcx_queue *queue, void *buf, size_t cap,
			    struct ipcx_msg *msg, int *fds, uint32_t count);
ssize_t ipcx_queue_recv_fds_try(struct ipcx_queue *queue, void *buf, size_t cap,
				struct ipcx_msg *msg, int *fds, uint32_t count);
ssize_t ipcx_queue_recv_fds_timed(struct ipcx_queue *queue, void *buf,
				  size_t cap, struct ipcx_msg *msg, int *fds,
				  uint32_t count, uint64_t deadline_ns);

/**
 * ipcx_queue_send_batch() - send several messages
 * @queue: the queue
 * @msgs: of each, buf, len and lane, and fds and fd_count if descriptors of
 *	regions ride along; the rest is 0
 * @count: how many, 1 to IPCX_BATCH_MAX
 *
 * Sends them in order, and waits for room until all are sent. On a mediated
 * handle that is one system call for all.
 *
 * Returns how many were sent: less than @count if an error stopped it after the
 * first, which is the result of the next call if it lasts.
 *
 * Errors: as ipcx_queue_send(); -EINVAL also for @count and for a field that is
 * not 0.
 */
int ipcx_queue_send_batch(struct ipcx_queue *queue,
			  const struct ipcx_msg *msgs, uint32_t count);
int ipcx_queue_send_batch_try(struct ipcx_queue *queue,
			      const struct ipcx_msg *msgs, uint32_t count);
int ipcx_queue_send_batch_timed(struct ipcx_queue *queue,
				const struct ipcx_msg *msgs, uint32_t count,
				uint64_t deadline_ns);

/**
 * ipcx_queue_recv_batch() - receive what is there
 * @queue: the queue
 * @msgs: of each, buf and in len the room there, at least slot_size, likewise
 *	fds and fd_count, or 0, for descriptors; pad and fd_pad 0; set to all that
 *	is known of the message
 * @count: how many at most, 1 to IPCX_BATCH_MAX
 *
 * Waits for the first message and takes the others if they are there.
 *
 * Returns how many were received, at least 1.
 *
 * Errors: as ipcx_queue_recv(); -EINVAL also for @count.
 */
int ipcx_queue_recv_batch(struct ipcx_queue *queue, struct ipcx_msg *msgs,
			  uint32_t count);
int ipcx_queue_recv_batch_try(struct ipcx_queue *queue, struct ipcx_msg *msgs,
			      uint32_t count);
int ipcx_queue_recv_batch_timed(struct ipcx_queue *queue, struct ipcx_msg *msgs,
				uint32_t count, uint64_t deadline_ns);

/*
 * Loans: a message written and read where it lies, without a copy. They need a
 * mapped handle, -EOPNOTSUPP otherwise. A slot on loan holds back its lane when
 * the ring comes round to it, so give it back soon.
 */

/**
 * ipcx_queue_reserve() - take a free slot to write a message into
 * @queue: the queue
 * @lane: lane to send on
 * @loan: set to the slot
 *
 * The message gets its place in the order now. What is sent after it on this
 * lane is received after it, so it holds that up until it is committed or
 * aborted. The memory has old content.
 *
 * Returns 0. Errors: as ipcx_queue_send(), but for -EMSGSIZE.
 */
int ipcx_queue_reserve(struct ipcx_queue *queue, uint32_t lane,
		       struct ipcx_loan *loan);
int ipcx_queue_reserve_try(struct ipcx_queue *queue, uint32_t lane,
			   struct ipcx_loan *loan);
int ipcx_queue_reserve_timed(struct ipcx_queue *queue, uint32_t lane,
			     struct ipcx_loan *loan, uint64_t deadline_ns);

/**
 * ipcx_queue_commit() - send what was written into a reserved slot
 * @queue: the queue
 * @loan: the slot; given back
 * @len: bytes of the message
 *
 * Never blocks. Returns 0.
 *
 * Errors: -EINVAL (not a loan), -EMSGSIZE (longer than slot_size), both of
 * which leave the loan as it is; -EBADMSG (a peer took the slot away, nothing
 * was sent), -ENOTCONN.
 */
int ipcx_queue_commit(struct ipcx_queue *queue, struct ipcx_loan *loan,
		      size_t len);

/**
 * ipcx_queue_abort() - give a reserved slot back unsent
 * @queue: the queue
 * @loan: the slot; given back
 *
 * Never blocks. Returns 0. Errors: as ipcx_queue_commit(), but for -EMSGSIZE.
 */
int ipcx_queue_abort(struct ipcx_queue *queue, struct ipcx_loan *loan);

/**
 * ipcx_queue_acquire() - take a message to be read where it lies
 * @queue: the queue
 * @loan: set to the message
 *
 * A broadcast message is nobody's: it can be overwritten while it is read, and
 * ipcx_queue_release() says whether it was. Until then believe nothing of it;
 * its memory may be mapped for reading only.
 *
 * Returns 0. Errors: as ipcx_queue_recv(), but for -EMSGSIZE.
 */
int ipcx_queue_acquire(struct ipcx_queue *queue, struct ipcx_loan *loan);
int ipcx_queue_acquire_try(struct ipcx_queue *queue, struct ipcx_loan *loan);
int ipcx_queue_acquire_timed(struct ipcx_queue *queue, struct ipcx_loan *loan,
			     uint64_t deadline_ns);

/**
 * ipcx_queue_loan_fds() - take the descriptors that ride along a message
 * @queue: the queue
 * @loan: the message, acquired and not yet released; IPCX_MSG_FDS in its flags
 *	says that there may be some
 * @fds: set to them; they are close-on-exec and the caller's to close
 * @count: room there, IPCX_FDS_MAX to be sure
 *
 * A system call if there may be some. Returns how many came; 0 if none ride
 * along, or were taken already, by who died before it released the message.
 *
 * Errors: -EINVAL (not a loan), -EACCES, -EMSGSIZE (more than @count), -EMFILE,
 * -ENOMEM, -EFAULT, after all of which they still ride; -ESTALE (a peer took the
 * slot away), -EOPNOTSUPP, -ENOTCONN.
 */
int ipcx_queue_loan_fds(struct ipcx_queue *queue, const struct ipcx_loan *loan,
			int *fds, uint32_t count);

/**
 * ipcx_queue_release() - give an acquired slot back, its message being done
 * @queue: the queue
 * @loan: the slot; given back
 *
 * Never blocks. Returns 0.
 *
 * Errors: -EINVAL (not a loan), -EBADMSG (a peer took the slot away), -ESTALE
 * (broadcast: overwritten since it was acquired, what was read may be anything),
 * -ENOTCONN.
 */
int ipcx_queue_release(struct ipcx_queue *queue, struct ipcx_loan *loan);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_QUEUE_H */
