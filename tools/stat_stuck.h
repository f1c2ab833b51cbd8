/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TOOLS_STAT_STUCK_H
#define TOOLS_STAT_STUCK_H

/*
 * One line for each claim that stood in the way in two looks, a moment apart.
 * @root is /sys/kernel/debug/ipcx. It takes no time where nobody's claim does.
 */
void print_stuck(int root);

#endif /* TOOLS_STAT_STUCK_H */
