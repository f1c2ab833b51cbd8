// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a dead attachment had claimed: half-written messages are skipped,
 * half-read ones delivered again, and whoever waited for either goes on. An
 * attachment dies by kill, exec or munmap, whoever else has the descriptor.
 */
#include "mapped.h"

#define SLOTS	4

static int mappable(uint32_t flags)
{
	int fd = queue(NULL, .slots = SLOTS,
		       .flags = flags | IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

static void expect(int fd, uint32_t expected, uint32_t flags)
{
	struct ipcx_msg msg;
	uint8_t buf[64];
	uint32_t value;

	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg,
				  in_ms(LONG_ENOUGH)), 1);
	memcpy(&value, buf, sizeof(value));
	assert_int_equal(value, expected);
	assert_int_equal(msg.flags & IPCX_MSG_REDELIVERED, flags);
}

static bool repaired(int fd)
{
	struct ipcx_stat st = object_stat(fd);

	return st.attachments <= 1 && !st.repairing;
}

/* The ways for an attachment to end while its claims stand. */
enum end { BY_KILL, BY_EXEC, BY_MUNMAP, BY_KILL_WITH_HEIR, END_NR };

/*
 * What the child does once it has claimed. With an heir, a process forked from
 * it keeps the descriptor: the claims must not wait for it.
 */
static void end_attachment(struct mapped *m, enum end end,
			   _Atomic uint32_t *ready)
{
	int end_of_test[2];

	switch (end) {
	case BY_MUNMAP:
		mapped_close(m);
		break;
	case BY_KILL_WITH_HEIR:
		/* PDEATHSIG ends the heir with its parent: it must stay. */
		if (!fork()) {
			while (*ready < 2)
				nap();
			_exit(0);
		}
		break;
	case BY_EXEC:
		/* cat waits for the end of a pipe whose other end is its own. */
		assert_int_equal(pipe(end_of_test), 0);
		dup2(end_of_test[0], STDIN_FILENO);
		fcntl(m->fd, F_SETFD, 0);
		*ready = 1;
		execlp("cat", "cat", NULL);
		abort();
	default:
		break;
	}
	*ready = 1;
	for (;;)
		pause();
}

static void end_child(pid_t pid, enum end end, _Atomic uint32_t *ready)
{
	assert_soon(*ready);
	if (end == BY_KILL || end == BY_KILL_WITH_HEIR)
		child_kill(pid);
}

/* The rest of a child that survived the end of its attachment. */
static void bury_child(pid_t pid, enum end end, _Atomic uint32_t *ready)
{
	*ready = 2;
	if (end == BY_EXEC || end == BY_MUNMAP)
		child_kill(pid);
	shared_free(ready);
}

static void test_writing_becomes_aborted(void **state)
{
	(void)state;
	for (enum end end = 0; end < END_NR; end++) {
		_Atomic uint32_t *ready = shared_words();
		int fd = mappable(0);
		struct mapped m;
		pid_t pid;

		assert_int_equal(send_u32(fd, 1, 0), 1);
		pid = child_fork();
		if (!pid) {
			mapped_open(&m, fd);
			assert_int_equal(mapped_claim_send(&m), 1);
			assert_int_equal(mapped_claim_send(&m), 2);
			end_attachment(&m, end, ready);
		}
		mapped_open(&m, fd);
		end_child(pid, end, ready);
		assert_soon(repaired(fd));
		assert_int_equal(mapped_word(&m, 1),
				 ipcx_word(1, IPCX_OWNER_NONE, IPCX_ABORTED));
		assert_int_equal(ipcx_state(mapped_word(&m, 2)), IPCX_ABORTED);
		assert_int_equal(object_stat(fd).aborted, 2);
		assert_int_equal(object_stat(fd).sent, 1);

		assert_int_equal(send_u32(fd, 2, 0), 1);
		expect(fd, 1, 0);
		expect(fd, 2, 0);
		expect_empty(fd);
		mapped_close(&m);
		bury_child(pid, end, ready);
		close(fd);
	}
}

