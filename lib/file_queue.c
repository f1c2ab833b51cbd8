// SPDX-License-Identifier: LGPL-2.1-or-later
/* Queues in files: making, opening, closing. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ipcx/device.h>

#include "file.h"
#include "file_layout.h"
#include "queue.h"
#include "sys.h"

#define SIDES		(IPCX_RIGHT_SEND | IPCX_RIGHT_RECV)
#define FLAGS		(IPCX_CREATE_EXCL | IPCX_QUEUE_DROP_OLDEST | \
			 FILE_QUEUE_KEEP | FILE_QUEUE_NO_CREATE)
#define SLOTS_LARGEST	(1U << 31)
#define SLOT_LARGEST	(1U << 30)

static void wake(void *arg, unsigned int dirs)
{
	file_wake(arg, dirs);
}

static int check_options(const struct file_queue_options *options)
{
	if (options->flags & ~FLAGS || options->mode & ~0777 ||
	    options->rights & ~SIDES || options->lanes > IPCX_LANES_MAX)
		return -EINVAL;
	if (options->slots > SLOTS_LARGEST || options->slot_size > SLOT_LARGEST)
		return -EFBIG;
	return 0;
}

static uint32_t round_up_slots(uint32_t slots)
{
	return slots > 1 ? 1U << (32 - __builtin_clz(slots - 1)) : slots;
}

/* As it is told in the file; -EFBIG. */
static int plan(const struct file_queue_options *options,
		struct ipcx_kpage *kpage)
{
	uint32_t slots = options->slots ? options->slots : FILE_QUEUE_SLOTS;
	uint32_t size = options->slot_size ? options->slot_size :
					     FILE_QUEUE_SLOT_SIZE;
	uint32_t lanes = options->lanes ? options->lanes : 1;
	uint32_t stride = (sizeof(struct ipcx_slot) + size +
			   IPCX_SLOT_ALIGN - 1) & -IPCX_SLOT_ALIGN;
	uint64_t offset = IPCX_RING_LANES + lanes * sizeof(struct ipcx_lane);
	uint64_t bytes;

	slots = round_up_slots(slots);
	if (__builtin_mul_overflow((uint64_t)lanes * slots, stride, &bytes) ||
	    bytes > INT64_MAX - offset - sizeof(struct file_header))
		return -EFBIG;
	*kpage = (struct ipcx_kpage) {
		.version = IPCX_RING_VERSION,
		.queue_flags = options->flags & IPCX_QUEUE_DROP_OLDEST,
		.lanes = lanes,
		.slots = slots,
		.slot_size = size,
		.stride = stride,
		.slots_offset = offset,
		.ring_bytes = offset + bytes,
	};
	return 0;
}

static size_t file_bytes(const struct ipcx_kpage *kpage)
{
	return sizeof(struct file_header) + kpage->ring_bytes;
}

/* @arg: the plan. The file is all zeros, and nobody else's yet. */
static int fill(int fd, const void *arg)
{
	const struct ipcx_kpage *kpage = arg;
	size_t bytes = file_bytes(kpage);
	long ret = SYSCALL(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, 0));
	struct file_header *header = (void *)ret;
	char *slots;

	if (ret < 0)
		return ret;
	header->magic = FILE_MAGIC;
	header->version = FILE_VERSION;
	header->kpage = *kpage;
	slots = (char *)(header + 1) + kpage->slots_offset;
	for (uint64_t i = 0; i < (uint64_t)kpage->lanes * kpage->slots; i++) {
		struct ipcx_slot *slot = (void *)(slots + i * kpage->stride);

		slot->word = ipcx_word(i & (kpage->slots - 1), IPCX_OWNER_NONE,
				       IPCX_FREE);
	}
	SYSCALL(munmap(header, bytes));
	return 0;
}

static int open_there(const char *path, size_t *bytes)
{
	int fd = file_open(path, IPCX_RIGHT_READ | IPCX_RIGHT_WRITE, O_NOFOLLOW,
			   bytes);

	/* No regular file. */
	return fd == -EINVAL || fd == -EISDIR ? -EPROTOTYPE : fd;
}

/* A descriptor of the file that is there, or of one just made. */
static int open_or_make(const char *path,
			const struct file_queue_options *options, size_t *bytes)
{
	struct ipcx_kpage kpage;
	int ret = plan(options, &kpage);

	if (ret < 0)
		return ret;
	/* Again only if another has made or removed it since the last look. */
	do {
		if (!(options->flags & IPCX_CREATE_EXCL)) {
			ret = open_there(path, bytes);
			if (ret != -ENOENT ||
			    options->flags & FILE_QUEUE_NO_CREATE)
				return ret;
		}
		*bytes = file_bytes(&kpage);
		ret = file_make(path, *bytes, 0, options->mode, fill, &kpage);
	} while (ret == -EEXIST && !(options->flags & IPCX_CREATE_EXCL));
	return ret;
}

static bool differs(uint32_t asked, uint32_t there)
{
	return asked && asked != there;
}

static bool is_as_asked(const struct ipcx_kpage *kpage,
			const struct file_queue_options *options)
{
	uint32_t asked = options->flags & IPCX_QUEUE_DROP_OLDEST;
	uint32_t there = kpage->queue_flags & IPCX_QUEUE_DROP_OLDEST;
	bool any = !options->slots && !options->slot_size && !options->lanes;

	return !differs(round_up_slots(options->slots), kpage->slots) &&
	       !differs(options->slot_size, kpage->slot_size) &&
	       !differs(options->lanes, kpage->lanes) &&
	       (any ? !(asked & ~there) : asked == there);
}

/*
 * The geometry is copied once, and then checked and used: the file is a peer's
 * to write.
 */
