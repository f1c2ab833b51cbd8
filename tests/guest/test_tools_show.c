// SPDX-License-Identifier: GPL-2.0-only
/* ipcxctl: how it shows objects, who holds them and who is stuck. */
#include "guest.h"

#include "tools.h"

/* ---- columns and formats ---- */

static void make_two(void)
{
	sh_ok("ipcxctl create region board --size 100K --mode 0640 --sparse");
	sh_ok("ipcxctl create queue q --slots 4 --slot-size 4K --lanes 2 --hangup");
}

static void test_columns(void **state)
{
	(void)state;
	make_two();
	assert_prints("NAME  SLOTS KIND\n"
		      "board     - region\n"
		      "q         4 queue\n", sh("ipcxctl ls -o name,SLOTS,Kind,name"));
	/* The memory of a queue is the module's affair. */
	assert_prints("board 100K - persist,sparse\n"
		      "q - 4K persist,mappable,hangup\n",
		      sh("ipcxctl ls -no name,size,slot_size,flags | awk '$1 == \"q\" { $2 = \"-\" } { $1 = $1; print }'"));
	assert_prints("board 102400 -\nq - 4096\n",
		      sh("ipcxctl ls -nbo name,size,slot_size | awk '$1 == \"q\" { $2 = \"-\" } { $1 = $1; print }'"));
	assert_prints("ID KIND OWNER MODE SIZE USERS ATTACHED DEPTH NAME SLOTS\n",
		      sh("ipcxctl ls --output +slots | head -n 1 | tr -s ' ' | sed 's/^ *//'"));
}

static void test_json(void **state)
{
	(void)state;
	assert_prints("0", sh("ipcxctl ls --json" JSON("scalar(@{$_->{objects}})")));
	make_two();
	assert_prints("board 102400 0640 none; q none 4",
		      sh("ipcxctl ls --json -o name,size,mode,slots" JSON("join(\"; \", map { join(\" \", map { $_ // \"none\" } "
		      "$_->{slots} ? ($_->{name}, \"none\", $_->{slots}) : @$_{qw(name size mode slots)}) } @{$_->{objects}})")));
	/* A number is one: Perl writes strings with quotes. */
	assert_prints("[102400]", sh("ipcxctl ls --json" JSON("encode_json([$_->{objects}[0]{size}])")));
	assert_prints("100K", sh("ipcxctl info board -no size | tr -s ' ' | cut -d ' ' -f 2 | tr -d '\\n'"));
	assert_prints("1", sh("ipcxctl status --json" JSON("$_->{status}[0]{queues}")));
}

/* Names are any bytes; JSON is UTF-8 whatever the locale is. */
static void test_names_in_json(void **state)
{
	static const char *const locales[] = { "C", "C.UTF-8" };

	(void)state;
	sh_ok("ipcxctl create queue \"$(printf 'a\\033\"\\\\b')\"");
	sh_ok("ipcxctl create queue \"$(printf '\\355\\225\\234\\377')\"");
	for (size_t i = 0; i < ARRAY_SIZE(locales); i++) {
		assert_prints("97,27,34,92,98", sh("LC_ALL=%s ipcxctl ls --json"
			      JSON("join(\",\", map { ord } split(//, $_->{objects}[0]{name}))"), locales[i]));
		assert_prints("54620,92,120,102,102", sh("LC_ALL=%s ipcxctl ls --json"
			      JSON("join(\",\", map { ord } split(//, $_->{objects}[1]{name}))"), locales[i]));
	}
}

static void test_output_that_fails(void **state)
{
	static const char *const printing[] = {
		"ls", "ls --json", "info q", "info q --json", "status", "top-holders --json",
		"stuck --json",
	};

	(void)state;
	make_two();
	for (size_t i = 0; i < ARRAY_SIZE(printing); i++) {
		sh_refused(1, "cannot write to standard output: No space left on device",
			   "ipcxctl %s >/dev/full", printing[i]);
		sh_refused(1, "cannot write to standard output: Bad file descriptor",
			   "ipcxctl %s >&-", printing[i]);
	}
	sh_refused(1, "cannot write to standard output: No space left on device",
		   "ipcxctl -v chmod 0600 q >/dev/full");
}

