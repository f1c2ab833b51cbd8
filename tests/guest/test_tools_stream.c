// SPDX-License-Identifier: GPL-2.0-only
/* ipcxctl send and recv: what goes in comes out, whoever dies or is full between. */
#include "guest.h"

#include <sys/stat.h>

#include <ipcx/ipcx.h>

#include "../command.h"
#include "tools.h"

/* Of the queue named q, which is the only object. */
static struct ipcx_stat queue_stat(void)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };

	assert_int_equal(ipcx_list_next(&stat), 1);
	return stat;
}

/* A file of random bytes. */
static void make_file(const char *name, unsigned long bytes)
{
	sh_ok("head -c %lu /dev/urandom >%s/%s", bytes, dir, name);
}

/* ---- what goes in comes out ---- */

static void round_trip(const char *send_options, const char *recv_options, bool frames)
{
	static const unsigned long sizes[] = { 0, 1, 4080, 4081, 4096, 4097, 3000001 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		pid_t pid;

		sh_ok("ipcxctl create queue q --slots 4 --slot-size 4096 --hangup");
		make_file("in", sizes[i]);
		if (frames)
			pid = start("exec ipcxctl recv q %s --frames --output %s/out", recv_options, dir);
		else
			pid = start("exec ipcxctl recv q %s >%s/out", recv_options, dir);
		sh_ok("ipcxctl send q %s <%s/in", send_options, dir);
		assert_int_equal(ended(pid), 0);
		sh_ok("cmp %s/in %s/out", dir, dir);
		sh_ok("ipcxctl rm q; rm %s/in %s/out", dir, dir);
	}
}

static void test_mapped_to_mapped(void **state)
{
	(void)state;
	round_trip("--mapped", "--mapped", false);
}

static void test_mapped_to_mediated(void **state)
{
	(void)state;
	round_trip("--mapped", "--mediated", false);
}

static void test_mediated_to_mapped(void **state)
{
	(void)state;
	round_trip("--mediated", "--mapped", false);
}

static void test_frames(void **state)
{
	(void)state;
	round_trip("--frames", "", true);
}

static void test_mapped_if_allowed(void **state)
{
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q");
	pid = start("exec ipcxctl recv q");
	assert_soon(queue_stat().attachments == 1);
	kill(pid, SIGKILL);
	ended(pid);
	sh_ok("ipcxctl rm q && ipcxctl create queue q --not-mappable");
	sh_ok("printf message | ipcxctl send q");
	assert_string_equal(sh("ipcxctl recv q --count 1").text, "message");
	sh_refused(1, "'q' may not be mapped, by the way it was made or by its mode; use --mediated",
		   "ipcxctl recv q --mapped");
}

static void test_counts_lanes_and_timeouts(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q --lanes 2 --slots 2 --slot-size 2");
	sh_ok("printf lowlow | ipcxctl send q --count 2");
	sh_ok("printf highs | ipcxctl send q --lane 1 --count 1");
	assert_int_equal(queue_stat().depth, 3);
	sh_refused(1, "nothing could be sent on 'q' within 0.05 s",
		   "printf x | ipcxctl send q --timeout 0.05");
	sh_refused(1, "nothing could be sent on 'q' within 0 s",
		   "printf x | ipcxctl send q --mediated --timeout 0");
	sh_refused(1, "'q' has no lane 2, only 2 lanes from 0 on", "ipcxctl send q --lane 2 </dev/null");
	/* The high lane first; then as they were sent. */
	assert_string_equal(sh("ipcxctl recv q --count 3").text, "hilowl");
	sh_refused(1, "nothing could be received on 'q' within 0.05 s", "ipcxctl recv q --timeout 0.05");
	sh_refused(1, "nothing could be received on 'q' within 0 s",
		   "ipcxctl recv q --mediated --timeout 0");
	sh_ok("ipcxctl recv q --count 0");
}

static void test_a_read_is_a_message(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q --slot-size 100");
	assert_string_equal(sh("(echo one; until ipcxctl ls | grep -q ' 1 q$'; do :; done; echo two) |"
			       "ipcxctl send q --verbose").text,
			    "ipcxctl: sent 2 messages, 8 bytes\n");
}

/* ---- ends ---- */

