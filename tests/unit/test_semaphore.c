// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/semaphore.h> against the running kernel. */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <ipcx/semaphore.h>

#include "peer.h"

static char name[NAME_SIZE];

/* What each test has beside names: memory that peers share. */
static struct shared {
	struct ipcx_semaphore a, b;
	_Atomic uint32_t words[2];
} *shared;

static int setup(void **state)
{
	test_name(name, "semaphore");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || ipcx_semaphore_init(&shared->a, 0) ||
	    ipcx_semaphore_init(&shared->b, 0))
		return -1;
	return peer_setup(state);
}

static int teardown(void **state)
{
	munmap(shared, sizeof(*shared));
	ipcx_semaphore_unlink(name);
	return peer_teardown(state);
}

static struct ipcx_semaphore *create(uint32_t value)
{
	struct ipcx_semaphore *semaphore;

	assert_int_equal(ipcx_semaphore_create(name, value, IPCX_CREATE_EXCL, 0,
					       &semaphore), 0);
	return semaphore;
}

static struct ipcx_semaphore *open_again(void)
{
	struct ipcx_semaphore *semaphore;

	assert_int_equal(ipcx_semaphore_open(name, &semaphore), 0);
	return semaphore;
}

static void counts(struct ipcx_semaphore *semaphore)
{
	assert_int_equal(ipcx_semaphore_value(semaphore), 2);
	assert_int_equal(ipcx_semaphore_wait(semaphore), 0);
	assert_int_equal(ipcx_semaphore_wait_try(semaphore), 0);
	assert_int_equal(ipcx_semaphore_value(semaphore), 0);
	assert_int_equal(ipcx_semaphore_wait_try(semaphore), -EAGAIN);
	assert_int_equal(ipcx_semaphore_wait_timed(semaphore, IPCX_NO_WAIT),
			 -EAGAIN);
	assert_int_equal(ipcx_semaphore_wait_timed(semaphore, 1), -ETIMEDOUT);
	assert_late(ipcx_semaphore_wait_timed(semaphore, deadline));
	assert_int_equal(ipcx_semaphore_value(semaphore), 0);
	assert_int_equal(ipcx_semaphore_post(semaphore), 0);
	/* What is there is taken, however late it is. */
	assert_int_equal(ipcx_semaphore_wait_timed(semaphore, 1), 0);
	assert_int_equal(ipcx_semaphore_post(semaphore), 0);
	assert_int_equal(ipcx_semaphore_wait_timed(semaphore, IPCX_FOREVER), 0);
	assert_int_equal(ipcx_semaphore_post(semaphore), 0);
	assert_int_equal(ipcx_semaphore_wait_timed(semaphore, IPCX_NO_WAIT), 0);
}

static void unnamed_ones_count(void **state)
{
	(void)state;
	assert_int_equal(ipcx_semaphore_init(&shared->a, 2), 0);
	counts(&shared->a);
}

static void named_ones_count(void **state)
{
	struct ipcx_semaphore *semaphore = create(2);

	(void)state;
	counts(semaphore);
	ipcx_semaphore_close(semaphore);
	ipcx_semaphore_close(NULL);
}

static void the_value_has_a_limit(void **state)
{
	struct ipcx_semaphore *none = POISON;

	(void)state;
	assert_int_equal(ipcx_semaphore_init(&shared->a, INT_MAX), 0);
	assert_int_equal(ipcx_semaphore_post(&shared->a), -EOVERFLOW);
	assert_int_equal(ipcx_semaphore_value(&shared->a), INT_MAX);
	assert_int_equal(ipcx_semaphore_init(&shared->b, INT_MAX + 1U),
			 -EINVAL);
	assert_int_equal(ipcx_semaphore_create(name, INT_MAX + 1U, 0, 0, &none),
			 -EINVAL);
	assert_int_equal(ipcx_semaphore_unlink(name), -ENOENT);
	assert_ptr_equal(none, POISON);
}

static void play(struct ipcx_semaphore *mine, struct ipcx_semaphore *others)
{
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ipcx_semaphore_wait(mine), 0);
		assert_int_equal(ipcx_semaphore_post(others), 0);
	}
}

static void processes_take_turns(void **state)
{
	struct ipcx_semaphore *named = create(1);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		play(&shared->a, open_again());
		peer_done();
	}
	play(named, &shared->a);
	peer_ok(pid);
	assert_int_equal(ipcx_semaphore_value(named), 1);
	ipcx_semaphore_close(named);
}

