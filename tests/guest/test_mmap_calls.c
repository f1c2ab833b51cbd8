// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each call of the mmap family does to a region, to the kernel page and to
 * the ring of a queue: docs/mmap.md is this table. Whatever a call answers, the
 * mappings stay counted.
 */
#include "region.h"

#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGES		4
#define BYTES		(PAGES * PAGE)
#define DOC		"docs/mmap.md"

enum what { REGION, KPAGE, RING, WHATS, RECEIVERS_RING = WHATS };

/* A mapping to try a call on; the call may move or end it. */
struct target {
	enum what what;
	int fd;
	off_t offset;
	uint8_t *addr;
	size_t bytes;
	int prot;
};

static int result(long rc)
{
	return rc < 0 ? -errno : 0;
}

static int try_mmap(struct target *t, size_t bytes, int prot, int flags,
		    off_t offset)
{
	void *addr = mmap(NULL, bytes, prot, flags, t->fd, t->offset + offset);

	if (addr == MAP_FAILED)
		return -errno;
	munmap(addr, bytes);
	return 0;
}

#define MMAP(name, ...) \
	static int mmap_##name(struct target *t) \
	{ \
		return try_mmap(t, __VA_ARGS__); \
	}

MMAP(rw, t->bytes, RW, MAP_SHARED, 0)
MMAP(read, t->bytes, PROT_READ, MAP_SHARED, 0)
MMAP(none, t->bytes, PROT_NONE, MAP_SHARED, 0)
MMAP(exec, t->bytes, PROT_READ | PROT_EXEC, MAP_SHARED, 0)
MMAP(private, t->bytes, PROT_READ, MAP_PRIVATE, 0)
MMAP(private_rw, t->bytes, RW, MAP_PRIVATE, 0)
MMAP(part, t->bytes - PAGE ?: t->bytes / 2, t->prot, MAP_SHARED, 0)
MMAP(offset, t->bytes - PAGE ?: PAGE, t->prot, MAP_SHARED, PAGE)
MMAP(beyond, t->bytes + PAGE, t->prot, MAP_SHARED, 0)
MMAP(populate, t->bytes, t->prot, MAP_SHARED | MAP_POPULATE, 0)
MMAP(locked, t->bytes, t->prot, MAP_SHARED | MAP_LOCKED, 0)

static int mmap_over(struct target *t)
{
	return result(mmap(t->addr, t->bytes, t->prot, MAP_SHARED | MAP_FIXED,
			   t->fd, t->offset) == MAP_FAILED ? -1 : 0);
}

static int munmap_whole(struct target *t)
{
	return result(munmap(t->addr, t->bytes));
}

static int munmap_part(struct target *t)
{
	return result(munmap(t->addr, PAGE));
}

static int mprotect_none(struct target *t)
{
	return result(mprotect(t->addr, t->bytes, PROT_NONE));
}

static int mprotect_read(struct target *t)
{
	return result(mprotect(t->addr, t->bytes, PROT_READ));
}

static int mprotect_rw(struct target *t)
{
	return result(mprotect(t->addr, t->bytes, RW));
}

static int mprotect_exec(struct target *t)
{
	return result(mprotect(t->addr, t->bytes, PROT_READ | PROT_EXEC));
}

static int mprotect_part(struct target *t)
{
	return result(mprotect(t->addr, PAGE, PROT_NONE));
}

