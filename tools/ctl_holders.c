// SPDX-License-Identifier: GPL-2.0-only
/* top-holders: what processes hold, from /proc and from the queues they map. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "common_facts.h"
#include "common_peers.h"
#include "ctl_ls.h"
#include "ctl_proc.h"

/**
 * struct holder - a process and what it holds
 * @process: what /proc says
 * @size: memory of the objects it has open
 * @attached: queues it maps
 * @writing: slots it writes
 * @reading: slots it reads
 * @held: lanes where one of these stands in the way
 */
struct holder {
	const struct process *process;
	uint64_t size;
	unsigned int attached;
	unsigned int writing;
	unsigned int reading;
	unsigned int held;
};

enum {
	PID, USER, OBJECTS, FDS, SIZE, MAPPED, ATTACHED, WRITING, READING, HELD,
	COMMAND,
};

static const struct column columns[] = {
	[PID] = { "PID", COLUMN_NUMBER, true, "the process" },
	[USER] = { "USER", COLUMN_TEXT, true, "its user" },
	[OBJECTS] = { "OBJECTS", COLUMN_NUMBER, true, "objects it has open" },
	[FDS] = { "FDS", COLUMN_NUMBER, false, "descriptors of them" },
	[SIZE] = { "SIZE", COLUMN_BYTES, true, "memory of these objects" },
	[MAPPED] = { "MAPPED", COLUMN_BYTES, true, "of objects, but for regions over a file" },
	[ATTACHED] = { "ATTACHED", COLUMN_NUMBER, true, "queues it maps" },
	[WRITING] = { "WRITING", COLUMN_NUMBER, true, "messages it is writing" },
	[READING] = { "READING", COLUMN_NUMBER, true, "messages it is reading" },
	[HELD] = { "HELD", COLUMN_NUMBER, true, "lanes where others wait for one of these" },
	[COMMAND] = { "COMMAND", COLUMN_TEXT, true, "its name" },
};

/* What is a number; the others do not sort. */
static uint64_t value(const struct holder *holder, size_t column)
{
	switch (column) {
	case PID:
		return holder->process->pid;
	case OBJECTS:
		return holder->process->n;
	case FDS:
		return holder->process->fds;
	case SIZE:
		return holder->size;
	case MAPPED:
		return holder->process->mapped;
	case ATTACHED:
		return holder->attached;
	case WRITING:
		return holder->writing;
	case READING:
		return holder->reading;
	case HELD:
		return holder->held;
	}
	return 0;
}

static char *cell(const void *row, size_t column)
{
	const struct holder *holder = row;

	switch (column) {
	case USER:
		return user_text(holder->process->uid);
	case COMMAND:
		return text("%s", holder->process->comm);
	}
	return text("%llu", (unsigned long long)value(holder, column));
}

static const struct view holder_view = {
	.name = "holders",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.cell = cell,
};

static struct holder *find_holder(struct holder *holders, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (holders[i].process->pid == pid)
			return &holders[i];
	return NULL;
}

static void add_peer(struct holder *holder, const struct ipcx_peer *peer)
{
	holder->attached++;
	holder->writing += peer->writing;
	holder->reading += peer->reading;
	holder->held += __builtin_popcount(peer->held_recv | peer->held_send);
}

/* A queue that may not be looked into, or has just gone, adds nothing. */
static void add_peers(struct holder *holders, size_t n,
		      const struct ipcx_stat *stat, int debugfs)
{
	struct ipcx_peer *peers;
	int n_peers = peers_read(stat, debugfs, &peers);

	for (int i = 0; i < n_peers; i++) {
		struct holder *holder = find_holder(holders, n, peers[i].pid);

		if (holder)
			add_peer(holder, &peers[i]);
	}
	if (n_peers >= 0)
		free(peers);
}

/* The queues that a process has open, each once. */
static int add_all_peers(struct holder *holders, size_t n)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	int debugfs = debugfs_open();
	int ret;

	while ((ret = ipcx_list_next(&stat)) > 0)
		if (stat.kind == IPCX_KIND_QUEUE)
			add_peers(holders, n, &stat, debugfs < 0 ? -1 : debugfs);
	if (debugfs >= 0)
		close(debugfs);
	return ret;
}

static struct holder *make_holders(const struct processes *processes)
{
	struct holder *holders = calloc(processes->n + 1, sizeof(*holders));

	if (!holders)
		err(EXIT_FAILURE, "cannot go on");
	for (size_t i = 0; i < processes->n; i++) {
		const struct process *process = &processes->process[i];

		holders[i].process = process;
		for (size_t j = 0; j < process->n; j++)
			holders[i].size += process->objects[j].bytes;
	}
	return holders;
}

static int most_first(const void *a, const void *b, void *column)
{
	uint64_t left = value(a, *(size_t *)column);
	uint64_t right = value(b, *(size_t *)column);

	return left < right ? 1 : left > right ? -1 : 0;
}

static size_t sort_option(const struct command *command, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!strcasecmp(columns[i].name, name) && columns[i].type != COLUMN_TEXT)
			return i;
	usage_error(command, "'%s' is no column of numbers", name);
}

enum { OPTION_SORT = 1 };

static const struct option_spec options[] = {
	{ "sort", OPTION_SORT, "COLUMN", "the most of this first (SIZE)" },
	VIEW_OPTIONS,
	{ 0 }
};

static int run(const struct command *command, int argc, char **argv)
{
	struct view_options chosen = { 0 };
	struct view view = holder_view;
	struct processes processes;
	struct holder *holders;
	size_t sort = SIZE;
	int key, ret;

	while ((key = next_option(command, argc, argv)) != -1) {
		if (key == OPTION_SORT)
			sort = sort_option(command, optarg);
		else
			view_option(&chosen, key);
	}
	begin_view(command, &view, &chosen);
	processes_find(&processes);
	holders = make_holders(&processes);
	ret = add_all_peers(holders, processes.n);
	if (ret < 0) {
		free(holders);
		processes_free(&processes);
		return failure(ret, "cannot list the objects");
	}
	qsort_r(holders, processes.n, sizeof(*holders), most_first, &sort);
	for (size_t i = 0; i < processes.n; i++)
		view_row(&view, &holders[i]);
	if (processes.hidden && !quiet)
		warnx("processes of other users are not shown; run it as root, with sudo");
	views_print(&(struct view *) { &view }, 1);
	free(holders);
	processes_free(&processes);
	return EXIT_SUCCESS;
}

const struct command command_top_holders = {
	.name = "top-holders",
	.arguments = "[OPTION...]",
	.summary = "show what processes hold: objects, memory, unfinished messages",
	.options = options,
	.view = &holder_view,
	.notes = "Shown are processes that you may look into: root those of all users, others\n"
		 "their own. A process that holds /dev/ipcx alone holds no object, and is shown.\n",
	.run = run,
};
