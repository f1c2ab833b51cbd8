// SPDX-License-Identifier: GPL-2.0-only
/* What the runs left, made into figures; and figures made into text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench_result.h"
#include "common.h"

const char *test_name(enum test test)
{
	return test == TEST_STREAM ? "stream" : "rtt";
}

const char *wait_name(enum wait wait)
{
	return wait == WAIT_BLOCK ? "block" : "spin";
}

/* Three digits. */
static char *digits(double number, const char *unit)
{
	int decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;

	return text("%.*f%s", decimals, number, unit);
}

char *ns_text(double ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	size_t unit = 0;

	if (ns < 0)
		return text("-");
	for (; ns >= 999.5 && unit < ARRAY_SIZE(units) - 1; unit++)
		ns /= 1000;
	return digits(ns, units[unit]);
}

char *count_text(double number)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	size_t unit = 0;

	if (number < 0)
		return text("-");
	for (; number >= 999.5 && unit < ARRAY_SIZE(units) - 1; unit++)
		number /= 1000;
	return digits(number, units[unit]);
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void set_median(struct result *result)
{
	double sorted[RUNS_MAX];
	unsigned int n = result->runs;

	memcpy(sorted, result->run, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	result->low = sorted[0];
	result->high = sorted[n - 1];
	result->ns = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* All that was sent came, and nothing else: by number and by sum of numbers. */
static bool all_came(const struct job *job, unsigned int run, char **why)
{
	const struct shape *shape = &job->cell->shape;
	/* Several receivers of messages this short know only parts of numbers. */
	bool sums = shape->receivers == 1 || job->cell->size >= sizeof(uint64_t);

	for (unsigned int i = 0; i < shape->senders; i++) {
		const struct turn *sent = &job->turns[shape->receivers + i][run];
		uint64_t count = 0, sum = 0;

		for (unsigned int j = 0; j < shape->receivers; j++) {
			count += job->turns[j][run].count[i];
			sum += job->turns[j][run].sum[i];
		}
		if (count == sent->count[i] && (!sums || sum == sent->sum[i]))
			continue;
		*why = text("of %llu messages of sender %u came %llu%s: it loses or repeats messages",
			    (unsigned long long)sent->count[i], i, (unsigned long long)count,
			    count == sent->count[i] ? ", not all of them the right ones" : "");
		return false;
	}
	return true;
}

static void add_run(const struct job *job, unsigned int run, struct result *result)
{
	uint64_t start = UINT64_MAX, end = 0, messages = 0;
	unsigned int receivers = job->cell->shape.receivers;

	for (unsigned int i = 0; i < job->processes; i++) {
		const struct turn *turn = &job->turns[i][run];

		if (turn->start < start)
			start = turn->start;
		if (turn->end > end && i < receivers)
			end = turn->end;
		if (job->cell->test == TEST_RTT || i < receivers)
			messages += turn->messages;
		result->cpu_ns += turn->cpu_ns;
		result->slept += turn->slept;
		result->preempted += turn->preempted;
	}
	result->messages += messages;
	if (job->cell->test == TEST_STREAM)
		result->run[run - 1] = (double)(end - start) / messages;
}

/* The middle of a few round trips is one for all that, if not a sure one. */
static double middle(const struct record *record)
{
	double p50 = record_quantile(record, 0.5);

	return p50 < 0 ? record_max(record) : p50;
}

static void add_records(struct job *job, struct result *result)
{
	struct record *all = job_record(job, 0);

	record_begin(all);
	for (unsigned int run = 1; run <= result->runs; run++) {
		result->run[run - 1] = middle(job_record(job, run));
		record_merge(all, job_record(job, run));
	}
	result->p50 = record_quantile(all, 0.5);
	result->p90 = record_quantile(all, 0.9);
	result->p99 = record_quantile(all, 0.99);
	result->p999 = record_quantile(all, 0.999);
	result->max = record_max(all);
}

static char *placement(const struct job *job)
{
	const struct plan *plan = job->plan;
	unsigned int receivers = job->cell->shape.receivers;
	char *all = text("%s", plan->pinned ? "" : "anywhere");

	for (unsigned int i = 0; plan->pinned && i < job->processes; i++) {
		char *more = text("%s%s%s%d", all,
				  i == 0 ? "receivers " : i == receivers ? " senders " : "",
				  i == 0 || i == receivers ? "" : ",",
				  plan->cpus[i % plan->cpu_count]);

		free(all);
		all = more;
	}
	return all;
}

bool result_make(struct job *job, struct result *result, char **why)
{
	for (unsigned int run = 0; run <= job->plan->runs && job->cell->test == TEST_STREAM; run++)
		if (!all_came(job, run, why))
			return false;

	result->runs = job->plan->runs;
	result->p50 = result->p90 = result->p99 = result->p999 = result->max = UNKNOWN;
	for (unsigned int run = 1; run <= result->runs; run++)
		add_run(job, run, result);
	if (job->cell->test == TEST_RTT)
		add_records(job, result);
	result->cpu_ns /= result->messages;
	result->slept /= result->messages;
	result->preempted /= result->messages;
	result->placement = placement(job);
	set_median(result);
	result->worthless = result_spread(result) > job->plan->spread_max;
	return true;
}