static int try_mremap(struct target *t, size_t from, size_t to, int flags)
{
	void *spare = mmap(NULL, to + PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *got;
	int rc;

	assert_ptr_not_equal(spare, MAP_FAILED);
	got = mremap(t->addr, from, to, flags, spare);
	rc = result(got == MAP_FAILED ? -1 : 0);
	return rc;
}

static int mremap_grow(struct target *t)
{
	return try_mremap(t, t->bytes, t->bytes + PAGE, MREMAP_MAYMOVE);
}

static int mremap_shrink(struct target *t)
{
	return try_mremap(t, t->bytes, t->bytes - PAGE, 0);
}

static int mremap_move(struct target *t)
{
	return try_mremap(t, t->bytes, t->bytes, MREMAP_MAYMOVE | MREMAP_FIXED);
}

static int mremap_move_part(struct target *t)
{
	return try_mremap(t, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED);
}

static int mremap_again(struct target *t)
{
	return try_mremap(t, 0, t->bytes, MREMAP_MAYMOVE);
}

static int mremap_keep(struct target *t)
{
	return try_mremap(t, t->bytes, t->bytes, MREMAP_MAYMOVE |
			  MREMAP_DONTUNMAP);
}

static int remap_pages(struct target *t)
{
	return result(syscall(SYS_remap_file_pages, t->addr, t->bytes, 0,
			      t->offset / PAGE, 0));
}

#define MADVISE(name, advice) \
	static int madvise_##name(struct target *t) \
	{ \
		return result(madvise(t->addr, t->bytes, advice)); \
	}

MADVISE(normal, MADV_NORMAL)
MADVISE(random, MADV_RANDOM)
MADVISE(sequential, MADV_SEQUENTIAL)
MADVISE(willneed, MADV_WILLNEED)
MADVISE(dontneed, MADV_DONTNEED)
MADVISE(free, MADV_FREE)
MADVISE(remove, MADV_REMOVE)
MADVISE(dontfork, MADV_DONTFORK)
MADVISE(dofork, MADV_DOFORK)
MADVISE(hugepage, MADV_HUGEPAGE)
MADVISE(nohugepage, MADV_NOHUGEPAGE)
MADVISE(dontdump, MADV_DONTDUMP)
MADVISE(dodump, MADV_DODUMP)
MADVISE(wipeonfork, MADV_WIPEONFORK)
MADVISE(keeponfork, MADV_KEEPONFORK)
MADVISE(cold, MADV_COLD)
MADVISE(pageout, MADV_PAGEOUT)
MADVISE(populate_read, MADV_POPULATE_READ)
MADVISE(populate_write, MADV_POPULATE_WRITE)

static int madvise_mergeable(struct target *t)
{
	int rc = result(madvise(t->addr, t->bytes, MADV_MERGEABLE));

	/* A kernel without KSM does not know it. */
	return access("/sys/kernel/mm/ksm", F_OK) ? 0 : rc;
}

static int madvise_part(struct target *t)
{
	return result(madvise(t->addr, PAGE, MADV_RANDOM));
}

static int lock(struct target *t)
{
	return result(mlock(t->addr, t->bytes));
}

static int lock_on_fault(struct target *t)
{
	return result(mlock2(t->addr, t->bytes, MLOCK_ONFAULT));
}

static int unlock(struct target *t)
{
	return result(munlock(t->addr, t->bytes));
}

static int sync_now(struct target *t)
{
	return result(msync(t->addr, t->bytes, MS_SYNC));
}

static int sync_later(struct target *t)
{
	return result(msync(t->addr, t->bytes, MS_ASYNC));
}

static int in_core(struct target *t)
{
	unsigned char vec[64];

	assert_true(t->bytes / PAGE <= sizeof(vec));
	return result(mincore(t->addr, t->bytes, vec));
}

static int bind_memory(struct target *t)
{
	unsigned long nodes = 1;
	int rc = result(syscall(SYS_mbind, t->addr, t->bytes, MPOL_BIND, &nodes,
				sizeof(nodes) * 8, 0));

	return rc == -ENOSYS ? 0 : rc;	/* a kernel without NUMA */
}

static int fault_by_user(struct target *t)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)t->addr, t->bytes },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	assert_int_equal(ioctl(fd, UFFDIO_API, &api), 0);
	rc = result(ioctl(fd, UFFDIO_REGISTER, &reg));
	close(fd);
	return rc;
}

/* Stands for all that pins pages: O_DIRECT, io_uring buffers, vmsplice. */
static int pin(struct target *t)
{
	struct iovec iov = { .iov_base = t->addr, .iov_len = PAGE };
	int p[2], rc;

	assert_int_equal(pipe(p), 0);
	rc = result(vmsplice(p[1], &iov, 1, 0));
	close(p[0]);
	close(p[1]);
	return rc;
}

static int read_by_other(struct target *t)
{
	char byte;
	struct iovec to = { .iov_base = &byte, .iov_len = 1 };
	struct iovec from = { .iov_base = t->addr, .iov_len = 1 };

	return result(process_vm_readv(getpid(), &to, 1, &from, 1, 0));
}

static int use_after_fork(struct target *t)
{
	return signal_of_read(t->addr) ? -EFAULT : 0;
}

#define ROW(name, fn, ...)	{ name, fn, { __VA_ARGS__ } }

