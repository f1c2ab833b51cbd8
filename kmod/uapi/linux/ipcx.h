/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ipcx: shared regions and message queues owned by the kernel.
 *
 * This header is the reference of the ABI. /dev/ipcx makes, finds and lists
 * objects; every object (a region or a queue) is a file descriptor of its own:
 * close-on-exec, pollable if it is a queue, mappable, passable over SCM_RIGHTS.
 * Mapped rings follow the protocol of <linux/ipcx_ring.h>.
 *
 * Rules that hold for every ioctl here:
 *  - A structure begins with its own size in bytes, set by the caller, and with
 *    flags. A size below the first version's is -EINVAL; a larger one than the
 *    kernel knows is accepted if what the kernel does not know is zero, and
 *    -E2BIG otherwise. An unknown flag or non-zero padding is -EINVAL, an
 *    unknown command or one of another kind of descriptor -ENOTTY, an
 *    unreadable or unwritable pointer -EFAULT.
 *  - Calls that make a descriptor return it. A failed call changes nothing and
 *    writes no output, but that -EFAULT can come after a part was written; the
 *    few that can transfer a part return how much.
 *  - A command is known by its number; the bits of its structure's size in it
 *    are not looked at, nor may a seccomp filter do so. Arrays of structures
 *    carry the size of an entry, which must be that of a version the kernel
 *    knows (-EINVAL).
 *  - Deadlines are absolute CLOCK_MONOTONIC nanoseconds. IPCX_NO_WAIT fails
 *    with -EAGAIN instead of blocking, IPCX_FOREVER has no limit, a deadline
 *    that passes is -ETIMEDOUT. A signal interrupts a blocked call: it restarts
 *    by itself if the handler was installed with SA_RESTART, which is harmless
 *    as the deadline is absolute, and is -EINTR otherwise. On a descriptor
 *    with O_NONBLOCK every deadline is IPCX_NO_WAIT.
 */
#ifndef _UAPI_LINUX_IPCX_H
#define _UAPI_LINUX_IPCX_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IPCX_ABI_VERSION	1	/* grows if older programs would fail */

/* Bytes of a name without the terminating NUL, which is never passed. */
#define IPCX_NAME_MAX		127

/* Messages of one SEND or RECV, at most. */
#define IPCX_BATCH_MAX		1024

/* Descriptors that ride along one message, at most. */
#define IPCX_FDS_MAX		16

/* Bytes of a process's name, its NUL included. */
#define IPCX_COMM_LEN		16

#define IPCX_NO_WAIT		0ULL
#define IPCX_FOREVER		(~0ULL)

/* Kinds of object. */
#define IPCX_KIND_ANY		0
#define IPCX_KIND_REGION	1
#define IPCX_KIND_QUEUE		2

/*
 * Rights of a descriptor. They are fixed when it is made, travel with it and
 * its duplicates, and can only be narrowed (IPCX_IOC_REOPEN). The mode bits of
 * an object give: r READ or RECV, w WRITE or SEND, r and w together MAP; the
 * owner and whoever has CAP_IPC_OWNER over the name's namespace get ADMIN.
 *
 * MAP on a queue is trust in both directions: who maps a ring can write all of
 * it, whatever else the descriptor may do, and sees what its slots still hold of
 * messages that others received, where RECV alone gives a message and nothing
 * more. SEND and RECV then still say what the holder means to be, which
 * IPCX_QUEUE_HANGUP counts. On a broadcast queue it is given by r alone, and
 * without SEND it maps for reading only.
 */
#define IPCX_RIGHT_READ		0x1U	/* region: map for reading */
#define IPCX_RIGHT_WRITE	0x2U	/* region: map for writing */
#define IPCX_RIGHT_SEND		0x4U	/* queue: send */
#define IPCX_RIGHT_RECV		0x8U	/* queue: receive */
#define IPCX_RIGHT_MAP		0x10U	/* queue: map the ring */
#define IPCX_RIGHT_ADMIN	0x20U	/* change the object itself */

/* All rights that there are of a kind. */
#define IPCX_RIGHTS_REGION	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE | \
				 IPCX_RIGHT_ADMIN)
#define IPCX_RIGHTS_QUEUE	(IPCX_RIGHT_SEND | IPCX_RIGHT_RECV | \
				 IPCX_RIGHT_MAP | IPCX_RIGHT_ADMIN)

/* Flags of both create calls. */
#define IPCX_CREATE_EXCL	0x1U	/* -EEXIST if the name is taken */
#define IPCX_CREATE_PERSIST	0x2U	/* named: stays until unlinked */

/* Flags of IPCX_IOC_REGION_CREATE. */
#define IPCX_REGION_SPARSE	0x100U	/* reserve no memory in advance */
#define IPCX_REGION_PREFAULT	0x200U	/* allocate all memory at once */
#define IPCX_REGION_HUGE	0x400U	/* huge pages where there are any */
#define IPCX_REGION_LOCKED	0x800U	/* PREFAULT, and never swapped */
#define IPCX_REGION_FILE	0x1000U	/* over the regular file @fd */

