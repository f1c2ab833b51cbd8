// SPDX-License-Identifier: GPL-2.0-only
/* What is special to the channels unix: and tcp:, of all types. */
#include <poll.h>
#include <pthread.h>

#include "marked.h"
#include "sockets.h"

#define SENDERS		3
#define MESSAGES	40

static void messages_go_through(void **state)
{
	static const uint32_t local = IPCX_CHANNEL_CREDENTIALS |
				      IPCX_CHANNEL_FDS,
			      gone = IPCX_CHANNEL_PEER_GONE,
			      forks = IPCX_CHANNEL_FORKS,
			      both = IPCX_CHANNEL_MANY_SENDERS |
				     IPCX_CHANNEL_POLLABLE;
	static const struct {
		uint32_t send, recv;
		size_t size;
	} kinds[] = {
		[STREAM] = { local | gone, local | gone, 1 << 20 },
		[SEQPACKET] = { local | gone | forks, local | gone, 1 << 16 },
		[DGRAM] = { local | gone | forks, local | forks, 1 << 16 },
		[TCP] = { gone | IPCX_CHANNEL_MACHINES,
			  gone | IPCX_CHANNEL_MACHINES, 1 << 20 },
	};

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		struct ipcx_channel *from, *to;
		size_t most = kinds[kind].size;

		use(kind);
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_caps(to),
				 kinds[kind].send | both);
		assert_int_equal(ipcx_channel_caps(from),
				 kinds[kind].recv | both);
		assert_int_equal(ipcx_channel_size(from), most);
		assert_int_equal(ipcx_channel_send(to, "", 0, 0), 0);
		assert_int_equal(ipcx_channel_send(to, "one", 3, 0), 0);
		assert_int_equal(receive(from), 0);
		assert_int_equal(receive(from), 3);
		assert_memory_equal(buf, "one", 3);
		assert_int_equal(look(from), -EAGAIN);
		if (most == 1 << 16) {
			mark(out, most, 0, 0);
			assert_int_equal(ipcx_channel_send(to, out, most, 0),
					 0);
			assert_int_equal(receive(from), most);
			assert_true(marked_whole(buf, most));
		}
		assert_int_equal(ipcx_channel_send(to, out, most + 1, 0),
				 -EMSGSIZE);
		/* The last that is sent before the end is a message, too. */
		assert_int_equal(ipcx_channel_send(to, "", 0, 0), 0);
		ipcx_channel_close(to);
		assert_int_equal(receive(from), 0);
		if (kind == DGRAM)
			assert_int_equal(look(from), -EAGAIN);
		else
			assert_int_equal(receive(from), -EPIPE);
		ipcx_channel_close(from);
	}
}

static void sizes_of_packets_are_checked(void **state)
{
	struct ipcx_channel *channel = POISON, *from, *to;
	char name[160];

	(void)state;
	for (int kind = SEQPACKET; kind <= DGRAM; kind++) {
		use(kind);
		snprintf(name, sizeof(name), "%s&size=1G", uri);
		assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_RECV,
						   &channel), -EMSGSIZE);
		assert_int_equal(access(sockets_path, F_OK), -1);
		errno = ERRNO_CANARY;
		snprintf(name, sizeof(name), "%s&size=300k", uri);
		from = end_of(name, IPCX_RIGHT_RECV);
		to = end_of(name, IPCX_RIGHT_SEND);
		mark(out, LARGE, 1, 1);
		assert_int_equal(ipcx_channel_send(to, out, LARGE, 0), 0);
		assert_int_equal(receive(from), LARGE);
		assert_true(marked_whole(buf, LARGE));
		ipcx_channel_close(to);
		ipcx_channel_close(from);

		/* One that is larger than this end takes is told, and gone. */
		snprintf(name, sizeof(name), "%s&size=100", uri);
		from = end_of(name, IPCX_RIGHT_RECV);
		to = sender();
		assert_int_equal(ipcx_channel_send(to, out, 101, 0), 0);
		assert_int_equal(ipcx_channel_send(to, out, 100, 0), 0);
		assert_int_equal(receive(from), -EBADMSG);
		assert_int_equal(receive(from), 100);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
	assert_ptr_equal(channel, POISON);
}

