// SPDX-License-Identifier: GPL-2.0-only
/* ipcxbench where there is no module: what it measures, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools_bench.h"

#define COLUMNS		23
#define HEADER		"channel,test,wait,senders,receivers,size,runs,messages,median_ns,"  \
			"min_ns,max_ns,msg_per_s,bytes_per_s,p50_ns,p90_ns,p99_ns,p999_ns," \
			"longest_ns,cpu_ns_per_msg,slept_per_msg,preempted_per_msg,"        \
			"worthless,error\n"

/* ---- what it measures ---- */

/* One line of --csv, the columns of which are looked at here. */
struct row {
	char channel[64];
	char test[8];
	char wait[8];
	unsigned int senders;
	unsigned int receivers;
	unsigned int size;
	unsigned int runs;
	unsigned int messages;
	double median;
	double min;
	double max;
	unsigned int worthless;
};

static bool read_row(FILE *csv, struct row *row)
{
	char line[1024], *left = line, *field[COLUMNS], *end;
	size_t n = 0;

	if (!fgets(line, sizeof(line), csv))
		return false;
	line[strcspn(line, "\n")] = '\0';
	while ((end = strsep(&left, ","))) {
		assert_true(n < COLUMNS);
		field[n++] = end;
	}
	assert_int_equal(n, COLUMNS);
	snprintf(row->channel, sizeof(row->channel), "%s", field[0]);
	snprintf(row->test, sizeof(row->test), "%s", field[1]);
	snprintf(row->wait, sizeof(row->wait), "%s", field[2]);
	row->senders = strtoul(field[3], &end, 10);
	row->receivers = strtoul(field[4], &end, 10);
	row->size = strtoul(field[5], &end, 10);
	row->runs = strtoul(field[6], &end, 10);
	row->messages = strtoul(field[7], &end, 10);
	row->median = strtod(field[8], &end);
	row->min = strtod(field[9], &end);
	row->max = strtod(field[10], &end);
	row->worthless = strtoul(field[21], &end, 10);
	assert_string_equal(field[22], "");
	return true;
}

static FILE *open_csv(void)
{
	char path[PATH_MAX], header[512];
	FILE *csv;

	file_name(path, "csv");
	csv = fopen(path, "r");
	assert_non_null(csv);
	assert_non_null(fgets(header, sizeof(header), csv));
	assert_string_equal(header, HEADER);
	return csv;
}

static void check_row(const struct row *row, const char *channel)
{
	unsigned int rtt = !strcmp(row->test, "rtt");

	assert_string_equal(row->channel, channel);
	assert_int_equal(row->runs, 2);
	/* A round trip is two. */
	assert_int_equal(row->messages, 2 * 30 * (rtt ? 2 : row->senders));
	assert_true(row->min > 0 && row->min <= row->median && row->median <= row->max);
}

static unsigned int count_rows(const char *channel)
{
	unsigned int count = 0;
	FILE *csv = open_csv();
	struct row row;

	while (read_row(csv, &row)) {
		check_row(&row, channel);
		count++;
	}
	fclose(csv);
	return count;
}

static void test_every_channel_blocking(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
		sh_done(TINY "--wait block --peers 1:1,3:1,2:2 --size %s --csv %s/csv %s",
			channels[i].sizes, dir, channels[i].name);
		/* Round trips and three streams, or two; pipes share small messages. */
		assert_in_range(count_rows(channels[i].name), channels[i].many ? 12 : 9,
				strcmp(channels[i].name, "pipe") &&
				strcmp(channels[i].name, "fifo") ?
				(channels[i].many ? 12 : 9) : 12);
	}
}

static void test_every_channel_spinning(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
		if (!two_processors()) {
			assert_says(sh(TINY "--wait spin %s", channels[i].name), 1,
				    "each process would need a processor of its own");
			continue;
		}
		sh_done(TINY "--wait spin --peers 1:1,2:1 --size %s --csv %s/csv %s",
			channels[i].sizes, dir, channels[i].name);
		assert_in_range(count_rows(channels[i].name), 6,
				sysconf(_SC_NPROCESSORS_ONLN) > 2 ? 9 : 6);
	}
}

