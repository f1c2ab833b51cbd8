// SPDX-License-Identifier: GPL-2.0-only
/* Regions: another size, seals, and memory that is there from the beginning. */
#include "region.h"

#define SEALED		IPCX_SEAL_SEALED
#define READONLY	IPCX_SEAL_READONLY
#define HUGE_PAGE	(512 * PAGE)

/* ---- resizing ---- */

static void test_resize(void **state)
{
	static const uint8_t zero[PAGE];
	int fd = region_create("size", 4 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 4 * PAGE, RW);
	struct ipcx_stat st;

	(void)state;
	memset(mem, POISON, 4 * PAGE);
	munmap(mem, 4 * PAGE);
	st = object_stat(fd);
	assert_int_equal(region_resize(fd, PAGE), 0);
	st.bytes = PAGE;
	stat_unchanged(fd, &st);
	assert_int_equal(map_error(fd, PAGE, PROT_READ, MAP_SHARED, PAGE),
			 -EINVAL);
	assert_int_equal(region_resize(fd, 3 * PAGE), 0);
	mem = map(fd, 3 * PAGE, RW);
	/* What was cut off is lost, what was kept is kept. */
	assert_int_equal(mem[0], POISON);
	assert_int_equal(mem[PAGE - 1], POISON);
	assert_memory_equal(mem + PAGE, zero, PAGE);
	assert_memory_equal(mem + 2 * PAGE, zero, PAGE);
	munmap(mem, 3 * PAGE);
	assert_int_equal(region_resize(fd, 3 * PAGE), 0);
	/* A name opens with the size of now. */
	assert_int_equal(region_create("size", 4 * PAGE, 0, 0600), -EEXIST);
	close(region_create("size", 3 * PAGE, 0, 0600));
	close(fd);
}

static void test_resize_refused(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	int reader = object_reopen(fd, IPCX_RIGHT_READ | IPCX_RIGHT_ADMIN);
	struct ipcx_stat before = object_stat(fd);
	struct ipcx_query q = { .size = sizeof(q) };

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	assert_int_equal(region_resize(fd, 0), -EINVAL);
	assert_int_equal(region_resize(fd, PAGE + 1), -EINVAL);
	assert_int_equal(region_resize(fd, q.region_bytes_max + PAGE), -EFBIG);
	assert_int_equal(region_resize(reader, PAGE), -EACCES);
	/* More than there is: refused now, not when it is touched. */
	assert_int_equal(region_resize(fd, 1ULL << 42), -ENOMEM);
	stat_unchanged(fd, &before);
	close(reader);
	close(fd);
}

static void busy(int fd)
{
	struct ipcx_stat before = object_stat(fd);

	assert_int_equal(region_resize(fd, PAGE), -EBUSY);
	assert_int_equal(region_resize(fd, 8 * PAGE), -EBUSY);
	assert_int_equal(region_resize(fd, before.bytes), -EBUSY);
	stat_unchanged(fd, &before);
}

static void test_busy_while_mapped(void **state)
{
	int fd = region_create("busy", 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, PROT_READ);

	(void)state;
	busy(fd);
	munmap(mem, PAGE);
	busy(fd);
	munmap(mem + PAGE, PAGE);
	mem = map_private(fd, PAGE, RW);
	busy(fd);
	munmap(mem, PAGE);

	/* A mapping whose descriptor is closed. */
	mem = map(fd, PAGE, PROT_NONE);
	close(fd);
	fd = object_open("busy", IPCX_KIND_REGION, 0);
	busy(fd);
	munmap(mem, PAGE);
	assert_int_equal(region_resize(fd, PAGE), 0);
	close(fd);
}

static void test_busy_while_a_child_maps(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		close(fd);
		*step = 1;
		for (;;)
			pause();
	}
	assert_soon(*step);
	munmap(mem, 2 * PAGE);
	busy(fd);
	child_kill(pid);
	assert_int_equal(region_resize(fd, PAGE), 0);
	shared_free(step);
	close(fd);
}

static void test_not_resizable(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, IPCX_REGION_LOCKED, 0600);
	struct ipcx_stat before = object_stat(fd);

	(void)state;
	assert_int_equal(region_resize(fd, PAGE), -EOPNOTSUPP);
	stat_unchanged(fd, &before);
	close(fd);
}

