// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/lock.h> between processes; test_lock_threads.c has it between threads. */
#include <pthread.h>
#include <sys/mman.h>

#include <ipcx/lock.h>

#include "peer.h"

/* Memory that peers share with the test. */
static struct shared {
	struct ipcx_lock lock;
	struct ipcx_condition changed;
	long guarded;		/* by @lock */
	_Atomic uint32_t flag;
	_Atomic uint32_t waiting;
} *shared;

static int setup(void **state)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || ipcx_lock_init(&shared->lock))
		return -1;
	return peer_setup(state);
}

static int teardown(void **state)
{
	munmap(shared, sizeof(*shared));
	return peer_teardown(state);
}

static void acquire(void)
{
	assert_int_equal(ipcx_lock_acquire(&shared->lock), 0);
}

static void release(void)
{
	assert_int_equal(ipcx_lock_release(&shared->lock), 0);
}

/* A peer that has the lock. */
static pid_t start_owner(void)
{
	pid_t pid = peer_fork();

	if (!pid) {
		acquire();
		shared->flag = 1;
		while (shared->flag == 1)
			nap();
		release();
		peer_done();
	}
	assert_soon(shared->flag == 1);
	return pid;
}

static void end_owner(pid_t pid)
{
	shared->flag = 2;
	peer_ok(pid);
}

static void kill_owner(void)
{
	shared->flag = 0;
	peer_kill(start_owner());
}

static void one_has_it_at_a_time(void **state)
{
	pid_t pid = start_owner();

	(void)state;
	assert_int_equal(ipcx_lock_acquire_try(&shared->lock), -EAGAIN);
	assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, IPCX_NO_WAIT),
			 -EAGAIN);
	assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, 1), -ETIMEDOUT);
	assert_late(ipcx_lock_acquire_timed(&shared->lock, deadline));
	assert_int_equal(ipcx_lock_release(&shared->lock), -EPERM);
	assert_int_equal(ipcx_lock_repaired(&shared->lock), -EINVAL);
	end_owner(pid);
	assert_int_equal(ipcx_lock_acquire_try(&shared->lock), 0);
	release();
	/* What is free is taken, however late it is. */
	assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, 1), 0);
	release();
	assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, IPCX_FOREVER),
			 0);
	release();
	assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, IPCX_NO_WAIT),
			 0);
	release();
	assert_int_equal(ipcx_lock_release(&shared->lock), -EPERM);
}

static void nobody_has_it_twice(void **state)
{
	(void)state;
	acquire();
	assert_int_equal(ipcx_lock_acquire(&shared->lock), -EDEADLK);
	assert_int_equal(ipcx_lock_acquire_try(&shared->lock), -EDEADLK);
	assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, 1), -EDEADLK);
	release();
}

static void one_not_begun_is_told(void **state)
{
	struct ipcx_lock *lock = &shared->lock;

	(void)state;
	memset(lock, 0, sizeof(*lock));
	assert_int_equal(ipcx_lock_acquire(lock), -EINVAL);
	assert_int_equal(ipcx_lock_acquire_try(lock), -EINVAL);
	assert_int_equal(ipcx_lock_acquire_timed(lock, 1), -EINVAL);
	assert_int_equal(ipcx_lock_release(lock), -EINVAL);
	assert_int_equal(ipcx_lock_repaired(lock), -EINVAL);
	assert_int_equal(ipcx_condition_wait(&shared->changed, lock), -EINVAL);
	assert_int_equal(ipcx_lock_init(lock), 0);
	acquire();
	release();
}

static void count_up(int times)
{
	for (int i = 0; i < times; i++) {
		acquire();
		shared->guarded++;
		release();
	}
}

static void processes_take_turns(void **state)
{
	pid_t pids[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pids[i] = peer_fork();
		if (!pids[i]) {
			count_up(5000);
			peer_done();
		}
	}
	for (int i = 0; i < 3; i++)
		peer_ok(pids[i]);
	assert_int_equal(shared->guarded, 15000);
}

static long acquire_call(void *arg)
{
	return ipcx_lock_acquire(arg);
}

