// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libFuzzer calls: hands an input to the actors, waits for them, and asks
 * whether anything is left or wrong.
 *
 * An input goes into the kernel's log before it is executed, at a level that the
 * console does not show: a panic prints the whole log (panic_print).
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "settle.h"

/* Nothing takes so long, on a busy machine either. */
#define HANG_S		60

/* How often is told how far it is. */
#define TELL_S		60

uint8_t counters[COUNTERS] __attribute__((section("__libfuzzer_extra_counters"), aligned(4096)));
struct shared *shared;
int mailbox[ACTORS][2];
int finished;
int netns[2];

static struct pollfd watched[ACTORS + 1];	/* the actors' pidfds, and finished */
static int device, users, log_in, log_out;
static uint64_t calls_wanted, inputs;
static struct timespec began;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - began.tv_sec + (now.tv_nsec - began.tv_nsec) / 1e9;
}

static void tell(void)
{
	const char *places = getenv("PLACES");
	uint32_t reached = kcov_reached();
	double s = seconds();

	fprintf(stderr, "fuzz: %lu calls in %lu inputs, %.0f s, %.0f calls/s", shared->calls, inputs,
		s, shared->calls / s);
	if (places && reached)
		fprintf(stderr, ", %u of %s places of the module reached", reached, places);
	fputc('\n', stderr);
}

static void tell_now_and_then(void)
{
	static double next = TELL_S;

	if (seconds() < next)
		return;
	next += TELL_S;
	tell();
}

/* In lines that last-input, beside this file, reads; each in one piece. */
static void write_input(int fd, const char *prefix)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *data = (const uint8_t *)shared->call;
	size_t size = shared->count * sizeof(struct call), done = 0;
	char line[900];

	do {
		int n = snprintf(line, sizeof(line), "%sfuzz: input %lu %zu ", prefix, inputs, done);

		for (; done < size && n < (int)sizeof(line) - 3; done++) {
			line[n++] = digits[data[done] >> 4];
			line[n++] = digits[data[done] & 15];
		}
		line[n++] = '\n';
		if (write(fd, line, n) < 0)
			err(1, "an input");
	} while (done < size);
}

/* With their children. One that hangs is not waited for. */
static void end_actors(void)
{
	for (int n = 0; n < ACTORS; n++)
		kill(-shared->actor[n].pid, SIGKILL);
	for (int n = 0; n < ACTORS; n++)
		poll(&watched[n], 1, HANG_S * 1000);
}

static void finish(void)
{
	tell();
	kcov_write("reached");
	end_actors();
}

static void __attribute__((noreturn, format(printf, 1, 2))) finding(const char *format, ...)
{
	va_list args;

	fputs("fuzz: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	write_input(STDERR_FILENO, "");
	finish();
	_exit(1);
}

void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void *share(void *where, size_t size)
{
	void *memory = mmap(where, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

/* From the call @from on; the ones before were made, or died with who had its place. */
static void start_actor(int n, uint32_t from)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_DFL);
		actor_run(n, from);
	}
	shared->actor[n].pid = pid;
	shared->actor[n].killed = false;
	watched[n].fd = syscall(SYS_pidfd_open, pid, 0);
	watched[n].events = POLLIN;
	if (watched[n].fd < 0)
		err(1, "pidfd_open");
}

/* The next call that another actor, or the same in another turn, begins with. */
static uint32_t next_turn(uint32_t at)
{
	while (++at < shared->count)
		if (shared->call[at].op % OP_COUNT == OP_SWITCH)
			break;
	return at;
}

static void bury_actor(int n)
{
	bool before_the_end = shared->actor[n].done != shared->round;
	uint32_t from = next_turn(shared->actor[n].at);
	int status;

	kill(-shared->actor[n].pid, SIGKILL);
	if (waitpid(shared->actor[n].pid, &status, 0) < 0)
		err(1, "waitpid");
	close(watched[n].fd);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL || !shared->actor[n].killed)
		finding("actor %d ended with %#x at call %u", n, status, shared->actor[n].at);
	if (before_the_end)
		shared->actor[n].before = from;
	shared->moved++;
	futex_wake(&shared->moved);
	start_actor(n, before_the_end ? from : shared->count);
}

static void show_hang(void)
{
	for (int n = 0; n < ACTORS; n++) {
		char command[128];

		fprintf(stderr, "fuzz: actor %d, pid %d, %s at call %u\n", n,
			shared->actor[n].pid, shared->actor[n].done == shared->round ?
			"done" : "hangs", shared->actor[n].at);
		snprintf(command, sizeof(command), "cat /proc/%d/stack /proc/%d/syscall >&2",
			 shared->actor[n].pid, shared->actor[n].pid);
		if (system(command))
			continue;
	}
	finding("a hang");
}

static bool all_done(void)
{
	for (int n = 0; n < ACTORS; n++)
		if (shared->actor[n].done != shared->round)
			return false;
	return true;
}

