// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues in files: peers in every role killed at random instants, and started
 * again. Nothing that was sent is lost, nothing is delivered twice but what is
 * said to be, each sender's messages stay in order, and nobody hangs.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "in_file.h"

#define SENDERS		2
#define RECEIVERS	2
#define GUESTS		2	/* come, send nothing, and go */
#define PEERS		(SENDERS + RECEIVERS + GUESTS)
#define MESSAGES	(1U << 18)	/* of a sender, at most */
#define TORTURE_MS	7000

/**
 * struct report - what peers leave in memory that outlives them; all is atomic
 * @stop: senders and guests shall end
 * @tried: number of the message that a sender is about to send
 * @sent: and that it has sent
 * @attached: processes of the receivers, once they are attached
 * @unsure: it was killed in between
 * @seen: how often a message was delivered
 * @again: and how often as one given back
 * @faults: messages out of order, or none at all
 */
struct report {
	uint32_t stop;
	uint32_t faults;
	uint32_t tried[SENDERS];
	uint32_t sent[SENDERS];
	uint32_t attached[RECEIVERS];
	uint8_t unsure[SENDERS][MESSAGES];
	uint8_t seen[SENDERS][MESSAGES];
	uint8_t again[SENDERS][MESSAGES];
};

struct message {
	uint32_t sender;
	uint32_t number;
};

static struct report *report;

static uint32_t get(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static void add(uint8_t *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
}

static void fault(void)
{
	__atomic_fetch_add(&report->faults, 1, __ATOMIC_SEQ_CST);
}

/* By loan and by copy in turn, so that a death can come in either. */
static int send_one(struct ipcx_queue *queue, const struct message *message)
{
	struct ipcx_loan loan;
	int ret;

	if (message->number % 2)
		return ipcx_queue_send(queue, message, sizeof(*message), 0);
	ret = ipcx_queue_reserve(queue, 0, &loan);
	if (ret < 0)
		return ret;
	if (message->number % 16 == 8)
		sched_yield();
	memcpy(loan.data, message, sizeof(*message));
	return ipcx_queue_commit(queue, &loan, sizeof(*message));
}

static void be_sender(uint32_t me)
{
	struct ipcx_queue *queue = in_file(SEND);
	struct message message = { .sender = me };

	/* Killed before: between trying and having sent, nobody knows. */
	if (get(&report->tried[me]) != get(&report->sent[me]))
		add(&report->unsure[me][get(&report->tried[me])]);
	message.number = get(&report->tried[me]) + 1;
	while (!get(&report->stop) && message.number < MESSAGES) {
		set(&report->tried[me], message.number);
		assert_int_equal(send_one(queue, &message), 0);
		set(&report->sent[me], message.number++);
		if (message.number % 64 == 0)
			nap();
	}
	ipcx_queue_close(queue);
}

static void note(const struct ipcx_loan *loan, uint32_t *last)
{
	struct message message;

	memcpy(&message, loan->data, sizeof(message));
	if (loan->len != sizeof(message) || message.sender >= SENDERS ||
	    message.number >= MESSAGES) {
		fault();
		return;
	}
	if (loan->flags & IPCX_MSG_REDELIVERED) {
		add(&report->again[message.sender][message.number]);
		return;
	}
	add(&report->seen[message.sender][message.number]);
	if (message.number <= last[message.sender])
		fault();
	last[message.sender] = message.number;
}

/* Noted while it is held: a death before gives it back, a death after, too. */
static void be_receiver(uint32_t me)
{
	struct ipcx_queue *queue = in_file(RECV);
	uint32_t last[SENDERS] = { 0 };
	struct ipcx_loan loan;
	int ret;

	set(&report->attached[me], getpid());
	while (!(ret = ipcx_queue_acquire(queue, &loan))) {
		if (loan.ticket % 16 == 0)
			sched_yield();
		note(&loan, last);
		if (loan.ticket % 16 == 8)
			sched_yield();
		assert_int_equal(ipcx_queue_release(queue, &loan), 0);
	}
	assert_int_equal(ret, -EPIPE);
	ipcx_queue_close(queue);
}

/* Killed while it comes, goes, waits for what it does not get, or looks. */
static void be_guest(void)
{
	char buf[64];

	while (!get(&report->stop)) {
		struct ipcx_queue *queue = in_file(BOTH);
		ssize_t ret = ipcx_queue_peek_timed(queue, buf, sizeof(buf),
						    NULL, in_ms(3));

		assert_true(ret >= 0 || ret == -ETIMEDOUT || ret == -EAGAIN);
		ipcx_queue_close(queue);
	}
}

static pid_t start(unsigned int role)
{
	pid_t pid = peer_fork();

	if (pid)
		return pid;
	if (role < SENDERS)
		be_sender(role);
	else if (role < SENDERS + RECEIVERS)
		be_receiver(role - SENDERS);
	else
		be_guest();
	peer_done();
}

/* One that has ended by itself, too, but not one that has failed. */
static void end_peer(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGKILL);
	else
		assert_int_equal(status, 0);
}

