// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/queue.h> with the module, between processes: waiting, dying, leaving. */
#include "lib.h"

#include <sys/epoll.h>

/* Which path the sender takes and which the receiver: all four pairs. */
static enum path send_path(void **state)
{
	return (uintptr_t)*state & 1 ? MEDIATED : MAPPED;
}

static enum path recv_path(void **state)
{
	return (uintptr_t)*state & 2 ? MEDIATED : MAPPED;
}

#define ON_ALL_PAIRS(test)						\
	{ #test "_mapped_to_mapped", test, NULL, forget_q, (void *)0 },	\
	{ #test "_mediated_to_mapped", test, NULL, forget_q, (void *)1 },	\
	{ #test "_mapped_to_mediated", test, NULL, forget_q, (void *)2 },	\
	{ #test "_mediated_to_mediated", test, NULL, forget_q, (void *)3 }

static void message_wakes_a_receiver(void **state)
{
	struct ipcx_queue *q = create_q(send_path(state), IPCX_RIGHT_SEND, 0, 1);
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine = open_q(recv_path(state),
						 IPCX_RIGHT_RECV);

		assert_int_equal(get(mine, NULL, IPCX_FOREVER), 7);
		child_done();
	}
	assert_soon(stat_q(q).waiting_recv == 1);
	assert_int_equal(put(q, 7, IPCX_NO_WAIT), 7);
	child_ok(pid);
	assert_int_equal(stat_q(q).waiting_recv, 0);
	ipcx_queue_close(q);
}

static void room_wakes_a_sender(void **state)
{
	struct ipcx_queue *q = create_q(recv_path(state), IPCX_RIGHT_RECV, 0, 1);
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine = open_q(send_path(state),
						 IPCX_RIGHT_SEND);

		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(put(mine, i, IPCX_FOREVER), i);
		child_done();
	}
	assert_soon(stat_q(q).waiting_send == 1);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(get(q, NULL, in_ms(LONG_ENOUGH)), i);
	child_ok(pid);
	ipcx_queue_close(q);
}

/* Small ring, many messages: both sides sleep and are woken all the time. */
static void many_messages_keep_their_order(void **state)
{
	struct ipcx_queue *q = create_q(recv_path(state), IPCX_RIGHT_RECV, 0, 1);
	const uint32_t messages = 1000;
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine = open_q(send_path(state),
						 IPCX_RIGHT_SEND);

		for (uint32_t i = 0; i < messages; i++)
			assert_int_equal(put(mine, i, in_ms(LONG_ENOUGH)), i);
		child_done();
	}
	for (uint32_t i = 0; i < messages; i++)
		assert_int_equal(get(q, NULL, in_ms(LONG_ENOUGH)), i);
	child_ok(pid);
	assert_int_equal(stat_q(q).sent, messages);
	assert_int_equal(stat_q(q).received, messages);
	ipcx_queue_close(q);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A child asleep in recv() gets a signal once it sleeps. */
static pid_t sleeper(enum path path, int flags, int expected)
{
	pid_t pid = child_fork();

	if (!pid) {
		struct sigaction action = {
			.sa_handler = on_alarm, .sa_flags = flags,
		};
		struct ipcx_queue *mine = open_q(path, IPCX_RIGHT_RECV);

		sigaction(SIGALRM, &action, NULL);
		assert_int_equal(get(mine, NULL, IPCX_FOREVER), expected);
		child_done();
	}
	return pid;
}

static void signal_interrupts_or_restarts(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), IPCX_RIGHT_SEND, 0, 1);
	pid_t pid = sleeper(path_of(state), 0, -EINTR);

	assert_soon(stat_q(q).waiting_recv == 1);
	kill(pid, SIGALRM);
	child_ok(pid);

	pid = sleeper(path_of(state), SA_RESTART, 5);
	assert_soon(stat_q(q).waiting_recv == 1);
	kill(pid, SIGALRM);
	/* Not a message before the signal was dealt with. */
	assert_false(wait_until(waitpid(pid, NULL, WNOHANG) == pid, SHORT));
	assert_int_equal(put(q, 5, IPCX_NO_WAIT), 5);
	child_ok(pid);
	ipcx_queue_close(q);
}

