// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slot protocol by several threads at once: nothing lost, nothing twice, in
 * order, and nobody asleep beside what it waits for. Now and then one of them
 * plays dead while it holds a claim, and the kernel's repair is played for it.
 * One looks on without claims, and must see whole messages only.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plain_ring.h"
#include "ring_fast.h"

#define SENDERS		2
#define RECEIVERS	2
#define MESSAGES	20000

/* Claims between two deaths and two aborts; primes, so that they mix. */
#define DEATH_EVERY	97
#define ABORT_EVERY	83

/* Far beyond what a wake-up takes on a busy machine: later means never. */
#define LOST_AFTER_S	20

static struct {
	struct plain_ring plain;
	pthread_mutex_t lock;
	pthread_cond_t woken[2];
	unsigned int wakes[2];
	bool done;		/* all is sent; atomic */
	unsigned int faults;	/* atomic */
	uint8_t seen[SENDERS][MESSAGES];	/* atomic */
} run;

struct message {
	uint32_t sender;
	uint32_t number;
	uint32_t again[14];	/* the number, for who looks on */
};

static void fault(void)
{
	__atomic_fetch_add(&run.faults, 1, __ATOMIC_RELAXED);
}

static void wake_dirs(void *arg, unsigned int dirs)
{
	(void)arg;
	pthread_mutex_lock(&run.lock);
	for (int dir = 0; dir < 2; dir++)
		if (dirs & (1U << dir)) {
			run.wakes[dir]++;
			pthread_cond_broadcast(&run.woken[dir]);
		}
	pthread_mutex_unlock(&run.lock);
}

static void repair(uint32_t dead)
{
	plain_ring_repair(&run.plain, dead);
	wake_dirs(NULL, IPCX_WAKE_RECV | IPCX_WAKE_SEND);
}

static bool done(void)
{
	return __atomic_load_n(&run.done, __ATOMIC_ACQUIRE);
}

/* Every other time the short way first, as the library's calls do. */
static int claim(uint32_t me, unsigned int dir, uint32_t lane,
		 struct ipcx_loan *loan)
{
	static __thread unsigned int turn;

	if (turn++ % 2 &&
	    (dir == IPCX_DIR_SEND ?
	     claim_send_fast(&run.plain.ring, me, lane, loan) :
	     claim_recv_fast(&run.plain.ring, me, loan)))
		return 0;
	return dir == IPCX_DIR_SEND ?
		ring_claim_send(&run.plain.ring, me, lane, loan) :
		ring_claim_recv(&run.plain.ring, me, loan);
}

/* WAIT: count oneself, look once more, and only then sleep. */
static int claim_or_sleep(uint32_t me, unsigned int dir, uint32_t lane,
			  struct ipcx_loan *loan)
{
	uint32_t *count = &run.plain.kpage.count[dir];
	struct timespec deadline;
	unsigned int wakes;
	int ret, late = 0;

	pthread_mutex_lock(&run.lock);
	wakes = run.wakes[dir];
	pthread_mutex_unlock(&run.lock);

	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
	ret = claim(me, dir, lane, loan);
	if (ret == -EAGAIN && !done()) {
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_sec += LOST_AFTER_S;
		pthread_mutex_lock(&run.lock);
		while (run.wakes[dir] == wakes && !late)
			late = pthread_cond_timedwait(&run.woken[dir],
						      &run.lock, &deadline);
		pthread_mutex_unlock(&run.lock);
	}
	__atomic_fetch_sub(count, 1, __ATOMIC_SEQ_CST);
	return late ? -ETIMEDOUT : ret;
}

static int claim_wait(uint32_t me, unsigned int dir, uint32_t lane,
		      struct ipcx_loan *loan)
{
	bool last;
	int ret;

	do {
		/* Read first: finding nothing before the end is not the end. */
		last = dir == IPCX_DIR_RECV && done();
		ret = claim(me, dir, lane, loan);
		if (ret == -EAGAIN && !last)
			ret = claim_or_sleep(me, dir, lane, loan);
	} while (ret == -EAGAIN && !last);
	return ret;
}

static void *send_all(void *arg)
{
	struct message message = { .sender = (uintptr_t)arg };
	uint32_t lane = message.sender % run.plain.kpage.lanes;
	uint32_t me = IPCX_OWNER_FIRST + message.sender;
	unsigned int claims = 0;
	struct ipcx_loan loan;

	while (message.number < MESSAGES) {
		if (claim_wait(me, IPCX_DIR_SEND, lane, &loan)) {
			fault();
			break;
		}
		claims++;
		if (claims % DEATH_EVERY == 0) {
			repair(me);
			continue;
		}
		if (claims % ABORT_EVERY == 0) {
			ring_abort(&run.plain.ring, me, &loan);
			continue;
		}
		for (size_t i = 0; i < 14; i++)
			message.again[i] = message.number;
		memcpy(loan.data, &message, sizeof(message));
		if (ring_commit(&run.plain.ring, me, &loan, sizeof(message)))
			fault();
		message.number++;
	}
	return NULL;
}

