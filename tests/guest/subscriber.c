// SPDX-License-Identifier: GPL-2.0-only
#include "subscriber.h"

static uint64_t load(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool cas(__u64 *word, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

uint64_t mapped_claim_broadcast(const struct mapped *m)
{
	__u64 *tail = &mapped_lane(m)->tail;
	uint32_t left_out = 0;

	for (;;) {
		uint64_t t = load(tail);
		uint64_t w = mapped_word(m, t);
		int64_t ahead = ipcx_ticket_diff(ipcx_ticket(w), t);
		bool claimed = ipcx_state(w) == IPCX_WRITING;

		if (ahead > 0 || (!ahead && ipcx_state(w) != IPCX_FREE)) {
			cas(tail, t, ipcx_ticket_add(t, 1));
		} else if (ahead && claimed) {
			if (++left_out == m->kpage->slots)
				return NO_TICKET;
			if (cas(tail, t, ipcx_ticket_add(t, 1)))
				__atomic_fetch_add(&mapped_lane(m)->skipped, 1,
						   __ATOMIC_RELAXED);
		} else if (load(tail) == t &&
			   cas(&mapped_slot(m, t)->word, w,
			       ipcx_word(t, m->me, IPCX_WRITING))) {
			cas(tail, t, ipcx_ticket_add(t, 1));
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			return t;
		}
	}
}

int mapped_publish_u32(const struct mapped *m, uint32_t value)
{
	uint64_t ticket = mapped_claim_broadcast(m);

	if (ticket == NO_TICKET)
		return -EAGAIN;
	mapped_commit(m, ticket, value);
	return 1;
}

void subscriber_open(struct subscriber *s, int fd)
{
	struct mapped *m = &s->m;
	uint64_t tail;
	int me;

	m->kpage = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, IPCX_MMAP_KPAGE);
	assert_ptr_not_equal(m->kpage, MAP_FAILED);
	m->ring = mmap(NULL, m->kpage->ring_bytes, PROT_READ, MAP_SHARED, fd,
		       IPCX_MMAP_RING);
	assert_ptr_not_equal(m->ring, MAP_FAILED);
	me = mapped_attachment(fd);
	assert_in_range(me, IPCX_OWNER_FIRST, IPCX_OWNER_LAST);
	m->me = me;
	m->fd = fd;

	tail = load(&mapped_lane(m)->tail);
	s->cursor = tail < m->kpage->slots ? 0 : tail - m->kpage->slots;
	s->missed = 0;
	s->aborted = 0;
}

void subscriber_close(struct subscriber *s)
{
	mapped_close(&s->m);
}

int queue_wait_at(int fd, uint64_t ticket, uint64_t deadline)
{
	uint64_t start = now_ns();
	struct ipcx_wait arg = {
		.size = sizeof(arg), .flags = IPCX_WAIT_TICKET,
		.dir = IPCX_DIR_RECV, .ticket = ticket,
		.deadline_ns = deadline,
	};
	int rc = call(fd, IPCX_IOC_WAIT, &arg);

	if (!rc)
		assert_woken(start, deadline);
	return rc;
}

static void pass(struct subscriber *s, uint64_t missed)
{
	s->cursor = ipcx_ticket_add(s->cursor, missed);
	s->missed += missed;
}

/* One step: true with a message. */
static bool step(struct subscriber *s, uint32_t *value, bool *nothing)
{
	const struct mapped *m = &s->m;
	uint64_t c = s->cursor;
	uint64_t tail = load(&mapped_lane(m)->tail);
	const struct ipcx_slot *slot = mapped_slot(m, c);
	uint64_t w = mapped_word(m, c);
	int64_t ahead = ipcx_ticket_diff(ipcx_ticket(w), c);
	int64_t behind = ipcx_ticket_diff(tail, c);

	*nothing = false;
	if (ahead > 0) {
		pass(s, ahead - m->kpage->slots + 1);
	} else if (ahead < 0 && behind > 0) {
		pass(s, 1);
	} else if (ahead < 0) {
		*nothing = true;
	} else if (ipcx_state(w) == IPCX_READY) {
		*value = __atomic_load_n((const uint32_t *)(slot + 1),
					 __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (mapped_word(m, c) != w)
			return false;
		s->cursor = ipcx_ticket_add(c, 1);
		return true;
	} else if (ipcx_state(w) == IPCX_ABORTED) {
		s->cursor = ipcx_ticket_add(c, 1);
		s->aborted++;
	} else if (ipcx_state(w) == IPCX_WRITING &&
		   behind > (int64_t)m->kpage->slots) {
		pass(s, 1);
	} else {
		*nothing = true;
	}
	return false;
}

int subscriber_recv_u32(struct subscriber *s, uint32_t *value,
			uint64_t deadline)
{
	bool nothing;
	int rc;

	while (!step(s, value, &nothing)) {
		if (!nothing)
			continue;
		rc = queue_wait_at(s->m.fd, s->cursor, deadline);
		if (rc)
			return rc;
	}
	return 1;
}