/* ---- info ---- */

static void test_info_of_a_region(void **state)
{
	(void)state;
	sh_ok("ipcxctl create region board --size 100K --mode 0640 --sparse");
	assert_prints("id -\n"
		      "kind region\n"
		      "owner root\n"
		      "group root\n"
		      "mode 0640\n"
		      "size 102400\n"
		      "users 0\n"
		      "attached 0\n"
		      "flags persist,sparse\n"
		      "rights read,write,admin\n"
		      "age -\n"
		      "name board\n", sh("ipcxctl info board --bytes | awk '{ if (NR == 1 || $1 == \"age\") $2 = \"-\"; print $1, $2 }'"));
	assert_prints("board\n", sh("ipcxctl info --id $(ipcxctl ls -no id) -no name | awk '{ print $2 }'"));
}

static void test_info_of_a_queue(void **state)
{
	struct ipcx_loan loan;
	struct said said;
	char line[128];

	(void)state;
	sh_ok("ipcxctl create queue q --slots 4 --slot-size 64 --lanes 2");
	sh_ok("for i in 1 2 3; do echo $i | ipcxctl send q; done");
	assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 1, &loan), 0);

	said = sh("ipcxctl info q | tr -s ' '");
	assert_has(&said, "\nslots 4\nslot_size 64\nlanes 2\nflags persist,mappable\n");
	assert_has(&said, "\nreceived 1\ndropped 0\n");
	/* "1" and a newline, three times. */
	assert_has(&said, "\nlength 2\n");
	/* What is to be received on lane 1 is being written. */
	snprintf(line, sizeof(line), "\nholder_pid %d\nholder_comm test_tools_show\n", getpid());
	assert_has(&said, line);
	assert_has(&said, "\nheld_recv 1\n");
	assert_has(&said, "\n\nATTACHMENT PID STATE RIGHTS WRITING READING HELD_RECV HELD_SEND DROPPED COMMAND\n");
	snprintf(line, sizeof(line), " %d live send,recv,map,admin 1 1 1 - 0 test_tools_show\n", getpid());
	assert_has(&said, line);

	said = sh("ipcxctl info q --json" JSON("join(\" \", @{$_->{peers}[0]}{qw(pid writing reading command)}, scalar(@{$_->{peers}}))"));
	snprintf(line, sizeof(line), "%d 1 1 test_tools_show 1", getpid());
	assert_prints(line, said);
	ipcx_queue_close(queue);
	queue = NULL;
	assert_prints("0", sh("ipcxctl info q --json" JSON("scalar(@{$_->{peers}})")));
}

