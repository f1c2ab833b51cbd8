// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forks, as the test asks for by standard input, producers and consumers that
 * work until they are killed. They are children of the test.
 */
#include <ipcx/ipcx.h>

#include "../random.h"
#include "journal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AHEAD	16	/* messages that a publisher sends between naps */

static struct journal *journal;

/* ---- all of them ---- */

static void __attribute__((noreturn)) give_up(struct actor *a, int error)
{
	a->error = error;
	_exit(1);
}

static void check(struct actor *a, bool holds, int error)
{
	if (!holds)
		give_up(a, error);
}

/* Holds a claim for some time, so that more of the kills meet one. */
static void dwell(uint64_t *random)
{
	if (random64(random) % 2)
		return;
	for (volatile unsigned int i = random64(random) % 16000; i; i--)
		;
}

static uint32_t *map_region(struct actor *a, int fd)
{
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check(a, mem != MAP_FAILED, -errno);
	return mem;
}

/* ---- producers ---- */

/* The region that rides along a producer's messages tells whose it is. */
static int make_rider(struct actor *a)
{
	struct ipcx_region *region;
	uint32_t *mem;
	int ret;

	if (!torture_queues[a->queue].riders)
		return -1;
	ret = ipcx_region_create(NULL, 4096, NULL, &region);
	check(a, !ret, ret);
	mem = map_region(a, ipcx_region_fd(region));
	*mem = a->life + 1;
	munmap(mem, 4096);
	return ipcx_region_fd(region);
}

static int produce(struct ipcx_queue *q, const struct note *note, int rider,
		   uint64_t *random)
{
	struct ipcx_loan loan;
	int ret;

	if (rider >= 0)
		return ipcx_queue_send_fds(q, note, sizeof(*note), note->lane,
					   &rider, 1);
	if (!ipcx_queue_is_mapped(q) || random64(random) % 2)
		return ipcx_queue_send(q, note, sizeof(*note), note->lane);
	do {
		ret = ipcx_queue_reserve(q, note->lane, &loan);
		if (ret)
			return ret;
		if (random64(random) % 4)
			break;
		ret = ipcx_queue_abort(q, &loan);
	} while (!ret);
	if (ret)
		return ret;
	memcpy(loan.data, note, sizeof(*note));
	dwell(random);
	return ipcx_queue_commit(q, &loan, sizeof(*note));
}

static void run_producer(struct actor *a, struct ipcx_queue *q, uint64_t random)
{
	const struct torture_queue *shape = &torture_queues[a->queue];
	int rider = make_rider(a);

	for (uint32_t seq = 0; seq < LIFE; seq++) {
		uint32_t lane = random64(&random) % shape->lanes;
		struct note note = make_note(a->life, seq, lane);
		int ret = produce(q, &note, has_rider(&note, a->queue) ? rider : -1,
				  &random);

		check(a, !ret, ret);
		__atomic_store_n(&journal->sent[a->life], seq + 1,
				 __ATOMIC_RELEASE);
		/* Nothing else holds up who does not wait for receivers. */
		if (shape->flags && seq % AHEAD == 0)
			nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	}
}

/* ---- consumers ---- */

static void write_down(struct entry *e, const struct note *note)
{
	e->note = *note;
	e->note.producer = 0;
	__atomic_store_n(&e->note.producer, note->producer, __ATOMIC_RELEASE);
}

/* There is one, if nobody who died had taken it. */
static void check_riders(struct actor *a, const struct note *note,
			 uint32_t flags, const int *fds, int count)
{
	uint32_t *mem;

	if (!has_rider(note, a->queue)) {
		check(a, !count, -E2BIG);
		return;
	}
	check(a, count == 1 || (!count && flags & IPCX_MSG_REDELIVERED), -ENODATA);
	if (!count)
		return;
	mem = map_region(a, fds[0]);
	check(a, *mem == note->producer, -EILSEQ);
	munmap(mem, 4096);
	close(fds[0]);
}

