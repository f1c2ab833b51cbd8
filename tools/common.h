/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tools have in common.
 *
 * Results: exit status 0 or one of these, which the help of the tools lists.
 * What goes wrong is said in one line on standard error, with what to do.
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libsmartcols/libsmartcols.h>

enum {
	/* EXIT_FAILURE is 1 */
	EXIT_USAGE = 2,		/* a wrong command line */
	EXIT_ABSENT = 3,	/* no such object */
	EXIT_UNLOADED = 4,	/* the module is not loaded */
	EXIT_LATE = 5,		/* nothing could be moved in the time given */
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* First thing in main(): streams that can be relied on, see common.c. */
void tool_start(void);

/* The value of a negative errno from libipcx, said for people. */
const char *reason(int error);

/* The exit status for it. */
int exit_status(int error);

/* Says that something failed, and why; returns the exit status. */
int failure(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Both take K, M, G and T, in powers of 1024; -EINVAL or -ERANGE on failure. */
int parse_size(const char *string, uint64_t *bytes);
/* In few digits, such as "64K" or "1.5M"; the string is the caller's. */
char *size_text(uint64_t bytes);

/*
 * A copy of what some process chose, with what a terminal could obey written as
 * \xNN, as the cells of tables show it; to be freed.
 */
char *harmless(const char *string);

/*
 * Tables: columns first, numbered from 0 on, then lines. @flags are SCOLS_FL_*;
 * the string of a cell is malloc()ed and taken over; printing frees the table.
 */
struct libscols_table *table_new(void);
void table_column(struct libscols_table *table, const char *head, int flags);
struct libscols_line *table_line(struct libscols_table *table);
void table_cell(struct libscols_line *line, size_t column, char *string);
void table_print(struct libscols_table *table);

/* asprintf() that ends the tool if there is no memory. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *vtext(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif /* TOOLS_COMMON_H */
