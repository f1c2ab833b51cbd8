// SPDX-License-Identifier: GPL-2.0-only
/* ls: what objects there are. */
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>
#include <linux/ipcx_ring.h>

#include "ctl_ls.h"

#define NSEC_PER_SEC	1000000000.0

char *flags_text(uint64_t flags, const struct flag_name *names, size_t n)
{
	char *string = NULL;

	for (size_t i = 0; i < n; i++) {
		char *longer;

		if (!(flags & names[i].flag))
			continue;
		longer = text("%s%s%s", string ?: "", string ? "," : "", names[i].name);
		free(string);
		string = longer;
	}
	return string;
}

char *rights_text(uint32_t rights)
{
	static const struct flag_name names[] = {
		{ IPCX_RIGHT_READ, "read" },
		{ IPCX_RIGHT_WRITE, "write" },
		{ IPCX_RIGHT_SEND, "send" },
		{ IPCX_RIGHT_RECV, "recv" },
		{ IPCX_RIGHT_MAP, "map" },
		{ IPCX_RIGHT_ADMIN, "admin" },
	};

	return flags_text(rights, names, ARRAY_SIZE(names));
}

char *lanes_text(uint32_t lanes)
{
	char *string = NULL;

	for (unsigned int lane = 0; lane < IPCX_LANES_MAX; lane++) {
		char *longer;

		if (!(lanes >> lane & 1))
			continue;
		longer = text("%s%s%u", string ?: "", string ? "," : "", lane);
		free(string);
		string = longer;
	}
	return string;
}

char *user_text(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? text("%s", user->pw_name) : text("%u", uid);
}

static char *group_text(gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? text("%s", group->gr_name) : text("%u", gid);
}

enum {
	ID, KIND, OWNER, GROUP, MODE, SIZE, USERS, ATTACHED, DEPTH, SLOTS,
	SLOT_SIZE, LANES, FLAGS, RIGHTS, SEALS, SENT, RECEIVED, DROPPED, ABORTED,
	REDELIVERED, CORRUPT, LENGTH, WAITING_RECV, WAITING_SEND, WAITS_RECV,
	WAITS_SEND, WAKES_RECV, WAKES_SEND, REPAIRING, HOLDER, HOLDER_PID,
	HOLDER_COMM, HOLDER_TICKET, HELD_RECV, HELD_SEND, AGE, NAME,
};

