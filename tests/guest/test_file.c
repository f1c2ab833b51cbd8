// SPDX-License-Identifier: GPL-2.0-only
/* IPCX_REGION_FILE: a region over a file that the caller has open. */
#include "region.h"

#include <linux/fs.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define READ	IPCX_RIGHT_READ
#define WRITE	IPCX_RIGHT_WRITE
#define ADMIN	IPCX_RIGHT_ADMIN

/* On tmpfs; the overlay of the guest's root has its files in another one. */
#define PATH	"/tmp/file"

#define HUGE_PAGE	(2UL << 20)

static int make_file(const char *path, size_t bytes)
{
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, (off_t)bytes), 0);
	return file;
}

/* Asserts that nothing was made, and that the descriptor is still the caller's. */
static void refused(int file, uint64_t bytes, int expected)
{
	uint64_t objects = user_count(0, "objects ");
	int files = open_fds();

	assert_int_equal(region_over("refused", file, bytes, 0600), expected);
	assert_int_equal(object_open("refused", IPCX_KIND_ANY, 0), -ENOENT);
	assert_int_equal(open_fds(), files);
	assert_int_equal(user_count(0, "objects "), objects);
}

static void check_both_ways(const char *path)
{
	int file = make_file(path, 2 * PAGE);
	int fd = region_over(NULL, file, 2 * PAGE, 0600);
	uint8_t *mem;
	char byte;

	assert_true(fd >= 0);
	mem = map(fd, 2 * PAGE, RW);
	assert_int_equal(pwrite(file, "a", 1, PAGE), 1);
	assert_int_equal(mem[PAGE], 'a');
	mem[0] = 'b';
	assert_int_equal(pread(file, &byte, 1, 0), 1);
	assert_int_equal(byte, 'b');
	assert_int_equal(mappings(fd), 1);
	munmap(mem, 2 * PAGE);
	close(fd);
	assert_int_equal(pread(file, &byte, 1, 0), 1);
	assert_int_equal(byte, 'b');
	close(file);
	unlink(path);
}

static void test_data_both_ways(void **state)
{
	(void)state;
	check_both_ways(PATH);
}

static void test_on_the_overlay(void **state)
{
	(void)state;
	check_both_ways("/var/file");
}

static void test_size(void **state)
{
	int file = make_file(PATH, PAGE + 1);
	int fd = region_over(NULL, file, 0, 0600);

	(void)state;
	assert_int_equal(object_stat(fd).bytes, 2 * PAGE);
	/* The file does not charge its user for memory that is the file's. */
	assert_int_equal(user_count(0, "bytes "), 0);
	assert_int_equal(user_count(0, "objects "), 1);
	close(fd);
	fd = region_over(NULL, file, PAGE, 0600);
	assert_int_equal(object_stat(fd).bytes, PAGE);
	assert_int_equal(map_error(fd, PAGE, PROT_READ, MAP_SHARED, PAGE),
			 -EINVAL);
	close(fd);
	/* Larger than the file, which may grow. */
	fd = region_over(NULL, file, 4 * PAGE, 0600);
	assert_int_equal(object_stat(fd).bytes, 4 * PAGE);
	close(fd);
	assert_int_equal(ftruncate(file, 0), 0);
	refused(file, 0, -EINVAL);
	refused(file, PAGE + 1, -EINVAL);
	close(file);
}

static void check_reader_of(int file)
{
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .flags = IPCX_REGION_FILE, .mode = 0600,
		.bytes = PAGE, .rights = WRITE, .fd = (uint32_t)file,
	};
	int fd = region_over(NULL, file, PAGE, 0666);
	uint8_t *mem;

	assert_true(fd >= 0);
	assert_int_equal(object_stat(fd).rights, READ | ADMIN);
	assert_int_equal(object_reopen(fd, WRITE), -EACCES);
	assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, 0), -EACCES);
	mem = map(fd, PAGE, PROT_READ);
	assert_int_equal(mprotect(mem, PAGE, RW), -1);
	assert_int_equal(errno, EACCES);
	munmap(mem, PAGE);
	mem = map_private(fd, PAGE, RW);
	mem[0] = 1;
	munmap(mem, PAGE);
	close(fd);
	assert_int_equal(call(ctl, IPCX_IOC_REGION_CREATE, &arg), -EACCES);
}