static int read_geometry(struct ipcx_queue *queue,
			 const struct file_queue_options *options)
{
	struct file_queue *file = queue->file;
	struct file_header *header = file->header;
	struct ipcx_kpage kpage = *(volatile struct ipcx_kpage *)&header->kpage;
	int ret;

	if (header->magic != FILE_MAGIC)
		return -EPROTOTYPE;
	if (header->version != FILE_VERSION ||
	    kpage.queue_flags & ~IPCX_QUEUE_DROP_OLDEST)
		return -EPROTO;
	ret = ring_init(&queue->ring, &kpage, header + 1,
			file->bytes - sizeof(*header));
	if (ret < 0)
		return ret;
	if (!is_as_asked(&kpage, options))
		return file_has_name(file) ? -EEXIST : -ESTALE;
	queue->ring.kpage = &header->kpage;
	queue->ring.wake = wake;
	queue->ring.wake_arg = file;
	queue->slots = kpage.slots;
	queue->slot_size = kpage.slot_size;
	queue->lanes = kpage.lanes;
	return 0;
}

static uint32_t my_pid_ns(void)
{
	struct stat ns;

	return SYSCALL(stat("/proc/self/ns/pid", &ns)) < 0 ? 0 : ns.st_ino;
}

/* The working directory can be another when the name is removed. */
static int full_path(const char *path, char **full)
{
	int before = errno;
	int ret = 0;

	*full = realpath(path, NULL);
	if (!*full)
		ret = errno == ENOENT ? -ESTALE : -errno;
	errno = before;
	return ret;
}

/* Not inherited: whoever is forked does not count, and must not touch it. */
static int map(struct file_queue *file)
{
	long ret;

	if (file->bytes < sizeof(struct file_header))
		return -EPROTOTYPE;
	ret = SYSCALL(mmap(NULL, file->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			   file->fd, 0));
	if (ret < 0)
		return ret;
	file->header = (void *)ret;
	ret = SYSCALL(madvise(file->header, file->bytes, MADV_DONTFORK));
	if (ret < 0)
		SYSCALL(munmap(file->header, file->bytes));
	return ret;
}

/* What is mapped becomes an attachment, and @queue its handle. */
static int join(struct ipcx_queue *queue,
		const struct file_queue_options *options)
{
	struct file_queue *file = queue->file;
	long page;
	int ret = read_geometry(queue, options);

	if (ret < 0)
		return ret;
	page = map_attachment_page();
	if (page < 0)
		return page;
	ret = file_attach(file, queue->rights & SIDES,
			  options->flags & FILE_QUEUE_KEEP,
			  options->deadline_ns);
	if (ret < 0) {
		unmap_attachment_page((uint32_t *)page);
		return ret;
	}
	file->looked = ipcx_deadline_after(0);
	*(uint32_t *)page = IPCX_OWNER_FIRST + file->index;
	queue->attachment = (uint32_t *)page;
	return 0;
}

/* The handle first: ipcx_queue_close() frees it. */
struct both {
	struct ipcx_queue queue;
	struct file_queue file;
};

static int make_handle(int fd, const char *path, size_t bytes,
		       const struct file_queue_options *options,
		       struct ipcx_queue **queue)
{
	struct both *both = malloc(sizeof(*both));
	int ret;

	if (!both)
		return -ENOMEM;
	both->queue = (struct ipcx_queue) {
		.fd = fd,
		.rights = IPCX_RIGHT_MAP |
			  (options->rights ? options->rights : SIDES),
		.file = &both->file,
	};
	both->file = (struct file_queue) {
		.fd = fd,
		.index = FILE_QUEUE_PEERS,
		.pid_ns = my_pid_ns(),
		.bytes = bytes,
		.ring = &both->queue.ring,
	};
	ret = full_path(path, &both->file.path);
	if (ret < 0)
		goto err_free;
	ret = map(&both->file);
	if (ret < 0)
		goto err_path;
	ret = join(&both->queue, options);
	if (ret < 0)
		goto err_map;
	*queue = &both->queue;
	return 0;

err_map:
	SYSCALL(munmap(both->file.header, bytes));
err_path:
	free(both->file.path);
err_free:
	free(both);
	return ret;
}

int file_queue_open(const char *path, const struct file_queue_options *options,
		    struct ipcx_queue **queue)
{
	size_t bytes = 0;
	int ret = check_options(options);

	if (ret < 0)
		return ret;
	/* -ESTALE: whoever was the last has removed it since we found it. */
	do {
		int fd = open_or_make(path, options, &bytes);

		if (fd < 0)
			return fd;
		ret = make_handle(fd, path, bytes, options, queue);
		if (ret < 0)
			SYSCALL(close(fd));
	} while (ret == -ESTALE);
	return ret;
}

void file_queue_detach(struct ipcx_queue *queue)
{
	struct file_queue *file = queue->file;

	/* A forked child has neither the mapping nor a part in the queue. */
	if (*queue->attachment != IPCX_OWNER_NONE) {
		file_detach(file);
		SYSCALL(munmap(file->header, file->bytes));
	}
	unmap_attachment_page(queue->attachment);
	free(file->path);
}

int file_queue_unlink(const char *path)
{
	uint64_t magic = 0;
	size_t bytes;
	int ret = file_open(path, IPCX_RIGHT_READ, O_NOFOLLOW, &bytes);

	if (ret < 0)
		return ret == -EINVAL ? -EPROTOTYPE : ret;
	if (SYSCALL(pread(ret, &magic, sizeof(magic),
			  offsetof(struct file_header, magic))) < 0)
		magic = 0;
	SYSCALL(close(ret));
	return magic == FILE_MAGIC ? SYSCALL(unlink(path)) : -EPROTOTYPE;
}
