// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every byte of the memory that the module hands out is what the ABI says,
 * though it was full of something else before.
 */
#include "dirty.h"
#include "mapped.h"
#include "region.h"

#define MIB	(1024 * 1024UL)

static void assert_zero(const void *mem, size_t from, size_t to, const char *what)
{
	const uint8_t *bytes = mem;

	/* Quick, if each is as its neighbour. */
	if (!bytes[from] && !memcmp(bytes + from, bytes + from + 1, to - from - 1))
		return;
	for (size_t i = from; i < to; i++)
		if (bytes[i])
			fail_msg("%s, byte %zu: %#x", what, i, bytes[i]);
}

static void check_region(uint32_t flags, const char *what)
{
	int fd = region_create(NULL, MIB, flags, 0600);
	uint8_t *mem = map(fd, MIB, RW);

	assert_zero(mem, 0, MIB, what);
	memset(mem, DIRT, MIB);
	munmap(mem, MIB);
	close(fd);
}

static void test_new_regions(void **state)
{
	(void)state;
	dirty_memory();
	check_region(0, "region");
	check_region(IPCX_REGION_SPARSE, "sparse");
	check_region(IPCX_REGION_PREFAULT, "prefaulted");
	check_region(IPCX_REGION_LOCKED, "locked");
	check_region(IPCX_REGION_HUGE, "huge");
	check_region(0, "region after others");
}

static void test_resized_regions(void **state)
{
	int fd = region_create(NULL, MIB, 0, 0600);
	uint8_t *mem = map(fd, MIB, RW);

	(void)state;
	memset(mem, DIRT, MIB);
	munmap(mem, MIB);
	/* What was cut off does not come again. */
	assert_int_equal(region_resize(fd, PAGE), 0);
	assert_int_equal(region_resize(fd, 2 * MIB), 0);
	mem = map(fd, 2 * MIB, RW);
	assert_int_equal(mem[PAGE - 1], DIRT);
	assert_zero(mem, PAGE, 2 * MIB, "grown");
	munmap(mem, 2 * MIB);
	close(fd);
}

/* What a fresh ring holds that is not zero: the words of its slots. */
static void check_ring(const struct shape *shape, const char *what)
{
	int fd = queue_create(NULL, shape);
	const struct ipcx_kpage *k;
	struct mapped m;
	uint8_t *copy;

	mapped_open(&m, fd);
	k = m.kpage;
	assert_zero(k, offsetof(struct ipcx_kpage, pad0),
		    offsetof(struct ipcx_kpage, hangup), what);
	assert_zero(k, offsetof(struct ipcx_kpage, pad1), PAGE, what);
	copy = malloc(k->ring_bytes);
	memcpy(copy, m.ring, k->ring_bytes);
	for (uint64_t i = 0; i < (uint64_t)k->lanes * k->slots; i++) {
		uint8_t *slot = copy + k->slots_offset + i * k->stride;
		uint64_t word = ipcx_word(i % k->slots, IPCX_OWNER_NONE,
					  IPCX_FREE);

		assert_memory_equal(slot, &word, sizeof(word));
		memset(slot, 0, sizeof(word));
	}
	assert_zero(copy, 0, k->ring_bytes, what);
	free(copy);
	/* For who gets these pages next. */
	memset(m.ring, DIRT, k->ring_bytes);
	mapped_close(&m);
	close(fd);
}

static void test_new_rings(void **state)
{
	static const struct {
		const char *what;
		struct shape shape;
	} rings[] = {
		{ "small", { .slots = 1, .slot_size = 1 } },
		{ "pages", { .slots = 64, .slot_size = 4000 } },
		{ "lanes", { .slots = 8, .slot_size = 100, .lanes = 32 } },
		{ "drops", { .slots = 8, .flags = IPCX_QUEUE_DROP_OLDEST } },
		{ "broadcast", { .slots = 8, .flags = IPCX_QUEUE_BROADCAST } },
	};

	(void)state;
	dirty_memory();
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rings); i++) {
		struct shape shape = rings[i / 2].shape;

		shape.flags |= IPCX_QUEUE_MAPPABLE;
		check_ring(&shape, rings[i / 2].what);
	}
}

/* Into a slot goes the message and no more. */
static void test_slot_beyond_its_message(void **state)
{
	int fd = queue(NULL, .slots = 2, .flags = IPCX_QUEUE_MAPPABLE);
	uint8_t message[2 * 64];
	struct mapped m;

	(void)state;
	dirty_memory();
	memset(message, DIRT, sizeof(message));
	for (uint32_t len = 0; len <= 64; len += 13) {
		char *slot;

		mapped_open(&m, fd);
		slot = (char *)(mapped_slot(&m, 0) + 1);
		memset(slot, 0, 64);
		assert_int_equal(send_msg(fd, 0, message, len, 0), 1);
		assert_memory_equal(slot, message, len);
		assert_zero(slot, len, 65, "slot");
		mapped_close(&m);
		close(fd);
		fd = queue(NULL, .slots = 2, .flags = IPCX_QUEUE_MAPPABLE);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_regions),
		cmocka_unit_test(test_resized_regions),
		cmocka_unit_test(test_new_rings),
		cmocka_unit_test(test_slot_beyond_its_message),
	};

	return guest_run(tests);
}
