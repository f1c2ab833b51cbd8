// SPDX-License-Identifier: GPL-2.0-only
/* chmod, chown and rm: what is done to objects by their names. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "ctl.h"

/**
 * struct change - what is to be done to each
 * @verb: for messages: cannot @verb
 * @done: for messages: @done it
 * @what: IPCX_SET_*, or 0 to remove it
 * @mode: of it
 * @uid: of it
 * @gid: of it
 */
struct change {
	const char *verb;
	const char *done;
	uint32_t what;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
};

static int change_one(const struct change *change, const char *name)
{
	int fd, ret;

	if (!change->what)
		return ipcx_unlink(name, IPCX_KIND_ANY);
	fd = ipcx_open(name, IPCX_KIND_ANY, IPCX_RIGHT_ADMIN);
	/* The one right that no mode gives. */
	if (fd == -EACCES && !access("/dev/ipcx", R_OK | W_OK))
		fd = -EPERM;
	if (fd < 0)
		return fd;
	ret = ipcx_setattr(fd, change->what, change->mode, change->uid, change->gid);
	close(fd);
	return ret;
}

static int change_failed(const struct change *change, const char *name, int error)
{
	if (error == -EINVAL && (change->what & (IPCX_SET_UID | IPCX_SET_GID))) {
		warnx("cannot %s '%s': this user namespace has no such user or group; see /proc/self/uid_map",
		      change->verb, name);
		return EXIT_FAILURE;
	}
	return failure(error, "cannot %s '%s'", change->verb, name);
}

/* All of them, whatever becomes of one; the status is of the last that failed. */
static int change_all(const struct command *command, const struct change *change,
		      int n, char **names)
{
	int status = EXIT_SUCCESS;

	for (int i = 0; i < n; i++)
		object_name(command, names[i]);
	for (int i = 0; i < n; i++) {
		int ret = change_one(change, names[i]);

		if (ret < 0)
			status = change_failed(change, names[i], ret);
		else if (verbose)
			printf("%s '%s'\n", change->done, names[i]);
	}
	return status;
}

/* ---- rm ---- */

static int run_rm(const struct command *command, int argc, char **argv)
{
	static const struct change change = { .verb = "remove", .done = "removed" };

	while (next_option(command, argc, argv) != -1)
		;
	return change_all(command, &change, argc - optind, argv + optind);
}

const struct command command_rm = {
	.name = "rm",
	.arguments = "NAME...",
	.least = 1,
	.most = INT_MAX,
	.summary = "take the names of objects away",
	.notes = "Who has an object open keeps it; it goes with its last user.\n",
	.run = run_rm,
};

/* ---- chmod ---- */

#define CHANGE_NOTES \
	"It counts for those who open the object from then on: who has it open keeps the\n" \
	"rights it has.\n"

static int run_chmod(const struct command *command, int argc, char **argv)
{
	struct change change = {
		.verb = "change the mode of",
		.done = "changed the mode of",
		.what = IPCX_SET_MODE,
	};

	while (next_option(command, argc, argv) != -1)
		;
	change.mode = mode_value(command, argv[optind]);
	return change_all(command, &change, argc - optind - 1, argv + optind + 1);
}

const struct command command_chmod = {
	.name = "chmod",
	.arguments = "MODE NAME...",
	.least = 2,
	.most = INT_MAX,
	.summary = "change the permission bits of objects",
	.notes = "MODE is octal. r lets receive from a queue and read a region, w send and write;\n"
		 "both together let map a queue, which of a broadcast queue r alone does.\n"
		 CHANGE_NOTES,
	.run = run_chmod,
};

/* ---- chown ---- */

static bool id_value(const char *word, uint32_t *id)
{
	unsigned long long value;
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	value = strtoull(word, &end, 10);
	if (errno || *end || value >= UINT32_MAX)
		return false;
	*id = value;
	return true;
}

static void user_value(const struct command *command, const char *word,
		       struct change *change, bool and_group)
{
	const struct passwd *user = getpwnam(word);

	if (user)
		change->uid = user->pw_uid;
	else if (!id_value(word, &change->uid))
		usage_error(command, "there is no user '%s'", word);
	change->what |= IPCX_SET_UID;
	if (!and_group)
		return;
	if (!user)
		user = getpwuid(change->uid);
	if (!user)
		usage_error(command, "user %s has no group of its own; name one", word);
	change->gid = user->pw_gid;
	change->what |= IPCX_SET_GID;
}

static void group_value(const struct command *command, const char *word,
			struct change *change)
{
	const struct group *group = getgrnam(word);

	if (group)
		change->gid = group->gr_gid;
	else if (!id_value(word, &change->gid))
		usage_error(command, "there is no group '%s'", word);
	change->what |= IPCX_SET_GID;
}

/* USER, USER:GROUP, USER: (and its group) or :GROUP. */
static void owner_value(const struct command *command, char *word,
			struct change *change)
{
	char *group = strchr(word, ':');

	if (group)
		*group++ = '\0';
	if (*word)
		user_value(command, word, change, group && !*group);
	if (group && *group)
		group_value(command, group, change);
	if (!change->what)
		usage_error(command, "neither user nor group is named");
}

static int run_chown(const struct command *command, int argc, char **argv)
{
	struct change change = {
		.verb = "change the owner of",
		.done = "changed the owner of",
	};

	while (next_option(command, argc, argv) != -1)
		;
	owner_value(command, argv[optind], &change);
	return change_all(command, &change, argc - optind - 1, argv + optind + 1);
}

const struct command command_chown = {
	.name = "chown",
	.arguments = "[USER][:[GROUP]] NAME...",
	.least = 2,
	.most = INT_MAX,
	.summary = "change the owner and group of objects",
	.notes = "By names or numbers; USER: is that user and its group.\n"
		 CHANGE_NOTES
		 "Limits go on counting the object for who made it.\n",
	.run = run_chown,
};
