// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of objects, and what their users write into them. */
#include "actor.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static size_t region_size(int fd)
{
	struct ipcx_stat stat = { .size = sizeof(stat) };

	return ioctl(fd, IPCX_IOC_STAT, &stat) ? PAGE : stat.bytes;
}

/* What a queue's kernel page tells: where things are in the ring, and how long that is. */
static size_t ring_of(int fd, struct geometry *ring)
{
	struct ipcx_kpage *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, IPCX_MMAP_KPAGE);
	size_t size;

	if (page == MAP_FAILED)
		return PAGE;
	*ring = (struct geometry) {
		.lanes = page->lanes, .slots = page->slots, .stride = page->stride,
		.slots_offset = page->slots_offset,
		.me = ioctl(fd, IPCX_IOC_ATTACHMENT, 0UL),
	};
	size = page->ring_bytes;
	munmap(page, PAGE);
	return size;
}

long do_MMAP(const struct call *c)
{
	static const uint32_t offsets[] = { 0, PAGE, 16 * PAGE, IPCX_MMAP_RING + PAGE };
	static const int protections[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_READ,
		PROT_WRITE, PROT_NONE, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE,
	};
	static const int more[] = { 0, 0, 0, MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE };
	const struct handle *h = handle_pick(c->fd, c->a[0] % 4 ? QUEUE : REGION);
	bool ring = h->what == QUEUE && c->a[0] % 4 != 1;
	struct mapping *m = &choose(mappings, c->a[1]);
	struct geometry geometry = { 0 };
	size_t size = ring ? ring_of(h->fd, &geometry) :
		      h->what == QUEUE ? PAGE : region_size(h->fd);
	off_t offset = c->a[2] < 240 ? (ring ? IPCX_MMAP_RING : 0) : choose(offsets, c->a[2]);
	int flags = choose(more, c->a[4]) | (c->a[4] < 230 ? MAP_SHARED : MAP_PRIVATE);
	void *address = memory_slot(c->a[1]);

	if (c->a[3] >= 200)
		size += (c->a[3] % 3 - 1) * PAGE;
	if (!size || size > MAPPING_BYTES)
		return -EINVAL;
	/* What lies elsewhere is not forgotten for something else. */
	if (m->address && (m->address != address || c->a[5] >= 200))
		return -EEXIST;
	if (c->a[5] < 200)
		flags |= MAP_FIXED;
	else
		address = NULL;
	address = (void *)checked(mmap(address, size, choose(protections, c->a[5] >> 3), flags,
				       h->fd, offset));
	if ((intptr_t)address < 0)
		return (intptr_t)address;
	*m = (struct mapping) { .address = address, .size = size };
	if (ring && offset == IPCX_MMAP_RING)
		m->ring = geometry;
	return 0;
}

static struct mapping *pick(const struct call *c)
{
	for (int n = 0; n < MAPPINGS; n++)
		if (choose(mappings, c->fd + n).address)
			return &choose(mappings, c->fd + n);
	return NULL;
}

/* All of a mapping, or a part of it; NULL if there is none. */
static struct mapping *pick_part(const struct call *c, uint8_t **from, size_t *size)
{
	struct mapping *m = pick(c);

	if (!m)
		return NULL;
	*from = m->address;
	*size = m->size;
	if (c->a[0] >= 128 && m->size > PAGE) {
		*from += c->a[1] % (m->size / PAGE) * PAGE;
		*size = m->address + m->size - *from;
		if (c->a[0] >= 192)
			*size = PAGE;
	}
	return m;
}

long do_MUNMAP(const struct call *c)
{
	uint8_t *from;
	size_t size;
	struct mapping *m = pick_part(c, &from, &size);
	long ret;

	if (!m)
		return -ENOENT;
	ret = checked(munmap(from, size));
	if (!ret && size == m->size)
		*m = (struct mapping) { 0 };
	return ret;
}

long do_MREMAP(const struct call *c)
{
	size_t size, new_size;
	uint8_t *from;
	struct mapping *m = pick_part(c, &from, &size), *to = &choose(mappings, c->a[2]);
	void *moved;

	if (!m)
		return -ENOENT;
	new_size = c->a[3] < 160 ? size : size + (c->a[3] % 3 - 1) * PAGE;
	if (!new_size || new_size > MAPPING_BYTES)
		return -EINVAL;
	if (c->a[4] & 1)
		return m->address == memory_slot(m - mappings) ?
		       checked(mremap(from, size, new_size, 0)) : -EBUSY;
	if (to == m || (to->address && to->address != memory_slot(c->a[2])))
		return -EBUSY;
	moved = (void *)checked(mremap(from, size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED |
				       (c->a[4] & 2 ? MREMAP_DONTUNMAP : 0),
				       memory_slot(c->a[2])));
	if ((intptr_t)moved < 0)
		return (intptr_t)moved;
	*to = (struct mapping) { .address = moved, .size = new_size, .ring = m->ring };
	return 0;
}

long do_MPROTECT(const struct call *c)
{
	uint8_t *from;
	size_t size;

	return !pick_part(c, &from, &size) ? -ENOENT : checked(mprotect(from, size, c->a[2] % 8));
}

long do_MADVISE(const struct call *c)
{
	uint8_t *from;
	size_t size;

	return !pick_part(c, &from, &size) ? -ENOENT : checked(madvise(from, size, c->a[2] % 26));
}

