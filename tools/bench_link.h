/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a channel, or another library, has to do to be measured. In C++ too.
 *
 * A message is written into memory that reserve() gives and sent by commit();
 * it is received by acquire(), read there, and done with by release(). Where a
 * mechanism copies, that memory is the process's own.
 */
#ifndef TOOLS_BENCH_LINK_H
#define TOOLS_BENCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct link_shape - what is asked of both ends
 * @size: bytes of the largest message
 * @slots: messages to have room for, where that can be said
 * @spin: wait for peers by looking again and again
 * @loan: reserve() and acquire() give the channel's own memory
 * @many_senders: several open the sending end
 * @many_receivers: several open the receiving end
 */
struct link_shape {
	size_t size;
	unsigned int slots;
	bool spin;
	bool loan;
	bool many_senders;
	bool many_receivers;
};

struct link;

/**
 * struct peer - another library
 * @name: on the command line
 * @what: for people
 * @many_receivers: its messages can be shared by several
 * @path: its place is a path; otherwise a name without a slash
 * @open: open an end, @right as of channels; -errno. Who sends waits for who
 *	receives
 * @remove: take the name away, if it is there; may be NULL
 */
struct peer {
	const char *name;
	const char *what;
	bool many_receivers;
	bool path;
	int (*open)(const char *place, uint32_t right,
		    const struct link_shape *shape, struct link **link);
	void (*remove)(const char *place);
};

/* All return 0 or -errno. */
struct link_ops {
	int (*reserve)(struct link *link, void **data);
	int (*commit)(struct link *link, size_t len);
	int (*acquire)(struct link *link, void **data, size_t *len);
	int (*release)(struct link *link);
	void (*close)(struct link *link);
};

/**
 * struct link - what every open end begins with
 * @ops: its functions
 * @buffer: for those who copy
 */
struct link {
	const struct link_ops *ops;
	void *buffer;
};

/* For those who copy: their reserve() and release(). */
int link_reserve_buffer(struct link *link, void **data);
int link_release_buffer(struct link *link);
/* Written to, so that none of its pages is missing later; NULL without memory. */
void *link_buffer(size_t size);

static inline void link_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

extern const struct peer peer_boost;
extern const struct peer peer_zmq;
extern const struct peer peer_nng;

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_BENCH_LINK_H */
