// SPDX-License-Identifier: GPL-2.0-only
/* ipcxstat: what the module counts, once or over time. */
#include <err.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "stat.h"

#define SHORTEST	0.01	/* seconds */
#define LONGEST		1e9

enum {
	OPTION_TOTALS = 256,
	OPTION_BY_PROCESS,
	OPTION_ATTACHMENTS,
	OPTION_SORT,
	OPTION_VERSION,
};

static const struct option options_known[] = {
	{ "totals", no_argument, NULL, OPTION_TOTALS },
	{ "by-process", no_argument, NULL, OPTION_BY_PROCESS },
	{ "attachments", no_argument, NULL, OPTION_ATTACHMENTS },
	{ "watch", no_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'J' },
	{ "output", required_argument, NULL, 'o' },
	{ "sort", required_argument, NULL, OPTION_SORT },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 }
};

#define USAGE "ipcxstat [OPTION...] [INTERVAL [COUNT]]"

static void __attribute__((noreturn, format(printf, 1, 2)))
usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "ipcxstat: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "; usage: " USAGE "\n");
	va_end(args);
	exit(EXIT_USAGE);
}

static void print_help(void)
{
	printf("usage: " USAGE "\n\n"
	       "  print the counters of ipcx objects, in total and of each, and first whose\n"
	       "  unfinished message has stood in the others' way for a moment\n\n"
	       "  Without INTERVAL once, and counted since each object was made. Else every\n"
	       "  INTERVAL seconds, such as 0.5, what happens in a second: first the mean since\n"
	       "  each object was made, then of each interval; COUNT times, or until Ctrl-C.\n\n"
	       "  Root is shown all objects, by debugfs; others are shown what they own or may\n"
	       "  read, by ioctls. The first line says which it was.\n\n"
	       "      --totals       only the totals\n"
	       "      --by-process   by process instead of by object: what each maps, sends and\n"
	       "                     holds\n"
	       "      --attachments  one line for each process that maps a queue, and queue\n"
	       "  -w, --watch        on the whole screen, the stuck first; every second without\n"
	       "                     INTERVAL\n"
	       "  -J, --json         one JSON object a sample, in a line; sizes in bytes\n"
	       "      --sort COLUMN  numbers from the greatest on, texts and names of things up\n"
	       "  -o, --output LIST  these columns, such as ID,NAME; +LIST besides the usual ones\n"
	       "  -n, --noheadings   tables alone, without their headings\n"
	       "  -b, --bytes        sizes in bytes, not in K, M and so on\n"
	       "  -h, --help         this text\n"
	       "      --version      the version\n\n"
	       "Keys of --watch: q ends it, p pauses, r reverses the order, t goes on to totals,\n"
	       "objects, processes; arrows move; the last line has letters to sort by.\n\n"
	       "Columns for --output and --sort:\n");
	for (enum key key = 0; key < KEYS; key++)
		printf("    %-12s%s\n", stat_columns[key].name, stat_columns[key].help);
	printf("\nBytes are not counted, as messages move without the kernel: BYTES/S is SENT/S by\n"
	       "the mean length of the last 256 messages at most. Who of those that map a queue\n"
	       "sends how much is told by the same messages; what is sent without mapping the\n"
	       "queue is no process's. HELD begins with the first look that saw the claim.\n");
}

/* ---- the command line ---- */

static double interval_argument(const char *word)
{
	char *end;
	double seconds = strtod(word, &end);

	if (end == word || *end || !isfinite(seconds))
		usage_error("'%s' is no number of seconds", word);
	if (seconds < SHORTEST || seconds > LONGEST)
		usage_error("an interval is %g to %g seconds, not '%s'", SHORTEST,
			    LONGEST, word);
	return seconds;
}

static uint64_t count_argument(const char *word)
{
	uint64_t count;

	if (parse_size(word, &count) || !count)
		usage_error("'%s' is no number of samples", word);
	return count;
}

