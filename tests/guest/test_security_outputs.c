// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every byte that a call writes is defined. Each output is taken twice, into
 * memory that held another pattern before: a byte that is the caller's own both
 * times was not written, one that is the same both times was, and must be in
 * what the ABI says is written; anything else is a leak. And no text that the
 * module shows has an address in it. Memory that it hands out is
 * test_security_memory.c's.
 */
#include "dirty.h"
#include "mapped.h"
#include "peers.h"
#include "region.h"
#include "riders.h"

#include <ctype.h>
#include <dirent.h>

#define ROOM		4096

/* ---- outputs ---- */

/* Bytes that a call writes, or the caller did before. */
struct extent {
	size_t from, to;
};

#define EXTENTS_MAX	4

/* One output: fills in what the call reads, calls, and asserts that it worked. */
struct output {
	const char *name;
	void (*call)(uint8_t *room);
	struct extent written[EXTENTS_MAX];
};

/* The descriptors that the calls are on. */
static int region, works, news, wide;

static void *at(uint8_t *room, size_t offset)
{
	return room + offset;
}

static void out_query(uint8_t *room)
{
	struct ipcx_query *arg = at(room, 0);

	arg->size = sizeof(*arg);
	arg->flags = 0;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, arg), 0);
	assert_int_equal(arg->flags, 0);
}

static void out_query_larger(uint8_t *room)
{
	struct ipcx_query *arg = at(room, 0);

	memset(arg, 0, sizeof(*arg) + 64);
	arg->size = sizeof(*arg) + 64;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, arg), 0);
	for (size_t i = sizeof(*arg); i < sizeof(*arg) + 64; i++)
		assert_int_equal(room[i], 0);
}

/* A string ends, and so does what it is in. */
static void zero_behind(const char *text, size_t room)
{
	for (size_t i = strnlen(text, room); i < room; i++)
		assert_int_equal(text[i], 0);
	assert_int_equal(text[room - 1], 0);
}

static void check_stat(const struct ipcx_stat *st)
{
	assert_int_equal(st->flags, 0);
	assert_int_equal(st->pad, 0);
	zero_behind(st->name, sizeof(st->name));
}

static void stat_of(uint8_t *room, int fd, uint32_t size)
{
	struct ipcx_stat *arg = at(room, 0);

	arg->size = size;
	arg->flags = 0;
	if (size > sizeof(*arg))
		memset(arg + 1, 0, size - sizeof(*arg));
	assert_int_equal(call(fd, IPCX_IOC_STAT, arg), 0);
	assert_int_equal(arg->size, size);
	check_stat(arg);
	if (size >= sizeof(*arg))
		zero_behind(arg->holder_comm, sizeof(arg->holder_comm));
}

#define STAT_FIRST	(offsetof(struct ipcx_stat, name) + IPCX_NAME_MAX + 1)
#define STAT_SECOND	offsetof(struct ipcx_stat, made_ns)

static void out_stat_region(uint8_t *room)
{
	stat_of(room, region, sizeof(struct ipcx_stat));
}

static void out_stat_queue(uint8_t *room)
{
	stat_of(room, wide, sizeof(struct ipcx_stat));
}

static void out_stat_first(uint8_t *room)
{
	stat_of(room, wide, STAT_FIRST);
}

static void out_stat_second(uint8_t *room)
{
	stat_of(room, wide, STAT_SECOND);
}

static void out_stat_larger(uint8_t *room)
{
	stat_of(room, wide, sizeof(struct ipcx_stat) + 40);
}

/* The array is behind the argument; it has room for more than there are. */
#define ARRAY		64

static void list(uint8_t *room, uint32_t size)
{
	struct ipcx_list *arg = at(room, 0);

	*arg = (struct ipcx_list) {
		.size = sizeof(*arg), .stats = (uintptr_t)room + ARRAY,
		.count = 8, .stat_size = size,
	};
	assert_int_equal(call(ctl, IPCX_IOC_LIST, arg), 4);
	for (int i = 0; i < 4; i++)
		check_stat(at(room, ARRAY + i * size));
}

static void out_list(uint8_t *room)
{
	list(room, sizeof(struct ipcx_stat));
}

