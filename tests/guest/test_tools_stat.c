// SPDX-License-Identifier: GPL-2.0-only
/* ipcxstat with the module: tables and JSON, at once and over time. */
#include "stat.h"

#include <math.h>

/* ---- counts ---- */

static void test_totals_and_objects(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create region r --size 64K && "
	      "ipcxctl create queue q --slots 2 --slot-size 1 --drop-oldest --not-mappable");
	sh_ok("printf abcde | ipcxctl send q && ipcxctl recv q --count 1 >/dev/null");
	/* The memory of a queue is the module's affair, and who polls of the tools'. */
	said = sh("ipcxstat | awk '{ $1 = $1; if (NR == 4) { $4 = $15 = \"-\" } "
		  "if ($2 == \"queue\") { $3 = $15 = \"-\" } print }'");
	check_line(&said, "all objects, by debugfs");
	check_line(&said, "REGIONS R-SIZE QUEUES Q-SIZE ATT WAIT-R WAIT-S SENT RECEIVED DEPTH "
		   "DROP ABORT REDEL WAITS WAKES REPAIR BAD HELD\n"
		   "1 64K 1 - 0 0 0 5 1 1 3 0 0 0 - 0 0 -");
	check_line(&said, "2 queue - 0 0 0 0 5 1 1 3 0 0 0 - - q");
	check_line(&said, "1 region 64K 0 0 - - - - - - - - - - - r");
}

/* What each receiver got, nobody else knows. */
static void test_broadcast(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q --broadcast --slots 2 --slot-size 1");
	sh_ok("printf abcde | ipcxctl send q && ipcxctl recv q --count 1 >/dev/null");
	said = sh("ipcxctl ls | awk 'NR == 2 { $1 = $5 = \"-\"; print }'");
	assert_string_equal(said.text, "- broadcast root 0600 - 0 0 2 q\n");
	said = sh("ipcxstat -o KIND,SENT,RECEIVED,DEPTH,NAME | awk '{ $1 = $1; print }'");
	check_line(&said, "broadcast 5 - 2 q");
}

static void test_json_counts(void **state)
{
	struct ipcx_queue *q = make("q", 0, 8), *drops = make("drops", IPCX_QUEUE_DROP_OLDEST, 4);
	_Atomic uint32_t *taken = shared_words();
	json_t *json, *totals;
	pid_t pid;

	(void)state;
	put(q, 5, 10);
	get(q, 1);
	put(drops, 4 + 3, 1);
	pid = start_taker("q", taken);
	assert_soon(*taken);
	child_kill(pid);
	assert_soon(stat_of(q).redelivered == 1);
	pid = start("exec ipcxctl recv q --count 5 >/dev/null");
	assert_soon(stat_of(q).waits_recv == 1 && stat_of(q).waiting_recv == 1);

	json = stat_json("");
	assert_string_equal(string(json, "source"), "debugfs");
	assert_true(is_null(json, "interval"));
	assert_in_range(number(json, "timestamp"), time(NULL) - 100, time(NULL) + 1);
	assert_int_equal(json_array_size(json_object_get(json, "stuck")), 0);
	check_counts(object(json, "q"), q);
	assert_string_equal(string(object(json, "q"), "kind"), "queue");
	assert_true(number(object(json, "q"), "mean_length") == 10);
	assert_true(number(object(json, "drops"), "dropped") == 3);
	assert_true(number(object(json, "drops"), "depth") == 4);
	totals = json_object_get(json, "totals");
	assert_true(number(totals, "queues") == 2);
	assert_true(number(totals, "regions") == 0);
	assert_true(number(totals, "queue_bytes") == stat_of(q).bytes + stat_of(drops).bytes);
	assert_true(number(totals, "sent") == 5 + 7);
	assert_true(number(totals, "dropped") == 3);
	assert_true(number(totals, "redelivered") == 1);
	assert_true(number(totals, "waits") == 1);
	json_decref(json);

	put(q, 1, 1);
	assert_int_equal(ended(pid), 0);
	ipcx_queue_close(q);
	ipcx_queue_close(drops);
	shared_free(taken);
}

