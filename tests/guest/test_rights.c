// SPDX-License-Identifier: GPL-2.0-only
/* Rights: what the mode gives to whom, what a descriptor may, who sees what. */
#include "guest.h"
#include "rights.h"

#include <grp.h>
#include <sys/stat.h>

#define OTHER_GROUP	2000

/* Runs in the child that became somebody else. */
static void check_open(const char *name, uint32_t allowed, uint32_t all)
{
	int fd = object_open(name, IPCX_KIND_ANY, 0);

	if (!allowed) {
		assert_int_equal(fd, -EACCES);
	} else {
		assert_true(fd >= 0);
		assert_int_equal(object_stat(fd).rights, allowed);
		close(fd);
	}
	for (uint32_t right = 1; right <= all; right <<= 1) {
		if (!(right & all))
			continue;
		fd = object_open(name, IPCX_KIND_ANY, right);
		if (right & allowed) {
			assert_int_equal(object_stat(fd).rights, right);
			close(fd);
		} else {
			assert_int_equal(fd, -EACCES);
		}
	}
}

struct who {
	uid_t uid;
	gid_t gid;
	int shift;			/* of the mode bits that count */
	uint32_t more;			/* rights whatever the mode */
};

/* The objects belong to SOMEBODY, group SOMEBODY. */
static const struct who people[] = {
	{ SOMEBODY, OTHER_GROUP, 6, ADMIN },
	{ NOBODY, SOMEBODY, 3, 0 },
	{ NOBODY, OTHER_GROUP, 0, 0 },
};

static const uint32_t region_rights[] = { 0, WRITE, READ, READ | WRITE };
static const uint32_t queue_rights[] = { 0, SEND, RECV, SEND | RECV | MAP };
static const uint32_t news_rights[] = { 0, SEND, RECV | MAP, SEND | RECV | MAP };

static void as_owner_make(uint32_t mode)
{
	pid_t pid = child_fork();

	if (!pid) {
		become(SOMEBODY, SOMEBODY);
		assert_true(region_create("region", PAGE, IPCX_CREATE_PERSIST,
					  mode) >= 0);
		assert_true(queue("queue", .mode = mode,
				  .flags = IPCX_CREATE_PERSIST |
					   IPCX_QUEUE_MAPPABLE) >= 0);
		assert_true(queue("news", .mode = mode,
				  .flags = IPCX_CREATE_PERSIST |
					   IPCX_QUEUE_MAPPABLE |
					   IPCX_QUEUE_BROADCAST) >= 0);
		child_done();
	}
	child_ok(pid);
}

static void test_mode_gives_rights(void **state)
{
	static const uint32_t modes[] = { 0640, 0462, 0026, 0606, 0111 };

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		as_owner_make(modes[m]);
		for (size_t i = 0; i < ARRAY_SIZE(people); i++) {
			const struct who *who = &people[i];
			uint32_t bits = modes[m] >> who->shift >> 1 & 3;
			pid_t pid = child_fork();

			if (!pid) {
				become(who->uid, who->gid);
				check_open("region",
					   region_rights[bits] | who->more,
					   IPCX_RIGHTS_REGION);
				check_open("queue",
					   queue_rights[bits] | who->more,
					   IPCX_RIGHTS_QUEUE);
				check_open("news",
					   news_rights[bits] | who->more,
					   IPCX_RIGHTS_QUEUE);
				child_done();
			}
			child_ok(pid);
		}
		/* The test's own uid has CAP_IPC_OWNER. */
		check_open("region", IPCX_RIGHTS_REGION, IPCX_RIGHTS_REGION);
		check_open("queue", IPCX_RIGHTS_QUEUE, IPCX_RIGHTS_QUEUE);
		assert_int_equal(object_unlink("region"), 0);
		assert_int_equal(object_unlink("queue"), 0);
		assert_int_equal(object_unlink("news"), 0);
	}
}

static void test_supplementary_group(void **state)
{
	int fd = region_create("region", PAGE, 0, 0040);
	pid_t pid = child_fork();

	(void)state;
	assert_true(fd >= 0);
	if (!pid) {
		gid_t group = getegid();

		assert_int_equal(setgroups(1, &group), 0);
		assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
		assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
		check_open("region", READ, IPCX_RIGHTS_REGION);
		child_done();
	}
	child_ok(pid);
	close(fd);
}

