// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills at random instants, and messages counted. Producers and consumers of
 * both paths work on queues of several shapes while they are killed and started
 * anew. What each did is in a journal that outlives it:
 *
 *  - A producer notes by one store how many of its messages are sent. So of one
 *    that was killed exactly those were committed, and perhaps the next.
 *  - A consumer receives into the journal: the message is its own note. RECV
 *    copies out before it releases and is not left between the two; who maps the
 *    ring notes by one store before it releases. So nothing that was released is
 *    unnoted, and what is noted twice was not released by the first.
 *
 * Environment: KILLS, DURATION in seconds (whichever comes first), SEED.
 */
#include <ipcx/ipcx.h>

#include "scribble.h"

#include <sys/resource.h>

#define QUEUES		4
#define ACTORS		4		/* of a queue: see enum actor_kind */
#define LIFE		1024		/* messages of a producer, which then ends */
#define LOG		128		/* messages of a consumer, likewise */
#define AT_ONCE		4		/* kills before the dead are buried */

static const struct shape shapes[QUEUES] = {
	{ .slots = 1, .lanes = 1 },
	{ .slots = 2, .lanes = 4 },
	{ .slots = 8, .lanes = 1 },
	{ .slots = 64, .lanes = 4 },
};

enum actor_kind { MAPPED_PRODUCER, PRODUCER, MAPPED_CONSUMER, CONSUMER };

/* A payload; all of it follows from the first two, so that a torn one shows. */
struct note {
	uint32_t producer;		/* + 1; 0 for none */
	uint32_t seq;
	uint32_t lane;
	uint32_t sum[5];
};

struct entry {
	struct note note;
	struct ipcx_msg msg;
};

struct actor {
	enum actor_kind kind;
	uint32_t queue;
	uint32_t life;			/* producer: index into the journal */
	pid_t pid;
	int error;			/* by the child */
	struct entry log[LOG];		/* by the child, of a consumer */
};

/* All of it shared, and so cheap to fork. */
static struct actor *actors;		/* [QUEUES * ACTORS] */
static uint32_t *sent;			/* by producers' lives, by them */
static uint8_t (*got)[LIFE];		/* by lives and messages, by the test */
static uint8_t *life_queue;		/* by lives */

#define GOT		1
#define GOT_AGAIN	2		/* flagged as redelivered */

static uint32_t lives, lives_max, kills, received, redelivered, unnoted;
static uint64_t seed;
static int queues[QUEUES];
static uint32_t came[QUEUES];		/* of @received, by queue */

static void *shared_bytes(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static struct note make_note(uint32_t life, uint32_t seq, uint32_t lane)
{
	struct note note = { .producer = life + 1, .seq = seq, .lane = lane };

	for (uint32_t i = 0; i < ARRAY_SIZE(note.sum); i++)
		note.sum[i] = (life * 31 + seq) * 2654435761U + lane + i;
	return note;
}

/* ---- what the children do ---- */

static void __attribute__((noreturn)) give_up(struct actor *a, int error)
{
	a->error = error;
	_exit(1);
}

/* Holds a claim for some time, so that more of the kills meet one. */
static void dwell(uint64_t *random)
{
	if (random64(random) % 2)
		return;
	for (volatile unsigned int i = random64(random) % 16000; i; i--)
		;
}

static int produce(struct ipcx_queue *q, const struct note *note,
		   uint64_t *random, bool mapped)
{
	struct ipcx_loan loan;
	int rc;

	if (!mapped || random64(random) % 2)
		return ipcx_queue_send(q, note, sizeof(*note), note->lane);
	do {
		rc = ipcx_queue_reserve(q, note->lane, &loan);
		if (rc)
			return rc;
		if (random64(random) % 4)
			break;
		rc = ipcx_queue_abort(q, &loan);
	} while (!rc);
	if (rc)
		return rc;
	memcpy(loan.data, note, sizeof(*note));
	dwell(random);
	return ipcx_queue_commit(q, &loan, sizeof(*note));
}

static void run_producer(struct actor *a, struct ipcx_queue *q, uint64_t random)
{
	for (uint32_t seq = 0; seq < LIFE; seq++) {
		uint32_t lane = random64(&random) % shapes[a->queue].lanes;
		struct note note = make_note(a->life, seq, lane);
		int rc = produce(q, &note, &random, a->kind == MAPPED_PRODUCER);

		if (rc)
			give_up(a, rc);
		__atomic_store_n(&sent[a->life], seq + 1, __ATOMIC_RELEASE);
	}
}

static void run_mapped_consumer(struct actor *a, struct ipcx_queue *q,
				uint64_t random)
{
	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		struct ipcx_loan loan;
		struct note note;
		int rc = ipcx_queue_acquire(q, &loan);

		if (rc)
			give_up(a, rc);
		memcpy(&note, loan.data, sizeof(note));
		dwell(&random);
		e->msg.flags = loan.flags;
		e->msg.lane = loan.lane;
		e->msg.len = loan.len;
		e->note = note;
		e->note.producer = 0;
		__atomic_store_n(&e->note.producer, note.producer,
				 __ATOMIC_RELEASE);
		dwell(&random);
		rc = ipcx_queue_release(q, &loan);
		if (rc)
			give_up(a, rc);
	}
}