/* Names are any bytes; what is printed is UTF-8 all the same. */
static void test_json_of_any_name(void **state)
{
	static const char *const names[] = {
		"\"quoted\\", "new\nline\033[2J", "caf\xc3\xa9",
	};
	json_t *json;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ipcx_queue_close(make(names[i], IPCX_CREATE_PERSIST, 2));
	ipcx_queue_close(make("latin\xe9", IPCX_CREATE_PERSIST, 2));
	json = stat_json("");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		object(json, names[i]);
	object(json, "latin\\xe9");
	json_decref(json);
}

static void test_json_of_a_region(void **state)
{
	json_t *json;

	(void)state;
	sh_ok("ipcxctl create region r --size 64K");
	json = stat_json("");
	assert_string_equal(string(object(json, "r"), "kind"), "region");
	assert_true(number(object(json, "r"), "bytes") == 65536);
	assert_true(number(object(json, "r"), "age") >= 0);
	assert_true(is_null(object(json, "r"), "sent"));
	assert_true(is_null(object(json, "r"), "sent_per_second"));
	json_decref(json);
	json = stat_json("-o name,size");
	assert_int_equal(json_object_size(object(json, "r")), 2);
	json_decref(json);
}

/* ---- over time ---- */

/*
 * What happened between two samples is what the rate says, times the interval;
 * so over as many as it takes it adds up to what was sent.
 */
static void test_rates(void **state)
{
	enum { BEFORE = 30, COUNT = 50, LEN = 20 };
	struct ipcx_queue *q = make("q", 0, 64);
	double sent = 0, bytes = 0, received = 0;
	json_t *json;
	FILE *pipe;

	(void)state;
	/* What was before the first sample is in no interval. */
	put(q, BEFORE, LEN);
	get(q, BEFORE);
	pipe = popen("exec ipcxstat --json 0.05", "re");
	assert_non_null(pipe);
	json = next_sample(pipe);
	assert_true(is_null(json, "interval"));
	assert_true(number(object(json, "q"), "sent") == BEFORE);
	json_decref(json);
	put(q, COUNT, LEN);
	get(q, COUNT - 1);
	for (int i = 0; lround(received) < COUNT - 1; i++) {
		double interval;

		assert_true(i < 100);
		json = next_sample(pipe);
		interval = number(json, "interval");
		assert_true(interval > 0);
		sent += number(object(json, "q"), "sent_per_second") * interval;
		bytes += number(object(json, "q"), "bytes_per_second") * interval;
		received += number(json_object_get(json, "totals"),
				   "received_per_second") * interval;
		json_decref(json);
	}
	/* Times are told to a millisecond. */
	assert_true(fabs(sent - COUNT) < 3);
	assert_true(fabs(bytes - COUNT * LEN) < 3 * LEN);
	json = next_sample(pipe);
	assert_true(number(object(json, "q"), "sent_per_second") == 0);
	assert_true(number(object(json, "q"), "sent") == BEFORE + COUNT);
	json_decref(json);
	pclose(pipe);
	ipcx_queue_close(q);
}

/* Without a sample before it, the mean since it was made. */
static void test_first_rates(void **state)
{
	struct ipcx_queue *q = make("q", 0, 64);
	double age, rate;
	json_t *json;

	(void)state;
	put(q, 50, 1);
	json = stat_json("");
	age = number(object(json, "q"), "age");
	rate = number(object(json, "q"), "sent_per_second");
	assert_true(fabs(rate * age - 50) < 5);
	json_decref(json);
	ipcx_queue_close(q);
}

