// SPDX-License-Identifier: GPL-2.0-only
/* Channels where something is lacking, in the way, or not what it was. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <ipcx/fifo.h>

#include "sockets.h"

/* ---- no descriptors ---- */

/* From now on none can be had, until a limit is set that is as before. */
static struct rlimit take_descriptors_away(void)
{
	struct rlimit before, limit;
	int lowest = dup(0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit) { lowest, before.rlim_max };
	close(lowest);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void give_descriptors_back(const struct rlimit *before)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, before), 0);
}

/* Sends @text and stays until it is told to go. */
static pid_t other_sender(const char *text, _Atomic uint32_t *go)
{
	pid_t pid = peer_fork();

	if (!pid) {
		struct ipcx_channel *to = sender();

		assert_int_equal(ipcx_channel_send(to, text, strlen(text), 0),
				 0);
		go[1]++;
		assert_soon(go[0]);
		peer_done();
	}
	assert_soon(go[1]);
	go[1] = 0;
	return pid;
}

/* Who cannot be let in neither disturbs who is there nor is lost. */
static void without_descriptors_others_go_on(void **state)
{
	_Atomic uint32_t *go = shared_words();
	struct ipcx_channel *from, *to;
	struct rlimit before;
	pid_t pid;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == DGRAM)
			continue;
		use(kind);
		go[0] = 0;
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(receive(from), 1);
		pid = other_sender("other", go);
		before = take_descriptors_away();
		for (int i = 0; i < 3; i++) {
			assert_soon(look(from) == -EAGAIN);
			assert_int_equal(polled(from, POLLIN), 0);
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			assert_int_equal(receive(from), 1);
		}
		/* That makes room for one, though not at once. */
		ipcx_channel_close(to);
		assert_int_equal(receive(from), 5);
		/* Here is nobody to go on with: so it is told. */
		go[0] = 1;
		peer_ok(pid);
		assert_int_equal(receive(from), -EPIPE);
		give_descriptors_back(&before);
		ipcx_channel_close(from);

		go[0] = 0;
		from = receiver();
		pid = other_sender("other", go);
		before = take_descriptors_away();
		assert_int_equal(look(from), -EMFILE);
		give_descriptors_back(&before);
		assert_int_equal(receive(from), 5);
		go[0] = 1;
		peer_ok(pid);
		ipcx_channel_close(from);
	}
	shared_free(go);
}

/* ---- cancellation ---- */

static void *recv_cancelled(void *arg)
{
	struct ipcx_channel *from = arg;
	ssize_t ret;

	pthread_cancel(pthread_self());
	do {
		ret = look(from);
	} while (ret >= 0);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return (void *)ret;
}

/*
 * Not even to close a connection, or descriptors that nobody takes: who is
 * cancelled there would hold a lock.
 */
static void receiving_is_no_cancellation_point(void **state)
{
	struct ipcx_channel *from, *to, *other;
	pthread_t thread;
	void *ret;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == DGRAM)
			continue;
		use(kind);
		from = receiver();
		to = sender();
		other = sender();
		for (int i = 0; i < 2; i++) {
			assert_int_equal(ipcx_channel_send(i ? to : other, "x",
							   1, 0), 0);
			assert_int_equal(receive(from), 1);
		}
		ipcx_channel_close(other);
		assert_soon(polled(from, POLLIN));
		if (kind != TCP)
			assert_int_equal(ipcx_channel_send_fds(to, "y", 1, 0,
							       &(int) { 0 }, 1),
					 0);
		pthread_create(&thread, NULL, recv_cancelled, from);
		pthread_join(thread, &ret);
		assert_ptr_equal(ret, (void *)-EAGAIN);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
}

/* ---- the receiver's own fault ---- */

static void a_bad_buffer_costs_one_message(void **state)
{
	struct ipcx_channel *from, *to;
	void *bad = mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	(void)state;
	for (int kind = SEQPACKET; kind <= DGRAM; kind++) {
		use(kind);
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(ipcx_channel_send(to, "yes", 3, 0), 0);
		assert_int_equal(ipcx_channel_recv_try(from, bad, 1 << 16,
						       NULL), -EFAULT);
		assert_int_equal(receive(from), 3);
		assert_int_equal(ipcx_channel_send(to, "yes", 3, 0), 0);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
	munmap(bad, 1 << 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(without_descriptors_others_go_on),
		SOCKET_TEST(receiving_is_no_cancellation_point),
		SOCKET_TEST(a_bad_buffer_costs_one_message),
	};

	return cmocka_run_group_tests_name("channel_hostile", tests, NULL,
					   NULL);
}
