// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls: each with the structure that a good caller would pass, filled with
 * what a call chooses, and then spoiled as its twist says.
 */
#include "actor.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Room for what follows a structure that is said to be longer than it is. */
union args {
	uint8_t byte[2 * PAGE];
	uint32_t word[2 * PAGE / 4];
	uint64_t quad[2 * PAGE / 8];
};

static const uint32_t sizes[] = {
	0, 1, 4, 8, 16, 24, 32, 40, 48, 56, 72, 88,
	offsetof(struct ipcx_stat, holder), offsetof(struct ipcx_stat, made_ns),
	PAGE, PAGE + 1, PAGE - 8, 0x7fffffff, 0xffffffff,
};

static const uint32_t words[] = {
	0, 1, 2, 3, 7, 0x80, 0x100, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
};

static const uint64_t quads[] = {
	0, 1, PAGE, PAGE - 1, 1ULL << 31, 1ULL << 32, 1ULL << 47, 1ULL << 63, 1ULL << 40,
	(1ULL << 48) - 1, ~0ULL, ~0ULL - PAGE + 1, 0xffff888000000000,
};

/* Returns the size that the caller's memory then has. */
static size_t twist(const struct call *c, union args *args, size_t size)
{
	uint8_t more = c->a[7];

	switch (c->twist % 16) {
	case 9:
		args->word[0] = choose(sizes, more);
		return size;
	case 10:
	case 11:	/* a later version's, of which nothing is used, or something */
		args->word[0] = size + 8 * (1 + more % 8);
		args->byte[args->word[0] - 1] = c->twist % 16 - 10;
		return args->word[0];
	case 12:
		args->word[1] ^= 1U << more % 32;
		return size;
	case 13:
		args->byte[more % size] ^= 1 << c->twist / 16 % 8;
		return size;
	case 14:
		args->word[more % (size / 4)] = choose(words, c->twist / 16);
		return size;
	case 15:
		args->quad[more % (size / 8)] = choose(quads, c->twist / 16);
		return size;
	default:
		return size;
	}
}

static long call_fd(int fd, const struct call *c, unsigned long cmd, const void *struct_args,
		    size_t size)
{
	union args args = { 0 };
	void *address;

	memcpy(&args, struct_args, size);
	args.word[0] = size;
	size = twist(c, &args, size);
	address = memory_place(c->place, c->a[6], &args, size);
	return checked(ioctl(fd, cmd, address));
}

static long call_object(const struct call *c, enum what what, unsigned long cmd, const void *args,
			size_t size)
{
	return call_fd(handle_pick(c->fd, what)->fd, c, cmd, args, size);
}

/* A call that makes a descriptor. */
static long call_making(const struct call *c, enum what on, unsigned long cmd, const void *args,
			size_t size, enum what makes)
{
	return handle_store(call_object(c, on, cmd, args, size), makes, c->a[6]);
}

/* Memory that a structure points to. */
static uint64_t pointer(const struct call *c, const void *content, size_t size)
{
	return (uintptr_t)memory_place(c->place >> 4, c->a[6], content, size);
}

static uint64_t name(const struct call *c, uint8_t which, uint32_t *len)
{
	static const char *const names[] = { "q0", "q1", "q2", "q3", "r0", "r1", "x", "y" };
	static const char odd[] = { 'a', '/', 'b', 0, [4 ... 131] = 'n' };
	static const uint8_t odd_lens[] = { 0, 1, 2, 3, 126, 127, 128 };

	if (which < 0xe0) {
		*len = 2 - (which % 8 >= 6);
		return pointer(c, choose(names, which), *len);
	}
	*len = choose(odd_lens, which);
	return pointer(c, which & 8 ? odd : odd + 4, *len);
}

/* Bits of a byte, spread over the flags of a create call. */
static uint32_t create_flags(uint8_t bits)
{
	return (bits & 0x3f) << 8 | bits >> 6;
}

long do_QUERY(const struct call *c)
{
	struct ipcx_query args = { 0 };

	return call_object(c, DEVICE, IPCX_IOC_QUERY, &args, sizeof(args));
}

