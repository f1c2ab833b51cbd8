// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's first process: makes the host's root its own, runs one command, and says on a
 * channel of its own how that went. README.md beside this file draws the whole way of a run.
 *
 * Its parameters come from the kernel command line, which hands unknown words to init's
 * environment:
 *   guest_project=DIR   the source tree, where the command runs
 *   guest_modules=DIR   what belongs at /lib/modules
 *   guest_job=FILE      shell script with the command
 *   guest_share=DIR     directory for /mnt/share (optional)
 *   guest_terminal=1    run the command on a pseudo terminal (optional)
 *
 * The channels are the ports of one virtio-serial device. In any other process than the first
 * this program only settles (settle.c), which is how the test runner looks at the kernel after
 * each test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "settle.h"

/*
 * The verdict's port is the last: the host reports its ports open in their order, and a write
 * waits for that report, so once the first word is out every other port is known to be open too.
 * (Reading a port that is not open yet looks like end of file.)
 */
enum { PORT_IN = 1, PORT_OUT, PORT_ERR, PORT_VERDICT };

#define PORT_DEADLINE_MS	30000
#define KERNEL_LOG_INFO		7	/* console level that shows everything but debug */

static int verdict = -1;

static void write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		data += n;
		size -= n;
	}
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	write_all(verdict >= 0 ? verdict : STDERR_FILENO, line, n);
}

static void say_finding(const char *line)
{
	say("finding %s", line);
}

