// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <ipcx/ipcx.h>

#include "common.h"
#include "common_facts.h"
#include "common_peers.h"
#include "stat_look.h"

static struct object *add_object(struct look *look)
{
	look->objects = reallocarray(look->objects, look->n + 1,
				     sizeof(*look->objects));
	if (!look->objects)
		err(EXIT_FAILURE, "cannot go on");
	look->objects[look->n] = (struct object) { .stat.size = sizeof(struct ipcx_stat) };
	return &look->objects[look->n++];
}

/* ---- by debugfs ---- */

static void take_facts(struct ipcx_stat *stat, const struct facts *facts)
{
	const char *kind = facts_get(facts, "kind") ?: "";

	stat->id = facts_number(facts, "id");
	stat->kind = strcmp(kind, "queue") ? IPCX_KIND_REGION : IPCX_KIND_QUEUE;
	stat->create_flags = facts_number(facts, "flags");
	stat->bytes = facts_number(facts, "bytes");
	stat->users = facts_number(facts, "users");
	stat->attachments = facts_number(facts, "attachments");
	stat->made_ns = facts_number(facts, "made_ns");
	stat->waiting_recv = facts_number(facts, "waiting_recv");
	stat->waiting_send = facts_number(facts, "waiting_send");
	stat->repairing = facts_number(facts, "repairing");
	stat->sent = facts_number(facts, "sent");
	stat->received = facts_number(facts, "received");
	stat->depth = facts_number(facts, "depth");
	stat->dropped = facts_number(facts, "dropped");
	stat->aborted = facts_number(facts, "aborted");
	stat->redelivered = facts_number(facts, "redelivered");
	stat->corrupt = facts_number(facts, "corrupt");
	stat->waits_recv = facts_number(facts, "waits_recv");
	stat->waits_send = facts_number(facts, "waits_send");
	stat->wakes_recv = facts_number(facts, "wakes_recv");
	stat->wakes_send = facts_number(facts, "wakes_send");
	stat->recent_count = facts_number(facts, "recent_count");
	stat->recent_bytes = facts_number(facts, "recent_bytes");
	facts_string(facts, "name", stat->name, sizeof(stat->name));
}

static int is_id(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int look_by_debugfs(struct look *look, int debugfs)
{
	struct dirent **entries;
	int n = scandirat(debugfs, "objects", &entries, is_id, versionsort);

	/* The module can go at any time, and takes the directory with it. */
	if (n < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	for (int i = 0; i < n; i++) {
		char *path = text("objects/%s/stat", entries[i]->d_name);
		struct facts facts;

		/* One that has gone meanwhile is no error. */
		if (!facts_read_file(&facts, debugfs, path)) {
			take_facts(&add_object(look)->stat, &facts);
			facts_free(&facts);
		}
		free(path);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static const char *why_no_debugfs(int error)
{
	struct statfs fs;

	if (error == -EACCES || error == -EPERM)
		return "/sys/kernel/debug may not be read by this user";
	if (statfs("/sys/kernel/debug", &fs) || fs.f_type != DEBUGFS_MAGIC)
		return "debugfs is not mounted";
	return "there is no /sys/kernel/debug/ipcx";
}

/* ---- by the device ---- */

static int look_by_list(struct look *look)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	int ret;

	while ((ret = ipcx_list_next(&stat)) > 0)
		add_object(look)->stat = stat;
	return ret;
}

/* ---- both ---- */

static void look_at_peers(struct look *look, int debugfs)
{
	for (size_t i = 0; i < look->n; i++) {
		struct object *object = &look->objects[i];

		if (object->stat.kind == IPCX_KIND_QUEUE)
			object->n_peers = peers_read(&object->stat, debugfs,
						     &object->peers);
		/* Not everybody may know, and it can have gone. */
		if (object->n_peers < 0) {
			object->n_peers = 0;
			object->peers = NULL;
		}
	}
}

int look_take(struct look *look, bool peers, const struct look *before)
{
	int debugfs = debugfs_open();
	int ret;

	*look = (struct look) { .by_debugfs = debugfs >= 0 };
	if (debugfs < 0)
		look->why = why_no_debugfs(debugfs);
	look->ns = ipcx_deadline_after(0);
	clock_gettime(CLOCK_REALTIME, &look->wall);
	ret = debugfs < 0 ? look_by_list(look) : look_by_debugfs(look, debugfs);
	if (!ret)
		ret = claims_look(&look->claims, debugfs < 0 ? -1 : debugfs);
	if (!ret && before)
		claims_keep(&look->claims, &before->claims);
	if (!ret && peers)
		look_at_peers(look, debugfs < 0 ? -1 : debugfs);
	if (debugfs >= 0)
		close(debugfs);
	if (ret)
		look_free(look);
	return ret;
}

void look_free(struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		free(look->objects[i].peers);
	free(look->objects);
	claims_free(&look->claims);
	*look = (struct look) { 0 };
}

/* Ids begin anew if the module is loaded anew; what was made then was not before. */
const struct object *look_find(const struct look *look, const struct ipcx_stat *stat)
{
	for (size_t from = 0, to = look->n; from < to; ) {
		size_t mid = from + (to - from) / 2;
		const struct object *object = &look->objects[mid];

		if (object->stat.id == stat->id)
			return object->stat.made_ns == stat->made_ns ? object : NULL;
		if (object->stat.id < stat->id)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

char *look_source(const struct look *look)
{
	if (look->by_debugfs)
		return text("all objects, by debugfs");
	return text("objects that this user may see, by ioctls (%s)", look->why);
}

double claim_seconds(const struct claim *claim)
{
	return (claim->last_ns - claim->first_ns) / 1e9;
}

bool claim_is_stuck(const struct claim *claim)
{
	return claim->last_ns - claim->first_ns >= CLAIM_STUCK_NS;
}
