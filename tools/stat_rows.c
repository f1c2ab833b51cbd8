// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stat_rows.h"

static struct row *add_row(struct rows *rows)
{
	struct row *row;

	rows->row = reallocarray(rows->row, rows->n + 1, sizeof(*row));
	if (!rows->row)
		err(EXIT_FAILURE, "cannot go on");
	row = &rows->row[rows->n++];
	*row = (struct row) { 0 };
	for (enum key key = 0; key < KEYS; key++)
		row->n[key] = NAN;
	return row;
}

void rows_free(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		for (enum key key = 0; key < COL_TEXTS; key++)
			free(rows->row[i].text[key]);
	free(rows->row);
	*rows = (struct rows) { 0 };
}

static void add(double *sum, double n)
{
	if (!isnan(n))
		*sum = isnan(*sum) ? n : *sum + n;
}

static void raise_to(double *most, double n)
{
	if (isnan(*most) || n > *most)
		*most = n;
}

/* ---- over time ---- */

static const struct {
	enum key count;
	enum key rate;
} rated[] = {
	{ COL_SENT, COL_SENT_S },
	{ COL_RECEIVED, COL_RECV_S },
	{ COL_DROP, COL_DROP_S },
	{ COL_ABORT, COL_ABORT_S },
	{ COL_REDEL, COL_REDEL_S },
	{ COL_WAITS, COL_WAITS_S },
	{ COL_WAKES, COL_WAKES_S },
};

/* Counters of a ring that somebody spoils can go back. */
static void rate_counts(struct row *row, const struct row *before, double seconds)
{
	for (size_t i = 0; i < ARRAY_SIZE(rated); i++) {
		double n = row->n[rated[i].count];
		double last = before ? before->n[rated[i].count] : 0;

		row->n[rated[i].rate] = n > last && seconds > 0 ? (n - last) / seconds :
					n >= 0 ? 0 : NAN;
	}
}

/* For how long what was counted of an object was counted. */
static double span(const struct look *look, const struct look *before,
		   const struct ipcx_stat *stat)
{
	double age = look->ns > stat->made_ns ? (look->ns - stat->made_ns) / 1e9 : 0;
	double since = before ? (look->ns - before->ns) / 1e9 : age;

	return since < age ? since : age;
}

/* ---- objects ---- */

static void tell_queue(struct row *row, const struct ipcx_stat *stat)
{
	bool broadcast = stat->create_flags & IPCX_QUEUE_BROADCAST;

	row->n[COL_WAIT_R] = stat->waiting_recv;
	row->n[COL_WAIT_S] = stat->waiting_send;
	row->n[COL_SENT] = stat->sent;
	row->n[COL_RECEIVED] = broadcast ? NAN : stat->received;
	row->n[COL_DEPTH] = stat->depth;
	row->n[COL_DROP] = stat->dropped;
	row->n[COL_ABORT] = stat->aborted;
	row->n[COL_REDEL] = stat->redelivered;
	row->n[COL_WAITS] = stat->waits_recv + stat->waits_send;
	row->n[COL_WAKES] = stat->wakes_recv + stat->wakes_send;
	row->n[COL_REPAIR] = stat->repairing;
	row->n[COL_BAD] = stat->corrupt;
	if (stat->recent_count)
		row->n[COL_LENGTH] = (double)stat->recent_bytes / stat->recent_count;
}

static void tell_object(struct row *row, const struct ipcx_stat *stat)
{
	row->n[COL_ID] = stat->id;
	row->n[COL_SIZE] = stat->bytes;
	row->n[COL_USERS] = stat->users;
	row->n[COL_ATT] = stat->attachments;
	if (stat->kind == IPCX_KIND_QUEUE)
		tell_queue(row, stat);
}

static void tell_texts(struct row *row, const struct ipcx_stat *stat)
{
	row->text[COL_NAME] = text("%s", stat->name);
	row->text[COL_KIND] = text("%s", stat->kind == IPCX_KIND_REGION ? "region" :
				   stat->create_flags & IPCX_QUEUE_BROADCAST ?
				   "broadcast" : "queue");
}

/* The claim that holds a queue up longest. */
static void tell_claims(struct row *row, const struct look *look,
			const struct ipcx_stat *stat)
{
	const struct claim *oldest = NULL;

	for (size_t i = 0; i < look->claims.n; i++) {
		const struct claim *claim = &look->claims.claim[i];

		if (claim->object == stat->id &&
		    (!oldest || claim->first_ns < oldest->first_ns))
			oldest = claim;
	}
	if (!oldest)
		return;
	row->n[COL_HELD] = claim_seconds(oldest);
	row->stuck = claim_is_stuck(oldest);
	row->text[COL_HOLDER] = text("%u %s", oldest->pid, oldest->comm);
}