static void __attribute__((noreturn)) power_off(void)
{
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void __attribute__((noreturn)) broken(const char *what)
{
	say("broken %s: %s", what, strerror(errno));
	power_off();
}

static const char *parameter(const char *name)
{
	const char *value = getenv(name);

	if (!value) {
		errno = EINVAL;
		broken(name);
	}
	return value;
}

static void make_path(const char *path)
{
	char *copy = strdup(path);

	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
	mkdir(copy, 0755);
	free(copy);
}

static void attach(const char *type, const char *source, const char *target, unsigned long flags,
		   const char *options)
{
	make_path(target);
	if (mount(source, target, type, flags, options))
		broken(target);
}

/* The files are numbered in the order that their dependencies ask for. */
static void load_modules(void)
{
	struct dirent **files;
	int n = scandir("/modules", &files, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[512];
		int fd;

		if (files[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", files[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			broken(path);
		close(fd);
	}
}

/* The ports come up by and by, after the driver has spoken with the host. */
static int open_port(int number, int mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vport0p%d", number);
	for (int ms = 0; ms < PORT_DEADLINE_MS; ms += 10) {
		int fd = open(path, mode | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		usleep(10000);
	}
	broken(path);
}

/* A writable view of the host's directory: what is written stays in the guest's memory. */
static void attach_overlay(const char *lower, const char *name, const char *target)
{
	char upper[64], work[64], options[4096];

	snprintf(upper, sizeof(upper), "/written/%s", name);
	snprintf(work, sizeof(work), "/written/%s.work", name);
	make_path(upper);
	make_path(work);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
		 lower, upper, work);
	attach("overlay", "overlay", target, 0, options);
}

/*
 * The guest's own file systems hide the host's: nothing of what happens to lie in the host's /tmp
 * or /run is seen. The tree and the shared directory may lie there, so these two come after.
 */
static void build_root(void)
{
	const char *share = getenv("guest_share");
	char from[4096], to[4096];

	attach("virtiofs", "host", "/host", MS_RDONLY, NULL);
	attach("tmpfs", "written", "/written", 0, "mode=755,size=75%");
	attach_overlay("/host", "root", "/new");

	attach("proc", "proc", "/new/proc", 0, NULL);
	attach("sysfs", "sysfs", "/new/sys", 0, NULL);
	attach("debugfs", "debugfs", "/new/sys/kernel/debug", 0, NULL);
	attach("tracefs", "tracefs", "/new/sys/kernel/tracing", 0, NULL);
	attach("cgroup2", "cgroup2", "/new/sys/fs/cgroup", 0, NULL);
	attach("devtmpfs", "devtmpfs", "/new/dev", 0, NULL);
	attach("devpts", "devpts", "/new/dev/pts", 0, "ptmxmode=666");
	attach("tmpfs", "shm", "/new/dev/shm", 0, "mode=1777");
	attach("mqueue", "mqueue", "/new/dev/mqueue", 0, NULL);
	attach("tmpfs", "tmp", "/new/tmp", 0, "mode=1777");
	attach("tmpfs", "run", "/new/run", 0, "mode=755");

	snprintf(from, sizeof(from), "/host%s", parameter("guest_project"));
	snprintf(to, sizeof(to), "/new%s", parameter("guest_project"));
	attach_overlay(from, "project", to);
	snprintf(from, sizeof(from), "/host%s", parameter("guest_modules"));
	attach_overlay(from, "modules", "/new/usr/lib/modules");
	if (share) {
		snprintf(from, sizeof(from), "/host%s", share);
		attach(NULL, from, "/new/mnt/share", MS_BIND, NULL);
	}

	if (chdir("/new") || mount("/new", "/", NULL, MS_MOVE, NULL) || chroot("."))
		broken("the new root");
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		broken(path);
	close(fd);
}

static void tune_kernel(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		broken("lo");
	close(fd);

	set("/proc/sys/kernel/hostname", "guest");
	set("/proc/sys/kernel/core_pattern", "core");
	set("/proc/sys/kernel/hung_task_timeout_secs", "40");
	/* An emulated CPU may well lack the host's attention for a while. */
	set("/proc/sys/kernel/watchdog_thresh", "30");
	klogctl(8, NULL, KERNEL_LOG_INFO);
}

struct relay {
	int from, to;
	pthread_t thread;
};

/* Ends when there is no more to read: for the command's output, when its last process is gone. */
static void *relay(void *argument)
{
	static __thread char buffer[65536];
	struct relay *r = argument;
	ssize_t n;

	while ((n = read(r->from, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		write_all(r->to, buffer, n);
	}
	close(r->from);
	close(r->to);
	return NULL;
}

static void start_relay(struct relay *r, int from, int to)
{
	r->from = from;
	r->to = to;
	errno = pthread_create(&r->thread, NULL, relay, r);
	if (errno)
		broken("thread");
}

static void __attribute__((noreturn)) become_command(void)
{
	const char *job = parameter("guest_job");

	signal(SIGPIPE, SIG_DFL);
	if (!chdir(parameter("guest_project"))) {
		clearenv();
		execl("/bin/sh", "sh", job, NULL);
	}
	fprintf(stderr, "the guest's shell does not start: %s\n", strerror(errno));
	_exit(126);
}

/* Pipes, not the ports themselves: a port can be opened once, and scripts open /dev/stderr. */
static pid_t start_on_pipes(struct relay *in, struct relay *out, struct relay *err)
{
	int input[2], output[2], errors[2];
	pid_t pid;

	if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		broken("pipe");
	pid = fork();
	if (pid < 0)
		broken("fork");
	if (pid == 0) {
		setsid();
		dup2(input[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		dup2(errors[1], STDERR_FILENO);
		become_command();
	}
	close(input[0]);
	close(output[1]);
	close(errors[1]);
	start_relay(in, open_port(PORT_IN, O_RDONLY), input[1]);
	start_relay(out, output[0], open_port(PORT_OUT, O_WRONLY));
	start_relay(err, errors[0], open_port(PORT_ERR, O_WRONLY));
	return pid;
}

static pid_t start_on_terminal(struct relay *in, struct relay *out)
{
	int terminal;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	if (pid < 0)
		broken("forkpty");
	if (pid == 0)
		become_command();
	start_relay(in, open_port(PORT_IN, O_RDONLY), dup(terminal));
	start_relay(out, terminal, open_port(PORT_OUT, O_WRONLY));
	return pid;
}

/* Reaps whatever ends until PID does; returns PID's status as a shell would give it. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(-1, &status, 0) != pid)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_command(void)
{
	struct relay in, out, err;
	bool terminal = getenv("guest_terminal");
	int status;

	if (terminal)
		status = wait_for(start_on_terminal(&in, &out));
	else
		status = wait_for(start_on_pipes(&in, &out, &err));

	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
	/* Nobody is left to write: the relays see the end of what there was. */
	pthread_join(out.thread, NULL);
	if (!terminal)
		pthread_join(err.thread, NULL);
	return status;
}

static void be_init(void)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	attach("devtmpfs", "devtmpfs", "/dev", 0, NULL);
	load_modules();
	verdict = open_port(PORT_VERDICT, O_WRONLY);
	say("hello");
	build_root();
	tune_kernel();
	settle_begin();

	say("start");
	status = run_command();
	settle_at_last(say_finding);
	say("exit %d", status);
	power_off();
}

static void print_finding(const char *line)
{
	puts(line);
}

int main(void)
{
	if (getpid() == 1)
		be_init();
	return settle(print_finding) ? EXIT_FAILURE : EXIT_SUCCESS;
}
