/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that hold something of ipcx, as /proc shows them. */
#ifndef TOOLS_CTL_PROC_H
#define TOOLS_CTL_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ipcx.h>

/**
 * struct open_object - an object that a process has open
 * @id: of it
 * @bytes: its memory
 * @queue: it is one
 * @name: its name; empty if it has none
 */
struct open_object {
	uint64_t id;
	uint64_t bytes;
	bool queue;
	char name[IPCX_NAME_MAX + 1];
};

/**
 * struct process - a process
 * @pid: of it
 * @uid: of its user
 * @comm: its name, NUL-terminated, of any bytes
 * @devices: descriptors of /dev/ipcx
 * @fds: descriptors of objects
 * @mapped: bytes of objects that it maps, but for regions over a file
 * @n: distinct objects open
 * @objects: those
 */
struct process {
	pid_t pid;
	uid_t uid;
	char comm[IPCX_COMM_LEN];
	unsigned int devices;
	unsigned int fds;
	uint64_t mapped;
	size_t n;
	struct open_object *objects;
};

/**
 * struct processes - those that hold something, in the order of their pids
 * @n: how many
 * @process: those
 * @hidden: there were others, into which this user may not look
 */
struct processes {
	size_t n;
	struct process *process;
	bool hidden;
};

void processes_find(struct processes *processes);
void processes_free(struct processes *processes);

#endif /* TOOLS_CTL_PROC_H */
