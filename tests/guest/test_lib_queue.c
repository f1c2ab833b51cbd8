// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/queue.h> with the module, within one process. */
#include "lib.h"

#include <pthread.h>

static void geometry_is_told(void **state)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options), .flags = IPCX_QUEUE_MAPPABLE,
		.mode = 0660, .lanes = 3,
	};
	struct ipcx_queue *q;
	struct ipcx_stat st;

	(void)state;
	assert_int_equal(ipcx_queue_create(NULL, 5, 100, &options, &q), 0);
	assert_int_equal(ipcx_queue_slots(q), 8);
	assert_int_equal(ipcx_queue_slot_size(q), 100);
	assert_int_equal(ipcx_queue_lanes(q), 3);
	assert_true(ipcx_queue_is_mapped(q));
	st = stat_q(q);
	assert_int_equal(st.slots, 8);
	assert_int_equal(st.mode, 0660);
	assert_int_equal(st.attachments, 1);
	assert_int_equal(fcntl(ipcx_queue_fd(q), F_GETFD), FD_CLOEXEC);
	ipcx_queue_close(q);

	assert_int_equal(ipcx_queue_create(NULL, 1, 1, NULL, &q), 0);
	assert_int_equal(ipcx_queue_slots(q), 1);
	assert_int_equal(ipcx_queue_lanes(q), 1);
	assert_false(ipcx_queue_is_mapped(q));
	assert_int_equal(stat_q(q).mode, 0600);
	ipcx_queue_close(q);
}

static void bad_geometry_is_refused(void **state)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options), .lanes = IPCX_LANES_MAX + 1,
	};
	struct ipcx_queue *q = NULL;
	int before = open_fds();

	(void)state;
	assert_int_equal(ipcx_queue_create(NULL, 0, 1, NULL, &q), -EINVAL);
	assert_int_equal(ipcx_queue_create(NULL, 1, 0, NULL, &q), -EINVAL);
	assert_int_equal(ipcx_queue_create(NULL, 1U << 31, 1, NULL, &q), -EFBIG);
	assert_int_equal(ipcx_queue_create(NULL, 1, 1, &options, &q), -EINVAL);
	options.lanes = 1;
	options.flags = 1U << 31;
	assert_int_equal(ipcx_queue_create(NULL, 1, 1, &options, &q), -EINVAL);
	assert_null(q);
	assert_int_equal(open_fds(), before);
}

static void descriptor_is_taken_over_on_success_only(void **state)
{
	int before = open_fds();
	int region = region_create(NULL, PAGE, 0, 0600);
	int fd = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	struct ipcx_queue *q = NULL;

	(void)state;
	assert_int_equal(ipcx_queue_from_fd(region, &q), -EPROTOTYPE);
	assert_int_equal(ipcx_queue_from_fd(ctl, &q), -ENOTTY);
	assert_null(q);
	assert_int_equal(close(region), 0);

	assert_int_equal(ipcx_queue_from_fd(fd, &q), 0);
	assert_int_equal(ipcx_queue_fd(q), fd);
	ipcx_queue_close(q);
	assert_int_equal(open_fds(), before);
}

