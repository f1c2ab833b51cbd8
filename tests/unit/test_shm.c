// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/shm.h> against the running kernel. */
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include <ipcx/shm.h>

#include "peer.h"

#define RW	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

static char name[NAME_SIZE];

static int setup(void **state)
{
	test_name(name, "shm");
	return peer_setup(state);
}

/* Each test has taken its name away, or does not mind. */
static int teardown(void **state)
{
	ipcx_shm_unlink(name);
	return peer_teardown(state);
}

static struct ipcx_shm *create(size_t bytes)
{
	struct ipcx_shm *shm;

	assert_int_equal(ipcx_shm_create(name, bytes, IPCX_CREATE_EXCL, 0,
					 &shm), 0);
	return shm;
}

static char *map(const struct ipcx_shm *shm, uint32_t rights)
{
	void *address;

	assert_int_equal(ipcx_shm_map(shm, rights, 0, 0, &address), 0);
	return address;
}

static void memory_is_shared(void **state)
{
	struct ipcx_shm *shm = create(PAGE);
	char *text = map(shm, IPCX_RIGHT_READ);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(ipcx_shm_open(name, RW, &shm), 0);
		strcpy(map(shm, RW), "hello");
		peer_done();
	}
	peer_ok(pid);
	assert_string_equal(text, "hello");
	munmap(text, PAGE);
	ipcx_shm_close(shm);
	assert_int_equal(ipcx_shm_unlink(name), 0);
	assert_int_equal(ipcx_shm_unlink(name), -ENOENT);
}

static void sizes_are_exact(void **state)
{
	static const size_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct ipcx_shm *shm = create(sizes[i]);
		char *p = map(shm, RW);

		assert_int_equal(ipcx_shm_size(shm), sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(p[j], 0);
		memset(p, 1, sizes[i]);
		munmap(p, sizes[i]);
		ipcx_shm_close(shm);
		assert_int_equal(ipcx_shm_unlink(name), 0);
	}
}

static void impossible_sizes_are_refused(void **state)
{
	struct ipcx_shm *shm = POISON;
	struct statvfs fs;

	(void)state;
	assert_int_equal(statvfs("/dev/shm", &fs), 0);
	assert_int_equal(ipcx_shm_create(name, 0, 0, 0, &shm), -EINVAL);
	assert_int_equal(ipcx_shm_create(name, SIZE_MAX, 0, 0, &shm), -EFBIG);
	assert_int_equal(ipcx_shm_create(name, fs.f_blocks * fs.f_frsize + 1, 0,
					 0, &shm), -ENOSPC);
	assert_ptr_equal(shm, POISON);
	assert_int_equal(ipcx_shm_unlink(name), -ENOENT);

	/* That is said now, or by SIGBUS later. */
	assert_int_equal(ipcx_shm_create(name, fs.f_blocks * fs.f_frsize + 1,
					 IPCX_SHM_SPARSE, 0, &shm), 0);
	ipcx_shm_close(shm);
}

static void memory_is_reserved(void **state)
{
	struct ipcx_shm *shm = create(10 * PAGE), *sparse;
	struct stat stat;

	(void)state;
	assert_int_equal(fstat(ipcx_shm_fd(shm), &stat), 0);
	assert_int_equal(stat.st_blocks, 10 * PAGE / 512);
	ipcx_shm_close(shm);
	assert_int_equal(ipcx_shm_unlink(name), 0);

	assert_int_equal(ipcx_shm_create(name, 10 * PAGE, IPCX_SHM_SPARSE, 0,
					 &sparse), 0);
	assert_int_equal(fstat(ipcx_shm_fd(sparse), &stat), 0);
	assert_int_equal(stat.st_blocks, 0);
	assert_int_equal(stat.st_size, 10 * PAGE);
	ipcx_shm_close(sparse);
}

static void a_taken_name_is_opened_if_it_is_alike(void **state)
{
	struct ipcx_shm *first = create(PAGE), *second, *other = POISON;
	char *p = map(first, RW), *q;

	(void)state;
	assert_int_equal(ipcx_shm_create(name, PAGE, 0, 0, &second), 0);
	q = map(second, RW);
	*p = 'x';
	assert_int_equal(*q, 'x');
	assert_int_equal(ipcx_shm_create(name, PAGE, IPCX_CREATE_EXCL, 0,
					 &other), -EEXIST);
	assert_int_equal(ipcx_shm_create(name, PAGE + 1, 0, 0, &other),
			 -EEXIST);
	assert_int_equal(ipcx_shm_create(name, PAGE - 1, 0, 0, &other),
			 -EEXIST);
	assert_ptr_equal(other, POISON);
	assert_int_equal(*p, 'x');
	munmap(p, PAGE);
	munmap(q, PAGE);
	ipcx_shm_close(first);
	ipcx_shm_close(second);
}

