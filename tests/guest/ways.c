// SPDX-License-Identifier: GPL-2.0-only
#include "ways.h"
#include "region.h"
#include "rights.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define EMPTY	"/tmp/empty"

struct objects made;
struct objects at_hand;

/* Looks into its own /proc as any process does. */
static void become_visible(uid_t uid, gid_t gid)
{
	become(uid, gid);
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
}

static void as_owner(void)
{
	become_visible(SOMEBODY, SOMEBODY);
	reopen_ctl();
}

static void as_group(void)
{
	become_visible(NOBODY, SOMEBODY);
	reopen_ctl();
}

static void as_other(void)
{
	become_visible(NOBODY, NOBODY);
	reopen_ctl();
}

/* Opened by root, whose privilege does not stay in it. */
static void as_other_by_roots_device(void)
{
	reopen_ctl();
	become_visible(NOBODY, NOBODY);
}

static void as_root(void)
{
}

static void as_root_of_user_namespace(void)
{
	become_visible(NOBODY, NOBODY);
	enter_user_namespace(0);
	reopen_ctl();
}

static void as_root_of_own_net(void)
{
	become_visible(NOBODY, NOBODY);
	enter_user_namespace(CLONE_NEWNET);
	reopen_ctl();
}

static void in_other_net(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
}

/* Another user gets descriptors of these rights, and has nothing else. */
static void pass(uint32_t region, uint32_t queue)
{
	int sock[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
	send_fd(sock[0], object_reopen(made.region, region));
	send_fd(sock[0], object_reopen(made.queue, queue));
	as_other();
	at_hand.region = receive_fd(sock[1]);
	at_hand.queue = receive_fd(sock[1]);
}

static void with_reader(void)
{
	pass(READ, RECV);
}

static void with_writer(void)
{
	pass(WRITE, SEND);
}

static void with_mapper(void)
{
	pass(READ | WRITE, SEND | RECV | MAP);
}

static void with_admin(void)
{
	pass(ADMIN, ADMIN);
}

static void with_all_in_user_namespace(void)
{
	pass(IPCX_RIGHTS_REGION, IPCX_RIGHTS_QUEUE);
	enter_user_namespace(0);
}

static int as_path(int fd)
{
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = open(path, O_PATH | O_CLOEXEC);
	assert_true(rc >= 0);
	return rc;
}

static void with_paths(void)
{
	pass(IPCX_RIGHTS_REGION, IPCX_RIGHTS_QUEUE);
	at_hand.region = as_path(at_hand.region);
	at_hand.queue = as_path(at_hand.queue);
	ctl = as_path(ctl);
}

/* The owner, with all that it needs open already. */
static void as_owner_at_work(void)
{
	as_owner();
	at_hand.region = made.region;
	at_hand.queue = made.queue;
}

static void with_device_to_read(void)
{
	as_owner();
	close(ctl);
	ctl = open("/dev/ipcx", O_RDONLY | O_CLOEXEC);
}

static void without_new_privileges(void)
{
	as_owner();
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
}

static void in_empty_root(void)
{
	assert_true(!mkdir(EMPTY, 0755) || errno == EEXIST);
	assert_int_equal(chroot(EMPTY), 0);
	assert_int_equal(chdir("/"), 0);
	become(SOMEBODY, SOMEBODY);
	at_hand.region = made.region;
	at_hand.queue = made.queue;
}

static void filter(struct sock_filter *code, unsigned short len)
{
	struct sock_fprog program = { .len = len, .filter = code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program),
			 0);
}

#define LOAD(member) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define SKIP_UNLESS(value, n)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n)
#define RETURN(value)		BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE			RETURN(SECCOMP_RET_ERRNO | EPERM)

/*
 * Our ioctls: the bits of the size are not to be looked at, as the module does
 * not look at them (see <linux/ipcx.h>).
 */
void forbid_ioctl(uint32_t mask, uint32_t value)
{
	struct sock_filter code[] = {
		LOAD(nr),
		SKIP_UNLESS(SYS_ioctl, 4),
		LOAD(args[1]),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		SKIP_UNLESS(value, 1),
		REFUSE,
		RETURN(SECCOMP_RET_ALLOW),
	};

	filter(code, ARRAY_SIZE(code));
}

static void without_ioctl(void)
{
	as_owner_at_work();
	forbid_ioctl(_IOC_TYPEMASK << _IOC_TYPESHIFT,
		     IPCX_IOC_MAGIC << _IOC_TYPESHIFT);
}

static void without_mmap(void)
{
	struct sock_filter code[] = {
		LOAD(nr),
		SKIP_UNLESS(SYS_mmap, 1),
		REFUSE,
		RETURN(SECCOMP_RET_ALLOW),
	};

	as_owner_at_work();
	filter(code, ARRAY_SIZE(code));
}

/* No descriptor, no address space and no file can grow. */
static void with_rlimits(void)
{
	const struct rlimit none = { 0, 0 };

	as_owner_at_work();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

static void set_parameter(const char *path, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	assert_int_equal(file_write(path, text), 0);
}

static void set_quota(uint64_t objects, uint64_t bytes, uint64_t attachments)
{
	set_parameter(PARAMETERS "max_objects", objects);
	set_parameter(PARAMETERS "max_bytes", bytes);
	set_parameter(PARAMETERS "max_attachments", attachments);
}

static void with_quota_used_up(void)
{
	set_quota(0, 0, 0);
	as_owner_at_work();
}

static void restore_quota(void)
{
	set_quota(4096, 1UL << 30, 16384);
}

const struct way by_name[] = {
	{ "owner", as_owner, NULL },
	{ "group", as_group, NULL },
	{ "other", as_other, NULL },
	{ "dropped", as_other_by_roots_device, NULL },
	{ "root", as_root, NULL },
	{ "userns", as_root_of_user_namespace, NULL },
	{ "own-net", as_root_of_own_net, NULL },
	{ "netns", in_other_net, NULL },
	{ NULL, NULL, NULL },
};

const struct way by_descriptor[] = {
	{ "reader", with_reader, NULL },
	{ "writer", with_writer, NULL },
	{ "mapper", with_mapper, NULL },
	{ "admin", with_admin, NULL },
	{ "all", with_all_in_user_namespace, NULL },
	{ "O_PATH", with_paths, NULL },
	{ NULL, NULL, NULL },
};

const struct way in_a_cage[] = {
	{ "nnp", without_new_privileges, NULL },
	{ "rdonly", with_device_to_read, NULL },
	{ "no-dev", in_empty_root, NULL },
	{ "ioctl", without_ioctl, NULL },
	{ "mmap", without_mmap, NULL },
	{ "rlimit", with_rlimits, NULL },
	{ "quota", with_quota_used_up, restore_quota },
	{ NULL, NULL, NULL },
};
