// SPDX-License-Identifier: LGPL-2.1-or-later
/* A server hands an open file to its client, whom it knows by its credentials. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

static int serve(struct ipcx_socket *listener)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	struct ipcx_socket_peer peer;
	struct ipcx_socket *client;
	char text[64];
	int ret;

	ret = ipcx_socket_accept(listener, &client);
	if (ret == 0)
		ret = ipcx_socket_peer(client, &peer);
	if (ret < 0)
		return ret;
	snprintf(text, sizeof(text), "a file for you, user %u", peer.uid);
	ret = ipcx_socket_send_fds(client, text, strlen(text), &fd, 1);
	ipcx_socket_close(client);
	close(fd);
	return ret;
}

static int client(const char *name)
{
	struct ipcx_socket *socket;
	char text[64], line[128];
	uint32_t count = 1;
	ssize_t len;
	int fd;

	if (ipcx_socket_connect_unix(name, IPCX_SOCKET_SEQPACKET, &socket) < 0)
		return 1;
	len = ipcx_socket_recv_fds(socket, text, sizeof(text), &fd, &count);
	if (len < 0 || count != 1)
		return 1;
	printf("%.*s:\n", (int)len, text);
	len = read(fd, line, sizeof(line));
	printf("%.*s\n", (int)len, line);
	fflush(stdout);
	return len <= 0;
}

int main(void)
{
	struct ipcx_socket *listener;
	char name[64];
	int ret, status;

	/* The '@' makes it a name that no file stands for. */
	snprintf(name, sizeof(name), "@ipcx-example-socket.%d", getpid());
	ret = ipcx_socket_listen_unix(name, IPCX_SOCKET_SEQPACKET, &listener);
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", name, strerror(-ret));
		return 1;
	}
	if (!fork())
		_exit(client(name));
	ret = serve(listener);
	ipcx_socket_close(listener);
	wait(&status);
	return ret < 0 || status;
}
