// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_stream.h"

#define NSEC_PER_SEC	1000000000.0

static volatile sig_atomic_t stop;

/*
 * The signal may come after the look at @stop and before the sleep that it
 * should end: an alarm comes after it every second, until it has.
 */
static void on_signal(int signal)
{
	if (signal != SIGALRM)
		stop = signal;
	alarm(1);
}

bool stream_stopped(void)
{
	return stop;
}

void stream_init(struct stream *stream)
{
	*stream = (struct stream) {
		.timeout_ns = IPCX_FOREVER,
		.count = UINT64_MAX,
	};
}

void stream_option(struct stream *stream, const struct command *command, int key)
{
	switch (key) {
	case OPTION_MAPPED:
	case OPTION_MEDIATED:
		stream->access = key;
		break;
	case OPTION_COUNT:
		stream->count = size_option(command, "count", optarg, UINT64_MAX);
		break;
	case OPTION_TIMEOUT:
		stream->timeout_ns = seconds_option(command, "timeout", optarg);
		break;
	}
}

static void catch_signals(void)
{
	/* Without SA_RESTART sleeps end. A second signal has its usual effect. */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_flags = 0;
	sigaction(SIGALRM, &action, NULL);
}

void stream_open(struct stream *stream, const char *name, uint32_t right)
{
	int ret = -EACCES;

	catch_signals();
	if (stream->access != OPTION_MEDIATED)
		ret = ipcx_queue_open(name, right | IPCX_RIGHT_MAP, &stream->queue);
	if (ret == -EACCES && stream->access != OPTION_MAPPED)
		ret = ipcx_queue_open(name, right, &stream->queue);
	if (ret == -EACCES && stream->access == OPTION_MAPPED)
		errx(EXIT_FAILURE, "'%s' may not be mapped, by the way it was made or by its mode; use --mediated", name);
	if (ret < 0)
		exit(failure(ret, "cannot open '%s'", name));
	stream->name = name;
}

uint64_t stream_deadline(const struct stream *stream)
{
	if (stream->timeout_ns == IPCX_FOREVER)
		return IPCX_FOREVER;
	if (!stream->timeout_ns)
		return IPCX_NO_WAIT;
	return ipcx_deadline_after(stream->timeout_ns);
}

static char *also(uint64_t count, const char *what)
{
	return count ? text(", %llu %s", (unsigned long long)count, what) :
		       text("%s", "");
}

static void summary(const struct stream *stream, const char *done)
{
	char *redelivered = also(stream->redelivered, "redelivered");
	char *missed = also(stream->missed, "missed");

	warnx("%s %llu messages, %llu bytes%s%s", done,
	      (unsigned long long)stream->messages,
	      (unsigned long long)stream->bytes, redelivered, missed);
	free(redelivered);
	free(missed);
}

int stream_end(struct stream *stream, const char *done, int error)
{
	stream->missed = ipcx_queue_missed(stream->queue);
	ipcx_queue_close(stream->queue);
	if (verbose)
		summary(stream, done);
	else if (stream->missed && !quiet)
		warnx("%llu messages on '%s' were overwritten before they could be received",
		      (unsigned long long)stream->missed, stream->name);
	if (stop) {
		/* As if it had not been caught: a shell wants to know that. */
		signal(stop, SIG_DFL);
		raise(stop);
	}
	switch (-error) {
	case 0:
		return EXIT_SUCCESS;
	case EAGAIN:
	case ETIMEDOUT:
		warnx("nothing could be %s on '%s' within %g s", done, stream->name,
		      stream->timeout_ns / NSEC_PER_SEC);
		break;
	case EPIPE:
		warnx("nobody is left to receive on '%s'; start a receiver", stream->name);
		break;
	default:
		failure(error, "nothing more can be %s on '%s'", done, stream->name);
	}
	return exit_status(error);
}
