// SPDX-License-Identifier: GPL-2.0-only
/* Queues in files: making, opening, sending, waiting, the end. */
#include <fcntl.h>
#include <sys/stat.h>

#include "in_file.h"

static int open_as(struct file_queue_options options, struct ipcx_queue **queue)
{
	return file_queue_open(in_file_path, &options, queue);
}

#define OPEN(...) open_as((struct file_queue_options) { __VA_ARGS__ }, &queue)

static void options_are_checked(void **state)
{
	static const struct {
		struct file_queue_options options;
		int error;
	} table[] = {
		{ { .lanes = 33 }, -EINVAL },
		{ { .mode = 01000 }, -EINVAL },
		{ { .flags = IPCX_QUEUE_BROADCAST }, -EINVAL },
		{ { .flags = IPCX_QUEUE_MAPPABLE }, -EINVAL },
		{ { .rights = IPCX_RIGHT_MAP }, -EINVAL },
		{ { .rights = IPCX_RIGHT_READ }, -EINVAL },
		{ { .slots = (1U << 31) + 1 }, -EFBIG },
		{ { .slot_size = UINT32_MAX }, -EFBIG },
		{ { .slots = 1U << 31, .slot_size = 1U << 30, .lanes = 32 },
		  -EFBIG },
		{ { .slots = 1U << 31, .slot_size = 1U << 20 }, -ENOSPC },
		{ { .flags = FILE_QUEUE_NO_CREATE }, -ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct ipcx_queue *queue = POISON;

		assert_int_equal(open_as(table[i].options, &queue),
				 table[i].error);
		assert_ptr_equal(queue, POISON);
		assert_false(is_there());
	}
}

static void sizes_are_rounded_and_defaults_known(void **state)
{
	struct ipcx_queue *queue, *first;

	(void)state;
	assert_int_equal(OPEN(.slots = 5, .slot_size = 1, .lanes = 3), 0);
	assert_int_equal(ipcx_queue_slots(queue), 8);
	assert_int_equal(ipcx_queue_slot_size(queue), 1);
	assert_int_equal(ipcx_queue_lanes(queue), 3);
	assert_true(ipcx_queue_is_mapped(queue));
	first = queue;
	assert_int_equal(OPEN(0), 0);
	assert_int_equal(ipcx_queue_slots(queue), 8);
	assert_int_equal(ipcx_queue_slot_size(queue), 1);
	ipcx_queue_close(queue);
	ipcx_queue_close(first);

	assert_int_equal(OPEN(0), 0);
	assert_int_equal(ipcx_queue_slots(queue), FILE_QUEUE_SLOTS);
	assert_int_equal(ipcx_queue_slot_size(queue), FILE_QUEUE_SLOT_SIZE);
	assert_int_equal(ipcx_queue_lanes(queue), 1);
	ipcx_queue_close(queue);
}

static void what_is_there_must_be_as_asked(void **state)
{
	static const struct {
		struct file_queue_options options;
		int result;
	} table[] = {
		{ { .slots = 8 }, -EEXIST },	/* and no DROP_OLDEST */
		{ { .flags = IPCX_QUEUE_DROP_OLDEST }, 0 },
		{ { .slots = 8, .flags = IPCX_QUEUE_DROP_OLDEST }, 0 },
		{ { .slots = 7, .flags = IPCX_QUEUE_DROP_OLDEST }, 0 },
		{ { .slots = 9, .flags = IPCX_QUEUE_DROP_OLDEST }, -EEXIST },
		{ { .slot_size = 63, .flags = IPCX_QUEUE_DROP_OLDEST }, -EEXIST },
		{ { .lanes = 2, .flags = IPCX_QUEUE_DROP_OLDEST }, -EEXIST },
		{ { .flags = IPCX_CREATE_EXCL }, -EEXIST },
		{ { .flags = FILE_QUEUE_NO_CREATE }, 0 },
		{ { 0 }, 0 },
	};
	struct ipcx_queue *first = in_file_flags(BOTH, IPCX_QUEUE_DROP_OLDEST);
	struct ipcx_queue *queue;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		queue = POISON;
		assert_int_equal(open_as(table[i].options, &queue),
				 table[i].result);
		if (table[i].result)
			assert_ptr_equal(queue, POISON);
		else
			ipcx_queue_close(queue);
	}
	ipcx_queue_close(first);
	first = in_file(BOTH);
	assert_int_equal(OPEN(.flags = IPCX_QUEUE_DROP_OLDEST), -EEXIST);
	ipcx_queue_close(first);
}

