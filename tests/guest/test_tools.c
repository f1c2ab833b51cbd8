// SPDX-License-Identifier: GPL-2.0-only
/* ipcxctl with the module: loading, looking, making, unloading. */
#include "guest.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include "tools.h"

static void assert_says(const struct said *said, int status, const char *phrase)
{
	if (said->status != status || !strstr(said->text, phrase))
		fail_msg("status %d, and not '%s' in: %s", said->status, phrase,
			 said->text);
}

/* ---- loading ---- */

static void test_load_and_unload(void **state)
{
	struct said said = sh("ipcxctl load");

	(void)state;
	assert_says(&said, 0, "loaded ");
	assert_true(module_loaded());
	said = sh("ipcxctl load");
	assert_says(&said, 0, "ipcx is loaded already\n");
	said = sh("ipcxctl unload");
	assert_says(&said, 0, "unloaded ipcx\n");
	assert_false(module_loaded());
	sh_refused(4, "ipcx is not loaded; there is nothing to unload", "ipcxctl unload");
}

static void test_load_by_option(void **state)
{
	struct said said = sh("IPCX_MODULE=/no/ipcx.ko ipcxctl load --module $IPCX_MODULE");

	(void)state;
	assert_says(&said, 0, "loaded ");
	assert_int_equal(sh("ipcxctl unload").status, 0);
}

/* Installed where modprobe looks, in a mount namespace of its own. */
static void test_load_by_name(void **state)
{
	struct said said;

	(void)state;
	sh_ok("mkdir -p %s/lib/$(uname -r) && cp $IPCX_MODULE %s/lib/$(uname -r)", dir, dir);
	said = sh("unshare --mount sh -c 'mount --bind %s/lib /lib/modules && depmod && "
		  "unset IPCX_MODULE && ipcxctl load'", dir);
	assert_says(&said, 0, "/ipcx.ko\n");
	assert_true(module_loaded());
	assert_int_equal(sh("ipcxctl unload").status, 0);
}

static void test_parameters_get_there(void **state)
{
	(void)state;
	assert_int_equal(sh("ipcxctl load no_such=1 nor_such=2").status, 0);
	/* The kernel's own note that it does not know a parameter. */
	assert_int_equal(sh("dmesg | grep \"ipcx: unknown parameter 'no_such' ignored\"").status, 0);
	assert_int_equal(sh("dmesg | grep \"ipcx: unknown parameter 'nor_such' ignored\"").status, 0);
	assert_int_equal(sh("ipcxctl unload").status, 0);
}

static void test_load_refused(void **state)
{
	(void)state;
	sh_refused(1, "/etc/passwd is not a kernel module", "ipcxctl load --module /etc/passwd");

	/* The version alone may differ as long as all symbols agree; this may not. */
	sh_ok("sed 's/vermagic=6\\(.*\\) SMP/vermagic=5\\1 UMP/' $IPCX_MODULE >%s/other.ko", dir);
	sh_refused(1, "other.ko was built for kernel 5.", "ipcxctl load --module %s/other.ko", dir);
	sh_refused(1, "build it with: make modules KDIR=/lib/modules/6.",
		   "ipcxctl load --module %s/other.ko", dir);
	sh_ok("sed 's/\\(vermagic=.*\\) SMP/\\1 UMP/' $IPCX_MODULE >%s/config.ko", dir);
	sh_refused(1, "was built against another configuration of kernel 6.",
		   "ipcxctl load --module %s/config.ko", dir);

	/* What stands before the mark says how long the signature is: longer than the file. */
	sh_ok("(cat $IPCX_MODULE; printf '\\377%%.0s' 1 2 3 4 5 6 7 8 9 10 11 12; "
	      "echo '~Module signature appended~') >%s/signed.ko", dir);
	if (!access("/sys/module/module/parameters/sig_enforce", F_OK))
		sh_refused(1, "has no signature that the kernel accepts (Secure Boot)",
			   "ipcxctl load --module %s/signed.ko", dir);
	else	/* a kernel that knows of no signatures */
		sh_ok("(ipcxctl load --module %s/signed.ko && ipcxctl unload) >/dev/null", dir);
	assert_false(module_loaded());
}

