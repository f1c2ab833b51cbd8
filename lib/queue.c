// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handles of queues: making, attaching, closing. message.c moves messages. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ipcx/device.h>

#include "file_queue.h"
#include "queue.h"
#include "wait.h"

#define SLOTS_LARGEST	(1U << 31)

int queue_ioctl(const struct ipcx_queue *queue, unsigned long cmd, void *arg)
{
	return KERNEL(ioctl, queue->fd, cmd, arg);
}

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/*
 * Sleepers look for themselves, so there is nothing to be done about a failure,
 * and a message that is published stays published.
 */
static void wake(void *arg, unsigned int dirs)
{
	struct ipcx_queue *queue = arg;

	SYSCALL(ioctl(queue->fd, IPCX_IOC_WAKE, dirs));
}

/*
 * A child finds its copy of the handle, but the ring's mapping is not inherited,
 * and something else may lie at its address.
 */
long map_attachment_page(void)
{
	size_t size = page_size();
	long page = SYSCALL(mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	long ret;

	if (page < 0)
		return page;
	ret = SYSCALL(madvise((void *)page, size, MADV_WIPEONFORK));
	if (ret < 0) {
		SYSCALL(munmap((void *)page, size));
		return ret;
	}
	return page;
}

void unmap_attachment_page(const uint32_t *page)
{
	SYSCALL(munmap((void *)page, page_size()));
}

static int map_ring(struct ipcx_queue *queue, const struct ipcx_kpage *kpage,
		    uint32_t *attachment)
{
	bool broadcast = kpage->queue_flags & IPCX_QUEUE_BROADCAST;
	/* Who only receives broadcasts may not write, and need not. */
	int prot = broadcast && !(queue->rights & IPCX_RIGHT_SEND) ?
		   PROT_READ : PROT_READ | PROT_WRITE;
	size_t bytes = kpage->ring_bytes;
	long ring = SYSCALL(mmap(NULL, bytes, prot, MAP_SHARED, queue->fd,
				 IPCX_MMAP_RING));
	long ret;

	if (ring < 0)
		return ring;
	ret = ring_init(&queue->ring, kpage, (void *)ring, bytes);
	if (!ret)
		ret = SYSCALL(ioctl(queue->fd, IPCX_IOC_ATTACHMENT, 0));
	if (ret < 0) {
		SYSCALL(munmap((void *)ring, bytes));
		return ret;
	}
	queue->ring.wake = wake;
	queue->ring.wake_arg = queue;
	queue->ring_bytes = bytes;
	if (broadcast)
		ring_subscribe(&queue->ring, &queue->subscriber);
	*attachment = ret;
	queue->attachment = attachment;
	return 0;
}

static int attach(struct ipcx_queue *queue)
{
	long attachment = map_attachment_page();
	long kpage;
	int ret;

	if (attachment < 0)
		return attachment;
	kpage = SYSCALL(mmap(NULL, page_size(), PROT_READ, MAP_SHARED,
			     queue->fd, IPCX_MMAP_KPAGE));
	if (kpage < 0) {
		ret = kpage;
		goto err_attachment;
	}
	ret = map_ring(queue, (const struct ipcx_kpage *)kpage,
		       (uint32_t *)attachment);
	if (ret < 0)
		goto err_kpage;
	return 0;

err_kpage:
	SYSCALL(munmap((void *)kpage, page_size()));
err_attachment:
	unmap_attachment_page((uint32_t *)attachment);
	return ret;
}

static void detach(struct ipcx_queue *queue)
{
	if (*queue->attachment != IPCX_OWNER_NONE) {
		SYSCALL(munmap(queue->ring.shared, queue->ring_bytes));
		SYSCALL(munmap((void *)queue->ring.kpage, page_size()));
	}
	unmap_attachment_page(queue->attachment);
}

int ipcx_queue_from_fd(int fd, struct ipcx_queue **queue)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };
	struct ipcx_queue *handle;
	int ret = ipcx_stat(fd, &stat);

	if (ret < 0)
		return ret;
	if (stat.kind != IPCX_KIND_QUEUE)
		return -EPROTOTYPE;
	handle = malloc(sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	*handle = (struct ipcx_queue) {
		.fd = fd,
		.rights = stat.rights,
		.slots = stat.slots,
		.slot_size = stat.slot_size,
		.lanes = stat.lanes,
		.told = UINT64_MAX,
	};
	if (stat.rights & IPCX_RIGHT_MAP) {
		ret = attach(handle);
		if (ret < 0) {
			free(handle);
			return ret;
		}
	}
	*queue = handle;
	return 0;
}

/* A descriptor just made, or -errno: the handle for it, or nothing left of it. */
static int adopt(int fd, struct ipcx_queue **queue)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = ipcx_queue_from_fd(fd, queue);
	if (ret < 0)
		SYSCALL(close(fd));
	return ret;
}

int ipcx_queue_create(const char *name, uint32_t slots, uint32_t slot_size,
		      const struct ipcx_queue_options *options,
		      struct ipcx_queue **queue)
{
	struct ipcx_queue_options opt = { .size = sizeof(opt) };
	struct ipcx_queue_create arg;
	int ret = copy_options(&opt, sizeof(opt), options);

	if (ret < 0)
		return ret;
	if (slots > SLOTS_LARGEST)
		return -EFBIG;
	/* Round up; 0 and 1 stay, and 0 is for the module to refuse. */
	if (slots > 1)
		slots = 1U << (32 - __builtin_clz(slots - 1));
	arg = (struct ipcx_queue_create) {
		.size = sizeof(arg),
		.flags = opt.flags,
		.name = (uintptr_t)name,
		.name_len = name_len(name),
		.mode = opt.mode ? opt.mode : DEFAULT_MODE,
		.slots = slots,
		.slot_size = slot_size,
		.lanes = opt.lanes ? opt.lanes : 1,
		.rights = opt.rights,
	};
	return adopt(device_ioctl(IPCX_IOC_QUEUE_CREATE, &arg), queue);
}

int ipcx_queue_open(const char *name, uint32_t rights,
		    struct ipcx_queue **queue)
{
	return adopt(ipcx_open(name, IPCX_KIND_QUEUE, rights), queue);
}

void ipcx_queue_close(struct ipcx_queue *queue)
{
	if (!queue)
		return;
	if (queue->file)
		file_queue_detach(queue);
	else if (queue->attachment)
		detach(queue);
	SYSCALL(close(queue->fd));
	free(queue);
}

int ipcx_queue_fd(const struct ipcx_queue *queue)
{
	/* No handle is really constant; who only looks at it may say so. */
	__atomic_store_n(&((struct ipcx_queue *)queue)->polled, true,
			 __ATOMIC_RELAXED);
	return queue->fd;
}

uint32_t ipcx_queue_slots(const struct ipcx_queue *queue)
{
	return queue->slots;
}

uint32_t ipcx_queue_slot_size(const struct ipcx_queue *queue)
{
	return queue->slot_size;
}

uint32_t ipcx_queue_lanes(const struct ipcx_queue *queue)
{
	return queue->lanes;
}

bool ipcx_queue_is_mapped(const struct ipcx_queue *queue)
{
	return queue->attachment;
}

uint64_t ipcx_queue_missed(const struct ipcx_queue *queue)
{
	return __atomic_load_n(&queue->subscriber.missed, __ATOMIC_RELAXED);
}

void ipcx_queue_set_spin(struct ipcx_queue *queue, uint32_t looks)
{
	__atomic_store_n(&queue->spin, looks, __ATOMIC_RELAXED);
}
