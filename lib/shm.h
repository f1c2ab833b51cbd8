/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* POSIX shared memory as the files that it is. */
#ifndef SHM_H
#define SHM_H

#include <limits.h>

/* Where shm_open() has its objects. */
#define SHM_DIRECTORY	"/dev/shm/"

/* As sizeof(SHM_DIRECTORY) counts the end, too. */
struct shm_path {
	char text[sizeof(SHM_DIRECTORY) + NAME_MAX];
};

/* The path of "/name" or "name": 0, -EINVAL, -ENAMETOOLONG. */
int shm_path(const char *name, struct shm_path *path);

#endif /* SHM_H */
