// SPDX-License-Identifier: GPL-2.0-only
/* What of signal: channels is their own; all else is test_conformance. */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <ipcx/channel.h>
#include <ipcx/signal.h>

#include "peer.h"

#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV
#define SIZE	(sizeof(uintptr_t) - 1)

static struct ipcx_channel *channel;

static int open_uri(uint32_t right, const char *format, ...)
{
	char uri[2 * NAME_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(uri, sizeof(uri), format, args);
	va_end(args);
	return ipcx_channel_open(uri, right, &channel);
}

static int setup(void **state)
{
	channel = POISON;
	return peer_setup(state);
}

static void numbers_are_checked(void **state)
{
	(void)state;
	assert_int_equal(open_uri(RECV, "signal:%d", getppid()), -EINVAL);
	assert_int_equal(open_uri(RECV, "signal:x"), -EINVAL);
	assert_int_equal(open_uri(RECV, "signal:?signal=%d", SIGRTMIN - 1),
			 -EINVAL);
	assert_int_equal(open_uri(RECV, "signal:?signal=%d", SIGRTMAX + 1),
			 -EINVAL);
	assert_int_equal(open_uri(RECV, "signal:?size=1"), -EINVAL);
	assert_int_equal(open_uri(SEND, "signal:"), -EINVAL);
	assert_int_equal(open_uri(SEND, "signal:0"), -EINVAL);
	assert_int_equal(open_uri(SEND, "signal:-1"), -EINVAL);
	assert_int_equal(open_uri(SEND, "signal:4294967297"), -EINVAL);
	assert_ptr_equal(channel, POISON);

	assert_int_equal(open_uri(RECV, "signal:%d?signal=%d", getpid(),
				  SIGRTMAX), 0);
	ipcx_channel_close(channel);
}

static void who_has_ended_is_nobody(void **state)
{
	pid_t pid = peer_fork();

	(void)state;
	if (!pid)
		pause();
	assert_int_equal(open_uri(SEND, "signal:%d", pid), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* Not waited for yet, so the number is still its own. */
	assert_int_equal(waitid(P_PID, pid, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(ipcx_channel_send(channel, "x", 1, 0), -EPIPE);
	ipcx_channel_close(channel);
	channel = POISON;
	assert_int_equal(open_uri(SEND, "signal:%d", pid), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(open_uri(SEND, "signal:%d", pid), -ESRCH);
	assert_ptr_equal(channel, POISON);
}

static bool next_is(pid_t pid)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "we");
	bool set = file && fprintf(file, "%d", pid - 1) > 0;

	/* Only closing writes. */
	return file && !fclose(file) && set;
}

/* Another process with the number of one that has ended. */
static void number_that_came_again_gets_nothing(void **state)
{
	pid_t first = peer_fork(), second = 0;

	(void)state;
	if (!first)
		pause();
	assert_int_equal(open_uri(SEND, "signal:%d", first), 0);
	peer_kill(first);
	for (int i = 0; i < 1000 && second != first; i++) {
		if (second)
			peer_kill(second);
		assert_true(next_is(first));
		second = peer_fork();
		if (!second)
			pause();
	}
	assert_int_equal(second, first);
	assert_int_equal(kill(second, 0), 0);
	/* If it got there, it would end it. */
	assert_int_equal(ipcx_channel_send(channel, "x", 1, 0), -EPIPE);
	assert_int_equal(kill(second, 0), 0);
	assert_int_equal(waitpid(second, NULL, WNOHANG), 0);
	peer_kill(second);
	ipcx_channel_close(channel);
}

static void others_signals_are_no_messages(void **state)
{
	const uintptr_t too_long = (uintptr_t)(SIZE + 1) << 8 * SIZE;
	struct ipcx_channel *send;
	char buf[SIZE];

	(void)state;
	assert_int_equal(open_uri(RECV, "signal:"), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kill(getpid(), SIGRTMIN), 0);
		assert_int_equal(ipcx_signal_send(getpid(), SIGRTMIN, too_long),
				 0);
		assert_int_equal(ipcx_signal_send(getpid(), SIGRTMIN,
						  UINTPTR_MAX), 0);
	}
	assert_int_equal(ipcx_channel_recv_try(channel, buf, SIZE, NULL),
			 -EAGAIN);
	assert_int_equal(kill(getpid(), SIGRTMIN), 0);
	assert_late(ipcx_channel_recv_timed(channel, buf, SIZE, NULL, deadline));

	send = channel;
	assert_int_equal(kill(getpid(), SIGRTMIN), 0);
	assert_int_equal(open_uri(SEND, "signal:%d", getpid()), 0);
	assert_int_equal(ipcx_channel_send(channel, "1234567", SIZE, 0), 0);
	assert_int_equal(ipcx_channel_recv_try(send, buf, SIZE, NULL), SIZE);
	assert_memory_equal(buf, "1234567", SIZE);
	ipcx_channel_close(channel);
	ipcx_channel_close(send);
}

/*
 * Whoever may send a signal says himself from whom it is, so no sender is told.
 * Should a kernel begin to see to it, this is to be looked at again.
 */
static void sender_could_lie(void **state)
{
	siginfo_t forged = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };
	struct ipcx_channel_msg msg = { .pid = 99 };
	struct ipcx_signal_info info;
	struct ipcx_signal *plain;
	pid_t parent = getpid(), pid;
	char buf[SIZE];

	(void)state;
	forged.si_pid = 1;
	forged.si_uid = 12345;
	forged.si_value.sival_ptr = (void *)((uintptr_t)1 << 8 * SIZE);
	assert_int_equal(open_uri(RECV, "signal:"), 0);
	pid = peer_fork();
	if (!pid) {
		for (int i = 0; i < 2; i++)
			assert_int_equal(syscall(SYS_rt_sigqueueinfo, parent,
						 SIGRTMIN, &forged), 0);
		peer_done();
	}
	peer_ok(pid);
	assert_int_equal(ipcx_signal_open(&(int) { SIGRTMIN }, 1, &plain), 0);
	assert_int_equal(ipcx_signal_recv_try(plain, &info), SIGRTMIN);
	assert_int_equal(info.pid, 1);
	ipcx_signal_close(plain);
	assert_int_equal(ipcx_channel_recv_try(channel, buf, SIZE, &msg), 1);
	assert_int_equal(msg.pid, 0);
	assert_int_equal(msg.uid, UINT32_MAX);
	assert_false(ipcx_channel_caps(channel) & IPCX_CHANNEL_CREDENTIALS);
	ipcx_channel_close(channel);
}

/* For who receives them otherwise: the sender is one that can be answered. */
static void sender_says_who_it_is(void **state)
{
	struct ipcx_signal_info info;
	struct ipcx_signal *plain;

	(void)state;
	assert_int_equal(ipcx_signal_open(&(int) { SIGRTMIN }, 1, &plain), 0);
	assert_int_equal(open_uri(SEND, "signal:%d", getpid()), 0);
	assert_int_equal(ipcx_channel_send(channel, "ab", 2, 0), 0);
	assert_int_equal(ipcx_signal_recv_try(plain, &info), SIGRTMIN);
	assert_int_equal(info.code, SI_QUEUE);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.uid, getuid());
	assert_int_equal(info.value, (uintptr_t)2 << 8 * SIZE | 'b' << 8 | 'a');
	ipcx_channel_close(channel);
	ipcx_signal_close(plain);
}

