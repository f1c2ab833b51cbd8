// SPDX-License-Identifier: GPL-2.0-only
#include <sys/msg.h>
#include <sys/syscall.h>
#include <time.h>

#include <ipcx/sysv_msg.h>

#include "peer.h"

#define BYTES	64

struct message {
	long type;
	char text[BYTES + 1];
};

static struct ipcx_sysv_msg *queue;
static struct message msg;

/*
 * This program's clock_gettime() is the one that the library objects linked into
 * it find: they look at the clock between two sleeps.
 */
static int raise_at_look;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (raise_at_look && !--raise_at_look)
		raise(SIGUSR1);
	return syscall(SYS_clock_gettime, clock, now);
}

static int setup(void **state)
{
	int ret = peer_setup(state);

	memset(&msg, 0, sizeof(msg));
	if (ipcx_sysv_msg_create(IPCX_SYSV_PRIVATE, 0, 0, &queue) ||
	    ipcx_sysv_msg_set_bytes(queue, BYTES))
		return -1;
	return ret;
}

static int teardown(void **state)
{
	int ret = ipcx_sysv_msg_remove(queue);

	ipcx_sysv_msg_close(queue);
	if (ret && ret != -EIDRM)
		return -1;
	return peer_teardown(state);
}

static void put(long type, const char *text)
{
	msg.type = type;
	strcpy(msg.text, text);
	assert_int_equal(ipcx_sysv_msg_send_try(queue, &msg, strlen(text)), 0);
}

static void expect(long type, uint32_t flags, long got, const char *text)
{
	memset(&msg, 0, sizeof(msg));
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, BYTES, type,
						flags), strlen(text));
	assert_int_equal(msg.type, got);
	assert_string_equal(msg.text, text);
}

static void types_are_chosen_by(void **state)
{
	(void)state;
	put(7, "a");
	put(3, "b");
	put(5, "c");
	put(3, "d");
	put(7, "e");
	expect(3, 0, 3, "b");
	expect(-5, 0, 3, "d");
	expect(7, IPCX_SYSV_MSG_EXCEPT, 5, "c");
	expect(0, 0, 7, "a");
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, BYTES, 6, 0),
			 -EAGAIN);
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, BYTES, -6, 0),
			 -EAGAIN);
	expect(0, 0, 7, "e");
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, BYTES, 0, 4),
			 -EINVAL);
	msg.type = 0;
	assert_int_equal(ipcx_sysv_msg_send(queue, &msg, 1), -EINVAL);
	msg.type = -1;
	assert_int_equal(ipcx_sysv_msg_send(queue, &msg, 1), -EINVAL);
}

static void all_forms_move_messages(void **state)
{
	msg.type = 1;
	(void)state;
	assert_int_equal(ipcx_sysv_msg_send(queue, &msg, 1), 0);
	assert_int_equal(ipcx_sysv_msg_send_try(queue, &msg, 2), 0);
	assert_int_equal(ipcx_sysv_msg_send_timed(queue, &msg, 3, 1), 0);
	assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0), 1);
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, BYTES, 0, 0), 2);
	assert_int_equal(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0, 0, 1),
			 3);
}

static void sizes_are_kept(void **state)
{
	static const size_t sizes[] = { 0, 1, BYTES };
	size_t max;
	FILE *msgmax = fopen("/proc/sys/kernel/msgmax", "re");
	struct message *huge;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		msg.type = 1;
		assert_int_equal(ipcx_sysv_msg_send(queue, &msg, sizes[i]), 0);
		assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0),
				 sizes[i]);
	}
	assert_non_null(msgmax);
	assert_int_equal(fscanf(msgmax, "%zu", &max), 1);
	fclose(msgmax);
	huge = calloc(1, sizeof(long) + max + 1);
	assert_non_null(huge);
	huge->type = 1;
	assert_int_equal(ipcx_sysv_msg_set_bytes(queue, max), 0);
	assert_int_equal(ipcx_sysv_msg_send_try(queue, huge, max + 1),
			 -EMSGSIZE);
	assert_int_equal(ipcx_sysv_msg_send_try(queue, huge, SIZE_MAX),
			 -EMSGSIZE);
	assert_int_equal(ipcx_sysv_msg_send_try(queue, huge, max), 0);
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, huge, SIZE_MAX, 0, 0),
			 max);
	free(huge);
}

