// SPDX-License-Identifier: GPL-2.0-only
/* Broadcast queues: who gets what, who missed how much, who waits for whom. */
#include "subscriber.h"

#include <sys/epoll.h>

#define SLOTS	4U
#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV

static int news(const char *name, uint32_t flags)
{
	int fd = queue(name, .slots = SLOTS, .flags = flags |
		       IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST);

	assert_true(fd >= 0);
	return fd;
}

/* A subscriber by itself. */
static int subscribe(int fd)
{
	int own = object_reopen(fd, RECV);

	assert_true(own >= 0);
	return own;
}

static void send_many(int fd, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
}

/* The next message, with so many missed before it. */
static struct ipcx_msg expect_missed(int fd, uint32_t value, uint64_t missed)
{
	uint8_t buf[64];
	struct ipcx_msg msg;

	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, IPCX_NO_WAIT), 1);
	assert_int_equal(msg.len, sizeof(value));
	assert_int_equal(*(uint32_t *)buf, value);
	assert_int_equal(msg.missed, missed);
	return msg;
}

static void test_what_it_does_not_go_with(void **state)
{
	int fd = news("news", 0);

	(void)state;
	assert_int_equal(queue(NULL, .flags = IPCX_QUEUE_BROADCAST, .lanes = 2),
			 -EINVAL);
	assert_int_equal(queue(NULL, .flags = IPCX_QUEUE_BROADCAST |
					      IPCX_QUEUE_DROP_OLDEST), -EINVAL);
	assert_int_equal(queue("news", .slots = SLOTS,
			       .flags = IPCX_QUEUE_MAPPABLE), -EEXIST);
	close(fd);
}

static void test_everybody_gets_everything(void **state)
{
	int send = news(NULL, 0);
	int subs[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		subs[i] = subscribe(send);
		expect_empty(subs[i]);
	}
	for (uint32_t lap = 0; lap < 3 * SLOTS; lap += SLOTS) {
		send_many(send, lap, lap + SLOTS);
		for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
			for (uint32_t n = lap; n < lap + SLOTS; n++)
				assert_int_equal(expect_missed(subs[i], n, 0).ticket,
						 n);
			expect_empty(subs[i]);
		}
	}
	/* Who sends is a subscriber as any, if it has the right. */
	expect_missed(send, 2 * SLOTS, 2 * SLOTS);
	for (size_t i = 0; i < ARRAY_SIZE(subs); i++)
		close(subs[i]);
	close(send);
}

static void test_late_joiners_see_what_is_there(void **state)
{
	int send = news(NULL, 0);
	struct subscriber mapped;
	uint32_t value;
	int early, late;

	(void)state;
	send_many(send, 0, 2);
	early = subscribe(send);
	expect_missed(early, 0, 0);
	send_many(send, 2, 10);
	/* Nobody misses what went before it came. */
	late = subscribe(send);
	subscriber_open(&mapped, send);
	expect_missed(late, 6, 0);
	assert_int_equal(subscriber_recv_u32(&mapped, &value, 0), 1);
	assert_int_equal(value, 6);
	assert_int_equal(mapped.missed, 0);
	expect_missed(early, 6, 5);
	subscriber_close(&mapped);
	close(late);
	close(early);
	close(send);
}

static void test_missed_is_exact(void **state)
{
	int send = news(NULL, 0);
	int recv = subscribe(send);
	struct ipcx_msg msgs[SLOTS + 1] = { 0 };
	uint8_t bufs[SLOTS + 1][64];
	uint32_t sent = 0;

	(void)state;
	for (uint32_t ahead = 0; ahead < 3 * SLOTS; ahead++) {
		uint32_t missed = ahead > SLOTS ? ahead - SLOTS : 0;
		uint32_t there = ahead - missed;
		uint32_t first = sent + missed;

		send_many(send, sent, sent + ahead);
		sent += ahead;
		for (size_t i = 0; i < ARRAY_SIZE(msgs); i++) {
			msgs[i].buf = (uintptr_t)bufs[i];
			msgs[i].len = sizeof(bufs[i]);
		}
		assert_int_equal(transfer(recv, IPCX_IOC_RECV, msgs,
					  ARRAY_SIZE(msgs), IPCX_NO_WAIT),
				 there ? (int)there : -EAGAIN);
		for (uint32_t i = 0; i < there; i++) {
			assert_int_equal(msgs[i].missed, i ? 0 : missed);
			assert_int_equal(msgs[i].ticket, first + i);
			assert_int_equal(*(uint32_t *)bufs[i], first + i);
		}
	}
	close(recv);
	close(send);
}

