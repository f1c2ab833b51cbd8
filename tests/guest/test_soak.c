// SPDX-License-Identifier: GPL-2.0-only
/*
 * All loads at once for a long time. Now and then they pause: then there must be
 * exactly as many objects, bytes, attachments and waiters as in the beginning,
 * everybody must have got on, and the kernel's memory is noted. What it used
 * least in the last quarter of the time must be what it used least in the first.
 *
 * Environment: DURATION in seconds, SEED.
 */
#include "load.h"
#include "random.h"
#include "region.h"
#include "../command.h"

#define SAMPLES		48	/* in all; the first ones are warming up */
#define WARM_UP		8
#define QUARTER		((SAMPLES - WARM_UP) / 4)
#define TOTALS		"/sys/kernel/debug/ipcx/totals"

#define SHORT_TIME	300	/* seconds */

/* Milliseconds that a round can take on a machine that does much else. */
#define PATIENCE	(duration < SHORT_TIME ? 4 * LONG_ENOUGH : 15 * LONG_ENOUGH)

/* Shared with the workers, each of which has two words. */
enum { PAUSE, PAUSED, ROUNDS = PAUSED + LOADS };

static _Atomic uint32_t *shared;
static uint64_t seed, duration;	/* in seconds */

/* ---- the workers ---- */

static void pause_if_asked(unsigned int nr)
{
	if (!shared[PAUSE])
		return;
	shared[PAUSED + nr] = 1;
	while (shared[PAUSE])
		nap();
	shared[PAUSED + nr] = 0;
}

static pid_t start_worker(unsigned int nr, uint64_t random)
{
	pid_t pid = child_fork();

	if (pid)
		return pid;
	for (;;) {
		pause_if_asked(nr);
		loads[nr].round(&random);
		shared[ROUNDS + nr]++;
	}
}

/* ---- objects ---- */

static const char *const facts[] = {
	"regions", "region_bytes", "queues", "queue_bytes", "attachments",
	"waiting_recv", "waiting_send", "repairing", "depth", "corrupt",
};

struct counts {
	uint64_t facts[ARRAY_SIZE(facts)];
	uint64_t objects;		/* of this user */
	uint64_t bytes;
	uint64_t attachments;
	int descriptors;
};

static struct counts count_all(void)
{
	struct counts counts = {
		.objects = user_count(0, "objects"),
		.bytes = user_count(0, "bytes"),
		.attachments = user_count(0, "attachments"),
		.descriptors = open_fds(),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(facts); i++)
		counts.facts[i] = fact(TOTALS, facts[i]);
	return counts;
}

static bool counts_equal(const struct counts *expected)
{
	struct counts now = count_all();

	return !memcmp(&now, expected, sizeof(now));
}

static void check_counts(const struct counts *expected)
{
	struct counts now;

	/* The kernel's workers are some moments behind. */
	if (wait_until(counts_equal(expected), LONG_ENOUGH))
		return;
	now = count_all();
	for (unsigned int i = 0; i < ARRAY_SIZE(facts); i++)
		if (now.facts[i] != expected->facts[i])
			print_error("%s: %lu, not %lu\n", facts[i],
				    (unsigned long)now.facts[i],
				    (unsigned long)expected->facts[i]);
	fail_msg("the user has %lu objects, %lu bytes, %lu attachments and the test %d descriptors, not %lu, %lu, %lu and %d",
		 (unsigned long)now.objects, (unsigned long)now.bytes,
		 (unsigned long)now.attachments, now.descriptors,
		 (unsigned long)expected->objects,
		 (unsigned long)expected->bytes,
		 (unsigned long)expected->attachments, expected->descriptors);
}

/* ---- memory ---- */

/*
 * In kilobytes. Tolerated is what pages that are partly used make of it, and of
 * what is available, caches of the files that the tools are in; more in a short
 * time, in which the kernel's own caches have not come to their size.
 */
#define SHORT_FACTOR	4

