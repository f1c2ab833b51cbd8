/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables whose columns the user chooses, for people or as JSON.
 *
 * A view describes the columns; format says how they are to be shown. In JSON
 * each column is a key in lower case, sizes are in bytes, and what there is
 * nothing to say of is null, which people see as "-". Bytes of a text that are
 * no character of UTF-8 are written \xNN.
 */
#ifndef TOOLS_COMMON_VIEW_H
#define TOOLS_COMMON_VIEW_H

#include "common.h"

#define VIEW_COLUMNS_MAX	48

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_BYTES,		/* as a number; people see 64K */
};

/**
 * struct column - a column
 * @name: at its head and, in any case, for -o
 * @type: what its cells are
 * @usual: shown if the user chooses none
 * @help: one line
 */
struct column {
	const char *name;
	enum column_type type;
	bool usual;
	const char *help;
};

/**
 * struct format - how to show
 * @json: as JSON
 * @noheadings: without the line of heads
 * @bytes: sizes as numbers
 */
struct format {
	bool json;
	bool noheadings;
	bool bytes;
};

/**
 * struct view - a table to be filled and printed
 * @name: of its rows together, in JSON
 * @columns: all there are
 * @n_columns: how many, VIEW_COLUMNS_MAX at most
 * @cell: the text of a row's cell, malloc()ed; NULL for none
 * @record: for people, a line for each cell that is not empty, instead of one
 *	for each row
 * @shown: columns that were chosen, in their order
 * @n_shown: how many
 * @format: how it is printed
 * @table: rows so far
 */
struct view {
	const char *name;
	const struct column *columns;
	size_t n_columns;
	char *(*cell)(const void *row, size_t column);
	bool record;

	size_t shown[VIEW_COLUMNS_MAX];
	size_t n_shown;
	const struct format *format;
	struct libscols_table *table;
};

/*
 * Chooses the columns of a list such as "ID,NAME", or those besides the usual
 * ones with a '+' before it; the usual ones if @list is NULL. Returns NULL, or
 * the word of the list that is no column, to be freed.
 */
char *view_choose(struct view *view, const char *list);

/* All of them, for a record. */
void view_choose_all(struct view *view);

/* After the columns are chosen and before the first row. */
void view_begin(struct view *view, const struct format *format);
void view_row(struct view *view, const void *row);

/* Prints them, as one JSON object if so, and frees what view_begin() made. */
void views_print(struct view *const views[], size_t n);

/* A copy as JSON has it, to be freed: other bytes than those of UTF-8 as \xNN. */
char *utf8(const char *string);

#endif /* TOOLS_COMMON_VIEW_H */
