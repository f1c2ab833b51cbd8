// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library offers to who builds against it: headers that stand alone in
 * C and C++, and exactly the functions that they declare. Run from the top of
 * the source tree, as the build is.
 */
#include <stdlib.h>

#include "plain_ring.h"

#define COMPILE(compiler, header)					\
	"echo '#include <ipcx/" header ">' | " compiler			\
	" -Wall -Wextra -Wpedantic -Werror -fsyntax-only "		\
	"-Ilib/include -Ikmod/uapi -"

#define C11(header)	COMPILE("cc -std=c11 -x c", header)
#define CXX17(header)	COMPILE("c++ -std=c++17 -x c++", header)

/* Lines such as " T ipcx_open@@IPCX_0.1": code, in this release's node. */
#define EXPORTED							\
	"nm -D --defined-only build/lib/libipcx.so | grep -o ' T .*' | sort"
/* Calls named in comments count too: what they speak of must be there. */
#define DECLARED							\
	"grep -ohE '\\bipcx_[a-z_]+\\(' lib/include/ipcx/*.h | "	\
	"sed 's/\\(.*\\)(/ T \\1@@IPCX_0.1/' | sort -u"

static void command_succeeds(void **state)
{
	assert_int_equal(system(*state), 0);
}

#define TEST(label, command) {						\
	.name = label,							\
	.test_func = command_succeeds,					\
	.initial_state = (void *)(command),				\
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST("ipcx.h in C11", C11("ipcx.h")),
		TEST("ipcx.h in C++17", CXX17("ipcx.h")),
		TEST("device.h in C11", C11("device.h")),
		TEST("device.h in C++17", CXX17("device.h")),
		TEST("region.h in C11", C11("region.h")),
		TEST("region.h in C++17", CXX17("region.h")),
		TEST("queue.h in C11", C11("queue.h")),
		TEST("queue.h in C++17", CXX17("queue.h")),
		TEST("exported is what is declared",
		     "bash -c \"diff <(" DECLARED ") <(" EXPORTED ")\""),
	};

	return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
