// SPDX-License-Identifier: GPL-2.0-only
/* Samples as tables. */
#include <stdio.h>
#include <stdlib.h>

#include "stat.h"

void choose_columns(struct view *view, const struct options *options,
		    enum what what, bool rates)
{
	const struct stat_usual *usual = &stat_usual[what];
	const char *given = what == options->what ? options->columns : NULL;
	const char *basis = options->format.json ? usual->json :
			    rates ? usual->rates : usual->counts;
	char *list;

	*view = (struct view) {
		.name = usual->name,
		.columns = stat_columns,
		.n_columns = KEYS,
		.cell = stat_cell,
	};
	if (given && *given == '+')
		list = text("%s,%s", basis, given + 1);
	else
		list = text("%s", given ?: basis);
	free(view_choose(view, list));
	free(list);
}

static void print_claim(const struct claim *claim)
{
	char *name = harmless(claim->name), *comm = harmless(claim->comm);
	bool one = claim->waiting == 1;

	printf("stuck: attachment %u (pid %u, %s) holds lane %u of queue %s%s(id %llu); %u %s%s wait%s\n",
	       claim->attachment, claim->pid, comm, claim->lane, name,
	       *name ? " " : "", (unsigned long long)claim->object,
	       claim->waiting, claim->recv ? "receiver" : "sender",
	       one ? "" : "s", one ? "s" : "");
	free(name);
	free(comm);
}

/* One line for each claim that stands in the way, and has stood there before. */
static void print_stuck(const struct look *look)
{
	bool any = false;

	for (size_t i = 0; i < look->claims.n; i++) {
		if (!claim_is_stuck(&look->claims.claim[i]))
			continue;
		print_claim(&look->claims.claim[i]);
		any = true;
	}
	if (any)
		putchar('\n');
}

static void fill_view(struct view *view, const struct sample *sample,
		      const struct options *options, enum what what)
{
	const struct look *before = sample_before(sample);
	struct rows rows = rows_make(what, &sample->look, before);

	if (options->sort < KEYS && what == options->what)
		rows_sort(&rows, options->sort, false, false);
	choose_columns(view, options, what, options->interval_ns);
	view_begin(view, &options->format);
	for (size_t i = 0; i < rows.n; i++)
		view_row(view, &rows.row[i]);
	rows_free(&rows);
}

static void print_source(const struct look *look)
{
	char *source = look_source(look);

	printf("%s\n\n", source);
	free(source);
}

void show_sample(const struct sample *sample, const struct options *options)
{
	struct view totals, things;
	struct view *views[] = { &totals, &things };

	if (sample->nr > 1 && options->what != WHAT_TOTALS)
		putchar('\n');
	if (!options->format.noheadings) {
		if (sample->nr == 1)
			print_source(&sample->look);
		print_stuck(&sample->look);
	}
	fill_view(&totals, sample, options, WHAT_TOTALS);
	if (options->what != WHAT_TOTALS)
		fill_view(&things, sample, options, options->what);
	views_print(views, options->what == WHAT_TOTALS ? 1 : 2);
}
