// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults injected into what is done to mappings: making, moving, splitting and
 * inheriting them, and bringing their pages in.
 */
#include "fault.h"
#include "../guest/guest.h"
#include "../guest/region.h"

#define BYTES	(4 * PAGE)

static int object = -1;
static size_t bytes;			/* of the mapping */
static off_t offset;
static int prot, flags;			/* as mmap() takes them */
static uint8_t *at, *target;

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static void region_setup(void)
{
	object = region_create("region", BYTES, 0, 0600);
	assert_true(object >= 0);
	bytes = BYTES;
	offset = 0;
	prot = RW;
	flags = MAP_SHARED;
}

static void private_setup(void)
{
	region_setup();
	flags = MAP_PRIVATE;
}

static void populate_setup(void)
{
	region_setup();
	flags |= MAP_POPULATE;
}

static void over_file_setup(void)
{
	int file = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	assert_int_equal(unlink("/tmp/file"), 0);
	assert_int_equal(ftruncate(file, BYTES), 0);
	region_setup();
	close(object);
	object = region_over("over", file, BYTES, 0600);
	assert_true(object >= 0);
	close(file);
}

static void kpage_setup(void)
{
	object = queue("q", .flags = IPCX_QUEUE_MAPPABLE);
	assert_true(object >= 0);
	bytes = PAGE;
	offset = IPCX_MMAP_KPAGE;
	prot = PROT_READ;
	flags = MAP_SHARED;
}

static void ring_setup(void)
{
	const struct ipcx_kpage *kpage;

	kpage_setup();
	kpage = (void *)map(object, PAGE, PROT_READ);
	bytes = kpage->ring_bytes;
	munmap((void *)kpage, PAGE);
	offset = IPCX_MMAP_RING;
	prot = RW;
}

static void close_object(void)
{
	close(object);
}

static long make_mapping(void)
{
	void *addr = mmap(NULL, bytes, prot, flags, object, offset);

	if (addr == MAP_FAILED)
		return -errno;
	at = addr;
	return 0;
}

static void unmap(long ret)
{
	(void)ret;
	assert_int_equal(munmap(at, bytes), 0);
}

/* ---- what is done to a mapping that there is ---- */

static void mapped_setup(void)
{
	region_setup();
	assert_int_equal(make_mapping(), 0);
}

static void mapped_ring_setup(void)
{
	ring_setup();
	assert_int_equal(make_mapping(), 0);
}

static void unmap_and_close(void)
{
	unmap(0);
	close_object();
}

static long unmap_all(void)
{
	return result(munmap(at, bytes));
}

static long unmap_middle(void)
{
	return result(munmap(at + PAGE, PAGE));
}

static long protect_middle(void)
{
	return result(mprotect(at + PAGE, PAGE, PROT_READ));
}

static void reserve_target(void)
{
	target = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(target, MAP_FAILED);
}

static void moving_setup(void)
{
	mapped_setup();
	reserve_target();
}

static void moving_ring_setup(void)
{
	mapped_ring_setup();
	reserve_target();
}

/* The target goes first, even if the rest then fails. */
static long move(void)
{
	if (mremap(at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED)
		return -errno;
	return 0;
}

static void unmap_both_and_close(void)
{
	munmap(target, bytes);
	unmap_and_close();
}

/* Who has no memory for a page tries again, and finds it there. */
static long touch(void)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		*(volatile uint8_t *)(at + i) = 0;
	return 0;
}

static int zero;

static void zero_setup(void)
{
	mapped_setup();
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_true(zero >= 0);
}

static void zero_teardown(void)
{
	close(zero);
	unmap_and_close();
}

/* The kernel touches it for the caller, and does not try again. */
static long touch_by_kernel(void)
{
	return result(read(zero, at, bytes));
}

/* The child has mappings of its own, which end with it. */
static long inherit(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return result(pid);
}

static void await_heir(long pid)
{
	child_ok((pid_t)pid);
}

static const struct fault_case cases[] = {
	{ .name = "map a region", .setup = region_setup, .call = make_mapping,
	  .done = unmap, .teardown = close_object, .errnos = { ENOMEM } },
	{ .name = "map a region privately", .setup = private_setup,
	  .call = make_mapping, .done = unmap, .teardown = close_object,
	  .errnos = { ENOMEM } },
	{ .name = "map and populate a region", .setup = populate_setup,
	  .call = make_mapping, .done = unmap, .teardown = close_object,
	  .errnos = { ENOMEM } },
	{ .name = "map a file", .setup = over_file_setup, .call = make_mapping,
	  .done = unmap, .teardown = close_object, .errnos = { ENOMEM } },
	{ .name = "map the kernel page", .setup = kpage_setup,
	  .call = make_mapping, .done = unmap, .teardown = close_object,
	  .errnos = { ENOMEM } },
	{ .name = "map a ring", .setup = ring_setup, .call = make_mapping,
	  .done = unmap, .teardown = close_object, .errnos = { ENOMEM },
	  .settles = true },
	{ .name = "unmap a region", .setup = mapped_setup, .call = unmap_all,
	  .teardown = close_object, .errnos = { ENOMEM } },
	{ .name = "unmap a ring", .setup = mapped_ring_setup, .call = unmap_all,
	  .teardown = close_object, .errnos = { ENOMEM } },
	{ .name = "unmap the middle", .setup = mapped_setup,
	  .call = unmap_middle, .teardown = unmap_and_close,
	  .errnos = { ENOMEM }, .splits = true },
	{ .name = "protect the middle", .setup = mapped_setup,
	  .call = protect_middle, .teardown = unmap_and_close,
	  .errnos = { ENOMEM }, .splits = true },
	{ .name = "move a region", .setup = moving_setup, .call = move,
	  .teardown = unmap_both_and_close, .errnos = { ENOMEM } },
	{ .name = "move a ring", .setup = moving_ring_setup, .call = move,
	  .teardown = unmap_both_and_close, .errnos = { ENOMEM }, .settles = true },
	{ .name = "touch a region", .setup = mapped_setup, .call = touch,
	  .teardown = unmap_and_close, .once = true },
	{ .name = "touch a ring", .setup = mapped_ring_setup, .call = touch,
	  .teardown = unmap_and_close, .once = true },
	{ .name = "read into a region", .setup = zero_setup,
	  .call = touch_by_kernel, .teardown = zero_teardown,
	  .errnos = { EFAULT } },
	/* Not all after it: who has no memory for its own stack tries for ever. */
	{ .name = "inherit a region", .setup = mapped_setup, .call = inherit,
	  .done = await_heir, .teardown = unmap_and_close, .errnos = { ENOMEM },
	  .settles = true, .once = true },
};

static void test_mappings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		inject(&cases[i]);
	no_complaints();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mappings),
	};

	return fault_run(tests);
}
