// SPDX-License-Identifier: GPL-2.0-only
/*
 * rmmod, and what other parts of the kernel hold of the module, each by itself:
 *
 *	a descriptor taken by pidfd_getfd()			refused
 *	an epoll set, with a descriptor elsewhere		refused
 *	a poll of io_uring in flight				refused
 *	a sleeper in SEND, WAIT, poll				refused
 *	a named object in another network namespace		refused
 *	a persistent one there, and nobody			refused
 *	a region that rides in a queue				refused
 *	a file of debugfs					refused
 *	a file of fdinfo, of /proc/PID/mem			allowed
 *	an enabled tracepoint					allowed
 *	the core of a process that had it mapped		allowed
 *
 * And when that has gone: always allowed. Everything else: test_unload.c.
 */
#include "mapped.h"
#include "region.h"
#include "riders.h"
#include "unload.h"

#include <ipcx/ipcx.h>

#include <liburing.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* A child with all that this process has but for /dev/ipcx, until it is killed. */
static pid_t holder(void (*hold)(int fd), int fd)
{
	_Atomic uint32_t *ready = shared_words();
	pid_t pid = child_fork();

	if (!pid) {
		close(ctl);
		*ready = 1;
		if (hold)
			hold(fd);
		for (;;)
			pause();
	}
	assert_soon(*ready);
	shared_free(ready);
	return pid;
}

static void test_pidfd_getfd(void **state)
{
	int fd = queue(NULL), pidfd, got;
	pid_t pid = holder(NULL, -1);

	(void)state;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	assert_true(got >= 0);
	close(fd);
	child_kill(pid);
	refused();
	close(got);
	close(pidfd);
	allowed();
}

static void test_epoll(void **state)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = queue(NULL), set = epoll_create1(EPOLL_CLOEXEC);
	pid_t pid;

	(void)state;
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
	pid = holder(NULL, -1);
	close(fd);
	refused();
	/* The set holds nothing by itself, and is left behind. */
	child_kill(pid);
	allowed();
	assert_int_equal(epoll_wait(set, &event, 1, 0), 0);
	close(set);
}

static void test_io_uring(void **state)
{
	struct io_uring uring;
	int fd = queue(NULL);

	(void)state;
	assert_int_equal(io_uring_queue_init(4, &uring, 0), 0);
	io_uring_prep_poll_add(io_uring_get_sqe(&uring), fd, POLLIN);
	assert_int_equal(io_uring_submit(&uring), 1);
	close(fd);
	refused();
	io_uring_queue_exit(&uring);
	allowed();
}

/* ---- sleepers ---- */

static void send_for_ever(int fd)
{
	while (send_u32(fd, 1, IPCX_FOREVER) == 1)
		;
}

static void wait_for_ever(int fd)
{
	queue_wait(fd, IPCX_DIR_RECV, 0, IPCX_FOREVER);
}

static void poll_for_ever(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, -1);
}

static void refused_while(void (*sleep)(int fd), long in)
{
	int fd = queue(NULL);
	pid_t pid = holder(sleep, fd);

	close(fd);
	assert_soon(asleep_in(pid, in));
	refused();
	child_kill(pid);
	allowed();
}

static void test_sleepers(void **state)
{
	(void)state;
	refused_while(send_for_ever, SYS_ioctl);
	refused_while(wait_for_ever, SYS_ioctl);
	refused_while(poll_for_ever, SYS_poll);
}

/* ---- namespaces ---- */

static void in_namespace(uint32_t flags)
{
	_Atomic uint32_t *step = shared_words();
	pid_t pid = child_fork();

	if (!pid) {
		int fd;

		assert_int_equal(unshare(CLONE_NEWNET), 0);
		reopen_ctl();
		fd = region_create("there", PAGE, flags, 0600);
		assert_true(fd >= 0);
		if (flags)
			close(fd);
		close(ctl);
		*step = 1;
		for (;;)
			pause();
	}
	assert_soon(*step);
	assert_int_equal(object_open("there", IPCX_KIND_REGION, 0), -ENOENT);
	refused();
	child_kill(pid);
	allowed();
	shared_free(step);
}

