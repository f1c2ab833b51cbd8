// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/sysv_shm.h> against the running kernel. */
#include <sys/mman.h>
#include <sys/shm.h>

#include <ipcx/sysv_shm.h>

#include "peer.h"

#define RW	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

/* Of this run of the test. */
static int key;

static int setup(void **state)
{
	key = 0x19000000 | (getpid() & 0xffffff);
	return peer_setup(state);
}

/* Whatever a failed test has left. */
static int teardown(void **state)
{
	struct ipcx_sysv_shm *shm;

	if (!ipcx_sysv_shm_open(key, IPCX_RIGHT_READ, &shm)) {
		ipcx_sysv_shm_remove(shm);
		ipcx_sysv_shm_close(shm);
	}
	return peer_teardown(state);
}

static struct ipcx_sysv_shm *create(size_t bytes)
{
	struct ipcx_sysv_shm *shm;

	assert_int_equal(ipcx_sysv_shm_create(key, bytes, IPCX_CREATE_EXCL, 0,
					      &shm), 0);
	return shm;
}

static void end(struct ipcx_sysv_shm *shm)
{
	assert_int_equal(ipcx_sysv_shm_remove(shm), 0);
	ipcx_sysv_shm_close(shm);
}

static char *attach(const struct ipcx_sysv_shm *shm, uint32_t rights)
{
	void *address;

	assert_int_equal(ipcx_sysv_shm_attach(shm, rights, &address), 0);
	return address;
}

static int attachments(const struct ipcx_sysv_shm *shm)
{
	struct shmid_ds stat;

	assert_int_equal(ipcx_sysv_shm_stat(shm, &stat), 0);
	return stat.shm_nattch;
}

static void memory_is_shared(void **state)
{
	struct ipcx_sysv_shm *shm = create(PAGE);
	char *text = attach(shm, IPCX_RIGHT_READ);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		struct ipcx_sysv_shm *mine;

		assert_int_equal(ipcx_sysv_shm_open(key, RW, &mine), 0);
		strcpy(attach(mine, RW), "hello");
		peer_done();
	}
	peer_ok(pid);
	assert_string_equal(text, "hello");
	assert_int_equal(attachments(shm), 1);
	assert_int_equal(ipcx_sysv_shm_detach(text), 0);
	assert_int_equal(attachments(shm), 0);
	end(shm);
}

static void sizes_are_exact(void **state)
{
	static const size_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1 };
	struct ipcx_sysv_shm *none = POISON;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct ipcx_sysv_shm *shm = create(sizes[i]);
		char *p = attach(shm, RW);

		assert_int_equal(ipcx_sysv_shm_size(shm), sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(p[j], 0);
		memset(p, 1, sizes[i]);
		assert_int_equal(ipcx_sysv_shm_detach(p), 0);
		end(shm);
	}
	assert_int_equal(ipcx_sysv_shm_create(key, 0, 0, 0, &none), -EINVAL);
	assert_int_equal(ipcx_sysv_shm_create(key, SIZE_MAX, 0, 0, &none),
			 -EINVAL);
	assert_ptr_equal(none, POISON);
}

static void a_taken_key_is_opened_if_it_is_alike(void **state)
{
	struct ipcx_sysv_shm *first = create(PAGE), *second, *other = POISON;

	(void)state;
	assert_int_equal(ipcx_sysv_shm_create(key, PAGE, 0, 0, &second), 0);
	assert_int_equal(ipcx_sysv_shm_id(second), ipcx_sysv_shm_id(first));
	assert_int_equal(ipcx_sysv_shm_create(key, PAGE, IPCX_CREATE_EXCL, 0,
					      &other), -EEXIST);
	assert_int_equal(ipcx_sysv_shm_create(key, PAGE + 1, 0, 0, &other),
			 -EEXIST);
	assert_int_equal(ipcx_sysv_shm_create(key, PAGE - 1, 0, 0, &other),
			 -EEXIST);
	assert_ptr_equal(other, POISON);
	ipcx_sysv_shm_close(second);
	end(first);
}