static void choose_what(struct options *options, enum what what)
{
	if (options->what != WHAT_OBJECTS && options->what != what)
		usage_error("--totals, --by-process and --attachments exclude each other");
	options->what = what;
}

static enum key sort_argument(const char *word)
{
	enum key key = stat_key_named(word);

	if (key == KEYS)
		usage_error("there is no column '%s' to sort by", word);
	return key;
}

static void check_columns(const char *list)
{
	struct view view = { .columns = stat_columns, .n_columns = KEYS };
	char *wrong = view_choose(&view, list);

	if (wrong)
		usage_error("there is no column '%s'", wrong);
}

static void take_arguments(struct options *options, int argc, char **argv)
{
	if (argc > 0)
		options->interval_ns = interval_argument(argv[0]) * 1e9;
	if (argc > 1)
		options->count = count_argument(argv[1]);
	if (argc > 2)
		usage_error("unexpected argument '%s'", argv[2]);
}

/* Returns true if a screen is asked for. */
static bool take_options(struct options *options, int argc, char **argv)
{
	bool screen = false;
	int key, at = 1;

	while ((key = getopt_long(argc, argv, ":wJo:nbh", options_known, NULL)) != -1) {
		switch (key) {
		case OPTION_TOTALS:
			choose_what(options, WHAT_TOTALS);
			break;
		case OPTION_BY_PROCESS:
			choose_what(options, WHAT_PROCESSES);
			break;
		case OPTION_ATTACHMENTS:
			choose_what(options, WHAT_ATTACHMENTS);
			break;
		case 'w':
			screen = true;
			break;
		case 'J':
			options->format.json = true;
			break;
		case 'o':
			options->columns = optarg;
			break;
		case OPTION_SORT:
			options->sort = sort_argument(optarg);
			break;
		case 'n':
			options->format.noheadings = true;
			break;
		case 'b':
			options->format.bytes = true;
			break;
		case 'h':
			print_help();
			exit(EXIT_SUCCESS);
		case OPTION_VERSION:
			printf("ipcxstat %s\n", IPCX_VERSION);
			exit(EXIT_SUCCESS);
		case ':':
			usage_error("option '%s' needs a value", argv[optind - 1]);
		default:
			usage_error("wrong option '%s'", argv[optind > at ? optind - 1 : optind]);
		}
		at = optind;
	}
	if (options->columns)
		check_columns(options->columns);
	if (screen && (options->format.json || options->format.noheadings))
		usage_error("--watch goes neither with --json nor with --noheadings");
	take_arguments(options, argc - optind, argv + optind);
	return screen;
}

/* ---- samples ---- */

uint64_t next_moment(uint64_t last, uint64_t interval)
{
	uint64_t now = ipcx_deadline_after(0);
	uint64_t late = now > last ? (now - last) / interval : 0;

	return last + (late + 1) * interval;
}

/* Whoever reads what is written may have gone, and is not to be written to for ever. */
static void flush(void)
{
	if (fflush(stdout) || ferror(stdout))
		exit(EXIT_FAILURE);	/* which says why */
}

static int print_samples(const struct options *options)
{
	uint64_t next = ipcx_deadline_after(0);
	struct sample sample = { 0 };
	int ret;

	catch_signals();
	while (!(ret = sample_take(&sample, needs_peers(options->what)))) {
		(options->format.json ? show_json : show_sample)(&sample, options);
		flush();
		if (!options->interval_ns || sample.nr == options->count)
			break;
		next = next_moment(next, options->interval_ns);
		if (!sleep_until(next, -1))
			break;
	}
	sample_free(&sample);
	return ret ? failure(ret, "cannot look at the objects") : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = { .what = WHAT_OBJECTS, .sort = KEYS };
	bool screen;

	tool_start();
	screen = take_options(&options, argc, argv);
	return screen ? watch(&options) : print_samples(&options);
}
