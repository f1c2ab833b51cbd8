// SPDX-License-Identifier: GPL-2.0-only
/* ipcxbench with the module: queues, of which nothing is left. */
#include "guest.h"

#include "../command.h"
#include "tools.h"

#define TINY	"ipcxbench --runs 2 --count 20 --size 1,64,5K --csv - "

static void assert_says(const struct said *said, int status, const char *phrase)
{
	if (said->status != status || !strstr(said->text, phrase))
		fail_msg("status %d, and not '%s' in: %s", said->status, phrase,
			 said->text);
}

/* Round trips and streams of three shapes, each of three sizes, all without an error. */
static void measure(const char *name)
{
	sh_ok("out=$(" TINY "--wait block --peers 1:1,3:1,2:2 '%s' 2>&1) && "
	      "[ $(echo \"$out\" | grep -c '^%s,.*,2,.*,$') = 12 ] || echo \"$out\"", name, name);
}

static void test_queues(void **state)
{
	(void)state;
	measure("queue");
	measure("queue-loan");
	measure("queue-mediated");
	measure("queue?slots=2");
	measure("queue:mine");
}

static void test_queues_spinning(void **state)
{
	(void)state;
	sh_ok("out=$(" TINY "--wait spin --peers 1:1 queue queue-loan queue-mediated 2>&1) && "
	      "[ $(echo \"$out\" | grep -c '^queue.*,spin,.*,$') = 18 ] || echo \"$out\"");
}

static void test_a_queue_that_drops_loses(void **state)
{
	struct said said = sh("ipcxbench --runs 1 --count 20000 --wait block --test stream --peers 1:1 "
			      "--size 64 'queue?drop=1&slots=1'");

	(void)state;
	assert_says(&said, 1, "it loses");
}

static void test_says_where_it_runs(void **state)
{
	struct said said = sh("ipcxbench --runs 1 --count 3 --size 64 --wait block --test rtt queue");

	(void)state;
	assert_says(&said, 0, "this is an emulated machine: its times say how the emulator does");
	assert_says(&said, 0, "\nruns in         emulation (QEMU TCG)\n");
	assert_says(&said, 0, "\nipcx module     loaded\n");
}

/* That the module can be unloaded afterwards says that all are gone. */
static void test_interrupted(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		pid_t pid = start("exec ipcxbench --time 9 --size 64 --wait block queue >/dev/null 2>&1");

		assert_soon(sh("ipcxctl ls | grep -q ipcxbench").status == 0 ||
			    sh("ls /tmp | grep -q '^ipcxbench'").status == 0);
		kill(pid, SIGINT);
		assert_int_equal(ended(pid), 128 + SIGINT);
		sh_ok("ls /tmp | grep '^ipcxbench' || true");
		sh_ok("ipcxctl ls --noheadings");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_queues, tools_load, tools_unload),
		cmocka_unit_test_setup_teardown(test_queues_spinning, tools_load, tools_unload),
		cmocka_unit_test_setup_teardown(test_a_queue_that_drops_loses, tools_load,
						tools_unload),
		cmocka_unit_test_setup_teardown(test_says_where_it_runs, tools_load, tools_unload),
		cmocka_unit_test_setup_teardown(test_interrupted, tools_load, tools_unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
