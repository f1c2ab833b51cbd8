// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules that hold for every ioctl: descriptors, sizes, flags, padding,
 * pointers. One rule, one test, over all ioctls.
 */
#include "abi.h"

static void rule_valid(const struct ioctl_case *c, enum on on)
{
	accepted(c, on, "valid use");
}

static void test_valid_use(void **state)
{
	(void)state;
	each_struct(rule_valid);
}

static void rule_kind(const struct ioctl_case *c, enum on on)
{
	refused(c, on, &mem->arg, -ENOTTY, "on another kind of descriptor");
}

static void test_wrong_kind_of_descriptor(void **state)
{
	(void)state;
	each_misplaced(rule_kind);
}

static void rule_flag(const struct ioctl_case *c, enum on on)
{
	mem->arg.head[1] = 1U << 31;
	refused(c, on, &mem->arg, -EINVAL, "unknown flag");
	/* The bits between those of all objects and those of one kind. */
	mem->arg.head[1] = 1U << 7;
	refused(c, on, &mem->arg, -EINVAL, "unknown flag");
}

static void test_unknown_flag(void **state)
{
	(void)state;
	each_struct(rule_flag);
}

static void rule_padding(const struct ioctl_case *c, enum on on)
{
	if (!c->pad)
		return;
	for (int bit = 0; bit < 32; bit += 31) {
		*(uint32_t *)(mem->arg.bytes + c->pad) = 1U << bit;
		refused(c, on, &mem->arg, -EINVAL, "padding");
	}
}

static void test_padding(void **state)
{
	(void)state;
	each_struct(rule_padding);
}

static void rule_too_small(const struct ioctl_case *c, enum on on)
{
	static const size_t less[] = { 1, 4, 8 };

	for (size_t i = 0; i < ARRAY_SIZE(less); i++) {
		mem->arg.head[0] = (c->first ? c->first : c->size) - less[i];
		refused(c, on, &mem->arg, -EINVAL, "size too small");
	}
	mem->arg.head[0] = 0;
	refused(c, on, &mem->arg, -EINVAL, "size 0");
}

static void test_size_too_small(void **state)
{
	(void)state;
	each_struct(rule_too_small);
}

static void rule_first_version(const struct ioctl_case *c, enum on on)
{
	uint8_t beyond[sizeof(struct ipcx_stat)];

	if (!c->first)
		return;
	memset(beyond, POISON, sizeof(beyond));
	mem->arg.head[0] = c->first;
	memcpy(mem->arg.bytes + c->first, beyond, c->size - c->first);
	accepted(c, on, "first version");
	assert_memory_equal(mem->arg.bytes + c->first, beyond,
			    c->size - c->first);
}

static void test_first_version(void **state)
{
	(void)state;
	each_struct(rule_first_version);
}

static void rule_larger(const struct ioctl_case *c, enum on on)
{
	struct ioctl_case newer = *c;

	/* The structure grows and with it the size in the command's number. */
	newer.cmd = _IOC(_IOC_DIR(c->cmd), _IOC_TYPE(c->cmd), _IOC_NR(c->cmd),
			 c->size + 24);
	mem->arg.head[0] = c->size + 24;
	accepted(&newer, on, "larger size, zero tail");
	for (size_t i = c->size; i < sizeof(mem->arg.bytes); i++)
		assert_int_equal(mem->arg.bytes[i], 0);
}

static void test_larger_size_zero_tail(void **state)
{
	(void)state;
	each_struct(rule_larger);
}

static void rule_too_large(const struct ioctl_case *c, enum on on)
{
	mem->arg.head[0] = c->size + 24;
	mem->arg.bytes[c->size + 23] = 1;
	refused(c, on, &mem->arg, -E2BIG, "larger size, last byte set");
	mem->arg.bytes[c->size + 23] = 0;
	mem->arg.bytes[c->size] = 1;
	refused(c, on, &mem->arg, -E2BIG, "larger size, first byte set");
	mem->arg.bytes[c->size] = 0;

	mem->arg.head[0] = PAGE + 1;
	refused(c, on, &mem->arg, -E2BIG, "size above a page");
	mem->arg.head[0] = UINT32_MAX;
	refused(c, on, &mem->arg, -E2BIG, "largest size");
}

static void test_size_too_large(void **state)
{
	(void)state;
	each_struct(rule_too_large);
}

static void rule_bad_struct(const struct ioctl_case *c, enum on on)
{
	uint8_t *straddling = forbidden - c->size + 4;

	for (size_t i = 0; i < ARRAY_SIZE(bad_pointers); i++)
		refused(c, on, bad_pointers[i], -EFAULT, "bad pointer");
	refused(c, on, forbidden, -EFAULT, "inaccessible struct");

	memmove(straddling, &mem->arg, c->size - 4);
	refused(c, on, straddling, -EFAULT, "struct half inaccessible");
}

static void test_bad_pointer(void **state)
{
	(void)state;
	each_struct(rule_bad_struct);
}

static void rule_read_only(const struct ioctl_case *c, enum on on)
{
	if (!c->writes)
		return;
	assert_int_equal(mprotect(mem, PAGE, PROT_READ), 0);
	refused(c, on, &mem->arg, -EFAULT, "read-only struct");
	assert_int_equal(mprotect(mem, PAGE, PROT_READ | PROT_WRITE), 0);
}

static void test_output_not_writable(void **state)
{
	(void)state;
	each_struct(rule_read_only);
}

static void rule_bad_nested(const struct ioctl_case *c, enum on on)
{
	uint64_t *pointer = (uint64_t *)(mem->arg.bytes + c->pointer);

	if (!c->pointer)
		return;
	/* Not the first: NULL says that there is no name. */
	for (size_t i = 1; i < ARRAY_SIZE(bad_pointers); i++) {
		*pointer = (uintptr_t)bad_pointers[i];
		refused(c, on, &mem->arg, -EFAULT, "bad pointer inside");
	}
	*pointer = (uintptr_t)forbidden;
	refused(c, on, &mem->arg, -EFAULT, "inaccessible pointer inside");
	*pointer = (uintptr_t)forbidden - 1;
	refused(c, on, &mem->arg, -EFAULT, "pointer inside half accessible");
}

static void test_bad_nested_pointer(void **state)
{
	(void)state;
	each_struct(rule_bad_nested);
}

static void test_unknown_command(void **state)
{
	static const unsigned long unknown[] = {
		_IO(IPCX_IOC_MAGIC, 0x7f),
		_IOWR(IPCX_IOC_MAGIC, 0x7f, struct ipcx_stat),
		_IOW(IPCX_IOC_MAGIC + 1, 0x01, struct ipcx_region_create),
		_IOW(IPCX_IOC_MAGIC, 0x48, struct ipcx_transfer),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct ioctl_case c = { .name = "unknown command",
					.cmd = unknown[i] };

		for (enum on on = 0; on < ON_NR; on++)
			with_fresh_objects(&c, on, rule_kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_use),
		cmocka_unit_test(test_wrong_kind_of_descriptor),
		cmocka_unit_test(test_unknown_flag),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_size_too_small),
		cmocka_unit_test(test_first_version),
		cmocka_unit_test(test_larger_size_zero_tail),
		cmocka_unit_test(test_size_too_large),
		cmocka_unit_test(test_bad_pointer),
		cmocka_unit_test(test_output_not_writable),
		cmocka_unit_test(test_bad_nested_pointer),
		cmocka_unit_test(test_unknown_command),
	};

	abi_init();
	return guest_run(tests);
}
