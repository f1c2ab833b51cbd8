// SPDX-License-Identifier: GPL-2.0-only
/* <ipcx/sysv_sem.h> against the running kernel. */
#include <sys/sem.h>

#include <ipcx/sysv_sem.h>

#include "peer.h"

/* Of this run of the test. */
static int key;

static int setup(void **state)
{
	key = 0x1a000000 | (getpid() & 0xffffff);
	return peer_setup(state);
}

/* Whatever a failed test has left. */
static int teardown(void **state)
{
	int id = semget(key, 0, 0);

	if (id >= 0)
		semctl(id, 0, IPC_RMID);
	errno = ERRNO_CANARY;
	return peer_teardown(state);
}

static struct ipcx_sysv_sem *create(uint16_t first, uint16_t second)
{
	const uint16_t values[] = { first, second };
	struct ipcx_sysv_sem *set;

	assert_int_equal(ipcx_sysv_sem_create(key, 2, values, IPCX_CREATE_EXCL,
					      0, &set), 0);
	return set;
}

static struct ipcx_sysv_sem *open_again(void)
{
	struct ipcx_sysv_sem *set;

	assert_int_equal(ipcx_sysv_sem_open(key, &set), 0);
	return set;
}

static void end(struct ipcx_sysv_sem *set)
{
	assert_int_equal(ipcx_sysv_sem_remove(set), 0);
	ipcx_sysv_sem_close(set);
}

static void assert_values(const struct ipcx_sysv_sem *set, int first,
			  int second)
{
	assert_int_equal(ipcx_sysv_sem_value(set, 0), first);
	assert_int_equal(ipcx_sysv_sem_value(set, 1), second);
}

static int add(const struct ipcx_sysv_sem *set, int index, int n, int flags)
{
	struct sembuf op = {
		.sem_num = index, .sem_op = n, .sem_flg = flags,
	};

	return ipcx_sysv_sem_op(set, &op, 1);
}

static int add_try(const struct ipcx_sysv_sem *set, int index, int n)
{
	struct sembuf op = { .sem_num = index, .sem_op = n };

	return ipcx_sysv_sem_op_try(set, &op, 1);
}

static int add_timed(const struct ipcx_sysv_sem *set, int index, int n,
		     uint64_t until)
{
	struct sembuf op = { .sem_num = index, .sem_op = n };

	return ipcx_sysv_sem_op_timed(set, &op, 1, until);
}

static void semaphores_count(void **state)
{
	struct ipcx_sysv_sem *set = create(2, 0);
	struct sembuf no_wait = { .sem_op = -1, .sem_flg = IPC_NOWAIT };

	(void)state;
	assert_int_equal(ipcx_sysv_sem_count(set), 2);
	assert_values(set, 2, 0);
	assert_int_equal(add(set, 0, -1, 0), 0);
	assert_int_equal(add_try(set, 0, -1), 0);
	assert_values(set, 0, 0);
	assert_int_equal(add_try(set, 0, -1), -EAGAIN);
	assert_int_equal(add(set, 0, -1, IPC_NOWAIT), -EAGAIN);
	assert_int_equal(add_timed(set, 0, -1, IPCX_NO_WAIT), -EAGAIN);
	assert_int_equal(ipcx_sysv_sem_op_timed(set, &no_wait, 1,
						in_ms(LONG_ENOUGH)), -EAGAIN);
	assert_int_equal(add_timed(set, 0, -1, 1), -ETIMEDOUT);
	assert_late(add_timed(set, 0, -1, deadline));
	assert_int_equal(add(set, 0, 5, 0), 0);
	assert_int_equal(add_timed(set, 0, -1, 1), 0);
	assert_int_equal(add_timed(set, 0, -1, IPCX_FOREVER), 0);
	assert_int_equal(add_timed(set, 0, -1, IPCX_NO_WAIT), 0);
	assert_int_equal(add_timed(set, 0, -1, IPCX_FOREVER - 1), 0);
	/* Zero is waited for, too. */
	assert_int_equal(add_try(set, 0, 0), -EAGAIN);
	assert_int_equal(add_try(set, 1, 0), 0);
	assert_values(set, 1, 0);
	end(set);
}

