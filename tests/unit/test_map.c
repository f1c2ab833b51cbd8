// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/map.h> against the running kernel. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <ipcx/map.h>

#include "peer.h"

#define RW	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

static char directory[NAME_SIZE], path[NAME_SIZE + 8];

static int setup(void **state)
{
	strcpy(directory, "/tmp/ipcx-test-map-XXXXXX");
	if (!mkdtemp(directory) || chmod(directory, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/file", directory);
	return peer_setup(state);
}

static int teardown(void **state)
{
	int ret = peer_teardown(state);

	unlink(path);
	return rmdir(directory) ? -1 : ret;
}

static struct ipcx_map *create(size_t bytes)
{
	struct ipcx_map *map;

	assert_int_equal(ipcx_map_create(path, bytes, IPCX_CREATE_EXCL, 0,
					 &map), 0);
	return map;
}

static struct ipcx_map *open_again(uint32_t rights)
{
	struct ipcx_map *map;

	assert_int_equal(ipcx_map_open(path, rights, &map), 0);
	return map;
}

static char *attach(struct ipcx_map *map, uint32_t rights, uint32_t flags)
{
	void *address;

	assert_int_equal(ipcx_map_attach(map, rights, flags, 0, 0, &address),
			 0);
	return address;
}

/* What reading it as a file finds. */
static char byte_at(const struct ipcx_map *map, off_t offset)
{
	char byte;

	assert_int_equal(pread(ipcx_map_fd(map), &byte, 1, offset), 1);
	return byte;
}

static void memory_is_the_file(void **state)
{
	struct ipcx_map *map = create(2 * PAGE);
	char *p = attach(map, RW, 0);
	pid_t pid;

	(void)state;
	p[PAGE] = 'a';
	assert_int_equal(byte_at(map, PAGE), 'a');
	assert_int_equal(ipcx_map_sync(map, 0, 0), 0);
	assert_int_equal(pwrite(ipcx_map_fd(map), "b", 1, 0), 1);
	assert_int_equal(p[0], 'b');
	pid = peer_fork();
	if (!pid) {
		attach(open_again(RW), RW, 0)[1] = 'c';
		peer_done();
	}
	peer_ok(pid);
	assert_int_equal(p[1], 'c');
	ipcx_map_close(map);
}

static void sizes_are_exact(void **state)
{
	static const size_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1 };
	struct ipcx_map *none = POISON;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct ipcx_map *map = create(sizes[i]);
		char *p = attach(map, RW, 0);

		assert_int_equal(ipcx_map_size(map), sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(p[j], 0);
		memset(p, 1, sizes[i]);
		ipcx_map_close(map);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(ipcx_map_create(path, 0, 0, 0, &none), -EINVAL);
	assert_int_equal(ipcx_map_create(path, SIZE_MAX, 0, 0, &none), -EFBIG);
	assert_ptr_equal(none, POISON);
}

static void a_file_that_is_there_is_opened_if_it_is_alike(void **state)
{
	struct ipcx_map *first = create(PAGE), *second, *other = POISON;

	(void)state;
	attach(first, RW, 0)[0] = 'x';
	assert_int_equal(ipcx_map_create(path, PAGE, 0, 0, &second), 0);
	assert_int_equal(attach(second, RW, 0)[0], 'x');
	assert_int_equal(ipcx_map_create(path, PAGE, IPCX_CREATE_EXCL, 0,
					 &other), -EEXIST);
	assert_int_equal(ipcx_map_create(path, PAGE + 1, 0, 0, &other),
			 -EEXIST);
	assert_ptr_equal(other, POISON);
	ipcx_map_close(first);
	ipcx_map_close(second);
}

static void paths_are_found(void **state)
{
	char link[NAME_SIZE + 8], longest[5000];
	struct ipcx_map *map = POISON;
	int home = open(".", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(ipcx_map_open(path, RW, &map), -ENOENT);
	assert_int_equal(ipcx_map_create("", 1, 0, 0, &map), -ENOENT);
	assert_int_equal(ipcx_map_create("/no/such/place", 1, 0, 0, &map),
			 -ENOENT);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ipcx_map_create(longest, 1, 0, 0, &map),
			 -ENAMETOOLONG);
	assert_int_equal(ipcx_map_open(directory, IPCX_RIGHT_READ, &map),
			 -EINVAL);
	assert_int_equal(ipcx_map_open("/dev/null", RW, &map), -EINVAL);
	assert_ptr_equal(map, POISON);

	assert_int_equal(chdir(directory), 0);
	assert_int_equal(ipcx_map_create("file", 1, IPCX_CREATE_EXCL, 0, &map),
			 0);
	ipcx_map_close(map);
	assert_int_equal(fchdir(home), 0);
	close(home);

	/* Through a link it is opened, but not made. */
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(ipcx_map_open(link, RW, &map), 0);
	ipcx_map_close(map);
	assert_int_equal(ipcx_map_create(link, 1, 0, 0, &map), -ELOOP);
	unlink(link);
}

static void arguments_are_checked(void **state)
{
	struct ipcx_map *map = create(2 * PAGE + 1), *none = POISON;
	void *address = POISON;

	(void)state;
	assert_int_equal(ipcx_map_create(path, 1, 0x2, 0, &none), -EINVAL);
	assert_int_equal(ipcx_map_create(path, 1, 0, 01000, &none), -EINVAL);
	assert_int_equal(ipcx_map_open(path, IPCX_RIGHT_WRITE, &none), -EINVAL);
	assert_int_equal(ipcx_map_attach(map, 0, 0, 0, 0, &address), -EINVAL);
	assert_int_equal(ipcx_map_attach(map, RW, 0x2, 0, 0, &address),
			 -EINVAL);
	assert_int_equal(ipcx_map_attach(map, RW, 0, 1, 0, &address), -EINVAL);
	assert_int_equal(ipcx_map_attach(map, RW, 0, 3 * PAGE, 0, &address),
			 -EINVAL);
	assert_int_equal(ipcx_map_attach(map, RW, 0, PAGE, PAGE + 2, &address),
			 -EINVAL);
	assert_int_equal(ipcx_map_attach(map, RW, 0, PAGE, SIZE_MAX, &address),
			 -EINVAL);
	assert_int_equal(ipcx_map_resize(map, 0, 0), -EINVAL);
	assert_int_equal(ipcx_map_resize(map, 1, 0x1), -EINVAL);
	assert_int_equal(ipcx_map_resize(map, SIZE_MAX, 0), -EFBIG);
	assert_int_equal(ipcx_map_detach(map), -ENOTCONN);
	assert_int_equal(ipcx_map_sync(map, 0, 0), -ENOTCONN);
	assert_ptr_equal(address, POISON);
	assert_ptr_equal(none, POISON);
	/* None of those has it mapped. */
	assert_int_equal(ipcx_map_resize(map, 2 * PAGE, 0), 0);

	attach(map, RW, 0);
	assert_int_equal(ipcx_map_attach(map, RW, 0, 0, 0, &address), -EISCONN);
	assert_ptr_equal(address, POISON);
	assert_int_equal(ipcx_map_sync(map, 1, 0), -EINVAL);
	assert_int_equal(ipcx_map_sync(map, 2 * PAGE, 0), -EINVAL);
	assert_int_equal(ipcx_map_sync(map, PAGE, PAGE + 1), -EINVAL);
	assert_int_equal(ipcx_map_sync(map, PAGE, PAGE), 0);
	assert_int_equal(ipcx_map_detach(map), 0);
	assert_int_equal(ipcx_map_detach(map), -ENOTCONN);
	ipcx_map_close(map);
	ipcx_map_close(NULL);
}

static void a_part_is_mapped(void **state)
{
	struct ipcx_map *map = create(2 * PAGE);
	char *p;

	(void)state;
	assert_int_equal(ipcx_map_attach(map, RW, 0, PAGE, 1, (void **)&p), 0);
	*p = 'p';
	assert_int_equal(byte_at(map, PAGE), 'p');
	assert_int_equal(ipcx_map_detach(map), 0);
	ipcx_map_close(map);
}

static void private_writes_stay_private(void **state)
{
	struct ipcx_map *map = create(PAGE), *reader;
	char *p;

	(void)state;
	assert_int_equal(pwrite(ipcx_map_fd(map), "f", 1, 0), 1);
	reader = open_again(IPCX_RIGHT_READ);
	p = attach(reader, RW, IPCX_MAP_PRIVATE);
	assert_int_equal(*p, 'f');
	*p = 'p';
	assert_int_equal(ipcx_map_sync(reader, 0, 0), 0);
	assert_int_equal(byte_at(map, 0), 'f');
	ipcx_map_close(reader);
	ipcx_map_close(map);
}

static void what_is_read_only_stays_so(void **state)
{
	struct ipcx_map *writer = create(PAGE), *map;
	void *address = POISON;
	char *p;

	(void)state;
	p = attach(writer, IPCX_RIGHT_READ, 0);
	assert_int_equal(*p, 0);
	ipcx_map_close(writer);
	map = open_again(IPCX_RIGHT_READ);
	assert_int_equal(ipcx_map_attach(map, RW, 0, 0, 0, &address), -EACCES);
	assert_ptr_equal(address, POISON);
	assert_int_equal(ipcx_map_resize(map, 1, 0), -EACCES);
	p = attach(map, IPCX_RIGHT_READ, 0);
	assert_int_equal(mprotect(p, PAGE, PROT_READ | PROT_WRITE), -1);
	errno = ERRNO_CANARY;
	ipcx_map_close(map);
}

static void resizing_adds_zeros_and_cuts_off(void **state)
{
	struct ipcx_map *map = create(PAGE);
	struct stat stat;
	char *p = attach(map, RW, 0);

	(void)state;
	memset(p, 'x', PAGE);
	assert_int_equal(ipcx_map_detach(map), 0);
	assert_int_equal(ipcx_map_resize(map, 1, 0), 0);
	assert_int_equal(ipcx_map_size(map), 1);
	assert_int_equal(ipcx_map_resize(map, 3 * PAGE + 1, 0), 0);
	assert_int_equal(ipcx_map_size(map), 3 * PAGE + 1);
	assert_int_equal(fstat(ipcx_map_fd(map), &stat), 0);
	assert_true(stat.st_blocks >= (blkcnt_t)(4 * PAGE / 512));
	p = attach(map, RW, 0);
	assert_int_equal(p[0], 'x');
	for (size_t i = 1; i <= 3 * PAGE; i++)
		assert_int_equal(p[i], 0);
	ipcx_map_close(map);
}

static void a_disk_that_is_full_changes_nothing(void **state)
{
	struct ipcx_map *map;
	char name[NAME_SIZE], file[NAME_SIZE + 16];
	struct statvfs fs;

	(void)state;
	test_name(name, "map");
	snprintf(file, sizeof(file), "/dev/shm/%s", name);
	assert_int_equal(ipcx_map_create(file, PAGE, IPCX_CREATE_EXCL, 0, &map),
			 0);
	assert_int_equal(statvfs("/dev/shm", &fs), 0);
	assert_int_equal(ipcx_map_resize(map, fs.f_blocks * fs.f_frsize + PAGE,
					 0), -ENOSPC);
	assert_int_equal(ipcx_map_size(map), PAGE);
	assert_int_equal(ipcx_map_resize(map, fs.f_blocks * fs.f_frsize + PAGE,
					 IPCX_MAP_SPARSE), 0);
	ipcx_map_close(map);
	assert_int_equal(unlink(file), 0);
}

static void is_busy(const struct ipcx_map *map)
{
	assert_int_equal(ipcx_map_resize(map, 1, 0), -EBUSY);
	assert_int_equal(ipcx_map_resize(map, 9 * PAGE, IPCX_MAP_SPARSE),
			 -EBUSY);
	assert_int_equal(ipcx_map_size(map), PAGE);
}

static void is_not_busy(const struct ipcx_map *map)
{
	assert_int_equal(ipcx_map_resize(map, 2 * PAGE, 0), 0);
	assert_int_equal(ipcx_map_resize(map, PAGE, 0), 0);
}

static void no_resize_while_mapped_here(void **state)
{
	static const struct {
		uint32_t rights, flags;
	} ways[] = {
		{ RW, 0 },
		{ IPCX_RIGHT_READ, 0 },
		{ RW, IPCX_MAP_PRIVATE },
		{ IPCX_RIGHT_READ, IPCX_MAP_PRIVATE },
	};
	struct ipcx_map *map = create(PAGE), *other = open_again(RW);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		attach(map, ways[i].rights, ways[i].flags);
		is_busy(map);
		is_busy(other);
		attach(other, IPCX_RIGHT_READ, 0);
		assert_int_equal(ipcx_map_detach(map), 0);
		is_busy(map);
		assert_int_equal(ipcx_map_detach(other), 0);
		is_not_busy(map);
		is_not_busy(other);
	}
	/* To close is to detach. */
	attach(other, RW, 0);
	ipcx_map_close(other);
	is_not_busy(map);
	ipcx_map_close(map);
}

/* A peer that has the file mapped; it goes on when *@words is no longer 1. */
static pid_t start_mapper(_Atomic uint32_t *words, uint32_t rights,
			  void (*then)(struct ipcx_map *map))
{
	pid_t pid = peer_fork();
	struct ipcx_map *map;

	if (pid) {
		assert_soon(*words);
		return pid;
	}
	map = open_again(rights);
	attach(map, rights, 0);
	*words = 1;
	while (*words == 1)
		nap();
	if (then)
		then(map);
	peer_done();
}

static void become_sleep(struct ipcx_map *map)
{
	(void)map;
	execlp("sleep", "sleep", "1000", NULL);
}

static void unmap_alone(struct ipcx_map *map)
{
	assert_int_equal(ipcx_map_detach(map), 0);
	for (;;)
		pause();
}

static void no_resize_while_mapped_elsewhere(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_map *map = create(PAGE);
	pid_t pid;

	(void)state;
	/* Until it ends, whatever way. */
	pid = start_mapper(words, RW, NULL);
	is_busy(map);
	peer_kill(pid);
	is_not_busy(map);

	*words = 0;
	pid = start_mapper(words, IPCX_RIGHT_READ, NULL);
	is_busy(map);
	*words = 2;
	peer_ok(pid);
	is_not_busy(map);

	*words = 0;
	pid = start_mapper(words, RW, become_sleep);
	is_busy(map);
	*words = 2;
	assert_soon(!ipcx_map_resize(map, PAGE, 0));
	peer_kill(pid);

	*words = 0;
	pid = start_mapper(words, RW, unmap_alone);
	is_busy(map);
	*words = 2;
	assert_soon(!ipcx_map_resize(map, PAGE, 0));
	peer_kill(pid);
	ipcx_map_close(map);
	shared_free(words);
}

static void a_forked_child_has_it_mapped_too(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_map *map = create(PAGE);
	char *p = attach(map, RW, 0);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		words[0] = 1;
		while (words[0] == 1)
			nap();
		/* Still whole. */
		p[PAGE - 1] = 'c';
		assert_int_equal(ipcx_map_detach(map), 0);
		words[0] = 3;
		for (;;)
			pause();
	}
	assert_soon(words[0]);
	assert_int_equal(ipcx_map_detach(map), 0);
	is_busy(map);
	words[0] = 2;
	assert_soon(words[0] == 3);
	is_not_busy(map);

	/* And the other way round. */
	p = attach(map, RW, 0);
	assert_int_equal(p[PAGE - 1], 'c');
	peer_kill(pid);
	is_busy(map);
	ipcx_map_close(map);
	shared_free(words);
}

