// SPDX-License-Identifier: GPL-2.0-only
#include "mapped.h"

static uint64_t load(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool cas(__u64 *word, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void mapped_open(struct mapped *m, int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
			  IPCX_MMAP_KPAGE);
	void *ring;
	int me;

	assert_ptr_not_equal(page, MAP_FAILED);
	m->kpage = page;
	assert_int_equal(m->kpage->version, IPCX_RING_VERSION);
	ring = mmap(NULL, m->kpage->ring_bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, IPCX_MMAP_RING);
	assert_ptr_not_equal(ring, MAP_FAILED);
	m->ring = ring;
	m->fd = fd;
	me = mapped_attachment(fd);
	assert_in_range(me, IPCX_OWNER_FIRST, IPCX_OWNER_LAST);
	m->me = (uint32_t)me;
}

void mapped_close(struct mapped *m)
{
	assert_int_equal(munmap(m->ring, m->kpage->ring_bytes), 0);
	assert_int_equal(munmap((void *)m->kpage, PAGE), 0);
}

int mapped_attachment(int fd)
{
	return call(fd, IPCX_IOC_ATTACHMENT, NULL);
}

struct ipcx_lane *mapped_lane(const struct mapped *m)
{
	return (void *)((char *)m->ring + IPCX_RING_LANES);
}

struct ipcx_slot *mapped_slot(const struct mapped *m, uint64_t ticket)
{
	return (void *)((char *)m->ring + m->kpage->slots_offset +
			ticket % m->kpage->slots * m->kpage->stride);
}

uint64_t mapped_word(const struct mapped *m, uint64_t ticket)
{
	return load(&mapped_slot(m, ticket)->word);
}

static bool move(const struct mapped *m, uint64_t ticket, uint64_t from,
		 uint64_t to)
{
	return cas(&mapped_slot(m, ticket)->word, from, to);
}

static void wake(const struct mapped *m, unsigned int dir)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&m->kpage->count[dir], __ATOMIC_RELAXED) ||
	    __atomic_load_n(&m->kpage->armed[dir], __ATOMIC_RELAXED))
		assert_int_equal(call(m->fd, IPCX_IOC_WAKE,
				      (void *)(1UL << dir)), 0);
}

uint64_t mapped_claim_send(const struct mapped *m)
{
	__u64 *tail = &mapped_lane(m)->tail;

	for (;;) {
		uint64_t t = load(tail);
		uint64_t w = mapped_word(m, t);
		int64_t ahead = ipcx_ticket_diff(ipcx_ticket(w), t);

		if (w == ipcx_word(t, IPCX_OWNER_NONE, IPCX_FREE)) {
			if (!move(m, t, w, ipcx_word(t, m->me, IPCX_WRITING)))
				continue;
			cas(tail, t, ipcx_ticket_add(t, 1));
			return t;
		}
		if (ahead >= 0)
			cas(tail, t, ipcx_ticket_add(t, 1));
		else if (ipcx_state(w) != IPCX_ABORTED)
			return NO_TICKET;
		else if (move(m, t, w, ipcx_word(t, IPCX_OWNER_NONE, IPCX_FREE)))
			__atomic_fetch_add(&mapped_lane(m)->skipped, 1,
					   __ATOMIC_RELAXED);
	}
}

void mapped_commit(const struct mapped *m, uint64_t ticket, uint32_t value)
{
	struct ipcx_slot *slot = mapped_slot(m, ticket);

	memcpy(slot + 1, &value, sizeof(value));
	slot->len = sizeof(value);
	slot->sender = m->me;
	assert_true(move(m, ticket, ipcx_word(ticket, m->me, IPCX_WRITING),
			 ipcx_word(ticket, m->me, IPCX_READY)));
	wake(m, IPCX_DIR_RECV);
	if (m->kpage->queue_flags & IPCX_QUEUE_BROADCAST)
		wake(m, IPCX_DIR_SEND);
}

