// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library's ring costs beside what one would use instead, natively on
 * the host, in a file of POSIX shared memory: no module is needed. Processors 0 and 1
 * are used; many short rounds, as other users of the machine do not go away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "boost.h"
#include "file_queue.h"
#include "futex.h"

#define ROUNDS		101
#define MESSAGE		64
#define SLOTS		1024	/* a pipe holds 1024 such messages as well */
#define LOOKS		2000	/* before a stream's ends sleep */

/**
 * struct shm_queue - a queue in shared memory
 * @path: where
 * @queue: this process's handle; its peer has one of its own
 */
struct shm_queue {
	char path[64];
	struct ipcx_queue *queue;
};

static struct ipcx_queue *shm_queue_open(const struct shm_queue *shm,
					 uint32_t slots, uint32_t slot_size)
{
	struct file_queue_options options = {
		.slots = slots,
		.slot_size = slot_size,
	};
	struct ipcx_queue *queue;

	check(!file_queue_open(shm->path, &options, &queue), "file_queue_open");
	return queue;
}

static struct shm_queue *shm_queue_make(uint32_t slots, uint32_t slot_size)
{
	static int nr;
	struct shm_queue *shm = malloc(sizeof(*shm));

	check(shm, "malloc");
	snprintf(shm->path, sizeof(shm->path), "/dev/shm/ipcx-bench-%d-%d",
		 getpid(), nr++);
	shm->queue = shm_queue_open(shm, slots, slot_size);
	return shm;
}

static void shm_queue_free(struct shm_queue *shm)
{
	ipcx_queue_close(shm->queue);
	free(shm);
}

/* One thread sends and receives. */
#define PAIRS		20000

static double pair_ours(void *arg)
{
	struct ipcx_queue *queue = ((struct shm_queue *)arg)->queue;
	char buf[MESSAGE] = "";
	uint64_t start = now();

	for (int i = 0; i < PAIRS; i++)
		check(!ipcx_queue_send(queue, buf, sizeof(buf), 0) &&
		      ipcx_queue_recv(queue, buf, sizeof(buf),
				      NULL) == sizeof(buf), "pair");
	return (double)(now() - start) / PAIRS;
}

static double pair_boost(void *arg)
{
	char buf[MESSAGE] = "";
	uint64_t start = now();

	for (int i = 0; i < PAIRS; i++) {
		boost_send(arg, buf, sizeof(buf));
		check(boost_recv(arg, buf, sizeof(buf)) == sizeof(buf), "boost");
	}
	return (double)(now() - start) / PAIRS;
}

static void bench_pair(void)
{
	struct candidate c[] = {
		{ .name = "ring", .run = pair_ours,
		  .arg = shm_queue_make(64, MESSAGE) },
		{ .name = "Boost message_queue", .run = pair_boost,
		  .arg = boost_make(64, MESSAGE) },
	};

	measure(c, 2, ROUNDS);
	figure("shm.pair.vs_boost", &c[1], &c[0]);
	shm_queue_free(c[0].arg);
	boost_free(c[1].arg);
}

/* One process sends to another, on a processor each, as fast as both can. */
#define STREAM		10000

static void stream_ours_send(void *arg, struct gate *gate)
{
	struct ipcx_queue *queue = shm_queue_open(arg, 0, 0);
	char buf[MESSAGE] = "";

	ipcx_queue_set_spin(queue, LOOKS);
	gate_pass(gate);
	for (int i = 0; i < STREAM; i++)
		check(!ipcx_queue_send(queue, buf, sizeof(buf), 0), "send");
	ipcx_queue_close(queue);
}

static void stream_ours_recv(void *arg)
{
	struct ipcx_queue *queue = ((struct shm_queue *)arg)->queue;
	char buf[MESSAGE];

	ipcx_queue_set_spin(queue, LOOKS);
	for (int i = 0; i < STREAM; i++)
		check(ipcx_queue_recv(queue, buf, sizeof(buf), NULL) ==
		      sizeof(buf), "recv");
}

static void stream_boost_send(void *arg, struct gate *gate)
{
	char buf[MESSAGE] = "";

	gate_pass(gate);
	for (int i = 0; i < STREAM; i++)
		boost_send(arg, buf, sizeof(buf));
}

static void stream_boost_recv(void *arg)
{
	char buf[MESSAGE];

	for (int i = 0; i < STREAM; i++)
		check(boost_recv(arg, buf, sizeof(buf)) == sizeof(buf), "boost");
}