static void several_change_together_or_not_at_all(void **state)
{
	struct ipcx_sysv_sem *set = create(3, 1);
	struct sembuf ops[] = {
		{ .sem_num = 0, .sem_op = -2 }, { .sem_num = 1, .sem_op = -2 },
	};

	(void)state;
	assert_int_equal(ipcx_sysv_sem_op_try(set, ops, 2), -EAGAIN);
	assert_values(set, 3, 1);
	ops[1].sem_op = 4;
	assert_int_equal(ipcx_sysv_sem_op(set, ops, 2), 0);
	assert_values(set, 1, 5);
	end(set);
}

static void values_have_limits(void **state)
{
	struct ipcx_sysv_sem *set = create(32767, 0), *none = POISON;
	const uint16_t large = 32768;

	(void)state;
	assert_int_equal(add(set, 0, 1, 0), -ERANGE);
	assert_int_equal(ipcx_sysv_sem_set_value(set, 1, 32768), -ERANGE);
	assert_int_equal(ipcx_sysv_sem_set_value(set, 2, 0), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_value(set, 2), -EINVAL);
	assert_values(set, 32767, 0);
	assert_int_equal(ipcx_sysv_sem_set_value(set, 1, 7), 0);
	assert_values(set, 32767, 7);
	assert_int_equal(add(set, 3, 1, 0), -EFBIG);
	assert_int_equal(ipcx_sysv_sem_op(set, NULL, 0), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_create(IPCX_SYSV_PRIVATE, 1, &large, 0,
					      0, &none), -ERANGE);
	assert_ptr_equal(none, POISON);
	end(set);
}

static void arguments_are_checked(void **state)
{
	struct ipcx_sysv_sem *none = POISON;

	(void)state;
	assert_int_equal(ipcx_sysv_sem_create(key, 0, NULL, 0, 0, &none),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_sem_create(key, IPCX_SYSV_SEM_MAX + 1, NULL,
					      0, 0, &none), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_create(key, 1, NULL, 0x2, 0, &none),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_sem_create(key, 1, NULL, 0, 01000, &none),
			 -EINVAL);
	assert_int_equal(ipcx_sysv_sem_open(key, &none), -ENOENT);
	assert_int_equal(ipcx_sysv_sem_open(IPCX_SYSV_PRIVATE, &none), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_from_id(-1, &none), -EINVAL);
	assert_ptr_equal(none, POISON);
	ipcx_sysv_sem_close(NULL);
}

static void the_largest_set_has_its_values(void **state)
{
	uint16_t values[IPCX_SYSV_SEM_MAX];
	struct ipcx_sysv_sem *set;

	(void)state;
	for (int i = 0; i < IPCX_SYSV_SEM_MAX; i++)
		values[i] = i + 1;
	assert_int_equal(ipcx_sysv_sem_create(IPCX_SYSV_PRIVATE,
					      IPCX_SYSV_SEM_MAX, values, 0, 0,
					      &set), 0);
	for (int i = 0; i < IPCX_SYSV_SEM_MAX; i++)
		assert_int_equal(ipcx_sysv_sem_value(set, i), i + 1);
	end(set);
}

static void a_taken_key_is_opened_if_it_is_alike(void **state)
{
	struct ipcx_sysv_sem *first = create(7, 8), *second, *none = POISON;
	const uint16_t values[] = { 1, 2, 3 };

	(void)state;
	assert_int_equal(ipcx_sysv_sem_create(key, 2, values, 0, 0, &second),
			 0);
	assert_int_equal(ipcx_sysv_sem_id(second), ipcx_sysv_sem_id(first));
	assert_values(second, 7, 8);
	assert_int_equal(ipcx_sysv_sem_create(key, 2, values, IPCX_CREATE_EXCL,
					      0, &none), -EEXIST);
	assert_int_equal(ipcx_sysv_sem_create(key, 1, values, 0, 0, &none),
			 -EEXIST);
	assert_int_equal(ipcx_sysv_sem_create(key, 3, values, 0, 0, &none),
			 -EEXIST);
	assert_ptr_equal(none, POISON);
	ipcx_sysv_sem_close(second);
	assert_int_equal(ipcx_sysv_sem_from_id(ipcx_sysv_sem_id(first),
					       &second), 0);
	assert_int_equal(ipcx_sysv_sem_count(second), 2);
	ipcx_sysv_sem_close(second);
	end(first);
}

