// SPDX-License-Identifier: GPL-2.0-only
/* What /sys/kernel/debug/ipcx and fdinfo show, and that it comes and goes. */
#include "mapped.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/stat.h>

#define ROOT	"/sys/kernel/debug/ipcx"

/* Reads a whole file into text, which it returns, or NULL with errno. */
static char *read_file(const char *path)
{
	static char text[16384];
	ssize_t n, used = 0;
	int fd = open(path, O_RDONLY);
	int err;

	if (fd < 0)
		return NULL;
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += n;
	err = errno;
	close(fd);
	text[used] = '\0';
	errno = err;
	return n < 0 ? NULL : text;
}

/* The rest of the line that begins with "key ". */
static const char *value_of(const char *path, const char *key)
{
	static char value[1024];
	size_t len = strlen(key);
	char *line, *next = read_file(path);

	if (!next)
		fail_msg("%s: %s", path, strerror(errno));
	while ((line = strsep(&next, "\n")))
		if (!strncmp(line, key, len) && line[len] == ' ')
			return strcpy(value, line + len + 1);
	fail_msg("%s: no line '%s'", path, key);
	return NULL;
}

static uint64_t number_of(const char *path, const char *key)
{
	const char *value = value_of(path, key);
	char *end;
	uint64_t number = strtoull(value, &end, 0);

	if (end == value || *end)
		fail_msg("%s: '%s %s' is no number", path, key, value);
	return number;
}

static const char *object_path(uint64_t id, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), ROOT "/objects/%" PRIu64 "/%s", id, file);
	return path;
}

static bool shown(uint64_t id)
{
	return access(object_path(id, "stat"), F_OK) == 0 &&
	       access(object_path(id, "attachments"), F_OK) == 0;
}

/* A file is 0444 and holds "key value" lines. */
static void check_form(const char *path)
{
	struct stat st;
	char *line, *next;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0444);

	next = read_file(path);
	assert_non_null(next);
	while ((line = strsep(&next, "\n")) && next) {
		size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz_");

		if (!key || line[key] != ' ')
			fail_msg("%s: '%s'", path, line);
	}
	/* The last line ends as all do. */
	assert_string_equal(line, "");
}

static void test_form_of_the_files(void **state)
{
	int queue = queue("form", .flags = IPCX_QUEUE_MAPPABLE);
	int region = region_create("region", PAGE, 0, 0600);
	struct mapped m;

	(void)state;
	mapped_open(&m, queue);
	check_form(ROOT "/version");
	check_form(ROOT "/limits");
	check_form(ROOT "/totals");
	check_form(object_path(object_stat(queue).id, "stat"));
	check_form(object_path(object_stat(queue).id, "attachments"));
	mapped_claim_send(&m);
	check_form(object_path(object_stat(queue).id, "stuck"));
	assert_int_equal(access(object_path(object_stat(region).id, "stuck"),
				F_OK), -1);
	check_form(object_path(object_stat(region).id, "stat"));
	mapped_close(&m);
	close(queue);
	close(region);
}

static void test_version_and_limits(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	assert_int_equal(number_of(ROOT "/version", "abi"), q.abi_version);
	assert_string_not_equal(value_of(ROOT "/version", "module"), "");

	assert_int_equal(number_of(ROOT "/limits", "name_max"), q.name_max);
	assert_int_equal(number_of(ROOT "/limits", "region_bytes_max"),
			 q.region_bytes_max);
	assert_int_equal(number_of(ROOT "/limits", "queue_bytes_max"),
			 q.queue_bytes_max);
	assert_int_equal(number_of(ROOT "/limits", "slots_max"), q.slots_max);
	assert_int_equal(number_of(ROOT "/limits", "lanes_max"), q.lanes_max);
	assert_int_equal(number_of(ROOT "/limits", "attachments_max"),
			 q.attachments_max);
	assert_int_equal(number_of(ROOT "/limits", "batch_max"), q.batch_max);
}