static void make_file(const void *bytes, size_t count)
{
	int fd = open(in_file_path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, count), count);
	close(fd);
}

static void other_files_are_left_alone(void **state)
{
	static char zeros[2 * sizeof(struct file_header)];
	struct ipcx_queue *queue = POISON;

	(void)state;
	make_file("hello", 5);
	assert_int_equal(OPEN(0), -EPROTOTYPE);
	assert_int_equal(file_queue_unlink(in_file_path), -EPROTOTYPE);
	assert_int_equal(unlink(in_file_path), 0);

	make_file(zeros, sizeof(zeros));
	assert_int_equal(OPEN(0), -EPROTOTYPE);
	assert_int_equal(file_queue_unlink(in_file_path), -EPROTOTYPE);
	assert_int_equal(unlink(in_file_path), 0);

	assert_int_equal(mkdir(in_file_path, 0700), 0);
	assert_int_equal(OPEN(0), -EPROTOTYPE);
	assert_int_equal(file_queue_unlink(in_file_path), -EPROTOTYPE);
	assert_int_equal(rmdir(in_file_path), 0);

	assert_int_equal(mkfifo(in_file_path, 0600), 0);
	assert_int_equal(OPEN(0), -EPROTOTYPE);
	assert_int_equal(file_queue_unlink(in_file_path), -EPROTOTYPE);
	assert_int_equal(unlink(in_file_path), 0);

	assert_int_equal(symlink("/dev/shm/ipcx-no-such", in_file_path), 0);
	assert_int_equal(OPEN(0), -ELOOP);
	assert_int_equal(unlink(in_file_path), 0);
	assert_int_equal(file_queue_unlink(in_file_path), -ENOENT);
	assert_ptr_equal(queue, POISON);
}

static struct file_header *header_of(struct ipcx_queue *queue)
{
	return queue->file->header;
}

static void other_versions_are_refused(void **state)
{
	struct ipcx_queue *first = in_file(BOTH), *queue = POISON;
	struct file_header *header = header_of(first);
	struct ipcx_kpage *kpage = &header->kpage;

	(void)state;
#define REFUSED(field, value, error) do {			\
		__typeof__(field) good = field;			\
								\
		field = value;					\
		assert_int_equal(OPEN(0), error);		\
		field = good;					\
	} while (0)
	REFUSED(header->magic, 0, -EPROTOTYPE);
	REFUSED(header->version, FILE_VERSION + 1, -EPROTO);
	REFUSED(kpage->version, IPCX_RING_VERSION + 1, -EPROTO);
	REFUSED(kpage->queue_flags, IPCX_QUEUE_BROADCAST, -EPROTO);
	REFUSED(kpage->slots, kpage->slots * 2, -EPROTO);
	REFUSED(kpage->slots, 0, -EPROTO);
	REFUSED(kpage->slots, 7, -EPROTO);
	REFUSED(kpage->lanes, 33, -EPROTO);
	REFUSED(kpage->stride, 0, -EPROTO);
	REFUSED(kpage->slot_size, 1U << 30, -EPROTO);
	REFUSED(kpage->slots_offset, UINT64_MAX - 63, -EPROTO);
	REFUSED(kpage->drops_offset, 64, -EPROTO);
#undef REFUSED
	assert_ptr_equal(queue, POISON);
	ipcx_queue_close(first);
}

