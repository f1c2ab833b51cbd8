// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults injected into ioctls in uses that take other ways through the module,
 * into open, close, poll and its like, and into reading what the kernel tells.
 */
#include "fault.h"
#include "state.h"
#include "../guest/guest.h"
#include "../guest/region.h"
#include "../guest/riders.h"

#include <liburing.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define BYTES	(4 * PAGE)
#define LARGE	2048		/* copied otherwise than short messages are */
#define MANY	16		/* descriptors, more than poll keeps on its stack */

static int object = -1, other = -1;

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static void close_both(void)
{
	close(object);
	if (other >= 0)
		close(other);
	object = -1;
	other = -1;
}

/* ---- making ---- */

static long make_sparse(void)
{
	return region_create(NULL, PAGE, IPCX_REGION_SPARSE, 0600);
}

static long make_prefaulted(void)
{
	return region_create("r", BYTES, IPCX_REGION_PREFAULT, 0600);
}

static long make_locked(void)
{
	return region_create("r", BYTES, IPCX_REGION_LOCKED, 0600);
}

static long make_huge(void)
{
	return region_create("r", BYTES, IPCX_REGION_HUGE, 0600);
}

static long make_persistent(void)
{
	return region_create("p", PAGE, IPCX_CREATE_PERSIST | IPCX_CREATE_EXCL, 0600);
}

static void close_persistent(long fd)
{
	use_and_close(fd);
	assert_int_equal(object_unlink("p"), 0);
}

static void region_setup(void)
{
	object = region_create("region", BYTES, 0, 0600);
	assert_true(object >= 0);
}

static long make_again(void)
{
	return region_create("region", BYTES, 0, 0600);
}

static long open_region(void)
{
	return object_open("region", IPCX_KIND_REGION, 0);
}

static void file_setup(void)
{
	object = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(object >= 0);
	assert_int_equal(ftruncate(object, BYTES), 0);
	assert_int_equal(unlink("/tmp/file"), 0);
}

static long make_over_file(void)
{
	return region_over("f", object, BYTES, 0600);
}

static long make_lanes(void)
{
	return queue("q", .lanes = 3,
		     .flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_DROP_OLDEST);
}

static long make_broadcast(void)
{
	return queue(NULL, .flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST);
}

static long make_mediated(void)
{
	return queue(NULL, .slots = 64, .slot_size = LARGE);
}

static long open_device(void)
{
	return result(open("/dev/ipcx", O_RDWR | O_CLOEXEC));
}

static void close_device(long fd)
{
	close((int)fd);
}

/* Whatever fails, it goes: it never says no. */
static long close_object(void)
{
	long ret = result(close(object));

	object = -1;
	return ret;
}

static const struct fault_case making[] = {
	{ .name = "sparse region", .call = make_sparse, .done = use_and_close,
	  .errnos = { ENOMEM } },
	{ .name = "prefaulted region", .call = make_prefaulted, .done = use_and_close,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "locked region", .call = make_locked, .done = use_and_close,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "huge region", .call = make_huge, .done = use_and_close,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "persistent region", .call = make_persistent,
	  .done = close_persistent, .errnos = { ENOMEM, EFAULT } },
	{ .name = "region that is there", .setup = region_setup,
	  .call = make_again, .done = use_and_close, .teardown = close_both,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "open a region", .setup = region_setup, .call = open_region,
	  .done = use_and_close, .teardown = close_both,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "region over a file", .setup = file_setup,
	  .call = make_over_file, .done = use_and_close, .teardown = close_both,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "queue of lanes", .call = make_lanes, .done = use_and_close,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "broadcast queue", .call = make_broadcast, .done = use_and_close,
	  .errnos = { ENOMEM } },
	{ .name = "mediated queue", .call = make_mediated, .done = use_and_close,
	  .errnos = { ENOMEM } },
	{ .name = "open the device", .call = open_device, .done = close_device,
	  .errnos = { ENOMEM, EFAULT } },
	{ .name = "close a region", .setup = region_setup, .call = close_object },
};

/* ---- messages ---- */

static uint8_t payload[LARGE];

static void setup_filled(uint32_t flags)
{
	object = queue("q", .slot_size = LARGE, .flags = flags);
	assert_true(object >= 0);
	assert_int_equal(send_msg(object, 0, payload, LARGE, 0), 1);
}

static void filled_setup(void)
{
	setup_filled(0);
}

static void broadcast_setup(void)
{
	setup_filled(IPCX_QUEUE_BROADCAST);
}

