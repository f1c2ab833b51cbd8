/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the module can go, whatever a test holds of it. */
#ifndef GUEST_UNLOAD_H
#define GUEST_UNLOAD_H

#include "guest.h"

static inline void open_ctl(void)
{
	ctl = open("/dev/ipcx", O_RDWR | O_CLOEXEC);
	assert_true(ctl >= 0);
}

/* All that this process itself has of the module, but for what is tested. */
static inline void refused(void)
{
	assert_int_equal(close(ctl), 0);
	assert_int_equal(module_unload(), -EAGAIN);
	assert_true(module_loaded());
	open_ctl();
}

/* Descriptors and mappings go a moment after the call that lets go of them. */
static inline void gone(void)
{
	int rc = -EAGAIN;

	assert_int_equal(close(ctl), 0);
	if (!wait_until((rc = module_unload()) != -EAGAIN, LONG_ENOUGH) || rc)
		fail_msg("cannot unload: %s", strerror(-rc));
	assert_false(module_loaded());
	assert_int_equal(access("/dev/ipcx", F_OK), -1);
	assert_int_equal(access("/sys/kernel/debug/ipcx", F_OK), -1);
	assert_int_equal(access("/sys/class/misc/ipcx", F_OK), -1);
}

static inline void back(void)
{
	assert_int_equal(module_load(), 0);
	open_ctl();
}

static inline void allowed(void)
{
	gone();
	back();
}

#endif /* GUEST_UNLOAD_H */
