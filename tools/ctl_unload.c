// SPDX-License-Identifier: GPL-2.0-only
/* unload: and if it is in use, by whom. */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "ctl.h"
#include "ctl_module.h"

/* Who has just died may still be being put away by the kernel. */
#define PATIENCE_NS	1000000000ULL
#define NAP_NS		10000000

static bool is_ours(const char *target)
{
	return !strcmp(target, "/dev/ipcx") || strstr(target, "[ipcx-region]") ||
	       strstr(target, "[ipcx-queue]");
}

static bool has_open(const char *pid)
{
	char *path = text("/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	free(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		char target[64];
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target,
					 sizeof(target) - 1);

		target[len < 0 ? 0 : len] = '\0';
		found = is_ours(target);
	}
	closedir(dir);
	return found;
}

/* A mapping holds its object without a descriptor. */
static bool has_mapped(const char *pid)
{
	char *path = text("/proc/%s/maps", pid);
	FILE *maps = fopen(path, "re");
	char *line = NULL;
	bool found = false;
	size_t room = 0;

	free(path);
	if (!maps)
		return false;
	while (!found && getline(&line, &room, maps) >= 0)
		found = is_ours(line) || strstr(line, "/" MODULE_NAME " (deleted)");
	free(line);
	fclose(maps);
	return found;
}

static void print_comm(FILE *out, const char *pid)
{
	char *path = text("/proc/%s/comm", pid);
	FILE *file = fopen(path, "re");
	char comm[64] = "?";

	free(path);
	if (file && fgets(comm, sizeof(comm), file))
		comm[strcspn(comm, "\n")] = '\0';
	if (file)
		fclose(file);
	fprintf(out, "%s (pid %s)", comm, pid);
}

static int list_processes(FILE *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	while (proc && (entry = readdir(proc))) {
		const char *pid = entry->d_name;

		if (!isdigit(*pid) || (!has_open(pid) && !has_mapped(pid)))
			continue;
		fputs(found++ ? ", " : "end ", out);
		print_comm(out, pid);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* A name can be any bytes; what a terminal would obey is not shown. */
static void print_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(isprint((unsigned char)*name) ? *name : '?', out);
}

static void list_persistent(FILE *out, const char *separator)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	bool found = false;

	while (ipcx_list_next(&stat) > 0) {
		if (!(stat.create_flags & IPCX_CREATE_PERSIST))
			continue;
		if (!found)
			fprintf(out, "%sipcxctl rm", separator);
		found = true;
		fputc(' ', out);
		print_name(out, stat.name);
	}
}

/* What to do about its users; the string is empty if none is to be seen. */
static char *advice(void)
{
	char *string;
	size_t size;
	FILE *out = open_memstream(&string, &size);

	if (!out)
		err(EXIT_FAILURE, "cannot look who uses it");
	list_persistent(out, list_processes(out) ? "; " : "");
	fclose(out);
	return string;
}

static int remove_module(struct kmod_module *mod)
{
	uint64_t deadline = ipcx_deadline_after(PATIENCE_NS);
	int ret;

	for (;;) {
		char *users;

		ret = kmod_module_remove_module(mod, KMOD_REMOVE_NOLOG);
		if (ret != -EAGAIN && ret != -EBUSY)
			return ret;
		users = advice();
		if (*users)
			errx(EXIT_FAILURE, MODULE_NAME " is in use; first: %s", users);
		free(users);
		if (ipcx_deadline_after(0) > deadline)
			errx(EXIT_FAILURE, MODULE_NAME " is in use by something that /proc does not show; see lsmod, and /sys/kernel/debug/ipcx");
		nanosleep(&(struct timespec) { .tv_nsec = NAP_NS }, NULL);
	}
}

static int run(const struct command *command, int argc, char **argv)
{
	struct kmod_ctx *ctx;
	struct kmod_module *mod;
	int ret;

	while (next_option(command, argc, argv) != -1)
		;
	ctx = module_context();
	ret = kmod_module_new_from_name(ctx, MODULE_NAME, &mod);
	if (ret < 0)
		errx(EXIT_FAILURE, "cannot look at the module: %s", strerror(-ret));
	ret = module_is_loaded(ctx) ? remove_module(mod) : -ENOENT;
	if (ret == -ENOENT)
		warnx(MODULE_NAME " is not loaded; there is nothing to unload");
	else if (ret < 0)
		module_failure("unload", ret);
	else
		printf("unloaded " MODULE_NAME "\n");
	kmod_module_unref(mod);
	kmod_unref(ctx);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command command_unload = {
	.name = "unload",
	.arguments = "",
	.summary = "unload the kernel module",
	.run = run,
};
