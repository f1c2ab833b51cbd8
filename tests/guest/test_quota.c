// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user may have, by the module's parameters (-EDQUOT); and what a memory
 * cgroup or RLIMIT_MEMLOCK forbids (-ENOMEM, -EPERM), for which nobody is killed.
 */
#include "cgroup.h"
#include "mapped.h"
#include "region.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PARAMETERS	"/sys/module/ipcx/parameters/"
#define LIMITS		"/sys/kernel/debug/ipcx/limits"
#define MIB		(1024 * 1024UL)

/* The counts of SOMEBODY, who has none between the tests. */
struct counts {
	uint64_t objects, bytes, attachments, locked;
};

static struct counts counts_of(uid_t uid)
{
	return (struct counts){
		.objects = user_count(uid, "objects "),
		.bytes = user_count(uid, "bytes "),
		.attachments = user_count(uid, "attachments "),
		.locked = user_count(uid, "locked "),
	};
}

static void counts_are(uint64_t objects, uint64_t bytes, uint64_t attachments)
{
	struct counts c = counts_of(SOMEBODY);

	assert_int_equal(c.objects, objects);
	assert_int_equal(c.bytes, bytes);
	assert_int_equal(c.attachments, attachments);
}

static bool counts_are_zero(void)
{
	struct counts c = counts_of(SOMEBODY), none = { 0 };

	return !memcmp(&c, &none, sizeof(c));
}

/* Sets one limit; returns what it was. */
static uint64_t set_limit(const char *name, uint64_t value)
{
	char path[128], text[32];
	uint64_t old;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	old = file_number(path);
	snprintf(text, sizeof(text), "%lu", value);
	assert_int_equal(file_write(path, text), 0);
	assert_int_equal(file_number(path), value);
	return old;
}

/*
 * Runs as SOMEBODY and looks at files of root's: the test does that for it, at
 * the points where the child stops.
 */
struct user {
	pid_t pid;
	_Atomic uint32_t *step;
};

static bool begin_user(struct user *u)
{
	u->step = shared_words();
	u->pid = child_fork();
	if (!u->pid)
		become(SOMEBODY, SOMEBODY);
	return !u->pid;
}

/* In the child: I have come this far; go on when the test has looked. */
static void stop_at(struct user *u, uint32_t step)
{
	*u->step = step;
	assert_soon(*u->step == step + 1000);
}

static void wait_for(struct user *u, uint32_t step)
{
	assert_soon(*u->step == step);
}

static void go_on(struct user *u)
{
	*u->step += 1000;
}

static void end_user(struct user *u)
{
	child_ok(u->pid);
	shared_free(u->step);
	assert_soon(counts_are_zero());
}

static void test_objects(void **state)
{
	uint64_t old = set_limit("max_objects", 3);
	struct user u;

	(void)state;
	assert_int_equal(fact(LIMITS, "user_objects_max"), 3);
	if (begin_user(&u)) {
		int fds[3] = {
			region_create(NULL, PAGE, 0, 0600), queue("q"),
			region_create("r", PAGE, IPCX_CREATE_PERSIST, 0600),
		};

		for (int i = 0; i < 3; i++)
			assert_true(fds[i] >= 0);
		stop_at(&u, 1);
		assert_int_equal(region_create("no", PAGE, 0, 0600), -EDQUOT);
		assert_int_equal(queue("no"), -EDQUOT);
		assert_int_equal(object_open("no", IPCX_KIND_ANY, 0), -ENOENT);
		/* Opening what there is makes nothing. */
		close(region_create("r", PAGE, IPCX_CREATE_PERSIST, 0600));
		assert_true(object_open("q", IPCX_KIND_ANY, 0) >= 0);
		stop_at(&u, 2);
		close(fds[0]);
		assert_soon(region_create(NULL, PAGE, 0, 0600) >= 0);
		assert_int_equal(object_unlink("r"), 0);
		stop_at(&u, 3);
		assert_int_equal(region_create(NULL, PAGE, 0, 0600), -EDQUOT);
		stop_at(&u, 4);
		assert_true(region_create(NULL, PAGE, 0, 0600) >= 0);
		child_done();
	}
	wait_for(&u, 1);
	assert_int_equal(user_count(SOMEBODY, "objects "), 3);
	go_on(&u);
	wait_for(&u, 2);
	assert_int_equal(user_count(SOMEBODY, "objects "), 3);
	/* Others have their own, and root goes beyond, counted. */
	for (int i = 0; i < 5; i++)
		close(region_create(NULL, PAGE, 0, 0600));
	go_on(&u);
	wait_for(&u, 3);
	/* Lowered below what there is: that stays. */
	set_limit("max_objects", 1);
	assert_int_equal(user_count(SOMEBODY, "objects "), 3);
	go_on(&u);
	wait_for(&u, 4);
	set_limit("max_objects", 4);
	go_on(&u);
	end_user(&u);
	set_limit("max_objects", old);
}

