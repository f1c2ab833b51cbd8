// SPDX-License-Identifier: GPL-2.0-only
/* Names: what they may be, who they lead to, how long they last. */
#include "guest.h"

#include <sched.h>
#include <sys/resource.h>

/* Each of the calls that take a name, with the name as given. */
static int create_region_named(const char *name, uint32_t len)
{
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .name = (uintptr_t)name, .name_len = len,
		.mode = 0600, .bytes = PAGE,
	};

	return call(ctl, IPCX_IOC_REGION_CREATE, &arg);
}

static int create_queue_named(const char *name, uint32_t len)
{
	struct ipcx_queue_create arg = {
		.size = sizeof(arg), .name = (uintptr_t)name, .name_len = len,
		.mode = 0600, .slots = 1, .slot_size = 1, .lanes = 1,
	};

	return call(ctl, IPCX_IOC_QUEUE_CREATE, &arg);
}

static int open_named(const char *name, uint32_t len)
{
	struct ipcx_open arg = {
		.size = sizeof(arg), .name = (uintptr_t)name, .name_len = len,
	};

	return call(ctl, IPCX_IOC_OPEN, &arg);
}

static int unlink_named(const char *name, uint32_t len)
{
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .name = (uintptr_t)name, .name_len = len,
	};

	return call(ctl, IPCX_IOC_UNLINK, &arg);
}

static int unlink_kind(const char *name, uint32_t kind)
{
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .name = (uintptr_t)name,
		.name_len = strlen(name), .kind = kind,
	};

	return call(ctl, IPCX_IOC_UNLINK, &arg);
}

typedef int named_fn(const char *name, uint32_t len);

static named_fn *const takers[] = {
	create_region_named, create_queue_named, open_named, unlink_named,
};

static void test_forbidden_names(void **state)
{
	static const char long_name[IPCX_NAME_MAX + 1] = {
		[0 ... IPCX_NAME_MAX] = 'x'
	};
	static const struct {
		const char *name;
		uint32_t len;
		int error;
	} bad[] = {
		{ "x", 0, -EINVAL },
		{ NULL, 1, -EINVAL },
		{ "/", 1, -EINVAL },
		{ "a/b", 3, -EINVAL },
		{ "a\0b", 3, -EINVAL },
		{ "a", 2, -EINVAL },
		{ long_name, sizeof(long_name), -ENAMETOOLONG },
		{ long_name, UINT32_MAX, -ENAMETOOLONG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++)
		for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
			int rc = takers[i](bad[j].name, bad[j].len);

			if (rc != bad[j].error)
				fail_msg("call %zu, name %zu: %d, expected %d",
					 i, j, rc, bad[j].error);
		}
}

static void test_any_other_bytes_are_a_name(void **state)
{
	char longest[IPCX_NAME_MAX + 1];
	const char *const names[] = { "x", ".", "..", "\001\n\\ \377", longest };

	(void)state;
	memset(longest, 'y', IPCX_NAME_MAX);
	longest[IPCX_NAME_MAX] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = region_create(names[i], PAGE, 0, 0600);
		int again = object_open(names[i], IPCX_KIND_REGION, 0);
		struct ipcx_stat st;

		assert_true(fd >= 0 && again >= 0);
		st = object_stat(again);
		assert_string_equal(st.name, names[i]);
		assert_int_equal(st.id, object_stat(fd).id);
		assert_int_equal(object_unlink(names[i]), 0);
		close(again);
		close(fd);
	}
}

static void test_no_such_name(void **state)
{
	(void)state;
	assert_int_equal(object_open("nothing", IPCX_KIND_ANY, 0), -ENOENT);
	assert_int_equal(object_unlink("nothing"), -ENOENT);
}

static void test_create_opens_what_is_the_same(void **state)
{
	int region = region_create("region", PAGE, 0, 0600);
	int queue = queue("queue", .slots = 4, .slot_size = 64, .lanes = 2,
			  .flags = IPCX_QUEUE_HANGUP);
	int fd;

	(void)state;
	assert_true(region >= 0 && queue >= 0);

	fd = region_create("region", PAGE, 0, 0600);
	assert_int_equal(object_stat(fd).id, object_stat(region).id);
	assert_int_equal(object_stat(fd).users, 2);
	close(fd);
	fd = queue("queue", .slots = 4, .slot_size = 64, .lanes = 2,
		   .flags = IPCX_QUEUE_HANGUP);
	assert_int_equal(object_stat(fd).id, object_stat(queue).id);
	close(fd);

	assert_int_equal(region_create("region", PAGE, IPCX_CREATE_EXCL, 0600),
			 -EEXIST);
	assert_int_equal(region_create("region", 2 * PAGE, 0, 0600), -EEXIST);
	assert_int_equal(region_create("queue", PAGE, 0, 0600), -EEXIST);
	close(region);
	close(queue);
}

