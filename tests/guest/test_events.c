// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who came to a queue and who went, as its descriptors are told. Why an
 * attachment went, whoever has the file still: test_why.c.
 */
#include "mapped.h"
#include "peers.h"
#include "region.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include <linux/io_uring.h>

#define LOG_SIZE	64
#define ALL		1024

static int mappable(uint32_t flags)
{
	int fd = queue(NULL, .slots = 8, .flags = flags | IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

/* Two events: this process comes and goes. */
static void come_and_go(int fd)
{
	struct mapped m;

	mapped_open(&m, fd);
	mapped_close(&m);
}

static uint64_t last_event(int fd)
{
	struct ipcx_event events[LOG_SIZE];
	int n = events_get(fd, events, LOG_SIZE, NULL);

	return n > 0 ? events[n - 1].seq : 0;
}

static void test_come_and_go(void **state)
{
	uint64_t start = now_ns(), between;
	struct ipcx_event came, went;
	int fd = mappable(0);
	bool redelivered;
	struct mapped m;

	(void)state;
	no_event(fd);
	mapped_open(&m, fd);
	came = next_event(fd);
	between = now_ns();
	assert_int_equal(came.seq, 1);
	assert_in_range(came.time_ns, start, between);
	assert_int_equal(came.what, IPCX_EVENT_ATTACHED);
	assert_int_equal(came.attachment, m.me);
	assert_int_equal(came.pid, getpid());
	assert_string_equal(came.comm, "test_events");
	assert_int_equal(came.why | came.signal | came.aborted | came.returned, 0);
	no_event(fd);

	/* Two given up and one given back; what is published stays. */
	assert_int_equal(mapped_send_u32(&m, 1, 0), 1);
	assert_int_equal(mapped_send_u32(&m, 2, 0), 1);
	mapped_claim_recv(&m, &redelivered);
	mapped_claim_send(&m);
	mapped_claim_send(&m);
	mapped_abort(&m, mapped_claim_send(&m));
	mapped_close(&m);
	went = next_event(fd);
	assert_int_equal(went.seq, 2);
	assert_in_range(went.time_ns, between, now_ns());
	assert_int_equal(went.what, IPCX_EVENT_DETACHED);
	assert_int_equal(went.attachment, came.attachment);
	assert_int_equal(went.pid, getpid());
	assert_string_equal(went.comm, came.comm);
	assert_int_equal(went.why, IPCX_WHY_UNMAPPED);
	assert_int_equal(went.signal, 0);
	assert_int_equal(went.aborted, 2);
	assert_int_equal(went.returned, 1);
	no_event(fd);
	close(fd);
}

/* A second mapping is no second attachment. */
static void test_once_an_attachment(void **state)
{
	int fd = mappable(0);
	struct mapped m, again;

	(void)state;
	mapped_open(&m, fd);
	mapped_open(&again, fd);
	assert_int_equal(next_event(fd).attachment, m.me);
	no_event(fd);
	mapped_close(&m);
	no_event(fd);
	mapped_close(&again);
	assert_int_equal(next_event(fd).what, IPCX_EVENT_DETACHED);
	no_event(fd);
	close(fd);
}

/* What comes through SEND and RECV is no attachment. */
static void test_none_of_a_queue_without_ring(void **state)
{
	int fd = queue(NULL);

	(void)state;
	assert_int_equal(send_u32(fd, 1, 0), 1);
	expect_u32(fd, 1);
	no_event(fd);
	assert_int_equal(poll_now(fd, POLLPRI), 0);
	close(fd);
}

/* Each is told what happened since it was opened; duplicates share. */
static void test_each_descriptor_by_itself(void **state)
{
	int fd = mappable(0), later, dup_of_it;

	(void)state;
	come_and_go(fd);
	assert_soon(last_event(fd) == 2);
	later = object_reopen(fd, IPCX_RIGHT_ADMIN);
	assert_true(later >= 0);
	dup_of_it = dup(later);
	no_event(later);
	come_and_go(fd);
	assert_int_equal(next_event(fd).seq, 3);
	assert_int_equal(next_event(later).seq, 3);
	assert_int_equal(next_event(dup_of_it).seq, 4);
	no_event(later);
	assert_int_equal(next_event(fd).seq, 4);
	close(dup_of_it);
	close(later);
	close(fd);
}

/* In pieces, and as many as there are. */
static void test_count(void **state)
{
	struct ipcx_event events[16];
	int fd = mappable(0), other = object_reopen(fd, IPCX_RIGHT_RECV);
	uint64_t missed;

	(void)state;
	for (int i = 0; i < 4; i++) {
		come_and_go(fd);
		assert_soon(last_event(other) == 2U * i + 2);
	}
	memset(events, POISON, sizeof(events));
	assert_int_equal(events_get(fd, events, 3, &missed), 3);
	assert_int_equal(missed, 0);
	assert_int_equal(*(uint8_t *)&events[3], POISON);
	assert_int_equal(events_get(fd, events + 3, 13, &missed), 5);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(events[i].seq, i + 1);
		assert_int_equal(events[i].what, i & 1 ? IPCX_EVENT_DETACHED :
						 IPCX_EVENT_ATTACHED);
	}
	assert_int_equal(*(uint8_t *)&events[8], POISON);
	no_event(fd);
	close(other);
	close(fd);
}

/* What was told and what was before; and on from there, also in pieces. */
static void test_rewind(void **state)
{
	int fd = mappable(0), later;
	struct ipcx_event events[4];
	uint64_t missed = POISON;

	(void)state;
	assert_int_equal(events_rewind(fd, events, 4, &missed), -EAGAIN);
	come_and_go(fd);
	assert_soon(last_event(fd) == 2);
	later = object_reopen(fd, IPCX_RIGHT_ADMIN);
	assert_true(later >= 0);
	/* A call that fails rewinds nothing. */
	assert_int_equal(events_rewind(later, (void *)1, 4, NULL), -EFAULT);
	no_event(later);
	assert_int_equal(events_rewind(later, events, 1, &missed), 1);
	assert_int_equal(missed, 0);
	assert_int_equal(events[0].seq, 1);
	assert_int_equal(next_event(later).seq, 2);
	no_event(later);
	assert_int_equal(events_rewind(fd, events, 4, &missed), 2);
	assert_int_equal(events[0].seq, 1);
	assert_int_equal(events[1].seq, 2);
	no_event(fd);
	close(later);
	close(fd);
}

/* Those that are forgotten are told of as missed since the queue was made. */
static void test_rewind_to_the_oldest(void **state)
{
	struct ipcx_event events[LOG_SIZE];
	uint64_t missed = POISON;
	int fd = mappable(0);

	(void)state;
	for (int i = 0; i < LOG_SIZE / 2 + 5; i++)
		come_and_go(fd);
	assert_soon(events_rewind(fd, events, LOG_SIZE, &missed) == LOG_SIZE &&
		    events[LOG_SIZE - 1].seq == LOG_SIZE + 10);
	assert_int_equal(missed, 10);
	assert_int_equal(events[0].seq, 11);
	close(fd);
}

static void test_rewind_of_a_queue_without_ring(void **state)
{
	struct ipcx_event event;
	int fd = queue(NULL);

	(void)state;
	assert_int_equal(events_rewind(fd, &event, 1, NULL), -EAGAIN);
	close(fd);
}

static void test_what_was_missed(void **state)
{
	enum { ROUNDS = LOG_SIZE / 2 + 5 };
	int fd = mappable(0), other = object_reopen(fd, IPCX_RIGHT_RECV);
	struct ipcx_event events[ALL];
	uint64_t missed = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		come_and_go(fd);
		assert_soon(last_event(other) == 2U * i + 2);
	}
	assert_int_equal(events_get(fd, events, 10, &missed), 10);
	assert_int_equal(missed, 2 * ROUNDS - LOG_SIZE);
	assert_int_equal(events[0].seq, missed + 1);
	assert_int_equal(events_get(fd, events + 10, ALL - 10, &missed),
			 LOG_SIZE - 10);
	assert_int_equal(missed, 0);
	for (int i = 1; i < LOG_SIZE; i++)
		assert_int_equal(events[i].seq, events[i - 1].seq + 1);
	no_event(fd);

	/* Exactly as many as are remembered: none is missed. */
	for (int i = 0; i < LOG_SIZE / 2; i++) {
		come_and_go(fd);
		assert_soon(last_event(other) == 2U * (ROUNDS + i) + 2);
	}
	assert_int_equal(events_get(fd, events, ALL, &missed), LOG_SIZE);
	assert_int_equal(missed, 0);
	assert_int_equal(events[0].seq, 2 * ROUNDS + 1);
	close(other);
	close(fd);
}