static void test_load_without_privilege(void **state)
{
	(void)state;
	sh_refused(1, "cannot load ipcx: that takes privilege (CAP_SYS_MODULE)",
		   NOBODY_DOES "ipcxctl load --module $TOOLS/ipcx.ko");
}

static void test_use_without_privilege(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create queue private && ipcxctl create queue public --mode 0644");
	sh_refused(1, "cannot unload ipcx: that takes privilege (CAP_SYS_MODULE)",
		   NOBODY_DOES "ipcxctl unload");
	sh_refused(1, "cannot open 'private': its mode does not allow that",
		   NOBODY_DOES "ipcxctl recv private");
	sh_refused(1, "cannot open 'public': its mode does not allow that",
		   NOBODY_DOES "ipcxctl send public");
	sh_refused(1, "cannot remove 'public': only its owner or root may do that",
		   NOBODY_DOES "ipcxctl rm public");
	said = sh(NOBODY_DOES "ipcxctl ls");
	assert_says(&said, 0, " public\n");
	assert_null(strstr(said.text, "private"));
}

static void test_node_is_missing(void **state)
{
	(void)state;
	sh_refused(4, "is loaded, but there is no /dev/ipcx",
		   "unshare --mount sh -c 'mount -t tmpfs none /dev && ipcxctl status'");
}

static void test_node_may_not_be_opened(void **state)
{
	(void)state;
	sh_ok("chmod 600 /dev/ipcx");
	sh_refused(1, "/dev/ipcx may not be opened by this user", NOBODY_DOES "ipcxctl status");
}

/* ---- in use ---- */

static void test_unload_names_what_persists(void **state)
{
	(void)state;
	sh_ok("ipcxctl create region board --size 1 && ipcxctl create queue 'the\tqueue'");
	sh_refused(1, "ipcx is in use; first: ipcxctl rm board the\\x09queue (or: ipcxctl unload --drain)", "ipcxctl unload");
}

static void test_unload_names_who_has_it_open(void **state)
{
	char phrase[64];
	pid_t pid;

	(void)state;
	sh_ok("ipcxctl create queue q");
	pid = start("exec ipcxctl recv q");
	assert_soon(sh("ipcxctl ls | awk '$NF == \"q\" && $6 == 1 { exit 1 }'").status == 1);
	snprintf(phrase, sizeof(phrase), "first: end ipcxctl (pid %d: queue q); ipcxctl rm q", pid);
	sh_refused(1, phrase, "ipcxctl unload");
	sh_ok("ipcxctl rm q");
	snprintf(phrase, sizeof(phrase), "first: end ipcxctl (pid %d: queue id ", pid);
	sh_refused(1, phrase, "ipcxctl unload");
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 128 + SIGTERM);
}

/* No descriptor is left, only a mapping. */
static void test_unload_names_who_maps_it(void **state)
{
	struct ipcx_region *region;
	char phrase[64];
	void *address;

	(void)state;
	assert_int_equal(ipcx_region_create(NULL, PAGE, NULL, &region), 0);
	assert_int_equal(ipcx_region_map(region, IPCX_RIGHT_READ, 0, 0, &address), 0);
	ipcx_region_close(region);
	snprintf(phrase, sizeof(phrase), "first: end test_tools (pid %d: a mapping)", getpid());
	sh_refused(1, phrase, "ipcxctl unload");
	munmap(address, PAGE);
}

/* ---- objects ---- */

static void test_status(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create region r --size 64K && ipcxctl create queue q");
	said = sh("ipcxctl status");
	assert_says(&said, 0, "\nabi              1\n");
	assert_says(&said, 0, "\nfeatures         region,queue,mapped,hangup,huge,broadcast,fds,events\n");
	assert_says(&said, 0, "\nregions          1\nregion_bytes     64K\nqueues           1\n");
}