static void test_sparse(void **state)
{
	const uint64_t bytes = 64ULL << 30;
	int fd = region_create(NULL, PAGE, IPCX_REGION_SPARSE, 0600);
	uint8_t *mem;

	(void)state;
	assert_int_equal(region_resize(fd, bytes), 0);
	mem = map(fd, bytes, RW);
	for (uint64_t at = 0; at < bytes; at += bytes / 16)
		mem[at] = 1;
	mem[bytes - 1] = 2;
	munmap(mem, bytes);
	mem = mmap(NULL, PAGE, RW, MAP_SHARED, fd, (off_t)(bytes - PAGE));
	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(mem[PAGE - 1], 2);
	munmap(mem, PAGE);
	assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, (off_t)bytes),
			 -EINVAL);
	assert_int_equal(map_error(fd, 2 * PAGE, RW, MAP_SHARED,
				   (off_t)(bytes - PAGE)), -EINVAL);
	assert_int_equal(region_resize(fd, PAGE), 0);
	close(fd);
}

/* ---- seals ---- */

static void test_read_only(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);
	struct ipcx_stat st;

	(void)state;
	mem[0] = 5;
	munmap(mem, 2 * PAGE);
	st = object_stat(fd);
	assert_int_equal(region_seal(fd, READONLY), 0);
	st.seals = READONLY;
	stat_unchanged(fd, &st);
	assert_int_equal(region_seal(fd, READONLY), 0);
	stat_unchanged(fd, &st);

	assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, 0), -EPERM);
	assert_int_equal(map_error(fd, PAGE, PROT_WRITE, MAP_SHARED, 0),
			 -EPERM);
	assert_int_equal(region_resize(fd, PAGE), -EPERM);
	assert_int_equal(region_resize(fd, 4 * PAGE), -EPERM);
	stat_unchanged(fd, &st);

	mem = map(fd, 2 * PAGE, PROT_READ);
	assert_int_equal(mem[0], 5);
	assert_int_equal(mprotect(mem, PAGE, RW), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(madvise(mem, PAGE, MADV_REMOVE), -1);
	assert_int_equal(mem[0], 5);
	munmap(mem, 2 * PAGE);

	/* A private copy can be written, by who has it. */
	mem = map_private(fd, PAGE, RW);
	mem[0] = 6;
	munmap(mem, PAGE);
	mem = map(fd, PAGE, PROT_READ);
	assert_int_equal(mem[0], 5);
	munmap(mem, PAGE);
	close(fd);
}

static void check_busy_mapping(int prot, int flags, int expected)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = mmap(NULL, PAGE, prot, flags, fd, 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(region_seal(fd, READONLY), expected);
	assert_int_equal(object_stat(fd).seals, expected ? 0 : READONLY);
	munmap(mem, PAGE);
	assert_int_equal(region_seal(fd, READONLY), 0);
	close(fd);
}

static void test_read_only_needs_no_writer(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	int reader = object_reopen(fd, IPCX_RIGHT_READ);
	uint8_t *mem = map(reader, PAGE, PROT_READ);

	(void)state;
	check_busy_mapping(RW, MAP_SHARED, -EBUSY);
	/* These could be made writable. */
	check_busy_mapping(PROT_READ, MAP_SHARED, -EBUSY);
	check_busy_mapping(PROT_NONE, MAP_SHARED, -EBUSY);
	check_busy_mapping(RW, MAP_PRIVATE, 0);
	/* This could not. */
	assert_int_equal(region_seal(fd, READONLY), 0);
	munmap(mem, PAGE);
	close(reader);
	close(fd);
}

static void test_read_only_and_split_mappings(void **state)
{
	int fd = region_create(NULL, 4 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 4 * PAGE, RW);

	(void)state;
	assert_int_equal(mprotect(mem, 2 * PAGE, PROT_READ), 0);
	munmap(mem + 2 * PAGE, 2 * PAGE);
	assert_int_equal(region_seal(fd, READONLY), -EBUSY);
	mem = mremap(mem, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     mem + 3 * PAGE);
	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(region_seal(fd, READONLY), -EBUSY);
	munmap(mem - 2 * PAGE, PAGE);
	assert_int_equal(region_seal(fd, READONLY), -EBUSY);
	munmap(mem, PAGE);
	assert_int_equal(region_seal(fd, READONLY), 0);
	close(fd);
}

static void test_read_only_and_a_child(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		*step = 1;
		for (;;)
			pause();
	}
	assert_soon(*step);
	munmap(mem, PAGE);
	assert_int_equal(region_seal(fd, READONLY), -EBUSY);
	child_kill(pid);
	assert_int_equal(region_seal(fd, READONLY), 0);
	shared_free(step);
	close(fd);
}

/* As with memfd, who has the right to seal can seal it for the future as well. */
static void test_read_only_is_for_all(void **state)
{
	int fd = region_create("final", PAGE, IPCX_CREATE_PERSIST, 0666);
	int other;

	(void)state;
	assert_int_equal(region_seal(fd, READONLY), 0);
	close(fd);
	other = object_open("final", IPCX_KIND_REGION, 0);
	assert_int_equal(object_stat(other).seals, READONLY);
	assert_int_equal(map_error(other, PAGE, RW, MAP_SHARED, 0), -EPERM);
	assert_int_equal(object_unlink("final"), 0);
	close(other);
}

