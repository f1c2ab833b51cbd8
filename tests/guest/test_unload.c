// SPDX-License-Identifier: GPL-2.0-only
/*
 * rmmod: refused while anything is open or mapped, by whomever; then allowed.
 * What other parts of the kernel hold: test_unload_kernel.c.
 */
#include "mapped.h"
#include "region.h"
#include "unload.h"

#include <sched.h>
#include <sys/socket.h>

static void test_open(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);

	(void)state;
	assert_int_equal(module_unload(), -EAGAIN);	/* /dev/ipcx itself */
	refused();
	close(fd);
	allowed();
	fd = queue(NULL);
	refused();
	close(fd);
	allowed();
}

static void test_mapping_without_descriptor(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);

	(void)state;
	close(fd);
	refused();
	munmap(mem, PAGE);
	refused();
	mem[PAGE] = 1;
	munmap(mem + PAGE, PAGE);
	allowed();

	fd = region_create(NULL, PAGE, 0, 0600);
	mem = map_private(fd, PAGE, RW);
	close(fd);
	refused();
	munmap(mem, PAGE);
	allowed();
}

static void test_mapped_ring_without_descriptor(void **state)
{
	int fd = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	close(fd);
	refused();
	munmap(m.ring, m.kpage->ring_bytes);
	refused();
	munmap((void *)m.kpage, PAGE);
	allowed();
}

static void test_mapping_of_a_forked_child(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		close(fd);
		close(ctl);
		*step = 1;
		for (;;)
			pause();
	}
	assert_soon(*step);
	munmap(mem, PAGE);
	close(fd);
	refused();
	child_kill(pid);
	allowed();
	shared_free(step);
}

/* ... and the descriptors it inherited. */
static void test_descriptor_of_a_forked_child(void **state)
{
	int fd = queue(NULL);
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		close(ctl);
		*step = 1;
		for (;;)
			pause();
	}
	assert_soon(*step);
	close(fd);
	refused();
	child_kill(pid);
	allowed();
	shared_free(step);
}

static void test_sleeper(void **state)
{
	int fd = queue(NULL);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		uint32_t value;

		close(ctl);
		recv_u32(fd, &value, IPCX_FOREVER);
		abort();
	}
	assert_soon(object_stat(fd).waiting_recv == 1);
	close(fd);
	refused();
	child_kill(pid);
	allowed();
}

static void test_descriptor_in_flight(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	send_fd(pair[0], fd);
	close(fd);
	refused();
	fd = receive_fd(pair[1]);
	assert_int_equal(object_stat(fd).users, 1);
	refused();
	send_fd(pair[0], fd);
	close(fd);
	close(pair[0]);
	close(pair[1]);
	allowed();
}

static void test_persistent_name(void **state)
{
	int fd = region_create("kept", PAGE, IPCX_CREATE_PERSIST, 0600);

	(void)state;
	close(fd);
	refused();
	assert_int_equal(object_unlink("kept"), 0);
	allowed();

	fd = queue("kept", .flags = IPCX_CREATE_PERSIST);
	refused();
	assert_int_equal(object_shutdown("kept"), 0);
	refused();
	close(fd);
	allowed();
}

static void test_file_region(void **state)
{
	int file = memfd_create("file", 0);	/* cannot be sealed */
	uint8_t *mem;
	int fd;

	(void)state;
	assert_int_equal(ftruncate(file, PAGE), 0);
	fd = region_over(NULL, file, 0, 0600);
	assert_true(fd >= 0);
	close(file);
	mem = map(fd, PAGE, RW);
	close(fd);
	refused();
	munmap(mem, PAGE);
	allowed();
}

/* A namespace pins nothing by itself. */
static void test_namespace_without_objects(void **state)
{
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int fd;

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		fd = region_create("gone", PAGE, 0, 0600);
		assert_true(fd >= 0);
		close(fd);
		close(ctl);
		*step = 1;
		assert_soon(*step == 2);
		child_done();
	}
	assert_soon(*step == 1);
	allowed();
	*step = 2;
	child_ok(pid);
	shared_free(step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_mapping_without_descriptor),
		cmocka_unit_test(test_mapped_ring_without_descriptor),
		cmocka_unit_test(test_mapping_of_a_forked_child),
		cmocka_unit_test(test_descriptor_of_a_forked_child),
		cmocka_unit_test(test_sleeper),
		cmocka_unit_test(test_descriptor_in_flight),
		cmocka_unit_test(test_persistent_name),
		cmocka_unit_test(test_file_region),
		cmocka_unit_test(test_namespace_without_objects),
	};

	return guest_run(tests);
}
