// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile peers write anything anywhere into a ring, and are killed and started
 * anew, while peers of the library go on: every call comes back by its deadline
 * with what is documented, who sleeps for ever is woken by a shutdown, and the
 * memory is given back. Those who use other queues and regions notice nothing.
 *
 * Environment: DURATION in seconds, SEED.
 */
#include "lib.h"
#include "load.h"
#include "scribble.h"

#define VICTIMS		4
#define HOSTILES	2
#define BYSTANDERS	5	/* the first of all loads */
#define CALL_MS		5
#define LANES		2

static uint64_t seed;
static _Atomic uint32_t *rounds;	/* of each victim, then of each bystander */

static pid_t start_hostile(uint64_t random)
{
	pid_t pid = child_fork();
	struct mapped m;

	if (pid)
		return pid;
	mapped_open(&m, object_open("q", IPCX_KIND_QUEUE, 0));
	for (;;) {
		scribble_fn *scribble = scribbles[random64(&random) % SCRIBBLES];

		for (int i = 0; i < 1000; i++)
			scribble(&m, &random);
	}
}

static void documented(ssize_t rc)
{
	if (rc < 0 && rc != -ETIMEDOUT && rc != -EBADMSG)
		fail_msg("returned %zd", rc);
}

static void send_all_ways(struct ipcx_queue *q, uint64_t *random)
{
	uint32_t lane = random64(random) % LANES;
	char buf[SLOT_SIZE] = "victim";
	struct ipcx_msg msgs[3] = {
		{ .buf = (uintptr_t)buf, .len = 7, .lane = lane },
		{ .buf = (uintptr_t)buf, .len = 0 },
		{ .buf = (uintptr_t)buf, .len = SLOT_SIZE },
	};
	struct ipcx_loan loan;
	int rc;

	documented(ipcx_queue_send_timed(q, buf, sizeof(buf), lane,
					 in_ms(CALL_MS)));
	documented(ipcx_queue_send_batch_timed(q, msgs, 3, in_ms(CALL_MS)));
	if (!ipcx_queue_is_mapped(q))
		return;
	rc = ipcx_queue_reserve_timed(q, lane, &loan, in_ms(CALL_MS));
	documented(rc);
	if (rc)
		return;
	assert_int_equal(loan.len, SLOT_SIZE);
	memset(loan.data, 1, loan.len);
	documented(random64(random) % 2 ? ipcx_queue_abort(q, &loan) :
		   ipcx_queue_commit(q, &loan, loan.len));
}

static void receive_all_ways(struct ipcx_queue *q)
{
	char buf[2][SLOT_SIZE];
	struct ipcx_msg msgs[2] = {
		{ .buf = (uintptr_t)buf[0], .len = SLOT_SIZE },
		{ .buf = (uintptr_t)buf[1], .len = SLOT_SIZE },
	};
	struct ipcx_loan loan;
	ssize_t rc;

	rc = ipcx_queue_recv_timed(q, buf[0], SLOT_SIZE, NULL, in_ms(CALL_MS));
	documented(rc);
	assert_true(rc <= SLOT_SIZE);
	documented(ipcx_queue_recv_batch_timed(q, msgs, 2, in_ms(CALL_MS)));
	if (!ipcx_queue_is_mapped(q))
		return;
	rc = ipcx_queue_acquire_timed(q, &loan, in_ms(CALL_MS));
	documented(rc);
	if (rc)
		return;
	assert_true(loan.len <= SLOT_SIZE && loan.lane < LANES);
	memcpy(buf[0], loan.data, loan.len);
	documented(ipcx_queue_release(q, &loan));
}

static pid_t start_victim(uint32_t nr, uint64_t random)
{
	pid_t pid = child_fork();
	struct ipcx_queue *q;

	if (pid)
		return pid;
	q = open_q(nr % 2 ? MEDIATED : MAPPED, BOTH);
	for (;;) {
		uint64_t start = now_ns();

		send_all_ways(q, &random);
		receive_all_ways(q);
		assert_true(now_ns() - start < LONG_ENOUGH * 1000000ULL);
		rounds[nr]++;
	}
}