static void test_reading_becomes_returned(void **state)
{
	(void)state;
	for (enum end end = 0; end < END_NR; end++) {
		_Atomic uint32_t *ready = shared_words();
		int fd = mappable(0);
		struct mapped m;
		uint64_t epoch;
		pid_t pid;

		for (uint32_t i = 0; i < SLOTS; i++)
			assert_int_equal(send_u32(fd, i, 0), 1);
		mapped_open(&m, fd);
		epoch = m.kpage->ret_epoch;
		pid = child_fork();
		if (!pid) {
			bool redelivered;

			mapped_open(&m, fd);
			assert_int_equal(mapped_claim_recv(&m, &redelivered), 0);
			assert_int_equal(mapped_claim_recv(&m, &redelivered), 1);
			end_attachment(&m, end, ready);
		}
		end_child(pid, end, ready);
		assert_soon(repaired(fd));
		assert_int_equal(mapped_word(&m, 0),
				 ipcx_word(0, IPCX_OWNER_NONE, IPCX_RETURNED));
		assert_int_equal(ipcx_state(mapped_word(&m, 1)), IPCX_RETURNED);
		assert_int_not_equal(m.kpage->ret_epoch, epoch);
		assert_int_equal(object_stat(fd).redelivered, 2);
		assert_int_equal(object_stat(fd).depth, SLOTS);
		assert_int_equal(object_stat(fd).received, 0);
		assert_int_equal(poll_now(fd, POLLIN), POLLIN);

		expect(fd, 0, IPCX_MSG_REDELIVERED);
		expect(fd, 1, IPCX_MSG_REDELIVERED);
		expect(fd, 2, 0);
		expect(fd, 3, 0);
		expect_empty(fd);
		assert_int_equal(object_stat(fd).received, SLOTS);
		mapped_close(&m);
		bury_child(pid, end, ready);
		close(fd);
	}
}

/* A mapped receiver finds what a dead one gave back as well. */
static void test_returned_to_a_mapped_receiver(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(0);
	bool redelivered = false;
	struct mapped m;
	uint64_t ticket;
	pid_t pid;

	(void)state;
	assert_int_equal(send_u32(fd, 5, 0), 1);
	assert_int_equal(send_u32(fd, 6, 0), 1);
	pid = child_fork();
	if (!pid) {
		mapped_open(&m, fd);
		mapped_claim_recv(&m, &redelivered);
		end_attachment(&m, BY_KILL, ready);
	}
	mapped_open(&m, fd);
	end_child(pid, BY_KILL, ready);
	assert_soon(repaired(fd));
	ticket = mapped_claim_recv(&m, &redelivered);
	assert_int_equal(ticket, 0);
	assert_true(redelivered);
	assert_int_equal(mapped_value(&m, ticket), 5);
	mapped_release(&m, ticket);
	ticket = mapped_claim_recv(&m, &redelivered);
	assert_false(redelivered);
	assert_int_equal(mapped_value(&m, ticket), 6);
	mapped_release(&m, ticket);
	bury_child(pid, BY_KILL, ready);
	mapped_close(&m);
	close(fd);
}

static void test_blocked_receiver_goes_on(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(0);
	pid_t reader, waiter;
	struct mapped m;

	(void)state;
	assert_int_equal(send_u32(fd, 5, 0), 1);
	reader = child_fork();
	if (!reader) {
		bool redelivered;

		mapped_open(&m, fd);
		mapped_claim_recv(&m, &redelivered);
		end_attachment(&m, BY_KILL, ready);
	}
	assert_soon(*ready);
	waiter = child_fork();
	if (!waiter) {
		expect(fd, 5, IPCX_MSG_REDELIVERED);
		child_done();
	}
	assert_soon(object_stat(fd).waiting_recv == 1);
	end_child(reader, BY_KILL, ready);
	child_ok(waiter);
	bury_child(reader, BY_KILL, ready);
	close(fd);
}

static void test_blocked_sender_goes_on(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(0);
	pid_t writer, waiter;
	struct mapped m;

	(void)state;
	writer = child_fork();
	if (!writer) {
		mapped_open(&m, fd);
		for (int i = 0; i < SLOTS; i++)
			assert_int_equal(mapped_claim_send(&m), i);
		end_attachment(&m, BY_KILL, ready);
	}
	assert_soon(*ready);
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), -EAGAIN);
	waiter = child_fork();
	if (!waiter) {
		assert_int_equal(send_u32(fd, 1, in_ms(LONG_ENOUGH)), 1);
		child_done();
	}
	assert_soon(object_stat(fd).waiting_send == 1);
	end_child(writer, BY_KILL, ready);
	child_ok(waiter);
	expect(fd, 1, 0);
	bury_child(writer, BY_KILL, ready);
	close(fd);
}

