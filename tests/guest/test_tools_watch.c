// SPDX-License-Identifier: GPL-2.0-only
/* ipcxstat --watch: what is on the screen, what the keys do, and what is left. */
#include "stat.h"

#include "screen.h"

#define ROWS	24
#define COLUMNS	200
#define WATCH	"ipcxstat --watch 0.1"

/*
 * Three objects of which one is stuck: it is neither the first nor has it the
 * most messages, so that only its being stuck can put it first.
 */
struct scene {
	struct ipcx_queue *busy;
	_Atomic uint32_t *holder;
	pid_t pid;
	struct screen screen;
};

static void scene_set(struct scene *scene)
{
	sh_ok("ipcxctl create region aaa --size 1");
	scene->busy = make("busy", 0, 64);
	put(scene->busy, 50, 1);
	sh_ok("ipcxctl create queue q --lanes 4");
	scene->holder = shared_words();
	scene->pid = start_holder(scene->holder);
	assert_soon(*scene->holder);
}

static void scene_clear(struct scene *scene)
{
	child_kill(scene->pid);
	ipcx_queue_close(scene->busy);
	shared_free(scene->holder);
	screen_close(&scene->screen);
}

/* Line @nr below the heading of the table of objects, without blanks at its end. */
static char *object_line(struct screen *screen, int nr)
{
	static char line[SCREEN_COLUMNS + 1];
	int head = screen_find(screen, "ID KIND");

	if (head < 0 || head + 1 + nr >= screen->rows)
		return strcpy(line, "");
	strcpy(line, screen->line[head + 1 + nr]);
	for (size_t len = strlen(line); len && line[len - 1] == ' '; )
		line[--len] = '\0';
	return line;
}

static bool ends_with(const char *line, const char *end)
{
	size_t n = strlen(line), m = strlen(end);

	return n >= m && !strcmp(line + n - m, end);
}

/* The names of the objects, from the first on, are these. */
static bool order_is(struct screen *screen, const char *first, const char *second,
		     const char *third)
{
	return ends_with(object_line(screen, 0), first) &&
	       ends_with(object_line(screen, 1), second) &&
	       ends_with(object_line(screen, 2), third);
}

static void test_the_stuck_come_first(void **state)
{
	struct scene scene;

	(void)state;
	scene_set(&scene);
	screen_start(&scene.screen, "vt52", ROWS, COLUMNS, WATCH);
	/* All of it soon: what is drawn at once can come in pieces. */
	assert_soon(order_is(&scene.screen, " q", " busy", " aaa") &&
		    object_line(&scene.screen, 0)[0] == '!' &&
		    object_line(&scene.screen, 1)[0] == ' ' &&
		    screen_find(&scene.screen, "all objects, by debugfs") == 0 &&
		    screen_find(&scene.screen, "q quit  p pause") == ROWS - 1);

	/* And do so no more once it is not. */
	child_kill(scene.pid);
	put(scene.busy, 10, 1);
	assert_soon(order_is(&scene.screen, " busy", " q", " aaa") &&
		    object_line(&scene.screen, 1)[0] == ' ');
	scene.pid = start_holder(scene.holder);
	screen_type(&scene.screen, "q");
	assert_int_equal(screen_end(&scene.screen), 0);
	assert_true(screen_is_restored(&scene.screen));
	scene_clear(&scene);
}

static void test_keys(void **state)
{
	char comm[] = "a\\x1b[2J\\x0ab", pid[32];
	struct scene scene;
	int row;

	(void)state;
	scene_set(&scene);
	screen_start(&scene.screen, "vt52", ROWS, COLUMNS, WATCH " --sort NAME");
	assert_soon(order_is(&scene.screen, " q", " aaa", " busy"));
	/* What is stuck stays first, whatever the order. */
	screen_type(&scene.screen, "r");
	assert_soon(order_is(&scene.screen, " q", " busy", " aaa"));
	screen_type(&scene.screen, "rs");
	assert_soon(screen_find(&scene.screen, "objects by SIZE  ") == 0);
	screen_type(&scene.screen, "i");
	assert_soon(order_is(&scene.screen, " q", " aaa", " busy") &&
		    screen_find(&scene.screen, "objects by ID") == 0);

	screen_type(&scene.screen, "t");
	snprintf(pid, sizeof(pid), "%d ", scene.pid);
	assert_soon(screen_find(&scene.screen, "processes by") == 0 &&
		    (row = screen_find(&scene.screen, "PID ATT") + 1) > 0 &&
		    scene.screen.line[row][0] == '!' &&
		    screen_find(&scene.screen, pid) == row &&
		    screen_find(&scene.screen, comm) == row);

	screen_type(&scene.screen, "t");
	assert_soon(screen_find(&scene.screen, "totals by") == 0 &&
		    screen_find(&scene.screen, "PID ATT") < 0 &&
		    screen_find(&scene.screen, "ID KIND") < 0);
	screen_type(&scene.screen, "t");
	assert_soon(order_is(&scene.screen, " q", " aaa", " busy"));
	screen_type(&scene.screen, "q");
	assert_int_equal(screen_end(&scene.screen), 0);
	scene_clear(&scene);
}