static void test_bytes(void **state)
{
	uint64_t old = set_limit("max_bytes", 16 * PAGE);
	struct user u;

	(void)state;
	assert_int_equal(fact(LIMITS, "user_bytes_max"), 16 * PAGE);
	if (begin_user(&u)) {
		int fd = region_create(NULL, 12 * PAGE, IPCX_REGION_SPARSE,
				       0600);
		struct ipcx_stat before;

		assert_true(fd >= 0);
		assert_int_equal(region_create("no", 5 * PAGE, 0, 0600),
				 -EDQUOT);
		assert_int_equal(queue("no", .slots = 64, .slot_size = 512),
				 -EDQUOT);
		assert_int_equal(object_open("no", IPCX_KIND_ANY, 0), -ENOENT);
		before = object_stat(fd);
		assert_int_equal(region_resize(fd, 17 * PAGE), -EDQUOT);
		stat_unchanged(fd, &before);
		stop_at(&u, 1);
		assert_int_equal(region_resize(fd, 16 * PAGE), 0);
		stop_at(&u, 2);
		assert_int_equal(region_create(NULL, PAGE, 0, 0600), -EDQUOT);
		assert_int_equal(region_resize(fd, PAGE), 0);
		stop_at(&u, 3);
		assert_true(region_create(NULL, 15 * PAGE, 0, 0600) >= 0);
		child_done();
	}
	wait_for(&u, 1);
	counts_are(1, 12 * PAGE, 0);
	go_on(&u);
	wait_for(&u, 2);
	counts_are(1, 16 * PAGE, 0);
	go_on(&u);
	wait_for(&u, 3);
	counts_are(1, PAGE, 0);
	go_on(&u);
	end_user(&u);
	set_limit("max_bytes", old);
}

static void test_queue_counts_its_memory(void **state)
{
	uint64_t before = user_count(0, "bytes ");
	int fd = queue(NULL, .slots = 64, .slot_size = 1000, .lanes = 2);

	(void)state;
	assert_int_equal(user_count(0, "bytes ") - before,
			 object_stat(fd).bytes);
	assert_true(object_stat(fd).bytes >= 2 * 64 * 1000);
	close(fd);
	assert_int_equal(user_count(0, "bytes "), before);
}

static void test_attachments(void **state)
{
	uint64_t old = set_limit("max_attachments", 3);
	struct user u;

	(void)state;
	assert_int_equal(fact(LIMITS, "user_attachments_max"), 3);
	if (begin_user(&u)) {
		int fd = region_create(NULL, 4 * PAGE, 0, 0600);
		int q = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
		uint8_t *mem = map(fd, 4 * PAGE, RW);
		struct mapped m;
		size_t bytes;

		mapped_open(&m, q);
		bytes = m.kpage->ring_bytes;
		map(fd, PAGE, RW);
		stop_at(&u, 1);
		assert_int_equal(map_error(fd, PAGE, RW, MAP_SHARED, 0),
				 -EDQUOT);
		assert_int_equal(map_error(fd, PAGE, RW, MAP_PRIVATE, 0),
				 -EDQUOT);
		assert_int_equal(mappings(fd), 2);
		/* The address space is attached already. */
		assert_ptr_not_equal(mmap(NULL, bytes, RW, MAP_SHARED, q,
					  IPCX_MMAP_RING), MAP_FAILED);
		/* A split is not refused, but counted. */
		assert_int_equal(munmap(mem + PAGE, PAGE), 0);
		stop_at(&u, 2);
		munmap(mem, 4 * PAGE);
		map(fd, PAGE, RW);
		q = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
		assert_int_equal(map_error(q, bytes, RW, MAP_SHARED,
					   IPCX_MMAP_RING), -EDQUOT);
		assert_int_equal(object_stat(q).attachments, 0);
		child_done();
	}
	wait_for(&u, 1);
	assert_int_equal(user_count(SOMEBODY, "attachments "), 3);
	go_on(&u);
	wait_for(&u, 2);
	assert_int_equal(user_count(SOMEBODY, "attachments "), 4);
	go_on(&u);
	end_user(&u);
	set_limit("max_attachments", old);
}

