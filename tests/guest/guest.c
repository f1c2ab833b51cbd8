// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

#include <libkmod.h>
#include <sys/socket.h>
#include <syslog.h>

int ctl = -1;
bool guest_unload_failed;

int module_load(void)
{
	const char *path = getenv("IPCX_MODULE");
	struct kmod_module *mod;
	struct kmod_ctx *ctx;
	int rc;

	if (!path) {
		print_error("IPCX_MODULE is not set: name the file of the module\n");
		return -ENOENT;
	}
	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	rc = kmod_module_new_from_path(ctx, path, &mod);
	if (rc == 0) {
		rc = kmod_module_insert_module(mod, 0, NULL);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	return rc;
}

int module_unload(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_module *mod;
	int rc;

	if (!ctx)
		return -ENOMEM;
	/* A refusal is for the caller to judge: it may be what is tested. */
	kmod_set_log_priority(ctx, LOG_CRIT);
	rc = kmod_module_new_from_name(ctx, "ipcx", &mod);
	if (rc == 0) {
		rc = kmod_module_remove_module(mod, 0);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	return rc;
}

bool module_loaded(void)
{
	return access("/sys/module/ipcx", F_OK) == 0;
}

int guest_setup(void **state)
{
	int rc;

	(void)state;
	/* A program that failed in the same guest may have left it behind. */
	if (module_loaded())
		module_unload();
	rc = module_load();
	if (rc) {
		print_error("cannot load the module: %s\n", strerror(-rc));
		return -1;
	}
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	if (ctl < 0) {
		print_error("cannot open /dev/ipcx: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

int guest_teardown(void **state)
{
	int rc;

	(void)state;
	close(ctl);
	/* The kernel repairs what a dead attachment held in a worker of its own. */
	if (wait_until((rc = module_unload()) != -EAGAIN, LONG_ENOUGH) && !rc)
		return 0;
	print_error("cannot unload the module: %s\n", strerror(-rc));
	guest_unload_failed = true;
	return -1;
}

void send_fd(int sock, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = { 0 };
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = u.buf,
			      .msg_controllen = sizeof(u.buf) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	assert_int_equal(sendmsg(sock, &msg, 0), 1);
}

int receive_fd(int sock)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = u.buf,
			      .msg_controllen = sizeof(u.buf) };
	int fd;

	assert_int_equal(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), 1);
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

int call(int fd, unsigned long cmd, void *arg)
{
	int rc = ioctl(fd, cmd, arg);

	return rc < 0 ? -errno : rc;
}

void every_ioctl_has_a_row(int region, int queue, bool (*has_row)(unsigned long cmd))
{
	for (unsigned int i = 0; i < 4 * 256; i++) {
		unsigned long cmd = _IOC(i / 256, IPCX_IOC_MAGIC, i % 256, 0);
		bool known = call(ctl, cmd, NULL) != -ENOTTY ||
			     call(region, cmd, NULL) != -ENOTTY ||
			     call(queue, cmd, NULL) != -ENOTTY;

		if (known != has_row(cmd))
			fail_msg("ioctl %#lx: %s", cmd,
				 known ? "has no row" : "is none");
	}
}

static uint32_t name_len(const char *name)
{
	return name ? (uint32_t)strlen(name) : 0;
}

int region_create(const char *name, uint64_t bytes, uint32_t flags,
		  uint32_t mode)
{
	struct ipcx_region_create arg = {
		.size = sizeof(arg), .flags = flags, .name = (uintptr_t)name,
		.name_len = name_len(name), .mode = mode, .bytes = bytes,
	};

	return call(ctl, IPCX_IOC_REGION_CREATE, &arg);
}

int queue_create(const char *name, const struct shape *shape)
{
	struct ipcx_queue_create arg = {
		.size = sizeof(arg), .flags = shape->flags,
		.name = (uintptr_t)name, .name_len = name_len(name),
		.mode = shape->mode ? shape->mode : 0600,
		.slots = shape->slots ? shape->slots : 4,
		.slot_size = shape->slot_size ? shape->slot_size : 64,
		.lanes = shape->lanes ? shape->lanes : 1,
		.rights = shape->rights,
	};

	return call(ctl, IPCX_IOC_QUEUE_CREATE, &arg);
}

int object_open(const char *name, uint32_t kind, uint32_t rights)
{
	struct ipcx_open arg = {
		.size = sizeof(arg), .name = (uintptr_t)name,
		.name_len = name_len(name), .kind = kind, .rights = rights,
	};

	return call(ctl, IPCX_IOC_OPEN, &arg);
}

int object_unlink(const char *name)
{
	struct ipcx_unlink arg = {
		.size = sizeof(arg), .name = (uintptr_t)name,
		.name_len = name_len(name),
	};

	return call(ctl, IPCX_IOC_UNLINK, &arg);
}

int object_reopen(int fd, uint32_t rights)
{
	struct ipcx_reopen arg = { .size = sizeof(arg), .rights = rights };

	return call(fd, IPCX_IOC_REOPEN, &arg);
}

struct ipcx_stat object_stat(int fd)
{
	struct ipcx_stat st;

	memset(&st, POISON, sizeof(st));
	st.size = sizeof(st);
	st.flags = 0;
	assert_int_equal(call(fd, IPCX_IOC_STAT, &st), 0);
	return st;
}

void assert_woken(uint64_t start, uint64_t deadline)
{
	bool bounded = deadline > start &&
		       deadline - start > LONG_ENOUGH * 1000000ULL / 2;

	if (bounded && now_ns() >= deadline)
		fail_msg("woken by nothing but the deadline");
}

int transfer(int fd, unsigned long cmd, struct ipcx_msg *msgs, uint32_t count,
	     uint64_t deadline)
{
	uint64_t start = now_ns();
	struct ipcx_transfer arg = {
		.size = sizeof(arg), .msgs = (uintptr_t)msgs, .count = count,
		.msg_size = sizeof(*msgs), .deadline_ns = deadline,
	};
	int rc = call(fd, cmd, &arg);

	if (rc > 0)
		assert_woken(start, deadline);
	return rc;
}

int send_msg(int fd, uint32_t lane, const void *buf, uint32_t len,
	     uint64_t deadline)
{
	struct ipcx_msg msg = {
		.buf = (uintptr_t)buf, .len = len, .lane = lane,
	};

	return transfer(fd, IPCX_IOC_SEND, &msg, 1, deadline);
}

int recv_msg(int fd, void *buf, uint32_t room, struct ipcx_msg *msg,
	     uint64_t deadline)
{
	struct ipcx_msg poisoned;
	int rc;

	memset(&poisoned, POISON, sizeof(poisoned));
	poisoned.buf = (uintptr_t)buf;
	poisoned.len = room;
	poisoned.pad = 0;
	poisoned.fds = 0;
	poisoned.fd_count = 0;
	poisoned.fd_pad = 0;
	*msg = poisoned;

	rc = transfer(fd, IPCX_IOC_RECV, msg, 1, deadline);
	if (rc < 0)
		assert_memory_equal(msg, &poisoned, sizeof(poisoned));
	return rc;
}

int send_u32(int fd, uint32_t value, uint64_t deadline)
{
	return send_msg(fd, 0, &value, sizeof(value), deadline);
}

int recv_u32(int fd, uint32_t *value, uint64_t deadline)
{
	struct ipcx_stat st = object_stat(fd);
	uint8_t buf[st.slot_size];
	struct ipcx_msg msg;
	int rc;

	memset(buf, POISON, sizeof(buf));
	rc = recv_msg(fd, buf, sizeof(buf), &msg, deadline);
	if (rc == 1) {
		assert_int_equal(msg.len, sizeof(*value));
		memcpy(value, buf, sizeof(*value));
	}
	return rc;
}

void expect_u32(int fd, uint32_t expected)
{
	uint32_t value = 0;

	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), 1);
	assert_int_equal(value, expected);
}

void expect_empty(int fd)
{
	uint32_t value;

	assert_int_equal(recv_u32(fd, &value, IPCX_NO_WAIT), -EAGAIN);
}

int queue_wait(int fd, uint32_t dir, uint32_t lane, uint64_t deadline)
{
	uint64_t start = now_ns();
	struct ipcx_wait arg = {
		.size = sizeof(arg), .dir = dir, .lane = lane,
		.deadline_ns = deadline,
	};
	int rc = call(fd, IPCX_IOC_WAIT, &arg);

	if (!rc)
		assert_woken(start, deadline);
	return rc;
}

short poll_now(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_not_equal(poll(&p, 1, 0), -1);
	return p.revents;
}

short poll_long(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t start = now_ns();

	assert_int_equal(poll(&p, 1, LONG_ENOUGH), 1);
	assert_woken(start, start + LONG_ENOUGH * 1000000ULL);
	return p.revents;
}
