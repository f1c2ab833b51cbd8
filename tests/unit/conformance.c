// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "conformance.h"

#define CHILDREN	16
#define SIGNALS		128

const struct row *row;
_Atomic uint32_t *words;

static const struct row *all_rows;
static char directory[NAME_SIZE];
static char name[NAME_SIZE];
static unsigned int serial;
static uint16_t port;
static int pipe_fds[2] = { -1, -1 };
static pid_t children[CHILDREN];
static struct rlimit signals_before;

static int key(void)
{
	return 0x1bc00000 + getpgrp() % 1000 * 1000 + serial % 1000;
}

/* ---- what a row's URI stands for ---- */

static uint16_t free_port(int family)
{
	struct sockaddr_storage address = { .ss_family = family };
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) :
					    sizeof(struct sockaddr_in6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	/* At the same place in both families' addresses. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void replace(char *uri, const char *word, const char *text)
{
	char *at = strstr(uri, word), copy[URI_SIZE];

	if (!at)
		return;
	strcpy(copy, at + strlen(word));
	snprintf(at, URI_SIZE - (at - uri), "%s%s", text, copy);
}

static void replace_number(char *uri, const char *word, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	replace(uri, word, text);
}

const char *uri_for(uint32_t right, pid_t receiver)
{
	static char uri[URI_SIZE];

	strcpy(uri, row->uri);
	replace(uri, "DIR", directory);
	replace(uri, "NAME", name);
	replace_number(uri, "KEY", key());
	replace_number(uri, "PORT", port);
	if (receiver == getpid() && right == IPCX_RIGHT_RECV)
		replace(uri, "PID", "");
	else
		replace_number(uri, "PID", receiver);
	if (strstr(uri, "FD"))
		replace_number(uri, "FD", pipe_fds[right == IPCX_RIGHT_SEND]);
	return uri;
}

static bool is_of(const char *scheme)
{
	return !strncmp(row->uri, scheme, strlen(scheme));
}

static void close_pipe(int end)
{
	if (pipe_fds[end] >= 0)
		close(pipe_fds[end]);
	pipe_fds[end] = -1;
}

void keep_receiver(void)
{
	close_pipe(1);
}

void keep_sender(void)
{
	close_pipe(0);
}

/*
 * More signals could wait than a test has time to send. They are counted for each
 * real user, so be one that nobody else is.
 */
static void limit_signals(void)
{
	struct rlimit limit = signals_before;

	limit.rlim_cur = SIGNALS;
	assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &limit), 0);
	assert_int_equal(setresuid(0x40000000 + getpid(), -1, -1), 0);
}

static void end_limit(void)
{
	struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		sigaddset(&set, i);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
	assert_int_equal(setresuid(geteuid(), -1, -1), 0);
	setrlimit(RLIMIT_SIGPENDING, &signals_before);
}

/* ---- nothing is left ---- */

static int entries(const char *path, const char *part)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += *entry->d_name != '.' && strstr(entry->d_name, part);
	closedir(dir);
	return count;
}