static void a_sender_waits_for_a_receiver(void **state)
{
	struct ipcx_channel *channel = POISON;
	pid_t pid;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		assert_int_equal(ipcx_channel_open_try(uri, IPCX_RIGHT_SEND,
						       &channel), -EAGAIN);
		assert_late(ipcx_channel_open_timed(uri, IPCX_RIGHT_SEND,
						    &channel, deadline));
		assert_ptr_equal(channel, POISON);
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND,
							   &channel), 0);
			assert_int_equal(ipcx_channel_send(channel, "x", 1, 0),
					 0);
			peer_done();
		}
		peer_asleep(pid);
		channel = receiver();
		assert_int_equal(receive(channel), 1);
		peer_ok(pid);
		ipcx_channel_close(channel);
		channel = POISON;
	}
}

static long open_sender(void *arg)
{
	struct ipcx_channel *channel;

	(void)arg;
	return ipcx_channel_open(uri, IPCX_RIGHT_SEND, &channel);
}

static void waiting_for_a_receiver_is_interrupted(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		assert_int_equal(interrupted(open_sender, NULL, 0, NULL),
				 -EINTR);
	}
}

/* ---- connections come and go ---- */

static void the_next_sender_goes_on(void **state)
{
	struct ipcx_channel *from, *to;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == DGRAM)
			continue;
		use(kind);
		from = receiver();
		assert_int_equal(look(from), -EAGAIN);
		for (int i = 0; i < 3; i++) {
			to = sender();
			assert_soon(look(from) == -EAGAIN);
			assert_int_equal(polled(from, POLLIN), 0);
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			ipcx_channel_close(to);
			assert_int_equal(receive(from), 1);
			assert_int_equal(receive(from), -EPIPE);
			assert_int_equal(polled(from, POLLIN), POLLIN);
			assert_int_equal(receive(from), -EPIPE);
		}
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		ipcx_channel_close(from);
		assert_soon(ipcx_channel_send(to, "x", 1, 0) == -EPIPE);
		from = receiver();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
		ipcx_channel_close(from);
		ipcx_channel_close(to);
	}
}

/* Also by the first message, of TCP: no other would be known to be lost. */
static void a_receiver_that_left_is_told(void **state)
{
	struct ipcx_channel *from, *to;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(receive(from), 1);
		ipcx_channel_close(from);
		if (kind != DGRAM)
			assert_soon(polled(to, POLLRDHUP));
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
		ipcx_channel_close(to);
	}
}

static void datagrams_know_no_end(void **state)
{
	struct ipcx_channel *from, *to;
	int sent = 0;

	(void)state;
	use(DGRAM);
	from = receiver();
	to = sender();
	while (polled(to, POLLOUT)) {
		assert_int_equal(ipcx_channel_send_try(to, "x", 1, 0), 0);
		sent++;
	}
	assert_int_equal(ipcx_channel_send_try(to, "x", 1, 0), -EAGAIN);
	assert_late(ipcx_channel_send_timed(to, "x", 1, 0, deadline));
	while (sent--)
		assert_int_equal(look(from), 1);
	ipcx_channel_close(from);
	assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
	assert_int_equal(ipcx_channel_send(to, "x", 1, 0), -EPIPE);
	ipcx_channel_close(to);
}

static void poll_tells_of_every_message(void **state)
{
	struct ipcx_channel *from, *to[2];
	int sent;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		use(kind);
		from = receiver();
		to[0] = sender();
		to[1] = sender();
		for (sent = 0; sent < 200; sent++) {
			int ret = ipcx_channel_send_try(to[sent % 2], buf,
							sent % 7 * 300, 0);

			if (ret == -EAGAIN)
				break;
			assert_int_equal(ret, 0);
		}
		assert_true(sent > 1);
		for (; sent; sent--) {
			/* Of TCP, it may take a moment. */
			assert_soon(polled(from, POLLIN) == POLLIN);
			assert_true(receive(from) >= 0);
		}
		assert_int_equal(polled(from, POLLIN), 0);
		assert_int_equal(look(from), -EAGAIN);
		for (int i = 0; i < 2; i++)
			ipcx_channel_close(to[i]);
		ipcx_channel_close(from);
	}
}

