// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's coverage of the module, folded into the counters that libFuzzer looks at. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "fuzz.h"

#define WORDS	16384

static struct {
	int fd;
	uint64_t *words;	/* how many, and then that many addresses */
} kcovs[2 * ACTORS];

static uint64_t *mine;
static uint64_t text;		/* where the module was loaded */

static uint64_t module_text(void)
{
	FILE *file = fopen("/sys/module/ipcx/sections/.text", "re");
	uint64_t address;

	if (!file || fscanf(file, "%lx", &address) != 1)
		err(1, "no address of the module");
	fclose(file);
	return address;
}

/* Children inherit the mapping; who enables the descriptor is traced, until it ends. */
void kcov_prepare(int n)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	void *words;

	/* A kernel without it: what guides then are the errors of calls alone. */
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, (unsigned long)WORDS))
		err(1, "kcov");
	words = mmap(NULL, WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		err(1, "kcov: mmap");
	kcovs[n].fd = fd;
	kcovs[n].words = words;
	if (!text)
		text = module_text();
}

/* A second child at the same time does without. */
void kcov_begin(int n)
{
	mine = !kcovs[n].words || ioctl(kcovs[n].fd, KCOV_ENABLE, (unsigned long)KCOV_TRACE_PC) ?
	       NULL : kcovs[n].words;
	if (mine)
		mine[0] = 0;
}

void kcov_fold(void)
{
	uint64_t count;

	if (!mine)
		return;
	count = __atomic_load_n(&mine[0], __ATOMIC_RELAXED);
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t place = (mine[i] - text) / PLACE_BYTES;

		if (place >= PLACES)
			continue;
		shared->reached[place] = true;
		/* Once or more often: finer counts keep inputs that are new in nothing else. */
		counters[place] = counters[place] ? 2 : 1;
	}
	__atomic_store_n(&mine[0], 0, __ATOMIC_RELAXED);
}

uint32_t kcov_reached(void)
{
	uint32_t count = 0;

	for (size_t i = 0; i < PLACES; i++)
		count += shared->reached[i];
	return count;
}

void kcov_write(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		err(1, "%s", path);
	for (size_t i = 0; i < PLACES; i++)
		if (shared->reached[i])
			fprintf(file, "%zx\n", i * PLACE_BYTES);
	if (fclose(file))
		err(1, "%s", path);
}
