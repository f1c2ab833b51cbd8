// SPDX-License-Identifier: GPL-2.0-only
/*
 * The examples, each run as it is without arguments: it ends with success, soon,
 * and nothing of it is left. Those that need the module say here that it is not
 * loaded, and are run by a test of their own in the guest. Run from the top of
 * the source tree.
 */
#include <glob.h>
#include <stdlib.h>

#include "plain_ring.h"

#include "../command.h"

/* By this name they go. */
#define LEFT_OVERS	"ls -d /dev/shm/*ipcx-example* /tmp/ipcx-example*"

static const char *const need_module[] = {
	"lib/examples/queue.c",
	"lib/examples/region.c",
};

static bool needs_module(const char *source)
{
	for (size_t i = 0; i < sizeof(need_module) / sizeof(*need_module); i++)
		if (!strcmp(source, need_module[i]))
			return true;
	return false;
}

static void check_said(const char *source, const struct said *said)
{
	bool refused = needs_module(source) && access("/dev/ipcx", F_OK);
	size_t stem = strcspn(strrchr(source, '/') + 1, ".");
	char line[128];

	snprintf(line, sizeof(line), "%.*s: the module ipcx is not loaded\n",
		 (int)stem, strrchr(source, '/') + 1);
	if (said->status != refused || (refused && strcmp(said->text, line)))
		fail_msg("%s: status %d: %s", source, said->status, said->text);
}

static void example_runs(void **state)
{
	const char *source = *state;
	struct said said;

	(void)sh("rm -rf $(" LEFT_OVERS ")");
	said = sh("exec timeout 20 build/%.*s", (int)strlen(source) - 2, source);
	check_said(source, &said);
	sh_ok("! " LEFT_OVERS " 2>/dev/null");
}

int main(void)
{
	struct CMUnitTest *tests;
	glob_t sources;
	int failed;

	if (glob("lib/examples/*.c", 0, NULL, &sources))
		return 1;
	tests = calloc(sources.gl_pathc, sizeof(*tests));
	if (!tests)
		return 1;
	for (size_t i = 0; i < sources.gl_pathc; i++)
		tests[i] = (struct CMUnitTest) {
			.name = sources.gl_pathv[i],
			.test_func = example_runs,
			.initial_state = sources.gl_pathv[i],
		};
	failed = _cmocka_run_group_tests("examples", tests, sources.gl_pathc,
					 NULL, NULL);
	free(tests);
	globfree(&sources);
	return failed;
}