/* What each call answers for a region, a kernel page, a ring. */
static const struct {
	const char *name;
	int (*fn)(struct target *t);
	int expected[WHATS];
} calls[] = {
	ROW("mmap PROT_READ", mmap_read, 0, 0, 0),
	ROW("mmap PROT_READ + PROT_WRITE", mmap_rw, 0, -EACCES, 0),
	ROW("mmap PROT_NONE", mmap_none, 0, 0, 0),
	ROW("mmap PROT_EXEC", mmap_exec, -EPERM, -EPERM, -EPERM),
	ROW("mmap MAP_PRIVATE, PROT_READ", mmap_private, 0, -EINVAL, -EINVAL),
	ROW("mmap MAP_PRIVATE, PROT_WRITE", mmap_private_rw, 0, -EINVAL, -EINVAL),
	ROW("mmap MAP_POPULATE", mmap_populate, 0, 0, 0),
	ROW("mmap MAP_LOCKED", mmap_locked, 0, 0, 0),
	ROW("mmap MAP_FIXED over itself", mmap_over, 0, 0, 0),
	ROW("mmap of a part", mmap_part, 0, 0, -EINVAL),
	ROW("mmap of a part at an offset", mmap_offset, 0, -EINVAL, -EINVAL),
	ROW("mmap beyond the end", mmap_beyond, -EINVAL, -EINVAL, -EINVAL),
	ROW("munmap", munmap_whole, 0, 0, 0),
	ROW("munmap of a part", munmap_part, 0, 0, -EINVAL),
	ROW("mprotect PROT_NONE", mprotect_none, 0, 0, 0),
	ROW("mprotect PROT_READ", mprotect_read, 0, 0, 0),
	ROW("mprotect PROT_READ + PROT_WRITE", mprotect_rw, 0, -EACCES, 0),
	ROW("mprotect PROT_EXEC", mprotect_exec, -EACCES, -EACCES, -EACCES),
	ROW("mprotect of a part", mprotect_part, 0, 0, -EINVAL),
	ROW("mremap to more", mremap_grow, 0, -EFAULT, -EFAULT),
	ROW("mremap to less", mremap_shrink, 0, -EINVAL, -EINVAL),
	ROW("mremap elsewhere", mremap_move, 0, 0, 0),
	ROW("mremap of a part elsewhere", mremap_move_part, 0, 0, -EINVAL),
	ROW("mremap of size 0 (one more mapping)", mremap_again,
	    0, -EFAULT, -EFAULT),
	ROW("mremap MREMAP_DONTUNMAP", mremap_keep, 0, -EINVAL, -EINVAL),
	ROW("remap_file_pages", remap_pages, 0, 0, 0),
	ROW("madvise MADV_NORMAL", madvise_normal, 0, 0, 0),
	ROW("madvise MADV_RANDOM", madvise_random, 0, 0, 0),
	ROW("madvise MADV_RANDOM of a part", madvise_part, 0, 0, -EINVAL),
	ROW("madvise MADV_SEQUENTIAL", madvise_sequential, 0, 0, 0),
	ROW("madvise MADV_WILLNEED", madvise_willneed, 0, 0, 0),
	ROW("madvise MADV_DONTNEED", madvise_dontneed, 0, -EINVAL, -EINVAL),
	ROW("madvise MADV_FREE", madvise_free, -EINVAL, -EINVAL, -EINVAL),
	ROW("madvise MADV_REMOVE", madvise_remove, -EOPNOTSUPP, -EACCES,
	    -ENODEV),
	ROW("madvise MADV_DONTFORK", madvise_dontfork, 0, 0, 0),
	ROW("madvise MADV_DOFORK", madvise_dofork, 0, -EINVAL, -EINVAL),
	ROW("madvise MADV_WIPEONFORK", madvise_wipeonfork,
	    -EINVAL, -EINVAL, -EINVAL),
	ROW("madvise MADV_KEEPONFORK", madvise_keeponfork, 0, 0, 0),
	ROW("madvise MADV_MERGEABLE", madvise_mergeable, 0, 0, 0),
	ROW("madvise MADV_HUGEPAGE", madvise_hugepage, 0, 0, 0),
	ROW("madvise MADV_NOHUGEPAGE", madvise_nohugepage, 0, 0, 0),
	ROW("madvise MADV_DONTDUMP", madvise_dontdump, 0, 0, 0),
	ROW("madvise MADV_DODUMP", madvise_dodump, 0, -EINVAL, -EINVAL),
	ROW("madvise MADV_COLD", madvise_cold, 0, -EINVAL, -EINVAL),
	ROW("madvise MADV_PAGEOUT", madvise_pageout, 0, -EINVAL, -EINVAL),
	ROW("madvise MADV_POPULATE_READ", madvise_populate_read,
	    0, -EINVAL, -EINVAL),
	ROW("madvise MADV_POPULATE_WRITE", madvise_populate_write,
	    0, -EINVAL, -EINVAL),
	ROW("mlock", lock, 0, 0, 0),
	ROW("mlock2 MLOCK_ONFAULT", lock_on_fault, 0, 0, 0),
	ROW("munlock", unlock, 0, 0, 0),
	ROW("msync MS_SYNC", sync_now, 0, -EINVAL, -EINVAL),
	ROW("msync MS_ASYNC", sync_later, 0, 0, 0),
	ROW("mincore", in_core, 0, 0, 0),
	ROW("mbind", bind_memory, 0, 0, 0),
	ROW("userfaultfd UFFDIO_REGISTER", fault_by_user,
	    -EINVAL, -EINVAL, -EINVAL),
	ROW("vmsplice (pins pages)", pin, 0, -EFAULT, -EFAULT),
	ROW("process_vm_readv", read_by_other, 0, -EFAULT, -EFAULT),
	ROW("access in a forked child", use_after_fork, 0, -EFAULT, -EFAULT),
};

