// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library exports: exactly the functions in its map, each declared and
 * documented in an installed header and called by a test. Run from the top of
 * the source tree, as the build is; what is missing is what a failure prints.
 */
#include "plain_ring.h"

#include "../command.h"

/* The map's symbols, one a line. */
#define MAPPED	"sed -nE 's/^\\t(ipcx_[a-z0-9_]+);$/\\1/p' lib/libipcx.map"
#define HEADERS	"lib/include/ipcx/*.h"
#define TESTS	"tests/unit/*.c tests/guest/*.c"

static void map_is_not_empty(void **state)
{
	(void)state;
	sh_ok("[ $(" MAPPED " | wc -l) -gt 40 ]");
}

static void exported_is_what_the_map_says(void **state)
{
	(void)state;
	/* Lines such as " T ipcx_open@@IPCX_0.1": code, in this release's node. */
	sh_ok("nm -D --defined-only build/lib/libipcx.so |"
	      "	sed -nE 's/.* T (ipcx_.*)@@IPCX_0\\.1$/\\1/p' | sort >build/exported;"
	      MAPPED " | sort | diff - build/exported && rm build/exported");
}

/* Outside comments, all lines of which begin with a '*' or end with one. */
static void each_is_declared(void **state)
{
	(void)state;
	sh_ok(MAPPED " | while read -r symbol; do"
	      "	sed -E '/^ ?\\/?\\*/d; s|/\\*.*||' " HEADERS " |"
	      "		grep -qE \"[ *]$symbol\\(\" || echo \"$symbol\";"
	      "done");
}

/* Of three forms the plain one is, for all. */
static void each_is_documented(void **state)
{
	(void)state;
	sh_ok(MAPPED " | sed -E 's/_(try|timed)$//' | sort -u |"
	      "while read -r symbol; do"
	      "	grep -qE \"^(/\\*\\*| \\*) $symbol\\(\\) - [a-z]\" " HEADERS " ||"
	      "		echo \"$symbol\";"
	      "done");
}

static void each_is_tested(void **state)
{
	(void)state;
	sh_ok(MAPPED " | while read -r symbol; do"
	      "	grep -qE \"\\<$symbol\\>\" " TESTS " || echo \"$symbol\";"
	      "done");
}

/* No header speaks of a function that is not there. */
static void each_mention_exists(void **state)
{
	(void)state;
	sh_ok("grep -ohE '\\<ipcx_[a-z0-9_]+\\(' " HEADERS " | tr -d '(' |"
	      "sort -u | while read -r symbol; do"
	      "	" MAPPED " | grep -qx \"$symbol\" || echo \"$symbol\";"
	      "done");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_is_not_empty),
		cmocka_unit_test(exported_is_what_the_map_says),
		cmocka_unit_test(each_is_declared),
		cmocka_unit_test(each_is_documented),
		cmocka_unit_test(each_is_tested),
		cmocka_unit_test(each_mention_exists),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