static void out_list_first(uint8_t *room)
{
	list(room, STAT_FIRST);
}

static void peers(uint8_t *room, uint32_t size)
{
	struct ipcx_peers *arg = at(room, 0);

	*arg = (struct ipcx_peers) {
		.size = sizeof(*arg), .count = 8, .peer_size = size,
		.peers = (uintptr_t)room + ARRAY,
	};
	assert_int_equal(call(wide, IPCX_IOC_PEERS, arg), 2);
	for (int i = 0; i < 2; i++) {
		struct ipcx_peer *peer = at(room, ARRAY + i * size);

		zero_behind(peer->comm, sizeof(peer->comm));
	}
}

#define PEER_FIRST	offsetof(struct ipcx_peer, recent_count)

static void out_peers(uint8_t *room)
{
	peers(room, sizeof(struct ipcx_peer));
}

static void out_peers_first(uint8_t *room)
{
	peers(room, PEER_FIRST);
}

/* Somebody came, went, and came again. */
static void out_events(uint8_t *room)
{
	struct ipcx_events *arg = at(room, 0);
	struct ipcx_event *events = at(room, ARRAY);

	*arg = (struct ipcx_events) {
		.size = sizeof(*arg), .flags = IPCX_EVENTS_REWIND, .count = 8,
		.event_size = sizeof(*events), .events = (uintptr_t)events,
	};
	assert_int_equal(call(wide, IPCX_IOC_EVENTS, arg), 3);
	assert_int_equal(arg->missed, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(events[i].pad, 0);
		zero_behind(events[i].comm, sizeof(events[i].comm));
	}
}

/* Messages: the array, then descriptors, then the payload. */
#define FDS		256
#define PAYLOAD		512
#define MSG_FIRST	offsetof(struct ipcx_msg, fds)

#define LONG_TEXT	"what another one received before, all of it"
#define SHORT_TEXT	"less"

/* A slot that had a longer message before has this one. */
static void send_short(int fd, bool with_rider)
{
	uint8_t buf[64];
	struct ipcx_msg msg;

	assert_int_equal(send_msg(fd, 0, LONG_TEXT, sizeof(LONG_TEXT), 0), 1);
	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, 0), 1);
	msg = (struct ipcx_msg) {
		.buf = (uintptr_t)SHORT_TEXT, .len = sizeof(SHORT_TEXT),
		.fds = (uintptr_t)&region, .fd_count = with_rider,
	};
	assert_int_equal(transfer(fd, IPCX_IOC_SEND, &msg, 1, 0), 1);
}

static struct ipcx_msg *recv_into(uint8_t *room, int fd, uint32_t size,
				  uint32_t flags)
{
	struct ipcx_transfer *arg = at(room, 0);
	struct ipcx_msg *msg = at(room, ARRAY);
	struct ipcx_msg in = {
		.buf = (uintptr_t)room + PAYLOAD, .len = 64,
		.fds = (uintptr_t)room + FDS, .fd_count = 4,
	};

	*arg = (struct ipcx_transfer) {
		.size = sizeof(*arg), .flags = flags, .count = 1,
		.msgs = (uintptr_t)msg, .msg_size = size,
	};
	memcpy(msg, &in, size);
	assert_int_equal(call(fd, IPCX_IOC_RECV, arg), 1);
	assert_int_equal(msg->len, sizeof(SHORT_TEXT));
	assert_int_equal(msg->pad, 0);
	if (size == sizeof(*msg))
		assert_int_equal(msg->fd_pad, 0);
	return msg;
}

/* Its place is told; the second time it is another. */
static void receive(uint8_t *room, int fd, uint32_t size, uint32_t flags,
		    bool with_rider)
{
	static uint8_t scratch[ROOM] __attribute__((aligned(8)));
	struct ipcx_msg *msg;

	send_short(fd, with_rider);
	msg = recv_into(room, fd, size, flags);
	assert_int_equal(msg->ticket % 2, 1);
	msg->ticket = 0;
	if (size == sizeof(*msg) && msg->fd_count)
		close(*(int *)at(room, FDS));
	if (flags)
		recv_into(scratch, fd, size, 0);
}