static void make_find_and_unlink(void)
{
	struct ipcx_shm *shm;
	int ret;

	assert_int_equal(ipcx_shm_create(name, PAGE, 0, 0, &shm), 0);
	assert_int_equal(ipcx_shm_size(shm), PAGE);
	ipcx_shm_close(shm);
	ret = ipcx_shm_open(name, RW, &shm);
	if (ret)
		assert_int_equal(ret, -ENOENT);
	if (!ret) {
		/* Whole, however early it was found. */
		assert_int_equal(ipcx_shm_size(shm), PAGE);
		ipcx_shm_close(shm);
	}
	ret = ipcx_shm_unlink(name);
	if (ret)
		assert_int_equal(ret, -ENOENT);
}

static void racing_makers_never_see_half_an_object(void **state)
{
	pid_t pids[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		pids[i] = peer_fork();
		if (!pids[i]) {
			for (int j = 0; j < 300; j++)
				make_find_and_unlink();
			peer_done();
		}
	}
	for (int i = 0; i < 4; i++)
		peer_ok(pids[i]);
}

static pid_t start_maker(_Atomic uint32_t *begun)
{
	pid_t pid = peer_fork();
	struct ipcx_shm *shm;

	if (pid)
		return pid;
	for (;;) {
		if (!ipcx_shm_create(name, 16 * PAGE, 0, 0, &shm))
			ipcx_shm_close(shm);
		ipcx_shm_unlink(name);
		*begun = 1;
	}
}

/* Whenever that was, the name is free or the object whole. */
static void a_killed_maker_leaves_nothing_by_halves(void **state)
{
	_Atomic uint32_t *begun = shared_words();

	(void)state;
	for (int i = 0; i < 50; i++) {
		pid_t pid = start_maker(begun);
		struct ipcx_shm *shm;
		int ret;

		assert_soon(*begun);
		*begun = 0;
		nanosleep(&(struct timespec) { .tv_nsec = i * 7919 }, NULL);
		peer_kill(pid);
		ret = ipcx_shm_open(name, RW, &shm);
		if (!ret) {
			assert_int_equal(ipcx_shm_size(shm), 16 * PAGE);
			ipcx_shm_close(shm);
		} else {
			assert_int_equal(ret, -ENOENT);
		}
	}
	shared_free(begun);
}

static volatile sig_atomic_t handled;

static void count(int sig)
{
	(void)sig;
	handled++;
}

static void a_storm_of_signals_does_not_show(void **state)
{
	const struct itimerspec often = {
		.it_value.tv_nsec = 50000, .it_interval.tv_nsec = 50000,
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
	};
	struct sigaction action = { .sa_handler = count };
	timer_t timer;

	(void)state;
	handled = 0;
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &often, NULL);
	while (handled < 100) {
		ipcx_shm_close(create(1000 * PAGE));
		assert_int_equal(ipcx_shm_unlink(name), 0);
	}
	timer_delete(timer);
	signal(SIGUSR1, SIG_DFL);
	errno = ERRNO_CANARY;
}

static void names_are_those_of_shm_open(void **state)
{
	static const char * const bad[] = { "", "/", "//a", "a/b", ".", "/.." };
	char longest[NAME_MAX + 3];
	struct ipcx_shm *shm = POISON;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(ipcx_shm_create(bad[i], 1, 0, 0, &shm),
				 -EINVAL);
		assert_int_equal(ipcx_shm_open(bad[i], RW, &shm), -EINVAL);
		assert_int_equal(ipcx_shm_unlink(bad[i]), -EINVAL);
	}
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[NAME_MAX + 2] = '\0';
	assert_int_equal(ipcx_shm_create(longest, 1, 0, 0, &shm),
			 -ENAMETOOLONG);
	assert_int_equal(ipcx_shm_open(longest, RW, &shm), -ENAMETOOLONG);
	assert_int_equal(ipcx_shm_unlink(longest), -ENAMETOOLONG);
	assert_ptr_equal(shm, POISON);
	longest[NAME_MAX + 1] = '\0';
	assert_int_equal(ipcx_shm_create(longest, 1, IPCX_CREATE_EXCL, 0, &shm),
			 0);
	ipcx_shm_close(shm);
	assert_int_equal(ipcx_shm_unlink(longest + 1), 0);

	/* One made by either is found by the other. */
	ipcx_shm_close(create(3));
	fd = shm_open(name, O_RDWR, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(shm_unlink(name), 0);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(ftruncate(fd, 7), 0);
	close(fd);
	assert_int_equal(ipcx_shm_open(name, RW, &shm), 0);
	assert_int_equal(ipcx_shm_size(shm), 7);
	ipcx_shm_close(shm);
}

