// SPDX-License-Identifier: GPL-2.0-only
/* Regions: memory that is shared, charged, counted and gone with its users. */
#include "guest.h"

#include <pthread.h>
#include <sys/socket.h>

#define RW	(PROT_READ | PROT_WRITE)

static uint8_t *map(int fd, size_t bytes, int prot)
{
	void *addr = mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(addr, MAP_FAILED);
	return addr;
}

static int map_error(int fd, size_t bytes, int prot, off_t offset)
{
	void *addr = mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);

	assert_ptr_equal(addr, MAP_FAILED);
	return -errno;
}

static uint32_t mappings(int fd)
{
	return object_stat(fd).attachments;
}

/* What the kernel made of the mapping of [addr, addr + bytes). */
static uint32_t vmas_in(const void *addr, size_t bytes)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t from, to;
	char line[512];
	uint32_t n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
		if (from >= (uintptr_t)addr && to <= (uintptr_t)addr + bytes)
			n++;
	}
	fclose(maps);
	return n;
}

static void test_stat(void **state)
{
	int fd = region_create("stat", 3 * PAGE, 0, 0640);
	struct ipcx_stat st = object_stat(fd);
	struct ipcx_stat expected = {
		.size = st.size, .id = st.id, .kind = IPCX_KIND_REGION,
		.mode = 0640, .rights = IPCX_RIGHTS_REGION, .bytes = 3 * PAGE,
		.users = 1, .name = "stat", .made_ns = st.made_ns,
	};

	(void)state;
	assert_true(st.id != 0);
	assert_true(st.made_ns != 0);
	assert_memory_equal(&st, &expected, sizeof(st));
	close(fd);

	fd = region_create(NULL, PAGE, IPCX_REGION_SPARSE, 0600);
	st = object_stat(fd);
	assert_int_equal(st.create_flags, IPCX_REGION_SPARSE);
	assert_string_equal(st.name, "");
	close(fd);
}

static void test_zeroed(void **state)
{
	static const uint8_t zero[PAGE];

	(void)state;
	/* A second one may get pages that the first one had written. */
	for (int round = 0; round < 2; round++) {
		int fd = region_create(NULL, 16 * PAGE, 0, 0600);
		uint8_t *mem = map(fd, 16 * PAGE, RW);

		for (int i = 0; i < 16; i++)
			assert_memory_equal(mem + i * PAGE, zero, PAGE);
		memset(mem, POISON, 16 * PAGE);
		munmap(mem, 16 * PAGE);
		close(fd);
	}
}

static void test_named_shares_between_processes(void **state)
{
	int fd = region_create("shared", 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int own = object_open("shared", IPCX_KIND_REGION, 0);
		uint8_t *view = map(own, 2 * PAGE, RW);

		view[0] = 1;
		view[2 * PAGE - 1] = 2;
		assert_true(wait_until(*(volatile uint8_t *)&view[1] == 3,
				       LONG_ENOUGH));
		child_done();
	}
	assert_soon(*(volatile uint8_t *)&mem[2 * PAGE - 1] == 2);
	assert_int_equal(mem[0], 1);
	*(volatile uint8_t *)&mem[1] = 3;
	child_ok(pid);
	munmap(mem, 2 * PAGE);
	close(fd);
}

static void test_second_page_at_its_offset(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *whole = map(fd, 2 * PAGE, RW);
	uint8_t *second = mmap(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);

	(void)state;
	assert_ptr_not_equal(second, MAP_FAILED);
	whole[PAGE] = 5;
	assert_int_equal(second[0], 5);
	assert_int_equal(mappings(fd), 2);
	munmap(whole, 2 * PAGE);
	munmap(second, PAGE);
	close(fd);
}

static void test_mmap_beyond_the_end(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);

	(void)state;
	assert_int_equal(map_error(fd, PAGE, RW, 2 * PAGE), -EINVAL);
	assert_int_equal(map_error(fd, 2 * PAGE, RW, PAGE), -EINVAL);
	assert_int_equal(map_error(fd, 3 * PAGE, RW, 0), -EINVAL);
	assert_int_equal(map_error(fd, PAGE, RW, 1L << 40), -EINVAL);
	assert_int_equal(mappings(fd), 0);
	close(fd);
}

