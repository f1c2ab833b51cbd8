// SPDX-License-Identifier: GPL-2.0-only
#include "load.h"
#include "peers.h"
#include "random.h"
#include "region.h"
#include "riders.h"
#include "../command.h"

#include <dirent.h>
#include <sched.h>

#include <ipcx/ipcx.h>

#define MESSAGES	64

static int kept_work = -1, kept_broadcast = -1;

static struct ipcx_queue *handle(int fd, uint32_t rights, bool mapped)
{
	struct ipcx_queue *q = NULL;

	if (mapped)
		rights |= IPCX_RIGHT_MAP;
	assert_int_equal(ipcx_queue_from_fd(object_reopen(fd, rights), &q), 0);
	return q;
}

/* ---- streams ---- */

static void send_stream(struct ipcx_queue *q, uint64_t *random)
{
	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct ipcx_loan loan;

		if (!ipcx_queue_is_mapped(q) || random64(random) % 2) {
			assert_int_equal(ipcx_queue_send(q, &i, sizeof(i), 0), 0);
			continue;
		}
		assert_int_equal(ipcx_queue_reserve(q, 0, &loan), 0);
		if (random64(random) % 8 == 0) {
			assert_int_equal(ipcx_queue_abort(q, &loan), 0);
			assert_int_equal(ipcx_queue_reserve(q, 0, &loan), 0);
		}
		memcpy(loan.data, &i, sizeof(i));
		assert_int_equal(ipcx_queue_commit(q, &loan, sizeof(i)), 0);
	}
}

static void receive_stream(struct ipcx_queue *q)
{
	uint32_t buf[16];

	for (uint32_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(ipcx_queue_recv(q, buf, sizeof(buf), NULL),
				 sizeof(*buf));
		assert_int_equal(buf[0], i);
	}
}

/* In order and complete, over a random queue; then the end of the stream. */
static void stream(uint64_t *random)
{
	uint64_t r = random64(random);
	int fd = queue(NULL, .slots = 1 << r % 7, .lanes = 1 + (r >> 8) % 4,
		       .flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_HANGUP);
	struct ipcx_queue *in = handle(fd, IPCX_RIGHT_RECV, r & 1 << 16);
	struct ipcx_queue *out = handle(fd, IPCX_RIGHT_SEND, false);
	pid_t pid = child_fork();
	uint32_t buf[16];

	if (!pid) {
		send_stream(handle(fd, IPCX_RIGHT_SEND, r & 1 << 17), random);
		child_done();
	}
	receive_stream(in);
	child_ok(pid);
	close(fd);
	assert_int_equal(ipcx_queue_recv_try(in, buf, sizeof(buf), NULL), -EAGAIN);
	ipcx_queue_close(out);
	assert_int_equal(ipcx_queue_recv(in, buf, sizeof(buf), NULL), -EPIPE);
	ipcx_queue_close(in);
}

/* Each subscriber gets all that the ring can hold. */
static void broadcast(uint64_t *random)
{
	int fd = queue(NULL, .slots = MESSAGES, .flags = IPCX_QUEUE_MAPPABLE |
		       IPCX_QUEUE_BROADCAST);
	struct ipcx_queue *mapped = handle(fd, IPCX_RIGHT_RECV, true);
	struct ipcx_queue *mediated = handle(fd, IPCX_RIGHT_RECV, false);
	pid_t pid = child_fork();

	if (!pid) {
		struct ipcx_queue *out = handle(fd, IPCX_RIGHT_SEND,
						random64(random) % 2);

		for (uint32_t i = 0; i < MESSAGES; i++)
			assert_int_equal(ipcx_queue_send(out, &i, sizeof(i), 0), 0);
		child_done();
	}
	receive_stream(mapped);
	receive_stream(mediated);
	child_ok(pid);
	assert_int_equal(ipcx_queue_missed(mapped), 0);
	ipcx_queue_close(mapped);
	ipcx_queue_close(mediated);
	close(fd);
}

/* A full lane drops, and counts what. */
static void overflow(uint64_t *random)
{
	uint32_t slots = 1 << random64(random) % 5, n = MESSAGES;
	int fd = queue(NULL, .slots = slots, .flags = IPCX_QUEUE_MAPPABLE |
		       IPCX_QUEUE_DROP_OLDEST);
	struct ipcx_queue *q = handle(fd, IPCX_RIGHT_SEND, random64(random) % 2);

	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(ipcx_queue_send_try(q, &i, sizeof(i), 0), 0);
	assert_true(poll_now(fd, POLLIN) & POLLIN);
	for (uint32_t i = n - slots; i < n; i++)
		expect_u32(fd, i);
	expect_empty(fd);
	assert_int_equal(object_stat(fd).dropped, n - slots);
	assert_int_equal(queue_wait(fd, IPCX_DIR_RECV, 0, in_ms(1)), -ETIMEDOUT);
	ipcx_queue_close(q);
	close(fd);
}