static void test_read_only_file(void **state)
{
	int file = make_file(PATH, PAGE);
	int reader = open(PATH, O_RDONLY | O_CLOEXEC);

	(void)state;
	check_reader_of(reader);
	close(reader);
	close(file);
}

/* By name, too, whoever opens it and whatever the mode says. */
static void test_read_only_file_by_name(void **state)
{
	int reader, fd;

	(void)state;
	close(make_file(PATH, PAGE));
	reader = open(PATH, O_RDONLY | O_CLOEXEC);
	fd = region_over("reader", reader, PAGE, 0666);
	assert_int_equal(object_open("reader", IPCX_KIND_ANY, WRITE), -EACCES);
	close(fd);
	close(reader);
}

static void test_append_only_file(void **state)
{
	int file = make_file(PATH, PAGE);
	int flags = FS_APPEND_FL;

	(void)state;
	assert_int_equal(ioctl(file, FS_IOC_SETFLAGS, &flags), 0);
	check_reader_of(file);
	flags = 0;
	assert_int_equal(ioctl(file, FS_IOC_SETFLAGS, &flags), 0);
	close(file);
}

static void test_no_file_to_read(void **state)
{
	int file = make_file(PATH, PAGE);
	int writer = open(PATH, O_WRONLY | O_CLOEXEC);
	int path = open(PATH, O_PATH | O_CLOEXEC);

	(void)state;
	refused(writer, PAGE, -EACCES);
	refused(path, PAGE, -EBADF);
	refused(-1, PAGE, -EBADF);
	refused(4000, PAGE, -EBADF);
	close(path);
	close(writer);
	close(file);
}

static void test_other_kinds_of_file(void **state)
{
	int region = region_create(NULL, PAGE, 0, 0600);
	int queue = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	refused(p[0], PAGE, -EINVAL);
	refused(dir, PAGE, -EINVAL);
	refused(sock, PAGE, -EINVAL);
	refused(zero, PAGE, -EINVAL);
	/* No object of ours keeps another: that could become a cycle. */
	refused(region, PAGE, -EINVAL);
	refused(queue, PAGE, -EINVAL);
	refused(ctl, PAGE, -EINVAL);
	for (size_t i = 0; i < 2; i++)
		close(p[i]);
	close(sock);
	close(zero);
	close(dir);
	close(queue);
	close(region);
}

static void test_file_without_mmap(void **state)
{
	int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	(void)state;
	refused(file, PAGE, -ENODEV);
	close(file);
}

