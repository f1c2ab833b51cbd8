// SPDX-License-Identifier: GPL-2.0-only
/* ls, create and rm: objects from a shell. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>
#include <linux/ipcx_ring.h>

#include "ctl.h"

/* ---- ls ---- */

enum {
	LS_ID, LS_KIND, LS_OWNER, LS_MODE, LS_SIZE, LS_USERS, LS_ATTACHED,
	LS_DEPTH, LS_NAME,
};

static const struct {
	const char *head;
	int flags;
} ls_columns[] = {
	[LS_ID] = { "ID", SCOLS_FL_RIGHT },
	[LS_KIND] = { "KIND", 0 },
	[LS_OWNER] = { "OWNER", 0 },
	[LS_MODE] = { "MODE", SCOLS_FL_RIGHT },
	[LS_SIZE] = { "SIZE", SCOLS_FL_RIGHT },
	[LS_USERS] = { "USERS", SCOLS_FL_RIGHT },
	[LS_ATTACHED] = { "ATTACHED", SCOLS_FL_RIGHT },
	[LS_DEPTH] = { "DEPTH", SCOLS_FL_RIGHT },
	[LS_NAME] = { "NAME", 0 },
};

static char *owner_text(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? text("%s", user->pw_name) : text("%u", uid);
}

static void ls_line(struct libscols_table *table, const struct ipcx_stat *stat)
{
	bool queue = stat->kind == IPCX_KIND_QUEUE;
	struct libscols_line *line = table_line(table);

	table_cell(line, LS_ID, text("%llu", stat->id));
	table_cell(line, LS_KIND, text("%s", !queue ? "region" :
				       stat->create_flags & IPCX_QUEUE_BROADCAST ?
				       "broadcast" : "queue"));
	table_cell(line, LS_OWNER, owner_text(stat->uid));
	table_cell(line, LS_MODE, text("%04o", stat->mode));
	table_cell(line, LS_SIZE, size_text(stat->bytes));
	table_cell(line, LS_USERS, text("%u", stat->users));
	table_cell(line, LS_ATTACHED, text("%u", stat->attachments));
	table_cell(line, LS_DEPTH, queue ? text("%llu", stat->depth) : text("-"));
	table_cell(line, LS_NAME, text("%s", stat->name));
}

static int run_ls(const struct command *command, int argc, char **argv)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct libscols_table *table;
	int ret;

	while (next_option(command, argc, argv) != -1)
		;
	table = table_new();
	for (size_t i = 0; i < ARRAY_SIZE(ls_columns); i++)
		table_column(table, ls_columns[i].head, ls_columns[i].flags);
	while ((ret = ipcx_list_next(&stat)) > 0)
		ls_line(table, &stat);
	if (ret < 0)
		errx(EXIT_FAILURE, "cannot list the objects: %s", reason(ret));
	table_print(table);
	return EXIT_SUCCESS;
}

const struct command command_ls = {
	.name = "ls",
	.arguments = "",
	.summary = "list the objects there are",
	.notes = "Shown are the objects of this network namespace that you own or may read.\n"
		 "An object without a name is reached only by who has its descriptor.\n",
	.run = run_ls,
};

/* ---- create ---- */

enum {
	OPTION_MODE = 1, OPTION_SIZE, OPTION_SPARSE, OPTION_SLOTS,
	OPTION_SLOT_SIZE, OPTION_LANES, OPTION_HANGUP, OPTION_DROP_OLDEST,
	OPTION_BROADCAST, OPTION_NOT_MAPPABLE,
};

#define DEFAULT_SLOTS		16
#define DEFAULT_SLOT_SIZE	65536

#define MODE_OPTION \
	{ "mode", OPTION_MODE, "MODE", "permission bits, octal (0600)" }

#define CREATE_NOTES \
	"The object stays until 'rm' takes its name away and its last user closes it.\n" \
	"Sizes can end in K, M or G.\n"

static uint32_t mode_option(const struct command *command, const char *value)
{
	unsigned long mode;
	char *end;

	mode = strtoul(value, &end, 8);
	if (*value < '0' || *value > '7' || *end || mode > 0777)
		usage_error(command, "'%s' is no mode, such as 0660", value);
	if (!mode)
		usage_error(command, "mode 0 would let nobody use it");
	return mode;
}

static int create_failed(const char *name, int error)
{
	warnx("cannot create '%s': %s", name, reason(error));
	return EXIT_FAILURE;
}

static const struct option_spec region_options[] = {
	{ "size", OPTION_SIZE, "BYTES", "its size, rounded up to whole pages; needed" },
	MODE_OPTION,
	{ "sparse", OPTION_SPARSE, NULL, "take memory when it is used, not now" },
	{ 0 }
};