static void a_named_one_is_inherited(void **state)
{
	struct ipcx_semaphore *named = create(0);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(ipcx_semaphore_post(named), 0);
		ipcx_semaphore_close(named);
		peer_done();
	}
	assert_int_equal(ipcx_semaphore_wait_timed(named, in_ms(LONG_ENOUGH)),
			 0);
	peer_ok(pid);
	ipcx_semaphore_close(named);
}

static void a_taken_name_is_opened(void **state)
{
	struct ipcx_semaphore *first = create(7), *second, *none = POISON;

	(void)state;
	assert_int_equal(ipcx_semaphore_create(name, 3, 0, 0, &second), 0);
	assert_int_equal(ipcx_semaphore_value(second), 7);
	assert_int_equal(ipcx_semaphore_create(name, 3, IPCX_CREATE_EXCL, 0,
					       &none), -EEXIST);
	assert_ptr_equal(none, POISON);
	ipcx_semaphore_close(second);
	/* One close for each open. */
	assert_int_equal(ipcx_semaphore_value(first), 7);
	ipcx_semaphore_close(first);
}

static void names_are_those_of_sem_open(void **state)
{
	static const char * const bad[] = { "", "/", "a/b" };
	char longest[NAME_MAX + 1];
	struct ipcx_semaphore *semaphore = POISON;
	sem_t *sem;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(ipcx_semaphore_create(bad[i], 0, 0, 0,
						       &semaphore), -EINVAL);
		assert_int_equal(ipcx_semaphore_open(bad[i], &semaphore),
				 -EINVAL);
		assert_int_equal(ipcx_semaphore_unlink(bad[i]), -ENOENT);
	}
	memset(longest, 'x', sizeof(longest));
	longest[252] = '\0';
	assert_int_equal(ipcx_semaphore_create(longest, 0, 0, 0, &semaphore),
			 -ENAMETOOLONG);
	assert_int_equal(ipcx_semaphore_open(longest, &semaphore),
			 -ENAMETOOLONG);
	assert_int_equal(ipcx_semaphore_unlink(longest), -ENAMETOOLONG);
	assert_int_equal(ipcx_semaphore_create(name, 0, 0x2, 0, &semaphore),
			 -EINVAL);
	assert_int_equal(ipcx_semaphore_create(name, 0, 0, 01000, &semaphore),
			 -EINVAL);
	assert_int_equal(ipcx_semaphore_open(name, &semaphore), -ENOENT);
	assert_ptr_equal(semaphore, POISON);
	longest[251] = '\0';
	assert_int_equal(ipcx_semaphore_create(longest, 0, IPCX_CREATE_EXCL, 0,
					       &semaphore), 0);
	ipcx_semaphore_close(semaphore);
	assert_int_equal(ipcx_semaphore_unlink(longest), 0);

	ipcx_semaphore_close(create(5));
	sem = sem_open(name, 0);
	assert_ptr_not_equal(sem, SEM_FAILED);
	sem_close(sem);
}

static void unlinked_stays_with_its_users(void **state)
{
	struct ipcx_semaphore *old = create(1), *young, *none = POISON;

	(void)state;
	assert_int_equal(ipcx_semaphore_unlink(name), 0);
	assert_int_equal(ipcx_semaphore_unlink(name), -ENOENT);
	assert_int_equal(ipcx_semaphore_open(name, &none), -ENOENT);
	assert_ptr_equal(none, POISON);
	young = create(2);
	assert_int_equal(ipcx_semaphore_value(old), 1);
	assert_int_equal(ipcx_semaphore_wait_try(old), 0);
	assert_int_equal(ipcx_semaphore_value(young), 2);
	ipcx_semaphore_close(old);
	ipcx_semaphore_close(young);
}

static void permissions_hold(void **state)
{
	pid_t pid;

	(void)state;
	if (getuid())
		skip();
	ipcx_semaphore_close(create(1));
	pid = peer_fork();
	if (!pid) {
		struct ipcx_semaphore *none = POISON;

		peer_become_nobody();
		assert_int_equal(ipcx_semaphore_open(name, &none), -EACCES);
		assert_int_equal(ipcx_semaphore_create(name, 0, 0, 0, &none),
				 -EACCES);
		assert_int_equal(ipcx_semaphore_unlink(name), -EACCES);
		assert_ptr_equal(none, POISON);
		peer_done();
	}
	peer_ok(pid);
}

