// SPDX-License-Identifier: GPL-2.0-only
/* Broadcast queues among processes: who may write, who dies, who scribbles. */
#include "subscriber.h"

#define SLOTS	4U
#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV
#define MAP	IPCX_RIGHT_MAP
#define RW	(PROT_READ | PROT_WRITE)

static int news(uint32_t slots, uint32_t flags)
{
	int fd = queue(NULL, .slots = slots, .flags = flags |
		       IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST);

	assert_true(fd >= 0);
	return fd;
}

static void test_receivers_map_for_reading(void **state)
{
	static const uint32_t rights[] = { RECV | MAP, MAP };
	int send = news(SLOTS, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		int fd = object_reopen(send, rights[i]);
		int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
		struct subscriber s;
		size_t bytes;
		int status;
		pid_t pid;

		subscriber_open(&s, fd);
		bytes = s.m.kpage->ring_bytes;
		assert_int_equal(object_stat(send).attachments, 1);
		assert_ptr_equal(mmap(NULL, bytes, RW, MAP_SHARED, fd,
				      IPCX_MMAP_RING), MAP_FAILED);
		assert_int_equal(errno, EACCES);
		assert_int_equal(mprotect(s.m.ring, bytes, RW), -1);
		assert_int_equal(errno, EACCES);
		assert_int_equal(pwrite(mem, "x", 1, (off_t)(uintptr_t)s.m.ring),
				 -1);
		pid = child_fork();
		if (!pid) {
			struct subscriber own;

			signal(SIGSEGV, SIG_DFL);
			subscriber_open(&own, fd);
			*(volatile uint64_t *)own.m.ring = 1;
			child_done();
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
		assert_int_equal(s.m.ring->ret_done, 0);
		subscriber_close(&s);
		assert_soon(object_stat(send).attachments == 0);
		close(mem);
		close(fd);
	}
	close(send);
}

/* Ends in a claim, which the test has seen. */
static pid_t claim_and_hang(int send)
{
	_Atomic uint32_t *claimed = shared_words();
	pid_t pid = child_fork();

	if (!pid) {
		struct mapped m;

		mapped_open(&m, send);
		assert_int_not_equal(mapped_claim_broadcast(&m), NO_TICKET);
		*claimed = 1;
		for (;;)
			pause();
	}
	assert_soon(*claimed);
	shared_free(claimed);
	return pid;
}

static void test_killed_publisher_holds_nobody_up(void **state)
{
	int send = news(SLOTS, 0);
	int recv = object_reopen(send, RECV | MAP);
	pid_t dead = claim_and_hang(send);
	pid_t pids[2];

	(void)state;
	assert_int_equal(send_u32(send, 7, 0), 1);
	for (int i = 0; i < 2; i++) {
		pids[i] = child_fork();
		if (!pids[i]) {
			uint64_t deadline = in_ms(LONG_ENOUGH);
			struct subscriber s;
			uint32_t value = 0;

			subscriber_open(&s, recv);
			assert_int_equal(i ? subscriber_recv_u32(&s, &value,
								 deadline) :
					     recv_u32(recv, &value, deadline), 1);
			assert_int_equal(value, 7);
			assert_int_equal(s.missed, 0);
			child_done();
		}
	}
	assert_soon(object_stat(send).waiting_recv == 2);
	child_kill(dead);
	for (int i = 0; i < 2; i++)
		child_ok(pids[i]);
	assert_int_equal(object_stat(send).aborted, 1);
	assert_int_equal(object_stat(send).sent, 1);
	close(recv);
	close(send);
}

/* The end comes for each when it has all, and not before the dead are done. */
static void test_end_after_the_dead(void **state)
{
	int all = news(SLOTS, IPCX_QUEUE_HANGUP);
	int send = object_reopen(all, SEND | MAP);
	int first = object_reopen(all, RECV);
	int second = object_reopen(all, RECV);
	uint32_t value = 0;
	pid_t pid;

	(void)state;
	close(all);
	assert_int_equal(send_u32(send, 1, 0), 1);
	pid = child_fork();
	if (!pid) {
		struct mapped m;

		mapped_open(&m, send);
		assert_int_not_equal(mapped_claim_broadcast(&m), NO_TICKET);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(pid, &(int){ 0 }, WUNTRACED), pid);
	expect_u32(first, 1);
	close(send);
	expect_empty(first);
	child_kill(pid);
	assert_soon(recv_u32(first, &value, 0) == -EPIPE);
	assert_int_equal(poll_now(first, POLLIN), POLLHUP);
	assert_int_equal(poll_now(second, POLLIN), POLLIN);
	expect_u32(second, 1);
	assert_int_equal(recv_u32(second, &value, in_ms(LONG_ENOUGH)), -EPIPE);
	close(first);
	close(second);
}

static void test_shutdown_ends_all(void **state)
{
	int send = queue("news", .slots = SLOTS, .flags =
			 IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST);
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .flags = IPCX_UNLINK_SHUTDOWN,
		.name = (uintptr_t)"news", .name_len = 4,
	};
	uint32_t value;
	pid_t pid;

	(void)state;
	pid = child_fork();
	if (!pid) {
		assert_int_equal(recv_u32(send, &value, in_ms(LONG_ENOUGH)),
				 -EIDRM);
		child_done();
	}
	assert_soon(object_stat(send).waiting_recv == 1);
	assert_int_equal(call(ctl, IPCX_IOC_UNLINK, &arg), 0);
	child_ok(pid);
	assert_int_equal(send_u32(send, 1, 0), -EIDRM);
	assert_int_equal(recv_u32(send, &value, 0), -EIDRM);
	close(send);
}