/* Whole, and in the order of its sender; false if there is no use in going on. */
static bool check_message(const struct message *message,
			  const struct ipcx_loan *loan, uint32_t *next)
{
	if (loan->len != sizeof(*message) || message->sender >= SENDERS ||
	    message->number >= MESSAGES) {
		fault();
		return false;
	}
	for (size_t i = 0; i < 14; i++)
		if (message->again[i] != message->number)
			fault();
	if (!(loan->flags & IPCX_MSG_REDELIVERED)) {
		if (message->number < next[message->sender])
			fault();
		next[message->sender] = message->number + 1;
	}
	return true;
}

static void count_seen(const struct message *message)
{
	__atomic_fetch_add(&run.seen[message->sender][message->number], 1,
			   __ATOMIC_RELAXED);
}

/* Of all runs: messages received without a claim. */
static unsigned int takes;

/* Takes what there is to take without a claim. */
static bool take_some(uint32_t *next)
{
	union {
		struct message message;
		char room[SMALL];	/* the compiler does not know slot_size */
	} got;
	struct ipcx_loan loan;

	for (int i = 0; i < 5 && take_fast(&run.plain.ring, &got, &loan); i++) {
		if (!check_message(&got.message, &loan, next))
			return false;
		count_seen(&got.message);
		__atomic_fetch_add(&takes, 1, __ATOMIC_RELAXED);
	}
	return true;
}

static void *receive_all(void *arg)
{
	uint32_t me = IPCX_OWNER_FIRST + SENDERS + (uintptr_t)arg;
	uint32_t next[SENDERS] = { 0 };
	unsigned int claims = 0;
	struct ipcx_loan loan;
	int ret = 0;

	while (take_some(next) &&
	       !(ret = claim_wait(me, IPCX_DIR_RECV, 0, &loan))) {
		struct message message;

		memcpy(&message, loan.data, sizeof(message));
		if (!check_message(&message, &loan, next))
			break;
		if (++claims % DEATH_EVERY == 0) {
			repair(me);
			continue;
		}
		count_seen(&message);
		if (ring_release(&run.plain.ring, me, &loan))
			fault();
	}
	if (ret != -EAGAIN)
		fault();
	return NULL;
}

/* Of all runs: a quick one may be over before its first. */
static unsigned int looks;

static void *look_on(void *arg)
{
	(void)arg;
	do {
		struct message message;
		struct ipcx_loan loan;
		int ret = ring_peek(&run.plain.ring, &message, &loan);

		if (ret == -EAGAIN) {
			sched_yield();
			continue;
		}
		if (ret || loan.len != sizeof(message) ||
		    message.sender >= SENDERS || message.number >= MESSAGES)
			fault();
		for (size_t i = 0; i < 14; i++)
			if (message.again[i] != message.number)
				fault();
		looks++;
	} while (!done());
	return NULL;
}

static void run_threads(const struct geometry *geometry)
{
	pthread_t senders[SENDERS], receivers[RECEIVERS], onlooker;

	memset(&run, 0, sizeof(run));
	plain_ring_init(&run.plain, geometry);
	run.plain.ring.wake = wake_dirs;
	pthread_mutex_init(&run.lock, NULL);
	for (int i = 0; i < 2; i++)
		pthread_cond_init(&run.woken[i], NULL);

	for (uintptr_t i = 0; i < RECEIVERS; i++)
		assert_int_equal(pthread_create(&receivers[i], NULL,
						receive_all, (void *)i), 0);
	assert_int_equal(pthread_create(&onlooker, NULL, look_on, NULL), 0);
	for (uintptr_t i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&senders[i], NULL, send_all,
						(void *)i), 0);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(senders[i], NULL);
	__atomic_store_n(&run.done, true, __ATOMIC_RELEASE);
	wake_dirs(NULL, IPCX_WAKE_RECV);
	for (int i = 0; i < RECEIVERS; i++)
		pthread_join(receivers[i], NULL);
	pthread_join(onlooker, NULL);
	assert_int_equal(run.faults, 0);
}

