// SPDX-License-Identifier: LGPL-2.1-or-later
/* Two processes that take turns, each posting the semaphore of the other. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/semaphore.h>

struct shared {
	struct ipcx_semaphore ping, pong;
};

int main(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return 1;
	ipcx_semaphore_init(&shared->ping, 1);
	ipcx_semaphore_init(&shared->pong, 0);

	if (!fork()) {
		for (int i = 0; i < 3; i++) {
			ipcx_semaphore_wait(&shared->pong);
			fputs("pong\n", stderr);
			ipcx_semaphore_post(&shared->ping);
		}
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		int ret = ipcx_semaphore_wait(&shared->ping);

		if (ret < 0) {
			fprintf(stderr, "semaphore: %s\n", strerror(-ret));
			return 1;
		}
		fputs("ping\n", stderr);
		ipcx_semaphore_post(&shared->pong);
	}
	wait(NULL);
	return 0;
}