static void test_create_refuses_what_differs(void **state)
{
	static const struct shape others[] = {
		{ .slots = 8, .slot_size = 64, .lanes = 2 },
		{ .slots = 4, .slot_size = 63, .lanes = 2 },
		{ .slots = 4, .slot_size = 64, .lanes = 1 },
		{ .lanes = 2, .flags = IPCX_QUEUE_MAPPABLE },
		{ .lanes = 2, .flags = IPCX_QUEUE_DROP_OLDEST },
		{ .lanes = 2, .flags = IPCX_QUEUE_HANGUP },
		{ .lanes = 2, .flags = IPCX_CREATE_EXCL },
	};
	int fd = queue("queue", .slots = 4, .slot_size = 64, .lanes = 2);
	int region = region_create("region", PAGE, 0, 0600);
	struct ipcx_stat before, after;

	(void)state;
	assert_true(fd >= 0 && region >= 0);
	before = object_stat(fd);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		int rc = queue_create("queue", &others[i]);

		if (rc != -EEXIST)
			fail_msg("shape %zu: %d", i, rc);
	}
	assert_int_equal(queue("region"), -EEXIST);
	after = object_stat(fd);
	assert_memory_equal(&before, &after, sizeof(before));
	close(fd);
	close(region);
}

static void test_kinds(void **state)
{
	int region = region_create("region", PAGE, 0, 0600);
	int queue = queue("queue");
	int fd;

	(void)state;
	assert_true(region >= 0 && queue >= 0);
	assert_int_equal(object_open("region", IPCX_KIND_QUEUE, 0), -EPROTOTYPE);
	assert_int_equal(object_open("queue", IPCX_KIND_REGION, 0), -EPROTOTYPE);
	assert_int_equal(unlink_kind("region", IPCX_KIND_QUEUE), -EPROTOTYPE);
	assert_int_equal(unlink_kind("queue", IPCX_KIND_REGION), -EPROTOTYPE);

	fd = object_open("region", IPCX_KIND_ANY, 0);
	assert_int_equal(object_stat(fd).kind, IPCX_KIND_REGION);
	close(fd);
	fd = object_open("queue", IPCX_KIND_QUEUE, 0);
	assert_int_equal(object_stat(fd).kind, IPCX_KIND_QUEUE);
	close(fd);
	assert_int_equal(unlink_kind("region", IPCX_KIND_REGION), 0);
	assert_int_equal(unlink_kind("queue", IPCX_KIND_ANY), 0);
	close(region);
	close(queue);
}

static void test_anonymous_has_no_name_flags(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(region_create(NULL, PAGE, IPCX_CREATE_PERSIST, 0600),
			 -EINVAL);
	assert_int_equal(region_create(NULL, PAGE, IPCX_CREATE_EXCL, 0600),
			 -EINVAL);
	assert_int_equal(queue(NULL, .flags = IPCX_CREATE_PERSIST), -EINVAL);
	assert_int_equal(queue(NULL, .flags = IPCX_CREATE_EXCL), -EINVAL);

	fd = queue(NULL);
	assert_true(fd >= 0);
	assert_string_equal(object_stat(fd).name, "");
	close(fd);
}

static void test_unlinked_name_is_free(void **state)
{
	int old = queue("name");
	uint32_t value = 0;
	int new;

	(void)state;
	assert_int_equal(send_u32(old, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(object_unlink("name"), 0);
	assert_int_equal(object_unlink("name"), -ENOENT);
	assert_string_equal(object_stat(old).name, "");

	new = region_create("name", PAGE, IPCX_CREATE_EXCL, 0600);
	assert_true(new >= 0);
	assert_int_not_equal(object_stat(old).id, object_stat(new).id);
	assert_string_equal(object_stat(new).name, "name");

	assert_int_equal(send_u32(old, 2, IPCX_NO_WAIT), 1);
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(recv_u32(old, &value, IPCX_NO_WAIT), 1);
		assert_int_equal(value, i);
	}
	/* The old object's end must not take the new one's name along. */
	close(old);
	old = object_open("name", IPCX_KIND_REGION, 0);
	assert_true(old >= 0);
	close(old);
	close(new);
	assert_int_equal(object_open("name", IPCX_KIND_ANY, 0), -ENOENT);
}

static void test_goes_with_its_last_descriptor(void **state)
{
	int fd = queue("brief");
	int copy = dup(fd);
	int more = object_open("brief", IPCX_KIND_QUEUE, IPCX_RIGHT_RECV);

	(void)state;
	assert_true(fd >= 0 && copy >= 0 && more >= 0);
	assert_int_equal(object_stat(fd).users, 2);
	close(fd);
	assert_int_equal(object_stat(more).users, 2);
	close(copy);
	assert_int_equal(object_stat(more).users, 1);
	close(more);
	assert_int_equal(object_open("brief", IPCX_KIND_ANY, 0), -ENOENT);
}

static void test_goes_with_a_killed_holder(void **state)
{
	_Atomic uint32_t *made = shared_words();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		*made = queue("killed") >= 0;
		for (;;)
			pause();
	}
	assert_soon(*made);
	child_kill(pid);
	assert_int_equal(object_open("killed", IPCX_KIND_ANY, 0), -ENOENT);
	shared_free(made);
}