static void truncation_is_asked_for(void **state)
{
	struct msqid_ds stat;

	(void)state;
	put(1, "too long");
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, 3, 0, 0),
			 -EMSGSIZE);
	assert_int_equal(ipcx_sysv_msg_stat(queue, &stat), 0);
	assert_int_equal(stat.msg_qnum, 1);
	assert_int_equal(stat.msg_lspid, getpid());
	memset(&msg, 0, sizeof(msg));
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, 3, 0,
						IPCX_SYSV_MSG_TRUNCATE), 3);
	assert_string_equal(msg.text, "too");
	assert_int_equal(ipcx_sysv_msg_recv_try(queue, &msg, 3, 0, 0), -EAGAIN);
}

static void empty_and_full(void **state)
{
	(void)state;
	assert_int_equal(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0, 0, 1),
			 -ETIMEDOUT);
	assert_late(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0, 0,
					     deadline));
	msg.type = 1;
	assert_int_equal(ipcx_sysv_msg_send(queue, &msg, BYTES), 0);
	assert_int_equal(ipcx_sysv_msg_send_try(queue, &msg, 1), -EAGAIN);
	assert_late(ipcx_sysv_msg_send_timed(queue, &msg, 1, deadline));
	assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0), BYTES);
	/* Larger than all the queue holds: that never has room. */
	assert_int_equal(ipcx_sysv_msg_send_try(queue, &msg, BYTES + 1),
			 -EAGAIN);
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
			assert_int_equal(ipcx_sysv_msg_recv_timed(queue, &msg,
								  BYTES, 9, 0,
								  deadline), 4);
			peer_done();
		}
		peer_asleep(pid);
		put(8, "not him");
		put(9, "wake");
		peer_ok(pid);
		expect(0, 0, 8, "not him");

		msg.type = 1;
		assert_int_equal(ipcx_sysv_msg_send(queue, &msg, BYTES), 0);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_sysv_msg_send_timed(queue, &msg,
								  5, deadline),
					 0);
			peer_done();
		}
		peer_asleep(pid);
		assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0),
				 BYTES);
		peer_ok(pid);
		assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0),
				 5);
	}
}

/* Timely: what comes after a while is taken within some milliseconds. */
static void timed_wait_is_soon_over(void **state)
{
	uint64_t sent;
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		for (int i = 0; i < SHORT; i++)
			nap();
		sent = in_ms(0);
		msg.type = 1;
		memcpy(msg.text, &sent, sizeof(sent));
		assert_int_equal(ipcx_sysv_msg_send(queue, &msg, sizeof(sent)),
				 0);
		peer_done();
	}
	assert_int_equal(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0, 0,
						  in_ms(LONG_ENOUGH)),
			 sizeof(sent));
	memcpy(&sent, msg.text, sizeof(sent));
	assert_true(in_ms(0) - sent < 500000000);
	peer_ok(pid);
}

static void removal_ends_all(void **state)
{
	struct msqid_ds stat;
	pid_t plain, timed;

	(void)state;
	plain = peer_fork();
	if (!plain) {
		assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0),
				 -EIDRM);
		peer_done();
	}
	timed = peer_fork();
	if (!timed) {
		assert_int_equal(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0,
							  0, in_ms(LONG_ENOUGH)),
				 -EIDRM);
		peer_done();
	}
	peer_asleep(plain);
	peer_asleep(timed);
	assert_int_equal(ipcx_sysv_msg_remove(queue), 0);
	peer_ok(plain);
	peer_ok(timed);
	msg.type = 1;
	assert_int_equal(ipcx_sysv_msg_send(queue, &msg, 1), -EIDRM);
	assert_int_equal(ipcx_sysv_msg_recv(queue, &msg, 1, 0, 0), -EIDRM);
	assert_int_equal(ipcx_sysv_msg_stat(queue, &stat), -EIDRM);
	assert_int_equal(ipcx_sysv_msg_set_bytes(queue, 1), -EIDRM);
	assert_int_equal(ipcx_sysv_msg_remove(queue), -EIDRM);
}

