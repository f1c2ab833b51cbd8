// SPDX-License-Identifier: GPL-2.0-only
/* What can be measured, by name or URI, and where its messages go. */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ipcx/channel.h>

#include "bench.h"
#include "bench_channel.h"
#include "common.h"

/* What stands behind the scheme, and how it is made anew. */
enum place { PLACE_FD, PLACE_PATH, PLACE_NAME, PLACE_KEY, PLACE_PORT, PLACE_PID };

#define TAKES_SIZE	0x1U
#define TAKES_SLOTS	0x2U
#define TAKES_SPIN	0x4U

static const struct scheme {
	const char *name;
	enum place place;
	unsigned int takes;
} schemes[] = {
	{ "pipe", PLACE_FD, TAKES_SIZE },
	{ "fifo", PLACE_PATH, TAKES_SIZE },
	{ "mq", PLACE_NAME, TAKES_SIZE },
	{ "sysv", PLACE_KEY, TAKES_SIZE },
	{ "unix", PLACE_PATH, TAKES_SIZE },
	{ "tcp", PLACE_PORT, TAKES_SIZE },
	{ "signal", PLACE_PID, 0 },
	{ "shm", PLACE_NAME, TAKES_SIZE | TAKES_SLOTS | TAKES_SPIN },
	{ "map", PLACE_PATH, TAKES_SIZE | TAKES_SLOTS | TAKES_SPIN },
	{ "queue", PLACE_NAME, TAKES_SIZE | TAKES_SLOTS | TAKES_SPIN },
};

static const struct known {
	const char *name;
	const char *scheme;
	const char *options;
	const char *what;
	bool loan;
} known[] = {
	{ "pipe", "pipe", "", "pipe", false },
	{ "fifo", "fifo", "", "FIFO", false },
	{ "unix", "unix", "", "unix stream socket", false },
	{ "unix-seqpacket", "unix", "type=seqpacket", "unix seqpacket socket", false },
	{ "unix-dgram", "unix", "type=dgram", "unix datagram socket", false },
	{ "tcp", "tcp", "", "TCP over the loopback device", false },
	{ "mq", "mq", "", "POSIX message queue", false },
	{ "sysv", "sysv", "", "System V message queue", false },
	{ "signal", "signal", "", "real-time signals", false },
	{ "shm", "shm", "", "ring in POSIX shared memory", false },
	{ "shm-loan", "shm", "", "the same, payload written and read in place", true },
	{ "map", "map", "", "ring in a file", false },
	{ "map-loan", "map", "", "the same, in place", true },
	{ "queue", "queue", "", "queue of the ipcx module, mapped", false },
	{ "queue-loan", "queue", "", "the same, in place", true },
	{ "queue-mediated", "queue", "map=0", "queue of the ipcx module, by system calls", false },
};

static const struct peer *const peers[] = {
	&peer_boost,
#ifdef WITH_zmq
	&peer_zmq,
#endif
#ifdef WITH_nng
	&peer_nng,
#endif
};

/**
 * struct subject - one of them
 * @name: as it was given
 * @scheme: NULL of a peer
 * @peer: NULL of a channel
 * @place: what the URI said, to which something is added; or NULL
 * @options: its query part, "" without
 * @loan: by loans of the channel's own memory
 */
struct subject {
	char *name;
	const struct scheme *scheme;
	const struct peer *peer;
	char *place;
	char *options;
	bool loan;
};

struct way {
	const struct subject *subject;
	struct link_shape shape;
	char *place;
	int fds[2];
};

static char *directory;		/* for places that are paths, while measuring */

/* ---- names ---- */

static const struct scheme *find_scheme(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strlen(schemes[i].name) == len && !memcmp(schemes[i].name, name, len))
			return &schemes[i];
	return NULL;
}

static const struct known *find_known(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == len && !memcmp(known[i].name, name, len))
			return &known[i];
	return NULL;
}