static void run_mapped_consumer(struct actor *a, struct ipcx_queue *q,
				uint64_t random)
{
	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		struct ipcx_loan loan;
		struct note note;
		int fds[IPCX_FDS_MAX];
		int ret = ipcx_queue_acquire(q, &loan);

		check(a, !ret, ret);
		memcpy(&note, loan.data, sizeof(note));
		dwell(&random);
		if (torture_queues[a->queue].riders) {
			ret = ipcx_queue_loan_fds(q, &loan, fds, IPCX_FDS_MAX);
			check(a, ret >= 0, ret);
			check_riders(a, &note, loan.flags, fds, ret);
		}
		e->msg.flags = loan.flags;
		e->msg.lane = loan.lane;
		e->msg.len = loan.len;
		write_down(e, &note);
		dwell(&random);
		ret = ipcx_queue_release(q, &loan);
		check(a, !ret, ret);
	}
}

/*
 * All of it is touched before: a copy that cannot be made would have the message
 * given back in the middle.
 */
static void run_consumer(struct actor *a, int fd)
{
	int fds[IPCX_FDS_MAX];

	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		e->note.producer = 0;
		e->msg = (struct ipcx_msg) {
			.buf = (uintptr_t)&e->note, .len = sizeof(e->note),
			.fds = (uintptr_t)fds, .fd_count = IPCX_FDS_MAX,
		};
	}
	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		struct ipcx_transfer arg = {
			.size = sizeof(arg), .msgs = (uintptr_t)&e->msg,
			.count = 1, .msg_size = sizeof(e->msg),
			.deadline_ns = IPCX_FOREVER,
		};
		int ret = ioctl(fd, IPCX_IOC_RECV, &arg);

		check(a, ret == 1, ret < 0 ? -errno : ret);
		check_riders(a, &e->note, e->msg.flags, fds, e->msg.fd_count);
	}
}

/* Holds nothing, by whichever path. */
static void run_subscriber(struct actor *a, struct ipcx_queue *q)
{
	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		struct note note;
		ssize_t ret = ipcx_queue_recv(q, &note, sizeof(note), &e->msg);

		check(a, ret >= 0, ret);
		write_down(e, &note);
	}
}

static void __attribute__((noreturn)) run_actor(struct actor *a, uint64_t random)
{
	static const uint32_t rights[] = {
		[MAPPED_PRODUCER] = IPCX_RIGHT_SEND | IPCX_RIGHT_MAP,
		[PRODUCER] = IPCX_RIGHT_SEND,
		[MAPPED_CONSUMER] = IPCX_RIGHT_RECV | IPCX_RIGHT_MAP,
		[CONSUMER] = IPCX_RIGHT_RECV,
	};
	struct ipcx_queue *q;
	int fd, ret;

	/* The test goes before its victims, or there would be few. */
	setpriority(PRIO_PROCESS, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = ipcx_reopen(QUEUE_FD + a->queue, rights[a->kind]);
	check(a, fd >= 0, fd);
	ret = ipcx_queue_from_fd(fd, &q);
	check(a, !ret, ret);

	if (!is_consumer(a))
		run_producer(a, q, random);
	else if (torture_queues[a->queue].flags & IPCX_QUEUE_BROADCAST)
		run_subscriber(a, q);
	else if (a->kind == MAPPED_CONSUMER)
		run_mapped_consumer(a, q, random);
	else
		run_consumer(a, fd);
	_exit(0);
}

int main(void)
{
	struct start start;
	struct stat st;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fstat(JOURNAL_FD, &st))
		return 1;
	journal = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_NORESERVE, JOURNAL_FD, 0);
	if (journal == MAP_FAILED)
		return 1;
	while (read(STDIN_FILENO, &start, sizeof(start)) == sizeof(start)) {
		struct actor *a = &journal->actors[start.actor];
		pid_t pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

		if (!pid)
			run_actor(a, start.random);
		if (pid < 0)
			return 1;
		__atomic_store_n(&a->pid, pid, __ATOMIC_RELEASE);
	}
	return 0;
}
