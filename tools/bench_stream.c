// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams, one way. Channels keep the order of each sender's messages, so that the
 * last of each is an end, and one receiver is done when it has met them all. What
 * several receivers share is one queue, in the order of sending: there the ends, one
 * for each receiver, come when all senders are done.
 */
#include "bench_child.h"

void stream_send(struct job *job, struct link *link, unsigned int sender,
		 unsigned int run, struct turn *turn)
{
	struct limit limit = job_limit(job, run);
	uint64_t sent = 0;

	while (!limit_reached(&limit, sent))
		send_stamp(job, link, stamp(sent++, sender));
	turn->messages = turn->count[sender] = sent;
	turn->sum[sender] = sent & 1 ? (sent - 1) / 2 * sent : sent / 2 * (sent - 1);

	if (job->cell->shape.receivers == 1) {
		send_stamp(job, link, stamp(0, STAMP_END));
		return;
	}
	pthread_barrier_wait(&job->senders);
	for (unsigned int i = 0; !sender && i < job->cell->shape.receivers; i++)
		send_stamp(job, link, stamp(0, STAMP_END));
}

/*
 * One receiver gets each sender's messages one by one, several each a part of
 * them, in order. Of a short message only the low bits of its number are there.
 */
static void check_order(struct job *job, const struct turn *turn, const uint64_t *next,
			unsigned int sender, uint64_t got)
{
	uint64_t mask = stamp_mask(job->cell->size) >> STAMP_SENDER_BITS;
	uint64_t expected = next[sender] & mask;

	if (sender >= job->cell->shape.senders)
		job_give_up(job, FAILED, "a message came that nobody sent");
	if (job->cell->shape.receivers == 1 ? got == expected :
	    got >= expected || mask < UINT64_MAX >> STAMP_SENDER_BITS)
		return;
	job_give_up(job, FAILED,
		    "message %llu of sender %u came instead of %llu, after %llu good ones: it loses, repeats or mixes up messages",
		    (unsigned long long)got, sender, (unsigned long long)expected,
		    (unsigned long long)turn->messages);
}

void stream_receive(struct job *job, struct link *link, struct turn *turn)
{
	uint64_t next[SENDERS_MAX + 1] = { 0 };
	bool alone = job->cell->shape.receivers == 1;
	unsigned int ends = alone ? job->cell->shape.senders : 1;

	while (ends) {
		uint64_t got = receive_stamp(job, link);
		unsigned int sender = stamp_sender(got);

		if (sender == STAMP_END) {
			ends--;
			continue;
		}
		got >>= STAMP_SENDER_BITS;
		check_order(job, turn, next, sender, got);
		/* Alone it knows the whole number, of which a short message has a part. */
		turn->sum[sender] += alone ? next[sender] : got;
		next[sender] = alone ? next[sender] + 1 : got + 1;
		turn->count[sender]++;
		turn->messages++;
	}
}
