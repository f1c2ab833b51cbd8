// SPDX-License-Identifier: GPL-2.0-only
/* Mapped rings: how they map, what the kernel page says, waiting and waking. */
#include "mapped.h"

#include <sys/epoll.h>
#include <sys/uio.h>

#define RW	(PROT_READ | PROT_WRITE)
#define SLOTS	4

static int mappable(const char *name, uint32_t flags)
{
	int fd = queue(name, .slots = SLOTS,
		       .flags = flags | IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	return fd;
}

static size_t ring_bytes(int fd)
{
	const struct ipcx_kpage *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					     fd, IPCX_MMAP_KPAGE);
	size_t bytes;

	assert_ptr_not_equal(page, MAP_FAILED);
	bytes = page->ring_bytes;
	munmap((void *)page, PAGE);
	return bytes;
}

static int map_error(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	void *addr = mmap(NULL, bytes, prot, flags, fd, offset);

	assert_ptr_equal(addr, MAP_FAILED);
	return -errno;
}

static void test_kernel_page(void **state)
{
	int fd = queue(NULL, .slots = 8, .slot_size = 100, .lanes = 3,
		       .flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_HANGUP);
	const struct ipcx_kpage *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					     fd, IPCX_MMAP_KPAGE);

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(page->version, IPCX_RING_VERSION);
	assert_int_equal(page->queue_flags,
			 IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_HANGUP);
	assert_int_equal(page->lanes, 3);
	assert_int_equal(page->slots, 8);
	assert_int_equal(page->slot_size, 100);
	assert_true(page->stride >= sizeof(struct ipcx_slot) + 100);
	assert_int_equal(page->stride % IPCX_SLOT_ALIGN, 0);
	assert_int_equal(page->slots_offset % IPCX_SLOT_ALIGN, 0);
	assert_true(page->slots_offset >=
		    IPCX_RING_LANES + 3 * sizeof(struct ipcx_lane));
	assert_true(page->ring_bytes >=
		    page->slots_offset + 3 * 8 * (uint64_t)page->stride);
	assert_int_equal(page->ring_bytes % PAGE, 0);
	assert_int_equal(page->hangup, 0);
	for (size_t i = sizeof(*page); i < PAGE; i++)
		assert_int_equal(((const uint8_t *)page)[i], 0);
	munmap((void *)page, PAGE);
	close(fd);
}

static void test_kernel_page_is_read_only(void **state)
{
	int fd = mappable(NULL, 0);
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
			  IPCX_MMAP_KPAGE);
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, IPCX_MMAP_KPAGE),
			 -EACCES);
	assert_int_equal(mprotect(page, PAGE, RW), -1);
	assert_int_equal(errno, EACCES);
	pid = child_fork();
	if (!pid) {
		/* Nor is it inherited: who forks maps for itself. */
		assert_int_equal(msync(page, PAGE, MS_ASYNC), -1);
		assert_int_equal(errno, ENOMEM);
		child_done();
	}
	child_ok(pid);
	munmap(page, PAGE);
	close(fd);
}

