// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include "stat_columns.h"

#define COLUMN_FRACTION	COLUMN_NUMBER

#define AS_COLUMN(key, head, json, type, letter, help) \
	[COL_##key] = { head, COLUMN_##type, false, help },
const struct column stat_columns[KEYS] = {
	STAT_COLUMNS(AS_COLUMN)
};

enum { DIGITS_TEXT, DIGITS_NUMBER = 0, DIGITS_BYTES = 0, DIGITS_FRACTION };

#define AS_KEY(key, head, json, type, letter, help) \
	[COL_##key] = { json, letter, DIGITS_##type },
const struct stat_key stat_keys[KEYS] = {
	STAT_COLUMNS(AS_KEY)
};

const struct stat_usual stat_usual[WHATS] = {
	[WHAT_TOTALS] = {
		.name = "totals",
		.counts = "REGIONS,R-SIZE,QUEUES,Q-SIZE,ATT,WAIT-R,WAIT-S,SENT,RECEIVED,DEPTH,DROP,ABORT,REDEL,WAITS,WAKES,REPAIR,BAD,HELD",
		.rates = "REGIONS,R-SIZE,QUEUES,Q-SIZE,ATT,WAIT-R,WAIT-S,SENT/S,RECV/S,BYTES/S,DEPTH,DROP/S,ABORT/S,REDEL/S,WAITS/S,WAKES/S,REPAIR,BAD,HELD",
		.json = "REGIONS,R-SIZE,QUEUES,Q-SIZE,ATT,WAIT-R,WAIT-S,SENT,RECEIVED,DEPTH,DROP,ABORT,REDEL,WAITS,WAKES,REPAIR,BAD,SENT/S,RECV/S,BYTES/S,DROP/S,ABORT/S,REDEL/S,WAITS/S,WAKES/S,HELD",
	},
	[WHAT_OBJECTS] = {
		.name = "objects",
		.counts = "ID,KIND,SIZE,USERS,ATT,WAIT-R,WAIT-S,SENT,RECEIVED,DEPTH,DROP,ABORT,REDEL,WAITS,WAKES,HELD,NAME",
		.rates = "ID,KIND,SIZE,USERS,ATT,WAIT-R,WAIT-S,SENT/S,RECV/S,BYTES/S,DEPTH,DROP/S,ABORT/S,REDEL/S,WAITS/S,WAKES/S,HELD,NAME",
		.json = "ID,KIND,NAME,SIZE,USERS,ATT,WAIT-R,WAIT-S,SENT,RECEIVED,DEPTH,DROP,ABORT,REDEL,WAITS,WAKES,REPAIR,BAD,LENGTH,SENT/S,RECV/S,BYTES/S,DROP/S,ABORT/S,REDEL/S,WAITS/S,WAKES/S,HELD,HOLDER,AGE",
	},
	[WHAT_PROCESSES] = {
		.name = "processes",
		.counts = "PID,ATT,SIZE,WRITING,READING,DROP,HELD,COMMAND,HOLDS",
		.rates = "PID,ATT,SIZE,SENT/S,BYTES/S,WRITING,READING,DROP/S,HELD,COMMAND,HOLDS",
		.json = "PID,COMMAND,ATT,SIZE,WRITING,READING,DROP,SENT/S,BYTES/S,DROP/S,HELD,HOLDS",
	},
	[WHAT_ATTACHMENTS] = {
		.name = "attachments",
		.counts = "ID,ATTACHMENT,PID,STATE,WRITING,READING,HELD-R,HELD-S,DROP,HELD,COMMAND",
		.rates = "ID,ATTACHMENT,PID,STATE,SENT/S,BYTES/S,WRITING,READING,HELD-R,HELD-S,DROP/S,HELD,COMMAND",
		.json = "ID,ATTACHMENT,PID,COMMAND,STATE,WRITING,READING,HELD-R,HELD-S,DROP,SENT/S,BYTES/S,DROP/S,HELD",
	},
};

char *stat_cell(const void *arg, size_t column)
{
	const struct row *row = arg;

	if (column < COL_TEXTS)
		return row->text[column] ? text("%s", row->text[column]) : NULL;
	if (isnan(row->n[column]))
		return NULL;
	return text("%.*f", stat_keys[column].digits, row->n[column]);
}

enum key stat_key_named(const char *name)
{
	enum key key = 0;

	while (key < KEYS && strcasecmp(stat_columns[key].name, name))
		key++;
	return key;
}
