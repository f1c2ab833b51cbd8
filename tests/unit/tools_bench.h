/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of ipcxbench have in common. Needs cmocka.h before it. */
#ifndef UNIT_TOOLS_BENCH_H
#define UNIT_TOOLS_BENCH_H

#include <limits.h>
#include <stdbool.h>

#include "../command.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define TINY		"ipcxbench --runs 2 --count 30 "
/* One figure, of each channel. */
#define ONE		TINY "--size 64 --wait block --test rtt "

/* For files. */
static char dir[32];

/* What works without the module. */
static const struct {
	const char *name;
	const char *sizes;
	bool many;	/* several receivers share messages of these sizes */
} channels[] = {
	{ "pipe", "1,64,5K", false },
	{ "fifo", "1,64,5K", false },
	{ "unix", "1,64,5K", false },
	{ "unix-seqpacket", "1,64,5K", false },
	{ "unix-dgram", "1,64,5K", false },
	{ "tcp", "1,64,5K", false },
	{ "mq", "1,64,5K", true },
	{ "sysv", "1,64,5K", true },
	{ "signal", "1,2,4", false },
	{ "shm", "1,64,5K", true },
	{ "shm-loan", "1,64,5K", true },
	{ "map", "1,64,5K", true },
	{ "map-loan", "1,64,5K", true },
	{ "boost", "1,64,5K", true },
	{ "zmq", "1,64,5K", false },
	{ "nng", "1,64,5K", false },
};

static inline bool two_processors(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) >= 2;
}

static inline void file_name(char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
}

/* It ends well, whatever it says. */
#define sh_done(...) do {						\
	struct said said_ = sh(__VA_ARGS__);				\
									\
	if (said_.status)						\
		fail_msg("%s: status %d: %s", #__VA_ARGS__,		\
			 said_.status, said_.text);			\
} while (0)

#define assert_says(said, status_, phrase) do {				\
	if ((said).status != (status_) || !strstr((said).text, phrase))	\
		fail_msg("status %d instead of %d, or not '%s' in: %s",	\
			 (said).status, status_, phrase, (said).text);	\
} while (0)

static inline int begin(void **state)
{
	(void)state;
	if (!access("/sys/module/ipcx", F_OK)) {
		print_error("ipcx is loaded here; run: ipcxctl unload\n");
		return -1;
	}
	strcpy(dir, "/tmp/test-bench.XXXXXX");
	return mkdtemp(dir) && !find_tools() ? 0 : -1;
}

static inline int end(void **state)
{
	(void)state;
	return sh("rm -r %s", dir).status;
}

#endif /* UNIT_TOOLS_BENCH_H */
