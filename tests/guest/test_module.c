// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module comes and goes: refused while anything of it is in use, and
 * nothing left of it afterwards. Each test begins and ends without it.
 */
#include "mapped.h"

#include <sys/socket.h>

static void load(void)
{
	assert_int_equal(module_load(), 0);
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	assert_true(ctl >= 0);
}

/* Refused while it is in use, which is not about to change. */
static void assert_held(void)
{
	assert_int_equal(module_unload(), -EAGAIN);
	assert_true(module_loaded());
	assert_int_equal(access("/dev/ipcx", F_OK), 0);
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
	assert_held();
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

static void test_held_by_a_descriptor(void **state)
{
	int region, queue;

	(void)state;
	load();
	region = region_create(NULL, PAGE, 0, 0600);
	queue = queue(NULL);
	close(ctl);
	assert_held();
	close(region);
	assert_held();
	close(queue);
	unload();
}

static void test_held_by_a_mapping(void **state)
{
	struct mapped m;
	void *mem;
	int fd;

	(void)state;
	load();
	fd = region_create(NULL, PAGE, 0, 0600);
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
	close(fd);
	close(ctl);
	assert_held();
	munmap(mem, PAGE);

	unload();
	load();
	fd = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	mapped_open(&m, fd);
	close(fd);
	close(ctl);
	assert_held();
	munmap(m.ring, m.kpage->ring_bytes);
	assert_held();
	munmap((void *)m.kpage, PAGE);
	unload();
}

static void test_held_by_a_child(void **state)
{
	pid_t pid;
	int fd;

	(void)state;
	load();
	fd = queue(NULL);
	pid = child_fork();
	if (!pid)
		for (;;)
			pause();
	close(fd);
	close(ctl);
	assert_held();
	child_kill(pid);
	unload();
}

static void test_held_in_flight(void **state)
{
	int pair[2];
	int fd;

	(void)state;
	load();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fd = region_create(NULL, PAGE, 0, 0600);
	send_fd(pair[0], fd);
	close(fd);
	close(ctl);
	assert_held();
	fd = receive_fd(pair[1]);
	assert_int_equal(object_stat(fd).users, 1);
	assert_held();
	close(fd);
	close(pair[0]);
	close(pair[1]);
	unload();
}

static void test_held_by_what_persists(void **state)
{
	(void)state;
	load();
	close(queue("queue", .flags = IPCX_CREATE_PERSIST));
	close(region_create("region", PAGE, IPCX_CREATE_PERSIST, 0600));
	close(ctl);
	assert_held();

	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	assert_int_equal(object_unlink("queue"), 0);
	close(ctl);
	assert_held();
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	assert_int_equal(object_unlink("region"), 0);
	unload();
}

static void test_held_by_a_sleeper(void **state)
{
	pid_t pid;
	int fd;

	(void)state;
	load();
	fd = queue(NULL);
	pid = child_fork();
	if (!pid) {
		uint32_t value;

		recv_u32(fd, &value, IPCX_FOREVER);
		abort();
	}
	assert_soon(object_stat(fd).waiting_recv == 1);
	close(fd);
	close(ctl);
	assert_held();
	child_kill(pid);
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
		cmocka_unit_test(test_held_by_a_descriptor),
		cmocka_unit_test(test_held_by_a_mapping),
		cmocka_unit_test(test_held_by_a_child),
		cmocka_unit_test(test_held_in_flight),
		cmocka_unit_test(test_held_by_what_persists),
		cmocka_unit_test(test_held_by_a_sleeper),
		cmocka_unit_test(test_unload_right_after_a_death),
		cmocka_unit_test(test_fifty_times_with_traffic),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
