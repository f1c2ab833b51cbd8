// SPDX-License-Identifier: GPL-2.0-only
/* IPCX_UNLINK_SHUTDOWN: everybody is told, and what is mapped stays. */
#include "mapped.h"
#include "region.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

#define SLOTS	4

static int open_queue(void)
{
	int fd = queue("over", .slots = SLOTS, .flags = IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

static void fill(int fd)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
}

static void sleep_in_recv(int fd)
{
	uint32_t value;

	assert_int_equal(recv_u32(fd, &value, IPCX_FOREVER), -EIDRM);
}

static void sleep_in_wait_recv(int fd)
{
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, IPCX_FOREVER),
			 -EIDRM);
}

static void sleep_in_send(int fd)
{
	assert_int_equal(send_u32(fd, 1, IPCX_FOREVER), -EIDRM);
}

static void sleep_in_wait_send(int fd)
{
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, IPCX_FOREVER),
			 -EIDRM);
}

static void poll_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(p.revents, POLLERR | POLLHUP);
}

static void sleep_in_poll_recv(int fd)
{
	poll_for(fd, POLLIN);
}

static void sleep_in_poll_send(int fd)
{
	poll_for(fd, POLLOUT);
}

/* POLLERR and POLLHUP need not be asked for. */
static void sleep_in_poll_nothing(int fd)
{
	poll_for(fd, 0);
}

static void sleep_in_epoll(int fd)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	assert_int_equal(epoll_wait(ep, &ev, 1, -1), 1);
	assert_int_equal(ev.events, EPOLLERR | EPOLLHUP);
}

static const struct sleeper {
	void (*sleep)(int fd);
	long syscall_nr;
	bool full;			/* sleeps in a full queue, or an empty one */
} sleepers[] = {
	{ sleep_in_recv, SYS_ioctl, false },
	{ sleep_in_wait_recv, SYS_ioctl, false },
	{ sleep_in_send, SYS_ioctl, true },
	{ sleep_in_wait_send, SYS_ioctl, true },
	{ sleep_in_poll_recv, SYS_poll, false },
	{ sleep_in_poll_send, SYS_poll, true },
	{ sleep_in_epoll, SYS_epoll_wait, false },
};

static void check_sleepers(bool full)
{
	pid_t pids[ARRAY_SIZE(sleepers)] = { 0 };
	int fd = open_queue();

	if (full)
		fill(fd);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++) {
		if (sleepers[i].full != full)
			continue;
		pids[i] = child_fork();
		if (!pids[i]) {
			sleepers[i].sleep(fd);
			child_done();
		}
		assert_soon(asleep_in(pids[i], sleepers[i].syscall_nr));
	}
	assert_int_equal(object_shutdown("over"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		if (pids[i])
			child_ok(pids[i]);
	assert_int_equal(object_stat(fd).waiting_recv, 0);
	assert_int_equal(object_stat(fd).waiting_send, 0);
	close(fd);
}

static void test_wakes_who_sleeps_for_messages(void **state)
{
	(void)state;
	check_sleepers(false);
}

static void test_wakes_who_sleeps_for_room(void **state)
{
	(void)state;
	check_sleepers(true);
}

static void test_wakes_who_polls_for_nothing(void **state)
{
	int fd = open_queue();
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		sleep_in_poll_nothing(fd);
		child_done();
	}
	assert_soon(asleep_in(pid, SYS_poll));
	assert_int_equal(object_shutdown("over"), 0);
	child_ok(pid);
	close(fd);
}

static void test_later_calls(void **state)
{
	int fd = open_queue();
	uint32_t value = 7;

	(void)state;
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(object_shutdown("over"), 0);

	/* There is a message and there is room: neither counts any more. */
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), -EIDRM);
	assert_int_equal(value, 7);
	assert_int_equal(recv_u32(fd, &value, IPCX_FOREVER), -EIDRM);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), -EIDRM);
	assert_int_equal(send_u32(fd, 1, IPCX_FOREVER), -EIDRM);
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, IPCX_NO_WAIT),
			 -EIDRM);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, IPCX_FOREVER),
			 -EIDRM);
	assert_int_equal(poll_now(fd, POLLIN), POLLERR | POLLHUP);
	assert_int_equal(poll_now(fd, POLLOUT), POLLERR | POLLHUP);
	assert_int_equal(poll_now(fd, 0), POLLERR | POLLHUP);
	assert_int_equal(object_stat(fd).sent, 1);
	assert_string_equal(object_stat(fd).name, "");

	assert_int_equal(map_error(fd, PAGE, PROT_READ, MAP_SHARED,
				   IPCX_MMAP_KPAGE), -EIDRM);
	assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, IPCX_MMAP_RING),
			 -EIDRM);
	assert_int_equal(object_stat(fd).attachments, 0);
	close(fd);
}

