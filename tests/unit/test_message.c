// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of <ipcx/queue.h> on a handle over plain memory, with the kernel's
 * answers given by the test: it is linked so that the library's queue_ioctl() is
 * the one here.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "plain_ring.h"
#include "queue.h"

#define FD		1234
#define SLOT_SIZE	16
#define ERRNO_CANARY	4321

static struct plain_ring plain;
static uint32_t attachment;
static struct ipcx_queue queue;

/* A test that expects an ioctl sets this; any other call of it fails the test. */
static struct {
	unsigned long cmd;
	int ret;		/* result or -errno */
	int calls;
	void (*act)(void *arg);	/* what else the kernel does */
	struct ipcx_wait wait;	/* copy of the argument */
	struct ipcx_transfer transfer;
	struct ipcx_msg msg;
} kernel;

int __wrap_queue_ioctl(const struct ipcx_queue *queue, unsigned long cmd,
		       void *arg);
int __wrap_queue_ioctl(const struct ipcx_queue *queue, unsigned long cmd,
		       void *arg)
{
	assert_int_equal(queue->fd, FD);
	assert_int_equal(cmd, kernel.cmd);
	kernel.calls++;
	if (cmd == IPCX_IOC_WAIT) {
		kernel.wait = *(struct ipcx_wait *)arg;
		assert_int_equal(kernel.wait.size, sizeof(kernel.wait));
		assert_int_equal(kernel.wait.flags, 0);
	} else {
		kernel.transfer = *(struct ipcx_transfer *)arg;
		assert_int_equal(kernel.transfer.size, sizeof(kernel.transfer));
		assert_int_equal(kernel.transfer.flags, 0);
		assert_int_equal(kernel.transfer.msg_size, sizeof(kernel.msg));
		kernel.msg = *(struct ipcx_msg *)(uintptr_t)kernel.transfer.msgs;
	}
	if (kernel.act)
		kernel.act(arg);
	return kernel.ret;
}

static void kernel_says(unsigned long cmd, int ret)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.cmd = cmd;
	kernel.ret = ret;
}

static int setup(void **state)
{
	(void)state;
	plain_ring_init(&plain, &(struct geometry) {
		.lanes = 2, .slots = 4, .slot_size = SLOT_SIZE,
	});
	attachment = ME;
	queue = (struct ipcx_queue) {
		.fd = FD,
		.rights = IPCX_RIGHTS_QUEUE,
		.slots = 4,
		.slot_size = SLOT_SIZE,
		.lanes = 2,
		.attachment = &attachment,
		.ring = plain.ring,
	};
	kernel_says(0, 0);
	errno = ERRNO_CANARY;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	plain_ring_destroy(&plain);
	assert_int_equal(errno, ERRNO_CANARY);
	return 0;
}

static int number_got(void)
{
	int numbers[SLOT_SIZE / sizeof(int)];

	assert_int_equal(ipcx_queue_recv_try(&queue, numbers, sizeof(numbers),
					     NULL), sizeof(int));
	return *numbers;
}

/* Also when it was seen empty before, slot by slot through a few laps. */
static void higher_lane_goes_first(void **state)
{
	(void)state;
	for (int i = 0; i < 13; i++) {
		for (int seen = 0; seen < 2; seen++) {
			assert_int_equal(ipcx_queue_send_try(&queue, &i,
							     sizeof(i), 0), 0);
			assert_int_equal(number_got(), i);
		}
		for (int lane = 0; lane < 2; lane++) {
			int number = 2 * i + lane;

			assert_int_equal(ipcx_queue_send_try(&queue, &number,
							     sizeof(number),
							     lane), 0);
		}
		assert_int_equal(number_got(), 2 * i + 1);
		assert_int_equal(number_got(), 2 * i);
	}
}