static const struct peer *find_peer(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		if (!strcmp(peers[i]->name, name))
			return peers[i];
	return NULL;
}

static struct subject *make_subject(struct subject from, const char *name)
{
	struct subject *subject = malloc(sizeof(*subject));

	if (!subject)
		err(EXIT_FAILURE, "cannot go on");
	*subject = from;
	subject->name = text("%s", name);
	return subject;
}

/* NAME or NAME?OPTIONS */
static struct subject *by_name(const char *name, bool loan)
{
	size_t len = strcspn(name, "?");
	const char *query = name[len] ? name + len + 1 : "";
	const struct known *it = find_known(name, len);

	if (!it)
		return NULL;
	return make_subject((struct subject) {
		.scheme = find_scheme(it->scheme, strlen(it->scheme)),
		.options = text("%s%s%s", it->options, *it->options && *query ? "&" : "", query),
		.loan = loan || it->loan,
	}, name);
}

/* SCHEME:PLACE or SCHEME:PLACE?OPTIONS */
static struct subject *by_uri(const char *uri, bool loan)
{
	size_t head = strcspn(uri, ":?");
	const char *place = uri + head + 1;
	const struct scheme *scheme = find_scheme(uri, head);
	size_t len;

	if (!scheme || uri[head] != ':')
		return NULL;
	if (scheme->place == PLACE_PORT && !strncmp(place, "//", 2))
		place += 2;
	len = strcspn(place, "?");
	return make_subject((struct subject) {
		.scheme = scheme,
		.place = len ? text("%.*s", (int)len, place) : NULL,
		.options = text("%s", place[len] ? place + len + 1 : ""),
		.loan = loan,
	}, uri);
}

struct subject *subject_new(const char *name, bool loan)
{
	const struct peer *peer = find_peer(name);

	if (peer)
		return make_subject((struct subject) { .peer = peer }, name);
	return name[strcspn(name, ":?")] == ':' ? by_uri(name, loan) : by_name(name, loan);
}

struct subject **subjects_all(size_t *count)
{
	struct subject **all = calloc(ARRAY_SIZE(known) + ARRAY_SIZE(peers), sizeof(*all));
	size_t n = 0;

	if (!all)
		err(EXIT_FAILURE, "cannot go on");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		all[n++] = subject_new(known[i].name, false);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		all[n++] = subject_new(peers[i]->name, false);
	*count = n;
	return all;
}

const char *subject_name(const struct subject *subject)
{
	return subject->name;
}

void subjects_print(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		printf("%-16s%s\n", known[i].name, known[i].what);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		printf("%-16s%s\n", peers[i]->name, peers[i]->what);
}

/* ---- places ---- */

void places_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	directory = text("%s/ipcxbench.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(directory))
		err(EXIT_FAILURE, "cannot make a directory like %s", directory);
}

void places_end(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(directory);
	free(directory);
	directory = NULL;
}

/* As it has to stand in a URI; see <ipcx/channel.h>. */
static char *escape(const char *plain)
{
	char *escaped = malloc(3 * strlen(plain) + 1), *out = escaped;

	if (!escaped)
		err(EXIT_FAILURE, "cannot go on");
	for (; *plain; plain++)
		if (isalnum((unsigned char)*plain) || strchr("-._~/@:", *plain))
			*out++ = *plain;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*plain);
	*out = '\0';
	return escaped;
}