static void killed_writer_leaves_a_hole(void **state)
{
	_Atomic uint32_t *claimed = shared_words();
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine = open_q(MAPPED, IPCX_RIGHT_SEND);
		struct ipcx_loan loan;

		assert_int_equal(put(mine, 1, IPCX_NO_WAIT), 1);
		assert_int_equal(ipcx_queue_reserve(mine, 0, &loan), 0);
		*claimed = 1;
		for (;;)
			pause();
	}
	assert_soon(*claimed);
	assert_int_equal(put(q, 3, IPCX_NO_WAIT), 3);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 1);
	assert_int_equal(get(q, NULL, in_ms(SHORT)), -ETIMEDOUT);
	child_kill(pid);
	assert_int_equal(get(q, NULL, in_ms(LONG_ENOUGH)), 3);
	assert_soon(stat_q(q).attachments == (path_of(state) == MAPPED));
	assert_soon(stat_q(q).aborted == 1);
	shared_free(claimed);
	ipcx_queue_close(q);
}

static void what_a_killed_reader_held_comes_again(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	_Atomic uint32_t *claimed = shared_words();
	struct ipcx_msg msg;
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine = open_q(MAPPED, IPCX_RIGHT_RECV);
		struct ipcx_loan loans[2];

		for (int i = 0; i < 2; i++)
			assert_int_equal(ipcx_queue_acquire(mine, &loans[i]), 0);
		*claimed = 1;
		for (;;)
			pause();
	}
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
	assert_soon(*claimed);
	assert_int_equal(get(q, &msg, IPCX_NO_WAIT), 3);
	assert_false(msg.flags & IPCX_MSG_REDELIVERED);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -EAGAIN);
	child_kill(pid);
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(get(q, &msg, in_ms(LONG_ENOUGH)), i);
		assert_true(msg.flags & IPCX_MSG_REDELIVERED);
		assert_int_equal(msg.ticket, i - 1);
	}
	assert_int_equal(stat_q(q).redelivered, 2);
	shared_free(claimed);
	ipcx_queue_close(q);
}

/* The sleeper is killed, not the one with a claim: nobody misses it. */
static void killed_sleeper_is_not_counted(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	pid_t pid = sleeper(path_of(state), 0, 0);

	assert_soon(stat_q(q).waiting_recv == 1);
	child_kill(pid);
	assert_soon(stat_q(q).waiting_recv == 0);
	assert_int_equal(put(q, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 1);
	ipcx_queue_close(q);
}

static void child_says_it_is_not_attached(struct ipcx_queue *q,
					  struct ipcx_loan *loan)
{
	struct ipcx_msg msgs[1] = { 0 };
	struct ipcx_loan other;

	assert_int_equal(put(q, 1, IPCX_NO_WAIT), -ENOTCONN);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -ENOTCONN);
	assert_int_equal(ipcx_queue_send_batch(q, msgs, 1), -ENOTCONN);
	assert_int_equal(ipcx_queue_recv_batch(q, msgs, 1), -ENOTCONN);
	assert_int_equal(ipcx_queue_reserve(q, 0, &other), -ENOTCONN);
	assert_int_equal(ipcx_queue_acquire(q, &other), -ENOTCONN);
	assert_int_equal(ipcx_queue_commit(q, loan, 0), -ENOTCONN);
	assert_int_equal(ipcx_queue_abort(q, loan), -ENOTCONN);
	assert_int_equal(ipcx_queue_release(q, loan), -ENOTCONN);
}