long do_MLOCK(const struct call *c)
{
	unsigned char in_core[MAPPING_BYTES / PAGE];
	uint8_t *from;
	size_t size;

	if (!pick_part(c, &from, &size))
		return -ENOENT;
	switch (c->a[2] % 6) {
	case 0:
		return checked(mlock(from, size));
	case 1:
		return checked(munlock(from, size));
	case 2:
		return checked(msync(from, size, MS_SYNC));
	case 3:
		return checked(mincore(from, size, in_core));
	case 4:
		return checked(remap_file_pages(from, size, 0, c->a[3] % 8, 0));
	default:
		return checked(mlock2(from, size, MLOCK_ONFAULT));
	}
}

long do_TOUCH(const struct call *c)
{
	struct mapping *m = pick(c);
	volatile uint8_t *byte;

	if (!m)
		return -ENOENT;
	byte = m->address + c->a[0] * 16UL % m->size;
	if (c->a[1] & 1)
		return may_fault(*byte = c->a[2]) ? 0 : -EFAULT;
	return may_fault((void)*byte) ? 0 : -EFAULT;
}

static uint64_t *word_at(const struct mapping *m, size_t offset)
{
	return (uint64_t *)(m->address + offset % m->size / 8 * 8);
}

/* The word of the slot that a ticket has, on some lane. */
static uint64_t *slot_of(const struct mapping *m, uint32_t lane, uint64_t ticket)
{
	const struct geometry *g = &m->ring;

	return word_at(m, g->slots_offset +
			  ((uint64_t)lane * g->slots + ticket % g->slots) * g->stride);
}

static struct ipcx_lane *lane_of(const struct mapping *m, uint32_t lane)
{
	return (struct ipcx_lane *)(m->address + IPCX_RING_LANES) + lane;
}

static const uint64_t garbage[] = {
	0, 1, ~0ULL, 1ULL << 63, 1ULL << 47, 0x0000ffffffffffff, 0xffffffffffff0000, 7, 6, 64,
};

/* Any word, or one that the protocol looks at, with what it does not expect. */
static void scribble(const struct call *c, const struct mapping *m)
{
	struct ipcx_lane *lane = lane_of(m, c->a[1] % m->ring.lanes);
	uint64_t *slot = slot_of(m, c->a[1] % m->ring.lanes, c->a[2]);
	uint64_t value = choose(garbage, c->a[3]);

	switch (c->a[0] % 8) {
	case 0:
		*word_at(m, c->a[2] * 8) = value;
		break;
	case 1:
		*slot = ipcx_word(c->a[2], c->a[4] % 8, c->a[3] % 8);
		break;
	case 2:
		*slot ^= 1ULL << c->a[3] % 64;
		break;
	case 3:
		slot[1] = value;	/* the length and the sender */
		break;
	case 4:
		lane->tail += (int8_t)c->a[3];
		break;
	case 5:
		lane->head += (int8_t)c->a[3];
		break;
	case 6:
		*(c->a[3] & 1 ? &lane->tail : &lane->head) = value;
		break;
	case 7:
		((struct ipcx_slot *)slot)->sender |= IPCX_SLOT_FDS;
		break;
	}
}

long do_SCRIBBLE(const struct call *c)
{
	struct mapping *m = pick(c);

	if (!m)
		return -ENOENT;
	if (!m->ring.lanes)
		return may_fault(*word_at(m, c->a[2] * 64) = choose(garbage, c->a[3])) ? 0 : -EFAULT;
	return may_fault(scribble(c, m)) ? 0 : -EFAULT;
}

/* A step of the protocol, which the next need not follow. */
static long claim(const struct call *c, const struct mapping *m)
{
	uint32_t lane = c->a[1] % m->ring.lanes;
	bool sends = c->a[0] % 2;
	struct ipcx_lane *hints = lane_of(m, lane);
	uint64_t ticket = ((sends ? hints->tail : hints->head) - c->a[2] / 128) & IPCX_TICKET_MASK;
	struct ipcx_slot *slot = (void *)slot_of(m, lane, ticket);
	uint64_t old = slot->word, new;
	uint32_t owner = c->a[3] < 240 ? m->ring.me : c->a[3];

	switch (ipcx_state(old)) {
	case IPCX_FREE:
		new = ipcx_word(ipcx_ticket(old), owner, IPCX_WRITING);
		break;
	case IPCX_WRITING:
		slot->len = c->a[4];
		slot->sender = owner;
		new = ipcx_word(ipcx_ticket(old), owner, c->a[5] & 7 ? IPCX_READY : IPCX_ABORTED);
		break;
	case IPCX_READY:
	case IPCX_RETURNED:
		new = ipcx_word(ipcx_ticket(old), owner, IPCX_READING);
		break;
	default:
		new = ipcx_word(ipcx_ticket_add(ipcx_ticket(old), m->ring.slots), 0, IPCX_FREE);
	}
	if (!__atomic_compare_exchange_n(&slot->word, &old, new, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return -EAGAIN;
	if (c->a[5] & 0x80)
		__atomic_fetch_add(sends ? &hints->tail : &hints->head, 1, __ATOMIC_SEQ_CST);
	return ipcx_state(new);
}

long do_CLAIM(const struct call *c)
{
	struct mapping *m = pick(c);
	long ret = -EFAULT;

	if (!m || !m->ring.lanes || m->ring.me < 0)
		return -ENOENT;
	return may_fault(ret = claim(c, m)) ? ret : -EFAULT;
}