/* The numbers of an object alone, with its rates. */
static struct row object_counts(const struct object *object, const struct look *look,
				const struct look *before)
{
	const struct object *was = before ? look_find(before, &object->stat) : NULL;
	double seconds = span(look, before, &object->stat);
	struct rows two = { 0 };
	struct row counts;

	add_row(&two);
	add_row(&two);
	tell_object(&two.row[0], &object->stat);
	if (was)
		tell_object(&two.row[1], &was->stat);
	rate_counts(&two.row[0], was ? &two.row[1] : NULL, seconds);
	counts = two.row[0];
	counts.n[COL_BYTES_S] = counts.n[COL_SENT_S] > 0 ?
				counts.n[COL_SENT_S] * counts.n[COL_LENGTH] :
				counts.n[COL_SENT_S];
	counts.n[COL_AGE] = span(look, NULL, &object->stat);
	rows_free(&two);
	return counts;
}

static void make_objects(struct rows *rows, const struct look *look,
			 const struct look *before)
{
	for (size_t i = 0; i < look->n; i++) {
		const struct ipcx_stat *stat = &look->objects[i].stat;
		struct row *row = add_row(rows);

		*row = object_counts(&look->objects[i], look, before);
		tell_texts(row, stat);
		tell_claims(row, look, stat);
	}
}

/* ---- totals ---- */

static void make_totals(struct rows *rows, const struct look *look,
			const struct look *before)
{
	struct rows objects = { 0 };
	struct row *total = add_row(rows);

	/* Nothing at all is 0, too. */
	for (enum key key = COL_REGIONS; key < COL_HELD; key++)
		if (key != COL_WRITING && key != COL_READING && key != COL_LENGTH)
			total->n[key] = 0;
	make_objects(&objects, look, before);
	for (size_t i = 0; i < objects.n; i++) {
		const struct row *row = &objects.row[i];
		bool region = look->objects[i].stat.kind == IPCX_KIND_REGION;

		total->n[region ? COL_REGIONS : COL_QUEUES]++;
		total->n[region ? COL_R_SIZE : COL_Q_SIZE] += row->n[COL_SIZE];
		for (enum key key = COL_SIZE; key < COL_HELD; key++)
			if (key != COL_LENGTH)
				add(&total->n[key], row->n[key]);
		raise_to(&total->n[COL_HELD], row->n[COL_HELD]);
		total->stuck |= row->stuck;
	}
	rows_free(&objects);
}

/* ---- attachments ---- */

static const struct ipcx_peer *find_peer(const struct object *object, uint32_t id,
					 uint32_t pid)
{
	for (int i = 0; object && i < object->n_peers; i++)
		if (object->peers[i].id == id && object->peers[i].pid == pid)
			return &object->peers[i];
	return NULL;
}

/* What it sent of the last messages is its part of all that are sent. */
static void tell_part(struct row *row, const struct row *counts,
		      const struct ipcx_stat *stat, const struct ipcx_peer *peer)
{
	double rate = stat->recent_count ?
		      counts->n[COL_SENT_S] / stat->recent_count : 0;

	row->n[COL_SENT_S] = rate * peer->recent_count;
	row->n[COL_BYTES_S] = rate * peer->recent_bytes;
	if (peer->recent_count)
		row->n[COL_LENGTH] = (double)peer->recent_bytes / peer->recent_count;
}

static void tell_peer(struct row *row, const struct ipcx_peer *peer)
{
	row->text[COL_COMMAND] = text("%.*s", IPCX_COMM_LEN, peer->comm);
	row->text[COL_STATE] = text("%s", peer->state == IPCX_PEER_LIVE ? "live" : "dead");
	row->text[COL_HELD_R] = text("0x%x", peer->held_recv);
	row->text[COL_HELD_S] = text("0x%x", peer->held_send);
	row->n[COL_PID] = peer->pid;
	row->n[COL_ATTACHMENT] = peer->id;
	row->n[COL_WRITING] = peer->writing;
	row->n[COL_READING] = peer->reading;
	row->n[COL_DROP] = peer->dropped;
}

/* Of the claims of this attachment that hold others up, the oldest. */
static void tell_holding(struct row *row, const struct look *look, uint64_t object,
			 const struct ipcx_peer *peer)
{
	for (size_t i = 0; i < look->claims.n; i++) {
		const struct claim *claim = &look->claims.claim[i];

		if (claim->object != object || claim->attachment != peer->id ||
		    claim_seconds(claim) < row->n[COL_HELD])
			continue;
		row->n[COL_HELD] = claim_seconds(claim);
		row->stuck |= claim_is_stuck(claim);
		free(row->text[COL_HOLDS]);
		row->text[COL_HOLDS] = text("%s (id %llu) lane %u", claim->name,
					    (unsigned long long)object, claim->lane);
	}
}

