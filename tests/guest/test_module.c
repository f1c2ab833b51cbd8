// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module comes and goes, and nothing is left of it. Each test begins and
 * ends without it. What keeps it from going is test_unload.c's.
 *
 * Environment: TIMES it is loaded with traffic, SEED.
 */
#include "load.h"
#include "mapped.h"
#include "random.h"
#include "region.h"
#include "unload.h"

/* A program that failed in the same guest may have left it behind. */
static int setup(void **state)
{
	(void)state;
	return module_loaded() ? module_unload() : 0;
}

static void test_load_and_unload_leave_nothing(void **state)
{
	(void)state;
	assert_int_equal(access("/dev/ipcx", F_OK), -1);
	back();
	assert_int_equal(access("/sys/kernel/debug/ipcx/version", F_OK), 0);
	assert_int_equal(access("/sys/class/misc/ipcx", F_OK), 0);
	gone();
}

static void test_loading_twice(void **state)
{
	(void)state;
	back();
	assert_int_equal(module_load(), -EEXIST);
	gone();
}

/* The last descriptor goes while the repair of the last attachment runs. */
static void test_unload_right_after_a_death(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		_Atomic uint32_t *ready = shared_words();
		pid_t pid;

		back();
		pid = child_fork();
		if (!pid) {
			int fd = queue(NULL, .slots = 4096,
				       .flags = IPCX_QUEUE_MAPPABLE);
			struct mapped m;

			mapped_open(&m, fd);
			for (int i = 0; i < 4096; i++)
				mapped_claim_send(&m);
			*ready = 1;
			for (;;)
				pause();
		}
		assert_soon(*ready);
		child_kill(pid);
		gone();
		shared_free(ready);
	}
}

/* A load takes its caches' first pages for good; many take no more. */
#define TOLERATED_KB	1024

static int64_t kernel_memory(void)
{
	return (int64_t)(fact("/proc/meminfo", "SUnreclaim") +
			 fact("/proc/meminfo", "VmallocUsed") +
			 fact("/proc/meminfo", "Percpu"));
}

/* ... of several processes at once, and the module goes as soon as they have. */
static void traffic(uint64_t *random)
{
	pid_t pids[2];

	for (unsigned int i = 0; i < ARRAY_SIZE(pids); i++) {
		uint64_t seed = random64(random);

		pids[i] = child_fork();
		if (!pids[i]) {
			loads[random64(&seed) % LOADS].round(&seed);
			child_done();
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(pids); i++)
		child_ok(pids[i]);
}

static void test_many_times_with_traffic(void **state)
{
	uint64_t times = setting("TIMES", 50), random = setting("SEED", now_ns() | 1);
	int64_t before = 0, lost;

	(void)state;
	print_message("SEED=%lu\n", (unsigned long)random);
	for (uint64_t i = 0; i < times; i++) {
		back();
		traffic(&random);
		gone();
		if (i == times / 5)
			before = kernel_memory();
	}
	lost = kernel_memory() - before;
	print_message("loaded %lu times; the kernel has %ld kB, and %+ld kB\n",
		      (unsigned long)times, (long)before, (long)lost);
	assert_true(lost <= TOLERATED_KB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_and_unload_leave_nothing),
		cmocka_unit_test(test_loading_twice),
		cmocka_unit_test(test_unload_right_after_a_death),
		cmocka_unit_test(test_many_times_with_traffic),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
