// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deaths, each in each role: whatever a process was about and however it ends,
 * its claims are ended, nobody is counted as asleep for it, nothing it sent is
 * lost, and the queue is as roomy as before. A second thread is in the role; the
 * first ends the process, or is ended with it.
 */
#include "mapped.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define SLOTS		4
#define CLAIMS		2
#define BATCH		6		/* more than there is room for */

enum role {
	WRITING, READING,		/* with claims, mapped */
	WAITING_RECV, WAITING_SEND,	/* in WAIT, mapped */
	IN_RECV, IN_SEND,		/* in a batch, mediated */
	ROLE_NR
};

static const char *const roles[] = {
	"writing", "reading", "waiting for a message", "waiting for room",
	"in RECV", "in SEND",
};

struct shared {
	_Atomic uint32_t ready;		/* by the role: claimed, or about to sleep */
	_Atomic uint32_t over;		/* whoever is left may go */
	_Atomic uint32_t go;		/* the first thread is to act */
};

/* What the process does about itself when it is told to. */
typedef void act_fn(struct shared *s, int fd, int sock);

struct death {
	const char *label;
	act_fn *act;			/* NULL: nothing */
	bool thread_ends;		/* who claimed ends at once */
	bool stop;			/* stopped before it is killed */
	bool survives;			/* under another program */
};

static void act_exec(struct shared *s, int fd, int sock)
{
	int fds[2];

	(void)s;
	(void)sock;
	/* cat waits for the end of a pipe whose other end is its own. */
	if (pipe(fds))
		abort();
	dup2(fds[0], STDIN_FILENO);
	fcntl(fd, F_SETFD, 0);
	execlp("cat", "cat", NULL);
	abort();
}

static void act_exit(struct shared *s, int fd, int sock)
{
	(void)s;
	(void)fd;
	(void)sock;
	_exit(0);
}

static void act_die(void)
{
	kill(getpid(), SIGKILL);
}

/* A forked child keeps the descriptor. */
static void act_fork_and_die(struct shared *s, int fd, int sock)
{
	(void)fd;
	(void)sock;
	if (!fork()) {
		while (!s->over)
			nap();
		_exit(0);
	}
	act_die();
}

/* The descriptor is under way to somebody. */
static void act_pass_and_die(struct shared *s, int fd, int sock)
{
	(void)s;
	send_fd(sock, fd);
	act_die();
}

static void act_fault(struct shared *s, int fd, int sock)
{
	(void)s;
	(void)fd;
	(void)sock;
	raise(SIGSEGV);
}

static const struct death deaths[] = {
	{ .label = "SIGKILL" },
	{ .label = "SIGSTOP and SIGKILL", .stop = true },
	{ .label = "exec by another thread", .act = act_exec, .survives = true },
	{ .label = "exit by another thread", .act = act_exit },
	{ .label = "a fault of another thread", .act = act_fault },
	{ .label = "SIGKILL with an heir", .act = act_fork_and_die },
	{ .label = "SIGKILL with the descriptor under way", .act = act_pass_and_die },
	{ .label = "the end of the thread, then SIGKILL", .thread_ends = true },
	{ .label = "the end of the thread, then exec", .act = act_exec,
	  .thread_ends = true, .survives = true },
};

struct job {
	enum role role;
	bool ends;
	int fd;
	struct shared *s;
};

/* Does not come back from a sleep. */
static void play(const struct job *job)
{
	uint32_t numbers[BATCH];
	uint8_t room[BATCH][64];
	struct ipcx_msg msgs[BATCH] = { 0 };
	bool redelivered;
	struct mapped m;

	if (job->role < IN_RECV)
		mapped_open(&m, job->fd);
	switch (job->role) {
	case WRITING:
	case READING:
		for (int i = 0; i < CLAIMS; i++)
			assert_true((job->role == WRITING ?
				     mapped_claim_send(&m) :
				     mapped_claim_recv(&m, &redelivered)) !=
				    NO_TICKET);
		break;
	case WAITING_RECV:
		queue_wait(job->fd, IPCX_DIR_RECV, 0, IPCX_FOREVER);
		abort();
	case WAITING_SEND:
		queue_wait(job->fd, IPCX_DIR_SEND, 0, IPCX_FOREVER);
		abort();
	case IN_RECV:
	case IN_SEND:
		for (uint32_t i = 0; i < BATCH; i++) {
			numbers[i] = i;
			msgs[i].buf = (uintptr_t)room[i];
			msgs[i].len = sizeof(room[i]);
			if (job->role == IN_SEND) {
				msgs[i].buf = (uintptr_t)&numbers[i];
				msgs[i].len = sizeof(numbers[i]);
			}
		}
		transfer(job->fd, job->role == IN_SEND ? IPCX_IOC_SEND :
			 IPCX_IOC_RECV, msgs, BATCH, IPCX_FOREVER);
		abort();
	default:
		abort();
	}
	job->s->ready = 1;
	while (!job->ends)
		pause();
}

