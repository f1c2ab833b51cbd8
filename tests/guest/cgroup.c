// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup.h"
#include "guest.h"
#include "region.h"

#include <sys/stat.h>

void cgroup_begin(uint64_t max)
{
	char text[32];

	assert_int_equal(file_write(CGROUPS "cgroup.subtree_control",
				    "+memory"), 0);
	assert_int_equal(mkdir(CGROUP, 0755), 0);
	snprintf(text, sizeof(text), "%lu", (unsigned long)max);
	assert_int_equal(file_write(CGROUP "/memory.max", text), 0);
}

void cgroup_enter(void)
{
	assert_int_equal(file_write(CGROUP "/cgroup.procs", "0"), 0);
}

void cgroup_end(void)
{
	assert_soon(rmdir(CGROUP) == 0);
}
