/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. */
#ifndef TOOLS_BENCH_OPTIONS_H
#define TOOLS_BENCH_OPTIONS_H

#include "bench.h"

/**
 * struct options - what was asked for
 * @plan: to measure
 * @table: on standard output, which no report took
 * @csv: file to write, "-" for standard output, or NULL
 * @json: likewise
 * @chart: file to write, or NULL
 * @compare: report to compare, instead of measuring, or NULL
 * @with: the newer report
 */
struct options {
	struct plan plan;
	bool table;
	const char *csv;
	const char *json;
	const char *chart;
	const char *compare;
	const char *with;
};

/* Ends the tool for --help and its like, and for a wrong command line. */
void options_parse(int argc, char **argv, struct options *options);

/* By the end of its name: "svg" or "png"; NULL of others. */
const char *chart_format(const char *path);

#endif /* TOOLS_BENCH_OPTIONS_H */
