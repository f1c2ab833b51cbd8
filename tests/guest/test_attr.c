// SPDX-License-Identifier: GPL-2.0-only
/* Owner, group and mode; who may change them; ids that are never used again. */
#include "region.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>

#define READ	IPCX_RIGHT_READ
#define WRITE	IPCX_RIGHT_WRITE
#define ADMIN	IPCX_RIGHT_ADMIN

#define OTHER_GROUP	2000

/* What somebody else, with one group more, gets of a name. */
static void check_rights(const char *name, uid_t uid, gid_t gid, gid_t more,
			 int expected)
{
	pid_t pid = child_fork();

	if (!pid) {
		int fd;

		assert_int_equal(setgroups(more ? 1 : 0, &more), 0);
		assert_int_equal(setresgid(gid, gid, gid), 0);
		assert_int_equal(setresuid(uid, uid, uid), 0);
		fd = object_open(name, IPCX_KIND_ANY, 0);
		if (expected < 0)
			assert_int_equal(fd, expected);
		else
			assert_int_equal(object_stat(fd).rights, expected);
		child_done();
	}
	child_ok(pid);
}

static void test_each_attribute_alone(void **state)
{
	int fd = region_create("attr", PAGE, 0, 0600);
	struct ipcx_stat st = object_stat(fd);

	(void)state;
	/* What is not asked for is not even looked at. */
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0644, ~0U, ~0U), 0);
	st.mode = 0644;
	stat_unchanged(fd, &st);
	assert_int_equal(object_setattr(fd, IPCX_SET_UID, 0, SOMEBODY, ~0U), 0);
	st.uid = SOMEBODY;
	stat_unchanged(fd, &st);
	assert_int_equal(object_setattr(fd, IPCX_SET_GID, 0, ~0U, OTHER_GROUP),
			 0);
	st.gid = OTHER_GROUP;
	stat_unchanged(fd, &st);

	assert_int_equal(object_setattr(fd, IPCX_SET_MODE | IPCX_SET_UID |
					IPCX_SET_GID, 0, NOBODY, NOBODY), 0);
	st.mode = 0;
	st.uid = NOBODY;
	st.gid = NOBODY;
	stat_unchanged(fd, &st);
	close(fd);
}

static void test_bad_arguments(void **state)
{
	int fd = region_create("attr", PAGE, 0, 0600);
	struct ipcx_stat before = object_stat(fd);
	struct ipcx_setattr arg = {
		.size = sizeof(arg), .flags = IPCX_SET_MODE, .pad = 1,
	};

	(void)state;
	assert_int_equal(object_setattr(fd, 0, 0644, 0, 0), -EINVAL);
	assert_int_equal(object_setattr(fd, 8, 0644, 0, 0), -EINVAL);
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 01000, 0, 0),
			 -EINVAL);
	/* One that is wrong spoils those that are right. */
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE | IPCX_SET_UID, 0644,
					~0U, 0), -EINVAL);
	assert_int_equal(object_setattr(fd, IPCX_SET_UID | IPCX_SET_GID, 0,
					SOMEBODY, ~0U), -EINVAL);
	assert_int_equal(call(fd, IPCX_IOC_SETATTR, &arg), -EINVAL);
	assert_int_equal(call(ctl, IPCX_IOC_SETATTR, &arg), -ENOTTY);
	stat_unchanged(fd, &before);
	close(fd);
}

static void test_right_of_the_descriptor_decides(void **state)
{
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct ipcx_stat before;
		int fd, plain;

		become(SOMEBODY, SOMEBODY);
		fd = region_create("own", PAGE, 0, 0600);
		plain = object_reopen(fd, READ | WRITE);
		before = object_stat(plain);
		/* The owner has narrowed this descriptor itself. */
		assert_int_equal(object_setattr(plain, IPCX_SET_MODE, 0666, 0,
						0), -EPERM);
		stat_unchanged(plain, &before);

		assert_int_equal(object_setattr(fd, IPCX_SET_UID, 0, NOBODY, 0),
				 0);
		/* The right stays with the descriptor, not with the owner. */
		assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0666, 0, 0),
				 0);
		child_done();
	}
	child_ok(pid);
}

static void check_capability(int fd, uint64_t capabilities, int expected)
{
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_stat before = object_stat(fd);

		keep_capabilities(capabilities);
		assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0640, 0, 0),
				 expected);
		if (expected)
			stat_unchanged(fd, &before);
		child_done();
	}
	child_ok(pid);
}

static void test_capabilities(void **state)
{
	int fd = region_create("own", PAGE, 0, 0600);
	int plain = object_reopen(fd, READ);

	(void)state;
	check_capability(plain, 0, -EPERM);
	check_capability(plain, ~(1ULL << CAP_FOWNER | 1ULL << CAP_IPC_OWNER) &
			 ((1ULL << CAP_SYS_RESOURCE) - 1), -EPERM);
	assert_int_equal(object_stat(fd).mode, 0600);
	check_capability(plain, 1ULL << CAP_FOWNER, 0);
	assert_int_equal(object_stat(fd).mode, 0640);
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0600, 0, 0), 0);
	check_capability(plain, 1ULL << CAP_IPC_OWNER, 0);
	assert_int_equal(object_stat(fd).mode, 0640);
	close(plain);
	close(fd);
}

