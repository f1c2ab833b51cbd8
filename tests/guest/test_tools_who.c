// SPDX-License-Identifier: GPL-2.0-only
/* ipcxstat with the module: who is stuck, who does what, and who may see it. */
#include "stat.h"

#include <math.h>

/* ---- who is stuck ---- */

static void test_the_stuck_come_first(void **state)
{
	_Atomic uint32_t *holder = shared_words();
	json_t *json, *stuck;
	char line[160];
	pid_t pid, receiver;
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q --lanes 4 && ipcxctl create region r --size 1");
	said = sh("ipcxstat");
	assert_null(strstr(said.text, "stuck"));
	pid = start_holder(holder);
	assert_soon(*holder);
	receiver = start("exec ipcxctl recv q");
	assert_soon(sh("grep -qx 'waiting_recv 1' /sys/kernel/debug/ipcx/totals").status == 0);
	said = sh("ipcxstat --attachments");
	snprintf(line, sizeof(line), "all objects, by debugfs\n\n"
		 "stuck: attachment %u (pid %d, a\\x1b[2J\\x0ab) holds lane 2 of queue q (id ",
		 *holder, pid);
	assert_ptr_equal(strstr(said.text, line), said.text);
	assert_non_null(strstr(said.text, "); 1 receiver waits\n\nREGIONS "));
	assert_ptr_equal(strstr(strstr(said.text, "stuck") + 1, "stuck"), NULL);

	json = stat_json("");
	assert_int_equal(json_array_size(json_object_get(json, "stuck")), 1);
	stuck = json_array_get(json_object_get(json, "stuck"), 0);
	assert_string_equal(string(stuck, "name"), "q");
	assert_string_equal(string(stuck, "command"), "a\033[2J\nb");
	assert_string_equal(string(stuck, "direction"), "recv");
	assert_true(number(stuck, "lane") == 2);
	assert_true(number(stuck, "pid") == pid);
	assert_true(number(stuck, "attachment") == *holder);
	assert_true(number(stuck, "held") >= 0.2);
	assert_true(number(object(json, "q"), "held") >= 0.2);
	assert_true(is_null(object(json, "r"), "held"));
	json_decref(json);

	child_kill(pid);
	assert_soon(!strstr(sh("ipcxstat").text, "stuck"));
	kill(receiver, SIGTERM);
	ended(receiver);
	shared_free(holder);
}

/* The longer it is looked at, the longer it was seen. */
static void test_held_grows(void **state)
{
	_Atomic uint32_t *holder = shared_words();
	double held = 0;
	FILE *pipe;
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q --lanes 4");
	pid = start_holder(holder);
	assert_soon(*holder);
	pipe = popen("exec ipcxstat --json 0.1 4", "re");
	assert_non_null(pipe);
	for (int i = 0; i < 4; i++) {
		json_t *json = next_sample(pipe);

		assert_true(number(object(json, "q"), "held") > held);
		held = number(object(json, "q"), "held");
		assert_int_equal(json_array_size(json_object_get(json, "stuck")), 1);
		json_decref(json);
	}
	assert_true(held >= 0.4);
	assert_int_equal(pclose(pipe), 0);
	child_kill(pid);
	shared_free(holder);
}

/* Always somebody's claim stands at the head, and never the same for long. */
static void test_work_is_no_trouble(void **state)
{
	_Atomic uint32_t *stop = shared_words();
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q");
	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *queue;
		struct ipcx_loan loan;

		assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
		while (!*stop) {
			assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
			nap();
			assert_int_equal(ipcx_queue_abort(queue, &loan), 0);
		}
		child_done();
	}
	for (int i = 0; i < 3; i++)
		assert_null(strstr(sh("ipcxstat").text, "stuck"));
	*stop = 1;
	child_ok(pid);
	shared_free(stop);
}

/* ---- by process ---- */

/* A child that sends so many messages on each of these queues, tells, and waits. */
static pid_t start_sender(const char *comm, const char *const names[], int n,
			  int messages, _Atomic uint32_t *ready)
{
	pid_t pid = child_fork();
	struct ipcx_queue *queue;

	if (pid)
		return pid;
	prctl(PR_SET_NAME, comm);
	for (int i = 0; i < n; i++) {
		assert_int_equal(ipcx_queue_open(names[i], 0, &queue), 0);
		put(queue, messages, 10);
	}
	*ready = 1;
	for (;;)
		pause();
}

static json_t *process(const json_t *json, const char *command)
{
	json_t *found = find(json, "processes", "command", command);

	if (!found)
		fail_msg("there is no process '%s'", command);
	return found;
}

