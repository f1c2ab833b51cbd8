// SPDX-License-Identifier: GPL-2.0-only
/* Regions that ride along messages which mapped receivers read and spoil. */
#include <sys/resource.h>

#include "mapped.h"
#include "region.h"
#include "riders.h"

#define ANY_FLAGS	(IPCX_MSG_STAMPED | IPCX_MSG_FDS | \
			 IPCX_MSG_FDS_LOST | IPCX_MSG_REDELIVERED)

static uint64_t claim(const struct mapped *m)
{
	bool redelivered;
	uint64_t ticket = mapped_claim_recv(m, &redelivered);

	assert_int_not_equal(ticket, NO_TICKET);
	assert_false(redelivered);
	return ticket;
}

/* The slot's next message through SEND takes over what nobody took. */
static void test_slot_used_anew(void **state)
{
	struct ipcx_stat before;
	struct mapped m;
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), r = marked_region(1);
	uint64_t t;

	(void)state;
	mapped_open(&m, q);
	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	t = claim(&m);
	assert_int_equal(mapped_value(&m, t), 1);
	mapped_release(&m, t);
	before = object_stat(r);
	assert_int_equal(before.users, 2);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(object_stat(r).users, 2);
		assert_int_equal(send_u32(q, i, IPCX_NO_WAIT), 1);
		expect_u32(q, i);
	}
	assert_int_equal(object_stat(r).users, 1);
	mapped_close(&m);
	close(r);
	close(q);
}

static void test_take(void **state)
{
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), fds[4] = { -1, -1, -1, -1 };
	int r[2] = { marked_region(1), marked_region(2) };
	struct mapped m;
	uint64_t t;

	(void)state;
	mapped_open(&m, q);
	assert_int_equal(send_riders(q, 1, r, 2), 1);
	assert_int_equal(take(q, 0, fds, 4), -ESTALE);
	t = claim(&m);
	assert_int_equal(mapped_slot(&m, t)->sender,
			 IPCX_OWNER_KERNEL | IPCX_SLOT_FDS);
	assert_int_equal(take(q, t, fds, 1), -EMSGSIZE);
	assert_int_equal(take(q, t, (void *)0x1000, 2), -EFAULT);
	assert_int_equal(take(q, t + 4, fds, 4), -ESTALE);
	assert_int_equal(take(q, t + (1ULL << 48), fds, 4), -ESTALE);
	assert_int_equal(object_stat(r[0]).users, 2);
	assert_int_equal(take(q, t, fds, 4), 2);
	expect_mark(fds[0], 1);
	expect_mark(fds[1], 2);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fds[2], -1);
	assert_int_equal(take(q, t, fds, 4), 0);
	mapped_release(&m, t);
	assert_int_equal(take(q, t, fds, 4), -ESTALE);
	close(fds[0]);
	close(fds[1]);
	mapped_close(&m);
	close(r[0]);
	close(r[1]);
	close(q);
}

static void test_take_of_a_plain_message(void **state)
{
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), fds[1];
	struct mapped m;
	uint64_t t;

	(void)state;
	mapped_open(&m, q);
	assert_int_equal(send_u32(q, 1, IPCX_NO_WAIT), 1);
	t = claim(&m);
	assert_int_equal(take(q, t, fds, 1), 0);
	mapped_release(&m, t);
	/* A sender's bit that the kernel knows nothing of. */
	t = mapped_claim_send(&m);
	mapped_commit(&m, t, 2);
	mapped_slot(&m, t)->sender |= IPCX_SLOT_FDS;
	t = claim(&m);
	assert_int_equal(take(q, t, fds, 1), 0);
	mapped_release(&m, t);
	mapped_close(&m);
	close(q);
}

static void test_take_by_others(void **state)
{
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), r = marked_region(1), fds[1];
	int sender = object_reopen(q, IPCX_RIGHT_SEND | IPCX_RIGHT_MAP);
	struct mapped m;
	uint64_t t;
	pid_t pid;

	(void)state;
	assert_int_equal(take(q, 0, fds, 1), -ENOTCONN);
	mapped_open(&m, q);
	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	t = claim(&m);
	assert_int_equal(take(sender, t, fds, 1), -EACCES);
	pid = child_fork();
	if (!pid) {
		struct mapped mine;

		assert_int_equal(take(q, t, fds, 1), -ENOTCONN);
		mapped_open(&mine, q);
		assert_int_equal(take(q, t, fds, 1), -ESTALE);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(take(q, t, fds, 1), 1);
	close(fds[0]);
	mapped_release(&m, t);
	mapped_close(&m);
	close(sender);
	close(r);
	close(q);
}

