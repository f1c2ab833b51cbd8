// SPDX-License-Identifier: GPL-2.0-only
/* Calls that are not of the ABI alone, but reach the module. */
#include "actor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sealed_memfd(int seals)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, 3 * PAGE + 1) || fcntl(fd, F_ADD_SEALS, seals)))
		return fd;
	return fd;
}

static int open_other(const struct call *c)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_PATH };
	int fd;

	switch (c->a[0] % 8) {
	case 0:
		return open("/dev/ipcx", choose(modes, c->a[1]) | O_CLOEXEC);
	case 1:
		return sealed_memfd(F_SEAL_SHRINK | F_SEAL_GROW);
	case 2:
		return sealed_memfd(c->a[1] & 0x1f);
	case 3:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 4:
		return epoll_create1(EPOLL_CLOEXEC);
	case 5:
		return eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	default:
		fd = open("/dev/shm/fuzz", choose(modes, c->a[1]) | O_CREAT | O_CLOEXEC, 0666);
		if (fd >= 0 && c->a[2] & 1 && ftruncate(fd, c->a[3] % 4 * PAGE / 2))
			return fd;
		return fd;
	}
}

long do_OPEN_OTHER(const struct call *c)
{
	return handle_store(checked(open_other(c)), c->a[0] % 8 ? OTHER : DEVICE, c->a[6]);
}

long do_CLOSE(const struct call *c)
{
	struct handle *h = &choose(handles, c->fd);
	int fd = h->fd;

	if (!h->what)
		return -EBADF;
	*h = (struct handle) { .fd = -1 };
	return checked(close(fd));
}

long do_DUP(const struct call *c)
{
	struct handle *h = handle_pick(c->fd, NOTHING);

	if (h->fd < 0)
		return -EBADF;
	return handle_store(checked(fcntl(h->fd, F_DUPFD_CLOEXEC, 3)), h->what, c->a[0]);
}

long do_POLL(const struct call *c)
{
	struct pollfd fds[] = {
		{ handle_pick(c->fd, QUEUE)->fd, c->a[0], 0 },
		{ handle_pick(c->a[1], QUEUE)->fd, c->a[0] >> 1, 0 },
	};
	struct timespec limit = { 0, c->a[2] < 200 ? 0 : 300000 };

	return checked(ppoll(fds, 1 + c->a[3] % 2, &limit, NULL));
}

static int epoll_of(const struct call *c)
{
	struct handle *h = handle_pick(c->a[0], OTHER);

	if (h->what == OTHER)
		return h->fd;
	return handle_store(epoll_create1(EPOLL_CLOEXEC), OTHER, c->a[0]);
}

long do_EPOLL(const struct call *c)
{
	struct epoll_event event = { .events = c->a[2] | (uint32_t)c->a[3] << 24 }, events[4];
	int epoll = epoll_of(c);

	switch (c->a[1] % 4) {
	case 0:
		return checked(epoll_ctl(epoll, EPOLL_CTL_MOD, handle_pick(c->fd, QUEUE)->fd, &event));
	case 1:
		return checked(epoll_ctl(epoll, EPOLL_CTL_DEL, handle_pick(c->fd, QUEUE)->fd, NULL));
	case 2:
		return checked(epoll_wait(epoll, events, 4, c->a[2] / 200));
	default:
		return checked(epoll_ctl(epoll, EPOLL_CTL_ADD, handle_pick(c->fd, QUEUE)->fd, &event));
	}
}

/* What any descriptor can be asked for: to move its bytes. */
static long move_bytes(const struct call *c, int fd, int other)
{
	size_t size = c->a[2] * 32UL;
	void *buffer = memory_place(c->place, c->a[6], NULL, size);

	switch (c->a[0] / 2 % 10) {
	case 0:
		return checked(read(fd, buffer, size));
	case 1:
		return checked(write(fd, buffer, size));
	case 2:
		return checked(pread(fd, buffer, size, c->a[3]));
	case 3:
		return checked(pwrite(fd, buffer, size, c->a[3]));
	case 4:
		return checked(lseek(fd, c->a[2], c->a[3] % 5));
	case 5:
		return checked(ftruncate(fd, c->a[2] * 512UL));
	case 6:
		return checked(fallocate(fd, c->a[3] % 64, 0, size));
	case 7:
		return checked(sendfile(fd, other, NULL, size));
	case 8:
		return checked(copy_file_range(fd, NULL, other, NULL, size, 0));
	default:
		return checked(posix_fadvise(fd, 0, size, c->a[3] % 6));
	}
}

/* To tell or to change what it is. */
static long control(const struct call *c, int fd, int other)
{
	int on = c->a[2] & 1;
	struct stat st;

	switch (c->a[0] / 2 % 10) {
	case 0:
		return checked(fsync(fd));
	case 1:
		return checked(fstat(fd, &st));
	case 2:
		return checked(fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0));
	case 3:
		return checked(ioctl(fd, FIONBIO, &on));
	case 4:
		return checked(ioctl(fd, FIOASYNC, &on));
	case 5:
		return checked(fcntl(fd, F_ADD_SEALS, c->a[2] & 0x1f));
	case 6:
		return checked(fchmod(fd, 0600));
	case 7:
		return checked(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
	case 8:
		return checked(syscall(SYS_kcmp, getpid(), getpid(), 0, fd, other));
	default:
		return checked(fcntl(fd, F_GET_SEALS));
	}
}

