/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects as tables show them: the columns of ls, which are the lines of info. */
#ifndef TOOLS_CTL_LS_H
#define TOOLS_CTL_LS_H

#include "ctl.h"

/* Of struct ipcx_stat: as a table, and as a record. */
extern const struct view object_view;
extern const struct view record_view;

/* What flags are called, separated by commas; NULL if there are none. */
struct flag_name {
	uint64_t flag;
	const char *name;
};

char *flags_text(uint64_t flags, const struct flag_name *names, size_t n);

/* Of IPCX_RIGHT_*. */
char *rights_text(uint32_t rights);

/* Numbers of the bits set, separated by commas; NULL if there are none. */
char *lanes_text(uint32_t lanes);

/* A name, or the number where there is none. */
char *user_text(uid_t uid);

#endif /* TOOLS_CTL_LS_H */