static void test_memfd(void **state)
{
	int plain = memfd_create("plain", MFD_CLOEXEC);
	int open_seals = memfd_create("seals", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int fd;

	(void)state;
	assert_int_equal(ftruncate(plain, PAGE), 0);
	assert_int_equal(ftruncate(open_seals, PAGE), 0);
	refused(open_seals, PAGE, -EOPNOTSUPP);
	assert_int_equal(fcntl(open_seals, F_ADD_SEALS, F_SEAL_WRITE), 0);
	refused(open_seals, PAGE, -EOPNOTSUPP);
	assert_int_equal(fcntl(open_seals, F_ADD_SEALS, F_SEAL_SEAL), 0);
	refused(open_seals, PAGE, -EOPNOTSUPP);
	close(open_seals);

	/* Seals that are final and forbid no writing. */
	open_seals = memfd_create("seals", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(open_seals, PAGE), 0);
	assert_int_equal(fcntl(open_seals, F_ADD_SEALS, F_SEAL_SHRINK |
			       F_SEAL_SEAL), 0);
	fd = region_over(NULL, open_seals, PAGE, 0600);
	assert_true(fd >= 0);
	close(fd);
	fd = region_over(NULL, plain, PAGE, 0600);
	assert_true(fd >= 0);
	close(fd);
	close(open_seals);
	close(plain);
}

/*
 * The kernel knows mappings of these by the operations that ours would stand
 * before: it would look into memory that it has no mapping of.
 */
static void test_secret_memory(void **state)
{
	int secret = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	(void)state;
	assert_true(secret >= 0);
	assert_int_equal(ftruncate(secret, PAGE), 0);
	refused(secret, PAGE, -EINVAL);
	close(secret);
}

/* What was begun for a mapping that is then refused is undone. */
static void test_huge_memfd(void **state)
{
	int huge, fd;

	(void)state;
	assert_int_equal(file_write("/proc/sys/vm/nr_hugepages", "2"), 0);
	huge = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);
	assert_int_equal(ftruncate(huge, HUGE_PAGE), 0);
	fd = region_over(NULL, huge, 0, 0600);
	assert_int_equal(object_stat(fd).bytes, HUGE_PAGE);
	assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, 0), -ENODEV);
	assert_int_equal(map_error(fd, HUGE_PAGE, RW, MAP_SHARED, 0), -ENODEV);
	assert_int_equal(mappings(fd), 0);
	close(fd);
	close(huge);
	assert_int_equal(fact("/proc/meminfo", "HugePages_Rsvd"), 0);
	assert_int_equal(file_write("/proc/sys/vm/nr_hugepages", "0"), 0);
	assert_int_equal(fact("/proc/meminfo", "HugePages_Total"), 0);
}

static void test_flags_that_do_not_go_with_it(void **state)
{
	static const uint32_t flags[] = {
		IPCX_REGION_SPARSE, IPCX_REGION_PREFAULT, IPCX_REGION_HUGE,
		IPCX_REGION_LOCKED,
	};
	int file = make_file(PATH, PAGE);
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .mode = 0600, .bytes = PAGE,
		.fd = (uint32_t)file,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		arg.flags = IPCX_REGION_FILE | flags[i];
		assert_int_equal(call(ctl, IPCX_IOC_REGION_CREATE, &arg),
				 -EINVAL);
	}
	/* A descriptor that nobody would look at. */
	arg.flags = 0;
	assert_int_equal(call(ctl, IPCX_IOC_REGION_CREATE, &arg), -EINVAL);
	close(file);
}

static void test_what_is_not_for_files(void **state)
{
	int file = make_file(PATH, PAGE);
	int fd = region_over(NULL, file, PAGE, 0600);
	struct ipcx_stat before = object_stat(fd);

	(void)state;
	assert_int_equal(region_resize(fd, 2 * PAGE), -EOPNOTSUPP);
	assert_int_equal(region_seal(fd, IPCX_SEAL_READONLY), -EOPNOTSUPP);
	assert_int_equal(region_seal(fd, IPCX_SEAL_SEALED), -EOPNOTSUPP);
	stat_unchanged(fd, &before);
	assert_int_equal(lseek(file, 0, SEEK_END), PAGE);
	close(fd);
	close(file);
}

static void test_truncated_underneath(void **state)
{
	int file = make_file(PATH, 2 * PAGE);
	int fd = region_over(NULL, file, 0, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);

	(void)state;
	mem[0] = mem[PAGE] = 1;
	assert_int_equal(ftruncate(file, PAGE), 0);
	/* Who touches it is told, and nobody else. */
	assert_int_equal(signal_of_read(mem + PAGE), SIGBUS);
	assert_int_equal(signal_of_write(mem + PAGE), SIGBUS);
	assert_int_equal(signal_of_read(mem), 0);
	assert_int_equal(mem[0], 1);
	assert_int_equal(object_stat(fd).bytes, 2 * PAGE);

	assert_int_equal(ftruncate(file, 2 * PAGE), 0);
	assert_int_equal(mem[PAGE], 0);
	munmap(mem, 2 * PAGE);
	close(fd);
	close(file);
}

