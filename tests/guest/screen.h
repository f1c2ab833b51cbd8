/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program on a terminal: a pseudo-terminal that understands what a DEC VT52
 * does, which is little enough to be read back in full.
 */
#ifndef GUEST_SCREEN_H
#define GUEST_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#define SCREEN_ROWS	60
#define SCREEN_COLUMNS	250

/**
 * struct screen - a program, and what it shows
 * @fd: master of its terminal
 * @slave: the terminal itself, held open
 * @pid: of the program
 * @before: modes of the terminal before it began
 * @line: what is shown, NUL-terminated, padded with blanks
 * @raw: all that was written, for other terminals
 * @len: bytes of that
 */
struct screen {
	int fd;
	int slave;
	pid_t pid;
	struct termios before;
	int rows;
	int columns;
	char line[SCREEN_ROWS][SCREEN_COLUMNS + 1];
	int row;
	int column;
	char escape[4];
	int escaped;
	char raw[1 << 16];
	size_t len;
};

/* A command of the shell; @term is "vt52" for what is to be read back. */
void screen_start(struct screen *screen, const char *term, int rows, int columns,
		  const char *command);

void screen_type(struct screen *screen, const char *keys);
void screen_resize(struct screen *screen, int rows, int columns);

/* Takes what was written since. */
void screen_look(struct screen *screen);

/* First line in which there is @text, or -1. */
int screen_find(struct screen *screen, const char *text);

/* Takes the rest, and returns the program's status as a shell has it. */
int screen_end(struct screen *screen);

/* Did the program leave the terminal's modes as they were. */
bool screen_is_restored(struct screen *screen);
void screen_close(struct screen *screen);

#endif /* GUEST_SCREEN_H */