static long acquire_timed_call(void *arg)
{
	return ipcx_lock_acquire_timed(arg, in_ms(LONG_ENOUGH));
}

static long acquire_try_call(void *arg)
{
	return ipcx_lock_acquire_try(arg);
}

static void the_death_of_the_owner_is_told(void **state)
{
	static long (*const calls[])(void *arg) = {
		acquire_call, acquire_timed_call, acquire_try_call,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		kill_owner();
		assert_int_equal(calls[i](&shared->lock), IPCX_LOCK_OWNER_DIED);
		assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
		assert_int_equal(ipcx_lock_repaired(&shared->lock), -EINVAL);
		release();
		acquire();
		release();
	}
}

static void the_death_of_the_owner_wakes(void **state)
{
	pid_t owner = start_owner(), waiter = peer_fork();

	(void)state;
	if (!waiter) {
		shared->waiting = 1;
		assert_int_equal(ipcx_lock_acquire(&shared->lock),
				 IPCX_LOCK_OWNER_DIED);
		assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
		release();
		peer_done();
	}
	assert_soon(shared->waiting);
	peer_asleep(waiter);
	peer_kill(owner);
	peer_ok(waiter);
	acquire();
	release();
}

static void who_dies_repairing_hands_that_on(void **state)
{
	pid_t pid;

	(void)state;
	kill_owner();
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_lock_acquire(&shared->lock),
				 IPCX_LOCK_OWNER_DIED);
		shared->flag = 3;
		for (;;)
			pause();
	}
	assert_soon(shared->flag == 3);
	peer_kill(pid);
	assert_int_equal(ipcx_lock_acquire(&shared->lock),
			 IPCX_LOCK_OWNER_DIED);
	assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
	release();
}

static void what_is_not_repaired_is_lost(void **state)
{
	(void)state;
	kill_owner();
	assert_int_equal(ipcx_lock_acquire(&shared->lock),
			 IPCX_LOCK_OWNER_DIED);
	release();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipcx_lock_acquire(&shared->lock),
				 -ENOTRECOVERABLE);
		assert_int_equal(ipcx_lock_acquire_try(&shared->lock),
				 -ENOTRECOVERABLE);
		assert_int_equal(ipcx_lock_acquire_timed(&shared->lock, 1),
				 -ENOTRECOVERABLE);
	}
	assert_int_equal(ipcx_lock_init(&shared->lock), 0);
	acquire();
	release();

	kill_owner();
	assert_int_equal(ipcx_lock_acquire(&shared->lock),
			 IPCX_LOCK_OWNER_DIED);
	assert_int_equal(ipcx_condition_wait_timed(&shared->changed,
						   &shared->lock, 1),
			 -ENOTRECOVERABLE);
}

static void *acquire_and_end(void *arg)
{
	(void)arg;
	acquire();
	return NULL;
}

static void every_end_of_an_owner_counts(void **state)
{
	pthread_t thread;
	pid_t pid;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, acquire_and_end, NULL),
			 0);
	pthread_join(thread, NULL);
	assert_int_equal(ipcx_lock_acquire(&shared->lock),
			 IPCX_LOCK_OWNER_DIED);
	assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
	release();

	for (int how = 0; how < 2; how++) {
		pid = peer_fork();
		if (!pid) {
			acquire();
			if (how)
				execlp("true", "true", NULL);
			peer_done();
		}
		peer_ok(pid);
		assert_int_equal(ipcx_lock_acquire(&shared->lock),
				 IPCX_LOCK_OWNER_DIED);
		assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
		release();
	}
}

static void a_killed_waiter_does_not_matter(void **state)
{
	pid_t owner = start_owner(), waiters[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		waiters[i] = peer_fork();
		if (!waiters[i]) {
			shared->waiting++;
			acquire();
			release();
			peer_done();
		}
	}
	assert_soon(shared->waiting == 3);
	for (int i = 0; i < 3; i++)
		peer_asleep(waiters[i]);
	peer_kill(waiters[0]);
	end_owner(owner);
	peer_ok(waiters[1]);
	peer_ok(waiters[2]);
	acquire();
	release();
}

