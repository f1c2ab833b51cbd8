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

#define NSEC_PER_SEC	1000000000.0
/* Shown without --verbose. */
#define LAST_EVENTS	8

/* ---- peers ---- */

enum {
	PEER, PEER_PID, PEER_STATE, PEER_RIGHTS, PEER_WRITING, PEER_READING,
	PEER_HELD_RECV, PEER_HELD_SEND, PEER_DROPPED, PEER_COMMAND,
};

static const struct column peer_columns[] = {
	[PEER] = { "ATTACHMENT", COLUMN_NUMBER, true, "" },
	[PEER_PID] = { "PID", COLUMN_NUMBER, true, "" },
	[PEER_STATE] = { "STATE", COLUMN_TEXT, true, "" },
	[PEER_RIGHTS] = { "RIGHTS", COLUMN_TEXT, true, "" },
	[PEER_WRITING] = { "WRITING", COLUMN_NUMBER, true, "" },
	[PEER_READING] = { "READING", COLUMN_NUMBER, true, "" },
	[PEER_HELD_RECV] = { "HELD_RECV", COLUMN_TEXT, true, "" },
	[PEER_HELD_SEND] = { "HELD_SEND", COLUMN_TEXT, true, "" },
	[PEER_DROPPED] = { "DROPPED", COLUMN_NUMBER, true, "" },
	[PEER_COMMAND] = { "COMMAND", COLUMN_TEXT, true, "" },
};

static char *peer_cell(const void *row, size_t column)
{
	const struct ipcx_peer *peer = row;

	switch (column) {
	case PEER:
		return text("%u", peer->id);
	case PEER_PID:
		return text("%u", peer->pid);
	case PEER_STATE:
		return text("%s", peer->state == IPCX_PEER_LIVE ? "live" : "dead");
	case PEER_RIGHTS:
		return rights_text(peer->rights);
	case PEER_WRITING:
		return text("%u", peer->writing);
	case PEER_READING:
		return text("%u", peer->reading);
	case PEER_HELD_RECV:
		return lanes_text(peer->held_recv);
	case PEER_HELD_SEND:
		return lanes_text(peer->held_send);
	case PEER_DROPPED:
		return text("%llu", peer->dropped);
	case PEER_COMMAND:
		return text("%s", peer->comm);
	}
	return NULL;
}

static const struct view peer_view = {
	.name = "peers",
	.columns = peer_columns,
	.n_columns = ARRAY_SIZE(peer_columns),
	.cell = peer_cell,
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

/* ---- events ---- */

enum {
	EVENT_AGO, EVENT, EVENT_PEER, EVENT_PID, EVENT_WHY, EVENT_SIGNAL,
	EVENT_ABORTED, EVENT_RETURNED, EVENT_COMMAND,
};

static const struct column event_columns[] = {
	[EVENT_AGO] = { "AGO", COLUMN_NUMBER, true, "" },
	[EVENT] = { "EVENT", COLUMN_TEXT, true, "" },
	[EVENT_PEER] = { "ATTACHMENT", COLUMN_NUMBER, true, "" },
	[EVENT_PID] = { "PID", COLUMN_NUMBER, true, "" },
	[EVENT_WHY] = { "WHY", COLUMN_TEXT, true, "" },
	[EVENT_SIGNAL] = { "SIGNAL", COLUMN_TEXT, true, "" },
	[EVENT_ABORTED] = { "ABORTED", COLUMN_NUMBER, true, "" },
	[EVENT_RETURNED] = { "RETURNED", COLUMN_NUMBER, true, "" },
	[EVENT_COMMAND] = { "COMMAND", COLUMN_TEXT, true, "" },
};

/* What is only said of those that went. */
static char *end_cell(const struct ipcx_event *event, size_t column)
{
	static const char *const why[] = {
		[IPCX_WHY_UNMAPPED] = "unmapped",
		[IPCX_WHY_EXEC] = "exec",
		[IPCX_WHY_EXITED] = "exited",
		[IPCX_WHY_KILLED] = "killed",
		[IPCX_WHY_OOM] = "oom",
	};

	if (event->what != IPCX_EVENT_DETACHED)
		return NULL;
	switch (column) {
	case EVENT_WHY:
		return event->why < ARRAY_SIZE(why) && why[event->why] ?
		       text("%s", why[event->why]) : text("%u", event->why);
	case EVENT_SIGNAL:
		return event->signal ?
		       text("%s", sigabbrev_np(event->signal) ?: "?") : NULL;
	case EVENT_ABORTED:
		return text("%u", event->aborted);
	case EVENT_RETURNED:
		return text("%u", event->returned);
	}
	return NULL;
}

static char *event_cell(const void *row, size_t column)
{
	const struct ipcx_event *event = row;

	switch (column) {
	case EVENT_AGO:
		return text("%.1f", (ipcx_deadline_after(0) - event->time_ns) / NSEC_PER_SEC);
	case EVENT:
		return text("%s", event->what == IPCX_EVENT_ATTACHED ? "came" : "went");
	case EVENT_PEER:
		return text("%u", event->attachment);
	case EVENT_PID:
		return text("%u", event->pid);
	case EVENT_COMMAND:
		return text("%s", event->comm);
	}
	return end_cell(event, column);
}

static const struct view event_view = {
	.name = "events",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.cell = event_cell,
};

static void add_events(struct view *view, const struct ipcx_stat *stat)
{
	struct ipcx_event *events;
	int n = events_read(stat, &events);
	int from = verbose || n < LAST_EVENTS ? 0 : n - LAST_EVENTS;

	for (int i = from; i < n; i++)
		view_row(view, &events[i]);
	if (n >= 0)
		free(events);
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
	struct view object = record_view, peers = peer_view, events = event_view;
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
	view_choose_all(&events);
	view_begin(&events, &chosen->format);
	if (queue && stat->attachments && !chosen->list)
		add_peers(&peers, stat);
	if (queue && !chosen->list)
		add_events(&events, stat);
	views_print((struct view *[]) { &object, &peers, &events }, chosen->list ? 1 : 3);
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
	.summary = "print all about one object, who maps it, and who did",
	.options = options,
	.view = &record_view,
	.notes = "Without --output it prints all that there is to say. Of a queue these are its peers\n"
		 "too, the processes that map it: with the messages each is writing and reading, and\n"
		 "the lanes where receivers or senders wait for it. And the last 8 that came or went,\n"
		 "or with --verbose 64: seconds ago, why, and what became of its unfinished messages.\n"
		 "For both you must be allowed to open the queue.\n",
	.run = run,
};
