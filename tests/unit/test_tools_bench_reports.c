// SPDX-License-Identifier: GPL-2.0-only
/* What ipcxbench writes: tables, JSON, charts, comparisons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "tools_bench.h"

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	file_name(path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* ---- what it writes ---- */

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		fail_msg("there is no '%s'", key);
	return value;
}

static double real(json_t *object, const char *key)
{
	return json_number_value(member(object, key));
}

static json_t *read_json(void)
{
	char path[PATH_MAX];
	json_t *object;

	file_name(path, "json");
	object = json_load_file(path, 0, NULL);
	assert_non_null(object);
	return object;
}

static void test_json(void **state)
{
	static const char *const facts[] = {
		"ipcxbench", "time", "kernel", "cpu", "runs in", "ipcx module", "processors used",
		"load", "clock", "runs",
	};
	json_t *object, *rtt, *stream;

	(void)state;
	sh_done("ipcxbench --runs 3 --count 5000 --size 64 --wait block --peers 2:1 --json %s/json shm", dir);
	object = read_json();
	assert_int_equal(json_integer_value(member(object, "ipcxbench")), 1);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		assert_true(*json_string_value(member(member(object, "machine"), facts[i])));
	assert_int_equal(json_array_size(member(object, "results")), 2);
	rtt = json_array_get(member(object, "results"), 0);
	assert_string_equal(json_string_value(member(rtt, "test")), "rtt");
	assert_int_equal(json_array_size(member(rtt, "runs_ns")), 3);
	assert_int_equal(real(rtt, "messages"), 3 * 5000 * 2);
	assert_true(real(rtt, "p50_ns") > 0 && real(rtt, "p50_ns") <= real(rtt, "p90_ns") &&
		    real(rtt, "p90_ns") <= real(rtt, "p99_ns") &&
		    real(rtt, "p99_ns") <= real(rtt, "p999_ns") &&
		    real(rtt, "p999_ns") <= real(rtt, "longest_ns"));
	assert_true(real(rtt, "cpu_ns_per_msg") > 0);
	stream = json_array_get(member(object, "results"), 1);
	assert_string_equal(json_string_value(member(stream, "test")), "stream");
	assert_int_equal(real(stream, "messages"), 3 * 5000 * 2);
	assert_true(real(stream, "min_ns") <= real(stream, "median_ns") &&
		    real(stream, "median_ns") <= real(stream, "max_ns"));
	assert_true(json_is_null(member(stream, "p50_ns")));
	json_decref(object);
}

/* Ten must be longer: of 150, the ninetieth percentile is known, no higher one. */
static void test_percentiles_of_few(void **state)
{
	json_t *object, *rtt;

	(void)state;
	sh_done("ipcxbench --runs 3 --count 50 --size 64 --wait block --test rtt --json %s/json shm", dir);
	object = read_json();
	rtt = json_array_get(member(object, "results"), 0);
	assert_true(json_is_real(member(rtt, "p90_ns")));
	assert_true(json_is_null(member(rtt, "p99_ns")));
	assert_true(json_is_null(member(rtt, "p999_ns")));
	json_decref(object);
}

static void test_reports_on_standard_output(void **state)
{
	(void)state;
	sh_ok(ONE "--json - shm 2>/dev/null | sed -n 1p | grep -qx '{'");
	sh_ok(ONE "--csv - shm 2>/dev/null | sed -n 1p | grep -q '^channel,test,'");
	/* A name as the format needs it. */
	sh_ok(ONE "--csv - 'shm?slots=4&mode=0600&lanes=1' 2>/dev/null |"
	      " grep -q '^shm?slots=4&mode=0600&lanes=1,rtt,'");
}

static void test_charts(void **state)
{
	(void)state;
	sh_done(TINY "--size 1,64 --chart %s/chart.svg --peers 1:1,2:1 shm pipe", dir);
	sh_ok("head -c 300 %s/chart.svg | tr '\\n' ' ' | grep -q '<?xml.*<svg ' && "
	      "tail -n 2 %s/chart.svg | grep -q '</svg>'", dir, dir);
	sh_ok("grep -q 'shm, block' %s/chart.svg && grep -q 'pipe 2:1, block' %s/chart.svg", dir, dir);
	sh_done(TINY "--size 1,64 --chart %s/chart.png shm", dir);
	sh_ok("head -c 4 %s/chart.png | grep -q PNG", dir);
}

/* A name is text there, and not for gnuplot to read. */
static void test_chart_of_a_strange_name(void **state)
{
	(void)state;
	sh_done(ONE "--chart %s/chart.svg \"shm:/it's\" 'shm:/a_b'", dir);
	sh_ok("grep -q \"shm:/it.*s, block\" %s/chart.svg && grep -q 'shm:/a_b, block' %s/chart.svg", dir, dir);
}

static void test_no_gnuplot(void **state)
{
	struct said said;

	(void)state;
	sh_ok("mkdir %s/bin && ln -s $(which ipcxbench) %s/bin", dir, dir);
	said = sh("PATH=%s/bin " ONE "--chart %s/none.svg shm", dir, dir);
	assert_says(said, 1, "/none.svg: gnuplot is not installed (Debian: gnuplot-nox)\n");
	assert_says(said, 1, "\nROUND TRIP");
	sh_ok("[ ! -e %s/none.svg ] && rm -r %s/bin", dir, dir);
}