static int lines_of(const char *text)
{
	int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static void test_interval_and_count(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q");
	said = sh("ipcxstat --json 0.05 4");
	assert_int_equal(said.status, 0);
	assert_int_equal(lines_of(said.text), 4);
	said = sh("ipcxstat --totals -n 0.05 3");
	assert_int_equal(lines_of(said.text), 3);
	said = sh("ipcxstat 0.05 2 | grep -c ' q$'");
	assert_string_equal(said.text, "2\n");
	/* The heading is that of rates, and where it is from stands there once. */
	said = sh("ipcxstat 0.05 2 | grep -c SENT/S");
	assert_string_equal(said.text, "4\n");
	said = sh("ipcxstat 0.05 2 | grep -c 'by debugfs'");
	assert_string_equal(said.text, "1\n");
}

static bool has_lines(const char *path, int n)
{
	return atoi(sh("wc -l <%s", path).text) >= n;
}

static void test_signals_end_it(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/samples", dir);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		pid_t pid;

		/* Lines of the one before are no sign that this one is ready. */
		unlink(path);
		pid = start("exec ipcxstat --json 0.05 >%s", path);
		assert_soon(has_lines(path, 3));
		kill(pid, signals[i]);
		assert_int_equal(ended(pid), 0);
		/* Nothing is cut off. */
		assert_string_equal(sh("tail -c 3 %s", path).text, "]}\n");
	}
}

/* Who does not read on, or has no room, is not written to for ever. */
static void test_output_ends(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q");
	said = sh("(ipcxstat --json 0.02; echo status $? >&2) | head -n 2 | wc -l");
	assert_non_null(strstr(said.text, "2\n"));
	assert_non_null(strstr(said.text, "ipcxstat: cannot write to standard output: Broken pipe\n"));
	assert_non_null(strstr(said.text, "status 1\n"));
	sh_refused(1, "cannot write to standard output: No space left", "ipcxstat 0.02 >/dev/full");
	sh_refused(1, "cannot write to standard output: No space left", "ipcxstat --json >/dev/full");
	sh_refused(1, "cannot write to standard output: Bad file", "ipcxstat --by-process >&-");
}

/* It holds nothing of the module between two looks. */
static void test_module_goes(void **state)
{
	char path[64];
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/samples", dir);
	unlink(path);
	pid = start("exec ipcxstat --totals 0.05 >%s 2>&1", path);
	assert_soon(has_lines(path, 5));
	assert_soon(sh("ipcxctl unload").status == 0);
	assert_int_not_equal(ended(pid), 0);
	/* While it goes it is there still, for a moment. */
	assert_non_null(strstr(sh("tail -n 1 %s", path).text,
			       "cannot look at the objects: the ipcx module is "));
	sh_ok("ipcxctl load >/dev/null");
}

/* ---- columns and order ---- */

static void test_columns(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create region b --size 64K && ipcxctl create region a --size 128K");
	said = sh("ipcxstat -o name,SIZE | tail -n 3");
	assert_string_equal(said.text, "NAME SIZE\nb     64K\na    128K\n");
	said = sh("ipcxstat --bytes --noheadings -o NAME,SIZE | tail -n 2");
	assert_string_equal(said.text, "b     65536\na    131072\n");
	said = sh("ipcxstat -n -o KIND,NAME --sort NAME | tail -n 2");
	assert_string_equal(said.text, "region a\nregion b\n");
	said = sh("ipcxstat -n -o NAME --sort size | tail -n 2");
	assert_string_equal(said.text, "a\nb\n");
	said = sh("ipcxstat -n -o NAME --sort SENT | tail -n 2");
	assert_string_equal(said.text, "b\na\n");
	said = sh("ipcxstat -o +AGE | tail -n 3 | head -n 1 | grep -c 'NAME.*AGE$'");
	assert_string_equal(said.text, "1\n");
	said = sh("ipcxstat --totals -n -o REGIONS,QUEUES | awk '{ print $1, $2 }'");
	assert_string_equal(said.text, "2 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loaded(test_totals_and_objects),
		loaded(test_broadcast),
		loaded(test_json_counts),
		loaded(test_json_of_any_name),
		loaded(test_json_of_a_region),
		loaded(test_rates),
		loaded(test_first_rates),
		loaded(test_interval_and_count),
		loaded(test_signals_end_it),
		loaded(test_output_ends),
		loaded(test_module_goes),
		loaded(test_columns),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
