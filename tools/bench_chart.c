// SPDX-License-Identifier: GPL-2.0-only
/* Charts by gnuplot: round trips by size, and throughput by size. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "common.h"

extern char **environ;

bool chart_possible(void)
{
	const char *path = getenv("PATH");
	char *list = text("%s", path ? path : ""), *left = list, *dir;
	bool found = false;

	while (!found && (dir = strsep(&left, ":"))) {
		char *file = text("%s/gnuplot", dir);

		found = *dir && !access(file, X_OK);
		free(file);
	}
	free(list);
	return found;
}

/* ---- what gnuplot is told ---- */

/* One line in a chart. */
struct curve {
	const struct result *first;
	unsigned int number;	/* of its channel: a colour */
};

struct chart {
	const char *title;
	const char *ylabel;
	enum test test;
	bool many;	/* peers: not one sender and one receiver */
};

static const struct chart charts[] = {
	{ "Round trip, median", "nanoseconds", TEST_RTT, false },
	{ "Throughput, one sender, one receiver", "bytes a second", TEST_STREAM, false },
	{ "Throughput, more of them", "bytes a second", TEST_STREAM, true },
};

static bool belongs(const struct chart *chart, const struct result *result)
{
	bool many = result->shape.senders + result->shape.receivers > 2;

	return !result->error && result->test == chart->test && many == chart->many;
}

static bool same_curve(const struct result *a, const struct result *b)
{
	return a->wait == b->wait && a->shape.senders == b->shape.senders &&
	       a->shape.receivers == b->shape.receivers && !strcmp(a->channel, b->channel);
}

/* A number for each channel, the same in all charts. */
static unsigned int colour_of(const struct report *report, const struct result *result)
{
	unsigned int colour = 1;

	for (size_t i = 0; i < report->result_count; i++) {
		size_t j = 0;

		if (!strcmp(report->results[i].channel, result->channel))
			return colour;
		while (strcmp(report->results[j].channel, report->results[i].channel))
			j++;
		colour += j == i;
	}
	return colour;
}

static size_t find_curves(const struct report *report, const struct chart *chart,
			  struct curve *curves)
{
	size_t count = 0;

	for (size_t i = 0; i < report->result_count; i++) {
		const struct result *result = &report->results[i];
		size_t j = 0;

		if (!belongs(chart, result))
			continue;
		while (j < count && !same_curve(curves[j].first, result))
			j++;
		if (j == count)
			curves[count++] = (struct curve) { result, colour_of(report, result) };
	}
	return count;
}

/* Between apostrophes; what a terminal could obey is not for a title either. */
static void put_quoted(FILE *out, const char *string)
{
	char *plain = harmless(string);

	fputc('\'', out);
	for (char *at = plain; *at; at++) {
		if (*at == '\'')
			fputc('\'', out);
		fputc(*at, out);
	}
	fputc('\'', out);
	free(plain);
}

static void put_title(FILE *out, const struct result *first, bool many)
{
	char *title = many ? text("%s %u:%u, %s", first->channel, first->shape.senders,
				  first->shape.receivers, wait_name(first->wait)) :
			     text("%s, %s", first->channel, wait_name(first->wait));

	put_quoted(out, title);
	free(title);
}

static double value_of(const struct result *result)
{
	return result->test == TEST_RTT ? result->ns : 1e9 / result->ns * result->size;
}

/* Wider than the values, as one alone would be none. */
static void put_range(FILE *out, const struct report *report, const struct chart *chart)
{
	double low = INFINITY, high = 0;

	for (size_t i = 0; i < report->result_count; i++)
		if (belongs(chart, &report->results[i])) {
			low = fmin(low, value_of(&report->results[i]));
			high = fmax(high, value_of(&report->results[i]));
		}
	fprintf(out, "set yrange [%.6g:%.6g]\n", low / 2, high * 2);
}