/* As of any file: a mapping can grow, but has no memory beyond the end. */
static void test_mremap_beyond_the_end(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);
	int status;
	pid_t pid;

	(void)state;
	mem = mremap(mem, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(mappings(fd), 1);
	mem[PAGE] = 1;
	pid = child_fork();
	if (!pid) {
		mem[2 * PAGE] = 1;
		child_done();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	munmap(mem, 4 * PAGE);
	assert_int_equal(mappings(fd), 0);
	close(fd);
}

static void test_read_only_right(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	int reader = object_reopen(fd, IPCX_RIGHT_READ);
	uint8_t *mem = map(fd, PAGE, RW);
	char path[64];
	uint8_t *view;

	(void)state;
	assert_int_equal(map_error(reader, PAGE, RW, 0), -EACCES);
	assert_int_equal(map_error(reader, PAGE, PROT_WRITE, 0), -EACCES);

	view = map(reader, PAGE, PROT_READ);
	mem[0] = 9;
	assert_int_equal(view[0], 9);
	assert_int_equal(mprotect(view, PAGE, RW), -1);
	assert_int_equal(errno, EACCES);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", reader);
	assert_int_equal(open(path, O_RDWR), -1);
	assert_int_equal(open(path, O_RDONLY), -1);
	assert_int_equal(write(reader, "x", 1), -1);
	assert_int_equal(ftruncate(reader, 0), -1);

	munmap(view, PAGE);
	munmap(mem, PAGE);
	close(reader);
	close(fd);
}

static void test_other_rights(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	int writer = object_reopen(fd, IPCX_RIGHT_WRITE);
	int admin = object_reopen(fd, IPCX_RIGHT_ADMIN);

	(void)state;
	/* There is no memory that can be written and not be read. */
	assert_int_equal(map_error(writer, PAGE, RW, 0), -EACCES);
	assert_int_equal(map_error(admin, PAGE, RW, 0), -EACCES);
	assert_int_equal(map_error(admin, PAGE, PROT_READ, 0), -EACCES);
	assert_int_equal(mappings(fd), 0);
	close(writer);
	close(admin);
	close(fd);
}

static void test_size_is_fixed(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);
	char path[64];

	(void)state;
	assert_int_equal(ftruncate(fd, PAGE), -1);
	assert_int_equal(ftruncate(fd, 4 * PAGE), -1);
	assert_int_equal(fallocate(fd, 0, 0, 4 * PAGE), -1);

	/* Nor behind the module's back, by a name of what is mapped. */
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (long)mem, (long)mem + 2 * PAGE);
	assert_int_equal(open(path, O_RDWR), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(truncate(path, PAGE), -1);
	assert_int_equal(errno, EPERM);

	mem[PAGE] = 1;
	assert_int_equal(object_stat(fd).bytes, 2 * PAGE);
	munmap(mem, 2 * PAGE);
	close(fd);
}

static void test_fork_inherits_and_counts(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		mem[0] = 1;
		*step = 1;
		assert_soon(*step == 2);
		child_done();
	}
	assert_soon(*step == 1);
	assert_int_equal(mem[0], 1);
	assert_int_equal(mappings(fd), 2);
	/* The child has the same description, not one of its own. */
	assert_int_equal(object_stat(fd).users, 1);
	*step = 2;
	child_ok(pid);
	assert_int_equal(mappings(fd), 1);
	munmap(mem, PAGE);
	assert_int_equal(mappings(fd), 0);
	shared_free(step);
	close(fd);
}

static void test_exec_lets_go(void **state)
{
	int fd = region_create("exec", PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);
	_Atomic uint32_t *forked = shared_words();
	int out[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(out), 0);
	pid = child_fork();
	if (!pid) {
		*forked = 1;
		/* cat ends with its input, that is when the test lets it. */
		dup2(out[0], STDIN_FILENO);
		close(out[1]);
		execlp("cat", "cat", NULL);
		abort();
	}
	assert_soon(*forked);
	assert_soon(mappings(fd) == 1);
	munmap(mem, PAGE);
	close(fd);
	assert_int_equal(object_open("exec", IPCX_KIND_ANY, 0), -ENOENT);
	close(out[0]);
	close(out[1]);
	child_ok(pid);
	shared_free(forked);
}

