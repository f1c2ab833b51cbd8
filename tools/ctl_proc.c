// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "common_facts.h"
#include "ctl.h"
#include "ctl_proc.h"

static bool is_object(const char *target)
{
	return strstr(target, "[ipcx-region]") || strstr(target, "[ipcx-queue]");
}

static void *one_more(void *array, size_t n, size_t size)
{
	array = reallocarray(array, n + 1, size);
	if (!array)
		err(EXIT_FAILURE, "cannot go on");
	return array;
}

static bool has_object(const struct process *process, uint64_t id)
{
	for (size_t i = 0; i < process->n; i++)
		if (process->objects[i].id == id)
			return true;
	return false;
}

/* What the descriptor is of; one that was closed meanwhile is of nothing. */
static void add_object(struct process *process, int dir, const char *fd)
{
	char *path = text("fdinfo/%s", fd);
	struct open_object *object;
	struct facts facts;
	uint64_t id;

	process->fds++;
	if (facts_read_file(&facts, dir, path))
		goto out;
	id = facts_number(&facts, "id");
	if (id && !has_object(process, id)) {
		process->objects = one_more(process->objects, process->n, sizeof(*object));
		object = &process->objects[process->n++];
		object->id = id;
		object->bytes = facts_number(&facts, "bytes");
		object->queue = !strcmp(facts_get(&facts, "kind") ?: "", "queue");
		facts_string(&facts, "name", object->name, sizeof(object->name));
	}
	facts_free(&facts);
out:
	free(path);
}

/* False if this user may not look. */
static bool find_open(struct process *process, int dir)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!fds)
		return errno != EACCES;
	while ((entry = readdir(fds))) {
		char target[64];
		ssize_t len = readlinkat(fd, entry->d_name, target,
					 sizeof(target) - 1);

		target[len < 0 ? 0 : len] = '\0';
		process->devices += !strcmp(target, "/dev/ipcx");
		if (is_object(target))
			add_object(process, dir, entry->d_name);
	}
	closedir(fds);
	return true;
}

/* A mapping holds its object without a descriptor. */
static void find_mapped(struct process *process, int dir)
{
	FILE *maps = open_file_at(dir, "maps");
	unsigned long long from, to;
	char *line = NULL;
	size_t room = 0;

	while (maps && getline(&line, &room, maps) >= 0)
		if ((is_object(line) || strstr(line, "/" MODULE_NAME " (deleted)")) &&
		    sscanf(line, "%llx-%llx", &from, &to) == 2)
			process->mapped += to - from;
	free(line);
	if (maps)
		fclose(maps);
}

static void find_name(struct process *process, int dir)
{
	FILE *file = open_file_at(dir, "comm");

	if (file && fgets(process->comm, sizeof(process->comm), file))
		process->comm[strcspn(process->comm, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void look_into(struct processes *processes, int proc, const char *pid)
{
	int dir = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct process process = { .pid = atoi(pid) };
	struct stat stat;

	if (dir < 0)
		return;
	if (!find_open(&process, dir))
		processes->hidden = true;
	find_mapped(&process, dir);
	if (process.devices || process.fds || process.mapped) {
		find_name(&process, dir);
		if (!fstat(dir, &stat))
			process.uid = stat.st_uid;
		processes->process = one_more(processes->process, processes->n,
					      sizeof(process));
		processes->process[processes->n++] = process;
	}
	close(dir);
}

static int is_pid(const struct dirent *entry)
{
	return isdigit(*entry->d_name);
}

void processes_find(struct processes *processes)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int n = proc < 0 ? -1 : scandirat(proc, ".", &entries, is_pid, versionsort);

	if (n < 0)
		err(EXIT_FAILURE, "cannot read /proc");
	*processes = (struct processes) { 0 };
	for (int i = 0; i < n; i++) {
		look_into(processes, proc, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	close(proc);
}

void processes_free(struct processes *processes)
{
	for (size_t i = 0; i < processes->n; i++)
		free(processes->process[i].objects);
	free(processes->process);
}
