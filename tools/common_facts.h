/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values, as the files of /sys/kernel/debug/ipcx give them. */
#ifndef TOOLS_COMMON_FACTS_H
#define TOOLS_COMMON_FACTS_H

#include <stdint.h>
#include <stdio.h>

/* The directory; or -errno. */
int debugfs_open(void);

#define FACTS_MAX	48

/**
 * struct facts - a thing and what is said of it
 * @text: what the others point into, cut into strings; malloc()ed
 * @n: how many
 * @key: of each
 * @value: of each
 */
struct facts {
	char *text;
	unsigned int n;
	const char *key[FACTS_MAX];
	const char *value[FACTS_MAX];
};

/* A file of one "key value" a line: 0 or -errno. */
int facts_read_file(struct facts *facts, int dir, const char *path);

/* A line of "key value key value": 1, or 0 at the end of the file. */
int facts_read_line(struct facts *facts, FILE *file);

/* Undoes a read that was neither an error nor an end. */
void facts_free(struct facts *facts);

/* One more; the strings are the caller's. */
void facts_add(struct facts *facts, const char *key, const char *value);

/* Says otherwise of what is there; the string is the caller's. */
void facts_set(struct facts *facts, const char *key, const char *value);

/* NULL if nothing is said of it. */
const char *facts_get(const struct facts *facts, const char *key);

/* A number, also a hexadecimal one; 0 if nothing is said of it. */
uint64_t facts_number(const struct facts *facts, const char *key);

/*
 * A string that some process chose, with the bytes that it had before the kernel
 * escaped them, cut to @size bytes with its NUL.
 */
void facts_string(const struct facts *facts, const char *key, char *string,
		  size_t size);

FILE *open_file_at(int dir, const char *path);

#endif /* TOOLS_COMMON_FACTS_H */