static void make_attachment(struct rows *rows, const struct object *object,
			    const struct ipcx_peer *peer, const struct look *look,
			    const struct look *before)
{
	struct row counts = object_counts(object, look, before);
	const struct object *was = before ? look_find(before, &object->stat) : NULL;
	const struct ipcx_peer *same = find_peer(was, peer->id, peer->pid);
	double seconds = span(look, before, &object->stat);
	uint64_t dropped = same && same->dropped <= peer->dropped ? same->dropped : 0;
	struct row *row = add_row(rows);

	tell_peer(row, peer);
	row->text[COL_NAME] = text("%s", object->stat.name);
	row->n[COL_ID] = object->stat.id;
	row->n[COL_SIZE] = object->stat.bytes;
	row->n[COL_ATT] = 1;
	tell_part(row, &counts, &object->stat, peer);
	row->n[COL_DROP_S] = seconds > 0 ? (peer->dropped - dropped) / seconds : 0;
	tell_holding(row, look, object->stat.id, peer);
}

static void make_attachments(struct rows *rows, const struct look *look,
			     const struct look *before)
{
	for (size_t i = 0; i < look->n; i++) {
		const struct object *object = &look->objects[i];

		for (int j = 0; j < object->n_peers; j++)
			make_attachment(rows, object, &object->peers[j], look, before);
	}
}

/* ---- processes ---- */

static struct row *process_row(struct rows *rows, const struct row *attachment)
{
	struct row *row;

	for (size_t i = 0; i < rows->n; i++)
		if (rows->row[i].n[COL_PID] == attachment->n[COL_PID] &&
		    !strcmp(rows->row[i].text[COL_COMMAND], attachment->text[COL_COMMAND]))
			return &rows->row[i];
	row = add_row(rows);
	row->n[COL_PID] = attachment->n[COL_PID];
	row->text[COL_COMMAND] = text("%s", attachment->text[COL_COMMAND]);
	return row;
}

static void make_processes(struct rows *rows, const struct look *look,
			   const struct look *before)
{
	static const enum key sums[] = {
		COL_ATT, COL_SIZE, COL_WRITING, COL_READING, COL_DROP,
		COL_SENT_S, COL_BYTES_S, COL_DROP_S,
	};
	struct rows attachments = { 0 };

	make_attachments(&attachments, look, before);
	for (size_t i = 0; i < attachments.n; i++) {
		struct row *part = &attachments.row[i];
		struct row *row = process_row(rows, part);

		for (size_t j = 0; j < ARRAY_SIZE(sums); j++)
			add(&row->n[sums[j]], part->n[sums[j]]);
		row->stuck |= part->stuck;
		if (part->n[COL_HELD] < row->n[COL_HELD] || isnan(part->n[COL_HELD]))
			continue;
		row->n[COL_HELD] = part->n[COL_HELD];
		free(row->text[COL_HOLDS]);
		row->text[COL_HOLDS] = part->text[COL_HOLDS];
		part->text[COL_HOLDS] = NULL;
	}
	rows_free(&attachments);
}

struct rows rows_make(enum what what, const struct look *look,
		      const struct look *before)
{
	static void (*const make[WHATS])(struct rows *rows, const struct look *look,
					 const struct look *before) = {
		[WHAT_TOTALS] = make_totals,
		[WHAT_OBJECTS] = make_objects,
		[WHAT_PROCESSES] = make_processes,
		[WHAT_ATTACHMENTS] = make_attachments,
	};
	struct rows rows = { 0 };

	make[what](&rows, look, before);
	return rows;
}

/* ---- order ---- */

struct order {
	enum key key;
	int sign;
	bool stuck_first;
};

static int by_number(const struct row *a, const struct row *b, enum key key)
{
	return (a->n[key] > b->n[key]) - (a->n[key] < b->n[key]);
}

static int compare(const void *left, const void *right, void *arg)
{
	const struct row *a = left, *b = right;
	const struct order *order = arg;
	double x = a->n[order->key], y = b->n[order->key];
	int ret;

	if (order->stuck_first && a->stuck != b->stuck)
		return b->stuck - a->stuck;
	if (order->key < COL_TEXTS)
		ret = order->sign * strcmp(a->text[order->key] ?: "",
					   b->text[order->key] ?: "");
	/* Where there is nothing to tell comes last, whatever the order. */
	else if (isnan(x) || isnan(y))
		ret = isnan(x) - isnan(y);
	else
		ret = order->sign * ((x > y) - (x < y));
	return ret ?: by_number(a, b, COL_ID) ?: by_number(a, b, COL_ATTACHMENT) ?:
	       by_number(a, b, COL_PID);
}

void rows_sort(struct rows *rows, enum key key, bool reverse, bool stuck_first)
{
	bool up = key < COL_TEXTS || key == COL_ID || key == COL_PID ||
		  key == COL_ATTACHMENT;
	struct order order = {
		.key = key,
		.sign = up != reverse ? 1 : -1,
		.stuck_first = stuck_first,
	};

	if (rows->n)
		qsort_r(rows->row, rows->n, sizeof(*rows->row), compare, &order);
}