static void others_processes_are_refused(void **state)
{
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		peer_become_nobody();
		assert_int_equal(open_uri(SEND, "signal:%d", getppid()), -EPERM);
		peer_done();
	}
	peer_ok(pid);
}

/* Two channels of two signals do not mix. */
static void signals_are_kept_apart(void **state)
{
	struct ipcx_channel *ends[4];
	char buf[SIZE];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_uri(RECV, "signal:?signal=%d",
					  SIGRTMIN + i), 0);
		ends[i] = channel;
		assert_int_equal(open_uri(SEND, "signal:%d?signal=%d", getpid(),
					  SIGRTMIN + i), 0);
		ends[2 + i] = channel;
	}
	assert_int_equal(ipcx_channel_send(ends[2], "a", 1, 0), 0);
	assert_int_equal(ipcx_channel_send(ends[3], "bc", 2, 0), 0);
	assert_int_equal(ipcx_channel_recv(ends[1], buf, SIZE, NULL), 2);
	assert_int_equal(ipcx_channel_recv(ends[0], buf, SIZE, NULL), 1);
	for (int i = 0; i < 4; i++)
		ipcx_channel_close(ends[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, peer_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(numbers_are_checked),
		TEST(who_has_ended_is_nobody),
		TEST(number_that_came_again_gets_nothing),
		TEST(others_signals_are_no_messages),
		TEST(sender_could_lie),
		TEST(sender_says_who_it_is),
		TEST(others_processes_are_refused),
		TEST(signals_are_kept_apart),
	};

	return cmocka_run_group_tests_name("channel_signal", tests, NULL, NULL);
}
