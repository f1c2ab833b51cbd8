// SPDX-License-Identifier: GPL-2.0-only
/* When an object was made, who slept and was woken, how long messages are of late. */
#include "mapped.h"
#include "peers.h"

#define RECENT	256

static void test_when_it_was_made(void **state)
{
	/* The clock of made_ns is as coarse as the ticks of the kernel. */
	uint64_t before = now_ns() - 1000000000, made;
	int fd = queue(NULL);

	(void)state;
	made = object_stat(fd).made_ns;
	assert_in_range(made, before, now_ns());
	nap();
	assert_int_equal(object_stat(fd).made_ns, made);
	close(fd);
}

static uint64_t waits(int fd, uint32_t dir)
{
	struct ipcx_stat st = object_stat(fd);

	return dir == IPCX_DIR_RECV ? st.waits_recv : st.waits_send;
}

static uint64_t wakes(int fd, uint32_t dir)
{
	struct ipcx_stat st = object_stat(fd);

	return dir == IPCX_DIR_RECV ? st.wakes_recv : st.wakes_send;
}

/* A sleeper of each direction in turn, woken by what it waits for. */
static void test_waits_and_wakes(void **state)
{
	int fd = queue(NULL, .slots = 1);

	(void)state;
	for (uint32_t dir = IPCX_DIR_RECV; dir <= IPCX_DIR_SEND; dir++) {
		pid_t pid = child_fork();
		uint32_t value;

		if (!pid) {
			assert_int_equal(queue_wait(fd, dir, 0, in_ms(LONG_ENOUGH)), 0);
			child_done();
		}
		assert_soon(waits(fd, dir) == 1);
		assert_int_equal(wakes(fd, dir), 0);
		if (dir == IPCX_DIR_RECV)
			assert_int_equal(send_u32(fd, 1, 0), 1);
		else
			assert_int_equal(recv_u32(fd, &value, 0), 1);
		child_ok(pid);
		assert_int_equal(waits(fd, dir), 1);
		assert_int_equal(wakes(fd, dir), 1);
	}
	/* What need not wait is not counted, nor what nobody waits for. */
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, IPCX_FOREVER), 0);
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(send_u32(fd, 1, 0), 1);
	assert_int_equal(waits(fd, IPCX_DIR_RECV), 1);
	assert_int_equal(waits(fd, IPCX_DIR_SEND), 1);
	assert_int_equal(wakes(fd, IPCX_DIR_RECV), 1);
	close(fd);
}

/* Who polls is woken too, and who maps the ring tells so by WAKE. */
static void test_wakes_of_a_poller(void **state)
{
	int fd = queue(NULL);

	(void)state;
	assert_int_equal(poll_now(fd, POLLIN), 0);
	assert_int_equal(call(fd, IPCX_IOC_WAKE, (void *)(long)IPCX_WAKE_RECV), 0);
	assert_int_equal(wakes(fd, IPCX_DIR_RECV), 1);
	assert_int_equal(waits(fd, IPCX_DIR_RECV), 0);
	assert_int_equal(wakes(fd, IPCX_DIR_SEND), 0);
	close(fd);
}

static void check_recent(int fd, uint64_t count, uint64_t bytes)
{
	struct ipcx_stat st = object_stat(fd);

	assert_int_equal(st.recent_count, count);
	assert_int_equal(st.recent_bytes, bytes);
}

static void send_long(int fd, uint32_t lane, uint32_t len)
{
	char buf[64] = { 0 };

	assert_int_equal(send_msg(fd, lane, buf, len, IPCX_NO_WAIT), 1);
}

static void take(int fd)
{
	struct ipcx_msg msg;
	char buf[64];

	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, IPCX_NO_WAIT), 1);
}

static void test_recent_lengths(void **state)
{
	int fd = queue(NULL, .slots = 4, .lanes = 2);

	(void)state;
	check_recent(fd, 0, 0);
	send_long(fd, 0, 10);
	send_long(fd, 1, 20);
	check_recent(fd, 2, 30);
	/* Received or not, until another takes the slot. */
	take(fd);
	take(fd);
	check_recent(fd, 2, 30);
	for (int i = 0; i < 5; i++) {
		send_long(fd, 0, 1);
		take(fd);
	}
	check_recent(fd, 5, 24);
	close(fd);
}

