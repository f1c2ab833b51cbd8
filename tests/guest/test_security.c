// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what, all of it in one table: each operation there is, by each way
 * to be limited. What stands behind a cell is tested at length elsewhere (rights,
 * attr, netns, names, quota); an ioctl that has no row fails the test.
 */
#include "mapped.h"
#include "region.h"
#include "riders.h"
#include "ways.h"

#define TOTALS	"/sys/kernel/debug/ipcx/totals"

/* ---- the operations: 0 or -errno, on a descriptor of the object or ctl ---- */

static int done(int rc)
{
	return rc < 0 ? rc : 0;
}

static int op_open_device(int fd)
{
	(void)fd;
	return open("/dev/ipcx", O_RDWR | O_CLOEXEC) < 0 ? -errno : 0;
}

static int op_query(int fd)
{
	struct ipcx_query arg = { .size = sizeof(arg) };

	return call(fd, IPCX_IOC_QUERY, &arg);
}

static int op_region_create(int fd)
{
	(void)fd;
	return done(region_create(NULL, PAGE, 0, 0600));
}

static int op_queue_create(int fd)
{
	(void)fd;
	return done(queue(NULL));
}

static int op_open(int fd)
{
	(void)fd;
	return done(object_open("region", IPCX_KIND_ANY, 0));
}

static int op_open_writer(int fd)
{
	(void)fd;
	return done(object_open("region", IPCX_KIND_ANY, IPCX_RIGHT_WRITE));
}

static int op_unlink(int fd)
{
	(void)fd;
	return object_unlink("queue");
}

static int op_shutdown(int fd)
{
	(void)fd;
	return object_shutdown("queue");
}

/* -ENOENT: it does not show the region. */
static int op_list(int fd)
{
	struct ipcx_stat stats[8];
	int n = object_list(stats, ARRAY_SIZE(stats), 0);

	(void)fd;
	for (int i = 0; i < n; i++)
		if (!strcmp(stats[i].name, "region"))
			return 0;
	return n < 0 ? n : -ENOENT;
}

static int op_stat(int fd)
{
	struct ipcx_stat arg = { .size = sizeof(arg) };

	return call(fd, IPCX_IOC_STAT, &arg);
}

/* Each descriptor has one of these. */
static int op_reopen(int fd)
{
	int rc = object_reopen(fd, IPCX_RIGHT_READ);

	if (rc == -EACCES)
		rc = object_reopen(fd, IPCX_RIGHT_WRITE);
	return done(rc == -EACCES ? object_reopen(fd, IPCX_RIGHT_ADMIN) : rc);
}

static int op_reopen_wider(int fd)
{
	return done(object_reopen(fd, IPCX_RIGHTS_REGION));
}

static int op_proc_reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_CLOEXEC) < 0 ? -errno : 0;
}

static int op_setattr(int fd)
{
	return object_setattr(fd, IPCX_SET_MODE, 0666, 0, 0);
}

static int op_resize(int fd)
{
	return region_resize(fd, 2 * PAGE);
}

static int op_ftruncate(int fd)
{
	return ftruncate(fd, 2 * PAGE) ? -errno : 0;
}

static int op_seal(int fd)
{
	return region_seal(fd, IPCX_SEAL_READONLY);
}

static int try_map(int fd, size_t bytes, int prot, off_t offset)
{
	void *mem = mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);

	return mem == MAP_FAILED ? -errno : 0;
}

static int op_map_to_read(int fd)
{
	return try_map(fd, PAGE, PROT_READ, 0);
}

static int op_map_to_write(int fd)
{
	return try_map(fd, PAGE, PROT_READ | PROT_WRITE, 0);
}

static int op_send(int fd)
{
	return done(send_u32(fd, 2, IPCX_NO_WAIT));
}

static int recv_with_rider(int fd, uint32_t flags)
{
	uint8_t buf[64];
	int rider;
	struct ipcx_msg msg = {
		.buf = (uintptr_t)buf, .len = sizeof(buf),
		.fds = (uintptr_t)&rider, .fd_count = 1,
	};
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .flags = flags, .msgs = (uintptr_t)&msg,
		.count = 1, .msg_size = sizeof(msg),
	};

	return done(call(fd, IPCX_IOC_RECV, &arg));
}

static int op_recv(int fd)
{
	return recv_with_rider(fd, 0);
}

static int op_peek(int fd)
{
	return recv_with_rider(fd, IPCX_RECV_PEEK);
}

static int op_wait(int fd)
{
	return queue_wait(fd, IPCX_DIR_RECV, 0, IPCX_NO_WAIT);
}

