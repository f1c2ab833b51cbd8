// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "ctl.h"

#define OPTIONS_MAX	24
#define NSEC_PER_SEC	1000000000.0

bool quiet;
bool verbose;

static int run_help(const struct command *command, int argc, char **argv);
static int run_version(const struct command *command, int argc, char **argv);
static void print_help(const struct command *command);

static const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.most = 2,
	.summary = "say what there is, or all about one command",
	.run = run_help,
};

static const struct command command_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version",
	.run = run_version,
};

static const struct command *const commands[] = {
	&command_load,
	&command_unload,
	&command_status,
	&command_ls,
	&command_info,
	&command_stuck,
	&command_top_holders,
	&command_create_region,
	&command_create_queue,
	&command_chmod,
	&command_chown,
	&command_rm,
	&command_send,
	&command_recv,
	&command_help,
	&command_version,
};

void usage_error(const struct command *command, const char *format, ...)
{
	va_list args;
	char *what;

	va_start(args, format);
	what = vtext(format, args);
	va_end(args);
	warnx("%s: %s; usage: ipcxctl %s %s", command->name, what,
	      command->name, command->arguments);
	exit(EXIT_USAGE);
}

static const struct option_spec common_options[] = {
	{ "quiet", 'q', NULL, "say only what goes wrong" },
	{ "verbose", 'v', NULL, "say more" },
	{ "help", 'h', NULL, "this text" },
	{ 0 }
};

/* For getopt_long(): those of @specs after the @n that there are. */
static size_t add_options(const struct option_spec *specs, struct option *longs,
			  size_t n, char *shorts)
{
	shorts += strlen(shorts);
	for (; specs && specs->name; specs++) {
		longs[n++] = (struct option) {
			.name = specs->name,
			.has_arg = specs->value ? required_argument : no_argument,
			.val = specs->key,
		};
		if (isalpha(specs->key))
			shorts += sprintf(shorts, "%c%s", specs->key,
					  specs->value ? ":" : "");
	}
	return n;
}

static void wrong_option(const struct command *command, char **argv, int at)
{
	if (isalpha(optopt))
		usage_error(command, "wrong option '-%c'", optopt);
	usage_error(command, "wrong option '%s'",
		    argv[optind > at ? optind - 1 : optind]);
}

static int next_of_all(const struct command *command, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX] = { 0 };
	/* The colon tells a missing value from an unknown option, and is quiet. */
	char shorts[2 * OPTIONS_MAX + 2] = ":";
	int at = optind;
	size_t n;
	int key;

	n = add_options(command->options, longs, 0, shorts);
	add_options(common_options, longs, n, shorts);
	optopt = 0;
	key = getopt_long(argc, argv, shorts, longs, NULL);
	if (key == ':')
		usage_error(command, "option '%s' needs a value", argv[optind - 1]);
	if (key == '?')
		wrong_option(command, argv, at);
	return key;
}

static void check_arguments(const struct command *command, int argc, char **argv)
{
	if (argc - optind < command->least)
		usage_error(command, "an argument is missing");
	if (argc - optind > command->most)
		usage_error(command, "'%s' is an argument too many",
			    argv[optind + command->most]);
}

int next_option(const struct command *command, int argc, char **argv)
{
	int key;

	while ((key = next_of_all(command, argc, argv)) != -1) {
		if (key == 'h') {
			print_help(command);
			exit(EXIT_SUCCESS);
		}
		if (key != 'q' && key != 'v')
			return key;
		quiet = key == 'q';
		verbose = key == 'v';
	}
	check_arguments(command, argc, argv);
	return -1;
}

void view_option(struct view_options *options, int key)
{
	switch (key) {
	case 'o':
		options->list = optarg;
		break;
	case 'J':
		options->format.json = true;
		break;
	case 'n':
		options->format.noheadings = true;
		break;
	case 'b':
		options->format.bytes = true;
		break;
	}
}

void begin_view(const struct command *command, struct view *view,
		const struct view_options *options)
{
	char *wrong = view_choose(view, options->list);

	if (wrong)
		usage_error(command, "there is no column '%s', see: ipcxctl help %s",
			    wrong, command->name);
	view_begin(view, &options->format);
}

uint64_t size_option(const struct command *command, const char *name,
		     const char *value, uint64_t most)
{
	uint64_t number;
	int ret = parse_size(value, &number);

	if (ret == -EINVAL)
		usage_error(command, "'%s' is no number for --%s", value, name);
	if (ret < 0 || number > most)
		usage_error(command, "'%s' is too large for --%s", value, name);
	return number;
}

uint64_t seconds_option(const struct command *command, const char *name,
			const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !isfinite(seconds) || seconds < 0)
		usage_error(command, "'%s' is no number of seconds", value);
	if (seconds > UINT32_MAX)
		usage_error(command, "'%s' is too large for --%s", value, name);
	return seconds * NSEC_PER_SEC;
}

uint32_t mode_value(const struct command *command, const char *value)
{
	unsigned long mode;
	char *end;

	mode = strtoul(value, &end, 8);
	if (*value < '0' || *value > '7' || *end || mode > 0777)
		usage_error(command, "'%s' is no mode, such as 0660", value);
	return mode;
}