/* What must hold once all is quiet. */
static void check(void)
{
	uint64_t dropped = 0, taken = 0;

	for (uint32_t lane = 0; lane < run.plain.kpage.lanes; lane++) {
		struct ipcx_lane *words = &run.plain.ring.lane[lane];

		assert_int_equal(words->aborted, words->skipped);
		assert_int_equal(words->head, words->tail);
		dropped += words->dropped;
		for (uint32_t i = 0; i < run.plain.kpage.slots; i++)
			assert_int_equal(ipcx_state(plain_slot(&run.plain, lane,
							       i)->word),
					 IPCX_FREE);
	}
	for (uint32_t i = 0; i < SENDERS * MESSAGES; i++) {
		uint8_t seen = run.seen[i / MESSAGES][i % MESSAGES];

		assert_true(seen <= 1);
		taken += seen;
	}
	assert_int_equal(taken + dropped, SENDERS * MESSAGES);
	if (!(run.plain.kpage.queue_flags & IPCX_QUEUE_DROP_OLDEST))
		assert_int_equal(dropped, 0);
	plain_ring_destroy(&run.plain);
}

static void stress(void **state)
{
	run_threads(*state);
	check();
}

/*
 * The narrow window between publishing and looking for sleepers, against that
 * between counting oneself and looking at the slot: both at the same moment,
 * again and again, and never may both miss the other.
 */
#define ROUNDS	50000

static struct {
	struct plain_ring plain;
	unsigned int arrived;
	bool seen;	/* by the one that counted itself */
	unsigned int both_missed;
} window;

/* Both sides leave a meeting at once, as far as that goes. */
static void meet(unsigned int nr)
{
	__atomic_fetch_add(&window.arrived, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; __atomic_load_n(&window.arrived, __ATOMIC_SEQ_CST) <
			2 * nr; i++)
		if (i > 1000)
			sched_yield();
}

static void *count_and_look(void *arg)
{
	struct plain_ring *plain = &window.plain;

	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct ipcx_slot *slot = plain_slot(plain, 0, i);

		meet(3 * i + 1);
		/* Slides along what the other side does meanwhile. */
		for (volatile unsigned int wait = i % 64; wait; wait--)
			;
		__atomic_store_n(&plain->kpage.count[IPCX_DIR_RECV], 1,
				 __ATOMIC_SEQ_CST);
		window.seen = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE) ==
			      ipcx_word(i, ME, IPCX_READY);
		meet(3 * i + 2);
		meet(3 * i + 3);
	}
	return NULL;
}

static void publisher_or_sleeper_sees_the_other(void **state)
{
	struct plain_ring *plain = &window.plain;
	pthread_t sleeper;

	(void)state;
	memset(&window, 0, sizeof(window));
	plain_ring_init(plain, &(struct geometry) {
		.lanes = 1, .slots = 1, .slot_size = 16,
	});
	assert_int_equal(pthread_create(&sleeper, NULL, count_and_look, NULL), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int wakes = plain->wakes[IPCX_DIR_RECV];
		struct ipcx_loan loan;

		ring_claim_send(&plain->ring, ME, 0, &loan);
		meet(3 * i + 1);
		ring_commit(&plain->ring, ME, &loan, 0);
		meet(3 * i + 2);
		window.both_missed += !window.seen &&
				      plain->wakes[IPCX_DIR_RECV] == wakes;
		plain->kpage.count[IPCX_DIR_RECV] = 0;
		get(plain, PEER);
		meet(3 * i + 3);
	}
	pthread_join(sleeper, NULL);
	plain_ring_destroy(plain);
	assert_int_equal(window.both_missed, 0);
}

static void onlooker_has_seen_messages(void **state)
{
	(void)state;
	assert_true(looks > 0);
}

static void some_were_taken_without_a_claim(void **state)
{
	(void)state;
	assert_true(takes > 0);
}

#define STRESS(label, ...) {						\
	.name = label,							\
	.test_func = stress,						\
	.initial_state = &(struct geometry) {				\
		.slot_size = sizeof(struct message),			\
		.first_ticket = IPCX_TICKET_MASK - MESSAGES,		\
		__VA_ARGS__						\
	},								\
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STRESS("one slot", .lanes = 1, .slots = 1),
		STRESS("two slots", .lanes = 1, .slots = 2),
		STRESS("many slots", .lanes = 1, .slots = 64),
		STRESS("two lanes", .lanes = 2, .slots = 4),
		STRESS("drop oldest", .lanes = 1, .slots = 4,
		       .flags = IPCX_QUEUE_DROP_OLDEST),
		STRESS("drop oldest of one slot", .lanes = 1, .slots = 1,
		       .flags = IPCX_QUEUE_DROP_OLDEST),
		STRESS("drop oldest of two lanes", .lanes = 2, .slots = 2,
		       .flags = IPCX_QUEUE_DROP_OLDEST),
		cmocka_unit_test(onlooker_has_seen_messages),
		cmocka_unit_test(some_were_taken_without_a_claim),
		cmocka_unit_test(publisher_or_sleeper_sees_the_other),
	};

	return cmocka_run_group_tests_name("ring under stress", tests, NULL,
					   NULL);
}