static void *play_role(void *arg)
{
	play(arg);
	return NULL;
}

static pid_t start(const struct death *d, enum role role, int fd,
		   struct shared *s, int sock)
{
	struct job job = { .role = role, .ends = d->thread_ends, .s = s };
	pthread_t thread;
	pid_t pid = child_fork();

	if (pid)
		return pid;
	/* A description of its own, so that what keeps it is seen. */
	job.fd = object_reopen(fd, IPCX_RIGHTS_QUEUE);
	close(fd);
	assert_int_equal(pthread_create(&thread, NULL, play_role, &job), 0);
	if (d->thread_ends)
		pthread_join(thread, NULL);
	while (!s->go)
		nap();
	if (d->act)
		d->act(s, job.fd, sock);
	for (;;)
		pause();
}

static bool in_role(enum role role, int fd, struct shared *s)
{
	struct ipcx_stat st = object_stat(fd);

	switch (role) {
	case WRITING:
	case READING:
		return s->ready;
	case WAITING_RECV:
	case IN_RECV:
		return st.waiting_recv == 1;
	default:
		return st.waiting_send == 1;
	}
}

static void end(const struct death *d, pid_t pid, struct shared *s)
{
	int status;

	s->go = 1;
	if (d->stop) {
		assert_int_equal(kill(pid, SIGSTOP), 0);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
	}
	if (!d->act)
		child_kill(pid);
	else if (!d->survives)
		assert_soon(waitpid(pid, &status, WNOHANG) == pid);
}

static bool settled(int fd)
{
	struct ipcx_stat st = object_stat(fd);

	return !st.attachments && !st.repairing && !st.waiting_recv &&
	       !st.waiting_send;
}

static void expect(int fd, uint32_t expected, uint32_t flags)
{
	struct ipcx_msg msg;
	uint8_t buf[64];
	uint32_t value;

	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, IPCX_NO_WAIT), 1);
	memcpy(&value, buf, sizeof(value));
	assert_int_equal(value, expected);
	assert_int_equal(msg.flags & IPCX_MSG_REDELIVERED, flags);
}

static void check_rest(enum role role, int fd)
{
	uint32_t left = role == WAITING_RECV || role == IN_RECV ||
			role == WRITING ? 0 : SLOTS;

	assert_int_equal(object_stat(fd).aborted, role == WRITING ? CLAIMS : 0);
	assert_int_equal(object_stat(fd).redelivered,
			 role == READING ? CLAIMS : 0);
	for (uint32_t i = 0; i < left; i++)
		expect(fd, i, role == READING && i < CLAIMS ?
		       IPCX_MSG_REDELIVERED : 0);
	expect_empty(fd);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	assert_int_equal(send_u32(fd, SLOTS, IPCX_NO_WAIT), -EAGAIN);
	for (uint32_t i = 0; i < SLOTS; i++)
		expect_u32(fd, i);
}

static void die(const struct death *d, enum role role)
{
	struct shared *s = (struct shared *)shared_words();
	int fd = queue(NULL, .slots = SLOTS, .flags = IPCX_QUEUE_MAPPABLE);
	int sock[2];
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
	if (role == READING || role == WAITING_SEND)
		for (uint32_t i = 0; i < SLOTS; i++)
			assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	pid = start(d, role, fd, s, sock[0]);
	assert_soon(in_role(role, fd, s));
	/* A claim lives as long as its address space, not as its thread. */
	if (d->thread_ends)
		assert_false(wait_until(object_stat(fd).attachments != 1, SHORT));
	end(d, pid, s);
	if (!wait_until(settled(fd), LONG_ENOUGH))
		fail_msg("%s, %s: it is not over", d->label, roles[role]);
	check_rest(role, fd);
	s->over = 1;
	if (d->survives)
		child_kill(pid);
	close(sock[0]);
	close(sock[1]);
	close(fd);
	shared_free((_Atomic uint32_t *)s);
}

static void test_death(void **state)
{
	const struct death *d = *state;

	for (enum role role = 0; role < ROLE_NR; role++) {
		/* Who sleeps in the kernel does not end by itself. */
		if (d->thread_ends && role > READING)
			continue;
		print_message("%s\n", roles[role]);
		die(d, role);
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(deaths)];

	for (size_t i = 0; i < ARRAY_SIZE(deaths); i++)
		tests[i] = (struct CMUnitTest) {
			.name = deaths[i].label, .test_func = test_death,
			.initial_state = (void *)&deaths[i],
		};
	return guest_run(tests);
}
