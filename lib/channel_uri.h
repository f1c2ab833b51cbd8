/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CHANNEL_URI_H
#define CHANNEL_URI_H

#include "channel.h"

/*
 * Take @text apart. Sets @ops to the one of @schemes, which ends with NULL, that
 * it is for. 0, -EPROTONOSUPPORT, -EINVAL, -ENOMEM; to be freed after 0.
 */
int uri_parse(const char *text, const struct channel_ops *const *schemes,
	      const struct channel_ops **ops, struct channel_uri *uri);
void uri_free(struct channel_uri *uri);

#endif /* CHANNEL_URI_H */
