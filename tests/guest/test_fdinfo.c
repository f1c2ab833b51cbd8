// SPDX-License-Identifier: GPL-2.0-only
/* fdinfo, debugfs, STAT and LIST tell the same; and to each only what is his. */
#include "mapped.h"
#include "region.h"

#include <dirent.h>
#include <sys/stat.h>

#define DEBUGFS		"/sys/kernel/debug/ipcx"

static const char *path_of(const char *format, uint64_t number, const char *tail)
{
	static char path[128];

	snprintf(path, sizeof(path), format, number, tail);
	return path;
}

static const char *fdinfo(int fd)
{
	return path_of("/proc/self/fdinfo/%lu%s", (uint64_t)fd, "");
}

static const char *shown(uint64_t id, const char *file)
{
	return path_of(DEBUGFS "/objects/%lu/%s", id, file);
}

/* Every line that both kinds have, against STAT. */
static void check_common(const char *path, const struct ipcx_stat *st)
{
	char mode[16];

	assert_int_equal(fact(path, "id"), st->id);
	assert_true(fact_is(path, "kind", st->kind == IPCX_KIND_QUEUE ?
				  "queue" : "region"));
	assert_true(fact_is(path, "name", st->name));
	assert_int_equal(fact(path, "uid"), st->uid);
	assert_int_equal(fact(path, "gid"), st->gid);
	snprintf(mode, sizeof(mode), "0%o", st->mode);
	assert_true(fact_is(path, "mode", mode));
	assert_int_equal(fact(path, "bytes"), st->bytes);
	assert_int_equal(fact(path, "users"), st->users);
	assert_int_equal(fact(path, "attachments"), st->attachments);
}

static void check_region(const char *path, const struct ipcx_stat *st)
{
	check_common(path, st);
	assert_int_equal(fact(path, "seals"), st->seals);
}

static void check_queue(const char *path, const struct ipcx_stat *st)
{
	check_common(path, st);
	assert_int_equal(fact(path, "lanes"), st->lanes);
	assert_int_equal(fact(path, "slots"), st->slots);
	assert_int_equal(fact(path, "slot_size"), st->slot_size);
	assert_int_equal(fact(path, "sent"), st->sent);
	assert_int_equal(fact(path, "received"), st->received);
	assert_int_equal(fact(path, "depth"), st->depth);
	assert_int_equal(fact(path, "dropped"), st->dropped);
	assert_int_equal(fact(path, "aborted"), st->aborted);
	assert_int_equal(fact(path, "redelivered"), st->redelivered);
	assert_int_equal(fact(path, "corrupt"), st->corrupt);
	assert_int_equal(fact(path, "waiting_recv"), st->waiting_recv);
	assert_int_equal(fact(path, "waiting_send"), st->waiting_send);
	assert_int_equal(fact(path, "repairing"), st->repairing);
}

static void test_region(void **state)
{
	int fd = region_create("shown", 3 * PAGE, 0, 0640);
	int reader = object_reopen(fd, IPCX_RIGHT_READ);
	uint8_t *mem = map(reader, PAGE, PROT_READ);
	struct ipcx_stat st;

	(void)state;
	assert_int_equal(object_setattr(fd, IPCX_SET_UID | IPCX_SET_GID, 0,
					SOMEBODY, NOBODY), 0);
	assert_int_equal(region_seal(fd, IPCX_SEAL_READONLY), 0);
	st = object_stat(fd);
	assert_int_equal(st.users, 2);
	assert_int_equal(st.attachments, 1);
	check_region(fdinfo(fd), &st);
	assert_int_equal(fact(fdinfo(fd), "rights"), IPCX_RIGHTS_REGION);
	assert_int_equal(fact(fdinfo(reader), "rights"), IPCX_RIGHT_READ);
	/* A name is shown at once. */
	check_region(shown(st.id, "stat"), &st);

	munmap(mem, PAGE);
	close(reader);
	assert_soon(fact(shown(st.id, "stat"), "users") == 1);
	assert_int_equal(fact(shown(st.id, "stat"), "attachments"), 0);
	close(fd);
	assert_int_equal(access(shown(st.id, "stat"), F_OK), -1);
}

static void test_queue(void **state)
{
	int fd = queue("shown", .slots = 4, .lanes = 2,
		       .flags = IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_DROP_OLDEST);
	struct mapped m;
	uint32_t value;
	struct ipcx_stat st;
	char line[64];

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	mapped_open(&m, fd);
	st = object_stat(fd);
	assert_int_equal(st.sent, 6);
	assert_int_equal(st.dropped, 2);
	assert_int_equal(st.depth, 3);
	check_queue(fdinfo(fd), &st);
	check_queue(shown(st.id, "stat"), &st);

	snprintf(line, sizeof(line), "id %u pid %d state live", m.me, getpid());
	assert_true(fact(shown(st.id, "attachments"), line) == 0);
	mapped_close(&m);
	close(fd);
}

static void test_anonymous_is_shown_soon(void **state)
{
	int fd = region_create(NULL, PAGE, 0, 0600);
	struct ipcx_stat st = object_stat(fd);

	(void)state;
	assert_soon(access(shown(st.id, "stat"), F_OK) == 0);
	check_region(shown(st.id, "stat"), &st);
	assert_true(fact_is(shown(st.id, "stat"), "name", ""));
	close(fd);
	assert_int_equal(access(shown(st.id, "stat"), F_OK), -1);
}

