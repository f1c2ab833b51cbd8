// SPDX-License-Identifier: GPL-2.0-only
/* create: objects from a shell. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>
#include <linux/ipcx_ring.h>

#include "ctl.h"

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
	uint32_t mode = mode_value(command, value);

	if (!mode)
		usage_error(command, "mode 0 would let nobody use it");
	return mode;
}

static int create_failed(const char *name, int error)
{
	return failure(error, "cannot create '%s'", name);
}

/* What it became: sizes are rounded up. */
static int created(int fd)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	char *name, *size;

	if (!verbose || ipcx_stat(fd, &stat))
		return EXIT_SUCCESS;
	name = harmless(stat.name);
	size = size_text(stat.bytes);
	printf("created '%s', id %llu, %s of memory\n", name, stat.id, size);
	free(name);
	free(size);
	return EXIT_SUCCESS;
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
	ret = created(ipcx_region_fd(region));
	ipcx_region_close(region);
	return ret;
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
	ret = created(ipcx_queue_fd(queue));
	ipcx_queue_close(queue);
	return ret;
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
