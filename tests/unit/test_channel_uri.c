// SPDX-License-Identifier: GPL-2.0-only
/* URIs of channels: what is one, what it says, and what cannot be. */
#include <fcntl.h>

#include <ipcx/channel.h>
#include <ipcx/socket.h>

#include "channel_uri.h"
#include "peer.h"

static const struct channel_ops any = {
	.scheme = "any", .options = (1U << OPTIONS) - 1,
};
static const struct channel_ops few = {
	.scheme = "few", .options = OPTION(SIZE) | OPTION(KEEP),
};
static const struct channel_ops host = {
	.scheme = "host", .options = OPTION(SIZE), .at_host = true,
};
static const struct channel_ops *const schemes[] = { &any, &few, &host, NULL };

static const struct {
	const char *text;
	const char *name;
	const char *host;
	const char *port;
} names[] = {
	{ "any:x", "x", NULL, NULL },
	{ "any:", "", NULL, NULL },
	{ "any:?size=1", "", NULL, NULL },
	{ "any:/x", "/x", NULL, NULL },
	{ "any:/x/y.z", "/x/y.z", NULL, NULL },
	{ "any:x/y", "x/y", NULL, NULL },
	{ "any:./x", "./x", NULL, NULL },
	{ "any:../x", "../x", NULL, NULL },
	{ "any:/x/", "/x/", NULL, NULL },
	{ "any:///x", "/x", NULL, NULL },
	{ "any:@x", "@x", NULL, NULL },
	{ "any:x:y", "x:y", NULL, NULL },
	{ "any:-1", "-1", NULL, NULL },
	{ "any:~x_", "~x_", NULL, NULL },
	{ "any:%41%20%3f%2F", "A ?/", NULL, NULL },
	{ "any:/%c3%a4", "/\xc3\xa4", NULL, NULL },
	{ "few:x", "x", NULL, NULL },
	{ "host://h:1", "", "h", "1" },
	{ "host://127.0.0.1:65535", "", "127.0.0.1", "65535" },
	{ "host://[::1]:80", "", "::1", "80" },
	{ "host://h:1?size=2", "", "h", "1" },
};

static void names_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct channel_ops *ops = NULL;
		struct channel_uri uri;
		int ret = uri_parse(names[i].text, schemes, &ops, &uri);

		if (ret)
			fail_msg("%s: %d", names[i].text, ret);
		assert_memory_equal(ops->scheme, names[i].text,
				    strlen(ops->scheme));
		assert_string_equal(uri.name, names[i].name);
		if (names[i].host) {
			assert_string_equal(uri.host, names[i].host);
			assert_string_equal(uri.port, names[i].port);
		} else {
			assert_null(uri.host);
			assert_null(uri.port);
		}
		uri_free(&uri);
	}
}

static const struct {
	const char *text;
	enum channel_option option;
	uint64_t value;
} values[] = {
	{ "any:x?size=1", OPTION_SIZE, 1 },
	{ "any:x?spin=0", OPTION_SPIN, 0 },
	{ "any:x?size=010", OPTION_SIZE, 10 },
	{ "any:x?size=2k", OPTION_SIZE, 2048 },
	{ "any:x?size=3M", OPTION_SIZE, 3 << 20 },
	{ "any:x?size=1G", OPTION_SIZE, 1 << 30 },
	{ "any:x?size=4294967295", OPTION_SIZE, UINT32_MAX },
	{ "any:x?slots=7", OPTION_SLOTS, 7 },
	{ "any:x?mode=0640", OPTION_MODE, 0640 },
	{ "any:x?mode=777", OPTION_MODE, 0777 },
	{ "any:x?type=stream", OPTION_TYPE, IPCX_SOCKET_STREAM },
	{ "any:x?type=seqpacket", OPTION_TYPE, IPCX_SOCKET_SEQPACKET },
	{ "any:x?type=dgram", OPTION_TYPE, IPCX_SOCKET_DGRAM },
	{ "any:x?signal=40", OPTION_SIGNAL, 40 },
	{ "any:x?lanes=3", OPTION_LANES, 3 },
	{ "any:x?spin=1k", OPTION_SPIN, 1024 },
	{ "any:x?drop=1", OPTION_DROP, 1 },
	{ "any:x?broadcast=0", OPTION_BROADCAST, 0 },
	{ "any:x?keep=1", OPTION_KEEP, 1 },
	{ "any:x?map=0", OPTION_MAP, 0 },
	{ "few:x?keep=1", OPTION_KEEP, 1 },
};