static pid_t start_bystander(uint32_t nr, uint64_t random)
{
	pid_t pid = child_fork();

	if (pid)
		return pid;
	for (;;) {
		loads[nr].round(&random);
		rounds[VICTIMS + nr]++;
	}
}

/* Lied to, and asleep again and again, but not beyond the end. */
static pid_t start_sleeper(enum path path)
{
	pid_t pid = child_fork();
	struct ipcx_queue *q;
	int64_t rc;

	if (pid)
		return pid;
	q = open_q(path, BOTH);
	do {
		char buf[SLOT_SIZE];

		rc = ipcx_queue_recv(q, buf, sizeof(buf), NULL);
	} while (rc >= 0 || rc == -EBADMSG);
	assert_int_equal(rc, -EIDRM);
	child_done();
}

static uint64_t total(const char *key)
{
	FILE *file = fopen("/sys/kernel/debug/ipcx/totals", "r");
	unsigned long long value = 0;
	char name[64];
	bool found = false;

	assert_non_null(file);
	while (!found && fscanf(file, "%63s %llu", name, &value) == 2)
		found = !strcmp(name, key);
	fclose(file);
	assert_true(found);
	return value;
}

static void end_all(struct ipcx_queue *q, pid_t *sleepers)
{
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .flags = IPCX_UNLINK_SHUTDOWN,
		.name = (uintptr_t)"q", .name_len = 1,
	};

	assert_int_equal(call(ctl, IPCX_IOC_UNLINK, &arg), 0);
	child_ok(sleepers[0]);
	child_ok(sleepers[1]);
	assert_soon(!stat_q(q).attachments && !stat_q(q).repairing);
	assert_int_equal(stat_q(q).waiting_recv, 0);
	assert_int_equal(stat_q(q).waiting_send, 0);
	ipcx_queue_close(q);
	assert_soon(total("queues") + total("regions") == 0);
	assert_int_equal(total("queue_bytes"), 0);
	assert_int_equal(total("attachments"), 0);
}

static void test_hostile_peers(void **state)
{
	uint64_t end = now_ns() + setting("DURATION", 15) * 1000000000ULL;
	struct ipcx_queue *q = create_q(MEDIATED, BOTH, 0, LANES);
	pid_t hostile[HOSTILES], victim[VICTIMS + BYSTANDERS], sleeper[2];
	uint32_t kills = 0, all = 0;

	(void)state;
	print_message("SEED=%lu\n", (unsigned long)seed);
	rounds = shared_words();
	for (int i = 0; i < HOSTILES; i++)
		hostile[i] = start_hostile(random64(&seed));
	for (uint32_t i = 0; i < VICTIMS; i++)
		victim[i] = start_victim(i, random64(&seed));
	for (uint32_t i = 0; i < BYSTANDERS; i++)
		victim[VICTIMS + i] = start_bystander(i, random64(&seed));
	sleeper[0] = start_sleeper(MAPPED);
	sleeper[1] = start_sleeper(MEDIATED);

	while (now_ns() < end) {
		uint64_t r = random64(&seed);
		pid_t *one = &hostile[r % HOSTILES];

		for (unsigned int naps = r >> 8 & 63; naps; naps--)
			nap();
		/* A victim that ended by itself has failed. */
		for (int i = 0; i < VICTIMS + BYSTANDERS; i++)
			assert_int_equal(waitpid(victim[i], NULL, WNOHANG), 0);
		child_kill(*one);
		*one = start_hostile(random64(&seed));
		kills++;
	}
	for (int i = 0; i < VICTIMS + BYSTANDERS; i++) {
		uint32_t before = rounds[i];

		assert_true(wait_until(rounds[i] > before, 2 * LONG_ENOUGH));
		all += rounds[i];
	}
	for (int i = 0; i < VICTIMS + BYSTANDERS; i++)
		child_kill(victim[i]);
	for (int i = 0; i < HOSTILES; i++)
		child_kill(hostile[i]);
	print_message("%u hostile peers killed, %u rounds of victims and bystanders, %lu times the kernel met nonsense\n",
		      kills, all, (unsigned long)stat_q(q).corrupt);
	end_all(q, sleeper);
	shared_free(rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_hostile_peers, forget_q),
	};

	seed = setting("SEED", now_ns() | 1);
	return guest_run(tests);
}
