// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose claim stands in the way: as STAT, PEERS, debugfs and fdinfo name it, in
 * rings that are honest and in others.
 */
#include "lib.h"
#include "mapped.h"
#include "peers.h"

#include <pthread.h>

#include "region.h"

#define SLOTS	4

static const char *stuck_file(const struct ipcx_queue *q)
{
	static char path[96], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/ipcx/objects/%llu/stuck",
		 stat_q(q).id);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void assert_nobody_is(const struct ipcx_queue *q)
{
	struct ipcx_stat st = stat_q(q), none = { 0 };

	assert_int_equal(st.holder, 0);
	assert_int_equal(st.holder_pid, 0);
	assert_int_equal(st.held_recv, 0);
	assert_int_equal(st.held_send, 0);
	assert_int_equal(st.holder_ticket, 0);
	assert_memory_equal(st.holder_comm, none.holder_comm, IPCX_COMM_LEN);
	assert_string_equal(stuck_file(q), "");
}

static void assert_holds(const struct ipcx_queue *q, uint32_t holder, pid_t pid,
			 uint32_t held_recv, uint32_t held_send, uint64_t ticket)
{
	struct ipcx_stat st = stat_q(q);
	struct ipcx_peer peer = peer_of(ipcx_queue_fd(q), holder);

	assert_int_equal(st.holder, holder);
	assert_int_equal(st.holder_pid, pid);
	assert_int_equal(st.held_recv, held_recv);
	assert_int_equal(st.held_send, held_send);
	assert_int_equal(st.holder_ticket, ticket);
	assert_string_equal(st.holder_comm, "test_stuck");
	assert_int_equal(peer.held_recv, held_recv);
	assert_int_equal(peer.held_send, held_send);
}

/* A child that takes its loans and stops; it tells who it is. */
static pid_t start_holder(void (*take)(struct ipcx_queue *q), uint32_t *holder)
{
	_Atomic uint32_t *word = shared_words();
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *q = open_q(MAPPED, BOTH);

		take(q);
		*word = mapped_attachment(ipcx_queue_fd(q));
		raise(SIGSTOP);
		abort();
	}
	assert_soon(*word);
	*holder = *word;
	shared_free(word);
	return pid;
}

static pid_t start_receiver(void)
{
	pid_t pid = child_fork();

	if (!pid) {
		get(open_q(MEDIATED, IPCX_RIGHT_RECV), NULL, IPCX_FOREVER);
		child_done();
	}
	return pid;
}

static pid_t start_sender(void)
{
	pid_t pid = child_fork();

	if (!pid) {
		put(open_q(MEDIATED, IPCX_RIGHT_SEND), 1, IPCX_FOREVER);
		child_done();
	}
	return pid;
}

static void reserve_one(struct ipcx_queue *q)
{
	struct ipcx_loan loan;

	assert_int_equal(ipcx_queue_reserve_try(q, 0, &loan), 0);
}

static void acquire_one(struct ipcx_queue *q)
{
	struct ipcx_loan loan;

	assert_int_equal(ipcx_queue_acquire_try(q, &loan), 0);
}

static void test_writer_at_the_head(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	uint32_t holder;
	pid_t pid, receiver;
	char line[256], path[64];

	(void)state;
	assert_nobody_is(q);
	pid = start_holder(reserve_one, &holder);
	assert_int_equal(put(q, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -EAGAIN);
	receiver = start_receiver();
	assert_soon(stat_q(q).waiting_recv == 1);
	assert_holds(q, holder, pid, 1, 0, 0);
	snprintf(line, sizeof(line), "lane 0 direction recv state writing ticket 0 "
		 "attachment %u pid %d waiting 1 comm test_stuck\n", holder, pid);
	assert_string_equal(stuck_file(q), line);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ipcx_queue_fd(q));
	assert_int_equal(fact(path, "holder"), holder);
	assert_int_equal(fact(path, "holder_pid"), pid);
	assert_int_equal(fact(path, "held_recv"), 1);

	child_kill(pid);
	child_ok(receiver);
	assert_nobody_is(q);
	ipcx_queue_close(q);
}

