// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table in docs/channels.md against what the conformance suite expects of the
 * channels, and finds in them. Run from the top of the source tree; what belongs
 * into the table is what a failure prints.
 */
#include "conformance_rows.h"

#define PATH	"docs/channels.md"
#define LINE	256

static const struct {
	uint32_t bit;
	const char *name;
} columns[] = {
	{ CAPS(ZERO_COPY), "zero copy" },
	{ CAPS(NO_SYSCALL), "no system call" },
	{ CAPS(PRIORITIES), "priorities" },
	{ CAPS(MANY_SENDERS), "many senders" },
	{ CAPS(MANY_RECEIVERS), "many receivers" },
	{ CAPS(BROADCAST), "broadcast" },
	{ CAPS(CREDENTIALS), "credentials" },
	{ CAPS(FDS), "descriptors" },
	{ CAPS(POLLABLE), "pollable" },
	{ CAPS(PEER_GONE), "peer gone" },
	{ CAPS(SURVIVES), "survives" },
	{ CAPS(REDELIVERS), "redelivers" },
	{ CAPS(KEEPS), "keeps" },
	{ CAPS(FORKS), "forks" },
	{ CAPS(MACHINES), "machines" },
};

static const struct row rows[] = {
	ROWS_QUEUE(NULL),
	STANDARD_ROWS,
	{ NULL }
};

static bool is_in_docs(const char *line)
{
	FILE *docs = fopen(PATH, "re");
	char text[LINE];
	bool found = false;

	assert_non_null(docs);
	while (!found && fgets(text, sizeof(text), docs)) {
		text[strcspn(text, "\n")] = '\0';
		found = !strcmp(text, line);
	}
	fclose(docs);
	return found;
}

static const char *cell(const struct row *r, uint32_t bit)
{
	if (r->caps & bit)
		return "x";
	if (r->send_caps & bit)
		return "s";
	return r->recv_caps & bit ? "r" : "";
}

static void add(char *line, const char *text)
{
	size_t len = strlen(line);

	snprintf(line + len, LINE - len, " %s |", text);
}

static void check_line(char *line, int *missing)
{
	if (is_in_docs(line))
		return;
	print_error("%s\n", line);
	++*missing;
}

static void table_is_true(void **state)
{
	char line[LINE] = "| |";
	int missing = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		add(line, columns[i].name);
	check_line(line, &missing);
	for (const struct row *r = rows; r->name; r++) {
		strcpy(line, "|");
		add(line, r->name);
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			add(line, cell(r, columns[i].bit));
		check_line(line, &missing);
	}
	assert_int_equal(missing, 0);
}

/* There is a column for each, so for any that comes later, too. */
static void all_capabilities_are_there(void **state)
{
	uint32_t all = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		all |= columns[i].bit;
	for (const struct row *r = rows; r->name; r++)
		assert_int_equal((r->caps | r->send_caps | r->recv_caps) & ~all,
				 0);
	assert_int_equal(all, (CAPS(KEEPS) << 1) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_true),
		cmocka_unit_test(all_capabilities_are_there),
	};

	return cmocka_run_group_tests_name("channel_docs", tests, NULL, NULL);
}