static void order_and_boundaries_are_kept(void **state)
{
	static const size_t lens[] = { 0, 1, 15, 16, 17, 63, 64 };
	struct ipcx_queue *queue = in_file(RECV);
	pid_t pid = peer_fork();
	char buf[64], text[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		text[i] = i;
	if (!pid) {
		queue = in_file(SEND);
		for (int i = 0; i < 1000; i++)
			for (size_t j = 0; j < ARRAY_SIZE(lens); j++)
				assert_int_equal(ipcx_queue_send(queue, text,
								 lens[j], 0), 0);
		assert_int_equal(ipcx_queue_send(queue, text, 65, 0), -EMSGSIZE);
		assert_int_equal(ipcx_queue_send(queue, text, 1, 1), -EINVAL);
		assert_int_equal(ipcx_queue_recv(queue, buf, 64, NULL), -EACCES);
		ipcx_queue_close(queue);
		peer_done();
	}
	for (int i = 0; i < 1000; i++)
		for (size_t j = 0; j < ARRAY_SIZE(lens); j++) {
			memset(buf, 0xee, sizeof(buf));
			assert_int_equal(ipcx_queue_recv(queue, buf, 64, NULL),
					 lens[j]);
			assert_memory_equal(buf, text, lens[j]);
		}
	assert_int_equal(ipcx_queue_recv(queue, buf, 64, NULL), -EPIPE);
	assert_int_equal(ipcx_queue_send(queue, buf, 1, 0), -EACCES);
	peer_ok(pid);
	ipcx_queue_close(queue);
}

static void lanes_batches_loans_and_peeks_work(void **state)
{
	struct ipcx_queue *queue;
	struct ipcx_loan loan;
	struct ipcx_msg msgs[3] = { 0 };
	char in[3] = "abc", out[3], buf[64];

	(void)state;
	assert_int_equal(OPEN(.slots = 4, .slot_size = 1, .lanes = 2), 0);
	for (int i = 0; i < 3; i++)
		msgs[i] = (struct ipcx_msg) {
			.buf = (uintptr_t)&in[i], .len = 1, .lane = i == 2,
		};
	assert_int_equal(ipcx_queue_send_batch(queue, msgs, 3), 3);
	assert_int_equal(ipcx_queue_peek(queue, buf, 64, NULL), 1);
	assert_int_equal(buf[0], 'c');
	for (int i = 0; i < 3; i++)
		msgs[i] = (struct ipcx_msg) {
			.buf = (uintptr_t)&out[i], .len = 1,
		};
	assert_int_equal(ipcx_queue_recv_batch(queue, msgs, 3), 3);
	assert_memory_equal(out, "cab", 3);

	assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
	*(char *)loan.data = 'x';
	assert_int_equal(ipcx_queue_commit(queue, &loan, 1), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
	assert_int_equal(ipcx_queue_abort(queue, &loan), 0);
	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	assert_int_equal(*(char *)loan.data, 'x');
	assert_int_equal(loan.sender, *queue->attachment);
	assert_int_equal(ipcx_queue_release(queue, &loan), 0);
	assert_int_equal(ipcx_queue_acquire_try(queue, &loan), -EAGAIN);

	assert_int_equal(ipcx_queue_send_fds(queue, "", 0, 0, NULL, 0),
			 -EOPNOTSUPP);
	ipcx_queue_close(queue);
}

static void the_oldest_is_dropped(void **state)
{
	struct ipcx_queue *queue = in_file_flags(BOTH, IPCX_QUEUE_DROP_OLDEST);

	(void)state;
	for (int i = 0; i < 11; i++)
		assert_int_equal(put_number(queue, i, IPCX_NO_WAIT), 0);
	for (int i = 3; i < 11; i++)
		assert_int_equal(get_number(queue, IPCX_NO_WAIT), i);
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(queue);
}

static void fill_up(struct ipcx_queue *queue)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(put_number(queue, i, IPCX_NO_WAIT), 0);
}

static void tries_and_deadlines_end(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);

	(void)state;
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(get_number(queue, 1), -ETIMEDOUT);
	assert_late(get_number(queue, deadline));
	fill_up(queue);
	assert_int_equal(put_number(queue, 0, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(put_number(queue, 0, 1), -ETIMEDOUT);
	assert_late(put_number(queue, 0, deadline));
	ipcx_queue_close(queue);
}

/* Who spins for minutes is late, not later. */
static void deadlines_end_a_spin(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);

	(void)state;
	ipcx_queue_set_spin(queue, UINT32_MAX);
	assert_late(get_number(queue, deadline));
	fill_up(queue);
	assert_late(put_number(queue, 0, deadline));
	ipcx_queue_close(queue);
}

static void deadlines_beyond_a_slice_are_kept(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);
	uint64_t deadline = ipcx_deadline_after(FILE_QUEUE_SLICE_NS * 5 / 2);

	(void)state;
	assert_int_equal(get_number(queue, deadline), -ETIMEDOUT);
	assert_true(in_ms(0) >= deadline);
	ipcx_queue_close(queue);
}

