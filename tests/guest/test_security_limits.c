// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the table of test_security.c cannot tell in a word: memory cgroups, what
 * a seccomp filter sees, tracers, and what receivers are told of senders.
 */
#include "cgroup.h"
#include "mapped.h"
#include "region.h"
#include "ways.h"

#include <glob.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define MIB	(1024 * 1024UL)

/* ---- a memory cgroup ---- */

/*
 * What was freed keeps its group as long as the kernel keeps it: slab objects by
 * KASAN, to see a use of them, until their cache is made to shrink; pages in each
 * processor's list of those that go to the LRU, until that is drained.
 */
static uint64_t dying_cgroups(void)
{
	glob_t caches;

	assert_int_equal(glob("/sys/kernel/slab/*/shrink", 0, NULL, &caches), 0);
	for (size_t i = 0; i < caches.gl_pathc; i++)
		assert_int_equal(file_write(caches.gl_pathv[i], "1"), 0);
	globfree(&caches);
	assert_int_equal(file_write("/proc/sys/vm/compact_memory", "1"), 0);
	return fact(CGROUPS "cgroup.stat", "nr_dying_descendants");
}

/* Whoever is in the group; nobody else is harmed. */
static void test_oom_in_the_group(void **state)
{
	int fd = region_create(NULL, 32 * MIB, 0, 0600);
	uint8_t *mem = map(fd, 32 * MIB, RW);
	int status = 0;
	pid_t pid;

	(void)state;
	cgroup_begin(8 * MIB);
	pid = child_fork();
	if (!pid) {
		cgroup_enter();
		memset(mem, 1, 32 * MIB);
		child_done();
	}
	assert_soon(waitpid(pid, &status, WNOHANG) == pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(fact(CGROUP "/memory.events", "oom_kill") >= 1);
	/* What it wrote is there, and the rest still to be had. */
	assert_int_equal(mem[0], 1);
	assert_int_equal(mem[32 * MIB - 1], 0);
	mem[32 * MIB - 1] = 2;
	munmap(mem, 32 * MIB);
	close(fd);
	cgroup_end();
}

/* Small objects are memory, too: they end at the limit, long before the quota. */
static void test_objects_fill_the_group(void **state)
{
	const struct rlimit many = { 8192, 8192 };
	_Atomic uint32_t *count = shared_words();
	int status = 0;
	pid_t pid;

	(void)state;
	cgroup_begin(8 * MIB);
	pid = child_fork();
	if (!pid) {
		int rc;

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
		cgroup_enter();
		while ((rc = queue(NULL)) >= 0)
			++*count;
		assert_int_equal(rc, -ENOMEM);
		child_done();
	}
	assert_soon(waitpid(pid, &status, WNOHANG) == pid);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGKILL);
	else
		assert_int_equal(status, 0);
	assert_in_range(*count, 16, 8 * MIB / (2 * PAGE));
	assert_soon(!user_count(0, "objects "));
	cgroup_end();
	shared_free(count);
}

/* Objects that stay when their maker's group goes; and the group goes with them. */
static void test_group_is_removed(void **state)
{
	int region, q;
	uint8_t *mem;
	pid_t pid;

	(void)state;
	/* Of the tests before. */
	assert_soon(!dying_cgroups());
	cgroup_begin(64 * MIB);
	pid = child_fork();
	if (!pid) {
		cgroup_enter();
		region = region_create("region", MIB, IPCX_CREATE_PERSIST |
				       IPCX_REGION_PREFAULT, 0600);
		q = queue("queue", .flags = IPCX_CREATE_PERSIST |
					    IPCX_QUEUE_MAPPABLE);
		map(region, MIB, RW)[MIB - 1] = 7;
		assert_int_equal(send_u32(q, 1, IPCX_NO_WAIT), 1);
		child_done();
	}
	child_ok(pid);
	cgroup_end();
	assert_int_equal(dying_cgroups(), 1);

	region = object_open("region", IPCX_KIND_REGION, 0);
	q = object_open("queue", IPCX_KIND_QUEUE, 0);
	mem = map(region, MIB, RW);
	assert_int_equal(mem[MIB - 1], 7);
	assert_int_equal(mem[0], 0);
	munmap(mem, MIB);
	expect_u32(q, 1);
	assert_int_equal(send_u32(q, 2, IPCX_NO_WAIT), 1);
	assert_int_equal(region_resize(region, 2 * MIB), 0);
	assert_int_equal(object_unlink("region"), 0);
	assert_int_equal(object_unlink("queue"), 0);
	close(region);
	close(q);
	assert_soon(!dying_cgroups());
}

/* ---- seccomp ---- */

/*
 * The size in a command's number is not looked at: a filter that knows one such
 * number must not look at it either, and then sees all of its spellings.
 */
static void test_filter_of_one_ioctl(void **state)
{
	int q = queue(NULL);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		forbid_ioctl(~(uint32_t)IOCSIZE_MASK,
			     IPCX_IOC_SEND & ~IOCSIZE_MASK);
		for (unsigned int size = 0; size < 1U << _IOC_SIZEBITS;
		     size += 8) {
			unsigned long cmd = (IPCX_IOC_SEND & ~IOCSIZE_MASK) |
					    size << _IOC_SIZESHIFT;

			assert_int_equal(call(q, cmd, NULL), -EPERM);
			/* The bits above an int are cut off, by all alike. */
			cmd |= 1UL << 32;
			assert_int_equal(call(q, cmd, NULL), -EPERM);
		}
		expect_empty(q);
		child_done();
	}
	child_ok(pid);
	close(q);
}