/* As one is that was killed between making the set and giving it values. */
static void what_a_dead_maker_began_is_finished(void **state)
{
	const uint16_t values[] = { 4, 5 };
	int id = semget(key, 3, 0600 | IPC_CREAT | IPC_EXCL);
	struct ipcx_sysv_sem *set = POISON;

	(void)state;
	assert_true(id >= 0);
	assert_int_equal(ipcx_sysv_sem_open(key, &set), -EAGAIN);
	assert_int_equal(ipcx_sysv_sem_from_id(id, &set), -EAGAIN);
	assert_ptr_equal(set, POISON);
	assert_int_equal(ipcx_sysv_sem_create(key, 2, values, 0, 0, &set), 0);
	assert_int_equal(ipcx_sysv_sem_id(set), id);
	assert_values(set, 4, 5);
	ipcx_sysv_sem_close(open_again());
	end(set);
}

/* Were values given twice, or seen before they are given, the sum would tell. */
static void racing_makers_give_values_once(void **state)
{
	const uint16_t values[] = { 100 };

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct ipcx_sysv_sem *set;
		pid_t pids[4];

		for (int i = 0; i < 4; i++) {
			pids[i] = peer_fork();
			if (pids[i])
				continue;
			assert_int_equal(ipcx_sysv_sem_create(key, 1, values, 0,
							      0, &set), 0);
			assert_int_equal(add_try(set, 0, -10), 0);
			peer_done();
		}
		for (int i = 0; i < 4; i++)
			peer_ok(pids[i]);
		assert_int_equal(ipcx_sysv_sem_open(key, &set), 0);
		assert_int_equal(ipcx_sysv_sem_value(set, 0), 60);
		end(set);
	}
}

static void makers_and_removers_race(void **state)
{
	pid_t pids[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		pids[i] = peer_fork();
		if (pids[i])
			continue;
		for (int j = 0; j < 500; j++) {
			struct ipcx_sysv_sem *set;

			assert_int_equal(ipcx_sysv_sem_create(key, 2, NULL, 0,
							      0, &set), 0);
			ipcx_sysv_sem_remove(set);
			ipcx_sysv_sem_close(set);
		}
		peer_done();
	}
	for (int i = 0; i < 4; i++)
		peer_ok(pids[i]);
}

static void a_dead_owner_is_undone(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_sysv_sem *set = create(1, 1);
	pid_t pid;

	(void)state;
	for (int flags = 0; flags <= SEM_UNDO; flags += SEM_UNDO) {
		words[0] = 0;
		pid = peer_fork();
		if (!pid) {
			assert_int_equal(add(open_again(), !flags, -1, flags),
					 0);
			words[0] = 1;
			for (;;)
				pause();
		}
		assert_soon(words[0]);
		assert_int_equal(add_try(set, !flags, -1), -EAGAIN);
		peer_kill(pid);
	}
	assert_values(set, 1, 0);
	end(set);
	shared_free(words);
}

static void a_dead_owner_wakes_who_waits(void **state)
{
	struct ipcx_sysv_sem *set = create(1, 0);
	pid_t owner = peer_fork(), waiter;

	(void)state;
	if (!owner) {
		assert_int_equal(add(set, 0, -1, SEM_UNDO), 0);
		assert_int_equal(add(set, 1, 1, 0), 0);
		for (;;)
			pause();
	}
	waiter = peer_fork();
	if (!waiter) {
		assert_int_equal(add_timed(set, 1, -1, in_ms(LONG_ENOUGH)), 0);
		assert_int_equal(add(set, 1, 5, 0), 0);
		assert_int_equal(add(set, 0, -1, 0), 0);
		peer_done();
	}
	assert_soon(ipcx_sysv_sem_value(set, 1) == 5);
	peer_asleep(waiter);
	peer_kill(owner);
	peer_ok(waiter);
	assert_values(set, 0, 5);
	end(set);
}

