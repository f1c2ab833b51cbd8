// SPDX-License-Identifier: GPL-2.0-only
/* 32-bit callers: the cases of abi32/abi32.c, each in a process of its own. */
#include "abi32/layout.h"
#include "region.h"

/* Beside this program. */
static char helper[4096];

static void exec_helper(const char *name)
{
	execl(helper, helper, name, NULL);
	fprintf(stderr, "%s: %s\n", helper, strerror(errno));
	_exit(1);
}

static void run_case(const char *name)
{
	pid_t pid = child_fork();

	if (!pid)
		exec_helper(name);
	child_ok(pid);
}

static void test_layout(void **state)
{
	char here[8192] = "", there[8192] = "";
	FILE *file = fmemopen(here, sizeof(here), "w");
	char command[sizeof(helper) + 16];

	(void)state;
	layout_print(file);
	assert_int_equal(fclose(file), 0);
	assert_true(strlen(here) > 1000 && strlen(here) < sizeof(here) - 1);
	snprintf(command, sizeof(command), "%s layout", helper);
	file = popen(command, "r");
	assert_non_null(file);
	assert_true(fread(there, 1, sizeof(there) - 1, file) > 0);
	assert_int_equal(pclose(file), 0);
	assert_string_equal(there, here);
}

#define CASE(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		run_case(#name); \
	}

CASE(query)
CASE(region)
CASE(administration)
CASE(large)
CASE(queue)
CASE(mapped)
CASE(peers)
CASE(errors)
CASE(fds)

static void test_peer(void **state)
{
	int region = region_create("shared", PAGE, 0, 0600);
	int messages = queue("messages");
	uint64_t *mem = (void *)map(region, PAGE, RW);
	struct ipcx_msg msg;
	char buf[65] = "";

	(void)state;
	*mem = (1ULL << 40) - 1;
	assert_int_equal(send_msg(messages, 0, "from 64", 7, IPCX_NO_WAIT), 1);
	run_case("peer");
	assert_int_equal(*mem, 1ULL << 40);
	assert_int_equal(recv_msg(messages, buf, 64, &msg, IPCX_NO_WAIT), 1);
	assert_memory_equal(buf, "from 32", 7);
	munmap(mem, PAGE);
	close(region);
	close(messages);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_administration),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_peer),
	};
	char *slash = argc ? strrchr(argv[0], '/') : NULL;

	snprintf(helper, sizeof(helper), "%.*s/abi32/abi32",
		 slash ? (int)(slash - argv[0]) : 1, slash ? argv[0] : ".");
	return guest_run(tests);
}
