// SPDX-License-Identifier: GPL-2.0-only
/*
 * What regions cost beside what the kernel has already, measured side by side
 * in one run: round by round each candidate does the same work, and the median
 * round is told. Meant for a guest that counts instructions (one a nanosecond
 * of its clock), where medians repeat to a fraction of a percent.
 * Results are lines "figure NAME VALUE" between the tables.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcx.h>

#define PAGE	4096UL
#define ROUNDS	15

static int device;

static void check(int ok, const char *what)
{
	if (!ok)
		error(1, errno, "%s", what);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* One way of doing the work; returns the nanoseconds of one repetition. */
struct candidate {
	const char *name;
	double (*run)(void);
	double rounds[ROUNDS];
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(struct candidate *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c[i].run();
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < n; i++)
			c[i].rounds[round] = c[i].run();
	for (size_t i = 0; i < n; i++) {
		qsort(c[i].rounds, ROUNDS, sizeof(double), by_value);
		printf("  %-28s min %10.1f  median %10.1f  max %10.1f ns\n",
		       c[i].name, c[i].rounds[0], c[i].rounds[ROUNDS / 2],
		       c[i].rounds[ROUNDS - 1]);
	}
	return c[0].rounds[ROUNDS / 2] / c[1].rounds[ROUNDS / 2];
}

static int region_fd(const char *name, uint64_t bytes, uint32_t flags)
{
	struct ipcx_region_create args = {
		.size = sizeof(args),
		.flags = flags,
		.name = (uintptr_t)name,
		.name_len = name ? strlen(name) : 0,
		.mode = 0600,
		.bytes = bytes,
	};
	int fd = ioctl(device, IPCX_IOC_REGION_CREATE, &args);

	check(fd >= 0, "REGION_CREATE");
	return fd;
}

static int memfd(uint64_t bytes)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);

	check(fd >= 0 && !ftruncate(fd, bytes), "memfd_create");
	return fd;
}

static char *map(int fd, size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check(p != MAP_FAILED, "mmap");
	return p;
}

static double cycle(int (*make)(void))
{
	const int n = 200;
	uint64_t start = now();

	for (int i = 0; i < n; i++) {
		int fd = make();
		char *p = map(fd, PAGE);

		*(volatile char *)p = 1;
		munmap(p, PAGE);
		close(fd);
	}
	return (double)(now() - start) / n;
}

static int make_region(void)
{
	return region_fd(NULL, PAGE, 0);
}

static int make_memfd(void)
{
	return memfd(PAGE);
}

static double cycle_region(void)
{
	return cycle(make_region);
}

static double cycle_memfd(void)
{
	return cycle(make_memfd);
}

/* First touch of every page of a new mapping, then once more through all. */
static double fault(int fd, size_t pages)
{
	char *p = map(fd, pages * PAGE);
	uint64_t start = now(), end;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < pages; i++)
			((volatile char *)p)[i * PAGE] += 1;
	end = now();
	munmap(p, pages * PAGE);
	close(fd);
	return (double)(end - start) / pages;
}

static double fault_region(void)
{
	return fault(region_fd(NULL, 512 * PAGE, 0), 512);
}

static double fault_shmem(void)
{
	return fault(memfd(512 * PAGE), 512);
}

static void name_of(char *name, size_t size, int i)
{
	snprintf(name, size, "bench-%06d", i);
}

static double open_by_name(int count)
{
	const int n = 500;
	char name[32];
	uint64_t start = now();

	for (int i = 0; i < n; i++) {
		struct ipcx_open args = { .size = sizeof(args) };
		int fd;

		name_of(name, sizeof(name), (int)((i * 7919L) % count));
		args.name = (uintptr_t)name;
		args.name_len = strlen(name);
		fd = ioctl(device, IPCX_IOC_OPEN, &args);
		check(fd >= 0, "OPEN");
		close(fd);
	}
	return (double)(now() - start) / n;
}

static double median_open(int count)
{
	double rounds[ROUNDS];

	open_by_name(count);
	for (int i = 0; i < ROUNDS; i++)
		rounds[i] = open_by_name(count);
	qsort(rounds, ROUNDS, sizeof(double), by_value);
	printf("  open among %-17d min %10.1f  median %10.1f  max %10.1f ns\n",
	       count, rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
	return rounds[ROUNDS / 2];
}

static void make_named(int from, int to)
{
	char name[32];

	for (int i = from; i < to; i++) {
		name_of(name, sizeof(name), i);
		close(region_fd(name, PAGE, IPCX_CREATE_PERSIST | IPCX_CREATE_EXCL |
				IPCX_REGION_SPARSE));
	}
}

static void unlink_named(int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		struct ipcx_unlink args = { .size = sizeof(args) };

		name_of(name, sizeof(name), i);
		args.name = (uintptr_t)name;
		args.name_len = strlen(name);
		check(!ioctl(device, IPCX_IOC_UNLINK, &args), "UNLINK");
	}
}

static double open_100k_vs_10(void)
{
	double few, many;

	make_named(0, 10);
	few = median_open(10);
	make_named(10, 100000);
	many = median_open(100000);
	unlink_named(100000);
	return many / few;
}

static void figure(const char *name, double value)
{
	printf("figure %s %.3f\n", name, value);
}

int main(void)
{
	struct candidate cycles[] = {
		{ .name = "region", .run = cycle_region },
		{ .name = "memfd", .run = cycle_memfd },
	};
	struct candidate faults[] = {
		{ .name = "region", .run = fault_region },
		{ .name = "memfd", .run = fault_shmem },
	};
	struct utsname u;

	device = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	check(device >= 0, "/dev/ipcx");
	check(!uname(&u), "uname");
	printf("kernel %s, %d rounds, candidates in turn\n", u.release, ROUNDS);

	puts("create, map, touch a page, unmap, destroy:");
	figure("region.cycle.vs_memfd", measure(cycles, 2));
	puts("fault and access of a page:");
	figure("region.fault.vs_shmem", measure(faults, 2));
	puts("open by name and close:");
	figure("region.open_100k.vs_10", open_100k_vs_10());
	return 0;
}
