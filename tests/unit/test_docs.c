// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs that pages in Markdown show: each compiles as it is printed, and
 * the README's first one does what is said of it. Run from the top of the source
 * tree, as the build is.
 */
#include "plain_ring.h"

#include "../command.h"

#define CC	"cc -std=gnu11 -Wall -Wextra -Werror -Ilib/include -Ikmod/uapi"
#define DIR	"build/docs-code"

/* Writes each block of C in a page to a file of its own. */
#define EXTRACT								\
	"awk -v dir=" DIR " '/^```c$/ { name = sprintf(\"%%s/%%d.c\", dir, ++n); next }" \
	" /^```/ { name = \"\"; next } name { print >name }'"

static int clean(void **state)
{
	(void)state;
	return sh("rm -rf " DIR " && mkdir -p " DIR).status;
}

/* Warnings are errors. There are some in these pages, or nothing was looked at. */
static void code_compiles(void **state)
{
	const char *page = *state;

	clean(NULL);
	sh_ok(EXTRACT " %s && for code in " DIR "/*.c; do"
	      "	" CC " -fsyntax-only $code || exit; done", page);
}

/* Over a channel whose sender waits for its receiver. */
static void first_program_runs(void **state)
{
	(void)state;
	clean(NULL);
	sh_ok(EXTRACT " README.md &&" CC " -o " DIR "/greet " DIR "/1.c"
	      "	-Lbuild/lib -lipcx -Wl,-rpath,$PWD/build/lib &&"
	      "{ timeout 60 " DIR "/greet unix:@ipcx-docs-$$ >" DIR "/heard & } &&"
	      "timeout 60 " DIR "/greet unix:@ipcx-docs-$$ 'hello there' && wait $! &&"
	      "[ \"$(cat " DIR "/heard)\" = 'hello there' ]");
}

static void first_program_is_short(void **state)
{
	(void)state;
	clean(NULL);
	sh_ok(EXTRACT " README.md && [ $(grep -c . " DIR "/1.c) -le 22 ]");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "code in README.md", code_compiles, NULL, NULL, "README.md" },
		{ "code in README.ko.md", code_compiles, NULL, NULL, "README.ko.md" },
		{ "code in docs/moving.md", code_compiles, NULL, NULL, "docs/moving.md" },
		cmocka_unit_test(first_program_runs),
		cmocka_unit_test(first_program_is_short),
	};

	return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
