// SPDX-License-Identifier: GPL-2.0-only
/*
 * The broadcast protocol by several threads at once: whole messages, in the
 * order of each publisher, every gap counted, and nobody asleep beside what it
 * waits for. Now and then a publisher plays dead with a claim in its hands, or
 * holds one until the others have gone round the ring.
 *
 * Payloads are read while they are overwritten. Both sides copy by relaxed
 * atomic words, so that the sanitizer for threads has nothing to forgive: what
 * it reports is a fault.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "plain_ring.h"

#define PUBLISHERS	2
#define SUBSCRIBERS	2
#define MESSAGES	20000
#define WORDS		9	/* a payload's length is no power of two */

/* Claims between two deaths, aborts and stops; primes, so that they mix. */
#define DEATH_EVERY	97
#define ABORT_EVERY	83
#define STOP_EVERY	307
/* Sends between two pauses, in which the others catch up. */
#define PAUSE_EVERY	13

/* Far beyond what a wake-up takes on a busy machine: later means never. */
#define LOST_AFTER_S	20

static struct {
	struct plain_ring plain;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	unsigned int wakes;
	bool done;		/* all is sent; atomic */
	unsigned int faults;	/* atomic */
	unsigned int received;	/* atomic */
	unsigned int stopped;	/* publishers that hold a claim; atomic */
} run;

struct message {
	uint32_t publisher;
	uint32_t number;
	uint64_t word[WORDS];
	uint8_t odd;
};

static void fault(void)
{
	__atomic_fetch_add(&run.faults, 1, __ATOMIC_RELAXED);
}

static void wake(void *arg, unsigned int dirs)
{
	(void)arg;
	(void)dirs;
	pthread_mutex_lock(&run.lock);
	run.wakes++;
	pthread_cond_broadcast(&run.woken);
	pthread_mutex_unlock(&run.lock);
}

static bool done(void)
{
	return __atomic_load_n(&run.done, __ATOMIC_ACQUIRE);
}

static __u64 tail(void)
{
	return __atomic_load_n(&run.plain.ring.lane->tail, __ATOMIC_ACQUIRE);
}

static void fill(struct message *message, uint32_t publisher, uint32_t number)
{
	*message = (struct message) {
		.publisher = publisher, .number = number, .odd = number,
	};
	for (int i = 0; i < WORDS; i++)
		message->word[i] = (uint64_t)number * (publisher + 1) + i;
}

/* Holds a claim until the tail has gone once round the ring, or all is sent. */
static void stop_for_a_lap(void)
{
	__u64 from = tail();

	/* If both stopped in a small ring, neither would go on. */
	if (__atomic_fetch_add(&run.stopped, 1, __ATOMIC_RELAXED) == 0)
		for (int i = 0; i < 100000 && !done(); i++) {
			if (ipcx_ticket_diff(tail(), from) >
			    2 * (__s64)run.plain.kpage.slots)
				break;
			sched_yield();
		}
	__atomic_fetch_sub(&run.stopped, 1, __ATOMIC_RELAXED);
}

static void *publish_all(void *arg)
{
	uint32_t publisher = (uintptr_t)arg;
	uint32_t me = IPCX_OWNER_FIRST + publisher;
	unsigned int claims = 0;
	struct message message;
	struct ipcx_loan loan;

	for (uint32_t number = 0; number < MESSAGES; ) {
		int ret = ring_claim_broadcast(&run.plain.ring, me, &loan);

		if (ret == -EAGAIN) {
			sched_yield();
			continue;
		}
		if (ret) {
			fault();
			break;
		}
		if (++claims % DEATH_EVERY == 0) {
			plain_ring_repair(&run.plain, me);
			wake(NULL, 0);
			continue;
		}
		if (claims % ABORT_EVERY == 0) {
			ring_abort(&run.plain.ring, me, &loan);
			continue;
		}
		fill(&message, publisher, number);
		ring_copy_in(loan.data, &message, sizeof(message));
		if (claims % STOP_EVERY == 0)
			stop_for_a_lap();
		if (ring_commit(&run.plain.ring, me, &loan, sizeof(message)))
			fault();
		if (++number % PAUSE_EVERY == 0)
			sched_yield();
	}
	return NULL;
}