/* A part is told where the rest does not fit into what can be written. */
static void test_array_that_ends(void **state)
{
	uint8_t *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ipcx_event *events = (void *)(page + PAGE);
	int fd = mappable(0);

	(void)state;
	assert_int_equal(mprotect(page + PAGE, PAGE, PROT_NONE), 0);
	come_and_go(fd);
	assert_soon(!object_stat(fd).attachments && !object_stat(fd).repairing);
	assert_int_equal(events_get(fd, events, 4, NULL), -EFAULT);
	assert_int_equal(events_get(fd, events - 1, 4, NULL), 1);
	assert_int_equal(events[-1].seq, 1);
	assert_int_equal(next_event(fd).seq, 2);
	munmap(page, 2 * PAGE);
	close(fd);
}

struct reader {
	int fd;
	_Atomic uint32_t *stop;
	uint64_t told;
	uint64_t sum;
};

static void *read_events(void *arg)
{
	struct reader *r = arg;
	struct ipcx_event event[3];
	/* events_get() asserts that who fails writes nothing: who is overtaken does. */
	struct ipcx_events args = {
		.size = sizeof(args), .count = 3, .event_size = sizeof(*event),
		.events = (uintptr_t)event,
	};
	int n;

	do {
		uint32_t stop = *r->stop;

		n = call(r->fd, IPCX_IOC_EVENTS, &args);
		for (int i = 0; i < n; i++)
			r->sum += event[i].seq;
		if (n > 0)
			r->told += n + args.missed;
		if (n < 0 && stop)
			break;
	} while (1);
	return NULL;
}