static void test_create_of_what_others_have(void **state)
{
	int region = region_create("region", PAGE, 0, 0604);
	int queue = queue("queue");
	pid_t pid = child_fork();

	(void)state;
	assert_true(region >= 0 && queue >= 0);
	if (!pid) {
		struct ipcx_stat st;
		int fd;

		become(NOBODY, NOBODY);
		fd = region_create("region", PAGE, 0, 0666);
		assert_true(fd >= 0);
		st = object_stat(fd);
		assert_int_equal(st.rights, READ);
		assert_int_equal(st.mode, 0604);
		assert_int_equal(st.uid, 0);
		assert_int_equal(queue("queue"), -EACCES);
		/* Nor what it is: not its kind, its size, its flags. */
		assert_int_equal(queue("queue", .slots = 8), -EACCES);
		assert_int_equal(region_create("queue", PAGE, 0, 0), -EACCES);
		assert_int_equal(region_create("region", 2 * PAGE, 0, 0),
				 -EEXIST);
		assert_int_equal(queue("queue", .flags = IPCX_CREATE_EXCL),
				 -EEXIST);
		child_done();
	}
	child_ok(pid);
	close(region);
	close(queue);
}

static void test_owner_of_what_is_made(void **state)
{
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct ipcx_stat st;
		int fd;

		umask(0777);
		become(SOMEBODY, OTHER_GROUP);
		/* The maker gets all rights, whatever the mode says. */
		fd = region_create("mine", PAGE, 0, 0);
		assert_true(fd >= 0);
		st = object_stat(fd);
		assert_int_equal(st.uid, SOMEBODY);
		assert_int_equal(st.gid, OTHER_GROUP);
		assert_int_equal(st.mode, 0);
		assert_int_equal(st.rights, IPCX_RIGHTS_REGION);
		close(fd);

		fd = region_create("mine", PAGE, 0, 0777);
		assert_int_equal(object_stat(fd).mode, 0777);
		child_done();
	}
	child_ok(pid);
}

static void test_rights_asked_at_creation(void **state)
{
	struct ipcx_region_create region = {
		.size = sizeof(region), .mode = 0600, .bytes = PAGE,
		.rights = READ,
	};
	int fd = call(ctl, IPCX_IOC_REGION_CREATE, &region);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(object_stat(fd).rights, READ);
	close(fd);
	fd = queue(NULL, .rights = SEND);
	assert_int_equal(object_stat(fd).rights, SEND);
	close(fd);
}

static void test_reopen_only_narrows(void **state)
{
	int all = queue(NULL);
	int both = object_reopen(all, SEND | RECV);
	int send = object_reopen(both, SEND);
	int region = region_create(NULL, PAGE, 0, 0600);

	(void)state;
	assert_true(all >= 0 && both >= 0 && send >= 0 && region >= 0);
	assert_int_equal(object_stat(both).rights, SEND | RECV);
	assert_int_equal(object_stat(send).rights, SEND);
	assert_int_equal(object_stat(send).users, 3);
	assert_int_equal(object_stat(send).id, object_stat(all).id);

	assert_int_equal(object_reopen(both, ADMIN), -EACCES);
	assert_int_equal(object_reopen(send, RECV), -EACCES);
	assert_int_equal(object_reopen(send, SEND | RECV), -EACCES);
	assert_int_equal(object_reopen(all, READ), -EINVAL);
	assert_int_equal(object_reopen(all, SEND | WRITE), -EINVAL);
	assert_int_equal(object_reopen(region, SEND), -EINVAL);
	assert_int_equal(object_reopen(region, MAP), -EINVAL);
	assert_int_equal(object_stat(all).users, 3);

	close(all);
	close(both);
	/* Rights are the descriptor's, not of whoever holds it. */
	assert_int_equal(object_reopen(send, RECV), -EACCES);
	close(send);
	close(region);
}

static void test_rights_of_transfers(void **state)
{
	int all = queue(NULL);
	int send = object_reopen(all, SEND);
	int recv = object_reopen(all, RECV);
	int admin = object_reopen(all, ADMIN);
	struct ipcx_stat before, after;
	uint8_t buf[64];
	struct ipcx_msg msg;

	(void)state;
	assert_int_equal(send_u32(all, 1, IPCX_NO_WAIT), 1);
	before = object_stat(all);

	assert_int_equal(recv_msg(send, buf, sizeof(buf), &msg, 0), -EACCES);
	assert_int_equal(queue_wait(send, IPCX_DIR_RECV, 0, 0), -EACCES);
	assert_int_equal(send_u32(recv, 2, IPCX_NO_WAIT), -EACCES);
	assert_int_equal(queue_wait(recv, IPCX_DIR_SEND, 0, 0), -EACCES);
	assert_int_equal(send_u32(admin, 2, IPCX_NO_WAIT), -EACCES);
	assert_int_equal(recv_msg(admin, buf, sizeof(buf), &msg, 0), -EACCES);
	after = object_stat(all);
	assert_memory_equal(&before, &after, sizeof(before));

	assert_int_equal(queue_wait(send, IPCX_DIR_SEND, 0, 0), 0);
	assert_int_equal(send_u32(send, 2, IPCX_NO_WAIT), 1);
	assert_int_equal(queue_wait(recv, IPCX_DIR_RECV, 0, 0), 0);
	assert_int_equal(recv_msg(recv, buf, sizeof(buf), &msg, 0), 1);
	close(all);
	close(send);
	close(recv);
	close(admin);
}

