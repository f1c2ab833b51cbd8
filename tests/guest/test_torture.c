// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills at random instants, and messages counted. Producers and consumers of
 * both paths work on queues of several shapes while they are killed and started
 * anew; what each did is in a journal that outlives it (torture/journal.h).
 *
 * Work queues: what was committed is received, nothing twice but what is flagged,
 * in order by producer and lane, and what rides along comes along. Those that drop
 * the oldest count what was dropped. Of a broadcast each subscriber gets all, but
 * for what it is told that it missed. Nobody hangs, and nothing is left.
 *
 * Environment: KILLS, DURATION in seconds (whichever comes first), SEED.
 */
#include "random.h"
#include "region.h"
#include "torture/journal.h"

#include <ipcx/ipcx.h>

#include <sys/resource.h>

#define AT_ONCE		8		/* kills before the dead are buried */
#define TOTALS		"/sys/kernel/debug/ipcx/totals"

/* The short form: all of these on one kernel, on others what there is time for. */
#define KILLS		10000
#define KERNEL_OF_ALL	"6.12"
#define SECONDS		20
#define FOREVER		1000000

static struct journal *journal;
static size_t journal_bytes;
static int journal_fd;
static uint8_t (*got)[LIFE];		/* by lives and messages */
static uint8_t *life_queue;		/* by lives */

#define GOT		1
#define GOT_AGAIN	2		/* flagged as redelivered */

static pid_t forker;			/* who forks the actors, by this pipe */
static int forker_pipe;

static uint32_t lives, lives_max, kills, received, redelivered, unnoted, missed;
static uint64_t seed;
static int queues[QUEUES];
static uint32_t came[QUEUES];		/* of @received, by queue */
static uint32_t killed[QUEUES];		/* of @kills */

static bool drops(uint32_t queue)
{
	return torture_queues[queue].flags & IPCX_QUEUE_DROP_OLDEST;
}

static bool broadcasts(uint32_t queue)
{
	return torture_queues[queue].flags & IPCX_QUEUE_BROADCAST;
}

/* ---- the actors ---- */

/* Descriptors that stay open, at numbers that the forker knows. */
static void start_forker(void)
{
	char path[512];
	int ends[2];
	ssize_t len;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	forker_pipe = ends[1];
	len = readlink("/proc/self/exe", path, sizeof(path) - 32);
	assert_true(len > 0);
	path[len] = '\0';
	strcpy(strrchr(path, '/'), "/torture/actor");
	forker = child_fork();
	if (forker) {
		close(ends[0]);
		return;
	}
	/* All above those, first: none shall be overwritten that is still needed. */
	journal_fd = fcntl(journal_fd, F_DUPFD, QUEUE_FD + QUEUES);
	for (uint32_t i = 0; i < QUEUES; i++)
		queues[i] = fcntl(queues[i], F_DUPFD, QUEUE_FD + QUEUES);
	dup2(ends[0], STDIN_FILENO);
	dup2(journal_fd, JOURNAL_FD);
	for (uint32_t i = 0; i < QUEUES; i++)
		dup2(queues[i], QUEUE_FD + i);
	close_range(QUEUE_FD + QUEUES, ~0U, 0);
	execl(path, path, NULL);
	perror(path);
	abort();
}

static void start(struct actor *a)
{
	struct start start = {
		.actor = a - journal->actors, .random = random64(&seed),
	};

	if (!is_consumer(a)) {
		assert_true(lives < lives_max);
		a->life = lives++;
		life_queue[a->life] = a->queue;
	}
	assert_int_equal(write(forker_pipe, &start, sizeof(start)), sizeof(start));
}

/* 0 if it is just being forked. */
static pid_t pid_of(const struct actor *a)
{
	return __atomic_load_n(&a->pid, __ATOMIC_ACQUIRE);
}

/* ---- what they leave ---- */