static void message_goes_through(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	char buf[SLOT_SIZE];
	struct ipcx_msg msg;

	errno = 4321;
	assert_int_equal(ipcx_queue_send(q, "hello", 5, 0), 0);
	assert_int_equal(ipcx_queue_send(q, NULL, 0, 0), 0);
	memset(&msg, POISON, sizeof(msg));
	assert_int_equal(ipcx_queue_recv(q, buf, sizeof(buf), &msg), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(msg.buf, (uintptr_t)buf);
	assert_int_equal(msg.len, 5);
	assert_int_equal(msg.lane, 0);
	assert_int_equal(msg.ticket, 0);
	assert_int_equal(msg.pad, 0);
	if (path_of(state) == MEDIATED) {
		assert_int_equal(msg.flags, IPCX_MSG_STAMPED);
		assert_int_equal(msg.pid, getpid());
		assert_int_equal(msg.sender, IPCX_OWNER_KERNEL);
	} else {
		assert_int_equal(msg.flags, 0);
		assert_int_equal(msg.pid, 0);
		assert_true(msg.sender >= IPCX_OWNER_FIRST);
	}
	assert_int_equal(ipcx_queue_recv(q, buf, sizeof(buf), NULL), 0);
	assert_int_equal(ipcx_queue_recv_try(q, buf, sizeof(buf), NULL), -EAGAIN);
	assert_int_equal(errno, 4321);
	ipcx_queue_close(q);
}

static void try_and_timed_give_up(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	uint64_t deadline = in_ms(SHORT);

	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(get(q, NULL, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);
	assert_int_equal(get(q, NULL, 1), -ETIMEDOUT);

	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(put(q, i, IPCX_NO_WAIT), i);
	assert_int_equal(put(q, 4, IPCX_NO_WAIT), -EAGAIN);
	deadline = in_ms(SHORT);
	assert_int_equal(put(q, 4, deadline), -ETIMEDOUT);
	assert_true(now_ns() >= deadline);
	assert_int_equal(stat_q(q).depth, 4);
	ipcx_queue_close(q);
}

static void nonblocking_descriptor_never_blocks(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);

	assert_int_equal(fcntl(ipcx_queue_fd(q), F_SETFL, O_RDWR | O_NONBLOCK), 0);
	assert_int_equal(get(q, NULL, IPCX_FOREVER), -EAGAIN);
	ipcx_queue_close(q);
}

static void sizes_and_lanes_are_checked(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 2);
	char buf[SLOT_SIZE + 1] = "";

	assert_int_equal(ipcx_queue_send(q, buf, SLOT_SIZE + 1, 0), -EMSGSIZE);
	assert_int_equal(ipcx_queue_send(q, buf, SIZE_MAX, 0), -EMSGSIZE);
	assert_int_equal(ipcx_queue_send(q, buf, 1, 2), -EINVAL);
	assert_int_equal(ipcx_queue_send(q, buf, SLOT_SIZE, 1), 0);
	assert_int_equal(ipcx_queue_recv(q, buf, SLOT_SIZE - 1, NULL), -EMSGSIZE);
	assert_int_equal(stat_q(q).sent, 1);
	assert_int_equal(stat_q(q).received, 0);
	assert_int_equal(ipcx_queue_recv(q, buf, SIZE_MAX, NULL), SLOT_SIZE);
	ipcx_queue_close(q);
}

static void rights_are_checked(void **state)
{
	enum path path = path_of(state);
	struct ipcx_queue *all = create_q(path, BOTH, 0, 1);
	struct ipcx_queue *sender = open_q(path, IPCX_RIGHT_SEND);
	struct ipcx_queue *receiver = open_q(path, IPCX_RIGHT_RECV);
	struct ipcx_msg msgs[1] = { 0 };

	assert_int_equal(get(sender, NULL, IPCX_NO_WAIT), -EACCES);
	assert_int_equal(ipcx_queue_recv_batch(sender, msgs, 1), -EACCES);
	assert_int_equal(put(receiver, 1, IPCX_NO_WAIT), -EACCES);
	assert_int_equal(ipcx_queue_send_batch(receiver, msgs, 1), -EACCES);
	assert_int_equal(put(sender, 7, IPCX_NO_WAIT), 7);
	assert_int_equal(get(receiver, NULL, IPCX_NO_WAIT), 7);
	ipcx_queue_close(receiver);
	ipcx_queue_close(sender);
	ipcx_queue_close(all);
}

static void higher_lanes_come_first(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 3);
	static const uint32_t order[] = { 1, 2, 0 };
	char buf[SLOT_SIZE];
	struct ipcx_msg msg;

	for (int i = 0; i < 3; i++)
		assert_int_equal(ipcx_queue_send(q, "x", 1, order[i]), 0);
	for (uint32_t lane = 3; lane-- > 0; ) {
		assert_int_equal(ipcx_queue_recv(q, buf, sizeof(buf), &msg), 1);
		assert_int_equal(msg.lane, lane);
	}
	ipcx_queue_close(q);
}

