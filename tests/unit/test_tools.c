// SPDX-License-Identifier: GPL-2.0-only
/* The tools where there is no module: one line, an exit status, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../command.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NOT_LOADED	"the ipcx module is not loaded; run: ipcxctl load"

static const char *const commands[] = {
	"load", "unload", "status", "ls", "info", "stuck", "top-holders",
	"create region", "create queue", "chmod", "chown", "rm", "send", "recv",
	"help", "version",
};

static void test_wrong_command_lines(void **state)
{
	static const struct {
		const char *command;
		const char *phrase;
	} wrong[] = {
		{ "ipcxctl", "a command is missing; see: ipcxctl help" },
		{ "ipcxctl frob", "no command 'frob'" },
		{ "ipcxctl statu", "no command 'statu'" },
		{ "ipcxctl --frob", "no command '--frob'" },
		{ "ipcxctl create", "no command 'create'" },
		{ "ipcxctl create frob x", "no command 'create frob'" },
		{ "ipcxctl help frob", "no command 'frob'" },
		{ "ipcxctl status x", "'x' is an argument too many; usage: ipcxctl status" },
		{ "ipcxctl unload --force", "wrong option '--force'" },
		{ "ipcxctl load ipcx.ko", "'ipcx.ko' is no PARAMETER=VALUE" },
		{ "ipcxctl load --module", "option '--module' needs a value" },
		{ "ipcxctl -x ls", "no command '-x'" },
		{ "ipcxctl -q -v", "a command is missing" },
		{ "ipcxctl ls -l", "wrong option '-l'" },
		{ "ipcxctl ls -Jl", "wrong option '-l'" },
		{ "ipcxctl ls -o", "option '-o' needs a value" },
		{ "ipcxctl ls -o ''", "there is no column ''" },
		{ "ipcxctl ls -o ID,FROB", "there is no column 'FROB', see: ipcxctl help ls" },
		{ "ipcxctl ls -o +FROB", "there is no column 'FROB'" },
		{ "ipcxctl ls -o ID,", "there is no column ''" },
		{ "ipcxctl ls q", "'q' is an argument too many" },
		{ "ipcxctl info", "one of NAME and --id is needed" },
		{ "ipcxctl info q --id 1", "one of NAME and --id is needed" },
		{ "ipcxctl info --id x", "'x' is no number for --id" },
		{ "ipcxctl info a/b", "'a/b' cannot be a name" },
		{ "ipcxctl stuck --for soon", "'soon' is no number of seconds" },
		{ "ipcxctl stuck --for 1e99", "too large for --for" },
		{ "ipcxctl top-holders --sort USER", "'USER' is no column of numbers" },
		{ "ipcxctl chmod 0600", "an argument is missing; usage: ipcxctl chmod MODE NAME..." },
		{ "ipcxctl chmod 0800 q", "'0800' is no mode" },
		{ "ipcxctl chmod u+r q", "'u+r' is no mode" },
		{ "ipcxctl chmod 0600 good a/b", "'a/b' cannot be a name" },
		{ "ipcxctl chown root", "an argument is missing" },
		{ "ipcxctl chown no-such-user q", "there is no user 'no-such-user'" },
		{ "ipcxctl chown :no-such-group q", "there is no group 'no-such-group'" },
		{ "ipcxctl chown 12345678901 q", "there is no user '12345678901'" },
		{ "ipcxctl chown 123456: q", "user 123456 has no group of its own" },
		{ "ipcxctl chown : q", "neither user nor group is named" },
		{ "ipcxctl chown '' q", "neither user nor group is named" },
		{ "ipcxctl rm", "an argument is missing; usage: ipcxctl rm NAME..." },
		{ "ipcxctl rm good a/b", "'a/b' cannot be a name" },
		{ "ipcxctl rm ''", "'' cannot be a name" },
		{ "ipcxctl rm $(printf %0128d)", "cannot be a name" },
		{ "ipcxctl create region", "an argument is missing" },
		{ "ipcxctl create region r", "--size, of one byte at least, is missing" },
		{ "ipcxctl create region r --size 0", "--size" },
		{ "ipcxctl create region r --size 64X", "'64X' is no number for --size" },
		{ "ipcxctl create region r --size 64KB", "'64KB' is no number for --size" },
		{ "ipcxctl create region r --size -1", "'-1' is no number for --size" },
		{ "ipcxctl create region r --size ''", "'' is no number for --size" },
		{ "ipcxctl create region r --size 16777216T", "too large for --size" },
		{ "ipcxctl create region r --size 99999999999999999999", "too large for --size" },
		{ "ipcxctl create region r --size 1 --mode 0999", "'0999' is no mode" },
		{ "ipcxctl create region r --size 1 --mode 1777", "'1777' is no mode" },
		{ "ipcxctl create region r --size 1 --mode 0", "mode 0" },
		{ "ipcxctl create region r --size 1 --slots 1", "wrong option '--slots'" },
		{ "ipcxctl create queue a/b", "'a/b' cannot be a name" },
		{ "ipcxctl create queue q --slots 0", "at least one" },
		{ "ipcxctl create queue q --slot-size 0", "at least one" },
		{ "ipcxctl create queue q --lanes 0", "at least one" },
		{ "ipcxctl create queue q --lanes 33", "too large for --lanes" },
		{ "ipcxctl create queue q --slots 4G", "too large for --slots" },
		{ "ipcxctl create queue q --broadcast --lanes 2", "--broadcast has one lane" },
		{ "ipcxctl create queue q --broadcast --drop-oldest", "--broadcast has one lane" },
		{ "ipcxctl send", "an argument is missing" },
		{ "ipcxctl send a b", "'b' is an argument too many" },
		{ "ipcxctl send q --lane 32", "too large for --lane" },
		{ "ipcxctl send q --output f", "wrong option '--output'" },
		{ "ipcxctl recv q --lane 0", "wrong option '--lane'" },
		{ "ipcxctl recv q --frames", "--frames and --output go together" },
		{ "ipcxctl recv q --output f", "--frames and --output go together" },
		{ "ipcxctl recv q --count many", "'many' is no number for --count" },
		{ "ipcxctl recv q --timeout soon", "'soon' is no number of seconds" },
		{ "ipcxctl recv q --timeout -1", "'-1' is no number of seconds" },
		{ "ipcxctl recv q --timeout nan", "'nan' is no number of seconds" },
		{ "ipcxctl recv q --timeout 1e99", "too large for --timeout" },
		{ "ipcxstat --frob", "wrong option '--frob'; usage: ipcxstat" },
		{ "ipcxstat -q", "wrong option '-q'; usage: ipcxstat" },
		{ "ipcxstat --output", "option '--output' needs a value" },
		{ "ipcxstat --output ID,frob", "there is no column 'frob'" },
		{ "ipcxstat -o ''", "there is no column ''" },
		{ "ipcxstat --sort frob", "there is no column 'frob' to sort by" },
		{ "ipcxstat often", "'often' is no number of seconds" },
		{ "ipcxstat 1s", "'1s' is no number of seconds" },
		{ "ipcxstat nan", "'nan' is no number of seconds" },
		{ "ipcxstat 0", "an interval is 0.01 to" },
		{ "ipcxstat -- -1", "an interval is 0.01 to" },
		{ "ipcxstat 1 0", "'0' is no number of samples" },
		{ "ipcxstat 1 many", "'many' is no number of samples" },
		{ "ipcxstat 1 2 3", "unexpected argument '3'" },
		{ "ipcxstat --totals --by-process", "exclude each other" },
		{ "ipcxstat --watch --json", "--watch goes neither with --json" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct said said = sh("%s", wrong[i].command);

		check_refusal(&said, 2, wrong[i].phrase, wrong[i].command);
	}
}

static void test_help_knows_every_command(void **state)
{
	struct said overview = sh("ipcxctl help");

	(void)state;
	assert_int_equal(overview.status, 0);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct said said = sh("ipcxctl help %s", commands[i]);
		char begin[64];

		assert_non_null(strstr(overview.text, commands[i]));
		snprintf(begin, sizeof(begin), "usage: ipcxctl %s", commands[i]);
		assert_int_equal(said.status, 0);
		assert_ptr_equal(strstr(said.text, begin), said.text);
	}
}

/* Both ways to ask; and what every command takes is in it. */
static void test_help_by_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct said word = sh("ipcxctl help %s", commands[i]);
		struct said option = sh("ipcxctl %s --help", commands[i]);

		assert_int_equal(option.status, 0);
		assert_string_equal(option.text, word.text);
		assert_non_null(strstr(option.text, "\n  -q, --quiet "));
	}
	sh_ok("ipcxctl help ls | grep -q '^  \\* ID  *number, never used again$'");
	sh_ok("ipcxctl help ls | grep -q '^    SLOTS  *messages that a lane holds$'");
}