/* A message that was given back waits on no lane; it goes first all the same. */
static void given_back_goes_first(void **state)
{
	char buf[SLOT_SIZE] = "";
	struct ipcx_msg msg;
	struct ipcx_loan loan;

	(void)state;
	assert_int_equal(ipcx_queue_send_try(&queue, "old", 4, 0), 0);
	assert_int_equal(ipcx_queue_send_try(&queue, "new", 4, 1), 0);
	assert_int_equal(ring_claim_recv(&queue.ring, PEER, &loan), 0);
	assert_string_equal(loan.data, "new");
	assert_int_equal(ipcx_queue_send_try(&queue, "newer", 6, 1), 0);
	plain_ring_repair(&plain, PEER);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), &msg), 4);
	assert_string_equal(buf, "new");
	assert_int_equal(msg.flags, IPCX_MSG_REDELIVERED);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), &msg), 6);
	assert_int_equal(msg.flags, 0);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), &msg), 4);
	assert_string_equal(buf, "old");
}

static void aborted_is_skipped(void **state)
{
	char buf[SLOT_SIZE] = "";
	struct ipcx_loan loan;

	(void)state;
	for (int i = 0; i < 13; i++) {
		assert_int_equal(ipcx_queue_reserve_try(&queue, i % 2, &loan), 0);
		assert_int_equal(ipcx_queue_send_try(&queue, "x", 2, i % 2), 0);
		assert_int_equal(ipcx_queue_abort(&queue, &loan), 0);
		assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf),
						     NULL), 2);
		assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf),
						     NULL), -EAGAIN);
	}
}

static void fill_lane0(void)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(ipcx_queue_send_try(&queue, "full", 4, 0), 0);
}

static void message_goes_through(void **state)
{
	char buf[SLOT_SIZE] = "";
	struct ipcx_msg msg;

	(void)state;
	assert_int_equal(ipcx_queue_send(&queue, "hello", 5, 1), 0);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), &msg), 5);
	assert_string_equal(buf, "hello");
	assert_int_equal(msg.buf, (uintptr_t)buf);
	assert_int_equal(msg.len, 5);
	assert_int_equal(msg.lane, 1);
	assert_int_equal(msg.flags, 0);
	assert_int_equal(msg.sender, ME);
	assert_int_equal(msg.ticket, 0);

	assert_int_equal(ipcx_queue_send(&queue, NULL, 0, 0), 0);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), 0);
	assert_int_equal(kernel.calls, 0);
}

static void send_refuses_what_does_not_fit(void **state)
{
	char big[SLOT_SIZE + 1] = "";

	(void)state;
	assert_int_equal(ipcx_queue_send(&queue, big, sizeof(big), 0), -EMSGSIZE);
	assert_int_equal(ipcx_queue_send(&queue, big, SIZE_MAX, 0), -EMSGSIZE);
	assert_int_equal(ipcx_queue_send(&queue, big, 1, 2), -EINVAL);
	assert_int_equal(ipcx_queue_send(&queue, big, 1, UINT32_MAX), -EINVAL);
	assert_int_equal(plain.ring.lane[0].tail, 0);
}

static void recv_wants_room_for_any_message(void **state)
{
	char buf[SLOT_SIZE] = "";

	(void)state;
	assert_int_equal(ipcx_queue_send(&queue, "x", 1, 0), 0);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf) - 1, NULL),
			 -EMSGSIZE);
	assert_int_equal(plain.ring.lane[0].head, 0);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), 1);
}

static void try_does_not_ask_the_kernel(void **state)
{
	char buf[SLOT_SIZE];
	struct ipcx_loan loan;

	(void)state;
	ipcx_queue_set_spin(&queue, 1000);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), NULL),
			 -EAGAIN);
	assert_int_equal(ipcx_queue_acquire_try(&queue, &loan), -EAGAIN);
	fill_lane0();
	assert_int_equal(ipcx_queue_send_try(&queue, "x", 1, 0), -EAGAIN);
	assert_int_equal(ipcx_queue_reserve_try(&queue, 0, &loan), -EAGAIN);
	assert_int_equal(kernel.calls, 0);
}