/* A caller of the first version of the ABI knows of nothing missed. */
static void test_short_message_entries(void **state)
{
	int send = news(NULL, 0);
	struct ipcx_msg msg;
	uint8_t buf[64];
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .msgs = (uintptr_t)&msg, .count = 1,
		.msg_size = offsetof(struct ipcx_msg, fds),
	};

	(void)state;
	send_many(send, 0, SLOTS + 2);
	memset(&msg, POISON, sizeof(msg));
	msg.pad = 0;
	msg.buf = (uintptr_t)buf;
	msg.len = sizeof(buf);
	assert_int_equal(call(send, IPCX_IOC_RECV, &arg), 1);
	assert_int_equal(msg.ticket, 2);
	assert_int_equal((uint8_t)msg.missed, POISON);
	close(send);
}

static void test_duplicates_are_one_receiver(void **state)
{
	int send = news(NULL, 0);
	int first = subscribe(send);
	int same = dup(first);
	int other = subscribe(first);

	(void)state;
	send_many(send, 0, SLOTS);
	expect_missed(first, 0, 0);
	expect_missed(same, 1, 0);
	expect_missed(first, 2, 0);
	expect_missed(other, 0, 0);
	close(first);
	expect_missed(same, 3, 0);
	expect_empty(same);
	close(same);
	close(other);
	close(send);
}

static void test_stamps(void **state)
{
	int send = news(NULL, 0);
	struct ipcx_msg msg;
	struct mapped m;

	(void)state;
	mapped_open(&m, send);
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_int_equal(send_u32(send, i, 0), 1);
		msg = expect_missed(send, i, 0);
		assert_int_equal(msg.flags, IPCX_MSG_STAMPED);
		assert_int_equal(msg.sender, IPCX_OWNER_KERNEL);
		assert_int_equal(msg.pid, getpid());
		assert_int_equal(msg.uid, getuid());
	}
	/* A stamp of the message before must not stick to the slot. */
	assert_int_equal(mapped_publish_u32(&m, 9), 1);
	msg = expect_missed(send, 9, 0);
	assert_int_equal(msg.flags, 0);
	assert_int_equal(msg.sender, m.me);
	assert_int_equal(msg.pid, 0);
	mapped_close(&m);
	close(send);
}

static void test_senders_never_wait(void **state)
{
	int send = news(NULL, 0);

	(void)state;
	for (uint32_t i = 0; i < 10 * SLOTS; i++) {
		assert_int_equal(send_u32(send, i, IPCX_NO_WAIT), 1);
		assert_int_equal(queue_wait(send, IPCX_DIR_SEND, 0, 0), 0);
		assert_int_equal(poll_now(send, POLLOUT), POLLOUT);
	}
	assert_int_equal(object_stat(send).sent, 10 * SLOTS);
	assert_int_equal(object_stat(send).depth, SLOTS);
	assert_int_equal(object_stat(send).received, 0);
	assert_int_equal(object_stat(send).dropped, 0);
	close(send);
}

