// SPDX-License-Identifier: GPL-2.0-only
/* Regions that ride along messages of SEND and RECV. */
#include <sys/resource.h>

#include "region.h"
#include "riders.h"

static void test_region_arrives(void **state)
{
	int q = riding_queue(0), r = marked_region(7);
	struct ipcx_stat sent = object_stat(r), came;
	struct got got;

	(void)state;
	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	close(r);
	assert_int_equal(regions_alive(), 1);
	assert_int_equal(recv_riders(q, &got, 1, 1), 1);
	assert_int_equal(got.msg.flags, IPCX_MSG_STAMPED | IPCX_MSG_FDS);
	assert_int_equal(got.msg.fd_count, 1);
	assert_int_equal(fcntl(got.fds[0], F_GETFD), FD_CLOEXEC);
	expect_mark(got.fds[0], 7);
	came = object_stat(got.fds[0]);
	assert_int_equal(came.id, sent.id);
	assert_int_equal(came.rights, sent.rights);
	assert_int_equal(came.users, 1);
	close(got.fds[0]);
	close(q);
	assert_int_equal(regions_alive(), 0);
}

/* Of every right, alone and together: what is sent is what comes. */
static void test_rights_are_the_senders(void **state)
{
	int q = riding_queue(0), r = marked_region(1);
	struct got got;

	(void)state;
	for (uint32_t rights = 1; rights <= IPCX_RIGHTS_REGION; rights++) {
		int narrow = object_reopen(r, rights);

		if (narrow < 0)
			continue;
		assert_int_equal(send_riders(q, rights, &narrow, 1), 1);
		close(narrow);
		assert_int_equal(recv_riders(q, &got, 1, rights), 1);
		assert_int_equal(object_stat(got.fds[0]).rights, rights);
		assert_int_equal(object_reopen(got.fds[0], IPCX_RIGHTS_REGION),
				 rights == IPCX_RIGHTS_REGION ?
				 got.fds[0] + 1 : -EACCES);
		if (rights == IPCX_RIGHT_READ)
			assert_int_equal(map_error(got.fds[0], PAGE, RW,
						   MAP_SHARED, 0), -EACCES);
		close(got.fds[0]);
		close(got.fds[0] + 1);
	}
	close(r);
	close(q);
}

static void test_many_in_order(void **state)
{
	int riders[IPCX_FDS_MAX + 1];
	int q = riding_queue(0);
	struct got got;

	(void)state;
	for (int i = 0; i <= IPCX_FDS_MAX; i++)
		riders[i] = marked_region(i);
	assert_int_equal(send_riders(q, 0, riders, IPCX_FDS_MAX + 1), -E2BIG);
	expect_empty(q);
	assert_int_equal(send_riders(q, 1, riders, IPCX_FDS_MAX), 1);
	for (int i = 0; i <= IPCX_FDS_MAX; i++)
		close(riders[i]);
	assert_int_equal(recv_riders(q, &got, IPCX_FDS_MAX + 1, 1), 1);
	assert_int_equal(got.msg.fd_count, IPCX_FDS_MAX);
	for (int i = 0; i < IPCX_FDS_MAX; i++) {
		expect_mark(got.fds[i], i);
		close(got.fds[i]);
	}
	assert_int_equal(got.fds[IPCX_FDS_MAX], NOT_WRITTEN);
	close(q);
}

static void test_same_region_twice(void **state)
{
	int q = riding_queue(0), r = marked_region(3);
	struct got got;

	(void)state;
	assert_int_equal(send_riders(q, 1, (int[]){ r, r }, 2), 1);
	assert_int_equal(recv_riders(q, &got, 2, 1), 1);
	assert_int_equal(got.msg.fd_count, 2);
	assert_int_not_equal(got.fds[0], got.fds[1]);
	assert_int_equal(object_stat(r).users, 3);
	close(got.fds[0]);
	expect_mark(got.fds[1], 3);
	close(got.fds[1]);
	close(r);
	close(q);
}

