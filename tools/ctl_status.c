// SPDX-License-Identifier: GPL-2.0-only
/* status: what the loaded module is, allows and holds. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "ctl.h"

static const struct {
	uint64_t bit;
	const char *name;
} features[] = {
	{ IPCX_FEATURE_REGION, "region" },
	{ IPCX_FEATURE_QUEUE, "queue" },
	{ IPCX_FEATURE_MAPPED, "mapped" },
	{ IPCX_FEATURE_HANGUP, "hangup" },
	{ IPCX_FEATURE_HUGE, "huge" },
	{ IPCX_FEATURE_BROADCAST, "broadcast" },
	{ IPCX_FEATURE_FDS, "fds" },
	{ IPCX_FEATURE_EVENTS, "events" },
};

static void print_number(const char *key, uint64_t value)
{
	printf("%-18s%llu\n", key, (unsigned long long)value);
}

static void print_size(const char *key, uint64_t bytes)
{
	char *size = size_text(bytes);

	printf("%-18s%s\n", key, size);
	free(size);
}

static void print_version(void)
{
	FILE *file = fopen("/sys/module/ipcx/version", "re");
	char version[32] = "unknown";

	if (file && fgets(version, sizeof(version), file))
		version[strcspn(version, "\n")] = '\0';
	if (file)
		fclose(file);
	printf("%-18s%s\n%-18s%s\n", "module", version, "library", ipcx_version());
}

static void print_limits(const struct ipcx_query *query)
{
	print_number("abi", query->abi_version);
	printf("%-17s", "features");
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (query->features & features[i].bit)
			printf(" %s", features[i].name);
	printf("\n");
	print_number("name_max", query->name_max);
	print_size("region_bytes_max", query->region_bytes_max);
	print_size("queue_bytes_max", query->queue_bytes_max);
	print_number("slots_max", query->slots_max);
	print_number("lanes_max", query->lanes_max);
	print_number("attachments_max", query->attachments_max);
	print_number("batch_max", query->batch_max);
}

static int print_totals(void)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	uint64_t count[IPCX_KIND_QUEUE + 1] = { 0 };
	uint64_t bytes[IPCX_KIND_QUEUE + 1] = { 0 };
	int ret;

	while ((ret = ipcx_list_next(&stat)) > 0) {
		if (stat.kind > IPCX_KIND_QUEUE)
			continue;
		count[stat.kind]++;
		bytes[stat.kind] += stat.bytes;
	}
	print_number("regions", count[IPCX_KIND_REGION]);
	print_size("region_bytes", bytes[IPCX_KIND_REGION]);
	print_number("queues", count[IPCX_KIND_QUEUE]);
	print_size("queue_bytes", bytes[IPCX_KIND_QUEUE]);
	return ret;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct ipcx_query query = { .size = sizeof(query) };
	int ret;

	while (next_option(command, argc, argv) != -1)
		;
	ret = ipcx_query(&query);
	if (ret < 0)
		errx(EXIT_FAILURE, "%s", reason(ret));
	print_version();
	print_limits(&query);
	ret = print_totals();
	if (ret < 0)
		errx(EXIT_FAILURE, "cannot list the objects: %s", reason(ret));
	return EXIT_SUCCESS;
}

const struct command command_status = {
	.name = "status",
	.arguments = "",
	.summary = "print what the loaded module is, allows and holds",
	.notes = "The exit status is 1 if the module is not loaded. Objects are counted as far\n"
		 "as 'ls' shows them.\n",
	.run = run,
};