static void check_note(const struct entry *e, uint32_t queue)
{
	const struct note *note = &e->note;
	uint32_t life = note->producer - 1;
	struct note whole;

	assert_true(life < lives && note->seq < LIFE);
	whole = make_note(life, note->seq, note->lane);
	assert_memory_equal(note, &whole, sizeof(whole));
	assert_int_equal(e->msg.len, sizeof(whole));
	assert_int_equal(e->msg.lane, note->lane);
	assert_int_equal(life_queue[life], queue);
	received++;
	came[queue]++;
}

/* What one consumer has last had of a producer. */
struct last {
	uint32_t producer;
	uint32_t next[4];		/* by lanes */
	uint64_t missed;		/* up to then, of all producers */
};

#define LASTS	16			/* by producer; few live at one time */

static struct last *last_of(struct last *lasts, uint32_t producer)
{
	struct last *last = &lasts[producer % LASTS];

	if (last->producer != producer)
		*last = (struct last) { .producer = producer };
	return last;
}

static void account(const struct entry *e, uint32_t queue, struct last *lasts)
{
	const struct note *note = &e->note;
	bool again = e->msg.flags & IPCX_MSG_REDELIVERED;
	uint8_t *state = &got[note->producer - 1][note->seq];

	check_note(e, queue);
	if (!again) {
		uint32_t *next = &last_of(lasts, note->producer)->next[note->lane];

		if (*state & GOT)
			fail_msg("message %u of producer %u came twice",
				 note->seq, note->producer - 1);
		if (note->seq < *next)
			fail_msg("message %u of producer %u came late",
				 note->seq, note->producer - 1);
		*next = note->seq + 1;
	}
	*state |= again ? GOT_AGAIN : GOT;
	redelivered += again;
}

/* As above, of a broadcast: without a gap that nobody was told of. */
static void account_broadcast(const struct entry *e, uint32_t queue,
			      struct last *lasts, uint64_t *missed_before)
{
	const struct note *note = &e->note;
	struct last *last;
	uint32_t next;

	check_note(e, queue);
	*missed_before += e->msg.missed;
	missed += e->msg.missed;
	last = last_of(lasts, note->producer);
	next = last->next[0];
	if (note->seq < next)
		fail_msg("message %u of publisher %u came late or twice",
			 note->seq, note->producer - 1);
	if (next && note->seq - next > *missed_before - last->missed)
		fail_msg("messages %u to %u of publisher %u did not come, and %lu were missed",
			 next, note->seq - 1, note->producer - 1,
			 (unsigned long)(*missed_before - last->missed));
	last->next[0] = note->seq + 1;
	last->missed = *missed_before;
	got[note->producer - 1][note->seq] |= GOT;
}