static void test_wrong_descriptors(void **state)
{
	int q = riding_queue(0), r = marked_region(1), pipes[2], path;
	struct ipcx_msg msg;
	uint32_t value = 1;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	path = open("/", O_PATH);
	assert_int_equal(send_riders(q, 1, (int[]){ r, -1 }, 2), -EBADF);
	assert_int_equal(send_riders(q, 1, (int[]){ r, 1000 }, 2), -EBADF);
	assert_int_equal(send_riders(q, 1, (int[]){ r, path }, 2), -EBADF);
	assert_int_equal(send_riders(q, 1, (int[]){ r, q }, 2), -EPROTOTYPE);
	assert_int_equal(send_riders(q, 1, (int[]){ r, ctl }, 2), -EPROTOTYPE);
	assert_int_equal(send_riders(q, 1, (int[]){ r, *pipes }, 2),
			 -EPROTOTYPE);
	assert_int_equal(send_riders(q, 1, (void *)0x1000, 1), -EFAULT);
	assert_int_equal(send_riders(q, 1, NULL, 1), -EFAULT);
	assert_int_equal(send_riders(q, 1, &r, UINT32_MAX), -E2BIG);
	/* What is refused for another reason leaves nothing behind either. */
	msg = message((void *)0x1000, &r, 1);
	assert_int_equal(transfer(q, IPCX_IOC_SEND, &msg, 1, 0), -EFAULT);
	msg = message(&value, &r, 1);
	msg.fd_pad = 1;
	assert_int_equal(transfer(q, IPCX_IOC_SEND, &msg, 1, 0), -EINVAL);
	assert_int_equal(object_stat(r).users, 1);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(send_u32(q, i, IPCX_NO_WAIT), 1);
	assert_int_equal(send_riders(q, 1, &r, 1), -EAGAIN);
	assert_int_equal(object_stat(r).users, 1);
	assert_int_equal(object_stat(q).depth, 4);
	close(pipes[0]);
	close(pipes[1]);
	close(path);
	close(r);
	close(q);
}

static void test_too_little_room(void **state)
{
	int riders[3], q = riding_queue(0);
	struct got got;

	(void)state;
	for (uint32_t room = 0; room < 3; room++) {
		int files;

		for (int i = 0; i < 3; i++)
			riders[i] = marked_region(i);
		assert_int_equal(send_riders(q, room, riders, 3), 1);
		for (int i = 0; i < 3; i++)
			close(riders[i]);
		assert_int_equal(regions_alive(), 3);
		files = open_fds();
		assert_int_equal(recv_riders(q, &got, room, room), 1);
		assert_int_equal(got.msg.flags, IPCX_MSG_STAMPED |
				 IPCX_MSG_FDS | IPCX_MSG_FDS_LOST);
		assert_int_equal(got.msg.fd_count, room);
		assert_int_equal(open_fds(), files + room);
		assert_int_equal(regions_alive(), room);
		for (uint32_t i = 0; i < room; i++) {
			expect_mark(got.fds[i], i);
			close(got.fds[i]);
		}
	}
	close(q);
}

/* Callers that know nothing of descriptors lose them all, and are told so. */
static void test_callers_of_48_bytes(void **state)
{
	int q = riding_queue(0), r = marked_region(1);
	uint8_t bytes[RIDERS_SLOT], tail[24];
	struct ipcx_msg msg = { .buf = (uintptr_t)bytes, .len = RIDERS_SLOT };
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .msgs = (uintptr_t)&msg, .count = 1,
		.msg_size = offsetof(struct ipcx_msg, fds),
	};
	struct got got;

	(void)state;
	memset(&msg.fds, POISON, sizeof(tail));
	memset(tail, POISON, sizeof(tail));
	assert_int_equal(call(q, IPCX_IOC_SEND, &arg), 1);
	assert_int_equal(recv_msg(q, bytes, RIDERS_SLOT, &got.msg, 0), 1);
	assert_int_equal(got.msg.flags, IPCX_MSG_STAMPED);

	assert_int_equal(send_riders(q, 5, &r, 1), 1);
	close(r);
	assert_int_equal(call(q, IPCX_IOC_RECV, &arg), 1);
	assert_int_equal(msg.flags, IPCX_MSG_STAMPED | IPCX_MSG_FDS |
				    IPCX_MSG_FDS_LOST);
	assert_memory_equal(&msg.fds, tail, sizeof(tail));
	assert_int_equal(regions_alive(), 0);
	close(q);
}

