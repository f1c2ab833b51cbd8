// SPDX-License-Identifier: GPL-2.0-only
/* What of mq: and sysv: channels is their own; all else is test_conformance. */
#include <sys/msg.h>
#include <sys/stat.h>

#include <ipcx/channel.h>
#include <ipcx/mqueue.h>
#include <ipcx/sysv_msg.h>

#include "peer.h"

#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV
#define SIZE	64

static char name[NAME_SIZE];
static int key;
static struct ipcx_channel *channel;

static int setup(void **state)
{
	name[0] = '/';
	snprintf(name + 1, sizeof(name) - 1, "ipcx-test-mq-%d", getpid());
	key = 0x1bd00000 + getpid() % 0x100000;
	channel = POISON;
	return peer_setup(state);
}

static int teardown(void **state)
{
	struct ipcx_sysv_msg *queue;

	peer_teardown(state);
	ipcx_mqueue_unlink(name);
	if (!ipcx_sysv_msg_open(key, &queue)) {
		ipcx_sysv_msg_remove(queue);
		ipcx_sysv_msg_close(queue);
	}
	return 0;
}

static int open_uri(uint32_t right, const char *format, ...)
{
	char uri[2 * NAME_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(uri, sizeof(uri), format, args);
	va_end(args);
	return ipcx_channel_open(uri, right, &channel);
}

static int remove_uri(const char *format, ...)
{
	char uri[2 * NAME_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(uri, sizeof(uri), format, args);
	va_end(args);
	return ipcx_channel_remove(uri);
}

static uint32_t number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int number = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &number), 1);
	fclose(file);
	return number;
}

/* ---- mq: ---- */

static void assert_geometry(uint32_t messages, uint32_t size)
{
	struct ipcx_mqueue *queue;

	assert_int_equal(ipcx_mqueue_open(name, 0, &queue), 0);
	assert_int_equal(ipcx_mqueue_messages(queue), messages);
	assert_int_equal(ipcx_mqueue_message_size(queue), size);
	ipcx_mqueue_close(queue);
}

static void mq_is_made_with_defaults(void **state)
{
	uint32_t slots = number_in("/proc/sys/fs/mqueue/msg_max");
	uint32_t size = number_in("/proc/sys/fs/mqueue/msgsize_max");

	(void)state;
	slots = slots < 10 ? slots : 10;
	size = size < 8192 ? size : 8192;
	assert_int_equal(open_uri(RECV, "mq:%s", name), 0);
	assert_int_equal(ipcx_channel_size(channel), size);
	ipcx_channel_close(channel);
	assert_geometry(slots, size);
	assert_int_equal(remove_uri("mq:%s", name), 0);

	assert_int_equal(open_uri(RECV, "mq:%s?slots=2", name), 0);
	ipcx_channel_close(channel);
	assert_geometry(2, size);
	assert_int_equal(remove_uri("mq:%s", name), 0);

	assert_int_equal(open_uri(SEND, "mq:%s?size=7", name), 0);
	ipcx_channel_close(channel);
	assert_geometry(slots, 7);
	assert_int_equal(remove_uri("mq:%s", name), 0);
}

static void mq_is_taken_as_it_is(void **state)
{
	static const char *const same[] = {
		"", "?slots=3", "?size=64", "?slots=3&size=64",
	};
	static const char *const others[] = {
		"?slots=4", "?size=65", "?slots=3&size=65", "?slots=2&size=64",
	};
	struct ipcx_mqueue *queue;

	(void)state;
	assert_int_equal(ipcx_mqueue_create(name, 3, SIZE, NULL, &queue), 0);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(open_uri(SEND, "mq:%s%s", name, same[i]), 0);
		assert_int_equal(ipcx_channel_size(channel), SIZE);
		ipcx_channel_close(channel);
	}
	channel = POISON;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(open_uri(SEND, "mq:%s%s", name, others[i]),
				 -EEXIST);
	assert_ptr_equal(channel, POISON);
	ipcx_mqueue_close(queue);
}

static void mq_refuses(void **state)
{
	(void)state;
	assert_int_equal(open_uri(SEND, "mq:no-slash"), -EINVAL);
	assert_int_equal(open_uri(SEND, "mq:"), -EINVAL);
	assert_int_equal(open_uri(SEND, "mq:/"), -EINVAL);
	assert_int_equal(open_uri(SEND, "mq:/a/b"), -EACCES);
	assert_int_equal(open_uri(SEND, "mq:%s?slots=0", name), -EINVAL);
	assert_int_equal(open_uri(SEND, "mq:%s?size=0", name), -EINVAL);
	assert_int_equal(open_uri(SEND, "mq:%s?size=3G", name), -EINVAL);
	assert_int_equal(open_uri(SEND, "mq:%s?lanes=2", name), -EINVAL);
	assert_ptr_equal(channel, POISON);
	assert_int_equal(remove_uri("mq:%s", name), -ENOENT);
	assert_int_equal(remove_uri("mq:x"), -EINVAL);
}

