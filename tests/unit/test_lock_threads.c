// SPDX-License-Identifier: GPL-2.0-only
/*
 * <ipcx/lock.h> between threads, and apart from test_lock.c because the thread
 * sanitizer, which is to see these, knows nothing of dead owners.
 */
#include <pthread.h>

#include <ipcx/lock.h>

#include "peer.h"

#define TURNS	2000

static struct ipcx_lock lock;
static struct ipcx_condition changed;
static long guarded;		/* by lock */

static int setup(void **state)
{
	guarded = 0;
	ipcx_condition_init(&changed);
	return ipcx_lock_init(&lock) ? -1 : peer_setup(state);
}

static void acquire(void)
{
	assert_int_equal(ipcx_lock_acquire(&lock), 0);
}

static void release(void)
{
	assert_int_equal(ipcx_lock_release(&lock), 0);
}

static void run_four(void *(*run)(void *arg))
{
	pthread_t threads[4];

	for (long i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run,
						(void *)i), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void *count_up(void *arg)
{
	(void)arg;
	for (int i = 0; i < TURNS; i++) {
		acquire();
		guarded++;
		release();
	}
	return NULL;
}

static void a_lock_guards(void **state)
{
	(void)state;
	run_four(count_up);
	assert_int_equal(guarded, 4 * TURNS);
}

static void *take_turns(void *mine)
{
	for (int i = 0; i < TURNS; i++) {
		acquire();
		while (guarded % 4 != (long)mine)
			assert_int_equal(ipcx_condition_wait(&changed, &lock),
					 0);
		guarded++;
		release();
		ipcx_condition_broadcast(&changed);
	}
	return NULL;
}

static void no_signal_is_lost(void **state)
{
	(void)state;
	run_four(take_turns);
	assert_int_equal(guarded, 4 * TURNS);
}

static _Atomic uint32_t tid;

static void *wait_and_be_cancelled(void *arg)
{
	int ret = 0;

	(void)arg;
	acquire();
	tid = gettid();
	while (!ret && !guarded)
		ret = ipcx_condition_wait(&changed, &lock);
	guarded = 2;
	release();
	assert_int_equal(ret, 0);
	pthread_testcancel();
	return NULL;
}

static void waiting_is_no_cancellation_point(void **state)
{
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_and_be_cancelled,
					NULL), 0);
	assert_soon(tid);
	peer_asleep(tid);
	assert_int_equal(pthread_cancel(thread), 0);
	acquire();
	guarded = 1;
	release();
	ipcx_condition_signal(&changed);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(guarded, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, peer_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_lock_guards),
		TEST(no_signal_is_lost),
		TEST(waiting_is_no_cancellation_point),
	};

	return cmocka_run_group_tests_name("lock between threads", tests, NULL,
					   NULL);
}
