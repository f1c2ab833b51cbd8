// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who polls a queue while peers in other processes use it by mapping: no wake-up
 * is lost (a poller that sleeps beside what it waits for sleeps until its time
 * is up), and none comes without a cause (there are no more than messages).
 */
#include "mapped.h"

#include <inttypes.h>
#include <liburing.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define SLOTS		8
#define MESSAGES	2000
/* Told before the first message, or of one that was taken already. */
#define SLACK		4

/* ---- pollers: one descriptor each, one at a time in a process ---- */

struct poller {
	const char *name;
	void (*start)(int fd, short events);
	bool (*told)(unsigned int ms);	/* asleep until it is told */
	void (*stop)(void);
	bool once;			/* tells of what is there once */
};

static struct pollfd polled;
static int ep;
static uint32_t rearm;			/* events to ask for anew each time */
static struct io_uring uring;
static bool armed;

static void poll_start(int fd, short events)
{
	polled = (struct pollfd){ .fd = fd, .events = events };
}

static bool poll_told(unsigned int ms)
{
	int n = poll(&polled, 1, (int)ms);

	assert_in_range(n, 0, 1);
	assert_int_equal(polled.revents, n ? polled.events : 0);
	return n;
}

static void poll_stop(void)
{
}

static bool select_told(unsigned int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	bool in = polled.events == POLLIN;
	fd_set set;
	int n;

	FD_ZERO(&set);
	FD_SET(polled.fd, &set);
	n = select(polled.fd + 1, in ? &set : NULL, in ? NULL : &set, NULL, &t);
	assert_in_range(n, 0, 1);
	return n;
}

static void epoll_start_flags(int fd, short events, uint32_t flags)
{
	struct epoll_event event = { .events = (uint32_t)events | flags };

	poll_start(fd, events);
	rearm = flags & EPOLLONESHOT ? event.events : 0;
	ep = epoll_create1(EPOLL_CLOEXEC);
	assert_true(ep >= 0);
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
}

static void level_start(int fd, short events)
{
	epoll_start_flags(fd, events, 0);
}

static void edge_start(int fd, short events)
{
	epoll_start_flags(fd, events, EPOLLET);
}

static void oneshot_start(int fd, short events)
{
	epoll_start_flags(fd, events, EPOLLONESHOT);
}

static void exclusive_start(int fd, short events)
{
	epoll_start_flags(fd, events, EPOLLEXCLUSIVE);
}

static bool epoll_told(unsigned int ms)
{
	struct epoll_event event = { .events = rearm };
	int n;

	if (rearm)
		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_MOD, polled.fd, &event),
				 0);
	n = epoll_wait(ep, &event, 1, (int)ms);
	assert_in_range(n, 0, 1);
	if (n)
		assert_int_equal(event.events, polled.events);
	return n;
}

static void epoll_stop(void)
{
	close(ep);
}

static void uring_start(int fd, short events)
{
	poll_start(fd, events);
	armed = false;
	assert_int_equal(io_uring_queue_init(64, &uring, 0), 0);
}

static bool uring_told_by(unsigned int ms, bool multishot)
{
	struct __kernel_timespec t = { ms / 1000, ms % 1000 * 1000000LL };
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	int rc;

	if (!armed) {
		sqe = io_uring_get_sqe(&uring);
		assert_non_null(sqe);
		if (multishot)
			io_uring_prep_poll_multishot(sqe, polled.fd,
						     (unsigned int)polled.events);
		else
			io_uring_prep_poll_add(sqe, polled.fd,
					       (unsigned int)polled.events);
		io_uring_sqe_set_data64(sqe, 1);
		assert_int_equal(io_uring_submit(&uring), 1);
		armed = true;
	}
	do {
		rc = io_uring_wait_cqe_timeout(&uring, &cqe, &t);
	} while (rc == -EINTR);
	if (rc == -ETIME)
		return false;
	assert_int_equal(rc, 0);
	assert_int_equal(cqe->user_data, 1);
	assert_int_equal(cqe->res, polled.events);
	armed = cqe->flags & IORING_CQE_F_MORE;
	io_uring_cqe_seen(&uring, cqe);
	return true;
}

static bool single_told(unsigned int ms)
{
	return uring_told_by(ms, false);
}

static bool multishot_told(unsigned int ms)
{
	return uring_told_by(ms, true);
}

