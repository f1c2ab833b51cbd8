/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Channels: messages one way, from those who opened the sending end to those who
 * opened the receiving end, over whichever mechanism the URI names.
 * <ipcx/ipcx.h> says what holds for every call.
 *
 *	ipcx_channel_open(argv[1], IPCX_RIGHT_SEND, &channel);
 *	ipcx_channel_send(channel, "hello", 5, 0);
 *
 * URIs, with the options each takes after a '?', joined by '&':
 *
 *	pipe:FD			an end of a pipe that was inherited; size
 *	fifo:/path		a FIFO; size, mode
 *	mq:/name		a POSIX message queue; slots, size, mode
 *	sysv:KEY		a System V message queue, of a number; size, mode
 *	unix:/path, unix:@name	a unix socket; type, size
 *	tcp://HOST:PORT		TCP; size
 *	signal:PID		a real-time signal, to the process that receives;
 *				there signal: alone will do; signal
 *	shm:/name		the queues' ring in POSIX shared memory; slots, size,
 *				lanes, spin, drop, keep, mode
 *	map:/path		the same in a file
 *	queue:NAME		a queue of the module; also broadcast, map
 *
 *	size=BYTES	the largest message
 *	slots=N		messages that the channel holds, of each priority
 *	mode=OCTAL	permission bits of what is made, 0600 without; the umask
 *			is applied, but to sysv: and queue:
 *	type=T		stream (as without), seqpacket or dgram
 *	signal=N	its number, SIGRTMIN to SIGRTMAX; SIGRTMIN without
 *	lanes=N		priorities, 1 without
 *	spin=N		looks before a sleep, see ipcx_queue_set_spin()
 *	drop=1		a full channel drops its oldest message
 *	broadcast=1	each receiver receives every message
 *	keep=1		it stays when nobody has it open; map: keeps without
 *	map=0		through the kernel, for peers that are not trusted
 *
 * Numbers may end in k, M or G. What is no letter, digit or one of "-._~/@:" is
 * written %XX. Both ends are to say the same; who says nothing of slots, size and
 * lanes takes what is there, of those that have a place to say it.
 *
 * Making: whichever end is opened first makes what is missing, with a name for
 * which it has permission. Of unix and TCP sockets and signals that is the
 * receiver's part, and of FIFOs a sender needs one to be there: opening a sending
 * end waits for it. What was made stays until ipcx_channel_remove(), but for
 * sockets, and queues and shared memory without keep=1, which go with the last
 * who has them open.
 *
 * Messages: boundaries are kept, of 0 bytes too, and the order of each sender's
 * within a priority. On pipes, FIFOs and stream sockets that takes a head before
 * each message, so both sides must be channels. What comes and is none of that
 * is -EBADMSG, once, and left out; its connection is closed, if it has one.
 *
 * Capabilities: mechanisms differ, and so may the ends of one. ipcx_channel_caps()
 * says what this end can do; a call for what it cannot do is -EOPNOTSUPP, but for
 * loans, which copy where they have to.
 *
 * Peers: with IPCX_CHANNEL_PEER_GONE receiving is -EPIPE once there was a sender
 * and none is left and all was received, and sending once no receiver is left.
 * Then another may open the other end and all goes on, but for pipes and the
 * sending end of sockets. Of a message that a sender did not get to the end of
 * nothing is received.
 *
 * Shared memory and files: peers write to them as they please, so they must trust
 * each other. Who spoils what is there spoils the channel; who makes the file
 * smaller kills all others by SIGBUS. At most 256 handles have one open at a time.
 *
 * POSIX queues: without slots and size one is made with 10 of 8192 bytes, or as
 * much of either as /proc/sys/fs/mqueue allows.
 *
 * System V queues: without size a message has at most 8192 bytes, or as many as
 * kernel.msgmax and kernel.msgmnb allow. They have no deadlines of their own, see
 * <ipcx/sysv_msg.h>: a _timed call looks every millisecond.
 *
 * Signals as channels: a message has at most sizeof(uintptr_t) - 1 bytes, which go
 * in the value of the signal. Opening the receiving end blocks the signal in the
 * calling thread, for good; see <ipcx/signal.h>. It comes first: a signal ends a
 * process that does not block it. Signals that no channel sent are passed over.
 * A sender is bound to the process that had the number when it opened its end;
 * -ESRCH if there is none, -EPERM if it is not one of this user's. It looks every
 * millisecond for room, and only it is told that its peer is gone. Who sent it is
 * in a signal what the sender wrote there, so receivers are not told.
 *
 * Signals: as <ipcx/ipcx.h> says, though most channels wait by poll(2) or
 * futex(2), so -EINTR comes after any handler. SIGPIPE is never raised.
 *
 * Threads: any number of threads may use a handle at once; closing it must be
 * the last use. A loan belongs to one thread at a time.
 *
 * Fork: the child closes what it does not use, and opens its own by the URI.
 * Only one process may go on with a handle, but for those with
 * IPCX_CHANNEL_FORKS, which work in both.
 *
 * Polling: with IPCX_CHANNEL_POLLABLE ipcx_channel_fd() is a descriptor that is
 * readable (POLLIN) when a receiving end may have something, and writable
 * (POLLOUT) when a sending end may have room. Answer with the _try calls, until
 * -EAGAIN if the poll is edge-triggered.
 */