static void test_persistent_stays_until_unlinked(void **state)
{
	int fd = queue("stays", .flags = IPCX_CREATE_PERSIST);
	uint32_t value = 0;
	uint64_t id;

	(void)state;
	assert_int_equal(send_u32(fd, 7, IPCX_NO_WAIT), 1);
	id = object_stat(fd).id;
	close(fd);

	fd = object_open("stays", IPCX_KIND_QUEUE, 0);
	assert_true(fd >= 0);
	assert_int_equal(object_stat(fd).id, id);
	assert_int_equal(object_stat(fd).create_flags, IPCX_CREATE_PERSIST);
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(value, 7);

	assert_int_equal(object_unlink("stays"), 0);
	assert_int_equal(object_stat(fd).create_flags, 0);
	close(fd);
	assert_int_equal(object_open("stays", IPCX_KIND_QUEUE, 0), -ENOENT);
}

static void test_ids_are_not_used_again(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		int fd = i % 2 ? queue("id") : region_create("id", PAGE, 0, 0600);
		uint64_t id = object_stat(fd).id;

		assert_true(id > last);
		last = id;
		close(fd);
	}
}

static void test_no_descriptor_to_spare(void **state)
{
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct rlimit limit = { 0 };
		int region = region_create("full", PAGE, 0, 0600);

		assert_true(region >= 0);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(object_open("full", IPCX_KIND_ANY, 0), -EMFILE);
		assert_int_equal(object_reopen(region, IPCX_RIGHT_READ), -EMFILE);
		assert_int_equal(region_create("none", PAGE, 0, 0600), -EMFILE);
		assert_int_equal(queue("none"), -EMFILE);
		assert_int_equal(object_stat(region).users, 1);
		/* What could not be opened was not left behind either. */
		assert_int_equal(object_unlink("none"), -ENOENT);
		child_done();
	}
	child_ok(pid);
}

static void test_network_namespaces(void **state)
{
	int fd = queue("both");
	pid_t pid = child_fork();

	(void)state;
	assert_true(fd >= 0);
	if (!pid) {
		int other;

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		close(ctl);
		ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
		assert_true(ctl >= 0);
		assert_int_equal(object_open("both", IPCX_KIND_ANY, 0), -ENOENT);
		assert_int_equal(object_unlink("both"), -ENOENT);

		other = region_create("both", PAGE, IPCX_CREATE_EXCL, 0600);
		assert_true(other >= 0);
		assert_int_not_equal(object_stat(other).id, object_stat(fd).id);
		/* Goes with its namespace, or the module could never unload. */
		assert_true(queue("lost", .flags = IPCX_CREATE_PERSIST) >= 0);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(object_open("both", IPCX_KIND_REGION, 0), -EPROTOTYPE);
	assert_int_equal(object_open("lost", IPCX_KIND_ANY, 0), -ENOENT);
	close(fd);
}

static void test_racing_for_a_name(void **state)
{
	_Atomic uint32_t *words = shared_words();
	uint64_t until = in_ms(1500);
	pid_t pid[3];

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(pid); n++) {
		pid[n] = child_fork();
		if (pid[n])
			continue;
		for (uint32_t i = n; !words[0]; i++, ++words[1 + n]) {
			int made = queue("race", .flags = i % 3 ? 0 :
					 IPCX_CREATE_PERSIST | IPCX_CREATE_EXCL);
			int found = object_open("race", IPCX_KIND_ANY, 0);
			int rc = i % 2 ? object_unlink("race") : 0;

			assert_true(made >= 0 || made == -EEXIST);
			assert_true(found >= 0 || found == -ENOENT);
			assert_true(!rc || rc == -ENOENT);
			if (found >= 0)
				assert_true(object_stat(found).users >= 1);
			close(made);
			close(found);
		}
		child_done();
	}
	assert_soon(now_ns() > until && words[1] > 20 && words[2] > 20 &&
		    words[3] > 20);
	words[0] = 1;
	for (uint32_t n = 0; n < ARRAY_SIZE(pid); n++)
		child_ok(pid[n]);
	object_unlink("race");
	assert_int_equal(object_open("race", IPCX_KIND_ANY, 0), -ENOENT);
	shared_free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden_names),
		cmocka_unit_test(test_any_other_bytes_are_a_name),
		cmocka_unit_test(test_no_such_name),
		cmocka_unit_test(test_create_opens_what_is_the_same),
		cmocka_unit_test(test_create_refuses_what_differs),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_anonymous_has_no_name_flags),
		cmocka_unit_test(test_unlinked_name_is_free),
		cmocka_unit_test(test_goes_with_its_last_descriptor),
		cmocka_unit_test(test_goes_with_a_killed_holder),
		cmocka_unit_test(test_persistent_stays_until_unlinked),
		cmocka_unit_test(test_ids_are_not_used_again),
		cmocka_unit_test(test_no_descriptor_to_spare),
		cmocka_unit_test(test_network_namespaces),
		cmocka_unit_test(test_racing_for_a_name),
	};

	return guest_run(tests);
}