/* A mapping counts for who made it, the object for who made that. */
static void test_who_is_counted(void **state)
{
	int fd = region_create("mine", 2 * PAGE, 0, 0666);
	struct counts before = counts_of(0);
	struct user u;

	(void)state;
	assert_int_equal(object_setattr(fd, IPCX_SET_UID, 0, SOMEBODY, 0), 0);
	/* Nor does it move with its owner. */
	counts_are(0, 0, 0);
	assert_int_equal(counts_of(0).objects, before.objects);
	assert_int_equal(counts_of(0).bytes, before.bytes);
	if (begin_user(&u)) {
		int own = object_open("mine", IPCX_KIND_ANY, 0);

		map(own, PAGE, RW);
		stop_at(&u, 1);
		child_done();
	}
	wait_for(&u, 1);
	counts_are(0, 0, 1);
	assert_int_equal(counts_of(0).attachments, before.attachments);
	go_on(&u);
	end_user(&u);
	close(fd);
	assert_int_equal(counts_of(0).objects, before.objects - 1);
}

static void test_zero_after_kill(void **state)
{
	struct user u;

	(void)state;
	if (begin_user(&u)) {
		int fd = region_create("r", 8 * PAGE, 0, 0600);
		int q = queue("q", .flags = IPCX_QUEUE_MAPPABLE);
		uint8_t *mem = map(fd, 8 * PAGE, RW);
		struct mapped m;

		mapped_open(&m, q);
		mapped_claim_send(&m);
		munmap(mem + 2 * PAGE, PAGE);
		*u.step = 1;
		for (;;)
			pause();
	}
	wait_for(&u, 1);
	assert_int_equal(user_count(SOMEBODY, "objects "), 2);
	assert_int_equal(user_count(SOMEBODY, "attachments "), 3);
	child_kill(u.pid);
	shared_free(u.step);
	assert_soon(counts_are_zero());
}

/* Grandchildren inherit, exec, die; some after who made it all. */
static void test_zero_after_fork_and_exec(void **state)
{
	struct user u;

	(void)state;
	if (begin_user(&u)) {
		int fd = region_create("r", 8 * PAGE, 0, 0600);
		uint8_t *mem = map(fd, 8 * PAGE, RW);
		int q = queue("q", .flags = IPCX_QUEUE_MAPPABLE);
		struct mapped m;

		mapped_open(&m, q);
		for (int i = 0; i < 8; i++) {
			pid_t pid = fork();

			assert_int_not_equal(pid, -1);
			if (pid)
				continue;
			if (i & 1)
				munmap(mem + PAGE, PAGE);
			if (i & 2)
				mprotect(mem + 4 * PAGE, PAGE, PROT_READ);
			if (i & 4)
				execlp("sleep", "sleep", "0.2", NULL);
			usleep(200000);
			_exit(0);
		}
		stop_at(&u, 1);
		child_done();
	}
	wait_for(&u, 1);
	assert_true(user_count(SOMEBODY, "attachments ") >= 2);
	go_on(&u);
	end_user(&u);
}

static void test_user_is_the_effective_one(void **state)
{
	uint64_t old = set_limit("max_objects", 1);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		int fd;

		assert_int_equal(seteuid(SOMEBODY), 0);
		fd = region_create(NULL, PAGE, 0, 0600);
		assert_true(fd >= 0);
		assert_int_equal(region_create(NULL, PAGE, 0, 0600), -EDQUOT);
		assert_int_equal(seteuid(0), 0);
		counts_are(1, PAGE, 0);
		assert_true(region_create(NULL, PAGE, 0, 0600) >= 0);
		child_done();
	}
	child_ok(pid);
	assert_soon(counts_are_zero());
	set_limit("max_objects", old);
}

/* ---- what the machine forbids ---- */