static int run_create_region(const struct command *command, int argc, char **argv)
{
	struct ipcx_region_options options = {
		.size = sizeof(options),
		.flags = IPCX_CREATE_EXCL | IPCX_CREATE_PERSIST,
	};
	struct ipcx_region *region;
	uint64_t bytes = 0;
	const char *name;
	int key, ret;

	while ((key = next_option(command, argc, argv)) != -1) {
		switch (key) {
		case OPTION_SIZE:
			bytes = size_option(command, "size", optarg, INT64_MAX);
			break;
		case OPTION_MODE:
			options.mode = mode_option(command, optarg);
			break;
		case OPTION_SPARSE:
			options.flags |= IPCX_REGION_SPARSE;
			break;
		}
	}
	if (!bytes)
		usage_error(command, "--size, of one byte at least, is missing");
	name = object_name(command, argv[optind]);
	ret = ipcx_region_create(name, bytes, &options, &region);
	if (ret < 0)
		return create_failed(name, ret);
	ipcx_region_close(region);
	return EXIT_SUCCESS;
}

const struct command command_create_region = {
	.name = "create region",
	.arguments = "NAME --size BYTES [OPTION...]",
	.least = 1,
	.most = 1,
	.summary = "make shared memory",
	.options = region_options,
	.notes = CREATE_NOTES,
	.run = run_create_region,
};

static const struct option_spec queue_options[] = {
	{ "slots", OPTION_SLOTS, "N", "messages a lane holds, rounded up to a power of two (16)" },
	{ "slot-size", OPTION_SLOT_SIZE, "BYTES", "the largest message (64K)" },
	{ "lanes", OPTION_LANES, "N", "priorities; the highest lane is received first (1)" },
	MODE_OPTION,
	{ "hangup", OPTION_HANGUP, NULL, "streams end: who is left alone learns that the others have gone" },
	{ "drop-oldest", OPTION_DROP_OLDEST, NULL, "a full lane drops its oldest message instead of waiting" },
	{ "broadcast", OPTION_BROADCAST, NULL, "every receiver gets every message; who is too slow misses the oldest" },
	{ "not-mappable", OPTION_NOT_MAPPABLE, NULL, "through the kernel only: senders are certain, peers cannot spoil it" },
	{ 0 }
};

static int run_create_queue(const struct command *command, int argc, char **argv)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_CREATE_EXCL | IPCX_CREATE_PERSIST | IPCX_QUEUE_MAPPABLE,
		.lanes = 1,
		/* Neither sender nor receiver, or its going would be a hangup. */
		.rights = IPCX_RIGHT_ADMIN,
	};
	uint32_t slots = DEFAULT_SLOTS, slot_size = DEFAULT_SLOT_SIZE;
	struct ipcx_queue *queue;
	const char *name;
	int key, ret;

	while ((key = next_option(command, argc, argv)) != -1) {
		switch (key) {
		case OPTION_SLOTS:
			slots = size_option(command, "slots", optarg, UINT32_MAX);
			break;
		case OPTION_SLOT_SIZE:
			slot_size = size_option(command, "slot-size", optarg, UINT32_MAX);
			break;
		case OPTION_LANES:
			options.lanes = size_option(command, "lanes", optarg, IPCX_LANES_MAX);
			break;
		case OPTION_MODE:
			options.mode = mode_option(command, optarg);
			break;
		case OPTION_HANGUP:
			options.flags |= IPCX_QUEUE_HANGUP;
			break;
		case OPTION_DROP_OLDEST:
			options.flags |= IPCX_QUEUE_DROP_OLDEST;
			break;
		case OPTION_BROADCAST:
			options.flags |= IPCX_QUEUE_BROADCAST;
			break;
		case OPTION_NOT_MAPPABLE:
			options.flags &= ~IPCX_QUEUE_MAPPABLE;
			break;
		}
	}
	if (!slots || !slot_size || !options.lanes)
		usage_error(command, "a queue has at least one lane, one slot and one byte in it");
	if ((options.flags & IPCX_QUEUE_BROADCAST) &&
	    ((options.flags & IPCX_QUEUE_DROP_OLDEST) || options.lanes > 1))
		usage_error(command, "--broadcast has one lane and goes without --drop-oldest");
	name = object_name(command, argv[optind]);
	ret = ipcx_queue_create(name, slots, slot_size, &options, &queue);
	if (ret < 0)
		return create_failed(name, ret);
	ipcx_queue_close(queue);
	return EXIT_SUCCESS;
}

const struct command command_create_queue = {
	.name = "create queue",
	.arguments = "NAME [OPTION...]",
	.least = 1,
	.most = 1,
	.summary = "make a queue of messages",
	.options = queue_options,
	.notes = CREATE_NOTES,
	.run = run_create_queue,
};

/* ---- rm ---- */

static int run_rm(const struct command *command, int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	while (next_option(command, argc, argv) != -1)
		;
	for (int i = optind; i < argc; i++)
		object_name(command, argv[i]);
	for (int i = optind; i < argc; i++) {
		int ret = ipcx_unlink(argv[i], IPCX_KIND_ANY);

		if (ret < 0) {
			warnx("cannot remove '%s': %s", argv[i], reason(ret));
			status = EXIT_FAILURE;
		}
	}
	return status;
}

const struct command command_rm = {
	.name = "rm",
	.arguments = "NAME...",
	.least = 1,
	.most = INT_MAX,
	.summary = "take the names of objects away",
	.notes = "Who has an object open keeps it; it goes with its last user.\n",
	.run = run_rm,
};