#ifndef IPCX_CHANNEL_H
#define IPCX_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

#include <ipcx/queue.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ipcx_channel;

/* What a channel can do. */
#define IPCX_CHANNEL_ZERO_COPY		0x0001U	/* loans are the channel's own memory */
#define IPCX_CHANNEL_PRIORITIES		0x0002U	/* more than one */
#define IPCX_CHANNEL_MANY_SENDERS	0x0004U	/* several open the sending end */
#define IPCX_CHANNEL_MANY_RECEIVERS	0x0008U	/* several open the receiving end */
#define IPCX_CHANNEL_CREDENTIALS	0x0010U	/* the kernel vouches for the sender */
#define IPCX_CHANNEL_FDS		0x0020U	/* descriptors ride along */
#define IPCX_CHANNEL_POLLABLE		0x0040U	/* has a descriptor to poll */
#define IPCX_CHANNEL_PEER_GONE		0x0080U	/* tells that nobody is left */
/* A peer's death loses nothing that was sent, and holds nobody up. */
#define IPCX_CHANNEL_SURVIVES		0x0100U
/* What a receiver that died had taken is delivered again. */
#define IPCX_CHANNEL_REDELIVERS		0x0200U
#define IPCX_CHANNEL_MACHINES		0x0400U	/* goes from machine to machine */
#define IPCX_CHANNEL_BROADCAST		0x0800U	/* each receiver gets every message */
#define IPCX_CHANNEL_FORKS		0x1000U	/* a handle works in a child too */
#define IPCX_CHANNEL_NO_SYSCALL		0x2000U	/* but to sleep and to wake */
#define IPCX_CHANNEL_KEEPS		0x4000U	/* stays when nobody has it open */

/**
 * struct ipcx_channel_msg - what is known of a message received
 * @priority: its priority
 * @flags: IPCX_MSG_REDELIVERED, IPCX_MSG_FDS_LOST
 * @pid: process that sent it, 0 if that is not known
 * @uid: its user, -1 if that is not known
 * @gid: its group, likewise
 * @fds: descriptors that came with it
 * @missed: broadcast: messages missed before this one
 */
struct ipcx_channel_msg {
	uint32_t priority;
	uint32_t flags;
	int32_t pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t fds;
	uint64_t missed;
};

