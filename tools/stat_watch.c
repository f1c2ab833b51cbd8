// SPDX-License-Identifier: GPL-2.0-only
/* --watch: the newest sample on the whole screen, and keys to look at it with. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ncurses.h>

#include <ipcx/ipcx.h>

#include "stat.h"

#define EVERY_NS	1000000000ULL

/* Columns of the pad, which what is drawn of a line must not exceed. */
#define WIDTH_MAX	1024

enum { STUCK = 1 };

/**
 * struct screen - what is shown, and how
 * @options: as the user changed them
 * @sample: the last one
 * @reverse: the order
 * @paused: no new samples
 * @stale: the sample has not what is to be shown
 * @top: first row of the table that is shown
 * @stuck: how to draw what is stuck
 * @keys: where keys come from
 */
struct screen {
	struct options options;
	struct sample sample;
	bool reverse;
	bool paused;
	bool stale;
	int top;
	attr_t stuck;
	WINDOW *keys;
};

/* ---- the terminal ---- */

static SCREEN *terminal;

static void leave_screen(void)
{
	if (terminal)
		endwin();
	terminal = NULL;
}

static void enter_screen(struct screen *screen)
{
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		errx(EXIT_FAILURE, "--watch does not know this terminal; see: echo $TERM");
	/* Whatever ends this leaves the terminal as it was. */
	atexit(leave_screen);
	/* In the place of those that newterm() set up. */
	catch_signals();
	cbreak();
	noecho();
	curs_set(0);
	/* To read keys of a pad does not draw it, as that of a window does. */
	screen->keys = newpad(1, 1);
	if (!screen->keys)
		errx(EXIT_FAILURE, "cannot draw: out of memory");
	keypad(screen->keys, TRUE);
	nodelay(screen->keys, TRUE);
	screen->stuck = A_BOLD | A_REVERSE;
	if (has_colors() && start_color() == OK && use_default_colors() == OK &&
	    init_pair(STUCK, COLOR_RED, -1) == OK)
		screen->stuck = A_BOLD | COLOR_PAIR(STUCK);
}

/* ---- drawing ---- */

static const struct look *before_of(const struct screen *screen)
{
	return sample_before(&screen->sample);
}

static const char *head_of(enum key key)
{
	return stat_columns[key].name;
}

static void draw_head(WINDOW *pad, const struct screen *screen)
{
	const struct options *options = &screen->options;
	const struct look *look = &screen->sample.look;
	char *source = look_source(look), clock[16];
	struct tm tm;

	localtime_r(&look->wall.tv_sec, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	wprintw(pad, "ipcxstat  %s  %s by %s%s%s  %s\n", clock,
		stat_usual[options->what].name, head_of(options->sort),
		screen->reverse ? " reversed" : "",
		screen->paused ? "  PAUSED" : before_of(screen) ? "" : "  since made",
		source);
	free(source);
}

/* The lines of a table; those of @stuck rows, which come first, are marked. */
static void draw_table(WINDOW *pad, struct view *view, size_t stuck, attr_t how, int top)
{
	char *lines, *rest, *line;
	int nr = -1;

	if (scols_print_table_to_string(view->table, &lines))
		errx(EXIT_FAILURE, "cannot print the table: out of memory");
	scols_unref_table(view->table);
	for (rest = lines; (line = strsep(&rest, "\n")) && (*line || rest); nr++) {
		bool marked = nr >= 0 && (size_t)nr < stuck;

		if (nr >= 0 && nr < top)
			continue;
		wattrset(pad, nr < 0 ? A_REVERSE : marked ? how : A_NORMAL);
		wprintw(pad, "%c %s\n", marked ? '!' : ' ', line);
	}
	wattrset(pad, A_NORMAL);
	free(lines);
}

static size_t fill(struct view *view, const struct screen *screen, enum what what)
{
	struct rows rows = rows_make(what, &screen->sample.look, before_of(screen));
	size_t stuck = 0;

	rows_sort(&rows, screen->options.sort, screen->reverse, true);
	choose_columns(view, &screen->options, what, true);
	view_begin(view, &screen->options.format);
	for (size_t i = 0; i < rows.n; i++) {
		view_row(view, &rows.row[i]);
		stuck += rows.row[i].stuck && what != WHAT_TOTALS;
	}
	rows_free(&rows);
	return stuck;
}

static void draw_keys(const struct screen *screen)
{
	struct view view;

	choose_columns(&view, &screen->options, screen->options.what, true);
	attrset(A_NORMAL);
	mvaddstr(LINES - 1, 0, "q quit  p pause  r reverse  t what  sort:");
	for (size_t i = 0; i < view.n_shown; i++) {
		enum key key = view.shown[i];
		int room = COLS - getcurx(stdscr) - 1;
		char *item;

		if (!stat_keys[key].letter)
			continue;
		item = text(" %c %s", stat_keys[key].letter, head_of(key));
		if ((int)strlen(item) < room)
			addstr(item);
		free(item);
	}
}

/* The signal only tells that there is something to ask. */
static void fit(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    is_term_resized(size.ws_row, size.ws_col))
		resizeterm(size.ws_row, size.ws_col);
}

