// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

#include <pty.h>
#include <sys/prctl.h>
#include <utmp.h>

#include "../command.h"
#include "screen.h"

static void clear_from(struct screen *s, int row, int column)
{
	for (; row < SCREEN_ROWS; row++, column = 0)
		memset(s->line[row] + column, ' ', SCREEN_COLUMNS - column);
}

static void move_to(struct screen *s, int row, int column)
{
	s->row = row < 0 ? 0 : row >= s->rows ? s->rows - 1 : row;
	s->column = column < 0 ? 0 : column >= s->columns ? s->columns - 1 : column;
}

static void new_line(struct screen *s)
{
	if (s->row + 1 < s->rows) {
		s->row++;
		return;
	}
	memmove(s->line[0], s->line[1], sizeof(s->line[0]) * (s->rows - 1));
	clear_from(s, s->row, 0);
}

static void obey(struct screen *s)
{
	switch (s->escape[0]) {
	case 'A':
		move_to(s, s->row - 1, s->column);
		break;
	case 'B':
		move_to(s, s->row + 1, s->column);
		break;
	case 'C':
		move_to(s, s->row, s->column + 1);
		break;
	case 'D':
		move_to(s, s->row, s->column - 1);
		break;
	case 'H':
		move_to(s, 0, 0);
		break;
	case 'J':
		clear_from(s, s->row, s->column);
		break;
	case 'K':
		memset(s->line[s->row] + s->column, ' ', SCREEN_COLUMNS - s->column);
		break;
	case 'Y':
		/* The bytes are unsigned: beyond 95 columns they are no ASCII. */
		move_to(s, (unsigned char)s->escape[1] - ' ',
			(unsigned char)s->escape[2] - ' ');
		break;
	}
}

static void take(struct screen *s, char c)
{
	if (s->escaped) {
		s->escape[s->escaped++ - 1] = c;
		if (s->escaped > (s->escape[0] == 'Y' ? 3 : 1)) {
			s->escaped = 0;
			obey(s);
		}
		return;
	}
	switch (c) {
	case '\033':
		s->escaped = 1;
		break;
	case '\r':
		s->column = 0;
		break;
	case '\n':
		new_line(s);
		break;
	case '\b':
		move_to(s, s->row, s->column - 1);
		break;
	case '\t':
		move_to(s, s->row, (s->column | 7) + 1);
		break;
	default:
		if ((unsigned char)c < ' ')
			break;
		s->line[s->row][s->column] = c;
		move_to(s, s->row, s->column + 1);
	}
}

void screen_look(struct screen *s)
{
	char bytes[4096];
	ssize_t n;

	/* EIO is what a terminal that nobody has open any more says. */
	while ((n = read(s->fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			take(s, bytes[i]);
		if (s->len + n <= sizeof(s->raw)) {
			memcpy(s->raw + s->len, bytes, n);
			s->len += n;
		}
	}
}

static void screen_reset(struct screen *s, int rows, int columns)
{
	assert_in_range(rows, 1, SCREEN_ROWS);
	assert_in_range(columns, 1, SCREEN_COLUMNS);
	s->rows = rows;
	s->columns = columns;
	clear_from(s, 0, 0);
	for (int i = 0; i < SCREEN_ROWS; i++)
		s->line[i][SCREEN_COLUMNS] = '\0';
	move_to(s, 0, 0);
}

void screen_start(struct screen *s, const char *term, int rows, int columns,
		  const char *command)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	memset(s, 0, sizeof(*s));
	screen_reset(s, rows, columns);
	assert_int_equal(openpty(&s->fd, &s->slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(s->slave, &s->before), 0);
	assert_int_equal(fcntl(s->fd, F_SETFL, O_NONBLOCK), 0);
	s->pid = fork();
	assert_int_not_equal(s->pid, -1);
	if (!s->pid) {
		char exec[1024];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(s->fd);
		snprintf(exec, sizeof(exec), "exec %s", command);
		if (login_tty(s->slave) || setenv("TERM", term, 1))
			_exit(127);
		unsetenv("LINES");
		unsetenv("COLUMNS");
		execl("/bin/sh", "sh", "-c", exec, NULL);
		_exit(127);
	}
}

void screen_type(struct screen *s, const char *keys)
{
	assert_int_equal(write(s->fd, keys, strlen(keys)), strlen(keys));
}

void screen_resize(struct screen *s, int rows, int columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	screen_look(s);
	screen_reset(s, rows, columns);
	assert_int_equal(ioctl(s->fd, TIOCSWINSZ, &size), 0);
}

int screen_find(struct screen *s, const char *text)
{
	screen_look(s);
	for (int i = 0; i < s->rows; i++)
		if (strstr(s->line[i], text))
			return i;
	return -1;
}

int screen_end(struct screen *s)
{
	int status;

	/* Who writes to a terminal waits for it to be read. */
	assert_true(wait_until((screen_look(s), waitpid(s->pid, &status, WNOHANG)),
			       LONG_ENOUGH));
	screen_look(s);
	return shell_status(status);
}

bool screen_is_restored(struct screen *s)
{
	struct termios now;

	assert_int_equal(tcgetattr(s->slave, &now), 0);
	return now.c_iflag == s->before.c_iflag && now.c_oflag == s->before.c_oflag &&
	       now.c_cflag == s->before.c_cflag && now.c_lflag == s->before.c_lflag &&
	       !memcmp(now.c_cc, s->before.c_cc, sizeof(now.c_cc));
}

void screen_close(struct screen *s)
{
	close(s->slave);
	close(s->fd);
}