/* Bytes that would break a line, or a terminal. */
static void test_name_is_escaped(void **state)
{
	int fd = region_create("a b\nuid 7\x1b", PAGE, 0, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_true(fact_is(fdinfo(fd), "name", "a b\\nuid 7\\x1b") ||
		    fact_is(fdinfo(fd), "name", "a b\\nuid 7\\e"));
	assert_int_equal(fact(fdinfo(fd), "uid"), 0);
	close(fd);
}

static void test_totals(void **state)
{
	uint64_t regions = fact(DEBUGFS "/totals", "regions");
	uint64_t bytes = fact(DEBUGFS "/totals", "queue_bytes");
	int region = region_create(NULL, 5 * PAGE, 0, 0600);
	int q = queue(NULL);

	(void)state;
	assert_int_equal(fact(DEBUGFS "/totals", "regions"), regions + 1);
	assert_int_equal(fact(DEBUGFS "/totals", "queue_bytes"),
			 bytes + object_stat(q).bytes);
	close(region);
	close(q);
	assert_int_equal(fact(DEBUGFS "/totals", "regions"), regions);
}

static void test_limits_are_what_query_tells(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	assert_int_equal(fact(DEBUGFS "/limits", "name_max"), q.name_max);
	assert_int_equal(fact(DEBUGFS "/limits", "region_bytes_max"),
			 q.region_bytes_max);
	assert_int_equal(fact(DEBUGFS "/limits", "queue_bytes_max"),
			 q.queue_bytes_max);
	assert_int_equal(fact(DEBUGFS "/limits", "slots_max"), q.slots_max);
	assert_int_equal(fact(DEBUGFS "/limits", "lanes_max"), q.lanes_max);
	assert_int_equal(fact(DEBUGFS "/limits", "attachments_max"),
			 q.attachments_max);
	assert_int_equal(fact(DEBUGFS "/limits", "batch_max"), q.batch_max);
	assert_int_equal(fact(DEBUGFS "/version", "abi"), q.abi_version);
}

/* Lockdown hides what can be written, or read by some only. */
static void check_read_only(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[512];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		assert_int_equal(lstat(path, &st), 0);
		if (S_ISDIR(st.st_mode))
			check_read_only(path);
		else
			assert_int_equal(st.st_mode, S_IFREG | 0444);
	}
	closedir(d);
}

static void test_files_are_read_only(void **state)
{
	int fd = region_create("shown", PAGE, 0, 0600);

	(void)state;
	check_read_only(DEBUGFS);
	close(fd);
}

static void test_list_shows_own_and_readable(void **state)
{
	int secret = region_create("secret", PAGE, 0, 0600);
	int write_only = region_create("write only", PAGE, 0, 0602);
	int readable = region_create("readable", PAGE, 0, 0604);
	int queue = queue("queue", .mode = 0604);
	uint64_t ids[] = {
		object_stat(secret).id, object_stat(write_only).id,
		object_stat(readable).id, object_stat(queue).id,
	};
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct ipcx_stat st[4];
		int own;

		become(SOMEBODY, SOMEBODY);
		own = region_create(NULL, PAGE, 0, 0);
		assert_int_equal(object_list(st, 4, 0), 3);
		assert_int_equal(st[0].id, ids[2]);
		assert_int_equal(st[0].rights, IPCX_RIGHT_READ);
		assert_string_equal(st[0].name, "readable");
		assert_int_equal(st[1].id, ids[3]);
		assert_int_equal(st[1].rights, IPCX_RIGHT_RECV);
		assert_int_equal(st[2].id, object_stat(own).id);
		/* What is not shown counts for nothing, not as a gap. */
		assert_int_equal(object_list(st, 1, 0), 1);
		assert_int_equal(st[0].id, ids[2]);
		child_done();
	}
	child_ok(pid);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_true(object_listed(ids[i]));
	close(queue);
	close(readable);
	close(write_only);
	close(secret);
}

/* A page of nothing in the middle of the array. */
static void test_list_faults(void **state)
{
	struct ipcx_stat *st;
	uint8_t *mem = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	int fds[2] = {
		region_create(NULL, PAGE, 0, 0600),
		region_create(NULL, PAGE, 0, 0600),
	};
	struct ipcx_list arg = {
		.size = sizeof(arg), .count = 2, .stat_size = sizeof(*st),
	};

	(void)state;
	munmap(mem + PAGE, PAGE);
	st = (void *)(mem + PAGE - sizeof(*st));
	arg.stats = (uintptr_t)st;
	assert_int_equal(call(ctl, IPCX_IOC_LIST, &arg), 1);
	assert_int_equal(st->id, object_stat(fds[0]).id);
	arg.stats += sizeof(*st);
	assert_int_equal(call(ctl, IPCX_IOC_LIST, &arg), -EFAULT);
	arg.stats -= sizeof(*st);
	arg.count = 1;
	assert_int_equal(call(ctl, IPCX_IOC_LIST, &arg), 1);
	arg.count = 0;
	assert_int_equal(call(ctl, IPCX_IOC_LIST, &arg), -EINVAL);
	arg.count = 1025;
	assert_int_equal(call(ctl, IPCX_IOC_LIST, &arg), -EINVAL);
	arg.count = 1;
	arg.stat_size--;
	assert_int_equal(call(ctl, IPCX_IOC_LIST, &arg), -EINVAL);
	munmap(mem, PAGE);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_anonymous_is_shown_soon),
		cmocka_unit_test(test_name_is_escaped),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_limits_are_what_query_tells),
		cmocka_unit_test(test_files_are_read_only),
		cmocka_unit_test(test_list_shows_own_and_readable),
		cmocka_unit_test(test_list_faults),
	};

	return guest_run(tests);
}
