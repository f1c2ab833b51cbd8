// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/device.h> and <ipcx/region.h> with the module. */
#include "guest.h"

#include <ipcx/ipcx.h>

#define RW	(IPCX_RIGHT_READ | IPCX_RIGHT_WRITE)

static struct ipcx_region *make(const char *name, size_t bytes)
{
	struct ipcx_region *r = NULL;

	assert_int_equal(ipcx_region_create(name, bytes, NULL, &r), 0);
	return r;
}

static char *map(struct ipcx_region *r, uint32_t rights)
{
	void *address = NULL;

	assert_int_equal(ipcx_region_map(r, rights, 0, 0, &address), 0);
	return address;
}

static struct ipcx_stat stat_of(int fd)
{
	struct ipcx_stat st = { .size = sizeof(st) };

	assert_int_equal(ipcx_stat(fd, &st), 0);
	return st;
}

static void size_is_rounded_up_to_pages(void **state)
{
	struct ipcx_region *r = make(NULL, 1);

	(void)state;
	assert_int_equal(ipcx_region_size(r), PAGE);
	ipcx_region_close(r);
	r = make(NULL, PAGE + 1);
	assert_int_equal(ipcx_region_size(r), 2 * PAGE);
	assert_int_equal(stat_of(ipcx_region_fd(r)).bytes, 2 * PAGE);
	ipcx_region_close(r);
	assert_int_equal(ipcx_region_create(NULL, 0, NULL, &r), -EINVAL);
}

static void options_reach_the_module(void **state)
{
	struct ipcx_region_options options = {
		.size = sizeof(options),
		.flags = IPCX_CREATE_PERSIST | IPCX_REGION_SPARSE,
		.mode = 0640,
		.rights = IPCX_RIGHT_READ,
	};
	struct ipcx_region *r;
	struct ipcx_stat st;

	(void)state;
	r = make("defaults", PAGE);
	st = stat_of(ipcx_region_fd(r));
	assert_int_equal(st.mode, 0600);
	assert_int_equal(st.create_flags, 0);
	assert_int_equal(st.rights, IPCX_RIGHTS_REGION);
	ipcx_region_close(r);
	assert_int_equal(ipcx_region_open("defaults", 0, &r), -ENOENT);

	assert_int_equal(ipcx_region_create("kept", PAGE, &options, &r), 0);
	st = stat_of(ipcx_region_fd(r));
	assert_int_equal(st.mode, 0640);
	assert_int_equal(st.create_flags, options.flags);
	assert_int_equal(st.rights, IPCX_RIGHT_READ);
	assert_string_equal(st.name, "kept");
	ipcx_region_close(r);

	options.flags |= IPCX_CREATE_EXCL;
	assert_int_equal(ipcx_region_create("kept", PAGE, &options, &r), -EEXIST);
	options.flags = 1U << 31;
	assert_int_equal(ipcx_region_create(NULL, PAGE, &options, &r), -EINVAL);
	assert_int_equal(ipcx_region_open("kept", 0, &r), 0);
	ipcx_region_close(r);
	assert_int_equal(ipcx_unlink("kept", IPCX_KIND_REGION), 0);
	assert_int_equal(ipcx_unlink("kept", IPCX_KIND_REGION), -ENOENT);
}

static void two_processes_see_the_same_memory(void **state)
{
	struct ipcx_region *r = make("shared", 2 * PAGE);
	char *memory = map(r, RW);
	pid_t pid;

	(void)state;
	strcpy(memory, "from the parent");
	pid = child_fork();
	if (!pid) {
		struct ipcx_region *mine;
		char *peer;

		assert_int_equal(ipcx_region_open("shared", RW, &mine), 0);
		peer = map(mine, RW);
		assert_string_equal(peer, "from the parent");
		strcpy(peer + PAGE, "from the child");
		child_done();
	}
	child_ok(pid);
	assert_string_equal(memory + PAGE, "from the child");
	munmap(memory, 2 * PAGE);
	ipcx_region_close(r);
}