static void mq_has_its_mode(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(open_uri(RECV, "mq:%s?slots=2&size=64&mode=622", name),
			 0);
	pid = peer_fork();
	if (!pid) {
		umask(0);
		assert_int_equal(remove_uri("mq:%s", name), 0);
		assert_int_equal(open_uri(RECV, "mq:%s?slots=2&mode=622", name),
				 0);
		peer_become_nobody();
		assert_int_equal(open_uri(SEND, "mq:%s", name), 0);
		assert_int_equal(open_uri(RECV, "mq:%s", name), -EACCES);
		peer_done();
	}
	peer_ok(pid);
	ipcx_channel_close(channel);
}

/* ---- sysv: ---- */

static void sysv_takes_numbers(void **state)
{
	(void)state;
	assert_int_equal(open_uri(SEND, "sysv:"), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:0"), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:x"), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:%dx", key), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:4294967296"), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:-2147483649"), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:%d?size=0", key), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:%d?size=1G", key), -EINVAL);
	assert_int_equal(open_uri(SEND, "sysv:%d?slots=1", key), -EINVAL);
	assert_ptr_equal(channel, POISON);
	assert_int_equal(remove_uri("sysv:0"), -EINVAL);
	assert_int_equal(remove_uri("sysv:%d", key), -ENOENT);

	assert_int_equal(open_uri(SEND, "sysv:%#x", key), 0);
	ipcx_channel_close(channel);
	assert_int_equal(remove_uri("sysv:%d", key), 0);
	/* As ipcs(1) shows it. */
	assert_int_equal(open_uri(SEND, "sysv:0x%08x", -key), 0);
	ipcx_channel_close(channel);
	assert_int_equal(remove_uri("sysv:%d", -key), 0);
}

static void sysv_has_a_default_size(void **state)
{
	uint32_t most = number_in("/proc/sys/kernel/msgmax");
	uint32_t holds = number_in("/proc/sys/kernel/msgmnb");

	(void)state;
	most = most < holds ? most : holds;
	assert_int_equal(open_uri(SEND, "sysv:%d", key), 0);
	assert_int_equal(ipcx_channel_size(channel), most < 8192 ? most : 8192);
	ipcx_channel_close(channel);
	assert_int_equal(open_uri(SEND, "sysv:%d?size=%u", key, most), 0);
	ipcx_channel_close(channel);
	channel = POISON;
	assert_int_equal(open_uri(SEND, "sysv:%d?size=%u", key, most + 1),
			 -EINVAL);
}

/* Of who does not go by the URI, or is no channel. */
static void sysv_drops_what_is_too_large(void **state)
{
	struct { long type; char text[SIZE + 2]; } large = { .type = 32768 };
	struct ipcx_sysv_msg *queue;
	struct ipcx_channel_msg msg;
	char buf[SIZE];

	(void)state;
	assert_int_equal(open_uri(RECV, "sysv:%d?size=%d", key, SIZE), 0);
	assert_int_equal(ipcx_sysv_msg_open(key, &queue), 0);
	for (size_t len = SIZE; len <= SIZE + 2; len++)
		assert_int_equal(ipcx_sysv_msg_send_try(queue, &large, len), 0);
	large.type = 3;
	assert_int_equal(ipcx_sysv_msg_send_try(queue, &large, 1), 0);
	/* No channel's: it stays. */
	large.type = 32769;
	assert_int_equal(ipcx_sysv_msg_send_try(queue, &large, 1), 0);

	assert_int_equal(ipcx_channel_recv(channel, buf, SIZE, &msg), 1);
	assert_int_equal(msg.priority, 32765);
	assert_int_equal(ipcx_channel_recv(channel, buf, SIZE, &msg), SIZE);
	assert_int_equal(msg.priority, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ipcx_channel_recv(channel, buf, SIZE, &msg),
				 -EBADMSG);
	assert_int_equal(ipcx_channel_recv_try(channel, buf, SIZE, &msg),
			 -EAGAIN);
	ipcx_sysv_msg_close(queue);
	ipcx_channel_close(channel);
}

static void sysv_sleepers_see_it_go(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(open_uri(RECV, "sysv:%d?size=%d", key, SIZE), 0);
	pid = peer_fork();
	if (!pid) {
		char buf[SIZE];

		assert_int_equal(ipcx_channel_recv(channel, buf, SIZE, NULL),
				 -EIDRM);
		peer_done();
	}
	peer_asleep(pid);
	assert_int_equal(remove_uri("sysv:%d", key), 0);
	peer_ok(pid);
	ipcx_channel_close(channel);
}

static void sysv_has_its_mode(void **state)
{
	struct msqid_ds stat;
	struct ipcx_sysv_msg *queue;

	(void)state;
	assert_int_equal(open_uri(SEND, "sysv:%d?mode=640", key), 0);
	assert_int_equal(ipcx_sysv_msg_open(key, &queue), 0);
	assert_int_equal(ipcx_sysv_msg_stat(queue, &stat), 0);
	assert_int_equal(stat.msg_perm.mode, 0640);
	ipcx_sysv_msg_close(queue);
	ipcx_channel_close(channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(mq_is_made_with_defaults),
		TEST(mq_is_taken_as_it_is),
		TEST(mq_refuses),
		TEST(mq_has_its_mode),
		TEST(sysv_takes_numbers),
		TEST(sysv_has_a_default_size),
		TEST(sysv_drops_what_is_too_large),
		TEST(sysv_sleepers_see_it_go),
		TEST(sysv_has_its_mode),
	};

	return cmocka_run_group_tests_name("channel_mq_sysv", tests, NULL, NULL);
}
