/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the library share towards the system. Not installed. */
#ifndef SYS_H
#define SYS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC	1000000000ULL

/*
 * The result of a call that reports through errno, as a result or -errno. errno
 * is left as it was: callers of this library may be in the middle of using it.
 */
#define SYSCALL(call) ({				\
	int errno_ = errno;				\
	long ret_ = (long)(call);			\
							\
	if (ret_ == -1)					\
		ret_ = -errno;				\
	errno = errno_;					\
	ret_;						\
})

/* Keeps the registers and the stack of what is seldom out of what is often. */
#define NOINLINE	__attribute__((noinline))

/* Of an object made without one in the options. */
#define DEFAULT_MODE	0600

static inline size_t name_len(const char *name)
{
	return name ? strlen(name) : 0;
}

static inline struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec) {
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};
}

/* One ioctl on /dev/ipcx. */
int device_ioctl(unsigned long cmd, void *arg);

/*
 * Copy what the caller gave as options, a structure that begins with its __u32
 * size, over the defaults in @known. -EINVAL if it is too small to be one,
 * -E2BIG if it asks for something that this version does not know.
 */
int copy_options(void *known, size_t size, const void *given);

#endif /* SYS_H */