static void drop_oldest_keeps_the_newest(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH,
					IPCX_QUEUE_DROP_OLDEST, 1);

	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(put(q, i, IPCX_FOREVER), i);
	assert_int_equal(stat_q(q).dropped, 6);
	for (uint32_t i = 6; i < 10; i++)
		assert_int_equal(get(q, NULL, IPCX_NO_WAIT), i);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(q);
}

static void batches_move_what_fits(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	char out[6][SLOT_SIZE], in[6][SLOT_SIZE];
	struct ipcx_msg send[6] = { 0 }, recv[6] = { 0 };

	for (int i = 0; i < 6; i++) {
		memset(out[i], 'a' + i, SLOT_SIZE);
		send[i].buf = (uintptr_t)out[i];
		send[i].len = i + 1;
		recv[i].buf = (uintptr_t)in[i];
		recv[i].len = SLOT_SIZE;
	}
	assert_int_equal(ipcx_queue_recv_batch_try(q, recv, 6), -EAGAIN);
	assert_int_equal(ipcx_queue_send_batch_timed(q, send, 6, in_ms(SHORT)), 4);
	assert_int_equal(ipcx_queue_send_batch_try(q, send, 6), -EAGAIN);
	assert_int_equal(ipcx_queue_recv_batch(q, recv, 6), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(recv[i].len, i + 1);
		assert_int_equal(recv[i].ticket, i);
		assert_memory_equal(in[i], out[i], i + 1);
	}

	assert_int_equal(ipcx_queue_send_batch(q, send, 0), -EINVAL);
	assert_int_equal(ipcx_queue_send_batch(q, send, IPCX_BATCH_MAX + 1),
			 -EINVAL);
	send[1].len = SLOT_SIZE + 1;
	assert_int_equal(ipcx_queue_send_batch(q, send, 2), 1);
	assert_int_equal(ipcx_queue_send_batch(q, send + 1, 1), -EMSGSIZE);
	send[0].flags = 1;
	assert_int_equal(ipcx_queue_send_batch(q, send, 1), -EINVAL);
	recv[0].len = SLOT_SIZE;
	recv[0].pad = 1;
	assert_int_equal(ipcx_queue_recv_batch_try(q, recv, 1), -EINVAL);
	recv[0].pad = 0;
	assert_int_equal(ipcx_queue_recv_batch_try(q, recv, 1), 1);
	ipcx_queue_close(q);
}

static void both_paths_share_one_order(void **state)
{
	struct ipcx_queue *mapped = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_queue *mediated = open_q(MEDIATED, BOTH);
	struct ipcx_queue *handles[2] = { mapped, mediated };
	struct ipcx_msg msg;

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		/* Through one or the other, by all four pairs of them. */
		struct ipcx_queue *to = handles[i & 1];
		struct ipcx_queue *from = handles[i >> 1 & 1];

		assert_int_equal(put(to, i, IPCX_NO_WAIT), i);
		assert_int_equal(put(to, i, IPCX_NO_WAIT), i);
		assert_int_equal(get(from, &msg, IPCX_NO_WAIT), i);
		assert_int_equal(msg.ticket, 2 * i);
		assert_int_equal(msg.sender == IPCX_OWNER_KERNEL, to == mediated);
		/* Only the kernel can show a stamp. */
		assert_int_equal(!!(msg.flags & IPCX_MSG_STAMPED),
				 to == mediated && from == mediated);
		assert_int_equal(get(from, NULL, IPCX_NO_WAIT), i);
	}
	ipcx_queue_close(mediated);
	ipcx_queue_close(mapped);
}