static void test_mapped_whole_or_not_at_all(void **state)
{
	int fd = queue(NULL, .slots = 64, .slot_size = 256,
		       .flags = IPCX_QUEUE_MAPPABLE);
	size_t bytes = ring_bytes(fd);
	const struct {
		size_t bytes;
		int flags;
		off_t offset;
	} bad[] = {
		{ bytes - PAGE, MAP_SHARED, IPCX_MMAP_RING },
		{ bytes + PAGE, MAP_SHARED, IPCX_MMAP_RING },
		{ bytes, MAP_PRIVATE, IPCX_MMAP_RING },
		{ bytes, MAP_SHARED, IPCX_MMAP_RING + PAGE },
		{ bytes, MAP_SHARED, PAGE },
		{ bytes, MAP_SHARED, 2L * IPCX_MMAP_RING },
		{ 2 * PAGE, MAP_SHARED, IPCX_MMAP_KPAGE },
		{ PAGE, MAP_PRIVATE, IPCX_MMAP_KPAGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int rc = map_error(fd, bad[i].bytes, PROT_READ, bad[i].flags,
				   bad[i].offset);

		if (rc != -EINVAL)
			fail_msg("mapping %zu: %d", i, rc);
	}
	assert_int_equal(object_stat(fd).attachments, 0);
	assert_int_equal(mapped_attachment(fd), -ENOTCONN);
	close(fd);
}

static void test_needs_the_right_and_the_flag(void **state)
{
	int fd = mappable(NULL, 0);
	size_t bytes = ring_bytes(fd);
	int narrow = object_reopen(fd, IPCX_RIGHT_SEND | IPCX_RIGHT_RECV |
				   IPCX_RIGHT_ADMIN);
	int plain = queue(NULL, .slots = SLOTS);

	(void)state;
	assert_int_equal(map_error(narrow, PAGE, PROT_READ, MAP_SHARED,
				   IPCX_MMAP_KPAGE), -EACCES);
	assert_int_equal(map_error(narrow, bytes, RW, MAP_SHARED,
				   IPCX_MMAP_RING), -EACCES);
	/* The flag gives the right; without it there is none to be had. */
	assert_int_equal(object_stat(plain).rights & IPCX_RIGHT_MAP, 0);
	assert_int_equal(object_reopen(plain, IPCX_RIGHT_MAP), -EACCES);
	assert_int_equal(map_error(plain, bytes, RW, MAP_SHARED,
				   IPCX_MMAP_RING), -EACCES);
	close(narrow);
	close(plain);
	close(fd);
}

static void test_cannot_be_split_or_grown(void **state)
{
	int fd = queue(NULL, .slots = 64, .slot_size = 256,
		       .flags = IPCX_QUEUE_MAPPABLE);
	struct mapped m;
	size_t bytes;

	(void)state;
	mapped_open(&m, fd);
	bytes = m.kpage->ring_bytes;
	assert_true(bytes >= 3 * PAGE);

	assert_int_equal(munmap(m.ring, PAGE), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(munmap((char *)m.ring + bytes - PAGE, PAGE), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(munmap((char *)m.ring + PAGE, PAGE), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(mprotect((char *)m.ring + PAGE, PAGE, PROT_READ), -1);
	assert_ptr_equal(mremap(m.ring, bytes, bytes + PAGE, MREMAP_MAYMOVE),
			 MAP_FAILED);
	assert_ptr_equal(mremap(m.ring, bytes, bytes - PAGE, 0), MAP_FAILED);
	/* An old length of 0 asks for a second mapping of the same pages. */
	assert_ptr_equal(mremap(m.ring, 0, bytes, MREMAP_MAYMOVE), MAP_FAILED);
	assert_int_equal(madvise(m.ring, bytes, MADV_DOFORK), -1);

	assert_int_equal(object_stat(fd).attachments, 1);
	assert_int_equal(mapped_attachment(fd), m.me);
	assert_int_equal(mapped_send_u32(&m, 1, 0), 1);
	mapped_close(&m);
	close(fd);
}

static void test_moved_keeps_its_attachment(void **state)
{
	int fd = mappable(NULL, 0);
	struct mapped m;
	uint64_t ticket;
	size_t bytes;
	void *to;

	(void)state;
	mapped_open(&m, fd);
	bytes = m.kpage->ring_bytes;
	ticket = mapped_claim_send(&m);
	to = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	to = mremap(m.ring, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	assert_ptr_not_equal(to, MAP_FAILED);
	m.ring = to;
	assert_int_equal(mapped_attachment(fd), m.me);
	assert_int_equal(object_stat(fd).attachments, 1);
	assert_int_equal(object_stat(fd).repairing, 0);
	mapped_commit(&m, ticket, 3);
	mapped_close(&m);
	close(fd);
}

static void test_fork_does_not_inherit(void **state)
{
	int fd = mappable(NULL, 0);
	struct mapped m;
	pid_t pid;

	(void)state;
	mapped_open(&m, fd);
	pid = child_fork();
	if (!pid) {
		struct mapped own;

		assert_int_equal(msync(m.ring, PAGE, MS_ASYNC), -1);
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(mapped_attachment(fd), -ENOTCONN);
		mapped_open(&own, fd);
		assert_int_not_equal(own.me, m.me);
		assert_int_equal(object_stat(fd).attachments, 2);
		child_done();
	}
	child_ok(pid);
	assert_soon(object_stat(fd).attachments == 1);
	assert_int_equal(mapped_attachment(fd), m.me);
	mapped_close(&m);
	close(fd);
}

static void test_attachment_is_one_for_an_address_space(void **state)
{
	int fd = mappable("shared", 0);
	int other = object_open("shared", IPCX_KIND_QUEUE, 0);
	struct mapped first, second, again;

	(void)state;
	assert_int_equal(mapped_attachment(fd), -ENOTCONN);
	mapped_open(&first, fd);
	mapped_open(&second, other);
	assert_int_equal(first.me, second.me);
	assert_int_equal(object_stat(fd).attachments, 1);
	mapped_close(&first);
	assert_int_equal(mapped_attachment(fd), second.me);
	mapped_close(&second);
	assert_int_equal(mapped_attachment(fd), -ENOTCONN);
	assert_int_equal(object_stat(fd).attachments, 0);

	mapped_open(&again, fd);
	assert_int_not_equal(again.me, first.me);
	mapped_close(&again);
	close(other);
	close(fd);
}

static void test_mapping_outlives_the_descriptor(void **state)
{
	int fd = mappable("outlived", 0);
	struct mapped m;
	uint32_t value;

	(void)state;
	mapped_open(&m, fd);
	close(fd);
	assert_int_equal(mapped_send_u32(&m, 4, IPCX_NO_WAIT), 1);
	fd = object_open("outlived", IPCX_KIND_QUEUE, 0);
	assert_true(fd >= 0);
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(value, 4);
	close(fd);
	mapped_close(&m);
	assert_soon(object_open("outlived", IPCX_KIND_ANY, 0) == -ENOENT);
}

/* Pages that I/O could write to after the detach must not be had. */
static void test_pages_cannot_be_pinned(void **state)
{
	int fd = mappable(NULL, 0);
	struct iovec local, remote;
	struct mapped m;
	int out[2];
	char byte;

	(void)state;
	mapped_open(&m, fd);
	assert_int_equal(pipe(out), 0);
	local = (struct iovec){ m.ring, PAGE };
	assert_int_equal(vmsplice(out[1], &local, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	/* It pins what it reads from another process, or from this one. */
	local = (struct iovec){ &byte, 1 };
	remote = (struct iovec){ m.ring, 1 };
	assert_int_equal(process_vm_readv(getpid(), &local, 1, &remote, 1, 0),
			 -1);
	assert_int_equal(errno, EFAULT);
	close(out[0]);
	close(out[1]);
	mapped_close(&m);
	close(fd);
}

/* Every mix of the two ways in, over many rounds of the ring. */
static void test_mapped_and_mediated_mix(void **state)
{
	enum { MESSAGES = 300 };

	(void)state;
	for (int mix = 0; mix < 4; mix++) {
		int fd = mappable(NULL, 0);
		pid_t pid = child_fork();
		struct mapped m;
		uint32_t value = 0;

		mapped_open(&m, fd);
		if (!pid) {
			for (uint32_t i = 0; i < MESSAGES; i++)
				assert_int_equal(mix & 1 ?
					mapped_send_u32(&m, i, in_ms(LONG_ENOUGH)) :
					send_u32(fd, i, in_ms(LONG_ENOUGH)), 1);
			child_done();
		}
		for (uint32_t i = 0; i < MESSAGES; i++) {
			assert_int_equal(mix & 2 ?
				mapped_recv_u32(&m, &value, in_ms(LONG_ENOUGH)) :
				recv_u32(fd, &value, in_ms(LONG_ENOUGH)), 1);
			assert_int_equal(value, i);
		}
		child_ok(pid);
		assert_int_equal(object_stat(fd).sent, MESSAGES);
		assert_int_equal(object_stat(fd).received, MESSAGES);
		assert_int_equal(object_stat(fd).depth, 0);
		assert_int_equal(object_stat(fd).corrupt, 0);
		mapped_close(&m);
		close(fd);
	}
}

static void test_mapped_message_has_no_stamp(void **state)
{
	int fd = mappable(NULL, 0);
	struct ipcx_msg msg;
	struct mapped m;
	uint8_t buf[64];

	(void)state;
	/* A stamp of the slot's message before must not stick to this one. */
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_int_equal(send_u32(fd, i, 0), 1);
		assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, 0), 1);
	}
	mapped_open(&m, fd);
	assert_int_equal(mapped_send_u32(&m, 1, 0), 1);
	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, 0), 1);
	assert_int_equal(msg.flags, 0);
	assert_int_equal(msg.sender, m.me);
	assert_int_equal(msg.pid, 0);
	assert_int_equal(msg.ticket, SLOTS);
	mapped_close(&m);
	close(fd);
}

static void test_sleepers_are_counted(void **state)
{
	int fd = mappable(NULL, 0);
	struct mapped m;
	uint32_t value = 0;
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(recv_u32(fd, &value, in_ms(LONG_ENOUGH)), 1);
		assert_int_equal(value, 8);
		child_done();
	}
	mapped_open(&m, fd);
	assert_soon(m.kpage->count[IPCX_DIR_RECV] == 1);
	assert_int_equal(m.kpage->count[IPCX_DIR_SEND], 0);
	/* The publisher sees the count and asks for the WAKE. */
	assert_int_equal(mapped_send_u32(&m, 8, 0), 1);
	child_ok(pid);
	assert_int_equal(m.kpage->count[IPCX_DIR_RECV], 0);

	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(mapped_send_u32(&m, i, 0), 1);
	assert_int_equal(mapped_send_u32(&m, 9, 0), -EAGAIN);
	pid = child_fork();
	if (!pid) {
		assert_int_equal(send_u32(fd, 9, in_ms(LONG_ENOUGH)), 1);
		child_done();
	}
	assert_soon(m.kpage->count[IPCX_DIR_SEND] == 1);
	assert_int_equal(mapped_recv_u32(&m, &value, 0), 1);
	child_ok(pid);
	assert_int_equal(m.kpage->count[IPCX_DIR_SEND], 0);
	mapped_close(&m);
	close(fd);
}

static void test_pollers_arm_and_wakes_disarm(void **state)
{
	int fd = mappable(NULL, 0);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	assert_int_equal(m.kpage->armed[IPCX_DIR_RECV], 0);
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_int_equal(epoll_wait(ep, &event, 1, 0), 0);
		assert_int_not_equal(m.kpage->armed[IPCX_DIR_RECV], 0);
		assert_int_equal(mapped_send_u32(&m, i, 0), 1);
		/* Not again before somebody polls. */
		assert_int_equal(m.kpage->armed[IPCX_DIR_RECV], 0);
		assert_int_equal(epoll_wait(ep, &event, 1, LONG_ENOUGH), 1);
		assert_int_equal(event.events, EPOLLIN);
	}
	assert_int_equal(m.kpage->armed[IPCX_DIR_SEND], 0);
	assert_int_equal(poll_now(fd, POLLOUT), 0);
	assert_int_not_equal(m.kpage->armed[IPCX_DIR_SEND], 0);
	close(ep);
	mapped_close(&m);
	close(fd);
}