static const struct column columns[] = {
	[ID] = { "ID", COLUMN_NUMBER, true, "number, never used again" },
	[KIND] = { "KIND", COLUMN_TEXT, true, "region, queue or broadcast (a queue too)" },
	[OWNER] = { "OWNER", COLUMN_TEXT, true, "user who owns it" },
	[GROUP] = { "GROUP", COLUMN_TEXT, false, "group it belongs to" },
	[MODE] = { "MODE", COLUMN_TEXT, true, "permission bits, octal" },
	[SIZE] = { "SIZE", COLUMN_BYTES, true, "size of the region, all memory of the queue" },
	[USERS] = { "USERS", COLUMN_NUMBER, true, "times it is open" },
	[ATTACHED] = { "ATTACHED", COLUMN_NUMBER, true, "mappings of a region, processes that map a queue" },
	[DEPTH] = { "DEPTH", COLUMN_NUMBER, true, "messages to be received" },
	[SLOTS] = { "SLOTS", COLUMN_NUMBER, false, "messages that a lane holds" },
	[SLOT_SIZE] = { "SLOT_SIZE", COLUMN_BYTES, false, "the largest message" },
	[LANES] = { "LANES", COLUMN_NUMBER, false, "priorities" },
	[FLAGS] = { "FLAGS", COLUMN_TEXT, false, "what it was made with" },
	[RIGHTS] = { "RIGHTS", COLUMN_TEXT, false, "what you may do with it" },
	[SEALS] = { "SEALS", COLUMN_TEXT, false, "seals of the region" },
	[SENT] = { "SENT", COLUMN_NUMBER, false, "messages sent" },
	[RECEIVED] = { "RECEIVED", COLUMN_NUMBER, false, "messages received" },
	[DROPPED] = { "DROPPED", COLUMN_NUMBER, false, "messages dropped by --drop-oldest" },
	[ABORTED] = { "ABORTED", COLUMN_NUMBER, false, "messages begun and given up" },
	[REDELIVERED] = { "REDELIVERED", COLUMN_NUMBER, false, "messages that dead receivers gave back" },
	[CORRUPT] = { "CORRUPT", COLUMN_NUMBER, false, "times it was found spoiled" },
	[LENGTH] = { "LENGTH", COLUMN_BYTES, false, "of a message, on the average of the last ones" },
	[WAITING_RECV] = { "WAITING_RECV", COLUMN_NUMBER, false, "threads asleep for a message" },
	[WAITING_SEND] = { "WAITING_SEND", COLUMN_NUMBER, false, "threads asleep for room" },
	[WAITS_RECV] = { "WAITS_RECV", COLUMN_NUMBER, false, "times a thread went to sleep for a message" },
	[WAITS_SEND] = { "WAITS_SEND", COLUMN_NUMBER, false, "times a thread went to sleep for room" },
	[WAKES_RECV] = { "WAKES_RECV", COLUMN_NUMBER, false, "times that receivers were woken" },
	[WAKES_SEND] = { "WAKES_SEND", COLUMN_NUMBER, false, "times that senders were woken" },
	[REPAIRING] = { "REPAIRING", COLUMN_NUMBER, false, "dead processes not yet cleaned up after" },
	[HOLDER] = { "HOLDER", COLUMN_NUMBER, false, "attachment whose claim stands in the way" },
	[HOLDER_PID] = { "HOLDER_PID", COLUMN_NUMBER, false, "its process" },
	[HOLDER_COMM] = { "HOLDER_COMM", COLUMN_TEXT, false, "name of that process" },
	[HOLDER_TICKET] = { "HOLDER_TICKET", COLUMN_NUMBER, false, "the message claimed" },
	[HELD_RECV] = { "HELD_RECV", COLUMN_TEXT, false, "lanes where receivers wait for it" },
	[HELD_SEND] = { "HELD_SEND", COLUMN_TEXT, false, "lanes where senders wait for it" },
	[AGE] = { "AGE", COLUMN_NUMBER, false, "seconds since it was made" },
	[NAME] = { "NAME", COLUMN_TEXT, true, "name, in this network namespace" },
};

static char *number(uint64_t value)
{
	return text("%llu", (unsigned long long)value);
}

static char *create_flags(const struct ipcx_stat *stat)
{
	static const struct flag_name region[] = {
		{ IPCX_CREATE_PERSIST, "persist" },
		{ IPCX_REGION_SPARSE, "sparse" },
		{ IPCX_REGION_PREFAULT, "prefault" },
		{ IPCX_REGION_HUGE, "huge" },
		{ IPCX_REGION_LOCKED, "locked" },
		{ IPCX_REGION_FILE, "file" },
	};
	static const struct flag_name queue[] = {
		{ IPCX_CREATE_PERSIST, "persist" },
		{ IPCX_QUEUE_MAPPABLE, "mappable" },
		{ IPCX_QUEUE_DROP_OLDEST, "drop-oldest" },
		{ IPCX_QUEUE_HANGUP, "hangup" },
		{ IPCX_QUEUE_BROADCAST, "broadcast" },
	};

	return stat->kind == IPCX_KIND_QUEUE ?
	       flags_text(stat->create_flags, queue, ARRAY_SIZE(queue)) :
	       flags_text(stat->create_flags, region, ARRAY_SIZE(region));
}

static char *seals(const struct ipcx_stat *stat)
{
	static const struct flag_name names[] = {
		{ IPCX_SEAL_READONLY, "readonly" },
		{ IPCX_SEAL_SEALED, "sealed" },
	};

	return flags_text(stat->seals, names, ARRAY_SIZE(names));
}

/* Of who stands in the way, if anybody does. */
static char *holder_cell(const struct ipcx_stat *stat, size_t column)
{
	if (!stat->holder)
		return NULL;
	switch (column) {
	case HOLDER:
		return number(stat->holder);
	case HOLDER_PID:
		return number(stat->holder_pid);
	case HOLDER_COMM:
		return text("%s", stat->holder_comm);
	case HOLDER_TICKET:
		return number(stat->holder_ticket);
	case HELD_RECV:
		return lanes_text(stat->held_recv);
	case HELD_SEND:
		return lanes_text(stat->held_send);
	}
	return NULL;
}