/* ---- regions, alone and riding ---- */

static void region(uint64_t *random)
{
	int file = memfd_create("load", MFD_CLOEXEC);
	bool own = random64(random) % 2;
	uint8_t *mem, mark = 1 + random64(random) % 255;
	pid_t pid;
	int fd;

	assert_int_equal(ftruncate(file, 4 * PAGE), 0);
	fd = own ? region_create(NULL, 4 * PAGE, 0, 0600) :
		   region_over(NULL, file, 0, 0600);
	assert_true(fd >= 0);
	close(file);
	mem = map(fd, 4 * PAGE, RW);
	pid = child_fork();
	if (!pid) {
		memset(mem, mark, 4 * PAGE);
		munmap(mem + PAGE, PAGE);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(mem[4 * PAGE - 1], mark);
	if (own)
		assert_int_equal(region_resize(fd, PAGE), -EBUSY);
	munmap(mem + PAGE, 2 * PAGE);
	munmap(mem, 4 * PAGE);
	if (own) {
		assert_int_equal(region_resize(fd, 8 * PAGE), 0);
		assert_int_equal(region_seal(fd, IPCX_SEAL_READONLY), 0);
		mem = map(fd, 8 * PAGE, PROT_READ);
		assert_int_equal(*mem, mark);
		munmap(mem, 8 * PAGE);
	}
	close(fd);
}

/* Some are taken, some do not fit, some are left when the queue goes. */
static void riders(uint64_t *random)
{
	int fd = riding_queue(0);
	uint8_t mark = random64(random);
	int fds[2] = { marked_region(mark), marked_region(mark + 1) };
	uint32_t left = random64(random) % 3;
	struct got got;

	for (uint32_t i = 0; i < 2 + left; i++)
		assert_int_equal(send_riders(fd, i, fds, 2), 1);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(recv_riders(fd, &got, 2, 0), 1);
	assert_int_equal(got.msg.fd_count, 2);
	for (int i = 0; i < 2; i++) {
		expect_mark(got.fds[i], mark + i);
		close(got.fds[i]);
	}
	assert_int_equal(recv_riders(fd, &got, 1, 1), 1);
	assert_int_equal(got.msg.fd_count, 1);
	assert_true(got.msg.flags & IPCX_MSG_FDS_LOST);
	close(got.fds[0]);
	close(fd);
}

/* ---- names ---- */

static void use_names(const char *name, uint32_t kind, uint32_t flags)
{
	int fd = kind == IPCX_KIND_REGION ? region_create(name, PAGE, flags, 0600) :
					    queue(name, .flags = flags);
	int other;

	assert_true(fd >= 0);
	assert_int_equal(region_create(name, PAGE, IPCX_CREATE_EXCL, 0600), -EEXIST);
	assert_int_equal(object_setattr(fd, IPCX_SET_MODE, 0640, 0, 0), 0);
	close(fd);
	other = object_open(name, kind, 0);
	if (flags & IPCX_CREATE_PERSIST) {
		assert_true(other >= 0);
		assert_int_equal(object_stat(other).mode, 0640);
		assert_int_equal(object_unlink(name), 0);
		close(other);
	} else {
		/* Goes with its last descriptor, in a moment. */
		if (other >= 0)
			close(other);
		else
			assert_int_equal(other, -ENOENT);
	}
}

static void names(uint64_t *random)
{
	static const uint32_t kinds[] = { IPCX_KIND_REGION, IPCX_KIND_QUEUE };
	char name[32];

	snprintf(name, sizeof(name), "load-%016lx", (unsigned long)random64(random));
	use_names(name, kinds[random64(random) % 2], 0);
	name[0]++;
	use_names(name, kinds[random64(random) % 2], IPCX_CREATE_PERSIST);
}

/* What is kept in a namespace goes with it. */
static void namespace(uint64_t *random)
{
	pid_t pid = child_fork();

	(void)random;
	if (!pid) {
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		reopen_ctl();
		close(region_create("load", PAGE, IPCX_CREATE_PERSIST, 0600));
		close(queue("load-queue", .flags = IPCX_CREATE_PERSIST));
		assert_true(object_open("load", IPCX_KIND_REGION, 0) >= 0);
		child_done();
	}
	child_ok(pid);
}

/* ---- deaths ---- */

static void receive_again(int fd, uint32_t value)
{
	uint32_t got[16];
	struct ipcx_msg msg;

	assert_int_equal(recv_msg(fd, got, sizeof(got), &msg,
				  in_ms(LONG_ENOUGH)), 1);
	assert_true(msg.flags & IPCX_MSG_REDELIVERED);
	assert_int_equal(got[0], value);
}

/* Who has one message, and is about to send another, is killed. */
static void death(uint64_t *random)
{
	bool kept = kept_work >= 0 && random64(random) % 2;
	int fd = kept ? dup(kept_work) : queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	uint64_t aborted = object_stat(fd).aborted;
	_Atomic uint32_t *ready = shared_words();
	pid_t pid;

	assert_int_equal(send_u32(fd, 42, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *q = handle(fd, IPCX_RIGHT_SEND | IPCX_RIGHT_RECV,
					      true);
		struct ipcx_loan taken, unsent;

		assert_int_equal(ipcx_queue_acquire(q, &taken), 0);
		assert_int_equal(ipcx_queue_reserve(q, 0, &unsent), 0);
		*ready = 1;
		for (;;)
			pause();
	}
	assert_soon(*ready);
	child_kill(pid);
	receive_again(fd, 42);
	assert_soon(!object_stat(fd).repairing);
	assert_int_equal(object_stat(fd).aborted, aborted + 1);
	expect_empty(fd);
	close(fd);
	shared_free(ready);
}

/* ---- looking ---- */

static void read_all(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	/* It may have gone since it was listed. */
	if (fd < 0)
		return;
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void read_objects(void)
{
	DIR *objects = opendir("/sys/kernel/debug/ipcx/objects");
	struct dirent *entry;
	char path[512];

	assert_non_null(objects);
	while ((entry = readdir(objects))) {
		static const char *const files[] = { "stat", "attachments", "stuck" };

		if (entry->d_name[0] == '.')
			continue;
		for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(path, sizeof(path),
				 "/sys/kernel/debug/ipcx/objects/%s/%s",
				 entry->d_name, files[i]);
			read_all(path);
		}
	}
	closedir(objects);
}

static void look(uint64_t *random)
{
	int fd = kept_work >= 0 ? kept_work : ctl;
	struct ipcx_stat stats[8];
	char path[64];

	read_all("/sys/kernel/debug/ipcx/totals");
	read_all("/sys/kernel/debug/ipcx/users");
	read_objects();
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	read_all(path);
	assert_true(object_list(stats, ARRAY_SIZE(stats), 0) >= 0);
	if (kept_broadcast >= 0 && random64(random) % 4 == 0) {
		struct ipcx_queue *q = handle(kept_broadcast, IPCX_RIGHT_RECV, true);
		struct ipcx_event events[16];
		struct ipcx_peer peers[4];

		assert_true(peers_get(kept_broadcast, 0, peers, 4) >= 1);
		events_rewind(kept_broadcast, events, 16, NULL);
		ipcx_queue_close(q);
	}
	if (random64(random) % 8)
		return;
	assert_int_equal(sh("ipcxctl ls >/dev/null").status, 0);
	assert_int_equal(sh("ipcxstat --json --by-process >/dev/null").status, 0);
}

const struct load loads[LOADS] = {
	{ "stream", stream },
	{ "broadcast", broadcast },
	{ "overflow", overflow },
	{ "region", region },
	{ "riders", riders },
	{ "names", names },
	{ "namespace", namespace },
	{ "death", death },
	{ "look", look },
};

void load_keep(void)
{
	kept_work = queue("kept-work", .flags = IPCX_QUEUE_MAPPABLE);
	kept_broadcast = queue("kept-broadcast",
			       .flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST);
	assert_true(kept_work >= 0 && kept_broadcast >= 0);
}

void load_forget(void)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };

	close(kept_work);
	close(kept_broadcast);
	kept_work = -1;
	kept_broadcast = -1;
	while (ipcx_list_next(&stat) > 0)
		if (stat.create_flags & IPCX_CREATE_PERSIST)
			assert_int_equal(ipcx_unlink(stat.name, IPCX_KIND_ANY), 0);
}