static void reader_cannot_write(void **state)
{
	struct ipcx_region *r = make("read", PAGE), *reader;
	char *memory = map(r, RW), *view;
	void *address = NULL;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(ipcx_region_open("read", IPCX_RIGHT_READ, &reader), 0);
	assert_int_equal(ipcx_region_map(reader, RW, 0, 0, &address), -EACCES);
	assert_null(address);
	view = map(reader, IPCX_RIGHT_READ);
	assert_int_equal(mprotect(view, PAGE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);

	pid = child_fork();
	if (!pid) {
		*(volatile char *)view = 1;
		child_done();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);

	strcpy(memory, "written");
	assert_string_equal(view, "written");
	munmap(view, PAGE);
	munmap(memory, PAGE);
	ipcx_region_close(reader);
	ipcx_region_close(r);
}

static void part_of_a_region_is_mapped(void **state)
{
	struct ipcx_region *r = make(NULL, 4 * PAGE);
	char *all = map(r, RW);
	void *part = NULL;

	(void)state;
	strcpy(all + 2 * PAGE, "third page");
	assert_int_equal(ipcx_region_map(r, IPCX_RIGHT_READ, 2 * PAGE, PAGE,
					 &part), 0);
	assert_string_equal(part, "third page");
	munmap(part, PAGE);
	assert_int_equal(ipcx_region_map(r, IPCX_RIGHT_READ, 2 * PAGE, 0,
					 &part), 0);
	munmap(part, 2 * PAGE);

	part = NULL;
	assert_int_equal(ipcx_region_map(r, RW, PAGE, 4 * PAGE, &part), -EINVAL);
	assert_int_equal(ipcx_region_map(r, RW, 4 * PAGE, 0, &part), -EINVAL);
	assert_int_equal(ipcx_region_map(r, RW, 4 * PAGE, PAGE, &part), -EINVAL);
	assert_int_equal(ipcx_region_map(r, RW, 1, PAGE, &part), -EINVAL);
	assert_int_equal(ipcx_region_map(r, RW, PAGE, SIZE_MAX, &part), -EINVAL);
	assert_int_equal(ipcx_region_map(r, IPCX_RIGHT_WRITE, 0, 0, &part),
			 -EINVAL);
	assert_int_equal(ipcx_region_map(r, 0, 0, 0, &part), -EINVAL);
	assert_null(part);
	munmap(all, 4 * PAGE);
	ipcx_region_close(r);
}

static void mapping_outlives_handle_and_name(void **state)
{
	struct ipcx_region *r = make("gone", PAGE);
	char *memory = map(r, RW);

	(void)state;
	assert_int_equal(ipcx_unlink("gone", IPCX_KIND_ANY), 0);
	ipcx_region_close(r);
	strcpy(memory, "still here");
	assert_string_equal(memory, "still here");
	munmap(memory, PAGE);
}

static void handle_works_after_fork(void **state)
{
	struct ipcx_region *r = make(NULL, PAGE);
	char *memory = map(r, RW);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		strcpy(map(r, RW), "mapped by the child");
		ipcx_region_close(r);
		child_done();
	}
	child_ok(pid);
	assert_string_equal(memory, "mapped by the child");
	munmap(memory, PAGE);
	ipcx_region_close(r);
}

static void descriptor_is_taken_over_on_success_only(void **state)
{
	int before = open_fds();
	int region = region_create(NULL, PAGE, 0, 0600);
	int other = queue(NULL, .slots = 1);
	struct ipcx_region *r = NULL;

	(void)state;
	assert_int_equal(ipcx_region_from_fd(other, &r), -EPROTOTYPE);
	assert_int_equal(ipcx_region_from_fd(ctl, &r), -ENOTTY);
	assert_null(r);
	assert_int_equal(close(other), 0);

	assert_int_equal(ipcx_region_from_fd(region, &r), 0);
	assert_int_equal(ipcx_region_fd(r), region);
	assert_int_equal(fcntl(region, F_GETFD), FD_CLOEXEC);
	ipcx_region_close(r);
	assert_int_equal(open_fds(), before);
}