/* Of who sleeps in it, and how often. */
static char *wait_cell(const struct ipcx_stat *stat, size_t column)
{
	switch (column) {
	case WAITING_RECV:
		return number(stat->waiting_recv);
	case WAITING_SEND:
		return number(stat->waiting_send);
	case WAITS_RECV:
		return number(stat->waits_recv);
	case WAITS_SEND:
		return number(stat->waits_send);
	case WAKES_RECV:
		return number(stat->wakes_recv);
	case WAKES_SEND:
		return number(stat->wakes_send);
	}
	return holder_cell(stat, column);
}

static char *queue_cell(const struct ipcx_stat *stat, size_t column)
{
	if (stat->kind != IPCX_KIND_QUEUE)
		return NULL;
	switch (column) {
	case DEPTH:
		return number(stat->depth);
	case SLOTS:
		return number(stat->slots);
	case SLOT_SIZE:
		return number(stat->slot_size);
	case LANES:
		return number(stat->lanes);
	case SENT:
		return number(stat->sent);
	case RECEIVED:
		/* Each receiver of a broadcast queue alone knows what it got. */
		return stat->create_flags & IPCX_QUEUE_BROADCAST ?
		       NULL : number(stat->received);
	case DROPPED:
		return number(stat->dropped);
	case ABORTED:
		return number(stat->aborted);
	case REDELIVERED:
		return number(stat->redelivered);
	case CORRUPT:
		return number(stat->corrupt);
	case LENGTH:
		return stat->recent_count ?
		       number(stat->recent_bytes / stat->recent_count) : NULL;
	case REPAIRING:
		return number(stat->repairing);
	}
	return wait_cell(stat, column);
}

static const char *kind(const struct ipcx_stat *stat)
{
	if (stat->kind != IPCX_KIND_QUEUE)
		return "region";
	return stat->create_flags & IPCX_QUEUE_BROADCAST ? "broadcast" : "queue";
}

static char *cell(const void *row, size_t column)
{
	const struct ipcx_stat *stat = row;

	switch (column) {
	case ID:
		return number(stat->id);
	case KIND:
		return text("%s", kind(stat));
	case OWNER:
		return user_text(stat->uid);
	case GROUP:
		return group_text(stat->gid);
	case MODE:
		return text("%04o", stat->mode);
	case SIZE:
		return number(stat->bytes);
	case USERS:
		return number(stat->users);
	case ATTACHED:
		return number(stat->attachments);
	case FLAGS:
		return create_flags(stat);
	case RIGHTS:
		return rights_text(stat->rights);
	case SEALS:
		return seals(stat);
	case AGE:
		return text("%.0f", (ipcx_deadline_after(0) - stat->made_ns) / NSEC_PER_SEC);
	case NAME:
		return *stat->name ? text("%s", stat->name) : NULL;
	}
	return queue_cell(stat, column);
}

const struct view object_view = {
	.name = "objects",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.cell = cell,
};

const struct view record_view = {
	.name = "objects",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.cell = cell,
	.record = true,
};

static const struct option_spec options[] = {
	VIEW_OPTIONS,
	{ 0 }
};

static int run(const struct command *command, int argc, char **argv)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct view_options chosen = { 0 };
	struct view view = object_view;
	int key, ret;

	while ((key = next_option(command, argc, argv)) != -1)
		view_option(&chosen, key);
	begin_view(command, &view, &chosen);
	while ((ret = ipcx_list_next(&stat)) > 0)
		view_row(&view, &stat);
	if (ret < 0)
		return failure(ret, "cannot list the objects");
	views_print(&(struct view *) { &view }, 1);
	return EXIT_SUCCESS;
}

const struct command command_ls = {
	.name = "ls",
	.arguments = "[OPTION...]",
	.summary = "list the objects there are",
	.options = options,
	.view = &object_view,
	.notes = "Shown are the objects of this network namespace that you own or may read.\n"
		 "An object without a name is reached only by who has its descriptor.\n",
	.run = run,
};