static void a_message_comes(void *arg)
{
	(void)arg;
	put(&plain, PEER, 0, 7);
}

static void recv_sleeps_until_a_message_comes(void **state)
{
	uint32_t buf[SLOT_SIZE / 4];

	(void)state;
	kernel_says(IPCX_IOC_WAIT, 0);
	kernel.act = a_message_comes;
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), 4);
	assert_int_equal(buf[0], 7);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(kernel.wait.dir, IPCX_DIR_RECV);
	assert_int_equal(kernel.wait.lane, 0);
	assert_true(kernel.wait.deadline_ns == IPCX_FOREVER);
}

static void ignore(int signal)
{
	(void)signal;
}

/* The ring was spoiled: it promises what is not there, whoever looks. */
static void signal_comes_late(void *arg)
{
	(void)arg;
	if (kernel.calls == 200)
		raise(SIGUSR1);
	assert_true(kernel.calls < 1000);
}

static void promised_for_ever_a_signal_is_heard(void **state)
{
	struct sigaction old, action = { .sa_handler = ignore };
	uint32_t buf[SLOT_SIZE / 4];
	sigset_t mask;

	(void)state;
	sigaction(SIGUSR1, &action, &old);
	kernel_says(IPCX_IOC_WAIT, 0);
	kernel.act = signal_comes_late;
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), -EINTR);
	assert_int_equal(kernel.calls, 200);
	sigaction(SIGUSR1, &old, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGUSR1), 0);
}

/* Promises in vain for a while, and then the truth. */
static void nothing_is_there(void *arg)
{
	(void)arg;
	if (kernel.calls < 100)
		return;
	kernel.ret = -EAGAIN;
	if (kernel.wait.deadline_ns == IPCX_FOREVER)
		a_message_comes(arg);
	assert_true(kernel.calls < 1000);
}

static void trusts_again_what_told_the_truth(void **state)
{
	uint32_t buf[SLOT_SIZE / 4];

	(void)state;
	kernel_says(IPCX_IOC_WAIT, 0);
	kernel.act = nothing_is_there;
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), -EAGAIN);
	assert_true(kernel.wait.deadline_ns == IPCX_FOREVER);
	assert_int_equal(number_got(), 7);
}

static void lane_one_drains(void *arg)
{
	(void)arg;
	get(&plain, PEER);
}

static void send_sleeps_on_its_lane(void **state)
{
	uint64_t deadline = ipcx_deadline_after(1000000000000ULL);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(ipcx_queue_send(&queue, "full", 4, 1), 0);
	kernel_says(IPCX_IOC_WAIT, 0);
	kernel.act = lane_one_drains;
	assert_int_equal(ipcx_queue_send_timed(&queue, "x", 1, 1, deadline), 0);
	assert_int_equal(kernel.wait.dir, IPCX_DIR_SEND);
	assert_int_equal(kernel.wait.lane, 1);
	assert_int_equal(kernel.wait.deadline_ns, deadline);
}

static void sleep_ends_as_the_kernel_says(void **state)
{
	static const int errors[] = { -EINTR, -ETIMEDOUT, -EPIPE };
	char buf[SLOT_SIZE];

	(void)state;
	fill_lane0();
	for (int i = 0; i < 3; i++) {
		kernel_says(IPCX_IOC_WAIT, errors[i]);
		assert_int_equal(ipcx_queue_send(&queue, "x", 1, 0), errors[i]);
	}
	while (ipcx_queue_recv_try(&queue, buf, sizeof(buf), NULL) >= 0)
		;
	for (int i = 0; i < 3; i++) {
		kernel_says(IPCX_IOC_WAIT, errors[i]);
		assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL),
				 errors[i]);
	}
}