/* The dead had published, and died before it looked who waits. */
static void test_published_but_not_told(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(0);
	pid_t writer, waiter;
	struct mapped m;

	(void)state;
	waiter = child_fork();
	if (!waiter) {
		expect(fd, 7, 0);
		child_done();
	}
	assert_soon(object_stat(fd).waiting_recv == 1);
	writer = child_fork();
	if (!writer) {
		struct ipcx_slot *slot;
		uint32_t value = 7;

		mapped_open(&m, fd);
		slot = mapped_slot(&m, mapped_claim_send(&m));
		memcpy(slot + 1, &value, sizeof(value));
		slot->len = sizeof(value);
		slot->sender = m.me;
		__atomic_store_n(&slot->word, ipcx_word(0, m.me, IPCX_READY),
				 __ATOMIC_RELEASE);
		end_attachment(&m, BY_KILL, ready);
	}
	assert_soon(*ready);
	assert_int_equal(object_stat(fd).waiting_recv, 1);
	end_child(writer, BY_KILL, ready);
	child_ok(waiter);
	bury_child(writer, BY_KILL, ready);
	close(fd);
}

static void test_poller_is_told(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(0);
	pid_t reader, poller;
	struct mapped m;

	(void)state;
	assert_int_equal(send_u32(fd, 5, 0), 1);
	reader = child_fork();
	if (!reader) {
		bool redelivered;

		mapped_open(&m, fd);
		mapped_claim_recv(&m, &redelivered);
		end_attachment(&m, BY_KILL, ready);
	}
	mapped_open(&m, fd);
	assert_soon(*ready);
	poller = child_fork();
	if (!poller) {
		assert_int_equal(poll_long(fd, POLLIN), POLLIN);
		child_done();
	}
	assert_soon(m.kpage->armed[IPCX_DIR_RECV]);
	end_child(reader, BY_KILL, ready);
	child_ok(poller);
	bury_child(reader, BY_KILL, ready);
	mapped_close(&m);
	close(fd);
}

static void test_claims_of_the_living_stand(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(0);
	bool redelivered;
	uint64_t read, written;
	struct mapped m;
	pid_t pid;

	(void)state;
	assert_int_equal(send_u32(fd, 1, 0), 1);
	assert_int_equal(send_u32(fd, 2, 0), 1);
	mapped_open(&m, fd);
	read = mapped_claim_recv(&m, &redelivered);
	written = mapped_claim_send(&m);
	pid = child_fork();
	if (!pid) {
		struct mapped own;

		mapped_open(&own, fd);
		mapped_claim_recv(&own, &redelivered);
		mapped_claim_send(&own);
		end_attachment(&own, BY_KILL, ready);
	}
	end_child(pid, BY_KILL, ready);
	assert_soon(repaired(fd));
	assert_int_equal(mapped_value(&m, read), 1);
	mapped_release(&m, read);
	mapped_commit(&m, written, 3);
	expect(fd, 2, IPCX_MSG_REDELIVERED);
	expect(fd, 3, 0);
	expect_empty(fd);
	bury_child(pid, BY_KILL, ready);
	mapped_close(&m);
	close(fd);
}

static void test_end_waits_for_the_repair(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(IPCX_QUEUE_HANGUP);
	int recv = object_reopen(fd, IPCX_RIGHT_RECV);
	uint32_t value;
	struct mapped m;
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(send_u32(fd, 1, 0), 1);
		mapped_open(&m, fd);
		mapped_claim_send(&m);
		end_attachment(&m, BY_KILL, ready);
	}
	close(fd);
	end_child(pid, BY_KILL, ready);
	/* The last sender died with a claim: first what it sent, then the end. */
	expect(recv, 1, 0);
	assert_int_equal(recv_u32(recv, &value, in_ms(LONG_ENOUGH)), -EPIPE);
	bury_child(pid, BY_KILL, ready);
	close(recv);
}

/* The last message is with a receiver: it may yet come back. */
static void test_end_waits_for_the_last_message(void **state)
{
	_Atomic uint32_t *ready = shared_words();
	int fd = mappable(IPCX_QUEUE_HANGUP);
	int recv = object_reopen(fd, IPCX_RIGHT_RECV);
	int view = object_reopen(fd, IPCX_RIGHT_RECV | IPCX_RIGHT_MAP);
	pid_t reader, waiter;
	struct mapped m;

	(void)state;
	assert_int_equal(send_u32(fd, 1, 0), 1);
	close(fd);
	reader = child_fork();
	if (!reader) {
		bool redelivered;

		mapped_open(&m, view);
		mapped_claim_recv(&m, &redelivered);
		end_attachment(&m, BY_KILL, ready);
	}
	assert_soon(*ready);
	waiter = child_fork();
	if (!waiter) {
		uint32_t value;

		expect(recv, 1, IPCX_MSG_REDELIVERED);
		assert_int_equal(recv_u32(recv, &value, in_ms(LONG_ENOUGH)),
				 -EPIPE);
		child_done();
	}
	assert_soon(object_stat(recv).waiting_recv == 1);
	end_child(reader, BY_KILL, ready);
	child_ok(waiter);
	bury_child(reader, BY_KILL, ready);
	close(view);
	close(recv);
}

