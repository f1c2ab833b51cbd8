// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI from a 32-bit process: abi32 CASE runs one case and exits with 0 if it
 * holds; "abi32 layout" prints layout.h. test_abi32.c, of 64 bits, runs them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layout.h"

#define PAGE	4096

#define check(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "abi32.c:%d: %s\n", __LINE__, #cond);	\
		exit(EXIT_FAILURE);					\
	}								\
} while (0)

static int ctl;

static int call(int fd, unsigned long cmd, void *arg)
{
	int rc = ioctl(fd, cmd, arg);

	return rc < 0 ? -errno : rc;
}

static uint64_t pointer(const void *p)
{
	return (uintptr_t)p;
}

static struct ipcx_stat stat_of(int fd)
{
	struct ipcx_stat st = { .size = sizeof(st) };

	check(call(fd, IPCX_IOC_STAT, &st) == 0);
	return st;
}

static int make_region(const char *name, uint64_t bytes, uint32_t flags)
{
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .flags = flags, .name = pointer(name),
		.name_len = name ? strlen(name) : 0, .mode = 0600,
		.bytes = bytes,
	};

	return call(ctl, IPCX_IOC_REGION_CREATE, &arg);
}

static int make_queue(uint32_t flags)
{
	struct ipcx_queue_create arg = {
		.size = sizeof(arg), .flags = flags, .mode = 0600, .slots = 4,
		.slot_size = 64, .lanes = 1,
	};

	return call(ctl, IPCX_IOC_QUEUE_CREATE, &arg);
}

static int open_name(const char *name)
{
	struct ipcx_open arg = {
		.size = sizeof(arg), .name = pointer(name),
		.name_len = strlen(name),
	};

	return call(ctl, IPCX_IOC_OPEN, &arg);
}

static int transfer(int fd, unsigned long cmd, struct ipcx_msg *msg,
		    uint64_t deadline)
{
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .msgs = pointer(msg), .count = 1,
		.msg_size = sizeof(*msg), .deadline_ns = deadline,
	};

	return call(fd, cmd, &arg);
}

static int send_text(int fd, const char *text)
{
	struct ipcx_msg msg = { .buf = pointer(text), .len = strlen(text) };

	return transfer(fd, IPCX_IOC_SEND, &msg, IPCX_NO_WAIT);
}

static int receive(int fd, char *buf, struct ipcx_msg *msg, uint64_t deadline)
{
	memset(buf, 0, 65);
	*msg = (struct ipcx_msg){ .buf = pointer(buf), .len = 64 };
	return transfer(fd, IPCX_IOC_RECV, msg, deadline);
}

static int wait_for(int fd, uint32_t dir, uint64_t deadline)
{
	struct ipcx_wait arg = {
		.size = sizeof(arg), .dir = dir, .deadline_ns = deadline,
	};

	return call(fd, IPCX_IOC_WAIT, &arg);
}

static void case_query(void)
{
	struct ipcx_query q = { .size = sizeof(q) };

	check(call(ctl, IPCX_IOC_QUERY, &q) == 0);
	check(q.abi_version == IPCX_ABI_VERSION);
	check(q.name_max == IPCX_NAME_MAX);
	check(q.region_bytes_max > 1ULL << 40);
	check(q.batch_max == 1024);
}

static void case_region(void)
{
	int fd = make_region("region32", 2 * PAGE, 0);
	struct ipcx_stat st, listed = { 0 };
	struct ipcx_list list = {
		.size = sizeof(list), .stats = pointer(&listed), .count = 1,
		.stat_size = sizeof(listed),
	};
	char *mem;

	check(fd >= 0);
	st = stat_of(fd);
	check(st.kind == IPCX_KIND_REGION && st.bytes == 2 * PAGE);
	check(!strcmp(st.name, "region32"));
	list.after = st.id - 1;
	check(call(ctl, IPCX_IOC_LIST, &list) == 1);
	check(!memcmp(&st, &listed, sizeof(st)));

	mem = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(mem != MAP_FAILED);
	mem[2 * PAGE - 1] = 1;
	check(stat_of(fd).attachments == 1);
	check(munmap(mem, 2 * PAGE) == 0);
	close(fd);
}

