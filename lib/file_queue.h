/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Queues without the module: the ring in a file, of POSIX shared memory or any
 * other on a local file system. A handle is a struct ipcx_queue as the module's
 * are, and all that moves messages works on it, but for descriptors that ride
 * along (-EOPNOTSUPP). What differs:
 *
 * Sleeping	is on a futex in the file, in slices. At the end of each the
 *		sleeper looks who of the others has died and repairs what they
 *		left, so a death shows after FILE_QUEUE_SLICE_NS at the latest
 *		to who sleeps or tries; not to who spins. Everything else wakes
 *		at once.
 * Signals	A call asleep is -EINTR after any handler, whatever SA_RESTART
 *		says. A handler that runs between two slices interrupts nothing.
 * Polling	There is nothing to poll: the descriptor is that of the file,
 *		and only to be kept.
 * Peers	An attachment is a handle, not an address space, and there are
 *		FILE_QUEUE_PEERS of them at most.
 * End		As with IPCX_QUEUE_HANGUP, always. A queue that nobody has open
 *		begins anew: nobody has left it.
 * Fork		As of any mapped handle. A child that lives on can delay that its
 *		parent's death is seen, if the parent is not in the pid namespace
 *		of who looks, or not reaped.
 * Life		The last one to close it removes the name, unless FILE_QUEUE_KEEP
 *		was given by anybody. Where all were killed it stays, with what
 *		was sent, and who opens it next repairs it.
 * Trust	What peers write there can spoil messages, sleep and life of the
 *		queue, but makes no call crash or spin. Only who truncates the
 *		file kills the others, by SIGBUS. For peers who are not trusted
 *		there is the module.
 */
#ifndef FILE_QUEUE_H
#define FILE_QUEUE_H

#include <stdint.h>

#include <ipcx/queue.h>

#define FILE_QUEUE_PEERS	256
#define FILE_QUEUE_SLICE_NS	100000000ULL

/* What a queue gets for which no other is asked. */
#define FILE_QUEUE_SLOTS	64
#define FILE_QUEUE_SLOT_SIZE	4096

/* Beside IPCX_CREATE_EXCL and IPCX_QUEUE_DROP_OLDEST. */
#define FILE_QUEUE_KEEP		0x10000U	/* the name stays */
#define FILE_QUEUE_NO_CREATE	0x20000U	/* -ENOENT if it is not there */

/**
 * struct file_queue_options - what a queue shall be
 * @slots: messages a lane holds, rounded up to a power of two
 * @slot_size: bytes of the largest message
 * @lanes: strict priorities
 * @mode: permission bits of a file that is made, 0 for 0600; the umask applies
 * @flags: IPCX_CREATE_EXCL, IPCX_QUEUE_DROP_OLDEST, FILE_QUEUE_*
 * @rights: IPCX_RIGHT_SEND, IPCX_RIGHT_RECV, 0 for both. The file must be
 *	readable and writable for either
 * @deadline_ns: when to give up beside a peer that was stopped in the middle of
 *	its own opening or closing; 0 for after some seconds, which is the longest
 *
 * The first three: 0 for what is there, or else FILE_QUEUE_SLOTS,
 * FILE_QUEUE_SLOT_SIZE and 1.
 */
struct file_queue_options {
	uint32_t slots;
	uint32_t slot_size;
	uint32_t lanes;
	uint32_t mode;
	uint32_t flags;
	uint32_t rights;
	uint64_t deadline_ns;
};

/*
 * Open the queue at @path, which is made if it is not there. It appears under
 * its name whole. @queue is to be closed with ipcx_queue_close(), which can take
 * some seconds beside a peer that was stopped in the middle of its own opening
 * or closing.
 *
 * Errors: -EINVAL (lanes, mode, flags or rights), -EFBIG, -ENOSPC, -EEXIST
 * (IPCX_CREATE_EXCL, or what is there is not of the sizes given; if any was, nor
 * of the same IPCX_QUEUE_DROP_OLDEST), -EPROTOTYPE (there is something else),
 * -EPROTO (of another version, or spoiled), -EUSERS (too many have it open),
 * -ETIMEDOUT (a peer was stopped as above), -EINTR, -ELOOP (a symbolic link) and
 * those of open(2).
 */
int file_queue_open(const char *path, const struct file_queue_options *options,
		    struct ipcx_queue **queue);

/*
 * Remove the name of a queue; who has it open is not disturbed. -EPROTOTYPE if
 * that is no queue, and the errors of open(2) and unlink(2).
 */
int file_queue_unlink(const char *path);

/* For claim.c and queue.c. */

/* What IPCX_IOC_WAIT is of the module's queues. */
int file_queue_wait(struct ipcx_queue *queue, uint32_t dir, uint32_t lane,
		    uint64_t deadline);

/* What ipcx_queue_close() has to do, but for the descriptor and the handle. */
void file_queue_detach(struct ipcx_queue *queue);

#endif /* FILE_QUEUE_H */
