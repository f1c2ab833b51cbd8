// SPDX-License-Identifier: GPL-2.0-only
/* ipcxctl: what it does to objects, and what it says of that. */
#include "guest.h"

#include "tools.h"

/* ---- chmod and chown ---- */

static void test_chmod(void **state)
{
	(void)state;
	sh_ok("ipcxctl create region board --size 1 && ipcxctl create queue q");
	sh_refused(1, "cannot open 'q': its mode does not allow that", NOBODY_DOES "ipcxctl send q </dev/null");
	sh_ok("ipcxctl chmod 666 board q");
	assert_prints("0666\n0666\n", sh("ipcxctl ls -no mode"));
	sh_ok(NOBODY_DOES "ipcxctl send q </dev/null");
	sh_refused(1, "cannot change the mode of 'q': only its owner or root may do that",
		   NOBODY_DOES "ipcxctl chmod 777 q");
	sh_refused(3, "cannot change the mode of 'no': there is no object",
		   "ipcxctl chmod 0 board no q");
	assert_prints("0000\n0000\n", sh("ipcxctl ls -no mode"));
}

static void test_chown(void **state)
{
	static const struct {
		const char *owner;
		const char *shown;
	} changes[] = {
		{ "nobody", "nobody root\n" },
		{ ":daemon", "nobody daemon\n" },
		{ "daemon:daemon", "daemon daemon\n" },
		{ "nobody:", "nobody nogroup\n" },
		{ "123456:123457", "123456 123457\n" },
		{ "0:0", "root root\n" },
	};

	(void)state;
	sh_ok("ipcxctl create queue q");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		sh_ok("ipcxctl chown %s q", changes[i].owner);
		assert_prints(changes[i].shown, sh("ipcxctl ls -no owner,group | tr -s ' '"));
	}
	sh_refused(1, "cannot change the owner of 'q': this user namespace has no such user or group",
		   "unshare --user --map-root-user ipcxctl chown daemon q");
	sh_refused(1, "cannot change the owner of 'q': only its owner or root may do that",
		   NOBODY_DOES "ipcxctl chown nobody q");
	sh_refused(1, "cannot remove 'q': only its owner or root may do that", NOBODY_DOES "ipcxctl rm q");
	sh_ok("ipcxctl chown nobody q && " NOBODY_DOES "ipcxctl rm q");
}

/* ---- unload --drain ---- */

static void test_drain(void **state)
{
	(void)state;
	sh_ok("ipcxctl create region board --size 1 && ipcxctl create queue 'the\tqueue' && echo x | ipcxctl send 'the\tqueue'");
	assert_prints("removed 'board'\nremoved 'the\\x09queue'\nunloaded ipcx\n", sh("ipcxctl unload --drain"));
	assert_false(module_loaded());
	sh_ok("ipcxctl -q load && ipcxctl create queue q && ipcxctl --quiet unload --drain");
	assert_false(module_loaded());
	sh_ok("ipcxctl load --quiet && ipcxctl load -q");
}

static void test_drain_ends_nobody(void **state)
{
	char phrase[64];

	(void)state;
	sh_ok("ipcxctl create queue q && ipcxctl create queue other");
	assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
	snprintf(phrase, sizeof(phrase), "first: end test_tools_ctl (pid %d: queue id ", getpid());
	sh_refused(1, phrase, "ipcxctl -q unload --drain");
	assert_prints("-\n", sh("ipcxctl ls -no name"));
	assert_int_equal(ipcx_queue_send_try(queue, "x", 1, 0), 0);
}

static void test_drain_without_privilege(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q && ipcxctl chown nobody q");
	sh_refused(1, "cannot unload ipcx: that takes privilege", NOBODY_DOES "ipcxctl unload --drain");
	assert_prints("q\n", sh("ipcxctl ls -no name"));
}

/* ---- what else there is to say ---- */

static void test_verbose(void **state)
{
	(void)state;
	assert_prints("created 'r', id -, 4K of memory\n",
		      sh("ipcxctl create region r --size 1 --verbose | sed 's/id [0-9]*/id -/'"));
	assert_prints("changed the mode of 'r'\n", sh("ipcxctl -v chmod 0644 r"));
	assert_prints("changed the owner of 'r'\n", sh("ipcxctl chown -v 0 r"));
	assert_prints("", sh("ipcxctl chown -v -q 0 r"));
	assert_prints("removed 'r'\n", sh("ipcxctl -q rm r -v"));
}

static void test_too_many_objects(void **state)
{
	(void)state;
	sh_ok("echo 1 >/sys/module/ipcx/parameters/max_objects && " NOBODY_DOES "ipcxctl create queue q");
	sh_refused(1, "cannot create 'r': this user has as much as the module allows",
		   NOBODY_DOES "ipcxctl create region r --size 1");
}

static void test_shut_down(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue q");
	started = start("exec ipcxctl recv q 2>%s/late", dir);
	assert_soon(sh("ipcxctl ls -no waiting_recv | grep -q 1").status == 0);
	assert_int_equal(ipcx_shutdown("q", IPCX_KIND_QUEUE), 0);
	assert_int_equal(ended(started), 1);
	started = 0;
	said = sh("cat %s/late", dir);
	assert_has(&said, "nothing more can be received on 'q': it was shut down; make it anew");
}

/* Names are anybody's choice, and what is in them is no command of the shell. */
static void test_completion_of_names(void **state)
{
	static const char complete[] =
		". tools/completion/ipcxctl && cur=$4 && COMP_WORDS=(\"$@\") && COMP_CWORD=3 && "
		"_ipcx \"$1\" \"$4\" && printf \"%s\\n\" \"${COMPREPLY[@]}\"";

	(void)state;
	sh_ok("ipcxctl create queue 'a b' && ipcxctl create queue 'a$(touch evil; echo x)' && "
	      "ipcxctl create queue \"$(printf 'a\033')\" && ipcxctl create region b --size 1");
	assert_prints("a\\ b\na\\$\\(touch\\ evil\\;\\ echo\\ x\\)\n",
		      sh("bash -c '%s' sh ipcxctl rm b a; test ! -e evil", complete));
	assert_prints("b\n", sh("bash -c '%s' sh ipcxctl chmod 0600 b", complete));
	/* Such a line is taken as it stands. */
	assert_prints("0\n", sh("bash -c '%s' sh ipcxctl info --id b | grep -c b || true", complete));
	sh_ok("ipcxctl rm a\\$\\(touch\\ evil\\;\\ echo\\ x\\)");
}

#define loaded(test)	cmocka_unit_test_setup_teardown(test, tools_load, tools_unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		loaded(test_chmod),
		loaded(test_chown),
		loaded(test_drain),
		loaded(test_drain_ends_nobody),
		loaded(test_drain_without_privilege),
		loaded(test_verbose),
		loaded(test_too_many_objects),
		loaded(test_shut_down),
		loaded(test_completion_of_names),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
