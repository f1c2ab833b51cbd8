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

static const struct row rows[] = {
	ROWS_QUEUE(region_rider),
	STANDARD_ROWS,
	{ NULL }
};

int main(void)
{
	return conformance_run("channels", rows, guest_setup, guest_teardown) ||
	       guest_unload_failed;
}
