/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipcxctl: each command is a struct command in the file that implements it, and
 * a line of the table in ctl.c. Dispatch, options and help all come from there.
 */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include "common.h"

#define MODULE_NAME	"ipcx"

/**
 * struct option_spec - an option of a command
 * @name: without its dashes
 * @key: what next_option() returns for it
 * @value: what its value is called in the help, NULL if it takes none
 * @help: one line
 */
struct option_spec {
	const char *name;
	int key;
	const char *value;
	const char *help;
};

/**
 * struct command - a command
 * @name: one word, or two
 * @arguments: what follows it, for the help
 * @least: arguments there must be, options not counted
 * @most: arguments there can be
 * @summary: what it does, in a few words
 * @options: ends with a NULL name; NULL if there are none
 * @notes: lines for the help that are not about one option; NULL if there are none
 * @run: returns the exit status; next_option() gives it its options, after which
 *	its arguments are argv[optind] to argv[argc - 1]
 */
struct command {
	const char *name;
	const char *arguments;
	int least;
	int most;
	const char *summary;
	const struct option_spec *options;
	const char *notes;
	int (*run)(const struct command *command, int argc, char **argv);
};

/* The next option's key with its value in optarg, or -1 after the last. */
int next_option(const struct command *command, int argc, char **argv);

/* A wrong command line: says what is wrong with it and what is right. */
void usage_error(const struct command *command, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Values of options; a wrong one is a usage_error(). */
uint64_t size_option(const struct command *command, const char *name,
		     const char *value, uint64_t most);
/* The name of an object; one that cannot be is a usage_error(). */
const char *object_name(const struct command *command, const char *name);

extern const struct command command_load;
extern const struct command command_unload;
extern const struct command command_status;
extern const struct command command_ls;
extern const struct command command_create_region;
extern const struct command command_create_queue;
extern const struct command command_rm;
extern const struct command command_send;
extern const struct command command_recv;

#endif /* TOOLS_CTL_H */