static void test_unlink_needs_the_owner(void **state)
{
	pid_t pid;

	(void)state;
	as_owner_make(0666);
	pid = child_fork();
	if (!pid) {
		become(NOBODY, SOMEBODY);
		assert_int_equal(object_unlink("region"), -EPERM);
		assert_int_equal(object_unlink("queue"), -EPERM);
		assert_true(object_open("region", IPCX_KIND_ANY, 0) >= 0);
		assert_true(object_open("queue", IPCX_KIND_ANY, 0) >= 0);
		child_done();
	}
	child_ok(pid);

	pid = child_fork();
	if (!pid) {
		become(SOMEBODY, NOBODY);
		assert_int_equal(object_unlink("region"), 0);
		child_done();
	}
	child_ok(pid);
	assert_int_equal(object_unlink("region"), -ENOENT);
	assert_int_equal(object_unlink("queue"), 0);
	assert_int_equal(object_unlink("news"), 0);
}

static int list(uint64_t after, struct ipcx_stat *stats, uint32_t count)
{
	struct ipcx_list arg = {
		.size = sizeof(arg), .after = after, .count = count,
		.stats = (uintptr_t)stats, .stat_size = sizeof(*stats),
	};

	return call(ctl, IPCX_IOC_LIST, &arg);
}

static void test_list_pages_in_order(void **state)
{
	struct ipcx_stat stats[5];
	uint64_t after = 0;
	int fds[7];
	int seen = 0;
	int n;

	(void)state;
	for (int i = 0; i < 7; i++)
		fds[i] = i % 2 ? region_create(i == 3 ? "three" : NULL, PAGE, 0,
					       0600) : queue(NULL);
	do {
		memset(stats, POISON, sizeof(stats));
		n = list(after, stats, 3);
		assert_in_range(n, 0, 3);
		for (int i = 0; i < n; i++) {
			struct ipcx_stat st = object_stat(fds[seen++]);

			assert_memory_equal(&stats[i], &st, sizeof(st));
			after = st.id;
		}
		for (size_t i = n * sizeof(*stats); i < sizeof(stats); i++)
			assert_int_equal(((uint8_t *)stats)[i], POISON);
	} while (n);
	assert_int_equal(seen, 7);

	for (int i = 0; i < 7; i++)
		close(fds[i]);
	assert_int_equal(list(0, stats, 5), 0);
}

static void test_list_shows_what_may_be_read(void **state)
{
	struct ipcx_stat stats[8];
	pid_t pid;
	int mine = region_create("unreadable", PAGE, 0, 0600);
	int readable = region_create("readable", PAGE, 0, 0644);
	int sendable = queue("sendable", .mode = 0622);

	(void)state;
	assert_true(mine >= 0 && readable >= 0 && sendable >= 0);
	as_owner_make(0);
	pid = child_fork();
	if (!pid) {
		become(SOMEBODY, SOMEBODY);
		assert_int_equal(list(0, stats, 8), 4);
		assert_string_equal(stats[0].name, "readable");
		assert_int_equal(stats[0].rights, READ);
		assert_string_equal(stats[1].name, "region");
		assert_int_equal(stats[1].rights, ADMIN);
		assert_string_equal(stats[2].name, "queue");
		assert_string_equal(stats[3].name, "news");
		child_done();
	}
	child_ok(pid);
	assert_int_equal(list(0, stats, 8), 6);
	assert_int_equal(object_unlink("region"), 0);
	assert_int_equal(object_unlink("queue"), 0);
	assert_int_equal(object_unlink("news"), 0);
	close(mine);
	close(readable);
	close(sendable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_gives_rights),
		cmocka_unit_test(test_supplementary_group),
		cmocka_unit_test(test_create_of_what_others_have),
		cmocka_unit_test(test_owner_of_what_is_made),
		cmocka_unit_test(test_rights_asked_at_creation),
		cmocka_unit_test(test_reopen_only_narrows),
		cmocka_unit_test(test_rights_of_transfers),
		cmocka_unit_test(test_unlink_needs_the_owner),
		cmocka_unit_test(test_list_pages_in_order),
		cmocka_unit_test(test_list_shows_what_may_be_read),
	};

	return guest_run(tests);
}