static void loans_need_a_mapping(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, 1);
	struct ipcx_loan loan = { .data = &loan };

	(void)state;
	assert_int_equal(ipcx_queue_reserve(q, 0, &loan), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_acquire(q, &loan), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_commit(q, &loan, 0), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_abort(q, &loan), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_release(q, &loan), -EOPNOTSUPP);
	ipcx_queue_close(q);
}

static void loans_hold_their_place(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_loan first, second, third;

	(void)state;
	assert_int_equal(ipcx_queue_reserve(q, 0, &first), 0);
	assert_int_equal(ipcx_queue_reserve(q, 0, &second), 0);
	assert_int_equal(ipcx_queue_reserve(q, 0, &third), 0);
	assert_int_equal(first.len, SLOT_SIZE);
	memcpy(third.data, "third", 5);
	assert_int_equal(ipcx_queue_commit(q, &third, 5), 0);
	assert_int_equal(ipcx_queue_abort(q, &second), 0);
	assert_int_equal(ipcx_queue_acquire_try(q, &second), -EAGAIN);
	memcpy(first.data, "first", 5);
	assert_int_equal(ipcx_queue_commit(q, &first, 5), 0);

	assert_int_equal(ipcx_queue_acquire(q, &first), 0);
	assert_int_equal(ipcx_queue_acquire(q, &third), 0);
	assert_int_equal(first.len, 5);
	assert_memory_equal(first.data, "first", 5);
	assert_memory_equal(third.data, "third", 5);
	assert_int_equal(ipcx_queue_release(q, &third), 0);
	assert_int_equal(ipcx_queue_release(q, &first), 0);
	assert_int_equal(ipcx_queue_acquire_try(q, &first), -EAGAIN);
	assert_int_equal(stat_q(q).aborted, 1);
	ipcx_queue_close(q);
}

static void reserve_and_acquire_time_out(void **state)
{
	struct ipcx_queue *q = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_loan loans[4], loan;

	(void)state;
	assert_int_equal(ipcx_queue_acquire_timed(q, &loan, in_ms(SHORT)),
			 -ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ipcx_queue_reserve_timed(q, 0, &loans[i],
							  in_ms(SHORT)), 0);
	assert_int_equal(ipcx_queue_reserve_try(q, 0, &loan), -EAGAIN);
	assert_int_equal(ipcx_queue_reserve_timed(q, 0, &loan, in_ms(SHORT)),
			 -ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ipcx_queue_abort(q, &loans[i]), 0);
	assert_int_equal(ipcx_queue_reserve_try(q, 0, &loan), 0);
	ipcx_queue_close(q);
}

static void closing_gives_back_what_was_on_loan(void **state)
{
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, 1);
	struct ipcx_queue *mapped = open_q(MAPPED, BOTH);
	struct ipcx_loan acquired, reserved;
	struct ipcx_msg msg;

	(void)state;
	assert_int_equal(put(q, 1, IPCX_NO_WAIT), 1);
	assert_int_equal(ipcx_queue_acquire(mapped, &acquired), 0);
	assert_int_equal(ipcx_queue_reserve(mapped, 0, &reserved), 0);
	assert_int_equal(put(q, 2, IPCX_NO_WAIT), 2);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(mapped);

	assert_int_equal(get(q, &msg, in_ms(LONG_ENOUGH)), 1);
	assert_true(msg.flags & IPCX_MSG_REDELIVERED);
	assert_int_equal(get(q, &msg, in_ms(LONG_ENOUGH)), 2);
	assert_false(msg.flags & IPCX_MSG_REDELIVERED);
	assert_soon(stat_q(q).aborted == 1);
	ipcx_queue_close(q);
}

static void handles_of_one_process_are_one_attachment(void **state)
{
	struct ipcx_queue *a = create_q(MAPPED, BOTH, 0, 1);
	struct ipcx_queue *b = open_q(MAPPED, BOTH);
	struct ipcx_loan loan;

	(void)state;
	assert_int_equal(stat_q(a).attachments, 1);
	assert_int_equal(ipcx_queue_reserve(a, 0, &loan), 0);
	memcpy(loan.data, &(uint32_t){ 9 }, 4);
	assert_int_equal(ipcx_queue_commit(a, &loan, 4), 0);
	ipcx_queue_close(a);
	assert_int_equal(stat_q(b).attachments, 1);
	assert_int_equal(get(b, NULL, IPCX_NO_WAIT), 9);
	ipcx_queue_close(b);
}