static void test_unknown_names(void **state)
{
	(void)state;
	sh_refused(1, "cannot open 'no': there is no object of this name", "ipcxctl recv no");
	sh_refused(1, "cannot open 'no': there is no object of this name", "ipcxctl send no </dev/null");
	sh_ok("ipcxctl create region r --size 1");
	sh_refused(1, "cannot open 'r': it is an object of another kind", "ipcxctl recv r");
}

static void test_nobody_is_left_to_receive(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q --hangup && ipcxctl recv q --count 0");
	sh_refused(1, "nobody is left to receive on 'q'; start a receiver", "echo x | ipcxctl send q");
}

static void check_signal(const char *command, int signal, const char *summary)
{
	pid_t pid = start("cd %s && exec %s 2>err", dir, command);

	assert_soon(queue_stat().attachments == 1);
	assert_soon(queue_stat().waiting_recv + queue_stat().waiting_send == 1);
	kill(pid, signal);
	assert_int_equal(ended(pid), 128 + signal);
	assert_string_equal(sh("cat %s/err", dir).text, summary);
}

static void test_signals_end_it(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q --slots 1");
	check_signal("ipcxctl recv q --verbose", SIGINT, "ipcxctl: received 0 messages, 0 bytes\n");
	check_signal("ipcxctl recv q --verbose", SIGTERM, "ipcxctl: received 0 messages, 0 bytes\n");
	make_file("in", 1);
	sh_ok("ipcxctl send q <%s/in", dir);
	check_signal("ipcxctl send q --verbose <in", SIGTERM, "ipcxctl: sent 0 messages, 0 bytes\n");
	assert_int_equal(queue_stat().depth, 1);
}

/* ---- outputs that fail: the message is still there ---- */

static void test_output_is_closed_or_full(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q && printf message | ipcxctl send q");
	sh_refused(1, "cannot write to standard output: Bad file descriptor", "ipcxctl recv q >&-");
	sh_refused(1, "cannot write to standard output: No space left on device",
		   "ipcxctl recv q >/dev/full");
	sh_ok("mkfifo %s/fifo", dir);
	/* Both ends open until the reader has gone. */
	sh_refused(1, "cannot write to standard output: Broken pipe",
		   "exec 3<>%s/fifo 4>%s/fifo 3>&-; exec ipcxctl recv q >&4", dir, dir);
	assert_string_equal(sh("ipcxctl recv q --count 1 --verbose").text,
			    "messageipcxctl: received 1 messages, 7 bytes, 1 redelivered\n");
	assert_int_equal(queue_stat().redelivered, 3);
}

static void test_disk_is_full(void **state)
{
	struct ipcx_queue *queue;
	pid_t pid;

	(void)state;
	make_file("in", 200000);
	sh_ok("mkdir %s/small && mount -t tmpfs -o size=64K none %s/small", dir, dir);
	sh_ok("ipcxctl create queue q --slot-size 16K --hangup");
	/* Receives nothing, but keeps the sender from giving up meanwhile. */
	assert_int_equal(ipcx_queue_open("q", IPCX_RIGHT_RECV, &queue), 0);
	pid = start("exec ipcxctl send q --frames <%s/in", dir);
	sh_refused(1, "/small/out: No space left on device",
		   "ipcxctl recv q --frames --output %s/small/out", dir);
	sh_ok("cp %s/small/out %s/out && umount %s/small", dir, dir, dir);
	sh_ok("ipcxctl recv q --frames --output %s/out", dir);
	assert_int_equal(ended(pid), 0);
	ipcx_queue_close(queue);
	sh_ok("cmp %s/in %s/out", dir, dir);
}

static void test_not_a_frame(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q && echo message | ipcxctl send q");
	sh_refused(1, "a message on 'q' is no frame; use send --frames, or recv without",
		   "ipcxctl recv q --frames --output %s/out", dir);
	sh_refused(1, "cannot open /no/where", "ipcxctl recv q --frames --output /no/where");
	assert_string_equal(sh("ipcxctl recv q --count 1").text, "message\n");
	sh_ok("ipcxctl rm q && ipcxctl create queue q --slot-size 16");
	sh_refused(1, "the slots of 'q' are too small for frames",
		   "ipcxctl send q --frames </dev/null");
}

