/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines, run by a shell, and what becomes of them. Needs cmocka.h and
 * what that needs before it.
 */
#ifndef TESTS_COMMAND_H
#define TESTS_COMMAND_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What no command here takes, even in a busy emulated guest. */
#define COMMAND_SECONDS	60

/**
 * struct said - the end of a command
 * @status: as a shell has it: 128 and the signal for one that was killed
 * @text: what it wrote, on both streams
 */
struct said {
	int status;
	char text[8192];
};

static inline int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline __attribute__((format(printf, 1, 2))) struct said
sh(const char *format, ...)
{
	char command[2048] = "exec 2>&1\n";
	size_t head = strlen(command);
	struct said said = { 0 };
	va_list args;
	FILE *pipe;
	int n;

	va_start(args, format);
	n = vsnprintf(command + head, sizeof(command) - head, format, args);
	va_end(args);
	assert_in_range(n, 1, sizeof(command) - head - 1);

	pipe = popen(command, "re");
	assert_non_null(pipe);
	n = fread(said.text, 1, sizeof(said.text) - 1, pipe);
	said.text[n] = '\0';
	said.status = shell_status(pclose(pipe));
	return said;
}

/* It does, and says nothing. */
#define sh_ok(...) do {							\
	struct said said_ = sh(__VA_ARGS__);				\
									\
	if (said_.status || *said_.text)				\
		fail_msg("%s: status %d: %s", #__VA_ARGS__,		\
			 said_.status, said_.text);			\
} while (0)

static inline void check_refusal(const struct said *said, int status,
				 const char *phrase, const char *command)
{
	size_t len = strlen(said->text);

	if (said->status != status || !strstr(said->text, phrase) ||
	    strncmp(said->text, "ipcx", 4) ||
	    strchr(said->text, '\n') != said->text + len - 1)
		fail_msg("%s: status %d instead of %d, or not one line with '%s': %s",
			 command, said->status, status, phrase, said->text);
}

/* A tool fails with @status, and says why in one line with @phrase in it. */
#define sh_refused(status, phrase, ...) do {				\
	struct said said_ = sh(__VA_ARGS__);				\
									\
	check_refusal(&said_, status, phrase, #__VA_ARGS__);		\
} while (0)

/* A command in the background, which the test's death kills. */
static inline __attribute__((format(printf, 1, 2))) pid_t
start(const char *format, ...)
{
	char command[2048];
	va_list args;
	pid_t pid;
	int n;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_in_range(n, 1, sizeof(command) - 1);

	pid = fork();
	assert_int_not_equal(pid, -1);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return pid;
}

/* The status of a command in the background, when it has ended. */
static inline int ended(pid_t pid)
{
	time_t late = time(NULL) + COMMAND_SECONDS;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (time(NULL) > late) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("process %d did not end", pid);
		}
		nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	}
	return shell_status(status);
}

/* The tools of this build tree, wherever it is, come first in PATH. */
static inline int find_tools(void)
{
	char path[4096], exe[2048];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len < 0)
		return -1;
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../../tools:%s", exe, getenv("PATH"));
	return setenv("PATH", path, 1);
}

#endif /* TESTS_COMMAND_H */