/* Each delivered once, if it was sent for certain, or several times as said. */
static void check_messages(void)
{
	assert_int_equal(report->faults, 0);
	for (unsigned int i = 0; i < SENDERS; i++) {
		assert_true(report->sent[i] > 100);
		for (uint32_t n = 1; n <= report->tried[i]; n++) {
			uint8_t seen = report->seen[i][n];
			uint8_t again = report->again[i][n];

			assert_true(seen <= 1);
			assert_true(seen + again || report->unsure[i][n]);
		}
		for (uint32_t n = report->tried[i] + 1; n < MESSAGES; n++)
			assert_false(report->seen[i][n] + report->again[i][n]);
	}
}

static void *shared_report(void)
{
	void *memory = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static void pass_us(unsigned int us)
{
	uint64_t end = ipcx_deadline_after(us * 1000ULL);

	while (ipcx_deadline_after(0) < end)
		usleep(50);
}

static void death_loses_nothing(void **state)
{
	uint64_t end = in_ms(TORTURE_MS);
	unsigned int seed = getpid(), deaths = 0;
	struct ipcx_queue *queue;
	pid_t pids[PEERS];

	(void)state;
	report = shared_report();
	/* Is of both sides, so that nobody is told of an end meanwhile. */
	queue = in_file(BOTH);
	for (unsigned int i = 0; i < PEERS; i++)
		pids[i] = start(i);
	while (in_ms(0) < end) {
		unsigned int i = rand_r(&seed) % PEERS;

		pass_us(rand_r(&seed) % 4000);
		end_peer(pids[i]);
		pids[i] = start(i);
		deaths++;
	}
	assert_true(deaths > 20);
	set(&report->stop, 1);
	for (unsigned int i = 0; i < PEERS; i++)
		if (i < SENDERS || i >= SENDERS + RECEIVERS)
			peer_ok(pids[i]);
	/* One too late would make a queue of its own. */
	for (unsigned int i = 0; i < RECEIVERS; i++)
		assert_soon(get(&report->attached[i]) ==
			    (uint32_t)pids[SENDERS + i]);
	/* Now the last sender leaves: receivers take what is left and end. */
	ipcx_queue_close(queue);
	for (unsigned int i = SENDERS; i < SENDERS + RECEIVERS; i++)
		peer_ok(pids[i]);
	assert_false(is_there());
	check_messages();
	munmap(report, sizeof(*report));
}

/* Nobody is there all the time: the file comes and goes with those who live. */
static void live_alone(void)
{
	for (;;) {
		struct ipcx_queue *queue = in_file(BOTH);
		int64_t ret;

		/* Who was killed can have left it full, or another empty. */
		ret = put_number(queue, 1, IPCX_NO_WAIT);
		assert_true(!ret || ret == -EAGAIN);
		ret = get_number(queue, in_ms(1));
		assert_true(ret == 1 || ret == -ETIMEDOUT);
		ipcx_queue_close(queue);
	}
}

static void death_leaves_no_file_that_cannot_be_used(void **state)
{
	unsigned int seed = getpid(), deaths = 0;
	uint64_t end = in_ms(TORTURE_MS / 3);
	pid_t pids[3] = { 0 };

	(void)state;
	for (; in_ms(0) < end; deaths++) {
		unsigned int i = rand_r(&seed) % ARRAY_SIZE(pids);

		if (pids[i])
			end_peer(pids[i]);
		pids[i] = peer_fork();
		if (!pids[i])
			live_alone();
		pass_us(rand_r(&seed) % 2000);
	}
	assert_true(deaths > 20);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		if (pids[i])
			end_peer(pids[i]);
	ipcx_queue_close(in_file(BOTH));
	assert_false(is_there());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FILE_TEST(death_loses_nothing),
		IN_FILE_TEST(death_leaves_no_file_that_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
