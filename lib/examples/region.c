// SPDX-License-Identifier: LGPL-2.1-or-later
/* A counter in a region that two processes count up; gone with the last of them. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/region.h>

#define NAME	"ipcx-example-region"
#define RIGHTS	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

/* The mapping is the caller's, and lasts without the handle. */
static int count(const struct ipcx_region *region)
{
	atomic_int *counter;
	int ret = ipcx_region_map(region, RIGHTS, 0, 0, (void **)&counter);

	if (ret < 0)
		return ret;
	ret = atomic_fetch_add(counter, 1) + 1;
	munmap(counter, ipcx_region_size(region));
	return ret;
}

static int child(void)
{
	struct ipcx_region *region;
	int ret = ipcx_region_open(NAME, RIGHTS, &region);

	if (!ret)
		ret = count(region);
	return ret < 0;
}

int main(void)
{
	struct ipcx_region *region;
	int ret, status = 1;

	ret = ipcx_region_create(NAME, sizeof(atomic_int), NULL, &region);
	if (ret < 0) {
		fprintf(stderr, "region: %s\n", ret == -ENODEV ?
			"the module ipcx is not loaded" : strerror(-ret));
		return 1;
	}
	if (!fork())
		_exit(child());
	wait(&status);
	ret = count(region);
	printf("counted to %d\n", ret);
	ipcx_region_close(region);
	return status || ret != 2;
}
