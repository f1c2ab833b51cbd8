// SPDX-License-Identifier: GPL-2.0-only
/* status: what the loaded module is, allows and holds. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "ctl_ls.h"

/**
 * struct facts_of_module - what there is to say
 * @version: of the module
 * @query: what it allows
 * @count: objects of each kind
 * @bytes: their memory
 */
struct facts_of_module {
	char version[32];
	struct ipcx_query query;
	uint64_t count[IPCX_KIND_QUEUE + 1];
	uint64_t bytes[IPCX_KIND_QUEUE + 1];
};

enum {
	MODULE, LIBRARY, ABI, FEATURES, NAME_LENGTH, REGION_BYTES_MAX,
	QUEUE_BYTES_MAX, SLOTS_MAX, LANES_MAX, ATTACHMENTS_MAX, BATCH_MAX,
	REGIONS, REGION_BYTES, QUEUES, QUEUE_BYTES,
};

static const struct column columns[] = {
	[MODULE] = { "MODULE", COLUMN_TEXT, true, "version of the module" },
	[LIBRARY] = { "LIBRARY", COLUMN_TEXT, true, "version of the library" },
	[ABI] = { "ABI", COLUMN_NUMBER, true, "version of the module's ABI" },
	[FEATURES] = { "FEATURES", COLUMN_TEXT, true, "what it can do" },
	[NAME_LENGTH] = { "NAME_MAX", COLUMN_NUMBER, true, "bytes of the longest name" },
	[REGION_BYTES_MAX] = { "REGION_BYTES_MAX", COLUMN_BYTES, true, "the largest region" },
	[QUEUE_BYTES_MAX] = { "QUEUE_BYTES_MAX", COLUMN_BYTES, true, "all slots of a queue" },
	[SLOTS_MAX] = { "SLOTS_MAX", COLUMN_NUMBER, true, "slots of a queue, of all lanes" },
	[LANES_MAX] = { "LANES_MAX", COLUMN_NUMBER, true, "lanes of a queue" },
	[ATTACHMENTS_MAX] = { "ATTACHMENTS_MAX", COLUMN_NUMBER, true, "processes that can map a queue" },
	[BATCH_MAX] = { "BATCH_MAX", COLUMN_NUMBER, true, "messages of one call" },
	[REGIONS] = { "REGIONS", COLUMN_NUMBER, true, "regions there are" },
	[REGION_BYTES] = { "REGION_BYTES", COLUMN_BYTES, true, "their memory" },
	[QUEUES] = { "QUEUES", COLUMN_NUMBER, true, "queues there are" },
	[QUEUE_BYTES] = { "QUEUE_BYTES", COLUMN_BYTES, true, "their memory" },
};

static char *features_text(uint64_t features)
{
	static const struct flag_name names[] = {
		{ IPCX_FEATURE_REGION, "region" },
		{ IPCX_FEATURE_QUEUE, "queue" },
		{ IPCX_FEATURE_MAPPED, "mapped" },
		{ IPCX_FEATURE_HANGUP, "hangup" },
		{ IPCX_FEATURE_HUGE, "huge" },
		{ IPCX_FEATURE_BROADCAST, "broadcast" },
		{ IPCX_FEATURE_FDS, "fds" },
		{ IPCX_FEATURE_EVENTS, "events" },
	};

	return flags_text(features, names, ARRAY_SIZE(names));
}

static uint64_t value(const struct facts_of_module *facts, size_t column)
{
	switch (column) {
	case ABI:
		return facts->query.abi_version;
	case NAME_LENGTH:
		return facts->query.name_max;
	case REGION_BYTES_MAX:
		return facts->query.region_bytes_max;
	case QUEUE_BYTES_MAX:
		return facts->query.queue_bytes_max;
	case SLOTS_MAX:
		return facts->query.slots_max;
	case LANES_MAX:
		return facts->query.lanes_max;
	case ATTACHMENTS_MAX:
		return facts->query.attachments_max;
	case BATCH_MAX:
		return facts->query.batch_max;
	case REGIONS:
		return facts->count[IPCX_KIND_REGION];
	case REGION_BYTES:
		return facts->bytes[IPCX_KIND_REGION];
	case QUEUES:
		return facts->count[IPCX_KIND_QUEUE];
	case QUEUE_BYTES:
		return facts->bytes[IPCX_KIND_QUEUE];
	}
	return 0;
}

static char *cell(const void *row, size_t column)
{
	const struct facts_of_module *facts = row;

	switch (column) {
	case MODULE:
		return *facts->version ? text("%s", facts->version) : NULL;
	case LIBRARY:
		return text("%s", ipcx_version());
	case FEATURES:
		return features_text(facts->query.features);
	}
	return text("%llu", (unsigned long long)value(facts, column));
}

static const struct view status_view = {
	.name = "status",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.cell = cell,
	.record = true,
};

static void read_version(struct facts_of_module *facts)
{
	FILE *file = fopen("/sys/module/ipcx/version", "re");

	if (file && fgets(facts->version, sizeof(facts->version), file))
		facts->version[strcspn(facts->version, "\n")] = '\0';
	if (file)
		fclose(file);
}

static int count_objects(struct facts_of_module *facts)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	int ret;

	while ((ret = ipcx_list_next(&stat)) > 0) {
		if (stat.kind > IPCX_KIND_QUEUE)
			continue;
		facts->count[stat.kind]++;
		facts->bytes[stat.kind] += stat.bytes;
	}
	return ret;
}

static const struct option_spec options[] = {
	VIEW_OPTIONS,
	{ 0 }
};

static int run(const struct command *command, int argc, char **argv)
{
	struct facts_of_module facts = { .query.size = sizeof(facts.query) };
	struct view_options chosen = { 0 };
	struct view view = status_view;
	int key, ret;

	while ((key = next_option(command, argc, argv)) != -1)
		view_option(&chosen, key);
	begin_view(command, &view, &chosen);
	ret = ipcx_query(&facts.query);
	if (ret < 0) {
		warnx("%s", reason(ret));
		return exit_status(ret);
	}
	read_version(&facts);
	ret = count_objects(&facts);
	if (ret < 0)
		return failure(ret, "cannot list the objects");
	view_row(&view, &facts);
	views_print(&(struct view *) { &view }, 1);
	return EXIT_SUCCESS;
}

const struct command command_status = {
	.name = "status",
	.arguments = "[OPTION...]",
	.summary = "print what the loaded module is, allows and holds",
	.options = options,
	.view = &status_view,
	.notes = "The exit status is 4 if the module is not loaded. Objects are counted as far\n"
		 "as 'ls' shows them.\n",
	.run = run,
};
