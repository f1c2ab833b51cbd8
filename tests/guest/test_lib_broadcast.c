// SPDX-License-Identifier: GPL-2.0-only
/* The library's broadcast queues, on the mapped and the mediated path. */
#include "lib.h"
#include "subscriber.h"

#include <sys/epoll.h>

#define SLOTS	4U
#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV

static struct ipcx_queue *create_news(enum path path, uint32_t flags)
{
	return create_q(path, BOTH, flags | IPCX_QUEUE_BROADCAST, 1);
}

static void put_many(struct ipcx_queue *q, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
}

static void expect(struct ipcx_queue *q, uint32_t value, uint64_t missed)
{
	struct ipcx_msg msg;

	assert_int_equal(get(q, &msg, IPCX_NO_WAIT), value);
	assert_int_equal(msg.missed, missed);
	assert_int_equal(msg.len, sizeof(value));
}

static void test_each_gets_all(void **state)
{
	struct ipcx_queue *send = create_news(path_of(state), 0);
	struct ipcx_queue *subs[] = {
		open_q(MAPPED, RECV), open_q(MEDIATED, RECV),
		open_q(MAPPED, BOTH),
	};

	for (uint32_t lap = 0; lap < 3 * SLOTS; lap += SLOTS) {
		put_many(send, lap, lap + SLOTS);
		for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
			for (uint32_t n = lap; n < lap + SLOTS; n++)
				expect(subs[i], n, 0);
			assert_int_equal(get(subs[i], NULL, 0), -EAGAIN);
		}
	}
	put_many(send, 0, 2 * SLOTS + 1);
	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		assert_int_equal(ipcx_queue_missed(subs[i]), 0);
		expect(subs[i], SLOTS + 1, SLOTS + 1);
		expect(subs[i], SLOTS + 2, 0);
		assert_int_equal(ipcx_queue_missed(subs[i]), SLOTS + 1);
		ipcx_queue_close(subs[i]);
	}
	/* Who sends receives too, if it has the right. */
	expect(send, SLOTS + 1, 4 * SLOTS + 1);
	ipcx_queue_close(send);
}

static void test_late_joiner(void **state)
{
	struct ipcx_queue *send = create_news(MAPPED, 0);
	struct ipcx_queue *sub;

	put_many(send, 0, 10);
	sub = open_q(path_of(state), RECV);
	for (uint32_t i = 6; i < 10; i++)
		expect(sub, i, 0);
	assert_int_equal(get(sub, NULL, 0), -EAGAIN);
	ipcx_queue_close(sub);
	ipcx_queue_close(send);
}

static void test_batches(void **state)
{
	struct ipcx_queue *send = create_news(MAPPED, 0);
	struct ipcx_queue *sub = open_q(path_of(state), RECV);
	uint32_t values[SLOTS + 2], bufs[SLOTS + 2][SLOT_SIZE / 4];
	struct ipcx_msg msgs[SLOTS + 2] = { 0 };

	for (uint32_t i = 0; i < ARRAY_SIZE(msgs); i++) {
		values[i] = i;
		msgs[i].buf = (uintptr_t)&values[i];
		msgs[i].len = sizeof(values[i]);
	}
	assert_int_equal(ipcx_queue_send_batch(send, msgs, ARRAY_SIZE(msgs)),
			 ARRAY_SIZE(msgs));
	memset(msgs, 0, sizeof(msgs));
	for (uint32_t i = 0; i < ARRAY_SIZE(msgs); i++) {
		msgs[i].buf = (uintptr_t)bufs[i];
		msgs[i].len = sizeof(bufs[i]);
	}
	assert_int_equal(ipcx_queue_recv_batch(sub, msgs, ARRAY_SIZE(msgs)),
			 SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_int_equal(bufs[i][0], i + 2);
		assert_int_equal(msgs[i].missed, i ? 0 : 2);
	}
	assert_int_equal(ipcx_queue_missed(sub), 2);
	ipcx_queue_close(sub);
	ipcx_queue_close(send);
}