/* Not by transfer(), which asks for the time: that copies, too. */
static long move_one(unsigned long cmd, struct ipcx_msg *msg, uint32_t flags)
{
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .msgs = (uintptr_t)msg, .count = 1,
		.flags = flags, .msg_size = sizeof(*msg),
	};

	return call(object, cmd, &arg);
}

static long move_much(unsigned long cmd, uint32_t flags)
{
	struct ipcx_msg msg = { .buf = (uintptr_t)payload, .len = LARGE };

	return move_one(cmd, &msg, flags);
}

static long send_much(void)
{
	return move_much(IPCX_IOC_SEND, 0);
}

static long recv_much(void)
{
	return move_much(IPCX_IOC_RECV, 0);
}

static long peek_much(void)
{
	return move_much(IPCX_IOC_RECV, IPCX_RECV_PEEK);
}

static void riders_setup(void)
{
	object = riding_queue(0);
	other = region_create(NULL, PAGE, 0, 0600);
	assert_true(other >= 0);
}

static const uint32_t number = 7;

static long send_two(void)
{
	struct ipcx_msg msg = message(&number, (int[]) { other, other }, 2);

	return move_one(IPCX_IOC_SEND, &msg, 0);
}

static void riding_setup(void)
{
	riders_setup();
	assert_int_equal(send_two(), 1);
}

static struct got got;

static long recv_two(void)
{
	got.msg = (struct ipcx_msg) {
		.buf = (uintptr_t)payload, .len = sizeof(payload),
		.fds = (uintptr_t)got.fds, .fd_count = 2,
	};
	return move_one(IPCX_IOC_RECV, &got.msg, 0);
}

static void got_two(long ret)
{
	if (ret != 1 || got.msg.fd_count != 2)
		complain("%ld messages, %u riders", ret, got.msg.fd_count);
	else
		for (int i = 0; i < 2; i++)
			use_and_close(got.fds[i]);
}

static void down_setup(void)
{
	other = region_create(NULL, PAGE, 0, 0600);
	object = queue("down", .slot_size = RIDERS_SLOT);
	assert_int_equal(send_two(), 1);
}

static long shut_down(void)
{
	return object_shutdown("down");
}

static void empty_setup(void)
{
	object = queue("q", 0);
	assert_true(object >= 0);
}

/* It goes to sleep, and the end of that, long ago, is what is to be. */
static long wait_a_moment(void)
{
	struct ipcx_wait arg = {
		.size = sizeof(arg), .dir = IPCX_DIR_RECV, .deadline_ns = 1,
	};
	long ret = call(object, IPCX_IOC_WAIT, &arg);

	return ret == -ETIMEDOUT ? 0 : ret;
}

static const struct fault_case messages[] = {
	{ .name = "send much", .setup = filled_setup, .call = send_much,
	  .teardown = close_both },
	{ .name = "receive much", .setup = filled_setup, .call = recv_much,
	  .teardown = close_both },
	{ .name = "peek at much", .setup = filled_setup, .call = peek_much,
	  .teardown = close_both, .errnos = { EFAULT }, .writes = true },
	{ .name = "receive a broadcast", .setup = broadcast_setup,
	  .call = recv_much, .teardown = close_both, .errnos = { EFAULT },
	  .writes = true },
	{ .name = "peek at a broadcast", .setup = broadcast_setup,
	  .call = peek_much, .teardown = close_both, .errnos = { EFAULT },
	  .writes = true },
	{ .name = "send riders", .setup = riders_setup, .call = send_two,
	  .teardown = close_both, .errnos = { ENOMEM, EFAULT } },
	{ .name = "receive riders", .setup = riding_setup, .call = recv_two,
	  .done = got_two, .teardown = close_both, .errnos = { ENOMEM } },
	{ .name = "shut down", .setup = down_setup, .call = shut_down,
	  .teardown = close_both, .errnos = { EFAULT } },
	{ .name = "wait", .setup = empty_setup, .call = wait_a_moment,
	  .teardown = close_both },
};

/* ---- waiting in poll and its like ---- */

static int duplicates[MANY];

static void many_setup(void)
{
	empty_setup();
	for (size_t i = 0; i < MANY; i++) {
		duplicates[i] = dup(object);
		assert_true(duplicates[i] >= 0);
	}
}

static void many_teardown(void)
{
	for (size_t i = 0; i < MANY; i++)
		close(duplicates[i]);
	close_both();
}

/* With a timeout that is not 0, or it would not enter the wait queues. */
static long poll_many(void)
{
	struct pollfd fds[MANY];

	for (size_t i = 0; i < MANY; i++)
		fds[i] = (struct pollfd) { .fd = duplicates[i], .events = POLLIN };
	return result(poll(fds, MANY, 1));
}

