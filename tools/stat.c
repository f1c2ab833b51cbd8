// SPDX-License-Identifier: GPL-2.0-only
/* ipcxstat: what the module counts, from /sys/kernel/debug/ipcx. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <ipcx/ipcx.h>

#include "common.h"
#include "common_facts.h"
#include "stat_stuck.h"

#define DEBUGFS		"/sys/kernel/debug"
#define ROOT		DEBUGFS "/ipcx"

/* A column, the key of its value, and whether that is a number of bytes. */
struct column {
	const char *head;
	int flags;
	const char *key;
	bool bytes;
};

#define WORD(head, key)		{ head, 0, key, false }
#define NUMBER(head, key)	{ head, SCOLS_FL_RIGHT, key, false }
#define BYTES(head, key)	{ head, SCOLS_FL_RIGHT, key, true }

static const struct column totals_columns[] = {
	NUMBER("REGIONS", "regions"),
	BYTES("SIZE", "region_bytes"),
	NUMBER("QUEUES", "queues"),
	BYTES("SIZE", "queue_bytes"),
	NUMBER("ATT", "attachments"),
	NUMBER("WAIT-R", "waiting_recv"),
	NUMBER("WAIT-S", "waiting_send"),
	NUMBER("SENT", "sent"),
	NUMBER("RECEIVED", "received"),
	NUMBER("DEPTH", "depth"),
	NUMBER("DROP", "dropped"),
	NUMBER("ABORT", "aborted"),
	NUMBER("REDEL", "redelivered"),
	NUMBER("REPAIR", "repairing"),
	NUMBER("BAD", "corrupt"),
};

static const struct column object_columns[] = {
	NUMBER("ID", "id"),
	WORD("KIND", "kind"),
	BYTES("SIZE", "bytes"),
	NUMBER("USERS", "users"),
	NUMBER("ATT", "attachments"),
	NUMBER("WAIT-R", "waiting_recv"),
	NUMBER("WAIT-S", "waiting_send"),
	NUMBER("SENT", "sent"),
	NUMBER("RECEIVED", "received"),
	NUMBER("DEPTH", "depth"),
	NUMBER("DROP", "dropped"),
	NUMBER("ABORT", "aborted"),
	NUMBER("REDEL", "redelivered"),
	WORD("NAME", "name"),
};

static const struct column attachment_columns[] = {
	NUMBER("ID", "object"),
	NUMBER("ATTACHMENT", "id"),
	NUMBER("PID", "pid"),
	WORD("STATE", "state"),
	NUMBER("WRITING", "writing"),
	NUMBER("READING", "reading"),
	NUMBER("HELD-R", "held_recv"),
	NUMBER("HELD-S", "held_send"),
	NUMBER("DROP", "dropped"),
	WORD("COMMAND", "comm"),
};

static struct libscols_table *new_table(const struct column *columns, size_t n)
{
	struct libscols_table *table = table_new();

	for (size_t i = 0; i < n; i++)
		table_column(table, columns[i].head, columns[i].flags);
	return table;
}

static void add_line(struct libscols_table *table, const struct facts *facts,
		       const struct column *columns, size_t n)
{
	struct libscols_line *line = table_line(table);

	for (size_t i = 0; i < n; i++) {
		const char *value = facts_get(facts, columns[i].key);
		uint64_t bytes;

		if (!value)
			table_cell(line, i, text("-"));
		else if (columns[i].bytes && !parse_size(value, &bytes))
			table_cell(line, i, size_text(bytes));
		else
			table_cell(line, i, text("%s", value));
	}
}

static void print_totals(int root)
{
	struct libscols_table *table = new_table(totals_columns, ARRAY_SIZE(totals_columns));
	struct facts facts;
	int ret = facts_read_file(&facts, root, "totals");

	if (ret < 0)
		errx(EXIT_FAILURE, "cannot read " ROOT "/totals: %s", strerror(-ret));
	add_line(table, &facts, totals_columns, ARRAY_SIZE(totals_columns));
	facts_free(&facts);
	table_print(table);
}

/* How much each receiver of a broadcast queue got is known to it alone. */
static void tell_broadcast(struct facts *facts)
{
	const char *flags = facts_get(facts, "flags");
	const char *kind = facts_get(facts, "kind");

	if (!kind || strcmp(kind, "queue") || !flags ||
	    !(strtoul(flags, NULL, 16) & IPCX_QUEUE_BROADCAST))
		return;
	facts_set(facts, "kind", "broadcast");
	facts_set(facts, "received", "-");
}

