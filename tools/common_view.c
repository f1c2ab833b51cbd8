// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "common_view.h"

/* ---- choosing ---- */

static void show_column(struct view *view, size_t column)
{
	for (size_t i = 0; i < view->n_shown; i++)
		if (view->shown[i] == column)
			return;
	view->shown[view->n_shown++] = column;
}

static void show_usual(struct view *view)
{
	for (size_t i = 0; i < view->n_columns; i++)
		if (view->columns[i].usual)
			show_column(view, i);
}

static bool show_named(struct view *view, const char *name)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		if (strcasecmp(view->columns[i].name, name))
			continue;
		show_column(view, i);
		return true;
	}
	return false;
}

char *view_choose(struct view *view, const char *list)
{
	char *copy, *rest, *name, *wrong = NULL;

	view->n_shown = 0;
	if (!list || *list == '+')
		show_usual(view);
	if (!list)
		return NULL;
	copy = text("%s", list + (*list == '+'));
	rest = copy;
	while (!wrong && (name = strsep(&rest, ",")))
		if (!show_named(view, name))
			wrong = text("%s", name);
	free(copy);
	return wrong;
}

void view_choose_all(struct view *view)
{
	view->n_shown = 0;
	for (size_t i = 0; i < view->n_columns; i++)
		show_column(view, i);
}

/* ---- filling ---- */

/* Neither keys nor values of a record depend on each other's width. */
static void begin_record(struct view *view)
{
	table_column(view->table, "", 0);
	table_column(view->table, "", 0);
	scols_table_enable_noheadings(view->table, 1);
}

static void begin_column(const struct view *view, size_t column)
{
	const struct column *is = &view->columns[column];
	bool number = is->type != COLUMN_TEXT;
	struct libscols_column *made;

	table_column(view->table, is->name, number ? SCOLS_FL_RIGHT : 0);
	made = scols_table_get_column(view->table,
				      scols_table_get_ncols(view->table) - 1);
	scols_column_set_json_type(made, number ? SCOLS_JSON_NUMBER :
						  SCOLS_JSON_STRING);
}

void view_begin(struct view *view, const struct format *format)
{
	view->format = format;
	view->table = table_new();
	scols_table_enable_noheadings(view->table, format->noheadings);
	scols_table_enable_json(view->table, format->json);
	scols_table_set_name(view->table, view->name);
	if (view->record && !format->json) {
		begin_record(view);
		return;
	}
	for (size_t i = 0; i < view->n_shown; i++)
		begin_column(view, view->shown[i]);
}

/* JSON is UTF-8, whatever the user's locale. */
char *utf8(const char *string)
{
	locale_t charset = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	char *copy = malloc(4 * strlen(string) + 1), *out = copy;
	locale_t before = uselocale(charset);
	mbstate_t state = { 0 };

	if (!copy || !charset)
		err(EXIT_FAILURE, "cannot write JSON");
	while (*string) {
		size_t n = mbrlen(string, strlen(string), &state);

		if (n <= strlen(string)) {
			out = mempcpy(out, string, n);
			string += n;
			continue;
		}
		out += sprintf(out, "\\x%02x", (unsigned char)*string++);
		state = (mbstate_t) { 0 };
	}
	*out = '\0';
	uselocale(before);
	freelocale(charset);
	return copy;
}

static char *as_utf8(char *string)
{
	char *copy = utf8(string);

	free(string);
	return copy;
}

/* For people. */
static char *as_seen(char *string, enum column_type type, bool bytes)
{
	uint64_t number;

	if (type == COLUMN_BYTES && !bytes && !parse_size(string, &number)) {
		free(string);
		return size_text(number);
	}
	return string;
}

static char *make_cell(const struct view *view, const void *row, size_t column)
{
	char *string = view->cell(row, column);

	if (!string)
		return NULL;
	if (view->format->json)
		return as_utf8(string);
	return as_seen(string, view->columns[column].type, view->format->bytes);
}

static char *key_of(const struct column *column)
{
	char *key = text("%s", column->name);

	for (char *at = key; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at |= 'a' ^ 'A';
	return key;
}

static void add_record(struct view *view, const void *row)
{
	for (size_t i = 0; i < view->n_shown; i++) {
		char *string = make_cell(view, row, view->shown[i]);
		struct libscols_line *line;

		if (!string)
			continue;
		line = table_line(view->table);
		table_cell(line, 0, key_of(&view->columns[view->shown[i]]));
		table_cell(line, 1, string);
	}
}

void view_row(struct view *view, const void *row)
{
	struct libscols_line *line;

	if (view->record && !view->format->json) {
		add_record(view, row);
		return;
	}
	line = table_line(view->table);
	for (size_t i = 0; i < view->n_shown; i++) {
		char *string = make_cell(view, row, view->shown[i]);

		if (!string && !view->format->json)
			string = text("-");
		if (string)
			table_cell(line, i, string);
	}
}

/* ---- printing ---- */

/* What libsmartcols prints is an object of one member; these become one. */
static void print_json(struct view *const views[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *json, *first, *last;

		if (scols_print_table_to_string(views[i]->table, &json))
			errx(EXIT_FAILURE, "cannot write JSON: out of memory");
		first = json + strcspn(json, "{") + 1;
		last = strrchr(first, '}');
		while (last > first && last[-1] == '\n')
			last--;
		printf("%s%.*s", i ? "," : "{", (int)(last - first), first);
		free(json);
		scols_unref_table(views[i]->table);
	}
	printf("\n}\n");
}

void views_print(struct view *const views[], size_t n)
{
	bool any = false;

	if (n && views[0]->format->json) {
		print_json(views, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bool empty = scols_table_is_empty(views[i]->table);

		if (any && !empty)
			putchar('\n');
		any |= !empty;
		table_print(views[i]->table);
	}
}
