// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>

#include <ipcx/ipcx.h>

#include "stat.h"

/*
 * Claims at work are in the way of others for a moment. So that the first sample
 * tells who is stuck, it takes that moment if there are claims, and looks again.
 */
static int look_first(struct look *look, bool peers)
{
	struct look before;
	int ret = look_take(look, peers, NULL);

	if (ret || !look->claims.n)
		return ret;
	before = *look;
	sleep_until(ipcx_deadline_after(CLAIM_STUCK_NS), -1);
	ret = look_take(look, peers, &before);
	look_free(&before);
	return ret;
}

int sample_take(struct sample *sample, bool peers)
{
	int ret;

	look_free(&sample->before);
	sample->before = sample->look;
	if (sample->nr++)
		ret = look_take(&sample->look, peers, &sample->before);
	else
		ret = look_first(&sample->look, peers);
	return ret;
}

void sample_free(struct sample *sample)
{
	look_free(&sample->look);
	look_free(&sample->before);
}