static void test_large_messages(void **state)
{
	(void)state;
	sh_done(TINY "--count 3 --size 16M,64K --peers 1:1,2:1 --wait block --csv %s/csv "
		"pipe unix shm shm-loan map boost zmq nng", dir);
	sh_ok("[ $(grep -c ',16777216,2,' %s/csv) = 24 ] && [ $(grep -c ',65536,2,' %s/csv) = 24 ]",
	      dir, dir);
}

static void test_all_that_work_here(void **state)
{
	(void)state;
	sh_done("ipcxbench --runs 1 --count 3 --size 4 --peers 1:1 --csv %s/csv >%s/table", dir, dir);
	sh_ok("for name in $(ipcxbench --list | sed 's/ .*//'); do "
	      "case $name in queue*) grep -q \"^left out: $name: the ipcx module is not loaded\" %s/table;; "
	      "*) grep -q \"^$name,stream,block,1,1,4,1,3,\" %s/csv;; esac || echo $name; done",
	      dir, dir);
	sh_ok("! grep '^queue' %s/csv && rm %s/table", dir, dir);
}

static void test_uris(void **state)
{
	(void)state;
	/* What is there already stays as it is. */
	sh_ok("echo precious >%s/file && mkfifo %s/fifo", dir, dir);
	sh_done(TINY "--size 64 --wait block --csv %s/csv map:%s/file 'map:%s/file?slots=4' "
		"fifo:%s/fifo 'unix?type=seqpacket' unix:%s/sock tcp://localhost "
		"'shm:/bench-test?slots=1' sysv:0x7a7b7c7d 'mq:/bench-test?mode=0600'",
		dir, dir, dir, dir, dir);
	/* Round trips, and three streams of most. */
	sh_ok("[ $(cut -d, -f1 %s/csv | sort -u | wc -l) = 10 ]", dir);
	sh_ok("[ \"$(cat %s/file)\" = precious ] && [ -p %s/fifo ] && rm %s/file %s/fifo",
	      dir, dir, dir, dir);
	sh_ok("[ \"$(ls %s)\" = csv ]", dir);
}

static void test_loans_of_a_uri(void **state)
{
	(void)state;
	sh_done(TINY "--loan --size 64 --wait block --csv %s/csv shm:/bench-test", dir);
	assert_says(sh(ONE "--loan unix"), 1,
		    "unix is left out: it has no loans");
}

static void test_placement(void **state)
{
	struct said said = sh(TINY "--size 64 --cpus 0 --peers 2:1 shm");

	(void)state;
	assert_says(said, 0, "\nprocessors used 0\n");
	assert_says(said, 0, "\nplacement       1:1 receivers 0 senders 0\n");
	assert_says(said, 0, "\nplacement       2:1 receivers 0 senders 0,0\n");
	assert_says(said, 0, "\nleft out: spin 2:1: each process would need a processor");
	if (!two_processors())
		return;
	said = sh(TINY "--size 64 --cpus 1,0 --peers 2:1 shm");
	assert_says(said, 0, "\nplacement       1:1 receivers 1 senders 0\n");
	assert_says(said, 0, "\nplacement       2:1 receivers 1 senders 0,1\n");
}

/* ---- what it finds wrong ---- */

/* A ring that drops its oldest message is a channel that loses messages. */
static void test_losses_are_found(void **state)
{
	struct said said = sh("ipcxbench --runs 1 --count 200000 --wait block --test stream --peers 1:1,2:1 "
			      "--size 64 --csv %s/csv 'shm?drop=1&slots=1'", dir);

	(void)state;
	assert_says(said, 1, "instead of");
	assert_says(said, 1, "it loses");
	assert_says(said, 1, "shm?drop=1&slots=1: stream, block, 1:1, 64 bytes: message");
	sh_ok("[ $(grep -c 'it loses' %s/csv) = 2 ]", dir);
}

static void test_spread(void **state)
{
	struct said said = sh(TINY "--spread 0 --size 64 --wait block --test stream --peers 1:1 "
			      "--csv %s/csv shm", dir);

	(void)state;
	assert_says(said, 0, " ! ");
	assert_says(said, 0, "\n!  the runs differ by more than 0%: this figure is worth nothing.");
	sh_ok("grep -q ',1,$' %s/csv", dir);
	said = sh(TINY "--spread 1000000 --size 64 --wait block --test stream --peers 1:1 --csv %s/csv shm", dir);
	assert_int_equal(said.status, 0);
	assert_null(strchr(said.text, '!'));
	sh_ok("grep -q ',0,$' %s/csv", dir);
}