static void add_object(struct libscols_table *table, int root, const char *id)
{
	char *path = text("objects/%s/stat", id);
	struct facts facts;

	/* One that has gone meanwhile is no error. */
	if (!facts_read_file(&facts, root, path)) {
		tell_broadcast(&facts);
		add_line(table, &facts, object_columns, ARRAY_SIZE(object_columns));
		facts_free(&facts);
	}
	free(path);
}

static void add_attachments(struct libscols_table *table, int root, const char *id)
{
	char *path = text("objects/%s/attachments", id);
	FILE *file = open_file_at(root, path);
	struct facts facts;

	free(path);
	if (!file)
		return;
	while (facts_read_line(&facts, file)) {
		facts_add(&facts, "object", id);
		add_line(table, &facts, attachment_columns, ARRAY_SIZE(attachment_columns));
		facts_free(&facts);
	}
	fclose(file);
}

static int is_id(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Adds the lines of each object, in the order of their ids, and prints. */
static void print_objects(int root, struct libscols_table *table,
			  void (*add)(struct libscols_table *table, int root, const char *id))
{
	struct dirent **entries;
	int n = scandirat(root, "objects", &entries, is_id, versionsort);

	if (n < 0)
		err(EXIT_FAILURE, "cannot read " ROOT "/objects");
	for (int i = 0; i < n; i++) {
		add(table, root, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (!scols_table_is_empty(table))
		putchar('\n');
	table_print(table);
}

/* ---- the command line ---- */

static void explain_no_root(void)
{
	struct statfs fs;
	int error = errno;

	if (access("/sys/module/ipcx", F_OK))
		errx(EXIT_FAILURE, "%s", reason(-ENODEV));
	if (error == EACCES || error == EPERM)
		errx(EXIT_FAILURE, DEBUGFS " may not be read by this user; run it as root, with sudo (ipcxctl ls shows what is yours)");
	if (statfs(DEBUGFS, &fs) || fs.f_type != DEBUGFS_MAGIC)
		errx(EXIT_FAILURE, "debugfs is not mounted; run: mount -t debugfs none " DEBUGFS);
	errx(EXIT_FAILURE, "there is no " ROOT "; this kernel may have debugfs switched off (debugfs=off)");
}

static int open_root(void)
{
	int root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		explain_no_root();
	return root;
}

static void usage_error(const char *what, const char *word)
{
	warnx("%s '%s'; usage: ipcxstat [--attachments]", what, word);
	exit(EXIT_USAGE);
}

static void print_help(void)
{
	printf("usage: ipcxstat [--attachments]\n\n"
	       "  print the counters of all ipcx objects, in total and of each, and first whose\n"
	       "  unfinished message has stood in the others' way for a moment; needs root\n\n"
	       "  --attachments  also who maps each queue, with the messages it is just writing\n"
	       "                 and reading\n"
	       "  --help         this text\n"
	       "  --version      the version\n\n"
	       "  ATT     mappings of a region, processes that map a queue\n"
	       "  WAIT-R  threads asleep for a message    WAIT-S  for room\n"
	       "  DROP    messages dropped by --drop-oldest\n"
	       "  ABORT   messages begun and given up, by their sender or its death\n"
	       "  REDEL   messages that dead receivers held, delivered again\n"
	       "  REPAIR  dead processes not yet cleaned up after\n"
	       "  BAD     times a ring was found spoiled by a process that maps it\n"
	       "  HELD-R  lanes, a bit each, whose receivers wait for it    HELD-S  whose senders\n");
}

enum { OPTION_ATTACHMENTS = 1, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
	{ "attachments", no_argument, NULL, OPTION_ATTACHMENTS },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 }
};

int main(int argc, char **argv)
{
	bool attachments = false;
	struct libscols_table *objects;
	int key, root;

	tool_start();
	while ((key = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (key) {
		case OPTION_ATTACHMENTS:
			attachments = true;
			break;
		case OPTION_HELP:
			print_help();
			return EXIT_SUCCESS;
		case OPTION_VERSION:
			printf("ipcxstat %s\n", IPCX_VERSION);
			return EXIT_SUCCESS;
		default:
			usage_error("wrong option", argv[optind - 1]);
		}
	}
	if (optind < argc)
		usage_error("unexpected argument", argv[optind]);

	root = open_root();
	print_stuck(root);
	print_totals(root);
	objects = new_table(object_columns, ARRAY_SIZE(object_columns));
	/* The kernel has escaped the names. */
	scols_table_enable_noencoding(objects, 1);
	print_objects(root, objects, add_object);
	if (attachments)
		print_objects(root, new_table(attachment_columns, ARRAY_SIZE(attachment_columns)),
			      add_attachments);
	close(root);
	return EXIT_SUCCESS;
}