static void test_sealed(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);

	(void)state;
	/* It forbids seals, nothing else. */
	assert_int_equal(region_seal(fd, SEALED), 0);
	assert_int_equal(object_stat(fd).seals, SEALED);
	mem[0] = 1;
	munmap(mem, PAGE);
	assert_int_equal(region_seal(fd, READONLY), -EPERM);
	assert_int_equal(region_seal(fd, READONLY | SEALED), -EPERM);
	assert_int_equal(object_stat(fd).seals, SEALED);
	assert_int_equal(region_seal(fd, SEALED), 0);
	assert_int_equal(region_resize(fd, 2 * PAGE), 0);
	mem = map(fd, PAGE, RW);
	munmap(mem, PAGE);
	close(fd);

	fd = region_create(NULL, PAGE, 0, 0600);
	assert_int_equal(region_seal(fd, READONLY | SEALED), 0);
	assert_int_equal(region_seal(fd, READONLY), 0);
	assert_int_equal(object_stat(fd).seals, READONLY | SEALED);
	close(fd);
}

/* Both or none. */
static void test_both_at_once(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);

	(void)state;
	assert_int_equal(region_seal(fd, READONLY | SEALED), -EBUSY);
	assert_int_equal(object_stat(fd).seals, 0);
	munmap(mem, PAGE);
	close(fd);
}

static void test_seal_refused(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	int reader = object_reopen(fd, IPCX_RIGHT_READ | IPCX_RIGHT_ADMIN);
	int queue = queue(NULL);
	struct ipcx_seal padded = {
		.size = sizeof(padded), .seals = READONLY, .pad = 1,
	};

	(void)state;
	assert_int_equal(region_seal(fd, 0), -EINVAL);
	assert_int_equal(region_seal(fd, 4), -EINVAL);
	assert_int_equal(region_seal(fd, READONLY | 0x80000000), -EINVAL);
	assert_int_equal(call(fd, IPCX_IOC_SEAL, &padded), -EINVAL);
	assert_int_equal(region_seal(reader, READONLY), -EACCES);
	assert_int_equal(region_seal(queue, READONLY), -ENOTTY);
	assert_int_equal(region_resize(queue, PAGE), -ENOTTY);
	assert_int_equal(object_stat(fd).seals, 0);
	close(queue);
	close(reader);
	close(fd);
}

/* Nobody, not even root, gets hold of the memory by another way than ours. */
static void test_no_other_way_to_the_memory(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, PROT_READ);
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (uintptr_t)mem, (uintptr_t)mem + 2 * PAGE);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(open(path, O_RDWR | O_CLOEXEC), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(open(path, O_RDONLY | O_CLOEXEC), -1);
	assert_int_equal(truncate(path, 0), -1);

	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 4 * PAGE), -1);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE |
				   FALLOC_FL_KEEP_SIZE, 0, PAGE), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_int_equal(object_stat(fd).bytes, 2 * PAGE);
	assert_int_equal(mem[PAGE], 0);
	munmap(mem, 2 * PAGE);
	close(fd);
}

/* ---- memory that is there from the beginning ---- */

/*
 * Not by mincore(): what shmem allocates in advance counts as there only after
 * the first touch has zeroed it. Counters are per CPU, hence the slack.
 */
static void check_resident(uint32_t flags, bool expected)
{
	const size_t bytes = 2048 * PAGE;
	uint64_t before = fact("/proc/meminfo", "Shmem") * 1024;
	int fd = region_create(NULL, bytes, flags, 0600);
	uint64_t now = fact("/proc/meminfo", "Shmem") * 1024;
	uint8_t *mem = map(fd, bytes, RW);
	static const uint8_t zero[PAGE];

	assert_true(expected ? now + 256 * PAGE >= before + bytes :
			       now <= before + 256 * PAGE);
	for (size_t at = 0; at < bytes; at += 16 * PAGE)
		assert_memory_equal(mem + at, zero, PAGE);
	munmap(mem, bytes);
	close(fd);
	assert_soon(fact("/proc/meminfo", "Shmem") * 1024 <=
		    before + 256 * PAGE);
}

static void test_prefault(void **state)
{
	(void)state;
	check_resident(0, false);
	check_resident(IPCX_REGION_SPARSE, false);
	check_resident(IPCX_REGION_PREFAULT, true);
	check_resident(IPCX_REGION_LOCKED, true);
}

