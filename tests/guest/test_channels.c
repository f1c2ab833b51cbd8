// SPDX-License-Identifier: GPL-2.0-only
/* Channels of the module, and once more all others, on the kernel of the guest. */
#include <fcntl.h>

#include <ipcx/region.h>

#include "../unit/conformance_rows.h"
#include "module.h"

/* Of queues only the descriptors of regions can ride along. */
static int region_rider(void)
{
	struct ipcx_region *region;
	int fd;

	assert_int_equal(ipcx_region_create(NULL, PAGE, NULL, &region), 0);
	fd = fcntl(ipcx_region_fd(region), F_DUPFD_CLOEXEC, 0);
	ipcx_region_close(region);
	return fd;
}

#define QUEUE_CAPS	(RING_CAPS | CAPS(POLLABLE) | CAPS(FDS))
#define QUEUE_QUIRKS	(NAMED | RESUMES | REJOINS)
#define MEDIATED_CAPS	(MANY_BOTH | CAPS(POLLABLE) | CAPS(FDS) |	\
			 CAPS(PEER_GONE) | CAPS(SURVIVES) |		\
			 CAPS(CREDENTIALS) | CAPS(FORKS))

static const struct row rows[] = {
	{
		.name = "queue", .uri = "queue:NAME?slots=8&size=1000",
		.caps = QUEUE_CAPS, .quirks = QUEUE_QUIRKS | TELLS,
		.size = 1000, .priorities = 1, .rider = region_rider,
	}, {
		.name = "queue (map=0)",
		.uri = "queue:NAME?slots=8&size=1000&map=0",
		.caps = MEDIATED_CAPS, .quirks = QUEUE_QUIRKS,
		.size = 1000, .priorities = 1, .rider = region_rider,
	}, {
		.name = "queue (lanes)",
		.uri = "queue:NAME?slots=8&size=96&lanes=3&keep=1",
		.caps = QUEUE_CAPS | CAPS(PRIORITIES) | CAPS(KEEPS),
		.quirks = QUEUE_QUIRKS | TELLS | LANES,
		.size = 96, .priorities = 3, .rider = region_rider,
	}, {
		.name = "queue (drop)",
		.uri = "queue:NAME?slots=8&size=96&drop=1",
		.caps = QUEUE_CAPS, .quirks = QUEUE_QUIRKS | TELLS | LOSSY,
		.size = 96, .priorities = 1, .rider = region_rider,
	}, {
		.name = "queue (broadcast)",
		.uri = "queue:NAME?slots=8&size=96&broadcast=1",
		.caps = (RING_CAPS & ~CAPS(REDELIVERS)) | CAPS(POLLABLE) |
			CAPS(BROADCAST),
		.quirks = QUEUE_QUIRKS | TELLS | LOSSY,
		.size = 96, .priorities = 1,
	},
	STANDARD_ROWS,
	{ NULL }
};

int main(void)
{
	return conformance_run("channels", rows, guest_setup, guest_teardown) ||
	       guest_unload_failed;
}
