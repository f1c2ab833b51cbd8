// SPDX-License-Identifier: GPL-2.0-only
/* The report for people, and as comma-separated values. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "common.h"

static void print_facts(const struct report *report)
{
	for (size_t i = 0; i < report->fact_count; i++) {
		char *value = harmless(report->facts[i].value);

		printf("%-16s%s\n", report->facts[i].key, value);
		free(value);
	}
}

/* ---- tables ---- */

static struct libscols_table *new_table(const char *const heads[], size_t count)
{
	struct libscols_table *table = table_new();

	/* Names first, all else are numbers. */
	for (size_t i = 0; i < count; i++)
		table_column(table, heads[i], i < 2 ? 0 : SCOLS_FL_RIGHT);
	return table;
}

static char *spread_text(const struct result *result)
{
	if (result->runs < 2)
		return text("-");
	if (result_spread(result) > 9.99)
		return text("%s>999%%", result->worthless ? "! " : "");
	return text("%s%.0f%%", result->worthless ? "! " : "", 100 * result_spread(result));
}

static char *rare_text(double number)
{
	return number < 0.0005 ? text("0") : text("%.*f", number < 9.995 ? 3 : 0, number);
}

static const char *const stream_heads[] = {
	"STREAM", "WAIT", "PEERS", "SIZE", "MSG/S", "B/S", "NS/MSG", "SPREAD", "CPU/MSG",
	"SLEPT", "PREEMPTED",
};

static void add_stream(struct libscols_table *table, const struct result *result)
{
	struct libscols_line *line = table_line(table);
	size_t at = 0;

	table_cell(line, at++, text("%s", result->channel));
	table_cell(line, at++, text("%s", wait_name(result->wait)));
	table_cell(line, at++, text("%u:%u", result->shape.senders, result->shape.receivers));
	table_cell(line, at++, size_text(result->size));
	table_cell(line, at++, count_text(1e9 / result->ns));
	table_cell(line, at++, count_text(1e9 / result->ns * result->size));
	table_cell(line, at++, text("%.*f", result->ns < 99.95 ? 1 : 0, result->ns));
	table_cell(line, at++, spread_text(result));
	table_cell(line, at++, ns_text(result->cpu_ns));
	table_cell(line, at++, rare_text(result->slept));
	table_cell(line, at++, rare_text(result->preempted));
}

static const char *const rtt_heads[] = {
	"ROUND TRIP", "WAIT", "SIZE", "P50", "P90", "P99", "P99.9", "MAX", "SPREAD",
	"CPU/MSG", "SLEPT", "PREEMPTED",
};

static void add_rtt(struct libscols_table *table, const struct result *result)
{
	struct libscols_line *line = table_line(table);
	size_t at = 0;

	table_cell(line, at++, text("%s", result->channel));
	table_cell(line, at++, text("%s", wait_name(result->wait)));
	table_cell(line, at++, size_text(result->size));
	table_cell(line, at++, ns_text(result->p50));
	table_cell(line, at++, ns_text(result->p90));
	table_cell(line, at++, ns_text(result->p99));
	table_cell(line, at++, ns_text(result->p999));
	table_cell(line, at++, ns_text(result->max));
	table_cell(line, at++, spread_text(result));
	table_cell(line, at++, ns_text(result->cpu_ns));
	table_cell(line, at++, rare_text(result->slept));
	table_cell(line, at++, rare_text(result->preempted));
}

static void print_test(const struct report *report, enum test test)
{
	bool stream = test == TEST_STREAM;
	struct libscols_table *table = stream ? new_table(stream_heads, ARRAY_SIZE(stream_heads)) :
						new_table(rtt_heads, ARRAY_SIZE(rtt_heads));
	bool any = false;

	for (size_t i = 0; i < report->result_count; i++) {
		const struct result *result = &report->results[i];

		if (result->test != test || result->error)
			continue;
		(stream ? add_stream : add_rtt)(table, result);
		any = true;
	}
	if (any) {
		printf("\n");
		table_print(table);
	} else {
		scols_unref_table(table);
	}
}