static void forked_child_attaches_for_itself(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_loan loan;
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_queue_reserve(q, 0, &loan), 0);
	pid = child_fork();
	if (!pid) {
		/* What now lies where the ring lay is not the handle's to unmap. */
		char *page = mmap(loan.data - (uintptr_t)loan.data % PAGE, PAGE,
				  PROT_READ | PROT_WRITE, MAP_PRIVATE |
				  MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		struct ipcx_queue *mine;

		assert_ptr_not_equal(page, MAP_FAILED);
		child_says_it_is_not_attached(q, &loan);
		assert_int_equal(ipcx_queue_slot_size(q), SLOT_SIZE);
		assert_int_equal(ipcx_queue_from_fd(fcntl(ipcx_queue_fd(q),
							  F_DUPFD_CLOEXEC, 0),
						    &mine), 0);
		ipcx_queue_close(q);
		*page = 1;
		assert_int_equal(put(mine, 2, IPCX_NO_WAIT), 2);
		child_done();
	}
	child_ok(pid);
	memcpy(loan.data, &(uint32_t){ 1 }, 4);
	assert_int_equal(ipcx_queue_commit(q, &loan, 4), 0);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 1);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 2);
	ipcx_queue_close(q);
}

static void mediated_handle_works_after_fork(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, 1);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(put(q, 3, IPCX_NO_WAIT), 3);
		ipcx_queue_close(q);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), 3);
	ipcx_queue_close(q);
}

static void receiver_learns_that_the_senders_left(void **state)
{
	struct ipcx_queue *sender = create_q(send_path(state), IPCX_RIGHT_SEND,
					     IPCX_QUEUE_HANGUP, 1);
	struct ipcx_queue *receiver = open_q(recv_path(state), IPCX_RIGHT_RECV);
	pid_t pid;

	assert_int_equal(put(sender, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(get(receiver, NULL, IPCX_NO_WAIT), 1);
	assert_int_equal(get(receiver, NULL, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(put(sender, 2, IPCX_NO_WAIT), 2);

	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *mine;

		ipcx_queue_close(sender);
		ipcx_queue_close(receiver);
		mine = open_q(recv_path(state), IPCX_RIGHT_RECV);
		assert_int_equal(get(mine, NULL, IPCX_FOREVER), 2);
		assert_int_equal(get(mine, NULL, IPCX_FOREVER), -EPIPE);
		child_done();
	}
	assert_soon(stat_q(receiver).waiting_recv == 1);
	ipcx_queue_close(sender);
	child_ok(pid);
	assert_int_equal(get(receiver, NULL, IPCX_FOREVER), -EPIPE);
	/* Not at once: what the child held is looked for first. */
	assert_soon(get(receiver, NULL, IPCX_NO_WAIT) == -EPIPE);
	ipcx_queue_close(receiver);
}

static void sender_learns_that_the_receivers_left(void **state)
{
	struct ipcx_queue *receiver = create_q(recv_path(state), IPCX_RIGHT_RECV,
					       IPCX_QUEUE_HANGUP, 1);
	struct ipcx_queue *sender = open_q(send_path(state), IPCX_RIGHT_SEND);
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine;

		ipcx_queue_close(receiver);
		ipcx_queue_close(sender);
		mine = open_q(send_path(state), IPCX_RIGHT_SEND);
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(put(mine, i, IPCX_FOREVER), i);
		assert_int_equal(put(mine, 4, IPCX_FOREVER), -EPIPE);
		child_done();
	}
	assert_soon(stat_q(sender).waiting_send == 1);
	ipcx_queue_close(receiver);
	child_ok(pid);
	assert_int_equal(put(sender, 5, IPCX_NO_WAIT), -EPIPE);
	ipcx_queue_close(sender);
}

/* The end is not told before what the dead sender left was put in order. */
static void end_waits_for_the_dead(void **state)
{
	struct ipcx_queue *receiver = create_q(path_of(state), IPCX_RIGHT_RECV,
					       IPCX_QUEUE_HANGUP, 1);
	_Atomic uint32_t *claimed = shared_words();
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *mine = open_q(MAPPED, IPCX_RIGHT_SEND);
		struct ipcx_loan loan;

		assert_int_equal(ipcx_queue_reserve(mine, 0, &loan), 0);
		assert_int_equal(put(mine, 2, IPCX_NO_WAIT), 2);
		*claimed = 1;
		for (;;)
			pause();
	}
	assert_soon(*claimed);
	child_kill(pid);
	assert_int_equal(get(receiver, NULL, in_ms(LONG_ENOUGH)), 2);
	assert_int_equal(get(receiver, NULL, in_ms(LONG_ENOUGH)), -EPIPE);
	shared_free(claimed);
	ipcx_queue_close(receiver);
}

static void epoll_tells_of_each_message(void **state)
{
	struct ipcx_queue *q = create_q(recv_path(state), IPCX_RIGHT_RECV, 0, 1);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint32_t next = 0;
	pid_t pid;

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, ipcx_queue_fd(q),
				   &event), 0);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *mine = open_q(send_path(state),
						 IPCX_RIGHT_SEND);

		for (uint32_t i = 0; i < 200; i++)
			assert_int_equal(put(mine, i, in_ms(LONG_ENOUGH)), i);
		child_done();
	}
	while (next < 200) {
		int64_t got;

		assert_int_equal(epoll_wait(epoll, &event, 1, LONG_ENOUGH), 1);
		assert_int_equal(event.events, EPOLLIN);
		while ((got = get(q, NULL, IPCX_NO_WAIT)) >= 0)
			assert_int_equal(got, next++);
		assert_int_equal(got, -EAGAIN);
	}
	child_ok(pid);
	close(epoll);
	ipcx_queue_close(q);
}

