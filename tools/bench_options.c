// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "bench_options.h"
#include "common.h"

#define USAGE	"usage: ipcxbench [OPTION]... [CHANNEL]..."
#define SECONDS_MAX	3600

static void print_help(void)
{
	printf(USAGE "\n"
"       ipcxbench --compare OLD.json NEW.json\n\n"
"  measure the channels of libipcx, and other libraries, between processes of\n"
"  their own: round trips of one message at a time, and streams of messages one\n"
"  way; every payload is written, read and checked in full. Without CHANNEL all\n"
"  that work here.\n\n"
"CHANNEL is\n"
"  a name           of --list, such as shm, or with options of its URI:\n"
"                   'shm?slots=8'\n"
"  a URI            as <ipcx/channel.h> has it, such as map:/mnt/file: something\n"
"                   is added to names and paths, so that nothing there is\n"
"                   touched; of sysv:KEY and tcp://HOST:PORT the next one is used\n"
"                   too\n\n"
"what to measure\n"
"  --test LIST      rtt (round trip), stream; both without\n"
"  --wait LIST      block (sleep until there is something), spin (look again and\n"
"                   again); both without. Spinning takes a processor for each\n"
"                   process\n"
"  --size LIST      bytes of payload, 1 to 16M (powers of 1024);\n"
"                   1,16,256,4K,64K,1M,16M without\n"
"  --peers LIST     senders:receivers of streams, each 1 to 15; 1:1,4:1,2:2\n"
"                   without\n"
"  --loan           URIs: payload is written and read in the channel's own memory\n"
"  --time SECONDS   of each run, 0.1 without\n"
"  --warm-up SECONDS  of a run before them that does not count, half of --time\n"
"                   without\n"
"  --count N        messages of each sender in each run, instead of --time\n"
"  --runs N         how many, 1 to 99; 5 without\n"
"  --quick          sizes of 64,4K,1M, peers 1:1, 3 runs of 0.05 s, but for what\n"
"                   is said beside it\n"
"  --cpus LIST      processors to use, such as 0,2; all without. With two or\n"
"                   more each process stays on one: receivers take the first, senders\n"
"                   the next, and then from the beginning\n"
"  --spread PERCENT  that the runs may differ, (max - min) / median, before a\n"
"                   figure is marked as worth nothing; 25 without\n\n"
"what comes out: a table, and\n"
"  --csv FILE       comma-separated values; '-' is standard output, instead of\n"
"                   the table\n"
"  --json FILE      all there is as JSON, times in nanoseconds; '-' likewise\n"
"  --chart FILE     round trips and throughput by size, by gnuplot: FILE.svg or\n"
"                   FILE.png\n"
"  --compare OLD    print two --json files side by side\n\n"
"  --list           the channels and libraries that are built in\n"
"  --help           this text\n"
"  --version        the version\n\n"
"Percentiles are exact to 1 %%. A stream's rate is of all messages, from the start\n"
"of the first process to the end of the last receiver. Senders into pipes, sockets\n"
"and queues of the kernel do not spin with more than 16 KiB.\n\n"
"exit status: 0; 1 if something failed, lost a message, or was asked for and is\n"
"not there; 2 for a wrong command line\n");
}

static void wrong(const char *what, const char *word)
{
	char *harmless_word = harmless(word);

	errx(EXIT_USAGE, "%s '%s'; see: ipcxbench --help", what, harmless_word);
}

/* ---- lists: each word of one is handed to @add ---- */

static void each_word(const char *list, struct plan *plan,
		      void (*add)(struct plan *plan, const char *word))
{
	char *copy = text("%s", list), *left = copy, *word;

	while ((word = strsep(&left, ",")))
		add(plan, word);
	free(copy);
}

static void add_test(struct plan *plan, const char *word)
{
	if (!strcmp(word, test_name(TEST_RTT)))
		plan->tests[TEST_RTT] = true;
	else if (!strcmp(word, test_name(TEST_STREAM)))
		plan->tests[TEST_STREAM] = true;
	else
		wrong("no test", word);
}

static void add_wait(struct plan *plan, const char *word)
{
	if (!strcmp(word, wait_name(WAIT_BLOCK)))
		plan->waits[WAIT_BLOCK] = true;
	else if (!strcmp(word, wait_name(WAIT_SPIN)))
		plan->waits[WAIT_SPIN] = true;
	else
		wrong("no way to wait", word);
}