long do_REGION_CREATE(const struct call *c)
{
	static const uint32_t pages[] = { 1, 1, 2, 3, 4, 16, 512, 0 };
	struct ipcx_region_create args = {
		.flags = create_flags(c->a[0] & 0xdf),
		.mode = c->a[2] & 1 ? 0666 : c->a[2] << 1,
		.bytes = choose(pages, c->a[3]) * PAGE,
		.rights = c->a[4] & 0x23,
	};

	if (c->a[1] < 0xd0)
		args.name = name(c, c->a[1], &args.name_len);
	if (c->a[0] & 0x10)
		args.fd = handle_pick(c->a[4], OTHER)->fd;
	return call_making(c, DEVICE, IPCX_IOC_REGION_CREATE, &args, sizeof(args), REGION);
}

long do_QUEUE_CREATE(const struct call *c)
{
	static const uint32_t slots[] = { 1, 2, 4, 4, 8, 16, 3, 0 };
	static const uint32_t slot_sizes[] = { 1, 8, 16, 48, 64, 256, 4000, 0 };
	static const uint32_t lanes[] = { 1, 1, 1, 2, 3, 8, 32, 33 };
	struct ipcx_queue_create args = {
		.flags = create_flags(c->a[0]),
		.mode = c->a[2] & 1 ? 0666 : c->a[2] << 1,
		.slots = choose(slots, c->a[3]),
		.slot_size = choose(slot_sizes, c->a[3] >> 3),
		.lanes = choose(lanes, c->a[4]),
		.rights = c->a[5] & 0x3c,
	};

	if (c->a[1] < 0xd0)
		args.name = name(c, c->a[1], &args.name_len);
	return call_making(c, DEVICE, IPCX_IOC_QUEUE_CREATE, &args, sizeof(args), QUEUE);
}

long do_OPEN(const struct call *c)
{
	struct ipcx_open args = { .kind = c->a[1] % 4, .rights = c->a[2] & 0x3f };
	struct ipcx_stat stat = { .size = sizeof(stat) };
	long fd;

	args.name = name(c, c->a[0], &args.name_len);
	fd = call_object(c, DEVICE, IPCX_IOC_OPEN, &args, sizeof(args));
	if (fd < 0 || ioctl(fd, IPCX_IOC_STAT, &stat))
		return fd;
	return handle_store(fd, stat.kind == IPCX_KIND_QUEUE ? QUEUE : REGION, c->a[6]);
}

long do_UNLINK(const struct call *c)
{
	struct ipcx_unlink args = { .flags = c->a[1] & 1, .kind = c->a[2] % 4 };

	args.name = name(c, c->a[0], &args.name_len);
	return call_object(c, DEVICE, IPCX_IOC_UNLINK, &args, sizeof(args));
}

static const uint32_t counts[] = { 1, 1, 2, 3, 4, 8, 32, 0, 64, 1024, 1025 };

long do_LIST(const struct call *c)
{
	static const uint32_t stat_sizes[] = {
		sizeof(struct ipcx_stat), offsetof(struct ipcx_stat, made_ns),
		offsetof(struct ipcx_stat, holder), 64,
	};
	struct ipcx_list args = {
		.count = choose(counts, c->a[0]), .stat_size = choose(stat_sizes, c->a[1]),
	};

	args.stats = pointer(c, NULL, (size_t)args.count * args.stat_size);
	return call_object(c, DEVICE, IPCX_IOC_LIST, &args, sizeof(args));
}

long do_STAT(const struct call *c)
{
	struct ipcx_stat args = { 0 };

	return call_object(c, c->a[0] & 1 ? QUEUE : REGION, IPCX_IOC_STAT, &args, sizeof(args));
}

long do_REOPEN(const struct call *c)
{
	struct ipcx_reopen args = { .rights = c->a[1] & 0x3f };
	enum what what = c->a[0] & 1 ? QUEUE : REGION;

	return call_making(c, what, IPCX_IOC_REOPEN, &args, sizeof(args), what);
}

long do_SETATTR(const struct call *c)
{
	static const uint32_t ids[] = { 0, 1, 1000, 65534, 0xffffffff };
	struct ipcx_setattr args = {
		.flags = c->a[1] & 7, .mode = c->a[2] << 1 | (c->a[2] & 1),
		.uid = choose(ids, c->a[3]), .gid = choose(ids, c->a[4]),
	};

	return call_object(c, c->a[0] & 1 ? QUEUE : REGION, IPCX_IOC_SETATTR, &args, sizeof(args));
}

long do_RESIZE(const struct call *c)
{
	struct ipcx_resize args = { .bytes = c->a[0] % 32 * PAGE };

	return call_object(c, REGION, IPCX_IOC_RESIZE, &args, sizeof(args));
}

