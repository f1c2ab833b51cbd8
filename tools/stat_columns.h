/* SPDX-License-Identifier: GPL-2.0-only */
/* What ipcxstat can tell of a thing: the columns, and a row of their values. */
#ifndef TOOLS_STAT_COLUMNS_H
#define TOOLS_STAT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "common_view.h"

/*
 * X(key, head, name in JSON, type, letter that sorts by it on the screen or 0,
 * help). Texts come first. FRACTION is a number with one digit after the point.
 */
#define STAT_COLUMNS(X)							\
	X(KIND, "KIND", "kind", TEXT, 'k', "region, queue or broadcast")	\
	X(NAME, "NAME", "name", TEXT, 'n', "name of the object")	\
	X(STATE, "STATE", "state", TEXT, 0, "of an attachment: live or dead") \
	X(HELD_R, "HELD-R", "held_recv", TEXT, 0, "lanes, a bit each, whose receivers wait for its claim") \
	X(HELD_S, "HELD-S", "held_send", TEXT, 0, "lanes whose senders wait for its claim") \
	X(HOLDS, "HOLDS", "holds", TEXT, 0, "queue that this process holds up longest, and its lane") \
	X(HOLDER, "HOLDER", "holder", TEXT, 0, "who holds the queue up, pid and command") \
	X(COMMAND, "COMMAND", "command", TEXT, 'c', "name of the process") \
	X(ID, "ID", "id", NUMBER, 'i', "number of the object, never used again") \
	X(ATTACHMENT, "ATTACHMENT", "attachment", NUMBER, 0, "number by which the process claims") \
	X(PID, "PID", "pid", NUMBER, 'i', "number of the process, 0 if not to be seen from here") \
	X(REGIONS, "REGIONS", "regions", NUMBER, 0, "how many regions there are") \
	X(R_SIZE, "R-SIZE", "region_bytes", BYTES, 0, "their memory, at full size") \
	X(QUEUES, "QUEUES", "queues", NUMBER, 0, "how many queues there are") \
	X(Q_SIZE, "Q-SIZE", "queue_bytes", BYTES, 0, "their memory")	\
	X(SIZE, "SIZE", "bytes", BYTES, 's', "memory; of a process: of the queues that it maps") \
	X(USERS, "USERS", "users", NUMBER, 'u', "descriptors open, but for duplicates") \
	X(ATT, "ATT", "attachments", NUMBER, 'a', "mappings of a region, processes that map a queue, queues mapped") \
	X(WAIT_R, "WAIT-R", "waiting_recv", NUMBER, 0, "threads asleep for a message") \
	X(WAIT_S, "WAIT-S", "waiting_send", NUMBER, 0, "threads asleep for room") \
	X(WRITING, "WRITING", "writing", NUMBER, 0, "messages that it is writing") \
	X(READING, "READING", "reading", NUMBER, 0, "messages that it is reading") \
	X(SENT, "SENT", "sent", NUMBER, 0, "messages sent")		\
	X(RECEIVED, "RECEIVED", "received", NUMBER, 0, "messages received; who receives broadcast knows it alone") \
	X(DEPTH, "DEPTH", "depth", NUMBER, 'd', "messages to be received") \
	X(DROP, "DROP", "dropped", NUMBER, 'x', "messages dropped by --drop-oldest") \
	X(ABORT, "ABORT", "aborted", NUMBER, 0, "messages begun and given up, by their sender or its death") \
	X(REDEL, "REDEL", "redelivered", NUMBER, 'e', "messages that dead receivers held, delivered again") \
	X(WAITS, "WAITS", "waits", NUMBER, 'w', "times a thread went to sleep") \
	X(WAKES, "WAKES", "wakes", NUMBER, 'v', "times who sleeps or polls was woken") \
	X(REPAIR, "REPAIR", "repairing", NUMBER, 0, "dead processes not yet cleaned up after") \
	X(BAD, "BAD", "corrupt", NUMBER, 0, "times a ring was found spoiled by a process that maps it") \
	X(LENGTH, "LENGTH", "mean_length", FRACTION, 'l', "bytes of a message, the mean of the last ones") \
	X(SENT_S, "SENT/S", "sent_per_second", FRACTION, 'm', "messages sent a second") \
	X(RECV_S, "RECV/S", "received_per_second", FRACTION, 0, "messages received a second") \
	X(BYTES_S, "BYTES/S", "bytes_per_second", BYTES, 'b', "bytes sent a second: messages by their mean length of late") \
	X(DROP_S, "DROP/S", "dropped_per_second", FRACTION, 0, "messages dropped a second") \
	X(ABORT_S, "ABORT/S", "aborted_per_second", FRACTION, 0, "messages given up a second") \
	X(REDEL_S, "REDEL/S", "redelivered_per_second", FRACTION, 0, "messages given back a second") \
	X(WAITS_S, "WAITS/S", "waits_per_second", FRACTION, 0, "sleeps a second") \
	X(WAKES_S, "WAKES/S", "wakes_per_second", FRACTION, 0, "wake-ups a second") \
	X(HELD, "HELD", "held", FRACTION, 'h', "seconds for which the same claim was seen to hold others up") \
	X(AGE, "AGE", "age", FRACTION, 'g', "seconds since the object was made")

#define STAT_KEY(key, ...)	COL_##key,
enum key {
	STAT_COLUMNS(STAT_KEY)
	KEYS,
	COL_TEXTS = COL_ID,
};

/* For a view; and what a view does not know. */
extern const struct column stat_columns[KEYS];
extern const struct stat_key {
	const char *json;
	char letter;
	int digits;
} stat_keys[KEYS];

/* What there can be a row for, and so a table of. */
enum what {
	WHAT_TOTALS,
	WHAT_OBJECTS,
	WHAT_PROCESSES,
	WHAT_ATTACHMENTS,
	WHATS,
};

/* Lists for view_choose(). */
extern const struct stat_usual {
	const char *name;	/* of the rows together, in JSON */
	const char *counts;	/* since it was made */
	const char *rates;	/* in an interval */
	const char *json;
} stat_usual[WHATS];

/**
 * struct row - what is told of one thing
 * @text: malloc()ed, NULL if there is nothing to tell
 * @n: NAN if there is nothing to tell; of texts always
 * @stuck: it holds others up, or others hold it up
 */
struct row {
	char *text[COL_TEXTS];
	double n[KEYS];
	bool stuck;
};

/* The cell of a row for people, malloc()ed; NULL if there is nothing to tell. */
char *stat_cell(const void *row, size_t column);

/* By its head in any case: KEYS if there is none. */
enum key stat_key_named(const char *name);

#endif /* TOOLS_STAT_COLUMNS_H */