static void test_other_namespace(void **state)
{
	(void)state;
	in_namespace(0);
	in_namespace(IPCX_CREATE_PERSIST);
}

/* ---- riders ---- */

static void test_rider(void **state)
{
	int fd = queue("ridden", .flags = IPCX_CREATE_PERSIST);
	int region = marked_region(7);

	(void)state;
	assert_int_equal(send_riders(fd, 1, &region, 1), 1);
	close(region);
	close(fd);
	refused();
	assert_int_equal(regions_alive(), 1);
	assert_int_equal(object_unlink("ridden"), 0);
	allowed();
}

/* ---- files about it ---- */

static void test_debugfs(void **state)
{
	char path[64], byte;
	int fd = queue("shown"), file, of_object;

	(void)state;
	file = open("/sys/kernel/debug/ipcx/totals", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/sys/kernel/debug/ipcx/objects/%lu/stat",
		 (unsigned long)object_stat(fd).id);
	of_object = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0 && of_object >= 0);
	close(fd);
	refused();
	close(file);
	refused();
	/* Of an object that is no more. */
	assert_soon(access(path, F_OK) == -1);
	assert_int_equal(read(of_object, &byte, 1), -1);
	close(of_object);
	allowed();
}

static void test_proc(void **state)
{
	int fd = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE), info, mem;
	char path[64], byte;
	struct mapped m;
	struct iovec to = { .iov_base = &byte, .iov_len = 1 }, from = to;
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(info >= 0);
	assert_int_equal(read(info, &byte, 1), 1);
	mapped_open(&m, fd);
	from.iov_base = m.ring;
	/* A ring is not inherited: its own process looks, by the back door. */
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	assert_true(mem >= 0);
	(void)!pread(mem, &byte, 1, (off_t)(uintptr_t)m.ring);
	(void)!process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	pid = holder(NULL, -1);
	mapped_close(&m);
	close(fd);
	refused();
	child_kill(pid);
	allowed();
	close(info);
	close(mem);
}

static void test_tracepoints(void **state)
{
	static const char enable[] = "/sys/kernel/tracing/events/ipcx/enable";
	int fd;

	(void)state;
	assert_int_equal(file_write(enable, "1"), 0);
	fd = queue(NULL);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	refused();
	close(fd);
	allowed();
}

static void test_core(void **state)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	int region = region_create(NULL, PAGE, 0, 0600);
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(file_write("/proc/sys/kernel/core_pattern", "core"), 0);
	assert_int_equal(file_write("/proc/sys/kernel/core_uses_pid", "0"), 0);
	pid = child_fork();
	if (!pid) {
		struct mapped m;

		assert_int_equal(chdir("/tmp"), 0);
		assert_int_equal(setrlimit(RLIMIT_CORE, &unlimited), 0);
		mapped_open(&m, fd);
		*map(region, PAGE, RW) = 1;
		mapped_claim_send(&m);
		signal(SIGQUIT, SIG_DFL);
		raise(SIGQUIT);
		child_done();
	}
	close(region);
	assert_true(wait_until(waitpid(pid, &status, WNOHANG) == pid, LONG_ENOUGH));
	assert_true(WIFSIGNALED(status) && WCOREDUMP(status));
	assert_int_equal(unlink("/tmp/core"), 0);
	assert_soon(object_stat(fd).aborted == 1);
	close(fd);
	allowed();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pidfd_getfd),
		cmocka_unit_test(test_epoll),
		cmocka_unit_test(test_io_uring),
		cmocka_unit_test(test_sleepers),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_rider),
		cmocka_unit_test(test_debugfs),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_tracepoints),
		cmocka_unit_test(test_core),
	};

	return guest_run(tests);
}
