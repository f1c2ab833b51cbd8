// SPDX-License-Identifier: GPL-2.0-only
/* Channels of the standard mechanisms; those of the module are the guest's. */
#include "conformance_rows.h"

static const struct row rows[] = {
	STANDARD_ROWS,
	{ NULL }
};

int main(void)
{
	return conformance_run("conformance", rows, NULL, NULL);
}