/* A peer writes at random over all of the ring, as fast as it can. */
static void scribble(_Atomic uint32_t *begun)
{
	int fd = object_open("q", IPCX_KIND_QUEUE, 0);
	const struct ipcx_kpage *kpage = mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					      fd, IPCX_MMAP_KPAGE);
	uint64_t *words = mmap(NULL, kpage->ring_bytes, PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, IPCX_MMAP_RING);
	unsigned int seed = 1;

	for (;;) {
		uint64_t *word = &words[rand_r(&seed) % (kpage->ring_bytes / 8)];
		uint64_t value = (uint64_t)rand_r(&seed) << 16 ^ rand_r(&seed);

		/* Near what is there gets further than far from it. */
		__atomic_store_n(word, rand_r(&seed) % 2 ? value :
				 *word ^ (value & 0x70007), __ATOMIC_RELAXED);
		*begun = 1;
	}
}

static void hostile_peer_neither_hangs_nor_crashes(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 2);
	_Atomic uint32_t *begun = shared_words();
	pid_t pid = child_fork();
	uint8_t buf[SLOT_SIZE] = "";
	bool noticed = false;

	if (!pid)
		scribble(begun);
	assert_soon(*begun);
	for (int i = 0; i < 300; i++) {
		uint64_t deadline = in_ms(5);
		ssize_t rc;

		rc = ipcx_queue_send_timed(q, buf, sizeof(buf), i % 2, deadline);
		assert_true(rc == 0 || rc == -EBADMSG || rc == -ETIMEDOUT);
		rc = ipcx_queue_recv_timed(q, buf, sizeof(buf), NULL, deadline);
		assert_true((rc >= 0 && rc <= SLOT_SIZE) || rc == -EBADMSG ||
			    rc == -ETIMEDOUT);
		noticed |= rc < 0;
	}
	child_kill(pid);
	assert_true(noticed);
	shared_free(begun);
	ipcx_queue_close(q);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_ALL_PAIRS(message_wakes_a_receiver),
		ON_ALL_PAIRS(room_wakes_a_sender),
		ON_ALL_PAIRS(many_messages_keep_their_order),
		ON_BOTH_PATHS(signal_interrupts_or_restarts),
		ON_BOTH_PATHS(killed_writer_leaves_a_hole),
		ON_BOTH_PATHS(what_a_killed_reader_held_comes_again),
		ON_BOTH_PATHS(killed_sleeper_is_not_counted),
		cmocka_unit_test_teardown(forked_child_attaches_for_itself, forget_q),
		cmocka_unit_test_teardown(mediated_handle_works_after_fork, forget_q),
		ON_ALL_PAIRS(receiver_learns_that_the_senders_left),
		ON_ALL_PAIRS(sender_learns_that_the_receivers_left),
		ON_BOTH_PATHS(end_waits_for_the_dead),
		ON_ALL_PAIRS(epoll_tells_of_each_message),
		ON_BOTH_PATHS(hostile_peer_neither_hangs_nor_crashes),
	};

	return guest_run(tests);
}