/* A ring that looks usable to the kernel for ever does not outlast a deadline. */
static void deadline_holds_if_others_are_quicker(void **state)
{
	char buf[SLOT_SIZE];

	(void)state;
	kernel_says(IPCX_IOC_WAIT, 0);
	assert_int_equal(ipcx_queue_recv_timed(&queue, buf, sizeof(buf), NULL,
					       ipcx_deadline_after(1000000)),
			 -ETIMEDOUT);
	assert_true(kernel.calls >= 1);
}

static void hangup_stops_senders_at_once(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	plain.kpage.hangup = IPCX_HANGUP_SEND;
	assert_int_equal(ipcx_queue_send(&queue, "x", 1, 0), -EPIPE);
	assert_int_equal(ipcx_queue_reserve_try(&queue, 0, &loan), -EPIPE);
	assert_int_equal(plain.ring.lane[0].tail, 0);
}

static void shutdown_stops_everybody_at_once(void **state)
{
	char buf[SLOT_SIZE];

	(void)state;
	assert_int_equal(ipcx_queue_send(&queue, "lost", 4, 0), 0);
	plain.kpage.hangup = IPCX_HANGUP_DOWN | IPCX_HANGUP_SEND |
			     IPCX_HANGUP_RECV;
	assert_int_equal(ipcx_queue_send(&queue, "x", 1, 0), -EIDRM);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), -EIDRM);
	assert_int_equal(kernel.calls, 0);
}

static void hangup_lets_receivers_take_what_is_left(void **state)
{
	char buf[SLOT_SIZE];

	(void)state;
	assert_int_equal(ipcx_queue_send(&queue, "last", 4, 0), 0);
	plain.kpage.hangup = IPCX_HANGUP_RECV;
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), NULL), 4);

	/* Whether this is the end, the kernel knows. */
	kernel_says(IPCX_IOC_WAIT, -EPIPE);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), NULL),
			 -EPIPE);
	assert_true(kernel.wait.deadline_ns == IPCX_NO_WAIT);
	kernel_says(IPCX_IOC_WAIT, -EAGAIN);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), NULL),
			 -EAGAIN);
	kernel_says(IPCX_IOC_WAIT, 0);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), NULL),
			 -EAGAIN);
	assert_int_equal(kernel.calls, 1);
}

static void loans_hand_out_the_slot(void **state)
{
	struct ipcx_loan loan;

	(void)state;
	assert_int_equal(ipcx_queue_reserve(&queue, 1, &loan), 0);
	assert_int_equal(loan.len, SLOT_SIZE);
	memcpy(loan.data, "in place", 8);
	assert_int_equal(ipcx_queue_commit(&queue, &loan, SLOT_SIZE + 1),
			 -EMSGSIZE);
	assert_int_equal(ipcx_queue_commit(&queue, &loan, 8), 0);
	assert_null(loan.data);

	assert_int_equal(ipcx_queue_acquire(&queue, &loan), 0);
	assert_int_equal(loan.len, 8);
	assert_int_equal(loan.lane, 1);
	assert_memory_equal(loan.data, "in place", 8);
	assert_int_equal(ipcx_queue_release(&queue, &loan), 0);
	assert_null(loan.data);

	assert_int_equal(ipcx_queue_reserve(&queue, 0, &loan), 0);
	assert_int_equal(ipcx_queue_abort(&queue, &loan), 0);
	assert_null(loan.data);
	assert_int_equal(ipcx_queue_acquire_try(&queue, &loan), -EAGAIN);
}

static void loan_is_given_back_once(void **state)
{
	struct ipcx_loan loan, copy;

	(void)state;
	assert_int_equal(ipcx_queue_reserve(&queue, 0, &loan), 0);
	copy = loan;
	assert_int_equal(ipcx_queue_commit(&queue, &loan, 0), 0);
	assert_int_equal(ipcx_queue_commit(&queue, &loan, 0), -EINVAL);
	assert_int_equal(ipcx_queue_abort(&queue, &loan), -EINVAL);
	assert_int_equal(ipcx_queue_release(&queue, &loan), -EINVAL);
	assert_int_equal(ipcx_queue_abort(&queue, &copy), -EBADMSG);
}