static void test_batch_with_and_without(void **state)
{
	int q = riding_queue(0), r[2] = { marked_region(1), marked_region(2) };
	uint32_t value[3] = { 1, 2, 3 };
	struct ipcx_msg msgs[3] = {
		message(&value[0], &r[0], 1), message(&value[1], NULL, 0),
		message(&value[2], &r[1], 1),
	};
	int fds[3] = { -1, -1, -1 };
	uint8_t buf[3][RIDERS_SLOT];

	(void)state;
	assert_int_equal(transfer(q, IPCX_IOC_SEND, msgs, 3, 0), 3);
	for (int i = 0; i < 3; i++)
		msgs[i] = (struct ipcx_msg) {
			.buf = (uintptr_t)buf[i], .len = RIDERS_SLOT,
			.fds = (uintptr_t)&fds[i], .fd_count = 1,
		};
	assert_int_equal(transfer(q, IPCX_IOC_RECV, msgs, 3, 0), 3);
	assert_int_equal(msgs[0].fd_count, 1);
	assert_int_equal(msgs[1].fd_count, 0);
	assert_int_equal(msgs[1].flags, IPCX_MSG_STAMPED);
	assert_int_equal(msgs[2].fd_count, 1);
	expect_mark(fds[0], 1);
	assert_int_equal(fds[1], -1);
	expect_mark(fds[2], 2);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(r[0]);
	close(r[1]);
	close(q);
}

