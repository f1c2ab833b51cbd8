/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_STAT_H
#define TOOLS_STAT_H

#include "stat_rows.h"

/**
 * struct options - what the user asked for
 * @what: what there is a table of, beside the totals
 * @interval_ns: between two samples, 0 for one sample
 * @count: of samples, 0 for no end
 * @columns: list for view_choose(), NULL for the usual ones
 * @sort: by which key, KEYS for none
 * @format: of the tables
 */
struct options {
	enum what what;
	uint64_t interval_ns;
	uint64_t count;
	const char *columns;
	enum key sort;
	struct format format;
};

/**
 * struct sample - one look, and the one before it
 * @look: this one
 * @before: the one before
 * @nr: how many were before
 */
struct sample {
	struct look look;
	struct look before;
	uint64_t nr;
};

/* The look before the last, or NULL: rates are then since each object was made. */
static inline const struct look *sample_before(const struct sample *sample)
{
	return sample->nr > 1 ? &sample->before : NULL;
}

/* Who maps what is looked at only where it is shown, as that takes the kernel long. */
static inline bool needs_peers(enum what what)
{
	return what == WHAT_PROCESSES || what == WHAT_ATTACHMENTS;
}

/* One more look: 0 or -errno. The first can take CLAIM_STUCK_NS. */
int sample_take(struct sample *sample, bool peers);
void sample_free(struct sample *sample);

/* Columns of a table of this: those asked for, or the usual ones. */
void choose_columns(struct view *view, const struct options *options,
		    enum what what, bool rates);

/* To standard output, for people and as a line of JSON. */
void show_sample(const struct sample *sample, const struct options *options);
void show_json(const struct sample *sample, const struct options *options);

/* The whole screen, until the user ends it; the exit status. */
int watch(const struct options *options);

/*
 * From the first on, SIGINT, SIGTERM and SIGHUP ask for an end, which shows in
 * the others alone.
 */
void catch_signals(void);

/*
 * Sleeps until a moment of CLOCK_MONOTONIC, or until there is something to read:
 * false if the user asked for an end.
 */
bool sleep_until(uint64_t ns, int fd);

/* The first moment after now that is a number of intervals after @last: no drift. */
uint64_t next_moment(uint64_t last, uint64_t interval);

#endif /* TOOLS_STAT_H */