/* Flags of IPCX_IOC_QUEUE_CREATE. */
#define IPCX_QUEUE_MAPPABLE	0x100U	/* the ring can be mapped */
#define IPCX_QUEUE_DROP_OLDEST	0x200U	/* a full lane drops, not blocks */
#define IPCX_QUEUE_HANGUP	0x400U	/* -EPIPE once the other side left */
#define IPCX_QUEUE_BROADCAST	0x800U	/* every receiver gets every message */

/* Feature bits of struct ipcx_query. */
#define IPCX_FEATURE_REGION	0x1ULL
#define IPCX_FEATURE_QUEUE	0x2ULL
#define IPCX_FEATURE_MAPPED	0x4ULL	/* mapped rings */
#define IPCX_FEATURE_HANGUP	0x8ULL
#define IPCX_FEATURE_HUGE	0x10ULL	/* IPCX_REGION_HUGE */
#define IPCX_FEATURE_BROADCAST	0x20ULL	/* IPCX_QUEUE_BROADCAST */
#define IPCX_FEATURE_FDS	0x40ULL	/* regions ride along messages */
#define IPCX_FEATURE_EVENTS	0x80ULL	/* who came, who went, who holds what */

/**
 * struct ipcx_query - what this module is and allows (IPCX_IOC_QUERY)
 * @size: in: sizeof(struct ipcx_query)
 * @flags: in: 0
 * @abi_version: out: IPCX_ABI_VERSION of the module
 * @name_max: out: bytes of the longest name
 * @features: out: IPCX_FEATURE_*
 * @region_bytes_max: out: bytes of the largest region
 * @queue_bytes_max: out: payload bytes of all slots of a queue together
 * @slots_max: out: slots of all lanes of a queue together
 * @lanes_max: out: lanes of a queue
 * @attachments_max: out: address spaces that can map a queue at one time
 * @batch_max: out: messages of one SEND or RECV
 */
struct ipcx_query {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 name_max;
	__u64 features;
	__u64 region_bytes_max;
	__u64 queue_bytes_max;
	__u32 slots_max;
	__u32 lanes_max;
	__u32 attachments_max;
	__u32 batch_max;
};

/**
 * struct ipcx_region_create - make a region (IPCX_IOC_REGION_CREATE)
 * @size: sizeof(struct ipcx_region_create)
 * @flags: IPCX_CREATE_*, IPCX_REGION_*
 * @name: pointer to the name, or 0 for an anonymous region
 * @name_len: bytes of the name; 0 for an anonymous region
 * @mode: permission bits, 0777 at most; the umask is not applied
 * @bytes: size of the region, a multiple of the page size; 0 with
 *	IPCX_REGION_FILE: as much as the file has, rounded up to pages
 * @rights: rights of the descriptor made, 0 for all
 * @fd: IPCX_REGION_FILE: descriptor of the file; otherwise 0
 *
 * Returns a descriptor. A name is any bytes but NUL and '/', seen only in the
 * network namespace it was made in. Without IPCX_CREATE_EXCL a taken name is
 * opened as IPCX_IOC_OPEN does, if it is a region of the same size, flags and
 * file, and -EEXIST otherwise (-EACCES for who may not open it).
 *
 * Memory is zeroed, and reserved at once (-ENOMEM) unless IPCX_REGION_SPARSE.
 * PREFAULT allocates it as well, charged to the caller's memory cgroup, and
 * fails with -ENOMEM where that is not to be had; nobody is killed for it.
 * LOCKED besides needs CAP_IPC_LOCK or room in RLIMIT_MEMLOCK (all locked
 * regions of the user count; -EPERM if the limit is 0, -ENOMEM above it). HUGE
 * asks for huge pages as MADV_HUGEPAGE does in every mapping (-EOPNOTSUPP in a
 * kernel without; see /sys/kernel/mm/transparent_hugepage/shmem_enabled, which
 * must be "always" for PREFAULT to get them); such a mapping cannot grow, and
 * mlock() does nothing to it.
 *
 * FILE maps a file of the caller's: a regular one, open for reading, that can
 * be mapped and is no memfd whose seals may change or forbid writing. No right
 * exceeds how it was opened: WRITE needs it open for writing and not append-
 * only. Who has WRITE and maps it can reach all of the file, not only the
 * region's part of it (remap_file_pages()); no mapping grows. The file is the
 * caller's still: where it ends before the region does, touching raises SIGBUS,
 * as in any mapping. SPARSE, PREFAULT, HUGE and LOCKED are refused with it.
 *
 * The region goes with its last descriptor and mapping. IPCX_CREATE_PERSIST
 * keeps a named one, and the module loaded, until it is unlinked.
 *
 * Errors: -EINVAL (flags, mode, rights, @bytes zero or unaligned, empty or
 * forbidden name, PERSIST or EXCL without a name, FILE with another kind of
 * file), -ENAMETOOLONG, -EFBIG (@bytes above the limit), -EEXIST, -EACCES,
 * -EBADF, -ENODEV (a file that cannot be mapped), -EOPNOTSUPP, -EDQUOT (a limit
 * of this module for the user), -ENOMEM, -EPERM, -EINTR (PREFAULT), -EMFILE.
 */