static long select_many(void)
{
	struct timeval moment = { .tv_usec = 1000 };
	fd_set fds;
	int most = 0;

	FD_ZERO(&fds);
	for (size_t i = 0; i < MANY; i++) {
		FD_SET(duplicates[i], &fds);
		most = duplicates[i] > most ? duplicates[i] : most;
	}
	return result(select(most + 1, &fds, NULL, NULL, &moment));
}

static void epoll_setup(void)
{
	empty_setup();
	other = epoll_create1(EPOLL_CLOEXEC);
	assert_true(other >= 0);
}

static long epoll_add(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	return result(epoll_ctl(other, EPOLL_CTL_ADD, object, &event));
}

static struct io_uring uring;

static void uring_setup(void)
{
	empty_setup();
	assert_int_equal(io_uring_queue_init(4, &uring, 0), 0);
}

/* A request that was not accepted is there still, and goes with the next call. */
static long uring_poll(void)
{
	struct io_uring_cqe *cqe;
	long ret;

	if (!io_uring_sq_ready(&uring))
		io_uring_prep_poll_add(io_uring_get_sqe(&uring), object, POLLIN);
	ret = io_uring_submit(&uring);
	if (ret < 0)
		return ret;
	if (io_uring_peek_cqe(&uring, &cqe))
		return 0;
	ret = cqe->res;
	io_uring_cqe_seen(&uring, cqe);
	return ret;
}

static void uring_teardown(void)
{
	io_uring_queue_exit(&uring);
	close_both();
}

static const struct fault_case waiting[] = {
	{ .name = "poll", .setup = many_setup, .call = poll_many,
	  .teardown = many_teardown, .errnos = { ENOMEM, EFAULT } },
	{ .name = "select", .setup = many_setup, .call = select_many,
	  .teardown = many_teardown, .errnos = { ENOMEM, EFAULT } },
	{ .name = "epoll_ctl", .setup = epoll_setup, .call = epoll_add,
	  .teardown = close_both, .errnos = { ENOMEM, EFAULT } },
	/* io_uring has requests and entries in store, and may need no memory. */
	{ .name = "poll by io_uring", .setup = uring_setup, .call = uring_poll,
	  .teardown = uring_teardown, .also = ENOMEM },
};

/* ---- what is read ---- */

static const char *file_name;		/* "objects/" stands for those of one */
static char path[128], text[8192], reference[8192];

static long read_file(void)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (file < 0)
		return -errno;
	while ((n = read(file, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	n = result(n);
	text[len] = '\0';
	close(file);
	return n;
}

static void same_text(long ret)
{
	(void)ret;
	if (strcmp(text, reference))
		complain("told '%s'", text);
}

static uint8_t *ring;
static size_t ring_bytes;

static void reading_setup(void)
{
	const struct ipcx_kpage *kpage;

	object = queue("q", .flags = IPCX_QUEUE_MAPPABLE);
	kpage = (void *)map(object, PAGE, PROT_READ);
	ring_bytes = kpage->ring_bytes;
	munmap((void *)kpage, PAGE);
	ring = mmap(NULL, ring_bytes, RW, MAP_SHARED, object, IPCX_MMAP_RING);
	assert_ptr_not_equal(ring, MAP_FAILED);

	if (!strcmp(file_name, "fdinfo"))
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", object);
	else if (!strncmp(file_name, "objects/", 8))
		snprintf(path, sizeof(path), "/sys/kernel/debug/ipcx/objects/%llu%s",
			 (unsigned long long)object_stat(object).id, file_name + 7);
	else
		snprintf(path, sizeof(path), "/sys/kernel/debug/ipcx/%s", file_name);
	assert_int_equal(read_file(), 0);
	assert_int_not_equal(text[0] || strstr(path, "stuck"), 0);
	strcpy(reference, text);
}

static void reading_teardown(void)
{
	munmap(ring, ring_bytes);
	close_both();
}

static void test_reading(void **state)
{
	static const char *const files[] = {
		"fdinfo", "version", "limits", "users", "totals",
		"objects/stat", "objects/attachments", "objects/stuck",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		file_name = files[i];
		inject(&(struct fault_case) {
			.name = files[i], .setup = reading_setup, .call = read_file,
			.done = same_text, .teardown = reading_teardown,
			.errnos = { ENOMEM, EFAULT },
		});
	}
	no_complaints();
}

#define TEST_CASES(cases)						\
static void test_##cases(void **state)					\
{									\
	(void)state;							\
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)			\
		inject(&(cases)[i]);					\
	no_complaints();						\
}

TEST_CASES(making)
TEST_CASES(messages)
TEST_CASES(waiting)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_making),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_reading),
	};

	return fault_run(tests);
}