static void arguments_are_checked(void **state)
{
	struct ipcx_sysv_shm *shm = create(1), *none = POISON;
	void *address = POISON;

	(void)state;
	assert_int_equal(ipcx_sysv_shm_create(key, 1, 0x2, 0, &none), -EINVAL);
	assert_int_equal(ipcx_sysv_shm_create(key, 1, 0, 01000, &none),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_shm_open(key, 0, &none), -EINVAL);
	assert_int_equal(ipcx_sysv_shm_open(key, IPCX_RIGHT_WRITE, &none),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_shm_open(IPCX_SYSV_PRIVATE, RW, &none),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_shm_attach(shm, 0, &address), -EINVAL);
	assert_int_equal(ipcx_sysv_shm_attach(shm, IPCX_RIGHT_WRITE, &address),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_shm_detach(&address), -EINVAL);
	end(shm);
	assert_int_equal(ipcx_sysv_shm_open(key, RW, &none), -ENOENT);
	assert_int_equal(ipcx_sysv_shm_from_id(-1, &none), -EINVAL);
	assert_ptr_equal(none, POISON);
	assert_ptr_equal(address, POISON);
	ipcx_sysv_shm_close(NULL);
}

static void private_segments_are_found_by_id(void **state)
{
	struct ipcx_sysv_shm *a, *b, *again;
	char *p, *q;

	(void)state;
	assert_int_equal(ipcx_sysv_shm_create(IPCX_SYSV_PRIVATE, 1, 0, 0, &a),
			 0);
	assert_int_equal(ipcx_sysv_shm_create(IPCX_SYSV_PRIVATE, 1, 0, 0, &b),
			 0);
	assert_int_not_equal(ipcx_sysv_shm_id(a), ipcx_sysv_shm_id(b));
	assert_int_equal(ipcx_sysv_shm_from_id(ipcx_sysv_shm_id(a), &again), 0);
	p = attach(a, RW);
	q = attach(again, RW);
	*p = 'x';
	assert_int_equal(*q, 'x');
	assert_int_equal(ipcx_sysv_shm_detach(p), 0);
	assert_int_equal(ipcx_sysv_shm_detach(q), 0);
	ipcx_sysv_shm_close(again);
	end(a);
	end(b);
}

static void removed_stays_with_its_users(void **state)
{
	struct ipcx_sysv_shm *old = create(PAGE), *young, *none = POISON;
	struct shmid_ds stat, poison;
	void *address = POISON;
	char *p = attach(old, RW), *q;

	(void)state;
	*p = 'x';
	assert_int_equal(ipcx_sysv_shm_remove(old), 0);
	assert_int_equal(ipcx_sysv_shm_open(key, RW, &none), -ENOENT);
	young = create(PAGE);
	/* Reached by who knows it, until the last has left. */
	q = attach(old, RW);
	assert_int_equal(*q, 'x');
	assert_int_equal(attachments(old), 2);
	assert_int_equal(ipcx_sysv_shm_detach(q), 0);
	assert_int_equal(*p, 'x');
	assert_int_equal(ipcx_sysv_shm_detach(p), 0);
	assert_int_equal(ipcx_sysv_shm_attach(old, RW, &address), -EINVAL);
	assert_int_equal(ipcx_sysv_shm_size(old), 0);
	memset(&stat, 0x5a, sizeof(stat));
	poison = stat;
	assert_int_equal(ipcx_sysv_shm_stat(old, &stat), -EINVAL);
	assert_memory_equal(&stat, &poison, sizeof(stat));
	assert_int_equal(ipcx_sysv_shm_remove(old), -EINVAL);
	assert_int_equal(ipcx_sysv_shm_from_id(ipcx_sysv_shm_id(old), &none),
			 -EINVAL);
	assert_ptr_equal(none, POISON);
	assert_ptr_equal(address, POISON);
	ipcx_sysv_shm_close(old);
	end(young);
}

static void a_killed_user_is_no_user(void **state)
{
	struct ipcx_sysv_shm *shm = create(PAGE);
	_Atomic uint32_t *words = shared_words();
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		attach(shm, RW)[0] = 'x';
		words[0] = 1;
		for (;;)
			pause();
	}
	assert_soon(words[0]);
	assert_int_equal(attachments(shm), 1);
	peer_kill(pid);
	assert_int_equal(attachments(shm), 0);
	/* The segment itself is left. */
	assert_int_equal(ipcx_sysv_shm_size(shm), PAGE);
	end(shm);
	shared_free(words);
}

