// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <ipcx/signal.h>

#include "peer.h"

static struct ipcx_signal *handle;
static struct ipcx_signal_info info;
static int rt;

static int setup(void **state)
{
	int ret = peer_setup(state);
	int signals[] = { SIGRTMIN, SIGRTMIN + 1, SIGUSR2, SIGCHLD };

	rt = SIGRTMIN;
	if (ipcx_signal_open(signals, ARRAY_SIZE(signals), &handle))
		return -1;
	memset(&info, 0, sizeof(info));
	return ret;
}

static int teardown(void **state)
{
	/* Peers that have ended are no part of the next test. */
	while (ipcx_signal_recv_try(handle, NULL) > 0)
		;
	ipcx_signal_close(handle);
	return peer_teardown(state);
}

static void send(int signal, uintptr_t value)
{
	assert_int_equal(ipcx_signal_send(getpid(), signal, value), 0);
}

static void expect(int signal, uintptr_t value)
{
	assert_int_equal(ipcx_signal_recv_try(handle, &info), signal);
	assert_int_equal(info.signal, signal);
	assert_int_equal(info.value, value);
}

static void real_time_signals_queue(void **state)
{
	(void)state;
	for (uintptr_t i = 0; i < 100; i++)
		send(rt + 1, i);
	send(rt, UINTPTR_MAX);
	send(rt, 5);
	expect(rt, UINTPTR_MAX);
	assert_int_equal(info.code, SI_QUEUE);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.uid, getuid());
	expect(rt, 5);
	assert_int_equal(info.number, 5);
	for (uintptr_t i = 0; i < 100; i++)
		expect(rt + 1, i);
	assert_int_equal(ipcx_signal_recv_try(handle, &info), -EAGAIN);
}

static void other_signals_do_not(void **state)
{
	(void)state;
	send(SIGUSR2, 1);
	send(SIGUSR2, 2);
	expect(SIGUSR2, 1);
	assert_int_equal(ipcx_signal_recv_try(handle, NULL), -EAGAIN);
	assert_int_equal(kill(getpid(), SIGUSR2), 0);
	expect(SIGUSR2, 0);
	assert_int_equal(info.code, SI_USER);
}

static void all_forms_receive(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		send(rt, i);
	assert_int_equal(ipcx_signal_recv(handle, NULL), rt);
	assert_int_equal(ipcx_signal_recv_timed(handle, &info, 1), rt);
	assert_int_equal(info.value, 1);
	assert_int_equal(ipcx_signal_recv_try(handle, &info), rt);
	info.value = 99;
	assert_int_equal(ipcx_signal_recv_timed(handle, &info, 1), -ETIMEDOUT);
	assert_late(ipcx_signal_recv_timed(handle, &info, deadline));
	assert_int_equal(info.value, 99);
}

static void sleepers_are_woken(void **state)
{
	(void)state;
	for (int timed = 0; timed < 2; timed++) {
		uint64_t deadline;
		pid_t pid;

		deadline = timed ? in_ms(LONG_ENOUGH) : IPCX_FOREVER;
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_signal_recv_timed(handle, &info,
								deadline), rt);
			assert_int_equal(info.pid, getppid());
			assert_int_equal(info.value, 1234);
			peer_done();
		}
		peer_asleep(pid);
		assert_int_equal(ipcx_signal_send(pid, rt, 1234), 0);
		peer_ok(pid);
	}
}

static void *receive(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)ipcx_signal_recv(handle, &info);
}

/* A signal to the process is for any of its threads. */
static void signal_is_for_the_process(void **state)
{
	pthread_t thread;
	void *ret;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, receive, NULL), 0);
	send(rt, 7);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_int_equal((intptr_t)ret, rt);
	assert_int_equal(info.value, 7);
}

static void children_receive_their_own(void **state)
{
	pid_t pid;

	(void)state;
	send(rt, 1);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(ipcx_signal_recv_try(handle, NULL), -EAGAIN);
		send(rt, 2);
		expect(rt, 2);
		_exit(0);
	}
	peer_ok(pid);
	expect(SIGCHLD, 0);
	assert_int_equal(info.code, CLD_EXITED);
	assert_int_equal(info.pid, pid);
	expect(rt, 1);
}