static const struct {
	const char *key;
	int64_t tolerated;
	bool is_free;
} memory[] = {
	{ "SUnreclaim", 512, false },
	{ "Percpu", 256, false },
	{ "VmallocUsed", 512, false },
	{ "Shmem", 256, false },
	{ "KernelStack", 256, false },
	{ "PageTables", 512, false },
	{ "MemAvailable", 8192, true },
};

static int64_t samples[SAMPLES][ARRAY_SIZE(memory)];

static void note_memory(int64_t *sample)
{
	/* What can be given back at any time is no leak, and hides one. */
	assert_int_equal(file_write("/proc/sys/vm/drop_caches", "2"), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(memory); i++)
		sample[i] = (int64_t)fact("/proc/meminfo", memory[i].key);
}

/* The least that is used, or the most that is free, in a quarter. */
static int64_t best(unsigned int first, unsigned int what)
{
	int64_t best = samples[first][what];

	for (unsigned int i = first; i < first + QUARTER; i++) {
		int64_t value = samples[i][what];

		if (memory[what].is_free ? value > best : value < best)
			best = value;
	}
	return best;
}

static void check_memory(void)
{
	unsigned int factor = duration < SHORT_TIME ? SHORT_FACTOR : 1;
	bool flat = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(memory); i++) {
		int64_t before = best(WARM_UP, i);
		int64_t after = best(SAMPLES - QUARTER, i);
		int64_t lost = memory[i].is_free ? before - after :
						   after - before;

		print_message("%-14s %8ld kB, then %8ld kB: %+ld\n",
			      memory[i].key, (long)before, (long)after,
			      (long)(after - before));
		flat &= lost <= factor * memory[i].tolerated;
	}
	if (!flat)
		fail_msg("memory is lost");
}

/* ---- both ---- */

static void __attribute__((noreturn)) stuck(unsigned int nr)
{
	struct said said = sh("ps -eo pid,ppid,stat,etime,wchan:30,args | grep -v ' \\['");

	print_error("%s", said.text);
	fail_msg("'%s' does not get on", loads[nr].name);
	abort();
}

static void check_workers(const pid_t *workers, uint32_t *before)
{
	for (unsigned int i = 0; i < LOADS; i++) {
		if (waitpid(workers[i], NULL, WNOHANG))
			fail_msg("'%s' has failed", loads[i].name);
		if (!wait_until(shared[ROUNDS + i] > before[i], PATIENCE))
			stuck(i);
		before[i] = shared[ROUNDS + i];
	}
}

static void look_at_all(const struct counts *expected, int64_t *sample)
{
	shared[PAUSE] = 1;
	for (unsigned int i = 0; i < LOADS; i++)
		if (!wait_until(shared[PAUSED + i], PATIENCE))
			stuck(i);
	check_counts(expected);
	note_memory(sample);
	shared[PAUSE] = 0;
	for (unsigned int i = 0; i < LOADS; i++)
		assert_soon(!shared[PAUSED + i]);
}

static void test_soak(void **state)
{
	uint64_t span = duration * 1000000000 / SAMPLES;
	uint64_t next = now_ns();
	uint32_t rounds[LOADS] = { 0 };
	pid_t workers[LOADS];
	struct counts nothing, counts;

	(void)state;
	print_message("SEED=%lu\n", (unsigned long)seed);
	nothing = count_all();
	load_keep();
	counts = count_all();
	shared = shared_words();
	for (unsigned int i = 0; i < LOADS; i++)
		workers[i] = start_worker(i, random64(&seed));
	for (unsigned int i = 0; i < SAMPLES; i++) {
		next += span;
		while (now_ns() < next)
			nap();
		check_workers(workers, rounds);
		look_at_all(&counts, samples[i]);
	}
	for (unsigned int i = 0; i < LOADS; i++) {
		print_message("%-14s %8u rounds\n", loads[i].name, rounds[i]);
		child_kill(workers[i]);
	}
	check_memory();
	/* Killed in the middle of it all. */
	load_forget();
	check_counts(&nothing);
	shared_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_soak),
	};

	duration = setting("DURATION", 15);
	seed = setting("SEED", now_ns() | 1);
	return guest_run(tests);
}