static void uring_stop(void)
{
	io_uring_queue_exit(&uring);
}

static struct poller pollers[] = {
	{ "poll", poll_start, poll_told, poll_stop, false },
	{ "select", poll_start, select_told, poll_stop, false },
	{ "epoll level", level_start, epoll_told, epoll_stop, false },
	{ "epoll edge", edge_start, epoll_told, epoll_stop, true },
	{ "epoll oneshot", oneshot_start, epoll_told, epoll_stop, false },
	{ "epoll exclusive", exclusive_start, epoll_told, epoll_stop, false },
	{ "io_uring", uring_start, single_told, uring_stop, false },
	{ "io_uring multishot", uring_start, multishot_told, uring_stop,
	  true },
};

/* ---- traffic ---- */

static int ring_queue(struct mapped *m)
{
	int fd = queue(NULL, .slots = SLOTS, .flags = IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	mapped_open(m, fd);
	return fd;
}

/* Of no use but to meet the other side at another instruction each time. */
static void dawdle(uint32_t i)
{
	for (volatile uint32_t n = i * 2654435761U >> 21; n > 0; n--)
		;
}

/*
 * Bursts, and single messages that the poller has time to fall asleep before:
 * @done counts what it received.
 */
static void send_all(int fd, _Atomic uint32_t *done)
{
	struct mapped m;

	mapped_open(&m, fd);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		if (i / 64 % 2) {
			assert_soon(*done == i);
			dawdle(i);
		}
		assert_int_equal(mapped_send_u32(&m, i, in_ms(LONG_ENOUGH)), 1);
	}
}

static void receive_all(int fd, _Atomic uint32_t *done)
{
	struct mapped m;
	uint32_t value;

	mapped_open(&m, fd);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		if (i / 64 % 2) {
			assert_soon(*done == MESSAGES || *done == i + SLOTS);
			dawdle(i);
		}
		assert_int_equal(mapped_recv_u32(&m, &value, in_ms(LONG_ENOUGH)),
				 1);
		assert_int_equal(value, i);
	}
}

static bool try_receive(const struct mapped *m, uint32_t *value)
{
	bool redelivered;
	uint64_t ticket = mapped_claim_recv(m, &redelivered);

	if (ticket == NO_TICKET)
		return false;
	*value = mapped_value(m, ticket);
	mapped_release(m, ticket);
	return true;
}

static bool try_send(const struct mapped *m, uint32_t value)
{
	uint64_t ticket = mapped_claim_send(m);

	if (ticket == NO_TICKET)
		return false;
	mapped_commit(m, ticket, value);
	return true;
}

/* How often it is told more, when nothing happens any more. */
static uint32_t rest_told(const struct poller *p)
{
	uint32_t n = 0;

	while (n <= MESSAGES && p->told(SHORT))
		n++;
	return n;
}

static void receive_polling(const struct poller *p)
{
	_Atomic uint32_t *done = shared_words();
	uint32_t told = 0, got = 0, value;
	struct mapped m;
	int fd = ring_queue(&m);
	pid_t pid = child_fork();

	if (!pid) {
		send_all(fd, done);
		child_done();
	}
	p->start(fd, POLLIN);
	for (;;) {
		while (try_receive(&m, &value)) {
			assert_int_equal(value, got);
			*done = ++got;
		}
		if (got == MESSAGES)
			break;
		if (!p->told(LONG_ENOUGH))
			fail_msg("%s: asleep after message %u of %" PRIu64,
				 p->name, got,
				 (uint64_t)object_stat(fd).sent);
		told++;
	}
	child_ok(pid);
	told += rest_told(p);
	assert_in_range(told, 1, MESSAGES + SLACK);
	p->stop();
	mapped_close(&m);
	close(fd);
	shared_free(done);
}

static void send_polling(const struct poller *p)
{
	_Atomic uint32_t *done = shared_words();
	uint32_t told = 0, sent = 0;
	struct mapped m;
	int fd = ring_queue(&m);
	pid_t pid = child_fork();

	if (!pid) {
		receive_all(fd, done);
		child_done();
	}
	p->start(fd, POLLOUT);
	for (;;) {
		while (sent < MESSAGES && try_send(&m, sent))
			*done = ++sent;
		if (sent == MESSAGES)
			break;
		if (!p->told(LONG_ENOUGH))
			fail_msg("%s: asleep after message %u, %" PRIu64
				 " were taken", p->name, sent,
				 (uint64_t)object_stat(fd).received);
		told++;
	}
	child_ok(pid);
	/* There is room now, of which who is not told once is told for ever. */
	if (p->once)
		told += rest_told(p);
	assert_in_range(told, 1, MESSAGES + SLACK);
	p->stop();
	mapped_close(&m);
	close(fd);
	shared_free(done);
}