static void test_peek(void **state)
{
	struct ipcx_queue *send = create_news(MAPPED, 0);
	struct ipcx_queue *sub = open_q(path_of(state), RECV);
	uint32_t buf[SLOT_SIZE / 4];
	struct ipcx_msg msg;

	assert_int_equal(ipcx_queue_peek_try(sub, buf, sizeof(buf), NULL),
			 -EAGAIN);
	put_many(send, 0, SLOTS + 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipcx_queue_peek(sub, buf, sizeof(buf), &msg), 4);
		assert_int_equal(buf[0], 2);
		assert_int_equal(msg.missed, 2);
	}
	put_many(send, SLOTS + 2, SLOTS + 3);
	expect(sub, 3, 3);
	ipcx_queue_close(sub);
	ipcx_queue_close(send);
}

static void test_loans(void **state)
{
	struct ipcx_queue *send = create_news(MAPPED, 0);
	struct ipcx_queue *sub = open_q(MAPPED, RECV);
	struct ipcx_loan loan;

	(void)state;
	for (uint32_t i = 0; i < 2 * SLOTS; i++) {
		assert_int_equal(ipcx_queue_reserve(send, 0, &loan), 0);
		*(uint32_t *)loan.data = i;
		assert_int_equal(ipcx_queue_commit(send, &loan, 4), 0);
		assert_int_equal(ipcx_queue_acquire(sub, &loan), 0);
		assert_int_equal(*(uint32_t *)loan.data, i);
		assert_int_equal(loan.len, 4);
		assert_int_equal(ipcx_queue_release(sub, &loan), 0);
	}
	put_many(send, 0, SLOTS);
	assert_int_equal(ipcx_queue_acquire(sub, &loan), 0);
	assert_int_equal(*(uint32_t *)loan.data, 0);
	/* Nobody waits for it. */
	put_many(send, SLOTS, SLOTS + 1);
	assert_int_equal(ipcx_queue_release(sub, &loan), -ESTALE);
	assert_int_equal(ipcx_queue_release(sub, &loan), -EINVAL);
	expect(sub, 1, 0);

	assert_int_equal(ipcx_queue_reserve(send, 0, &loan), 0);
	assert_int_equal(ipcx_queue_abort(send, &loan), 0);
	put_many(send, SLOTS + 1, SLOTS + 2);
	/* The one aborted is in the place of 1, the last in that of 2. */
	expect(sub, 3, 1);
	expect(sub, SLOTS, 0);
	expect(sub, SLOTS + 1, 0);
	assert_int_equal(get(sub, NULL, 0), -EAGAIN);
	assert_int_equal(ipcx_queue_reserve(sub, 0, &loan), -EACCES);
	ipcx_queue_close(sub);
	ipcx_queue_close(send);
}

static void test_blocked_is_woken(void **state)
{
	struct ipcx_queue *send = create_news(path_of(state), 0);
	pid_t pids[4];

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = child_fork();
		if (!pids[i]) {
			struct ipcx_queue *sub = open_q(i % 2, RECV);
			uint64_t deadline = in_ms(LONG_ENOUGH);

			for (uint32_t n = 0; n < 3; n++)
				assert_int_equal(get(sub, NULL, deadline), n);
			assert_woken(0, deadline);
			assert_int_equal(get(sub, NULL, in_ms(SHORT)),
					 -ETIMEDOUT);
			child_done();
		}
	}
	for (uint32_t n = 0; n < 3; n++) {
		assert_soon(stat_q(send).waiting_recv == ARRAY_SIZE(pids));
		put_many(send, n, n + 1);
		/* All of them have gone on before the next. */
		if (n < 2)
			assert_soon(stat_q(send).waiting_recv == 4);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		child_ok(pids[i]);
	ipcx_queue_close(send);
}

