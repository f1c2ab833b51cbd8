// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <error.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* A figure that is known less exactly than this is worth nothing. */
#define SPREAD_MAX	0.10

static int rounds;	/* of the measurement at hand */

void check(bool ok, const char *what)
{
	if (!ok)
		error(1, errno, "%s", what);
}

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted(double *values)
{
	qsort(values, rounds, sizeof(*values), by_value);
	return values[rounds / 2];
}

static void print_row(const struct candidate *c)
{
	double values[ROUNDS_MAX];
	double median;

	memcpy(values, c->round, sizeof(values));
	median = sorted(values);
	printf("  %-30s %12.6g %12.6g %12.6g %6d\n", c->name, median, values[0],
	       values[rounds - 1], rounds);
}

void measure(struct candidate *c, size_t n, int times)
{
	check(times <= ROUNDS_MAX, "too many rounds");
	rounds = times;
	for (size_t i = 0; i < n; i++)
		c[i].run(c[i].arg);
	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < n; i++) {
			struct candidate *turn = &c[round % 2 ? n - 1 - i : i];

			turn->round[round] = turn->run(turn->arg);
		}
	printf("  %-30s %12s %12s %12s %6s\n", "", "median", "min", "max",
	       "rounds");
	for (size_t i = 0; i < n; i++)
		print_row(&c[i]);
	fflush(stdout);
}

/*
 * Whatever the values' distribution, the true median lies between those of them
 * that are sqrt(rounds) ranks from the middle, in 95 of 100 measurements.
 */
static void print_figure(const char *name, double *values, double spread_min)
{
	double median = sorted(values);
	int off = lround(0.98 * sqrt(rounds));
	double low = values[rounds / 2 - off], high = values[rounds / 2 + off];

	if (high - low > fmax(SPREAD_MAX * median, spread_min))
		printf("warning %s: anything from %.3f to %.3f, the machine was not quiet\n",
		       name, low, high);
	printf("figure %s %.4g\n", name, median);
	fflush(stdout);
}

void figure(const char *name, const struct candidate *a,
	    const struct candidate *b)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds; i++)
		values[i] = a->round[i] / b->round[i];
	print_figure(name, values, 0);
}

void figure_of(const char *name, const struct candidate *c, double exact)
{
	double values[ROUNDS_MAX];

	memcpy(values, c->round, sizeof(values));
	print_figure(name, values, exact);
}

static void cpu_model(char *model, size_t size)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	snprintf(model, size, "unknown processor");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "model name", 10)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(model, size, "%s", strchr(line, ':') + 2);
			break;
		}
	if (f)
		fclose(f);
}

static void print_machine(void)
{
	struct utsname u;
	char model[256];
	double load = 0;

	check(!uname(&u), "uname");
	cpu_model(model, sizeof(model));
	getloadavg(&load, 1);
	printf("machine: %s x %ld, %s\nkernel: %s\nload: %.2f\n", model,
	       sysconf(_SC_NPROCESSORS_ONLN),
	       strstr(model, "QEMU") ? "emulated" : "native", u.release, load);
}

int bench_main(int argc, char **argv, const struct bench *benches, size_t n)
{
	const char *only = argc > 1 ? argv[1] : "";

	print_machine();
	for (size_t i = 0; i < n; i++)
		if (strstr(benches[i].figures, only)) {
			printf("\n%s\n", benches[i].title);
			fflush(stdout);
			benches[i].run();
		}
	return 0;
}

struct gate {
	bool ready, open;
};

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void await(bool *flag, pid_t pid)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) {
		check(!pid || !waitpid(pid, NULL, WNOHANG), "peer");
		sched_yield();
	}
}

void gate_pass(struct gate *gate)
{
	set(&gate->ready);
	await(&gate->open, 0);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

double with_peer(int cpu, peer_t there, void (*here)(void *arg), void *arg)
{
	struct gate *gate = mmap(NULL, sizeof(*gate), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t start, end;
	int status;
	pid_t pid;

	check(gate != MAP_FAILED, "mmap");
	fflush(stdout);
	pid = fork();
	check(pid >= 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(cpu);
		there(arg, gate);
		_exit(0);
	}
	pin(0);
	await(&gate->ready, pid);
	start = now();
	set(&gate->open);
	here(arg);
	end = now();
	check(waitpid(pid, &status, 0) == pid && !status, "peer");
	munmap(gate, sizeof(*gate));
	return end - start;
}