static void test_aborted_is_not_missed(void **state)
{
	int send = news(NULL, 0);
	int recv = object_reopen(send, RECV | IPCX_RIGHT_MAP);
	struct subscriber s;
	struct mapped m;
	uint32_t value;
	uint64_t ticket;

	(void)state;
	mapped_open(&m, send);
	subscriber_open(&s, recv);
	ticket = mapped_claim_broadcast(&m);
	/* It holds up what comes after it. */
	assert_int_equal(send_u32(send, 1, 0), 1);
	expect_empty(recv);
	assert_int_equal(poll_now(recv, POLLIN), 0);
	assert_int_equal(subscriber_recv_u32(&s, &value, 0), -EAGAIN);
	mapped_abort(&m, ticket);
	assert_int_equal(poll_now(recv, POLLIN), POLLIN);
	expect_missed(recv, 1, 0);
	assert_int_equal(subscriber_recv_u32(&s, &value, 0), 1);
	assert_int_equal(value, 1);
	assert_int_equal(s.aborted, 1);
	assert_int_equal(s.missed, 0);

	/* Nothing but an aborted one is nothing to be told of. */
	mapped_abort(&m, mapped_claim_broadcast(&m));
	assert_int_equal(poll_now(recv, POLLIN), 0);
	assert_int_equal(queue_wait(recv, IPCX_DIR_RECV, 0, 0), -EAGAIN);
	expect_empty(recv);
	assert_int_equal(object_stat(send).sent, 1);
	assert_int_equal(object_stat(send).aborted, 2);
	assert_int_equal(object_stat(send).depth, 1);
	subscriber_close(&s);
	mapped_close(&m);
	close(recv);
	close(send);
}

/* Who stops in the middle of a message holds nobody up for more than a round. */
static void test_stopped_publisher_is_overtaken(void **state)
{
	int send = news(NULL, 0);
	int recv = subscribe(send);
	struct subscriber s;
	struct mapped m;
	uint64_t ticket, total = 0;
	uint32_t value;

	(void)state;
	mapped_open(&m, send);
	subscriber_open(&s, object_reopen(send, RECV | IPCX_RIGHT_MAP));
	ticket = mapped_claim_broadcast(&m);
	assert_int_equal(ticket, 0);
	/* 1, 2 and 3; 4 is where 0 is; 5. */
	send_many(send, 1, SLOTS);
	expect_empty(recv);
	assert_int_equal(subscriber_recv_u32(&s, &value, 0), -EAGAIN);
	assert_int_equal(object_stat(send).holder, m.me);
	assert_int_equal(object_stat(send).held_recv, 1);
	assert_int_equal(object_stat(send).held_send, 0);
	assert_int_equal(send_u32(send, SLOTS + 1, 0), 1);
	assert_int_equal(object_stat(send).holder, 0);
	assert_int_equal(ipcx_ticket(mapped_word(&m, 0)), 0);
	assert_int_equal(object_stat(send).sent, SLOTS + 1);

	/* Missed: 0, as it comes too late; 1, overwritten; then 4, left out. */
	expect_missed(recv, 2, 2);
	expect_missed(recv, 3, 0);
	expect_missed(recv, SLOTS + 1, 1);
	expect_empty(recv);
	for (total = 0; subscriber_recv_u32(&s, &value, 0) == 1; total++)
		;
	assert_int_equal(total, 3);
	assert_int_equal(s.missed, 3);

	/* The one too late is there for who comes now, and in nobody's way. */
	mapped_commit(&m, ticket, 99);
	expect_empty(recv);
	for (uint32_t i = SLOTS + 2; i < 4 * SLOTS; i++) {
		assert_int_equal(mapped_publish_u32(&m, i), 1);
		expect_missed(recv, i, 0);
	}
	close(s.m.fd);
	subscriber_close(&s);
	mapped_close(&m);
	close(recv);
	close(send);
}

