// SPDX-License-Identifier: GPL-2.0-only
/* The tracepoints: each tells what happened, once, with the fields docs/kernel.md names. */
#include "mapped.h"
#include "region.h"

#include <inttypes.h>

#define TRACING	"/sys/kernel/tracing"
#define EVENTS	TRACING "/events/ipcx"

static char text[1 << 20];

static const char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, file);
	assert_int_equal(ferror(file), 0);
	fclose(file);
	text[n] = '\0';
	return text;
}

/* How many lines of the trace tell this event with these fields first. */
static uint32_t traced(const char *format, ...)
{
	char event[256];
	const char *at;
	uint32_t n = 0;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(event, sizeof(event), format, args);
	va_end(args);
	at = read_all(TRACING "/trace");
	while ((at = strstr(at, event))) {
		/* A number must end here, and the name begin. */
		n += at[-1] == ' ' && (at[len] == ' ' || at[len] == '\n');
		at += len;
	}
	return n;
}

static void forget(void)
{
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	close(fd);
}

static int setup(void **state)
{
	int rc = guest_setup(state);

	return rc ? rc : file_write(EVENTS "/enable", "1");
}

static int teardown(void **state)
{
	file_write(EVENTS "/enable", "0");
	return guest_teardown(state);
}

static void test_life_of_an_object(void **state)
{
	int fd, other;
	uint64_t id;

	(void)state;
	forget();
	fd = region_create("traced", PAGE, IPCX_CREATE_PERSIST, 0600);
	id = object_stat(fd).id;
	assert_int_equal(traced("ipcx_create: id=%" PRIu64
				" kind=region what=0x%x", id,
				IPCX_CREATE_PERSIST), 1);
	assert_int_equal(traced("ipcx_open: id=%" PRIu64 " kind=region what=0x%x",
				id, IPCX_RIGHTS_REGION), 1);
	other = object_open("traced", IPCX_KIND_ANY, IPCX_RIGHT_READ);
	assert_int_equal(traced("ipcx_open: id=%" PRIu64 " kind=region what=0x%x",
				id, IPCX_RIGHT_READ), 1);
	assert_int_equal(object_unlink("traced"), 0);
	assert_int_equal(traced("ipcx_unlink: id=%" PRIu64
				" kind=region what=0x0", id), 1);
	close(other);
	assert_int_equal(traced("ipcx_destroy: id=%" PRIu64, id), 0);
	close(fd);
	assert_int_equal(traced("ipcx_destroy: id=%" PRIu64
				" kind=region what=0x0", id), 1);

	fd = queue("traced", .flags = IPCX_QUEUE_HANGUP);
	id = object_stat(fd).id;
	assert_int_equal(traced("ipcx_create: id=%" PRIu64 " kind=queue what=0x%x",
				id, IPCX_QUEUE_HANGUP), 1);
	assert_int_equal(object_shutdown("traced"), 0);
	assert_int_equal(traced("ipcx_unlink: id=%" PRIu64 " kind=queue what=0x1",
				id), 1);
	close(fd);
	assert_int_equal(traced("ipcx_destroy: id=%" PRIu64
				" kind=queue what=0x0", id), 1);
}

static void test_what_fails_is_not_told(void **state)
{
	int fd = region_create("traced", PAGE, 0, 0600);

	(void)state;
	forget();
	assert_int_equal(region_create("traced", PAGE, IPCX_CREATE_EXCL, 0600),
			 -EEXIST);
	assert_null(strstr(read_all(TRACING "/trace"), "ipcx_"));
	close(fd);
}

static void test_messages(void **state)
{
	int fd = queue(NULL, .slots = 2, .lanes = 2,
		       .flags = IPCX_QUEUE_DROP_OLDEST);
	uint64_t id = object_stat(fd).id;
	struct ipcx_msg msg;
	char buf[64];

	(void)state;
	forget();
	for (uint32_t len = 1; len <= 3; len++)
		assert_int_equal(send_msg(fd, 1, "abc", len, IPCX_NO_WAIT), 1);
	assert_int_equal(recv_msg(fd, buf, sizeof(buf), &msg, IPCX_NO_WAIT), 1);
	for (uint32_t len = 1; len <= 3; len++)
		assert_int_equal(traced("ipcx_send: id=%" PRIu64
					" lane=1 ticket=%u len=%u", id, len - 1,
					len), 1);
	assert_int_equal(traced("ipcx_drop: id=%" PRIu64
				" lane=1 ticket=0 len=1", id), 1);
	assert_int_equal(traced("ipcx_recv: id=%" PRIu64
				" lane=1 ticket=1 len=2", id), 1);
	close(fd);
}