static void test_by_process(void **state)
{
	static const char *const names[] = { "q", "drops" };
	struct ipcx_queue *q = make("q", 0, 64), *drops = make("drops", IPCX_QUEUE_DROP_OLDEST, 4);
	_Atomic uint32_t *ready = shared_words();
	double much, little;
	pid_t pid[3];
	json_t *json;
	struct said said;

	(void)state;
	pid[0] = start_sender("many", names, 2, 30, &ready[0]);
	assert_soon(ready[0]);
	pid[1] = start_sender("few", names, 1, 10, &ready[1]);
	assert_soon(ready[1]);
	pid[2] = start_taker("q", &ready[2]);
	assert_soon(ready[2]);

	json = stat_json("--by-process");
	assert_true(number(process(json, "many"), "pid") == pid[0]);
	assert_true(number(process(json, "many"), "attachments") == 2);
	assert_true(number(process(json, "many"), "bytes") ==
		    stat_of(q).bytes + stat_of(drops).bytes);
	assert_true(number(process(json, "many"), "dropped") == 30 - 4);
	assert_true(number(process(json, "few"), "attachments") == 1);
	assert_true(number(process(json, "few"), "dropped") == 0);
	/* Of what "q" was sent: 30 and 10, and "many" has another queue. */
	much = number(process(json, "many"), "sent_per_second");
	little = number(process(json, "few"), "sent_per_second");
	assert_true(little > 0 && much >= 3 * little);
	assert_true(fabs(number(process(json, "few"), "bytes_per_second") -
			 10 * little) < 0.1 * little);
	json_decref(json);
	said = sh("ipcxstat --by-process -n -o PID,READING,COMMAND | awk '$1 == %d { print $2 }'",
		  pid[2]);
	assert_string_equal(said.text, "1\n");
	said = sh("ipcxstat --attachments -n -o PID,NAME | grep -cE '^ *%d (q|drops)$'", pid[0]);
	assert_string_equal(said.text, "2\n");

	for (int i = 0; i < 3; i++)
		child_kill(pid[i]);
	ipcx_queue_close(q);
	ipcx_queue_close(drops);
	shared_free(ready);
}

static void test_process_that_holds(void **state)
{
	_Atomic uint32_t *holder = shared_words();
	json_t *json, *held;
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q --lanes 4");
	pid = start_holder(holder);
	assert_soon(*holder);
	json = stat_json("--by-process");
	held = process(json, "a\033[2J\nb");
	assert_true(number(held, "writing") == 1);
	assert_true(number(held, "held") >= 0.2);
	assert_non_null(strstr(string(held, "holds"), "q (id "));
	assert_non_null(strstr(string(held, "holds"), ") lane 2"));
	json_decref(json);
	child_kill(pid);
	shared_free(holder);
}

/* ---- without privilege ---- */

static void test_without_privilege(void **state)
{
	struct ipcx_queue *hangup;
	char buf[SLOT_SIZE];
	struct said said;
	json_t *json;

	(void)state;
	sh_ok("ipcxctl create queue private && ipcxctl create queue public --mode 0644");
	sh_ok("ipcxctl create queue hangup --hangup --slot-size 64 --mode 0666");
	said = sh(NOBODY_DOES "ipcxctl create queue own");
	assert_int_equal(said.status, 0);
	said = sh(NOBODY_DOES "ipcxstat");
	check_line(&said, "objects that this user may see, by ioctls "
		   "(/sys/kernel/debug may not be read by this user)");
	assert_non_null(strstr(said.text, " public\n"));
	assert_non_null(strstr(said.text, " own\n"));
	assert_null(strstr(said.text, "private"));

	/* To look must not make it a peer that leaves again. */
	assert_int_equal(ipcx_queue_open("hangup", 0, &hangup), 0);
	said = sh(NOBODY_DOES "ipcxstat --json --by-process");
	json = parse(said.text);
	assert_string_equal(string(json, "source"), "ioctl");
	check_counts(object(json, "hangup"), hangup);
	assert_null(find(json, "objects", "name", "private"));
	assert_non_null(find(json, "processes", "command", "test_tools_who"));
	json_decref(json);
	put(hangup, 1, 1);
	get(hangup, 1);
	assert_int_equal(ipcx_queue_recv_try(hangup, buf, sizeof(buf), NULL), -EAGAIN);
	ipcx_queue_close(hangup);
}

static void test_stuck_without_privilege(void **state)
{
	_Atomic uint32_t *holder = shared_words();
	struct said said;
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q --lanes 4 --mode 0666");
	pid = start_holder(holder);
	assert_soon(*holder);
	said = sh(NOBODY_DOES "ipcxstat");
	assert_int_equal(said.status, 0);
	assert_non_null(strstr(said.text, "\nstuck: attachment "));
	child_kill(pid);
	shared_free(holder);
}

static void test_without_debugfs(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q");
	said = sh("unshare --mount sh -c 'umount /sys/kernel/debug && ipcxstat'");
	check_line(&said, "objects that this user may see, by ioctls (debugfs is not mounted)");
	assert_non_null(strstr(said.text, " q\n"));
	said = sh("unshare --mount sh -c 'mount -t debugfs none /mnt && "
		  "mount --bind /mnt/bdi /sys/kernel/debug && ipcxstat'");
	check_line(&said, "objects that this user may see, by ioctls "
		   "(there is no /sys/kernel/debug/ipcx)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loaded(test_the_stuck_come_first),
		loaded(test_held_grows),
		loaded(test_work_is_no_trouble),
		loaded(test_by_process),
		loaded(test_process_that_holds),
		loaded(test_without_privilege),
		loaded(test_stuck_without_privilege),
		loaded(test_without_debugfs),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