/* Reads what a dead consumer noted. */
static void read_log(struct actor *a)
{
	struct last lasts[LASTS] = { 0 };
	uint64_t missed_before = 0;

	for (struct entry *e = a->log; e < a->log + LOG; e++) {
		if (!e->note.producer)
			break;
		if (broadcasts(a->queue))
			account_broadcast(e, a->queue, lasts, &missed_before);
		else
			account(e, a->queue, lasts);
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
	assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	if (WIFSIGNALED(status)) {
		kills++;
		killed[a->queue]++;
	}
	a->pid = 0;
	if (is_consumer(a))
		read_log(a);
}

/* ---- the reaper ---- */

static void kill_some(void)
{
	struct actor *dead[AT_ONCE];
	unsigned int n = 0;

	for (unsigned int i = random64(&seed) % AT_ONCE + 1; i--;) {
		struct actor *a = &journal->actors[random64(&seed) %
						   (QUEUES * ACTORS)];
		bool twice = false;

		for (volatile unsigned int spin = random64(&seed) % 10000; spin; spin--)
			;
		for (unsigned int k = 0; k < n; k++)
			twice |= dead[k] == a;
		if (!twice && pid_of(a) && kill(a->pid, SIGKILL) == 0)
			dead[n++] = a;
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
	for (struct actor *a = journal->actors;
	     a < journal->actors + QUEUES * ACTORS; a++) {
		siginfo_t info = { 0 };

		if (!pid_of(a) || waitid(P_PID, (id_t)a->pid, &info,
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
	for (struct actor *a = journal->actors;
	     a < journal->actors + QUEUES * ACTORS; a++) {
		if (is_consumer(a) != consumers)
			continue;
		assert_soon(pid_of(a));
		kill(a->pid, SIGKILL);
		bury(a);
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

/* ---- the end ---- */

static bool all_empty(void)
{
	restart_ended(false);
	for (uint32_t i = 0; i < QUEUES; i++) {
		struct ipcx_stat st = object_stat(queues[i]);

		if ((st.depth && !broadcasts(i)) || st.repairing)
			return false;
	}
	return true;
}

/* What the last of the dead gave back. */
static void drain(uint32_t queue)
{
	struct last lasts[LASTS] = { 0 };
	struct entry e;

	while (recv_msg(queues[queue], &e.note, sizeof(e.note), &e.msg,
			IPCX_NO_WAIT) == 1)
		account(&e, queue, lasts);
}

/* Nothing is left: every slot of every lane can be sent in, and no more. */
static void check_room(uint32_t queue)
{
	const struct torture_queue *shape = &torture_queues[queue];
	struct ipcx_msg msg;
	struct note note = { 0 };

	for (uint32_t lane = 0; lane < shape->lanes; lane++) {
		for (uint32_t i = 0; i < shape->slots; i++)
			assert_int_equal(send_msg(queues[queue], lane, &note,
						  sizeof(note), IPCX_NO_WAIT), 1);
		if (!drops(queue))
			assert_int_equal(send_msg(queues[queue], lane, &note,
						  sizeof(note), IPCX_NO_WAIT),
					 -EAGAIN);
	}
	for (uint32_t i = 0; i < shape->lanes * shape->slots; i++) {
		assert_int_equal(recv_msg(queues[queue], &note, sizeof(note),
					  &msg, IPCX_NO_WAIT), 1);
		assert_int_equal(note.producer, 0);
	}
}

/* Who comes late gets what the ring holds, up to each publisher's last. */
static void check_history(uint32_t queue, uint32_t right_to_map)
{
	struct last lasts[LASTS] = { 0 };
	uint64_t missed_before = 0;
	struct ipcx_queue *q;
	struct entry e;
	uint32_t n;
	int fd = object_reopen(queues[queue], IPCX_RIGHT_RECV | right_to_map);

	assert_int_equal(ipcx_queue_from_fd(fd, &q), 0);
	for (n = 0; ipcx_queue_recv_try(q, &e.note, sizeof(e.note), &e.msg) >= 0; n++)
		account_broadcast(&e, queue, lasts, &missed_before);
	assert_in_range(n, 1, torture_queues[queue].slots);
	assert_int_equal(missed_before, 0);
	for (int i = 0; i < LASTS; i++)
		if (lasts[i].producer)
			assert_true(lasts[i].next[0] >=
				    journal->sent[lasts[i].producer - 1]);
	ipcx_queue_close(q);
}

/* Returns how many did not come, of those that were sent for certain. */
static uint32_t check_life(uint32_t life)
{
	uint32_t sent = journal->sent[life], lost = 0;

	for (uint32_t seq = 0; seq < LIFE; seq++) {
		bool here = got[life][seq];

		if (seq < sent && !here)
			lost++;
		if (seq > sent && here)
			fail_msg("message %u of producer %u, which sent %u",
				 seq, life, sent);
		unnoted += seq == sent && here;
	}
	return lost;
}

static void check_lives(void)
{
	uint32_t lost[QUEUES] = { 0 };

	for (uint32_t life = 0; life < lives; life++)
		lost[life_queue[life]] += check_life(life);
	for (uint32_t i = 0; i < QUEUES; i++) {
		uint64_t dropped = object_stat(queues[i]).dropped;

		/* A kill can come between a message and the count of it. */
		if (drops(i) ? lost[i] > dropped + killed[i] ||
			       dropped > lost[i] + killed[i] :
			       !broadcasts(i) && lost[i])
			fail_msg("%u messages of queue %u are lost, %lu were dropped",
				 lost[i], i, (unsigned long)dropped);
	}
}

static void check_end(void)
{
	uint64_t aborted = 0, returned = 0, dropped = 0;

	for (uint32_t i = 0; i < QUEUES; i++) {
		struct ipcx_stat st;

		assert_soon(object_stat(queues[i]).repairing == 0);
		if (broadcasts(i)) {
			check_history(i, 0);
			check_history(i, IPCX_RIGHT_MAP);
			assert_soon(!object_stat(queues[i]).attachments);
		} else {
			drain(i);
		}
		st = object_stat(queues[i]);
		assert_int_equal(st.attachments, 0);
		assert_int_equal(st.waiting_recv, 0);
		assert_int_equal(st.waiting_send, 0);
		assert_int_equal(st.corrupt, 0);
		aborted += st.aborted;
		returned += st.redelivered;
		dropped += st.dropped;
	}
	check_lives();
	for (uint32_t i = 0; i < QUEUES; i++) {
		if (!broadcasts(i))
			check_room(i);
		close(queues[i]);
	}
	assert_soon(fact(TOTALS, "queues") + fact(TOTALS, "regions") == 0);
	assert_true(redelivered <= returned);
	print_message("%u kills, %u messages, %u of them redelivered (%lu given back), %lu aborted, %lu dropped, %u missed, %u sent but not noted by %u producers\n",
		      kills, received, redelivered, (unsigned long)returned,
		      (unsigned long)aborted, (unsigned long)dropped, missed,
		      unnoted, lives);
}

static void *shared_bytes(size_t bytes, int flags, int fd)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_NORESERVE | flags, fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void torture_setup(uint32_t kills_max)
{
	lives_max = kills_max + 100000;
	journal_bytes = sizeof(*journal) + lives_max * sizeof(*journal->sent);
	journal_fd = memfd_create("journal", MFD_CLOEXEC);
	assert_int_equal(ftruncate(journal_fd, journal_bytes), 0);
	journal = shared_bytes(journal_bytes, 0, journal_fd);
	got = shared_bytes(lives_max * sizeof(*got), MAP_ANONYMOUS, -1);
	life_queue = shared_bytes(lives_max, MAP_ANONYMOUS, -1);
	for (uint32_t i = 0; i < QUEUES; i++) {
		queues[i] = queue(NULL, .slots = torture_queues[i].slots,
				  .lanes = torture_queues[i].lanes,
				  .slot_size = sizeof(struct note),
				  .flags = torture_queues[i].flags |
					   IPCX_QUEUE_MAPPABLE);
		assert_true(queues[i] >= 0);
		for (int kind = 0; kind < ACTORS; kind++)
			journal->actors[i * ACTORS + kind] = (struct actor) {
				.kind = kind, .queue = i,
			};
	}
}

static void test_kills(void **state)
{
	bool all = !strcmp(getenv("GUEST_KERNEL") ?: "", KERNEL_OF_ALL);
	uint32_t kills_max = setting("KILLS", KILLS), round = 0;
	uint64_t end = now_ns() + setting("DURATION", all ? FOREVER : SECONDS) *
				  1000000000ULL;

	(void)state;
	setpriority(PRIO_PROCESS, 0, -20);
	print_message("SEED=%lu\n", (unsigned long)seed);
	torture_setup(kills_max);
	start_forker();
	for (int i = 0; i < QUEUES * ACTORS; i++)
		start(&journal->actors[i]);
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
	child_kill(forker);
	check_end();
	assert_true(kills > 100 && received > kills);
}

/* One that failed has left actors, who end with the test, and the alarm. */
static int silence(void **state)
{
	(void)state;
	alarm(0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_kills, silence),
	};

	seed = setting("SEED", now_ns() | 1);
	return guest_run(tests);
}
