// SPDX-License-Identifier: GPL-2.0-only
/* unload: and if it is in use, by whom. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ipcx/ipcx.h>

#include "ctl.h"
#include "ctl_module.h"
#include "ctl_proc.h"

/* Who has just died may still be being put away by the kernel. */
#define PATIENCE_NS	1000000000ULL
#define NAP_NS		10000000

static void print_harmless(FILE *out, const char *string)
{
	char *copy = harmless(string);

	fputs(copy, out);
	free(copy);
}

/* What it holds: objects by their names, or by their ids. */
static void print_held(FILE *out, const struct process *process)
{
	for (size_t i = 0; i < process->n; i++) {
		const struct open_object *object = &process->objects[i];

		fprintf(out, "%s%s ", i ? ", " : "", object->queue ? "queue" : "region");
		if (*object->name)
			print_harmless(out, object->name);
		else
			fprintf(out, "id %llu", (unsigned long long)object->id);
	}
	if (!process->n)
		fputs(process->mapped ? "a mapping" : "/dev/ipcx", out);
}

static size_t list_processes(FILE *out)
{
	struct processes processes;
	size_t n;

	processes_find(&processes);
	n = processes.n;
	for (size_t i = 0; i < n; i++) {
		const struct process *process = &processes.process[i];

		fputs(i ? ", " : "end ", out);
		print_harmless(out, process->comm);
		fprintf(out, " (pid %d: ", process->pid);
		print_held(out, process);
		fputc(')', out);
	}
	processes_free(&processes);
	return n;
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
		print_harmless(out, stat.name);
	}
	if (found)
		fputs(" (or: ipcxctl unload --drain)", out);
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

/* Those of this network namespace, the only ones that have a name here. */
static void remove_persistent(void)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };

	while (ipcx_list_next(&stat) > 0) {
		char *name;
		int ret;

		if (!(stat.create_flags & IPCX_CREATE_PERSIST))
			continue;
		name = harmless(stat.name);
		ret = ipcx_unlink(stat.name, stat.kind);
		if (ret < 0 && ret != -ENOENT)
			failure(ret, "cannot remove '%s'", name);
		else if (!ret && !quiet)
			printf("removed '%s'\n", name);
		free(name);
	}
	fflush(stdout);
}

static int remove_module(struct kmod_module *mod, bool drain)
{
	uint64_t deadline = ipcx_deadline_after(PATIENCE_NS);
	int ret;

	for (;;) {
		char *users;

		ret = kmod_module_remove_module(mod, KMOD_REMOVE_NOLOG);
		if (ret != -EAGAIN && ret != -EBUSY)
			return ret;
		/* Only now: who may not unload loses nothing by the attempt. */
		if (drain)
			remove_persistent();
		drain = false;
		users = advice();
		if (*users)
			errx(EXIT_FAILURE, MODULE_NAME " is in use; first: %s", users);
		free(users);
		if (ipcx_deadline_after(0) > deadline)
			errx(EXIT_FAILURE, MODULE_NAME " is in use by something that /proc does not show, as objects of another network namespace; see lsmod, and /sys/kernel/debug/ipcx");
		nanosleep(&(struct timespec) { .tv_nsec = NAP_NS }, NULL);
	}
}

static const struct option_spec options[] = {
	{ "drain", 'd', NULL, "remove persistent objects first, and what is in them" },
	{ 0 }
};

static int run(const struct command *command, int argc, char **argv)
{
	struct kmod_ctx *ctx;
	struct kmod_module *mod;
	bool drain = false;
	int ret;

	while (next_option(command, argc, argv) != -1)
		drain = true;
	ctx = module_context();
	ret = kmod_module_new_from_name(ctx, MODULE_NAME, &mod);
	if (ret < 0)
		errx(EXIT_FAILURE, "cannot look at the module: %s", strerror(-ret));
	ret = module_is_loaded(ctx) ? remove_module(mod, drain) : -ENOENT;
	if (ret == -ENOENT)
		warnx(MODULE_NAME " is not loaded; there is nothing to unload");
	else if (ret < 0)
		module_failure("unload", ret);
	else if (!quiet)
		printf("unloaded " MODULE_NAME "\n");
	kmod_module_unref(mod);
	kmod_unref(ctx);
	if (ret == -ENOENT)
		return EXIT_UNLOADED;
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command command_unload = {
	.name = "unload",
	.arguments = "[--drain]",
	.summary = "unload the kernel module",
	.options = options,
	.notes = "While a process holds anything of it, it stays loaded, and who holds what is said;\n"
		 "no process is ended. What --drain has removed by then is gone.\n",
	.run = run,
};
