// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <ipcx/ipcx.h>

#include "stat.h"

static volatile sig_atomic_t asked_for_end;
static sigset_t while_asleep;

static void ask_for_end(int signal)
{
	(void)signal;
	asked_for_end = 1;
}

/* They come while this sleeps and at no other time: none is overlooked. */
void catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = ask_for_end };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, &while_asleep);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct sigaction before;

		/* Who runs this in the background, or by nohup, has one ignored. */
		sigaction(ends[i], NULL, &before);
		if (before.sa_handler == SIG_IGN)
			continue;
		sigdelset(&while_asleep, ends[i]);
		sigaction(ends[i], &action, NULL);
	}
}

bool sleep_until(uint64_t ns, int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	uint64_t now = ipcx_deadline_after(0);
	uint64_t left = ns > now ? ns - now : 0;
	struct timespec timeout = {
		.tv_sec = left / 1000000000,
		.tv_nsec = left % 1000000000,
	};

	ppoll(&input, 1, &timeout, &while_asleep);
	/* A terminal that has gone can be read for ever. */
	return !asked_for_end && !(input.revents & (POLLHUP | POLLERR | POLLNVAL));
}