static void no_mapping_while_resized(void **state)
{
	struct ipcx_map *map = create(PAGE);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct flock flock = {
		.l_type = F_WRLCK, .l_start = INT64_MAX - 1, .l_len = 1,
	};
	void *address = POISON;

	(void)state;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &flock), 0);
	assert_int_equal(ipcx_map_attach(map, RW, 0, 0, 0, &address), -EBUSY);
	assert_int_equal(ipcx_map_resize(map, 1, 0), -EBUSY);
	assert_ptr_equal(address, POISON);
	close(fd);
	attach(map, RW, 0);
	ipcx_map_close(map);
}

/* Were a size to change under a mapping, SIGBUS would end one of these. */
static void mappers_and_resizers_race(void **state)
{
	pid_t pids[4];

	(void)state;
	ipcx_map_close(create(PAGE));
	for (int i = 0; i < 4; i++) {
		pids[i] = peer_fork();
		if (pids[i])
			continue;
		for (int j = 0; j < 500; j++) {
			struct ipcx_map *map = open_again(RW);
			volatile char *p;
			int ret = ipcx_map_resize(map, (j % 3 + 1) * PAGE,
						  IPCX_MAP_SPARSE);

			if (ret)
				assert_int_equal(ret, -EBUSY);
			ret = ipcx_map_attach(map, RW, 0, 0, 0, (void **)&p);
			if (ret)
				assert_int_equal(ret, -EBUSY);
			else
				for (size_t at = 0; at < ipcx_map_size(map);
				     at += PAGE)
					p[at]++;
			ipcx_map_close(map);
		}
		peer_done();
	}
	for (int i = 0; i < 4; i++)
		peer_ok(pids[i]);
}

