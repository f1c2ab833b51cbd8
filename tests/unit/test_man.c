// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manual pages: each can be shown, and names all that there is of what it is
 * about. Run from the top of the source tree, as the build is; what is missing is
 * what a failure prints.
 */
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>

#include "plain_ring.h"

#include "../command.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Pages as they are read, in lines so long that a row of a table is one. */
#define TEXT	"build/man/text"
#define UAPI	"kmod/uapi/linux/ipcx.h"
#define RING	"kmod/uapi/linux/ipcx_ring.h"

#define PAGE(page)		"cat " TEXT "/" page
#define SECTION(name, page)	"sed -n '/^" name "$/,/^[A-Z]/p' " TEXT "/" page

/* There are so many words at least, and the text has them all. */
#define HAS(text, count, words) sh_ok(					\
	"text=$(" text "); words=$(" words ");"				\
	"[ $(echo \"$words\" | sort -u | wc -l) -ge " #count " ] ||"	\
	"	echo \"less than " #count " are looked for: $words\";"	\
	"echo \"$words\" | sort -u | while read -r word; do"		\
	"	echo \"$text\" | grep -qwF -e \"$word\" || echo \"$word\";" \
	"done")

static void page_is_shown(void **state)
{
	sh_ok("MANWIDTH=80 man --warnings -l %s 2>&1 >/dev/null", (char *)*state);
}

static void page_has_its_sections(void **state)
{
	char *page = basename(*state);
	const char *const heads[] = { "NAME", "DESCRIPTION", "SEE ALSO" };

	for (int i = 0; i < 3; i++)
		sh_ok("grep -qx '%s' " TEXT "/%s || echo '%s'", heads[i], page, heads[i]);
	sh_ok("sed -n '/^NAME$/,/^[A-Z]/p' " TEXT "/%s |"
	      "	grep -q '^ *%.*s - [a-z]' || echo no purpose", page,
	      (int)strcspn(page, "."), page);
	/* An overview has no synopsis. */
	sh_ok("case %s in *.7) ;; *) grep -qx SYNOPSIS " TEXT "/%s;; esac", page, page);
}

static void page_sends_to_pages_that_are_there(void **state)
{
	sh_ok("grep -ohE '\\<(lib)?ipcx[a-z-]*\\([1-9]\\)' " TEXT "/%s |"
	      "sort -u | tr '()' '. ' | while read -r page; do"
	      "	[ -e build/man/$page ] || echo $page;"
	      "done", basename(*state));
}

/* Of the programs that a page shows. */
static void page_shows_programs_that_compile(void **state)
{
	char *page = basename(*state);

	sh_ok("awk '/^```$/ { inside = !inside;"
	      "		if (!inside && code ~ /int main/) printf \"%%s\", code;"
	      "		code = \"\"; next }"
	      "	inside { code = code $0 \"\\n\" }' docs/man/%s.scd |"
	      "cc -std=gnu11 -Wall -Wextra -Werror -Ilib/include -Ikmod/uapi"
	      "	-fsyntax-only -x c -", page);
}

static void device_page_has_all_ioctls(void **state)
{
	(void)state;
	HAS(PAGE("ipcx.4"), 19,
	    "grep -oE 'IPCX_IOC_[A-Z_]+' " UAPI " | grep -v MAGIC");
}

/*
 * Each begins a line. Of the ring's those that are numbers; the others are made
 * of these.
 */
#define AT_LINES	"sed -nE 's/^ +(IPCX_[A-Z0-9_, ]+).*/\\1/p' " TEXT "/ipcx.4"

static void device_page_has_all_constants(void **state)
{
	(void)state;
	HAS(AT_LINES, 60,
	    "sed -nE '/IOC_MAGIC/d; s/^#define (IPCX_[A-Z0-9_]+)\\s+\\S.*/\\1/p' " UAPI);
	HAS(AT_LINES, 12,
	    "sed -nE 's/^#define (IPCX_[A-Z0-9_]+)\\s+[0-9]\\w*(\\s.*)?$/\\1/p' " RING);
	HAS(PAGE("ipcx.4"), 6,
	    "sed -nE 's/^\\t(IPCX_[A-Z]+)\\t= ([0-9]),/\\1 (\\2)/p' " RING);
}