static void test_take_without_descriptors_left(void **state)
{
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), r = marked_region(1), fds[1];
	struct rlimit limit, none;
	struct mapped m;
	uint64_t t;

	(void)state;
	mapped_open(&m, q);
	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	t = claim(&m);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 3, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(take(q, t, fds, 1), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(take(q, t, fds, 1), 1);
	expect_mark(fds[0], 1);
	close(fds[0]);
	mapped_release(&m, t);
	mapped_close(&m);
	close(r);
	close(q);
}

/* A mapped receiver dies with the message: it comes again, with what rode on. */
static void receiver_dies(bool takes)
{
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), r = marked_region(5);
	_Atomic uint32_t *reading = shared_words();
	struct got got;
	pid_t pid;

	assert_int_equal(send_riders(q, 1, &r, 1), 1);
	close(r);
	pid = child_fork();
	if (!pid) {
		struct mapped m;
		uint64_t t;

		mapped_open(&m, q);
		t = claim(&m);
		if (takes)
			assert_int_equal(take(q, t, got.fds, 1), 1);
		*reading = 1;
		pause();
	}
	assert_soon(*reading);
	child_kill(pid);
	assert_int_equal(poll_long(q, POLLIN), POLLIN);
	assert_int_equal(recv_riders(q, &got, 1, 1), 1);
	assert_int_equal(got.msg.flags, IPCX_MSG_STAMPED | IPCX_MSG_REDELIVERED |
					(takes ? 0 : IPCX_MSG_FDS));
	assert_int_equal(got.msg.fd_count, !takes);
	if (!takes) {
		expect_mark(got.fds[0], 5);
		close(got.fds[0]);
	}
	assert_soon(regions_alive() == 0);
	shared_free(reading);
	close(q);
}

static void test_receiver_dies_before_taking(void **state)
{
	(void)state;
	receiver_dies(false);
}

static void test_receiver_dies_after_taking(void **state)
{
	(void)state;
	receiver_dies(true);
}

/* A spoiled ring can misdirect what rides on it, and nothing more. */
static void test_scribbled_ring(void **state)
{
	int q = riding_queue(IPCX_QUEUE_MAPPABLE), fds[IPCX_FDS_MAX];
	struct mapped m;
	unsigned int seed = 1;

	(void)state;
	mapped_open(&m, q);
	for (int round = 0; round < 2000; round++) {
		char buf[RIDERS_SLOT];
		struct got got;
		uint64_t t = (uint64_t)(rand_r(&seed) % 8);
		struct ipcx_slot *slot = mapped_slot(&m, t);
		int rc, r = region_create(NULL, PAGE, 0, 0600);

		send_riders(q, 1, (int[]){ r, r }, 2);
		close(r);
		slot->sender = (uint32_t)rand_r(&seed) | IPCX_SLOT_FDS;
		slot->len = sizeof(uint32_t);
		*(uint32_t *)(slot + 1) = 1;
		__atomic_store_n(&slot->word,
				 ipcx_word(t, round % 3 ? m.me : 1,
					   rand_r(&seed) % 6),
				 __ATOMIC_SEQ_CST);
		rc = take(q, t, fds, IPCX_FDS_MAX);
		for (int i = 0; i < rc; i++)
			close(fds[i]);
		memset(&got, 0, sizeof(got));
		got.msg = (struct ipcx_msg) {
			.buf = (uintptr_t)buf,
			.len = RIDERS_SLOT, .fds = (uintptr_t)got.fds,
			.fd_count = 2,
		};
		if (transfer(q, IPCX_IOC_RECV, &got.msg, 1, 0) == 1) {
			assert_int_equal(got.msg.flags & ~ANY_FLAGS, 0);
			for (uint32_t i = 0; i < got.msg.fd_count; i++)
				close(got.fds[i]);
		}
		/* Each slot carries the riders of one message at most. */
		assert_in_range(regions_alive(), 0, 4);
	}
	mapped_close(&m);
	close(q);
	assert_soon(regions_alive() == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slot_used_anew),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_take_of_a_plain_message),
		cmocka_unit_test(test_take_by_others),
		cmocka_unit_test(test_take_without_descriptors_left),
		cmocka_unit_test(test_receiver_dies_before_taking),
		cmocka_unit_test(test_receiver_dies_after_taking),
		cmocka_unit_test(test_scribbled_ring),
	};

	return guest_run(tests);
}