static void test_help_of_a_first_word(void **state)
{
	struct said said = sh("ipcxctl help create");

	(void)state;
	assert_int_equal(said.status, 0);
	assert_non_null(strstr(said.text, "usage: ipcxctl create region"));
	assert_non_null(strstr(said.text, "usage: ipcxctl create queue"));
}

static void test_versions(void **state)
{
	struct said said = sh("ipcxctl version && ipcxctl --version && ipcxstat --version");

	(void)state;
	assert_int_equal(said.status, 0);
	assert_string_equal(said.text, "ipcxctl 0.1.0, library 0.1.0\n"
				       "ipcxctl 0.1.0, library 0.1.0\n"
				       "ipcxstat 0.1.0\n");
}

static void test_no_module(void **state)
{
	static const char *const needing[] = {
		"ipcxctl status", "ipcxctl ls", "ipcxctl ls --json",
		"ipcxctl create region r --size 64K",
		"ipcxctl create queue q", "ipcxctl rm r", "ipcxctl send q </dev/null",
		"ipcxctl recv q", "ipcxctl info q", "ipcxctl stuck",
		"ipcxctl top-holders", "ipcxctl chmod 0600 q", "ipcxctl chown 0 q",
		"ipcxstat", "ipcxstat --attachments", "ipcxstat --by-process 1 2",
		"ipcxstat --json 0.5", "ipcxstat --totals",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needing); i++) {
		struct said said = sh("%s", needing[i]);

		check_refusal(&said, 4, NOT_LOADED, needing[i]);
	}
	sh_refused(4, "ipcx is not loaded; there is nothing to unload", "ipcxctl unload");
}

