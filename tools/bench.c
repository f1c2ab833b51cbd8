// SPDX-License-Identifier: GPL-2.0-only
/* ipcxbench: how fast the channels of the library are on this machine. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "bench.h"
#include "bench_options.h"
#include "common.h"

/* ---- collecting ---- */

static void *grow(void *array, size_t count, size_t size)
{
	/* At each power of two. */
	if (count & (count - 1))
		return array;
	array = reallocarray(array, count ? 2 * count : 1, size);
	if (!array)
		err(EXIT_FAILURE, "cannot go on");
	return array;
}

static struct result *add_result(struct report *report)
{
	struct result *result;

	report->results = grow(report->results, report->result_count, sizeof(*result));
	result = &report->results[report->result_count++];
	memset(result, 0, sizeof(*result));
	return result;
}

/* Each thing once. */
static void add_left_out(struct report *report, char *what, const char *why)
{
	struct left_out *one;

	for (size_t i = 0; i < report->left_out_count; i++)
		if (!strcmp(report->left_out[i].what, what)) {
			free(what);
			return;
		}
	report->left_out = grow(report->left_out, report->left_out_count, sizeof(*one));
	report->left_out[report->left_out_count++] = (struct left_out) { what, text("%s", why) };
}

/* ---- progress, on a terminal ---- */

static struct {
	bool shown;
	size_t done;
	size_t all;
	uint64_t start;
} progress;

static void show_progress(const struct cell *cell)
{
	double spent = (now_ns() - progress.start) / 1e9;
	char *size, *left;

	progress.done++;
	if (!isatty(STDERR_FILENO))
		return;
	size = size_text(cell->size);
	left = progress.done > 4 ?
	       text(", %.0f s left", spent / (progress.done - 1) * (progress.all - progress.done + 1)) :
	       text("%s", "");
	fprintf(stderr, "\r\033[K[%zu/%zu] %s: %s, %s, %u:%u, %s%s", progress.done, progress.all,
		subject_name(cell->subject), test_name(cell->test), wait_name(cell->wait),
		cell->shape.senders, cell->shape.receivers, size, left);
	progress.shown = true;
	free(size);
	free(left);
}

static void hide_progress(void)
{
	if (progress.shown)
		fprintf(stderr, "\r\033[K");
	progress.shown = false;
}

/* ---- measuring ---- */

/**
 * struct limits - what a channel was found not to do
 * @size: messages of this size, and so none that are larger; 0: not found
 * @measured: figures there are
 */
struct limits {
	size_t size;
	size_t measured;
};

static void name_result(struct result *result, const struct cell *cell)
{
	result->channel = text("%s", subject_name(cell->subject));
	result->test = cell->test;
	result->wait = cell->wait;
	result->shape = cell->shape;
	result->size = cell->size;
}

static void fail_cell(struct report *report, const struct cell *cell, char *why)
{
	struct result *result = add_result(report);
	char *name = harmless(subject_name(cell->subject));

	name_result(result, cell);
	result->error = why;
	hide_progress();
	warnx("%s: %s, %s, %u:%u, %zu bytes: %s", name, test_name(cell->test),
	      wait_name(cell->wait), cell->shape.senders, cell->shape.receivers, cell->size, why);
	free(name);
}

static bool is_pair(const struct cell *cell)
{
	return cell->shape.senders == 1 && cell->shape.receivers == 1;
}

/* @some: it took smaller messages. */
static void leave_out(struct report *report, const struct cell *cell, bool some, char *why)
{
	char *size = size_text(cell->size), *peers = text("%s", ""), *what;

	if (!is_pair(cell)) {
		free(peers);
		peers = text(" %u:%u", cell->shape.senders, cell->shape.receivers);
	}
	what = text("%s%s%s%s", subject_name(cell->subject), peers, some ? " from " : "",
		    some ? size : "");
	add_left_out(report, what, why);
	free(why);
	free(peers);
	free(size);
}

