// SPDX-License-Identifier: GPL-2.0-only
/* Queues in files: who has a part in one, for how long, and what is left. */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "in_file.h"

static int open_as(struct file_queue_options options, struct ipcx_queue **queue)
{
	return file_queue_open(in_file_path, &options, queue);
}

#define OPEN(...) open_as((struct file_queue_options) { __VA_ARGS__ }, &queue)

static void the_name_goes_with_the_last(void **state)
{
	struct ipcx_queue *first = in_file(SEND), *second = in_file(RECV);

	(void)state;
	ipcx_queue_close(first);
	assert_true(is_there());
	ipcx_queue_close(second);
	assert_false(is_there());

	/* A name that now is another's is not taken away. */
	first = in_file(BOTH);
	assert_int_equal(file_queue_unlink(in_file_path), 0);
	second = in_file(BOTH);
	assert_int_equal(put_number(first, 1, IPCX_NO_WAIT), 0);
	assert_int_equal(get_number(second, IPCX_NO_WAIT), -EAGAIN);
	ipcx_queue_close(first);
	assert_true(is_there());
	ipcx_queue_close(second);
}

static void a_relative_name_is_found_again(void **state)
{
	struct ipcx_queue *queue;
	const char *name = strrchr(in_file_path, '/') + 1;
	struct file_queue_options options = { 0 };
	char before[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir("/dev/shm"), 0);
	assert_int_equal(file_queue_open(name, &options, &queue), 0);
	assert_int_equal(chdir(before), 0);
	ipcx_queue_close(queue);
	assert_false(is_there());
}

static void modes_are_set(void **state)
{
	mode_t before = umask(022);
	struct ipcx_queue *queue;
	struct stat stat;

	(void)state;
	assert_int_equal(OPEN(.mode = 0666), 0);
	assert_int_equal(fstat(ipcx_queue_fd(queue), &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0644);
	ipcx_queue_close(queue);
	assert_int_equal(OPEN(0), 0);
	assert_int_equal(fstat(ipcx_queue_fd(queue), &stat), 0);
	assert_int_equal(stat.st_mode & 07777, 0600);
	ipcx_queue_close(queue);
	umask(before);
}

static void a_forked_handle_is_no_part_of_it(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH), *other;
	uint64_t deadline;
	struct ipcx_loan loan;
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_queue_reserve(queue, 0, &loan), 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(put_number(queue, 1, IPCX_NO_WAIT), -ENOTCONN);
		assert_int_equal(get_number(queue, IPCX_NO_WAIT), -ENOTCONN);
		assert_int_equal(ipcx_queue_slots(queue), 8);
		ipcx_queue_close(queue);
		peer_done();
	}
	peer_ok(pid);
	assert_true(is_there());
	/* Neither left nor unlocked: nobody repairs what it holds. */
	other = in_file(BOTH);
	assert_int_equal(put_number(other, 2, IPCX_NO_WAIT), 0);
	deadline = ipcx_deadline_after(FILE_QUEUE_SLICE_NS * 3 / 2);
	assert_int_equal(get_number(other, deadline), -ETIMEDOUT);
	*(uint64_t *)loan.data = 1;
	assert_int_equal(ipcx_queue_commit(queue, &loan, 8), 0);
	assert_int_equal(get_number(other, IPCX_NO_WAIT), 1);
	assert_int_equal(get_number(other, IPCX_NO_WAIT), 2);
	ipcx_queue_close(other);
	ipcx_queue_close(queue);
}

/* Though a child has the descriptor still. */
static void a_place_is_free_when_it_was_left(void **state)
{
	struct ipcx_queue *queue = in_file(BOTH), *other = in_file(BOTH);
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_start = FILE_QUEUE_PEERS + queue->file->index,
		.l_len = 1,
	};
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		pause();
		peer_done();
	}
	assert_int_equal(fcntl(ipcx_queue_fd(other), F_OFD_GETLK, &lock), 0);
	assert_int_equal(lock.l_type, F_WRLCK);
	ipcx_queue_close(queue);
	lock.l_pid = 0;
	assert_int_equal(fcntl(ipcx_queue_fd(other), F_OFD_GETLK, &lock), 0);
	assert_int_equal(lock.l_type, F_UNLCK);
	peer_kill(pid);
	ipcx_queue_close(other);
}

static void there_are_places_for_so_many(void **state)
{
	static struct ipcx_queue *queues[FILE_QUEUE_PEERS];
	struct ipcx_queue *queue = POISON;

	(void)state;
	for (int i = 0; i < FILE_QUEUE_PEERS; i++)
		queues[i] = in_file(BOTH);
	assert_int_equal(OPEN(0), -EUSERS);
	assert_ptr_equal(queue, POISON);
	ipcx_queue_close(queues[100]);
	queues[100] = in_file(BOTH);
	assert_int_equal(put_number(queues[100], 5, IPCX_NO_WAIT), 0);
	assert_int_equal(get_number(queues[255], IPCX_NO_WAIT), 5);
	for (int i = 0; i < FILE_QUEUE_PEERS; i++)
		ipcx_queue_close(queues[i]);
}

/*
 * Some who open and close all the time: each finds a queue whole, or makes one.
 * Who is in the middle of something may stand in the way of the others, who wait.
 */
static void opening_races_with_removal(void **state)
{
	pid_t pids[3];

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(pids); n++) {
		pids[n] = peer_fork();
		if (pids[n])
			continue;
		for (int i = 0; i < 1000; i++) {
			struct ipcx_queue *queue = in_file(BOTH);

			assert_int_equal(put_number(queue, i, IPCX_FOREVER), 0);
			assert_true(get_number(queue, IPCX_FOREVER) >= 0);
			assert_true(is_there());
			ipcx_queue_close(queue);
		}
		peer_done();
	}
	for (size_t n = 0; n < ARRAY_SIZE(pids); n++)
		peer_ok(pids[n]);
	assert_false(is_there());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FILE_TEST(the_name_goes_with_the_last),
		IN_FILE_TEST(a_relative_name_is_found_again),
		IN_FILE_TEST(modes_are_set),
		IN_FILE_TEST(a_forked_handle_is_no_part_of_it),
		IN_FILE_TEST(a_place_is_free_when_it_was_left),
		IN_FILE_TEST(there_are_places_for_so_many),
		IN_FILE_TEST(opening_races_with_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
