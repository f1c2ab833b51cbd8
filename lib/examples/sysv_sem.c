// SPDX-License-Identifier: LGPL-2.1-or-later
/* A child that dies with two of three seats taken, and gives them back so. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/device.h>
#include <ipcx/sysv_sem.h>

static int take(struct ipcx_sysv_sem *seats, int count, uint64_t deadline)
{
	struct sembuf op = {
		.sem_num = 0, .sem_op = -count, .sem_flg = SEM_UNDO,
	};

	return ipcx_sysv_sem_op_timed(seats, &op, 1, deadline);
}

int main(void)
{
	const uint16_t value = 3;
	struct ipcx_sysv_sem *seats;
	int ret;

	ret = ipcx_sysv_sem_create(IPCX_SYSV_PRIVATE, 1, &value, 0, 0, &seats);
	if (ret < 0)
		goto out;
	if (!fork()) {
		take(seats, 2, IPCX_FOREVER);
		raise(SIGKILL);
	}
	wait(NULL);
	ret = take(seats, 3, ipcx_deadline_after(1000000000));
	if (!ret)
		puts("all three seats taken");
	ipcx_sysv_sem_remove(seats);
	ipcx_sysv_sem_close(seats);
out:
	if (ret < 0)
		fprintf(stderr, "sysv_sem: %s\n", strerror(-ret));
	return ret < 0;
}
