// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues in files that a peer writes nonsense to, all the time and everywhere:
 * calls fail or not, but none crashes and each comes to its end.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "in_file.h"

#define USERS		2
#define SCRIBBLE_MS	1500

/* What is a step ahead of random: words that almost could be. */
static uint64_t nonsense(struct file_queue *file, unsigned int *seed)
{
	uint64_t word = (uint64_t)rand_r(seed) << 40 ^
			(uint64_t)rand_r(seed) << 16 ^ rand_r(seed);

	switch (rand_r(seed) % 4) {
	case 0:
		return ipcx_word(rand_r(seed) % 64, rand_r(seed) % 4,
				 rand_r(seed) % 8);
	case 1:
		return rand_r(seed) % 5;
	case 2:
		return (uint64_t)file->pid_ns << 32 | (rand_r(seed) & SEND);
	default:
		return word;
	}
}

/* A leak, but for this. */
static struct ipcx_queue *left_open;

/*
 * @from, @to: the part of the file; its words are written as peers do.
 * @calls: of each user; all of them have found the queue whole.
 */
static void scribble(size_t from, size_t to, const _Atomic uint32_t *stop,
		     const _Atomic uint32_t *calls)
{
	struct ipcx_queue *queue = in_file(BOTH);
	uint64_t *words = (uint64_t *)queue->file->header;
	unsigned int seed = getpid();

	if (to > queue->file->bytes)
		to = queue->file->bytes;
	from /= sizeof(*words);
	to /= sizeof(*words);
	for (int i = 0; i < USERS; i++)
		assert_soon(calls[i]);
	while (!*stop) {
		size_t at = from + rand_r(&seed) % (to - from);

		__atomic_store_n(&words[at], nonsense(queue->file, &seed),
				 __ATOMIC_RELAXED);
	}
	/* Not closed: that is what others cope with, too. */
	left_open = queue;
	peer_done();
}

static void use(struct ipcx_queue *queue, unsigned int *seed)
{
	struct ipcx_msg msg;
	struct ipcx_loan loan;
	char buf[64];
	uint64_t deadline = rand_r(seed) % 2 ? IPCX_NO_WAIT : in_ms(2);

	switch (rand_r(seed) % 5) {
	case 0:
		ipcx_queue_send_timed(queue, buf, rand_r(seed) % 65, 0, deadline);
		break;
	case 1:
		ipcx_queue_recv_timed(queue, buf, sizeof(buf), &msg, deadline);
		break;
	case 2:
		ipcx_queue_peek_timed(queue, buf, sizeof(buf), &msg, deadline);
		break;
	case 3:
		if (!ipcx_queue_reserve_timed(queue, 0, &loan, deadline)) {
			memset(loan.data, 1, loan.len);
			ipcx_queue_commit(queue, &loan, 5);
		}
		break;
	default:
		if (!ipcx_queue_acquire_timed(queue, &loan, deadline)) {
			memcpy(buf, loan.data, loan.len);
			ipcx_queue_release(queue, &loan);
		}
	}
}

/* With the file that it found; whoever opens it again may be refused. */
static void be_user(const _Atomic uint32_t *stop, _Atomic uint32_t *calls)
{
	struct file_queue_options any = { .flags = FILE_QUEUE_NO_CREATE };
	struct ipcx_queue *queue = in_file(BOTH), *other;
	unsigned int seed = getpid();

	for (; !*stop; ++*calls) {
		use(queue, &seed);
		if (rand_r(&seed) % 64)
			continue;
		if (!file_queue_open(in_file_path, &any, &other)) {
			use(other, &seed);
			ipcx_queue_close(other);
		}
	}
	ipcx_queue_close(queue);
	peer_done();
}

static void users_live_with(size_t from, size_t to)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_queue *queue = in_file(BOTH);
	pid_t pids[USERS + 1];

	for (int i = 0; i < USERS; i++) {
		pids[i] = peer_fork();
		if (!pids[i])
			be_user(&words[0], &words[1 + i]);
	}
	pids[USERS] = peer_fork();
	if (!pids[USERS])
		scribble(from, to, &words[0], &words[1]);
	wait_until(false, SCRIBBLE_MS);
	words[0] = 1;
	for (int i = 0; i <= USERS; i++)
		peer_ok(pids[i]);
	for (int i = 0; i < USERS; i++)
		assert_true(words[1 + i] > 10);
	ipcx_queue_close(queue);
	/* By now it may be no queue any more. */
	unlink(in_file_path);
	errno = ERRNO_CANARY;
	shared_free(words);
}

static void a_spoiled_header_is_survived(void **state)
{
	(void)state;
	users_live_with(0, offsetof(struct file_header, peers));
}

static void a_spoiled_page_of_waiters_is_survived(void **state)
{
	size_t from = offsetof(struct file_header, kpage);

	(void)state;
	users_live_with(from + offsetof(struct ipcx_kpage, count),
			from + sizeof(struct ipcx_kpage));
}

static void a_spoiled_table_is_survived(void **state)
{
	(void)state;
	users_live_with(offsetof(struct file_header, peers),
			sizeof(struct file_header));
}

static void a_spoiled_ring_is_survived(void **state)
{
	(void)state;
	users_live_with(sizeof(struct file_header), SIZE_MAX);
}

/* A few words that are always the same, on top of a file that was in use. */
static void opening_any_file_ends(void **state)
{
	struct file_queue_options any = { .flags = FILE_QUEUE_NO_CREATE };
	unsigned int seed = getpid(), opened = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct ipcx_queue *queue = in_file_flags(BOTH, FILE_QUEUE_KEEP);
		struct ipcx_queue *other;
		uint64_t *words = (uint64_t *)queue->file->header;

		for (int n = rand_r(&seed) % 50; n >= 0; n--)
			words[rand_r(&seed) % (queue->file->bytes / 8)] =
				nonsense(queue->file, &seed);
		ipcx_queue_close(queue);
		if (!file_queue_open(in_file_path, &any, &other)) {
			for (int n = 0; n < 20; n++)
				use(other, &seed);
			ipcx_queue_close(other);
			opened++;
		}
		unlink(in_file_path);
		errno = ERRNO_CANARY;
	}
	assert_true(opened > 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FILE_TEST(a_spoiled_header_is_survived),
		IN_FILE_TEST(a_spoiled_page_of_waiters_is_survived),
		IN_FILE_TEST(a_spoiled_table_is_survived),
		IN_FILE_TEST(a_spoiled_ring_is_survived),
		IN_FILE_TEST(opening_any_file_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
