/* SPDX-License-Identifier: GPL-2.0-only */
/* Queues in a file of POSIX shared memory, a new one for each test. */
#ifndef IN_FILE_H
#define IN_FILE_H

#include "peer.h"

#include "file_layout.h"
#include "file_queue.h"
#include "queue.h"

#define SEND	IPCX_RIGHT_SEND
#define RECV	IPCX_RIGHT_RECV
#define BOTH	(SEND | RECV)

extern char in_file_path[NAME_SIZE + sizeof("/dev/shm/")];

/* Of 8 slots of 64 bytes, if it is not there. */
struct ipcx_queue *in_file(uint32_t rights);
/* The same with more of FILE_QUEUE_* and IPCX_*. */
struct ipcx_queue *in_file_flags(uint32_t rights, uint32_t flags);

/* One number a message. */
int put_number(struct ipcx_queue *queue, uint64_t number, uint64_t deadline);
int64_t get_number(struct ipcx_queue *queue, uint64_t deadline);

bool is_there(void);		/* the name */

/* Around each test: as peer.h has it, and no file is left. */
int in_file_setup(void **state);
int in_file_teardown(void **state);
#define IN_FILE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, in_file_setup, in_file_teardown)

#endif /* IN_FILE_H */
