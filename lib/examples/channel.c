// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One program, any mechanism. In one terminal, to receive:
 *
 *	channel unix:/tmp/talk
 *
 * and in another, to send what is typed there, until Ctrl-D:
 *
 *	channel unix:/tmp/talk -
 *
 * Then the same with shm:/talk, fifo:/tmp/talk, mq:/talk, tcp://localhost:7777
 * or, where the module is loaded, queue:talk. Without arguments it talks to a
 * child of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

static struct ipcx_channel *open_end(const char *uri, uint32_t right)
{
	struct ipcx_channel *channel;
	int ret = ipcx_channel_open(uri, right, &channel);

	if (ret == 0)
		return channel;
	fprintf(stderr, "%s: %s\n", uri, ipcx_channel_explain(uri, ret));
	exit(1);
}

/* An empty message is the end, as not every channel tells who has gone. */
static int listen_to(const char *uri)
{
	struct ipcx_channel *channel = open_end(uri, IPCX_RIGHT_RECV);
	size_t size = ipcx_channel_size(channel);
	char *text = malloc(size);
	ssize_t len = -ENOMEM;

	while (text && (len = ipcx_channel_recv(channel, text, size, NULL)) > 0)
		printf("%.*s", (int)len, text);
	if (len < 0)
		fprintf(stderr, "%s: %s\n", uri, strerror(-len));
	free(text);
	ipcx_channel_close(channel);
	return len < 0;
}

static int talk(const char *uri, FILE *from)
{
	struct ipcx_channel *channel = open_end(uri, IPCX_RIGHT_SEND);
	char line[256];
	int ret = 0;

	while (ret == 0 && fgets(line, sizeof(line), from))
		ret = ipcx_channel_send(channel, line, strlen(line), 0);
	if (ret == 0)
		ret = ipcx_channel_send(channel, "", 0, 0);
	if (ret < 0)
		fprintf(stderr, "%s: %s\n", uri, strerror(-ret));
	ipcx_channel_close(channel);
	return ret < 0;
}

static int talk_to_oneself(void)
{
	char words[] = "one line\nand another\n";
	int ret, status;
	char uri[64];

	snprintf(uri, sizeof(uri), "unix:@ipcx-example-channel.%d", getpid());
	if (!fork())
		_exit(talk(uri, fmemopen(words, strlen(words), "r")));
	ret = listen_to(uri);
	wait(&status);
	return ret || status;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return talk_to_oneself();
	return argc == 2 ? listen_to(argv[1]) : talk(argv[1], stdin);
}
