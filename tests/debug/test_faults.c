// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every ioctl with faults injected, in its valid use of abi.c; and again as of a
 * newer header, whose structure is larger and read by copy_from_user().
 */
#include "fault.h"
#include "state.h"
#include "../guest/abi.h"
#include "../guest/mapped.h"
#include "../guest/region.h"

/* What a fault can lead to, of what is not the structure alone. */
static const struct row {
	unsigned long cmd;
	bool allocates;			/* -ENOMEM */
	bool copies;			/* -EFAULT */
	bool writes;			/* an entry, before its structure */
} rows[] = {
	{ .cmd = IPCX_IOC_QUERY, .copies = true },
	{ .cmd = IPCX_IOC_REGION_CREATE, .allocates = true, .copies = true },
	{ .cmd = IPCX_IOC_QUEUE_CREATE, .allocates = true, .copies = true },
	{ .cmd = IPCX_IOC_OPEN, .allocates = true, .copies = true },
	{ .cmd = IPCX_IOC_UNLINK, .copies = true },
	{ .cmd = IPCX_IOC_LIST, .copies = true },
	{ .cmd = IPCX_IOC_STAT, .copies = true },
	{ .cmd = IPCX_IOC_REOPEN, .allocates = true },
	{ .cmd = IPCX_IOC_SETATTR },
	{ .cmd = IPCX_IOC_RESIZE },
	{ .cmd = IPCX_IOC_SEAL },
	{ .cmd = IPCX_IOC_SEND },
	{ .cmd = IPCX_IOC_RECV },
	{ .cmd = IPCX_IOC_WAIT },
	{ .cmd = IPCX_IOC_WAKE },
	{ .cmd = IPCX_IOC_ATTACHMENT },
	{ .cmd = IPCX_IOC_TAKE, .allocates = true, .copies = true },
	{ .cmd = IPCX_IOC_PEERS, .allocates = true, .copies = true },
	{ .cmd = IPCX_IOC_EVENTS, .copies = true, .writes = true },
};

static const struct row *row_of(unsigned long cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!((rows[i].cmd ^ cmd) & ~(unsigned long)IOCSIZE_MASK))
			return &rows[i];
	return NULL;
}

/* The one that is being tested. */
static const struct ioctl_case *tested;
static enum on tested_on;
static size_t more;			/* bytes that its structure is larger by */
static struct mapped ring;

/* PEERS then has a second peer to tell of. */
static bool maps_ring(void)
{
	return tested->cmd == IPCX_IOC_ATTACHMENT || tested->cmd == IPCX_IOC_PEERS;
}

static void setup(void)
{
	fresh_objects(tested);
	if (tested->size)
		mem->arg.head[0] = tested->size + more;
	if (maps_ring())
		mapped_open(&ring, fds[ON_QUEUE]);
	else if (tested->cmd == IPCX_IOC_EVENTS)
		/* Who went is told of a moment before it is counted no more. */
		assert_soon(!user_count(0, "attachments "));
}

static long make_call(void)
{
	void *arg = tested->cmd == IPCX_IOC_WAKE ? (void *)IPCX_WAKE_RECV : NULL;

	return call(fds[tested_on], tested->cmd, tested->size ? &mem->arg : arg);
}

/* Of an array what is not told is not written. */
static void check_rest(const void *array, size_t size, size_t entry, long filled)
{
	const uint8_t *bytes = array;

	for (size_t i = (size_t)filled * entry; i < size; i++) {
		if (bytes[i] != POISON) {
			complain("told %ld, and wrote more", filled);
			return;
		}
	}
}
#define CHECK_REST(array, filled) \
	check_rest(array, sizeof(array), sizeof((array)[0]), filled)

/* No event is lost, whatever failed before it was told. */
static void check_events(long got)
{
	struct ipcx_event *last = &mem->events[got - 1];

	if (mem->arg.events.missed || mem->events[0].seq != 1 ||
	    last->seq != (uint64_t)got)
		complain("events %llu to %llu, %llu missed",
			 (unsigned long long)mem->events[0].seq,
			 (unsigned long long)last->seq,
			 (unsigned long long)mem->arg.events.missed);
	if (got < 2 && (make_call() != 1 || mem->arg.events.missed ||
			mem->events[0].seq != 2))
		complain("the second event is lost");
}

static void done(long ret)
{
	if (tested->opens)
		use_and_close(ret);
	if (tested->cmd == IPCX_IOC_LIST)
		CHECK_REST(mem->stats, ret);
	if (tested->cmd == IPCX_IOC_PEERS)
		CHECK_REST(mem->peers, ret);
	if (tested->cmd == IPCX_IOC_EVENTS)
		check_events(ret);
}

static void teardown(void)
{
	if (maps_ring())
		mapped_close(&ring);
	close_objects();
}

static void rule_faults(const struct ioctl_case *c, enum on on)
{
	static const char *const places[] = { "device", "region", "queue" };
	const struct row *row = row_of(c->cmd);
	char name[64];

	tested = c;
	tested_on = on;
	for (more = 0; more <= (c->size ? 8 : 0); more += 8) {
		struct fault_case fault = {
			.name = name, .setup = setup, .call = make_call,
			.done = done, .teardown = teardown, .writes = row->writes,
		};
		size_t n = 0;

		snprintf(name, sizeof(name), "%s on the %s%s", c->name, places[on],
			 more ? ", larger" : "");
		if (row->allocates)
			fault.errnos[n++] = ENOMEM;
		if (row->copies || more)
			fault.errnos[n++] = EFAULT;
		inject(&fault);
	}
}

static void test_ioctls(void **state)
{
	(void)state;
	each_ioctl(rule_faults);
	no_complaints();
}

static bool has_row(unsigned long cmd)
{
	return row_of(cmd);
}

static void test_every_ioctl_has_a_row(void **state)
{
	int region = region_create(NULL, PAGE, 0, 0600), q = queue(NULL, 0);

	(void)state;
	every_ioctl_has_a_row(region, q, has_row);
	close(region);
	close(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_ioctl_has_a_row),
		cmocka_unit_test(test_ioctls),
	};

	abi_init();
	return fault_run(tests);
}