/* The repair holds the object and the module until it is done, not longer. */
static void test_dead_by_the_dozen(void **state)
{
	enum { DEAD = 24 };
	int fd = queue(NULL, .slots = 64, .flags = IPCX_QUEUE_MAPPABLE);
	_Atomic uint32_t *claimed = shared_words();
	pid_t pid[DEAD];

	(void)state;
	for (int i = 0; i < DEAD; i++) {
		pid[i] = child_fork();
		if (!pid[i]) {
			struct mapped m;

			mapped_open(&m, fd);
			assert_true(mapped_claim_send(&m) != NO_TICKET);
			++*claimed;
			for (;;)
				pause();
		}
	}
	assert_soon(*claimed == DEAD);
	assert_int_equal(object_stat(fd).attachments, DEAD);
	for (int i = 0; i < DEAD; i++)
		child_kill(pid[i]);
	assert_soon(repaired(fd) && object_stat(fd).aborted == DEAD);
	assert_int_equal(object_stat(fd).attachments, 0);
	expect_empty(fd);
	shared_free(claimed);
	close(fd);
}

/* Receives until the last message, noting each before it lets it go. */
static pid_t start_noter(int fd, _Atomic uint32_t *noted, uint32_t last)
{
	pid_t pid = child_fork();

	if (!pid) {
		bool redelivered;
		uint64_t ticket;
		struct mapped m;

		mapped_open(&m, fd);
		while (!noted[last]) {
			ticket = mapped_claim_recv(&m, &redelivered);
			if (ticket == NO_TICKET) {
				queue_wait(fd, IPCX_DIR_RECV, 0, in_ms(SHORT));
				continue;
			}
			++noted[mapped_value(&m, ticket)];
			mapped_release(&m, ticket);
		}
		child_done();
	}
	return pid;
}

static void test_kills_lose_no_message(void **state)
{
	enum { KILLS = 20, EACH = 20, LAST = KILLS * EACH };
	_Atomic uint32_t *noted = shared_words();
	int fd = mappable(0);
	uint32_t total = 0;
	pid_t noter[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		noter[i] = start_noter(fd, noted, LAST);
	for (uint32_t i = 0; i < LAST; i++) {
		if (i % EACH == EACH - 1) {
			pid_t *victim = &noter[i / EACH % 2];

			child_kill(*victim);
			*victim = start_noter(fd, noted, LAST);
		}
		assert_int_equal(send_u32(fd, i, in_ms(LONG_ENOUGH)), 1);
	}
	/* What a dead one had may come behind the last of the others. */
	for (uint32_t i = 0; i < LAST; i++)
		assert_soon(noted[i]);
	assert_int_equal(send_u32(fd, LAST, in_ms(LONG_ENOUGH)), 1);
	child_ok(noter[0]);
	child_ok(noter[1]);
	for (uint32_t i = 0; i < LAST; i++)
		total += noted[i];
	/* Twice came only what somebody died with. */
	assert_true(total - LAST <= object_stat(fd).redelivered);
	shared_free(noted);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writing_becomes_aborted),
		cmocka_unit_test(test_reading_becomes_returned),
		cmocka_unit_test(test_returned_to_a_mapped_receiver),
		cmocka_unit_test(test_blocked_receiver_goes_on),
		cmocka_unit_test(test_blocked_sender_goes_on),
		cmocka_unit_test(test_published_but_not_told),
		cmocka_unit_test(test_poller_is_told),
		cmocka_unit_test(test_claims_of_the_living_stand),
		cmocka_unit_test(test_end_waits_for_the_repair),
		cmocka_unit_test(test_end_waits_for_the_last_message),
		cmocka_unit_test(test_dead_by_the_dozen),
		cmocka_unit_test(test_kills_lose_no_message),
	};

	return guest_run(tests);
}
