// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that goes while its owner waits to send out of it: a claim that cannot
 * be filled is given up, and is in nobody's way.
 */
#include "guest.h"

#define LONG	1024

/* Sends out of a file's page as soon as there is room, and comes to @expected. */
static pid_t send_from(int fd, int memory, uint32_t len, int expected)
{
	pid_t pid = child_fork();
	void *buf;

	if (pid)
		return pid;
	buf = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, memory, 0);
	assert_ptr_not_equal(buf, MAP_FAILED);
	assert_int_equal(send_msg(fd, 0, buf, len, in_ms(LONG_ENOUGH)), expected);
	child_done();
	return 0;
}

static void vanish(uint32_t len, bool comes_back)
{
	int fd = queue(NULL, .slots = 1, .slot_size = LONG);
	int memory = memfd_create("memory", MFD_CLOEXEC);
	static const uint8_t zeroes[LONG];
	uint8_t buf[LONG] = { 0 };
	struct ipcx_msg msg;
	pid_t pid;

	assert_true(fd >= 0 && memory >= 0);
	assert_int_equal(ftruncate(memory, PAGE), 0);
	assert_int_equal(pwrite(memory, "gone", 4, 0), 4);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	pid = send_from(fd, memory, len, comes_back ? 1 : -EFAULT);
	assert_soon(object_stat(fd).waiting_send == 1);

	assert_int_equal(ftruncate(memory, 0), 0);
	if (comes_back)
		assert_int_equal(ftruncate(memory, PAGE), 0);
	assert_int_equal(recv_msg(fd, buf, LONG, &msg, IPCX_NO_WAIT), 1);
	child_ok(pid);
	assert_int_equal(object_stat(fd).aborted, 1);

	if (comes_back) {
		assert_int_equal(recv_msg(fd, buf, LONG, &msg, IPCX_NO_WAIT), 1);
		assert_int_equal(msg.len, len);
		assert_memory_equal(buf, zeroes, len);
	}
	assert_int_equal(recv_msg(fd, buf, LONG, &msg, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(send_u32(fd, 2, IPCX_NO_WAIT), 1);
	close(memory);
	close(fd);
}

static void test_for_good(void **state)
{
	(void)state;
	vanish(sizeof(uint32_t), false);
	vanish(LONG, false);
}

static void test_and_comes_back(void **state)
{
	(void)state;
	vanish(sizeof(uint32_t), true);
	vanish(LONG, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_good),
		cmocka_unit_test(test_and_comes_back),
	};

	return guest_run(tests);
}