static void out_recv(uint8_t *room)
{
	receive(room, works, sizeof(struct ipcx_msg), 0, false);
}

static void out_recv_first(uint8_t *room)
{
	receive(room, works, MSG_FIRST, 0, false);
}

static void out_recv_rider(uint8_t *room)
{
	receive(room, works, sizeof(struct ipcx_msg), 0, true);
}

static void out_peek(uint8_t *room)
{
	receive(room, works, sizeof(struct ipcx_msg), IPCX_RECV_PEEK, false);
}

static void out_recv_broadcast(uint8_t *room)
{
	receive(room, news, sizeof(struct ipcx_msg), 0, false);
}

static void out_take(uint8_t *room)
{
	struct ipcx_take *arg = at(room, 0);
	struct mapped m;
	bool redelivered;

	send_short(works, true);
	mapped_open(&m, works);
	*arg = (struct ipcx_take) {
		.size = sizeof(*arg), .fd_count = 4,
		.ticket = mapped_claim_recv(&m, &redelivered),
		.fds = (uintptr_t)room + FDS,
	};
	assert_int_equal(call(works, IPCX_IOC_TAKE, arg), 1);
	mapped_release(&m, arg->ticket);
	arg->ticket = 0;
	mapped_close(&m);
	close(*(int *)at(room, FDS));
}

#define STRUCT(type)	{ 0, sizeof(struct type) }
#define BEHIND(n)	{ ARRAY, ARRAY + (n) }
#define TEXT		{ PAYLOAD, PAYLOAD + sizeof(SHORT_TEXT) }
#define ONE_FD		{ FDS, FDS + sizeof(int) }

static const struct output outputs[] = {
	{ "QUERY", out_query, { STRUCT(ipcx_query) } },
	{ "QUERY, larger", out_query_larger,
	  { { 0, sizeof(struct ipcx_query) + 64 } } },
	{ "STAT, region", out_stat_region, { STRUCT(ipcx_stat) } },
	{ "STAT, queue", out_stat_queue, { STRUCT(ipcx_stat) } },
	{ "STAT, first", out_stat_first, { { 0, STAT_FIRST } } },
	{ "STAT, second", out_stat_second, { { 0, STAT_SECOND } } },
	{ "STAT, larger", out_stat_larger,
	  { { 0, sizeof(struct ipcx_stat) + 40 } } },
	{ "LIST", out_list, { STRUCT(ipcx_list),
			      BEHIND(4 * sizeof(struct ipcx_stat)) } },
	{ "LIST, first", out_list_first, { STRUCT(ipcx_list),
					   BEHIND(4 * STAT_FIRST) } },
	{ "PEERS", out_peers, { STRUCT(ipcx_peers),
				BEHIND(2 * sizeof(struct ipcx_peer)) } },
	{ "PEERS, first", out_peers_first, { STRUCT(ipcx_peers),
					     BEHIND(2 * PEER_FIRST) } },
	{ "EVENTS", out_events, { STRUCT(ipcx_events),
				  BEHIND(3 * sizeof(struct ipcx_event)) } },
	{ "RECV", out_recv, { STRUCT(ipcx_transfer),
			      BEHIND(sizeof(struct ipcx_msg)), TEXT } },
	{ "RECV, first", out_recv_first, { STRUCT(ipcx_transfer),
					   BEHIND(MSG_FIRST), TEXT } },
	{ "RECV, rider", out_recv_rider, { STRUCT(ipcx_transfer), ONE_FD,
					   BEHIND(sizeof(struct ipcx_msg)),
					   TEXT } },
	{ "RECV, peek", out_peek, { STRUCT(ipcx_transfer),
				    BEHIND(sizeof(struct ipcx_msg)), TEXT } },
	{ "RECV, broadcast", out_recv_broadcast,
	  { STRUCT(ipcx_transfer), BEHIND(sizeof(struct ipcx_msg)), TEXT } },
	{ "TAKE", out_take, { STRUCT(ipcx_take), ONE_FD } },
};

static bool is_written(const struct output *out, size_t i)
{
	for (int e = 0; e < EXTENTS_MAX; e++)
		if (i >= out->written[e].from && i < out->written[e].to)
			return true;
	return false;
}

