// SPDX-License-Identifier: GPL-2.0-only
/* Who is stuck: the same claim in the way of the same lane in two looks. */
#include <dirent.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"
#include "stat_facts.h"
#include "stat_stuck.h"

/* Longer than any claim at work takes, unless the machine is very busy. */
#define BETWEEN_LOOKS_NS	200000000L

/**
 * struct look - whose claims stand in the way just now
 * @n: how many
 * @held: what is said of each, its queue's id as "object"
 */
struct look {
	size_t n;
	struct facts *held;
};

static void look_at(struct look *look, int root, const char *id)
{
	char *path = text("objects/%s/stuck", id);
	FILE *file = open_file_at(root, path);
	struct facts facts;

	free(path);
	/* A region has none, and a queue may have gone meanwhile. */
	while (file && facts_read_line(&facts, file)) {
		facts_add(&facts, "object", id);
		look->held = reallocarray(look->held, look->n + 1, sizeof(facts));
		if (!look->held)
			err(EXIT_FAILURE, "cannot go on");
		look->held[look->n++] = facts;
	}
	if (file)
		fclose(file);
}

static struct look look_at_all(int root, struct dirent **entries, int n)
{
	struct look look = { 0 };

	for (int i = 0; i < n; i++)
		look_at(&look, root, entries[i]->d_name);
	return look;
}

static void forget(struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		facts_free(&look->held[i]);
	free(look->held);
}

static bool same(const struct facts *a, const struct facts *b)
{
	static const char *const keys[] = {
		"object", "lane", "direction", "ticket", "attachment",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(facts_get(a, keys[i]) ?: "", facts_get(b, keys[i]) ?: ""))
			return false;
	return true;
}

static bool was_there(const struct look *look, const struct facts *held)
{
	for (size_t i = 0; i < look->n; i++)
		if (same(&look->held[i], held))
			return true;
	return false;
}

static void print_held(int root, const struct facts *held)
{
	char *path = text("objects/%s/stat", facts_get(held, "object"));
	bool recv = !strcmp(facts_get(held, "direction") ?: "", "recv");
	const char *waiting = facts_get(held, "waiting") ?: "?";
	bool one = !strcmp(waiting, "1");
	struct facts queue;
	const char *name;

	if (facts_read_file(&queue, root, path) == 0) {
		name = facts_get(&queue, "name");
		printf("stuck: attachment %s (pid %s, %s) holds lane %s of queue %s%s(id %s); %s %s%s wait%s\n",
		       facts_get(held, "attachment"), facts_get(held, "pid"),
		       facts_get(held, "comm"), facts_get(held, "lane"),
		       name ?: "", name && *name ? " " : "",
		       facts_get(held, "object"), waiting,
		       recv ? "receiver" : "sender", one ? "" : "s",
		       one ? "s" : "");
		facts_free(&queue);
	}
	free(path);
}

static int is_id(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void print_stuck(int root)
{
	struct look first, second = { 0 };
	struct dirent **entries;
	bool any = false;
	int n = scandirat(root, "objects", &entries, is_id, versionsort);

	if (n < 0)
		return;		/* who prints the objects says so */
	first = look_at_all(root, entries, n);
	if (first.n) {
		nanosleep(&(struct timespec) { .tv_nsec = BETWEEN_LOOKS_NS }, NULL);
		second = look_at_all(root, entries, n);
	}
	for (size_t i = 0; i < second.n; i++) {
		if (!was_there(&first, &second.held[i]))
			continue;
		print_held(root, &second.held[i]);
		any = true;
	}
	if (any)
		putchar('\n');
	forget(&first);
	forget(&second);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}
