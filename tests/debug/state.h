/* SPDX-License-Identifier: GPL-2.0-only */
/* All that shows of the module: what a call that failed must not have changed. */
#ifndef DEBUG_STATE_H
#define DEBUG_STATE_H

#include <stdbool.h>

void state_note(void);

/* What differs from what was noted, NULL if nothing; see fault_case.writes. */
const char *state_change(bool writes);

/* Nothing of any object or mapping is there any more. */
bool state_empty(void);

/* What was made in spite of a fault has all that it needs: done() of what makes one. */
void use_and_close(long fd);

#endif /* DEBUG_STATE_H */