static void test_mapping_outlives_descriptor(void **state)
{
	int fd = region_create("mapped", PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);
	struct ipcx_stat st;

	(void)state;
	close(fd);
	mem[0] = 3;
	fd = object_open("mapped", IPCX_KIND_REGION, 0);
	assert_true(fd >= 0);
	st = object_stat(fd);
	assert_int_equal(st.attachments, 1);
	munmap(mem, PAGE);

	mem = map(fd, PAGE, RW);
	assert_int_equal(mem[0], 3);
	close(fd);
	munmap(mem, PAGE);
	assert_int_equal(object_open("mapped", IPCX_KIND_ANY, 0), -ENOENT);
}

static void test_killed_mapper_lets_go(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int fd = region_create("killed", PAGE, 0, 0600);
		uint8_t *mem = map(fd, PAGE, RW);

		close(fd);
		mem[0] = 1;
		*ready = 1;
		for (;;)
			pause();
	}
	assert_soon(*ready);
	child_kill(pid);
	assert_int_equal(object_open("killed", IPCX_KIND_ANY, 0), -ENOENT);
	shared_free(ready);
}

static void test_persistent_keeps_its_bytes(void **state)
{
	int fd = region_create("stays", PAGE, IPCX_CREATE_PERSIST, 0600);
	uint8_t *mem = map(fd, PAGE, RW);

	(void)state;
	mem[PAGE - 1] = 4;
	munmap(mem, PAGE);
	close(fd);

	fd = object_open("stays", IPCX_KIND_REGION, IPCX_RIGHT_READ);
	mem = map(fd, PAGE, PROT_READ);
	assert_int_equal(mem[PAGE - 1], 4);
	assert_int_equal(object_unlink("stays"), 0);
	assert_int_equal(mem[PAGE - 1], 4);
	close(fd);
	munmap(mem, PAGE);
	assert_int_equal(object_open("stays", IPCX_KIND_ANY, 0), -ENOENT);
}

static void test_splits_are_counted(void **state)
{
	int fd = region_create(NULL, 5 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 5 * PAGE, RW);

	(void)state;
	assert_int_equal(mappings(fd), 1);
	/* A hole makes two of one. */
	munmap(mem + 2 * PAGE, PAGE);
	assert_int_equal(vmas_in(mem, 5 * PAGE), 2);
	assert_int_equal(mappings(fd), 2);
	/* So does another protection. */
	assert_int_equal(mprotect(mem + 4 * PAGE, PAGE, PROT_READ), 0);
	assert_int_equal(vmas_in(mem, 5 * PAGE), 3);
	assert_int_equal(mappings(fd), 3);
	/* Where the kernel merges again, they must follow. */
	assert_int_equal(mprotect(mem + 4 * PAGE, PAGE, RW), 0);
	assert_int_equal(mappings(fd), vmas_in(mem, 5 * PAGE));

	munmap(mem, PAGE);
	assert_int_equal(mappings(fd), vmas_in(mem, 5 * PAGE));
	mem[PAGE] = mem[3 * PAGE] = mem[4 * PAGE] = 1;
	munmap(mem, 5 * PAGE);
	assert_int_equal(mappings(fd), 0);
	close(fd);
}