static void test_no_module_file(void **state)
{
	(void)state;
	sh_refused(1, "cannot read module file '/no/ipcx.ko' (No such file",
		   "ipcxctl load --module /no/ipcx.ko");
	sh_refused(1, "cannot read module file '/no/ipcx.ko' (No such file",
		   "IPCX_MODULE=/no/ipcx.ko ipcxctl load");
	sh_refused(1, "cannot read module file '/no/this.ko' (No such file",
		   "IPCX_MODULE=/no/ipcx.ko ipcxctl load --module /no/this.ko");
	sh_refused(1, "no module ipcx in /lib/modules/", "unset IPCX_MODULE; ipcxctl load");
}

/* The kernel decides; what can be said of it here depends on what it is. */
static void test_kernel_takes_no_such_file(void **state)
{
	const char *phrase = "takes privilege (CAP_SYS_MODULE)";

	(void)state;
	if (access("/proc/modules", F_OK))
		phrase = "this kernel has no support for modules";
	else if (!geteuid())
		phrase = "/etc/passwd is not a kernel module";
	sh_refused(1, phrase, "ipcxctl load --module /etc/passwd");
}

static void test_output_cannot_be_written(void **state)
{
	(void)state;
	sh_refused(1, "ipcxctl: cannot write to standard output: Bad file descriptor",
		   "ipcxctl help >&-");
	sh_refused(1, "ipcxctl: cannot write to standard output: No space left on device",
		   "ipcxctl help >/dev/full");
	sh_refused(1, "ipcxstat: cannot write to standard output: No space left on device",
		   "ipcxstat --help >/dev/full");
	sh_refused(1, "ipcxstat: cannot write to standard output: Bad file descriptor",
		   "ipcxstat --version >&-");
	sh_refused(1, "ipcxstat: --watch needs a terminal; without one, give an interval",
		   "ipcxstat --watch");
}

