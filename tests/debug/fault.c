// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"
#include "state.h"
#include "../guest/abi.h"
#include "../guest/region.h"

#include <limits.h>

#define DEBUGFS		"/sys/kernel/debug/"
#define FAULTS_MAX	5000	/* in one call; it has run away otherwise */
#define COMPLAINTS_MAX	10	/* of one case, to go on after */
#define TRIES		3
#define TIMES		1000000000

/* What can fail. The kernel counts down how often each may still do so. */
static const struct {
	const char *what, *times;
} kinds[] = {
	{ "allocations", DEBUGFS "failslab/times" },
	{ "pages", DEBUGFS "fail_page_alloc/times" },
	{ "copies", DEBUGFS "fail_usercopy/times" },
};

const char *fault_name;
unsigned int fault_nth, fault_complaints;
bool fault_and_all_after;

static int nth_fd = -1, make_it_fail_fd = -1;
static unsigned int calls;

static void put_number(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* It can be this very copy that fails, which has then disarmed it. */
	if (pwrite(fd, text, len, 0) != len && errno != EFAULT)
		fail_msg("a fault cannot be set: %s", strerror(errno));
}

void fault_arm(unsigned int n)
{
	if (fault_and_all_after)
		put_number(make_it_fail_fd, 1);
	put_number(nth_fd, n);
}

bool fault_disarm(void)
{
	char text[16] = "";
	/* This copies as well: if it is what fails, the call did not come to it. */
	bool hit = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	put_number(nth_fd, 0);
	if (fault_and_all_after)
		put_number(make_it_fail_fd, 0);
	return hit;
}

unsigned int fault_count(long (*call)(void), void (*undo)(long ret))
{
	const unsigned int many = INT_MAX;
	char text[16] = "";
	long ret;

	put_number(nth_fd, many);
	ret = call();
	assert_true(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
	put_number(nth_fd, 0);
	assert_true(ret >= 0);
	undo(ret);
	return many - (unsigned int)atoi(text);
}

static bool can_inject(void)
{
	static const char *const settings[][2] = {
		{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
		{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUGFS "fail_page_alloc/min-order", "0" },
		{ DEBUGFS "failslab/verbose", "0" },
		{ DEBUGFS "fail_page_alloc/verbose", "0" },
		{ DEBUGFS "fail_usercopy/verbose", "0" },
		/* A thread that asks for it fails always, once its n-th has failed. */
		{ DEBUGFS "failslab/task-filter", "Y" },
		{ DEBUGFS "fail_page_alloc/task-filter", "Y" },
		{ DEBUGFS "failslab/probability", "100" },
		{ DEBUGFS "fail_page_alloc/probability", "100" },
	};
	char times[16];

	snprintf(times, sizeof(times), "%d", TIMES);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (file_write(kinds[i].times, times))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (file_write(settings[i][0], settings[i][1]))
			return false;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	make_it_fail_fd = open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
	return nth_fd >= 0 && make_it_fail_fd >= 0;
}

int fault_begin(void **state)
{
	(void)state;
	if (!can_inject()) {
		print_error("this kernel cannot inject faults: %s\n", strerror(errno));
		return -1;
	}
	/* The program's own pages do not come in under a fault. */
	return mlockall(MCL_CURRENT);
}

int fault_end(void **state)
{
	unsigned long injected[ARRAY_SIZE(kinds)], sum = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		injected[i] = TIMES - file_number(kinds[i].times);
		sum += injected[i];
	}
	print_message("## faults: %lu injected in %u calls:", sum, calls);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		print_message(" %s %lu", kinds[i].what, injected[i]);
	print_message("\n");
	return 0;
}

int fault_setup(void **state)
{
	return fault_begin(state) || guest_setup(state) ? -1 : 0;
}

int fault_teardown(void **state)
{
	fault_end(state);
	return guest_teardown(state);
}

void no_complaints(void)
{
	unsigned int complaints = fault_complaints;

	fault_complaints = 0;
	assert_int_equal(complaints, 0);
}

static bool expected(const struct fault_case *c, long ret, unsigned int *seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->errnos); i++) {
		if (ret != -c->errnos[i])
			continue;
		*seen |= 1U << i;
		return true;
	}
	return ret == -c->also;
}

static void check_failure(const struct fault_case *c, long ret, bool hit,
			  unsigned int *seen)
{
	const char *change = NULL;

	if (!hit)
		complain("%s without a fault", strerrorname_np((int)-ret));
	else if (!expected(c, ret, seen))
		complain("%s is no error for this", strerrorname_np((int)-ret));
	if (!c->splits && !wait_until(!(change = c->change ? c->change() : state_change(c->writes)),
			c->settles ? LONG_ENOUGH : 0))
		complain("%s", change);
}

static void begin(const struct fault_case *c)
{
	if (c->setup)
		c->setup();
	if (!c->change)
		state_note();
}

static void end(const struct fault_case *c, long ret)
{
	if (ret >= 0 && c->done)
		c->done(ret);
	if (c->teardown)
		c->teardown();
	if (!wait_until(c->change ? !c->change() : state_empty(), LONG_ENOUGH))
		complain("something is left");
}

static void all_faults(const struct fault_case *c, unsigned int *seen)
{
	unsigned int refused = 0, complaints = fault_complaints;
	const unsigned int first = c->first ? c->first : 1;
	bool hit = true;
	long ret;

	begin(c);
	for (fault_nth = first; ; fault_nth++) {
		fault_arm(fault_nth);
		ret = c->call();
		hit = fault_disarm();
		if (ret < 0) {
			refused++;
			check_failure(c, ret, hit, seen);
		}
		if (!hit || fault_nth - first == FAULTS_MAX ||
		    fault_complaints - complaints >= COMPLAINTS_MAX)
			break;
		if (ret >= 0) {
			end(c, ret);
			begin(c);
		}
	}
	if (hit)
		complain("no end of it");
	end(c, ret);
	print_message("%s: %u faults%s, %u refused\n", c->name, fault_nth - first,
		      fault_and_all_after ? " and all after them" : "", refused);
}

/* An errno that no fault led to; 0 if all were seen. */
static int unseen(const struct fault_case *c, unsigned int seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->errnos); i++)
		if (!(seen & 1U << i))
			return c->errnos[i];
	return 0;
}

void inject(const struct fault_case *c)
{
	unsigned int seen = 0;

	fault_name = c->name;
	calls++;
	fault_and_all_after = false;
	/* Allocations can grow fewer from call to call, so that a fault is left out. */
	for (int i = 0; i < TRIES && (!i || unseen(c, seen)); i++)
		all_faults(c, &seen);
	if (unseen(c, seen))
		complain("none led to %s", strerrorname_np(unseen(c, seen)));
	if (!setting("FAULTS_LONG", 0) || c->once)
		return;
	fault_and_all_after = true;
	all_faults(c, &seen);
}