static void put_chart(FILE *out, const struct report *report, const struct chart *chart,
		      const struct curve *curves, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "$c%zu << END\n", i);
		for (size_t j = 0; j < report->result_count; j++) {
			const struct result *result = &report->results[j];

			if (belongs(chart, result) && same_curve(result, curves[i].first))
				fprintf(out, "%llu %.6g\n", (unsigned long long)result->size,
					value_of(result));
		}
		fprintf(out, "END\n");
	}
	put_range(out, report, chart);
	fprintf(out, "set title '%s'\nset ylabel '%s'\nset key %s\nplot ", chart->title,
		chart->ylabel, "outside right top");
	for (size_t i = 0; i < count; i++) {
		bool spin = curves[i].first->wait == WAIT_SPIN;

		fprintf(out, "%s$c%zu using 1:2 with linespoints lc %u pt %d ps 0.5 dt %d title ",
			i ? ", " : "", i, curves[i].number, spin ? 6 : 7, spin ? 2 : 1);
		put_title(out, curves[i].first, chart->many);
	}
	fprintf(out, "\n");
}

/* Pixels: of a chart, and of a line of its key. */
#define HEIGHT		420
#define KEY_HEIGHT	19

static void put_script(FILE *out, const struct report *report, const char *format,
		       struct curve *curves)
{
	size_t counts[ARRAY_SIZE(charts)];
	int rows = 0, height = HEIGHT;

	for (size_t i = 0; i < ARRAY_SIZE(charts); i++) {
		counts[i] = find_curves(report, &charts[i], curves);
		rows += counts[i] > 0;
		if (height < (int)(counts[i] + 6) * KEY_HEIGHT)
			height = (counts[i] + 6) * KEY_HEIGHT;
	}
	if (!strcmp(format, "svg"))
		fprintf(out, "set terminal svg size 900,%d noenhanced background 'white'\n",
			height * rows);
	else
		fprintf(out, "set terminal pngcairo size 900,%d noenhanced\n", height * rows);
	fprintf(out, "set multiplot layout %d,1 title ", rows);
	put_quoted(out, fact_of(report, "cpu"));
	fprintf(out, "\nset logscale x 2\nset logscale y 10\nset grid\nset xlabel 'bytes a message'\n"
		"set format y '%%.0s%%c'\nset xrange [1:%u]\n"
		"set xtics ('1' 1, '16' 16, '256' 256, '4K' 4096, '64K' 65536, '1M' 1048576, '16M' 16777216)\n",
		SIZE_MAX_ASKED);
	for (size_t i = 0; i < ARRAY_SIZE(charts); i++)
		if (counts[i]) {
			find_curves(report, &charts[i], curves);
			put_chart(out, report, &charts[i], curves, counts[i]);
		}
	fprintf(out, "unset multiplot\n");
}

/* ---- gnuplot ---- */

/* What it says goes to standard error; what it draws into @output. */
static int run_gnuplot(int script, int output)
{
	static char *const argv[] = { "gnuplot", "-d", NULL };
	posix_spawn_file_actions_t files;
	int status, ret;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, script, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	ret = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (ret)
		return -ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -ENOTRECOVERABLE : 0;
}

static int copy_drawing(int drawing, FILE *out)
{
	char buf[65536];
	ssize_t len;

	lseek(drawing, 0, SEEK_SET);
	while ((len = read(drawing, buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, len, out) != (size_t)len)
			return -errno;
	return len < 0 || fflush(out) ? -errno : 0;
}

int chart_write(const struct report *report, const char *format, FILE *out)
{
	struct curve *curves = calloc(report->result_count + 1, sizeof(*curves));
	int drawing = memfd_create("drawing", MFD_CLOEXEC);
	int fd = memfd_create("script", MFD_CLOEXEC);
	FILE *script = fd < 0 ? NULL : fdopen(fd, "w");
	int ret = -ENOMEM;

	if (curves && drawing >= 0 && script) {
		put_script(script, report, format, curves);
		ret = fflush(script) ? -errno : 0;
		/* gnuplot reads from where the descriptor is. */
		lseek(fd, 0, SEEK_SET);
	}
	if (!ret)
		ret = run_gnuplot(fd, drawing);
	if (!ret)
		ret = copy_drawing(drawing, out);
	if (script)
		fclose(script);
	if (drawing >= 0)
		close(drawing);
	free(curves);
	return ret;
}