/*
 * All of it is touched before: a copy that cannot be made would have the message
 * given back in the middle.
 */
static void run_consumer(struct actor *a, int fd)
{
	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		e->note.producer = 0;
		e->msg = (struct ipcx_msg) {
			.buf = (uintptr_t)&e->note, .len = sizeof(e->note),
		};
	}
	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		struct ipcx_transfer arg = {
			.size = sizeof(arg), .msgs = (uintptr_t)&e->msg,
			.count = 1, .msg_size = sizeof(e->msg),
			.deadline_ns = IPCX_FOREVER,
		};
		int rc = call(fd, IPCX_IOC_RECV, &arg);

		if (rc != 1)
			give_up(a, rc);
	}
}

static void run_actor(struct actor *a, uint64_t random)
{
	static const uint32_t rights[] = {
		[MAPPED_PRODUCER] = IPCX_RIGHT_SEND | IPCX_RIGHT_MAP,
		[PRODUCER] = IPCX_RIGHT_SEND,
		[MAPPED_CONSUMER] = IPCX_RIGHT_RECV | IPCX_RIGHT_MAP,
		[CONSUMER] = IPCX_RIGHT_RECV,
	};
	int fd = object_reopen(queues[a->queue], rights[a->kind]);
	struct ipcx_queue *q;
	int rc;

	/* The test goes before its victims, or there would be few. */
	setpriority(PRIO_PROCESS, 0, 0);
	rc = ipcx_queue_from_fd(fd, &q);

	if (rc)
		give_up(a, rc);
	switch (a->kind) {
	case MAPPED_CONSUMER:
		run_mapped_consumer(a, q, random);
		break;
	case CONSUMER:
		run_consumer(a, fd);
		break;
	default:
		run_producer(a, q, random);
	}
	_exit(0);
}

/* ---- what the test does ---- */

static bool is_consumer(const struct actor *a)
{
	return a->kind == MAPPED_CONSUMER || a->kind == CONSUMER;
}

static void start(struct actor *a)
{
	uint64_t random = random64(&seed);
	pid_t pid;

	if (!is_consumer(a)) {
		assert_true(lives < lives_max);
		a->life = lives++;
		life_queue[a->life] = a->queue;
	}
	pid = child_fork();
	if (!pid)
		run_actor(a, random);
	/* Not before: the child has the same one. */
	a->pid = pid;
}

