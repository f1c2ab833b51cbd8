// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where arguments lie: in the actor's own memory, before or across its end,
 * nowhere, in the kernel, or in mappings of the very objects that are called.
 */
#include "actor.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_BYTES	(256UL << 10)
#define AREA_BYTES	(MAPPINGS * MAPPING_BYTES)

struct mapping mappings[MAPPINGS];
sigjmp_buf *fault;

static uint8_t *arena, *arena_next;	/* an inaccessible page is behind it */
static uint8_t *area;			/* the addresses of all mappings */
static bool area_used;

static void *reserve(void *where, size_t size)
{
	void *memory = mmap(where, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			    MAP_NORESERVE | (where ? MAP_FIXED : 0), -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

void memory_init(void)
{
	arena = reserve(NULL, ARENA_BYTES + PAGE);
	if (mprotect(arena, ARENA_BYTES, PROT_READ | PROT_WRITE))
		die("mprotect");
	area = reserve(NULL, AREA_BYTES);
	memory_reuse();
}

void memory_reuse(void)
{
	arena_next = arena;
}

bool memory_copy(void *to, const void *from, size_t size)
{
	return may_fault(memcpy(to, from, size));
}

static void *in_arena(size_t size)
{
	uint8_t *here = arena_next;

	if (size > (size_t)(arena + ARENA_BYTES - PAGE - here))
		return arena;
	arena_next += (size + 7) & ~7UL;
	return here;
}

static void *in_mapping(uint8_t which, size_t offset)
{
	for (int n = 0; n < MAPPINGS; n++)
		if (mappings[(which + n) % MAPPINGS].address)
			return mappings[(which + n) % MAPPINGS].address + offset;
	return arena;
}

/* Most lie well. */
void *memory_place(uint8_t how, uint8_t which, const void *content, size_t size)
{
	uint8_t *end = arena + ARENA_BYTES;
	void *address;

	switch (how % 16) {
	default:
		address = in_arena(size);
		break;
	case 8:		/* over what else there is */
		address = arena;
		break;
	case 9:
		address = end - size;
		break;
	case 10:
		address = end - size / 2;
		break;
	case 11:
		address = NULL;
		break;
	case 12:
		address = (void *)(0xffff888000000000UL + which * 8);
		break;
	case 13:
		address = in_mapping(which, 0);
		break;
	case 14:
		address = in_arena(size + 1) + 1;
		break;
	case 15:
		address = in_mapping(which, IPCX_RING_LANES + which * 16);
		break;
	}
	if (content && (intptr_t)address > 0)
		memory_copy(address, content, size);
	return address;
}

uint8_t *memory_slot(uint8_t which)
{
	area_used = true;
	return area + which % MAPPINGS * MAPPING_BYTES;
}

/* Some the kernel found a place for, the others are in the area. */
void memory_unmap_all(void)
{
	for (int n = 0; n < MAPPINGS; n++) {
		struct mapping *m = &mappings[n];

		if (m->address && (m->address < area || m->address >= area + AREA_BYTES))
			munmap(m->address, m->size);
		*m = (struct mapping) { 0 };
	}
	if (area_used)
		reserve(area, AREA_BYTES);
	area_used = false;
}