struct ipcx_region_create {
	__u32 size;
	__u32 flags;
	__u64 name;
	__u32 name_len;
	__u32 mode;
	__u64 bytes;
	__u32 rights;
	__u32 fd;
};

/**
 * struct ipcx_queue_create - make a queue (IPCX_IOC_QUEUE_CREATE)
 * @size: sizeof(struct ipcx_queue_create)
 * @flags: IPCX_CREATE_*, IPCX_QUEUE_*
 * @name: as for a region
 * @name_len: as for a region
 * @mode: as for a region
 * @slots: messages a lane holds, a power of two
 * @slot_size: bytes of the largest message, at least 1
 * @lanes: strict priorities, 1 to 32; a higher lane is received first
 * @rights: rights of the descriptor made, 0 for all
 *
 * Returns a descriptor. All memory is allocated and charged at once. Names and
 * life are as for a region; opening what exists asks for the same geometry and
 * IPCX_QUEUE_* flags.
 *
 * BROADCAST: every receiver gets every message, at its own pace, and never
 * holds up a sender: who is more than @slots behind misses the oldest, and is
 * told how many (struct ipcx_msg.missed). A sender waits only while others
 * write all slots at once. A descriptor is a receiver: what it has received it
 * remembers for its duplicates, and it begins with what the ring holds. A
 * broadcast queue has one lane, does not go with DROP_OLDEST, and its RECV gives
 * MAP as well: a receiver maps the ring for reading only.
 *
 * Errors: as for a region of no file; -EINVAL also for @slots no power of two,
 * @lanes or @slot_size out of range and BROADCAST with what it does not go
 * with, -EFBIG for more slots or bytes than the limits.
 */
struct ipcx_queue_create {
	__u32 size;
	__u32 flags;
	__u64 name;
	__u32 name_len;
	__u32 mode;
	__u32 slots;
	__u32 slot_size;
	__u32 lanes;
	__u32 rights;
};

/**
 * struct ipcx_open - open a named object (IPCX_IOC_OPEN)
 * @size: sizeof(struct ipcx_open)
 * @flags: 0
 * @name: pointer to the name
 * @name_len: bytes of the name
 * @kind: IPCX_KIND_REGION, IPCX_KIND_QUEUE, or IPCX_KIND_ANY
 * @rights: rights wanted, 0 for all that the mode allows
 * @pad: 0
 *
 * Returns a descriptor.
 *
 * Errors: -EINVAL, -ENAMETOOLONG, -ENOENT, -EPROTOTYPE (another kind),
 * -EACCES (a right that the mode does not give, or none at all), -EMFILE.
 */
struct ipcx_open {
	__u32 size;
	__u32 flags;
	__u64 name;
	__u32 name_len;
	__u32 kind;
	__u32 rights;
	__u32 pad;
};

/* Flags of IPCX_IOC_UNLINK. */
#define IPCX_UNLINK_SHUTDOWN	0x1U	/* end its use as well */

/**
 * struct ipcx_unlink - take a name away (IPCX_IOC_UNLINK)
 * @size: sizeof(struct ipcx_unlink)
 * @flags: 0 or IPCX_UNLINK_SHUTDOWN
 * @name: pointer to the name
 * @name_len: bytes of the name
 * @kind: as in struct ipcx_open
 *
 * Who has the object open keeps it; the name is free at once. With SHUTDOWN a
 * queue is over besides: who sleeps in it wakes with -EIDRM, which SEND, RECV
 * and WAIT return from then on, poll tells receivers EPOLLHUP and senders
 * EPOLLERR, and what was in it is lost. A region can be mapped anew no more
 * (-EIDRM); mappings stay.
 *
 * Errors: -EINVAL, -ENAMETOOLONG, -ENOENT, -EPROTOTYPE, -EPERM (neither owner
 * nor CAP_IPC_OWNER).
 */
struct ipcx_unlink {
	__u32 size;
	__u32 flags;
	__u64 name;
	__u32 name_len;
	__u32 kind;
};

/**
 * struct ipcx_reopen - a descriptor with fewer rights (IPCX_IOC_REOPEN)
 * @size: sizeof(struct ipcx_reopen)
 * @flags: 0
 * @rights: rights of the new descriptor: some of this one's, not none
 * @pad: 0
 *
 * Called on an object's descriptor. Returns a new one.
 *
 * Errors: -EINVAL (no right, or one unknown for this kind), -EACCES (a right
 * this descriptor has not), -EMFILE.
 */
struct ipcx_reopen {
	__u32 size;
	__u32 flags;
	__u32 rights;
	__u32 pad;
};

/* What IPCX_IOC_SETATTR sets. */
#define IPCX_SET_MODE		0x1U
#define IPCX_SET_UID		0x2U
#define IPCX_SET_GID		0x4U

/**
 * struct ipcx_setattr - change owner, group or mode (IPCX_IOC_SETATTR)
 * @size: sizeof(struct ipcx_setattr)
 * @flags: IPCX_SET_*, at least one
 * @mode: permission bits
 * @uid: owner, in the caller's user namespace
 * @gid: group, likewise
 * @pad: 0
 *
 * Takes effect for those who open the object from then on: rights given stay.
 * An owner can give an object away: whose it is does not tell who made it.
 * Limits go on counting the object for who made it.
 *
 * Errors: -EINVAL (also an id that is not mapped), -EPERM (neither
 * IPCX_RIGHT_ADMIN nor CAP_FOWNER or CAP_IPC_OWNER over the object's namespace).
 */