static void case_administration(void)
{
	int fd = make_region("region32", PAGE, 0);
	struct ipcx_setattr attr = {
		.size = sizeof(attr), .flags = IPCX_SET_MODE, .mode = 0640,
	};
	struct ipcx_resize resize = { .size = sizeof(resize), .bytes = 3 * PAGE };
	struct ipcx_seal seal = {
		.size = sizeof(seal), .seals = IPCX_SEAL_READONLY,
	};
	struct ipcx_reopen reopen = {
		.size = sizeof(reopen), .rights = IPCX_RIGHT_READ,
	};
	struct ipcx_unlink unlink = {
		.size = sizeof(unlink), .name = pointer("region32"),
		.name_len = 8, .flags = IPCX_UNLINK_SHUTDOWN,
	};
	int reader;

	check(call(fd, IPCX_IOC_SETATTR, &attr) == 0);
	check(stat_of(fd).mode == 0640);
	check(call(fd, IPCX_IOC_RESIZE, &resize) == 0);
	check(stat_of(fd).bytes == 3 * PAGE);
	check(call(fd, IPCX_IOC_SEAL, &seal) == 0);
	check(stat_of(fd).seals == IPCX_SEAL_READONLY);
	reader = call(fd, IPCX_IOC_REOPEN, &reopen);
	check(reader >= 0 && stat_of(reader).rights == IPCX_RIGHT_READ);
	check(call(ctl, IPCX_IOC_UNLINK, &unlink) == 0);
	check(open_name("region32") == -ENOENT);
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == EIDRM);
}

/* Sizes and offsets that 32 bits do not hold. */
static void case_large(void)
{
	const uint64_t bytes = 5ULL << 32;
	int fd = make_region(NULL, bytes, IPCX_REGION_SPARSE);
	char *mem;

	check(fd >= 0 && stat_of(fd).bytes == bytes);
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)(bytes - PAGE));
	check(mem != MAP_FAILED);
	mem[0] = 1;
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (off_t)bytes) ==
	      MAP_FAILED && errno == EINVAL);
}