/* Owners killed anywhere at all: each next one is told, and none is stuck. */
static void killers_race(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		pid_t pid = peer_fork();
		int ret;

		if (!pid) {
			for (;;) {
				ret = ipcx_lock_acquire(&shared->lock);
				if (ret == IPCX_LOCK_OWNER_DIED)
					ipcx_lock_repaired(&shared->lock);
				shared->flag = i + 1;
				ipcx_lock_release(&shared->lock);
			}
		}
		assert_soon(shared->flag == (uint32_t)i + 1);
		peer_kill(pid);
		ret = ipcx_lock_acquire_timed(&shared->lock,
					      in_ms(LONG_ENOUGH));
		if (ret == IPCX_LOCK_OWNER_DIED)
			ret = ipcx_lock_repaired(&shared->lock);
		assert_int_equal(ret, 0);
		release();
	}
}

static void release_by_finish(void *arg)
{
	(void)arg;
	release();
}

static void no_signal_interrupts_a_lock(void **state)
{
	(void)state;
	for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
		acquire();
		assert_int_equal(interrupted(acquire_call, &shared->lock, flags,
					     release_by_finish), 0);
		/* The peer has ended with it. */
		assert_int_equal(ipcx_lock_acquire(&shared->lock),
				 IPCX_LOCK_OWNER_DIED);
		assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
		assert_int_equal(interrupted(acquire_timed_call, &shared->lock,
					     flags, release_by_finish), 0);
		assert_int_equal(ipcx_lock_init(&shared->lock), 0);
	}
}

static void a_child_has_no_locks(void **state)
{
	pid_t pid;

	(void)state;
	acquire();
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_lock_release(&shared->lock), -EPERM);
		assert_int_equal(ipcx_lock_acquire_try(&shared->lock), -EAGAIN);
		peer_done();
	}
	peer_ok(pid);
	release();
}

/* Waits for @shared->guarded to be positive, and takes 1 of it. */
static void take_one(void)
{
	acquire();
	shared->waiting++;
	while (shared->guarded <= 0)
		assert_int_equal(ipcx_condition_wait(&shared->changed,
						     &shared->lock), 0);
	shared->guarded--;
	release();
}

static void give(int n)
{
	acquire();
	shared->guarded += n;
	release();
}

static void start_takers(pid_t *pids, int n)
{
	for (int i = 0; i < n; i++) {
		pids[i] = peer_fork();
		if (!pids[i]) {
			take_one();
			peer_done();
		}
	}
	assert_soon(shared->waiting == (uint32_t)n);
	for (int i = 0; i < n; i++)
		peer_asleep(pids[i]);
}

static void a_signal_wakes_one(void **state)
{
	pid_t pids[3];

	(void)state;
	start_takers(pids, 3);
	for (int i = 0; i < 3; i++) {
		give(1);
		ipcx_condition_signal(&shared->changed);
		assert_soon(!shared->guarded);
	}
	for (int i = 0; i < 3; i++)
		peer_ok(pids[i]);
	/* Nobody is there. */
	ipcx_condition_signal(&shared->changed);
	ipcx_condition_broadcast(&shared->changed);
}

static void a_broadcast_wakes_all(void **state)
{
	pid_t pids[3];

	(void)state;
	start_takers(pids, 3);
	give(3);
	ipcx_condition_broadcast(&shared->changed);
	for (int i = 0; i < 3; i++)
		peer_ok(pids[i]);
	assert_int_equal(shared->guarded, 0);
}

static void a_killed_waiter_holds_nobody_up(void **state)
{
	pid_t pids[4];

	(void)state;
	start_takers(pids, 4);
	peer_kill(pids[0]);
	peer_kill(pids[2]);
	/* More signals than there ever were waiters. */
	for (int i = 0; i < 8; i++) {
		give(1);
		ipcx_condition_signal(&shared->changed);
	}
	peer_ok(pids[1]);
	peer_ok(pids[3]);
	assert_int_equal(shared->guarded, 6);
	ipcx_condition_init(&shared->changed);
}

