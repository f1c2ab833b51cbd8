// SPDX-License-Identifier: GPL-2.0-only
/* Names live in a network namespace, objects wherever their descriptors go. */
#include "region.h"

#include <sched.h>
#include <sys/socket.h>

#define MODULE_REFS	"/sys/module/ipcx/refcnt"

/* A child in a namespace of its own, told from here what to do next. */
struct other {
	pid_t pid;
	int sock[2];
	_Atomic uint32_t *step;
};

static bool begin_other(struct other *o)
{
	o->step = shared_words();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, o->sock), 0);
	o->pid = child_fork();
	if (!o->pid)
		assert_int_equal(unshare(CLONE_NEWNET), 0);
	return !o->pid;
}

static void tell(struct other *o, uint32_t step)
{
	*o->step = step;
}

static void await(struct other *o, uint32_t step)
{
	assert_soon(*o->step == step);
}

static void end_other(struct other *o)
{
	child_ok(o->pid);
	close(o->sock[0]);
	close(o->sock[1]);
	shared_free(o->step);
}

static void test_names_are_not_seen(void **state)
{
	int fd = region_create("both", PAGE, 0, 0666);
	struct ipcx_stat before = object_stat(fd);
	struct other o;

	(void)state;
	if (begin_other(&o)) {
		struct ipcx_stat all[4];
		int own;

		assert_int_equal(object_open("both", IPCX_KIND_ANY, 0),
				 -ENOENT);
		assert_int_equal(object_unlink("both"), -ENOENT);
		assert_int_equal(object_shutdown("both"), -ENOENT);
		/* The descriptor at hand does not make it listed here. */
		assert_int_equal(object_list(all, 4, 0), 0);

		own = queue("both", .flags = IPCX_CREATE_EXCL);
		assert_true(own >= 0);
		assert_int_equal(object_list(all, 4, 0), 1);
		assert_int_equal(all[0].id, object_stat(own).id);
		tell(&o, 1);
		await(&o, 2);
		assert_int_equal(object_open("both", IPCX_KIND_REGION, 0),
				 -EPROTOTYPE);
		child_done();
	}
	await(&o, 1);
	assert_int_equal(object_open("both", IPCX_KIND_QUEUE, 0), -EPROTOTYPE);
	assert_false(object_listed(before.id + 1));
	assert_true(object_listed(before.id));
	stat_unchanged(fd, &before);
	tell(&o, 2);
	end_other(&o);
	stat_unchanged(fd, &before);
	close(fd);
}

/* What unlinking in one namespace does to the other's name of the same bytes. */
static void test_same_name_twice(void **state)
{
	int fd = region_create("twin", PAGE, 0, 0600);
	struct other o;

	(void)state;
	if (begin_other(&o)) {
		int own = region_create("twin", 2 * PAGE, 0, 0600);

		assert_int_equal(object_stat(own).bytes, 2 * PAGE);
		assert_int_equal(object_unlink("twin"), 0);
		assert_int_equal(object_unlink("twin"), -ENOENT);
		child_done();
	}
	end_other(&o);
	assert_int_equal(object_stat(fd).bytes, PAGE);
	assert_string_equal(object_stat(fd).name, "twin");
	assert_int_equal(object_unlink("twin"), 0);
	close(fd);
}

static void test_persistent_go_with_their_namespace(void **state)
{
	uint64_t refs = file_number(MODULE_REFS);
	uint64_t objects = user_count(0, "objects ");
	struct other o;

	(void)state;
	if (begin_other(&o)) {
		close(region_create("kept", PAGE, IPCX_CREATE_PERSIST, 0600));
		close(queue("kept too", .flags = IPCX_CREATE_PERSIST));
		tell(&o, 1);
		await(&o, 2);
		child_done();
	}
	await(&o, 1);
	/* Each name pins the module. */
	assert_int_equal(file_number(MODULE_REFS), refs + 2);
	assert_int_equal(user_count(0, "objects "), objects + 2);
	tell(&o, 2);
	end_other(&o);
	assert_soon(file_number(MODULE_REFS) == refs);
	assert_soon(user_count(0, "objects ") == objects);
}