static void case_queue(void)
{
	int fd = make_queue(0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct ipcx_msg msg;
	char buf[65];

	check(fd >= 0);
	check(poll(&p, 1, 0) == 0);
	check(receive(fd, buf, &msg, IPCX_NO_WAIT) == -EAGAIN);
	check(receive(fd, buf, &msg, 1) == -ETIMEDOUT);
	check(wait_for(fd, IPCX_DIR_RECV, IPCX_NO_WAIT) == -EAGAIN);
	check(wait_for(fd, IPCX_DIR_SEND, IPCX_FOREVER) == 0);
	check(send_text(fd, "hello") == 1);
	check(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
	check(wait_for(fd, IPCX_DIR_RECV, IPCX_FOREVER) == 0);
	check(ioctl(fd, IPCX_IOC_WAKE, IPCX_WAKE_RECV) == 0);
	check(ioctl(fd, IPCX_IOC_WAKE, 4) == -1 && errno == EINVAL);
	check(receive(fd, buf, &msg, IPCX_FOREVER) == 1);
	check(msg.len == 5 && !strcmp(buf, "hello"));
	check(msg.flags == IPCX_MSG_STAMPED && msg.pid == (uint32_t)getpid());
}

/* A message sent through the mapped ring and received through the kernel. */
static void case_mapped(void)
{
	int fd = make_queue(IPCX_QUEUE_MAPPABLE);
	struct ipcx_kpage *kpage;
	struct ipcx_slot *slot;
	struct ipcx_msg msg;
	uint64_t old;
	char buf[65];
	char *ring;
	int me;

	check(ioctl(fd, IPCX_IOC_ATTACHMENT, 0) == -1 && errno == ENOTCONN);
	kpage = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, IPCX_MMAP_KPAGE);
	check(kpage != MAP_FAILED);
	ring = mmap(NULL, kpage->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, IPCX_MMAP_RING);
	check(ring != MAP_FAILED);
	me = ioctl(fd, IPCX_IOC_ATTACHMENT, 0);
	check(me > 0);

	slot = (void *)(ring + kpage->slots_offset);
	old = ipcx_word(0, IPCX_OWNER_NONE, IPCX_FREE);
	check(__atomic_compare_exchange_n(&slot->word, &old,
					  ipcx_word(0, me, IPCX_WRITING), false,
					  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	memcpy(slot + 1, "mapped", 6);
	slot->len = 6;
	slot->sender = me;
	__atomic_store_n(&slot->word, ipcx_word(0, me, IPCX_READY),
			 __ATOMIC_SEQ_CST);
	check(ioctl(fd, IPCX_IOC_WAKE, IPCX_WAKE_RECV) == 0);
	check(receive(fd, buf, &msg, IPCX_NO_WAIT) == 1);
	check(msg.len == 6 && !strcmp(buf, "mapped"));
	check(msg.sender == (uint32_t)me && msg.flags == 0);
}

/* One that comes and goes, in lists of structures. */
static void case_peers(void)
{
	int fd = make_queue(IPCX_QUEUE_MAPPABLE);
	struct ipcx_event event[3];
	struct ipcx_peer peer[3];
	struct ipcx_events events = {
		.size = sizeof(events), .count = 3,
		.event_size = sizeof(event[0]), .events = pointer(event),
	};
	struct ipcx_peers peers = {
		.size = sizeof(peers), .count = 3, .peers = pointer(peer),
		.peer_size = sizeof(peer[0]),
	};
	struct ipcx_kpage *kpage = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
					IPCX_MMAP_KPAGE);
	char *ring;

	check(call(fd, IPCX_IOC_EVENTS, &events) == -EAGAIN);
	ring = mmap(NULL, kpage->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, IPCX_MMAP_RING);
	check(ring != MAP_FAILED);
	check(call(fd, IPCX_IOC_PEERS, &peers) == 2);
	check(peer[0].id == IPCX_OWNER_KERNEL && !peer[0].pid);
	check(peer[1].id == (uint32_t)ioctl(fd, IPCX_IOC_ATTACHMENT, 0));
	check(peer[1].pid == (uint32_t)getpid());
	check(call(fd, IPCX_IOC_EVENTS, &events) == 1 && !events.missed);
	check(event[0].seq == 1 && event[0].attachment == peer[1].id);
	check(!strcmp(event[0].comm, "abi32") && !strcmp(peer[1].comm, "abi32"));
	check(munmap(ring, kpage->ring_bytes) == 0);
	while (call(fd, IPCX_IOC_EVENTS, &events) == -EAGAIN)
		usleep(1000);
	check(event[0].seq == 2 && event[0].why == IPCX_WHY_UNMAPPED);
	peers.peers |= 1ULL << 32;
	check(call(fd, IPCX_IOC_PEERS, &peers) == -EFAULT);
}

static void case_errors(void)
{
	struct ipcx_stat st = { .size = sizeof(st) };
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .mode = 0600, .bytes = PAGE,
		.name = 1ULL << 32, .name_len = 4,
	};
	struct ipcx_msg msg = { .buf = 1ULL << 32, .len = 4 };
	struct {
		struct ipcx_stat st;
		uint32_t more;
	} larger = { .st.size = sizeof(larger), .more = 1 };
	int fd = make_region(NULL, PAGE, 0);

	check(call(ctl, IPCX_IOC_STAT, &st) == -ENOTTY);
	check(call(fd, IPCX_IOC_QUERY, &st) == -ENOTTY);
	check(call(fd, IPCX_IOC_STAT, NULL) == -EFAULT);
	check(call(fd, IPCX_IOC_STAT, (void *)-PAGE) == -EFAULT);
	check(call(fd, IPCX_IOC_STAT, &larger) == -E2BIG);
	st.size = offsetof(struct ipcx_stat, name);
	check(call(fd, IPCX_IOC_STAT, &st) == -EINVAL);
	st.size = sizeof(st);
	st.flags = 1;
	check(call(fd, IPCX_IOC_STAT, &st) == -EINVAL);

	/* Pointers in structures have 64 bits, of which none is ignored. */
	check(call(ctl, IPCX_IOC_REGION_CREATE, &arg) == -EFAULT);
	arg.name |= pointer("name");
	check(call(ctl, IPCX_IOC_REGION_CREATE, &arg) == -EFAULT);
	check(transfer(make_queue(0), IPCX_IOC_SEND, &msg, 0) == -EFAULT);
	arg.name = pointer("a/b");
	arg.name_len = 3;
	check(call(ctl, IPCX_IOC_REGION_CREATE, &arg) == -EINVAL);
	check(make_region(NULL, PAGE + 1, 0) == -EINVAL);
	check(make_region(NULL, 1ULL << 63, IPCX_REGION_SPARSE) == -EFBIG);
}

/* The other side of these is of 64 bits. */
static void case_peer(void)
{
	int region = open_name("shared"), queue = open_name("messages");
	struct ipcx_msg msg;
	uint64_t *mem;
	char buf[65];

	check(region >= 0 && queue >= 0);
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, region, 0);
	check(mem != MAP_FAILED);
	check(__atomic_add_fetch(mem, 1, __ATOMIC_SEQ_CST) == 1ULL << 40);
	check(receive(queue, buf, &msg, IPCX_FOREVER) == 1);
	check(!strcmp(buf, "from 64"));
	check(msg.pid == (uint32_t)getppid());
	check(send_text(queue, "from 32") == 1);
}