static void a_killed_waiter_changes_nothing(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_sysv_sem *set = create(1, 0);
	struct sembuf ops[] = { { .sem_op = -1 }, { .sem_num = 1, .sem_op = -1 } };
	pid_t pid = peer_fork();

	(void)state;
	if (!pid) {
		words[0] = 1;
		ipcx_sysv_sem_op(set, ops, 2);
		peer_done();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	peer_kill(pid);
	assert_int_equal(add(set, 1, 1, 0), 0);
	assert_values(set, 1, 1);
	end(set);
	shared_free(words);
}

static void a_child_has_nothing_to_undo(void **state)
{
	struct ipcx_sysv_sem *set = create(1, 0);
	pid_t pid;

	(void)state;
	assert_int_equal(add(set, 0, -1, SEM_UNDO), 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(add(set, 1, 1, 0), 0);
		peer_done();
	}
	peer_ok(pid);
	assert_values(set, 0, 1);
	/* Nor has anybody, of what was set. */
	assert_int_equal(ipcx_sysv_sem_set_value(set, 0, 3), 0);
	assert_values(set, 3, 1);
	end(set);
}

static long take_one(void *arg)
{
	return add(arg, 0, -1, 0);
}

static long take_one_timed(void *arg)
{
	return add_timed(arg, 0, -1, in_ms(LONG_ENOUGH));
}

static void signals_interrupt_as_said(void **state)
{
	struct ipcx_sysv_sem *set = create(0, 0);

	(void)state;
	assert_int_equal(interrupted(take_one, set, 0, NULL), -EINTR);
	assert_int_equal(interrupted(take_one, set, SA_RESTART, NULL), -EINTR);
	assert_int_equal(interrupted(take_one_timed, set, 0, NULL), -EINTR);
	assert_int_equal(interrupted(take_one_timed, set, SA_RESTART, NULL),
			 -EINTR);
	assert_values(set, 0, 0);
	end(set);
}

static void removal_wakes_who_waits(void **state)
{
	_Atomic uint32_t *words = shared_words();
	struct ipcx_sysv_sem *set = create(0, 0), *none = POISON;
	pid_t pid = peer_fork();
	struct semid_ds stat;

	(void)state;
	if (!pid) {
		words[0] = 1;
		assert_int_equal(add(set, 0, -1, 0), -EIDRM);
		peer_done();
	}
	assert_soon(words[0]);
	peer_asleep(pid);
	assert_int_equal(ipcx_sysv_sem_stat(set, &stat), 0);
	assert_int_equal(stat.sem_nsems, 3);
	assert_int_equal(ipcx_sysv_sem_remove(set), 0);
	peer_ok(pid);
	assert_int_equal(add_try(set, 0, 1), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_value(set, 0), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_set_value(set, 0, 1), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_stat(set, &stat), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_remove(set), -EINVAL);
	assert_int_equal(ipcx_sysv_sem_open(key, &none), -ENOENT);
	assert_ptr_equal(none, POISON);
	ipcx_sysv_sem_close(set);
	shared_free(words);
}

static void permissions_hold(void **state)
{
	struct ipcx_sysv_sem *set, *none = POISON;
	pid_t pid;

	(void)state;
	if (getuid())
		skip();
	assert_int_equal(ipcx_sysv_sem_create(key, 1, NULL, 0, 0644, &set), 0);
	pid = peer_fork();
	if (!pid) {
		peer_become_nobody();
		assert_int_equal(ipcx_sysv_sem_value(set, 0), 0);
		assert_int_equal(add(set, 0, 1, 0), -EACCES);
		assert_int_equal(ipcx_sysv_sem_set_value(set, 0, 1), -EACCES);
		assert_int_equal(ipcx_sysv_sem_remove(set), -EPERM);
		assert_int_equal(ipcx_sysv_sem_open(key, &none), -EACCES);
		assert_int_equal(ipcx_sysv_sem_create(key, 1, NULL, 0, 0,
						      &none), -EACCES);
		/* A set that its own maker may not change is not left behind. */
		assert_int_equal(ipcx_sysv_sem_create(key + 1, 1, NULL, 0, 0400,
						      &none), -EACCES);
		assert_int_equal(ipcx_sysv_sem_open(key + 1, &none), -ENOENT);
		assert_ptr_equal(none, POISON);
		peer_done();
	}
	peer_ok(pid);
	end(set);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(semaphores_count),
		TEST(several_change_together_or_not_at_all),
		TEST(values_have_limits),
		TEST(arguments_are_checked),
		TEST(the_largest_set_has_its_values),
		TEST(a_taken_key_is_opened_if_it_is_alike),
		TEST(what_a_dead_maker_began_is_finished),
		TEST(racing_makers_give_values_once),
		TEST(makers_and_removers_race),
		TEST(a_dead_owner_is_undone),
		TEST(a_dead_owner_wakes_who_waits),
		TEST(a_killed_waiter_changes_nothing),
		TEST(a_child_has_nothing_to_undo),
		TEST(signals_interrupt_as_said),
		TEST(removal_wakes_who_waits),
		TEST(permissions_hold),
	};

	return cmocka_run_group_tests_name("sysv_sem", tests, NULL, NULL);
}
