// SPDX-License-Identifier: GPL-2.0-only
/* Samples as JSON: one object a sample, one line an object. */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "stat.h"

static json_t *made(json_t *json)
{
	if (!json)
		errx(EXIT_FAILURE, "cannot write JSON: out of memory");
	return json;
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, made(value)))
		made(NULL);
}

/* What some process chose can be bytes of any kind; JSON is UTF-8. */
static json_t *json_text(const char *string)
{
	char *copy = utf8(string);
	json_t *json = made(json_string(copy));

	free(copy);
	return json;
}

/* Three digits after the point, as clocks are no better than that. */
static json_t *json_number(double n)
{
	if (isnan(n))
		return json_null();
	if (n == floor(n))
		return json_integer(n);
	return json_real(round(n * 1000) / 1000);
}

static json_t *json_row(const struct row *row, const struct view *view)
{
	json_t *json = made(json_object());

	for (size_t i = 0; i < view->n_shown; i++) {
		enum key key = view->shown[i];

		if (key >= COL_TEXTS)
			set(json, stat_keys[key].json, json_number(row->n[key]));
		else
			set(json, stat_keys[key].json, row->text[key] ?
			    json_text(row->text[key]) : json_null());
	}
	return json;
}

static json_t *json_rows(const struct sample *sample, const struct options *options,
			 enum what what)
{
	struct rows rows = rows_make(what, &sample->look, sample_before(sample));
	json_t *json = made(json_array());
	struct view view;

	if (options->sort < KEYS && what == options->what)
		rows_sort(&rows, options->sort, false, false);
	choose_columns(&view, options, what, true);
	for (size_t i = 0; i < rows.n; i++)
		json_array_append_new(json, json_row(&rows.row[i], &view));
	rows_free(&rows);
	return json;
}

static json_t *json_claim(const struct claim *claim)
{
	json_t *json = made(json_object());

	set(json, "id", json_integer(claim->object));
	set(json, "name", json_text(claim->name));
	set(json, "lane", json_integer(claim->lane));
	set(json, "direction", json_string(claim->recv ? "recv" : "send"));
	set(json, "ticket", json_integer(claim->ticket));
	set(json, "attachment", json_integer(claim->attachment));
	set(json, "pid", json_integer(claim->pid));
	set(json, "command", json_text(claim->comm));
	set(json, "waiting", json_integer(claim->waiting));
	set(json, "held", json_number(claim_seconds(claim)));
	return json;
}

static json_t *json_stuck(const struct claims *claims)
{
	json_t *json = made(json_array());

	for (size_t i = 0; i < claims->n; i++)
		if (claim_is_stuck(&claims->claim[i]))
			json_array_append_new(json, json_claim(&claims->claim[i]));
	return json;
}

static void set_head(json_t *json, const struct sample *sample)
{
	const struct look *look = &sample->look, *before = sample_before(sample);

	set(json, "timestamp", json_number(look->wall.tv_sec +
					   look->wall.tv_nsec / 1000000 / 1e3));
	set(json, "interval", before ?
	    json_number((look->ns - before->ns) / 1e9) : json_null());
	set(json, "source", json_string(look->by_debugfs ? "debugfs" : "ioctl"));
	set(json, "stuck", json_stuck(&look->claims));
}

void show_json(const struct sample *sample, const struct options *options)
{
	json_t *json = made(json_object()), *totals;

	set_head(json, sample);
	totals = json_rows(sample, options, WHAT_TOTALS);
	json_object_set(json, "totals", json_array_get(totals, 0));
	json_decref(totals);
	if (options->what != WHAT_TOTALS)
		set(json, stat_usual[WHAT_OBJECTS].name,
		    json_rows(sample, options, WHAT_OBJECTS));
	if (options->what > WHAT_OBJECTS)
		set(json, stat_usual[options->what].name,
		    json_rows(sample, options, options->what));
	/* What cannot be written is said when standard output is flushed. */
	json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(16));
	putchar('\n');
	json_decref(json);
}