static void test_pause(void **state)
{
	struct scene scene;

	(void)state;
	scene_set(&scene);
	screen_start(&scene.screen, "vt52", ROWS, COLUMNS, WATCH " -o NAME,SENT");
	assert_soon(screen_find(&scene.screen, " busy   50") > 0);
	screen_type(&scene.screen, "p");
	assert_soon(screen_find(&scene.screen, "PAUSED") == 0);
	put(scene.busy, 1, 1);
	assert_false(wait_until(screen_find(&scene.screen, " busy   51") > 0, 500));
	screen_type(&scene.screen, "p");
	assert_soon(screen_find(&scene.screen, " busy   51") > 0);
	screen_type(&scene.screen, "q");
	assert_int_equal(screen_end(&scene.screen), 0);
	scene_clear(&scene);
}

static void test_resize(void **state)
{
	struct scene scene;

	(void)state;
	scene_set(&scene);
	screen_start(&scene.screen, "vt52", ROWS, COLUMNS, WATCH);
	assert_soon(order_is(&scene.screen, " q", " busy", " aaa"));
	screen_resize(&scene.screen, ROWS + 6, COLUMNS - 60);
	assert_soon(screen_find(&scene.screen, "q quit") == ROWS + 5);
	screen_resize(&scene.screen, 6, COLUMNS);
	assert_soon(screen_find(&scene.screen, "q quit") == 5);
	screen_resize(&scene.screen, 1, 10);
	screen_resize(&scene.screen, ROWS, COLUMNS);
	assert_soon(order_is(&scene.screen, " q", " busy", " aaa"));
	screen_type(&scene.screen, "q");
	assert_int_equal(screen_end(&scene.screen), 0);
	scene_clear(&scene);
}

static bool wrote(const struct screen *screen, const char *bytes)
{
	return memmem(screen->raw, screen->len, bytes, strlen(bytes));
}

/* A terminal with colours, and a screen to come back to. */
static void test_colours(void **state)
{
	struct scene scene;

	(void)state;
	scene_set(&scene);
	screen_start(&scene.screen, "xterm-256color", ROWS, COLUMNS, WATCH);
	assert_soon((screen_look(&scene.screen), wrote(&scene.screen, "aaa")) &&
		    wrote(&scene.screen, "\033[?1049h") &&
		    wrote(&scene.screen, "\033[31m"));
	assert_false(wrote(&scene.screen, "\033[?1049l"));
	screen_type(&scene.screen, "q");
	assert_int_equal(screen_end(&scene.screen), 0);
	assert_true(wrote(&scene.screen, "\033[?1049l"));
	scene_clear(&scene);
}

/* Ctrl-C, and from elsewhere; none leaves the terminal as no shell can use it. */
static void test_signals_end_it(void **state)
{
	static const int signals[] = { 0, SIGINT, SIGTERM };
	struct scene scene;

	(void)state;
	scene_set(&scene);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (i)
			screen_close(&scene.screen);
		screen_start(&scene.screen, "vt52", ROWS, COLUMNS, WATCH);
		assert_soon(screen_find(&scene.screen, "q quit") > 0);
		assert_false(screen_is_restored(&scene.screen));
		if (signals[i])
			kill(scene.screen.pid, signals[i]);
		else
			screen_type(&scene.screen, "\003");
		assert_int_equal(screen_end(&scene.screen), 0);
		assert_true(screen_is_restored(&scene.screen));
	}
	scene_clear(&scene);
}

/* What goes wrong is said on the screen that was there before. */
static void test_module_goes(void **state)
{
	struct screen screen;

	(void)state;
	screen_start(&screen, "xterm", ROWS, COLUMNS, WATCH);
	assert_soon((screen_look(&screen), wrote(&screen, "q quit")));
	assert_soon(sh("ipcxctl unload").status == 0);
	assert_int_not_equal(screen_end(&screen), 0);
	assert_true(screen_is_restored(&screen));
	assert_non_null(memmem(screen.raw, screen.len, "\033[?1049l", 8));
	assert_non_null(strstr(memmem(screen.raw, screen.len, "\033[?1049l", 8),
			       "the ipcx module is "));
	screen_close(&screen);
	sh_ok("ipcxctl load >/dev/null");
}

static void test_count(void **state)
{
	struct screen screen;

	(void)state;
	screen_start(&screen, "vt52", ROWS, COLUMNS, WATCH " 2");
	assert_int_equal(screen_end(&screen), 0);
	assert_true(screen_is_restored(&screen));
	screen_close(&screen);
}

static void test_no_terminal(void **state)
{
	struct screen screen;

	(void)state;
	sh_refused(1, "--watch needs a terminal", "ipcxstat --watch </dev/null");
	screen_start(&screen, "no-such-terminal", ROWS, COLUMNS, WATCH);
	assert_int_equal(screen_end(&screen), 1);
	assert_int_equal(screen_find(&screen, "--watch does not know this terminal"), 0);
	screen_close(&screen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loaded(test_the_stuck_come_first),
		loaded(test_keys),
		loaded(test_pause),
		loaded(test_resize),
		loaded(test_colours),
		loaded(test_signals_end_it),
		loaded(test_module_goes),
		loaded(test_count),
		loaded(test_no_terminal),
	};

	return cmocka_run_group_tests(tests, tools_setup, tools_teardown);
}