/* What a sender gave up is not received, and does not harm the next. */
static void a_message_given_up_is_discarded(void **state)
{
	static const size_t lens[] = { 60000, LARGE };
	struct ipcx_channel *from, *to;
	uint32_t sent, failed;
	int ret;

	(void)state;
	for (int i = 0; i < 6; i++) {
		size_t len = lens[i % 2];

		use(i < 3 ? STREAM : TCP);
		from = receiver();
		to = sender();
		sent = 0;
		do {
			mark(out, len, 1, sent);
			ret = ipcx_channel_send_timed(to, out, len, 0,
						      in_ms(SHORT));
		} while (!ret && ++sent);
		assert_int_equal(ret, -ETIMEDOUT);
		failed = 100;
		mark(out, len, 1, failed);
		assert_int_equal(ipcx_channel_send_try(to, out, len, 0),
				 -EAGAIN);
		for (uint32_t got = 0; got < sent; got++) {
			assert_int_equal(receive(from), len);
			assert_true(marked_whole(buf, len));
			assert_int_equal(mark_of(buf)->serial, got);
		}
		assert_int_equal(look(from), -EAGAIN);
		mark(out, 100, 1, 7);
		assert_int_equal(ipcx_channel_send(to, out, 100, 0), 0);
		assert_int_equal(receive(from), 100);
		assert_int_equal(mark_of(buf)->serial, 7);
		mark(out, 70000, 1, 8);
		assert_int_equal(ipcx_channel_send(to, out, 70000, 0), 0);
		assert_int_equal(receive(from), 70000);
		assert_true(marked_whole(buf, 70000));
		ipcx_channel_close(to);
		assert_int_equal(receive(from), -EPIPE);
		ipcx_channel_close(from);
	}
}

static pid_t sending_peer(uint32_t id, uint32_t count, size_t len)
{
	struct ipcx_channel *to;
	pid_t pid = peer_fork();

	if (pid)
		return pid;
	assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND, &to), 0);
	for (uint32_t i = 0; i < count; i++) {
		mark(out, len, id, i);
		assert_int_equal(ipcx_channel_send(to, out, len, 0), 0);
	}
	peer_done();
}

#define KILLS	15

/* Of the dead all that comes is whole; of the others all comes. */
static void killed_in_the_middle(void **state)
{
	static const size_t lens[SENDERS] = { 100, 9000, 60000 };
	uint32_t next[SENDERS], kills;
	struct ipcx_channel *from;
	pid_t pids[SENDERS], victim;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		size_t large = kind == STREAM || kind == TCP ? LARGE : 60000;
		int left = SENDERS * 100;

		use(kind);
		from = receiver();
		memset(next, 0, sizeof(next));
		for (int i = 0; i < SENDERS; i++)
			pids[i] = sending_peer(i, 100, lens[i]);
		victim = sending_peer(100, -1, large);
		kills = 0;
		while (left || kills < KILLS) {
			const struct mark *it = mark_of(buf);
			ssize_t len = receive(from);

			/* Between two victims, when all others have ended. */
			if (len == -EPIPE) {
				nap();
				continue;
			}
			assert_true(len > 0);
			assert_true(marked_whole(buf, len));
			if (it->sender < SENDERS) {
				assert_int_equal(it->serial,
						 next[it->sender]);
				assert_int_equal(len, lens[it->sender]);
				next[it->sender]++;
				left--;
			}
			if (kills == KILLS || rand() % 4)
				continue;
			peer_kill(victim);
			victim = ++kills < KILLS ?
				 sending_peer(100 + kills, -1, large) : 0;
		}
		for (int i = 0; i < SENDERS; i++) {
			peer_ok(pids[i]);
			assert_int_equal(next[i], 100);
		}
		ipcx_channel_close(from);
	}
}

/* ---- fairness and threads ---- */

struct thread {
	struct ipcx_channel *channel;
	uint32_t id;
	size_t len;
	_Atomic uint32_t *words;
};

static void *flood(void *arg)
{
	struct thread *thread = arg;
	char *message = malloc(thread->len);
	int ret;

	do {
		mark(message, thread->len, thread->id, 0);
		ret = ipcx_channel_send(thread->channel, message, thread->len,
					0);
	} while (!ret);
	assert_int_equal(ret, -EPIPE);
	free(message);
	return NULL;
}

/* Who floods does not keep others from being received, or from connecting. */
static void a_flood_leaves_room_for_others(void **state)
{
	static const size_t lens[] = { 100, 60000 };
	struct ipcx_channel *from, *to;
	struct thread thread;
	pthread_t id;
	int between;

	(void)state;
	for (int i = 0; i < 2 * KINDS; i++) {
		if (i / 2 == DGRAM)
			continue;
		use(i / 2);
		from = receiver();
		thread = (struct thread) { sender(), 1, lens[i % 2], NULL };
		pthread_create(&id, NULL, flood, &thread);
		for (int round = 0; round < 20; round++) {
			to = sender();
			mark(out, 50, 2, round);
			assert_int_equal(ipcx_channel_send(to, out, 50, 0), 0);
			between = 0;
			do {
				assert_true(receive(from) > 0);
			} while (mark_of(buf)->sender != 2 && ++between);
			/* A turn that goes on, one each to accept and to read. */
			assert_true(between <= 64);
			assert_int_equal(mark_of(buf)->serial, round);
			ipcx_channel_close(to);
		}
		ipcx_channel_close(from);
		pthread_join(id, NULL);
		ipcx_channel_close(thread.channel);
	}
}

