// SPDX-License-Identifier: GPL-2.0-only
/* Who maps a queue, as IPCX_IOC_PEERS lists it, and what each has dropped. */
#include "lib.h"
#include "mapped.h"
#include "peers.h"

#include <sched.h>
#include <sys/prctl.h>

#define SLOTS	4
#define ALL	1024

static int mappable(uint32_t flags)
{
	int fd = queue(NULL, .slots = SLOTS, .lanes = 1,
		       .flags = flags | IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

static __u64 *drops_of(const struct mapped *m)
{
	assert_true(m->kpage->drops_offset >= IPCX_RING_LANES +
		    m->kpage->lanes * sizeof(struct ipcx_lane));
	assert_true(m->kpage->drops_offset + IPCX_DROPS_COUNT * sizeof(__u64) <=
		    m->kpage->slots_offset);
	return (void *)((char *)m->ring + m->kpage->drops_offset);
}

/* What SEND and RECV do is a peer that is always there. */
static void test_the_kernel(void **state)
{
	int fd = queue(NULL);
	struct ipcx_peer peer[2], expected = {
		.id = IPCX_OWNER_KERNEL, .state = IPCX_PEER_LIVE,
		.comm = "kernel",
	};

	(void)state;
	memset(peer, POISON, sizeof(peer));
	assert_int_equal(peers_get(fd, 0, peer, 2), 1);
	assert_memory_equal(&peer[0], &expected, sizeof(expected));
	assert_int_equal(*(uint8_t *)&peer[1], POISON);
	assert_int_equal(peers_get(fd, IPCX_OWNER_KERNEL, peer, 2), 0);
	assert_int_equal(peers_get(fd, UINT32_MAX, peer, 2), 0);
	close(fd);
}

/* A child that maps the queue by these rights and claims one of each. */
static pid_t start_peer(int fd, uint32_t rights, _Atomic uint32_t *me)
{
	pid_t pid = child_fork();
	bool redelivered;
	struct mapped m;

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "a peer");
	fd = object_reopen(fd, rights | IPCX_RIGHT_MAP);
	mapped_open(&m, fd);
	if (rights & IPCX_RIGHT_RECV)
		mapped_claim_recv(&m, &redelivered);
	if (rights & IPCX_RIGHT_SEND)
		mapped_claim_send(&m);
	*me = m.me;
	for (;;)
		pause();
}

static void test_list(void **state)
{
	enum { PEERS = 3 };
	static const uint32_t rights[PEERS] = {
		IPCX_RIGHT_SEND, IPCX_RIGHT_RECV, BOTH,
	};
	_Atomic uint32_t *me = shared_words();
	struct ipcx_peer peer[PEERS + 2], one;
	int fd = mappable(0);
	pid_t pid[PEERS];
	uint32_t after = 0;

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(send_u32(fd, i, 0), 1);
	for (int i = 0; i < PEERS; i++) {
		pid[i] = start_peer(fd, rights[i], &me[i]);
		assert_soon(me[i]);
	}
	assert_int_equal(peers_get(fd, 0, peer, PEERS + 2), PEERS + 1);
	assert_int_equal(peer[0].id, IPCX_OWNER_KERNEL);
	for (int i = 0; i < PEERS; i++) {
		const struct ipcx_peer *p = &peer[i + 1];

		assert_int_equal(p->id, me[i]);
		assert_true(p->id > peer[i].id);
		assert_int_equal(p->pid, pid[i]);
		assert_int_equal(p->state, IPCX_PEER_LIVE);
		assert_int_equal(p->rights, rights[i] | IPCX_RIGHT_MAP);
		assert_int_equal(p->writing, !!(rights[i] & IPCX_RIGHT_SEND));
		assert_int_equal(p->reading, !!(rights[i] & IPCX_RIGHT_RECV));
		assert_int_equal(p->dropped, 0);
		assert_string_equal(p->comm, "a peer");
	}
	/* One by one it is the same. */
	for (int i = 0; i <= PEERS; i++) {
		assert_int_equal(peers_get(fd, after, &one, 1), 1);
		assert_memory_equal(&one, &peer[i], sizeof(one));
		after = one.id;
	}
	assert_int_equal(peers_get(fd, after, &one, 1), 0);
	for (int i = 0; i < PEERS; i++)
		child_kill(pid[i]);
	assert_soon(peers_get(fd, 0, peer, PEERS + 2) == 1);
	close(fd);
	shared_free(me);
}

/* Who maps it by two descriptors may do what both allow. */
static void test_rights_of_two(void **state)
{
	int fd = mappable(0);
	int send = object_reopen(fd, IPCX_RIGHT_SEND | IPCX_RIGHT_MAP);
	int recv = object_reopen(fd, IPCX_RIGHT_RECV | IPCX_RIGHT_MAP);
	struct mapped a, b;

	(void)state;
	mapped_open(&a, send);
	assert_int_equal(peer_of(fd, a.me).rights,
			 IPCX_RIGHT_SEND | IPCX_RIGHT_MAP);
	mapped_open(&b, recv);
	assert_int_equal(peer_of(fd, a.me).rights, BOTH | IPCX_RIGHT_MAP);
	mapped_close(&a);
	mapped_close(&b);
	close(send);
	close(recv);
	close(fd);
}

/* Who reads the list sees pids of its own namespace. */
static void test_pid_namespace(void **state)
{
	int fd = mappable(0);
	struct mapped m;
	pid_t pid;

	(void)state;
	mapped_open(&m, fd);
	pid = child_fork();
	if (!pid) {
		struct ipcx_event event;
		struct mapped own;

		assert_int_equal(unshare(CLONE_NEWPID), 0);
		pid = child_fork();
		if (pid) {
			child_ok(pid);
			child_done();
		}
		mapped_open(&own, fd);
		assert_int_equal(peer_of(fd, m.me).pid, 0);
		assert_int_equal(peer_of(fd, own.me).pid, 1);
		assert_int_equal(events_get(fd, &event, 1, NULL), 1);
		assert_int_equal(event.attachment, m.me);
		assert_int_equal(event.pid, 0);
		child_done();
	}
	child_ok(pid);
	mapped_close(&m);
	close(fd);
}

/* ---- drops ---- */

static void drop_some(struct ipcx_queue *q, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
}

static void test_drops_by_who_drops(void **state)
{
	struct ipcx_queue *mine = create_q(MAPPED, BOTH, IPCX_QUEUE_DROP_OLDEST, 1);
	struct ipcx_queue *mediated = open_q(MEDIATED, IPCX_RIGHT_SEND);
	int fd = ipcx_queue_fd(mine);
	_Atomic uint32_t *words = shared_words();
	pid_t pid = child_fork();
	struct ipcx_peer peer[4];

	(void)state;
	if (!pid) {
		struct ipcx_queue *its = open_q(MAPPED, BOTH);

		assert_soon(words[0]);
		drop_some(its, 5);
		words[1] = mapped_attachment(ipcx_queue_fd(its));
		for (;;)
			pause();
	}
	drop_some(mine, SLOTS + 3);
	drop_some(mediated, 2);
	words[0] = 1;
	assert_soon(words[1]);
	assert_int_equal(ipcx_queue_peers(mine, 0, peer, 4), 3);
	assert_int_equal(peer[0].dropped, 2);
	assert_int_equal(peer[1].dropped, 3);
	assert_int_equal(peer[2].dropped, 5);
	assert_int_equal(peer[2].id, words[1]);
	assert_int_equal(stat_q(mine).dropped, 10);

	/* What went with its peer, the queue as a whole remembers. */
	child_kill(pid);
	assert_soon(peers_get(fd, 0, peer, 4) == 2);
	assert_int_equal(stat_q(mine).dropped, 10);
	ipcx_queue_close(mediated);
	ipcx_queue_close(mine);
	shared_free(words);
}

/* Without a table all drops are the kernel's. */
static void test_drops_of_a_queue_without_ring(void **state)
{
	int fd = queue(NULL, .slots = 2, .lanes = 2,
		       .flags = IPCX_QUEUE_DROP_OLDEST);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		for (uint32_t lane = 0; lane < 2; lane++)
			assert_int_equal(send_msg(fd, lane, &i, sizeof(i), 0), 1);
	assert_int_equal(peer_of(fd, IPCX_OWNER_KERNEL).dropped, 6);
	assert_int_equal(object_stat(fd).dropped, 6);
	close(fd);
}

/* Another has the id now: it begins at 0, whatever stood there. */
static void test_drops_begin_anew(void **state)
{
	int fd = mappable(IPCX_QUEUE_DROP_OLDEST);
	struct mapped keeper, m;
	int again = object_reopen(fd, IPCX_RIGHTS_QUEUE);
	pid_t pid;

	(void)state;
	mapped_open(&keeper, fd);
	memset(drops_of(&keeper), POISON, IPCX_DROPS_COUNT * sizeof(__u64));
	pid = child_fork();
	if (!pid) {
		mapped_open(&m, again);
		assert_int_equal(peer_of(fd, m.me).dropped, 0);
		assert_int_equal(drops_of(&m)[m.me], 0);
		assert_int_not_equal(drops_of(&m)[m.me + 1], 0);
		assert_int_not_equal(drops_of(&m)[keeper.me], 0);
		child_done();
	}
	child_ok(pid);
	mapped_close(&keeper);
	close(again);
	close(fd);
}

/* Ids are given out in turn, and none beyond the table. */
static void test_ids_fit_the_table(void **state)
{
	int fd = mappable(IPCX_QUEUE_DROP_OLDEST);
	uint32_t highest = 0;
	bool wrapped = false;

	(void)state;
	for (int i = 0; i < IPCX_DROPS_COUNT; i++) {
		struct mapped m;

		mapped_open(&m, fd);
		assert_true(m.me < IPCX_DROPS_COUNT);
		wrapped |= m.me < highest;
		highest = m.me > highest ? m.me : highest;
		mapped_close(&m);
	}
	assert_int_equal(highest, IPCX_DROPS_COUNT - 1);
	assert_true(wrapped);
	close(fd);
}

static void test_no_table_where_none_drops(void **state)
{
	int fd = mappable(0);
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	assert_int_equal(m.kpage->drops_offset, 0);
	mapped_close(&m);
	close(fd);
}

/* ---- the library ---- */

static void test_library(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, 1), *mapped;
	struct ipcx_event event[2];
	struct ipcx_peer peer[2];
	uint64_t missed = POISON;

	(void)state;
	assert_int_equal(ipcx_queue_events(q, event, 2, &missed), -EAGAIN);
	assert_int_equal(ipcx_queue_events_rewind(q, event, 2, &missed), -EAGAIN);
	assert_int_equal(missed, POISON);
	mapped = open_q(MAPPED, BOTH);
	assert_int_equal(ipcx_queue_peers(q, IPCX_OWNER_KERNEL, peer, 2), 1);
	assert_int_equal(peer[0].pid, getpid());
	assert_int_equal(ipcx_queue_events(q, event, 2, &missed), 1);
	assert_int_equal(missed, 0);
	assert_int_equal(event[0].attachment, peer[0].id);
	assert_int_equal(ipcx_queue_peers(q, 0, peer, 0), -EINVAL);
	assert_int_equal(ipcx_queue_events(q, event, 0, NULL), -EINVAL);
	ipcx_queue_close(mapped);
	assert_soon(ipcx_queue_events(q, event, 2, NULL) == 1);
	assert_int_equal(event[0].why, IPCX_WHY_UNMAPPED);
	assert_int_equal(ipcx_queue_events_rewind(q, event, 2, &missed), 2);
	assert_int_equal(missed, 0);
	assert_int_equal(event[0].seq, 1);
	ipcx_queue_close(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_kernel),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_rights_of_two),
		cmocka_unit_test(test_pid_namespace),
		cmocka_unit_test_teardown(test_drops_by_who_drops, forget_q),
		cmocka_unit_test(test_drops_of_a_queue_without_ring),
		cmocka_unit_test(test_drops_begin_anew),
		cmocka_unit_test(test_ids_fit_the_table),
		cmocka_unit_test(test_no_table_where_none_drops),
		cmocka_unit_test_teardown(test_library, forget_q),
	};

	return guest_run(tests);
}
