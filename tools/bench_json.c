// SPDX-License-Identifier: GPL-2.0-only
/* Reports as JSON, and read back from it. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench.h"
#include "common.h"

/* Of what is written; a later one may add to it and stays 1. */
#define FORMAT	1

static void put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		errx(EXIT_FAILURE, "cannot make the report: out of memory");
}

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		errx(EXIT_FAILURE, "cannot make the report: out of memory");
}

/* What is no UTF-8 is written as tables show it. */
static void put_string(json_t *object, const char *key, const char *string)
{
	json_t *value = json_string(string);
	char *plain;

	if (!value) {
		plain = harmless(string);
		value = json_string(plain);
		free(plain);
	}
	put(object, key, value);
}

static void put_number(json_t *object, const char *key, uint64_t number)
{
	put(object, key, json_integer(number));
}

static json_t *real(double number)
{
	return number < 0 ? json_null() : json_real(number);
}

static const struct {
	const char *key;
	size_t offset;
} reals[] = {
	{ "median_ns", offsetof(struct result, ns) },
	{ "min_ns", offsetof(struct result, low) },
	{ "max_ns", offsetof(struct result, high) },
	{ "p50_ns", offsetof(struct result, p50) },
	{ "p90_ns", offsetof(struct result, p90) },
	{ "p99_ns", offsetof(struct result, p99) },
	{ "p999_ns", offsetof(struct result, p999) },
	{ "longest_ns", offsetof(struct result, max) },
	{ "cpu_ns_per_msg", offsetof(struct result, cpu_ns) },
	{ "slept_per_msg", offsetof(struct result, slept) },
	{ "preempted_per_msg", offsetof(struct result, preempted) },
};

static double *real_of(const struct result *result, size_t i)
{
	return (double *)((char *)result + reals[i].offset);
}

/* ---- writing ---- */

static json_t *from_result(const struct result *result)
{
	json_t *object = json_object();
	json_t *runs;

	put_string(object, "channel", result->channel);
	put_string(object, "test", test_name(result->test));
	put_string(object, "wait", wait_name(result->wait));
	put_number(object, "senders", result->shape.senders);
	put_number(object, "receivers", result->shape.receivers);
	put_number(object, "size", result->size);
	if (result->error) {
		put_string(object, "error", result->error);
		return object;
	}
	put_string(object, "placement", result->placement);
	put_number(object, "messages", result->messages);
	runs = json_array();
	for (unsigned int i = 0; i < result->runs; i++)
		append(runs, real(result->run[i]));
	put(object, "runs_ns", runs);
	for (size_t i = 0; i < ARRAY_SIZE(reals); i++)
		put(object, reals[i].key, real(*real_of(result, i)));
	if (result->test == TEST_STREAM) {
		put(object, "msg_per_s", real(1e9 / result->ns));
		put(object, "bytes_per_s", real(1e9 / result->ns * result->size));
	}
	put(object, "worthless", json_boolean(result->worthless));
	return object;
}

static json_t *from_report(const struct report *report)
{
	json_t *object = json_object();
	json_t *machine = json_object();
	json_t *results = json_array();
	json_t *left_out = json_array();

	put_number(object, "ipcxbench", FORMAT);
	for (size_t i = 0; i < report->fact_count; i++)
		put_string(machine, report->facts[i].key, report->facts[i].value);
	put(object, "machine", machine);
	put(object, "spread_max", real(report->spread_max));
	for (size_t i = 0; i < report->result_count; i++)
		append(results, from_result(&report->results[i]));
	put(object, "results", results);
	for (size_t i = 0; i < report->left_out_count; i++) {
		json_t *one = json_object();

		put_string(one, "what", report->left_out[i].what);
		put_string(one, "why", report->left_out[i].why);
		append(left_out, one);
	}
	put(object, "left_out", left_out);
	return object;
}

int report_json(const struct report *report, FILE *out)
{
	json_t *object = from_report(report);
	/* Six digits, as exact as anything here is. */
	int ret = json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

	json_decref(object);
	fputs("\n", out);
	return fflush(out) || ferror(out) ? -errno : ret ? -ENOMEM : 0;
}

/* ---- reading: nothing is believed of a file ---- */

static const char *get_string(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static double get_real(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : UNKNOWN;
}

static bool get_number(json_t *object, const char *key, uint64_t most,
		       uint64_t *number)
{
	double value = get_real(object, key);

	if (value < 0 || value > most)
		return false;
	*number = value;
	return true;
}

static bool to_cell(json_t *object, struct result *result)
{
	const char *channel = get_string(object, "channel");
	const char *test = get_string(object, "test"), *wait = get_string(object, "wait");
	uint64_t senders, receivers;

	if (!channel || !test || !wait ||
	    !get_number(object, "senders", SENDERS_MAX, &senders) ||
	    !get_number(object, "receivers", SENDERS_MAX, &receivers) ||
	    !get_number(object, "size", UINT32_MAX, &result->size))
		return false;
	result->test = strcmp(test, test_name(TEST_STREAM)) ? TEST_RTT : TEST_STREAM;
	result->wait = strcmp(wait, wait_name(WAIT_BLOCK)) ? WAIT_SPIN : WAIT_BLOCK;
	if (strcmp(test, test_name(result->test)) || strcmp(wait, wait_name(result->wait)))
		return false;
	result->shape = (struct shape) { senders, receivers };
	result->channel = text("%s", channel);
	return true;
}

static bool to_result(json_t *object, struct result *result)
{
	const char *error = get_string(object, "error");

	if (!to_cell(object, result))
		return false;
	if (error) {
		result->error = text("%s", error);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(reals); i++)
		*real_of(result, i) = get_real(object, reals[i].key);
	result->worthless = json_is_true(json_object_get(object, "worthless"));
	return result->ns > 0 && result->low >= 0 && result->high >= result->low;
}

static bool to_report(json_t *object, struct report *report)
{
	json_t *machine = json_object_get(object, "machine"), *value, *result;
	json_t *results = json_object_get(object, "results");
	const char *key;
	uint64_t format;
	size_t at;

	if (!get_number(object, "ipcxbench", FORMAT, &format) || format != FORMAT ||
	    !json_is_object(machine) || !json_is_array(results))
		return false;
	json_object_foreach(machine, key, value) {
		if (report->fact_count < FACTS_MAX && json_is_string(value))
			fact_add(report, key, text("%s", json_string_value(value)));
	}
	report->results = calloc(json_array_size(results) + 1, sizeof(*report->results));
	if (!report->results)
		return false;
	json_array_foreach(results, at, result) {
		if (!to_result(result, &report->results[report->result_count++]))
			return false;
	}
	return true;
}

int report_read(const char *path, struct report *report, const char **why)
{
	FILE *file = fopen(path, "re");
	json_t *object;
	bool good;

	if (!file) {
		*why = strerror(errno);
		return -errno;
	}
	object = json_loadf(file, 0, NULL);
	fclose(file);
	good = to_report(object, report);
	json_decref(object);
	if (good)
		return 0;
	*why = "it is no result of ipcxbench --json";
	return -EINVAL;
}
