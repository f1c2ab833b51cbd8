// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "peer.h"

#define NOBODY		65534
#define SHARED_BYTES	4096

static int fds_before;

uint64_t in_ms(unsigned int ms)
{
	return ipcx_deadline_after(ms * 1000000ULL);
}

void nap(void)
{
	int before = errno;

	nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	errno = before;
}

pid_t peer_fork(void)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid)
		return pid;

	setenv("CMOCKA_TEST_ABORT", "1", 1);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

void peer_done(void)
{
	_exit(0);
}

void peer_ok(pid_t pid)
{
	int status = 0;

	if (!wait_until(waitpid(pid, &status, WNOHANG) == pid, LONG_ENOUGH)) {
		peer_kill(pid);
		fail_msg("peer %d did not end", pid);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("peer %d failed, status %#x", pid, status);
}

void peer_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static char peer_state(pid_t pid)
{
	char path[64], state = '?';
	int before = errno;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (stat) {
		if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
			state = '?';
		fclose(stat);
	}
	errno = before;
	return state;
}

void peer_asleep(pid_t pid)
{
	assert_soon(peer_state(pid) == 'S');
}

void peer_become_nobody(void)
{
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
	assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
	/* A change of user has cleared it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void test_name(char name[NAME_SIZE], const char *stem)
{
	snprintf(name, NAME_SIZE, "ipcx-test-%s-%d", stem, getpid());
}

_Atomic uint32_t *shared_words(void)
{
	void *words = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(words, MAP_FAILED);
	return words;
}

void shared_free(_Atomic uint32_t *words)
{
	munmap((void *)words, SHARED_BYTES);
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

static _Atomic uint32_t *handled;

static void handler(int signo)
{
	(void)signo;
	++*handled;
}

long interrupted(long (*call)(void *arg), void *arg, int flags,
		 void (*finish)(void *arg))
{
	_Atomic uint32_t *words = shared_words();
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	long ret;
	pid_t pid;

	handled = &words[1];
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		words[0] = 1;
		words[2] = call(arg);
		peer_done();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	assert_soon(words[1]);
	if (finish) {
		peer_asleep(pid);
		finish(arg);
	}
	peer_ok(pid);
	ret = (int32_t)words[2];
	shared_free(words);
	return ret;
}

int peer_setup(void **state)
{
	(void)state;
	fds_before = open_fds();
	errno = ERRNO_CANARY;
	return 0;
}

int peer_teardown(void **state)
{
	(void)state;
	assert_int_equal(errno, ERRNO_CANARY);
	assert_int_equal(open_fds(), fds_before);
	return 0;
}
