// SPDX-License-Identifier: GPL-2.0-only
/*
 * What queues cost beside what the kernel has already. For a guest that counts
 * instructions, one a nanosecond of its clock; bench_busy.c has what is counted
 * otherwise.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <ipcx/ipcx.h>

#include "bench.h"
#include "futex.h"

#define ROUNDS		15
#define MESSAGE		64
#define BATCH		32

static struct ipcx_queue *make(uint32_t slots, uint32_t slot_size,
			       uint32_t lanes, uint32_t rights)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_QUEUE_MAPPABLE,
		.lanes = lanes,
		.rights = IPCX_RIGHT_SEND | IPCX_RIGHT_RECV | rights,
	};
	struct ipcx_queue *queue = NULL;

	check(!ipcx_queue_create(NULL, slots, slot_size, &options, &queue),
	      "queue");
	return queue;
}

static struct ipcx_queue *make_mapped(uint32_t slots, uint32_t slot_size,
				      uint32_t lanes)
{
	return make(slots, slot_size, lanes, IPCX_RIGHT_MAP);
}

/* One thread sends and receives. */

static double pair_mqueue(void *arg)
{
	const int n = 2000;
	mqd_t mq = *(mqd_t *)arg;
	char buf[MESSAGE] = "";
	uint64_t start = now();

	for (int i = 0; i < n; i++)
		check(!mq_send(mq, buf, sizeof(buf), 0) &&
		      mq_receive(mq, buf, sizeof(buf), NULL) == sizeof(buf),
		      "mq");
	return (double)(now() - start) / n;
}

static double pair_mapped(void *arg)
{
	const int n = 20000;
	struct ipcx_queue *queue = arg;
	char buf[MESSAGE] = "";
	uint64_t start = now();

	for (int i = 0; i < n; i++)
		check(!ipcx_queue_send(queue, buf, sizeof(buf), 0) &&
		      ipcx_queue_recv(queue, buf, sizeof(buf),
				      NULL) == sizeof(buf), "mapped");
	return (double)(now() - start) / n;
}

/* @count messages to a call; the time of one. */
static double pair_ioctl(struct ipcx_queue *queue, uint32_t count)
{
	const int n = 2000 / count;
	int fd = ipcx_queue_fd(queue);
	struct ipcx_msg out[BATCH] = {}, in[BATCH] = {};
	char buf[2][BATCH][MESSAGE] = {};
	struct ipcx_transfer send = {
		.size = sizeof(send),
		.msgs = (uintptr_t)out,
		.count = count,
		.msg_size = sizeof(*out),
		.deadline_ns = IPCX_FOREVER,
	}, recv = send;
	uint64_t start;

	recv.msgs = (uintptr_t)in;
	for (uint32_t i = 0; i < count; i++) {
		out[i].buf = (uintptr_t)buf[0][i];
		out[i].len = MESSAGE;
		in[i].buf = (uintptr_t)buf[1][i];
	}
	start = now();
	for (int i = 0; i < n; i++) {
		/* RECV wrote there how much it received. */
		for (uint32_t j = 0; j < count; j++)
			in[j].len = MESSAGE;
		check(ioctl(fd, IPCX_IOC_SEND, &send) == (int)count &&
		      ioctl(fd, IPCX_IOC_RECV, &recv) == (int)count, "mediated");
	}
	return (double)(now() - start) / n / count;
}

static double pair_mediated(void *arg)
{
	return pair_ioctl(arg, 1);
}

static double pair_batch(void *arg)
{
	return pair_ioctl(arg, BATCH);
}

static double pair_loan(void *arg)
{
	const int n = 20000;
	struct ipcx_queue *queue = arg;
	uint32_t len = ipcx_queue_slot_size(queue);
	struct ipcx_loan loan;
	uint64_t start = now();

	for (int i = 0; i < n; i++)
		check(!ipcx_queue_reserve(queue, 0, &loan) &&
		      !ipcx_queue_commit(queue, &loan, len) &&
		      !ipcx_queue_acquire(queue, &loan) &&
		      !ipcx_queue_release(queue, &loan), "loan");
	return (double)(now() - start) / n;
}

static void bench_pair(void)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = MESSAGE };
	mqd_t mq = mq_open("/bench", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	struct ipcx_queue *mapped = make_mapped(64, MESSAGE, 1);
	struct ipcx_queue *mediated = make(64, MESSAGE, 1, 0);
	struct candidate c[] = {
		{ .name = "mqueue", .run = pair_mqueue, .arg = &mq },
		{ .name = "mapped", .run = pair_mapped, .arg = mapped },
		{ .name = "mediated", .run = pair_mediated, .arg = mediated },
		{ .name = "mediated, 32 to a call", .run = pair_batch,
		  .arg = mediated },
	};

	check(mq >= 0, "mq_open");
	measure(c, 4, ROUNDS);
	figure("queue.pair.vs_mqueue", &c[0], &c[1]);
	figure("queue.mediated.vs_mqueue", &c[2], &c[0]);
	figure("queue.batch32.vs_mqueue", &c[3], &c[0]);
	mq_close(mq);
	mq_unlink("/bench");
	ipcx_queue_close(mapped);
	ipcx_queue_close(mediated);
}

