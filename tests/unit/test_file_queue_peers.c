// SPDX-License-Identifier: GPL-2.0-only
/* Queues in files: peers that are killed, stopped or forked. */
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ipcx/channel.h>

#include "in_file.h"
#include "sys.h"

/* Holds a slot to write and a message to read, and never gives them back. */
static void hold_both(void)
{
	struct ipcx_queue *queue = in_file(BOTH);
	struct ipcx_loan loan;

	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
	raise(SIGSTOP);
}

static void await_stop(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

static pid_t fork_holder(void)
{
	pid_t pid = peer_fork();

	if (!pid) {
		hold_both();
		peer_done();
	}
	await_stop(pid);
	return pid;
}

static void claims_of_the_killed_are_ended(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);
	uint64_t deadline;
	struct ipcx_msg msg;
	char buf[64];
	pid_t pid;

	(void)state;
	assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), 0);
	assert_int_equal(put_number(queue, 2, IPCX_NO_WAIT), 0);
	pid = fork_holder();
	assert_int_equal(put_number(queue, 3, IPCX_NO_WAIT), 0);
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), 2);
	/* Stopped is not dead. */
	deadline = ipcx_deadline_after(FILE_QUEUE_SLICE_NS * 3 / 2);
	assert_int_equal(get_number(queue, deadline), -ETIMEDOUT);
	peer_kill(pid);
	assert_int_equal(ipcx_queue_recv(queue, buf, 64, &msg), 8);
	assert_int_equal(*(uint64_t *)buf, 1);
	assert_int_equal(msg.flags, IPCX_MSG_REDELIVERED);
	assert_int_equal(ipcx_queue_recv(queue, buf, 64, &msg), 8);
	assert_int_equal(*(uint64_t *)buf, 3);
	assert_int_equal(msg.flags, 0);
	ipcx_queue_close(queue);
}

/* Who only tries sees a death, too. */
static void tries_see_deaths(void **state)
{
	struct ipcx_queue *queue = in_file(RECV);
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		queue = in_file(SEND);
		assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), 0);
		raise(SIGSTOP);
		peer_done();
	}
	await_stop(pid);
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), 1);
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), -EAGAIN);
	peer_kill(pid);
	assert_soon(get_number(queue, IPCX_NO_WAIT) == -EPIPE);
	ipcx_queue_close(queue);
}

static void sleepers_see_deaths(void **state)
{
	(void)state;
	for (uint32_t rights = SEND; rights <= RECV; rights += RECV - SEND) {
		struct ipcx_queue *queue = in_file(rights);
		pid_t pid = peer_fork(), sleeper;

		if (!pid) {
			in_file(BOTH & ~rights);
			raise(SIGSTOP);
			peer_done();
		}
		await_stop(pid);
		sleeper = peer_fork();
		if (!sleeper) {
			int64_t ret;

			queue = in_file(rights);
			do {
				ret = rights == SEND ?
				      put_number(queue, 0, IPCX_FOREVER) :
				      get_number(queue, IPCX_FOREVER);
			} while (!ret);
			assert_int_equal(ret, -EPIPE);
			ipcx_queue_close(queue);
			peer_done();
		}
		peer_asleep(sleeper);
		peer_kill(pid);
		peer_ok(sleeper);
		ipcx_queue_close(queue);
	}
}

static pid_t fork_receiver(_Atomic uint32_t *got)
{
	pid_t pid = peer_fork();
	struct ipcx_queue *queue;

	if (pid)
		return pid;
	queue = in_file(RECV);
	*got = get_number(queue, IPCX_FOREVER);
	ipcx_queue_close(queue);
	peer_done();
}

/* Of two asleep one is killed, before and after it is woken. */
static void a_killed_sleeper_takes_no_wake_along(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_queue *queue = in_file(SEND);

	(void)state;
	for (int woken = 0; woken < 2; woken++) {
		pid_t first, second;

		words[0] = 0;
		words[1] = 0;
		first = fork_receiver(&words[0]);
		peer_asleep(first);
		second = fork_receiver(&words[1]);
		peer_asleep(second);
		if (woken) {
			/* Killed with the wake-up on its way. */
			assert_int_equal(kill(first, SIGSTOP), 0);
			await_stop(first);
		} else {
			peer_kill(first);
		}
		assert_int_equal(put_number(queue, 5, IPCX_NO_WAIT), 0);
		if (woken)
			peer_kill(first);
		peer_ok(second);
		assert_int_equal(words[0] + words[1], 5);
	}
	ipcx_queue_close(queue);
	shared_free(words);
}