static long sleep_to_receive(void *arg)
{
	struct ipcx_queue *queue = in_file(RECV);
	long ret = get_number(queue, *(uint64_t *)arg);

	ipcx_queue_close(queue);
	return ret;
}

static long sleep_to_send(void *arg)
{
	struct ipcx_queue *queue = in_file(SEND);
	long ret;

	while (!put_number(queue, 0, IPCX_NO_WAIT))
		;
	ret = put_number(queue, 0, *(uint64_t *)arg);
	ipcx_queue_close(queue);
	return ret;
}

static void handlers_interrupt(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);
	uint64_t deadlines[] = { IPCX_FOREVER, in_ms(LONG_ENOUGH) };

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
			assert_int_equal(interrupted(sleep_to_receive,
						     &deadlines[i], flags,
						     NULL), -EINTR);
			assert_int_equal(interrupted(sleep_to_send,
						     &deadlines[i], flags,
						     NULL), -EINTR);
			while (get_number(queue, IPCX_NO_WAIT) >= 0)
				;
		}
	ipcx_queue_close(queue);
}

/* Not at the end of a slice, but at once. */
static void who_sleeps_is_woken(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);
	struct file_header *header = queue->file->header;

	(void)state;
	for (int dir = IPCX_DIR_RECV; dir <= IPCX_DIR_SEND; dir++) {
		const uint32_t *count = &header->kpage.count[dir];
		uint32_t before = header->wakes[dir].word;
		pid_t pid = peer_fork();

		if (!pid) {
			uint64_t deadline = IPCX_FOREVER;

			assert_int_equal(dir == IPCX_DIR_RECV ?
					 sleep_to_receive(&deadline) :
					 sleep_to_send(&deadline), 0);
			peer_done();
		}
		assert_soon(__atomic_load_n(count, __ATOMIC_SEQ_CST));
		if (dir == IPCX_DIR_RECV)
			assert_int_equal(put_number(queue, 0, IPCX_NO_WAIT), 0);
		else
			assert_int_equal(get_number(queue, IPCX_NO_WAIT), 0);
		assert_int_not_equal(header->wakes[dir].word, before);
		peer_ok(pid);
	}
	ipcx_queue_close(queue);
}