static void keys_and_ids(void **state)
{
	struct ipcx_sysv_msg *made, *other = POISON;
	int key = 0x1bc00000 + getpid();

	(void)state;
	assert_int_equal(ipcx_sysv_msg_open(key, &other), -ENOENT);
	assert_int_equal(ipcx_sysv_msg_open(IPCX_SYSV_PRIVATE, &other),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_msg_from_id(-1, &other), -EINVAL);
	assert_int_equal(ipcx_sysv_msg_create(key, 2, 0, &other), -EINVAL);
	assert_int_equal(ipcx_sysv_msg_create(key, 0, 01000, &other), -EINVAL);
	assert_int_equal(ipcx_sysv_msg_create(key, IPCX_CREATE_EXCL, 0, &made),
			 0);
	assert_int_equal(ipcx_sysv_msg_create(key, IPCX_CREATE_EXCL, 0, &other),
			 -EEXIST);
	assert_ptr_equal(other, POISON);
	assert_int_equal(ipcx_sysv_msg_create(key, 0, 0, &other), 0);
	assert_int_equal(ipcx_sysv_msg_id(other), ipcx_sysv_msg_id(made));
	ipcx_sysv_msg_close(other);
	assert_int_equal(ipcx_sysv_msg_open(key, &other), 0);
	put(1, "elsewhere");
	msg.type = 2;
	assert_int_equal(ipcx_sysv_msg_send(other, &msg, 0), 0);
	assert_int_equal(ipcx_sysv_msg_recv(made, &msg, BYTES, 0, 0), 0);
	ipcx_sysv_msg_close(other);
	assert_int_equal(ipcx_sysv_msg_from_id(ipcx_sysv_msg_id(made), &other),
			 0);
	assert_int_equal(ipcx_sysv_msg_remove(other), 0);
	ipcx_sysv_msg_close(other);
	ipcx_sysv_msg_close(made);
	ipcx_sysv_msg_close(NULL);
}

static void death_of_a_peer(void **state)
{
	_Atomic uint32_t *done = shared_words();
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		put(1, "kept");
		*done = 1;
		pause();
	}
	assert_soon(*done);
	peer_kill(pid);
	shared_free(done);
	expect(0, 0, 1, "kept");
}

static long recv_plain(void *arg)
{
	(void)arg;
	return ipcx_sysv_msg_recv(queue, &msg, BYTES, 0, 0);
}

static long recv_timed(void *arg)
{
	(void)arg;
	return ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0, 0,
					in_ms(LONG_ENOUGH));
}

static long send_timed(void *arg)
{
	(void)arg;
	return ipcx_sysv_msg_send_timed(queue, &msg, 1, in_ms(LONG_ENOUGH));
}

static void handle(int signo)
{
	(void)signo;
}

/* One that comes between two sleeps ends the wait too. */
static void no_signal_falls_through(void **state)
{
	struct sigaction action = { .sa_handler = handle };
	uint64_t deadline = in_ms(1000);

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	for (int look = 2; look < 10; look++) {
		raise_at_look = look;
		assert_int_equal(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0,
							  0, deadline), -EINTR);
		assert_int_equal(raise_at_look, 0);
	}
	signal(SIGUSR1, SIG_DFL);
}

static void handlers_interrupt(void **state)
{
	(void)state;
	assert_int_equal(interrupted(recv_plain, NULL, 0, NULL), -EINTR);
	assert_int_equal(interrupted(recv_plain, NULL, SA_RESTART, NULL),
			 -EINTR);
	assert_int_equal(interrupted(recv_timed, NULL, SA_RESTART, NULL),
			 -EINTR);
	msg.type = 1;
	assert_int_equal(ipcx_sysv_msg_send(queue, &msg, BYTES), 0);
	assert_int_equal(interrupted(send_timed, NULL, 0, NULL), -EINTR);
}

/* The caller's mask is what it was. */
static void signals_stay_as_they_were(void **state)
{
	sigset_t before, after;

	(void)state;
	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_late(ipcx_sysv_msg_recv_timed(queue, &msg, BYTES, 0, 0,
					     deadline));
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int signo = 1; signo < 32; signo++)
		assert_int_equal(sigismember(&after, signo), signo == SIGUSR2);
	sigprocmask(SIG_UNBLOCK, &before, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(types_are_chosen_by),
		TEST(all_forms_move_messages),
		TEST(sizes_are_kept),
		TEST(truncation_is_asked_for),
		TEST(empty_and_full),
		TEST(sleepers_are_woken),
		TEST(timed_wait_is_soon_over),
		TEST(removal_ends_all),
		TEST(keys_and_ids),
		TEST(death_of_a_peer),
		TEST(handlers_interrupt),
		TEST(no_signal_falls_through),
		TEST(signals_stay_as_they_were),
	};

	return cmocka_run_group_tests_name("sysv_msg", tests, NULL, NULL);
}