/* Every call, and what each says if the handle is of no use for it. */
static void all_say(int error_send, int error_recv)
{
	struct ipcx_loan loan = { .data = &loan };
	char buf[SLOT_SIZE] = "";
	struct ipcx_msg msg = { .buf = (uintptr_t)buf, .len = sizeof(buf) };

	assert_int_equal(ipcx_queue_send(&queue, buf, 1, 0), error_send);
	assert_int_equal(ipcx_queue_send_batch(&queue, &msg, 1), error_send);
	assert_int_equal(ipcx_queue_reserve(&queue, 0, &loan), error_send);
	assert_int_equal(ipcx_queue_commit(&queue, &loan, 1), error_send);
	assert_int_equal(ipcx_queue_abort(&queue, &loan), error_send);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL),
			 error_recv);
	assert_int_equal(ipcx_queue_recv_batch(&queue, &msg, 1), error_recv);
	assert_int_equal(ipcx_queue_acquire(&queue, &loan), error_recv);
	assert_int_equal(ipcx_queue_release(&queue, &loan), error_recv);
}

static void missing_rights_are_refused(void **state)
{
	(void)state;
	queue.rights = IPCX_RIGHT_MAP;
	all_say(-EACCES, -EACCES);
}

static void forked_child_is_not_attached(void **state)
{
	(void)state;
	attachment = IPCX_OWNER_NONE;
	/* Nothing of the ring is there to be touched. */
	memset(&queue.ring, 0, sizeof(queue.ring));
	all_say(-ENOTCONN, -ENOTCONN);
}

static void mediated_handle_gives_no_loans(void **state)
{
	struct ipcx_loan loan = { .data = &loan };

	(void)state;
	queue.attachment = NULL;
	assert_int_equal(ipcx_queue_reserve(&queue, 0, &loan), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_commit(&queue, &loan, 0), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_abort(&queue, &loan), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_acquire(&queue, &loan), -EOPNOTSUPP);
	assert_int_equal(ipcx_queue_release(&queue, &loan), -EOPNOTSUPP);
	assert_ptr_equal(loan.data, &loan);
}

static void mediated_send_asks_the_kernel(void **state)
{
	(void)state;
	queue.attachment = NULL;
	kernel_says(IPCX_IOC_SEND, 1);
	assert_int_equal(ipcx_queue_send_timed(&queue, "abc", 3, 1, 77), 0);
	assert_int_equal(kernel.transfer.count, 1);
	assert_int_equal(kernel.transfer.deadline_ns, 77);
	assert_int_equal(kernel.msg.len, 3);
	assert_int_equal(kernel.msg.lane, 1);
	assert_int_equal(kernel.msg.flags, 0);

	assert_int_equal(ipcx_queue_send_try(&queue, "abc", SIZE_MAX, 0), 0);
	assert_int_equal(kernel.msg.len, UINT32_MAX);
	assert_true(kernel.transfer.deadline_ns == IPCX_NO_WAIT);
	kernel_says(IPCX_IOC_SEND, -EPIPE);
	assert_int_equal(ipcx_queue_send(&queue, "abc", 3, 0), -EPIPE);
}

static void a_stamped_message(void *arg)
{
	struct ipcx_transfer *transfer = arg;
	struct ipcx_msg *msg = (struct ipcx_msg *)(uintptr_t)transfer->msgs;

	memcpy((void *)(uintptr_t)msg->buf, "hi", 2);
	msg->len = 2;
	msg->flags = IPCX_MSG_STAMPED;
	msg->pid = 99;
}