/* Those of all structures; a row begins with the member's name. */
static void device_page_has_all_members(void **state)
{
	(void)state;
	HAS("awk '{ print $1 }' " TEXT "/ipcx.4", 80,
	    "sed -nE 's/^\\t(__u32|__u64|char) (\\w+)(\\[.*)?;/\\2/p' "
	    UAPI " " RING " | grep -v '^pad[01]'");
}

static void device_page_has_all_parameters(void **state)
{
	(void)state;
	HAS(SECTION("MODULE PARAMETERS", "ipcx.4"), 3,
	    "sed -nE 's/.*module_param(_named)?\\((\\w+),.*/\\2/p' kmod/*.c");
}

static void device_page_has_all_of_debugfs(void **state)
{
	(void)state;
	HAS(SECTION("FILES", "ipcx.4"), 8,
	    "sed -nE 's/.*debugfs_create_(file|dir)\\(\"(\\w+)\".*/\\2/p' kmod/debugfs.c");
	HAS(SECTION("FILES", "ipcx.4"), 60,
	    "grep -hE 'seq_(printf|puts)\\(m, ' kmod/*.c |"
	    "grep -oE '[a-z_]{2,} (0x|0)?[%%\"]' | cut -d ' ' -f 1");
}

static void device_page_has_all_tracepoints(void **state)
{
	(void)state;
	HAS(SECTION("TRACEPOINTS", "ipcx.4"), 12,
	    "sed -nE 's/^(DEFINE_EVENT\\(\\w+, |TRACE_EVENT\\()(ipcx_\\w+),.*/\\2/p'"
	    " kmod/trace.h");
	HAS(SECTION("TRACEPOINTS", "ipcx.4"), 12,
	    "sed -nE 's/.*__field\\(\\w+, (\\w+)\\).*/\\1/p' kmod/trace.h");
}

/* Long ones and letters, such as "--output" and "-o". */
#define OPTIONS_OF(text) text " | grep -oE -- '(^|[ [(|])--?[a-zA-Z][a-z-]*' |"	\
	" grep -oE -- '(--[a-z][a-z-]+|-[a-zA-Z]$)' | sort -u"

#define COMMANDS "build/tools/ipcxctl help | sed -nE 's/^  ([a-z-]+( [a-z-]+)?)  .*/\\1/p'"

/* Neither page nor tool has an option that the other does not. */
static void page_has_the_options(const char *tool, const char *page, const char *said)
{
	sh_ok("%s >" TEXT "/said; " OPTIONS_OF("cat " TEXT "/said") " >" TEXT "/options;"
	      OPTIONS_OF("cat " TEXT "/%s") " | diff " TEXT "/options - &&"
	      "[ $(wc -l <" TEXT "/options) -ge 3 ] || echo too few options of %s;"
	      "rm -f " TEXT "/said " TEXT "/options", said, page, tool);
}

static void tools_pages_have_their_options(void **state)
{
	(void)state;
	page_has_the_options("ipcxctl", "ipcxctl.8",
			     "{ build/tools/ipcxctl help; " COMMANDS " | while read -r command; do"
			     "	build/tools/ipcxctl help $command; done; }");
	page_has_the_options("ipcxstat", "ipcxstat.8", "build/tools/ipcxstat --help");
	page_has_the_options("ipcxbench", "ipcxbench.1", "build/tools/ipcxbench --help");
}

static void ipcxbenchs_page_has_all_of_a_report(void **state)
{
	(void)state;
	HAS(SECTION("REPORT", "ipcxbench.1"), 25,
	    "sed -nE 's/.*put(_string|_number)?\\((object|one), \"(\\w+)\".*/\\3/p;"
	    " s/^\t\\{ \"(\\w+)\", offsetof.*/\\1/p' tools/bench_json.c");
	HAS(SECTION("REPORT", "ipcxbench.1"), 20,
	    "sed -nE 's/^\\s*(fputs\\()?\"([a-z0-9_,]+)(\\\\n)?\".*/\\2/p' tools/bench_report.c |"
	    "tr ',' '\\n' | grep .");
}

static void ipcxctls_page_has_all_commands(void **state)
{
	(void)state;
	HAS("sed -nE 's/^   ([a-z].*)/\\1/p' " TEXT "/ipcxctl.8", 11, COMMANDS);
}

