// SPDX-License-Identifier: GPL-2.0-only
/* What the fields of the ioctls may hold, field by field. */
#include "abi.h"

/* What a field other than the flags must not hold. */
struct bad_value {
	unsigned long cmd;
	size_t offset;
	size_t bytes;
	uint64_t value;
	int error;
};

#define BAD(n, type, member, v, e) \
	{ IPCX_IOC_##n, offsetof(type, member), \
	  sizeof(((type *)0)->member), v, e }

static const struct bad_value bad_values[] = {
	BAD(REGION_CREATE, struct ipcx_region_create, mode, 01000, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, bytes, 0, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, bytes, 1, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, bytes, PAGE + 1, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, bytes, -PAGE, -EFBIG),
	BAD(REGION_CREATE, struct ipcx_region_create, bytes, 1ULL << 63, -EFBIG),
	BAD(REGION_CREATE, struct ipcx_region_create, rights,
	    IPCX_RIGHT_SEND, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, rights, 1U << 31, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, flags, 1U << 13, -EINVAL),
	BAD(REGION_CREATE, struct ipcx_region_create, flags,
	    IPCX_REGION_SPARSE | IPCX_REGION_PREFAULT, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, mode, 01000, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, slots, 0, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, slots, 3, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, slots, 1U << 31, -EFBIG),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, slot_size, 0, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, slot_size, UINT32_MAX, -EFBIG),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, lanes, 0, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, lanes,
	    IPCX_LANES_MAX + 1, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, rights,
	    IPCX_RIGHT_READ, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, flags, 1U << 12, -EINVAL),
	BAD(QUEUE_CREATE, struct ipcx_queue_create, flags,
	    IPCX_QUEUE_BROADCAST | IPCX_QUEUE_DROP_OLDEST, -EINVAL),
	BAD(OPEN, struct ipcx_open, kind, 3, -EINVAL),
	BAD(OPEN, struct ipcx_open, rights, 1U << 6, -EINVAL),
	BAD(UNLINK, struct ipcx_unlink, kind, 3, -EINVAL),
	BAD(LIST, struct ipcx_list, count, 0, -EINVAL),
	BAD(LIST, struct ipcx_list, count, 1025, -EINVAL),
	BAD(LIST, struct ipcx_list, stat_size, 0, -EINVAL),
	BAD(LIST, struct ipcx_list, stat_size,
	    sizeof(struct ipcx_stat) - 8, -EINVAL),
	BAD(REOPEN, struct ipcx_reopen, rights, 0, -EINVAL),
	BAD(REOPEN, struct ipcx_reopen, rights, 1U << 6, -EINVAL),
	BAD(SETATTR, struct ipcx_setattr, flags, 0, -EINVAL),
	BAD(SETATTR, struct ipcx_setattr, mode, 01000, -EINVAL),
	BAD(RESIZE, struct ipcx_resize, bytes, 0, -EINVAL),
	BAD(RESIZE, struct ipcx_resize, bytes, PAGE + 1, -EINVAL),
	BAD(RESIZE, struct ipcx_resize, bytes, 1ULL << 63, -EFBIG),
	BAD(SEAL, struct ipcx_seal, seals, 0, -EINVAL),
	BAD(SEAL, struct ipcx_seal, seals, 4, -EINVAL),
	BAD(SEND, struct ipcx_transfer, count, 0, -EINVAL),
	BAD(SEND, struct ipcx_transfer, count, 1025, -EINVAL),
	BAD(SEND, struct ipcx_transfer, msg_size,
	    sizeof(struct ipcx_msg) - 8, -EINVAL),
	BAD(RECV, struct ipcx_transfer, count, 0, -EINVAL),
	BAD(RECV, struct ipcx_transfer, count, 1025, -EINVAL),
	BAD(RECV, struct ipcx_transfer, msg_size,
	    sizeof(struct ipcx_msg) - 8, -EINVAL),
	BAD(SEND, struct ipcx_transfer, flags, IPCX_RECV_PEEK, -EINVAL),
	BAD(RECV, struct ipcx_transfer, flags, IPCX_RECV_PEEK, -EINVAL),
	BAD(RECV, struct ipcx_transfer, flags, 2, -EINVAL),
	BAD(TAKE, struct ipcx_take, lane, 1, -EINVAL),
	BAD(TAKE, struct ipcx_take, ticket, 0, -ESTALE),
	BAD(TAKE, struct ipcx_take, ticket, 1ULL << 48 | 1, -ESTALE),
	BAD(TAKE, struct ipcx_take, fd_count, 0, -EMSGSIZE),
	BAD(WAIT, struct ipcx_wait, dir, 2, -EINVAL),
	BAD(WAIT, struct ipcx_wait, lane, 1, -EINVAL),
	BAD(WAIT, struct ipcx_wait, ticket, 1, -EINVAL),
	BAD(WAIT, struct ipcx_wait, flags, IPCX_WAIT_TICKET, -EINVAL),
	BAD(PEERS, struct ipcx_peers, count, 0, -EINVAL),
	BAD(PEERS, struct ipcx_peers, count, 1025, -EINVAL),
	BAD(PEERS, struct ipcx_peers, peer_size, 0, -EINVAL),
	BAD(PEERS, struct ipcx_peers, peer_size,
	    sizeof(struct ipcx_peer) + 8, -EINVAL),
	BAD(EVENTS, struct ipcx_events, count, 0, -EINVAL),
	BAD(EVENTS, struct ipcx_events, count, 1025, -EINVAL),
	BAD(EVENTS, struct ipcx_events, event_size, 0, -EINVAL),
	BAD(EVENTS, struct ipcx_events, event_size,
	    sizeof(struct ipcx_event) + 8, -EINVAL),
};