#define PUBLISHERS	2
#define MESSAGES	400U

/* Of both kinds each, publishing numbers that tell whose and which. */
static void publish_all(int send, uint32_t who)
{
	struct mapped m;

	mapped_open(&m, send);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		uint32_t value = who * MESSAGES + i;
		int rc;

		do {
			rc = who % 2 ? mapped_publish_u32(&m, value) :
			     send_u32(send, value, in_ms(LONG_ENOUGH));
		} while (rc == -EAGAIN);
		assert_int_equal(rc, 1);
		if (i % 16 == 0)
			nap();
	}
	child_done();
}

static void receive_all(int send, bool mapped)
{
	int recv = object_reopen(send, RECV | MAP);
	uint32_t next[PUBLISHERS] = { 0 };
	uint64_t received = 0, missed = 0;
	struct subscriber s;
	uint8_t buf[64];

	close(send);
	subscriber_open(&s, recv);
	for (;;) {
		uint64_t deadline = in_ms(LONG_ENOUGH);
		struct ipcx_msg msg;
		uint32_t value;
		int rc;

		if (mapped) {
			rc = subscriber_recv_u32(&s, &value, deadline);
		} else {
			rc = recv_msg(recv, buf, sizeof(buf), &msg, deadline);
			memcpy(&value, buf, sizeof(value));
		}
		if (rc == -EPIPE)
			break;
		assert_int_equal(rc, 1);
		missed += mapped ? 0 : msg.missed;
		received++;
		assert_true(value / MESSAGES < PUBLISHERS);
		assert_true(value % MESSAGES >= next[value / MESSAGES]);
		next[value / MESSAGES] = value % MESSAGES + 1;
	}
	if (mapped)
		missed = s.missed;
	/* What is missed after the last message is told with none. */
	assert_true(received && received + missed <=
		    mapped_lane(&s.m)->tail);
	if (mapped)
		assert_int_equal(received + missed, mapped_lane(&s.m)->tail);
	child_done();
}