static void mediated_recv_asks_the_kernel(void **state)
{
	char buf[SLOT_SIZE];
	struct ipcx_msg msg;

	(void)state;
	queue.attachment = NULL;
	kernel_says(IPCX_IOC_RECV, 1);
	kernel.act = a_stamped_message;
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), &msg), 2);
	assert_int_equal(kernel.msg.len, sizeof(buf));
	assert_true(kernel.transfer.deadline_ns == IPCX_FOREVER);
	assert_memory_equal(buf, "hi", 2);
	assert_int_equal(msg.len, 2);
	assert_int_equal(msg.pid, 99);
	assert_int_equal(ipcx_queue_recv(&queue, buf, sizeof(buf), NULL), 2);

	memset(&msg, 0xee, sizeof(msg));
	kernel_says(IPCX_IOC_RECV, -EAGAIN);
	assert_int_equal(ipcx_queue_recv_try(&queue, buf, sizeof(buf), &msg),
			 -EAGAIN);
	assert_int_equal(msg.len, 0xeeeeeeee);
}

static void batch_moves_what_it_can(void **state)
{
	char out[6][SLOT_SIZE], in[6][SLOT_SIZE];
	struct ipcx_msg send[6] = { 0 }, recv[6] = { 0 };

	(void)state;
	for (int i = 0; i < 6; i++) {
		memset(out[i], 'a' + i, SLOT_SIZE);
		send[i].buf = (uintptr_t)out[i];
		send[i].len = i + 1;
		recv[i].buf = (uintptr_t)in[i];
		recv[i].len = SLOT_SIZE;
	}
	assert_int_equal(ipcx_queue_send_batch_try(&queue, send, 6), 4);
	assert_int_equal(ipcx_queue_send_batch_try(&queue, send, 6), -EAGAIN);
	assert_int_equal(ipcx_queue_recv_batch_try(&queue, recv, 6), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(recv[i].len, i + 1);
		assert_int_equal(recv[i].ticket, i);
		assert_memory_equal(in[i], out[i], i + 1);
	}
	assert_int_equal(ipcx_queue_recv_batch_try(&queue, recv, 6), -EMSGSIZE);
	recv[0].len = SLOT_SIZE;
	assert_int_equal(ipcx_queue_recv_batch_try(&queue, recv, 6), -EAGAIN);
}

static void batch_waits_for_the_first_message_alone(void **state)
{
	char in[3][SLOT_SIZE];
	struct ipcx_msg msgs[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		msgs[i].buf = (uintptr_t)in[i];
		msgs[i].len = SLOT_SIZE;
	}
	kernel_says(IPCX_IOC_WAIT, 0);
	kernel.act = a_message_comes;
	assert_int_equal(ipcx_queue_recv_batch(&queue, msgs, 3), 1);
	assert_int_equal(kernel.calls, 1);
}

static void batch_stops_at_the_first_bad_message(void **state)
{
	struct ipcx_msg msgs[2] = { { .len = 0 }, { .lane = 2 } };

	(void)state;
	assert_int_equal(ipcx_queue_send_batch_try(&queue, msgs, 2), 1);
	assert_int_equal(ipcx_queue_send_batch_try(&queue, msgs + 1, 1), -EINVAL);
	msgs[0].flags = 1;
	assert_int_equal(ipcx_queue_send_batch_try(&queue, msgs, 2), -EINVAL);
	assert_int_equal(ipcx_queue_send_batch_try(&queue, msgs, 0), -EINVAL);
	assert_int_equal(ipcx_queue_recv_batch_try(&queue, msgs, 0), -EINVAL);
	assert_int_equal(ipcx_queue_send_batch_try(&queue, msgs,
						   IPCX_BATCH_MAX + 1), -EINVAL);
	assert_int_equal(ipcx_queue_recv_batch_try(&queue, msgs,
						   IPCX_BATCH_MAX + 1), -EINVAL);
	assert_int_equal(plain.ring.lane[0].tail, 1);
}

