// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common_facts.h"

int debugfs_open(void)
{
	int fd = open("/sys/kernel/debug/ipcx", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

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

uint64_t facts_number(const struct facts *facts, const char *key)
{
	const char *value = facts_get(facts, key);

	/* A mode is octal, and begins with 0. */
	return value ? strtoull(value, NULL, 0) : 0;
}

/* One byte, escaped or not; moves on behind it. */
static char unescape(const char **at)
{
	static const char letters[] = "n\nr\rt\tv\vf\fa\ae\033";
	const char *escape = *at + 1;
	const char *letter;
	char digits[4] = "";

	if (**at != '\\' || !*escape)
		return *(*at)++;
	*at += 2;
	letter = strchr(letters, *escape);
	if (letter && (letter - letters) % 2 == 0)
		return letter[1];
	if (*escape == 'x') {
		memcpy(digits, escape + 1, strnlen(escape + 1, 2));
		*at += strlen(digits);
		return strtoul(digits, NULL, 16);
	}
	if (*escape >= '0' && *escape <= '7') {
		memcpy(digits, escape, strnlen(escape, 3));
		*at += strlen(digits) - 1;
		return strtoul(digits, NULL, 8);
	}
	return *escape;
}

void facts_string(const struct facts *facts, const char *key, char *string,
		  size_t size)
{
	const char *value = facts_get(facts, key) ?: "";
	size_t n = 0;

	while (*value && n + 1 < size)
		string[n++] = unescape(&value);
	string[n] = '\0';
}