static void test_reader_in_the_tails_way(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	uint32_t holder;
	pid_t pid, sender;
	char line[256];

	(void)state;
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
	/* A full queue waits for receivers, not for a claim. */
	assert_nobody_is(q);
	pid = start_holder(acquire_one, &holder);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 1);
	sender = start_sender();
	assert_soon(stat_q(q).waiting_send == 1);
	assert_holds(q, holder, pid, 0, 1, 0);
	snprintf(line, sizeof(line), "lane 0 direction send state reading ticket 0 "
		 "attachment %u pid %d waiting 1 comm test_stuck\n", holder, pid);
	assert_string_equal(stuck_file(q), line);

	child_kill(pid);
	/* What it held is there again, and room once that is taken. */
	assert_soon(stat_q(q).redelivered && !stat_q(q).repairing);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 0);
	child_ok(sender);
	assert_nobody_is(q);
	ipcx_queue_close(q);
}

static void reserve_all(struct ipcx_queue *q)
{
	for (int i = 0; i < SLOTS; i++)
		reserve_one(q);
}

static void test_writer_in_the_way_of_both(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	uint32_t holder;
	pid_t pid = start_holder(reserve_all, &holder);

	(void)state;
	assert_holds(q, holder, pid, 1, 1, 0);
	child_kill(pid);
	assert_soon(!stat_q(q).attachments || !stat_q(q).holder);
	assert_int_equal(put(q, 1, in_ms(LONG_ENOUGH)), 1);
	assert_nobody_is(q);
	ipcx_queue_close(q);
}

static void reserve_low_lane(struct ipcx_queue *q)
{
	struct ipcx_loan loan;

	assert_int_equal(ipcx_queue_reserve_try(q, 1, &loan), 0);
}

static void reserve_high_lanes(struct ipcx_queue *q)
{
	struct ipcx_loan loan;

	assert_int_equal(ipcx_queue_reserve_try(q, 30, &loan), 0);
	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(ipcx_queue_reserve_try(q, 31, &loan), 0);
}

/* STAT names the one of the highest lane, PEERS and debugfs all. */
static void test_lanes(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 32);
	uint32_t low, high;
	pid_t low_pid, high_pid;
	struct ipcx_peer peer;
	const char *lines;

	(void)state;
	low_pid = start_holder(reserve_low_lane, &low);
	assert_holds(q, low, low_pid, 1U << 1, 0, 0);
	high_pid = start_holder(reserve_high_lanes, &high);
	assert_holds(q, high, high_pid, 3U << 30, 1U << 31, 0);
	peer = peer_of(ipcx_queue_fd(q), low);
	assert_int_equal(peer.held_recv, 1U << 1);
	assert_int_equal(peer.held_send, 0);
	lines = stuck_file(q);
	assert_ptr_equal(strstr(lines, "lane 31 direction send "), lines);
	assert_non_null(strstr(lines, "\nlane 31 direction recv "));
	assert_non_null(strstr(lines, "\nlane 30 direction recv "));
	assert_non_null(strstr(lines, "\nlane 1 direction recv "));

	child_kill(high_pid);
	assert_soon(stat_q(q).holder == low);
	assert_holds(q, low, low_pid, 1U << 1, 0, 0);
	child_kill(low_pid);
	assert_soon(!stat_q(q).holder);
	ipcx_queue_close(q);
}

static void *forget(void *q)
{
	reserve_one(q);
	return NULL;
}

/* A thread that ended with a loan: its process has it until it unmaps. */
static void test_thread_that_forgets(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_queue *watcher = open_q(MEDIATED, BOTH);
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, forget, q);
	pthread_join(thread, NULL);
	assert_holds(watcher, mapped_attachment(ipcx_queue_fd(q)), getpid(),
		     1, 0, 0);
	ipcx_queue_close(q);
	assert_soon(!stat_q(watcher).holder);
	assert_soon(stat_q(watcher).aborted == 1);
	ipcx_queue_close(watcher);
}

/* Who stands at the head goes on: another ticket, another look. */
static void test_at_work_is_not_stuck(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_loan loan;
	int me = mapped_attachment(ipcx_queue_fd(q));

	(void)state;
	for (uint64_t ticket = 0; ticket < 3 * SLOTS; ticket++) {
		assert_int_equal(ipcx_queue_reserve(q, 0, &loan), 0);
		assert_holds(q, me, getpid(), 1, 0, ticket);
		assert_int_equal(ipcx_queue_commit(q, &loan, 4), 0);
		assert_nobody_is(q);
		assert_int_equal(ipcx_queue_acquire(q, &loan), 0);
		assert_nobody_is(q);
		assert_int_equal(ipcx_queue_release(q, &loan), 0);
	}
	ipcx_queue_close(q);
}

