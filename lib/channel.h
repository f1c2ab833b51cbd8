/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mechanism has to do to be a channel. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ipcx/channel.h>

enum channel_option {
	OPTION_SIZE,
	OPTION_SLOTS,
	OPTION_MODE,
	OPTION_TYPE,	/* IPCX_SOCKET_* */
	OPTION_SIGNAL,
	OPTION_LANES,
	OPTION_SPIN,
	OPTION_DROP,
	OPTION_BROADCAST,
	OPTION_KEEP,
	OPTION_MAP,
	OPTIONS
};

#define OPTION(name)	(1U << OPTION_##name)

/**
 * struct channel_uri - what a URI says
 * @name: what stands behind the scheme, unescaped; "" if nothing does
 * @host: of who is @at_host, else NULL
 * @port: likewise
 * @given: the options that were given, a mask of OPTION()
 * @value: their values, 0 of those that were not
 */
struct channel_uri {
	char *name;
	char *host;
	char *port;
	uint32_t given;
	uint64_t value[OPTIONS];
};

/* An option, or what it is without. */
static inline uint64_t uri_option(const struct channel_uri *uri,
				  enum channel_option option, uint64_t without)
{
	return uri->given & 1U << option ? uri->value[option] : without;
}

/* A name that is a number, of any base that strtoll() knows. */
int uri_number(const struct channel_uri *uri, long long min, long long max,
	       long long *number);

/**
 * struct channel_ops - a mechanism
 * @scheme: what stands before the ':' of its URIs
 * @options: those that it takes, a mask of OPTION()
 * @at_host: its URIs are scheme://HOST:PORT, all others' scheme:NAME
 * @open: open the end of @right
 * @remove: take away what the name leads to; NULL where there is none
 * @close: close, and free the handle
 * @send: send; @len and @priority were found to be possible
 * @recv: receive; @cap was found to be enough. @msg is zeroed before, but for
 *	uid and gid of -1, and never NULL
 * @send_fds: with IPCX_CHANNEL_FDS; @count is no more than IPCX_FDS_MAX
 * @recv_fds: with IPCX_CHANNEL_FDS
 * @reserve: with IPCX_CHANNEL_ZERO_COPY, as all below
 * @commit: never blocks
 * @abort: never blocks
 * @acquire: take a message
 * @release: never blocks
 *
 * Which end a call is for was looked at before.
 */
struct channel_ops {
	const char *scheme;
	uint32_t options;
	bool at_host;
	int (*open)(const struct channel_uri *uri, uint32_t right,
		    uint64_t deadline, struct ipcx_channel **channel);
	int (*remove)(const struct channel_uri *uri);
	void (*close)(struct ipcx_channel *channel);
	int (*send)(struct ipcx_channel *channel, const void *buf, size_t len,
		    uint32_t priority, uint64_t deadline);
	ssize_t (*recv)(struct ipcx_channel *channel, void *buf, size_t cap,
			struct ipcx_channel_msg *msg, uint64_t deadline);
	int (*send_fds)(struct ipcx_channel *channel, const void *buf,
			size_t len, uint32_t priority, const int *fds,
			uint32_t count, uint64_t deadline);
	ssize_t (*recv_fds)(struct ipcx_channel *channel, void *buf, size_t cap,
			    struct ipcx_channel_msg *msg, int *fds,
			    uint32_t count, uint64_t deadline);
	int (*reserve)(struct ipcx_channel *channel, uint32_t priority,
		       struct ipcx_loan *loan, uint64_t deadline);
	int (*commit)(struct ipcx_channel *channel, struct ipcx_loan *loan,
		      size_t len);
	int (*abort)(struct ipcx_channel *channel, struct ipcx_loan *loan);
	int (*acquire)(struct ipcx_channel *channel, struct ipcx_loan *loan,
		       uint64_t deadline);
	int (*release)(struct ipcx_channel *channel, struct ipcx_loan *loan);
};

/**
 * struct ipcx_channel - what every channel's handle begins with
 * @ops: its mechanism
 * @right: its end
 * @caps: IPCX_CHANNEL_*
 * @size: bytes of the largest message
 * @priorities: how many
 * @fd: the descriptor to poll, -1 without IPCX_CHANNEL_POLLABLE
 * @spare: the buffer of a loan given back, for the next one; atomic
 *
 * All is set by @ops->open() and does not change, but for @spare.
 */
struct ipcx_channel {
	const struct channel_ops *ops;
	uint32_t right;
	uint32_t caps;
	size_t size;
	uint32_t priorities;
	int fd;
	void *spare;
};

/* Others may take a name away and make it again between two looks at it. */
#define OPEN_TRIES	16

/* Do @open or, of what is not there, @create, which is -EEXIST if it is by now. */
#define OPEN_OR_CREATE(open, create) ({					\
	int made_ = -EEXIST;						\
									\
	for (int i_ = 0; i_ < OPEN_TRIES && made_ == -EEXIST; i_++) {	\
		made_ = (open);						\
		if (made_ != -ENOENT)					\
			break;						\
		made_ = (create);					\
	}								\
	made_;								\
})

extern const struct channel_ops channel_pipe, channel_fifo;
extern const struct channel_ops channel_unix, channel_tcp;
extern const struct channel_ops channel_mqueue, channel_sysv, channel_signal;
extern const struct channel_ops channel_queue, channel_shm, channel_map;

#endif /* CHANNEL_H */
