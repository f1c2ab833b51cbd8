// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes, one region:
 *
 *	share write NAME <FILE	puts a file there, then keeps counting in it
 *	share read NAME >FILE	maps it read-only, sees it counting, gets the file
 *
 * The reader also shows that it could not write if it wanted to.
 */
#include <err.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#define PATIENCE_NS	20000000000ULL
#define NAP_NS		1000000

/**
 * struct board - what is in the region
 * @count: grows as long as the writer lives
 * @bytes: length of the file; not 0 once it is all there
 * @file: the file
 */
struct board {
	_Atomic uint64_t count;
	_Atomic uint64_t bytes;
	char file[];
};

static void nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = NAP_NS }, NULL);
}

static struct board *map_board(const char *name, uint32_t rights, size_t *size,
			       struct ipcx_region **region)
{
	void *board;
	int ret;

	ret = ipcx_region_open(name, rights, region);
	if (ret < 0)
		errx(1, "cannot open region '%s': %s", name, strerror(-ret));
	ret = ipcx_region_map(*region, rights, 0, 0, &board);
	if (ret < 0)
		errx(1, "cannot map region '%s': %s", name, strerror(-ret));
	*size = ipcx_region_size(*region);
	return board;
}

static void write_board(const char *name)
{
	struct ipcx_region *region;
	size_t size, bytes;
	struct board *board = map_board(name, IPCX_RIGHT_READ | IPCX_RIGHT_WRITE,
					&size, &region);

	bytes = fread(board->file, 1, size - sizeof(*board), stdin);
	if (!bytes || !feof(stdin))
		errx(1, "the file is empty or does not fit into region '%s'", name);
	atomic_store(&board->bytes, bytes);
	for (;;) {
		atomic_fetch_add(&board->count, 1);
		nap();
	}
}

static void refuse_writing(const struct ipcx_region *region, void *board)
{
	void *second;
	int ret = ipcx_region_map(region, IPCX_RIGHT_READ | IPCX_RIGHT_WRITE, 0, 0, &second);

	if (ret != -EACCES)
		errx(1, "the reader could map the region for writing");
	if (!mprotect(board, sizeof(struct board), PROT_READ | PROT_WRITE) || errno != EACCES)
		errx(1, "the reader could make its mapping writable");
	warnx("reader: mapping it writable is refused, so is making this mapping writable: %s",
	      strerror(-ret));
}

/* Both change only if the writer is at work in the same memory. */
static void see_it_live(struct board *board)
{
	uint64_t deadline = ipcx_deadline_after(PATIENCE_NS);
	uint64_t count = atomic_load(&board->count);

	while (!atomic_load(&board->bytes) || atomic_load(&board->count) == count) {
		if (ipcx_deadline_after(0) > deadline)
			errx(1, "the reader sees no writer at work");
		nap();
	}
	warnx("reader: the file is there, and the writer's counter went from %llu to %llu while I looked",
	      (unsigned long long)count, (unsigned long long)atomic_load(&board->count));
}

static void read_board(const char *name)
{
	struct ipcx_region *region;
	size_t size, bytes;
	struct board *board = map_board(name, IPCX_RIGHT_READ, &size, &region);

	see_it_live(board);
	refuse_writing(region, board);
	bytes = atomic_load(&board->bytes);
	if (bytes > size - sizeof(*board))
		errx(1, "the writer says that the file is larger than the region");
	if (fwrite(board->file, 1, bytes, stdout) != bytes || fflush(stdout))
		err(1, "cannot write the file");
	ipcx_region_close(region);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "write"))
		write_board(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "read"))
		read_board(argv[2]);
	else
		errx(2, "usage: share write NAME <FILE | share read NAME >FILE");
	return 0;
}