struct ipcx_setattr {
	__u32 size;
	__u32 flags;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 pad;
};

/**
 * struct ipcx_resize - change the size of a region (IPCX_IOC_RESIZE)
 * @size: sizeof(struct ipcx_resize)
 * @flags: 0
 * @bytes: new size, a multiple of the page size
 *
 * What is added reads as zero and is not prefaulted, what is cut off is lost.
 * Growing obeys RLIMIT_FSIZE, as ftruncate() does. Not for a region over a
 * file, whose size is the file's affair.
 *
 * Errors: -EINVAL, -EFBIG, -EACCES (no IPCX_RIGHT_WRITE), -EBUSY (mapped by
 * anybody, or being resized), -EPERM (sealed), -EOPNOTSUPP (FILE, or LOCKED),
 * -EDQUOT, -ENOMEM.
 */
struct ipcx_resize {
	__u32 size;
	__u32 flags;
	__u64 bytes;
};

/* Seals of a region. They are added, never taken away. */
#define IPCX_SEAL_READONLY	0x1U	/* content and size are final */
#define IPCX_SEAL_SEALED	0x2U	/* no seal can be added */

/**
 * struct ipcx_seal - add seals to a region (IPCX_IOC_SEAL)
 * @size: sizeof(struct ipcx_seal)
 * @flags: 0
 * @seals: IPCX_SEAL_*
 * @pad: 0
 *
 * Adding what is there is no error. READONLY, as memfd's F_SEAL_WRITE, needs
 * that no shared mapping exists which is or could be made writable, and that no
 * page is pinned for DMA (-EBUSY). Not for a region over a file, which others
 * can write. ipcx_stat.seals tells what is set.
 *
 * Errors: -EINVAL, -EACCES (no IPCX_RIGHT_WRITE), -EPERM (SEALED), -EBUSY,
 * -EOPNOTSUPP (FILE).
 */
struct ipcx_seal {
	__u32 size;
	__u32 flags;
	__u32 seals;
	__u32 pad;
};

/**
 * struct ipcx_stat - all about an object (IPCX_IOC_STAT, IPCX_IOC_LIST)
 * @size: in: sizeof(struct ipcx_stat)
 * @flags: in: 0
 * @id: out: never used again for another object
 * @kind: out: IPCX_KIND_*
 * @create_flags: out: flags it was made with, IPCX_CREATE_PERSIST until unlinked
 * @uid: out: owner, in the caller's user namespace
 * @gid: out: group, likewise
 * @mode: out: permission bits
 * @rights: out: STAT: rights of this descriptor; LIST: what the mode allows
 * @bytes: out: size of the region; all memory of the queue
 * @users: out: descriptions open (duplicates of a descriptor count once)
 * @attachments: out: region: mappings; queue: address spaces that map the ring
 * @slots: out: queue: messages a lane holds
 * @slot_size: out: queue: bytes of the largest message
 * @lanes: out: queue: number of lanes
 * @waiting_recv: out: queue: threads asleep for a message
 * @waiting_send: out: queue: threads asleep for space
 * @repairing: out: queue: dead attachments whose claims are still being repaired
 * @sent: out: queue: messages published (estimate while claims are under way)
 * @received: out: queue: messages taken; 0 for broadcast
 * @depth: out: queue: messages to be taken; broadcast: that the ring holds
 * @dropped: out: queue: messages dropped by IPCX_QUEUE_DROP_OLDEST
 * @aborted: out: queue: claims given up, by abort or by death
 * @redelivered: out: queue: messages given back by dead receivers
 * @corrupt: out: queue: times the kernel met a ring that could not be
 * @seals: out: region: IPCX_SEAL_*
 * @pad: out: 0
 * @name: out: NUL-terminated name, empty if anonymous or unlinked
 * @holder: out: queue: attachment whose claim stands in the way of a lane, of
 *	the highest such lane; 0 if there is none
 * @holder_pid: out: queue: its process, in the caller's pid namespace
 * @held_recv: out: queue: lanes, a bit each, whose next message @holder claimed
 *	and has not published: receivers of the lane wait for it
 * @held_send: out: queue: lanes whose next slot @holder writes or reads still:
 *	senders of the lane wait for it
 * @holder_ticket: out: queue: that claim, in the highest of these lanes
 * @holder_comm: out: queue: NUL-terminated name of the process
 * @made_ns: out: CLOCK_MONOTONIC, to some milliseconds, when it was made
 * @waits_recv: out: queue: times a thread went to sleep for a message
 * @waits_send: out: queue: times a thread went to sleep for space
 * @wakes_recv: out: queue: times who sleeps or polls for messages was woken
 * @wakes_send: out: queue: times who sleeps or polls for space was woken
 * @recent_count: out: queue: how many of the last messages are in @recent_bytes
 * @recent_bytes: out: queue: their payload
 *
 * A caller may leave the fields from @holder or from @made_ns on out.
 *
 * Bytes are not counted, as data moves without the kernel. Of at most the last
 * 256 messages sent, over all lanes, the ring still tells how long they were:
 * @recent_bytes by @recent_count is about the length of a message of late.
 *
 * A claim at work is no trouble. The same holder, lanes and ticket in two looks
 * some time apart are: that peer is stuck. IPCX_IOC_PEERS tells of all peers.
 *
 * sent, received, depth, dropped, aborted and what is recent are read from the
 * mapped ring: who maps it can falsify them for those who look, and harms nothing else.
 */