/* WAIT: count oneself, look once more, and only then sleep. */
static int next_or_sleep(struct subscriber *sub, struct ipcx_loan *loan)
{
	uint32_t *count = &run.plain.kpage.count[IPCX_DIR_RECV];
	struct timespec deadline;
	unsigned int wakes;
	int ret, late = 0;

	pthread_mutex_lock(&run.lock);
	wakes = run.wakes;
	pthread_mutex_unlock(&run.lock);

	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
	ret = ring_next(&run.plain.ring, sub, loan);
	if (ret == -EAGAIN && !done()) {
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_sec += LOST_AFTER_S;
		pthread_mutex_lock(&run.lock);
		while (run.wakes == wakes && !late)
			late = pthread_cond_timedwait(&run.woken, &run.lock,
						      &deadline);
		pthread_mutex_unlock(&run.lock);
	}
	__atomic_fetch_sub(count, 1, __ATOMIC_SEQ_CST);
	return late ? -ETIMEDOUT : ret;
}

static int next_wait(struct subscriber *sub, struct ipcx_loan *loan)
{
	bool last;
	int ret;

	do {
		/* Read first: finding nothing before the end is not the end. */
		last = done();
		ret = ring_next(&run.plain.ring, sub, loan);
		if (ret == -EAGAIN && !last)
			ret = next_or_sleep(sub, loan);
	} while (ret == -EAGAIN && !last);
	return ret;
}

static void *receive_all(void *arg)
{
	struct subscriber sub = *(struct subscriber *)arg;
	__u64 begin = sub.cursor, missed = 0, told;
	uint32_t next[PUBLISHERS] = { 0 };
	struct message message, expected;
	unsigned int received = 0;
	struct ipcx_loan loan;
	__u64 passed, sent;
	int ret;

	while (!(ret = next_wait(&sub, &loan))) {
		ring_copy_out(&message, loan.data, sizeof(message));
		if (!ring_take(&sub, &loan, &told))
			continue;
		received++;
		missed += told;
		if (loan.len != sizeof(message) ||
		    message.publisher >= PUBLISHERS) {
			fault();
			break;
		}
		fill(&expected, message.publisher, message.number);
		if (memcmp(&message, &expected, sizeof(message)) ||
		    message.number < next[message.publisher])
			fault();
		next[message.publisher] = message.number + 1;
	}
	if (ret != -EAGAIN)
		fault();
	missed += sub.pending;
	passed = ipcx_ticket_diff(sub.cursor, begin);
	sent = PUBLISHERS * MESSAGES;
	/* Each ticket was received, missed or seen aborted; none is unaccounted. */
	if (missed != sub.missed || received + missed > passed ||
	    passed - received - missed > run.plain.ring.lane->aborted ||
	    sent - received > missed || ipcx_ticket_diff(sub.cursor, tail()) < 0)
		fault();
	__atomic_fetch_add(&run.received, received, __ATOMIC_RELAXED);
	return NULL;
}

static void stress(void **state)
{
	const struct geometry *geometry = *state;
	struct subscriber begin = { .cursor = geometry->first_ticket };
	pthread_t publishers[PUBLISHERS], subscribers[SUBSCRIBERS];

	memset(&run, 0, sizeof(run));
	plain_ring_init(&run.plain, geometry);
	run.plain.ring.wake = wake;
	pthread_mutex_init(&run.lock, NULL);
	pthread_cond_init(&run.woken, NULL);

	for (uintptr_t i = 0; i < SUBSCRIBERS; i++)
		assert_int_equal(pthread_create(&subscribers[i], NULL,
						receive_all, &begin), 0);
	for (uintptr_t i = 0; i < PUBLISHERS; i++)
		assert_int_equal(pthread_create(&publishers[i], NULL,
						publish_all, (void *)i), 0);
	for (int i = 0; i < PUBLISHERS; i++)
		pthread_join(publishers[i], NULL);
	__atomic_store_n(&run.done, true, __ATOMIC_RELEASE);
	wake(NULL, 0);
	for (int i = 0; i < SUBSCRIBERS; i++)
		pthread_join(subscribers[i], NULL);
	print_message("received %u of %u, left out %llu, aborted %llu\n",
		      run.received, SUBSCRIBERS * PUBLISHERS * MESSAGES,
		      run.plain.ring.lane->skipped, run.plain.ring.lane->aborted);
	assert_int_equal(run.faults, 0);
	assert_true(run.received > 0);
	plain_ring_destroy(&run.plain);
}

#define STRESS(n) {							\
	.name = #n " slots",						\
	.test_func = stress,						\
	.initial_state = &(struct geometry) {				\
		.lanes = 1, .slots = n,					\
		.slot_size = sizeof(struct message),			\
		.flags = IPCX_QUEUE_BROADCAST,				\
		.first_ticket = IPCX_TICKET_MASK - MESSAGES,		\
	},								\
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STRESS(1), STRESS(2), STRESS(8), STRESS(256),
	};

	return cmocka_run_group_tests_name("broadcast under stress", tests,
					   NULL, NULL);
}