static void nothing_is_lost_when_all_are_killed(void **state)
{
	struct ipcx_queue *queue;
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		queue = in_file(BOTH);
		for (int i = 0; i < 5; i++)
			assert_int_equal(put_number(queue, i, IPCX_NO_WAIT), 0);
		hold_both();
		peer_done();
	}
	await_stop(pid);
	peer_kill(pid);
	assert_true(is_there());
	queue = in_file(RECV);
	for (int i = 0; i < 5; i++)
		assert_int_equal(get_number(queue, IPCX_NO_WAIT), i);
	/* Those were of another life. */
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(queue);
}

/* Who repaired was killed between giving a message back and saying so. */
static void a_repair_cut_short_is_done_again(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);
	struct ipcx_slot *slot = (struct ipcx_slot *)queue->ring.slots;
	pid_t pid;

	(void)state;
	assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), 0);
	pid = fork_holder();
	peer_kill(pid);
	assert_int_equal(ipcx_state(slot->word), IPCX_READING);
	slot->word = ipcx_word(ipcx_ticket(slot->word), IPCX_OWNER_NONE,
			       IPCX_RETURNED);
	assert_int_equal(get_number(queue, in_ms(LONG_ENOUGH)), 1);
	ipcx_queue_close(queue);
}

static void lock_generation(int fd, unsigned int generation)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_start = generation, .l_len = 1,
	};

	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
}

/* Stopped with the lock: nobody can come or go for long, all else goes on. */
static void a_stopped_peer_holds_up_nobody_for_ever(void **state)
{
	struct file_queue_options options = { 0 };
	struct ipcx_queue *queue = in_file(BOTH), *other = POISON;
	char uri[sizeof(in_file_path) + 4];
	struct ipcx_channel *channel;
	uint64_t soon;
	pid_t pid, holder;

	(void)state;
	snprintf(uri, sizeof(uri), "map:%s", in_file_path);
	assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), 0);
	holder = fork_holder();
	pid = peer_fork();
	if (!pid) {
		lock_generation(ipcx_queue_fd(in_file(BOTH)), 0);
		raise(SIGSTOP);
		peer_done();
	}
	await_stop(pid);
	peer_kill(holder);
	/* Cannot be repaired now. */
	assert_int_equal(get_number(queue, in_ms(300)), -ETIMEDOUT);
	assert_int_equal(file_queue_open(in_file_path, &options, &other),
			 -ETIMEDOUT);
	assert_ptr_equal(other, POISON);
	/* Who has less patience need not have as much. */
	soon = in_ms(SHORT);
	assert_int_equal(ipcx_channel_open_timed(uri, RECV, &channel, soon),
			 -ETIMEDOUT);
	assert_true(in_ms(0) < soon + 2 * NSEC_PER_SEC);
	assert_int_equal(ipcx_channel_open_try(uri, RECV, &channel), -EAGAIN);
	peer_kill(pid);
	assert_int_equal(get_number(queue, IPCX_FOREVER), 1);
	ipcx_queue_close(queue);
}

static uint32_t pid_ns(void)
{
	struct stat stat_;

	assert_int_equal(stat("/proc/self/ns/pid", &stat_), 0);
	return stat_.st_ino;
}

/*
 * A parent that dies with a claim and with the lock, while a child of it lives
 * and has its descriptors. In words[0] the child says that it is there, in
 * words[1] it is told to end, in words[2] it says that it does.
 */
static void leave_a_child(_Atomic uint32_t *words)
{
	struct ipcx_queue *queue = in_file(BOTH);
	struct ipcx_loan loan;

	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	lock_generation(ipcx_queue_fd(queue), 0);
	queue->file->header->lock = (uint64_t)getpid() << 32 | pid_ns();
	/* Not by peer_fork(): it has to outlive its parent. */
	if (!fork()) {
		words[0] = 1;
		wait_until(words[1], 2 * LONG_ENOUGH);
		words[2] = 1;
		_exit(0);
	}
	raise(SIGSTOP);
}