long do_SEAL(const struct call *c)
{
	struct ipcx_seal args = { .seals = c->a[0] & 3 };

	return call_object(c, REGION, IPCX_IOC_SEAL, &args, sizeof(args));
}

static uint64_t deadline(uint8_t which)
{
	struct timespec now;

	which %= 64;
	if (which < 58)
		return IPCX_NO_WAIT;
	if (which == 63)
		return IPCX_FOREVER;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec + (which - 58) * 100000ULL;
}

static long call_waiting(const struct call *c, unsigned long cmd, const void *args, size_t size,
			 uint64_t until)
{
	/* A deadline that a twist makes may be any; so is one that others write over. */
	bool long_one = until == IPCX_FOREVER || c->twist % 16 >= 13 || c->place;
	long ret;

	if (long_one)
		interrupt_begin();
	ret = call_object(c, QUEUE, cmd, args, size);
	if (long_one)
		interrupt_end();
	return ret;
}

/* The messages of one SEND or RECV, and all that they point to. */
static uint64_t messages(const struct call *c, bool send, uint32_t count)
{
	static const uint32_t lens[] = { 0, 1, 7, 8, 16, 48, 64, 65, 256, 4000, 4096, 100 };
	static int fds[4];
	struct ipcx_msg msgs[32];

	if (count > ARRAY_SIZE(msgs))
		return pointer(c, NULL, 0);
	memset(msgs, 0, sizeof(msgs));
	for (uint32_t i = 0; i < count; i++) {
		struct ipcx_msg *m = &msgs[i];

		m->len = send || c->a[2] & 0x40 ? choose(lens, c->a[1] + i) : 4096;
		m->buf = pointer(c, NULL, m->len);
		m->lane = send ? c->a[2] % (c->a[2] & 0x80 ? 40 : 2) : 0;
		if (!(c->a[4] & 0xc0)) {
			for (size_t k = 0; send && k < ARRAY_SIZE(fds); k++)
				fds[k] = handle_pick(c->a[4] + k, REGION)->fd;
			m->fd_count = send ? c->a[4] % 5 : c->a[4] % 20;
			m->fds = pointer(c, send ? fds : NULL, sizeof(fds));
		}
	}
	if (c->a[5] & 0x80)	/* of one message something that is no caller's to say */
		((uint8_t *)msgs)[c->a[5] % (count ? count * sizeof(*msgs) : 1)] ^= c->a[5];
	return pointer(c, msgs, count * sizeof(*msgs));
}

/* Descriptors that came with messages are the actor's. */
static void keep_passed(uint64_t address, uint32_t count)
{
	struct ipcx_msg m;
	int fd;

	for (uint32_t i = 0; i < count && i < 32; i++) {
		if ((intptr_t)address <= 0 ||
		    !memory_copy(&m, (struct ipcx_msg *)address + i, sizeof(m)))
			return;
		for (uint32_t k = 0; m.flags & IPCX_MSG_FDS && k < m.fd_count && k < 16; k++)
			if ((intptr_t)m.fds > 0 && memory_copy(&fd, (int *)m.fds + k, sizeof(fd)) &&
			    fd > device)
				handle_store(fd, REGION, k);
	}
}

static const uint32_t msg_sizes[] = {
	sizeof(struct ipcx_msg), sizeof(struct ipcx_msg), sizeof(struct ipcx_msg),
	offsetof(struct ipcx_msg, fds), 64,
};

long do_SEND(const struct call *c)
{
	struct ipcx_transfer args = {
		.count = choose(counts, c->a[0]),
		.msg_size = choose(msg_sizes, c->a[0] >> 4),
		.deadline_ns = deadline(c->a[3]),
	};

	args.msgs = messages(c, true, args.count);
	return call_waiting(c, IPCX_IOC_SEND, &args, sizeof(args), args.deadline_ns);
}

long do_RECV(const struct call *c)
{
	struct ipcx_transfer args = {
		.flags = (c->a[3] & 0x30) == 0x30 ? IPCX_RECV_PEEK : 0,
		.count = choose(counts, c->a[0]),
		.msg_size = choose(msg_sizes, c->a[0] >> 4),
		.deadline_ns = deadline(c->a[3]),
	};
	long ret;

	args.msgs = messages(c, false, args.count);
	ret = call_waiting(c, IPCX_IOC_RECV, &args, sizeof(args), args.deadline_ns);
	if (ret > 0 && args.msg_size == sizeof(struct ipcx_msg))
		keep_passed(args.msgs, ret);
	return ret;
}