struct ipcx_stat {
	__u32 size;
	__u32 flags;
	__u64 id;
	__u32 kind;
	__u32 create_flags;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 rights;
	__u64 bytes;
	__u32 users;
	__u32 attachments;
	__u32 slots;
	__u32 slot_size;
	__u32 lanes;
	__u32 waiting_recv;
	__u32 waiting_send;
	__u32 repairing;
	__u64 sent;
	__u64 received;
	__u64 depth;
	__u64 dropped;
	__u64 aborted;
	__u64 redelivered;
	__u64 corrupt;
	__u32 seals;
	__u32 pad;
	char name[IPCX_NAME_MAX + 1];
	__u32 holder;
	__u32 holder_pid;
	__u32 held_recv;
	__u32 held_send;
	__u64 holder_ticket;
	char holder_comm[IPCX_COMM_LEN];
	__u64 made_ns;
	__u64 waits_recv;
	__u64 waits_send;
	__u64 wakes_recv;
	__u64 wakes_send;
	__u64 recent_count;
	__u64 recent_bytes;
};

/**
 * struct ipcx_list - what there is (IPCX_IOC_LIST)
 * @size: sizeof(struct ipcx_list)
 * @flags: 0
 * @after: list objects whose id is greater; 0 to begin, then the last id seen
 * @stats: pointer to an array of struct ipcx_stat to fill
 * @count: entries in the array, 1 to 1024
 * @stat_size: bytes of an entry, sizeof(struct ipcx_stat)
 *
 * Returns the number of entries filled, in the order of their ids; 0 at the
 * end. It ends before an entry that cannot be written, and fails if that is the
 * first. Shown are the objects of the caller's network namespace that the caller
 * owns, may read by their mode or has CAP_IPC_OWNER for.
 *
 * Errors: -EINVAL, -EFAULT.
 */
struct ipcx_list {
	__u32 size;
	__u32 flags;
	__u64 after;
	__u64 stats;
	__u32 count;
	__u32 stat_size;
};

/* Flags of a received message. */
#define IPCX_MSG_REDELIVERED	0x1U	/* a receiver before you gave it back */
#define IPCX_MSG_STAMPED	0x2U	/* the kernel vouches for pid, uid, gid */
#define IPCX_MSG_FDS		0x4U	/* descriptors of regions ride along */
#define IPCX_MSG_FDS_LOST	0x8U	/* some of them did not fit and are lost */

/**
 * struct ipcx_msg - one message of a SEND or RECV
 * @buf: pointer to the payload
 * @len: in: bytes to send, or room in @buf; out (RECV): bytes received
 * @lane: SEND: in; RECV: out
 * @flags: SEND: 0; RECV: out: IPCX_MSG_*
 * @sender: SEND: 0; RECV: out: attachment of the sender, IPCX_OWNER_KERNEL if
 *	it came through SEND
 * @pid: SEND: 0; RECV: out: process of the sender in the receiver's pid
 *	namespace, 0 if not to be seen there
 * @uid: SEND: 0; RECV: out: effective user in the receiver's user namespace
 * @gid: SEND: 0; RECV: out: effective group, likewise
 * @pad: 0
 * @ticket: SEND: 0; RECV: out: place in the order of its lane
 * @fds: pointer to an array of @fd_count descriptors (__s32), or 0
 * @fd_count: SEND: regions to send along, IPCX_FDS_MAX at most; RECV: in: room
 *	in @fds; out: descriptors received
 * @fd_pad: 0
 * @missed: SEND: 0; RECV: out: broadcast: tickets since the message before that
 *	were overwritten before this descriptor received them, or left out
 *
 * A caller may leave the fields from @fds on out (msg_size 48).
 *
 * For RECV the room must be at least the queue's slot_size (-EMSGSIZE), so that
 * no message is ever cut or has to be put back. @pid, @uid and @gid are valid
 * with IPCX_MSG_STAMPED; a message from a mapped ring is attributed by @sender
 * alone, and only as far as its peers are trusted: who maps the ring could also
 * change the payload under a stamp.
 */
struct ipcx_msg {
	__u64 buf;
	__u32 len;
	__u32 lane;
	__u32 flags;
	__u32 sender;
	__u32 pid;
	__u32 uid;
	__u32 gid;
	__u32 pad;
	__u64 ticket;
	__u64 fds;
	__u32 fd_count;
	__u32 fd_pad;
	__u64 missed;
};

/* Flags of IPCX_IOC_RECV. */
#define IPCX_RECV_PEEK		0x1U	/* look at the next message, do not take it */

