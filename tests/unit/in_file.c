// SPDX-License-Identifier: GPL-2.0-only
#include "in_file.h"

char in_file_path[NAME_SIZE + sizeof("/dev/shm/")];

struct ipcx_queue *in_file_flags(uint32_t rights, uint32_t flags)
{
	struct file_queue_options options = {
		.slots = 8,
		.slot_size = 64,
		.flags = flags,
		.rights = rights,
	};
	struct ipcx_queue *queue;

	assert_int_equal(file_queue_open(in_file_path, &options, &queue), 0);
	return queue;
}

struct ipcx_queue *in_file(uint32_t rights)
{
	return in_file_flags(rights, 0);
}

int put_number(struct ipcx_queue *queue, uint64_t number, uint64_t deadline)
{
	return ipcx_queue_send_timed(queue, &number, sizeof(number), 0,
				     deadline);
}

int64_t get_number(struct ipcx_queue *queue, uint64_t deadline)
{
	uint64_t buf[8] = { 0 };
	ssize_t ret = ipcx_queue_recv_timed(queue, buf, sizeof(buf), NULL,
					    deadline);

	if (ret < 0)
		return ret;
	assert_int_equal(ret, sizeof(*buf));
	return buf[0];
}

bool is_there(void)
{
	int before = errno;
	bool there = !access(in_file_path, F_OK);

	errno = before;
	return there;
}

int in_file_setup(void **state)
{
	char name[NAME_SIZE];

	test_name(name, "file-queue");
	snprintf(in_file_path, sizeof(in_file_path), "/dev/shm/%s", name);
	return peer_setup(state);
}

int in_file_teardown(void **state)
{
	bool left = is_there();

	/* What a test has spoiled is no queue to file_queue_unlink(). */
	if (left)
		unlink(in_file_path);
	assert_false(left);
	return peer_teardown(state);
}
