// SPDX-License-Identifier: GPL-2.0-only
/* What the library says where the module is not loaded. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "plain_ring.h"

#define ERRNO_CANARY	4321
#define POISON		((void *)0x5a5a)

static int setup(void **state)
{
	(void)state;
	errno = ERRNO_CANARY;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(errno, ERRNO_CANARY);
	return 0;
}

/* With the module, the guest's tests say more; here it would be another test. */
static void needs_no_module(void)
{
	if (access("/dev/ipcx", F_OK) == 0) {
		print_message("/dev/ipcx is there: unload the module\n");
		errno = ERRNO_CANARY;
		skip();
	}
	errno = ERRNO_CANARY;
}

static void module_calls_say_so(void **state)
{
	struct ipcx_query query = { .size = sizeof(query) };
	struct ipcx_stat stat = { .size = sizeof(stat) };

	(void)state;
	needs_no_module();
	assert_int_equal(ipcx_query(&query), -ENODEV);
	assert_int_equal(query.abi_version, 0);
	assert_int_equal(ipcx_open("a", IPCX_KIND_ANY, 0), -ENODEV);
	assert_int_equal(ipcx_unlink("a", IPCX_KIND_ANY), -ENODEV);
	assert_int_equal(ipcx_list_next(&stat), -ENODEV);
	assert_int_equal(stat.id, 0);
}

static void region_calls_say_so(void **state)
{
	struct ipcx_region *region = POISON;

	(void)state;
	needs_no_module();
	assert_int_equal(ipcx_region_create("a", 1, NULL, &region), -ENODEV);
	assert_int_equal(ipcx_region_create(NULL, 1, NULL, &region), -ENODEV);
	assert_int_equal(ipcx_region_open("a", 0, &region), -ENODEV);
	assert_ptr_equal(region, POISON);
}

static void queue_calls_say_so(void **state)
{
	struct ipcx_queue *queue = POISON;

	(void)state;
	needs_no_module();
	assert_int_equal(ipcx_queue_create("a", 4, 64, NULL, &queue), -ENODEV);
	assert_int_equal(ipcx_queue_create(NULL, 4, 64, NULL, &queue), -ENODEV);
	assert_int_equal(ipcx_queue_open("a", 0, &queue), -ENODEV);
	assert_ptr_equal(queue, POISON);
}

static void other_descriptors_are_refused(void **state)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct ipcx_region *region = POISON;
	struct ipcx_queue *queue = POISON;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(ipcx_stat(fd, &stat), -ENOTTY);
	assert_int_equal(ipcx_reopen(fd, IPCX_RIGHT_READ), -ENOTTY);
	assert_int_equal(ipcx_region_from_fd(fd, &region), -ENOTTY);
	assert_int_equal(ipcx_queue_from_fd(fd, &queue), -ENOTTY);
	assert_int_equal(stat.id, 0);

	/* It is still the caller's. */
	assert_int_equal(close(fd), 0);
	assert_int_equal(ipcx_stat(fd, &stat), -EBADF);
	assert_int_equal(ipcx_reopen(fd, IPCX_RIGHT_READ), -EBADF);
	assert_int_equal(ipcx_region_from_fd(fd, &region), -EBADF);
	assert_int_equal(ipcx_queue_from_fd(fd, &queue), -EBADF);
	assert_ptr_equal(region, POISON);
	assert_ptr_equal(queue, POISON);
}

static void closing_nothing_is_fine(void **state)
{
	(void)state;
	ipcx_region_close(NULL);
	ipcx_queue_close(NULL);
}

/* Options of another version of the library, in either direction. */
static void options_are_checked(void **state)
{
	struct {
		struct ipcx_queue_options known;
		uint32_t later[3];
	} queue_options = { .known.size = sizeof(queue_options) };
	struct {
		struct ipcx_region_options known;
		uint32_t later;
	} region_options = { .known.size = sizeof(region_options) };
	struct ipcx_region *region = POISON;
	struct ipcx_queue *queue = POISON;

	(void)state;
	needs_no_module();
	/* Nothing asked for that is not known: on to the module. */
	assert_int_equal(ipcx_queue_create("a", 4, 64, &queue_options.known,
					   &queue), -ENODEV);
	assert_int_equal(ipcx_region_create("a", 1, &region_options.known,
					    &region), -ENODEV);
	queue_options.later[2] = 1;
	region_options.later = 1;
	assert_int_equal(ipcx_queue_create("a", 4, 64, &queue_options.known,
					   &queue), -E2BIG);
	assert_int_equal(ipcx_region_create("a", 1, &region_options.known,
					    &region), -E2BIG);
	for (uint32_t size = 0; size < sizeof(queue_options.known); size++) {
		queue_options.known.size = size;
		assert_int_equal(ipcx_queue_create("a", 4, 64,
						   &queue_options.known,
						   &queue), -EINVAL);
	}
	for (uint32_t size = 0; size < sizeof(region_options.known); size++) {
		region_options.known.size = size;
		assert_int_equal(ipcx_region_create("a", 1,
						    &region_options.known,
						    &region), -EINVAL);
	}
	assert_ptr_equal(region, POISON);
	assert_ptr_equal(queue, POISON);
}

static void sizes_that_overflow_are_refused(void **state)
{
	struct ipcx_region *region = POISON;
	struct ipcx_queue *queue = POISON;

	(void)state;
	assert_int_equal(ipcx_region_create("a", SIZE_MAX, NULL, &region),
			 -EFBIG);
	assert_int_equal(ipcx_queue_create("a", (1U << 31) + 1, 64, NULL,
					   &queue), -EFBIG);
	assert_ptr_equal(region, POISON);
	assert_ptr_equal(queue, POISON);
}

static void deadlines_are_in_the_future(void **state)
{
	uint64_t now = ipcx_deadline_after(0);

	(void)state;
	assert_true(now != IPCX_NO_WAIT);
	assert_true(ipcx_deadline_after(1000000000) >= now + 1000000000);
	assert_true(ipcx_deadline_after(1000000000) < now + 100000000000);
	assert_true(ipcx_deadline_after(UINT64_MAX) == IPCX_FOREVER - 1);
	assert_true(ipcx_deadline_after(UINT64_MAX - now) >= IPCX_FOREVER - 1);
}

static void version_is_told(void **state)
{
	(void)state;
	assert_string_equal(ipcx_version(), IPCX_VERSION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(module_calls_say_so),
		TEST(region_calls_say_so),
		TEST(queue_calls_say_so),
		TEST(other_descriptors_are_refused),
		TEST(closing_nothing_is_fine),
		TEST(options_are_checked),
		TEST(sizes_that_overflow_are_refused),
		TEST(deadlines_are_in_the_future),
		TEST(version_is_told),
	};

	return cmocka_run_group_tests_name("without the module", tests, NULL,
					   NULL);
}
