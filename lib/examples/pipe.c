// SPDX-License-Identifier: LGPL-2.1-or-later
/* A pipe from a child: packets, read one by one until the end. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

static int child(struct ipcx_pipe *writer)
{
	static const char *const words[] = { "three", "small", "packets" };

	for (int i = 0; i < 3; i++)
		if (ipcx_pipe_write(writer, words[i], strlen(words[i])) < 0)
			return 1;
	return 0;
}

int main(void)
{
	struct ipcx_pipe *reader, *writer;
	char packet[PIPE_BUF];
	ssize_t len;
	int ret;

	/* A reader that is gone is -EPIPE, not death; said first, it costs nothing. */
	signal(SIGPIPE, SIG_IGN);
	ret = ipcx_pipe_create(0, IPCX_PIPE_PACKETS, &reader, &writer);
	if (ret < 0) {
		fprintf(stderr, "pipe: %s\n", strerror(-ret));
		return 1;
	}
	if (!fork())
		_exit(child(writer));

	/* Each process closes the end it does not use, or there is no end. */
	ipcx_pipe_close(writer);
	while ((len = ipcx_pipe_read(reader, packet, sizeof(packet))) > 0)
		printf("%.*s\n", (int)len, packet);
	ipcx_pipe_close(reader);
	wait(NULL);
	return len < 0;
}