/**
 * ipcx_channel_open() - open one end of a channel
 * @uri: what and where
 * @right: the end: IPCX_RIGHT_SEND or IPCX_RIGHT_RECV
 * @channel: set to the handle, to be closed with ipcx_channel_close()
 *
 * A sending end of a FIFO or a socket waits for a receiving one, which the
 * _timed form looks for every millisecond, and of TCP each form every ten. The
 * name of a host is looked up then, for which nothing but the C library says how
 * long that takes.
 *
 * Returns 0.
 *
 * Errors: -EPROTONOSUPPORT (no such mechanism), -EINVAL (the URI cannot be; an
 * unknown option or value; @right), -EEXIST (there with other slots, size or
 * lanes), -EADDRINUSE (another has the receiving end of a socket), -EMSGSIZE (a
 * size that a packet cannot have), -EBADF (not that end of a pipe), -ENODEV
 * (queue: the module is not loaded), -EAGAIN (_try), -ETIMEDOUT (_timed),
 * -EINTR, and those of making and opening in the header of the mechanism. Of
 * shm: and map: -EPROTOTYPE (something else has the name), -EPROTO (of another
 * version, or spoiled), -EUSERS (too many have it open), -EFBIG, -ENOSPC, those
 * of open(2), and -ETIMEDOUT of the plain form, too: beside a peer that was
 * stopped in the middle of opening or closing it is some seconds until then.
 * ipcx_channel_explain() says them in words.
 */
int ipcx_channel_open(const char *uri, uint32_t right,
		      struct ipcx_channel **channel);
int ipcx_channel_open_try(const char *uri, uint32_t right,
			  struct ipcx_channel **channel);
int ipcx_channel_open_timed(const char *uri, uint32_t right,
			    struct ipcx_channel **channel,
			    uint64_t deadline_ns);

/**
 * ipcx_channel_explain() - why a channel could not be opened, in a few words
 * @uri: as it was given
 * @error: the result, negative
 *
 * What can be done about it, where that is known: of queue: without the module,
 * that there is shm:. Returns a static string.
 */
const char *ipcx_channel_explain(const char *uri, int error);

/**
 * ipcx_channel_close() - close an end
 * @channel: the handle, or NULL
 *
 * What was sent stays sent. Loans still held are given back as their holder's
 * death would, but those that are the library's memory stay, and are lost: give
 * them back before. Beside a peer of shm: or map: that was stopped as above this
 * can take some seconds.
 */
void ipcx_channel_close(struct ipcx_channel *channel);

/**
 * ipcx_channel_remove() - take away what a channel's name leads to
 * @uri: as for opening; options are looked at only for being possible
 *
 * Who has it open keeps it, but for sysv:, where all calls are -EIDRM from then
 * on. What has no name of its own is -EOPNOTSUPP: pipes, TCP, signals and
 * abstract sockets.
 *
 * Returns 0.
 *
 * Errors: -EPROTONOSUPPORT, -EINVAL, -ENOENT, -EPROTOTYPE (something else has the
 * name), -EACCES, -EPERM, -EOPNOTSUPP, -ENODEV.
 */
int ipcx_channel_remove(const char *uri);

/**
 * ipcx_channel_caps() - what the channel can do: IPCX_CHANNEL_*
 * @channel: an end
 */
uint32_t ipcx_channel_caps(const struct ipcx_channel *channel);

/**
 * ipcx_channel_size() - bytes of the largest message
 * @channel: an end
 */
size_t ipcx_channel_size(const struct ipcx_channel *channel);

/**
 * ipcx_channel_priorities() - how many there are, 1 without
 * @channel: an end
 */
uint32_t ipcx_channel_priorities(const struct ipcx_channel *channel);

/**
 * ipcx_channel_fd() - the descriptor, to poll
 * @channel: an end
 *
 * It still belongs to the handle. -EOPNOTSUPP without IPCX_CHANNEL_POLLABLE.
 */
int ipcx_channel_fd(const struct ipcx_channel *channel);