static bool too_few_processors(const struct plan *plan, const struct cell *cell)
{
	return cell->wait == WAIT_SPIN &&
	       cell->shape.senders + cell->shape.receivers > plan->cpu_count;
}

static enum outcome measure_cell(const struct plan *plan, const struct cell *cell,
				 struct report *report, bool some)
{
	struct result result = { 0 };
	enum outcome outcome;
	char *why = NULL;

	show_progress(cell);
	outcome = run_cell(plan, cell, &result, &why);
	if (outcome == FAILED)
		fail_cell(report, cell, why);
	else if (outcome == LEFT_OUT)
		leave_out(report, cell, some, why);
	if (outcome != MEASURED)
		return outcome;
	name_result(&result, cell);
	*add_result(report) = result;
	return MEASURED;
}

/* false: a signal came. Rising, so that the size that a channel does not take is met once. */
static bool measure_sizes(const struct plan *plan, struct cell cell, struct limits *limits,
			  struct report *report)
{
	bool some = false;

	if (too_few_processors(plan, &cell))
		return true;
	for (size_t i = 0; i < plan->size_count; i++) {
		cell.size = plan->sizes[i];
		if (limits->size && cell.size >= limits->size)
			return true;
		switch (measure_cell(plan, &cell, report, some)) {
		case MEASURED:
			some = true;
			limits->measured++;
			break;
		case LEFT_OUT:
			if (is_pair(&cell))
				limits->size = cell.size;
			return true;
		case INTERRUPTED:
			return false;
		case FAILED:
			break;
		}
	}
	return true;
}

static bool measure_streams(const struct plan *plan, struct cell cell, struct limits *limits,
			    struct report *report)
{
	for (size_t i = 0; i < plan->shape_count; i++) {
		cell.shape = plan->shapes[i];
		if (!measure_sizes(plan, cell, limits, report))
			return false;
	}
	return true;
}

static bool measure_subject(const struct plan *plan, struct subject *subject,
			    struct report *report, bool *any)
{
	struct limits limits = { 0 };

	for (enum wait wait = 0; wait < WAITS; wait++) {
		struct cell cell = { subject, TEST_RTT, wait, { 1, 1 }, 0 };

		if (!plan->waits[wait])
			continue;
		if (plan->tests[TEST_RTT] && !measure_sizes(plan, cell, &limits, report))
			return false;
		cell.test = TEST_STREAM;
		if (plan->tests[TEST_STREAM] && !measure_streams(plan, cell, &limits, report))
			return false;
	}
	*any = limits.measured;
	return true;
}

static void note_shapes(const struct plan *plan, struct report *report)
{
	for (size_t i = 0; i < plan->shape_count && plan->waits[WAIT_SPIN]; i++) {
		struct cell cell = { .wait = WAIT_SPIN, .shape = plan->shapes[i] };

		if (too_few_processors(plan, &cell))
			add_left_out(report, text("spin %u:%u", cell.shape.senders,
						  cell.shape.receivers),
				     "each process would need a processor of its own");
	}
}

static size_t count_cells(const struct plan *plan)
{
	size_t shapes = 0;

	for (enum wait wait = 0; wait < WAITS; wait++) {
		if (plan->waits[wait] && plan->tests[TEST_RTT])
			shapes += !too_few_processors(plan, &(struct cell) { .wait = wait,
								.shape = { 1, 1 } });
		for (size_t i = 0; i < plan->shape_count; i++)
			shapes += plan->waits[wait] && plan->tests[TEST_STREAM] &&
				  !too_few_processors(plan, &(struct cell) { .wait = wait,
						      .shape = plan->shapes[i] });
	}
	return shapes * plan->size_count * plan->subject_count;
}

