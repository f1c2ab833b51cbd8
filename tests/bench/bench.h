/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The measuring frame of the benchmarks. Candidates that do the same work by
 * other means take turns, round by round, and a figure is the median over the
 * rounds of what two of them took in the same round: what disturbs a machine
 * for longer than a round disturbs both.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUNDS_MAX	501

/**
 * struct candidate - one way of doing the work
 * @name: for the table
 * @run: does it some times; returns the nanoseconds (or whatever is counted)
 *	of one time
 * @arg: for @run
 * @round: what @run returned, by round
 */
struct candidate {
	const char *name;
	double (*run)(void *arg);
	void *arg;
	double round[ROUNDS_MAX];
};

/* A figure, or a few that are measured together. */
struct bench {
	const char *figures;
	const char *title;
	void (*run)(void);
};

/*
 * What main() does: tells of the machine and runs those benches whose figures
 * have the first argument in their names, or all without one.
 */
int bench_main(int argc, char **argv, const struct bench *benches, size_t n);

/* Ends the program, with errno's message, unless @ok. */
void check(bool ok, const char *what);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now(void);

/*
 * Runs each of @n candidates once for nothing and then @rounds times, in turn
 * and back, and prints what one time took.
 */
void measure(struct candidate *c, size_t n, int rounds);

/* "figure NAME VALUE": @a's share of @b, both of one measure() or two alike. */
void figure(const char *name, const struct candidate *a,
	    const struct candidate *b);

/* The same for what needs no comparison, and not to be known closer than @exact. */
void figure_of(const char *name, const struct candidate *c, double exact);

/*
 * Two processes, for candidates that take two. The other one is forked anew for
 * every round, and ends with it.
 */
struct gate;

/* What the other process does, with gate_pass() where it is ready to begin. */
typedef void (*peer_t)(void *arg, struct gate *gate);
void gate_pass(struct gate *gate);

/*
 * Runs @there in another process on processor @cpu, @here in this one on
 * processor 0, and returns the nanoseconds of the latter.
 */
double with_peer(int cpu, peer_t there, void (*here)(void *arg), void *arg);

#endif /* BENCH_H */
