// SPDX-License-Identifier: GPL-2.0-only
/* info: all about one object. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "common_facts.h"
#include "common_peers.h"
#include "ctl_ls.h"

/* ---- peers ---- */

enum {
	ATTACHMENT, PID, STATE, RIGHTS, WRITING, READING, HELD_RECV, HELD_SEND,
	DROPPED, COMMAND,
};

static const struct column columns[] = {
	[ATTACHMENT] = { "ATTACHMENT", COLUMN_NUMBER, true, "" },
	[PID] = { "PID", COLUMN_NUMBER, true, "" },
	[STATE] = { "STATE", COLUMN_TEXT, true, "" },
	[RIGHTS] = { "RIGHTS", COLUMN_TEXT, true, "" },
	[WRITING] = { "WRITING", COLUMN_NUMBER, true, "" },
	[READING] = { "READING", COLUMN_NUMBER, true, "" },
	[HELD_RECV] = { "HELD_RECV", COLUMN_TEXT, true, "" },
	[HELD_SEND] = { "HELD_SEND", COLUMN_TEXT, true, "" },
	[DROPPED] = { "DROPPED", COLUMN_NUMBER, true, "" },
	[COMMAND] = { "COMMAND", COLUMN_TEXT, true, "" },
};

static char *cell(const void *row, size_t column)
{
	const struct ipcx_peer *peer = row;

	switch (column) {
	case ATTACHMENT:
		return text("%u", peer->id);
	case PID:
		return text("%u", peer->pid);
	case STATE:
		return text("%s", peer->state == IPCX_PEER_LIVE ? "live" : "dead");
	case RIGHTS:
		return rights_text(peer->rights);
	case WRITING:
		return text("%u", peer->writing);
	case READING:
		return text("%u", peer->reading);
	case HELD_RECV:
		return lanes_text(peer->held_recv);
	case HELD_SEND:
		return lanes_text(peer->held_send);
	case DROPPED:
		return text("%llu", peer->dropped);
	case COMMAND:
		return text("%s", peer->comm);
	}
	return NULL;
}

static const struct view peer_view = {
	.name = "peers",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.cell = cell,
};

static void add_peers(struct view *view, const struct ipcx_stat *stat)
{
	int debugfs = *stat->name ? -1 : debugfs_open();
	struct ipcx_peer *peers;
	int n = peers_read(stat, debugfs < 0 ? -1 : debugfs, &peers);

	for (int i = 0; i < n; i++)
		view_row(view, &peers[i]);
	if (n >= 0)
		free(peers);
	else if (!quiet)
		warnx("who maps it is not shown: you may not open it");
	if (debugfs >= 0)
		close(debugfs);
}

/* ---- which ---- */

enum { OPTION_ID = 1 };

/* 0 or -errno; by its id where there is no name. */
static int look_up(const char *name, uint64_t id, struct ipcx_stat *stat)
{
	int ret;

	*stat = (struct ipcx_stat) { .size = sizeof(*stat) };
	while ((ret = ipcx_list_next(stat)) > 0)
		if (name ? !strcmp(stat->name, name) : stat->id == id)
			return 0;
	if (ret < 0 || !name)
		return ret ?: -ENOENT;
	/* It may be there and not be shown. Its owner it would be shown to. */
	ret = ipcx_open(name, IPCX_KIND_ANY, IPCX_RIGHT_ADMIN);
	if (ret < 0)
		return ret;
	close(ret);
	return -EAGAIN;
}

static const struct option_spec options[] = {
	{ "id", OPTION_ID, "ID", "the object of this number, instead of a name" },
	VIEW_OPTIONS,
	{ 0 }
};

static int print_info(const struct command *command, const struct ipcx_stat *stat,
		      const struct view_options *chosen)
{
	struct view object = record_view, peers = peer_view;
	bool queue = stat->kind == IPCX_KIND_QUEUE;

	if (chosen->list) {
		begin_view(command, &object, chosen);
	} else {
		view_choose_all(&object);
		view_begin(&object, &chosen->format);
	}
	view_row(&object, stat);
	view_choose_all(&peers);
	view_begin(&peers, &chosen->format);
	if (queue && stat->attachments && !chosen->list)
		add_peers(&peers, stat);
	views_print((struct view *[]) { &object, &peers }, chosen->list ? 1 : 2);
	return EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct view_options chosen = { 0 };
	struct ipcx_stat stat;
	const char *name = NULL;
	uint64_t id = 0;
	bool named;
	int key, ret;

	while ((key = next_option(command, argc, argv)) != -1) {
		if (key == OPTION_ID)
			id = size_option(command, "id", optarg, UINT64_MAX);
		else
			view_option(&chosen, key);
	}
	named = optind < argc;
	if (id ? named : !named)
		usage_error(command, "one of NAME and --id is needed");
	if (!id)
		name = object_name(command, argv[optind]);
	do {
		ret = look_up(name, id, &stat);
	} while (ret == -EAGAIN);	/* it came just now */
	if (ret < 0 && name)
		return failure(ret, "'%s'", name);
	if (ret < 0)
		return failure(ret, "id %llu", (unsigned long long)id);
	return print_info(command, &stat, &chosen);
}

const struct command command_info = {
	.name = "info",
	.arguments = "NAME|--id ID [OPTION...]",
	.most = 1,
	.summary = "print all about one object, and who maps it",
	.options = options,
	.view = &record_view,
	.notes = "Without --output it prints all that there is to say, and of a queue its peers: the\n"
		 "processes that map it, with the messages each is writing and reading, and the\n"
		 "lanes where receivers or senders wait for it. For that you must be allowed to\n"
		 "open the queue.\n",
	.run = run,
};