/* No descriptor to be had, for one or for the second of two. */
static void test_no_descriptors_left(void **state)
{
	int q = riding_queue(0), r[2] = { marked_region(1), marked_region(2) };
	struct rlimit limit, few;
	struct got got;

	(void)state;
	assert_int_equal(send_riders(q, 1, r, 2), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int spare = 0; spare < 2; spare++) {
		int first = dup(0), files;

		close(first);
		few = (struct rlimit){ first + spare, limit.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		assert_int_equal(recv_riders(q, &got, 2, 1), -EMFILE);
		assert_int_equal(got.fds[0], NOT_WRITTEN);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		files = open_fds();
		assert_int_equal(dup(0), first);
		close(first);
		assert_int_equal(open_fds(), files);
		assert_int_equal(object_stat(r[0]).users, 2);
		assert_int_equal(object_stat(q).depth, 1);
	}
	assert_int_equal(recv_riders(q, &got, 2, 1), 1);
	assert_int_equal(got.msg.flags, IPCX_MSG_STAMPED | IPCX_MSG_FDS);
	assert_int_equal(got.msg.fd_count, 2);
	expect_mark(got.fds[0], 1);
	expect_mark(got.fds[1], 2);
	close(got.fds[0]);
	close(got.fds[1]);
	close(r[0]);
	close(r[1]);
	close(q);
}

/* Nowhere to put the payload, the numbers or the message: it stays, with all. */
static void test_not_copied_out(void **state)
{
	int q = riding_queue(0), r = marked_region(9), first = dup(0);
	uint8_t *page = mmap(NULL, PAGE, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t buf[RIDERS_SLOT];
	int came = -1;
	struct got got;

	(void)state;
	close(first);
	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	for (int which = 0; which < 3; which++) {
		struct ipcx_msg on_stack = {
			.buf = (uintptr_t)(which == 0 ? page : buf),
			.len = RIDERS_SLOT,
			.fds = (uintptr_t)(which == 1 ? page : (void *)&came),
			.fd_count = 1,
		};
		struct ipcx_msg *msg = &on_stack;

		if (which == 2) {
			mprotect(page, PAGE, RW);
			msg = memcpy(page, msg, sizeof(*msg));
			mprotect(page, PAGE, PROT_READ);
		}
		assert_int_equal(transfer(q, IPCX_IOC_RECV, msg, 1, 0), -EFAULT);
		assert_int_equal(dup(0), first);
		close(first);
		assert_int_equal(object_stat(r).users, 2);
	}
	munmap(page, PAGE);
	assert_int_equal(recv_riders(q, &got, 1, 1), 1);
	assert_int_equal(got.msg.flags, IPCX_MSG_STAMPED | IPCX_MSG_FDS);
	expect_mark(got.fds[0], 9);
	close(got.fds[0]);
	close(r);
	close(q);
}

/* Pages that are not there yet are fetched, without a descriptor too many. */
static void test_copied_to_fresh_pages(void **state)
{
	int q = riding_queue(0), r = marked_region(9), files;
	uint8_t *fresh = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	struct ipcx_msg msg = {
		.buf = (uintptr_t)fresh, .len = RIDERS_SLOT,
		.fds = (uintptr_t)(fresh + 2 * PAGE - 4), .fd_count = 2,
	};
	int fds[2];

	(void)state;
	assert_int_equal(send_riders(q, 1, (int[]){ r, r }, 2), 1);
	files = open_fds();
	assert_int_equal(transfer(q, IPCX_IOC_RECV, &msg, 1, 0), 1);
	assert_int_equal(open_fds(), files + 2);
	memcpy(fds, fresh + 2 * PAGE - 4, sizeof(fds));
	expect_mark(fds[0], 9);
	expect_mark(fds[1], 9);
	close(fds[0]);
	close(fds[1]);
	munmap(fresh, 3 * PAGE);
	close(r);
	close(q);
}

static void test_dropped_message(void **state)
{
	int q = riding_queue(IPCX_QUEUE_DROP_OLDEST), r = marked_region(1);

	(void)state;
	assert_int_equal(send_riders(q, 0, &r, 1), 1);
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(send_u32(q, i, IPCX_NO_WAIT), 1);
	assert_int_equal(object_stat(r).users, 1);
	expect_u32(q, 1);
	close(r);
	close(q);
}

/* Killed at any time, senders and receivers leave nothing that stays. */
static void test_killed_at_work(void **state)
{
	int q = riding_queue(0);

	(void)state;
	for (int i = 0; i < 40; i++) {
		pid_t sender = child_fork(), receiver;
		struct got got;

		if (!sender) {
			for (;;) {
				int r[4];

				for (int j = 0; j < 4; j++)
					r[j] = region_create(NULL, PAGE, 0, 0600);
				send_riders(q, 1, r, 4);
				for (int j = 0; j < 4; j++)
					close(r[j]);
			}
		}
		receiver = child_fork();
		if (!receiver) {
			for (;;)
				if (recv_riders(q, &got, 3, 1) == 1)
					for (int j = 0; j < 3; j++)
						close(got.fds[j]);
		}
		for (int naps = 0; naps < i % 7; naps++)
			nap();
		child_kill(i % 2 ? sender : receiver);
		child_kill(i % 2 ? receiver : sender);
		while (recv_riders(q, &got, 4, 1) == 1) {
			assert_int_equal(got.msg.fd_count, 4);
			for (int j = 0; j < 4; j++)
				close(got.fds[j]);
		}
		assert_soon(regions_alive() == 0);
	}
	close(q);
}

/* A sender that sleeps for room has its riders with it. */
static void test_sleeping_sender_killed(void **state)
{
	int q = queue(NULL, .slots = 1), r = marked_region(1);
	pid_t pid;

	(void)state;
	assert_int_equal(send_u32(q, 1, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		uint32_t value = 2;
		struct ipcx_msg msg = message(&value, &r, 1);

		transfer(q, IPCX_IOC_SEND, &msg, 1, IPCX_FOREVER);
		child_done();
	}
	assert_soon(object_stat(q).waiting_send == 1);
	/* The child's descriptor is a duplicate of this one. */
	assert_int_equal(object_stat(r).users, 2);
	child_kill(pid);
	assert_soon(object_stat(r).users == 1);
	close(r);
	close(q);
}

static void fill_with_riders(int q)
{
	int r[IPCX_FDS_MAX];

	for (int i = 0; i < IPCX_FDS_MAX; i++)
		r[i] = region_create(NULL, PAGE, 0, 0600);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(send_riders(q, i, r, IPCX_FDS_MAX), 1);
	for (int i = 0; i < IPCX_FDS_MAX; i++)
		close(r[i]);
	assert_int_equal(regions_alive(), IPCX_FDS_MAX);
}

static void test_queue_closed(void **state)
{
	int q = riding_queue(0);

	(void)state;
	fill_with_riders(q);
	close(q);
	assert_soon(regions_alive() == 0);
}

static void test_shutdown_drops(void **state)
{
	int q = queue("q", .slots = 4, .slot_size = RIDERS_SLOT), r;
	struct got got;

	(void)state;
	fill_with_riders(q);
	assert_int_equal(object_shutdown("q"), 0);
	assert_int_equal(regions_alive(), 0);
	assert_int_equal(recv_riders(q, &got, 1, 0), -EIDRM);
	r = marked_region(1);
	assert_int_equal(send_riders(q, 0, &r, 1), -EIDRM);
	assert_int_equal(object_stat(r).users, 1);
	close(r);
	close(q);
}

static void test_unlink_of_a_persistent_queue(void **state)
{
	int q = queue("q", .slots = 4, .slot_size = RIDERS_SLOT,
		      .flags = IPCX_CREATE_PERSIST);

	(void)state;
	fill_with_riders(q);
	close(q);
	close(ctl);
	assert_int_equal(regions_alive(), IPCX_FDS_MAX);
	assert_int_equal(module_unload(), -EAGAIN);
	reopen_ctl();
	assert_int_equal(object_unlink("q"), 0);
	assert_soon(regions_alive() == 0);
}

/* Named ones as well: the name goes when the last rider does. */
static void test_named_region_rides(void **state)
{
	int q = riding_queue(0), r = region_create("r", PAGE, 0, 0600);
	struct got got;

	(void)state;
	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	close(r);
	r = object_open("r", IPCX_KIND_REGION, IPCX_RIGHT_READ);
	assert_true(r >= 0);
	close(r);
	assert_int_equal(recv_riders(q, &got, 0, 1), 1);
	assert_int_equal(object_open("r", IPCX_KIND_REGION, 0), -ENOENT);
	close(q);
}

/* Limits go on counting a region for who made it. */
static void test_charged_to_its_maker(void **state)
{
	int q = riding_queue(0);
	pid_t pid = child_fork();
	struct got got;

	(void)state;
	if (!pid) {
		int r;

		become(SOMEBODY, SOMEBODY);
		r = region_create(NULL, 8 * PAGE, 0, 0600);
		assert_int_equal(send_riders(q, 1, &r, 1), 1);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(user_count(SOMEBODY, "bytes"), 8 * PAGE);
	assert_int_equal(user_count(SOMEBODY, "objects"), 1);
	assert_int_equal(recv_riders(q, &got, 1, 1), 1);
	assert_int_equal(user_count(SOMEBODY, "bytes"), 8 * PAGE);
	close(got.fds[0]);
	assert_soon(user_count(SOMEBODY, "objects") == 0);
	close(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region_arrives),
		cmocka_unit_test(test_rights_are_the_senders),
		cmocka_unit_test(test_many_in_order),
		cmocka_unit_test(test_same_region_twice),
		cmocka_unit_test(test_wrong_descriptors),
		cmocka_unit_test(test_too_little_room),
		cmocka_unit_test(test_callers_of_48_bytes),
		cmocka_unit_test(test_batch_with_and_without),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_not_copied_out),
		cmocka_unit_test(test_copied_to_fresh_pages),
		cmocka_unit_test(test_dropped_message),
		cmocka_unit_test(test_killed_at_work),
		cmocka_unit_test(test_sleeping_sender_killed),
		cmocka_unit_test(test_queue_closed),
		cmocka_unit_test(test_shutdown_drops),
		cmocka_unit_test(test_unlink_of_a_persistent_queue),
		cmocka_unit_test(test_named_region_rides),
		cmocka_unit_test(test_charged_to_its_maker),
	};

	return guest_run(tests);
}
