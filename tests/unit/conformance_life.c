// SPDX-License-Identifier: GPL-2.0-only
/* Names, descriptors that ride along, and handles that were inherited. */
#include <fcntl.h>
#include <sys/stat.h>

#include "conformance.h"

/* ---- opening, and what stays ---- */

static void opening_waits_for_a_receiver(void **state)
{
	struct ipcx_channel *send = POISON, *recv;
	const char *uri = uri_for(IPCX_RIGHT_SEND, getpid());
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_channel_open_try(uri, IPCX_RIGHT_SEND, &send),
			 -EAGAIN);
	assert_late(ipcx_channel_open_timed(uri, IPCX_RIGHT_SEND, &send,
					    deadline));
	assert_ptr_equal(send, POISON);
	pid = start();
	if (!pid) {
		words[0] = 1;
		assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND, &send),
				 0);
		give(send, 1);
		assert_soon(words[1]);
		peer_done();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	recv = open_receiver();
	expect(recv, 1);
	words[1] = 1;
	finish(pid);
	ipcx_channel_close(recv);
}

static void opening_does_not_wait(void **state)
{
	struct ipcx_channel *send, *recv;

	(void)state;
	assert_int_equal(open_end(IPCX_RIGHT_RECV, getpid(), IPCX_NO_WAIT,
				  &recv), 0);
	assert_int_equal(open_end(IPCX_RIGHT_SEND, getpid(), IPCX_NO_WAIT,
				  &send), 0);
	close_ends(&(struct ends) { send, recv });
}

static void either_end_comes_first(void **state)
{
	struct ipcx_channel *send = open_sender(getpid()), *recv;

	(void)state;
	give(send, 1);
	recv = open_receiver();
	expect(recv, 1);
	close_ends(&(struct ends) { send, recv });
}

static void messages_stay(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	give(ends.send, 1);
	close_ends(&ends);
	ends = open_ends();
	expect(ends.recv, 1);
	close_ends(&ends);
}

static void it_goes_with_the_last(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	give(ends.send, 1);
	close_ends(&ends);
	assert_int_equal(ipcx_channel_remove(uri_for(IPCX_RIGHT_RECV, getpid())),
			 row->quirks & STAYS ? 0 : -ENOENT);
	ends = open_ends();
	expect_none(ends.recv);
	close_ends(&ends);
}

static void name_is_taken_away(void **state)
{
	struct ends ends = open_ends();
	const char *uri = uri_for(IPCX_RIGHT_RECV, getpid());

	(void)state;
	give(ends.send, 1);
	assert_int_equal(ipcx_channel_remove(uri), 0);
	assert_int_equal(ipcx_channel_remove(uri), -ENOENT);
	if (row->quirks & ENDS) {
		assert_int_equal(pick(ends.recv, IPCX_FOREVER), -EIDRM);
		assert_int_equal(post(ends.send, 1, 1, 0, IPCX_FOREVER), -EIDRM);
	} else {
		expect(ends.recv, 1);
		give(ends.send, 2);
		expect(ends.recv, 2);
	}
	close_ends(&ends);
	ends = open_ends();
	expect_none(ends.recv);
	close_ends(&ends);
}

static void there_is_no_name(void **state)
{
	struct ends ends = open_ends();

	(void)state;
	assert_int_equal(ipcx_channel_remove(uri_for(IPCX_RIGHT_RECV, getpid())),
			 -EOPNOTSUPP);
	give(ends.send, 1);
	expect(ends.recv, 1);
	close_ends(&ends);
}

/* ---- handles in a child ---- */

static void sending_end_works_in_a_child(void **state)
{
	struct ends ends = open_ends();
	pid_t pid;

	(void)state;
	give(ends.send, 1);
	pid = start();
	if (!pid) {
		give(ends.send, 2);
		peer_done();
	}
	finish(pid);
	give(ends.send, 3);
	for (uint32_t i = 1; i <= 3; i++)
		expect(ends.recv, i);
	close_ends(&ends);
}

static void receiving_end_works_in_a_child(void **state)
{
	struct ends ends = open_ends();
	pid_t pid;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		give(ends.send, i);
	expect(ends.recv, 1);
	pid = start();
	if (!pid) {
		expect(ends.recv, 2);
		peer_done();
	}
	finish(pid);
	expect(ends.recv, 3);
	close_ends(&ends);
}

/* It is told at once that it cannot, and can once it opens its own. */
static void child_is_told_that_it_has_no_end(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel *own;
	pid_t pid;

	(void)state;
	give(ends.send, 1);
	pid = start();
	if (!pid) {
		assert_int_equal(pick(ends.recv, IPCX_FOREVER), -ENOTCONN);
		if (row->caps & IPCX_CHANNEL_REDELIVERS)
			assert_int_equal(post(ends.send, 9, 1, 0, IPCX_FOREVER),
					 -ENOTCONN);
		close_ends(&ends);
		own = open_sender(getppid());
		give(own, 2);
		ipcx_channel_close(own);
		peer_done();
	}
	finish(pid);
	expect(ends.recv, 1);
	expect(ends.recv, 2);
	close_ends(&ends);
}

/* ---- descriptors ---- */

static bool same_file(int fd, int other)
{
	struct stat stat, others;

	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(fstat(other, &others), 0);
	return stat.st_dev == others.st_dev && stat.st_ino == others.st_ino;
}