static void test_no_module(void **state)
{
	struct said said = sh(TINY "queue");

	(void)state;
	assert_says(said, 1, "ipcxbench: queue is left out: the ipcx module is not loaded; "
			     "shm: works without it\n");
	assert_says(said, 1, "ipcxbench: nothing was measured\n");
	/* Beside one that works it is still missing. */
	said = sh(ONE "queue shm");
	assert_says(said, 1, "\nleft out: queue: the ipcx module is not loaded");
	assert_says(said, 1, "\nshm ");
}

static void test_wrong_command_lines(void **state)
{
	static const struct {
		const char *command;
		const char *phrase;
	} wrong[] = {
		{ "--frob", "wrong option '--frob'; see: ipcxbench --help" },
		{ "-x", "wrong option '-x'" },
		{ "--runs", "option '--runs' needs a value" },
		{ "--runs 0", "no number from 1 to 99 '0'" },
		{ "--runs 100", "no number from 1 to 99 '100'" },
		{ "--count 0", "no number of messages '0'" },
		{ "--count many", "no number of messages 'many'" },
		{ "--time soon", "no number of seconds 'soon'" },
		{ "--time -1", "no number of seconds '-1'" },
		{ "--time nan", "no number of seconds 'nan'" },
		{ "--warm-up 1h", "no number of seconds '1h'" },
		{ "--spread x", "no percentage 'x'" },
		{ "--test frob", "no test 'frob'" },
		{ "--test rtt,", "no test ''" },
		{ "--wait sleep", "no way to wait 'sleep'" },
		{ "--size 0", "no size from 1 to 16M '0'" },
		{ "--size 17M", "no size from 1 to 16M '17M'" },
		{ "--size 1,,2", "no size from 1 to 16M ''" },
		{ "--peers 1", "no SENDERS:RECEIVERS, each 1 to 15, '1'" },
		{ "--peers 0:1", "no SENDERS:RECEIVERS" },
		{ "--peers 16:1", "no SENDERS:RECEIVERS" },
		{ "--peers 1:16", "no SENDERS:RECEIVERS" },
		{ "--peers 1:1x", "no SENDERS:RECEIVERS" },
		{ "--cpus 1024", "no processor '1024'" },
		{ "--cpus 0,0", "twice processor '0'" },
		{ "--cpus 1023", "processor 1023 is not there" },
		{ "--chart x.gif", "neither .svg nor .png: 'x.gif'" },
		{ "--csv - --json -", "cannot both have standard output" },
		{ "--compare a", "--compare takes two files" },
		{ "--compare a b c", "--compare takes two files" },
		{ "frob", "no channel 'frob'; see: ipcxbench --list" },
		{ "frob:/x", "no channel 'frob:/x'" },
		{ "shm frob", "no channel 'frob'" },
		{ "''", "no channel ''" },
		{ "\"$(printf '\\033[2J')\"", "no channel '\\x1b[2J'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct said said = sh("ipcxbench %s", wrong[i].command);

		check_refusal(&said, 2, wrong[i].phrase, wrong[i].command);
	}
}

static void test_options_that_a_channel_does_not_take(void **state)
{
	(void)state;
	assert_says(sh(TINY "'shm?frob=1'"), 1, "shm?frob=1 is left out: not a channel's URI, or");
}

static void test_help_and_list(void **state)
{
	(void)state;
	sh_ok("ipcxbench --help | grep -q '^usage: ipcxbench '");
	sh_ok("[ \"$(ipcxbench --version)\" = 'ipcxbench 0.1.0' ]");
	/* Every option is in the help, and each that is there is one. */
	sh_ok("for o in $(ipcxbench --help | grep -oE '^  --[a-z-]+' | sort -u); do "
	      "case $(ipcxbench $o 1 --size 0 2>&1) in *'wrong option'*) echo $o;; esac; done");
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++)
		sh_ok("ipcxbench --list | grep -q '^%s  *[^ ]'", channels[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_channel_blocking),
		cmocka_unit_test(test_every_channel_spinning),
		cmocka_unit_test(test_large_messages),
		cmocka_unit_test(test_all_that_work_here),
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_loans_of_a_uri),
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_losses_are_found),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_no_module),
		cmocka_unit_test(test_wrong_command_lines),
		cmocka_unit_test(test_options_that_a_channel_does_not_take),
		cmocka_unit_test(test_help_and_list),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