/**
 * struct ipcx_transfer - send or receive messages (IPCX_IOC_SEND, _RECV)
 * @size: sizeof(struct ipcx_transfer)
 * @flags: RECV: 0 or IPCX_RECV_PEEK; SEND: 0
 * @msgs: pointer to an array of struct ipcx_msg
 * @count: entries in the array, 1 to 1024
 * @msg_size: bytes of an entry, sizeof(struct ipcx_msg)
 * @deadline_ns: when to give up waiting
 *
 * Both return the number of messages moved, at least 1. SEND waits for room
 * until all are sent; if it must stop before that, by deadline, signal or
 * error, it returns how many went. RECV waits for the first message only and
 * takes what is there. Messages of one call are sent and received in order; one
 * that stays after an error of its receiver comes next, but after those that
 * other receivers took meanwhile. The kernel's own claims never outlive the
 * call: killing a caller loses no message and blocks nobody.
 *
 * PEEK takes one message (@count 1) to look at, which stays where it is: another
 * may receive it at any time. Descriptors that ride along are told by
 * IPCX_MSG_FDS and not received.
 *
 * Regions ride along a message of a work queue as their descriptors do over
 * SCM_RIGHTS: the receiver gets new ones (close-on-exec), with the rights those
 * had. Where there is less room than there are descriptors, the others are lost
 * (IPCX_MSG_FDS_LOST). Who maps the ring takes them by IPCX_IOC_TAKE; those of a
 * message that was received and released without go when SEND uses its slot
 * anew, at a shutdown, or with the queue.
 *
 * A broadcast message can be overwritten while RECV copies it: a call that then
 * finds no other fails as any, but for having written to the buffer.
 *
 * Errors: -EACCES (the descriptor has not the right), -EINVAL (also a @lane
 * there is not), -EMSGSIZE (SEND: longer than slot_size; RECV: less room),
 * -EFAULT (a buffer; a message that could not be copied out stays), -EAGAIN,
 * -ETIMEDOUT, -EINTR, -EPIPE (IPCX_QUEUE_HANGUP: the other side has left and,
 * for RECV, all was taken), -EIDRM (shut down), -EBADMSG (a mapped peer spoiled
 * the ring); with @fds also -EBADF, -EPROTOTYPE (a descriptor of no region),
 * -E2BIG (too many), -EOPNOTSUPP (broadcast), -ENOMEM and, for RECV, -EMFILE (the
 * message stays).
 */
struct ipcx_transfer {
	__u32 size;
	__u32 flags;
	__u64 msgs;
	__u32 count;
	__u32 msg_size;
	__u64 deadline_ns;
};

/* Directions: WAIT takes one, WAKE one or both as a mask. */
#define IPCX_DIR_RECV		0	/* a message can be received */
#define IPCX_DIR_SEND		1	/* a message can be sent */
#define IPCX_WAKE_RECV		0x1U	/* 1 << IPCX_DIR_RECV */
#define IPCX_WAKE_SEND		0x2U	/* 1 << IPCX_DIR_SEND */

/* Flags of IPCX_IOC_WAIT. */
#define IPCX_WAIT_TICKET	0x1U	/* broadcast: until @ticket or a later one */

/**
 * struct ipcx_wait - sleep until a ring can be used (IPCX_IOC_WAIT)
 * @size: sizeof(struct ipcx_wait)
 * @flags: 0 or IPCX_WAIT_TICKET
 * @dir: IPCX_DIR_RECV or IPCX_DIR_SEND
 * @lane: the lane to send on; 0 with IPCX_DIR_RECV
 * @deadline_ns: when to give up
 * @ticket: IPCX_WAIT_TICKET: the ticket to be received next; 0 otherwise
 *
 * Returns 0 once the ring looked usable; somebody else may have been quicker.
 * A ring that a peer spoils can look usable for ever and never be: WAIT then
 * returns 0 each time, past the deadline too, and whatever signals came between.
 * Who loops over WAIT and claims of its own has to look at its clock and for
 * signals itself, as SEND and RECV do.
 *
 * IPCX_WAIT_TICKET is for who receives from a broadcast queue by mapping
 * (IPCX_DIR_RECV). By it the descriptor learns what was received: poll, RECV and
 * WAIT without it go on from there. It never goes back, as others can receive
 * through duplicates; who waits for @ticket waits for that all the same.
 *
 * Errors: -EINVAL, -EACCES (the right of that direction is missing), -EAGAIN,
 * -ETIMEDOUT, -EINTR, -EPIPE, -EIDRM (as for SEND and RECV).
 */
struct ipcx_wait {
	__u32 size;
	__u32 flags;
	__u32 dir;
	__u32 lane;
	__u64 deadline_ns;
	__u64 ticket;
};

/**
 * struct ipcx_take - take descriptors that ride along (IPCX_IOC_TAKE)
 * @size: sizeof(struct ipcx_take)
 * @flags: 0
 * @lane: lane of the message
 * @fd_count: room in @fds
 * @ticket: the message, which the caller's attachment is READING
 * @fds: pointer to an array of descriptors (__s32)
 *
 * For who maps the ring, between acquiring a message and releasing it. Returns
 * how many there were and are now the caller's; 0 if none ride along, or not any
 * more.
 *
 * Errors: -EINVAL, -EACCES (no IPCX_RIGHT_RECV), -ENOTCONN, -ESTALE (not a
 * message the caller is reading), -EMSGSIZE (less room than descriptors),
 * -EMFILE, -ENOMEM, -EFAULT.
 */
