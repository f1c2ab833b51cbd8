/* SPDX-License-Identifier: GPL-2.0-only */
/* The module, loaded around a group of tests. */
#ifndef GUEST_MODULE_H
#define GUEST_MODULE_H

#include <stdbool.h>

extern int ctl;			/* /dev/ipcx while the module is loaded */

int module_load(void);		/* -errno; the file is named by IPCX_MODULE */
int module_unload(void);	/* -errno; does not wait */
bool module_loaded(void);

int guest_setup(void **state);
int guest_teardown(void **state);

/* cmocka does not count a failed group teardown: a refused unload does here. */
extern bool guest_unload_failed;
#define guest_run(tests) \
	(cmocka_run_group_tests(tests, guest_setup, guest_teardown) || \
	 guest_unload_failed)

#endif /* GUEST_MODULE_H */
