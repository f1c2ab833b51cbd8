// SPDX-License-Identifier: GPL-2.0-only
/* Two reports side by side. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "common.h"

static const struct result *find(const struct report *report, const struct result *like)
{
	for (size_t i = 0; i < report->result_count; i++) {
		const struct result *it = &report->results[i];

		if (!strcmp(it->channel, like->channel) && it->test == like->test &&
		    it->wait == like->wait && it->size == like->size &&
		    it->shape.senders == like->shape.senders &&
		    it->shape.receivers == like->shape.receivers)
			return it;
	}
	return NULL;
}

/* Facts that differ say why figures may. */
static void print_facts(const struct report *old, const struct report *new)
{
	for (size_t i = 0; i < new->fact_count; i++) {
		char *value = harmless(new->facts[i].value);
		char *before = harmless(fact_of(old, new->facts[i].key));
		char *key = harmless(new->facts[i].key);

		if (!strcmp(value, before))
			printf("%-16s%s\n", key, value);
		else
			printf("%-16s%s\n%-16s%s\n", key, before, "", value);
		free(key);
		free(value);
		free(before);
	}
}

/*
 * A change that the runs' own differences do not account for: no run of one is
 * among those of the other.
 */
static bool apart(const struct result *a, const struct result *b)
{
	return a->high < b->low || b->high < a->low;
}

static char *figure_text(const struct result *result)
{
	char *figure, *marked;

	if (!result)
		return text("-");
	if (result->error)
		return text("failed");
	figure = ns_text(result->ns);
	marked = text("%s%s", result->worthless ? "! " : "", figure);
	free(figure);
	return marked;
}

static char *change_text(const struct result *old, const struct result *new)
{
	double change;

	if (!old || !new || old->error || new->error)
		return text("-");
	change = 100 * (new->ns / old->ns - 1);
	return text("%s%+.*f%%", apart(old, new) ? "" : "~ ", change > -9.95 && change < 9.95, change);
}

static void add_line(struct libscols_table *table, const struct result *cell,
		     const struct result *old, const struct result *new)
{
	struct libscols_line *line = table_line(table);
	size_t at = 0;

	table_cell(line, at++, text("%s", cell->channel));
	table_cell(line, at++, text("%s", test_name(cell->test)));
	table_cell(line, at++, text("%s", wait_name(cell->wait)));
	table_cell(line, at++, text("%u:%u", cell->shape.senders, cell->shape.receivers));
	table_cell(line, at++, size_text(cell->size));
	table_cell(line, at++, figure_text(old));
	table_cell(line, at++, figure_text(new));
	table_cell(line, at++, change_text(old, new));
}

void report_compare(const struct report *old, const struct report *new,
		    const char *old_name, const char *new_name)
{
	static const char *const heads[] = { "CHANNEL", "TEST", "WAIT", "PEERS", "SIZE" };
	struct libscols_table *table = table_new();
	char *old_text = harmless(old_name), *new_text = harmless(new_name);

	print_facts(old, new);
	printf("\nOLD is %s, NEW is %s\n\n", old_text, new_text);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_column(table, heads[i], i < 3 ? 0 : SCOLS_FL_RIGHT);
	table_column(table, "OLD", SCOLS_FL_RIGHT);
	table_column(table, "NEW", SCOLS_FL_RIGHT);
	table_column(table, "CHANGE", SCOLS_FL_RIGHT);
	for (size_t i = 0; i < old->result_count; i++)
		add_line(table, &old->results[i], &old->results[i], find(new, &old->results[i]));
	for (size_t i = 0; i < new->result_count; i++)
		if (!find(old, &new->results[i]))
			add_line(table, &new->results[i], NULL, &new->results[i]);
	table_print(table);
	printf("\nTime a message in a stream, median round trip: less is better.\n"
	       "~  no more than the runs of one report differ among themselves.\n"
	       "!  the runs differ too much: the figure is worth nothing.\n");
	if (strcmp(fact_of(old, "cpu"), fact_of(new, "cpu")) ||
	    strcmp(fact_of(old, "runs in"), fact_of(new, "runs in")))
		printf("The machines differ: so do their times, whatever ipcx does.\n");
	free(old_text);
	free(new_text);
}