static void test_moved_mapping_counts_once(void **state)
{
	int fd = region_create(NULL, 2 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);
	uint8_t *to = mmap(NULL, 2 * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	mem[PAGE] = 6;
	to = mremap(mem, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	assert_ptr_not_equal(to, MAP_FAILED);
	assert_int_equal(to[PAGE], 6);
	assert_int_equal(mappings(fd), 1);
	munmap(to, 2 * PAGE);
	assert_int_equal(mappings(fd), 0);
	close(fd);
}

static uint64_t meminfo(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %lu", &kib);
	fclose(file);
	return kib * 1024;
}

static void test_memory_is_reserved_unless_sparse(void **state)
{
	uint64_t bytes = 2 * meminfo("MemTotal") / PAGE * PAGE;
	uint8_t *mem;
	int fd;

	(void)state;
	assert_int_equal(region_create("big", bytes, 0, 0600), -ENOMEM);
	assert_int_equal(object_open("big", IPCX_KIND_ANY, 0), -ENOENT);

	fd = region_create("big", bytes, IPCX_REGION_SPARSE, 0600);
	assert_true(fd >= 0);
	mem = map(fd, bytes, RW);
	mem[bytes - 1] = 1;
	assert_int_equal(mem[0], 0);
	munmap(mem, bytes);
	close(fd);
}

static void test_largest(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	assert_int_equal(region_create(NULL, q.region_bytes_max / PAGE * PAGE +
				       PAGE, IPCX_REGION_SPARSE, 0600), -EFBIG);
}

static void test_memory_is_given_back(void **state)
{
	/* Others may use a little meanwhile, and counters are per CPU. */
	const uint64_t little = 512 * PAGE;
	uint64_t before = meminfo("Shmem");
	int fd = region_create(NULL, 4096 * PAGE, 0, 0600);
	uint8_t *mem = map(fd, 4096 * PAGE, RW);

	(void)state;
	memset(mem, 1, 4096 * PAGE);
	assert_true(meminfo("Shmem") + little >= before + 4096 * PAGE);
	munmap(mem, 4096 * PAGE);
	close(fd);
	assert_soon(meminfo("Shmem") < before + little);
}

static void test_passed_over_a_socket(void **state)
{
	int pair[2];
	uint8_t *mem;
	int fd, reader;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = child_fork();
	if (!pid) {
		uint8_t *view;

		become(NOBODY, NOBODY);
		fd = receive_fd(pair[1]);
		/* The right came with the descriptor, whoever holds it. */
		assert_int_equal(object_stat(fd).rights, IPCX_RIGHT_READ);
		assert_int_equal(map_error(fd, PAGE, RW, 0), -EACCES);
		view = map(fd, PAGE, PROT_READ);
		assert_int_equal(view[0], 8);
		child_done();
	}
	fd = region_create(NULL, PAGE, 0, 0600);
	mem = map(fd, PAGE, RW);
	mem[0] = 8;
	reader = object_reopen(fd, IPCX_RIGHT_READ);
	send_fd(pair[0], reader);
	child_ok(pid);
	munmap(mem, PAGE);
	close(reader);
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

static void test_futex_between_processes(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	pthread_mutex_t *lock = (void *)map(fd, PAGE, RW);
	pthread_mutexattr_t attr;
	pid_t pid;

	(void)state;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	assert_int_equal(pthread_mutex_init(lock, &attr), 0);
	pid = child_fork();
	if (!pid) {
		assert_int_equal(pthread_mutex_lock(lock), 0);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(pthread_mutex_lock(lock), EOWNERDEAD);
	munmap(lock, PAGE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_named_shares_between_processes),
		cmocka_unit_test(test_second_page_at_its_offset),
		cmocka_unit_test(test_mmap_beyond_the_end),
		cmocka_unit_test(test_mremap_beyond_the_end),
		cmocka_unit_test(test_read_only_right),
		cmocka_unit_test(test_other_rights),
		cmocka_unit_test(test_size_is_fixed),
		cmocka_unit_test(test_fork_inherits_and_counts),
		cmocka_unit_test(test_exec_lets_go),
		cmocka_unit_test(test_mapping_outlives_descriptor),
		cmocka_unit_test(test_killed_mapper_lets_go),
		cmocka_unit_test(test_persistent_keeps_its_bytes),
		cmocka_unit_test(test_splits_are_counted),
		cmocka_unit_test(test_moved_mapping_counts_once),
		cmocka_unit_test(test_memory_is_reserved_unless_sparse),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_memory_is_given_back),
		cmocka_unit_test(test_passed_over_a_socket),
		cmocka_unit_test(test_futex_between_processes),
	};

	return guest_run(tests);
}