/* Of threads that share a descriptor each event is told to one. */
static void test_told_once(void **state)
{
	enum { ROUNDS = 200 };
	int fd = mappable(0), other = object_reopen(fd, IPCX_RIGHT_RECV);
	struct reader reader[2];
	_Atomic uint32_t stop = 0;
	pthread_t thread[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		reader[i] = (struct reader){ .fd = fd, .stop = &stop };
		pthread_create(&thread[i], NULL, read_events, &reader[i]);
	}
	for (int i = 0; i < ROUNDS; i++) {
		come_and_go(fd);
		assert_soon(last_event(other) == 2U * i + 2);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(reader[0].told + reader[1].told, 2 * ROUNDS);
	/* None was missed here, or the sum would lack it. */
	assert_true(reader[0].sum + reader[1].sum <= ROUNDS * (2 * ROUNDS + 1));
	close(other);
	close(fd);
}

/* ---- poll ---- */

static void test_poll(void **state)
{
	static const uint32_t rights[] = {
		IPCX_RIGHTS_QUEUE, IPCX_RIGHT_RECV, IPCX_RIGHT_SEND,
		IPCX_RIGHT_ADMIN,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		int owner = mappable(0), fd = object_reopen(owner, rights[i]);
		_Atomic uint32_t *seen = shared_words();
		struct timeval now = { 0 };
		struct mapped m;
		fd_set set;
		pid_t pid;

		assert_int_equal(poll_now(fd, POLLPRI), 0);
		pid = child_fork();
		if (!pid) {
			assert_soon(asleep_in(getppid(), SYS_poll));
			mapped_open(&m, owner);
			/* Its end would wake everybody. */
			while (!*seen)
				nap();
			child_done();
		}
		assert_int_equal(poll_long(fd, POLLPRI), POLLPRI);
		assert_int_equal(next_event(fd).what, IPCX_EVENT_ATTACHED);
		*seen = 1;
		child_ok(pid);
		assert_int_equal(poll_long(fd, POLLPRI), POLLPRI);
		/* Until it is read, and to who asks. */
		assert_int_equal(poll_now(fd, POLLPRI), POLLPRI);
		assert_int_equal(poll_now(fd, POLLIN | POLLOUT) & POLLPRI, 0);
		FD_ZERO(&set);
		FD_SET(fd, &set);
		assert_int_equal(select(fd + 1, NULL, NULL, &set, &now), 1);
		assert_int_equal(next_event(fd).what, IPCX_EVENT_DETACHED);
		assert_int_equal(poll_now(fd, POLLPRI), 0);
		shared_free(seen);
		close(fd);
		close(owner);
	}
}

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	assert_true(epoll >= 0);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	return epoll;
}