/* ---- bash completion, from the top of the source tree ---- */

/* What bash would offer for the last of the words of a command line, a line each. */
static struct said complete(const char *line)
{
	return sh("exec bash -c '. tools/completion/ipcxctl && COMP_WORDS=(%s) && "
		  "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && cur=${COMP_WORDS[-1]} && "
		  "_ipcx \"${COMP_WORDS[0]}\" \"$cur\" && printf \"%%s\\n\" \"${COMPREPLY[@]}\"'", line);
}

static void test_completion(void **state)
{
	static const struct {
		const char *line;
		const char *offered;
	} lines[] = {
		{ "ipcxctl st", "status\nstuck\n" },
		{ "ipcxctl -q st", "status\nstuck\n" },
		{ "ipcxctl frob \"\"", "\n" },
		{ "ipcxctl create \"\"", "queue\nregion\n" },
		{ "ipcxctl create queue --s", "--slots\n--slot-size\n" },
		{ "ipcxctl create region --s", "--size\n--sparse\n" },
		{ "ipcxctl send --lane \"\"", "\n" },
		{ "ipcxctl recv q --ou", "--output\n" },
		{ "ipcxctl recv q --output Makef", "Makefile\n" },
		{ "ipcxctl ls -o at", "ATTACHED\n" },
		{ "ipcxctl ls -o ID,slot", "ID,SLOTS\nID,SLOT_SIZE\n" },
		{ "ipcxctl ls --output +slots", "+SLOTS\n" },
		{ "ipcxctl ls --output = slots", "SLOTS\n" },
		{ "ipcxctl ls -J -", "--output\n--json\n--noheadings\n--bytes\n--quiet\n--verbose\n--help\n" },
		{ "ipcxctl top-holders --sort map", "\n" },
		{ "ipcxctl top-holders --sort MAP", "MAPPED\n" },
		{ "ipcxctl load --module Makef", "Makefile\n" },
		{ "ipcxctl load Makef", "\n" },
		{ "ipcxctl chmod roo", "\n" },
		{ "ipcxctl chown roo", "root\n" },
		{ "ipcxctl chown root roo", "\n" },
		{ "ipcxctl help in", "info\n" },
		{ "ipcxstat --att", "--attachments\n" },
		{ "ipcxstat -o ID,sent", "ID,SENT\nID,SENT/S\n" },
		{ "ipcxstat --sort wait-", "\n" },
		{ "ipcxstat --sort WAIT-", "WAIT-R\nWAIT-S\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct said said = complete(lines[i].line);

		if (said.status || strcmp(said.text, lines[i].offered))
			fail_msg("%s: %s", lines[i].line, said.text);
	}
}

/* Every option that a help names is offered: none is written in another way. */
static void test_completion_knows_all_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char line[64];
		struct said said;

		snprintf(line, sizeof(line), "ipcxctl %s --", commands[i]);
		said = complete(line);
		assert_string_equal(said.text, sh("ipcxctl help %s | grep -o '^  *\\(-., \\)*--[a-z-]*' | "
						  "grep -o -e '--.*'", commands[i]).text);
		assert_non_null(strstr(said.text, "--help\n"));
	}
}

static int begin(void **state)
{
	(void)state;
	if (!access("/sys/module/ipcx", F_OK)) {
		print_error("ipcx is loaded here; run: ipcxctl unload\n");
		return -1;
	}
	return find_tools();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_command_lines),
		cmocka_unit_test(test_help_knows_every_command),
		cmocka_unit_test(test_help_by_option),
		cmocka_unit_test(test_help_of_a_first_word),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_module),
		cmocka_unit_test(test_no_module_file),
		cmocka_unit_test(test_kernel_takes_no_such_file),
		cmocka_unit_test(test_output_cannot_be_written),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_completion_knows_all_options),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