static void test_hangup_word(void **state)
{
	int fd = mappable("sides", IPCX_QUEUE_HANGUP);
	int view = object_reopen(fd, IPCX_RIGHT_MAP);
	int send = object_reopen(fd, IPCX_RIGHT_SEND);
	int recv = object_reopen(fd, IPCX_RIGHT_RECV);
	struct mapped m;

	(void)state;
	/* Who maps with neither right is on neither side. */
	mapped_open(&m, view);
	close(fd);
	assert_int_equal(m.kpage->hangup, 0);
	close(send);
	assert_int_equal(m.kpage->hangup, IPCX_HANGUP_RECV);
	close(recv);
	assert_int_equal(m.kpage->hangup, IPCX_HANGUP_RECV | IPCX_HANGUP_SEND);

	/* A mapping keeps its descriptor's side, closed or not. */
	fd = object_open("sides", IPCX_KIND_QUEUE, 0);
	mapped_close(&m);
	mapped_open(&m, fd);
	close(fd);
	assert_int_equal(m.kpage->hangup, 0);
	mapped_close(&m);
	close(view);
}

static void test_live_abort_is_skipped(void **state)
{
	int fd = mappable(NULL, 0);
	struct mapped m;
	uint32_t value = 0;
	uint64_t ticket;

	(void)state;
	mapped_open(&m, fd);
	assert_int_equal(mapped_send_u32(&m, 1, 0), 1);
	ticket = mapped_claim_send(&m);
	assert_int_equal(mapped_send_u32(&m, 2, 0), 1);
	mapped_abort(&m, ticket);
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(recv_u32(fd, &value, 0), 1);
		assert_int_equal(value, i);
	}
	assert_int_equal(recv_u32(fd, &value, 0), -EAGAIN);
	assert_int_equal(object_stat(fd).aborted, 1);
	assert_int_equal(object_stat(fd).sent, 2);
	assert_int_equal(object_stat(fd).received, 2);
	mapped_close(&m);
	close(fd);
}