struct ipcx_take {
	__u32 size;
	__u32 flags;
	__u32 lane;
	__u32 fd_count;
	__u64 ticket;
	__u64 fds;
};

/* States of a peer. */
#define IPCX_PEER_LIVE		1	/* maps the ring */
#define IPCX_PEER_DEAD		2	/* does not any more; its claims are ended */

/**
 * struct ipcx_peer - an attachment: an address space that maps the ring
 * @id: owner in the words it claims
 * @pid: process that mapped it first, in the caller's pid namespace
 * @state: IPCX_PEER_*
 * @rights: of the descriptor it was mapped by
 * @writing: slots it writes
 * @reading: slots it reads
 * @held_recv: as in struct ipcx_stat, of this peer
 * @held_send: likewise
 * @dropped: messages it dropped (IPCX_QUEUE_DROP_OLDEST)
 * @comm: NUL-terminated name of the process then
 * @recent_count: how many of struct ipcx_stat.recent_count it sent
 * @recent_bytes: their payload
 *
 * A caller may leave the fields from @recent_count on out (peer_size 56).
 */
struct ipcx_peer {
	__u32 id;
	__u32 pid;
	__u32 state;
	__u32 rights;
	__u32 writing;
	__u32 reading;
	__u32 held_recv;
	__u32 held_send;
	__u64 dropped;
	char comm[IPCX_COMM_LEN];
	__u64 recent_count;
	__u64 recent_bytes;
};

/**
 * struct ipcx_peers - who maps a queue (IPCX_IOC_PEERS)
 * @size: sizeof(struct ipcx_peers)
 * @flags: 0
 * @after: list attachments whose id is greater; 0 to begin
 * @count: entries in the array, 1 to 1024
 * @peers: pointer to an array of struct ipcx_peer to fill
 * @peer_size: bytes of an entry, sizeof(struct ipcx_peer)
 * @pad: 0
 *
 * Returns the number of entries filled, in the order of their ids; 0 at the
 * end. It ends before an entry that cannot be written, and fails if that is the
 * first. What the kernel does for callers of SEND and RECV is the peer
 * IPCX_OWNER_KERNEL, which is always there, with pid 0 and the name "kernel".
 *
 * Errors: -EINVAL, -EFAULT, -ENOMEM.
 */
struct ipcx_peers {
	__u32 size;
	__u32 flags;
	__u32 after;
	__u32 count;
	__u64 peers;
	__u32 peer_size;
	__u32 pad;
};

/* What struct ipcx_event tells. */
#define IPCX_EVENT_ATTACHED	1	/* a process mapped the ring */
#define IPCX_EVENT_DETACHED	2	/* it does not any more */

/* Why an attachment went. */
#define IPCX_WHY_UNMAPPED	1	/* munmap, or the last close by the library */
#define IPCX_WHY_EXEC		2	/* another program in the same process */
#define IPCX_WHY_EXITED		3	/* the process ended by itself */
#define IPCX_WHY_KILLED		4	/* by a signal */
#define IPCX_WHY_OOM		5	/* for want of memory */

/**
 * struct ipcx_event - an attachment came or went
 * @seq: counts from 1, without gaps
 * @time_ns: CLOCK_MONOTONIC
 * @what: IPCX_EVENT_*
 * @attachment: which
 * @pid: its process, in the caller's pid namespace
 * @why: DETACHED: IPCX_WHY_*; 0 otherwise
 * @signal: IPCX_WHY_KILLED and IPCX_WHY_OOM: which; 0 otherwise
 * @aborted: DETACHED: its unfinished sends that were given up
 * @returned: DETACHED: messages it held that are delivered again
 * @pad: 0
 * @comm: NUL-terminated name of the process
 *
 * DETACHED is told when the claims of the dead are ended.
 */
struct ipcx_event {
	__u64 seq;
	__u64 time_ns;
	__u32 what;
	__u32 attachment;
	__u32 pid;
	__u32 why;
	__u32 signal;
	__u32 aborted;
	__u32 returned;
	__u32 pad;
	char comm[IPCX_COMM_LEN];
};

/* Flags of IPCX_IOC_EVENTS. */
#define IPCX_EVENTS_REWIND	0x1U	/* from the oldest that is remembered on */

/**
 * struct ipcx_events - who came and went (IPCX_IOC_EVENTS)
 * @size: in: sizeof(struct ipcx_events)
 * @flags: in: 0 or IPCX_EVENTS_REWIND
 * @count: in: entries in the array, 1 to 1024
 * @event_size: in: bytes of an entry, sizeof(struct ipcx_event)
 * @events: in: pointer to an array of struct ipcx_event to fill
 * @missed: out: events before these that were forgotten unread
 *
 * A descriptor is told what happened since it was opened, each event once
 * (duplicates share). The queue remembers the last 64, and REWIND tells them
 * again, and what was before the descriptor; it goes on behind the last of them
 * without. Never blocks; poll tells by EPOLLPRI, if that was asked for, that
 * there are events.
 *
 * Returns the number of entries filled, at least 1. It ends before an entry that
 * cannot be written: that event is told the next time. Of two that share, one
 * can be told what the other has written already, which then fails all the same.
 *
 * Errors: -EINVAL, -EFAULT, -EAGAIN (nothing new).
 */
