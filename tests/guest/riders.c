// SPDX-License-Identifier: GPL-2.0-only
#include "riders.h"
#include "region.h"

struct ipcx_msg message(const uint32_t *value, const int *riders,
			       uint32_t count)
{
	return (struct ipcx_msg) {
		.buf = (uintptr_t)value, .len = sizeof(*value),
		.fds = (uintptr_t)riders, .fd_count = count,
	};
}

int send_riders(int fd, uint32_t value, const int *riders, uint32_t count)
{
	struct ipcx_msg msg = message(&value, riders, count);

	return transfer(fd, IPCX_IOC_SEND, &msg, 1, IPCX_NO_WAIT);
}

int recv_riders(int fd, struct got *got, uint32_t room, uint32_t value)
{
	uint8_t buf[RIDERS_SLOT];
	int rc;

	memset(got, POISON, sizeof(*got));
	got->msg = (struct ipcx_msg) {
		.buf = (uintptr_t)buf, .len = sizeof(buf),
		.fds = room ? (uintptr_t)got->fds : 0, .fd_count = room,
	};
	rc = transfer(fd, IPCX_IOC_RECV, &got->msg, 1, IPCX_NO_WAIT);
	if (rc == 1) {
		assert_int_equal(got->msg.len, sizeof(value));
		assert_memory_equal(buf, &value, sizeof(value));
	}
	return rc;
}

int take(int fd, uint64_t ticket, int *fds, uint32_t room)
{
	struct ipcx_take arg = {
		.size = sizeof(arg), .ticket = ticket,
		.fds = (uintptr_t)fds, .fd_count = room,
	};

	return call(fd, IPCX_IOC_TAKE, &arg);
}

int marked_region(uint8_t mark)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	uint8_t *mem = map(fd, PAGE, RW);

	*mem = mark;
	munmap(mem, PAGE);
	return fd;
}

void expect_mark(int fd, uint8_t mark)
{
	uint8_t *mem = map(fd, PAGE, PROT_READ);

	assert_int_equal(*mem, mark);
	munmap(mem, PAGE);
}

uint64_t regions_alive(void)
{
	return fact("/sys/kernel/debug/ipcx/totals", "regions");
}

int riding_queue(uint32_t flags)
{
	int fd = queue(NULL, .slots = 4, .slot_size = RIDERS_SLOT, .flags = flags);

	assert_true(fd >= 0);
	return fd;
}
