// SPDX-License-Identifier: GPL-2.0-only
/*
 * The examples, each run as it is without arguments: it ends with success, soon,
 * and nothing of it is left. Run from the top of the source tree.
 */
#include <glob.h>
#include <stdlib.h>

#include "plain_ring.h"

#include "../command.h"

/* By this name they go. */
#define LEFT_OVERS	"ls -d /dev/shm/*ipcx-example* /tmp/ipcx-example*"

static void example_runs(void **state)
{
	const char *source = *state;
	struct said said;

	(void)sh("rm -rf $(" LEFT_OVERS ")");
	said = sh("exec timeout 20 build/%.*s", (int)strlen(source) - 2, source);
	if (said.status)
		fail_msg("%s: status %d: %s", source, said.status, said.text);
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