/* All capabilities there are, but none over where the object lives. */
static void test_child_user_namespace(void **state)
{
	int fd = region_create("outside", PAGE, 0, 0600);
	int plain = object_reopen(fd, READ);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct ipcx_stat before;
		int own;

		become(SOMEBODY, SOMEBODY);
		enter_user_namespace(CLONE_NEWNET);
		before = object_stat(plain);
		assert_int_equal(before.uid, NOBODY);	/* not mapped */
		assert_int_equal(object_setattr(plain, IPCX_SET_MODE, 0666, 0,
						0), -EPERM);
		assert_int_equal(object_setattr(plain, IPCX_SET_UID, 0, 0, 0),
				 -EPERM);
		stat_unchanged(plain, &before);

		/* With the right, but to ids only that exist here. */
		before = object_stat(fd);
		assert_int_equal(object_setattr(fd, IPCX_SET_UID, 0, SOMEBODY,
						0), -EINVAL);
		assert_int_equal(object_setattr(fd, IPCX_SET_GID, 0, 0,
						SOMEBODY), -EINVAL);
		stat_unchanged(fd, &before);
		assert_int_equal(object_setattr(fd, IPCX_SET_UID, 0, 0, 0), 0);
		assert_int_equal(object_stat(fd).uid, 0);

		/* Over what is made in here the capabilities hold. */
		own = region_create("inside", PAGE, 0, 0600);
		assert_int_equal(object_setattr(object_reopen(own, READ),
						IPCX_SET_MODE, 0, 0, 0), 0);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(object_stat(fd).uid, SOMEBODY);
	assert_int_equal(object_stat(fd).mode, 0600);
	close(plain);
	close(fd);
}

static void test_owner_given_away(void **state)
{
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int fd;

		become(SOMEBODY, SOMEBODY);
		fd = region_create("gift", PAGE, IPCX_CREATE_PERSIST, 0604);
		assert_int_equal(object_setattr(fd, IPCX_SET_UID | IPCX_SET_GID,
						0, NOBODY, NOBODY), 0);
		assert_int_equal(object_unlink("gift"), -EPERM);
		assert_int_equal(object_shutdown("gift"), -EPERM);
		child_done();
	}
	child_ok(pid);
	check_rights("gift", SOMEBODY, SOMEBODY, 0, READ);
	check_rights("gift", NOBODY, NOBODY, 0, READ | WRITE | ADMIN);

	pid = child_fork();
	if (!pid) {
		become(NOBODY, NOBODY);
		assert_int_equal(object_unlink("gift"), 0);
		child_done();
	}
	child_ok(pid);
}

/* The first class that fits decides, even if another would give more. */
static void test_classes(void **state)
{
	int fd = region_create("class", PAGE, 0, 0);
	const uint32_t all = IPCX_SET_MODE | IPCX_SET_UID | IPCX_SET_GID;

	(void)state;
	assert_int_equal(object_setattr(fd, all, 0064, SOMEBODY, OTHER_GROUP),
			 0);
	check_rights("class", SOMEBODY, OTHER_GROUP, 0, ADMIN);
	check_rights("class", NOBODY, OTHER_GROUP, 0, READ | WRITE);
	check_rights("class", NOBODY, NOBODY, OTHER_GROUP, READ | WRITE);
	check_rights("class", NOBODY, NOBODY, SOMEBODY, READ);
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0606, 0, 0), 0);
	check_rights("class", NOBODY, NOBODY, OTHER_GROUP, -EACCES);
	check_rights("class", NOBODY, NOBODY, 0, READ | WRITE);
	assert_int_equal(object_setattr(fd, IPCX_SET_GID, 0, 0, SOMEBODY), 0);
	check_rights("class", NOBODY, NOBODY, OTHER_GROUP, READ | WRITE);
	close(fd);
}

static void test_rights_given_stay(void **state)
{
	int fd = region_create("stay", PAGE, 0, 0606);
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int own;

		become(NOBODY, NOBODY);
		own = object_open("stay", IPCX_KIND_ANY, 0);
		*step = 1;
		assert_soon(*step == 2);
		assert_int_equal(object_open("stay", IPCX_KIND_ANY, 0),
				 -EACCES);
		assert_int_equal(object_stat(own).rights, READ | WRITE);
		map(own, PAGE, RW)[0] = 1;
		child_done();
	}
	assert_soon(*step == 1);
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0, 0, 0), 0);
	*step = 2;
	child_ok(pid);
	shared_free(step);
	close(fd);
}

/* A descriptor cannot be widened by opening it once more. */
static void test_proc_does_not_reopen(void **state)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	int fds[] = {
		region_create(NULL, PAGE, 0, 0666),
		queue(NULL, .mode = 0666, .rights = IPCX_RIGHT_SEND),
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds) * ARRAY_SIZE(modes); i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i % 2]);
		assert_int_equal(open(path, modes[i / 2]), -1);
		assert_int_equal(errno, ENXIO);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static void test_ids_only_grow(void **state)
{
	struct ipcx_stat stats[8], st;
	uint64_t last = 0;
	int fds[6];

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
			fds[i] = i & 1 ? queue(NULL) :
				 region_create(NULL, PAGE, 0, 0600);
			st = object_stat(fds[i]);
			assert_true(st.id > last);
			last = st.id;
			/* The id of one that is gone, in the middle of others. */
			if (i == 2)
				close(fds[i]);
		}
		assert_int_equal(object_list(stats, ARRAY_SIZE(stats), last - 6),
				 5);
		for (int i = 0; i < 5; i++)
			assert_int_equal(stats[i].id, last - 5 + i + (i > 1));
		assert_int_equal(object_list(stats, 1, last - 4), 1);
		assert_int_equal(stats[0].id, last - 2);
		for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
			if (i != 2)
				close(fds[i]);
		assert_int_equal(object_list(stats, 1, last - 6), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_attribute_alone),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_right_of_the_descriptor_decides),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_child_user_namespace),
		cmocka_unit_test(test_owner_given_away),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_rights_given_stay),
		cmocka_unit_test(test_proc_does_not_reopen),
		cmocka_unit_test(test_ids_only_grow),
	};

	return guest_run(tests);
}