/**
 * ipcx_channel_send() - send a message
 * @channel: a sending end
 * @buf: the payload
 * @len: its bytes, at most ipcx_channel_size(); 0 is a message too
 * @priority: less than ipcx_channel_priorities(); a higher one is received first
 *
 * Waits for room. A _try that needs more room than the mechanism can have free
 * at once never succeeds: of streams, a message larger than their buffer.
 *
 * Returns 0.
 *
 * Errors: -EBADF (a receiving end), -EMSGSIZE, -EINVAL (no such priority),
 * -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR, after all of which nothing was
 * sent; -EPIPE (nobody is left to receive it), -EIDRM (taken away), -EBADMSG (a
 * peer spoiled the channel), -ENOTCONN (after fork), -EFAULT, and -ECONNRESET,
 * -EHOSTUNREACH and their like of TCP.
 */
int ipcx_channel_send(struct ipcx_channel *channel, const void *buf, size_t len,
		      uint32_t priority);
int ipcx_channel_send_try(struct ipcx_channel *channel, const void *buf,
			  size_t len, uint32_t priority);
int ipcx_channel_send_timed(struct ipcx_channel *channel, const void *buf,
			    size_t len, uint32_t priority,
			    uint64_t deadline_ns);

/**
 * ipcx_channel_recv() - receive a message
 * @channel: a receiving end
 * @buf: where to put the payload
 * @cap: room there, at least ipcx_channel_size() whatever is sent
 * @msg: if not NULL, set to all that is known of the message
 *
 * Waits while there is none.
 *
 * Returns the bytes received.
 *
 * Errors: -EBADF (a sending end), -EMSGSIZE (less room, nothing was taken),
 * -EAGAIN (_try), -ETIMEDOUT (_timed), -EINTR; -EPIPE (nobody is left to send,
 * and all was received), -EIDRM (taken away), -EBADMSG (what came is no message
 * of a channel, or a larger one than this end takes; a peer spoiled the channel),
 * -ENOTCONN (after fork), -EFAULT.
 */
ssize_t ipcx_channel_recv(struct ipcx_channel *channel, void *buf, size_t cap,
			  struct ipcx_channel_msg *msg);
ssize_t ipcx_channel_recv_try(struct ipcx_channel *channel, void *buf,
			      size_t cap, struct ipcx_channel_msg *msg);
ssize_t ipcx_channel_recv_timed(struct ipcx_channel *channel, void *buf,
				size_t cap, struct ipcx_channel_msg *msg,
				uint64_t deadline_ns);

/**
 * ipcx_channel_send_fds() - send a message that descriptors ride along
 * @channel: a sending end, with IPCX_CHANNEL_FDS
 * @buf: the payload
 * @len: its bytes
 * @priority: its priority
 * @fds: the descriptors, of queue: those of regions; they stay the caller's
 * @count: how many, IPCX_FDS_MAX at most
 *
 * Returns 0. Errors: as ipcx_channel_send(); -EBADF also for a descriptor,
 * -E2BIG (too many), -EPROTOTYPE (queue: not a region), -EOPNOTSUPP.
 */
int ipcx_channel_send_fds(struct ipcx_channel *channel, const void *buf,
			  size_t len, uint32_t priority, const int *fds,
			  uint32_t count);
int ipcx_channel_send_fds_try(struct ipcx_channel *channel, const void *buf,
			      size_t len, uint32_t priority, const int *fds,
			      uint32_t count);
int ipcx_channel_send_fds_timed(struct ipcx_channel *channel, const void *buf,
				size_t len, uint32_t priority, const int *fds,
				uint32_t count, uint64_t deadline_ns);

/**
 * ipcx_channel_recv_fds() - receive a message and what rides along
 * @channel: a receiving end, with IPCX_CHANNEL_FDS
 * @buf: where to put the payload
 * @cap: room there, at least ipcx_channel_size()
 * @msg: set to all that is known of the message; @msg->fds says how many
 *	descriptors came
 * @fds: set to them; they are close-on-exec and the caller's to close
 * @count: room there; what is more is lost, which IPCX_MSG_FDS_LOST tells
 *
 * Returns the bytes received. Errors: as ipcx_channel_recv(); -EOPNOTSUPP.
 */