static void test_info_of_who_went(void **state)
{
	_Atomic uint32_t *there = shared_words();
	struct said said;
	char line[256];
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q --mode 0666 --hangup");
	pid = child_fork();
	started = pid;
	if (!pid) {
		struct ipcx_loan loan;

		assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
		assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
		*there = 1;
		pause();
		abort();
	}
	assert_soon(*there);
	child_kill(started);
	started = 0;
	assert_soon(sh("ipcxctl info q | grep -q ' went '").status == 0);
	said = sh(NOBODY_DOES "ipcxctl info q | tr -s ' ' | sed 's/^ *[0-9.]* came/- came/; s/^ *[0-9.]* went/- went/'");
	snprintf(line, sizeof(line), "\n\nAGO EVENT ATTACHMENT PID WHY SIGNAL ABORTED RETURNED COMMAND\n"
		 "- came 2 %d - - - - test_tools_show\n"
		 "- went 2 %d killed KILL 1 0 test_tools_show\n", pid, pid);
	assert_has(&said, line);
	assert_prints("went killed KILL", sh("ipcxctl info q --json" JSON("join(\" \", @{$_->{events}[1]}{qw(event why signal)})")));
	/* All that is remembered, or the last of it. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ipcx_queue_open("q", IPCX_RIGHT_ADMIN | IPCX_RIGHT_MAP, &queue), 0);
		ipcx_queue_close(queue);
		queue = NULL;
	}
	assert_soon(atoi(sh("ipcxctl info q -v | grep -c ' came \\| went '").text) == 12);
	assert_prints("8\n", sh("ipcxctl info q | grep -c ' came \\| went '"));
	shared_free(there);
}

/* What has no name, as root sees it. */
static void test_info_of_the_nameless(void **state)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options),
		.flags = IPCX_QUEUE_MAPPABLE,
	};
	struct said said;
	char line[64];

	(void)state;
	assert_int_equal(ipcx_queue_create(NULL, 4, 64, &options, &queue), 0);
	/* The module shows it to debugfs a moment later. */
	assert_soon(sh("ls /sys/kernel/debug/ipcx/objects | grep -q .").status == 0);
	said = sh("ipcxctl info --id $(ipcxctl ls -no id) | tr -s ' '");
	snprintf(line, sizeof(line), " %d live send,recv,map,admin 0 0 - - 0 test_tools_show\n", getpid());
	assert_has(&said, line);
	assert_null(strstr(said.text, "\nname"));
}

static void test_info_refused(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue private && ipcxctl create queue public --mode 0644 --hangup");
	sh_refused(3, "'no': there is no object of this name", "ipcxctl info no");
	sh_refused(3, "id 4711: there is no object of this name", "ipcxctl info --id 4711");
	sh_refused(1, "'private': its mode does not allow that to this user",
		   NOBODY_DOES "ipcxctl info private");
	/* To look would be to come as a receiver, and to go. */
	assert_int_equal(ipcx_queue_open("public", 0, &queue), 0);
	sh_refused(0, "who maps it is not shown: you may not open it",
		   NOBODY_DOES "ipcxctl info public >/dev/null");
	sh_ok(NOBODY_DOES "ipcxctl info public --quiet >/dev/null");
}

/* Neither the owner's look nor another's is a receiver that went. */
static void test_info_is_no_hangup(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q --mode 0666 --hangup");
	assert_int_equal(ipcx_queue_open("q", IPCX_RIGHT_MAP | IPCX_RIGHT_SEND, &queue), 0);
	said = sh("ipcxctl info q");
	assert_has(&said, "test_tools_show");
	said = sh(NOBODY_DOES "ipcxctl info q");
	assert_has(&said, "test_tools_show");
	assert_int_equal(ipcx_queue_send_try(queue, "x", 1, 0), 0);
}

/* ---- stuck and top-holders ---- */

/* A child that reserves a slot of lane 2, and stops. */
static pid_t start_holder(_Atomic uint32_t *holds)
{
	pid_t pid = child_fork();
	struct ipcx_loan loan;

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "holder");
	assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 2, &loan), 0);
	*holds = 1;
	raise(SIGSTOP);
	abort();
}

static void test_stuck(void **state)
{
	_Atomic uint32_t *holds = shared_words();
	char line[64];

	(void)state;
	sh_ok("ipcxctl create queue q --lanes 4 --mode 0666 && ipcxctl create region r --size 1");
	sh_ok("ipcxctl stuck");
	started = start_holder(holds);
	assert_soon(*holds);

	snprintf(line, sizeof(line), "q 2 recv 0 %d holder\n", started);
	assert_prints(line, sh("ipcxctl stuck -no queue,lane,waits,waiting,pid,command | tr -s ' '"));
	assert_prints(line, sh(NOBODY_DOES "ipcxctl stuck -no queue,lane,waits,waiting,pid,command | tr -s ' '"));
	assert_prints("1", sh("ipcxctl stuck --for 0.5 --json" JSON("$_->{stuck}[0]{held} >= 0.5")));
	sh_ok("ipcxctl chmod 0600 q");
	sh_ok(NOBODY_DOES "ipcxctl stuck");

	child_kill(started);
	started = 0;
	assert_soon(!*sh("ipcxctl stuck").text);
	shared_free(holds);
}

