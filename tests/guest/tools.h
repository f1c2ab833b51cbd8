/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the tools have in common. */
#ifndef GUEST_TOOLS_H
#define GUEST_TOOLS_H

#include <ipcx/ipcx.h>

#include "../command.h"

/* A tool as a user without privilege, who need not be able to reach the build tree. */
#define NOBODY_DOES	"LD_LIBRARY_PATH=$TOOLS setpriv --reuid=65534 --regid=65534 " \
			"--clear-groups $TOOLS/"

/* Prints what a Perl expression says of the JSON, as $_, that a command prints. */
#define JSON(expression) \
	" | perl -MJSON::PP -0777 -ne '$_ = decode_json($_); print " expression "'"

/* For files; the tools and the module are there too, as $TOOLS, where any user reaches them. */
extern char dir[];

int tools_setup(void **state);
int tools_teardown(void **state);

/* Around a test. What it leaves of names goes; what else holds the module is its failure. */
int tools_load(void **state);
int tools_unload(void **state);

/* What a test has open, mapped and started: tools_unload() ends it, however the test ended. */
#define ADDRESS_BYTES	65536UL

extern struct ipcx_queue *queue;
extern struct ipcx_region *region, *again;
extern void *address;
extern pid_t started;

/* A command did, and said all of that, or that among other things. */
void assert_prints(const char *expected, struct said said);
void assert_has(const struct said *said, const char *phrase);

#endif /* GUEST_TOOLS_H */
