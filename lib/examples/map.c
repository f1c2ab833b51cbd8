// SPDX-License-Identifier: LGPL-2.1-or-later
/* A file that is written through memory, and resized once nobody has it mapped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/map.h>

static int use(struct ipcx_map *map)
{
	char *text;
	int ret;

	ret = ipcx_map_attach(map, IPCX_RIGHT_READ | IPCX_RIGHT_WRITE, 0, 0, 0,
			      (void **)&text);
	if (ret < 0)
		return ret;
	strcpy(text, "in the file");
	ret = ipcx_map_sync(map, 0, 0);
	if (ret < 0)
		return ret;
	printf("resized while mapped: %s\n",
	       strerror(-ipcx_map_resize(map, 10000, 0)));
	ipcx_map_detach(map);

	ret = ipcx_map_resize(map, 10000, 0);
	if (ret < 0)
		return ret;
	printf("and afterwards: %zu bytes\n", ipcx_map_size(map));
	return 0;
}

int main(void)
{
	char path[] = "/tmp/ipcx-example-map-XXXXXX", file[64];
	struct ipcx_map *map;
	int ret;

	if (!mkdtemp(path))
		return 1;
	snprintf(file, sizeof(file), "%s/file", path);
	ret = ipcx_map_create(file, 4096, IPCX_CREATE_EXCL, 0, &map);
	if (ret == 0) {
		ret = use(map);
		ipcx_map_close(map);
	}
	unlink(file);
	rmdir(path);
	if (ret < 0)
		fprintf(stderr, "map: %s\n", strerror(-ret));
	return ret < 0;
}