static void account(const struct entry *e, uint32_t queue, uint32_t *order)
{
	struct note note = e->note;
	uint32_t life = note.producer - 1;
	bool again = e->msg.flags & IPCX_MSG_REDELIVERED;
	struct note whole;
	uint8_t *state;

	assert_true(life < lives && note.seq < LIFE);
	whole = make_note(life, note.seq, note.lane);
	assert_memory_equal(&note, &whole, sizeof(note));
	assert_int_equal(e->msg.len, sizeof(note));
	assert_int_equal(e->msg.lane, note.lane);
	assert_int_equal(life_queue[life], queue);

	state = &got[life][note.seq];
	if (!again) {
		if (*state & GOT)
			fail_msg("message %u of producer %u came twice",
				 note.seq, life);
		/* In order, as one consumer sees a producer and a lane. */
		if (order[0] == life + 1 && order[1 + note.lane] > note.seq)
			fail_msg("message %u of producer %u came late",
				 note.seq, life);
		if (order[0] != life + 1)
			memset(order, 0, 5 * sizeof(*order));
		order[0] = life + 1;
		order[1 + note.lane] = note.seq + 1;
	}
	*state |= again ? GOT_AGAIN : GOT;
	redelivered += again;
	received++;
	came[queue]++;
}

/* Reads what a dead consumer noted. */
static void read_log(struct actor *a)
{
	/* The last seq by lane, of the producers by parity of their kinds. */
	uint32_t order[16][5] = { 0 };

	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		if (!e->note.producer)
			break;
		account(e, a->queue, order[e->note.producer % 16]);
		e->note.producer = 0;
	}
}

static void bury(struct actor *a)
{
	int status;

	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail_msg("actor %d of queue %u ended with %d", a->kind,
			 a->queue, a->error);
	kills += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	a->pid = 0;
	if (is_consumer(a))
		read_log(a);
}

static void kill_some(void)
{
	struct actor *dead[AT_ONCE];
	unsigned int n = 0;

	for (unsigned int i = random64(&seed) % AT_ONCE + 1; i--;) {
		struct actor *a = &actors[random64(&seed) % (QUEUES * ACTORS)];

		for (volatile unsigned int spin = random64(&seed) % 20000; spin; spin--)
			;
		if (kill(a->pid, SIGKILL) == 0) {
			bool twice = false;

			for (unsigned int k = 0; k < n; k++)
				twice |= dead[k] == a;
			if (!twice)
				dead[n++] = a;
		}
	}
	for (unsigned int i = 0; i < n; i++)
		setpriority(PRIO_PROCESS, (id_t)dead[i]->pid, -20);
	for (unsigned int i = 0; i < n; i++) {
		bury(dead[i]);
		start(dead[i]);
	}
}

/* Starts again who came to the end of its life by itself. */
static void restart_ended(bool producers)
{
	for (struct actor *a = actors; a < actors + QUEUES * ACTORS; a++) {
		siginfo_t info = { 0 };

		if (!a->pid || waitid(P_PID, (id_t)a->pid, &info,
				      WEXITED | WNOHANG | WNOWAIT) ||
		    !info.si_pid)
			continue;
		bury(a);
		if (is_consumer(a) || producers)
			start(a);
	}
}

static void stop_all(bool consumers)
{
	for (struct actor *a = actors; a < actors + QUEUES * ACTORS; a++) {
		if (!a->pid || is_consumer(a) != consumers)
			continue;
		kill(a->pid, SIGKILL);
		bury(a);
	}
}

static bool all_empty(void)
{
	restart_ended(false);
	for (int i = 0; i < QUEUES; i++) {
		struct ipcx_stat st = object_stat(queues[i]);

		if (st.depth || st.repairing)
			return false;
	}
	return true;
}

/* What the last of the dead gave back. */
static void drain(uint32_t queue)
{
	uint32_t order[5] = { 0 };
	struct entry e;

	while (recv_msg(queues[queue], &e.note, sizeof(e.note), &e.msg,
			IPCX_NO_WAIT) == 1)
		account(&e, queue, order);
}

/* Nothing is left: every slot of every lane can be sent in, and no more. */
static void check_room(uint32_t queue)
{
	const struct shape *shape = &shapes[queue];
	struct ipcx_msg msg;
	struct note note = { 0 };

	for (uint32_t lane = 0; lane < shape->lanes; lane++) {
		for (uint32_t i = 0; i < shape->slots; i++)
			assert_int_equal(send_msg(queues[queue], lane, &note,
						  sizeof(note), IPCX_NO_WAIT), 1);
		assert_int_equal(send_msg(queues[queue], lane, &note,
					  sizeof(note), IPCX_NO_WAIT), -EAGAIN);
	}
	for (uint32_t i = 0; i < shape->lanes * shape->slots; i++) {
		assert_int_equal(recv_msg(queues[queue], &note, sizeof(note),
					  &msg, IPCX_NO_WAIT), 1);
		assert_int_equal(note.producer, 0);
	}
}

