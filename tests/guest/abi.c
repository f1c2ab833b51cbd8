// SPDX-License-Identifier: GPL-2.0-only
#include "abi.h"
#include "mapped.h"
#include "riders.h"

struct memory *mem;
uint8_t *forbidden;
int fds[ON_NR];

static struct memory before;

void *const bad_pointers[4] = {
	NULL, (void *)0x1000, (void *)0xffff888000000000, (void *)-1L,
};

void abi_init(void)
{
	size_t accessible = (sizeof(*mem) / PAGE + 2) * PAGE;

	mem = mmap(NULL, accessible + PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		exit(1);
	forbidden = (uint8_t *)mem + accessible;
	if (mprotect(forbidden, PAGE, PROT_NONE))
		exit(1);
}

static void set_name(const char *name, __u64 *pointer, __u32 *len)
{
	strcpy(mem->name, name);
	*pointer = (uintptr_t)mem->name;
	*len = strlen(name);
}

static void fill_query(void)
{
	memset(&mem->arg.query, POISON, sizeof(mem->arg.query));
	mem->arg.query.flags = 0;
}

static void fill_region_create(void)
{
	struct ipcx_region_create *arg = &mem->arg.region_create;

	set_name("new", &arg->name, &arg->name_len);
	arg->mode = 0600;
	arg->bytes = PAGE;
}

static void fill_queue_create(void)
{
	struct ipcx_queue_create *arg = &mem->arg.queue_create;

	set_name("new", &arg->name, &arg->name_len);
	arg->mode = 0600;
	arg->slots = 4;
	arg->slot_size = SLOT_SIZE;
	arg->lanes = 1;
}

static void fill_open(void)
{
	set_name("queue", &mem->arg.open.name, &mem->arg.open.name_len);
}

static void fill_unlink(void)
{
	set_name("queue", &mem->arg.unlink.name, &mem->arg.unlink.name_len);
}

static void fill_list(void)
{
	struct ipcx_list *arg = &mem->arg.list;

	memset(mem->stats, POISON, sizeof(mem->stats));
	arg->stats = (uintptr_t)mem->stats;
	arg->count = ARRAY_SIZE(mem->stats);
	arg->stat_size = sizeof(mem->stats[0]);
}

static void fill_stat(void)
{
	memset(&mem->arg.stat, POISON, sizeof(mem->arg.stat));
	mem->arg.stat.flags = 0;
}

static void fill_reopen(void)
{
	/* The one right that both kinds have. */
	mem->arg.reopen.rights = IPCX_RIGHT_ADMIN;
}

static void fill_setattr(void)
{
	mem->arg.setattr.flags = IPCX_SET_MODE;
	mem->arg.setattr.mode = 0640;
}

static void fill_resize(void)
{
	mem->arg.resize.bytes = 2 * PAGE;
}

static void fill_seal(void)
{
	mem->arg.seal.seals = IPCX_SEAL_READONLY;
}

static void fill_transfer(void)
{
	struct ipcx_transfer *arg = &mem->arg.transfer;

	arg->msgs = (uintptr_t)mem->msg;
	arg->count = MSGS;
	arg->msg_size = sizeof(mem->msg[0]);
}

static void fill_send(void)
{
	fill_transfer();
	memset(mem->msg, 0, sizeof(mem->msg));
	for (int i = 0; i < MSGS; i++) {
		mem->msg[i].buf = (uintptr_t)mem->buf[i];
		mem->msg[i].len = SLOT_SIZE;
	}
}

static void fill_recv(void)
{
	fill_transfer();
	memset(mem->msg, POISON, sizeof(mem->msg));
	memset(mem->buf, POISON, sizeof(mem->buf));
	for (int i = 0; i < MSGS; i++) {
		mem->msg[i].buf = (uintptr_t)mem->buf[i];
		mem->msg[i].len = SLOT_SIZE;
		mem->msg[i].pad = 0;
		mem->msg[i].fds = 0;
		mem->msg[i].fd_count = 0;
		mem->msg[i].fd_pad = 0;
	}
}

static void fill_wait(void)
{
	mem->arg.wait.dir = IPCX_DIR_RECV;
}

/* The ring of the queue, while it is mapped; not before it has to be. */
static struct mapped ring;

/* The second message has a descriptor riding along, and is being read. */
static void fill_take(void)
{
	struct ipcx_msg msg = {
		.buf = (uintptr_t)mem->buf[0], .len = SLOT_SIZE,
		.fds = (uintptr_t)&fds[ON_REGION], .fd_count = 1,
	};
	bool redelivered;

	assert_int_equal(transfer(fds[ON_QUEUE], IPCX_IOC_SEND, &msg, 1, 0), 1);
	mapped_open(&ring, fds[ON_QUEUE]);
	mapped_release(&ring, mapped_claim_recv(&ring, &redelivered));
	mem->arg.take.ticket = mapped_claim_recv(&ring, &redelivered);
	mem->arg.take.fds = (uintptr_t)mem->taken;
	mem->arg.take.fd_count = ARRAY_SIZE(mem->taken);
}

static void fill_peers(void)
{
	struct ipcx_peers *arg = &mem->arg.peers;

	memset(mem->peers, POISON, sizeof(mem->peers));
	arg->count = ARRAY_SIZE(mem->peers);
	arg->peers = (uintptr_t)mem->peers;
	arg->peer_size = sizeof(mem->peers[0]);
}

/* Somebody came and went. */
static void fill_events(void)
{
	struct ipcx_events *arg = &mem->arg.events;
	struct mapped m;

	mapped_open(&m, fds[ON_QUEUE]);
	mapped_close(&m);
	assert_soon(!object_stat(fds[ON_QUEUE]).repairing);
	memset(mem->events, POISON, sizeof(mem->events));
	arg->count = ARRAY_SIZE(mem->events);
	arg->event_size = sizeof(mem->events[0]);
	arg->events = (uintptr_t)mem->events;
	arg->missed = POISON;
}

#define IOCTL(n, type)	.name = #n, .cmd = IPCX_IOC_##n, .size = sizeof(type)
/* Its last member in the first version, of what has grown since. */
#define GREW(type, last)						\
	.first = offsetof(type, last) + sizeof(((type *)0)->last)
#define CTL		(1U << ON_CTL)
#define REGION		(1U << ON_REGION)
#define QUEUE		(1U << ON_QUEUE)
#define OBJECT		(REGION | QUEUE)

static const struct ioctl_case cases[] = {
	{ IOCTL(QUERY, struct ipcx_query), .on = CTL, .fill = fill_query,
	  .writes = true },
	{ IOCTL(REGION_CREATE, struct ipcx_region_create), .on = CTL,
	  .fill = fill_region_create, .opens = true,
	  .pad = offsetof(struct ipcx_region_create, fd),
	  .pointer = offsetof(struct ipcx_region_create, name) },
	{ IOCTL(QUEUE_CREATE, struct ipcx_queue_create), .on = CTL,
	  .fill = fill_queue_create, .opens = true,
	  .pointer = offsetof(struct ipcx_queue_create, name) },
	{ IOCTL(OPEN, struct ipcx_open), .on = CTL,
	  .fill = fill_open, .opens = true,
	  .pad = offsetof(struct ipcx_open, pad),
	  .pointer = offsetof(struct ipcx_open, name) },
	{ IOCTL(UNLINK, struct ipcx_unlink), .on = CTL, .fill = fill_unlink,
	  .pointer = offsetof(struct ipcx_unlink, name) },
	{ IOCTL(LIST, struct ipcx_list), .on = CTL, .fill = fill_list,
	  .pointer = offsetof(struct ipcx_list, stats) },
	{ IOCTL(STAT, struct ipcx_stat), .on = OBJECT, .fill = fill_stat,
	  .writes = true, GREW(struct ipcx_stat, name) },
	{ IOCTL(REOPEN, struct ipcx_reopen), .on = OBJECT,
	  .fill = fill_reopen, .opens = true,
	  .pad = offsetof(struct ipcx_reopen, pad) },
	{ IOCTL(SETATTR, struct ipcx_setattr), .on = OBJECT,
	  .fill = fill_setattr, .pad = offsetof(struct ipcx_setattr, pad) },
	{ IOCTL(RESIZE, struct ipcx_resize), .on = REGION, .fill = fill_resize },
	{ IOCTL(SEAL, struct ipcx_seal), .on = REGION, .fill = fill_seal,
	  .pad = offsetof(struct ipcx_seal, pad) },
	{ IOCTL(SEND, struct ipcx_transfer), .on = QUEUE, .fill = fill_send,
	  .pointer = offsetof(struct ipcx_transfer, msgs) },
	{ IOCTL(RECV, struct ipcx_transfer), .on = QUEUE, .fill = fill_recv,
	  .pointer = offsetof(struct ipcx_transfer, msgs) },
	{ IOCTL(WAIT, struct ipcx_wait), .on = QUEUE, .fill = fill_wait,
	  GREW(struct ipcx_wait, deadline_ns) },
	{ IOCTL(TAKE, struct ipcx_take), .on = QUEUE, .fill = fill_take,
	  .pointer = offsetof(struct ipcx_take, fds) },
	{ IOCTL(PEERS, struct ipcx_peers), .on = QUEUE, .fill = fill_peers,
	  .pad = offsetof(struct ipcx_peers, pad),
	  .pointer = offsetof(struct ipcx_peers, peers) },
	{ IOCTL(EVENTS, struct ipcx_events), .on = QUEUE, .fill = fill_events,
	  .pointer = offsetof(struct ipcx_events, events), .writes = true },
	{ .name = "WAKE", .cmd = IPCX_IOC_WAKE, .on = QUEUE },
	{ .name = "ATTACHMENT", .cmd = IPCX_IOC_ATTACHMENT, .on = QUEUE },
};

void refused(const struct ioctl_case *c, enum on on, void *arg, int expected,
	     const char *why)
{
	struct ipcx_stat region = object_stat(fds[ON_REGION]);
	struct ipcx_stat queue = object_stat(fds[ON_QUEUE]);
	struct ipcx_stat region_after, queue_after;
	int files = open_fds();
	int rc;

	before = *mem;
	rc = call(fds[on], c->cmd, arg);
	if (rc != expected)
		fail_msg("%s, %s: %d, expected %d", c->name, why, rc, expected);
	if (memcmp(mem, &before, sizeof(*mem)))
		fail_msg("%s, %s: memory was written", c->name, why);

	region_after = object_stat(fds[ON_REGION]);
	queue_after = object_stat(fds[ON_QUEUE]);
	if (memcmp(&region, &region_after, sizeof(region)))
		fail_msg("%s, %s: the region changed", c->name, why);
	if (memcmp(&queue, &queue_after, sizeof(queue)))
		fail_msg("%s, %s: the queue changed", c->name, why);
	if (open_fds() != files)
		fail_msg("%s, %s: a descriptor is left", c->name, why);
}

void accepted(const struct ioctl_case *c, enum on on, const char *why)
{
	int rc = call(fds[on], c->cmd, &mem->arg);

	if (rc < 0)
		fail_msg("%s, %s: %d", c->name, why, rc);
	if (c->opens) {
		assert_int_equal(fcntl(rc, F_GETFD), FD_CLOEXEC);
		close(rc);
	}
}

/* Those of a test that failed before its end are there still. */
void close_objects(void)
{
	for (enum on on = ON_REGION; on < ON_NR; on++)
		if (fds[on] > 0)
			close(fds[on]);
	memset(fds, 0, sizeof(fds));
	for (size_t i = 0; i < ARRAY_SIZE(mem->taken); i++)
		if (mem->taken[i] > 0)
			close(mem->taken[i]);
	if (!ring.ring)
		return;
	mapped_close(&ring);
	memset(&ring, 0, sizeof(ring));
	/* What rides on it goes when its attachment is repaired. */
	assert_soon(regions_alive() == 0);
}

void fresh_objects(const struct ioctl_case *c)
{
	close_objects();
	memset(mem, 0, sizeof(*mem));
	fds[ON_CTL] = ctl;
	fds[ON_REGION] = region_create("region", PAGE, 0, 0600);
	fds[ON_QUEUE] = queue("queue", .slot_size = SLOT_SIZE,
			      .flags = IPCX_QUEUE_MAPPABLE);
	assert_true(fds[ON_REGION] >= 0);
	assert_true(fds[ON_QUEUE] >= 0);
	assert_int_equal(send_u32(fds[ON_QUEUE], 1, IPCX_NO_WAIT), 1);

	if (c->size) {
		c->fill();
		mem->arg.head[0] = c->size;
	}
}

void with_fresh_objects(const struct ioctl_case *c, enum on on, rule_fn *rule)
{
	fresh_objects(c);
	rule(c, on);
	close_objects();
}

static void each(rule_fn *rule, bool placed, bool with_struct)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (enum on on = 0; on < ON_NR; on++)
			if (!!(cases[i].on & 1U << on) == placed &&
			    (cases[i].size || !with_struct))
				with_fresh_objects(&cases[i], on, rule);
}

void each_ioctl(rule_fn *rule)
{
	each(rule, true, false);
}

void each_struct(rule_fn *rule)
{
	each(rule, true, true);
}

void each_misplaced(rule_fn *rule)
{
	each(rule, false, false);
}