struct ipcx_events {
	__u32 size;
	__u32 flags;
	__u32 count;
	__u32 event_size;
	__u64 events;
	__u64 missed;
};

/*
 * mmap offsets of a queue (IPCX_QUEUE_MAPPABLE, IPCX_RIGHT_MAP). Both need
 * MAP_SHARED. The first is one page, mapped PROT_READ only: the kernel's words.
 * The second is the ring: ipcx_kpage.ring_bytes long, PROT_READ | PROT_WRITE,
 * mapped as a whole or not at all. Mapping the ring attaches the address space;
 * its last munmap, exec or death detaches it. A mapping is not inherited by
 * fork, cannot be split or grown, and its pages cannot be pinned (O_DIRECT,
 * io_uring buffers), so that nothing writes to them after the detach. Receivers
 * of a broadcast queue map the ring PROT_READ; without IPCX_RIGHT_SEND it cannot
 * be mapped in another way.
 *
 * Errors of mmap on a queue: -EACCES (no IPCX_RIGHT_MAP; writable where that is
 * not allowed), -EPERM (executable), -EINVAL (offset, length, not MAP_SHARED),
 * -EUSERS (too many address spaces map it), -EIDRM (shut down), -EDQUOT,
 * -ENOMEM. On a region: -EACCES (no IPCX_RIGHT_READ, or WRITE for a writable
 * shared mapping), -EPERM (executable, sealed), -EINVAL (beyond its end), -EBUSY
 * (being resized), -EIDRM, -EDQUOT, -ENODEV, -ENOMEM. A mapping of a region that
 * mremap() made longer than the region raises SIGBUS beyond its end.
 */
#define IPCX_MMAP_KPAGE		0
#define IPCX_MMAP_RING		0x10000000

#define IPCX_IOC_MAGIC		0xBC

/* on /dev/ipcx */
#define IPCX_IOC_QUERY		_IOWR(IPCX_IOC_MAGIC, 0x00, struct ipcx_query)
#define IPCX_IOC_REGION_CREATE	_IOW(IPCX_IOC_MAGIC, 0x01, struct ipcx_region_create)
#define IPCX_IOC_QUEUE_CREATE	_IOW(IPCX_IOC_MAGIC, 0x02, struct ipcx_queue_create)
#define IPCX_IOC_OPEN		_IOW(IPCX_IOC_MAGIC, 0x03, struct ipcx_open)
#define IPCX_IOC_UNLINK		_IOW(IPCX_IOC_MAGIC, 0x04, struct ipcx_unlink)
#define IPCX_IOC_LIST		_IOW(IPCX_IOC_MAGIC, 0x05, struct ipcx_list)

/* on any object */
#define IPCX_IOC_STAT		_IOWR(IPCX_IOC_MAGIC, 0x20, struct ipcx_stat)
#define IPCX_IOC_REOPEN		_IOW(IPCX_IOC_MAGIC, 0x21, struct ipcx_reopen)

#define IPCX_IOC_SETATTR	_IOW(IPCX_IOC_MAGIC, 0x22, struct ipcx_setattr)

/* on a region */
#define IPCX_IOC_RESIZE		_IOW(IPCX_IOC_MAGIC, 0x30, struct ipcx_resize)
#define IPCX_IOC_SEAL		_IOW(IPCX_IOC_MAGIC, 0x31, struct ipcx_seal)

/* on a queue */
#define IPCX_IOC_SEND		_IOW(IPCX_IOC_MAGIC, 0x40, struct ipcx_transfer)
#define IPCX_IOC_RECV		_IOW(IPCX_IOC_MAGIC, 0x41, struct ipcx_transfer)
#define IPCX_IOC_WAIT		_IOW(IPCX_IOC_MAGIC, 0x42, struct ipcx_wait)

/*
 * The argument is a mask of IPCX_WAKE_*, not a pointer. Wakes all who sleep or
 * poll in those directions; they look for themselves. -EINVAL: no bit or an
 * unknown one, -EACCES: neither IPCX_RIGHT_SEND nor _RECV.
 */
#define IPCX_IOC_WAKE		_IO(IPCX_IOC_MAGIC, 0x43)

/*
 * No argument (must be 0). Returns the caller's attachment, the owner it must
 * put into the words it claims. -ENOTCONN: this address space does not map the
 * ring.
 */
#define IPCX_IOC_ATTACHMENT	_IO(IPCX_IOC_MAGIC, 0x44)

#define IPCX_IOC_TAKE		_IOW(IPCX_IOC_MAGIC, 0x45, struct ipcx_take)
#define IPCX_IOC_PEERS		_IOW(IPCX_IOC_MAGIC, 0x46, struct ipcx_peers)
#define IPCX_IOC_EVENTS		_IOWR(IPCX_IOC_MAGIC, 0x47, struct ipcx_events)

#endif /* _UAPI_LINUX_IPCX_H */