static void options_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const struct channel_ops *ops;
		struct channel_uri uri;

		if (uri_parse(values[i].text, schemes, &ops, &uri))
			fail_msg("%s", values[i].text);
		assert_int_equal(uri.given, 1U << values[i].option);
		assert_int_equal(uri.value[values[i].option], values[i].value);
		assert_int_equal(uri_option(&uri, values[i].option, 99),
				 values[i].value);
		uri_free(&uri);
	}
}

static void options_come_together(void **state)
{
	const struct channel_ops *ops;
	struct channel_uri uri;

	(void)state;
	assert_int_equal(uri_parse("any:/x?slots=2&size=1k&drop=0&mode=600",
				   schemes, &ops, &uri), 0);
	assert_int_equal(uri.given, OPTION(SLOTS) | OPTION(SIZE) |
			 OPTION(DROP) | OPTION(MODE));
	assert_int_equal(uri.value[OPTION_SIZE], 1024);
	assert_int_equal(uri.value[OPTION_SLOTS], 2);
	assert_int_equal(uri.value[OPTION_LANES], 0);
	assert_int_equal(uri_option(&uri, OPTION_LANES, 5), 5);
	uri_free(&uri);
}

static const struct {
	const char *text;
	int error;
} wrong[] = {
	{ "", -EINVAL },
	{ "x", -EINVAL },
	{ "/x", -EINVAL },
	{ ":x", -EINVAL },
	{ "any:x y", -EINVAL },
	{ "any:x#y", -EINVAL },
	{ "any:%", -EINVAL },
	{ "any:%4", -EINVAL },
	{ "any:%00", -EINVAL },
	{ "any:x%00y", -EINVAL },
	{ "any://h/x", -EINVAL },
	{ "any://h:1", -EINVAL },
	{ "any://u@h:1", -EINVAL },
	{ "host:x", -EINVAL },
	{ "host://h", -EINVAL },
	{ "host://:1", -EINVAL },
	{ "host://h:", -EINVAL },
	{ "host://h:1/x", -EINVAL },
	{ "host://u@h:1", -EINVAL },
	{ "host://[::1:80", -EINVAL },
	{ "an:x", -EPROTONOSUPPORT },
	{ "anyx:x", -EPROTONOSUPPORT },
	{ "any:x?", 0 },
	{ "any:x?size", -EINVAL },
	{ "any:x?size=", -EINVAL },
	{ "any:x?=1", -EINVAL },
	{ "any:x?size=-1", -EINVAL },
	{ "any:x?size=0", -EINVAL },
	{ "any:x?slots=0", -EINVAL },
	{ "any:x?lanes=0", -EINVAL },
	{ "any:x?size=%201", -EINVAL },
	{ "any:x?size=1x", -EINVAL },
	{ "any:x?size=1kk", -EINVAL },
	{ "any:x?size=1K", -EINVAL },
	{ "any:x?size=4G", -EINVAL },
	{ "any:x?size=4294967296", -EINVAL },
	{ "any:x?size=99999999999999999999", -EINVAL },
	{ "any:x?size=1&size=1", -EINVAL },
	{ "any:x?sizes=1", -EINVAL },
	{ "any:x?Size=1", -EINVAL },
	{ "any:x?mode=8", -EINVAL },
	{ "any:x?mode=1000", -EINVAL },
	{ "any:x?type=raw", -EINVAL },
	{ "any:x?drop=2", -EINVAL },
	{ "any:x?drop=", -EINVAL },
	{ "any:x?drop=01", -EINVAL },
	{ "few:x?slots=1", -EINVAL },
	{ "few:x?size=1&slots=1", -EINVAL },
};

static void nonsense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct channel_ops *ops;
		struct channel_uri uri;
		int ret = uri_parse(wrong[i].text, schemes, &ops, &uri);

		if (!ret)
			uri_free(&uri);
		if (ret != wrong[i].error)
			fail_msg("'%s': %d", wrong[i].text, ret);
	}
}

