// SPDX-License-Identifier: GPL-2.0-only
/* What ipcxbench leaves when it is interrupted or killed: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pty.h>
#include <sys/msg.h>

#include "tools_bench.h"

/* ---- what it leaves ---- */

static pid_t start_bench(const char *arguments)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	/* Before either goes on, whichever comes first. */
	setpgid(pid, pid ? pid : 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("TMPDIR", dir, 1);
	close(STDOUT_FILENO);
	open("/dev/null", O_WRONLY);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	execlp("sh", "sh", "-c", arguments, NULL);
	_exit(127);
}

static bool any_named(const char *where, const char *what)
{
	struct dirent *entry;
	DIR *listing = opendir(where);
	bool any = false;

	while (listing && (entry = readdir(listing)))
		any |= strstr(entry->d_name, what) && *entry->d_name != '.';
	if (listing)
		closedir(listing);
	return any;
}

/* Its processes are one group; the last of them may just be ending. */
static void assert_no_process(pid_t group)
{
	time_t late = time(NULL) + COMMAND_SECONDS;

	while (!kill(-group, 0)) {
		if (time(NULL) > late)
			fail_msg("processes of group %d are left", group);
		nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	}
}

static void assert_nothing_left(pid_t pid, const char *when)
{
	char name[64];

	assert_no_process(pid);
	snprintf(name, sizeof(name), "ipcxbench.%d.", pid);
	if (any_named("/dev/shm", name) || any_named(dir, "ipcxbench."))
		fail_msg("%s: something is left in /dev/shm or %s", when, dir);
	for (int i = 0; i < 32; i++) {
		int key = 0x69700000 + pid % 0x8000 * 0x20 + i;

		snprintf(name, sizeof(name), "/ipcxbench.%d.%d", pid, i);
		if (mq_open(name, O_RDONLY) != -1 || errno != ENOENT)
			fail_msg("%s: the message queue %s is left", when, name);
		if (msgget(key, 0) != -1 || errno != ENOENT)
			fail_msg("%s: the System V queue %#x is left", when, key);
	}
}

static void interrupt(const char *name, int signal, unsigned int us)
{
	char arguments[128], when[128];
	pid_t pid;
	int status;

	snprintf(arguments, sizeof(arguments),
		 "exec ipcxbench --quick --size 64,4 --peers 2:1 --time 0.02 --runs 99 %s", name);
	pid = start_bench(arguments);
	usleep(us);
	/* As a terminal does: to all of them. */
	kill(signal == SIGINT ? -pid : pid, signal);
	status = ended(pid);
	snprintf(when, sizeof(when), "%s, signal %d after %u us", name, signal, us);
	if (status != 128 + signal)
		fail_msg("%s: status %d", when, status);
	assert_nothing_left(pid, when);
}

static void test_interrupted_anywhere(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGINT, SIGHUP };
	unsigned int seed = getpid();

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned int i = 0; i < 3 * ARRAY_SIZE(channels); i++)
		interrupt(channels[i % ARRAY_SIZE(channels)].name, signals[i % ARRAY_SIZE(signals)],
			  20000 + rand_r(&seed) % 100000);
}

/* The first of its processes, once there are two. */
static pid_t child_of(pid_t pid)
{
	time_t late = time(NULL) + COMMAND_SECONDS;
	char path[64];
	int first = 0, second;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	while (time(NULL) <= late) {
		FILE *file = fopen(path, "r");
		int n = file ? fscanf(file, "%d %d", &first, &second) : 0;

		if (file)
			fclose(file);
		if (n == 2)
			return first;
		nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	}
	fail_msg("no processes");
	return 0;
}

static void test_killed_child(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
		char arguments[256];
		pid_t pid;

		snprintf(arguments, sizeof(arguments),
			 "exec ipcxbench --test rtt --wait block --size 4 --time 60 --csv %s/csv %s",
			 dir, channels[i].name);
		pid = start_bench(arguments);
		kill(child_of(pid), SIGKILL);
		assert_int_equal(ended(pid), 1);
		sh_ok("tail -n 1 %s/csv | grep -q '^%s,rtt,block,1,1,4,,*one of its processes was ended by signal 9 (Killed)$'",
		      dir, channels[i].name);
		assert_nothing_left(pid, channels[i].name);
	}
}

/* Nobody is left to tidy up, but no process goes on. */
static void test_killed_itself(void **state)
{
	pid_t pid = start_bench("exec ipcxbench --test rtt --wait spin --size 4 --time 60 shm");

	(void)state;
	if (two_processors())
		child_of(pid);
	kill(pid, SIGKILL);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	assert_no_process(pid);
	/* Names go once all have opened them, which it may not have come to. */
	sh_ok("rm -f /dev/shm/ipcxbench.%d.*; rmdir %s/ipcxbench.* 2>/dev/null || true", pid, dir);
}

/* ---- on a terminal ---- */

static size_t read_terminal(int terminal, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	/* EIO once nobody has the other side. */
	while (len < size - 1 && (n = read(terminal, text + len, size - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	return len;
}

static void test_progress(void **state)
{
	char text[65536];
	int terminal;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	(void)state;
	assert_int_not_equal(pid, -1);
	if (!pid) {
		execlp("ipcxbench", "ipcxbench", "--runs", "1", "--count", "30", "--size", "64,128",
		       "--wait", "block", "--peers", "1:1", "shm", NULL);
		_exit(127);
	}
	read_terminal(terminal, text, sizeof(text));
	close(terminal);
	assert_int_equal(ended(pid), 0);
	assert_non_null(strstr(text, "\r\033[K[1/4] shm: rtt, block, 1:1, 64"));
	assert_non_null(strstr(text, "\r\033[K[4/4] shm: stream, block, 1:1, 128"));
	/* And gone when there is more to say. */
	assert_non_null(strstr(text, "128\r\033[Kipcxbench "));
	assert_null(strchr(sh(TINY "--size 64 shm").text, '\r'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted_anywhere),
		cmocka_unit_test(test_killed_child),
		cmocka_unit_test(test_killed_itself),
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