const char *object_name(const struct command *command, const char *name)
{
	if (!*name || strlen(name) > IPCX_NAME_MAX || strchr(name, '/'))
		usage_error(command, "'%s' cannot be a name, which has 1 to %d bytes without '/'",
			    name, IPCX_NAME_MAX);
	return name;
}

/* How many of the words are the command's name: 0 if they begin otherwise. */
static int match(const struct command *command, int argc, char **argv)
{
	const char *name = command->name;
	int words = 0;

	do {
		size_t len = strcspn(name, " ");

		if (words == argc || strlen(argv[words]) != len ||
		    memcmp(argv[words], name, len))
			return 0;
		words++;
		name += len;
	} while (*name++);
	return words;
}

static const struct command *find(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		*words = match(commands[i], argc, argv);
		if (*words)
			return commands[i];
	}
	return NULL;
}

static void unknown_command(int argc, char **argv)
{
	bool second = argc > 1 && !strcmp(argv[0], "create");

	warnx("there is no command '%s%s%s'; see: ipcxctl help", argv[0],
	      second ? " " : "", second ? argv[1] : "");
	exit(EXIT_USAGE);
}

static void print_overview(void)
{
	printf("usage: ipcxctl COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-16s%s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
	       "Exit status:\n"
	       "  0  done\n"
	       "  1  failed\n"
	       "  2  wrong command line\n"
	       "  3  there is no such object\n"
	       "  4  the module is not loaded, or there is no /dev/ipcx\n"
	       "  5  nothing could be sent or received in the time given\n\n"
	       "Every command takes -q (--quiet), -v (--verbose) and -h (--help); see also:\n"
	       "ipcxctl help COMMAND\n");
}

static void print_options(const struct option_spec *specs)
{
	for (; specs && specs->name; specs++) {
		char shorts[] = { '-', specs->key, ',', '\0' };
		char *option = text("%3s --%s%s%s", isalpha(specs->key) ? shorts : "",
				    specs->name, specs->value ? " " : "",
				    specs->value ? specs->value : "");

		printf("  %-25s%s\n", option, specs->help);
		free(option);
	}
}

static void print_columns(const struct view *view)
{
	printf("\nColumns for --output%s:\n",
	       view->record ? "" : "; without it those with a star");
	for (size_t i = 0; i < view->n_columns; i++) {
		const struct column *column = &view->columns[i];

		printf("  %c %-18s%s\n", column->usual && !view->record ? '*' : ' ',
		       column->name, column->help);
	}
}

static void print_help(const struct command *command)
{
	printf("usage: ipcxctl %s %s\n\n  %s\n\n", command->name,
	       command->arguments, command->summary);
	print_options(command->options);
	print_options(common_options);
	if (command->view)
		print_columns(command->view);
	if (command->notes)
		printf("\n%s", command->notes);
}

/* Of 'create' it prints both. */
static int run_help(const struct command *command, int argc, char **argv)
{
	bool found = false;
	char *about;
	size_t len;

	while (next_option(command, argc, argv) != -1)
		;
	if (optind == argc) {
		print_overview();
		return EXIT_SUCCESS;
	}
	about = text(argc - optind > 1 ? "%s %s" : "%s", argv[optind], argv[argc - 1]);
	len = strlen(about);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = commands[i]->name;

		if (strncmp(name, about, len) || (name[len] && name[len] != ' '))
			continue;
		if (found)
			putchar('\n');
		print_help(commands[i]);
		found = true;
	}
	free(about);
	if (!found)
		unknown_command(argc - optind, argv + optind);
	return EXIT_SUCCESS;
}

static int run_version(const struct command *command, int argc, char **argv)
{
	while (next_option(command, argc, argv) != -1)
		;
	printf("ipcxctl %s, library %s\n", IPCX_VERSION, ipcx_version());
	return EXIT_SUCCESS;
}

static bool is_option(const char *word, char letter, const char *name)
{
	return word[0] == '-' &&
	       ((word[1] == letter && !word[2]) ||
		(word[1] == '-' && !strcmp(word + 2, name)));
}

/* Those that can stand before any command as well. */
static bool take_option(const char *word)
{
	if (!is_option(word, 'q', "quiet") && !is_option(word, 'v', "verbose"))
		return false;
	quiet = is_option(word, 'q', "quiet");
	verbose = !quiet;
	return true;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int words;

	tool_start();
	do {
		argc--;
		argv++;
	} while (argc && take_option(argv[0]));
	if (!argc) {
		warnx("a command is missing; see: ipcxctl help");
		return EXIT_USAGE;
	}
	if (is_option(argv[0], 'h', "help"))
		argv[0] = "help";
	if (is_option(argv[0], 'V', "version"))
		argv[0] = "version";
	command = find(argc, argv, &words);
	if (!command)
		unknown_command(argc, argv);
	/* getopt takes the first of them for the name of a program. */
	argc -= words - 1;
	argv += words - 1;
	return command->run(command, argc, argv);
}
