// SPDX-License-Identifier: LGPL-2.1-or-later
/* A counter in POSIX shared memory that two processes count up. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/shm.h>

#define NAME	"ipcx-example-shm"

/* Either process may come first: it makes the memory, and the other opens it. */
static int count(void)
{
	atomic_int *counter;
	struct ipcx_shm *shm;
	int ret;

	ret = ipcx_shm_create(NAME, sizeof(*counter), 0, 0, &shm);
	if (ret < 0)
		return ret;
	ret = ipcx_shm_map(shm, IPCX_RIGHT_READ | IPCX_RIGHT_WRITE, 0, 0,
			   (void **)&counter);
	ipcx_shm_close(shm);
	if (ret < 0)
		return ret;
	return atomic_fetch_add(counter, 1) + 1;
}

int main(void)
{
	pid_t child = fork();
	int ret = count();

	if (child == 0)
		return ret < 0;
	waitpid(child, NULL, 0);
	if (ret > 0)
		ret = count();
	ipcx_shm_unlink(NAME);
	if (ret < 0) {
		fprintf(stderr, "shm: %s\n", strerror(-ret));
		return 1;
	}
	printf("counted to %d\n", ret);
	return ret != 3;
}
