// SPDX-License-Identifier: GPL-2.0-only
#include "dirty.h"
#include "guest.h"
#include "region.h"

#include <sys/socket.h>

#define MIB	(1024 * 1024UL)

void dirty_kernel(void)
{
	static uint8_t control[8 * 1024];
	int sock[2];

	memset(control, DIRT, sizeof(control));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, sock), 0);
	for (size_t len = 64; len <= sizeof(control); len *= 2) {
		struct msghdr msg = { .msg_control = control,
				      .msg_controllen = len };

		/* It is copied in before it is found to be nonsense. */
		assert_int_equal(sendmsg(sock[0], &msg, MSG_DONTWAIT), -1);
	}
	for (int i = 0; i < 2; i++)
		close(sock[i]);
	poll((struct pollfd *)control, 32, 0);
}

/* Fills what is free, as others' programs did that ran before. */
void dirty_memory(void)
{
	size_t bytes = 32 * MIB;
	uint8_t *mem = mmap(NULL, bytes, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	memset(mem, DIRT, bytes);
	munmap(mem, bytes);
	dirty_kernel();
}