static void numbers_are_understood(void **state)
{
	static const struct {
		char *name;
		long long number;	/* -99: none */
	} numbers[] = {
		{ "1", 1 }, { "0x10", 16 }, { "010", 8 }, { "-5", -5 },
		{ "100", 100 }, { "101", -99 }, { "-6", -99 }, { "", -99 },
		{ "x", -99 }, { "1x", -99 }, { "0x", -99 },
		{ "99999999999999999999", -99 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct channel_uri uri = { .name = numbers[i].name };
		long long number;
		int ret = uri_number(&uri, -5, 100, &number);

		assert_int_equal(ret, numbers[i].number == -99 ? -EINVAL : 0);
		if (!ret)
			assert_int_equal(number, numbers[i].number);
	}
}

/* Through the calls that everybody makes; nothing of it can be opened. */
static const struct {
	const char *text;
	int opening;
	int removing;
} calls[] = {
	{ "", -EINVAL, -EINVAL },
	{ "nonsense", -EINVAL, -EINVAL },
	{ "carrier-pigeon:x", -EPROTONOSUPPORT, -EPROTONOSUPPORT },
	{ "QUEUE:x", -EPROTONOSUPPORT, -EPROTONOSUPPORT },
	{ "queue:x?type=stream", -EINVAL, -EINVAL },
	{ "queue:x?lanes=", -EINVAL, -EINVAL },
	{ "mq:x", -EINVAL, -EINVAL },
	{ "mq:/x?lanes=1", -EINVAL, -EINVAL },
	{ "mq:/ipcx-no-such?size=0", -EINVAL, -EINVAL },
	{ "sysv:", -EINVAL, -EINVAL },
	{ "sysv:0", -EINVAL, -EINVAL },
	{ "sysv:1.5", -EINVAL, -EINVAL },
	{ "signal:x", -EINVAL, -EOPNOTSUPP },
	{ "signal:1?signal=1", -EINVAL, -EOPNOTSUPP },
	{ "pipe:", -EINVAL, -EOPNOTSUPP },
	{ "pipe:x", -EINVAL, -EOPNOTSUPP },
	{ "pipe:1?mode=600", -EINVAL, -EINVAL },
	{ "fifo:", -EINVAL, -ENOENT },
	{ "shm:x/y", -EINVAL, -EINVAL },
	{ "map:", -EINVAL, -EINVAL },
	{ "map:/x?map=1", -EINVAL, -EINVAL },
};

static void every_call_parses(void **state)
{
	static const uint32_t ends[] = { IPCX_RIGHT_SEND, IPCX_RIGHT_RECV };
	struct ipcx_channel *channel = POISON;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int ret;

		for (int j = 0; j < 2; j++) {
			ret = ipcx_channel_open_timed(calls[i].text, ends[j],
						      &channel, IPCX_NO_WAIT);
			if (ret != calls[i].opening)
				fail_msg("opening '%s': %d", calls[i].text, ret);
		}
		ret = ipcx_channel_remove(calls[i].text);
		if (ret != calls[i].removing)
			fail_msg("removing '%s': %d", calls[i].text, ret);
	}
	assert_ptr_equal(channel, POISON);
}

static void errors_are_explained(void **state)
{
	static const struct {
		int error;
		const char *part;
	} errors[] = {
		{ -EPROTONOSUPPORT, "kind of channel" },
		{ -EINVAL, "URI" },
		{ -EEXIST, "already" },
		{ -EADDRINUSE, "receives" },
		{ -EACCES, "denied" },
		{ -ETIMEDOUT, "timed out" },
		{ -12345, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		assert_non_null(strstr(ipcx_channel_explain("shm:/x",
							    errors[i].error),
				       errors[i].part));
	/* Advice that helps nobody else is not given. */
	assert_non_null(strstr(ipcx_channel_explain("queue:x", -ENODEV), "shm:"));
	assert_null(strstr(ipcx_channel_explain("map:/x", -ENODEV), "shm:"));
	assert_non_null(ipcx_channel_explain("", 0));
}

/* On the host there is no module. */
static void without_the_module(void **state)
{
	struct ipcx_channel *channel = POISON;

	(void)state;
	assert_int_equal(access("/dev/ipcx", F_OK), -1);
	errno = ERRNO_CANARY;
	assert_int_equal(ipcx_channel_open("queue:x", IPCX_RIGHT_SEND, &channel),
			 -ENODEV);
	assert_int_equal(ipcx_channel_open("queue:x", IPCX_RIGHT_RECV, &channel),
			 -ENODEV);
	assert_int_equal(ipcx_channel_remove("queue:x"), -ENODEV);
	assert_ptr_equal(channel, POISON);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		PEER_TEST(names_are_understood),
		PEER_TEST(options_are_understood),
		PEER_TEST(options_come_together),
		PEER_TEST(nonsense_is_refused),
		PEER_TEST(numbers_are_understood),
		PEER_TEST(every_call_parses),
		PEER_TEST(errors_are_explained),
		PEER_TEST(without_the_module),
	};

	return cmocka_run_group_tests_name("channel_uri", tests, NULL, NULL);
}
