// SPDX-License-Identifier: GPL-2.0-only
/*
 * What regions cost beside what the kernel has already. Meant for a guest that
 * counts instructions (one a nanosecond of its clock), where medians repeat to a
 * fraction of a percent.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ipcx.h>

#include "bench.h"

#define PAGE	4096UL
#define ROUNDS	15

static int device;

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

static double cycle_region(void *arg)
{
	(void)arg;
	return cycle(make_region);
}

static double cycle_memfd(void *arg)
{
	(void)arg;
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

static double fault_region(void *arg)
{
	(void)arg;
	return fault(region_fd(NULL, 512 * PAGE, 0), 512);
}

static double fault_shmem(void *arg)
{
	(void)arg;
	return fault(memfd(512 * PAGE), 512);
}

static void name_of(char *name, size_t size, int i)
{
	snprintf(name, size, "bench-%06d", i);
}

static double open_by_name(void *arg)
{
	const int n = 500, count = *(const int *)arg;
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

static void bench_cycle(void)
{
	struct candidate c[] = {
		{ .name = "region", .run = cycle_region },
		{ .name = "memfd", .run = cycle_memfd },
	};

	measure(c, 2, ROUNDS);
	figure("region.cycle.vs_memfd", &c[0], &c[1]);
}

static void bench_fault(void)
{
	struct candidate c[] = {
		{ .name = "region", .run = fault_region },
		{ .name = "memfd", .run = fault_shmem },
	};

	measure(c, 2, ROUNDS);
	figure("region.fault.vs_shmem", &c[0], &c[1]);
}

/* One after the other: the many would be there for the few as well. */
static void bench_open(void)
{
	int few = 10, many = 100000;
	struct candidate c[] = {
		{ .name = "open among 10", .run = open_by_name, .arg = &few },
		{ .name = "open among 100000", .run = open_by_name, .arg = &many },
	};

	make_named(0, few);
	measure(&c[0], 1, ROUNDS);
	make_named(few, many);
	measure(&c[1], 1, ROUNDS);
	unlink_named(many);
	figure("region.open_100k.vs_10", &c[1], &c[0]);
}

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "region.cycle.vs_memfd",
		  "create, map, touch a page, unmap, destroy", bench_cycle },
		{ "region.fault.vs_shmem",
		  "fault and access of a page", bench_fault },
		{ "region.open_100k.vs_10",
		  "open by name and close", bench_open },
	};

	device = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	check(device >= 0, "/dev/ipcx");
	return bench_main(argc, argv, benches, sizeof(benches) / sizeof(*benches));
}
