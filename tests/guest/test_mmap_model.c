// SPDX-License-Identifier: GPL-2.0-only
/*
 * A random walk of the mmap family over regions and a ring. The model is what
 * the kernel says in /proc/PID/maps: as many mappings as it shows must be
 * counted, and a ring is there as a whole or not at all, in this process alone.
 * The seed is printed; SEED and STEPS in the environment repeat or lengthen a
 * walk.
 */
#include "mapped.h"
#include "region.h"

#define REGION_PAGES	16
#define ARENA_PAGES	48
#define CHILDREN	3
#define STEPS		1500

static uint64_t seed;
static uint8_t *arena;
static int fds[2];			/* all rights, and read only */
static int queue_fd;
static uint32_t ring_bytes;
static uint8_t *last_ring;		/* where one was put, or moved to, last */
static pid_t children[CHILDREN];
static uint64_t count_before;
static char last_step[128];

/* xorshift64: the same walk on every machine. */
static uint32_t roll(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % sides;
}

/* Mappings of that label, each of which must have so many bytes, if not 0. */
static uint32_t mappings_of(pid_t pid, const char *label, uint32_t bytes)
{
	char path[64], line[512];
	unsigned long from, to;
	uint32_t n = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, label))
			continue;
		n++;
		assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
		if (bytes && to - from != bytes)
			fail_msg("%s: a part is left: %s", last_step, line);
	}
	fclose(maps);
	return n;
}

static void check_model(void)
{
	uint32_t expected = mappings_of(getpid(), "[ipcx-region]", 0);
	bool attached = mappings_of(getpid(), "[ipcx-queue]", ring_bytes);
	uint32_t counted = mappings(fds[0]);

	for (int i = 0; i < CHILDREN; i++) {
		if (!children[i])
			continue;
		expected += mappings_of(children[i], "[ipcx-region]", 0);
		assert_int_equal(mappings_of(children[i], "[ipcx-queue]", 0), 0);
	}
	if (counted != expected)
		fail_msg("%s: %u counted, %u mapped", last_step, counted,
			 expected);
	assert_int_equal(object_stat(queue_fd).attachments, attached);
	if (attached)
		assert_true(mapped_attachment(queue_fd) > 0);
	else
		assert_int_equal(mapped_attachment(queue_fd), -ENOTCONN);
	/* An attachment counts until it is repaired. */
	assert_soon(user_count(0, "attachments ") - count_before ==
		    expected + attached);
}

/* ---- steps: whether they are done or refused is the kernel's affair ---- */

static uint8_t *somewhere(size_t *bytes)
{
	uint32_t page = roll(ARENA_PAGES);

	*bytes = (1 + roll(ARENA_PAGES - page)) * PAGE;
	return arena + page * PAGE;
}

/* Keeps the arena ours: a hole could be taken by anybody. */
static void reserve(uint8_t *addr, size_t bytes)
{
	assert_ptr_equal(mmap(addr, bytes, PROT_NONE, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0),
			 addr);
}

static void reserve_holes(void)
{
	for (uint32_t i = 0; i < ARENA_PAGES; i++)
		if (msync(arena + i * PAGE, PAGE, MS_ASYNC) && errno == ENOMEM)
			reserve(arena + i * PAGE, PAGE);
}

static int some_prot(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW };

	return prots[roll(ARRAY_SIZE(prots))];
}

static void step_mmap(void)
{
	static const int flags[] = {
		MAP_SHARED, MAP_SHARED, MAP_PRIVATE, MAP_SHARED | MAP_POPULATE,
		MAP_PRIVATE | MAP_POPULATE, MAP_SHARED | MAP_LOCKED,
	};
	uint32_t first = roll(REGION_PAGES);
	size_t bytes = (1 + roll(REGION_PAGES - first)) * PAGE;
	uint8_t *addr = arena + roll(ARENA_PAGES - bytes / PAGE + 1) * PAGE;
	void *got = mmap(addr, bytes, some_prot(), MAP_FIXED |
			 flags[roll(ARRAY_SIZE(flags))], fds[roll(2)],
			 first * PAGE);

	/* What was there may be gone although the new mapping is refused. */
	if (got == MAP_FAILED)
		reserve_holes();
}

/* There may be several; all are one attachment. */
static void step_ring(void)
{
	uint8_t *addr = arena + roll(ARENA_PAGES - ring_bytes / PAGE + 1) * PAGE;
	void *got = mmap(addr, ring_bytes, RW, MAP_FIXED | MAP_SHARED, queue_fd,
			 IPCX_MMAP_RING);

	if (got == MAP_FAILED)
		reserve_holes();
	else
		last_ring = got;
}

static void step_munmap(void)
{
	size_t bytes;
	uint8_t *addr = somewhere(&bytes);

	/* A ring goes as a whole. */
	if (munmap(addr, bytes)) {
		assert_int_equal(errno, EINVAL);
		assert_true(mappings_of(getpid(), "[ipcx-queue]", 0) > 0);
	}
	reserve_holes();
}

static void step_mprotect(void)
{
	size_t bytes;
	uint8_t *addr = somewhere(&bytes);

	mprotect(addr, bytes, some_prot());
}

