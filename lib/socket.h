/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a handle of a socket is. */
#ifndef SOCKET_H
#define SOCKET_H

#include <sys/socket.h>

#include <ipcx/socket.h>

/* Nothing of it changes. */
struct ipcx_socket {
	int fd;
	int family;	/* AF_* */
	int type;	/* SOCK_* */
};

#endif /* SOCKET_H */
