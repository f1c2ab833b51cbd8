// SPDX-License-Identifier: GPL-2.0-only
/* What a run owes the kernel at its end: the module goes, nothing leaks, and dmesg is clean. */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "settle.h"

#define MODULE			"ipcx"
#define UNLOAD_DEADLINE_MS	5000
#define KMEMLEAK		"/sys/kernel/debug/kmemleak"
#define KMEMLEAK_AGE_S		6
#define LEAK_LINES		100
#define MARK			"guest: dmesg looked through to here"

/* What lib/, mm/ and kernel/ print when something is wrong; a plain pr_warn() is none of these. */
static const char splats[] =
	"^(BUG|WARNING|INFO: task |INFO: lockdep|INFO: rcu|INFO: trying to register|UBSAN)"
	"|: BUG:|WARNING: |UBSAN:|KASAN|KCSAN|KFENCE|kernel BUG at|cut here|Oops|Call Trace"
	"|general protection fault|invalid opcode|unable to handle|stack segment"
	"|blocked for more than|soft lockup|hard LOCKUP|(rcu|RCU).*stall|self-detected stall"
	"|refcount_t:|list_(add|del) corruption|Bad page (state|map)|bad_page|Bad rss-counter"
	"|sleeping function called|scheduling while atomic|possible (recursive|circular|irq lock)"
	"|inconsistent lock state|suspicious RCU usage|bad unlock balance|held lock freed"
	"|lock held when returning|Objects remaining in|slab-|double free|use-after-free"
	"|workqueue: .*leaked|ODEBUG:|DEBUG_LOCKS_WARN_ON|irq .*nobody cared|unreferenced object";

/*
 * What the kernel says by rights where there is no memory, with one trace after it: of a process
 * that is killed, a stack, a slab cache or a directory of sysctl that is not made.
 */
static const char *const no_memory_reports[] = {
	" invoked oom-killer: ", ": vmalloc error: size ", ") failed with error -12",
	"sysctl could not get directory: ", NULL,
};
static const char trace[] = "Call Trace";

static int report_line(settle_report report, const char *format, const char *detail)
{
	char line[1024];

	snprintf(line, sizeof(line), format, detail);
	report(line);
	return 1;
}

static void read_word(const char *path, char *word, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, word, size - 1);

	word[n > 0 ? n : 0] = '\0';
	word[strcspn(word, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The module may still be putting away what the last process held: that is given a moment. */
static int unload(settle_report report)
{
	int waited_ms = 0;
	char refs[64];

	if (access("/sys/module/" MODULE, F_OK))
		return 0;
	while (syscall(SYS_delete_module, MODULE, O_NONBLOCK)) {
		if (errno != EWOULDBLOCK)
			return report_line(report, MODULE " does not unload: %s", strerror(errno));
		if (waited_ms >= UNLOAD_DEADLINE_MS) {
			read_word("/sys/module/" MODULE "/refcnt", refs, sizeof(refs));
			return report_line(report, MODULE " does not unload: used by %s", refs);
		}
		usleep(10000);
		waited_ms += 10;
	}
	return 0;
}

static void kmemleak_command(const char *command)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, command, strlen(command)) < 0)
			perror(KMEMLEAK);
		close(fd);
	}
}

/* 6.1 loses the name of a cache in sysfs, where there is no memory for its files. */
static const char kernels_own_leak[] = "sysfs_slab_add+";

/* Of a leak told over several lines. */
static int report_leak(settle_report report, char *leak)
{
	int found = 0;

	if (strstr(leak, kernels_own_leak))
		return 0;
	for (char *line = strtok(leak, "\n"); line; line = strtok(NULL, "\n"))
		found += report_line(report, "kmemleak: %s", line);
	return found;
}

/* kmemleak believes in a leak only when a second scan, some seconds later, finds it too. */
static int look_for_leaks(settle_report report)
{
	char line[512], leak[8192] = "";
	int found = 0;
	FILE *leaks;

	if (access(KMEMLEAK, F_OK))
		return 0;
	kmemleak_command("scan");
	sleep(KMEMLEAK_AGE_S);
	kmemleak_command("scan");
	leaks = fopen(KMEMLEAK, "re");
	while (leaks && found < LEAK_LINES && fgets(line, sizeof(line), leaks)) {
		if (line[0] != ' ') {
			found += report_leak(report, leak);
			leak[0] = '\0';
		}
		strncat(leak, line, sizeof(leak) - strlen(leak) - 1);
	}
	found += report_leak(report, leak);
	if (leaks)
		fclose(leaks);
	kmemleak_command("clear");
	return found;
}

