// SPDX-License-Identifier: GPL-2.0-only
/* Aligned columns by libsmartcols, which also shows unprintable bytes as \xNN. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "common.h"

static void check(bool ok)
{
	if (!ok)
		errx(EXIT_FAILURE, "cannot print the table: out of memory");
}

struct libscols_table *table_new(void)
{
	struct libscols_table *table = scols_new_table();

	check(table);
	return table;
}

void table_column(struct libscols_table *table, const char *head, int flags)
{
	check(scols_table_new_column(table, head, 0, flags));
}

struct libscols_line *table_line(struct libscols_table *table)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	check(line);
	return line;
}

void table_cell(struct libscols_line *line, size_t column, char *string)
{
	check(scols_line_refer_data(line, column, string) == 0);
}

void table_print(struct libscols_table *table)
{
	check(scols_print_table(table) == 0);
	scols_unref_table(table);
}
