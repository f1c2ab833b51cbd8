// SPDX-License-Identifier: LGPL-2.1-or-later
/* Real-time signals carry a number each, and none is lost. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

int main(void)
{
	int signals[] = { SIGRTMIN, SIGCHLD };
	struct ipcx_signal_info info;
	struct ipcx_signal *handle;
	pid_t parent = getpid();
	int ret;

	ret = ipcx_signal_open(signals, 2, &handle);
	if (ret < 0) {
		fprintf(stderr, "signal: %s\n", strerror(-ret));
		return 1;
	}
	if (!fork()) {
		for (uintptr_t i = 1; i <= 3 && ret == 0; i++)
			ret = ipcx_signal_send(parent, SIGRTMIN, i * 11);
		_exit(ret < 0);
	}
	/* The child's end may come before its last words. */
	for (int left = 4; left && ret >= 0; left--) {
		ret = ipcx_signal_recv(handle, &info);
		if (ret == SIGCHLD)
			printf("%d ended with %d\n", info.pid, info.number);
		else if (ret > 0)
			printf("%lu from %d\n", (unsigned long)info.value,
			       info.pid);
	}
	ipcx_signal_close(handle);
	wait(NULL);
	return ret < 0;
}