static void draw(struct screen *screen)
{
	enum what what = screen->options.what;
	struct view view;
	size_t stuck;
	WINDOW *pad;

	fit();
	pad = newpad(screen->sample.look.n * 2 + LINES + 64, WIDTH_MAX);
	if (!pad)
		errx(EXIT_FAILURE, "cannot draw: out of memory");
	draw_head(pad, screen);
	if (what != WHAT_TOTALS) {
		fill(&view, screen, WHAT_TOTALS);
		draw_table(pad, &view, 0, 0, 0);
		waddch(pad, '\n');
	}
	stuck = fill(&view, screen, what);
	if (screen->top >= (int)scols_table_get_nlines(view.table))
		screen->top = 0;
	draw_table(pad, &view, stuck, screen->stuck, screen->top);
	erase();
	draw_keys(screen);
	wnoutrefresh(stdscr);
	if (LINES > 1)
		pnoutrefresh(pad, 0, 0, 0, 0, LINES - 2, COLS - 1);
	doupdate();
	delwin(pad);
}

/* ---- keys ---- */

static void sort_by(struct screen *screen, int letter)
{
	struct view view;

	choose_columns(&view, &screen->options, screen->options.what, true);
	for (size_t i = 0; i < view.n_shown; i++)
		if (stat_keys[view.shown[i]].letter == letter)
			screen->options.sort = view.shown[i];
}

static void next_what(struct screen *screen)
{
	static const enum what next[WHATS] = {
		[WHAT_TOTALS] = WHAT_OBJECTS,
		[WHAT_OBJECTS] = WHAT_PROCESSES,
		[WHAT_PROCESSES] = WHAT_TOTALS,
		[WHAT_ATTACHMENTS] = WHAT_TOTALS,
	};

	screen->options.what = next[screen->options.what];
	screen->options.columns = NULL;
	screen->top = 0;
	screen->stale = needs_peers(screen->options.what);
}

/* False if it asks for the end. */
static bool handle_key(struct screen *screen, int key)
{
	switch (key) {
	case 'q':
		return false;
	case 'p':
		screen->paused = !screen->paused;
		break;
	case 'r':
		screen->reverse = !screen->reverse;
		break;
	case 't':
		next_what(screen);
		break;
	case KEY_DOWN:
		screen->top++;
		break;
	case KEY_UP:
		screen->top -= screen->top > 0;
		break;
	case KEY_RESIZE:
		break;
	default:
		if (key > 0 && key < 128)
			sort_by(screen, key);
	}
	return true;
}

static bool handle_keys(struct screen *screen)
{
	int key;

	while ((key = wgetch(screen->keys)) != ERR)
		if (!handle_key(screen, key))
			return false;
	return true;
}

/* Keys, until the next sample is due; false if there is to be none. */
static bool look_at(struct screen *screen, uint64_t until)
{
	do {
		draw(screen);
		if (!sleep_until(screen->paused ? IPCX_FOREVER : until, STDIN_FILENO) ||
		    !handle_keys(screen))
			return false;
	} while (!screen->stale && (screen->paused || ipcx_deadline_after(0) < until));
	return true;
}

int watch(const struct options *options)
{
	struct screen screen = { .options = *options };
	uint64_t interval = options->interval_ns ?: EVERY_NS;
	uint64_t next = ipcx_deadline_after(0);
	int ret;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		errx(EXIT_FAILURE, "--watch needs a terminal; without one, give an interval");
	if (screen.options.sort == KEYS)
		screen.options.sort = COL_SENT_S;
	ret = sample_take(&screen.sample, needs_peers(options->what));
	if (!ret)
		enter_screen(&screen);
	while (!ret) {
		next = next_moment(next, interval);
		screen.stale = false;
		if (!look_at(&screen, next) || screen.sample.nr == options->count)
			break;
		ret = sample_take(&screen.sample, needs_peers(screen.options.what));
	}
	leave_screen();
	sample_free(&screen.sample);
	return ret ? failure(ret, "cannot look at the objects") : EXIT_SUCCESS;
}