static void test_memlock(void **state)
{
	const struct rlimit none = { 0, 0 }, some = { 8 * PAGE, 8 * PAGE };
	struct user u;

	(void)state;
	u.step = shared_words();
	u.pid = child_fork();
	if (!u.pid) {
		int fd;

		keep_capabilities(~0ULL >> (63 - CAP_IPC_LOCK) &
				  ~(1ULL << CAP_IPC_LOCK));
		assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &some), 0);
		assert_int_equal(seteuid(SOMEBODY), 0);
		fd = region_create(NULL, 8 * PAGE, IPCX_REGION_LOCKED, 0600);
		assert_true(fd >= 0);
		assert_int_equal(region_create("no", PAGE, IPCX_REGION_LOCKED,
					       0600), -ENOMEM);
		stop_at(&u, 1);
		close(fd);
		assert_soon((fd = region_create(NULL, 4 * PAGE,
						IPCX_REGION_LOCKED,
						0600)) >= 0);
		assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
		assert_int_equal(region_create("no", PAGE, IPCX_REGION_LOCKED,
					       0600), -EPERM);
		assert_int_equal(object_open("no", IPCX_KIND_ANY, 0), -ENOENT);
		/* Only what shall be locked. */
		assert_true(region_create(NULL, PAGE, IPCX_REGION_PREFAULT,
					  0600) >= 0);
		child_done();
	}
	wait_for(&u, 1);
	assert_int_equal(counts_of(SOMEBODY).locked, 8 * PAGE);
	counts_are(1, 8 * PAGE, 0);
	go_on(&u);
	end_user(&u);
}

static void test_memlock_with_capability(void **state)
{
	const struct rlimit none = { 0, 0 };
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
		keep_capabilities(1ULL << CAP_IPC_LOCK);
		assert_true(region_create(NULL, 4 * PAGE, IPCX_REGION_LOCKED,
					  0600) >= 0);
		child_done();
	}
	child_ok(pid);
	assert_soon(!counts_of(0).locked);
}

static void nobody_was_killed(void)
{
	assert_int_equal(fact(CGROUP "/memory.events", "oom_kill"), 0);
}

static uint64_t charged(void)
{
	return file_number(CGROUP "/memory.current");
}

static void test_cgroup_limit(void **state)
{
	pid_t pid;

	(void)state;
	cgroup_begin(16 * MIB);
	pid = child_fork();
	if (!pid) {
		cgroup_enter();
		assert_int_equal(queue("no", .slots = 32 * 1024,
				       .slot_size = 1024), -ENOMEM);
		assert_int_equal(region_create("no", 32 * MIB,
					       IPCX_REGION_PREFAULT, 0600),
				 -ENOMEM);
		assert_int_equal(region_create("no", 32 * MIB,
					       IPCX_REGION_LOCKED, 0600),
				 -ENOMEM);
		assert_int_equal(object_open("no", IPCX_KIND_ANY, 0), -ENOENT);
		/* What was allocated before it failed is given back. */
		assert_true(charged() < 8 * MIB);
		assert_true(region_create(NULL, 4 * MIB, IPCX_REGION_PREFAULT,
					  0600) >= 0);
		child_done();
	}
	child_ok(pid);
	nobody_was_killed();
	assert_int_equal(counts_of(0).locked, 0);
	cgroup_end();
}

/* A CPU keeps some pages charged in advance. */
static bool grew(uint64_t before, uint64_t bytes)
{
	uint64_t now = charged();

	return now + MIB >= before + bytes && now <= before + bytes + 2 * MIB;
}

static void test_cgroup_is_charged(void **state)
{
	pid_t pid;

	(void)state;
	cgroup_begin(64 * MIB);
	pid = child_fork();
	if (!pid) {
		uint64_t before;
		int region, q;

		cgroup_enter();
		before = charged();
		region = region_create(NULL, 8 * MIB, IPCX_REGION_PREFAULT,
				       0600);
		assert_true(grew(before, 8 * MIB));
		q = queue(NULL, .slots = 8 * 1024, .slot_size = 960);
		assert_true(grew(before, 16 * MIB));
		close(region);
		close(q);
		assert_soon(grew(before, 0));
		/* Merely reserved, it is charged to who touches it. */
		region = region_create(NULL, 8 * MIB, 0, 0600);
		assert_true(grew(before, 0));
		memset(map(region, 8 * MIB, RW), 1, 8 * MIB);
		assert_true(grew(before, 8 * MIB));
		child_done();
	}
	child_ok(pid);
	nobody_was_killed();
	cgroup_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_queue_counts_its_memory),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_who_is_counted),
		cmocka_unit_test(test_zero_after_kill),
		cmocka_unit_test(test_zero_after_fork_and_exec),
		cmocka_unit_test(test_user_is_the_effective_one),
		cmocka_unit_test(test_memlock),
		cmocka_unit_test(test_memlock_with_capability),
		cmocka_unit_test(test_cgroup_limit),
		cmocka_unit_test(test_cgroup_is_charged),
	};

	return guest_run(tests);
}
