// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library's calls cost over the bare ioctls of regions and of queues
 * that are not mapped. Meant for a guest that counts instructions, as bench_wrap.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wrap.h"

#define NAME	"bench"

static char text[BYTES];

static double region_wrapped(void *arg)
{
	struct ipcx_region *region;
	void *p;

	(void)arg;
	return TIME(!ipcx_region_open(NAME, RW, &region) &&
		    !ipcx_region_map(region, RW, 0, 0, &p) && !munmap(p, PAGE) &&
		    (ipcx_region_close(region), true));
}

static struct ipcx_open open_arg = {
	.size = sizeof(open_arg),
	.name = (uintptr_t)NAME,
	.name_len = sizeof(NAME) - 1,
	.kind = IPCX_KIND_REGION,
	.rights = RW,
};

static bool map_and_close(int fd)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	void *p;

	return fd >= 0 && !ioctl(fd, IPCX_IOC_STAT, &stat) &&
	       (p = mmap(NULL, stat.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0)) != MAP_FAILED &&
	       !munmap(p, PAGE) && !close(fd);
}

static double region_bare(void *arg)
{
	int device;

	(void)arg;
	return TIME((device = open("/dev/ipcx", O_RDWR | O_CLOEXEC)) >= 0 &&
		    map_and_close(ioctl(device, IPCX_IOC_OPEN, &open_arg)) &&
		    !close(device));
}

/* By a program that keeps a descriptor for what the library opens every time. */
static double region_kept(void *arg)
{
	int device = *(int *)arg;

	return TIME(map_and_close(ioctl(device, IPCX_IOC_OPEN, &open_arg)));
}

static void bench_region(void)
{
	int device = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	struct candidate c[] = {
		{ .name = "library", .run = region_wrapped },
		{ .name = "bare", .run = region_bare },
		{ .name = "bare, /dev/ipcx kept open", .run = region_kept,
		  .arg = &device },
	};
	struct ipcx_region *region;

	check(device >= 0 && !ipcx_region_create(NAME, PAGE, NULL, &region),
	      "region");
	measure(c, 3, ROUNDS);
	figure("wrap.region.overhead", &c[0], &c[1]);
	ipcx_region_close(region);
	close(device);
}

static double queue_wrapped(void *arg)
{
	return TIME(!ipcx_queue_send(arg, text, BYTES, 0) &&
		    ipcx_queue_recv(arg, text, BYTES, NULL) == BYTES);
}

static int move(int fd, unsigned long cmd)
{
	struct ipcx_msg msg = { .buf = (uintptr_t)text, .len = BYTES };
	struct ipcx_transfer arg = {
		.size = sizeof(arg),
		.msgs = (uintptr_t)&msg,
		.count = 1,
		.msg_size = sizeof(msg),
		.deadline_ns = IPCX_FOREVER,
	};

	return ioctl(fd, cmd, &arg) == 1 ? (int)msg.len : -1;
}

static double queue_bare(void *arg)
{
	int fd = ipcx_queue_fd(arg);

	return TIME(move(fd, IPCX_IOC_SEND) == BYTES &&
		    move(fd, IPCX_IOC_RECV) == BYTES);
}

static void bench_queue(void)
{
	struct ipcx_queue *queue;

	check(!ipcx_queue_create(NULL, 16, BYTES, NULL, &queue), "queue");
	compare("queue", queue_wrapped, queue_bare, queue);
	ipcx_queue_close(queue);
}

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "wrap.region.overhead", "region: open, map, unmap, close",
		  bench_region },
		{ "wrap.queue.overhead", "queue, not mapped: send and receive",
		  bench_queue },
	};

	return bench_main(argc, argv, benches, sizeof(benches) / sizeof(*benches));
}
