// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "ctl.h"

#define OPTIONS_MAX	16

static int run_help(const struct command *command, int argc, char **argv);
static int run_version(const struct command *command, int argc, char **argv);

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
	&command_create_region,
	&command_create_queue,
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
	if (vasprintf(&what, format, args) < 0)
		err(EXIT_FAILURE, "cannot go on");
	va_end(args);
	warnx("%s: %s; usage: ipcxctl %s %s", command->name, what,
	      command->name, command->arguments);
	exit(EXIT_USAGE);
}

static void long_options(const struct command *command,
			 struct option longs[OPTIONS_MAX])
{
	const struct option_spec *spec = command->options;

	memset(longs, 0, sizeof(*longs) * OPTIONS_MAX);
	for (size_t i = 0; spec && spec[i].name; i++)
		longs[i] = (struct option) {
			.name = spec[i].name,
			.has_arg = spec[i].value ? required_argument : no_argument,
			.val = spec[i].key,
		};
}

int next_option(const struct command *command, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX];
	int at = optind;
	int key;

	long_options(command, longs);
	/* The colon tells a missing value from an unknown option, and is quiet. */
	key = getopt_long(argc, argv, ":", longs, NULL);
	if (key == ':')
		usage_error(command, "option '%s' needs a value", argv[optind - 1]);
	if (key == '?')
		usage_error(command, "wrong option '%s'",
			    argv[optind > at ? optind - 1 : optind]);
	if (key == -1 && argc - optind < command->least)
		usage_error(command, "an argument is missing");
	if (key == -1 && argc - optind > command->most)
		usage_error(command, "'%s' is an argument too many",
			    argv[optind + command->most]);
	return key;
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
	printf("\nSee also: ipcxctl help COMMAND\n");
}

static void print_help(const struct command *command)
{
	const struct option_spec *spec = command->options;

	printf("usage: ipcxctl %s %s\n\n  %s\n", command->name,
	       command->arguments, command->summary);
	for (size_t i = 0; spec && spec[i].name; i++) {
		char *option = text("--%s%s%s", spec[i].name,
				    spec[i].value ? " " : "",
				    spec[i].value ? spec[i].value : "");

		printf("%s  %-20s%s\n", i ? "" : "\n", option, spec[i].help);
		free(option);
	}
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

int main(int argc, char **argv)
{
	const struct command *command;
	int words;

	tool_start();
	argc--;
	argv++;
	if (!argc) {
		warnx("a command is missing; see: ipcxctl help");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[0], "--help"))
		argv[0] = "help";
	if (!strcmp(argv[0], "--version"))
		argv[0] = "version";
	command = find(argc, argv, &words);
	if (!command)
		unknown_command(argc, argv);
	/* getopt takes the first of them for the name of a program. */
	argc -= words - 1;
	argv += words - 1;
	return command->run(command, argc, argv);
}
