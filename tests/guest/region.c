// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static uint8_t *map_as(int fd, size_t bytes, int prot, int flags)
{
	void *addr = mmap(NULL, bytes, prot, flags, fd, 0);

	if (addr == MAP_FAILED)
		fail_msg("mmap: %s", strerror(errno));
	return addr;
}

uint8_t *map(int fd, size_t bytes, int prot)
{
	return map_as(fd, bytes, prot, MAP_SHARED);
}

uint8_t *map_private(int fd, size_t bytes, int prot)
{
	return map_as(fd, bytes, prot, MAP_PRIVATE);
}

int map_error(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	void *addr = mmap(NULL, bytes, prot, flags, fd, offset);

	assert_ptr_equal(addr, MAP_FAILED);
	return -errno;
}

uint32_t mappings(int fd)
{
	return object_stat(fd).attachments;
}

static int signal_of(volatile uint8_t *addr, bool write)
{
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		if (write)
			*addr = 1;
		else
			(void)*addr;
		child_done();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int signal_of_read(volatile uint8_t *addr)
{
	return signal_of(addr, false);
}

int signal_of_write(volatile uint8_t *addr)
{
	return signal_of(addr, true);
}

int object_setattr(int fd, uint32_t flags, uint32_t mode, uint32_t uid,
		   uint32_t gid)
{
	struct ipcx_setattr arg = {
		.size = sizeof(arg), .flags = flags, .mode = mode,
		.uid = uid, .gid = gid,
	};

	return call(fd, IPCX_IOC_SETATTR, &arg);
}

int object_shutdown(const char *name)
{
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .flags = IPCX_UNLINK_SHUTDOWN,
		.name = (uintptr_t)name, .name_len = (uint32_t)strlen(name),
	};

	return call(ctl, IPCX_IOC_UNLINK, &arg);
}

int object_list(struct ipcx_stat *stats, uint32_t count, uint64_t after)
{
	struct ipcx_list arg = {
		.size = sizeof(arg), .after = after,
		.stats = (uintptr_t)stats, .count = count,
		.stat_size = sizeof(*stats),
	};

	memset(stats, POISON, count * sizeof(*stats));
	return call(ctl, IPCX_IOC_LIST, &arg);
}

bool object_listed(uint64_t id)
{
	struct ipcx_stat st;
	int rc = object_list(&st, 1, id - 1);

	assert_true(rc >= 0);
	return rc == 1 && st.id == id;
}

int region_resize(int fd, uint64_t bytes)
{
	struct ipcx_resize arg = { .size = sizeof(arg), .bytes = bytes };

	return call(fd, IPCX_IOC_RESIZE, &arg);
}

int region_seal(int fd, uint32_t seals)
{
	struct ipcx_seal arg = { .size = sizeof(arg), .seals = seals };

	return call(fd, IPCX_IOC_SEAL, &arg);
}

int region_over(const char *name, int file, uint64_t bytes, uint32_t mode)
{
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .flags = IPCX_REGION_FILE,
		.name = (uintptr_t)name,
		.name_len = name ? (uint32_t)strlen(name) : 0,
		.mode = mode, .bytes = bytes, .fd = (uint32_t)file,
	};

	return call(ctl, IPCX_IOC_REGION_CREATE, &arg);
}

void stat_unchanged(int fd, const struct ipcx_stat *before)
{
	struct ipcx_stat after = object_stat(fd);

	assert_memory_equal(&after, before, sizeof(after));
}

/* What stands behind "key " on its line, without the newline; false: no line. */
static bool fact_text(const char *path, const char *key, char *text, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t len = strlen(key);
	char line[512];
	bool found = false;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, len) || !strchr(" \t:", line[len]))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(text, room, "%s",
			 line + len + strspn(line + len, " \t:"));
		found = true;
	}
	fclose(file);
	return found;
}

uint64_t fact(const char *path, const char *key)
{
	char text[256];

	if (!fact_text(path, key, text, sizeof(text)))
		fail_msg("%s has no line \"%s\"", path, key);
	return strtoull(text, NULL, 0);
}

bool fact_is(const char *path, const char *key, const char *text)
{
	char found[256];

	return fact_text(path, key, found, sizeof(found)) &&
	       !strcmp(found, text);
}

uint64_t user_count(uid_t uid, const char *what)
{
	char key[32], line[256], *at;

	snprintf(key, sizeof(key), "uid %u", uid);
	if (!fact_text("/sys/kernel/debug/ipcx/users", key, line, sizeof(line)))
		return 0;
	at = strstr(line, what);
	assert_non_null(at);
	return strtoull(at + strlen(what), NULL, 10);
}

uint64_t file_number(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long long number;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fscanf(file, "%llu", &number), 1);
	fclose(file);
	return number;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int rc;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	rc = n < 0 ? -errno : 0;
	close(fd);
	return rc;
}

bool asleep_in(pid_t pid, long syscall_nr)
{
	char path[64], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	/* "running" parses as no number. */
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return line[0] >= '0' && line[0] <= '9' &&
	       strtol(line, NULL, 10) == syscall_nr;
}

void keep_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)mask, .permitted = (uint32_t)mask },
		{ .effective = (uint32_t)(mask >> 32),
		  .permitted = (uint32_t)(mask >> 32) },
	};

	assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

void enter_user_namespace(int more)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	/* Who changed its ids may not write its own files in /proc. */
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
	assert_int_equal(unshare(CLONE_NEWUSER | more), 0);
	assert_int_equal(file_write("/proc/self/setgroups", "deny"), 0);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	assert_int_equal(file_write("/proc/self/uid_map", map), 0);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	assert_int_equal(file_write("/proc/self/gid_map", map), 0);
	assert_int_equal(setresgid(0, 0, 0), 0);
	assert_int_equal(setresuid(0, 0, 0), 0);
}

void reopen_ctl(void)
{
	close(ctl);
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	assert_true(ctl >= 0);
}