static void wrong_signals_are_refused(void **state)
{
	struct ipcx_signal *none = POISON;
	sigset_t mask;
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_signal_open(&(int) { SIGKILL }, 1, &none),
			 -EINVAL);
	assert_int_equal(ipcx_signal_open(&(int) { SIGSTOP }, 1, &none),
			 -EINVAL);
	assert_int_equal(ipcx_signal_open(&(int) { 0 }, 1, &none), -EINVAL);
	assert_int_equal(ipcx_signal_open(&(int) { 65 }, 1, &none), -EINVAL);
	/* The C library's own. */
	assert_int_equal(ipcx_signal_open(&(int) { 33 }, 1, &none), -EINVAL);
	assert_int_equal(ipcx_signal_open((int[]) { SIGHUP, 99 }, 2, &none),
			 -EINVAL);
	assert_int_equal(ipcx_signal_open(NULL, 0, &none), -EINVAL);
	assert_ptr_equal(none, POISON);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGHUP));
	assert_true(sigismember(&mask, SIGUSR2));
	ipcx_signal_close(NULL);

	assert_int_equal(ipcx_signal_send(getpid(), 0, 0), 0);
	assert_int_equal(ipcx_signal_send(getpid(), 65, 0), -EINVAL);
	assert_int_equal(ipcx_signal_send(getpid(), -1, 0), -EINVAL);
	assert_int_equal(ipcx_signal_send(0, rt, 0), -ESRCH);
	assert_int_equal(ipcx_signal_send(-1, rt, 0), -ESRCH);
	pid = peer_fork();
	if (!pid)
		peer_done();
	peer_ok(pid);
	assert_int_equal(ipcx_signal_send(pid, rt, 0), -ESRCH);
}

static void limit_is_told(void **state)
{
	const struct rlimit limit = { 64, 64 };
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		int count = 0, ret;

		assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &limit), 0);
		while (!(ret = ipcx_signal_send(getpid(), rt, count)))
			assert_true(++count <= 64);
		assert_int_equal(ret, -EAGAIN);
		for (int i = 0; i < count; i++)
			expect(rt, i);
		assert_int_equal(ipcx_signal_recv_try(handle, NULL), -EAGAIN);
		send(rt, 0);
		peer_done();
	}
	peer_ok(pid);
}

static long recv_plain(void *arg)
{
	(void)arg;
	return ipcx_signal_recv(handle, NULL);
}

static long recv_timed(void *arg)
{
	(void)arg;
	return ipcx_signal_recv_timed(handle, NULL, in_ms(LONG_ENOUGH));
}

static void handlers_interrupt(void **state)
{
	(void)state;
	assert_int_equal(interrupted(recv_plain, NULL, 0, NULL), -EINTR);
	assert_int_equal(interrupted(recv_plain, NULL, SA_RESTART, NULL),
			 -EINTR);
	assert_int_equal(interrupted(recv_timed, NULL, SA_RESTART, NULL),
			 -EINTR);
}

static void descriptor_is_pollable(void **state)
{
	struct pollfd pollfd = { ipcx_signal_fd(handle), POLLIN, 0 };

	(void)state;
	assert_true(fcntl(ipcx_signal_fd(handle), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	send(rt, 1);
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_int_equal(pollfd.revents, POLLIN);
	expect(rt, 1);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(real_time_signals_queue),
		TEST(other_signals_do_not),
		TEST(all_forms_receive),
		TEST(sleepers_are_woken),
		TEST(signal_is_for_the_process),
		TEST(children_receive_their_own),
		TEST(wrong_signals_are_refused),
		TEST(limit_is_told),
		TEST(handlers_interrupt),
		TEST(descriptor_is_pollable),
	};

	return cmocka_run_group_tests_name("signal", tests, NULL, NULL);
}