static void test_every_mixture(void **state)
{
	int send = news(16, IPCX_QUEUE_HANGUP);
	int recv = object_reopen(send, RECV);
	pid_t pids[2 * PUBLISHERS];

	(void)state;
	for (int i = 0; i < 2; i++) {
		pids[i] = child_fork();
		if (!pids[i])
			receive_all(send, i);
	}
	assert_soon(object_stat(send).waiting_recv == 2);
	for (uint32_t i = 0; i < PUBLISHERS; i++) {
		pids[2 + i] = child_fork();
		if (!pids[2 + i])
			publish_all(send, i);
	}
	for (int i = 0; i < PUBLISHERS; i++)
		child_ok(pids[2 + i]);
	assert_int_equal(object_stat(send).sent, PUBLISHERS * MESSAGES);
	assert_int_equal(object_stat(send).corrupt, 0);
	close(send);
	for (int i = 0; i < 2; i++)
		child_ok(pids[i]);
	close(recv);
}

/* A publisher has taken the oldest message's slot, and has not moved the tail yet. */
static void test_subscriber_before_the_tail_moves(void **state)
{
	int own, fd = news(SLOTS, 0);
	uint8_t buf[64];
	struct ipcx_msg msg;
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	__atomic_store_n(&mapped_slot(&m, SLOTS)->word,
			 ipcx_word(SLOTS, m.me, IPCX_WRITING), __ATOMIC_RELEASE);
	own = object_reopen(fd, RECV);
	assert_true(own >= 0);
	/* It could never have had that one, and so has not missed it. */
	assert_int_equal(recv_msg(own, buf, sizeof(buf), &msg, IPCX_NO_WAIT), 1);
	assert_int_equal(*(uint32_t *)buf, 1);
	assert_int_equal(msg.missed, 0);
	close(own);
	mapped_close(&m);
	close(fd);
}

/* Nonsense may come of it, but nobody hangs and the kernel does not mind. */
static void test_scribbling_publisher(void **state)
{
	int send = news(SLOTS, 0);
	int recv = object_reopen(send, RECV);
	uint64_t end = in_ms(3000);
	uint32_t calls = 0;
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		uint64_t x = 88172645463325252ULL;
		struct mapped m;

		mapped_open(&m, send);
		for (;;) {
			__u64 *words = (__u64 *)m.ring;
			__u64 *at;

			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Half of it where it hurts. */
			at = x & 1 ? &words[x / 2 % (m.kpage->ring_bytes / 8)] :
			     x & 2 ? &mapped_slot(&m, x >> 8)->word :
				     &mapped_lane(&m)->tail;
			__atomic_store_n(at, x & 4 ? x : ipcx_word(x >> 32 & 31,
						x >> 24 & 3, x >> 16 & 7),
					 __ATOMIC_RELAXED);
		}
	}
	assert_soon(object_stat(send).attachments == 1);
	while (now_ns() < end) {
		struct ipcx_msg msg;
		uint8_t buf[64];
		int fd = object_reopen(send, RECV);
		int rc;

		rc = recv_msg(calls % 2 ? fd : recv, buf, sizeof(buf), &msg,
			      calls % 3 ? 0 : in_ms(1));
		assert_true(rc == 1 || rc == -EAGAIN || rc == -ETIMEDOUT ||
			    rc == -EBADMSG);
		rc = send_u32(send, calls, IPCX_NO_WAIT);
		assert_true(rc == 1 || rc == -EAGAIN || rc == -EBADMSG);
		poll_now(fd, POLLIN | POLLOUT);
		object_stat(fd);
		close(fd);
		calls++;
	}
	assert_true(calls > 10);
	child_kill(pid);
	close(recv);
	close(send);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receivers_map_for_reading),
		cmocka_unit_test(test_killed_publisher_holds_nobody_up),
		cmocka_unit_test(test_end_after_the_dead),
		cmocka_unit_test(test_shutdown_ends_all),
		cmocka_unit_test(test_every_mixture),
		cmocka_unit_test(test_subscriber_before_the_tail_moves),
		cmocka_unit_test(test_scribbling_publisher),
	};

	return guest_run(tests);
}