/* What an epoll tells within that time: 0 for nothing. */
static uint32_t told_by(int epoll, int ms)
{
	struct epoll_event event = { 0 };

	return epoll_wait(epoll, &event, 1, ms) == 1 ? event.events : 0;
}

static void test_epoll_level(void **state)
{
	int fd = mappable(0), epoll = epoll_of(fd, EPOLLPRI);
	struct mapped m;

	(void)state;
	assert_int_equal(told_by(epoll, 0), 0);
	for (int i = 0; i < 3; i++) {
		mapped_open(&m, fd);
		assert_int_equal(told_by(epoll, LONG_ENOUGH), EPOLLPRI);
		assert_int_equal(told_by(epoll, 0), EPOLLPRI);
		next_event(fd);
		assert_int_equal(told_by(epoll, 0), 0);
		mapped_close(&m);
		assert_int_equal(told_by(epoll, LONG_ENOUGH), EPOLLPRI);
		next_event(fd);
		assert_int_equal(told_by(epoll, SHORT), 0);
	}
	close(epoll);
	close(fd);
}

static void test_epoll_edge(void **state)
{
	int fd = mappable(0), epoll = epoll_of(fd, EPOLLPRI | EPOLLET);
	struct mapped m;

	(void)state;
	for (int i = 0; i < 3; i++) {
		mapped_open(&m, fd);
		assert_int_equal(told_by(epoll, LONG_ENOUGH), EPOLLPRI);
		assert_int_equal(told_by(epoll, SHORT), 0);
		mapped_close(&m);
		assert_int_equal(told_by(epoll, LONG_ENOUGH), EPOLLPRI);
		next_event(fd);
		next_event(fd);
		assert_int_equal(told_by(epoll, SHORT), 0);
	}
	close(epoll);
	close(fd);
}

/* Asked for only later, where the epoll has begun to wait already. */
static void test_epoll_asked_later(void **state)
{
	static const uint32_t rights[] = {
		IPCX_RIGHTS_QUEUE, IPCX_RIGHT_SEND, IPCX_RIGHT_ADMIN,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		struct epoll_event event = { .events = EPOLLPRI };
		int owner = mappable(0), fd = object_reopen(owner, rights[i]);
		int epoll = epoll_of(fd, EPOLLIN);
		struct mapped m;

		mapped_open(&m, owner);
		assert_int_equal(told_by(epoll, SHORT), 0);
		assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event), 0);
		assert_int_equal(told_by(epoll, 0), EPOLLPRI);
		assert_int_equal(next_event(fd).attachment, m.me);
		assert_int_equal(told_by(epoll, 0), 0);
		mapped_close(&m);
		assert_int_equal(told_by(epoll, LONG_ENOUGH), EPOLLPRI);
		close(epoll);
		close(fd);
		close(owner);
	}
}