static void test_prefault_more_than_there_is(void **state)
{
	uint64_t objects = user_count(0, "objects ");
	uint64_t bytes = fact("/proc/meminfo", "MemTotal") * 1024 * 2;

	(void)state;
	bytes -= bytes % PAGE;
	assert_int_equal(region_create("big", bytes, IPCX_REGION_PREFAULT,
				       0600), -ENOMEM);
	assert_int_equal(region_create("big", bytes, IPCX_REGION_LOCKED, 0600),
			 -ENOMEM);
	assert_int_equal(object_open("big", IPCX_KIND_ANY, 0), -ENOENT);
	assert_int_equal(user_count(0, "objects "), objects);
	assert_int_equal(user_count(0, "locked "), 0);
	/* Contradictions. */
	assert_int_equal(region_create(NULL, PAGE, IPCX_REGION_SPARSE |
				       IPCX_REGION_PREFAULT, 0600), -EINVAL);
	assert_int_equal(region_create(NULL, PAGE, IPCX_REGION_SPARSE |
				       IPCX_REGION_LOCKED, 0600), -EINVAL);
}

static void test_locked_is_unevictable(void **state)
{
	const size_t bytes = 2048 * PAGE;
	uint64_t before = fact("/proc/meminfo", "Unevictable");
	int fd = region_create(NULL, bytes, IPCX_REGION_LOCKED, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(user_count(0, "locked "), bytes);
	/* Pages reach their list in batches, a few on each CPU. */
	assert_true(fact("/proc/meminfo", "Unevictable") >=
		    before + (bytes - 128 * PAGE) / 1024);
	close(fd);
	assert_soon(fact("/proc/meminfo", "Unevictable") <
		    before + 256 * PAGE / 1024);
	assert_int_equal(user_count(0, "locked "), 0);
}

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

static void check_huge(void)
{
	int fd = region_create(NULL, 4 * HUGE_PAGE, IPCX_REGION_HUGE, 0600);
	uint64_t before = fact("/proc/meminfo", "ShmemHugePages");
	uint8_t *mem;

	assert_true(fd >= 0);
	mem = map(fd, 4 * HUGE_PAGE, RW);
	assert_int_equal((uintptr_t)mem % HUGE_PAGE, 0);
	for (size_t at = 0; at < 4 * HUGE_PAGE; at += PAGE)
		mem[at] = 1;
	/* Memory may be in pieces, but hardly all of it. */
	assert_true(fact("/proc/meminfo", "ShmemHugePages") >=
		    before + HUGE_PAGE / 1024);
	munmap(mem, 4 * HUGE_PAGE);
	close(fd);
}

static void test_huge(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };
	int rc;

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	if (!(q.features & IPCX_FEATURE_HUGE)) {
		assert_int_equal(region_create(NULL, PAGE, IPCX_REGION_HUGE,
					       0600), -EOPNOTSUPP);
		return;
	}
	rc = file_write(SHMEM_ENABLED, "advise");
	if (rc == 0) {
		check_huge();
		assert_int_equal(file_write(SHMEM_ENABLED, "never"), 0);
	} else {
		assert_int_equal(rc, -EINVAL);
	}
	/* One page is asked for as huge and gets what there is. */
	close(region_create(NULL, PAGE, IPCX_REGION_HUGE, 0600));
}

/* What is there from the beginning is huge as well, where the kernel always does it. */
static void test_huge_prefault(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };
	uint64_t before;
	int fd;

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	if (!(q.features & IPCX_FEATURE_HUGE) ||
	    file_write(SHMEM_ENABLED, "always"))
		return;
	before = fact("/proc/meminfo", "ShmemHugePages");
	fd = region_create(NULL, 4 * HUGE_PAGE, IPCX_REGION_HUGE |
			   IPCX_REGION_PREFAULT, 0600);
	assert_true(fd >= 0);
	assert_true(fact("/proc/meminfo", "ShmemHugePages") >=
		    before + HUGE_PAGE / 1024);
	close(fd);
	assert_int_equal(file_write(SHMEM_ENABLED, "never"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_resize_refused),
		cmocka_unit_test(test_busy_while_mapped),
		cmocka_unit_test(test_busy_while_a_child_maps),
		cmocka_unit_test(test_not_resizable),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_read_only_needs_no_writer),
		cmocka_unit_test(test_read_only_and_split_mappings),
		cmocka_unit_test(test_read_only_and_a_child),
		cmocka_unit_test(test_read_only_is_for_all),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_both_at_once),
		cmocka_unit_test(test_seal_refused),
		cmocka_unit_test(test_no_other_way_to_the_memory),
		cmocka_unit_test(test_prefault),
		cmocka_unit_test(test_prefault_more_than_there_is),
		cmocka_unit_test(test_locked_is_unevictable),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_huge_prefault),
	};

	return guest_run(tests);
}
