// SPDX-License-Identifier: LGPL-2.1-or-later
/* A System V queue for both directions: the type says for whom a message is. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

enum { TO_SERVER = 1, TO_CLIENT };

struct message {
	long type;
	char text[64];
};

static int server(struct ipcx_sysv_msg *queue)
{
	struct message message;
	ssize_t len = ipcx_sysv_msg_recv(queue, &message, sizeof(message.text),
					 TO_SERVER, 0);

	if (len < 0)
		return 1;
	for (ssize_t i = 0; i < len; i++)
		if (message.text[i] >= 'a' && message.text[i] <= 'z')
			message.text[i] += 'A' - 'a';
	message.type = TO_CLIENT;
	return ipcx_sysv_msg_send(queue, &message, len) < 0;
}

int main(void)
{
	struct message message = { TO_SERVER, "to be made louder" };
	struct ipcx_sysv_msg *queue;
	ssize_t len;
	int ret;

	ret = ipcx_sysv_msg_create(IPCX_SYSV_PRIVATE, 0, 0, &queue);
	if (ret < 0) {
		fprintf(stderr, "sysv_msg: %s\n", strerror(-ret));
		return 1;
	}
	if (!fork())
		_exit(server(queue));
	len = ipcx_sysv_msg_send(queue, &message, strlen(message.text));
	if (len == 0)
		len = ipcx_sysv_msg_recv(queue, &message, sizeof(message.text),
					 TO_CLIENT, 0);
	if (len > 0)
		printf("%.*s\n", (int)len, message.text);
	/* Nothing else would ever take it away. */
	ipcx_sysv_msg_remove(queue);
	ipcx_sysv_msg_close(queue);
	wait(NULL);
	return len < 0;
}
