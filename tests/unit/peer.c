// SPDX-License-Identifier: GPL-2.0-only
#include <sys/prctl.h>

#include "peer.h"

static int fds_before;

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
	become(NOBODY, NOBODY);
	/* A change of user has cleared it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void test_name(char name[NAME_SIZE], const char *stem)
{
	snprintf(name, NAME_SIZE, "ipcx-test-%s-%d", stem, getpid());
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