static void add_size(struct plan *plan, const char *word)
{
	uint64_t size;
	size_t at = plan->size_count;

	if (parse_size(word, &size) || !size || size > SIZE_MAX_ASKED)
		wrong("no size from 1 to 16M", word);
	if (at == SIZES_MAX)
		errx(EXIT_USAGE, "more than %d sizes", SIZES_MAX);
	/* Rising, each once: the first that a channel does not take ends its turn. */
	for (; at && plan->sizes[at - 1] >= size; at--)
		if (plan->sizes[at - 1] == size)
			return;
	memmove(&plan->sizes[at + 1], &plan->sizes[at],
		(plan->size_count - at) * sizeof(*plan->sizes));
	plan->sizes[at] = size;
	plan->size_count++;
}

static void add_shape(struct plan *plan, const char *word)
{
	struct shape shape;
	char end;

	if (sscanf(word, "%2u:%2u%c", &shape.senders, &shape.receivers, &end) != 2 ||
	    !shape.senders || shape.senders > SENDERS_MAX ||
	    !shape.receivers || shape.receivers > SENDERS_MAX)
		wrong("no SENDERS:RECEIVERS, each 1 to 15,", word);
	if (plan->shape_count == SHAPES_MAX)
		errx(EXIT_USAGE, "more than %d of --peers", SHAPES_MAX);
	plan->shapes[plan->shape_count++] = shape;
}

static uint64_t number(const char *word, const char *what, uint64_t most)
{
	uint64_t value;

	if (parse_size(word, &value) || !value || value > most)
		wrong(what, word);
	return value;
}

static void add_cpu(struct plan *plan, const char *word)
{
	uint64_t cpu;

	if (parse_size(word, &cpu) || cpu >= CPU_SETSIZE || plan->cpu_count == CPU_SETSIZE)
		wrong("no processor", word);
	for (size_t i = 0; i < plan->cpu_count; i++)
		if (plan->cpus[i] == (int)cpu)
			wrong("twice processor", word);
	plan->cpus[plan->cpu_count++] = cpu;
}

static double real(const char *word, const char *what, double most)
{
	char *end;
	double value = strtod(word, &end);

	if (end == word || *end || !(value >= 0) || value > most)
		wrong(what, word);
	return value;
}

/* ---- processors ---- */

static void choose_cpus(struct plan *plan)
{
	bool chosen = plan->cpu_count;
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		err(EXIT_FAILURE, "cannot find out which processors there are");
	for (size_t i = 0; i < plan->cpu_count; i++)
		if (!CPU_ISSET(plan->cpus[i], &allowed))
			errx(EXIT_USAGE, "processor %d is not there, or not for this process",
			     plan->cpus[i]);
	for (int cpu = 0; cpu < CPU_SETSIZE && !chosen; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			plan->cpus[plan->cpu_count++] = cpu;
	plan->pinned = chosen || plan->cpu_count >= 2;
}

/* ---- the command line ---- */

enum {
	OPTION_TEST = 1, OPTION_WAIT, OPTION_SIZE, OPTION_PEERS, OPTION_LOAN, OPTION_TIME,
	OPTION_WARM_UP, OPTION_COUNT, OPTION_RUNS, OPTION_QUICK, OPTION_CPUS, OPTION_SPREAD,
	OPTION_CSV, OPTION_JSON, OPTION_CHART, OPTION_COMPARE, OPTION_LIST, OPTION_HELP,
	OPTION_VERSION
};

static const struct option known_options[] = {
	{ "test", required_argument, NULL, OPTION_TEST },
	{ "wait", required_argument, NULL, OPTION_WAIT },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "peers", required_argument, NULL, OPTION_PEERS },
	{ "loan", no_argument, NULL, OPTION_LOAN },
	{ "time", required_argument, NULL, OPTION_TIME },
	{ "warm-up", required_argument, NULL, OPTION_WARM_UP },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "runs", required_argument, NULL, OPTION_RUNS },
	{ "quick", no_argument, NULL, OPTION_QUICK },
	{ "cpus", required_argument, NULL, OPTION_CPUS },
	{ "spread", required_argument, NULL, OPTION_SPREAD },
	{ "csv", required_argument, NULL, OPTION_CSV },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "chart", required_argument, NULL, OPTION_CHART },
	{ "compare", required_argument, NULL, OPTION_COMPARE },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 }
};

const char *chart_format(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot && !strcmp(dot, ".svg"))
		return "svg";
	return dot && !strcmp(dot, ".png") ? "png" : NULL;
}