/* Every counter of a queue is another number. */
static int eventful_queue(struct mapped *m)
{
	int fd = queue("eventful", .slots = 8, .slot_size = 100, .lanes = 2,
		       .mode = 0640, .flags = IPCX_QUEUE_MAPPABLE |
					      IPCX_QUEUE_DROP_OLDEST);
	uint32_t value;

	assert_true(fd >= 0);
	mapped_open(m, fd);
	for (uint32_t i = 0; i < 8 + 3; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	mapped_abort(m, mapped_claim_send(m));
	return fd;
}

static void check_stat(const char *path, const struct ipcx_stat *st)
{
	const struct {
		const char *key;
		uint64_t value;
	} expected[] = {
		{ "id", st->id }, { "uid", st->uid }, { "gid", st->gid },
		{ "mode", st->mode }, { "flags", st->create_flags },
		{ "bytes", st->bytes }, { "users", st->users },
		{ "attachments", st->attachments }, { "made_ns", st->made_ns },
		/* The rest is a queue's. */
		{ "slots", st->slots }, { "slot_size", st->slot_size },
		{ "lanes", st->lanes }, { "waiting_recv", st->waiting_recv },
		{ "waiting_send", st->waiting_send },
		{ "repairing", st->repairing }, { "sent", st->sent },
		{ "received", st->received }, { "depth", st->depth },
		{ "dropped", st->dropped }, { "aborted", st->aborted },
		{ "redelivered", st->redelivered }, { "corrupt", st->corrupt },
		{ "waits_recv", st->waits_recv },
		{ "waits_send", st->waits_send },
		{ "wakes_recv", st->wakes_recv },
		{ "wakes_send", st->wakes_send },
		{ "recent_count", st->recent_count },
		{ "recent_bytes", st->recent_bytes },
	};
	bool queue = st->kind == IPCX_KIND_QUEUE;

	assert_string_equal(value_of(path, "kind"), queue ? "queue" : "region");
	assert_string_equal(value_of(path, "name"), st->name);
	for (size_t i = 0; i < (queue ? ARRAY_SIZE(expected) : 9); i++) {
		uint64_t value = number_of(path, expected[i].key);

		if (value != expected[i].value)
			fail_msg("%s: %s is %" PRIu64 ", not %" PRIu64, path,
				 expected[i].key, value, expected[i].value);
	}
}

static void test_stat_of_a_queue(void **state)
{
	struct mapped m;
	int fd = eventful_queue(&m);
	struct ipcx_stat st = object_stat(fd);
	char path[64];

	(void)state;
	assert_int_equal(st.sent, 11);
	assert_int_equal(st.dropped, 3);
	assert_int_equal(st.received, 4);
	assert_int_equal(st.aborted, 1);
	assert_int_equal(st.attachments, 1);
	check_stat(object_path(st.id, "stat"), &st);

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	check_stat(path, &st);
	assert_int_equal(number_of(path, "rights"), IPCX_RIGHTS_QUEUE);
	mapped_close(&m);
	close(fd);
}

static void test_stat_of_a_region(void **state)
{
	int fd = region_create("mem", 3 * PAGE, IPCX_REGION_SPARSE, 0604);
	void *mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	int again = object_reopen(fd, IPCX_RIGHT_READ);
	struct ipcx_stat st = object_stat(fd);
	char path[64];

	(void)state;
	assert_int_equal(st.users, 2);
	assert_int_equal(st.attachments, 1);
	check_stat(object_path(st.id, "stat"), &st);
	assert_string_equal(read_file(object_path(st.id, "attachments")), "");

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", again);
	check_stat(path, &st);
	assert_int_equal(number_of(path, "rights"), IPCX_RIGHT_READ);
	munmap(mem, PAGE);
	close(again);
	close(fd);
}

static void test_totals(void **state)
{
	static const char *const counters[] = {
		"sent", "received", "depth", "dropped", "aborted",
		"redelivered", "corrupt", "attachments", "waiting_recv",
		"waiting_send", "repairing", "waits_recv", "waits_send",
		"wakes_recv", "wakes_send",
	};
	struct mapped m;
	int first, second, region;
	struct ipcx_stat a, b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		assert_int_equal(number_of(ROOT "/totals", counters[i]), 0);
	assert_int_equal(number_of(ROOT "/totals", "queues"), 0);
	assert_int_equal(number_of(ROOT "/totals", "regions"), 0);

	first = eventful_queue(&m);
	second = queue(NULL);
	region = region_create(NULL, 5 * PAGE, 0, 0600);
	assert_int_equal(send_u32(second, 1, IPCX_NO_WAIT), 1);
	a = object_stat(first);
	b = object_stat(second);
	assert_int_equal(number_of(ROOT "/totals", "queues"), 2);
	assert_int_equal(number_of(ROOT "/totals", "queue_bytes"),
			 a.bytes + b.bytes);
	assert_int_equal(number_of(ROOT "/totals", "regions"), 1);
	assert_int_equal(number_of(ROOT "/totals", "region_bytes"), 5 * PAGE);
	assert_int_equal(number_of(ROOT "/totals", "sent"), 12);
	assert_int_equal(number_of(ROOT "/totals", "received"), 4);
	assert_int_equal(number_of(ROOT "/totals", "dropped"), 3);
	assert_int_equal(number_of(ROOT "/totals", "aborted"), 1);
	assert_int_equal(number_of(ROOT "/totals", "depth"), a.depth + b.depth);
	assert_int_equal(number_of(ROOT "/totals", "attachments"), 1);
	mapped_close(&m);
	close(first);
	close(second);
	close(region);
}

static void test_names_stay_on_their_line(void **state)
{
	static const char name[] = "two words\nsent 7\\\001";
	int fd = queue(name);
	const char *path = object_path(object_stat(fd).id, "stat");

	(void)state;
	assert_string_equal(object_stat(fd).name, name);
	check_form(path);
	assert_int_equal(number_of(path, "sent"), 0);
	assert_null(strpbrk(value_of(path, "name"), "\n\001"));
	assert_int_equal(object_unlink(name), 0);
	assert_string_equal(value_of(path, "name"), "");
	close(fd);
}

static void test_attachments(void **state)
{
	int fd = queue("attached", .slots = 8, .flags = IPCX_QUEUE_MAPPABLE);
	_Atomic uint32_t *me = shared_words();
	char text[256], expected[256];
	pid_t pid = child_fork();
	struct mapped m;

	(void)state;
	if (!pid) {
		bool redelivered;

		mapped_open(&m, fd);
		mapped_claim_send(&m);
		mapped_claim_send(&m);
		mapped_commit(&m, mapped_claim_send(&m), 1);
		mapped_lane(&m)->head = 2;
		assert_int_equal(mapped_claim_recv(&m, &redelivered), 2);
		*me = m.me;
		for (;;)
			pause();
	}
	assert_soon(*me);
	snprintf(expected, sizeof(expected), "id %u pid %d state live rights 0x%x "
		 "writing 2 reading 1 held_recv 0x0 held_send 0x0 dropped 0 "
		 "recent_count 1 recent_bytes 4 comm test_debugfs\n", *me, pid, IPCX_RIGHTS_QUEUE);
	strcpy(text, read_file(object_path(object_stat(fd).id, "attachments")));
	assert_string_equal(text, expected);
	child_kill(pid);
	assert_soon(!*read_file(object_path(object_stat(fd).id, "attachments")));
	close(fd);
	shared_free(me);
}

static void test_directories_come_and_go(void **state)
{
	int named = queue("dir");
	int anonymous = queue(NULL);
	int region = region_create(NULL, PAGE, 0, 0600);
	uint64_t id[] = { object_stat(named).id, object_stat(anonymous).id,
			  object_stat(region).id };

	(void)state;
	assert_true(shown(id[0]));
	/* The directory of an anonymous one is made a moment later. */
	assert_soon(shown(id[1]) && shown(id[2]));
	close(named);
	close(anonymous);
	close(region);
	for (size_t i = 0; i < ARRAY_SIZE(id); i++)
		assert_int_equal(access(object_path(id[i], ""), F_OK), -1);
}

static void test_open_file_of_a_dead_object(void **state)
{
	int fd = queue("dead");
	int stat = open(object_path(object_stat(fd).id, "stat"), O_RDONLY);
	char byte;

	(void)state;
	assert_true(stat >= 0);
	close(fd);
	assert_int_equal(read(stat, &byte, 1), -1);
	assert_int_equal(errno, EIO);
	close(stat);
}

/* Reads all there is; what is gone by then is no error. */
static void read_all(void)
{
	DIR *dir = opendir(ROOT "/objects");
	struct dirent *entry;

	assert_non_null(dir);
	read_file(ROOT "/totals");
	while ((entry = readdir(dir))) {
		uint64_t id = strtoull(entry->d_name, NULL, 10);

		if (!id)
			continue;
		if (!read_file(object_path(id, "stat")))
			assert_true(errno == ENOENT || errno == EIO);
		if (!read_file(object_path(id, "attachments")))
			assert_true(errno == ENOENT || errno == EIO);
		if (!read_file(object_path(id, "stuck")))
			assert_true(errno == ENOENT || errno == EIO);
	}
	closedir(dir);
}

static void test_reading_while_objects_come_and_go(void **state)
{
	_Atomic uint32_t *words = shared_words();
	uint64_t until = in_ms(2000);
	pid_t maker, reader;

	(void)state;
	maker = child_fork();
	if (!maker) {
		for (uint32_t i = 0; !words[0]; i++) {
			int fd = queue(i & 1 ? "busy" : NULL,
				       .flags = IPCX_QUEUE_MAPPABLE);
			int region = region_create(i & 2 ? "mem" : NULL, PAGE, 0,
						   0600);
			struct mapped m;

			mapped_open(&m, fd);
			mapped_claim_send(&m);
			mapped_close(&m);
			close(fd);
			close(region);
			++words[1];
		}
		child_done();
	}
	reader = child_fork();
	if (!reader) {
		while (!words[0]) {
			read_all();
			++words[2];
		}
		child_done();
	}
	assert_soon(now_ns() > until && words[1] > 20 && words[2] > 5);
	words[0] = 1;
	child_ok(maker);
	child_ok(reader);
	assert_soon(number_of(ROOT "/totals", "queues") == 0);
	shared_free(words);
}

static void test_made_and_gone_at_once(void **state)
{
	DIR *dir;
	int entries = 0;

	(void)state;
	for (int i = 0; i < 200; i++)
		close(queue(NULL));
	dir = opendir(ROOT "/objects");
	assert_non_null(dir);
	while (readdir(dir))
		entries++;
	closedir(dir);
	assert_int_equal(entries, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form_of_the_files),
		cmocka_unit_test(test_version_and_limits),
		cmocka_unit_test(test_stat_of_a_queue),
		cmocka_unit_test(test_stat_of_a_region),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_names_stay_on_their_line),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_directories_come_and_go),
		cmocka_unit_test(test_open_file_of_a_dead_object),
		cmocka_unit_test(test_reading_while_objects_come_and_go),
		cmocka_unit_test(test_made_and_gone_at_once),
	};

	return guest_run(tests);
}