/* A lone ABORTED slot in the tail's way is room: no receiver need come by. */
static void test_senders_skip_what_was_aborted(void **state)
{
	int fd = mappable(NULL, 0);
	uint64_t tickets[SLOTS];
	struct mapped m;

	(void)state;
	mapped_open(&m, fd);
	for (int i = 0; i < SLOTS; i++)
		tickets[i] = mapped_claim_send(&m);
	assert_int_equal(send_u32(fd, 9, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, 0), -EAGAIN);
	for (int i = 0; i < SLOTS; i++)
		mapped_abort(&m, tickets[i]);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, 0), 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	for (uint32_t i = 0, value; i < SLOTS; i++) {
		assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
		assert_int_equal(value, i);
	}
	mapped_close(&m);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_page),
		cmocka_unit_test(test_kernel_page_is_read_only),
		cmocka_unit_test(test_mapped_whole_or_not_at_all),
		cmocka_unit_test(test_needs_the_right_and_the_flag),
		cmocka_unit_test(test_cannot_be_split_or_grown),
		cmocka_unit_test(test_moved_keeps_its_attachment),
		cmocka_unit_test(test_fork_does_not_inherit),
		cmocka_unit_test(test_attachment_is_one_for_an_address_space),
		cmocka_unit_test(test_mapping_outlives_the_descriptor),
		cmocka_unit_test(test_pages_cannot_be_pinned),
		cmocka_unit_test(test_mapped_and_mediated_mix),
		cmocka_unit_test(test_mapped_message_has_no_stamp),
		cmocka_unit_test(test_sleepers_are_counted),
		cmocka_unit_test(test_pollers_arm_and_wakes_disarm),
		cmocka_unit_test(test_hangup_word),
		cmocka_unit_test(test_live_abort_is_skipped),
		cmocka_unit_test(test_senders_skip_what_was_aborted),
	};

	return guest_run(tests);
}