static void stream_pipe_send(void *arg, struct gate *gate)
{
	const int *ends = arg;
	char buf[MESSAGE] = "";

	gate_pass(gate);
	for (int i = 0; i < STREAM; i++)
		check(write(ends[1], buf, sizeof(buf)) == sizeof(buf), "write");
}

static void stream_pipe_recv(void *arg)
{
	const int *ends = arg;
	char buf[MESSAGE];

	for (int i = 0; i < STREAM; i++)
		check(read(ends[0], buf, sizeof(buf)) == sizeof(buf), "read");
}

static double stream_ours(void *arg)
{
	return with_peer(1, stream_ours_send, stream_ours_recv, arg) / STREAM;
}

static double stream_boost(void *arg)
{
	return with_peer(1, stream_boost_send, stream_boost_recv, arg) / STREAM;
}

static double stream_pipe(void *arg)
{
	return with_peer(1, stream_pipe_send, stream_pipe_recv, arg) / STREAM;
}

static void bench_stream(void)
{
	int ends[2];
	struct candidate c[] = {
		{ .name = "ring", .run = stream_ours,
		  .arg = shm_queue_make(SLOTS, MESSAGE) },
		{ .name = "Boost message_queue", .run = stream_boost,
		  .arg = boost_make(SLOTS, MESSAGE) },
		{ .name = "pipe", .run = stream_pipe, .arg = ends },
	};

	check(!pipe(ends), "pipe");
	measure(c, 3, ROUNDS);
	figure("shm.stream.vs_boost", &c[1], &c[0]);
	figure("shm.stream.vs_pipe", &c[2], &c[0]);
	shm_queue_free(c[0].arg);
	boost_free(c[1].arg);
	close(ends[0]);
	close(ends[1]);
}

/*
 * Ping-pong. Spinning it is on a processor each; blocked, on one for both, so
 * that every message takes a sleep, a wake-up and a switch.
 */
#define SPINS		5000
#define BLOCKS		1000

struct pingpong {
	struct shm_queue *there;
	struct shm_queue *back;
	int trips;
	bool spin;
};

static void trip_there(void *arg, struct gate *gate)
{
	struct pingpong *p = arg;
	struct ipcx_queue *from = shm_queue_open(p->there, 0, 0);
	struct ipcx_queue *to = shm_queue_open(p->back, 0, 0);
	char buf[MESSAGE] = "";

	ipcx_queue_set_spin(from, p->spin ? UINT32_MAX : 0);
	gate_pass(gate);
	for (int i = 0; i < p->trips; i++)
		check(ipcx_queue_recv(from, buf, sizeof(buf), NULL) ==
		      sizeof(buf) &&
		      !ipcx_queue_send(to, buf, sizeof(buf), 0), "answer");
	ipcx_queue_close(from);
	ipcx_queue_close(to);
}

static void trip_here(void *arg)
{
	struct pingpong *p = arg;
	char buf[MESSAGE] = "";

	ipcx_queue_set_spin(p->back->queue, p->spin ? UINT32_MAX : 0);
	for (int i = 0; i < p->trips; i++)
		check(!ipcx_queue_send(p->there->queue, buf, sizeof(buf), 0) &&
		      ipcx_queue_recv(p->back->queue, buf, sizeof(buf), NULL) ==
		      sizeof(buf), "ask");
}

static double rtt_ours(void *arg)
{
	struct pingpong *p = arg;

	return with_peer(p->spin, trip_there, trip_here, p) / p->trips;
}

/* The floor for who spins: two words in two pairs of cache lines. */
struct flags {
	uint32_t there __attribute__((aligned(128)));
	uint32_t back __attribute__((aligned(128)));
};

static void post(uint32_t *flag, uint32_t value)
{
	__atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

static void await(uint32_t *flag, uint32_t value)
{
	while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != value)
		;
}

static void flags_there(void *arg, struct gate *gate)
{
	struct flags *flags = arg;

	gate_pass(gate);
	for (uint32_t i = 1; i <= SPINS; i++) {
		await(&flags->there, i);
		post(&flags->back, i);
	}
}

static void flags_here(void *arg)
{
	struct flags *flags = arg;

	for (uint32_t i = 1; i <= SPINS; i++) {
		post(&flags->there, i);
		await(&flags->back, i);
	}
}

static double rtt_flags(void *arg)
{
	memset(arg, 0, sizeof(struct flags));
	return with_peer(1, flags_there, flags_here, arg) / SPINS;
}

static void futex_there(void *arg, struct gate *gate)
{
	struct flags *flags = arg;

	gate_pass(gate);
	for (uint32_t i = 1; i <= BLOCKS; i++) {
		futex_await(&flags->there, i);
		futex_post(&flags->back, i);
	}
}