long do_IO(const struct call *c)
{
	int fd = handle_pick(c->fd, NOTHING)->fd, other = handle_pick(c->a[1], NOTHING)->fd;

	return c->a[0] & 1 ? move_bytes(c, fd, other) : control(c, fd, other);
}

static long read_all(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = checked(read(fd, text, sizeof(text)));
	close(fd);
	return ret < 0 ? ret : 0;
}

/* A file of the n-th object that is there. */
static long read_of_object(uint8_t n, const char *file)
{
	static const char root[] = "/sys/kernel/debug/ipcx/objects";
	DIR *objects = opendir(root);
	struct dirent *entry;
	char path[600];
	long ret = -ENOENT;

	if (!objects)
		return ret;
	n %= 4;
	while ((entry = readdir(objects))) {
		if (*entry->d_name == '.' || n--)
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", root, entry->d_name, file);
		ret = read_all(path);
		break;
	}
	closedir(objects);
	return ret;
}

long do_DEBUGFS(const struct call *c)
{
	static const char *const of_object[] = { "stat", "attachments", "stuck" };
	static const char *const of_all[] = {
		"/sys/kernel/debug/ipcx/totals", "/sys/kernel/debug/ipcx/users",
		"/sys/kernel/debug/ipcx/limits", "/sys/kernel/debug/ipcx/version",
	};

	return c->a[0] & 1 ? read_all(choose(of_all, c->a[1])) :
			     read_of_object(c->a[2], choose(of_object, c->a[1]));
}

long do_FDINFO(const struct call *c)
{
	char path[64];

	if (c->a[0] > 220)
		return read_all("/proc/self/smaps");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", handle_pick(c->fd, QUEUE)->fd);
	return read_all(path);
}

/* A message with a descriptor, and what that is, as the receiver has to know it. */
struct parcel {
	uint8_t what;
	struct iovec iov;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg;
};

static struct cmsghdr *parcel_init(struct parcel *p, enum what what)
{
	*p = (struct parcel) {
		.what = what, .iov = { &p->what, 1 },
		.msg = {
			.msg_iov = &p->iov, .msg_iovlen = 1,
			.msg_control = &p->control, .msg_controllen = sizeof(p->control),
		},
	};
	return CMSG_FIRSTHDR(&p->msg);
}

long do_PASS(const struct call *c)
{
	struct handle *h = handle_pick(c->fd, NOTHING);
	struct parcel p;
	struct cmsghdr *cmsg = parcel_init(&p, h->what);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &h->fd, sizeof(int));
	return checked(sendmsg(mailbox[c->a[0] % ACTORS][1], &p.msg, MSG_DONTWAIT | MSG_NOSIGNAL));
}

long do_GET_PASSED(const struct call *c)
{
	struct parcel p;
	struct cmsghdr *cmsg;
	long ret;
	int fd;

	parcel_init(&p, OTHER);
	ret = checked(recvmsg(mailbox[c->fd % ACTORS][0], &p.msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
	if (ret < 0)
		return ret;
	cmsg = CMSG_FIRSTHDR(&p.msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return handle_store(fd, p.what, c->a[0]);
}

long do_BECOME(const struct call *c)
{
	static const uid_t uids[] = { 0, 1000, 65534, 0 };

	if (geteuid() && seteuid(0))
		return -errno;
	changed = true;
	return checked(seteuid(choose(uids, c->a[0])));
}

long do_NETNS(const struct call *c)
{
	changed = true;
	return checked(setns(netns[c->a[0] & 1], CLONE_NEWNET));
}

/* Room for few more descriptors, for none, or for many. */
long do_RLIMIT(const struct call *c)
{
	struct rlimit limit = { 4096, 4096 };

	changed = true;
	if (c->a[0] % 4)
		limit.rlim_cur = fcntl(device, F_DUPFD_CLOEXEC, 3);
	if (limit.rlim_cur != 4096) {
		close(limit.rlim_cur);
		limit.rlim_cur += c->a[0] % 4 - 1;
	}
	return checked(setrlimit(RLIMIT_NOFILE, &limit));
}

/* Of the module: obeyed by who is not privileged; the fuzzer sets them back. */
long do_LIMIT(const struct call *c)
{
	static const char *const names[] = { "max_objects", "max_bytes", "max_attachments" };
	static const char *const values[] = { "0", "1", "3", "8192", "100000000" };
	const char *value = choose(values, c->a[1]);
	char path[64];
	long ret;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/ipcx/parameters/%s", choose(names, c->a[0]));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	shared->limits_set = true;
	ret = checked(write(fd, value, strlen(value)));
	close(fd);
	return ret < 0 ? ret : 0;
}