static ssize_t receive_fds(struct ipcx_channel *recv,
			   struct ipcx_channel_msg *msg, int *fds,
			   uint32_t count)
{
	char buf[LARGEST];
	ssize_t len;

	memset(msg, 0x5a, sizeof(*msg));
	len = ipcx_channel_recv_fds_timed(recv, buf, sizeof(buf), msg, fds,
					  count, in_ms(LONG_ENOUGH));
	if (len >= 0)
		check(buf, len);
	return len;
}

static void descriptors_ride_along(void **state)
{
	struct ends ends = open_ends();
	int out[2] = { row->rider(), row->rider() }, in[3];
	struct ipcx_channel_msg msg;
	char buf[8];

	(void)state;
	fill_in(buf, 1, sizeof(buf));
	assert_int_equal(ipcx_channel_send_fds(ends.send, buf, sizeof(buf), 0,
					       out, 2), 0);
	assert_int_equal(ipcx_channel_send_fds_try(ends.send, buf, sizeof(buf),
						   0, out, 0), 0);
	assert_int_equal(ipcx_channel_send_fds_timed(ends.send, buf, sizeof(buf),
						     0, out, 1,
						     in_ms(LONG_ENOUGH)), 0);
	assert_int_equal(receive_fds(ends.recv, &msg, in, 3), sizeof(buf));
	assert_int_equal(msg.fds, 2);
	assert_int_equal(msg.flags, 0);
	for (int i = 0; i < 2; i++) {
		assert_true(same_file(in[i], out[i]));
		assert_true(fcntl(in[i], F_GETFD) & FD_CLOEXEC);
		close(in[i]);
		close(out[i]);
	}
	assert_int_equal(receive_fds(ends.recv, &msg, in, 3), sizeof(buf));
	assert_int_equal(msg.fds, 0);
	/* What there is no room for is lost, and that is told. */
	assert_int_equal(receive_fds(ends.recv, &msg, in, 0), sizeof(buf));
	assert_int_equal(msg.fds, 0);
	assert_int_equal(msg.flags, IPCX_MSG_FDS_LOST);
	close_ends(&ends);
}

static void descriptors_are_lost_on_who_does_not_ask(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel_msg msg;
	int fd = row->rider();
	char buf[LARGEST];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(ipcx_channel_send_fds(ends.send, "x", 1, 0,
						       &fd, 1), 0);
	close(fd);
	assert_int_equal(ipcx_channel_recv(ends.recv, buf, sizeof(buf), &msg),
			 1);
	assert_int_equal(msg.fds, 0);
	assert_int_equal(msg.flags, IPCX_MSG_FDS_LOST);
	expect(ends.recv, 'x');
	close_ends(&ends);
}

static void bad_descriptors_are_not_sent(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel_msg msg;
	int fds[IPCX_FDS_MAX + 1];
	char buf[LARGEST] = "";

	(void)state;
	memset(fds, 0xff, sizeof(fds));
	assert_int_equal(ipcx_channel_send_fds(ends.send, "x", 1, 0, fds, 1),
			 -EBADF);
	assert_int_equal(ipcx_channel_send_fds(ends.send, "x", 1, 0, fds,
					       IPCX_FDS_MAX + 1), -E2BIG);
	assert_int_equal(ipcx_channel_send_fds(ends.send, buf, row->size + 1, 0,
					       fds, 0), -EMSGSIZE);
	assert_int_equal(ipcx_channel_recv_fds(ends.recv, buf, row->size - 1,
					       &msg, fds, 1), -EMSGSIZE);
	assert_int_equal(ipcx_channel_recv_fds_try(ends.recv, buf, sizeof(buf),
						   &msg, fds, 1), -EAGAIN);
	assert_late(ipcx_channel_recv_fds_timed(ends.recv, buf, sizeof(buf),
						&msg, fds, 1, deadline));
	assert_int_equal(fds[0], -1);
	close_ends(&ends);
}

static void descriptors_cannot_ride_along(void **state)
{
	struct ends ends = open_ends();
	struct ipcx_channel_msg msg;
	char buf[LARGEST];
	int fd = 0;

	(void)state;
	assert_int_equal(ipcx_channel_send_fds(ends.send, "x", 1, 0, &fd, 1),
			 -EOPNOTSUPP);
	assert_int_equal(ipcx_channel_recv_fds(ends.recv, buf, sizeof(buf), &msg,
					       &fd, 1), -EOPNOTSUPP);
	expect_none(ends.recv);
	close_ends(&ends);
}

const struct conformance_case life_cases[] = {
	CASE(opening_waits_for_a_receiver, .quirks = WAITS),
	CASE(opening_does_not_wait, .without = WAITS),
	CASE(either_end_comes_first, .sends = IPCX_CHANNEL_KEEPS),
	CASE(messages_stay, .sends = IPCX_CHANNEL_KEEPS),
	CASE(it_goes_with_the_last, .quirks = NAMED,
	     .lacks = IPCX_CHANNEL_KEEPS),
	CASE(name_is_taken_away, .quirks = NAMED),
	CASE(there_is_no_name, .without = NAMED),
	CASE(sending_end_works_in_a_child, .sends = IPCX_CHANNEL_FORKS),
	CASE(receiving_end_works_in_a_child, .receives = IPCX_CHANNEL_FORKS),
	CASE(child_is_told_that_it_has_no_end, .quirks = TELLS),
	CASE(descriptors_ride_along, .sends = IPCX_CHANNEL_FDS),
	CASE(descriptors_are_lost_on_who_does_not_ask,
	     .sends = IPCX_CHANNEL_FDS),
	CASE(bad_descriptors_are_not_sent, .sends = IPCX_CHANNEL_FDS),
	CASE(descriptors_cannot_ride_along, .lacks = IPCX_CHANNEL_FDS),
	{ NULL }
};