static void bench_loan(void)
{
	struct candidate c[] = {
		{ .name = "loans of 64 bytes", .run = pair_loan,
		  .arg = make_mapped(4, MESSAGE, 1) },
		{ .name = "loans of 1 MiB", .run = pair_loan,
		  .arg = make_mapped(4, 1 << 20, 1) },
	};

	measure(c, 2, ROUNDS);
	figure("queue.loan_1m.vs_64", &c[1], &c[0]);
	ipcx_queue_close(c[0].arg);
	ipcx_queue_close(c[1].arg);
}

static void bench_lanes(void)
{
	struct candidate c[] = {
		{ .name = "1 lane", .run = pair_mapped,
		  .arg = make_mapped(16, MESSAGE, 1) },
		{ .name = "32 lanes, on the lowest", .run = pair_mapped,
		  .arg = make_mapped(16, MESSAGE, 32) },
	};

	measure(c, 2, ROUNDS);
	figure("queue.lanes32.vs_1", &c[1], &c[0]);
	ipcx_queue_close(c[0].arg);
	ipcx_queue_close(c[1].arg);
}

/*
 * Blocked ping-pong. Both processes are on one processor, so that none finds
 * the answer there already: each message takes a sleep, a wake-up and a switch.
 */
#define TRIPS	1000

static struct ipcx_queue *there_and_back[2];

static struct ipcx_queue *attach_again(const struct ipcx_queue *queue)
{
	struct ipcx_queue *mine = NULL;

	check(!ipcx_queue_from_fd(fcntl(ipcx_queue_fd(queue), F_DUPFD_CLOEXEC,
					0), &mine), "ipcx_queue_from_fd");
	return mine;
}

static void echo_queue(void *arg, struct gate *gate)
{
	struct ipcx_queue *from = attach_again(there_and_back[0]);
	struct ipcx_queue *to = attach_again(there_and_back[1]);
	char buf[MESSAGE];

	(void)arg;
	gate_pass(gate);
	for (int i = 0; i < TRIPS; i++)
		check(ipcx_queue_recv(from, buf, sizeof(buf), NULL) ==
		      sizeof(buf) &&
		      !ipcx_queue_send(to, buf, sizeof(buf), 0), "echo");
}

static void call_queue(void *arg)
{
	char buf[MESSAGE] = "";

	(void)arg;
	for (int i = 0; i < TRIPS; i++)
		check(!ipcx_queue_send(there_and_back[0], buf, sizeof(buf), 0) &&
		      ipcx_queue_recv(there_and_back[1], buf, sizeof(buf),
				      NULL) == sizeof(buf), "call");
}

static double rtt_queue(void *arg)
{
	return with_peer(0, echo_queue, call_queue, arg) / TRIPS;
}

static uint32_t *flags;

static void echo_futex(void *arg, struct gate *gate)
{
	(void)arg;
	gate_pass(gate);
	for (uint32_t i = 1; i <= TRIPS; i++) {
		futex_await(&flags[0], i);
		futex_post(&flags[1], i);
	}
}

static void call_futex(void *arg)
{
	(void)arg;
	for (uint32_t i = 1; i <= TRIPS; i++) {
		futex_post(&flags[0], i);
		futex_await(&flags[1], i);
	}
}

static double rtt_futex(void *arg)
{
	flags[0] = 0;
	flags[1] = 0;
	return with_peer(0, echo_futex, call_futex, arg) / TRIPS;
}

static void bench_rtt(void)
{
	struct candidate c[] = {
		{ .name = "two mapped queues", .run = rtt_queue },
		{ .name = "bare futexes", .run = rtt_futex },
	};

	flags = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(flags != MAP_FAILED, "mmap");
	for (int i = 0; i < 2; i++)
		there_and_back[i] = make_mapped(16, MESSAGE, 1);
	measure(c, 2, ROUNDS);
	figure("queue.rtt_block.vs_futex", &c[0], &c[1]);
	for (int i = 0; i < 2; i++)
		ipcx_queue_close(there_and_back[i]);
}

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "queue.pair.vs_mqueue queue.mediated.vs_mqueue queue.batch32.vs_mqueue",
		  "one thread sends and receives, 64 bytes", bench_pair },
		{ "queue.rtt_block.vs_futex",
		  "round trip of two processes on one processor, blocked",
		  bench_rtt },
		{ "queue.loan_1m.vs_64",
		  "reserve, commit, acquire, release; payload untouched",
		  bench_loan },
		{ "queue.lanes32.vs_1",
		  "one thread sends and receives, 64 bytes", bench_lanes },
	};

	return bench_main(argc, argv, benches, sizeof(benches) / sizeof(*benches));
}