static void test_waits_only_if_all_write(void **state)
{
	int send = news(NULL, 0);
	int recv = subscribe(send);
	uint64_t tickets[SLOTS];
	struct mapped m;
	pid_t pid;

	(void)state;
	mapped_open(&m, send);
	for (uint32_t i = 0; i < SLOTS; i++)
		tickets[i] = mapped_claim_broadcast(&m);
	assert_int_equal(send_u32(send, 9, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(mapped_claim_broadcast(&m), NO_TICKET);
	assert_int_equal(queue_wait(send, IPCX_DIR_SEND, 0, 0), -EAGAIN);
	assert_int_equal(poll_now(send, POLLOUT), 0);
	pid = child_fork();
	if (!pid) {
		assert_int_equal(send_u32(send, 9, in_ms(LONG_ENOUGH)), 1);
		child_done();
	}
	assert_soon(object_stat(send).waiting_send == 1);
	/* Whichever comes free, and whether it is sent or not. */
	mapped_commit(&m, tickets[2], 2);
	child_ok(pid);
	assert_int_equal(poll_now(send, POLLOUT), POLLOUT);
	for (uint32_t i = 0; i < SLOTS; i++)
		if (i != 2)
			mapped_abort(&m, tickets[i]);
	assert_int_equal(send_u32(send, 10, IPCX_NO_WAIT), 1);
	assert_int_equal(object_stat(send).sent, 3);
	mapped_close(&m);
	close(recv);
	close(send);
}

/* What could not be copied out is not received, nor what was missed told. */
static void test_bad_buffer_takes_nothing(void **state)
{
	uint8_t *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ipcx_msg *half = (void *)(page + PAGE -
					 offsetof(struct ipcx_msg, missed));
	int send = news(NULL, 0);
	int recv = subscribe(send);
	struct ipcx_msg msg = { .buf = (uintptr_t)page + PAGE, .len = 64 };

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	*half = (struct ipcx_msg){ .buf = (uintptr_t)page, .len = 64 };
	assert_int_equal(mprotect(page + PAGE, PAGE, PROT_READ), 0);
	send_many(send, 0, SLOTS + 3);
	assert_int_equal(transfer(recv, IPCX_IOC_RECV, &msg, 1, 0), -EFAULT);
	assert_int_equal(transfer(recv, IPCX_IOC_RECV, half, 1, 0), -EFAULT);
	expect_missed(recv, 3, 3);
	munmap(page, 2 * PAGE);
	close(recv);
	close(send);
}

static void test_no_descriptors(void **state)
{
	int send = news(NULL, 0);
	int32_t fd = region_create(NULL, PAGE, 0, 0600);
	struct ipcx_msg msg = {
		.buf = (uintptr_t)"x", .len = 1, .fds = (uintptr_t)&fd,
		.fd_count = 1,
	};

	(void)state;
	assert_int_equal(transfer(send, IPCX_IOC_SEND, &msg, 1, 0), -EOPNOTSUPP);
	assert_int_equal(object_stat(send).sent, 0);
	close(fd);
	close(send);
}

static void test_peek_moves_nothing(void **state)
{
	int send = news(NULL, 0);
	int recv = subscribe(send);
	uint8_t buf[64];
	struct ipcx_msg msg = { .buf = (uintptr_t)buf, .len = sizeof(buf) };
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .flags = IPCX_RECV_PEEK, .count = 1,
		.msgs = (uintptr_t)&msg, .msg_size = sizeof(msg),
	};

	(void)state;
	assert_int_equal(call(recv, IPCX_IOC_RECV, &arg), -EAGAIN);
	send_many(send, 0, SLOTS + 2);
	for (int i = 0; i < 2; i++) {
		msg.len = sizeof(buf);
		assert_int_equal(call(recv, IPCX_IOC_RECV, &arg), 1);
		assert_int_equal(msg.ticket, 2);
		assert_int_equal(msg.missed, 2);
		assert_int_equal(*(uint32_t *)buf, 2);
	}
	/* Until it is overwritten: nothing holds it. */
	send_many(send, SLOTS + 2, SLOTS + 3);
	expect_missed(recv, 3, 3);
	close(recv);
	close(send);
}

static void test_wait_tells_the_cursor(void **state)
{
	int send = news(NULL, 0);
	int recv = subscribe(send);
	struct ipcx_wait arg = {
		.size = sizeof(arg), .dir = IPCX_DIR_RECV, .ticket = 1,
	};

	(void)state;
	assert_int_equal(call(send, IPCX_IOC_WAIT, &arg), -EINVAL);
	arg.flags = IPCX_WAIT_TICKET;
	arg.dir = IPCX_DIR_SEND;
	assert_int_equal(call(send, IPCX_IOC_WAIT, &arg), -EINVAL);
	arg.dir = IPCX_DIR_RECV;
	arg.ticket = IPCX_TICKET_MASK + 1;
	assert_int_equal(call(send, IPCX_IOC_WAIT, &arg), -EINVAL);

	send_many(send, 0, 3);
	assert_int_equal(queue_wait_at(recv, 3, 0), -EAGAIN);
	assert_int_equal(poll_now(recv, POLLIN), 0);
	expect_empty(recv);
	send_many(send, 3, 4);
	assert_int_equal(queue_wait_at(recv, 3, 0), 0);
	/* It goes up only, and what it went past was received elsewhere. */
	assert_int_equal(queue_wait_at(recv, 0, 0), 0);
	expect_missed(recv, 3, 0);
	/* Others may be behind: who waits for a ticket waits for that one. */
	assert_int_equal(queue_wait_at(recv, 0, 0), 0);
	assert_int_equal(queue_wait_at(recv, 4, 0), -EAGAIN);
	arg.flags = 0;
	arg.ticket = 0;
	assert_int_equal(call(recv, IPCX_IOC_WAIT, &arg), -EAGAIN);
	close(recv);
	close(send);
}

static void test_one_message_wakes_all(void **state)
{
	enum { CHILDREN = 4 };
	int send = news(NULL, 0);
	struct mapped m;
	pid_t pids[CHILDREN];

	(void)state;
	mapped_open(&m, send);
	for (int mapped = 0; mapped < 2; mapped++) {
		for (int i = 0; i < CHILDREN; i++) {
			pids[i] = child_fork();
			if (!pids[i]) {
				int recv = object_reopen(send, RECV |
							 IPCX_RIGHT_MAP);
				struct subscriber s;
				uint32_t value = 0;

				subscriber_open(&s, recv);
				s.cursor = mapped;
				if (mapped)
					expect_u32(recv, 0);
				if (i % 2)
					assert_int_equal(recv_u32(recv, &value,
						in_ms(LONG_ENOUGH)), 1);
				else
					assert_int_equal(subscriber_recv_u32(&s,
						&value, in_ms(LONG_ENOUGH)), 1);
				assert_int_equal(value, mapped);
				child_done();
			}
		}
		assert_soon(object_stat(send).waiting_recv == CHILDREN);
		if (mapped)
			mapped_publish_u32(&m, mapped);
		else
			send_u32(send, mapped, 0);
		for (int i = 0; i < CHILDREN; i++)
			child_ok(pids[i]);
	}
	mapped_close(&m);
	close(send);
}

/* Each descriptor is ready for itself, and one publish tells all once. */
static void test_poll_each_for_itself(void **state)
{
	int send = news(NULL, 0);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct epoll_event events[3];
	struct mapped m;
	int subs[3];

	(void)state;
	mapped_open(&m, send);
	for (int i = 0; i < 3; i++) {
		subs[i] = subscribe(send);
		event.data.fd = subs[i];
		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, subs[i], &event), 0);
	}
	for (uint32_t n = 0; n < 2 * SLOTS; n++) {
		assert_int_equal(epoll_wait(ep, events, 3, 0), 0);
		assert_int_equal(mapped_publish_u32(&m, n), 1);
		assert_int_equal(epoll_wait(ep, events, 3, LONG_ENOUGH), 3);
		for (int i = 0; i < 3; i++)
			assert_int_equal(poll_now(subs[i], POLLIN), POLLIN);
		expect_u32(subs[0], n);
		assert_int_equal(poll_now(subs[0], POLLIN), 0);
		assert_int_equal(poll_now(subs[1], POLLIN), POLLIN);
		expect_u32(subs[1], n);
		expect_u32(subs[2], n);
		assert_int_equal(epoll_wait(ep, events, 3, 0), 0);
	}
	for (int i = 0; i < 3; i++)
		close(subs[i]);
	close(ep);
	mapped_close(&m);
	close(send);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_does_not_go_with),
		cmocka_unit_test(test_everybody_gets_everything),
		cmocka_unit_test(test_late_joiners_see_what_is_there),
		cmocka_unit_test(test_missed_is_exact),
		cmocka_unit_test(test_short_message_entries),
		cmocka_unit_test(test_duplicates_are_one_receiver),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_senders_never_wait),
		cmocka_unit_test(test_aborted_is_not_missed),
		cmocka_unit_test(test_stopped_publisher_is_overtaken),
		cmocka_unit_test(test_waits_only_if_all_write),
		cmocka_unit_test(test_bad_buffer_takes_nothing),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_peek_moves_nothing),
		cmocka_unit_test(test_wait_tells_the_cursor),
		cmocka_unit_test(test_one_message_wakes_all),
		cmocka_unit_test(test_poll_each_for_itself),
	};

	return guest_run(tests);
}
