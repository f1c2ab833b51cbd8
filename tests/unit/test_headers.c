// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's headers, each of which stands alone in C and C++. Run from the
 * top of the source tree, as the build is.
 */
#include "plain_ring.h"

#include "../command.h"

#define EACH_COMPILES(compiler)						\
	"for header in lib/include/ipcx/*.h; do"			\
	"	echo \"#include <ipcx/${header##*/}>\" | " compiler	\
	"		-Wall -Wextra -Wpedantic -Werror -fsyntax-only"	\
	"		-Ilib/include -Ikmod/uapi - || exit;"		\
	"done"

static void headers_are_c11(void **state)
{
	(void)state;
	sh_ok(EACH_COMPILES("cc -std=c11 -x c"));
}

static void headers_are_cxx17(void **state)
{
	(void)state;
	sh_ok(EACH_COMPILES("c++ -std=c++17 -x c++"));
}

/* All together, as what differs between the versions is the language, not the headers. */
static void headers_are_cxx11_to_20(void **state)
{
	(void)state;
	sh_ok("for version in 11 14 17 20; do"
	      "	printf '#include <%%s>\\n' ipcx/ipcx.h linux/ipcx_ring.h | c++ -std=c++$version -x c++"
	      "		-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
	      "		-Ilib/include -Ikmod/uapi - || exit;"
	      "done");
}

/* Each but the one that includes all: <ipcx/ipcx.h>. */
static void ipcx_h_includes_all(void **state)
{
	(void)state;
	sh_ok("for header in lib/include/ipcx/*.h; do"
	      "	line=\"#include <ipcx/${header##*/}>\";"
	      "	[ \"$line\" = '#include <ipcx/ipcx.h>' ] ||"
	      "		grep -qxF \"$line\" lib/include/ipcx/ipcx.h ||"
	      "		echo \"$line\";"
	      "done");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_c11),
		cmocka_unit_test(headers_are_cxx17),
		cmocka_unit_test(headers_are_cxx11_to_20),
		cmocka_unit_test(ipcx_h_includes_all),
	};

	return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
