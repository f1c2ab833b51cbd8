// SPDX-License-Identifier: LGPL-2.1-or-later
/* A POSIX message queue: what is urgent comes first. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

int main(void)
{
	struct ipcx_mqueue *queue;
	char name[64], text[64];
	uint32_t priority;
	ssize_t len;
	int ret;

	snprintf(name, sizeof(name), "/ipcx-example-mqueue.%d", getpid());
	ret = ipcx_mqueue_create(name, 8, sizeof(text), NULL, &queue);
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", name, strerror(-ret));
		return 1;
	}
	/* The queue lasts until its last handle is closed. */
	ipcx_mqueue_unlink(name);

	if (!fork()) {
		ret = ipcx_mqueue_send(queue, "when you have time", 18, 0);
		if (ret == 0)
			ret = ipcx_mqueue_send(queue, "now", 3, 9);
		_exit(ret < 0);
	}
	while ((len = ipcx_mqueue_recv_timed(queue, text, sizeof(text),
					     &priority,
					     ipcx_deadline_after(300000000))) > 0)
		printf("%u: %.*s\n", priority, (int)len, text);
	ipcx_mqueue_close(queue);
	return len != -ETIMEDOUT;
}
