// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module comes and goes, and nothing is left of it. Each test begins and
 * ends without it. What keeps it from going is test_unload.c's.
 */
#include "mapped.h"

static void load(void)
{
	assert_int_equal(module_load(), 0);
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	assert_true(ctl >= 0);
}

/* What a process leaves at its end may take the kernel a moment to drop. */
static void unload(void)
{
	int rc;

	close(ctl);
	if (!wait_until((rc = module_unload()) != -EAGAIN, LONG_ENOUGH) || rc)
		fail_msg("cannot unload: %s", strerror(-rc));
}

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
	load();
	assert_int_equal(access("/sys/kernel/debug/ipcx/version", F_OK), 0);
	assert_int_equal(access("/sys/class/misc/ipcx", F_OK), 0);
	unload();
	assert_false(module_loaded());
	assert_int_equal(access("/dev/ipcx", F_OK), -1);
	assert_int_equal(access("/sys/kernel/debug/ipcx", F_OK), -1);
	assert_int_equal(access("/sys/class/misc/ipcx", F_OK), -1);
}

static void test_loading_twice(void **state)
{
	(void)state;
	load();
	assert_int_equal(module_load(), -EEXIST);
	unload();
}

/* The last descriptor goes while the repair of the last attachment runs. */
static void test_unload_right_after_a_death(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		_Atomic uint32_t *ready = shared_words();
		pid_t pid;

		load();
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
		unload();
		shared_free(ready);
	}
}

static void traffic(void)
{
	int fd = queue("traffic", .flags = IPCX_QUEUE_MAPPABLE);
	int region = region_create("memory", 4 * PAGE, 0, 0600);
	uint8_t *mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    region, 0);
	uint32_t value = 0;
	struct mapped m;
	pid_t pid;

	assert_ptr_not_equal(mem, MAP_FAILED);
	pid = child_fork();
	if (!pid) {
		mapped_open(&m, fd);
		for (uint32_t i = 0; i < 20; i++) {
			mem[i] = (uint8_t)i;
			assert_int_equal(mapped_send_u32(&m, i,
							 in_ms(LONG_ENOUGH)), 1);
		}
		child_done();
	}
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(recv_u32(fd, &value, in_ms(LONG_ENOUGH)), 1);
		assert_int_equal(value, i);
		assert_int_equal(mem[i], i);
	}
	child_ok(pid);
	munmap(mem, 4 * PAGE);
	close(region);
	close(fd);
}

static void test_fifty_times_with_traffic(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		load();
		traffic();
		unload();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_and_unload_leave_nothing),
		cmocka_unit_test(test_loading_twice),
		cmocka_unit_test(test_unload_right_after_a_death),
		cmocka_unit_test(test_fifty_times_with_traffic),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
