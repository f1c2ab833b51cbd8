// SPDX-License-Identifier: GPL-2.0-only
/* The library's examples that need the module: each works, and leaves nothing. */
#include "guest.h"

#include <ipcx/ipcx.h>

#include "../command.h"

static void runs(const char *name, const char *says)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct said said = sh("exec timeout 60 build/lib/examples/%s", name);

	if (said.status || strcmp(said.text, says))
		fail_msg("%s: status %d: %s", name, said.status, said.text);
	assert_int_equal(ipcx_list_next(&stat), 0);
}

static void test_region(void **state)
{
	(void)state;
	runs("region", "counted to 2\n");
}

static void test_queue(void **state)
{
	(void)state;
	runs("queue", "to be done, once more\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_queue),
	};

	return guest_run(tests);
}