/* Once each way of putting processes is told, in the order of first use. */
static void print_placements(const struct report *report)
{
	for (size_t i = 0; i < report->result_count; i++) {
		const struct result *result = &report->results[i];
		size_t j = 0;

		if (result->error)
			continue;
		while (j < i && (report->results[j].error ||
				 report->results[j].shape.senders != result->shape.senders ||
				 report->results[j].shape.receivers != result->shape.receivers))
			j++;
		if (j == i)
			printf("%-16s%u:%u %s\n", "placement", result->shape.senders,
			       result->shape.receivers, result->placement);
	}
}

static void print_notes(const struct report *report)
{
	bool worthless = false, few = false;

	for (size_t i = 0; i < report->result_count; i++) {
		const struct result *result = &report->results[i];

		worthless |= result->worthless;
		few |= !result->error && result->test == TEST_RTT && result->p999 < 0;
	}
	printf("\nSPREAD is (max - min) / median of the runs, of round trips that of their P50; CPU/MSG the\n"
	       "user and system time of all processes; SLEPT and PREEMPTED context switches a message.\n"
	       "A round trip is two messages.\n");
	if (few)
		printf("-  fewer than ten round trips were longer: try --time or --runs.\n");
	if (worthless)
		printf("!  the runs differ by more than %.0f%%: this figure is worth nothing. A quiet machine, a\n"
		       "   longer --time or more --runs may help.\n", 100 * report->spread_max);
	if (report->left_out_count)
		printf("\n");
	for (size_t i = 0; i < report->left_out_count; i++) {
		char *what = harmless(report->left_out[i].what);

		printf("left out: %s: %s\n", what, report->left_out[i].why);
		free(what);
	}
	for (size_t i = 0; i < report->result_count; i++) {
		const struct result *result = &report->results[i];

		if (result->error)
			printf("FAILED: %s %s %s %u:%u %" PRIu64 " B: %s\n", result->channel,
			       test_name(result->test), wait_name(result->wait),
			       result->shape.senders, result->shape.receivers, result->size,
			       result->error);
	}
}

void report_print(const struct report *report)
{
	print_facts(report);
	print_placements(report);
	print_test(report, TEST_RTT);
	print_test(report, TEST_STREAM);
	print_notes(report);
}

/* ---- comma-separated values ---- */

/* As RFC 4180 has it. */
static void put_text(FILE *out, const char *string)
{
	if (!string[strcspn(string, ",\"\r\n")]) {
		fputs(string, out);
		return;
	}
	fputc('"', out);
	for (; *string; string++) {
		if (*string == '"')
			fputc('"', out);
		fputc(*string, out);
	}
	fputc('"', out);
}

static void put_known(FILE *out, double number)
{
	if (number < 0)
		fputs(",", out);
	else
		fprintf(out, ",%.6g", number);
}

static void put_result(FILE *out, const struct result *result)
{
	put_text(out, result->channel);
	fprintf(out, ",%s,%s,%u,%u,%" PRIu64, test_name(result->test), wait_name(result->wait),
		result->shape.senders, result->shape.receivers, result->size);
	if (result->error) {
		fputs(",,,,,,,,,,,,,,,,,", out);
		put_text(out, result->error);
		fputs("\n", out);
		return;
	}
	fprintf(out, ",%u,%" PRIu64, result->runs, result->messages);
	fprintf(out, ",%.6g,%.6g,%.6g", result->ns, result->low, result->high);
	put_known(out, result->test == TEST_STREAM ? 1e9 / result->ns : UNKNOWN);
	put_known(out, result->test == TEST_STREAM ? 1e9 / result->ns * result->size : UNKNOWN);
	put_known(out, result->p50);
	put_known(out, result->p90);
	put_known(out, result->p99);
	put_known(out, result->p999);
	put_known(out, result->max);
	fprintf(out, ",%.6g,%.6g,%.6g,%d,\n", result->cpu_ns, result->slept, result->preempted,
		result->worthless);
}

int report_csv(const struct report *report, FILE *out)
{
	fputs("channel,test,wait,senders,receivers,size,runs,messages,median_ns,min_ns,max_ns,"
	      "msg_per_s,bytes_per_s,p50_ns,p90_ns,p99_ns,p999_ns,longest_ns,cpu_ns_per_msg,"
	      "slept_per_msg,preempted_per_msg,worthless,error\n", out);
	for (size_t i = 0; i < report->result_count; i++)
		put_result(out, &report->results[i]);
	return fflush(out) || ferror(out) ? -errno : 0;
}
