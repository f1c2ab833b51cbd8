// SPDX-License-Identifier: GPL-2.0-only
/* Batches of SEND and RECV: how far they go, and what stops them. */
#include "mapped.h"
#include "region.h"
#include "riders.h"

#define SLOTS		4
#define SLOT_SIZE	64

/* A batch of messages with a buffer each. */
struct batch {
	struct ipcx_msg msg[16];
	uint8_t buf[16][SLOT_SIZE];
};

/* Messages numbered from @first on, all on lane 0. */
static void fill(struct batch *batch, uint32_t first)
{
	memset(batch, 0, sizeof(*batch));
	for (uint32_t i = 0; i < ARRAY_SIZE(batch->msg); i++) {
		uint32_t value = first + i;

		memcpy(batch->buf[i], &value, sizeof(value));
		batch->msg[i].buf = (uintptr_t)batch->buf[i];
		batch->msg[i].len = sizeof(value);
	}
}

static void make_room(struct batch *batch)
{
	memset(batch, POISON, sizeof(*batch));
	for (size_t i = 0; i < ARRAY_SIZE(batch->msg); i++) {
		batch->msg[i].buf = (uintptr_t)batch->buf[i];
		batch->msg[i].len = SLOT_SIZE;
		batch->msg[i].pad = 0;
		batch->msg[i].fds = 0;
		batch->msg[i].fd_count = 0;
		batch->msg[i].fd_pad = 0;
	}
}

static uint32_t number(const struct batch *batch, int i)
{
	uint32_t value;

	assert_int_equal(batch->msg[i].len, sizeof(value));
	memcpy(&value, batch->buf[i], sizeof(value));
	return value;
}

static int send_batch(int fd, struct batch *batch, uint32_t n, uint64_t deadline)
{
	return transfer(fd, IPCX_IOC_SEND, batch->msg, n, deadline);
}

static int recv_batch(int fd, struct batch *batch, uint32_t n, uint64_t deadline)
{
	return transfer(fd, IPCX_IOC_RECV, batch->msg, n, deadline);
}

static int small_queue(void)
{
	int fd = queue(NULL, .slots = SLOTS, .slot_size = SLOT_SIZE);

	assert_true(fd >= 0);
	return fd;
}

static void test_batch_takes_what_fits(void **state)
{
	int fd = small_queue();
	struct batch batch;

	(void)state;
	fill(&batch, 10);
	assert_int_equal(send_batch(fd, &batch, 6, IPCX_NO_WAIT), SLOTS);
	assert_int_equal(send_batch(fd, &batch, 1, IPCX_NO_WAIT), -EAGAIN);

	make_room(&batch);
	assert_int_equal(recv_batch(fd, &batch, 3, IPCX_NO_WAIT), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(number(&batch, i), 10 + i);
	assert_int_equal(batch.msg[3].len, SLOT_SIZE);

	make_room(&batch);
	/* It waits for the first only and takes what is there. */
	assert_int_equal(recv_batch(fd, &batch, 16, IPCX_FOREVER), 1);
	assert_int_equal(number(&batch, 0), 13);
	for (size_t i = 1; i < ARRAY_SIZE(batch.msg); i++) {
		assert_int_equal(batch.msg[i].len, SLOT_SIZE);
		assert_int_equal(batch.buf[i][0], POISON);
	}
	close(fd);
}

static void test_batch_stops_at_the_deadline(void **state)
{
	int fd = small_queue();
	uint64_t deadline = in_ms(SHORT);
	struct batch batch;

	(void)state;
	fill(&batch, 0);
	assert_int_equal(send_batch(fd, &batch, 6, deadline), SLOTS);
	assert_true(now_ns() >= deadline);
	for (uint32_t i = 0; i < SLOTS; i++)
		expect_u32(fd, i);
	expect_empty(fd);
	close(fd);
}

static void test_batch_over_lanes(void **state)
{
	int fd = queue(NULL, .slots = 2, .lanes = 2, .slot_size = SLOT_SIZE);
	struct batch batch;

	(void)state;
	fill(&batch, 0);
	for (int i = 0; i < 4; i++)
		batch.msg[i].lane = i % 2;
	assert_int_equal(send_batch(fd, &batch, 4, IPCX_NO_WAIT), 4);
	make_room(&batch);
	assert_int_equal(recv_batch(fd, &batch, 4, IPCX_NO_WAIT), 4);
	assert_int_equal(number(&batch, 0), 1);
	assert_int_equal(number(&batch, 1), 3);
	assert_int_equal(number(&batch, 2), 0);
	assert_int_equal(number(&batch, 3), 2);
	close(fd);
}

static void test_largest_batch(void **state)
{
	int fd = queue(NULL, .slots = 1024, .slot_size = SLOT_SIZE);
	static struct ipcx_msg msgs[1024];
	static uint32_t bufs[1024][SLOT_SIZE / 4];

	(void)state;
	for (uint32_t i = 0; i < 1024; i++) {
		bufs[i][0] = i;
		msgs[i] = (struct ipcx_msg) { .buf = (uintptr_t)bufs[i],
					      .len = 4 };
	}
	assert_int_equal(transfer(fd, IPCX_IOC_SEND, msgs, 1024, 0), 1024);
	memset(bufs, POISON, sizeof(bufs));
	for (uint32_t i = 0; i < 1024; i++)
		msgs[i].len = SLOT_SIZE;
	assert_int_equal(transfer(fd, IPCX_IOC_RECV, msgs, 1024, 0), 1024);
	for (uint32_t i = 0; i < 1024; i++)
		assert_int_equal(bufs[i][0], i);
	close(fd);
}

static void test_bad_message_inside_a_batch(void **state)
{
	static const struct {
		struct ipcx_msg msg;
		int error;
	} bad[] = {
		{ { .buf = 0x1000, .len = 4 }, -EFAULT },
		{ { .len = SLOT_SIZE + 1 }, -EMSGSIZE },
		{ { .lane = 1 }, -EINVAL },
		{ { .flags = 1 }, -EINVAL },
		{ { .pad = 1 }, -EINVAL },
	};
	struct batch batch;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int fd = small_queue();
		int rc;

		fill(&batch, 0);
		batch.msg[2] = bad[i].msg;
		assert_int_equal(send_batch(fd, &batch, 4, IPCX_NO_WAIT), 2);
		rc = transfer(fd, IPCX_IOC_SEND, &batch.msg[2], 2, 0);
		if (rc != bad[i].error)
			fail_msg("message %zu: %d", i, rc);
		expect_u32(fd, 0);
		expect_u32(fd, 1);
		expect_empty(fd);
		close(fd);
	}
}