long do_WAIT(const struct call *c)
{
	struct ipcx_wait args = {
		.flags = (c->a[0] & 6) == 6,
		.dir = c->a[0] & 1,
		.lane = c->a[1] % 4,
		.deadline_ns = deadline(c->a[3]),
		.ticket = (c->a[0] & 6) == 6 ? c->a[2] : 0,
	};

	return call_waiting(c, IPCX_IOC_WAIT, &args, sizeof(args), args.deadline_ns);
}

long do_WAKE(const struct call *c)
{
	unsigned long mask = c->a[0] & 8 ? choose(words, c->a[1]) : c->a[0] % 4;

	return checked(ioctl(handle_pick(c->fd, QUEUE)->fd, IPCX_IOC_WAKE, mask));
}

long do_ATTACHMENT(const struct call *c)
{
	return checked(ioctl(handle_pick(c->fd, QUEUE)->fd, IPCX_IOC_ATTACHMENT, c->a[0] / 240));
}

long do_TAKE(const struct call *c)
{
	struct ipcx_take args = {
		.lane = c->a[0] % 4, .fd_count = c->a[1] % 20, .ticket = c->a[2] % 16,
	};
	int fds[16];
	long ret;

	args.fds = pointer(c, NULL, sizeof(fds));
	ret = call_object(c, QUEUE, IPCX_IOC_TAKE, &args, sizeof(args));
	if (ret > 0 && memory_copy(fds, (void *)args.fds, sizeof(fds)))
		for (long i = 0; i < ret && i < 16; i++)
			handle_store(fds[i], REGION, i);
	return ret;
}

long do_PEERS(const struct call *c)
{
	static const uint32_t peer_sizes[] = {
		sizeof(struct ipcx_peer), offsetof(struct ipcx_peer, recent_count), 64,
	};
	struct ipcx_peers args = {
		.after = c->a[2] & 0xf0 ? 0 : c->a[2],
		.count = choose(counts, c->a[0]), .peer_size = choose(peer_sizes, c->a[1]),
	};

	args.peers = pointer(c, NULL, (size_t)args.count * args.peer_size);
	return call_object(c, QUEUE, IPCX_IOC_PEERS, &args, sizeof(args));
}

long do_EVENTS(const struct call *c)
{
	struct ipcx_events args = {
		.flags = c->a[1] & 1, .count = choose(counts, c->a[0]),
		.event_size = c->a[2] < 240 ? sizeof(struct ipcx_event) : c->a[2],
	};

	args.events = pointer(c, NULL, (size_t)args.count * sizeof(struct ipcx_event));
	return call_object(c, QUEUE, IPCX_IOC_EVENTS, &args, sizeof(args));
}

/* Any command on any descriptor; WAKE and ATTACHMENT take no pointer. */
long do_ANY_IOCTL(const struct call *c)
{
	static const unsigned long commands[] = {
		IPCX_IOC_QUERY, IPCX_IOC_REGION_CREATE, IPCX_IOC_QUEUE_CREATE, IPCX_IOC_OPEN,
		IPCX_IOC_UNLINK, IPCX_IOC_LIST, IPCX_IOC_STAT, IPCX_IOC_REOPEN, IPCX_IOC_SETATTR,
		IPCX_IOC_RESIZE, IPCX_IOC_SEAL, IPCX_IOC_SEND, IPCX_IOC_RECV, IPCX_IOC_WAIT,
		IPCX_IOC_WAKE, IPCX_IOC_ATTACHMENT, IPCX_IOC_TAKE, IPCX_IOC_PEERS,
		IPCX_IOC_EVENTS, _IOWR(IPCX_IOC_MAGIC, 0x7f, int), 0x5401, 0x541b,
	};
	unsigned long cmd = choose(commands, c->a[0]) ^ (c->a[1] & 7) << 17;
	union args args = { 0 };
	long ret;

	for (int i = 2; i < 16; i++)
		args.word[i] = choose(words, c->a[2 + i % 4] + i);
	interrupt_begin();
	ret = call_fd(handle_pick(c->fd, NOTHING)->fd, c, cmd, &args, 64);
	interrupt_end();
	return ret;
}