struct crossing {
	struct ipcx_queue *q;
	uint32_t messages;
	uint64_t sum;
};

static void *send_thread(void *arg)
{
	struct crossing *c = arg;

	for (uint32_t i = 1; i <= c->messages; i++)
		if (put(c->q, i, in_ms(LONG_ENOUGH)) != i)
			break;
	return NULL;
}

static void *recv_thread(void *arg)
{
	struct crossing *c = arg;

	for (uint32_t i = 1; i <= c->messages; i++)
		c->sum += get(c->q, NULL, in_ms(LONG_ENOUGH));
	return NULL;
}

static void threads_share_a_handle(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	struct crossing side[2] = { { q, 500, 0 }, { q, 500, 0 } };
	pthread_t threads[4];

	ipcx_queue_set_spin(q, 50);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[2 * i], NULL,
						send_thread, &side[i]), 0);
		assert_int_equal(pthread_create(&threads[2 * i + 1], NULL,
						recv_thread, &side[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(side[0].sum + side[1].sum, 500 * 501);
	assert_int_equal(get(q, NULL, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(q);
}

/* Whoever sleeps wakes, whoever comes later is told the same. */
static void shutdown_ends_it_for_all(void **state)
{
	struct ipcx_queue *q = create_q(path_of(state), BOTH, 0, 1);
	char buf[SLOT_SIZE];
	pid_t pid;

	assert_int_equal(ipcx_queue_recv_try(q, buf, sizeof(buf), NULL), -EAGAIN);
	pid = child_fork();
	if (!pid) {
		struct ipcx_queue *mine = open_q(path_of(state), BOTH);

		assert_int_equal(ipcx_queue_recv(mine, buf, sizeof(buf), NULL),
				 -EIDRM);
		child_done();
	}
	assert_soon(object_stat(ipcx_queue_fd(q)).waiting_recv == 1);
	assert_int_equal(ipcx_shutdown("q", IPCX_KIND_QUEUE), 0);
	child_ok(pid);
	assert_int_equal(ipcx_queue_send_try(q, "x", 1, 0), -EIDRM);
	assert_int_equal(ipcx_queue_recv_try(q, buf, sizeof(buf), NULL), -EIDRM);
	ipcx_queue_close(q);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometry_is_told),
		cmocka_unit_test(bad_geometry_is_refused),
		cmocka_unit_test(descriptor_is_taken_over_on_success_only),
		ON_BOTH_PATHS(message_goes_through),
		ON_BOTH_PATHS(try_and_timed_give_up),
		ON_BOTH_PATHS(nonblocking_descriptor_never_blocks),
		ON_BOTH_PATHS(sizes_and_lanes_are_checked),
		ON_BOTH_PATHS(rights_are_checked),
		ON_BOTH_PATHS(higher_lanes_come_first),
		ON_BOTH_PATHS(drop_oldest_keeps_the_newest),
		ON_BOTH_PATHS(batches_move_what_fits),
		cmocka_unit_test_teardown(both_paths_share_one_order, forget_q),
		cmocka_unit_test_teardown(loans_need_a_mapping, forget_q),
		cmocka_unit_test_teardown(loans_hold_their_place, forget_q),
		cmocka_unit_test_teardown(reserve_and_acquire_time_out, forget_q),
		cmocka_unit_test_teardown(closing_gives_back_what_was_on_loan, forget_q),
		cmocka_unit_test_teardown(handles_of_one_process_are_one_attachment, forget_q),
		ON_BOTH_PATHS(threads_share_a_handle),
		ON_BOTH_PATHS(shutdown_ends_it_for_all),
	};

	return guest_run(tests);
}
