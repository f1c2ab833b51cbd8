// SPDX-License-Identifier: GPL-2.0-only
/* stuck: the same claim in the way, look after look. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "common_claims.h"
#include "common_facts.h"
#include "ctl.h"

#define NSEC_PER_SEC	1000000000.0
/* Between two looks: the same claim is seen in each, or it is at work. */
#define NAP_NS		20000000

enum {
	ID, QUEUE, LANE, WAITS, WAITING, ATTACHMENT, PID, COMMAND, TICKET, HELD,
};

static const struct column columns[] = {
	[ID] = { "ID", COLUMN_NUMBER, true, "number of the queue" },
	[QUEUE] = { "QUEUE", COLUMN_TEXT, true, "name of the queue" },
	[LANE] = { "LANE", COLUMN_NUMBER, true, "lane that is held up" },
	[WAITS] = { "WAITS", COLUMN_TEXT, true, "who has to wait for it there: recv or send" },
	[WAITING] = { "WAITING", COLUMN_NUMBER, true, "threads asleep on the queue in that direction" },
	[ATTACHMENT] = { "ATTACHMENT", COLUMN_NUMBER, false, "attachment whose claim it is" },
	[PID] = { "PID", COLUMN_NUMBER, true, "its process; 0 for the kernel, or one not to be seen from here" },
	[COMMAND] = { "COMMAND", COLUMN_TEXT, true, "name of that process" },
	[TICKET] = { "TICKET", COLUMN_NUMBER, false, "the message claimed" },
	[HELD] = { "HELD", COLUMN_NUMBER, true, "seconds that this was watched; it may be older" },
};

static char *cell(const void *row, size_t column)
{
	const struct claim *claim = row;

	switch (column) {
	case ID:
		return text("%llu", (unsigned long long)claim->object);
	case QUEUE:
		return *claim->name ? text("%s", claim->name) : NULL;
	case LANE:
		return text("%u", claim->lane);
	case WAITS:
		return text("%s", claim->recv ? "recv" : "send");
	case WAITING:
		return text("%u", claim->waiting);
	case ATTACHMENT:
		return text("%u", claim->attachment);
	case PID:
		return text("%u", claim->pid);
	case COMMAND:
		return text("%s", claim->comm);
	case TICKET:
		return text("%llu", (unsigned long long)claim->ticket);
	case HELD:
		return text("%.1f", (claim->last_ns - claim->first_ns) / NSEC_PER_SEC);
	}
	return NULL;
}

static const struct view stuck_view = {
	.name = "stuck",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.cell = cell,
};

static bool seen_for(const struct claim *claim, uint64_t ns)
{
	return claim->last_ns - claim->first_ns >= ns;
}

/* Some claim that was there at the first look may still be. */
static bool undecided(const struct claims *claims, uint64_t start)
{
	for (size_t i = 0; i < claims->n; i++)
		if (claims->claim[i].first_ns <= start)
			return true;
	return false;
}

/* Looks until all that stood there at first has gone or stood for so long. */
static int watch(struct claims *claims, int debugfs, uint64_t ns)
{
	uint64_t start, now;
	int ret = claims_look(claims, debugfs);

	start = ipcx_deadline_after(0);
	for (now = start; !ret && undecided(claims, start) && now - start < ns; ) {
		struct claims before = *claims;

		nanosleep(&(struct timespec) { .tv_nsec = NAP_NS }, NULL);
		now = ipcx_deadline_after(0);
		ret = claims_look(claims, debugfs);
		claims_keep(claims, &before);
		claims_free(&before);
	}
	return ret;
}

enum { OPTION_FOR = 1 };

static const struct option_spec options[] = {
	{ "for", OPTION_FOR, "SECONDS", "how long a claim must have stood (0.2)" },
	VIEW_OPTIONS,
	{ 0 }
};

static int run(const struct command *command, int argc, char **argv)
{
	struct view_options chosen = { 0 };
	struct view view = stuck_view;
	uint64_t ns = CLAIM_STUCK_NS;
	struct claims claims;
	int key, debugfs, ret;

	while ((key = next_option(command, argc, argv)) != -1) {
		if (key == OPTION_FOR)
			ns = seconds_option(command, "for", optarg);
		else
			view_option(&chosen, key);
	}
	begin_view(command, &view, &chosen);
	debugfs = debugfs_open();
	if (verbose)
		warnx("looking %s", debugfs < 0 ? "by the device: at queues you may list, and one lane of each" :
		      "at all queues, by debugfs");
	ret = watch(&claims, debugfs < 0 ? -1 : debugfs, ns);
	if (ret < 0)
		return failure(ret, "cannot look at the queues");
	for (size_t i = 0; i < claims.n; i++)
		if (seen_for(&claims.claim[i], ns))
			view_row(&view, &claims.claim[i]);
	views_print(&(struct view *) { &view }, 1);
	claims_free(&claims);
	return EXIT_SUCCESS;
}

const struct command command_stuck = {
	.name = "stuck",
	.arguments = "[OPTION...]",
	.summary = "show whose unfinished messages stand in the others' way, and since when",
	.options = options,
	.view = &stuck_view,
	.notes = "It prints nothing if nobody is stuck. It looks at the same claims for a while, as\n"
		 "one at work is no trouble. Root sees every queue and lane, by debugfs; others the\n"
		 "queues that 'ls' shows them, and the highest such lane of each.\n",
	.run = run,
};
