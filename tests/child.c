// SPDX-License-Identifier: GPL-2.0-only
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t in_ms(unsigned int ms)
{
	return now_ns() + (uint64_t)ms * 1000000;
}

void nap(void)
{
	int before = errno;

	nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	errno = before;
}

pid_t child_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid)
		return pid;

	setenv("CMOCKA_TEST_ABORT", "1", 1);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It died before that; 0 is a parent in another pid namespace. */
	if (getppid() && getppid() != parent)
		_exit(1);
	return 0;
}

void child_done(void)
{
	_exit(0);
}

void child_ok(pid_t pid)
{
	int status = 0;

	if (!wait_until(waitpid(pid, &status, WNOHANG) == pid, LONG_ENOUGH)) {
		child_kill(pid);
		fail_msg("child %d did not end", pid);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("child %d failed, status %#x", pid, status);
}

void child_kill(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	/* A child stuck in the kernel must fail the test, not hang it. */
	if (!wait_until(waitpid(pid, &status, WNOHANG) == pid, LONG_ENOUGH))
		fail_msg("child %d cannot be killed", pid);
	assert_true(WIFSIGNALED(status));
}

_Atomic uint32_t *shared_words(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

void shared_free(_Atomic uint32_t *words)
{
	munmap((void *)words, PAGE);
}

unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 0) : otherwise;
}

void become(uid_t uid, gid_t gid)
{
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setresgid(gid, gid, gid), 0);
	assert_int_equal(setresuid(uid, uid, uid), 0);
}

int open_fds(void)
{
	int before = errno, count = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	errno = before;
	return count;
}