static void *send_many(void *arg)
{
	struct thread *thread = arg;
	char *message = malloc(thread->len);

	for (int i = 0; i < MESSAGES; i++) {
		mark(message, thread->len, thread->id, i);
		assert_int_equal(ipcx_channel_send(thread->channel, message,
						   thread->len, 0), 0);
	}
	free(message);
	return NULL;
}

static void *recv_many(void *arg)
{
	struct thread *thread = arg;
	char *message = malloc(sizeof(buf));
	ssize_t len;

	while ((len = ipcx_channel_recv(thread->channel, message, sizeof(buf),
					NULL)) >= 0) {
		assert_true(marked_whole(message, len));
		++*thread->words;
	}
	assert_int_equal(len, -EPIPE);
	free(message);
	return NULL;
}

/* More than can send messages of several frames at a time; all see the end. */
static void many_threads_share_handles(void **state)
{
	struct thread senders[12], receivers[3];
	struct ipcx_channel *from, *to[2];
	pthread_t ids[12], others[3];
	_Atomic uint32_t got;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		size_t most = kind == SEQPACKET ? 60000 : LARGE;

		if (kind == DGRAM)
			continue;
		use(kind);
		got = 0;
		from = receiver();
		to[0] = sender();
		to[1] = sender();
		for (int i = 0; i < 3; i++) {
			receivers[i] = (struct thread) { from, 0, 0, &got };
			pthread_create(&others[i], NULL, recv_many,
				       &receivers[i]);
		}
		for (int i = 0; i < 12; i++) {
			senders[i] = (struct thread) {
				to[!i], i, 24 + i * (most / 12), NULL
			};
			pthread_create(&ids[i], NULL, send_many, &senders[i]);
		}
		for (int i = 0; i < 12; i++)
			pthread_join(ids[i], NULL);
		ipcx_channel_close(to[0]);
		ipcx_channel_close(to[1]);
		for (int i = 0; i < 3; i++)
			pthread_join(others[i], NULL);
		assert_int_equal(got, 12 * MESSAGES);
		ipcx_channel_close(from);
	}
}

/* A thread that waits for room in the middle of a message holds up no try. */
static void a_try_waits_for_no_thread(void **state)
{
	struct ipcx_channel *from, *to;
	struct thread thread;
	pthread_t id;

	(void)state;
	for (int kind = 0; kind < KINDS; kind += TCP) {
		use(kind);
		from = receiver();
		to = sender();
		thread = (struct thread) { to, 1, LARGE, NULL };
		pthread_create(&id, NULL, send_many, &thread);
		assert_soon(ipcx_channel_send_try(to, "x", 1, 0) == -EAGAIN);
		assert_late(ipcx_channel_send_timed(to, out, LARGE, 0,
						    deadline));
		for (int i = 0; i < MESSAGES;) {
			ssize_t len = receive(from);

			if (len == 1)
				continue;
			assert_true(marked_whole(buf, len));
			assert_int_equal(mark_of(buf)->serial, i++);
		}
		pthread_join(id, NULL);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(messages_go_through),
		SOCKET_TEST(sizes_of_packets_are_checked),
		SOCKET_TEST(a_sender_waits_for_a_receiver),
		SOCKET_TEST(waiting_for_a_receiver_is_interrupted),
		SOCKET_TEST(the_next_sender_goes_on),
		SOCKET_TEST(a_receiver_that_left_is_told),
		SOCKET_TEST(datagrams_know_no_end),
		SOCKET_TEST(poll_tells_of_every_message),
		SOCKET_TEST(a_message_given_up_is_discarded),
		SOCKET_TEST(killed_in_the_middle),
		SOCKET_TEST(a_flood_leaves_room_for_others),
		SOCKET_TEST(many_threads_share_handles),
		SOCKET_TEST(a_try_waits_for_no_thread),
	};

	return cmocka_run_group_tests_name("channel_socket", tests, NULL, NULL);
}
