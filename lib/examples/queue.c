// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A queue whose receiver is killed in the middle of its work: the message is
 * delivered again, to the next.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/queue.h>

#define NAME	"ipcx-example-queue"

static int receiver(void)
{
	struct ipcx_queue *queue;
	struct ipcx_loan loan;
	int ret;

	ret = ipcx_queue_open(NAME, IPCX_RIGHT_RECV | IPCX_RIGHT_MAP, &queue);
	if (!ret)
		ret = ipcx_queue_acquire(queue, &loan);
	if (!ret)
		raise(SIGKILL);
	return 1;
}

int main(void)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_QUEUE_MAPPABLE,
	};
	struct ipcx_queue *queue;
	struct ipcx_msg msg;
	char text[64];
	ssize_t len;

	len = ipcx_queue_create(NAME, 16, sizeof(text), &options, &queue);
	if (len < 0)
		goto fail;
	len = ipcx_queue_send(queue, "to be done", 10, 0);
	if (!fork())
		_exit(receiver());
	wait(NULL);
	if (!len)
		len = ipcx_queue_recv(queue, text, sizeof(text), &msg);
	ipcx_queue_close(queue);
	if (len < 0)
		goto fail;
	printf("%.*s%s\n", (int)len, text,
	       msg.flags & IPCX_MSG_REDELIVERED ? ", once more" : "");
	return !(msg.flags & IPCX_MSG_REDELIVERED);
fail:
	fprintf(stderr, "queue: %s\n", len == -ENODEV ?
		"the module ipcx is not loaded" : strerror(-len));
	return 1;
}