/* Who maps the ring needs no call: that is what MAP gives, and takes it away. */
static void test_filter_does_not_see_the_ring(void **state)
{
	int q = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct mapped m;
		uint64_t ticket;

		mapped_open(&m, q);
		forbid_ioctl(0, 0);
		assert_int_equal(send_u32(q, 1, IPCX_NO_WAIT), -EPERM);
		ticket = mapped_claim_send(&m);
		mapped_commit(&m, ticket, 2);
		child_done();
	}
	child_ok(pid);
	expect_u32(q, 2);
	expect_empty(q);
	close(q);
}

/* ---- tracers ---- */

static ssize_t peek_at(pid_t pid, const void *addr, void *byte)
{
	struct iovec here = { byte, 1 }, there = { (void *)addr, 1 };
	ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

	return n < 0 ? -errno : n;
}

/*
 * Who may trace a process may do all that it may; but a ring's pages are no
 * memory that can be reached through another, and so held after it died.
 */
static void test_traced_peer(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	int q = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	_Atomic uint32_t *ready = shared_words();
	struct mapped m;
	uint8_t *mem = map(fd, PAGE, RW);
	int status, passed, pidfd;
	uint8_t byte = 0;
	pid_t pid;

	(void)state;
	mem[0] = 7;
	pid = child_fork();
	if (!pid) {
		mapped_open(&m, q);
		/* Where it is does not matter: told by its address. */
		*(_Atomic uint64_t *)&ready[2] = (uintptr_t)m.ring;
		*ready = 1;
		for (;;)
			pause();
	}
	assert_soon(*ready);
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);

	assert_int_equal(peek_at(pid, mem, &byte), 1);
	assert_int_equal(byte, 7);
	assert_int_equal(peek_at(pid, (void *)*(_Atomic uint64_t *)&ready[2],
				 &byte), -EFAULT);
	errno = 0;
	ptrace(PTRACE_PEEKDATA, pid, (void *)*(_Atomic uint64_t *)&ready[2], 0);
	assert_int_equal(errno, EIO);

	/* A descriptor out of it has the rights it had there. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	passed = (int)syscall(SYS_pidfd_getfd, pidfd, q, 0);
	assert_int_equal(object_stat(passed).rights, object_stat(q).rights);
	/* But it is not the peer. */
	assert_int_equal(mapped_attachment(passed), -ENOTCONN);
	close(passed);
	close(pidfd);
	child_kill(pid);
	assert_soon(!object_stat(q).attachments);
	munmap(mem, PAGE);
	shared_free(ready);
	close(q);
	close(fd);
}

/* ---- who sent it ---- */

static struct ipcx_msg next_message(int q)
{
	struct ipcx_msg msg;
	uint8_t buf[64];

	assert_int_equal(recv_msg(q, buf, sizeof(buf), &msg, IPCX_NO_WAIT), 1);
	assert_int_equal(msg.flags, IPCX_MSG_STAMPED);
	return msg;
}

/* Stamped is who calls SEND, when it does: not who opened the descriptor. */
static void test_stamp_is_of_the_call(void **state)
{
	int q = queue(NULL);
	struct ipcx_msg msg;
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(send_u32(q, 1, IPCX_NO_WAIT), 1);
		/* As a program that is set-uid root acts for its caller. */
		assert_int_equal(setresgid(0, SOMEBODY, 0), 0);
		assert_int_equal(setresuid(0, SOMEBODY, 0), 0);
		assert_int_equal(send_u32(q, 2, IPCX_NO_WAIT), 1);
		assert_int_equal(setresuid(0, 0, 0), 0);
		become(NOBODY, NOBODY);
		assert_int_equal(send_u32(q, 3, IPCX_NO_WAIT), 1);
		child_done();
	}
	child_ok(pid);
	msg = next_message(q);
	assert_int_equal(msg.uid, 0);
	assert_int_equal(msg.gid, 0);
	msg = next_message(q);
	assert_int_equal(msg.uid, SOMEBODY);
	assert_int_equal(msg.gid, SOMEBODY);
	msg = next_message(q);
	assert_int_equal(msg.uid, NOBODY);
	assert_int_equal(msg.pid, pid);
	close(q);
}

/* Root of a user namespace is not root outside, nor root outside root there. */
static void test_stamp_between_user_namespaces(void **state)
{
	int q = queue(NULL);
	struct ipcx_msg msg;
	pid_t pid;

	(void)state;
	assert_int_equal(send_u32(q, 1, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		become(SOMEBODY, SOMEBODY);
		enter_user_namespace(0);
		msg = next_message(q);
		/* Shown is /proc/sys/kernel/overflowuid, which is nobody's. */
		assert_int_equal(msg.uid, 65534);
		assert_int_equal(msg.gid, 65534);
		assert_int_equal(send_u32(q, 2, IPCX_NO_WAIT), 1);
		assert_int_equal(send_u32(q, 3, IPCX_NO_WAIT), 1);
		msg = next_message(q);
		assert_int_equal(msg.uid, 0);
		child_done();
	}
	child_ok(pid);
	msg = next_message(q);
	assert_int_equal(msg.uid, SOMEBODY);
	assert_int_equal(msg.gid, SOMEBODY);
	assert_int_equal(msg.pid, pid);
	close(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oom_in_the_group),
		cmocka_unit_test(test_objects_fill_the_group),
		cmocka_unit_test(test_group_is_removed),
		cmocka_unit_test(test_filter_of_one_ioctl),
		cmocka_unit_test(test_filter_does_not_see_the_ring),
		cmocka_unit_test(test_traced_peer),
		cmocka_unit_test(test_stamp_is_of_the_call),
		cmocka_unit_test(test_stamp_between_user_namespaces),
	};

	return guest_run(tests);
}