/* A large ring is not walked through for it. */
static void test_recent_is_bounded(void **state)
{
	int fd = queue(NULL, .slots = 1024);

	(void)state;
	for (int i = 0; i < 10; i++)
		send_long(fd, 0, 50);
	for (int i = 0; i < RECENT; i++)
		send_long(fd, 0, 3);
	check_recent(fd, RECENT, 3 * RECENT);
	close(fd);
}

static void test_recent_of_broadcast(void **state)
{
	int fd = queue(NULL, .slots = 4, .flags = IPCX_QUEUE_BROADCAST);

	(void)state;
	check_recent(fd, 0, 0);
	for (uint32_t i = 0; i < 6; i++)
		send_long(fd, 0, i);
	check_recent(fd, 4, 2 + 3 + 4 + 5);
	close(fd);
}

/* Claims are no messages; nor is what was given up. A length is believed within bounds. */
static void test_recent_of_a_mapped_ring(void **state)
{
	int fd = queue(NULL, .slots = 4, .flags = IPCX_QUEUE_MAPPABLE);
	uint64_t ticket;
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	ticket = mapped_claim_send(&m);
	check_recent(fd, 0, 0);
	mapped_abort(&m, ticket);
	check_recent(fd, 0, 0);
	ticket = mapped_claim_send(&m);
	mapped_commit(&m, ticket, 1);
	check_recent(fd, 1, 4);
	assert_int_equal(peer_of(fd, m.me).recent_count, 1);
	assert_int_equal(peer_of(fd, m.me).recent_bytes, 4);
	mapped_slot(&m, ticket)->len = UINT32_MAX;
	check_recent(fd, 1, 64);

	send_long(fd, 0, 7);
	check_recent(fd, 2, 71);
	assert_int_equal(peer_of(fd, m.me).recent_count, 1);
	assert_int_equal(peer_of(fd, IPCX_OWNER_KERNEL).recent_count, 1);
	assert_int_equal(peer_of(fd, IPCX_OWNER_KERNEL).recent_bytes, 7);
	mapped_lane(&m)->tail = UINT64_MAX;
	check_recent(fd, 0, 0);
	mapped_close(&m);
	close(fd);
}

/* A caller built with an earlier header has entries of the size they had then. */
static void test_entries_of_earlier_sizes(void **state)
{
	static const uint32_t sizes[] = {
		offsetof(struct ipcx_stat, holder), offsetof(struct ipcx_stat, made_ns),
		sizeof(struct ipcx_stat),
	};
	int fd = queue("q", .flags = IPCX_QUEUE_MAPPABLE);
	struct ipcx_stat st = object_stat(fd);
	char room[2 * sizeof(struct ipcx_stat)];
	struct ipcx_peers peers = {
		.size = sizeof(peers), .count = 2, .peers = (uintptr_t)room,
		.peer_size = offsetof(struct ipcx_peer, recent_count),
	};
	struct mapped m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct ipcx_list list = {
			.size = sizeof(list), .after = st.id - 1,
			.stats = (uintptr_t)room, .count = 2,
			.stat_size = sizes[i],
		};

		memset(room, POISON, sizeof(room));
		assert_int_equal(call(ctl, IPCX_IOC_LIST, &list), 1);
		assert_int_equal(*(uint32_t *)room, sizes[i]);
		assert_memory_equal(room + 4, (char *)&st + 4,
				    offsetof(struct ipcx_stat, rights) - 4);
		assert_int_equal((uint8_t)room[sizes[i]], POISON);
	}
	mapped_open(&m, fd);
	memset(room, POISON, sizeof(room));
	assert_int_equal(call(fd, IPCX_IOC_PEERS, &peers), 2);
	/* Of the second entry, the id: it follows the first at once. */
	assert_int_equal(*(uint32_t *)(room + peers.peer_size), m.me);
	assert_int_equal((uint8_t)room[2 * peers.peer_size], POISON);
	mapped_close(&m);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when_it_was_made),
		cmocka_unit_test(test_waits_and_wakes),
		cmocka_unit_test(test_wakes_of_a_poller),
		cmocka_unit_test(test_recent_lengths),
		cmocka_unit_test(test_recent_is_bounded),
		cmocka_unit_test(test_recent_of_broadcast),
		cmocka_unit_test(test_recent_of_a_mapped_ring),
		cmocka_unit_test(test_entries_of_earlier_sizes),
	};

	return guest_run(tests);
}