static void unlinked_stays_with_its_users(void **state)
{
	struct ipcx_map *map = create(PAGE);
	char *p;

	(void)state;
	assert_int_equal(unlink(path), 0);
	p = attach(map, RW, 0);
	*p = 'x';
	is_busy(map);
	assert_int_equal(ipcx_map_detach(map), 0);
	is_not_busy(map);
	assert_int_equal(byte_at(map, 0), 'x');
	ipcx_map_close(map);
}

static void permissions_hold(void **state)
{
	struct ipcx_map *map;
	pid_t pid;

	(void)state;
	if (getuid())
		skip();
	assert_int_equal(ipcx_map_create(path, PAGE, 0, 0644, &map), 0);
	pid = peer_fork();
	if (!pid) {
		struct ipcx_map *mine = POISON;
		void *address = POISON;

		peer_become_nobody();
		assert_int_equal(ipcx_map_open(path, RW, &mine), -EACCES);
		assert_int_equal(ipcx_map_create(path, PAGE, 0, 0, &mine),
				 -EACCES);
		assert_ptr_equal(mine, POISON);
		/* That of a handle opened before is looked at anew. */
		assert_int_equal(ipcx_map_attach(map, RW, 0, 0, 0, &address),
				 -EACCES);
		assert_int_equal(ipcx_map_resize(map, 1, 0), -EACCES);
		assert_ptr_equal(address, POISON);
		mine = open_again(IPCX_RIGHT_READ);
		attach(mine, IPCX_RIGHT_READ, 0);
		peer_done();
	}
	peer_ok(pid);
	ipcx_map_close(map);
}

static void descriptors_are_private(void **state)
{
	struct ipcx_map *map = create(PAGE);
	int fd = ipcx_map_fd(map);

	(void)state;
	attach(map, RW, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* The mapping's own is the next one. */
	assert_int_equal(fcntl(fd + 1, F_GETFD), FD_CLOEXEC);
	ipcx_map_close(map);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(memory_is_the_file),
		TEST(sizes_are_exact),
		TEST(a_file_that_is_there_is_opened_if_it_is_alike),
		TEST(paths_are_found),
		TEST(arguments_are_checked),
		TEST(a_part_is_mapped),
		TEST(private_writes_stay_private),
		TEST(what_is_read_only_stays_so),
		TEST(resizing_adds_zeros_and_cuts_off),
		TEST(a_disk_that_is_full_changes_nothing),
		TEST(no_resize_while_mapped_here),
		TEST(no_resize_while_mapped_elsewhere),
		TEST(a_forked_child_has_it_mapped_too),
		TEST(no_mapping_while_resized),
		TEST(mappers_and_resizers_race),
		TEST(unlinked_stays_with_its_users),
		TEST(permissions_hold),
		TEST(descriptors_are_private),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