static void test_holes(void **state)
{
	int file = make_file(PATH, 64 * PAGE);
	int fd = region_over(NULL, file, 0, 0600);
	uint8_t *mem = map(fd, 64 * PAGE, RW);
	struct stat st;

	(void)state;
	assert_int_equal(mem[32 * PAGE], 0);
	mem[63 * PAGE] = 1;
	assert_int_equal(fstat(file, &st), 0);
	assert_true(st.st_blocks <= (blkcnt_t)(8 * PAGE / 512));
	assert_int_equal(madvise(mem + 63 * PAGE, PAGE, MADV_REMOVE), 0);
	assert_int_equal(mem[63 * PAGE], 0);
	munmap(mem, 64 * PAGE);
	close(fd);
	close(file);
}

static void test_same_name_same_file(void **state)
{
	int file = make_file(PATH, PAGE);
	int again = open(PATH, O_RDWR | O_CLOEXEC);
	int other = make_file("/tmp/other", PAGE);
	int fd = region_over("same", file, PAGE, 0600);
	struct ipcx_stat before = object_stat(fd);
	int same;

	(void)state;
	same = region_over("same", again, PAGE, 0600);
	assert_true(same >= 0);
	assert_int_equal(object_stat(same).id, before.id);
	close(same);
	same = region_over("same", file, 0, 0600);
	assert_int_equal(object_stat(same).id, before.id);
	close(same);

	assert_int_equal(region_over("same", other, PAGE, 0600), -EEXIST);
	assert_int_equal(region_over("same", file, 2 * PAGE, 0600), -EEXIST);
	assert_int_equal(region_create("same", PAGE, 0, 0600), -EEXIST);
	stat_unchanged(fd, &before);
	close(other);
	close(again);
	close(file);
	close(fd);
}

static void test_unlinked_file(void **state)
{
	int file = make_file(PATH, PAGE);
	int fd = region_over(NULL, file, PAGE, 0600);
	uint8_t *mem;

	(void)state;
	assert_int_equal(unlink(PATH), 0);
	close(file);
	mem = map(fd, PAGE, RW);
	mem[0] = 1;
	close(fd);
	assert_int_equal(mem[0], 1);
	munmap(mem, PAGE);
}

/* The region holds the caller's description of the file, with its lock. */
static void test_lets_the_file_go(void **state)
{
	int file = make_file(PATH, PAGE);
	int other = open(PATH, O_RDWR | O_CLOEXEC);
	int fd = region_over(NULL, file, PAGE, 0600);
	uint8_t *mem = map(fd, PAGE, RW);

	(void)state;
	assert_int_equal(flock(file, LOCK_EX), 0);
	close(file);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	munmap(mem, PAGE);
	assert_soon(flock(other, LOCK_EX | LOCK_NB) == 0);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_both_ways),
		cmocka_unit_test(test_on_the_overlay),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_read_only_file),
		cmocka_unit_test(test_read_only_file_by_name),
		cmocka_unit_test(test_append_only_file),
		cmocka_unit_test(test_no_file_to_read),
		cmocka_unit_test(test_other_kinds_of_file),
		cmocka_unit_test(test_file_without_mmap),
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_secret_memory),
		cmocka_unit_test(test_huge_memfd),
		cmocka_unit_test(test_flags_that_do_not_go_with_it),
		cmocka_unit_test(test_what_is_not_for_files),
		cmocka_unit_test(test_truncated_underneath),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_same_name_same_file),
		cmocka_unit_test(test_unlinked_file),
		cmocka_unit_test(test_lets_the_file_go),
	};

	return guest_run(tests);
}
