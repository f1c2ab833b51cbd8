// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls per message while the receiver keeps up: a sender and a receiver
 * on a processor each, the descriptor in an epoll set that the receiver sleeps
 * in whenever it looked some thousand times and found nothing. The kernel counts
 * every system call of both processes, by the event raw_syscalls:sys_enter.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include <ipcx/ipcx.h>

#include "bench.h"

#define ROUNDS		15
#define MESSAGES	100000
#define MESSAGE		64
#define SLOTS		1024
#define LOOKS		20000

#define EVENT	"/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"

static struct ipcx_queue *queue;
static int results[2];		/* a pipe: what the peer counted */
static uint64_t counted;

/* A counter of this process's system calls. */
static int open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
	};
	FILE *f = fopen(EVENT, "r");
	int fd;

	check(f && fscanf(f, "%llu", &attr.config) == 1, EVENT);
	fclose(f);
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	check(fd >= 0, "perf_event_open");
	return fd;
}

static uint64_t read_counter(int fd)
{
	uint64_t count;

	check(read(fd, &count, sizeof(count)) == sizeof(count), "counter");
	return count;
}

/* Between two reads there is the second one, and what was done. */
static uint64_t calls_since(int fd, uint64_t before)
{
	return read_counter(fd) - before - 1;
}

static void check_counter(void)
{
	int fd = open_counter();
	uint64_t before = read_counter(fd);

	for (int i = 0; i < 10; i++)
		getppid();
	errno = 0;
	check(calls_since(fd, before) == 10, "10 system calls are not counted as 10");
	close(fd);
}

static void send_all(void *arg, struct gate *gate)
{
	struct ipcx_queue *mine = NULL;
	char buf[MESSAGE] = "";
	int counter = open_counter();
	uint64_t calls;

	(void)arg;
	check(!ipcx_queue_from_fd(fcntl(ipcx_queue_fd(queue), F_DUPFD_CLOEXEC,
					0), &mine), "ipcx_queue_from_fd");
	gate_pass(gate);
	calls = read_counter(counter);
	for (int i = 0; i < MESSAGES; i++)
		check(!ipcx_queue_send(mine, buf, sizeof(buf), 0), "send");
	calls = calls_since(counter, calls);
	check(write(results[1], &calls, sizeof(calls)) == sizeof(calls), "pipe");
}

static void receive_all(void *arg)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int counter = open_counter();
	char buf[MESSAGE];
	uint64_t calls;
	int looks = 0;

	(void)arg;
	check(epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD,
				       ipcx_queue_fd(queue), &event), "epoll");
	calls = read_counter(counter);
	for (int i = 0; i < MESSAGES; ) {
		int ret = ipcx_queue_recv_try(queue, buf, sizeof(buf), NULL);

		if (ret >= 0) {
			i++;
			looks = 0;
		} else if (looks++ == LOOKS) {
			check(epoll_wait(epoll, &event, 1, -1) == 1, "epoll_wait");
			looks = 0;
		}
	}
	counted = calls_since(counter, calls);
	close(counter);
	close(epoll);
}

static double syscalls(void *arg)
{
	uint64_t sender;

	with_peer(1, send_all, receive_all, arg);
	check(read(results[0], &sender, sizeof(sender)) == sizeof(sender), "pipe");
	return (double)(counted + sender) / MESSAGES;
}

static void bench_busy(void)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_QUEUE_MAPPABLE,
	};
	struct candidate c = { .name = "calls, both sides", .run = syscalls };

	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	check_counter();
	check(!pipe2(results, O_CLOEXEC), "pipe");
	check(!ipcx_queue_create(NULL, SLOTS, MESSAGE, &options, &queue), "queue");
	measure(&c, 1, ROUNDS);
	figure_of("queue.syscalls_busy", &c, 0.005);
	ipcx_queue_close(queue);
}

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "queue.syscalls_busy", "system calls per message", bench_busy },
	};

	return bench_main(argc, argv, benches, sizeof(benches) / sizeof(*benches));
}