static void check_output(const struct output *out, uint8_t *room)
{
	static const uint8_t pattern[2] = { 0xa5, 0x5a };
	static uint8_t seen[2][ROOM];

	for (int run = 0; run < 2; run++) {
		memset(room, pattern[run], ROOM);
		dirty_kernel();
		out->call(room);
		memcpy(seen[run], room, ROOM);
	}
	for (size_t i = 0; i < ROOM; i++) {
		bool defined = seen[0][i] == seen[1][i];
		bool untouched = seen[0][i] == pattern[0] &&
				 seen[1][i] == pattern[1];

		if (is_written(out, i) ? !defined : !untouched)
			fail_msg("%s, byte %zu: %#x and %#x", out->name, i,
				 seen[0][i], seen[1][i]);
	}
}

static void test_outputs(void **state)
{
	static uint8_t room[ROOM] __attribute__((aligned(8)));
	struct mapped m;

	(void)state;
	region = region_create("a region", PAGE, 0, 0600);
	works = queue(NULL, .slots = 1, .flags = IPCX_QUEUE_MAPPABLE);
	news = queue(NULL, .slots = 1, .flags = IPCX_QUEUE_BROADCAST);
	wide = queue("q", .lanes = 3, .flags = IPCX_QUEUE_MAPPABLE);
	mapped_open(&m, wide);
	mapped_close(&m);
	assert_soon(!object_stat(wide).repairing);
	mapped_open(&m, wide);
	/* What it holds stands in the way, and is told. */
	mapped_claim_send(&m);
	assert_int_equal(object_stat(wide).holder, m.me);
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
		check_output(&outputs[i], room);
	mapped_close(&m);
	close(wide);
	close(news);
	close(works);
	close(region);
}

/* ---- text ---- */

/* Addresses of the kernel are 16 hexadecimal digits, ff first; hashed, zeros. */
static bool shows_address(const char *text)
{
	size_t digits = 0;

	for (; *text; text++) {
		digits = isxdigit((unsigned char)*text) ? digits + 1 : 0;
		if (digits == 16 && (!strncasecmp(text - 15, "ff", 2) ||
				     !strncmp(text - 15, "00000000", 8)))
			return true;
	}
	return false;
}

static void check_text(const char *dir, const char *name)
{
	char path[512], text[16 * 1024];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	/* Directories hold others, and some files none of the kind. */
	if (!file) {
		assert_int_equal(errno, ENOTDIR);
		return;
	}
	n = fread(text, 1, sizeof(text) - 1, file);
	if (ferror(file))
		assert_int_equal(errno, EISDIR);
	fclose(file);
	text[n] = '\0';
	if (strlen(text) != n)
		fail_msg("%s: a NUL", path);
	if (shows_address(text) || strstr(text, "%p"))
		fail_msg("%s shows an address", path);
}

static void check_texts(const char *dir, const char *file)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int seen = 0;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[300];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", entry->d_name,
			 file ? file : "");
		check_text(dir, file ? path : entry->d_name);
		seen++;
	}
	closedir(d);
	assert_true(seen > 1);
}

static void test_texts_show_no_address(void **state)
{
	int fd = region_create("ffff888000000000", PAGE, 0, 0600);
	int q = queue("shown", .flags = IPCX_QUEUE_MAPPABLE);
	char path[64];
	struct mapped m;

	(void)state;
	/* The test sees one, if there is one. */
	assert_true(shows_address(object_stat(fd).name));
	close(fd);
	fd = region_create("r", PAGE, 0, 0600);
	mapped_open(&m, q);
	assert_true(mapped_claim_send(&m) != NO_TICKET);

	check_texts("/sys/kernel/debug/ipcx", NULL);
	check_texts("/sys/kernel/debug/ipcx/objects", "stat");
	snprintf(path, sizeof(path), "/sys/kernel/debug/ipcx/objects/%llu",
		 (unsigned long long)object_stat(q).id);
	check_texts(path, NULL);
	check_texts("/proc/self/fdinfo", NULL);
	check_texts("/sys/kernel/debug/tracing/events/ipcx", "format");
	mapped_close(&m);
	close(q);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_texts_show_no_address),
	};

	return guest_run(tests);
}
