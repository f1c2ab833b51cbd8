/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the tools have in common. */
#ifndef GUEST_TOOLS_H
#define GUEST_TOOLS_H

/* For files; the tools and the module are there too, where any user reaches them. */
extern char dir[];

int tools_setup(void **state);
int tools_teardown(void **state);

/* Around a test. What it leaves of names goes; what else holds the module is its failure. */
int tools_load(void **state);
int tools_unload(void **state);

#endif /* GUEST_TOOLS_H */