static void test_frames_set_the_length(void **state)
{
	(void)state;
	make_file("in", 1000);
	make_file("out", 5000);
	sh_ok("ipcxctl create queue q --hangup && ipcxctl send q --frames <%s/in", dir);
	sh_ok("ipcxctl recv q --frames --output %s/out && cmp %s/in %s/out", dir, dir, dir);
}

/* ---- kill -9 ---- */

/* It holds a message for sure: the pipe that it writes it to is full. */
static void test_killed_while_it_holds_a_message(void **state)
{
	char path[64];
	pid_t pid;
	int fifo;

	(void)state;
	make_file("in", 300000);
	snprintf(path, sizeof(path), "%s/full", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	sh_ok("ipcxctl create queue q --slot-size 300000 --slots 1 && ipcxctl send q <%s/in", dir);
	pid = start("exec ipcxctl recv q >%s", path);
	fifo = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fifo >= 0);
	assert_soon(queue_stat().received == 1);
	assert_int_equal(sh("ipcxstat --attachments | awk '$3 == %d && $6 == 1 { exit 9 }'", pid).status, 9);
	kill(pid, SIGKILL);
	assert_int_equal(ended(pid), 128 + SIGKILL);
	close(fifo);

	assert_int_equal(sh("ipcxctl recv q --count 1 --verbose 2>&1 >%s/out | grep -c '1 redelivered'",
			    dir).status, 0);
	sh_ok("cmp %s/in %s/out", dir, dir);
}

/*
 * Receivers write one file, and are killed at random moments, one after the
 * other, each followed by a new one.
 */
static void test_many_receivers_are_killed(void **state)
{
	const int receivers = 3, kills = 10;
	pid_t pid[receivers], sender;
	struct ipcx_queue *queue;

	(void)state;
	make_file("in", 8000000);
	sh_ok("ipcxctl create queue q --slots 8 --slot-size 4K --hangup");
	/* Receives nothing, but the sender must not give up while all are new. */
	assert_int_equal(ipcx_queue_open("q", IPCX_RIGHT_RECV, &queue), 0);
	for (int i = 0; i < receivers; i++)
		pid[i] = start("exec ipcxctl recv q --frames --output %s/out", dir);
	assert_soon(queue_stat().attachments == (uint32_t)receivers);
	sender = start("exec ipcxctl send q --frames <%s/in", dir);
	for (int i = 0; i < kills; i++) {
		assert_soon(queue_stat().received > 100u * i);
		kill(pid[i % receivers], SIGKILL);
		ended(pid[i % receivers]);
		pid[i % receivers] = start("exec ipcxctl recv q --frames --output %s/out", dir);
	}
	assert_int_equal(ended(sender), 0);
	for (int i = 0; i < receivers; i++)
		assert_int_equal(ended(pid[i]), 0);
	ipcx_queue_close(queue);
	sh_ok("cmp %s/in %s/out", dir, dir);
	assert_int_equal(queue_stat().depth, 0);
}

static void test_killed_sender(void **state)
{
	pid_t sender, receiver;

	(void)state;
	sh_ok("ipcxctl create queue q --slots 4 --slot-size 4K --hangup");
	receiver = start("exec ipcxctl recv q >%s/out", dir);
	assert_soon(queue_stat().attachments == 1);
	sender = start("exec ipcxctl send q </dev/zero");
	assert_soon(queue_stat().received > 100);
	kill(sender, SIGKILL);
	assert_int_equal(ended(sender), 128 + SIGKILL);
	assert_int_equal(ended(receiver), 0);
	assert_int_equal(queue_stat().sent, queue_stat().received);
}

#define loaded(test)	cmocka_unit_test_setup_teardown(test, tools_load, tools_unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		loaded(test_mapped_to_mapped),
		loaded(test_mapped_to_mediated),
		loaded(test_mediated_to_mapped),
		loaded(test_frames),
		loaded(test_mapped_if_allowed),
		loaded(test_counts_lanes_and_timeouts),
		loaded(test_a_read_is_a_message),
		loaded(test_unknown_names),
		loaded(test_nobody_is_left_to_receive),
		loaded(test_signals_end_it),
		loaded(test_output_is_closed_or_full),
		loaded(test_disk_is_full),
		loaded(test_not_a_frame),
		loaded(test_frames_set_the_length),
		loaded(test_killed_while_it_holds_a_message),
		loaded(test_many_receivers_are_killed),
		loaded(test_killed_sender),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