static void a_wait_ends_at_its_deadline(void **state)
{
	struct ipcx_condition *changed = &shared->changed;

	(void)state;
	assert_int_equal(ipcx_condition_wait_timed(changed, &shared->lock, 1),
			 -EPERM);
	assert_int_equal(ipcx_condition_wait(changed, &shared->lock), -EPERM);
	acquire();
	assert_int_equal(ipcx_condition_wait_timed(changed, &shared->lock,
						   IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(ipcx_condition_wait_timed(changed, &shared->lock, 1),
			 -ETIMEDOUT);
	assert_late(ipcx_condition_wait_timed(changed, &shared->lock,
					      deadline));
	/* Held all the while. */
	release();
}

static long wait_call(void *arg)
{
	int ret;

	acquire();
	shared->waiting = 1;
	do {
		ret = ipcx_condition_wait(arg, &shared->lock);
	} while (!ret && !shared->guarded);
	release();
	return ret;
}

static long wait_timed_call(void *arg)
{
	int ret;

	acquire();
	ret = ipcx_condition_wait_timed(arg, &shared->lock, in_ms(LONG_ENOUGH));
	release();
	return ret;
}

static void give_and_signal(void *arg)
{
	give(1);
	ipcx_condition_signal(arg);
}

static void signals_interrupt_as_said(void **state)
{
	struct ipcx_condition *changed = &shared->changed;

	(void)state;
	assert_int_equal(interrupted(wait_call, changed, 0, NULL), -EINTR);
	assert_int_equal(interrupted(wait_call, changed, SA_RESTART,
				     give_and_signal), 0);
	assert_int_equal(interrupted(wait_timed_call, changed, 0, NULL),
			 -EINTR);
	assert_int_equal(interrupted(wait_timed_call, changed, SA_RESTART,
				     NULL), -EINTR);
}

static void a_wait_tells_of_a_dead_owner(void **state)
{
	pid_t waiter = peer_fork(), owner;

	(void)state;
	if (!waiter) {
		acquire();
		shared->waiting = 1;
		assert_int_equal(ipcx_condition_wait(&shared->changed,
						     &shared->lock),
				 IPCX_LOCK_OWNER_DIED);
		assert_int_equal(ipcx_lock_repaired(&shared->lock), 0);
		release();
		peer_done();
	}
	assert_soon(shared->waiting);
	owner = start_owner();
	ipcx_condition_broadcast(&shared->changed);
	peer_asleep(waiter);
	peer_kill(owner);
	peer_ok(waiter);
	acquire();
	release();
}

#define TURNS	1000

static void take_turns(long mine)
{
	for (int i = 0; i < TURNS; i++) {
		acquire();
		while (shared->guarded % 2 != mine)
			assert_int_equal(ipcx_condition_wait(&shared->changed,
							     &shared->lock), 0);
		shared->guarded++;
		release();
		ipcx_condition_signal(&shared->changed);
	}
}

static void no_signal_is_lost(void **state)
{
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		take_turns(1);
		peer_done();
	}
	take_turns(0);
	peer_ok(pid);
	assert_int_equal(shared->guarded, 2 * TURNS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_has_it_at_a_time),
		TEST(nobody_has_it_twice),
		TEST(one_not_begun_is_told),
		TEST(processes_take_turns),
		TEST(the_death_of_the_owner_is_told),
		TEST(the_death_of_the_owner_wakes),
		TEST(who_dies_repairing_hands_that_on),
		TEST(what_is_not_repaired_is_lost),
		TEST(every_end_of_an_owner_counts),
		TEST(a_killed_waiter_does_not_matter),
		TEST(killers_race),
		TEST(no_signal_interrupts_a_lock),
		TEST(a_child_has_no_locks),
		TEST(a_signal_wakes_one),
		TEST(a_broadcast_wakes_all),
		TEST(a_killed_waiter_holds_nobody_up),
		TEST(a_wait_ends_at_its_deadline),
		TEST(signals_interrupt_as_said),
		TEST(a_wait_tells_of_a_dead_owner),
		TEST(no_signal_is_lost),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