/* The newline matters: without it the kernel keeps the record back, for a continuation. */
static void mark(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, MARK "\n", strlen(MARK "\n")) < 0)
		perror("/dev/kmsg");
	if (fd >= 0)
		close(fd);
}

struct record {
	char buffer[8192];
	unsigned long long number;
	bool kernel;		/* said by the kernel itself, not by a process through /dev/kmsg */
	char *text;
};

/* A record is "priority,number,time,flags;text\n" and lines of details. */
static bool next_record(int fd, struct record *r)
{
	unsigned int priority;
	ssize_t n;

	do {
		n = read(fd, r->buffer, sizeof(r->buffer) - 1);
	} while (n < 0 && errno == EPIPE);	/* overrun: goes on with the oldest there is */
	if (n <= 0)
		return false;
	r->buffer[n] = '\0';
	r->text = strchr(r->buffer, ';');
	if (!r->text || sscanf(r->buffer, "%u,%llu", &priority, &r->number) != 2)
		return false;
	r->text++;
	r->text[strcspn(r->text, "\n")] = '\0';
	r->kernel = priority >> 3 == 0;
	return true;
}

/*
 * KCSAN also reports what Debian's kernel does to itself, again and again. A report counts if one
 * of its two traces leads through the module. It ends with a rule; its title matches a splat, and
 * no other line of it. Returns true for a title.
 */
static bool look_for_race(const char *text, settle_report report, int *found)
{
	static char race[512];	/* the title of a report that was not counted yet */
	bool title = strstr(text, "BUG: KCSAN: ");

	if (title)
		snprintf(race, sizeof(race), "%s", text);
	else if (!strncmp(text, "======", 6))
		race[0] = '\0';
	if (race[0] && strstr(text, "[" MODULE "]")) {
		*found += report_line(report, "dmesg: %s", race);
		race[0] = '\0';
	}
	return title;
}

static bool is_no_memory_report(const char *text)
{
	const char *const *report = no_memory_reports;

	while (*report && !strstr(text, *report))
		report++;
	return *report;
}

int settle_splats(int fd, unsigned long long after, settle_report report)
{
	static struct record r;
	static regex_t splat;
	static bool compiled;
	bool no_memory = false;
	int found = 0;

	if (!compiled && regcomp(&splat, splats, REG_EXTENDED | REG_NOSUB))
		return report_line(report, "dmesg cannot be judged: %s", strerror(errno));
	compiled = true;
	while (next_record(fd, &r)) {
		if (!r.kernel || r.number <= after)
			continue;
		if (look_for_race(r.text, report, &found))
			continue;
		if (is_no_memory_report(r.text))
			no_memory = true;
		else if (no_memory && strstr(r.text, trace))
			no_memory = false;
		else if (!regexec(&splat, r.text, 0, NULL, 0))
			found += report_line(report, "dmesg: %s", r.text);
	}
	return found;
}

/*
 * The mark comes first, as it also flushes out a line that the kernel has not ended yet; what
 * counts then stands after the mark before it.
 */
static int look_through_dmesg(settle_report report)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned long long before = 0, here = 0;
	static struct record r;
	int found;

	if (fd < 0)
		return report_line(report, "dmesg cannot be read: %s", strerror(errno));
	mark();
	while (next_record(fd, &r)) {
		if (!r.kernel && !strcmp(r.text, MARK)) {
			before = here;
			here = r.number;
		}
	}
	lseek(fd, 0, SEEK_SET);
	found = settle_splats(fd, before, report);
	close(fd);
	return found;
}

void settle_begin(void)
{
	if (!access(KMEMLEAK, F_OK))
		kmemleak_command("clear");
	mark();
}

int settle(settle_report report)
{
	int found = unload(report);

	return found + look_through_dmesg(report);
}

int settle_at_last(settle_report report)
{
	int found = unload(report);

	found += look_for_leaks(report);
	return found + look_through_dmesg(report);
}
