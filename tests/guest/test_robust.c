// SPDX-License-Identifier: GPL-2.0-only
/* Locks in a region: process-shared, and robust against the death of their owner. */
#include "region.h"

#include <pthread.h>
#include <sys/syscall.h>

#define ROUNDS	200

struct shared {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t turn;
	uint32_t sum[2];
	uint32_t half_done;
};

static struct shared *open_shared(int *fd)
{
	pthread_condattr_t cond;
	pthread_mutexattr_t attr;
	struct shared *s;

	*fd = region_create("locks", PAGE, 0, 0600);
	s = (void *)map(*fd, PAGE, RW);
	assert_int_equal(pthread_mutexattr_init(&attr), 0);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	assert_int_equal(pthread_mutex_init(&s->lock, &attr), 0);
	assert_int_equal(pthread_condattr_init(&cond), 0);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
	assert_int_equal(pthread_cond_init(&s->changed, &cond), 0);
	return s;
}

static void close_shared(struct shared *s, int fd)
{
	munmap(s, PAGE);
	close(fd);
}

static struct timespec deadline(void)
{
	uint64_t ns = in_ms(LONG_ENOUGH);

	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

static int lock(struct shared *s)
{
	struct timespec until = deadline();

	return pthread_mutex_clocklock(&s->lock, CLOCK_MONOTONIC, &until);
}

/* Maps the region anew, at another address than the test's. */
static struct shared *open_again(void)
{
	int fd = object_open("locks", IPCX_KIND_REGION, 0);

	return (void *)map(fd, PAGE, RW);
}

static pid_t start_owner(struct shared *s)
{
	pid_t pid = child_fork();

	if (!pid) {
		s = open_again();
		assert_int_equal(lock(s), 0);
		__atomic_store_n(&s->half_done, 1, __ATOMIC_SEQ_CST);
		for (;;)
			pause();
	}
	assert_soon(__atomic_load_n(&s->half_done, __ATOMIC_SEQ_CST));
	return pid;
}

static void test_owner_killed(void **state)
{
	struct shared *s;
	pid_t pid;
	int fd;

	(void)state;
	s = open_shared(&fd);
	pid = start_owner(s);
	assert_int_equal(pthread_mutex_trylock(&s->lock), EBUSY);
	child_kill(pid);
	assert_int_equal(lock(s), EOWNERDEAD);
	s->half_done = 0;
	assert_int_equal(pthread_mutex_consistent(&s->lock), 0);
	assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
	assert_int_equal(lock(s), 0);
	assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
	close_shared(s, fd);
}

static void test_owner_killed_while_others_wait(void **state)
{
	struct shared *s;
	pid_t owner, waiter;
	int fd;

	(void)state;
	s = open_shared(&fd);
	owner = start_owner(s);
	waiter = child_fork();
	if (!waiter) {
		s = open_again();
		assert_int_equal(lock(s), EOWNERDEAD);
		assert_int_equal(pthread_mutex_consistent(&s->lock), 0);
		assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
		child_done();
	}
	assert_soon(asleep_in(waiter, SYS_futex));
	child_kill(owner);
	child_ok(waiter);
	assert_int_equal(lock(s), 0);
	assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
	close_shared(s, fd);
}

static void test_not_made_consistent(void **state)
{
	struct shared *s;
	int fd;

	(void)state;
	s = open_shared(&fd);
	child_kill(start_owner(s));
	assert_int_equal(lock(s), EOWNERDEAD);
	assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
	assert_int_equal(lock(s), ENOTRECOVERABLE);
	close_shared(s, fd);
}

/* The region's last user dies as the owner of its lock, descriptor closed. */
static void test_owner_is_the_last_user(void **state)
{
	struct shared *s;
	pid_t pid;
	int fd;

	(void)state;
	s = open_shared(&fd);
	pid = start_owner(s);
	close_shared(s, fd);
	child_kill(pid);
	assert_int_equal(object_open("locks", IPCX_KIND_ANY, 0), -ENOENT);
}

static void take_turns(struct shared *s, uint32_t me)
{
	struct timespec until = deadline();

	for (uint32_t i = 0; i < ROUNDS; i++) {
		assert_int_equal(lock(s), 0);
		while (s->turn != me)
			assert_int_equal(pthread_cond_timedwait(&s->changed,
								&s->lock,
								&until), 0);
		s->sum[me]++;
		assert_in_range(s->sum[0] - s->sum[1], 0, 1);
		s->turn = !me;
		assert_int_equal(pthread_cond_broadcast(&s->changed), 0);
		assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
	}
}

static void test_condition_between_processes(void **state)
{
	struct shared *s;
	pid_t pid;
	int fd;

	(void)state;
	s = open_shared(&fd);
	pid = child_fork();
	if (!pid) {
		take_turns(open_again(), 1);
		child_done();
	}
	take_turns(s, 0);
	child_ok(pid);
	assert_int_equal(s->sum[0], ROUNDS);
	assert_int_equal(s->sum[1], ROUNDS);
	close_shared(s, fd);
}

/* A waiter that is killed in the wait takes no signal of others with it. */
static void test_waiter_killed(void **state)
{
	struct shared *s;
	pid_t dead, alive;
	int fd;

	(void)state;
	s = open_shared(&fd);
	dead = child_fork();
	if (!dead) {
		s = open_again();
		assert_int_equal(lock(s), 0);
		pthread_cond_wait(&s->changed, &s->lock);
		abort();
	}
	alive = child_fork();
	if (!alive) {
		struct timespec until = deadline();

		s = open_again();
		assert_int_equal(lock(s), 0);
		while (!s->turn)
			assert_int_equal(pthread_cond_timedwait(&s->changed,
								&s->lock,
								&until), 0);
		assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
		child_done();
	}
	assert_soon(asleep_in(dead, SYS_futex));
	assert_soon(asleep_in(alive, SYS_futex));
	child_kill(dead);
	assert_int_equal(lock(s), 0);
	s->turn = 1;
	assert_int_equal(pthread_cond_broadcast(&s->changed), 0);
	assert_int_equal(pthread_mutex_unlock(&s->lock), 0);
	child_ok(alive);
	close_shared(s, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_killed),
		cmocka_unit_test(test_owner_killed_while_others_wait),
		cmocka_unit_test(test_not_made_consistent),
		cmocka_unit_test(test_owner_is_the_last_user),
		cmocka_unit_test(test_condition_between_processes),
		cmocka_unit_test(test_waiter_killed),
	};

	return guest_run(tests);
}