static void test_output_cannot_be_written(void **state)
{
	(void)state;
	assert_says(sh(ONE "--csv /dev/full shm"), 1,
		    "ipcxbench: cannot write /dev/full: No space left on device\n");
	assert_says(sh(ONE "--json /dev/full shm"), 1,
		    "ipcxbench: cannot write /dev/full: No space left on device\n");
	sh_ok("ln -s /dev/full %s/full.svg", dir);
	assert_says(sh(ONE "--chart %s/full.svg shm", dir), 1,
		    "/full.svg: No space left on device\n");
	assert_says(sh(ONE "shm >/dev/full"), 1,
		    "ipcxbench: cannot write to standard output: No space left on device\n");
	assert_says(sh(ONE "--json - shm >/dev/full"), 1,
		    "ipcxbench: cannot write to standard output: No space left on device\n");
	assert_says(sh(ONE "shm >&-"), 1,
		    "ipcxbench: cannot write to standard output: Bad file descriptor\n");
	/* Before it measures. */
	sh_refused(1, "cannot write /no/such/file: No such file",
		   "ipcxbench --json /no/such/file");
	sh_refused(1, "cannot write", "ipcxbench --csv %s", dir);
	sh_ok("rm %s/full.svg", dir);
}

/* ---- --compare ---- */

#define RESULT(name, low, ns, high)						\
	"{\"channel\":\"" name "\",\"test\":\"stream\",\"wait\":\"spin\",\"senders\":1," \
	"\"receivers\":1,\"size\":64,\"median_ns\":" ns ",\"min_ns\":" low ",\"max_ns\":" high "}"
#define REPORT(cpu, results)							\
	"{\"ipcxbench\":1,\"machine\":{\"kernel\":\"Linux\",\"cpu\":\"" cpu "\"},"	\
	"\"results\":[" results "]}"

static void test_compare(void **state)
{
	struct said said;

	(void)state;
	write_file("old", REPORT("A", RESULT("shm", "90", "100", "110") "," RESULT("unix", "9", "10", "11")
			  "," RESULT("gone", "1", "2", "3")));
	write_file("new", REPORT("B", RESULT("shm", "190", "200", "210") "," RESULT("unix", "10", "10.5", "12")
			  "," RESULT("here", "1", "2", "3")));
	said = sh("cd %s && ipcxbench --compare old new | sed 's/  */ /g'", dir);
	assert_says(said, 0, "\nOLD is old, NEW is new\n");
	assert_says(said, 0, "\nCHANNEL TEST WAIT PEERS SIZE OLD NEW CHANGE\n");
	assert_says(said, 0, "\nshm stream spin 1:1 64 100ns 200ns +100%\n");
	assert_says(said, 0, "\nunix stream spin 1:1 64 10.0ns 10.5ns ~ +5.0%\n");
	assert_says(said, 0, "\ngone stream spin 1:1 64 2.00ns - -\n");
	assert_says(said, 0, "\nhere stream spin 1:1 64 - 2.00ns -\n");
	assert_says(said, 0, "The machines differ");
	said = sh("cd %s && ipcxbench --compare old old", dir);
	assert_says(said, 0, "~ +0.0%\n");
	assert_null(strstr(said.text, "The machines differ"));
}

static void test_compare_real_ones(void **state)
{
	(void)state;
	sh_done(TINY "--size 64 --json %s/old shm pipe && " TINY "--size 64 --json %s/new shm", dir, dir);
	sh_ok("ipcxbench --compare %s/old %s/new | grep -q '^shm  *rtt  *block  *1:1  *64 .*%%$'", dir, dir);
	sh_ok("ipcxbench --compare %s/old %s/new | grep -q '^pipe  *stream .* -$'", dir, dir);
}

static void test_compare_what_is_no_report(void **state)
{
	static const char *const wrong[] = {
		"", "x", "[]", "{}", "null", "3", "{\"ipcxbench\":1}", "{\"ipcxbench\":2,\"machine\":{},\"results\":[]}",
		"{\"ipcxbench\":1,\"machine\":[],\"results\":[]}",
		"{\"ipcxbench\":1,\"machine\":{},\"results\":{}}",
		"{\"ipcxbench\":1,\"machine\":{},\"results\":[1]}",
		"{\"ipcxbench\":1,\"machine\":{},\"results\":[null]}",
		"{\"ipcxbench\":1,\"machine\":{},\"results\":[{}]}",
		REPORT("A", RESULT("shm", "1", "0", "1")), REPORT("A", RESULT("shm", "1", "-1", "1")),
		REPORT("A", RESULT("shm", "3", "2", "1")), REPORT("A", RESULT("shm", "\"1\"", "2", "3")),
		REPORT("A", "{\"channel\":1}"),
	};

	(void)state;
	write_file("good", REPORT("A", RESULT("shm", "1", "2", "3")));
	sh_done("ipcxbench --compare %s/good %s/good", dir, dir);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		write_file("bad", wrong[i]);
		sh_refused(1, "bad: it is no result of ipcxbench --json",
			   "ipcxbench --compare %s/good %s/bad", dir, dir);
	}
	sh_refused(1, "cannot read /no/such: No such file", "ipcxbench --compare /no/such %s/good", dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_percentiles_of_few),
		cmocka_unit_test(test_reports_on_standard_output),
		cmocka_unit_test(test_charts),
		cmocka_unit_test(test_chart_of_a_strange_name),
		cmocka_unit_test(test_no_gnuplot),
		cmocka_unit_test(test_output_cannot_be_written),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_compare_real_ones),
		cmocka_unit_test(test_compare_what_is_no_report),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
