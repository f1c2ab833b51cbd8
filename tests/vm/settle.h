/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SETTLE_H
#define SETTLE_H

typedef void (*settle_report)(const char *line);

/* Forgets what the kernel said so far. */
void settle_begin(void);

/*
 * Unloads ipcx if it is loaded, looks for leaks where the kernel can, and reads what the kernel
 * has said since the last look. Reports every offence on a line; returns how many there were.
 */
int settle(settle_report report);

#endif