static long wait_call(void *arg)
{
	return ipcx_semaphore_wait(arg);
}

static long wait_timed_call(void *arg)
{
	return ipcx_semaphore_wait_timed(arg, in_ms(LONG_ENOUGH));
}

static void post(void *arg)
{
	assert_int_equal(ipcx_semaphore_post(arg), 0);
}

static void signals_interrupt_as_said(void **state)
{
	struct ipcx_semaphore *a = &shared->a;

	(void)state;
	assert_int_equal(interrupted(wait_call, a, 0, NULL), -EINTR);
	assert_int_equal(interrupted(wait_call, a, SA_RESTART, post), 0);
	assert_int_equal(interrupted(wait_timed_call, a, 0, NULL), -EINTR);
	assert_int_equal(interrupted(wait_timed_call, a, SA_RESTART, NULL),
			 -EINTR);
	assert_int_equal(ipcx_semaphore_value(a), 0);
}

static void a_killed_waiter_takes_nothing(void **state)
{
	pid_t pids[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pids[i] = peer_fork();
		if (!pids[i]) {
			shared->words[0]++;
			assert_int_equal(ipcx_semaphore_wait(&shared->a), 0);
			peer_done();
		}
	}
	assert_soon(shared->words[0] == 3);
	for (int i = 0; i < 3; i++)
		peer_asleep(pids[i]);
	peer_kill(pids[0]);
	assert_int_equal(ipcx_semaphore_post(&shared->a), 0);
	assert_int_equal(ipcx_semaphore_post(&shared->a), 0);
	peer_ok(pids[1]);
	peer_ok(pids[2]);
	assert_int_equal(ipcx_semaphore_value(&shared->a), 0);
}

static void what_a_dead_owner_took_is_gone(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_semaphore_init(&shared->a, 1), 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_semaphore_wait(&shared->a), 0);
		shared->words[0] = 1;
		for (;;)
			pause();
	}
	assert_soon(shared->words[0]);
	peer_kill(pid);
	assert_int_equal(ipcx_semaphore_wait_try(&shared->a), -EAGAIN);
}

static long guarded;

static void *count_up(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(ipcx_semaphore_wait(arg), 0);
		guarded++;
		assert_int_equal(ipcx_semaphore_post(arg), 0);
	}
	return NULL;
}

static void threads_take_turns(void **state)
{
	pthread_t threads[4];

	(void)state;
	guarded = 0;
	assert_int_equal(ipcx_semaphore_init(&shared->a, 1), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up,
						&shared->a), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(guarded, 8000);
}

static void *wait_and_be_cancelled(void *arg)
{
	shared->words[1] = gettid();
	if (!ipcx_semaphore_wait(arg))
		shared->words[0]++;
	if (!ipcx_semaphore_wait_timed(arg, in_ms(LONG_ENOUGH)))
		shared->words[0]++;
	pthread_testcancel();
	shared->words[0]++;
	return NULL;
}

static void waiting_is_no_cancellation_point(void **state)
{
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_and_be_cancelled,
					&shared->a), 0);
	assert_soon(shared->words[1]);
	for (uint32_t i = 0; i < 2; i++) {
		assert_soon(shared->words[0] == i);
		peer_asleep(shared->words[1]);
		if (!i)
			assert_int_equal(pthread_cancel(thread), 0);
		assert_int_equal(ipcx_semaphore_post(&shared->a), 0);
	}
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(shared->words[0], 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(unnamed_ones_count),
		TEST(named_ones_count),
		TEST(the_value_has_a_limit),
		TEST(processes_take_turns),
		TEST(a_named_one_is_inherited),
		TEST(a_taken_name_is_opened),
		TEST(names_are_those_of_sem_open),
		TEST(unlinked_stays_with_its_users),
		TEST(permissions_hold),
		TEST(signals_interrupt_as_said),
		TEST(a_killed_waiter_takes_nothing),
		TEST(what_a_dead_owner_took_is_gone),
		TEST(threads_take_turns),
		TEST(waiting_is_no_cancellation_point),
	};

	return cmocka_run_group_tests_name("semaphore", tests, NULL, NULL);
}