/* Another may take it before it is used, which opening then tells. */
static unsigned int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned int port = 0;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, len) &&
	    !getsockname(fd, (struct sockaddr *)&address, &len))
		port = ntohs(address.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

static int free_key(void)
{
	static unsigned int number;
	int key;

	/* Of anybody: a key that this user may not see is taken, too. */
	do {
		key = 0x69700000 + getpid() % 0x8000 * 0x20 + number++ % 0x20;
	} while (msgget(key, 0) != -1 || errno != ENOENT);
	return key;
}

/* A name that nobody has: what was there before is nobody's to remove. */
static char *unique(const char *base)
{
	static unsigned int number;

	return text("%s%s%d.%u", base, *base ? "." : "", getpid(), number++);
}

static char *make_path(const struct subject *subject)
{
	char *own = subject->scheme ? escape(directory) : text("%s", directory);
	char *base = subject->place ? text("%s", subject->place) : text("%s/at", own);
	char *path = unique(base);

	free(base);
	free(own);
	return path;
}

static char *make_name(const struct subject *subject)
{
	bool slash = subject->scheme && strcmp(subject->scheme->name, "queue");
	char *name = unique(subject->place ? subject->place : "ipcxbench");
	char *full = text("%s%s", slash && *name != '/' ? "/" : "", name);

	free(name);
	return full;
}

/* NULL of what has none before the processes are there. */
static char *make_place(const struct subject *subject, unsigned int which)
{
	const char *given = subject->place;

	if (!subject->scheme)
		return subject->peer->path ? make_path(subject) : make_name(subject);
	switch (subject->scheme->place) {
	case PLACE_PATH:
		return make_path(subject);
	case PLACE_NAME:
		return make_name(subject);
	case PLACE_KEY:
		return text("%lld", given ? strtoll(given, NULL, 0) + which : free_key());
	case PLACE_PORT:
		if (given && strrchr(given, ':'))
			return text("%.*s:%d", (int)(strrchr(given, ':') - given), given,
				    atoi(strrchr(given, ':') + 1) + which);
		return text("%s:%u", given ? given : "127.0.0.1", free_port());
	default:
		return NULL;
	}
}

/* ---- ways ---- */

static bool has_option(const struct subject *subject, const char *option)
{
	char *name = text("%s=", option);
	const char *at = strstr(subject->options, name);
	bool has = at && (at == subject->options || at[-1] == '&');

	free(name);
	return has;
}

/* Rings of a few megabytes; whatever fits where the system decides. */
#define RING_BYTES	(4U << 20)
#define SLOTS_MIN	4
#define SLOTS_MAX	64

static unsigned int slots_for(size_t size)
{
	size_t slots = RING_BYTES / size;

	return slots < SLOTS_MIN ? SLOTS_MIN : slots > SLOTS_MAX ? SLOTS_MAX : slots;
}

int ways_make(const struct cell *cell, unsigned int count, struct way **ways)
{
	const struct subject *subject = cell->subject;
	struct way *made = calloc(2, sizeof(*made));

	if (!made)
		return -ENOMEM;
	for (unsigned int i = 0; i < 2; i++)
		made[i] = (struct way) { .subject = subject, .fds = { -1, -1 } };
	*ways = made;
	for (unsigned int i = 0; i < count; i++) {
		made[i].shape = (struct link_shape) {
			.size = cell->size,
			.slots = slots_for(cell->size),
			.spin = cell->wait == WAIT_SPIN,
			.loan = subject->loan,
			.many_senders = cell->shape.senders > 1,
			.many_receivers = cell->shape.receivers > 1,
		};
		if (subject->scheme && subject->scheme->place == PLACE_FD &&
		    pipe2(made[i].fds, O_CLOEXEC))
			return -errno;
		made[i].place = make_place(subject, i);
	}
	return 0;
}

/*
 * Where the mechanism spins by itself it is told so; @by_try is set if that is
 * for the caller to do.
 */
static char *way_uri(const struct way *way, const char *place, bool *by_try)
{
	const struct subject *subject = way->subject;
	unsigned int takes = subject->scheme->takes;
	char *size = NULL, *slots = NULL, *options, *uri;
	bool spin = way->shape.spin && takes & TAKES_SPIN && !has_option(subject, "spin");

	*by_try = way->shape.spin && !spin;
	if (takes & TAKES_SIZE && !has_option(subject, "size"))
		size = text("&size=%zu", way->shape.size);
	if (takes & TAKES_SLOTS && !has_option(subject, "slots"))
		slots = text("&slots=%u", way->shape.slots);
	options = text("%s%s%s%s", subject->options, size ? size : "", slots ? slots : "",
		       spin ? "&spin=1G" : "");
	uri = text("%s:%s%s%s%s", subject->scheme->name,
		   subject->scheme->place == PLACE_PORT ? "//" : "", place,
		   *options ? "?" : "", options + (*options == '&'));
	free(options);
	free(size);
	free(slots);
	return uri;
}

static int open_channel(const struct way *way, uint32_t right, pid_t receiver,
			struct link **link)
{
	char *place = NULL, *uri;
	bool by_try;
	int ret;

	if (way->subject->scheme->place == PLACE_FD)
		place = text("%d", way->fds[right == IPCX_RIGHT_SEND]);
	else if (way->subject->scheme->place == PLACE_PID)
		place = text("%d", receiver);
	uri = way_uri(way, place ? place : way->place, &by_try);
	ret = channel_link(uri, right, &way->shape, by_try, link);
	free(place);
	free(uri);
	return ret;
}

/* What this process does not receive from or send to must not be held open. */
static void drop_fd(struct way *way, unsigned int end)
{
	if (way->fds[end] >= 0)
		close(way->fds[end]);
	way->fds[end] = -1;
}

int way_open(struct way *ways, unsigned int which, uint32_t right, pid_t receiver,
	     struct link **link)
{
	struct way *way = &ways[which];
	int ret;

	drop_fd(way, right == IPCX_RIGHT_SEND ? 0 : 1);
	if (way->subject->peer && way->shape.many_receivers && !way->subject->peer->many_receivers)
		return -EOPNOTSUPP;
	if (way->subject->peer)
		return way->subject->peer->open(way->place, right, &way->shape, link);
	ret = open_channel(way, right, receiver, link);
	/* It belongs to the channel now. */
	if (!ret)
		way->fds[right == IPCX_RIGHT_SEND] = -1;
	return ret;
}

const char *way_explain(struct way *ways, int error)
{
	const char *why;
	char *uri;

	if (ways->shape.many_receivers && (error == -EOPNOTSUPP || error == -EADDRINUSE))
		return "it has one receiver";
	if (error == -EOPNOTSUPP)
		return ways->shape.many_senders ? "it has one sender" : "it has no loans";
	/* Of a URI that is all ours the size is what it cannot take. */
	if (error == -EMSGSIZE ||
	    (error == -EINVAL && !ways->subject->name[strcspn(ways->subject->name, ":?")]))
		return "it takes no messages of this size";
	if (ways->subject->peer)
		return strerror(-error);
	uri = text("%s:", ways->subject->scheme->name);
	why = ipcx_channel_explain(uri, error);
	free(uri);
	return why;
}

static void remove_way(const struct way *way)
{
	const struct scheme *scheme = way->subject->scheme;
	char *uri;

	if (!scheme) {
		if (way->subject->peer->remove)
			way->subject->peer->remove(way->place);
		return;
	}
	uri = text("%s:%s", scheme->name, way->place);
	ipcx_channel_remove(uri);
	free(uri);
}

/*
 * As soon as all have it open, so that even SIGKILL leaves nothing; but a System
 * V queue is gone with its key, and a library may look its socket's path up again.
 */
static bool removed_early(const struct subject *subject)
{
	return subject->scheme && subject->scheme->place != PLACE_KEY;
}

void ways_remove(struct way *ways, bool opened)
{
	for (int i = 0; i < 2; i++)
		if (ways[i].place && (!opened || removed_early(ways[i].subject)))
			remove_way(&ways[i]);
}

void ways_free(struct way *ways)
{
	if (!ways)
		return;
	for (int i = 0; i < 2; i++) {
		drop_fd(&ways[i], 0);
		drop_fd(&ways[i], 1);
		free(ways[i].place);
	}
	free(ways);
}
