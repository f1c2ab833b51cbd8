// SPDX-License-Identifier: GPL-2.0-only
/* Who is stuck: the same claim in the way of the same lane in two looks. */
#include <stdlib.h>
#include <stdio.h>
#include <time.h>

#include "common.h"
#include "common_claims.h"
#include "stat_stuck.h"

static void print_claim(const struct claim *claim)
{
	char *name = harmless(claim->name), *comm = harmless(claim->comm);
	bool one = claim->waiting == 1;

	printf("stuck: attachment %u (pid %u, %s) holds lane %u of queue %s%s(id %llu); %u %s%s wait%s\n",
	       claim->attachment, claim->pid, comm, claim->lane, name,
	       *name ? " " : "", (unsigned long long)claim->object,
	       claim->waiting, claim->recv ? "receiver" : "sender",
	       one ? "" : "s", one ? "s" : "");
	free(name);
	free(comm);
}

void print_stuck(int root)
{
	struct claims first, second = { 0 };
	bool any = false;

	if (claims_look(&first, root))
		return;		/* who prints the objects says so */
	if (first.n) {
		nanosleep(&(struct timespec) { .tv_nsec = CLAIM_STUCK_NS }, NULL);
		claims_look(&second, root);
		claims_keep(&second, &first);
	}
	for (size_t i = 0; i < second.n; i++) {
		const struct claim *claim = &second.claim[i];

		if (claim->first_ns == claim->last_ns)
			continue;
		print_claim(claim);
		any = true;
	}
	if (any)
		putchar('\n');
	claims_free(&first);
	claims_free(&second);
}
