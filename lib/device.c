// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/ipcx is opened for each call: that costs about a microsecond where an
 * object is made anyway, and there is no descriptor to own, inherit or guard.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "sys.h"

#define NSEC_PER_SEC	1000000000ULL

int device_ioctl(unsigned long cmd, void *arg)
{
	int fd = SYSCALL(open("/dev/ipcx", O_RDWR | O_CLOEXEC));
	int ret;

	/* No node, or one that a module left behind when it went. */
	if (fd == -ENOENT || fd == -ENXIO)
		return -ENODEV;
	if (fd < 0)
		return fd;
	ret = SYSCALL(ioctl(fd, cmd, arg));
	SYSCALL(close(fd));
	return ret;
}

int copy_options(void *known, size_t size, const void *given)
{
	const char *bytes = given;
	uint32_t given_size;

	if (!given)
		return 0;
	memcpy(&given_size, given, sizeof(given_size));
	/* As long as there is one version, @known has the size of the first. */
	if (given_size < size)
		return -EINVAL;
	for (size_t i = size; i < given_size; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(known, given, size);
	return 0;
}

const char *ipcx_version(void)
{
	return IPCX_VERSION;
}

uint64_t ipcx_deadline_after(uint64_t ns)
{
	struct timespec now;
	uint64_t deadline;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (__builtin_add_overflow(now.tv_sec * NSEC_PER_SEC + now.tv_nsec, ns,
				   &deadline) ||
	    deadline == IPCX_FOREVER)
		return IPCX_FOREVER - 1;
	return deadline;
}

int ipcx_query(struct ipcx_query *query)
{
	return device_ioctl(IPCX_IOC_QUERY, query);
}

int ipcx_open(const char *name, uint32_t kind, uint32_t rights)
{
	struct ipcx_open arg = {
		.size = sizeof(arg),
		.name = (uintptr_t)name,
		.name_len = name_len(name),
		.kind = kind,
		.rights = rights,
	};

	return device_ioctl(IPCX_IOC_OPEN, &arg);
}

static int unlink_name(const char *name, uint32_t kind, uint32_t flags)
{
	struct ipcx_unlink arg = {
		.size = sizeof(arg),
		.flags = flags,
		.name = (uintptr_t)name,
		.name_len = name_len(name),
		.kind = kind,
	};

	return device_ioctl(IPCX_IOC_UNLINK, &arg);
}

int ipcx_unlink(const char *name, uint32_t kind)
{
	return unlink_name(name, kind, 0);
}

int ipcx_shutdown(const char *name, uint32_t kind)
{
	return unlink_name(name, kind, IPCX_UNLINK_SHUTDOWN);
}

int ipcx_list_next(struct ipcx_stat *stat)
{
	struct ipcx_list arg = {
		.size = sizeof(arg),
		.after = stat->id,
		.stats = (uintptr_t)stat,
		.count = 1,
		.stat_size = stat->size,
	};

	return device_ioctl(IPCX_IOC_LIST, &arg);
}

int ipcx_stat(int fd, struct ipcx_stat *stat)
{
	return SYSCALL(ioctl(fd, IPCX_IOC_STAT, stat));
}

int ipcx_reopen(int fd, uint32_t rights)
{
	struct ipcx_reopen arg = {
		.size = sizeof(arg),
		.rights = rights,
	};

	return SYSCALL(ioctl(fd, IPCX_IOC_REOPEN, &arg));
}

int ipcx_setattr(int fd, uint32_t what, uint32_t mode, uint32_t uid,
		 uint32_t gid)
{
	struct ipcx_setattr arg = {
		.size = sizeof(arg),
		.flags = what,
		.mode = mode,
		.uid = uid,
		.gid = gid,
	};

	return SYSCALL(ioctl(fd, IPCX_IOC_SETATTR, &arg));
}
