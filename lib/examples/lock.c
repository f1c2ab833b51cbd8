// SPDX-License-Identifier: LGPL-2.1-or-later
/* A child that is killed in the middle of a change, and its parent who mends it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipcx/lock.h>

struct accounts {
	struct ipcx_lock lock;
	int a, b;		/* 100 together, whenever the lock is free */
};

static void die_in_the_middle(struct accounts *accounts)
{
	ipcx_lock_acquire(&accounts->lock);
	accounts->a -= 30;
	raise(SIGKILL);
}

int main(void)
{
	struct accounts *accounts = mmap(NULL, sizeof(*accounts),
					 PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (accounts == MAP_FAILED)
		return 1;
	accounts->a = 60;
	accounts->b = 40;
	ipcx_lock_init(&accounts->lock);

	if (!fork())
		die_in_the_middle(accounts);
	wait(NULL);

	ret = ipcx_lock_acquire(&accounts->lock);
	if (ret == IPCX_LOCK_OWNER_DIED) {
		printf("found %d and %d\n", accounts->a, accounts->b);
		accounts->b = 100 - accounts->a;
		ret = ipcx_lock_repaired(&accounts->lock);
	}
	if (ret < 0) {
		fprintf(stderr, "lock: %s\n", strerror(-ret));
		return 1;
	}
	printf("left %d and %d\n", accounts->a, accounts->b);
	return ipcx_lock_release(&accounts->lock) < 0;
}
