// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

#include "tools.h"

char dir[] = "/tmp/tools.XXXXXX";

struct ipcx_queue *queue;
struct ipcx_region *region, *again;
void *address;
pid_t started;

void assert_prints(const char *expected, struct said said)
{
	if (said.status || strcmp(said.text, expected))
		fail_msg("status %d, and not '%s' but: %s", said.status, expected, said.text);
}

void assert_has(const struct said *said, const char *phrase)
{
	if (said->status || !strstr(said->text, phrase))
		fail_msg("status %d, or not '%s' in: %s", said->status, phrase, said->text);
}

static void let_go(void)
{
	ipcx_queue_close(queue);
	ipcx_region_close(region);
	ipcx_region_close(again);
	if (address)
		munmap(address, ADDRESS_BYTES);
	if (started) {
		kill(started, SIGKILL);
		ended(started);
	}
	queue = NULL;
	region = NULL;
	again = NULL;
	address = NULL;
	started = 0;
}

int tools_setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || setenv("TOOLS", dir, 1))
		return -1;
	return sh("cp $(which ipcxctl) $(which ipcxstat) $IPCX_MODULE "
		  "$(dirname $(which ipcxctl))/../lib/libipcx.so.1 %s && chmod -R a+rX %s",
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
	let_go();
	while (ipcx_list_next(&stat) > 0)
		ipcx_unlink(stat.name, IPCX_KIND_ANY);
	said = sh("ipcxctl unload");
	if (said.status)
		print_error("%s", said.text);
	return said.status;
}