static void mediated_batch_is_one_call(void **state)
{
	struct ipcx_msg msgs[3] = { { .len = 1 } };

	(void)state;
	queue.attachment = NULL;
	kernel_says(IPCX_IOC_SEND, 2);
	assert_int_equal(ipcx_queue_send_batch_timed(&queue, msgs, 3, 5), 2);
	assert_int_equal(kernel.transfer.msgs, (uintptr_t)msgs);
	assert_int_equal(kernel.transfer.count, 3);
	assert_int_equal(kernel.transfer.deadline_ns, 5);
	kernel_says(IPCX_IOC_RECV, 3);
	assert_int_equal(ipcx_queue_recv_batch(&queue, msgs, 3), 3);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(kernel.transfer.deadline_ns, IPCX_FOREVER);
	assert_int_equal(ipcx_queue_recv_batch_timed(&queue, msgs, 3, 7), 3);
	assert_int_equal(kernel.transfer.deadline_ns, 7);
}

static void descriptors_have_all_forms(void **state)
{
	int fds[2] = { 3, 4 };
	char buf[SLOT_SIZE];

	(void)state;
	queue.attachment = NULL;
	kernel_says(IPCX_IOC_SEND, 1);
	assert_int_equal(ipcx_queue_send_fds(&queue, "x", 1, 1, fds, 2), 0);
	assert_int_equal(kernel.transfer.deadline_ns, IPCX_FOREVER);
	assert_int_equal(kernel.msg.fds, (uintptr_t)fds);
	assert_int_equal(kernel.msg.fd_count, 2);
	assert_int_equal(kernel.msg.lane, 1);
	assert_int_equal(ipcx_queue_send_fds_timed(&queue, "x", 1, 1, fds, 2,
						   7), 0);
	assert_int_equal(kernel.transfer.deadline_ns, 7);
	kernel_says(IPCX_IOC_RECV, -EINTR);
	assert_int_equal(ipcx_queue_recv_fds(&queue, buf, sizeof(buf), NULL,
					     fds, 2), -EINTR);
	assert_int_equal(kernel.transfer.deadline_ns, IPCX_FOREVER);
	assert_int_equal(kernel.msg.fd_count, 2);
	assert_int_equal(ipcx_queue_recv_fds_timed(&queue, buf, sizeof(buf),
						   NULL, fds, 2, 7), -EINTR);
	assert_int_equal(kernel.transfer.deadline_ns, 7);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		QUEUE_TEST(higher_lane_goes_first),
		QUEUE_TEST(given_back_goes_first),
		QUEUE_TEST(aborted_is_skipped),
		QUEUE_TEST(message_goes_through),
		QUEUE_TEST(send_refuses_what_does_not_fit),
		QUEUE_TEST(recv_wants_room_for_any_message),
		QUEUE_TEST(try_does_not_ask_the_kernel),
		QUEUE_TEST(recv_sleeps_until_a_message_comes),
		QUEUE_TEST(promised_for_ever_a_signal_is_heard),
		QUEUE_TEST(trusts_again_what_told_the_truth),
		QUEUE_TEST(send_sleeps_on_its_lane),
		QUEUE_TEST(sleep_ends_as_the_kernel_says),
		QUEUE_TEST(deadline_holds_if_others_are_quicker),
		QUEUE_TEST(hangup_stops_senders_at_once),
		QUEUE_TEST(shutdown_stops_everybody_at_once),
		QUEUE_TEST(hangup_lets_receivers_take_what_is_left),
		QUEUE_TEST(loans_hand_out_the_slot),
		QUEUE_TEST(loan_is_given_back_once),
		QUEUE_TEST(missing_rights_are_refused),
		QUEUE_TEST(forked_child_is_not_attached),
		QUEUE_TEST(mediated_handle_gives_no_loans),
		QUEUE_TEST(mediated_send_asks_the_kernel),
		QUEUE_TEST(mediated_recv_asks_the_kernel),
		QUEUE_TEST(batch_moves_what_it_can),
		QUEUE_TEST(batch_waits_for_the_first_message_alone),
		QUEUE_TEST(batch_stops_at_the_first_bad_message),
		QUEUE_TEST(mediated_batch_is_one_call),
		QUEUE_TEST(descriptors_have_all_forms),
	};

	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