/* Always somebody's claim stands at the head, and never the same for long. */
static void test_work_is_not_stuck(void **state)
{
	_Atomic uint32_t *words = shared_words();

	(void)state;
	sh_ok("ipcxctl create queue q --slot-size 64");
	started = child_fork();
	if (!started) {
		struct ipcx_loan loan;
		char room[64];

		assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
		while (!words[0]) {
			assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
			nap();
			assert_int_equal(ipcx_queue_commit(queue, &loan, 1), 0);
			assert_int_equal(ipcx_queue_recv_try(queue, room, sizeof(room), NULL), 1);
			words[1] = 1;
		}
		child_done();
	}
	assert_soon(words[1]);
	sh_ok("ipcxctl stuck");
	words[0] = 1;
	child_ok(started);
	started = 0;
	shared_free(words);
}

static void test_top_holders(void **state)
{
	struct ipcx_loan loan;
	struct said said;
	char line[128];

	(void)state;
	sh_ok("ipcxctl top-holders");
	sh_ok("ipcxctl create queue q --slots 4 --slot-size 64 && ipcxctl create region r --size 64K");
	assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
	assert_int_equal(ipcx_region_open("r", 0, &region), 0);
	assert_int_equal(ipcx_region_open("r", 0, &again), 0);
	assert_int_equal(ipcx_region_map(region, IPCX_RIGHT_READ, 0, 0, &address), 0);
	started = start("exec ipcxctl recv q --mediated");
	assert_soon(sh("test $(ipcxctl ls -no waiting_recv | tr -d ' -' | tr -d '\\n') = 1").status == 0);

	/* r once, and what q has besides its slots. */
	said = sh("ipcxctl top-holders --bytes -no pid,user,objects,fds,attached,writing,reading,held,command | tr -s ' '");
	snprintf(line, sizeof(line), "%d root 2 3 1 1 0 1 test_tools_show\n", getpid());
	assert_ptr_equal(strstr(said.text + strspn(said.text, " "), line), said.text + strspn(said.text, " "));
	snprintf(line, sizeof(line), "%d root 1 1 0 0 0 0 ipcxctl\n", started);
	assert_has(&said, line);
	assert_prints("1", sh("ipcxctl top-holders --json" JSON("$_->{holders}[0]{size} > $_->{holders}[1]{size} + 65535")));
	assert_prints("1", sh("ipcxctl top-holders --json" JSON("$_->{holders}[0]{mapped} >= 65536 + 2 * 4096 && !$_->{holders}[1]{mapped}")));
	said = sh("ipcxctl top-holders --sort pid -no pid");
	assert_int_equal(atoi(said.text), started);

	sh_refused(0, "processes of other users are not shown; run it as root",
		   NOBODY_DOES "ipcxctl top-holders");
	sh_ok(NOBODY_DOES "ipcxctl -q top-holders");
}

#define loaded(test)	cmocka_unit_test_setup_teardown(test, tools_load, tools_unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		loaded(test_columns),
		loaded(test_json),
		loaded(test_names_in_json),
		loaded(test_output_that_fails),
		loaded(test_info_of_a_region),
		loaded(test_info_of_a_queue),
		loaded(test_info_of_who_went),
		loaded(test_info_of_the_nameless),
		loaded(test_info_refused),
		loaded(test_info_is_no_hangup),
		loaded(test_stuck),
		loaded(test_work_is_not_stuck),
		loaded(test_top_holders),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