/* Whether all went well. */
static bool measure(const struct plan *plan, struct report *report)
{
	bool good = true, go_on = true;

	progress.all = count_cells(plan);
	progress.start = now_ns();
	run_begin();
	for (size_t i = 0; i < plan->subject_count && go_on; i++) {
		bool any = false;

		go_on = measure_subject(plan, plan->subjects[i], report, &any);
		/* Who asks for it by name wants figures. */
		good &= any || !plan->named;
	}
	hide_progress();
	run_end();
	note_shapes(plan, report);
	for (size_t i = 0; i < report->result_count; i++)
		good &= !report->results[i].error;
	return good && report->result_count;
}

/* ---- writing ---- */

static int write_chart(const struct report *report, FILE *out, const char *path)
{
	return chart_write(report, chart_format(path), out);
}

static int write_csv(const struct report *report, FILE *out, const char *path)
{
	(void)path;
	return report_csv(report, out);
}

static int write_json(const struct report *report, FILE *out, const char *path)
{
	(void)path;
	return report_json(report, out);
}

static bool write_file(const char *path, const struct report *report,
		       int (*write)(const struct report *, FILE *, const char *))
{
	FILE *out;
	int ret;

	if (!path)
		return true;
	if (!strcmp(path, "-"))
		return write(report, stdout, path) == 0;
	out = fopen(path, "we");
	if (!out) {
		warn("cannot write %s", path);
		return false;
	}
	ret = write(report, out, path);
	if (fclose(out) && !ret)
		ret = -errno;
	if (ret == -ENOTRECOVERABLE)
		warnx("cannot draw %s: gnuplot failed", path);
	else if (ret < 0)
		warnx("cannot write %s: %s", path, strerror(-ret));
	return ret == 0;
}

/* Before minutes of measuring, and without making it. */
static void check_writable(const char *path)
{
	struct stat there;
	char *dir, *slash;

	if (!path || !strcmp(path, "-"))
		return;
	if (!stat(path, &there) && S_ISDIR(there.st_mode))
		errx(EXIT_FAILURE, "cannot write %s: %s", path, strerror(EISDIR));
	if (!access(path, W_OK))
		return;
	dir = text("%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	if (errno != ENOENT || access(slash ? dir : ".", W_OK | X_OK))
		err(EXIT_FAILURE, "cannot write %s", path);
	free(dir);
}

static bool write_all(const struct options *options, const struct report *report)
{
	bool good = true;

	if (report->result_count && options->table)
		report_print(report);
	good &= write_file(options->csv, report, write_csv);
	good &= write_file(options->json, report, write_json);
	if (options->chart && chart_possible())
		good &= write_file(options->chart, report, write_chart);
	return good && (!options->chart || chart_possible());
}

static void tell_left_out(const struct report *report)
{
	for (size_t i = 0; i < report->left_out_count; i++)
		warnx("%s is left out: %s", report->left_out[i].what, report->left_out[i].why);
}

static int compare(const char *old_path, const char *new_path)
{
	struct report old = { 0 }, new = { 0 };
	const char *why;

	if (report_read(old_path, &old, &why) < 0)
		errx(EXIT_FAILURE, "cannot read %s: %s", old_path, why);
	if (report_read(new_path, &new, &why) < 0)
		errx(EXIT_FAILURE, "cannot read %s: %s", new_path, why);
	report_compare(&old, &new, old_path, new_path);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct report report = { 0 };
	bool good;

	tool_start();
	options_parse(argc, argv, &options);
	if (options.compare)
		return compare(options.compare, options.with);
	check_writable(options.csv);
	check_writable(options.json);
	check_writable(options.chart);
	if (options.chart && !chart_possible())
		warnx("there will be no %s: gnuplot is not installed (Debian: gnuplot-nox)",
		      options.chart);
	report.spread_max = options.plan.spread_max;
	machine_facts(&report, &options.plan);
	machine_warn(&report);
	good = measure(&options.plan, &report);
	if (!report.result_count || !options.table)
		tell_left_out(&report);
	if (!report.result_count)
		errx(EXIT_FAILURE, "nothing was measured");
	good &= write_all(&options, &report);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