static void case_fds(void)
{
	int fd = make_queue(0), region = make_region(NULL, PAGE, 0), came = -1;
	struct ipcx_msg msg = {
		.buf = pointer("with"), .len = 4, .fds = pointer(&region),
		.fd_count = 1,
	};
	struct ipcx_take take = { .size = sizeof(take) };
	struct ipcx_transfer peek = {
		.size = sizeof(peek), .flags = IPCX_RECV_PEEK,
		.msgs = pointer(&msg), .count = 1, .msg_size = sizeof(msg),
	};
	char buf[65];

	check(transfer(fd, IPCX_IOC_SEND, &msg, IPCX_NO_WAIT) == 1);
	msg = (struct ipcx_msg){ .buf = pointer(buf), .len = 64 };
	check(call(fd, IPCX_IOC_RECV, &peek) == 1);
	check(msg.flags == (IPCX_MSG_STAMPED | IPCX_MSG_FDS) && msg.len == 4);
	msg = (struct ipcx_msg){ .buf = pointer(buf), .len = 64,
				 .fds = pointer(&came), .fd_count = 1 };
	check(transfer(fd, IPCX_IOC_RECV, &msg, IPCX_NO_WAIT) == 1);
	check(msg.flags == (IPCX_MSG_STAMPED | IPCX_MSG_FDS));
	check(msg.fd_count == 1 && stat_of(came).id == stat_of(region).id);
	check(call(fd, IPCX_IOC_TAKE, &take) == -ENOTCONN);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "query", case_query },
	{ "region", case_region },
	{ "administration", case_administration },
	{ "large", case_large },
	{ "queue", case_queue },
	{ "mapped", case_mapped },
	{ "peers", case_peers },
	{ "errors", case_errors },
	{ "fds", case_fds },
	{ "peer", case_peer },
};

int main(int argc, char **argv)
{
	_Static_assert(sizeof(void *) == 4, "build this with -m32");

	if (argc != 2)
		return EXIT_FAILURE;
	if (!strcmp(argv[1], "layout")) {
		layout_print(stdout);
		return EXIT_SUCCESS;
	}
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	check(ctl >= 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name))
			continue;
		cases[i].fn();
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "abi32: no case \"%s\"\n", argv[1]);
	return EXIT_FAILURE;
}