/* Who waits for messages is not told of events, nor the other way round. */
static void test_poll_of_another_kind(void **state)
{
	int fd = mappable(0), other = object_reopen(fd, IPCX_RIGHTS_QUEUE);
	int messages = epoll_of(fd, EPOLLIN | EPOLLET);
	int events = epoll_of(other, EPOLLPRI | EPOLLET);

	(void)state;
	come_and_go(fd);
	assert_int_equal(told_by(messages, SHORT), 0);
	assert_int_equal(told_by(events, LONG_ENOUGH), EPOLLPRI);
	assert_soon(last_event(other) == 2);
	assert_int_equal(told_by(events, SHORT), 0);
	assert_int_equal(send_u32(fd, 1, 0), 1);
	assert_int_equal(told_by(messages, LONG_ENOUGH), EPOLLIN);
	assert_int_equal(told_by(events, SHORT), 0);
	close(messages);
	close(events);
	close(other);
	close(fd);
}

/* ---- io_uring, which waits in two wait queues of a file at most ---- */

struct uring {
	int fd;
	void *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params params;
};

static void uring_open(struct uring *u)
{
	memset(u, 0, sizeof(*u));
	u->fd = syscall(SYS_io_uring_setup, 4, &u->params);
	assert_true(u->fd >= 0);
	u->rings = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
			IORING_OFF_SQ_RING);
	u->sqes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
		       IORING_OFF_SQES);
	assert_ptr_not_equal(u->rings, MAP_FAILED);
	assert_ptr_not_equal(u->sqes, MAP_FAILED);
}

static _Atomic uint32_t *uring_word(const struct uring *u, uint32_t offset)
{
	return (void *)((char *)u->rings + offset);
}

static void uring_poll(struct uring *u, int fd, uint32_t events)
{
	uint32_t *array = (void *)uring_word(u, u->params.sq_off.array);

	u->sqes[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll32_events = events,
	};
	array[*uring_word(u, u->params.sq_off.tail) % 4] = 0;
	++*uring_word(u, u->params.sq_off.tail);
	assert_int_equal(syscall(SYS_io_uring_enter, u->fd, 1, 0, 0, NULL, 0), 1);
}

static bool uring_done(const struct uring *u)
{
	return *uring_word(u, u->params.cq_off.head) !=
	       *uring_word(u, u->params.cq_off.tail);
}

static int uring_result(struct uring *u)
{
	struct io_uring_cqe *cqes =
		(void *)uring_word(u, u->params.cq_off.cqes);

	return cqes[(*uring_word(u, u->params.cq_off.head))++ %
		    u->params.cq_entries].res;
}

static void uring_close(struct uring *u)
{
	munmap(u->rings, PAGE);
	munmap(u->sqes, PAGE);
	close(u->fd);
}

static void test_io_uring(void **state)
{
	int fd = mappable(0);
	struct mapped m;
	struct uring u;

	(void)state;
	uring_open(&u);
	uring_poll(&u, fd, POLLIN | POLLPRI);
	assert_false(uring_done(&u));
	mapped_open(&m, fd);
	assert_soon(uring_done(&u));
	assert_int_equal(uring_result(&u), POLLPRI);
	next_event(fd);

	uring_poll(&u, fd, POLLIN | POLLPRI);
	assert_false(uring_done(&u));
	assert_int_equal(send_u32(fd, 1, 0), 1);
	assert_soon(uring_done(&u));
	assert_int_equal(uring_result(&u), POLLIN);
	uring_close(&u);
	mapped_close(&m);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_come_and_go),
		cmocka_unit_test(test_once_an_attachment),
		cmocka_unit_test(test_none_of_a_queue_without_ring),
		cmocka_unit_test(test_each_descriptor_by_itself),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_rewind_to_the_oldest),
		cmocka_unit_test(test_rewind_of_a_queue_without_ring),
		cmocka_unit_test(test_what_was_missed),
		cmocka_unit_test(test_array_that_ends),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_epoll_level),
		cmocka_unit_test(test_epoll_edge),
		cmocka_unit_test(test_epoll_asked_later),
		cmocka_unit_test(test_poll_of_another_kind),
		cmocka_unit_test(test_io_uring),
	};

	return guest_run(tests);
}