static void futex_here(void *arg)
{
	struct flags *flags = arg;

	for (uint32_t i = 1; i <= BLOCKS; i++) {
		futex_post(&flags->there, i);
		futex_await(&flags->back, i);
	}
}

static double rtt_futex(void *arg)
{
	memset(arg, 0, sizeof(struct flags));
	return with_peer(0, futex_there, futex_here, arg) / BLOCKS;
}

static void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	check(p != MAP_FAILED, "mmap");
	return p;
}

static void bench_rtt_of(const char *name, struct pingpong *p,
			 struct candidate *floor)
{
	struct candidate c[] = {
		{ .name = "two rings", .run = rtt_ours, .arg = p },
		*floor,
	};

	p->there = shm_queue_make(16, MESSAGE);
	p->back = shm_queue_make(16, MESSAGE);
	c[1].arg = shared(sizeof(struct flags));
	measure(c, 2, ROUNDS);
	figure(name, &c[0], &c[1]);
	shm_queue_free(p->there);
	shm_queue_free(p->back);
	munmap(c[1].arg, sizeof(struct flags));
}

static void bench_rtt_spin(void)
{
	bench_rtt_of("shm.rtt_spin.vs_floor",
		     &(struct pingpong) { .trips = SPINS, .spin = true },
		     &(struct candidate) { .name = "two flags",
					   .run = rtt_flags });
}

static void bench_rtt_block(void)
{
	bench_rtt_of("shm.rtt_block.vs_futex",
		     &(struct pingpong) { .trips = BLOCKS },
		     &(struct candidate) { .name = "bare futexes",
					   .run = rtt_futex });
}

/* A large message written and read, in turn through a few places. */
#define LARGE		(1UL << 20)
#define PLACES		4
#define TOUCHES		20

static char *mine[2];		/* what is sent, what was received */

static double touch_loan(void *arg)
{
	struct ipcx_queue *queue = ((struct shm_queue *)arg)->queue;
	struct ipcx_loan loan;
	uint64_t start = now();

	for (int i = 0; i < TOUCHES; i++) {
		check(!ipcx_queue_reserve(queue, 0, &loan), "reserve");
		memcpy(loan.data, mine[0], LARGE);
		check(!ipcx_queue_commit(queue, &loan, LARGE) &&
		      !ipcx_queue_acquire(queue, &loan), "commit");
		memcpy(mine[1], loan.data, LARGE);
		check(!ipcx_queue_release(queue, &loan), "release");
	}
	return (double)(now() - start) / TOUCHES;
}

static double touch_memcpy(void *arg)
{
	uint64_t start = now();

	for (int i = 0; i < TOUCHES; i++) {
		char *place = (char *)arg + i % PLACES * LARGE;

		memcpy(place, mine[0], LARGE);
		memcpy(mine[1], place, LARGE);
		/* The compiler shall not see that nobody reads it. */
		__asm__ volatile("" : : "r" (mine[1]) : "memory");
	}
	return (double)(now() - start) / TOUCHES;
}

static void bench_touched(void)
{
	struct candidate c[] = {
		{ .name = "through a loan", .run = touch_loan,
		  .arg = shm_queue_make(PLACES, LARGE) },
		{ .name = "memcpy, twice", .run = touch_memcpy,
		  .arg = shared(PLACES * LARGE) },
	};

	for (int i = 0; i < 2; i++)
		mine[i] = shared(LARGE);
	measure(c, 2, ROUNDS);
	figure("shm.touched_1m.vs_memcpy", &c[0], &c[1]);
	shm_queue_free(c[0].arg);
	munmap(c[1].arg, PLACES * LARGE);
	for (int i = 0; i < 2; i++)
		munmap(mine[i], LARGE);
}

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "shm.pair.vs_boost",
		  "one thread sends and receives, 64 bytes; ns", bench_pair },
		{ "shm.stream.vs_boost shm.stream.vs_pipe",
		  "one process to another, a processor each, 64 bytes; ns a message",
		  bench_stream },
		{ "shm.rtt_spin.vs_floor",
		  "round trip of two processes, a processor each, spinning; ns",
		  bench_rtt_spin },
		{ "shm.rtt_block.vs_futex",
		  "round trip of two processes on one processor, blocked; ns",
		  bench_rtt_block },
		{ "shm.touched_1m.vs_memcpy",
		  "1 MiB written and read; ns", bench_touched },
	};

	return bench_main(argc, argv, benches, sizeof(benches) / sizeof(*benches));
}
