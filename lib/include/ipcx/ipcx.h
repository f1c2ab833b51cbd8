/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libipcx: shared regions and message queues through /dev/ipcx, and the standard
 * mechanisms of the system, which need no module, in the same shape.
 *
 * This header includes all others. What holds for every call of the library:
 *
 * Results	0 or a count on success, a negative errno on failure. errno
 *		itself is neither used nor changed. A failed call leaves its
 *		outputs as they were.
 *
 * Blocking	A call that can block has three forms. The plain one waits as
 *		long as it takes. _try does not wait: -EAGAIN. _timed waits
 *		until a moment of CLOCK_MONOTONIC, in nanoseconds (see
 *		ipcx_deadline_after()): -ETIMEDOUT. There IPCX_NO_WAIT and
 *		IPCX_FOREVER make it one of the other two. On a queue's
 *		descriptor set O_NONBLOCK all of them are _try; elsewhere
 *		O_NONBLOCK makes no difference to the calls.
 *
 * Signals	A call asleep when a handler runs goes on afterwards if the
 *		handler was installed with SA_RESTART, and is -EINTR otherwise.
 *		Nothing was sent or received then, unless the call returns a
 *		count. Only a sleeping call is interrupted. Some sleeps of the
 *		standard mechanisms the kernel never restarts, then it is -EINTR
 *		in any case, and some nothing interrupts; their headers say so.
 *		-EINTR in any case is also told beside a mapped queue that was
 *		spoiled so that it promises for ever what it does not hold.
 *		No function is async-signal-safe.
 *
 * Threads	The library has no state outside its handles, no threads and
 *		prints nothing. Each header says how its handles may be shared.
 *		Making, opening, closing and looking at objects can be
 *		cancellation points, as open(2) and close(2) are; sending and
 *		receiving never is. Asynchronous cancellation is not supported.
 *
 * Descriptors	Every descriptor made is close-on-exec.
 *
 * Names	Of a region or queue, a name is 1 to IPCX_NAME_MAX bytes
 *		without '/', seen within one network namespace. A string that is
 *		empty or has a '/' is -EINVAL, a longer one -ENAMETOOLONG.
 *
 * Errors	Besides what each call lists: -EMFILE, -ENFILE and -ENOMEM; of
 *		regions and queues also -ENODEV if the module is not loaded
 *		(there is no /dev/ipcx) and -EACCES if /dev/ipcx may not be
 *		opened.
 *
 * All of it is there since 0.1.
 */
#ifndef IPCX_IPCX_H
#define IPCX_IPCX_H

#include <ipcx/channel.h>
#include <ipcx/device.h>
#include <ipcx/fifo.h>
#include <ipcx/lock.h>
#include <ipcx/map.h>
#include <ipcx/mqueue.h>
#include <ipcx/peer.h>
#include <ipcx/pipe.h>
#include <ipcx/queue.h>
#include <ipcx/region.h>
#include <ipcx/semaphore.h>
#include <ipcx/shm.h>
#include <ipcx/signal.h>
#include <ipcx/socket.h>
#include <ipcx/sysv_msg.h>
#include <ipcx/sysv_sem.h>
#include <ipcx/sysv_shm.h>

/* The version compiled against; ipcx_version() tells the one at run time. */
#define IPCX_VERSION		"0.1.0"
#define IPCX_VERSION_MAJOR	0
#define IPCX_VERSION_MINOR	1
#define IPCX_VERSION_PATCH	0

#endif /* IPCX_IPCX_H */