static void narrower_descriptor_cannot_be_widened(void **state)
{
	struct ipcx_region *r = make(NULL, PAGE), *reader;
	int fd = ipcx_reopen(ipcx_region_fd(r), IPCX_RIGHT_READ);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ipcx_reopen(fd, RW), -EACCES);
	assert_int_equal(ipcx_reopen(fd, 0), -EINVAL);
	assert_int_equal(stat_of(fd).rights, IPCX_RIGHT_READ);
	assert_int_equal(ipcx_region_from_fd(fd, &reader), 0);
	munmap(map(reader, IPCX_RIGHT_READ), PAGE);
	ipcx_region_close(reader);
	ipcx_region_close(r);
}

static void names_are_checked(void **state)
{
	char name[IPCX_NAME_MAX + 2];
	struct ipcx_region *r = NULL;

	(void)state;
	assert_int_equal(ipcx_region_create("", PAGE, NULL, &r), -EINVAL);
	assert_int_equal(ipcx_region_create("a/b", PAGE, NULL, &r), -EINVAL);
	assert_int_equal(ipcx_open(NULL, IPCX_KIND_ANY, 0), -EINVAL);
	assert_int_equal(ipcx_unlink(NULL, IPCX_KIND_ANY), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[IPCX_NAME_MAX + 1] = 0;
	assert_int_equal(ipcx_region_create(name, PAGE, NULL, &r), -ENAMETOOLONG);
	assert_null(r);
	name[IPCX_NAME_MAX] = 0;
	ipcx_region_close(make(name, PAGE));
}

static void strangers_are_kept_out(void **state)
{
	struct ipcx_region *r = make("private", PAGE);
	pid_t pid = child_fork();

	(void)state;
	if (!pid) {
		struct ipcx_stat st = { .size = sizeof(st) };
		struct ipcx_region *mine;

		become(NOBODY, NOBODY);
		assert_int_equal(ipcx_region_open("private", 0, &mine), -EACCES);
		assert_int_equal(ipcx_unlink("private", IPCX_KIND_ANY), -EPERM);
		assert_int_equal(ipcx_list_next(&st), 0);
		child_done();
	}
	child_ok(pid);
	ipcx_region_close(r);
}

static void resized_while_nobody_maps_it(void **state)
{
	struct ipcx_region *r = make(NULL, PAGE);
	void *mem = NULL;

	(void)state;
	assert_int_equal(ipcx_region_resize(r, 2 * PAGE + 1), 0);
	assert_int_equal(ipcx_region_size(r), 3 * PAGE);
	assert_int_equal(ipcx_region_map(r, RW, 0, 0, &mem), 0);
	assert_int_equal(ipcx_region_resize(r, PAGE), -EBUSY);
	munmap(mem, 3 * PAGE);
	assert_int_equal(ipcx_region_resize(r, PAGE), 0);
	assert_int_equal(ipcx_region_size(r), PAGE);
	ipcx_region_close(r);
}

static void sealed_region_is_read_only(void **state)
{
	struct ipcx_region *r = make(NULL, PAGE);
	void *mem = NULL;

	(void)state;
	assert_int_equal(ipcx_region_map(r, RW, 0, 0, &mem), 0);
	assert_int_equal(ipcx_region_seal(r, IPCX_SEAL_READONLY), -EBUSY);
	munmap(mem, PAGE);
	assert_int_equal(ipcx_region_seal(r, IPCX_SEAL_READONLY), 0);
	assert_int_equal(stat_of(ipcx_region_fd(r)).seals, IPCX_SEAL_READONLY);
	assert_int_equal(ipcx_region_map(r, RW, 0, 0, &mem), -EPERM);
	assert_int_equal(ipcx_region_map(r, IPCX_RIGHT_READ, 0, 0, &mem), 0);
	munmap(mem, PAGE);
	ipcx_region_close(r);
}

static void region_over_a_file_shows_it(void **state)
{
	char path[] = "/tmp/region.XXXXXX", back[3] = "";
	int fd = mkstemp(path);
	struct ipcx_region *r = NULL;
	char *mem = NULL;

	(void)state;
	assert_int_equal(ipcx_region_create_file(NULL, -1, 0, NULL, &r), -EBADF);
	assert_int_equal(ipcx_region_create_file(NULL, fd, 0, NULL, &r), -EINVAL);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(ipcx_region_create_file(NULL, fd, 0, NULL, &r), 0);
	assert_int_equal(ipcx_region_size(r), PAGE);
	assert_int_equal(ipcx_region_map(r, RW, 0, 0, (void **)&mem), 0);
	assert_memory_equal(mem, "abc", 4);
	mem[1] = 'B';
	assert_int_equal(pread(fd, back, 3, 0), 3);
	assert_memory_equal(back, "aBc", 3);
	munmap(mem, PAGE);
	ipcx_region_close(r);
	close(fd);
	unlink(path);
}

static void mode_decides_for_the_next_to_open(void **state)
{
	struct ipcx_region *r = make("a", PAGE);
	int fd = ipcx_region_fd(r);

	(void)state;
	assert_int_equal(ipcx_setattr(fd, IPCX_SET_MODE, 0640, 0, 0), 0);
	assert_int_equal(stat_of(fd).mode, 0640);
	assert_int_equal(ipcx_setattr(fd, 0, 0, 0, 0), -EINVAL);
	ipcx_region_close(r);
}

static void query_tells_the_module(void **state)
{
	struct ipcx_query query = { .size = sizeof(query) };

	(void)state;
	assert_int_equal(ipcx_query(&query), 0);
	assert_int_equal(query.abi_version, IPCX_ABI_VERSION);
	assert_int_equal(query.name_max, IPCX_NAME_MAX);
	assert_true(query.features & IPCX_FEATURE_REGION);
	assert_int_equal(query.batch_max, IPCX_BATCH_MAX);
}

static void list_shows_every_object_once(void **state)
{
	struct ipcx_region *a = make("a", PAGE), *b = make(NULL, PAGE);
	struct ipcx_queue *c = NULL;
	struct ipcx_stat st = { .size = sizeof(st) };

	(void)state;
	assert_int_equal(ipcx_queue_create("c", 1, 1, NULL, &c), 0);
	assert_int_equal(ipcx_list_next(&st), 1);
	assert_int_equal(st.id, stat_of(ipcx_region_fd(a)).id);
	assert_int_equal(st.kind, IPCX_KIND_REGION);
	assert_string_equal(st.name, "a");
	/* What goes in between does not disturb the order. */
	ipcx_region_close(a);
	assert_int_equal(ipcx_list_next(&st), 1);
	assert_int_equal(st.id, stat_of(ipcx_region_fd(b)).id);
	assert_string_equal(st.name, "");
	assert_int_equal(ipcx_list_next(&st), 1);
	assert_int_equal(st.id, stat_of(ipcx_queue_fd(c)).id);
	assert_int_equal(st.kind, IPCX_KIND_QUEUE);
	assert_int_equal(ipcx_list_next(&st), 0);
	ipcx_region_close(b);
	ipcx_queue_close(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_rounded_up_to_pages),
		cmocka_unit_test(options_reach_the_module),
		cmocka_unit_test(two_processes_see_the_same_memory),
		cmocka_unit_test(reader_cannot_write),
		cmocka_unit_test(part_of_a_region_is_mapped),
		cmocka_unit_test(mapping_outlives_handle_and_name),
		cmocka_unit_test(handle_works_after_fork),
		cmocka_unit_test(descriptor_is_taken_over_on_success_only),
		cmocka_unit_test(narrower_descriptor_cannot_be_widened),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(strangers_are_kept_out),
		cmocka_unit_test(resized_while_nobody_maps_it),
		cmocka_unit_test(sealed_region_is_read_only),
		cmocka_unit_test(region_over_a_file_shows_it),
		cmocka_unit_test(mode_decides_for_the_next_to_open),
		cmocka_unit_test(query_tells_the_module),
		cmocka_unit_test(list_shows_every_object_once),
	};

	return guest_run(tests);
}