static int op_wait_to_send(int fd)
{
	return queue_wait(fd, IPCX_DIR_SEND, 0, IPCX_NO_WAIT);
}

static int op_wake(int fd)
{
	return call(fd, IPCX_IOC_WAKE, (void *)(uintptr_t)IPCX_WAKE_RECV);
}

static int op_map_kernel_page(int fd)
{
	return try_map(fd, PAGE, PROT_READ, IPCX_MMAP_KPAGE);
}

/* Found out without asking: what forbids ioctls does not forbid this. */
#define RING_BYTES	PAGE

static int op_map_ring(int fd)
{
	return try_map(fd, RING_BYTES, PROT_READ | PROT_WRITE, IPCX_MMAP_RING);
}

static int op_attachment(int fd)
{
	op_map_ring(fd);
	return done(mapped_attachment(fd));
}

/* By who maps the ring, if it can: of the message that it reads. */
static int op_take(int fd)
{
	int rider;
	struct ipcx_take arg = {
		.size = sizeof(arg), .fds = (uintptr_t)&rider, .fd_count = 1,
	};
	struct mapped m;
	bool redelivered;

	if (!op_attachment(fd)) {
		mapped_open(&m, fd);
		arg.ticket = mapped_claim_recv(&m, &redelivered);
	}
	return done(call(fd, IPCX_IOC_TAKE, &arg));
}

static int op_peers(int fd)
{
	struct ipcx_peer peer;
	struct ipcx_peers arg = {
		.size = sizeof(arg), .count = 1, .peers = (uintptr_t)&peer,
		.peer_size = sizeof(peer),
	};

	return done(call(fd, IPCX_IOC_PEERS, &arg));
}

static int op_events(int fd)
{
	struct ipcx_event event;
	struct ipcx_events arg = {
		.size = sizeof(arg), .flags = IPCX_EVENTS_REWIND, .count = 1,
		.event_size = sizeof(event), .events = (uintptr_t)&event,
	};

	return done(call(fd, IPCX_IOC_EVENTS, &arg));
}