static void test_mapped_queue(void **state)
{
	int fd = open_queue();
	struct mapped m;
	uint32_t value = 0;

	(void)state;
	mapped_open(&m, fd);
	assert_int_equal(mapped_send_u32(&m, 5, IPCX_NO_WAIT), 1);
	assert_int_equal(object_shutdown("over"), 0);
	assert_true(m.kpage->hangup & IPCX_HANGUP_DOWN);

	/* The memory is there as long as it is mapped; sleeping is over. */
	assert_int_equal(mapped_recv_u32(&m, &value, IPCX_FOREVER), 1);
	assert_int_equal(value, 5);
	assert_int_equal(mapped_recv_u32(&m, &value, IPCX_FOREVER), -EIDRM);
	assert_int_equal(object_stat(fd).attachments, 1);
	mapped_close(&m);
	close(fd);
}

static void test_region(void **state)
{
	int fd = region_create("over", 2 * PAGE, IPCX_CREATE_PERSIST, 0600);
	uint8_t *mem = map(fd, 2 * PAGE, RW);
	pid_t pid;

	(void)state;
	mem[0] = 1;
	assert_int_equal(object_shutdown("over"), 0);
	assert_int_equal(object_stat(fd).create_flags, 0);
	assert_int_equal(map_error(fd, PAGE, PROT_READ, MAP_SHARED, 0), -EIDRM);
	assert_int_equal(map_error(fd, PAGE, RW, MAP_PRIVATE, 0), -EIDRM);
	assert_int_equal(mappings(fd), 1);

	/* What is mapped stays, for children too. */
	assert_int_equal(mem[0], 1);
	pid = child_fork();
	if (!pid) {
		mem[PAGE] = 2;
		child_done();
	}
	child_ok(pid);
	assert_int_equal(mem[PAGE], 2);
	assert_int_equal(mprotect(mem, PAGE, PROT_READ), 0);
	munmap(mem, 2 * PAGE);
	assert_int_equal(mappings(fd), 0);
	close(fd);
}

static void test_name_is_free_at_once(void **state)
{
	int old = open_queue();
	uint64_t id = object_stat(old).id;
	int new;

	(void)state;
	assert_int_equal(object_shutdown("over"), 0);
	assert_int_equal(object_shutdown("over"), -ENOENT);
	new = open_queue();
	assert_true(object_stat(new).id > id);
	assert_int_equal(send_u32(new, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(send_u32(old, 1, IPCX_NO_WAIT), -EIDRM);
	close(old);
	close(new);
}

static void test_who_may_not(void **state)
{
	int fd = queue("over", .mode = 0666);
	struct ipcx_stat before = object_stat(fd);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		become(NOBODY, NOBODY);
		assert_int_equal(object_shutdown("over"), -EPERM);
		child_done();
	}
	child_ok(pid);
	stat_unchanged(fd, &before);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	close(fd);
}

/* A plain unlink ends nothing, and cannot be followed by a shutdown. */
static void test_unlink_alone_ends_nothing(void **state)
{
	int fd = open_queue();
	uint32_t value;

	(void)state;
	assert_int_equal(object_unlink("over"), 0);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(object_shutdown("over"), -ENOENT);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wakes_who_sleeps_for_messages),
		cmocka_unit_test(test_wakes_who_sleeps_for_room),
		cmocka_unit_test(test_wakes_who_polls_for_nothing),
		cmocka_unit_test(test_later_calls),
		cmocka_unit_test(test_mapped_queue),
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_name_is_free_at_once),
		cmocka_unit_test(test_who_may_not),
		cmocka_unit_test(test_unlink_alone_ends_nothing),
	};

	return guest_run(tests);
}
