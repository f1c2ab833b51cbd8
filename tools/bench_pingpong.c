// SPDX-License-Identifier: GPL-2.0-only
/* Round trips: each message is answered by one of the same size. */
#include "bench_child.h"

static void check_answer(struct job *job, uint64_t asked, uint64_t got)
{
	if (got == (asked & stamp_mask(job->cell->size)))
		return;
	job_give_up(job, FAILED, "an answer came that was not to the question: %llx to %llx",
		    (unsigned long long)got, (unsigned long long)asked);
}

void pingpong_ask(struct job *job, struct link *there, struct link *back,
		  unsigned int run, struct turn *turn)
{
	struct limit limit = job_limit(job, run);
	struct record *record = job_record(job, run);
	uint64_t trips = 0;

	limit.stride = 1;
	while (!limit_reached(&limit, trips)) {
		uint64_t question = stamp(trips++, 0);
		uint64_t start = now_ns();

		send_stamp(job, there, question);
		check_answer(job, question, receive_stamp(job, back));
		record_add(record, now_ns() - start);
	}
	turn->messages = trips;
	send_stamp(job, there, stamp(0, STAMP_END));
}

void pingpong_answer(struct job *job, struct link *there, struct link *back,
		     struct turn *turn)
{
	uint64_t got;

	while (stamp_sender(got = receive_stamp(job, there)) != STAMP_END) {
		send_stamp(job, back, got);
		turn->messages++;
	}
}