/* A publisher that stops holds up receivers until it is lapped, and nobody else. */
static void test_broadcast(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, IPCX_QUEUE_BROADCAST, 1);
	_Atomic uint32_t *holder = shared_words();
	pid_t pid;

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
	assert_nobody_is(q);
	pid = child_fork();
	if (!pid) {
		struct mapped m;
		int fd = object_open("q", IPCX_KIND_QUEUE, 0);

		mapped_open(&m, fd);
		assert_int_equal(mapped_claim_send(&m), 2);
		*holder = m.me;
		raise(SIGSTOP);
		abort();
	}
	assert_soon(*holder);
	for (uint32_t i = 3; i < 2 + SLOTS; i++) {
		assert_holds(q, *holder, pid, 1, 0, 2);
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
	}
	assert_holds(q, *holder, pid, 1, 0, 2);
	assert_int_equal(put(q, 7, IPCX_NO_WAIT), 7);
	assert_nobody_is(q);
	child_kill(pid);
	ipcx_queue_close(q);
	shared_free(holder);
}

/* ---- rings that lie ---- */

static void scribble(struct mapped *m, uint64_t word)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		__atomic_store_n(&mapped_slot(m, i)->word, word,
				 __ATOMIC_RELAXED);
}

static void test_words_that_lie(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, 1);
	struct mapped m;
	struct ipcx_queue *view = open_q(MAPPED, BOTH);

	(void)state;
	mapped_open(&m, ipcx_queue_fd(view));
	/* Nobody of that id, or no id at all. */
	scribble(&m, ipcx_word(0, m.me + 1, IPCX_WRITING));
	assert_nobody_is(q);
	scribble(&m, ipcx_word(0, IPCX_OWNER_LAST, IPCX_WRITING));
	assert_nobody_is(q);
	scribble(&m, ipcx_word(0, IPCX_OWNER_NONE, IPCX_WRITING));
	assert_nobody_is(q);
	/* Another ticket, or no state. */
	scribble(&m, ipcx_word(1ULL << 40, m.me, IPCX_WRITING));
	assert_nobody_is(q);
	scribble(&m, ipcx_word(0, m.me, 7));
	assert_nobody_is(q);
	/* What it says of itself is believed, and of the kernel. */
	scribble(&m, ipcx_word(0, m.me, IPCX_WRITING));
	mapped_lane(&m)->head = 1ULL << 63;
	assert_holds(q, m.me, getpid(), 1, 0, 0);
	scribble(&m, ipcx_word(0, IPCX_OWNER_KERNEL, IPCX_WRITING));
	assert_int_equal(stat_q(q).holder, IPCX_OWNER_KERNEL);
	assert_int_equal(stat_q(q).holder_pid, 0);
	assert_string_equal(stat_q(q).holder_comm, "kernel");
	mapped_close(&m);
	ipcx_queue_close(view);
	ipcx_queue_close(q);
}

/* Looking at a ring that somebody spoils all the while. */
static void test_looking_at_noise(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, 32);
	uint64_t end = in_ms(1000);
	struct ipcx_peer peer[8];
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct mapped m;
		uint64_t x = 1;

		mapped_open(&m, ipcx_queue_fd(open_q(MAPPED, BOTH)));
		for (;;) {
			uint64_t *at = (uint64_t *)m.ring;

			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			at[(x >> 20) % (m.kpage->ring_bytes / 8)] = x >> 7;
		}
	}
	while (now_ns() < end) {
		stat_q(q);
		stuck_file(q);
		assert_in_range(ipcx_queue_peers(q, 0, peer, 8), 1, 2);
	}
	child_kill(pid);
	assert_soon(ipcx_queue_peers(q, 0, peer, 8) == 1);
	ipcx_queue_close(q);
}

#define WITH_Q(test)	cmocka_unit_test_teardown(test, forget_q)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_Q(test_writer_at_the_head),
		WITH_Q(test_reader_in_the_tails_way),
		WITH_Q(test_writer_in_the_way_of_both),
		WITH_Q(test_lanes),
		WITH_Q(test_thread_that_forgets),
		WITH_Q(test_at_work_is_not_stuck),
		WITH_Q(test_broadcast),
		WITH_Q(test_words_that_lie),
		WITH_Q(test_looking_at_noise),
	};

	return guest_run(tests);
}