static int op_debugfs(int fd)
{
	(void)fd;
	return open(TOTALS, O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int op_parameter(int fd)
{
	(void)fd;
	return file_write(PARAMETERS "max_attachments", "16384");
}

/* ---- the table ---- */

enum on { CTL, REGION, QUEUE };

struct row {
	const char *name;
	unsigned long cmd;		/* 0: no ioctl */
	enum on on;
	int (*op)(int fd);
	const char *by_name, *by_descriptor, *in_a_cage;
};

#define IOC(n)	#n, IPCX_IOC_##n

/*
 * Who finds the objects by name:
 *   owner   SOMEBODY, to whom they belong
 *   group   of its group, which may read
 *   other   neither
 *   dropped other, by a device that was opened as root
 *   root    has CAP_IPC_OWNER
 *   userns  root of a user namespace, which is other outside
 *   own-net root of a user and a network namespace, where nothing is
 *   netns   root in another network namespace
 * Who was passed descriptors over SCM_RIGHTS, and is other:
 *   reader  READ, RECV
 *   writer  WRITE, SEND
 *   mapper  READ, WRITE; SEND, RECV, MAP
 *   admin   ADMIN
 *   all     all rights, and is root of a user namespace
 *   O_PATH  all rights, but opened O_PATH, the device too
 * The owner, who has what it needs open, but for the first two:
 *   nnp     no_new_privs
 *   rdonly  the device opened for reading
 *   no-dev  in a root without /dev and /proc
 *   ioctl   ioctls are forbidden by seccomp, those of /dev/ipcx
 *   mmap    mmap is forbidden by seccomp
 *   rlimit  RLIMIT_NOFILE, _AS and _FSIZE are 0
 *   quota   the module's limits are 0
 */
static const struct row rows[] = {
	{ "open /dev/ipcx", 0, CTL, op_open_device,
	  "ok     ok     ok     ok     ok     ok     ok     ok",
	  "ok     ok     ok     ok     ok     ok",
	  "ok     ok     ENOENT ok     ok     EMFILE ok" },
	{ IOC(QUERY), CTL, op_query,
	  "ok     ok     ok     ok     ok     ok     ok     ok",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(REGION_CREATE), CTL, op_region_create,
	  "ok     ok     ok     ok     ok     ok     ok     ok",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE EDQUOT" },
	{ IOC(QUEUE_CREATE), CTL, op_queue_create,
	  "ok     ok     ok     ok     ok     ok     ok     ok",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE EDQUOT" },
	{ IOC(OPEN), CTL, op_open,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES EACCES EACCES EACCES EACCES EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE ok" },
	{ "OPEN to write", IPCX_IOC_OPEN, CTL, op_open_writer,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES EACCES EACCES EACCES EACCES EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE ok" },
	{ IOC(UNLINK), CTL, op_unlink,
	  "ok     EPERM  EPERM  EPERM  ok     EPERM  ENOENT ENOENT",
	  "EPERM  EPERM  EPERM  EPERM  EPERM  EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ "UNLINK, shutdown", IPCX_IOC_UNLINK, CTL, op_shutdown,
	  "ok     EPERM  EPERM  EPERM  ok     EPERM  ENOENT ENOENT",
	  "EPERM  EPERM  EPERM  EPERM  EPERM  EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(LIST), CTL, op_list,
	  "ok     ok     ENOENT ENOENT ok     ENOENT ENOENT ENOENT",
	  "ENOENT ENOENT ENOENT ENOENT ENOENT EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },

	{ IOC(STAT), REGION, op_stat,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(REOPEN), REGION, op_reopen,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE ok" },
	{ "REOPEN with all rights", IPCX_IOC_REOPEN, REGION, op_reopen_wider,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES EACCES EACCES EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE ok" },
	{ "open /proc/self/fd of a region", 0, REGION, op_proc_reopen,
	  "ENXIO  ENXIO  EACCES EACCES ENXIO  EACCES ENOENT ENOENT",
	  "ENXIO  ENXIO  ENXIO  ENXIO  ENXIO  ENXIO",
	  "ENXIO  ENXIO  ENOENT ENXIO  ENXIO  EMFILE ENXIO" },
	{ "open /proc/self/fd of a queue", 0, QUEUE, op_proc_reopen,
	  "EACCES EACCES EACCES EACCES ENXIO  EACCES ENOENT ENOENT",
	  "EACCES EACCES EACCES EACCES EACCES EACCES",
	  "EACCES EACCES ENOENT EACCES EACCES EMFILE EACCES" },
	{ IOC(SETATTR), REGION, op_setattr,
	  "ok     EPERM  EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EPERM  EPERM  EPERM  ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },

	{ IOC(RESIZE), REGION, op_resize,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES ok     ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     EFBIG  EDQUOT" },
	{ "ftruncate", 0, REGION, op_ftruncate,
	  "EPERM  EINVAL EACCES EACCES EPERM  EACCES ENOENT ENOENT",
	  "EINVAL EPERM  EPERM  EINVAL EPERM  EBADF",
	  "EPERM  EPERM  EPERM  EPERM  EPERM  EFBIG  EPERM" },
	{ IOC(SEAL), REGION, op_seal,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES ok     ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ "mmap to read", 0, REGION, op_map_to_read,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     ok     EPERM  ENOMEM EDQUOT" },
	{ "mmap to write", 0, REGION, op_map_to_write,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     ok     EPERM  ENOMEM EDQUOT" },

	{ IOC(SEND), QUEUE, op_send,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES ok     ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(RECV), QUEUE, op_recv,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     EMFILE ok" },
	{ "RECV, peek", IPCX_IOC_RECV, QUEUE, op_peek,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(WAIT), QUEUE, op_wait,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ "WAIT to send", IPCX_IOC_WAIT, QUEUE, op_wait_to_send,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES ok     ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(WAKE), QUEUE, op_wake,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     ok     ok     EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ "mmap the kernel's page", 0, QUEUE, op_map_kernel_page,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     ok     EPERM  ENOMEM ok" },
	{ "mmap the ring", 0, QUEUE, op_map_ring,
	  "ok     EACCES EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "EACCES EACCES ok     EACCES ok     EBADF",
	  "ok     ok     ok     ok     EPERM  ENOMEM EDQUOT" },
	{ IOC(ATTACHMENT), QUEUE, op_attachment,
	  "ok     ENOTCONN EACCES EACCES ok   EACCES ENOENT ENOENT",
	  "ENOTCONN ENOTCONN ok ENOTCONN ok   EBADF",
	  "ok     ok     ok     EPERM  ENOTCONN ENOTCONN ENOTCONN" },
	{ IOC(TAKE), QUEUE, op_take,
	  "ok     ENOTCONN EACCES EACCES ok   EACCES ENOENT ENOENT",
	  "ENOTCONN EACCES ok   EACCES ok     EBADF",
	  "ok     ok     ok     EPERM  ENOTCONN ENOTCONN ENOTCONN" },
	{ IOC(PEERS), QUEUE, op_peers,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },
	{ IOC(EVENTS), QUEUE, op_events,
	  "ok     ok     EACCES EACCES ok     EACCES ENOENT ENOENT",
	  "ok     ok     ok     ok     ok     EBADF",
	  "ok     ok     ok     EPERM  ok     ok     ok" },

	{ "read debugfs", 0, CTL, op_debugfs,
	  "EACCES EACCES EACCES EACCES ok     EACCES EACCES ok",
	  "EACCES EACCES EACCES EACCES EACCES EACCES",
	  "EACCES EACCES ENOENT EACCES EACCES EMFILE EACCES" },
	{ "write a parameter", 0, CTL, op_parameter,
	  "EACCES EACCES EACCES EACCES ok     EACCES EACCES ok",
	  "EACCES EACCES EACCES EACCES EACCES EACCES",
	  "EACCES EACCES ENOENT EACCES EACCES EMFILE EACCES" },
};

/* ---- the test of it ---- */

static void make_objects(void)
{
	const uint32_t all = IPCX_SET_MODE | IPCX_SET_UID | IPCX_SET_GID;
	int rider = region_create(NULL, PAGE, 0, 0600);
	struct mapped m;

	made.region = region_create("region", PAGE, 0, 0);
	made.queue = queue("queue", .flags = IPCX_QUEUE_MAPPABLE);
	assert_true(made.region > 0 && made.queue > 0);
	assert_int_equal(object_setattr(made.region, all, 0640, SOMEBODY,
					SOMEBODY), 0);
	assert_int_equal(object_setattr(made.queue, all, 0640, SOMEBODY,
					SOMEBODY), 0);
	assert_int_equal(send_riders(made.queue, 1, &rider, 1), 1);
	mapped_open(&m, made.queue);
	mapped_close(&m);
	close(rider);
}

static void close_objects(void)
{
	close(made.region);
	close(made.queue);
}

static int try(const struct row *row)
{
	int fd = ctl;

	if (row->on == REGION)
		fd = at_hand.region ? at_hand.region :
		     object_open("region", IPCX_KIND_REGION, 0);
	else if (row->on == QUEUE)
		fd = at_hand.queue ? at_hand.queue :
		     object_open("queue", IPCX_KIND_QUEUE, 0);
	return fd < 0 ? fd : row->op(fd);
}

static int try_in_a_child(const struct row *row, const struct way *way,
			  _Atomic uint32_t *result)
{
	pid_t pid;

	make_objects();
	*result = UINT32_MAX;
	pid = child_fork();
	if (!pid) {
		way->enter();
		*result = (uint32_t)-try(row);
		child_done();
	}
	child_ok(pid);
	if (way->leave)
		way->leave();
	close_objects();
	return (int)*result;
}

/* One row's cells by these ways; returns how many are wrong. */
static int wrong_cells(const struct row *row, const struct way *ways,
		       const char *cells)
{
	_Atomic uint32_t *result = shared_words();
	char copy[128], *word, *rest = copy;
	int wrong = 0;

	snprintf(copy, sizeof(copy), "%s", cells);
	for (; ways->name; ways++) {
		int error = try_in_a_child(row, ways, result);
		const char *is = error ? strerrorname_np(error) : "ok";

		word = strtok_r(NULL, " ", &rest);
		if (!word)
			fail_msg("%s has no cell for %s", row->name, ways->name);
		if (!is || strcmp(is, word)) {
			print_error("%s, %s: %s, not %s\n", row->name,
				    ways->name, is ? is : "?", word);
			wrong++;
		}
	}
	assert_null(strtok_r(NULL, " ", &rest));
	shared_free(result);
	return wrong;
}

#define TEST_COLUMNS(ways)						\
static void test_##ways(void **state)					\
{									\
	int wrong = 0;							\
									\
	(void)state;							\
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)			\
		wrong += wrong_cells(&rows[i], ways, rows[i].ways);	\
	assert_int_equal(wrong, 0);					\
}

TEST_COLUMNS(by_name)
TEST_COLUMNS(by_descriptor)
TEST_COLUMNS(in_a_cage)

static bool has_row(unsigned long cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((rows[i].cmd & ~(unsigned long)IOCSIZE_MASK) == cmd)
			return true;
	return false;
}

static void test_every_ioctl_has_a_row(void **state)
{
	(void)state;
	make_objects();
	every_ioctl_has_a_row(made.region, made.queue, has_row);
	close_objects();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_ioctl_has_a_row),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_by_descriptor),
		cmocka_unit_test(test_in_a_cage),
	};

	return guest_run(tests);
}
