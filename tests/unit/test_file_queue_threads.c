// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues in files: threads that share handles, asleep most of the time, while
 * others come, go and are killed, so that every one of them looks after that.
 */
#include <pthread.h>

#include "in_file.h"

#define THREADS		3	/* of each side */
#define MESSAGES	3000	/* of each sender */

static struct ipcx_queue *sends, *recvs;
static uint8_t seen[THREADS][MESSAGES];	/* atomic */
static unsigned int faults;		/* atomic */

static void fault(void)
{
	__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

static void *send_all(void *arg)
{
	uint64_t me = (uintptr_t)arg;

	for (uint64_t i = 0; i < MESSAGES; i++) {
		if (put_number(sends, me << 32 | i, IPCX_FOREVER))
			fault();
		if (i % 100 == 0)
			usleep(10000);
	}
	return NULL;
}

static void *recv_all(void *arg)
{
	int64_t number, last[THREADS];

	(void)arg;
	memset(last, -1, sizeof(last));
	while ((number = get_number(recvs, IPCX_FOREVER)) >= 0) {
		uint32_t sender = number >> 32, i = number;

		if (sender >= THREADS || i >= MESSAGES || i <= last[sender])
			fault();
		else if (__atomic_fetch_add(&seen[sender][i], 1,
					    __ATOMIC_RELAXED))
			fault();
		else
			last[sender] = i;
	}
	if (number != -EPIPE)
		fault();
	return NULL;
}

static void visit(const uint32_t *stop)
{
	while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
		pid_t pid = peer_fork();

		if (!pid) {
			struct ipcx_loan loan;

			ipcx_queue_reserve_try(in_file(BOTH), 0, &loan);
			peer_done();
		}
		peer_ok(pid);
	}
}

static void *visitors(void *arg)
{
	visit(arg);
	return NULL;
}

static void threads_share_handles(void **state)
{
	pthread_t threads[2][THREADS], visitor;
	uint32_t stop = 0;

	(void)state;
	sends = in_file(SEND);
	recvs = in_file(RECV);
	for (uintptr_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[0][i], NULL, send_all,
						(void *)i), 0);
		assert_int_equal(pthread_create(&threads[1][i], NULL, recv_all,
						NULL), 0);
	}
	assert_int_equal(pthread_create(&visitor, NULL, visitors, &stop), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[0][i], NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(visitor, NULL);
	ipcx_queue_close(sends);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[1][i], NULL);
	ipcx_queue_close(recvs);
	assert_int_equal(faults, 0);
	for (int i = 0; i < THREADS; i++)
		for (int n = 0; n < MESSAGES; n++)
			assert_int_equal(seen[i][n], 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FILE_TEST(threads_share_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