/* Nobody hangs: something has come on every queue since the last look. */
static void check_progress(void)
{
	static uint32_t before[QUEUES];
	static uint64_t next;

	if (now_ns() < next)
		return;
	for (uint32_t i = 0; next && i < QUEUES; i++)
		if (came[i] == before[i])
			fail_msg("nothing comes any more on queue %u", i);
	memcpy(before, came, sizeof(before));
	next = in_ms(LONG_ENOUGH / 2);
	/* Nor does the test itself, in a wait for somebody who does not die. */
	alarm(LONG_ENOUGH / 1000);
}

static void check_lives(void)
{
	for (uint32_t life = 0; life < lives; life++) {
		for (uint32_t seq = 0; seq < LIFE; seq++) {
			bool here = got[life][seq];

			if (seq < sent[life] && !here)
				fail_msg("message %u of producer %u is lost",
					 seq, life);
			if (seq > sent[life] && here)
				fail_msg("message %u of producer %u, which sent %u",
					 seq, life, sent[life]);
			unnoted += seq == sent[life] && here;
		}
	}
}

static void check_end(void)
{
	uint64_t aborted = 0, returned = 0;

	for (uint32_t i = 0; i < QUEUES; i++) {
		struct ipcx_stat st;

		assert_soon(object_stat(queues[i]).repairing == 0);
		drain(i);
		check_room(i);
		st = object_stat(queues[i]);
		assert_int_equal(st.depth, 0);
		assert_int_equal(st.attachments, 0);
		assert_int_equal(st.repairing, 0);
		assert_int_equal(st.waiting_recv, 0);
		assert_int_equal(st.waiting_send, 0);
		assert_int_equal(st.corrupt, 0);
		aborted += st.aborted;
		returned += st.redelivered;
		close(queues[i]);
	}
	check_lives();
	assert_true(redelivered <= returned);
	print_message("%u kills, %u messages, %u of them redelivered (%lu given back), %lu aborted, %u sent but not noted by %u producers\n",
		      kills, received, redelivered, (unsigned long)returned,
		      (unsigned long)aborted, unnoted, lives);
}

static void torture_setup(uint32_t kills_max)
{
	lives_max = kills_max + 100000;
	actors = shared_bytes(QUEUES * ACTORS * sizeof(*actors));
	sent = shared_bytes(lives_max * sizeof(*sent));
	got = shared_bytes(lives_max * sizeof(*got));
	life_queue = shared_bytes(lives_max);
	for (uint32_t i = 0; i < QUEUES; i++) {
		queues[i] = queue(NULL, .slots = shapes[i].slots,
				  .lanes = shapes[i].lanes,
				  .slot_size = sizeof(struct note),
				  .flags = IPCX_QUEUE_MAPPABLE);
		assert_true(queues[i] >= 0);
		for (int kind = 0; kind < ACTORS; kind++)
			actors[i * ACTORS + kind] = (struct actor) {
				.kind = kind, .queue = i,
			};
	}
}

static void test_kills(void **state)
{
	uint32_t kills_max = setting("KILLS", 10000);
	uint64_t end = now_ns() + setting("DURATION", 40) * 1000000000ULL;
	uint32_t round = 0;

	(void)state;
	setpriority(PRIO_PROCESS, 0, -20);
	print_message("SEED=%lu\n", (unsigned long)seed);
	torture_setup(kills_max);
	for (int i = 0; i < QUEUES * ACTORS; i++)
		start(&actors[i]);
	while (kills < kills_max && now_ns() < end) {
		check_progress();
		kill_some();
		if (round++ % 16 == 0)
			restart_ended(true);
	}
	alarm(0);
	stop_all(false);
	assert_soon(all_empty());
	stop_all(true);
	check_end();
	assert_true(kills > 100 && received > kills);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
	};

	seed = setting("SEED", now_ns() | 1);
	return guest_run(tests);
}