static void racing_makers_get_one_segment(void **state)
{
	_Atomic uint32_t *words = shared_words();
	pid_t pids[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		pids[i] = peer_fork();
		if (pids[i])
			continue;
		for (int j = 0; j < 300; j++) {
			struct ipcx_sysv_shm *shm;
			int ret = ipcx_sysv_shm_create(key, PAGE, 0, 0, &shm);

			assert_int_equal(ret, 0);
			ret = ipcx_sysv_shm_remove(shm);
			if (ret)
				assert_true(ret == -EINVAL || ret == -EIDRM);
			words[0] += !ret;
			ipcx_sysv_shm_close(shm);
		}
		peer_done();
	}
	for (int i = 0; i < 4; i++)
		peer_ok(pids[i]);
	assert_in_range(words[0], 300, 1200);
	shared_free(words);
}

static void attachments_are_inherited(void **state)
{
	struct ipcx_sysv_shm *shm = create(PAGE);
	char *p = attach(shm, RW);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(attachments(shm), 2);
		*p = 'c';
		assert_int_equal(ipcx_sysv_shm_detach(p), 0);
		ipcx_sysv_shm_close(shm);
		peer_done();
	}
	peer_ok(pid);
	assert_int_equal(*p, 'c');
	assert_int_equal(attachments(shm), 1);
	assert_int_equal(ipcx_sysv_shm_detach(p), 0);
	end(shm);
}

static void nobody_may_read(const struct ipcx_sysv_shm *shm)
{
	struct ipcx_sysv_shm *mine = POISON;
	void *address = POISON;

	assert_int_equal(ipcx_sysv_shm_open(key, RW, &mine), -EACCES);
	assert_int_equal(ipcx_sysv_shm_create(key, PAGE, 0, 0, &mine), -EACCES);
	assert_int_equal(ipcx_sysv_shm_remove(shm), -EPERM);
	assert_int_equal(ipcx_sysv_shm_attach(shm, RW, &address), -EACCES);
	assert_ptr_equal(mine, POISON);
	assert_ptr_equal(address, POISON);
	assert_int_equal(ipcx_sysv_shm_open(key, IPCX_RIGHT_READ, &mine), 0);
	address = attach(mine, IPCX_RIGHT_READ);
	assert_int_equal(*(char *)address, 'r');
	assert_int_equal(mprotect(address, PAGE, PROT_WRITE), -1);
}

static void nobody_may_do_nothing(const struct ipcx_sysv_shm *shm)
{
	struct ipcx_sysv_shm *mine = POISON;
	struct shmid_ds stat;

	assert_int_equal(ipcx_sysv_shm_open(key, IPCX_RIGHT_READ, &mine),
			 -EACCES);
	assert_int_equal(ipcx_sysv_shm_from_id(ipcx_sysv_shm_id(shm), &mine),
			 -EACCES);
	assert_int_equal(ipcx_sysv_shm_stat(shm, &stat), -EACCES);
	assert_int_equal(ipcx_sysv_shm_size(shm), 0);
	assert_ptr_equal(mine, POISON);
}

static void as_nobody(void (*does)(const struct ipcx_sysv_shm *shm),
		      const struct ipcx_sysv_shm *shm)
{
	pid_t pid = peer_fork();

	if (!pid) {
		peer_become_nobody();
		does(shm);
		peer_done();
	}
	peer_ok(pid);
}

static void permissions_hold(void **state)
{
	struct ipcx_sysv_shm *shm;
	struct shmid_ds stat;
	char *p;

	(void)state;
	if (getuid())
		skip();
	assert_int_equal(ipcx_sysv_shm_create(key, PAGE, 0, 0644, &shm), 0);
	assert_int_equal(ipcx_sysv_shm_stat(shm, &stat), 0);
	assert_int_equal(stat.shm_perm.mode & 0777, 0644);
	p = attach(shm, RW);
	*p = 'r';
	assert_int_equal(ipcx_sysv_shm_detach(p), 0);
	as_nobody(nobody_may_read, shm);
	end(shm);

	shm = create(PAGE);
	as_nobody(nobody_may_do_nothing, shm);
	end(shm);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(memory_is_shared),
		TEST(sizes_are_exact),
		TEST(a_taken_key_is_opened_if_it_is_alike),
		TEST(arguments_are_checked),
		TEST(private_segments_are_found_by_id),
		TEST(removed_stays_with_its_users),
		TEST(a_killed_user_is_no_user),
		TEST(racing_makers_get_one_segment),
		TEST(attachments_are_inherited),
		TEST(permissions_hold),
	};

	return cmocka_run_group_tests_name("sysv_shm", tests, NULL, NULL);
}
