// SPDX-License-Identifier: GPL-2.0-only
/* ipcxctl send and recv: what goes in comes out, whoever dies or is full between. */
#include "guest.h"

#include <sys/stat.h>

#include "tools.h"

/* Of the queue named q, which is the only object. */
static struct ipcx_stat queue_stat(void)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };

	assert_int_equal(ipcx_list_next(&stat), 1);
	return stat;
}

/* The queue; by the library, as each command takes its time in a busy guest. */
static void make_queue(uint32_t slots, uint32_t slot_size)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_CREATE_PERSIST | IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_HANGUP,
		.rights = IPCX_RIGHT_ADMIN,
	};
	struct ipcx_queue *made;

	assert_int_equal(ipcx_queue_create("q", slots, slot_size, &options, &made), 0);
	ipcx_queue_close(made);
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, mode);
	assert_non_null(file);
	return file;
}

/* A file of random bytes. */
static void make_file(const char *name, size_t bytes)
{
	FILE *random = fopen("/dev/urandom", "re");
	FILE *file = open_file(name, "we");
	char *buf = malloc(bytes + 1);

	assert_non_null(random);
	assert_int_equal(fread(buf, 1, bytes, random), bytes);
	assert_int_equal(fwrite(buf, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
	fclose(random);
	free(buf);
}

static void assert_same_files(void)
{
	FILE *in = open_file("in", "re"), *out = open_file("out", "re");
	int byte;

	do {
		byte = getc(in);
		assert_int_equal(getc(out), byte);
	} while (byte != EOF);
	fclose(in);
	fclose(out);
}

/* ---- what goes in comes out ---- */

static void round_trip(size_t size, const char *send, const char *recv)
{
	pid_t receiver, sender;

	make_queue(4, 4096);
	make_file("in", size);
	fclose(open_file("out", "we"));
	receiver = start("cd %s && exec ipcxctl recv q %s", dir, recv);
	sender = start("cd %s && exec ipcxctl send q %s <in", dir, send);
	assert_int_equal(ended(sender), 0);
	assert_int_equal(ended(receiver), 0);
	assert_same_files();
	assert_int_equal(ipcx_unlink("q", IPCX_KIND_QUEUE), 0);
}

/* Nothing, a byte, one slot and the byte after it, and many slots. */
static void test_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, 4097, 3000001 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		round_trip(sizes[i], "", ">out");
}

/* The head of a frame takes 16 bytes of a slot. */
static void test_sizes_in_frames(void **state)
{
	static const size_t sizes[] = { 0, 1, 4080, 4081, 3000001 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		round_trip(sizes[i], "--frames", "--frames --output out");
}

static void test_mapped_and_mediated(void **state)
{
	(void)state;
	round_trip(1000000, "--mapped", "--mapped >out");
	round_trip(1000000, "--mapped", "--mediated >out");
	round_trip(1000000, "--mediated", "--mapped >out");
	round_trip(1000000, "--mediated", "--mediated >out");
	round_trip(1000000, "--mediated --frames", "--mediated --frames --output out");
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
	sh_refused(5, "nothing could be sent on 'q' within 0.05 s",
		   "printf x | ipcxctl send q --timeout 0.05");
	sh_refused(5, "nothing could be sent on 'q' within 0 s",
		   "printf x | ipcxctl send q --mediated --timeout 0");
	sh_refused(1, "'q' has no lane 2, only 2 lanes from 0 on", "ipcxctl send q --lane 2 </dev/null");
	/* The high lane first; then as they were sent. */
	assert_string_equal(sh("ipcxctl recv q --count 3").text, "hilowl");
	sh_refused(5, "nothing could be received on 'q' within 0.05 s", "ipcxctl recv q --timeout 0.05");
	sh_refused(5, "nothing could be received on 'q' within 0 s",
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

/* Every receiver gets what the ring holds, and goes on waiting. */
static void check_broadcast(const char *how)
{
	assert_string_equal(sh("ipcxctl recv q %s --count 4", how).text, "abcd");
	sh_refused(5, "nothing could be received on 'q' within 0.05 s",
		   "ipcxctl recv q %s --timeout 0.05 >%s/out", how, dir);
	assert_string_equal(sh("cat %s/out", dir).text, "abcd");
}

static void test_broadcast(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q --broadcast --slots 4 --slot-size 1");
	sh_ok("printf abcd | ipcxctl send q");
	check_broadcast("--mapped");
	check_broadcast("--mediated");
	assert_int_equal(queue_stat().depth, 4);
}

/*
 * A receiver stands before a pipe that is full while the ring goes round: it
 * says what it missed, and gets what is left.
 */
static void check_missed(const char *options, const char *says)
{
	static char big[300000], got[sizeof(big) + 5];
	struct ipcx_queue *queue;
	size_t n = 0;
	FILE *fifo;
	pid_t pid;
	int byte;

	sh_ok("ipcxctl create queue q --broadcast --slots 4 --slot-size %zu", sizeof(big));
	sh_ok("mkfifo %s/slow", dir);
	assert_int_equal(ipcx_queue_open("q", IPCX_RIGHT_SEND, &queue), 0);
	assert_int_equal(ipcx_queue_send(queue, big, sizeof(big), 0), 0);
	pid = start("cd %s && exec ipcxctl recv q %s --count 5 >slow 2>err", dir, options);
	fifo = open_file("slow", "re");
	/* It writes what it has received. */
	assert_int_equal(getc(fifo), 0);
	for (const char *c = "abcdef"; *c; c++)
		assert_int_equal(ipcx_queue_send(queue, c, 1, 0), 0);
	while ((byte = getc(fifo)) != EOF && n < sizeof(got) - 1)
		got[n++] = (char)byte;
	assert_int_equal(ended(pid), 0);
	assert_int_equal(n, sizeof(big) - 1 + 4);
	got[n] = '\0';
	assert_string_equal(got + sizeof(big) - 1, "cdef");
	assert_string_equal(sh("cat %s/err", dir).text, says);
	fclose(fifo);
	sh_ok("rm %s/slow", dir);
	ipcx_queue_close(queue);
	assert_int_equal(ipcx_unlink("q", IPCX_KIND_QUEUE), 0);
}

static void test_broadcast_tells_what_was_missed(void **state)
{
	static const char says[] =
		"ipcxctl: 2 messages on 'q' were overwritten before they could be received\n";

	(void)state;
	check_missed("--mapped", says);
	check_missed("--mediated", says);
	check_missed("--verbose", "ipcxctl: received 5 messages, 300004 bytes, 2 missed\n");
}

/* ---- ends ---- */

static void test_unknown_names(void **state)
{
	(void)state;
	sh_refused(3, "cannot open 'no': there is no object of this name", "ipcxctl recv no");
	sh_refused(3, "cannot open 'no': there is no object of this name", "ipcxctl send no </dev/null");
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
	/* Without care the queue itself would be descriptor 1. */
	sh_refused(1, "cannot write to standard output: Bad file descriptor",
		   "ipcxctl recv q <&- >&-");
	sh_refused(1, "cannot write to standard output: No space left on device",
		   "ipcxctl recv q >/dev/full");
	sh_ok("mkfifo %s/fifo", dir);
	/* Both ends open until the reader has gone. */
	sh_refused(1, "cannot write to standard output: Broken pipe",
		   "exec 3<>%s/fifo 4>%s/fifo 3>&-; exec ipcxctl recv q >&4", dir, dir);
	assert_string_equal(sh("ipcxctl recv q --count 1 --verbose --timeout 30").text,
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
	make_queue(16, 16384);
	/* Receives nothing, but keeps the sender from giving up meanwhile. */
	assert_int_equal(ipcx_queue_open("q", IPCX_RIGHT_RECV, &queue), 0);
	pid = start("exec ipcxctl send q --frames <%s/in", dir);
	sh_refused(1, "/small/out: No space left on device",
		   "ipcxctl recv q --frames --output %s/small/out", dir);
	sh_ok("cp %s/small/out %s/out && umount %s/small", dir, dir, dir);
	sh_ok("ipcxctl recv q --frames --output %s/out", dir);
	assert_int_equal(ended(pid), 0);
	ipcx_queue_close(queue);
	assert_same_files();
}

static void test_not_a_frame(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q && echo message | ipcxctl send q");
	sh_refused(1, "a message on 'q' is no frame; use send --frames, or recv without",
		   "ipcxctl recv q --frames --output %s/out", dir);
	sh_refused(1, "cannot open /no/where", "ipcxctl recv q --frames --output /no/where");
	assert_string_equal(sh("ipcxctl recv q --count 1 --timeout 30").text, "message\n");
	sh_ok("ipcxctl rm q && ipcxctl create queue q --slot-size 16");
	sh_refused(1, "the slots of 'q' are too small for frames",
		   "ipcxctl send q --frames </dev/null");
}

static void test_frames_set_the_length(void **state)
{
	(void)state;
	make_file("in", 1000);
	make_file("out", 5000);
	make_queue(4, 4096);
	sh_ok("ipcxctl send q --frames <%s/in && ipcxctl recv q --frames --output %s/out", dir, dir);
	assert_same_files();
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

	assert_int_equal(sh("ipcxctl recv q --count 1 --verbose --timeout 30 2>&1 >%s/out |"
			    " grep '1 redelivered'", dir).status, 0);
	assert_same_files();
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
	make_queue(8, 4096);
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
	assert_same_files();
	assert_int_equal(queue_stat().depth, 0);
}

static void test_killed_sender(void **state)
{
	pid_t sender, receiver;

	(void)state;
	make_queue(4, 4096);
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
		loaded(test_sizes),
		loaded(test_sizes_in_frames),
		loaded(test_mapped_and_mediated),
		loaded(test_mapped_if_allowed),
		loaded(test_counts_lanes_and_timeouts),
		loaded(test_a_read_is_a_message),
		loaded(test_broadcast),
		loaded(test_broadcast_tells_what_was_missed),
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
