/* SPDX-License-Identifier: GPL-2.0-only */
/* What looks amount to: rows of counts, and of rates between two looks. */
#ifndef TOOLS_STAT_ROWS_H
#define TOOLS_STAT_ROWS_H

#include "stat_columns.h"
#include "stat_look.h"

struct rows {
	size_t n;
	struct row *row;
};

/*
 * @before: the look before; NULL for rates since each object was made. Processes
 * and attachments are those of the peers that were looked at.
 */
struct rows rows_make(enum what what, const struct look *look,
		      const struct look *before);
void rows_free(struct rows *rows);

/*
 * By a key, texts and what is counted out from the least on, else from the
 * greatest on; but with @stuck_first what is stuck comes first.
 */
void rows_sort(struct rows *rows, enum key key, bool reverse, bool stuck_first);

#endif /* TOOLS_STAT_ROWS_H */
