// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"
#include "futex.h"
#include "queue.h"
#include "shm_queue.h"

#define HANDLES	2

/**
 * struct shm_queue - a queue and what the module would keep of it
 * @kpage: the kernel's page, alone in its page as there
 * @wakes: grows with every WAKE, by direction; what sleepers sleep on
 * @attachment: of the two handles
 * @handle: the handles
 * @bytes: of all this and the ring behind it
 * @ring: the ring
 */
struct shm_queue {
	struct ipcx_kpage kpage __attribute__((aligned(4096)));
	uint32_t wakes[2] __attribute__((aligned(4096)));
	uint32_t attachment[HANDLES];
	struct ipcx_queue handle[HANDLES];
	size_t bytes;
	char ring[] __attribute__((aligned(4096)));
};

/* Handles by descriptor, so that ioctl() finds its queue. */
#define QUEUES_MAX	16
#define FIRST_FD	(1 << 20)

static struct shm_queue *queues[QUEUES_MAX];

static void wake(void *arg, unsigned int dirs)
{
	struct ipcx_queue *queue = arg;

	ioctl(queue->fd, IPCX_IOC_WAKE, dirs);
}

struct shm_queue *shm_queue_make(uint32_t slots, uint32_t slot_size)
{
	uint32_t stride = (sizeof(struct ipcx_slot) + slot_size +
			   IPCX_SLOT_ALIGN - 1) & -IPCX_SLOT_ALIGN;
	uint64_t offset = IPCX_RING_LANES + sizeof(struct ipcx_lane);
	uint64_t ring_bytes = offset + (uint64_t)slots * stride;
	size_t bytes = sizeof(struct shm_queue) + ring_bytes;
	struct shm_queue *shm = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE,
				     -1, 0);
	int nr = 0;

	check(shm != MAP_FAILED, "mmap");
	while (queues[nr])
		check(++nr < QUEUES_MAX, "too many queues");
	queues[nr] = shm;
	shm->bytes = bytes;
	shm->kpage = (struct ipcx_kpage) {
		.version = IPCX_RING_VERSION,
		.lanes = 1,
		.slots = slots,
		.slot_size = slot_size,
		.stride = stride,
		.slots_offset = offset,
		.ring_bytes = ring_bytes,
	};
	for (uint64_t i = 0; i < slots; i++) {
		struct ipcx_slot *slot = (void *)(shm->ring + offset + i * stride);

		slot->word = ipcx_word(i, IPCX_OWNER_NONE, IPCX_FREE);
	}
	for (int i = 0; i < HANDLES; i++) {
		struct ipcx_queue *handle = &shm->handle[i];

		shm->attachment[i] = IPCX_OWNER_FIRST + i;
		*handle = (struct ipcx_queue) {
			.fd = FIRST_FD + nr,
			.rights = IPCX_RIGHTS_QUEUE,
			.slots = slots,
			.slot_size = slot_size,
			.lanes = 1,
			.attachment = &shm->attachment[i],
		};
		check(!ring_init(&handle->ring, &shm->kpage, shm->ring,
				 ring_bytes), "ring_init");
		handle->ring.wake = wake;
		handle->ring.wake_arg = handle;
	}
	return shm;
}

struct ipcx_queue *shm_queue_as(struct shm_queue *shm, unsigned int who)
{
	return &shm->handle[who];
}

void shm_queue_free(struct shm_queue *shm)
{
	for (int i = 0; i < QUEUES_MAX; i++)
		if (queues[i] == shm)
			queues[i] = NULL;
	munmap(shm, shm->bytes);
}

static uint64_t word_at(const struct ring *ring, uint64_t ticket)
{
	size_t index = ticket & (ring->lane_slots - 1);
	const struct ipcx_slot *slot = (void *)(ring->slots + index * ring->stride);

	return __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
}

/* The module's ipcx_can_send() and ipcx_can_recv(), where nobody dies. */
static bool usable(const struct ring *ring, uint32_t dir)
{
	uint64_t hint = __atomic_load_n(dir == IPCX_DIR_SEND ?
					&ring->lane->tail : &ring->lane->head,
					__ATOMIC_RELAXED);
	uint64_t word = word_at(ring, hint);
	int64_t ahead = ipcx_ticket_diff(ipcx_ticket(word), hint);

	if (dir == IPCX_DIR_SEND)
		return ahead != -(int64_t)ring->lane_slots;
	return ahead > 0 || (!ahead && ipcx_state(word) != IPCX_FREE &&
			     ipcx_state(word) != IPCX_WRITING);
}

static void sleep_in(struct shm_queue *shm, uint32_t dir)
{
	const struct ring *ring = &shm->handle[0].ring;
	uint32_t seen;

	for (;;) {
		seen = __atomic_load_n(&shm->wakes[dir], __ATOMIC_ACQUIRE);
		/* A full barrier before the look, as in the module. */
		__atomic_fetch_add(&shm->kpage.count[dir], 1, __ATOMIC_SEQ_CST);
		if (usable(ring, dir))
			return;
		futex_wait(&shm->wakes[dir], seen);
	}
}

/*
 * As in the module, who is woken no longer counts. Who did not go to sleep
 * after all does, here, until the next one wakes.
 */
static void wake_in(struct shm_queue *shm, unsigned int dirs)
{
	for (int dir = 0; dir < 2; dir++)
		if (dirs & (1U << dir)) {
			__atomic_store_n(&shm->kpage.count[dir], 0,
					 __ATOMIC_RELAXED);
			__atomic_fetch_add(&shm->wakes[dir], 1, __ATOMIC_SEQ_CST);
			futex_wake(&shm->wakes[dir]);
		}
}

/* The one that the library's objects in this program find. */
int ioctl(int fd, unsigned long cmd, ...)
{
	struct shm_queue *shm = queues[fd - FIRST_FD];
	va_list args;

	va_start(args, cmd);
	if (cmd == IPCX_IOC_WAIT)
		sleep_in(shm, va_arg(args, struct ipcx_wait *)->dir);
	else if (cmd == IPCX_IOC_WAKE)
		wake_in(shm, va_arg(args, unsigned int));
	else
		check(false, "ioctl");
	va_end(args);
	return 0;
}