static void take_plan(struct plan *plan, int key, const char *value)
{
	switch (key) {
	case OPTION_TEST:
		each_word(value, plan, add_test);
		break;
	case OPTION_WAIT:
		each_word(value, plan, add_wait);
		break;
	case OPTION_SIZE:
		each_word(value, plan, add_size);
		break;
	case OPTION_PEERS:
		each_word(value, plan, add_shape);
		break;
	case OPTION_TIME:
		plan->seconds = real(value, "no number of seconds", SECONDS_MAX);
		break;
	case OPTION_WARM_UP:
		plan->warmup = real(value, "no number of seconds", SECONDS_MAX);
		break;
	case OPTION_COUNT:
		plan->count = number(value, "no number of messages", 1ULL << 40);
		break;
	case OPTION_RUNS:
		plan->runs = number(value, "no number from 1 to 99", RUNS_MAX);
		break;
	case OPTION_CPUS:
		each_word(value, plan, add_cpu);
		break;
	case OPTION_SPREAD:
		plan->spread_max = real(value, "no percentage", 1e6) / 100;
		break;
	}
}

static void print_and_end(int key)
{
	if (key == OPTION_HELP)
		print_help();
	else if (key == OPTION_LIST)
		subjects_print();
	else
		printf("ipcxbench %s\n", IPCX_VERSION);
	exit(EXIT_SUCCESS);
}

static void take(struct options *options, int key, char **argv, bool *loan, bool *quick)
{
	switch (key) {
	case OPTION_LOAN:
		*loan = true;
		break;
	case OPTION_QUICK:
		*quick = true;
		break;
	case OPTION_CSV:
		options->csv = optarg;
		break;
	case OPTION_JSON:
		options->json = optarg;
		break;
	case OPTION_CHART:
		options->chart = optarg;
		if (!chart_format(optarg))
			wrong("neither .svg nor .png:", optarg);
		break;
	case OPTION_COMPARE:
		options->compare = optarg;
		break;
	case OPTION_LIST:
	case OPTION_HELP:
	case OPTION_VERSION:
		print_and_end(key);
		break;
	case ':':
		errx(EXIT_USAGE, "option '%s' needs a value; see: ipcxbench --help", argv[optind - 1]);
	case '?':
		wrong("wrong option", argv[optind - 1]);
		break;
	default:
		take_plan(&options->plan, key, optarg);
	}
}

/* What was not said. */
static void complete(struct plan *plan, bool quick)
{
	if (!plan->tests[TEST_RTT] && !plan->tests[TEST_STREAM])
		plan->tests[TEST_RTT] = plan->tests[TEST_STREAM] = true;
	if (!plan->waits[WAIT_BLOCK] && !plan->waits[WAIT_SPIN])
		plan->waits[WAIT_BLOCK] = plan->waits[WAIT_SPIN] = true;
	if (!plan->size_count)
		each_word(quick ? "64,4K,1M" : "1,16,256,4K,64K,1M,16M", plan, add_size);
	if (!plan->shape_count)
		each_word(quick ? "1:1" : "1:1,4:1,2:2", plan, add_shape);
	if (!plan->runs)
		plan->runs = quick ? 3 : 5;
	if (plan->seconds < 0)
		plan->seconds = quick ? 0.05 : 0.1;
	if (plan->warmup < 0)
		plan->warmup = plan->seconds / 2;
	choose_cpus(plan);
}

static void take_subjects(struct plan *plan, char **names, bool loan)
{
	size_t count = 0;

	if (!*names) {
		plan->subjects = subjects_all(&plan->subject_count);
		return;
	}
	while (names[count])
		count++;
	plan->subjects = calloc(count, sizeof(*plan->subjects));
	if (!plan->subjects)
		err(EXIT_FAILURE, "cannot go on");
	plan->subject_count = count;
	plan->named = true;
	for (size_t i = 0; i < count; i++) {
		plan->subjects[i] = subject_new(names[i], loan);
		if (!plan->subjects[i]) {
			char *name = harmless(names[i]);

			errx(EXIT_USAGE, "no channel '%s'; see: ipcxbench --list", name);
		}
	}
}

void options_parse(int argc, char **argv, struct options *options)
{
	struct plan *plan = &options->plan;
	bool loan = false, quick = false;
	int key;

	plan->seconds = plan->warmup = -1;
	plan->spread_max = 0.25;
	while ((key = getopt_long(argc, argv, ":", known_options, NULL)) != -1)
		take(options, key, argv, &loan, &quick);
	if (options->compare) {
		if (argc - optind != 1)
			errx(EXIT_USAGE, "--compare takes two files; " USAGE);
		options->with = argv[optind];
		return;
	}
	options->table = !(options->csv && !strcmp(options->csv, "-")) &&
			 !(options->json && !strcmp(options->json, "-"));
	if (options->csv && options->json && !strcmp(options->csv, "-") &&
	    !strcmp(options->json, "-"))
		errx(EXIT_USAGE, "--csv - and --json - cannot both have standard output");
	complete(plan, quick);
	take_subjects(plan, argv + optind, loan);
}
