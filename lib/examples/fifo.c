// SPDX-License-Identifier: LGPL-2.1-or-later
/* A FIFO with two writers, one after the other. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

static int child(const char *path, const char *text)
{
	struct ipcx_fifo *fifo;

	if (ipcx_fifo_open_writer(path, &fifo) < 0)
		return 1;
	return ipcx_fifo_write(fifo, text, strlen(text)) < 0;
}

/* All that one writer, or several at a time, have to say. */
static ssize_t listen_to_the_end(struct ipcx_fifo *fifo)
{
	char buf[64];
	ssize_t len;

	while ((len = ipcx_fifo_read(fifo, buf, sizeof(buf))) > 0)
		printf("%.*s\n", (int)len, buf);
	return len;
}

int main(void)
{
	char path[64];
	struct ipcx_fifo *fifo;
	int ret;

	snprintf(path, sizeof(path), "/tmp/ipcx-example-fifo.%d", getpid());
	ret = ipcx_fifo_create(path, 0);
	if (ret == 0)
		ret = ipcx_fifo_open_reader(path, &fifo);
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		return 1;
	}
	if (!fork())
		_exit(child(path, "from the first"));
	ret = listen_to_the_end(fifo);
	if (ret == 0)
		ret = ipcx_fifo_reopen(fifo);
	if (!fork())
		_exit(child(path, "from the second"));
	if (ret == 0)
		ret = listen_to_the_end(fifo);

	ipcx_fifo_close(fifo);
	ipcx_fifo_unlink(path);
	while (wait(NULL) > 0)
		;
	return ret < 0;
}