/* What cannot be copied out stays; nobody has seen it, so it is not marked. */
static void test_bad_buffer_of_receiver(void **state)
{
	int fd = small_queue();
	struct ipcx_stat st;
	struct batch batch;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	make_room(&batch);
	batch.msg[1].buf = 0x1000;
	assert_int_equal(recv_batch(fd, &batch, 3, IPCX_NO_WAIT), 1);
	assert_int_equal(number(&batch, 0), 0);
	assert_int_equal(transfer(fd, IPCX_IOC_RECV, &batch.msg[1], 1, 0),
			 -EFAULT);
	st = object_stat(fd);
	assert_int_equal(st.depth, 2);
	assert_int_equal(st.received, 1);

	make_room(&batch);
	assert_int_equal(recv_batch(fd, &batch, 3, IPCX_NO_WAIT), 2);
	assert_int_equal(number(&batch, 0), 1);
	assert_int_equal(batch.msg[0].flags, IPCX_MSG_STAMPED);
	assert_int_equal(batch.msg[0].pid, getpid());
	assert_int_equal(number(&batch, 1), 2);
	assert_int_equal(batch.msg[1].flags, IPCX_MSG_STAMPED);
	expect_empty(fd);
	close(fd);
}

static void test_message_array_not_writable(void **state)
{
	struct batch *batch = mmap(NULL, sizeof(*batch), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = small_queue();

	(void)state;
	assert_int_equal(send_u32(fd, 7, IPCX_NO_WAIT), 1);
	make_room(batch);
	assert_int_equal(mprotect(batch, sizeof(*batch), PROT_READ), 0);
	assert_int_equal(recv_batch(fd, batch, 1, IPCX_NO_WAIT), -EFAULT);
	munmap(batch, sizeof(*batch));
	expect_u32(fd, 7);
	expect_empty(fd);
	close(fd);
}

/* Pages that hold nothing of their own yet, though they can be read. */
static uint8_t *unwritten(size_t pages)
{
	uint8_t *mem = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	for (size_t i = 0; i < pages; i++)
		assert_int_equal(*(volatile uint8_t *)&mem[i * PAGE], 0);
	return mem;
}

/*
 * A message that is given back comes after what other receivers took meanwhile:
 * that a page was never written before is no reason to.
 */
static void test_nothing_is_given_back_for_a_new_page(void **state)
{
	uint32_t slot_size = 2 * PAGE + 64;
	int fd = queue(NULL, .slots = SLOTS, .slot_size = slot_size,
		       .flags = IPCX_QUEUE_MAPPABLE);
	int region = marked_region(1);
	uint8_t *mem = unwritten(16);
	struct ipcx_msg msgs[3];
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(send_riders(fd, i, &region, 1), 1);
		/* Over page boundaries all three, and the second's numbers. */
		msgs[i] = (struct ipcx_msg) {
			.buf = (uintptr_t)&mem[(4 * i + 1) * PAGE - 8],
			.len = slot_size,
			.fds = (uintptr_t)&mem[(13 + i) * PAGE - 4],
			.fd_count = i == 1 ? IPCX_FDS_MAX : 1,
		};
	}
	assert_int_equal(transfer(fd, IPCX_IOC_RECV, msgs, 3, 0), 3);
	for (uint32_t i = 0; i < 3; i++) {
		int rider;

		assert_int_equal(msgs[i].ticket, i);
		memcpy(&rider, (void *)(uintptr_t)msgs[i].fds, sizeof(rider));
		expect_mark(rider, 1);
		close(rider);
	}
	assert_int_equal(m.kpage->ret_epoch, 0);
	mapped_close(&m);
	munmap(mem, 16 * PAGE);
	close(region);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch_takes_what_fits),
		cmocka_unit_test(test_batch_stops_at_the_deadline),
		cmocka_unit_test(test_batch_over_lanes),
		cmocka_unit_test(test_largest_batch),
		cmocka_unit_test(test_bad_message_inside_a_batch),
		cmocka_unit_test(test_bad_buffer_of_receiver),
		cmocka_unit_test(test_message_array_not_writable),
		cmocka_unit_test(test_nothing_is_given_back_for_a_new_page),
	};

	return guest_run(tests);
}