void mapped_abort(const struct mapped *m, uint64_t ticket)
{
	__atomic_fetch_add(&mapped_lane(m)->aborted, 1, __ATOMIC_RELAXED);
	assert_true(move(m, ticket, ipcx_word(ticket, m->me, IPCX_WRITING),
			 ipcx_word(ticket, m->me, IPCX_ABORTED)));
	wake(m, IPCX_DIR_RECV);
	wake(m, IPCX_DIR_SEND);
}

static uint64_t claim_returned(const struct mapped *m)
{
	uint64_t epoch = load(&m->kpage->ret_epoch);
	uint64_t done = load(&m->ring->ret_done);

	if (epoch == done)
		return NO_TICKET;
	for (uint32_t i = 0; i < m->kpage->slots; i++) {
		uint64_t w = mapped_word(m, i);
		uint64_t ticket = ipcx_ticket(w);

		if (ipcx_state(w) == IPCX_RETURNED &&
		    move(m, i, w, ipcx_word(ticket, m->me, IPCX_READING)))
			return ticket;
	}
	cas(&m->ring->ret_done, done, epoch);
	return NO_TICKET;
}

uint64_t mapped_claim_recv(const struct mapped *m, bool *redelivered)
{
	__u64 *head = &mapped_lane(m)->head;
	uint64_t returned = claim_returned(m);

	*redelivered = returned != NO_TICKET;
	if (*redelivered)
		return returned;
	for (;;) {
		uint64_t h = load(head);
		uint64_t w = mapped_word(m, h);
		uint64_t next = ipcx_ticket_add(h, m->kpage->slots);

		if (ipcx_ticket(w) != h) {
			if (ipcx_ticket_diff(ipcx_ticket(w), h) < 0)
				return NO_TICKET;
			cas(head, h, ipcx_ticket_add(h, 1));
			continue;
		}
		switch (ipcx_state(w)) {
		case IPCX_READY:
			if (!move(m, h, w, ipcx_word(h, m->me, IPCX_READING)))
				continue;
			cas(head, h, ipcx_ticket_add(h, 1));
			return h;
		case IPCX_ABORTED:
			if (move(m, h, w, ipcx_word(next, IPCX_OWNER_NONE,
						    IPCX_FREE)))
				__atomic_fetch_add(&mapped_lane(m)->skipped, 1,
						   __ATOMIC_RELAXED);
			cas(head, h, ipcx_ticket_add(h, 1));
			wake(m, IPCX_DIR_SEND);
			continue;
		case IPCX_READING:
		case IPCX_RETURNED:
			cas(head, h, ipcx_ticket_add(h, 1));
			continue;
		default:
			return NO_TICKET;
		}
	}
}

uint32_t mapped_value(const struct mapped *m, uint64_t ticket)
{
	const struct ipcx_slot *slot = mapped_slot(m, ticket);
	uint32_t value;

	assert_int_equal(slot->len, sizeof(value));
	memcpy(&value, slot + 1, sizeof(value));
	return value;
}

void mapped_release(const struct mapped *m, uint64_t ticket)
{
	uint64_t next = ipcx_ticket_add(ticket, m->kpage->slots);

	assert_true(move(m, ticket, ipcx_word(ticket, m->me, IPCX_READING),
			 ipcx_word(next, IPCX_OWNER_NONE, IPCX_FREE)));
	wake(m, IPCX_DIR_SEND);
}

int mapped_send_u32(const struct mapped *m, uint32_t value, uint64_t deadline)
{
	uint64_t ticket;
	int rc;

	while ((ticket = mapped_claim_send(m)) == NO_TICKET) {
		rc = queue_wait(m->fd, IPCX_DIR_SEND, 0, deadline);
		if (rc)
			return rc;
	}
	mapped_commit(m, ticket, value);
	return 1;
}

int mapped_recv_u32(const struct mapped *m, uint32_t *value, uint64_t deadline)
{
	bool redelivered;
	uint64_t ticket;
	int rc;

	while ((ticket = mapped_claim_recv(m, &redelivered)) == NO_TICKET) {
		rc = queue_wait(m->fd, IPCX_DIR_RECV, 0, deadline);
		if (rc)
			return rc;
	}
	*value = mapped_value(m, ticket);
	mapped_release(m, ticket);
	return 1;
}