static void test_sleep_and_wake(void **state)
{
	int fd = queue(NULL);
	uint64_t id = object_stat(fd).id;
	uint32_t value = 1;
	pid_t pid;

	(void)state;
	forget();
	assert_int_equal(recv_u32(fd, &value, in_ms(1)), -ETIMEDOUT);
	assert_int_equal(traced("ipcx_wait: id=%" PRIu64 " dir=recv ret=%d", id,
				-ETIMEDOUT), 1);
	assert_int_equal(traced("ipcx_wake: id=%" PRIu64, id), 0);

	pid = child_fork();
	if (!pid) {
		assert_int_equal(recv_u32(fd, &value, in_ms(LONG_ENOUGH)), 1);
		child_done();
	}
	assert_soon(object_stat(fd).waiting_recv == 1);
	assert_int_equal(send_u32(fd, 7, IPCX_NO_WAIT), 1);
	child_ok(pid);
	assert_int_equal(traced("ipcx_wake: id=%" PRIu64 " dir=recv ret=0", id), 1);
	assert_int_equal(traced("ipcx_wait: id=%" PRIu64 " dir=recv ret=0", id), 1);

	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(send_u32(fd, i, IPCX_NO_WAIT), 1);
	assert_int_equal(queue_wait(fd, IPCX_DIR_SEND, 0, in_ms(1)), -ETIMEDOUT);
	assert_int_equal(traced("ipcx_wait: id=%" PRIu64 " dir=send ret=%d", id,
				-ETIMEDOUT), 1);
	close(fd);
}

static void test_attachments(void **state)
{
	int fd = queue(NULL, .flags = IPCX_QUEUE_MAPPABLE);
	uint64_t id = object_stat(fd).id;
	_Atomic uint32_t *me = shared_words();
	bool redelivered;
	struct mapped m;
	pid_t pid;

	(void)state;
	forget();
	assert_int_equal(send_u32(fd, 1, IPCX_NO_WAIT), 1);
	pid = child_fork();
	if (!pid) {
		mapped_open(&m, fd);
		mapped_claim_send(&m);
		mapped_claim_send(&m);
		mapped_claim_recv(&m, &redelivered);
		*me = m.me;
		for (;;)
			pause();
	}
	assert_soon(*me);
	assert_int_equal(traced("ipcx_attach: id=%" PRIu64
				" attachment=%u process=%d", id, *me, pid), 1);
	assert_int_equal(traced("ipcx_detach: id=%" PRIu64, id), 0);
	child_kill(pid);
	assert_soon(traced("ipcx_recover: id=%" PRIu64 " aborted=2 returned=1",
			   id) == 1);
	assert_int_equal(traced("ipcx_detach: id=%" PRIu64
				" attachment=%u process=%d", id, *me, pid), 1);
	shared_free(me);
	close(fd);
}

/* Each args->FIELD of the bpftrace line is a field of the event it names. */
static void test_the_line_in_docs(void **state)
{
	static char page[1 << 16];
	char event[64], field[64], path[128], wanted[80];
	uint32_t fields = 0;
	const char *at, *end;

	(void)state;
	snprintf(page, sizeof(page), "%s", read_all("docs/kernel.md"));
	at = strstr(page, "tracepoint:ipcx:");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "tracepoint:ipcx:%63[a-z_]", event), 1);
	snprintf(path, sizeof(path), EVENTS "/%s/format", event);
	read_all(path);
	end = strchr(at, '\n');
	while ((at = strstr(at, "args->")) && at < end) {
		at += strlen("args->");
		assert_int_equal(sscanf(at, "%63[a-z_]", field), 1);
		snprintf(wanted, sizeof(wanted), " %s;", field);
		if (!strstr(text, wanted))
			fail_msg("%s has no field %s", event, field);
		fields++;
	}
	assert_true(fields > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_an_object),
		cmocka_unit_test(test_what_fails_is_not_told),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_sleep_and_wake),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_the_line_in_docs),
	};

	return cmocka_run_group_tests(tests, setup, teardown) ||
	       guest_unload_failed;
}
