/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the System V mechanisms share. */
#ifndef SYSV_H
#define SYSV_H

#include <errno.h>
#include <stdlib.h>

/*
 * @number is an id, or -errno: sets *@handle to a structure for it, in which it
 * is the field id. Returns 0 or -errno.
 */
#define SYSV_HANDLE(number, handle) ({					\
	int id_ = (number);						\
	__typeof__(*(handle)) made_ = NULL;				\
									\
	if (id_ >= 0)							\
		made_ = malloc(sizeof(*made_));				\
	if (made_) {							\
		made_->id = id_;					\
		*(handle) = made_;					\
	}								\
	id_ < 0 ? id_ : made_ ? 0 : -ENOMEM;				\
})

#endif /* SYSV_H */
