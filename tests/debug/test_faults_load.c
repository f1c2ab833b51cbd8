// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults injected into loading the module, and into making a network namespace
 * while it is loaded. Most of either is the kernel's own work: the part that the
 * module has in it comes late.
 */
#include "fault.h"
#include "../guest/guest.h"

#include <sched.h>
#include <sys/syscall.h>

#define LATE	100		/* the last of all faults */

static int image = -1, home = -1;

static unsigned int first_late(long (*call)(void), void (*undo)(long ret))
{
	unsigned int all;

	/* The first time it takes more: pages of the file, caches. */
	fault_count(call, undo);
	all = fault_count(call, undo);
	return all > LATE ? all - LATE : 1;
}

static long load(void)
{
	return syscall(SYS_finit_module, image, "", 0) ? -errno : 0;
}

static void unload(long ret)
{
	(void)ret;
	assert_soon((ret = module_unload()) != -EAGAIN);
	assert_int_equal(ret, 0);
}

static const char *what_is_left(void)
{
	static const char *const paths[] = {
		"/sys/module/ipcx", "/sys/class/misc/ipcx", "/dev/ipcx",
		"/sys/kernel/debug/ipcx", "/sys/kernel/slab/ipcx_region",
		"/sys/kernel/tracing/events/ipcx",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (!access(paths[i], F_OK))
			return paths[i];
	return NULL;
}

static void test_load(void **state)
{
	(void)state;
	if (module_loaded())
		assert_int_equal(module_unload(), 0);
	image = open(getenv("IPCX_MODULE"), O_RDONLY | O_CLOEXEC);
	assert_true(image >= 0);
	inject(&(struct fault_case) {
		.name = "load", .call = load, .done = unload,
		.change = what_is_left, .first = setting("FAULTS_LONG", 0) ? 1 : first_late(load, unload),
		/* Of a minor number that it cannot note the misc class says it is busy. */
		.errnos = { ENOMEM }, .also = EBUSY,
	});
	close(image);
	no_complaints();
}

static long new_net(void)
{
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

static void go_home(long ret)
{
	(void)ret;
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
}

static void test_network_namespace(void **state)
{
	(void)state;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(home >= 0);
	inject(&(struct fault_case) {
		.name = "network namespace", .call = new_net, .done = go_home,
		.first = first_late(new_net, go_home), .errnos = { ENOMEM },
		/* What its own parts say that have no memory for their routes. */
		.also = ENOBUFS,
	});
	close(home);
	no_complaints();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test_setup_teardown(test_network_namespace, guest_setup,
						guest_teardown),
	};

	return cmocka_run_group_tests(tests, fault_begin, fault_end) ||
	       guest_unload_failed;
}