static struct target open_target(enum what what)
{
	struct target t = { .what = what, .prot = RW, .bytes = BYTES };
	bool receives = what == RECEIVERS_RING;

	if (what == REGION) {
		t.fd = region_create(NULL, BYTES, 0, 0600);
	} else {
		t.fd = queue(NULL, .slots = 64, .slot_size = 128,
			     .flags = IPCX_QUEUE_MAPPABLE |
				      (receives ? IPCX_QUEUE_BROADCAST : 0),
			     .rights = receives ? IPCX_RIGHT_RECV |
						  IPCX_RIGHT_MAP : 0);
		t.bytes = PAGE;
		t.prot = PROT_READ;
	}
	assert_true(t.fd >= 0);
	if (what == RING || receives) {
		struct ipcx_kpage *kpage = (void *)map(t.fd, PAGE, PROT_READ);

		t.bytes = kpage->ring_bytes;
		t.prot = receives ? PROT_READ : RW;
		t.offset = IPCX_MMAP_RING;
		munmap(kpage, PAGE);
	}
	t.addr = mmap(NULL, t.bytes, t.prot, MAP_SHARED, t.fd, t.offset);
	assert_ptr_not_equal(t.addr, MAP_FAILED);
	return t;
}

/* Mappings of it in this process, as the kernel shows them. */
static uint32_t shown(const struct target *t)
{
	static const char *const names[] = {
		"[ipcx-region]", NULL, " 10000000 ", " 10000000 ",
	};
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	uint32_t n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		n += names[t->what] && strstr(line, names[t->what]);
	fclose(maps);
	/* A queue counts address spaces. */
	return t->what == REGION ? n : !!n;
}

static void check_counted(const struct target *t, const char *name)
{
	if (mappings(t->fd) != shown(t))
		fail_msg("%s: %u counted, %u mapped", name, mappings(t->fd),
			 shown(t));
}

/* In a child, so that each call finds the same and leaves nothing. */
static int try(enum what what, size_t i)
{
	_Atomic uint32_t *rc = shared_words();
	pid_t pid = child_fork();
	int answer;

	if (!pid) {
		struct target t = open_target(what);

		*rc = (uint32_t)calls[i].fn(&t);
		check_counted(&t, calls[i].name);
		child_done();
	}
	child_ok(pid);
	answer = (int)*rc;
	shared_free(rc);
	return answer;
}

static int expected(enum what what, size_t i)
{
	const int *answers = calls[i].expected;

	if (what != RECEIVERS_RING)
		return answers[what];
	return answers[KPAGE] == -EACCES ? -EACCES : answers[RING];
}

