// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ipcx/ipcx.h>

#include "common.h"
#include "common_claims.h"
#include "common_facts.h"

static struct claim *add_claim(struct claims *claims)
{
	struct claim *claim;

	claims->claim = reallocarray(claims->claim, claims->n + 1, sizeof(*claim));
	if (!claims->claim)
		err(EXIT_FAILURE, "cannot go on");
	claim = &claims->claim[claims->n++];
	*claim = (struct claim) { .last_ns = ipcx_deadline_after(0) };
	claim->first_ns = claim->last_ns;
	return claim;
}

/* ---- by debugfs ---- */

static void read_name(struct claims *claims, size_t from, int debugfs, const char *id)
{
	char *path = text("objects/%s/stat", id);
	struct facts facts;

	if (!facts_read_file(&facts, debugfs, path)) {
		for (size_t i = from; i < claims->n; i++)
			facts_string(&facts, "name", claims->claim[i].name,
				     sizeof(claims->claim[i].name));
		facts_free(&facts);
	}
	free(path);
}

static void look_at(struct claims *claims, int debugfs, const char *id)
{
	char *path = text("objects/%s/stuck", id);
	FILE *file = open_file_at(debugfs, path);
	size_t from = claims->n;
	struct facts facts;

	free(path);
	/* A region has none, and a queue may have gone meanwhile. */
	if (!file)
		return;
	while (facts_read_line(&facts, file)) {
		struct claim *claim = add_claim(claims);

		claim->object = strtoull(id, NULL, 10);
		claim->lane = facts_number(&facts, "lane");
		claim->recv = !strcmp(facts_get(&facts, "direction") ?: "", "recv");
		claim->ticket = facts_number(&facts, "ticket");
		claim->attachment = facts_number(&facts, "attachment");
		claim->pid = facts_number(&facts, "pid");
		claim->waiting = facts_number(&facts, "waiting");
		facts_string(&facts, "comm", claim->comm, sizeof(claim->comm));
		facts_free(&facts);
	}
	fclose(file);
	if (claims->n > from)
		read_name(claims, from, debugfs, id);
}

static int is_id(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int look_by_debugfs(struct claims *claims, int debugfs)
{
	struct dirent **entries;
	int n = scandirat(debugfs, "objects", &entries, is_id, versionsort);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		look_at(claims, debugfs, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* ---- by the device ---- */

static uint32_t highest_lane(uint32_t lanes)
{
	return 31 - __builtin_clz(lanes);
}

static void take_holder(struct claims *claims, const struct ipcx_stat *stat)
{
	struct claim *claim;

	if (!stat->holder || !(stat->held_recv | stat->held_send))
		return;
	claim = add_claim(claims);
	claim->object = stat->id;
	memcpy(claim->name, stat->name, sizeof(claim->name));
	claim->lane = highest_lane(stat->held_recv | stat->held_send);
	claim->recv = stat->held_recv >> claim->lane & 1;
	claim->ticket = stat->holder_ticket;
	claim->attachment = stat->holder;
	claim->pid = stat->holder_pid;
	claim->waiting = claim->recv ? stat->waiting_recv : stat->waiting_send;
	memcpy(claim->comm, stat->holder_comm, sizeof(claim->comm));
}

static int look_by_list(struct claims *claims)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	int ret;

	while ((ret = ipcx_list_next(&stat)) > 0)
		take_holder(claims, &stat);
	return ret;
}

int claims_look(struct claims *claims, int debugfs)
{
	*claims = (struct claims) { 0 };
	return debugfs < 0 ? look_by_list(claims) :
			     look_by_debugfs(claims, debugfs);
}

/* ---- over time ---- */

static bool same(const struct claim *a, const struct claim *b)
{
	return a->object == b->object && a->lane == b->lane &&
	       a->recv == b->recv && a->ticket == b->ticket &&
	       a->attachment == b->attachment;
}

void claims_keep(struct claims *claims, const struct claims *before)
{
	for (size_t i = 0; i < claims->n; i++)
		for (size_t j = 0; j < before->n; j++)
			if (same(&claims->claim[i], &before->claim[j]))
				claims->claim[i].first_ns = before->claim[j].first_ns;
}

void claims_free(struct claims *claims)
{
	free(claims->claim);
	*claims = (struct claims) { 0 };
}