static void test_ls_shows_what_was_made(void **state)
{
	struct said said;

	(void)state;
	sh_ok("ipcxctl create region board --size 100K --mode 0640");
	sh_ok("ipcxctl create region sparse --size 16T --sparse");
	sh_ok("ipcxctl create queue q --slots 3 --slot-size 4K --lanes 2 --mode 0600");
	sh_ok("printf message | ipcxctl send q");
	/* Ids and the memory of a queue are the module's. */
	said = sh("ipcxctl ls | awk '{ $1 = \"-\"; if ($2 == \"queue\") $5 = \"-\"; print }'");
	assert_string_equal(said.text,
			    "- KIND OWNER MODE SIZE USERS ATTACHED DEPTH NAME\n"
			    "- region root 0640 100K 0 0 - board\n"
			    "- region root 0600 16T 0 0 - sparse\n"
			    "- queue root 0600 - 0 0 1 q\n");
	sh_ok("ipcxctl rm board sparse q");
	assert_string_equal(sh("ipcxctl ls").text, "");
}

static void test_queue_is_what_was_asked_for(void **state)
{
	int fd;

	(void)state;
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	sh_ok("ipcxctl create queue q --slots 3 --slot-size 1K --lanes 2 --hangup "
	      "--drop-oldest --not-mappable --mode 0620");
	fd = object_open("q", IPCX_KIND_QUEUE, 0);
	assert_true(fd >= 0);
	assert_int_equal(object_stat(fd).slots, 4);
	assert_int_equal(object_stat(fd).slot_size, 1024);
	assert_int_equal(object_stat(fd).lanes, 2);
	assert_int_equal(object_stat(fd).mode, 0620);
	assert_int_equal(object_stat(fd).create_flags,
			 IPCX_CREATE_PERSIST | IPCX_QUEUE_HANGUP | IPCX_QUEUE_DROP_OLDEST);
	close(fd);
	sh_ok("ipcxctl create queue news --broadcast");
	fd = object_open("news", IPCX_KIND_QUEUE, 0);
	assert_true(fd >= 0);
	assert_int_equal(object_stat(fd).create_flags,
			 IPCX_CREATE_PERSIST | IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST);
	close(fd);
	close(ctl);
}

static void test_create_refused(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue q");
	sh_refused(1, "cannot create 'q': the name is taken", "ipcxctl create queue q");
	sh_refused(1, "cannot create 'q': the name is taken", "ipcxctl create region q --size 1");
	sh_refused(1, "cannot create 'x': larger than the module allows",
		   "ipcxctl create queue x --slots 4M --slot-size 1");
	sh_refused(1, "cannot create 'x': there is not enough memory",
		   "ipcxctl create region x --size 16T");
}

static void test_rm_goes_on_after_a_failure(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue a && ipcxctl create queue b");
	sh_refused(3, "cannot remove 'no': there is no object of this name", "ipcxctl rm a no b");
	assert_string_equal(sh("ipcxctl ls").text, "");
}

static void test_names_are_shown_harmless(void **state)
{
	(void)state;
	sh_ok("ipcxctl create queue \"$(printf 'a\\033[2Jb')\"");
	assert_non_null(strstr(sh("ipcxctl ls").text, " a\\x1b[2Jb\n"));
	assert_non_null(strstr(sh("ipcxstat").text, " a\\x1b[2Jb\n"));
}

#define loaded(test)	cmocka_unit_test_setup_teardown(test, tools_load, tools_unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_and_unload),
		cmocka_unit_test(test_load_by_option),
		cmocka_unit_test(test_load_by_name),
		cmocka_unit_test(test_parameters_get_there),
		cmocka_unit_test(test_load_refused),
		cmocka_unit_test(test_load_without_privilege),
		loaded(test_use_without_privilege),
		loaded(test_node_is_missing),
		loaded(test_node_may_not_be_opened),
		loaded(test_unload_names_what_persists),
		loaded(test_unload_names_who_has_it_open),
		loaded(test_unload_names_who_maps_it),
		loaded(test_status),
		loaded(test_ls_shows_what_was_made),
		loaded(test_queue_is_what_was_asked_for),
		loaded(test_create_refused),
		loaded(test_rm_goes_on_after_a_failure),
		loaded(test_names_are_shown_harmless),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