static void test_receiver(void **state)
{
	receive_polling(*state);
}

static void test_sender(void **state)
{
	send_polling(*state);
}

/* Nothing happens: nothing is told but what was there at first. */
static void test_idle(void **state)
{
	const struct poller *p = *state;
	struct mapped m;
	int fd = ring_queue(&m);

	p->start(fd, POLLIN);
	assert_false(p->told(SHORT));
	assert_true(try_send(&m, 1));
	assert_true(p->told(LONG_ENOUGH));
	assert_int_equal(p->told(SHORT), !p->once);
	p->stop();

	p->start(fd, POLLOUT);
	assert_true(p->told(LONG_ENOUGH));
	assert_int_equal(p->told(SHORT), !p->once);
	p->stop();
	mapped_close(&m);
	close(fd);
}

/*
 * Registered, and not asked while others send and receive: epoll does not look
 * again until it is asked, so that one message finds it armed and no other; and
 * io_uring tells each message once, at most.
 */
static void test_registered(void **state)
{
	const struct poller *p = *state;
	uint32_t found_armed = 0, told, value;
	struct mapped m;
	int fd = ring_queue(&m);
	bool asks = p->told != multishot_told;

	p->start(fd, POLLIN);
	assert_false(p->told(0));
	for (uint32_t i = 0; i < MESSAGES; i++) {
		found_armed += !!__atomic_load_n(&m.kpage->armed[IPCX_DIR_RECV],
						 __ATOMIC_SEQ_CST);
		assert_true(try_send(&m, i));
		assert_true(try_receive(&m, &value));
	}
	assert_in_range(found_armed, asks ? 0 : 1, asks ? 2 : MESSAGES);
	told = rest_told(p);
	assert_in_range(told, 0, asks ? 2 : MESSAGES + SLACK);
	p->stop();
	mapped_close(&m);
	close(fd);
}

/* Two, of whom the kernel may wake one or both, but never none. */
static void test_two_exclusive(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct mapped m;
	int fd = ring_queue(&m);
	pid_t pid[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		pid[i] = child_fork();
		if (!pid[i]) {
			struct mapped mine;
			uint32_t value;

			mapped_open(&mine, fd);
			exclusive_start(fd, POLLIN);
			words[1]++;
			while (words[0] < MESSAGES)
				if (try_receive(&mine, &value))
					words[0]++;
				else if (epoll_told(SHORT))
					words[2]++;
			child_done();
		}
	}
	assert_soon(words[1] == 2);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		if (i / 64 % 2)
			assert_soon(words[0] == i);
		assert_int_equal(mapped_send_u32(&m, i, in_ms(LONG_ENOUGH)), 1);
	}
	child_ok(pid[0]);
	child_ok(pid[1]);
	assert_int_equal(words[0], MESSAGES);
	assert_in_range(words[2], 1, 2 * (MESSAGES + SLACK));
	mapped_close(&m);
	close(fd);
	shared_free(words);
}

int main(void)
{
	static char names[4][ARRAY_SIZE(pollers)][48];
	struct CMUnitTest tests[4 * ARRAY_SIZE(pollers) + 1] = {
		cmocka_unit_test(test_two_exclusive),
	};
	static const struct {
		const char *name;
		void (*test)(void **state);
	} kinds[] = {
		{ "receiver", test_receiver }, { "sender", test_sender },
		{ "idle", test_idle }, { "registered", test_registered },
	};
	size_t n = 1;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < ARRAY_SIZE(pollers); i++) {
			snprintf(names[k][i], sizeof(names[k][i]), "%s, %s",
				 kinds[k].name, pollers[i].name);
			tests[n++] = (struct CMUnitTest) {
				names[k][i], kinds[k].test, NULL, NULL,
				&pollers[i],
			};
		}
	return guest_run(tests);
}