ssize_t ipcx_channel_recv_fds(struct ipcx_channel *channel, void *buf,
			      size_t cap, struct ipcx_channel_msg *msg,
			      int *fds, uint32_t count);
ssize_t ipcx_channel_recv_fds_try(struct ipcx_channel *channel, void *buf,
				  size_t cap, struct ipcx_channel_msg *msg,
				  int *fds, uint32_t count);
ssize_t ipcx_channel_recv_fds_timed(struct ipcx_channel *channel, void *buf,
				    size_t cap, struct ipcx_channel_msg *msg,
				    int *fds, uint32_t count,
				    uint64_t deadline_ns);

/*
 * Loans: with IPCX_CHANNEL_ZERO_COPY as those of <ipcx/queue.h>. Elsewhere their
 * memory is the library's, so that reserving never waits and committing is what
 * sends, and a message that was acquired is gone from the channel.
 */

/**
 * ipcx_channel_reserve() - take memory to write a message into
 * @channel: a sending end
 * @priority: priority to send with
 * @loan: set to it: @loan->data, of @loan->len bytes
 *
 * Returns 0. Errors: as ipcx_channel_send(), but for -EMSGSIZE; -ENOMEM.
 */
int ipcx_channel_reserve(struct ipcx_channel *channel, uint32_t priority,
			 struct ipcx_loan *loan);
int ipcx_channel_reserve_try(struct ipcx_channel *channel, uint32_t priority,
			     struct ipcx_loan *loan);
int ipcx_channel_reserve_timed(struct ipcx_channel *channel, uint32_t priority,
			       struct ipcx_loan *loan, uint64_t deadline_ns);

/**
 * ipcx_channel_commit() - send what was written
 * @channel: the sending end
 * @loan: the loan; given back if the call succeeds
 * @len: bytes of the message
 *
 * Never blocks with IPCX_CHANNEL_ZERO_COPY; else as ipcx_channel_send().
 *
 * Returns 0. Errors: as ipcx_queue_commit() or else ipcx_channel_send(); -EINVAL
 * (not a loan). But for -EBADMSG the loan stays, to be tried again or aborted.
 */
int ipcx_channel_commit(struct ipcx_channel *channel, struct ipcx_loan *loan,
			size_t len);
int ipcx_channel_commit_try(struct ipcx_channel *channel,
			    struct ipcx_loan *loan, size_t len);
int ipcx_channel_commit_timed(struct ipcx_channel *channel,
			      struct ipcx_loan *loan, size_t len,
			      uint64_t deadline_ns);

/**
 * ipcx_channel_abort() - give a loan back unsent
 * @channel: the sending end
 * @loan: the loan; given back
 *
 * Never blocks. Returns 0. Errors: as ipcx_queue_abort().
 */
int ipcx_channel_abort(struct ipcx_channel *channel, struct ipcx_loan *loan);

/**
 * ipcx_channel_acquire() - take a message to be read where it lies
 * @channel: a receiving end
 * @loan: set to the message
 *
 * Returns 0. Errors: as ipcx_channel_recv(), but for -EMSGSIZE; -ENOMEM.
 */
int ipcx_channel_acquire(struct ipcx_channel *channel, struct ipcx_loan *loan);
int ipcx_channel_acquire_try(struct ipcx_channel *channel,
			     struct ipcx_loan *loan);
int ipcx_channel_acquire_timed(struct ipcx_channel *channel,
			       struct ipcx_loan *loan, uint64_t deadline_ns);

/**
 * ipcx_channel_release() - give an acquired message back, being done with it
 * @channel: the receiving end
 * @loan: the loan; given back
 *
 * Never blocks. Returns 0. Errors: as ipcx_queue_release().
 */
int ipcx_channel_release(struct ipcx_channel *channel, struct ipcx_loan *loan);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* IPCX_CHANNEL_H */