static void flags_and_rights_are_checked(void **state)
{
	struct ipcx_shm *shm = POISON;

	(void)state;
	assert_int_equal(ipcx_shm_create(name, 1, 0x2, 0, &shm), -EINVAL);
	assert_int_equal(ipcx_shm_create(name, 1, 0, 01000, &shm), -EINVAL);
	assert_int_equal(ipcx_shm_open(name, 0, &shm), -EINVAL);
	assert_int_equal(ipcx_shm_open(name, IPCX_RIGHT_WRITE, &shm), -EINVAL);
	assert_int_equal(ipcx_shm_open(name, RW | IPCX_RIGHT_SEND, &shm),
			 -EINVAL);
	assert_int_equal(ipcx_shm_open(name, RW, &shm), -ENOENT);
	assert_ptr_equal(shm, POISON);
}

static void parts_are_mapped(void **state)
{
	struct ipcx_shm *shm = create(2 * PAGE + 1);
	void *address = POISON;
	char *all = map(shm, RW), *part;

	(void)state;
	assert_int_equal(ipcx_shm_map(shm, RW, 1, 0, &address), -EINVAL);
	assert_int_equal(ipcx_shm_map(shm, RW, 3 * PAGE, 0, &address), -EINVAL);
	assert_int_equal(ipcx_shm_map(shm, RW, 0, 2 * PAGE + 2, &address),
			 -EINVAL);
	assert_int_equal(ipcx_shm_map(shm, RW, PAGE, PAGE + 2, &address),
			 -EINVAL);
	assert_int_equal(ipcx_shm_map(shm, RW, PAGE, SIZE_MAX, &address),
			 -EINVAL);
	assert_int_equal(ipcx_shm_map(shm, 0, 0, 0, &address), -EINVAL);
	assert_int_equal(ipcx_shm_map(shm, IPCX_RIGHT_WRITE, 0, 0, &address),
			 -EINVAL);
	assert_ptr_equal(address, POISON);

	assert_int_equal(ipcx_shm_map(shm, RW, PAGE, 1, (void **)&part), 0);
	all[PAGE] = 'p';
	assert_int_equal(*part, 'p');
	munmap(part, 1);
	assert_int_equal(ipcx_shm_map(shm, RW, 2 * PAGE, 0, (void **)&part), 0);
	all[2 * PAGE] = 'q';
	assert_int_equal(*part, 'q');
	munmap(part, 1);
	munmap(all, 2 * PAGE + 1);
	ipcx_shm_close(shm);
}

static void unlinked_stays_with_its_users(void **state)
{
	struct ipcx_shm *old = create(PAGE), *young, *none = POISON;
	char *p = map(old, RW), *q;

	(void)state;
	*p = 'x';
	assert_int_equal(ipcx_shm_unlink(name), 0);
	assert_int_equal(ipcx_shm_open(name, RW, &none), -ENOENT);
	assert_ptr_equal(none, POISON);
	assert_int_equal(*p, 'x');
	assert_int_equal(ipcx_shm_size(old), PAGE);
	young = create(PAGE);
	q = map(young, RW);
	assert_int_equal(*q, 0);
	munmap(q, PAGE);
	ipcx_shm_close(young);
	ipcx_shm_close(old);
	/* The mapping needs no handle. */
	assert_int_equal(*p, 'x');
	munmap(p, PAGE);
}

