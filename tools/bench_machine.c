// SPDX-License-Identifier: GPL-2.0-only
/* Where figures come from: they say something of that machine alone. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <ipcx/ipcx.h>

#include "bench.h"
#include "common.h"

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void fact_add(struct report *report, const char *key, char *value)
{
	if (report->fact_count == FACTS_MAX)
		errx(EXIT_FAILURE, "too many facts");
	report->facts[report->fact_count++] = (struct fact) { text("%s", key), value };
}

const char *fact_of(const struct report *report, const char *key)
{
	for (size_t i = 0; i < report->fact_count; i++)
		if (!strcmp(report->facts[i].key, key))
			return report->facts[i].value;
	return "";
}

/* The first line of a file that begins with @key, behind that; "" if there is none. */
static char *line_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[4096], *found = NULL;

	while (file && !found && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key))) {
			line[strcspn(line, "\n")] = '\0';
			found = text("%s", line + strlen(key) + strspn(line + strlen(key), "\t :"));
		}
	if (file)
		fclose(file);
	return found ? found : text("%s", "");
}

/* ---- what it runs in ---- */

#if defined(__x86_64__) || defined(__i386__)
static void hypervisor_name(char name[13])
{
	unsigned int a, b, c, d;

	*name = '\0';
	__cpuid(1, a, b, c, d);
	if (!(c & 1U << 31))
		return;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	name[12] = '\0';
	if (!*name)
		strcpy(name, "unknown");
}
#else
static void hypervisor_name(char name[13])
{
	*name = '\0';
}
#endif

static char *runs_in(const char *cpu)
{
	char name[13];
	char *vendor, *answer;

	hypervisor_name(name);
	if (!strcmp(name, "TCGTCGTCGTCG") || strstr(cpu, "QEMU Virtual CPU") ||
	    strstr(cpu, "QEMU TCG CPU"))
		return text("emulation (QEMU TCG)");
	if (*name)
		return text("virtual machine (%s)", name);
	vendor = line_of("/sys/class/dmi/id/sys_vendor", "");
	answer = strstr(vendor, "QEMU") ? text("virtual machine (QEMU)") : text("no virtual machine");
	free(vendor);
	return answer;
}

/* ---- the clock ---- */

#define CLOCK_READS	10000

static uint64_t clock_cost(uint64_t *step)
{
	uint64_t start = now_ns(), last = start, best = UINT64_MAX;

	for (int i = 0; i < CLOCK_READS; i++) {
		uint64_t now = now_ns();

		if (now > last && now - last < best)
			best = now - last;
		last = now;
	}
	*step = best;
	return (last - start) / CLOCK_READS;
}

static void add_clock(struct report *report)
{
	char *source = line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			       "");
	uint64_t step, cost = clock_cost(&step);

	fact_add(report, "clock", text("%s; looking at it takes %llu ns, its smallest step is %llu ns",
				       *source ? source : "unknown source",
				       (unsigned long long)cost, (unsigned long long)step));
	free(source);
}

/* ---- all of it ---- */

static char *cpu_list(const struct plan *plan)
{
	char *list = text("%s", plan->pinned ? "" : "any of ");

	for (size_t i = 0; i < plan->cpu_count; i++) {
		char *more = text("%s%s%d", list, i ? "," : "", plan->cpus[i]);

		free(list);
		list = more;
	}
	return list;
}

static char *time_text(void)
{
	time_t now = time(NULL);
	char string[64];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(string, sizeof(string), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return text("%s", string);
}

static char *load_text(void)
{
	double load[1] = { 0 };

	if (getloadavg(load, 1) != 1)
		return text("unknown");
	return text("%.2f", load[0]);
}

void machine_facts(struct report *report, const struct plan *plan)
{
	char *cpu = line_of("/proc/cpuinfo", "model name");
	char *governor = line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
	struct utsname system;

	uname(&system);
	fact_add(report, "ipcxbench", text("%s", IPCX_VERSION));
	fact_add(report, "time", time_text());
	fact_add(report, "kernel", text("%s %s %s", system.sysname, system.release, system.machine));
	fact_add(report, "cpu", text("%s, %ld processors", *cpu ? cpu : "unknown",
				     sysconf(_SC_NPROCESSORS_ONLN)));
	fact_add(report, "runs in", runs_in(cpu));
	fact_add(report, "ipcx module", text("%s", access("/sys/module/ipcx", F_OK) ?
					     "not loaded" : "loaded"));
	fact_add(report, "processors used", cpu_list(plan));
	if (*governor)
		fact_add(report, "governor", text("%s", governor));
	fact_add(report, "load", load_text());
	add_clock(report);
	if (plan->count)
		fact_add(report, "runs", text("%u of %llu messages of each sender, and one before that does not count",
					      plan->runs, (unsigned long long)plan->count));
	else
		fact_add(report, "runs", text("%u of %g s, after %g s that do not count",
					      plan->runs, plan->seconds, plan->warmup));
	free(cpu);
	free(governor);
}

void machine_warn(const struct report *report)
{
	if (!strncmp(fact_of(report, "runs in"), "emulation", 9))
		warnx("this is an emulated machine: its times say how the emulator does, and nothing of a real one");
	/* By others; this has not yet begun. */
	if (atof(fact_of(report, "load")) > 0.5)
		warnx("others use this machine (load %s): figures will differ from run to run",
		      fact_of(report, "load"));
	if (!strncmp(fact_of(report, "governor"), "powersave", 9))
		warnx("the processors' governor is powersave: times depend on how long they were idle");
}