static void a_child_does_not_stand_in_for_its_parent(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_queue *queue = in_file(BOTH), *other;
	pid_t pid;

	(void)state;
	assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), 0);
	pid = peer_fork();
	if (!pid) {
		leave_a_child(words);
		peer_done();
	}
	await_stop(pid);
	assert_soon(words[0]);
	assert_int_equal(get_number(queue, in_ms(300)), -ETIMEDOUT);
	peer_kill(pid);
	assert_int_equal(get_number(queue, in_ms(LONG_ENOUGH)), 1);
	/* Its place is still locked, the next one is taken. */
	other = in_file(BOTH);
	assert_int_not_equal(other->file->index, queue->file->index + 1);
	assert_int_equal(words[2], 0);
	words[1] = 1;
	assert_soon(words[2]);
	ipcx_queue_close(other);
	ipcx_queue_close(queue);
}

/*
 * What a victim does that is killed after so many instructions: it finds a dead
 * peer to repair, and comes, sends, receives and goes itself.
 */
#ifdef __SANITIZE_ADDRESS__
#define KILLS	1		/* it is the same, step by step, of many more */
#else
#define KILLS	40
#endif

static void live_a_life(void)
{
	struct ipcx_queue *queue = in_file(BOTH);
	struct ipcx_loan loan;

	assert_int_equal(put_number(queue, 100, IPCX_NO_WAIT), 0);
	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	assert_int_equal(ipcx_queue_release(queue, &loan), 0);
	ipcx_queue_close(queue);
}

static pid_t fork_victim(void)
{
	pid_t pid = peer_fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		live_a_life();
		peer_done();
	}
	await_stop(pid);
	return pid;
}

/* Steps that it took, which is fewer than @most if it came to its end. */
static unsigned long run_victim(unsigned long most)
{
	pid_t pid = fork_victim();
	int status;

	for (unsigned long step = 0; step < most; step++) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return step;
		}
		assert_true(WIFSTOPPED(status));
		assert_int_equal(WSTOPSIG(status), SIGTRAP);
	}
	peer_kill(pid);
	return most;
}

/*
 * A claim of each kind whose owner is dead, and two messages; then the victim.
 * Three messages are to come, 1 to 3, at most one of them to nobody but the
 * victim, and all in order but for what was given back.
 */
static unsigned long kill_after(unsigned long steps)
{
	struct ipcx_queue *queue = in_file_flags(BOTH, FILE_QUEUE_KEEP);
	bool got[4] = { false };
	int missing = 0;
	int64_t number;

	for (int i = 1; i <= 3; i++)
		assert_int_equal(put_number(queue, i, IPCX_NO_WAIT), 0);
	peer_kill(fork_holder());
	steps = run_victim(steps);
	/* Who comes repairs. */
	ipcx_queue_close(in_file(BOTH));
	while ((number = get_number(queue, IPCX_NO_WAIT)) >= 0) {
		if (number == 100)
			continue;
		assert_in_range(number, 1, 3);
		assert_false(got[number]);
		got[number] = true;
	}
	assert_int_equal(number, -EAGAIN);
	for (int i = 1; i <= 3; i++)
		missing += !got[i];
	assert_in_range(missing, 0, 1);
	/* All places are free, nobody holds any. */
	for (int i = 0; i < 8; i++)
		assert_int_equal(put_number(queue, i, IPCX_NO_WAIT), 0);
	for (uint32_t i = 0; i < FILE_QUEUE_PEERS; i++)
		if (i != queue->file->index)
			assert_int_equal(queue->file->header->peers[i].rights, 0);
	assert_int_equal(file_queue_unlink(in_file_path), 0);
	ipcx_queue_close(queue);
	return steps;
}

static void a_death_at_any_step_is_repaired(void **state)
{
	unsigned long all = kill_after(-1);

	(void)state;
	assert_true(all > 1000);
	for (unsigned long i = 1; i < KILLS; i++)
		kill_after(all * i / KILLS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FILE_TEST(claims_of_the_killed_are_ended),
		IN_FILE_TEST(tries_see_deaths),
		IN_FILE_TEST(sleepers_see_deaths),
		IN_FILE_TEST(a_killed_sleeper_takes_no_wake_along),
		IN_FILE_TEST(nothing_is_lost_when_all_are_killed),
		IN_FILE_TEST(a_repair_cut_short_is_done_again),
		IN_FILE_TEST(a_stopped_peer_holds_up_nobody_for_ever),
		IN_FILE_TEST(a_child_does_not_stand_in_for_its_parent),
		IN_FILE_TEST(a_death_at_any_step_is_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