static void receivers_see_the_end(void **state)
{
	struct ipcx_queue *recv = in_file(RECV), *send;

	(void)state;
	/* None has been there yet, so none has left. */
	assert_int_equal(get_number(recv, IPCX_NO_WAIT), -EAGAIN);
	send = in_file(SEND);
	assert_int_equal(put_number(send, 1, IPCX_NO_WAIT), 0);
	ipcx_queue_close(send);
	assert_int_equal(get_number(recv, IPCX_FOREVER), 1);
	assert_int_equal(get_number(recv, IPCX_FOREVER), -EPIPE);
	assert_int_equal(get_number(recv, IPCX_NO_WAIT), -EPIPE);
	send = in_file(SEND);
	assert_int_equal(get_number(recv, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(send);
	ipcx_queue_close(recv);
}

/* Who is asleep need not wait for the end of a slice. */
static void leaving_wakes(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH);
	struct file_header *header = queue->file->header;

	(void)state;
	for (uint32_t rights = SEND; rights <= RECV; rights += RECV - SEND) {
		struct ipcx_queue *other = in_file(rights);
		uint32_t recv = header->wakes[IPCX_DIR_RECV].word;
		uint32_t send = header->wakes[IPCX_DIR_SEND].word;

		ipcx_queue_close(other);
		assert_int_not_equal(header->wakes[IPCX_DIR_RECV].word, recv);
		assert_int_not_equal(header->wakes[IPCX_DIR_SEND].word, send);
	}
	ipcx_queue_close(queue);
}

static void senders_see_the_end(void **state)
{
	struct ipcx_queue *send = in_file(SEND), *recv;

	(void)state;
	assert_int_equal(put_number(send, 1, IPCX_NO_WAIT), 0);
	recv = in_file(RECV);
	assert_int_equal(get_number(recv, IPCX_NO_WAIT), 1);
	ipcx_queue_close(recv);
	assert_int_equal(put_number(send, 1, IPCX_NO_WAIT), -EPIPE);
	assert_int_equal(put_number(send, 1, IPCX_FOREVER), -EPIPE);
	recv = in_file(RECV);
	assert_int_equal(put_number(send, 2, IPCX_NO_WAIT), 0);
	assert_int_equal(get_number(recv, IPCX_NO_WAIT), 2);
	ipcx_queue_close(recv);
	ipcx_queue_close(send);
}

/* By FILE_QUEUE_KEEP it is the same queue all the time. */
static void nobody_has_left_a_queue_begun_anew(void **state)
{
	struct ipcx_queue *queue = in_file_flags(SEND, FILE_QUEUE_KEEP);

	(void)state;
	assert_int_equal(put_number(queue, 7, IPCX_NO_WAIT), 0);
	ipcx_queue_close(queue);
	assert_true(is_there());
	queue = in_file(RECV);
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), 7);
	assert_int_equal(get_number(queue, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(queue);
	assert_true(is_there());
	assert_int_equal(file_queue_unlink(in_file_path), 0);
	assert_int_equal(file_queue_unlink(in_file_path), -ENOENT);
}

/* The end a receiver waits for comes when another gives back the last message. */
static void the_last_release_tells_who_waits_for_the_end(void **state)
{
	struct ipcx_queue *queue = in_file(SEND), *other = in_file(RECV);
	struct file_header *header = other->file->header;
	const uint32_t *wakes = &header->wakes[IPCX_DIR_RECV].word;
	struct ipcx_loan loan;
	uint32_t before;
	pid_t pid;

	(void)state;
	assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), 0);
	assert_int_equal(ipcx_queue_acquire(other, &loan), 0);
	ipcx_queue_close(queue);
	pid = peer_fork();
	if (!pid) {
		queue = in_file(RECV);
		assert_int_equal(get_number(queue, IPCX_FOREVER), -EPIPE);
		ipcx_queue_close(queue);
		peer_done();
	}
	assert_soon(__atomic_load_n(&header->kpage.count[IPCX_DIR_SEND],
				    __ATOMIC_SEQ_CST));
	before = *wakes;
	assert_int_equal(ipcx_queue_release(other, &loan), 0);
	assert_int_not_equal(*wakes, before);
	peer_ok(pid);
	ipcx_queue_close(other);
}

static void loans_of_a_closed_handle_are_given_back(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH), *other = in_file(BOTH);
	char buf[64];
	struct ipcx_loan loan;
	struct ipcx_msg msg;

	(void)state;
	assert_int_equal(put_number(other, 1, IPCX_NO_WAIT), 0);
	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
	ipcx_queue_close(queue);
	assert_int_equal(ipcx_queue_recv_try(other, buf, 64, &msg), 8);
	assert_int_equal(msg.flags, IPCX_MSG_REDELIVERED);
	fill_up(other);
	for (int i = 0; i < 8; i++)
		assert_int_equal(get_number(other, IPCX_NO_WAIT), i);
	ipcx_queue_close(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FILE_TEST(options_are_checked),
		IN_FILE_TEST(sizes_are_rounded_and_defaults_known),
		IN_FILE_TEST(what_is_there_must_be_as_asked),
		IN_FILE_TEST(other_files_are_left_alone),
		IN_FILE_TEST(other_versions_are_refused),
		IN_FILE_TEST(order_and_boundaries_are_kept),
		IN_FILE_TEST(lanes_batches_loans_and_peeks_work),
		IN_FILE_TEST(the_oldest_is_dropped),
		IN_FILE_TEST(tries_and_deadlines_end),
		IN_FILE_TEST(deadlines_end_a_spin),
		IN_FILE_TEST(deadlines_beyond_a_slice_are_kept),
		IN_FILE_TEST(handlers_interrupt),
		IN_FILE_TEST(who_sleeps_is_woken),
		IN_FILE_TEST(receivers_see_the_end),
		IN_FILE_TEST(leaving_wakes),
		IN_FILE_TEST(senders_see_the_end),
		IN_FILE_TEST(nobody_has_left_a_queue_begun_anew),
		IN_FILE_TEST(the_last_release_tells_who_waits_for_the_end),
		IN_FILE_TEST(loans_of_a_closed_handle_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