static void check_calls(enum what what)
{
	uint32_t wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int answer = try(what, i);

		if (answer == expected(what, i))
			continue;
		print_error("%s: %d, expected %d\n", calls[i].name, answer,
			    expected(what, i));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_region(void **state)
{
	(void)state;
	check_calls(REGION);
}

static void test_kernel_page(void **state)
{
	(void)state;
	check_calls(KPAGE);
}

static void test_ring(void **state)
{
	(void)state;
	check_calls(RING);
}

static void test_ring_of_a_broadcast_receiver(void **state)
{
	(void)state;
	check_calls(RECEIVERS_RING);
}

/* The documentation tells what the rows above say. */
static void test_documented(void **state)
{
	static char text[16384], line[256];
	FILE *doc = fopen(DOC, "r");
	size_t n;

	(void)state;
	assert_non_null(doc);
	n = fread(text, 1, sizeof(text) - 1, doc);
	text[n] = '\0';
	fclose(doc);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		char *at = line + sprintf(line, "| %s |", calls[i].name);

		for (int w = 0; w < WHATS; w++) {
			int rc = calls[i].expected[w];

			at += sprintf(at, " %s |",
				      rc ? strerrorname_np(-rc) : "ok");
		}
		if (!strstr(text, line))
			fail_msg("%s has no line \"%s\"", DOC, line);
	}
}

/*
 * It maps the file of a mapping once more, which is not the region's descriptor:
 * what the region forbids must be forbidden there, too.
 */
static void test_remap_file_pages_is_no_way_around_a_seal(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, PROT_READ);

	(void)state;
	munmap(mem, PAGE);
	assert_int_equal(region_seal(fd, IPCX_SEAL_READONLY), 0);
	mem = map(fd, PAGE, PROT_READ);
	assert_int_equal(mprotect(mem, PAGE, RW), -1);
	syscall(SYS_remap_file_pages, mem, PAGE, 0, 0, 0);
	assert_int_equal(mprotect(mem, PAGE, RW), -1);
	munmap(mem, PAGE);
	close(fd);
}

static void test_remap_file_pages_is_counted(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);

	(void)state;
	syscall(SYS_remap_file_pages, mem, 2 * PAGE, 0, 0, 0);
	assert_int_equal(mappings(fd), 1);
	assert_int_equal(region_resize(fd, PAGE), -EBUSY);
	munmap(mem, 2 * PAGE);
	close(fd);
}

/* Mappings side by side, which the kernel may make one of, or not. */
static void check_adjacent(int fd, int prot)
{
	static const int order[] = { 0, 2, 1, 4, 3 };
	struct target t = { .what = REGION, .fd = fd };
	uint8_t *at = mmap(NULL, 5 * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_ptr_not_equal(mmap(at + order[i] * PAGE, PAGE, prot,
					  MAP_SHARED | MAP_FIXED, fd,
					  order[i] * (off_t)PAGE), MAP_FAILED);
		check_counted(&t, "mmap beside another");
	}
	assert_int_equal(munmap(at, 5 * PAGE), 0);
	assert_int_equal(mappings(fd), 0);
}

static void test_adjacent_mappings_are_counted(void **state)
{
	int fd = region_create(NULL, 5 * PAGE, 0, 0600);
	int huge = region_create(NULL, 5 * PAGE, IPCX_REGION_HUGE, 0600);

	(void)state;
	check_adjacent(fd, RW);
	check_adjacent(fd, PROT_READ);
	assert_int_equal(region_seal(fd, IPCX_SEAL_READONLY), 0);
	check_adjacent(fd, PROT_READ);
	if (huge >= 0)
		check_adjacent(huge, RW);
	close(huge);
	close(fd);
}

/* A region over part of a file gives that part away, not the file. */
static void test_mremap_stays_in_the_region(void **state)
{
	int file = memfd_create("file", 0);
	uint8_t *mem;
	int fd;

	(void)state;
	assert_int_equal(ftruncate(file, 4 * PAGE), 0);
	fd = region_over(NULL, file, PAGE, 0600);
	mem = map(fd, PAGE, RW);
	assert_ptr_equal(mremap(mem, PAGE, 4 * PAGE, MREMAP_MAYMOVE), MAP_FAILED);
	assert_int_equal(errno, EFAULT);
	munmap(mem, PAGE);
	close(fd);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_kernel_page),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_ring_of_a_broadcast_receiver),
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_remap_file_pages_is_no_way_around_a_seal),
		cmocka_unit_test(test_remap_file_pages_is_counted),
		cmocka_unit_test(test_adjacent_mappings_are_counted),
		cmocka_unit_test(test_mremap_stays_in_the_region),
	};

	return guest_run(tests);
}