static void run_actors(void)
{
	uint64_t times;

	for (int n = 0; n < ACTORS; n++)
		shared->actor[n].before = shared->actor[n].at = 0;
	shared->round++;
	futex_wake(&shared->round);
	while (!all_done()) {
		if (poll(watched, ACTORS + 1, HANG_S * 1000) == 0)
			show_hang();
		for (int n = 0; n < ACTORS; n++)
			if (watched[n].revents)
				bury_actor(n);
		if (watched[ACTORS].revents && read(finished, &times, sizeof(times)) < 0)
			err(1, "eventfd");
	}
}

/* Without room for them the descriptors of a message are closed. */
static void empty_mailboxes(void)
{
	char byte;

	for (int n = 0; n < ACTORS; n++)
		while (recv(mailbox[n][0], &byte, 1, MSG_DONTWAIT) > 0)
			;
}

static void say_splat(const char *line)
{
	fprintf(stderr, "fuzz: %s\n", line);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void unlink_all(void)
{
	struct ipcx_stat stats[32];
	struct ipcx_list list = {
		.size = sizeof(list), .stats = (uintptr_t)stats,
		.count = ARRAY_SIZE(stats), .stat_size = sizeof(*stats),
	};
	long n;

	while ((n = ioctl(device, IPCX_IOC_LIST, &list)) > 0) {
		for (long i = 0; i < n; i++) {
			struct ipcx_unlink unlink = {
				.size = sizeof(unlink), .name = (uintptr_t)stats[i].name,
				.name_len = strlen(stats[i].name),
			};

			if (unlink.name_len)
				ioctl(device, IPCX_IOC_UNLINK, &unlink);
			list.after = stats[i].id;
		}
	}
	if (n < 0)
		finding("LIST: %s", strerror(errno));
}

static void enter_netns(int n)
{
	if (setns(netns[n], CLONE_NEWNET))
		err(1, "setns");
}

/* Persistent objects stay until they are unlinked. */
static void unlink_everywhere(void)
{
	enter_netns(1);
	unlink_all();
	enter_netns(0);
	unlink_all();
}

static void reset_limits(void)
{
	static const char *const names[] = { "max_objects", "max_bytes", "max_attachments" };
	static const char *const values[] = { "4096", "500000000", "16384" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd;

		snprintf(path, sizeof(path), "/sys/module/ipcx/parameters/%s", names[i]);
		fd = open_or_die(path, O_WRONLY);
		if (write(fd, values[i], strlen(values[i])) < 0)
			err(1, "%s", path);
		close(fd);
	}
	shared->limits_set = false;
}

/* Repairs end a moment after those they are for; what is left then is left for good. */
static void look_for_remains(void)
{
	char left[1024];
	ssize_t n = 0;

	for (int ms = 0; ms < HANG_S * 1000; ms++) {
		n = pread(users, left, sizeof(left) - 1, 0);
		if (n == 0)
			return;
		if (ms % 1000 == 3)
			unlink_everywhere();
		usleep(ms ? 1000 : 200);
	}
	left[n > 0 ? n : 0] = '\0';
	finding("something is left: %s", left);
}

/* Two namespaces for all: to make one takes longer than an input does. */
static void make_netns(void)
{
	netns[0] = open_or_die("/proc/self/ns/net", O_RDONLY);
	if (unshare(CLONE_NEWNET))
		err(1, "unshare");
	netns[1] = open_or_die("/proc/self/ns/net", O_RDONLY);
	enter_netns(0);
}

static void begin(void)
{
	const char *wanted = getenv("CALLS");

	calls_wanted = wanted && *wanted ? strtoull(wanted, NULL, 0) : 0;
	users = open_or_die("/sys/kernel/debug/ipcx/users", O_RDONLY);
	log_out = open_or_die("/dev/kmsg", O_WRONLY);
	log_in = open_or_die("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	lseek(log_in, 0, SEEK_END);
	device = open_or_die("/dev/ipcx", O_RDWR);
	make_netns();

	shared = share(NULL, sizeof(*shared));
	share(counters, sizeof(counters));
	finished = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watched[ACTORS] = (struct pollfd) { .fd = finished, .events = POLLIN };
	for (int n = 0; n < ACTORS; n++)
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, mailbox[n]))
			err(1, "socketpair");
	for (int n = 0; n < 2 * ACTORS; n++)
		kcov_prepare(n);
	for (int n = 0; n < ACTORS; n++)
		start_actor(n, 0);
	clock_gettime(CLOCK_MONOTONIC, &began);
	atexit(finish);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = size / sizeof(struct call);

	if (!shared)
		begin();
	shared->count = count < CALLS_MAX ? count : CALLS_MAX;
	memcpy(shared->call, data, shared->count * sizeof(struct call));
	inputs++;
	write_input(log_out, "<7>");
	run_actors();
	empty_mailboxes();
	if (shared->limits_set)
		reset_limits();
	look_for_remains();
	if (settle_splats(log_in, 0, say_splat))
		finding("the kernel complains");

	tell_now_and_then();
	if (calls_wanted && shared->calls >= calls_wanted) {
		finish();
		_exit(0);	/* as libFuzzer takes exit() for a crash */
	}
	return 0;
}