/* A row has a function's plain form and says which others there are. */
static void library_page_has_all_functions(void **state)
{
	(void)state;
	sh_ok("sed -nE 's/^\\t(ipcx_\\w+);$/\\1/p' lib/libipcx.map |"
	      "while read -r function; do"
	      "	plain=$(echo $function | sed -E 's/_(try|timed)$//');"
	      "	form=${function#$plain};"
	      "	grep -qE \"^ +$plain\\(\\) .*[a-z].*$form\" " TEXT "/libipcx.3 ||"
	      "		echo $function;"
	      "done");
}

static void library_page_has_all_headers(void **state)
{
	(void)state;
	HAS(PAGE("libipcx.3"), 17, "cd lib/include && ls ipcx/*.h");
}

static void channel_page_has_all_schemes(void **state)
{
	(void)state;
	HAS(SECTION("DESCRIPTION", "ipcx-channel.7") " | grep -oE '[a-z]+:'", 10,
	    "sed -nE 's/^\\s*\\.scheme = \"([a-z]+)\",.*/\\1:/p' lib/channel*.c");
}

static void channel_page_has_all_options(void **state)
{
	(void)state;
	HAS(SECTION("DESCRIPTION", "ipcx-channel.7") " | grep -oE '[a-z]+='", 11,
	    "sed -nE 's/^\\s*\\[OPTION_[A-Z]+\\]\\s+= \\{ \"([a-z]+)\",.*/\\1=/p'"
	    " lib/channel*.c");
}

static void channel_page_has_all_capabilities(void **state)
{
	(void)state;
	HAS(SECTION("CAPABILITIES", "ipcx-channel.7"), 15,
	    "sed -nE 's/^#define (IPCX_CHANNEL_\\w+)\\s.*/\\1/p'"
	    " lib/include/ipcx/channel.h");
}

static int render_pages(void **state)
{
	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	return sh("rm -rf " TEXT " && mkdir -p " TEXT " &&"
		  "for page in build/man/*.[1-8]; do"
		  "	MANWIDTH=400 man -l $page >" TEXT "/${page##*/} || exit;"
		  "done").status;
}

static const struct CMUnitTest of_each[] = {
	cmocka_unit_test(page_is_shown),
	cmocka_unit_test(page_has_its_sections),
	cmocka_unit_test(page_sends_to_pages_that_are_there),
	cmocka_unit_test(page_shows_programs_that_compile),
};

static int test_each_page(void)
{
	struct CMUnitTest *tests;
	const size_t n = ARRAY_SIZE(of_each);
	size_t total = 0;
	glob_t pages;
	int failed;

	if (glob("build/man/*.[1-8]", 0, NULL, &pages))
		return 1;
	tests = calloc(n * pages.gl_pathc, sizeof(*tests));
	if (!tests)
		return 1;
	for (size_t i = 0; i < n * pages.gl_pathc; i++) {
		char *page = pages.gl_pathv[i / n], *name;

		if (asprintf(&name, "%s of %s", of_each[i % n].name, basename(page)) < 0)
			return 1;
		tests[total] = of_each[i % n];
		tests[total].name = name;
		tests[total++].initial_state = page;
	}
	failed = _cmocka_run_group_tests("pages", tests, total, render_pages, NULL);
	for (size_t i = 0; i < total; i++)
		free((char *)tests[i].name);
	free(tests);
	globfree(&pages);
	return failed;
}

int main(void)
{
	static const struct CMUnitTest of_content[] = {
		cmocka_unit_test(device_page_has_all_ioctls),
		cmocka_unit_test(device_page_has_all_constants),
		cmocka_unit_test(device_page_has_all_members),
		cmocka_unit_test(device_page_has_all_parameters),
		cmocka_unit_test(device_page_has_all_of_debugfs),
		cmocka_unit_test(device_page_has_all_tracepoints),
		cmocka_unit_test(tools_pages_have_their_options),
		cmocka_unit_test(ipcxctls_page_has_all_commands),
		cmocka_unit_test(ipcxbenchs_page_has_all_of_a_report),
		cmocka_unit_test(library_page_has_all_functions),
		cmocka_unit_test(library_page_has_all_headers),
		cmocka_unit_test(channel_page_has_all_schemes),
		cmocka_unit_test(channel_page_has_all_options),
		cmocka_unit_test(channel_page_has_all_capabilities),
	};
	int failed = test_each_page();

	return failed + cmocka_run_group_tests_name("contents", of_content, NULL, NULL);
}