static void nobody_may_read(void)
{
	struct ipcx_shm *shm = POISON;
	void *address = POISON;

	assert_int_equal(ipcx_shm_open(name, RW, &shm), -EACCES);
	assert_int_equal(ipcx_shm_create(name, PAGE, 0, 0, &shm), -EACCES);
	assert_int_equal(ipcx_shm_unlink(name), -EPERM);
	assert_ptr_equal(shm, POISON);
	assert_int_equal(ipcx_shm_open(name, IPCX_RIGHT_READ, &shm), 0);
	assert_int_equal(ipcx_shm_map(shm, RW, 0, 0, &address), -EACCES);
	assert_ptr_equal(address, POISON);
	address = map(shm, IPCX_RIGHT_READ);
	assert_int_equal(*(char *)address, 'r');
	assert_int_equal(mprotect(address, PAGE, PROT_WRITE), -1);
}

static void nobody_may_do_nothing(void)
{
	struct ipcx_shm *shm;

	assert_int_equal(ipcx_shm_open(name, IPCX_RIGHT_READ, &shm), -EACCES);
}

static void as_nobody(void (*does)(void))
{
	pid_t pid = peer_fork();

	if (!pid) {
		peer_become_nobody();
		does();
		peer_done();
	}
	peer_ok(pid);
}

static void permissions_hold(void **state)
{
	struct ipcx_shm *shm;
	struct stat stat;
	mode_t mask;
	char *p;

	(void)state;
	if (getuid())
		skip();
	mask = umask(022);
	assert_int_equal(ipcx_shm_create(name, PAGE, 0, 0666, &shm), 0);
	umask(mask);
	assert_int_equal(fstat(ipcx_shm_fd(shm), &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0644);
	p = map(shm, RW);
	*p = 'r';
	munmap(p, PAGE);
	ipcx_shm_close(shm);
	as_nobody(nobody_may_read);
	assert_int_equal(ipcx_shm_unlink(name), 0);

	ipcx_shm_close(create(PAGE));
	as_nobody(nobody_may_do_nothing);
}

static void other_files_are_refused(void **state)
{
	struct ipcx_shm *shm = POISON;
	char path[NAME_SIZE + 16];

	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ipcx_shm_open(name, IPCX_RIGHT_READ, &shm), -EINVAL);
	assert_int_equal(ipcx_shm_create(name, 1, 0, 0, &shm), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(ipcx_shm_open(name, RW, &shm), -ELOOP);
	assert_int_equal(ipcx_shm_create(name, 1, 0, 0, &shm), -ELOOP);
	assert_int_equal(ipcx_shm_create(name, 1, IPCX_CREATE_EXCL, 0, &shm),
			 -EEXIST);
	assert_ptr_equal(shm, POISON);
	errno = ERRNO_CANARY;
}

static void handles_and_mappings_are_inherited(void **state)
{
	struct ipcx_shm *shm = create(PAGE);
	char *p = map(shm, RW);
	pid_t pid;

	(void)state;
	*p = 'p';
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(p[0], 'p');
		p[0] = 'c';
		map(shm, RW)[1] = 'd';
		ipcx_shm_close(shm);
		peer_done();
	}
	peer_ok(pid);
	assert_int_equal(p[0], 'c');
	assert_int_equal(p[1], 'd');
	assert_int_equal(ipcx_shm_size(shm), PAGE);
	munmap(p, PAGE);
	ipcx_shm_close(shm);
}

static void descriptors_are_private(void **state)
{
	struct ipcx_shm *shm = create(1);
	int fd = ipcx_shm_fd(shm);

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ipcx_shm_close(shm);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	ipcx_shm_close(NULL);
	errno = ERRNO_CANARY;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(memory_is_shared),
		TEST(sizes_are_exact),
		TEST(impossible_sizes_are_refused),
		TEST(memory_is_reserved),
		TEST(a_taken_name_is_opened_if_it_is_alike),
		TEST(racing_makers_never_see_half_an_object),
		TEST(a_killed_maker_leaves_nothing_by_halves),
		TEST(a_storm_of_signals_does_not_show),
		TEST(names_are_those_of_shm_open),
		TEST(flags_and_rights_are_checked),
		TEST(parts_are_mapped),
		TEST(unlinked_stays_with_its_users),
		TEST(permissions_hold),
		TEST(other_files_are_refused),
		TEST(handles_and_mappings_are_inherited),
		TEST(descriptors_are_private),
	};

	return cmocka_run_group_tests_name("shm", tests, NULL, NULL);
}
