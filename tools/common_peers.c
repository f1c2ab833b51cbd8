// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ipcx/ipcx.h>
#include <linux/ipcx_ring.h>

#include "common.h"
#include "common_facts.h"
#include "common_peers.h"

/* All events that a queue remembers; and peers of one call. */
#define ROOM	64

int open_to_look(const struct ipcx_stat *stat)
{
	static const uint32_t silent[] = {
		IPCX_RIGHT_ADMIN, IPCX_RIGHT_MAP, IPCX_RIGHT_READ,
	};
	struct ipcx_stat found = { .size = sizeof(found) };
	int fd = -EACCES;

	if (!*stat->name)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(silent) && fd < 0; i++)
		fd = ipcx_open(stat->name, stat->kind, silent[i]);
	if (fd < 0 && !(stat->create_flags & IPCX_QUEUE_HANGUP))
		fd = ipcx_open(stat->name, stat->kind, 0);
	/* Another can have the name by now. */
	if (fd >= 0 && (ipcx_stat(fd, &found) || found.id != stat->id)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static struct ipcx_peer *make_room(struct ipcx_peer *peers, int n, int more)
{
	peers = reallocarray(peers, n + more, sizeof(*peers));
	if (!peers)
		err(EXIT_FAILURE, "cannot go on");
	return peers;
}

static int read_by_debugfs(const struct ipcx_stat *stat, int debugfs,
			   struct ipcx_peer **peers)
{
	char *path = text("objects/%llu/attachments", stat->id);
	FILE *file = open_file_at(debugfs, path);
	struct facts facts;
	int n = 0;

	free(path);
	if (!file)
		return -ENOENT;
	*peers = NULL;
	while (facts_read_line(&facts, file)) {
		struct ipcx_peer *peer;

		*peers = make_room(*peers, n, 1);
		peer = &(*peers)[n++];
		*peer = (struct ipcx_peer) {
			.id = facts_number(&facts, "id"),
			.pid = facts_number(&facts, "pid"),
			.rights = facts_number(&facts, "rights"),
			.writing = facts_number(&facts, "writing"),
			.reading = facts_number(&facts, "reading"),
			.held_recv = facts_number(&facts, "held_recv"),
			.held_send = facts_number(&facts, "held_send"),
			.dropped = facts_number(&facts, "dropped"),
			.recent_count = facts_number(&facts, "recent_count"),
			.recent_bytes = facts_number(&facts, "recent_bytes"),
		};
		peer->state = strcmp(facts_get(&facts, "state") ?: "", "live") ?
			      IPCX_PEER_DEAD : IPCX_PEER_LIVE;
		facts_string(&facts, "comm", peer->comm, sizeof(peer->comm));
		facts_free(&facts);
	}
	fclose(file);
	return n;
}

/* By no handle of the library, which would map the queue: a peer that only looks. */
static int read_by_queue(const struct ipcx_stat *stat, struct ipcx_peer **peers)
{
	struct ipcx_peers args = {
		.size = sizeof(args),
		.after = IPCX_OWNER_KERNEL,
		.count = ROOM,
		.peer_size = sizeof(struct ipcx_peer),
	};
	int fd = open_to_look(stat);
	int ret, n = 0;

	if (fd < 0)
		return fd;
	*peers = NULL;
	do {
		*peers = make_room(*peers, n, ROOM);
		args.peers = (uintptr_t)(*peers + n);
		ret = ioctl(fd, IPCX_IOC_PEERS, &args);
		if (ret < 0)
			ret = -errno;
		if (ret <= 0)
			break;
		n += ret;
		args.after = (*peers)[n - 1].id;
	} while (ret == ROOM);
	close(fd);
	if (ret >= 0)
		return n;
	free(*peers);
	return ret;
}

int peers_read(const struct ipcx_stat *stat, int debugfs, struct ipcx_peer **peers)
{
	return debugfs < 0 ? read_by_queue(stat, peers) :
			     read_by_debugfs(stat, debugfs, peers);
}

int events_read(const struct ipcx_stat *stat, struct ipcx_event **events)
{
	struct ipcx_events args = {
		.size = sizeof(args),
		.flags = IPCX_EVENTS_REWIND,
		.count = ROOM,
		.event_size = sizeof(struct ipcx_event),
	};
	struct ipcx_event *array;
	int fd = open_to_look(stat);
	int ret;

	if (fd < 0)
		return fd;
	array = calloc(ROOM, sizeof(*array));
	if (!array)
		err(EXIT_FAILURE, "cannot go on");
	args.events = (uintptr_t)array;
	ret = ioctl(fd, IPCX_IOC_EVENTS, &args);
	if (ret < 0)
		ret = errno == EAGAIN ? 0 : -errno;
	close(fd);
	if (ret < 0)
		free(array);
	else
		*events = array;
	return ret;
}
