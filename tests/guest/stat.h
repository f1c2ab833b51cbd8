/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of ipcxstat have in common. */
#ifndef GUEST_STAT_H
#define GUEST_STAT_H

#include "guest.h"

#include <jansson.h>

#include <ipcx/ipcx.h>

#include "../command.h"
#include "tools.h"

#define SLOT_SIZE	64

static inline struct ipcx_queue *make(const char *name, uint32_t flags, uint32_t slots)
{
	struct ipcx_queue_options options = {
		.size = sizeof(options), .flags = flags | IPCX_QUEUE_MAPPABLE,
	};
	struct ipcx_queue *queue = NULL;

	assert_int_equal(ipcx_queue_create(name, slots, SLOT_SIZE, &options, &queue), 0);
	return queue;
}

static inline void put(struct ipcx_queue *queue, int count, size_t len)
{
	char buf[SLOT_SIZE] = { 0 };

	while (count--)
		assert_int_equal(ipcx_queue_send_try(queue, buf, len, 0), 0);
}

static inline void get(struct ipcx_queue *queue, int count)
{
	char buf[SLOT_SIZE];

	while (count--)
		assert_true(ipcx_queue_recv_try(queue, buf, sizeof(buf), NULL) >= 0);
}

static inline struct ipcx_stat stat_of(struct ipcx_queue *queue)
{
	struct ipcx_stat st = { .size = sizeof(st) };

	assert_int_equal(ipcx_stat(ipcx_queue_fd(queue), &st), 0);
	return st;
}

static inline void check_line(const struct said *said, const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	assert_int_equal(said->status, 0);
	if (!strstr(said->text, whole) && strncmp(said->text, whole + 1, strlen(whole + 1)))
		fail_msg("no line '%s' in: %s", line, said->text);
}

/* ---- JSON ---- */

static inline json_t *parse(const char *line)
{
	json_error_t error;
	json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s at byte %d of: %s", error.text, error.position, line);
	assert_true(json_is_object(json));
	return json;
}

static inline json_t *stat_json(const char *arguments)
{
	struct said said = sh("ipcxstat --json %s", arguments);

	if (said.status)
		fail_msg("ipcxstat --json %s: %s", arguments, said.text);
	/* One line, with its end. */
	assert_ptr_equal(strchr(said.text, '\n'), said.text + strlen(said.text) - 1);
	return parse(said.text);
}

static inline double number(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_number(value))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static inline bool is_null(const json_t *json, const char *key)
{
	return json_is_null(json_object_get(json, key));
}

static inline const char *string(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_string(value))
		fail_msg("%s is no string", key);
	return json_string_value(value);
}

/* The element of an array with this string by the key, or NULL. */
static inline json_t *find(const json_t *json, const char *array, const char *key,
		    const char *value)
{
	json_t *element;
	size_t i;

	if (!json_is_array(json_object_get(json, array)))
		fail_msg("there is no array '%s'", array);
	json_array_foreach(json_object_get(json, array), i, element)
		if (!strcmp(string(element, key), value))
			return element;
	return NULL;
}

static inline json_t *object(const json_t *json, const char *name)
{
	json_t *found = find(json, "objects", "name", name);

	if (!found)
		fail_msg("there is no object '%s'", name);
	return found;
}

static inline void check_counts(const json_t *json, struct ipcx_queue *queue)
{
	struct ipcx_stat st = stat_of(queue);
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {
		{ "id", st.id }, { "bytes", st.bytes }, { "users", st.users },
		{ "attachments", st.attachments },
		{ "waiting_recv", st.waiting_recv },
		{ "waiting_send", st.waiting_send }, { "sent", st.sent },
		{ "received", st.received }, { "depth", st.depth },
		{ "dropped", st.dropped }, { "aborted", st.aborted },
		{ "redelivered", st.redelivered },
		{ "waits", st.waits_recv + st.waits_send },
		{ "wakes", st.wakes_recv + st.wakes_send },
		{ "repairing", st.repairing }, { "corrupt", st.corrupt },
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (number(json, counts[i].key) != counts[i].value)
			fail_msg("%s is %g, not %llu", counts[i].key,
				 number(json, counts[i].key),
				 (unsigned long long)counts[i].value);
}

/* A child that takes a message, tells, and stops. */
static inline pid_t start_taker(const char *name, _Atomic uint32_t *taken)
{
	pid_t pid = child_fork();
	struct ipcx_queue *queue;
	struct ipcx_loan loan;

	if (pid)
		return pid;
	assert_int_equal(ipcx_queue_open(name, 0, &queue), 0);
	assert_int_equal(ipcx_queue_acquire(queue, &loan), 0);
	*taken = 1;
	raise(SIGSTOP);
	abort();
}

/* A child of an ugly name that reserves a slot, tells who it is, and stops. */
static inline pid_t start_holder(_Atomic uint32_t *holder)
{
	pid_t pid = child_fork();
	struct ipcx_queue *queue;
	struct ipcx_loan loan;

	if (pid)
		return pid;
	prctl(PR_SET_NAME, "a\033[2J\nb");
	assert_int_equal(ipcx_queue_open("q", 0, &queue), 0);
	assert_int_equal(ipcx_queue_reserve(queue, 2, &loan), 0);
	*holder = ioctl(ipcx_queue_fd(queue), IPCX_IOC_ATTACHMENT, 0);
	raise(SIGSTOP);
	abort();
}

/* A line of a running command, which ends with the test. */
static inline json_t *next_sample(FILE *from)
{
	static char line[16384];

	assert_non_null(fgets(line, sizeof(line), from));
	return parse(line);
}

#define loaded(test)	cmocka_unit_test_setup_teardown(test, tools_load, tools_unload)

#endif /* GUEST_STAT_H */
