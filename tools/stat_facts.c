// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stat_facts.h"

FILE *open_file_at(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

void facts_add(struct facts *facts, const char *key, const char *value)
{
	if (facts->n == FACTS_MAX)
		return;
	facts->key[facts->n] = key;
	facts->value[facts->n++] = value ? value : "";
}

int facts_read_file(struct facts *facts, int dir, const char *path)
{
	FILE *file = open_file_at(dir, path);
	char *rest, *line;
	size_t room = 0;
	ssize_t len;

	if (!file)
		return -errno;
	*facts = (struct facts) { 0 };
	/* There is no NUL in it, so this reads all of it. */
	len = getdelim(&facts->text, &room, '\0', file);
	fclose(file);
	if (len < 0) {
		free(facts->text);
		return -ENODATA;
	}
	for (rest = facts->text; (line = strsep(&rest, "\n")) && *line; ) {
		const char *key = strsep(&line, " ");

		facts_add(facts, key, line);
	}
	return 0;
}

int facts_read_line(struct facts *facts, FILE *file)
{
	size_t room = 0;
	char *rest;

	*facts = (struct facts) { 0 };
	if (getline(&facts->text, &room, file) < 0) {
		free(facts->text);
		return 0;
	}
	for (rest = strtok(facts->text, "\n"); rest && *rest; ) {
		const char *key = strsep(&rest, " ");

		/* A command comes last, as it can have blanks in it. */
		facts_add(facts, key, strcmp(key, "comm") ? strsep(&rest, " ") : strsep(&rest, ""));
	}
	return 1;
}

void facts_set(struct facts *facts, const char *key, const char *value)
{
	for (unsigned int i = 0; i < facts->n; i++)
		if (!strcmp(facts->key[i], key))
			facts->value[i] = value;
}

void facts_free(struct facts *facts)
{
	free(facts->text);
}

const char *facts_get(const struct facts *facts, const char *key)
{
	for (unsigned int i = 0; i < facts->n; i++)
		if (!strcmp(facts->key[i], key))
			return facts->value[i];
	return NULL;
}
