// SPDX-License-Identifier: GPL-2.0-only
#include "state.h"
#include "../guest/abi.h"
#include "../guest/region.h"

#define DEBUGFS		"/sys/kernel/debug/ipcx/"
#define OBJECTS		8

struct state {
	int next_fd;			/* reserved ones show in nothing else */
	int objects;
	struct ipcx_stat stats[OBJECTS];
	char text[8192];		/* users, who maps what, who is stuck, our mappings */
	size_t len;
	struct memory mem;
};

static struct state before, after;

/* Those lines of a file that have this in them; "" for one that is not there. */
static void add_lines(struct state *s, const char *path, const char *with)
{
	FILE *file = fopen(path, "re");
	size_t room = sizeof(s->text) - s->len;

	while (file && fgets(s->text + s->len, (int)room, file)) {
		if (!strstr(s->text + s->len, with))
			continue;
		s->len += strlen(s->text + s->len);
		room = sizeof(s->text) - s->len;
		assert_true(room > 1);
	}
	s->text[s->len] = '\0';
	if (file)
		fclose(file);
}

/* Names only: the directory of an object without one comes a moment after it. */
static void add_object(struct state *s, const struct ipcx_stat *stat)
{
	static const char *const files[] = { "attachments", "stuck" };
	char path[128];

	for (size_t i = 0; stat->name[0] && i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), DEBUGFS "objects/%llu/%s",
			 (unsigned long long)stat->id, files[i]);
		add_lines(s, path, "");
	}
}

static void look(struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->next_fd = dup(ctl);
	close(s->next_fd);
	s->objects = object_list(s->stats, OBJECTS, 0);
	assert_true(s->objects >= 0);
	add_lines(s, DEBUGFS "users", "");
	for (int i = 0; i < s->objects; i++) {
		/* Who is woken for nothing looks, and sleeps again. */
		s->stats[i].wakes_recv = 0;
		s->stats[i].wakes_send = 0;
		add_object(s, &s->stats[i]);
	}
	add_lines(s, "/proc/self/maps", "[ipcx");
	if (mem)
		s->mem = *mem;
}

void state_note(void)
{
	look(&before);
}

/* The first line that differs, as it was and as it is. */
static const char *changed_line(const char *was, const char *is)
{
	static char change[1024];
	size_t same = 0;

	while (was[same] && was[same] == is[same])
		same++;
	while (same && was[same - 1] != '\n')
		same--;
	snprintf(change, sizeof(change), "\"%.*s\" became \"%.*s\"",
		 (int)strcspn(was + same, "\n"), was + same,
		 (int)strcspn(is + same, "\n"), is + same);
	return change;
}

const char *state_change(bool writes)
{
	look(&after);
	if (before.next_fd != after.next_fd)
		return "a descriptor is left, or gone";
	if (before.objects != after.objects)
		return "an object is left, or gone";
	if (strcmp(before.text, after.text))
		return changed_line(before.text, after.text);
	if (memcmp(before.stats, after.stats, sizeof(before.stats)))
		return "what STAT tells changed";
	if (!writes && memcmp(&before.mem, &after.mem, sizeof(before.mem)))
		return "memory was written";
	return NULL;
}

bool state_empty(void)
{
	after.len = 0;
	add_lines(&after, DEBUGFS "users", "");
	return !after.len;
}

void use_and_close(long fd)
{
	struct ipcx_stat stat = object_stat((int)fd);

	if (stat.kind == IPCX_KIND_REGION && (stat.rights & IPCX_RIGHT_READ)) {
		uint8_t *at = map((int)fd, PAGE, PROT_READ);

		assert_int_equal(*(volatile uint8_t *)at, 0);
		munmap(at, PAGE);
	}
	if (stat.rights & IPCX_RIGHT_SEND)
		assert_int_equal(send_u32((int)fd, 1, IPCX_NO_WAIT), 1);
	if (stat.rights & IPCX_RIGHT_RECV) {
		uint32_t value;

		assert_int_equal(recv_u32((int)fd, &value, IPCX_NO_WAIT), 1);
	}
	close((int)fd);
}