static void test_descriptor_outlives_the_namespace(void **state)
{
	struct other o;
	struct ipcx_stat st;
	uint8_t *mem;
	int fd;

	(void)state;
	if (begin_other(&o)) {
		fd = region_create("passed", PAGE, IPCX_CREATE_PERSIST, 0600);
		map(fd, PAGE, RW)[0] = 7;
		send_fd(o.sock[1], fd);
		await(&o, 1);
		child_done();
	}
	fd = receive_fd(o.sock[0]);
	st = object_stat(fd);
	assert_string_equal(st.name, "passed");
	assert_int_equal(st.create_flags, IPCX_CREATE_PERSIST);
	assert_false(object_listed(st.id));
	tell(&o, 1);
	end_other(&o);
	/* Its name ends with the namespace, and with it what made it stay. */
	assert_soon(object_stat(fd).name[0] == '\0');
	st = object_stat(fd);
	assert_int_equal(st.create_flags, 0);
	assert_int_equal(st.users, 1);

	mem = map(fd, PAGE, RW);
	assert_int_equal(mem[0], 7);
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0640, 0, 0), 0);
	munmap(mem, PAGE);
	assert_int_equal(region_resize(fd, 2 * PAGE), 0);
	close(object_reopen(fd, IPCX_RIGHT_READ));
	close(fd);
}

static void test_queue_across(void **state)
{
	struct other o;
	uint32_t value = 0;
	int fd = queue(NULL);

	(void)state;
	if (begin_other(&o)) {
		int passed = receive_fd(o.sock[1]);

		assert_int_equal(recv_u32(passed, &value, in_ms(LONG_ENOUGH)),
				 1);
		assert_int_equal(value, 1);
		assert_int_equal(send_u32(passed, 2, IPCX_NO_WAIT), 1);
		child_done();
	}
	send_fd(o.sock[0], fd);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	end_other(&o);
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(value, 2);
	close(fd);
}

/* The control device finds the namespace of who calls, not of who opened it. */
static void test_namespace_of_the_caller(void **state)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = region_create("home", PAGE, 0, 0600);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		assert_int_equal(object_open("home", IPCX_KIND_ANY, 0),
				 -ENOENT);
		assert_int_equal(setns(home, CLONE_NEWNET), 0);
		assert_true(object_open("home", IPCX_KIND_ANY, 0) >= 0);
		child_done();
	}
	child_ok(pid);
	close(home);
	close(fd);
}

/* Root of a user namespace owns the network namespace, and what is made there. */
static void test_owned_by_a_user_namespace(void **state)
{
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int fd;
		pid_t other;

		become(SOMEBODY, SOMEBODY);
		enter_user_namespace(CLONE_NEWNET);
		fd = region_create("inside", PAGE, 0, 0);
		assert_int_equal(object_stat(fd).uid, 0);
		/* The same user, but of no privilege in here. */
		other = child_fork();
		if (!other) {
			keep_capabilities(0);
			assert_int_equal(object_stat(fd).uid, 0);
			assert_int_equal(object_open("inside", IPCX_KIND_ANY,
						     IPCX_RIGHT_READ), -EACCES);
			assert_int_equal(object_unlink("inside"), 0);
			child_done();
		}
		child_ok(other);
		child_done();
	}
	child_ok(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_not_seen),
		cmocka_unit_test(test_same_name_twice),
		cmocka_unit_test(test_persistent_go_with_their_namespace),
		cmocka_unit_test(test_descriptor_outlives_the_namespace),
		cmocka_unit_test(test_queue_across),
		cmocka_unit_test(test_namespace_of_the_caller),
		cmocka_unit_test(test_owned_by_a_user_namespace),
	};

	return guest_run(tests);
}
