// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

#include <ipcx/ipcx.h>

#include "../command.h"
#include "tools.h"

char dir[] = "/tmp/tools.XXXXXX";

int tools_setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	return sh("cp $(which ipcxctl) $(which ipcxstat) $IPCX_MODULE "
		  "$(dirname $(which ipcxctl))/../lib/libipcx.so.0 %s && chmod -R a+rX %s",
		  dir, dir).status;
}

int tools_teardown(void **state)
{
	(void)state;
	return sh("rm -r %s", dir).status;
}

int tools_load(void **state)
{
	(void)state;
	return sh("ipcxctl load").status;
}

int tools_unload(void **state)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct said said;

	(void)state;
	while (ipcx_list_next(&stat) > 0)
		ipcx_unlink(stat.name, IPCX_KIND_ANY);
	said = sh("ipcxctl unload");
	if (said.status)
		print_error("%s", said.text);
	return said.status;
}