static void assert_nothing_is_left(void)
{
	char path[NAME_SIZE + 1];

	assert_int_equal(entries(directory, ""), 0);
	assert_int_equal(entries("/dev/shm", name), 0);
	snprintf(path, sizeof(path), "/%s", name);
	assert_int_equal(mq_open(path, O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(msgget(key(), 0), -1);
	assert_int_equal(errno, ENOENT);
	/* There is neither one that runs nor one that was not looked after. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- around each case ---- */

static int case_setup(void **state)
{
	row = *state;
	snprintf(name, sizeof(name), "ipcx-test-channel-%d-%u", getpid(),
		 ++serial);
	words = shared_words();
	if (is_of("tcp:"))
		port = free_port(strchr(row->uri, '[') ? AF_INET6 : AF_INET);
	getrlimit(RLIMIT_SIGPENDING, &signals_before);
	if (is_of("signal:"))
		limit_signals();
	peer_setup(state);
	if (is_of("pipe:"))
		assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	return 0;
}

static int case_teardown(void **state)
{
	for (int i = 0; i < CHILDREN; i++)
		if (children[i])
			stop(children[i]);
	close_pipe(0);
	close_pipe(1);
	peer_teardown(state);
	if (row->quirks & NAMED)
		ipcx_channel_remove(uri_for(IPCX_RIGHT_RECV, getpid()));
	if (is_of("signal:"))
		end_limit();
	shared_free(words);
	assert_nothing_is_left();
	return 0;
}

static bool is_for(const struct conformance_case *about, const struct row *r)
{
	uint32_t sends = r->caps | r->send_caps;
	uint32_t receives = r->caps | r->recv_caps;

	return (sends & about->sends) == about->sends &&
	       (receives & about->receives) == about->receives &&
	       !((sends | receives) & about->lacks) &&
	       (r->quirks & about->quirks) == about->quirks &&
	       !(r->quirks & about->without);
}

static size_t add_cases(struct CMUnitTest *tests, const struct row *r,
			const struct conformance_case *about)
{
	size_t count = 0;

	for (; about->name; about++) {
		char *text;

		if (!is_for(about, r))
			continue;
		if (tests) {
			if (asprintf(&text, "%s %s", r->name, about->name) < 0)
				abort();
			tests[count] = (struct CMUnitTest) {
				text, about->run, case_setup, case_teardown,
				(void *)r
			};
		}
		count++;
	}
	return count;
}

static size_t add_all(struct CMUnitTest *tests)
{
	static const struct conformance_case *const tables[] = {
		message_cases, wait_cases, peer_cases, life_cases,
	};
	size_t count = 0;

	for (const struct row *r = all_rows; r->name; r++)
		for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
			count += add_cases(tests ? tests + count : NULL, r,
					   tables[i]);
	return count;
}

int conformance_run(const char *group, const struct row *rows,
		    int (*setup)(void **state), int (*teardown)(void **state))
{
	struct CMUnitTest *tests;
	size_t count;
	int ret;

	/* Such as "shm* *full*", to look at a few. */
	cmocka_set_test_filter(getenv("IPCX_CASES"));
	all_rows = rows;
	count = add_all(NULL);
	tests = calloc(count, sizeof(*tests));
	snprintf(directory, sizeof(directory), "/tmp/ipcx-test-XXXXXX");
	if (!tests || !mkdtemp(directory))
		return 1;
	add_all(tests);
	ret = _cmocka_run_group_tests(group, tests, count, setup, teardown);
	for (size_t i = 0; i < count; i++)
		free((void *)tests[i].name);
	free(tests);
	return rmdir(directory) || ret;
}

int memory_rider(void)
{
	int fd = memfd_create("ipcx-test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* ---- for the cases ---- */

int open_end(uint32_t right, pid_t receiver, uint64_t deadline,
	     struct ipcx_channel **channel)
{
	int *fd = &pipe_fds[right == IPCX_RIGHT_SEND], kept = *fd, ret;

	/* The channel closes what it was given, and there may be another. */
	if (kept >= 0)
		*fd = fcntl(kept, F_DUPFD_CLOEXEC, 0);
	ret = ipcx_channel_open_timed(uri_for(right, receiver), right, channel,
				      deadline);
	if (ret < 0 && kept >= 0)
		close(*fd);
	*fd = kept;
	return ret;
}

static struct ipcx_channel *open_soon(uint32_t right, pid_t receiver)
{
	struct ipcx_channel *channel = NULL;
	int ret = open_end(right, receiver, in_ms(LONG_ENOUGH), &channel);

	if (ret)
		fail_msg("%s: %s", uri_for(right, receiver),
			 ipcx_channel_explain(row->uri, ret));
	return channel;
}

struct ipcx_channel *open_receiver(void)
{
	return open_soon(IPCX_RIGHT_RECV, getpid());
}

struct ipcx_channel *open_sender(pid_t receiver)
{
	return open_soon(IPCX_RIGHT_SEND, receiver);
}

struct ends open_ends(void)
{
	struct ends ends = { .recv = open_receiver() };

	ends.send = open_sender(getpid());
	return ends;
}

void close_ends(struct ends *ends)
{
	ipcx_channel_close(ends->send);
	ipcx_channel_close(ends->recv);
}

static void note(pid_t pid, pid_t instead)
{
	for (int i = 0; i < CHILDREN; i++)
		if (children[i] == pid) {
			children[i] = instead;
			return;
		}
	fail_msg("too many peers");
}

pid_t start(void)
{
	pid_t pid = peer_fork();

	if (pid)
		note(0, pid);
	else
		memset(children, 0, sizeof(children));
	return pid;
}

void stop(pid_t pid)
{
	note(pid, 0);
	peer_kill(pid);
}

void finish(pid_t pid)
{
	note(pid, 0);
	peer_ok(pid);
}

/* The number, then what follows from number and place. */
void fill_in(void *buf, uint32_t number, size_t len)
{
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		bytes[i] = i < sizeof(number) ? number >> 8 * i :
						(number + i) * 37 >> 2;
}

uint32_t check(const void *buf, size_t len)
{
	static uint8_t expected[LARGEST];
	uint32_t number = 0;

	memcpy(&number, buf, len < sizeof(number) ? len : sizeof(number));
	fill_in(expected, number, len);
	assert_memory_equal(buf, expected, len);
	return number;
}

int post(struct ipcx_channel *channel, uint32_t number, size_t len,
	uint32_t priority, uint64_t deadline)
{
	static uint8_t buf[LARGEST];

	assert_true(len <= sizeof(buf));
	fill_in(buf, number, len);
	return ipcx_channel_send_timed(channel, buf, len, priority, deadline);
}

int64_t pick(struct ipcx_channel *channel, uint64_t deadline)
{
	static uint8_t buf[LARGEST];
	ssize_t len = ipcx_channel_recv_timed(channel, buf, sizeof(buf), NULL,
					      deadline);

	return len < 0 ? len : check(buf, len);
}

void give(struct ipcx_channel *channel, uint32_t number)
{
	assert_int_equal(post(channel, number, row->size, 0, in_ms(LONG_ENOUGH)),
			 0);
}

void expect(struct ipcx_channel *channel, uint32_t number)
{
	assert_int_equal(pick(channel, in_ms(LONG_ENOUGH)), number);
}

void expect_none(struct ipcx_channel *channel)
{
	assert_int_equal(pick(channel, IPCX_NO_WAIT), -EAGAIN);
}

/* What is under way from end to end makes room, too: TCP asks after 200 ms. */
uint32_t fill(struct ipcx_channel *channel)
{
	bool probes = row->caps & IPCX_CHANNEL_MACHINES;
	unsigned int ms = probes ? 10 * SHORT : SHORT;
	uint32_t count = 0;

	do {
		while (!post(channel, count, row->size, 0, IPCX_NO_WAIT))
			count++;
	} while (!post(channel, count, row->size, 0, in_ms(ms)) && ++count);
	assert_true(count >= BURST);
	assert_int_equal(post(channel, count, row->size, 0, IPCX_NO_WAIT),
			 -EAGAIN);
	return count;
}

short poll_for(struct ipcx_channel *channel, short events, int ms)
{
	struct pollfd pollfd = {
		.fd = ipcx_channel_fd(channel), .events = events,
	};
	int ret = poll(&pollfd, 1, ms);

	assert_true(ret >= 0);
	return ret ? pollfd.revents : 0;
}