static void step_mremap(void)
{
	static const int flags[] = {
		0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
	};
	int how = flags[roll(ARRAY_SIZE(flags))];
	uint32_t from = roll(ARENA_PAGES), to = roll(ARENA_PAGES);
	size_t old_bytes = roll(4) * PAGE;	/* 0 makes another mapping */
	size_t new_bytes = how & MREMAP_DONTUNMAP ? old_bytes :
						    (1 + roll(4)) * PAGE;
	bool ring = last_ring && !roll(3);
	uint8_t *got;

	if (ring) {
		from = (uint32_t)((last_ring - arena) / PAGE);
		old_bytes = ring_bytes;
		new_bytes = ring_bytes + (roll(4) ? 0 : PAGE);
	}
	if (from * PAGE + old_bytes > ARENA_PAGES * PAGE ||
	    to * PAGE + new_bytes > ARENA_PAGES * PAGE)
		return;
	got = mremap(arena + from * PAGE, old_bytes, new_bytes, how,
		     arena + to * PAGE);
	/* What left the arena must not pile up; what stayed may have holes. */
	if (got != MAP_FAILED &&
	    (got < arena || got + new_bytes > arena + ARENA_PAGES * PAGE))
		assert_int_equal(munmap(got, new_bytes), 0);
	else if (got != MAP_FAILED && ring)
		last_ring = got;
	reserve_holes();
}

static void step_madvise(void)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK,
		MADV_DOFORK, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, 25 /* MADV_COLLAPSE */,
	};
	size_t bytes;
	uint8_t *addr = somewhere(&bytes);

	madvise(addr, bytes, advice[roll(ARRAY_SIZE(advice))]);
}

static void step_mlock(void)
{
	size_t bytes;
	uint8_t *addr = somewhere(&bytes);

	if (roll(2))
		mlock(addr, bytes);
	else
		munlock(addr, bytes);
}

static void step_child(void)
{
	int i = (int)roll(CHILDREN);

	if (children[i]) {
		child_kill(children[i]);
		children[i] = 0;
		return;
	}
	children[i] = child_fork();
	if (!children[i])
		for (;;)
			pause();
}

/* A child that undoes some of what it inherited, and ends by itself. */
static void step_busy_child(void)
{
	pid_t pid = child_fork();

	if (!pid) {
		step_munmap();
		step_mprotect();
		step_mremap();
		child_done();
	}
	child_ok(pid);
}

static const struct {
	const char *name;
	uint32_t weight;
	void (*fn)(void);
} steps[] = {
	{ "mmap", 5, step_mmap },
	{ "ring", 2, step_ring },
	{ "munmap", 3, step_munmap },
	{ "mprotect", 4, step_mprotect },
	{ "mremap", 4, step_mremap },
	{ "madvise", 4, step_madvise },
	{ "mlock", 2, step_mlock },
	{ "child", 1, step_child },
	{ "busy child", 1, step_busy_child },
};

static void take_step(uint32_t number)
{
	uint64_t at = seed;
	uint32_t i, sum = 0, pick;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		sum += steps[i].weight;
	pick = roll(sum);
	for (i = 0; pick >= steps[i].weight; i++)
		pick -= steps[i].weight;
	snprintf(last_step, sizeof(last_step), "step %u, %s, seed %#lx",
		 number, steps[i].name, at);
	steps[i].fn();
}

static uint32_t ring_bytes_of(int fd)
{
	struct ipcx_kpage *kpage = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
					IPCX_MMAP_KPAGE);
	uint32_t bytes;

	assert_ptr_not_equal(kpage, MAP_FAILED);
	bytes = (uint32_t)kpage->ring_bytes;
	assert_int_equal(munmap(kpage, PAGE), 0);
	return bytes;
}

static void walk(uint64_t bytes, uint32_t flags)
{
	uint32_t total = (uint32_t)setting("STEPS", STEPS);

	seed = setting("SEED", now_ns() | 1);
	print_message("# seed %#lx\n", seed);
	count_before = user_count(0, "attachments ");
	fds[0] = region_create(NULL, bytes, flags, 0600);
	fds[1] = object_reopen(fds[0], IPCX_RIGHT_READ);
	assert_true(fds[0] >= 0 && fds[1] >= 0);
	queue_fd = queue(NULL, .slots = 2, .slot_size = PAGE,
			 .flags = IPCX_QUEUE_MAPPABLE);
	last_ring = NULL;
	ring_bytes = ring_bytes_of(queue_fd);
	arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_NONE, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(arena, MAP_FAILED);
	for (uint32_t i = 0; i < total; i++) {
		take_step(i);
		check_model();
	}

	for (int i = 0; i < CHILDREN; i++) {
		if (children[i])
			child_kill(children[i]);
		children[i] = 0;
	}
	assert_int_equal(munmap(arena, ARENA_PAGES * PAGE), 0);
	assert_int_equal(mappings(fds[0]), 0);
	assert_soon(user_count(0, "attachments ") == count_before);
	assert_int_equal(object_stat(queue_fd).attachments, 0);
	close(queue_fd);
	/* Nothing is left that could write, nor anything mapped at all. */
	assert_int_equal(region_resize(fds[0], bytes + PAGE), 0);
	assert_int_equal(region_seal(fds[0], IPCX_SEAL_READONLY), 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_region(void **state)
{
	(void)state;
	walk(REGION_PAGES * PAGE, 0);
}

static void test_huge_region(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	walk(REGION_PAGES * PAGE, q.features & IPCX_FEATURE_HUGE ?
				  IPCX_REGION_HUGE : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_huge_region),
	};

	return guest_run(tests);
}