static void rule_bad_value(const struct ioctl_case *c, enum on on)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++) {
		const struct bad_value *bad = &bad_values[i];
		uint8_t *field = mem->arg.bytes + bad->offset;
		uint64_t good = 0;
		char why[64];

		if (bad->cmd != c->cmd)
			continue;
		memcpy(&good, field, bad->bytes);
		memcpy(field, &bad->value, bad->bytes);
		snprintf(why, sizeof(why), "field at %zu = %#llx", bad->offset,
			 (unsigned long long)bad->value);
		refused(c, on, &mem->arg, bad->error, why);
		memcpy(field, &good, bad->bytes);
	}
}

static void test_bad_values(void **state)
{
	(void)state;
	each_struct(rule_bad_value);
}

static void rule_bad_argument(const struct ioctl_case *c, enum on on)
{
	static void *const masks[] = {
		0, (void *)4UL, (void *)7UL, (void *)(1UL << 32 | 1),
	};

	if (c->cmd == IPCX_IOC_WAKE) {
		for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
			refused(c, on, masks[i], -EINVAL, "bad mask");
		for (uintptr_t mask = 1; mask <= 3; mask++)
			assert_int_equal(call(fds[on], c->cmd, (void *)mask), 0);
	} else if (c->cmd == IPCX_IOC_ATTACHMENT) {
		refused(c, on, (void *)1UL, -EINVAL, "with an argument");
		refused(c, on, NULL, -ENOTCONN, "not mapped");
	}
}

static void test_arguments_without_struct(void **state)
{
	(void)state;
	each_ioctl(rule_bad_argument);
}

/* Of a message to send, all but buf, len and lane must be 0. */
static void rule_bad_message(const struct ioctl_case *c, enum on on)
{
	static const size_t zero[] = {
		offsetof(struct ipcx_msg, flags),
		offsetof(struct ipcx_msg, sender),
		offsetof(struct ipcx_msg, pid),
		offsetof(struct ipcx_msg, uid),
		offsetof(struct ipcx_msg, gid),
		offsetof(struct ipcx_msg, pad),
		offsetof(struct ipcx_msg, ticket),
		offsetof(struct ipcx_msg, fd_pad),
		offsetof(struct ipcx_msg, missed),
	};

	for (size_t i = 0; c->cmd == IPCX_IOC_SEND && i < ARRAY_SIZE(zero); i++) {
		uint8_t *field = (uint8_t *)&mem->msg[0] + zero[i];

		*field = 1;
		refused(c, on, &mem->arg, -EINVAL, "message field not 0");
		*field = 0;
	}
	if (c->cmd == IPCX_IOC_SEND) {
		mem->msg[0].lane = 1;
		refused(c, on, &mem->arg, -EINVAL, "no such lane");
		mem->msg[0].lane = 0;
		mem->msg[0].len = SLOT_SIZE + 1;
		refused(c, on, &mem->arg, -EMSGSIZE, "message too long");
	}
	if (c->cmd == IPCX_IOC_RECV) {
		mem->msg[0].pad = 1;
		refused(c, on, &mem->arg, -EINVAL, "message padding");
		mem->msg[0].pad = 0;
		mem->msg[0].fd_pad = 1;
		refused(c, on, &mem->arg, -EINVAL, "message's second padding");
		mem->msg[0].fd_pad = 0;
		mem->msg[0].len = SLOT_SIZE - 1;
		refused(c, on, &mem->arg, -EMSGSIZE, "too little room");
	}
}

static void test_bad_messages(void **state)
{
	(void)state;
	each_struct(rule_bad_message);
}

static void rule_bad_buffer(const struct ioctl_case *c, enum on on)
{
	/* RECV learns it with the message in hand: see test_batch. */
	if (c->cmd != IPCX_IOC_SEND)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(bad_pointers); i++) {
		mem->msg[0].buf = (uintptr_t)bad_pointers[i];
		refused(c, on, &mem->arg, -EFAULT, "bad buffer");
	}
	mem->msg[0].buf = (uintptr_t)forbidden - SLOT_SIZE / 2;
	refused(c, on, &mem->arg, -EFAULT, "buffer half accessible");
}

static void test_bad_send_buffer(void **state)
{
	(void)state;
	each_struct(rule_bad_buffer);
}

static void test_query_values(void **state)
{
	struct ipcx_query q = { .size = sizeof(q) };

	(void)state;
	assert_int_equal(call(ctl, IPCX_IOC_QUERY, &q), 0);
	assert_int_equal(q.abi_version, IPCX_ABI_VERSION);
	assert_int_equal(q.name_max, IPCX_NAME_MAX);
	assert_int_equal(q.features, IPCX_FEATURE_REGION | IPCX_FEATURE_QUEUE |
				     IPCX_FEATURE_MAPPED | IPCX_FEATURE_HANGUP |
				     IPCX_FEATURE_HUGE | IPCX_FEATURE_FDS |
				     IPCX_FEATURE_BROADCAST | IPCX_FEATURE_EVENTS);
	assert_int_equal(q.lanes_max, IPCX_LANES_MAX);
	assert_int_equal(q.batch_max, 1024);
	assert_true(q.region_bytes_max >= PAGE);
	assert_true(q.queue_bytes_max >= PAGE);
	assert_true(q.slots_max >= 2);
	assert_in_range(q.attachments_max, 1, IPCX_OWNER_LAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_arguments_without_struct),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_bad_send_buffer),
		cmocka_unit_test(test_query_values),
	};

	abi_init();
	return guest_run(tests);
}
