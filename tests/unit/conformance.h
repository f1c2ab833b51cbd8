/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every channel has to do, whichever mechanism it goes over: cases that run
 * for each row of a table, by its URI. A row says what its channel promises; a
 * case says which promises it is about, and is there for all rows that make them.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "peer.h"

#include <ipcx/channel.h>

/* What no capability tells. */
#define LOSSY		0x001U	/* never full: the oldest go, or one misses some */
#define NAMED		0x002U	/* its name can be removed */
#define STAYS		0x004U	/* the name stays, though its messages do not */
#define ENDS		0x008U	/* removing it ends it for who has it open, too */
#define WAITS		0x010U	/* opening a sending end waits for a receiver */
#define RESUMES		0x020U	/* a sender goes on with the next receiver */
#define REJOINS		0x040U	/* a receiver goes on with the next sender */
#define TELLS		0x080U	/* a child that inherited an end is told */
#define BLIND		0x100U	/* a sender is not told of a receiver's death */
#define LANES		0x400U	/* each priority has room of its own */
#define ITSELF		0x200U	/* the receiver is the process */

/**
 * struct row - a channel
 * @name: what reports call it
 * @uri: with words in capitals for what differs from case to case: DIR, NAME,
 *	KEY, PORT, PID (of the receiver, nothing for itself), FD
 * @caps: IPCX_CHANNEL_* that both ends promise
 * @send_caps: further ones of the sending end
 * @recv_caps: further ones of the receiving end
 * @quirks: of the above
 * @size: bytes of the largest message
 * @priorities: how many
 * @rider: makes a descriptor of the kind that can ride along; closed by the case
 */
struct row {
	const char *name;
	const char *uri;
	uint32_t caps;
	uint32_t send_caps;
	uint32_t recv_caps;
	uint32_t quirks;
	size_t size;
	uint32_t priorities;
	int (*rider)(void);
};

/**
 * struct conformance_case - something that channels do
 * @name: what reports call it
 * @run: does it
 * @sends: capabilities of the sending end that it is about
 * @receives: those of the receiving end
 * @lacks: those that neither may have
 * @quirks: that the row must have
 * @without: quirks that it must not have
 */
struct conformance_case {
	const char *name;
	void (*run)(void **state);
	uint32_t sends;
	uint32_t receives;
	uint32_t lacks;
	uint32_t quirks;
	uint32_t without;
};

#define CASE(case_, ...)	{ .name = #case_, .run = case_, __VA_ARGS__ }

extern const struct conformance_case message_cases[];
extern const struct conformance_case wait_cases[];
extern const struct conformance_case peer_cases[];
extern const struct conformance_case life_cases[];

/* Run all cases for all rows, of which the last has no name; for main(). */
int conformance_run(const char *group, const struct row *rows,
		    int (*setup)(void **state), int (*teardown)(void **state));

/* For unix sockets, along which any descriptor can ride. */
int memory_rider(void);

/* ---- for the cases ---- */

/* Messages that every channel can hold at once. */
#define BURST		4
/* As many as are sent from process to process. */
#define MANY		300
#define LARGEST		16384

extern const struct row *row;		/* of the case that runs */
extern _Atomic uint32_t *words;		/* shared with its peers, zero at first */
#define WORDS		(PAGE / sizeof(*words))

/* The URI of an end; @receiver is the process that has the receiving one. */
#define URI_SIZE	256
const char *uri_for(uint32_t right, pid_t receiver);

int open_end(uint32_t right, pid_t receiver, uint64_t deadline,
	     struct ipcx_channel **channel);
/* By LONG_ENOUGH, and asserted. */
struct ipcx_channel *open_receiver(void);
struct ipcx_channel *open_sender(pid_t receiver);

/* Both, here. */
struct ends {
	struct ipcx_channel *send;
	struct ipcx_channel *recv;
};

struct ends open_ends(void);
void close_ends(struct ends *ends);

/* Of channels that were inherited: who has only its own end says so. */
void keep_receiver(void);
void keep_sender(void);

/* As peer_fork() and its like; what still runs after a case is killed. */
pid_t start(void);
void stop(pid_t pid);		/* kill -9 */
void finish(pid_t pid);		/* asserts that it ends well, and in time */

/*
 * Messages that are numbers, with as many bytes as told and a content that
 * follows from both. Receiving checks all of it; or returns -errno.
 */
int post(struct ipcx_channel *channel, uint32_t number, size_t len,
	uint32_t priority, uint64_t deadline);
int64_t pick(struct ipcx_channel *channel, uint64_t deadline);
void fill_in(void *buf, uint32_t number, size_t len);
uint32_t check(const void *buf, size_t len);

/* Each by LONG_ENOUGH, of the largest size, and asserted. */
void give(struct ipcx_channel *channel, uint32_t number);
void expect(struct ipcx_channel *channel, uint32_t number);
/* There is nothing, and everything that had to come has come. */
void expect_none(struct ipcx_channel *channel);

/* Send until there is no room for more; returns how many. */
uint32_t fill(struct ipcx_channel *channel);

short poll_for(struct ipcx_channel *channel, short events, int ms);

#endif /* CONFORMANCE_H */
