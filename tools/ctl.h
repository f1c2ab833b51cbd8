/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipcxctl: each command is a struct command in the file that implements it, and
 * a line of the table in ctl.c. Dispatch, options and help all come from there.
 */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include "common.h"
#include "common_view.h"

#define MODULE_NAME	"ipcx"

/**
 * struct option_spec - an option of a command
 * @name: without its dashes
 * @key: what next_option() returns for it; a letter is its short form as well
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
 * @view: columns for -o, listed by the help; NULL if there are none
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
	const struct view *view;
	const char *notes;
	int (*run)(const struct command *command, int argc, char **argv);
};

/* Every command takes these. Quiet: only what fails is said. */
extern bool quiet;
extern bool verbose;

/* Of commands that show tables. */
#define VIEW_OPTIONS \
	{ "output", 'o', "LIST", "these columns, such as ID,NAME; +LIST besides the usual ones" }, \
	{ "json", 'J', NULL, "as JSON; sizes are in bytes" }, \
	{ "noheadings", 'n', NULL, "without the line of headings" }, \
	{ "bytes", 'b', NULL, "sizes in bytes, not in K, M and so on" }

/**
 * struct view_options - what VIEW_OPTIONS ask for
 * @format: how to show
 * @list: the columns, NULL for the usual ones
 */
struct view_options {
	struct format format;
	const char *list;
};

/* Takes one of VIEW_OPTIONS; others are left alone. */
void view_option(struct view_options *options, int key);

/* Chooses the columns and begins; a wrong one is a usage_error(). */
void begin_view(const struct command *command, struct view *view,
		const struct view_options *options);

/* The next option's key with its value in optarg, or -1 after the last. */
int next_option(const struct command *command, int argc, char **argv);

/* A wrong command line: says what is wrong with it and what is right. */
void usage_error(const struct command *command, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Values of options; a wrong one is a usage_error(). */
uint64_t size_option(const struct command *command, const char *name,
		     const char *value, uint64_t most);
/* In nanoseconds. */
uint64_t seconds_option(const struct command *command, const char *name,
			const char *value);
/* Permission bits, octal; others are a usage_error(). */
uint32_t mode_value(const struct command *command, const char *value);
/* The name of an object; one that cannot be is a usage_error(). */
const char *object_name(const struct command *command, const char *name);

extern const struct command command_load;
extern const struct command command_unload;
extern const struct command command_status;
extern const struct command command_ls;
extern const struct command command_info;
extern const struct command command_stuck;
extern const struct command command_top_holders;
extern const struct command command_create_region;
extern const struct command command_create_queue;
extern const struct command command_rm;
extern const struct command command_chmod;
extern const struct command command_chown;
extern const struct command command_send;
extern const struct command command_recv;

#endif /* TOOLS_CTL_H */