/* A subscriber that maps the ring tells the kernel how far it is. */
static void test_poll(void **state)
{
	struct ipcx_queue *send = create_news(path_of(state), 0);
	int ep = epoll_create1(EPOLL_CLOEXEC);

	for (int mode = 0; mode < 2; mode++) {
		for (enum path path = MAPPED; path <= MEDIATED; path++) {
			struct ipcx_queue *sub = open_q(path, RECV);
			struct epoll_event event = {
				.events = EPOLLIN | (mode ? EPOLLET : 0),
			};
			int fd = ipcx_queue_fd(sub);

			while (get(sub, NULL, 0) >= 0)
				;
			assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd,
						   &event), 0);
			for (uint32_t n = 0; n < 3 * SLOTS; n++) {
				assert_int_equal(epoll_wait(ep, &event, 1, 0), 0);
				put_many(send, n, n + 1 + n % 2);
				assert_int_equal(epoll_wait(ep, &event, 1,
							    LONG_ENOUGH), 1);
				assert_int_equal(event.events, EPOLLIN);
				assert_int_equal(get(sub, NULL, 0), n);
				while (get(sub, NULL, 0) != -EAGAIN)
					;
			}
			/* Gaps alone are no news. */
			assert_int_equal(epoll_wait(ep, &event, 1, 0), 0);
			ipcx_queue_close(sub);
		}
	}
	close(ep);
	ipcx_queue_close(send);
}

static void test_end(void **state)
{
	struct ipcx_queue *send = create_news(MAPPED, IPCX_QUEUE_HANGUP);
	struct ipcx_queue *sub = open_q(path_of(state), RECV);
	pid_t pid;

	/* The end comes after the last message, and for each in its time. */
	put_many(send, 0, 2);
	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *other = open_q(path_of(state), RECV);

		ipcx_queue_close(send);
		ipcx_queue_close(sub);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(get(other, NULL, in_ms(LONG_ENOUGH)), i);
		assert_int_equal(get(other, NULL, in_ms(LONG_ENOUGH)), -EPIPE);
		child_done();
	}
	assert_soon(stat_q(sub).waiting_recv == 1);
	put_many(send, 2, 3);
	assert_soon(stat_q(sub).waiting_recv == 1);
	ipcx_queue_close(send);
	child_ok(pid);
	for (uint32_t i = 0; i < 3; i++)
		expect(sub, i, 0);
	/* Sure only once the end of the child's attachment has been looked after. */
	assert_int_equal(get(sub, NULL, in_ms(LONG_ENOUGH)), -EPIPE);
	assert_int_equal(get(sub, NULL, 0), -EPIPE);
	assert_int_equal(poll_now(ipcx_queue_fd(sub), POLLIN), POLLHUP);
	ipcx_queue_close(sub);
}

static void test_shutdown(void **state)
{
	struct ipcx_queue *send = create_news(MAPPED, 0);
	struct ipcx_queue *sub = open_q(path_of(state), RECV);

	put_many(send, 0, 1);
	assert_int_equal(ipcx_shutdown("q", IPCX_KIND_QUEUE), 0);
	assert_int_equal(get(sub, NULL, 0), -EIDRM);
	assert_int_equal(put(send, 1, 0), -EIDRM);
	assert_int_equal(poll_now(ipcx_queue_fd(sub), POLLIN), POLLHUP);
	ipcx_queue_close(sub);
	ipcx_queue_close(send);
}

/* By permission to read alone. */
static void test_reader_cannot_write(void **state)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options), .mode = 0644,
		.flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST,
	};
	struct ipcx_queue *send;
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_queue_create("q", SLOTS, SLOT_SIZE, &options,
					   &send), 0);
	put_many(send, 0, SLOTS + 1);
	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *sub = NULL;

		become(NOBODY, NOBODY);
		assert_int_equal(ipcx_queue_open("q", 0, &sub), 0);
		assert_true(ipcx_queue_is_mapped(sub));
		expect(sub, 1, 0);
		assert_int_equal(put(sub, 1, 0), -EACCES);
		child_done();
	}
	child_ok(pid);
	ipcx_queue_close(send);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_PATHS(test_each_gets_all),
		ON_BOTH_PATHS(test_late_joiner),
		ON_BOTH_PATHS(test_batches),
		ON_BOTH_PATHS(test_peek),
		cmocka_unit_test_teardown(test_loans, forget_q),
		ON_BOTH_PATHS(test_blocked_is_woken),
		ON_BOTH_PATHS(test_poll),
		ON_BOTH_PATHS(test_end),
		ON_BOTH_PATHS(test_shutdown),
		cmocka_unit_test_teardown(test_reader_cannot_write, forget_q),
	};

	return guest_run(tests);
}
