/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SETTLE_H
#define SETTLE_H

typedef void (*settle_report)(const char *line);

/* Forgets what the kernel said so far. */
void settle_begin(void);

/*
 * Unloads ipcx if it is loaded and reads what the kernel has said since the last look. Reports
 * every offence on a line; returns how many there were.
 */
int settle(settle_report report);

/* The same, and looks for leaks where the kernel can. That takes its time: once, at the end. */
int settle_at_last(settle_report report);

/*
 * Reads on in /dev/kmsg, open without blocking, and reports what the kernel has said that was
 * wrong, after the record of this number. Returns how much it was.
 */
int settle_splats(int fd, unsigned long long after, settle_report report);

#endif
