// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why an attachment went, as IPCX_IOC_EVENTS tells it. The descriptor is open
 * elsewhere all the while, and so is often the address space.
 */
#include "cgroup.h"
#include "mapped.h"
#include "peers.h"
#include "region.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/userfaultfd.h>

#define MIB		(1024 * 1024UL)
#define STACK		(64 * 1024)

/* How it ends, after it has claimed; does not return. */
typedef void end_fn(struct mapped *m);

struct ending {
	const char *label;
	end_fn *end;
	int kill;		/* signal that the test sends it then, or 0 */
	uint32_t why;
	uint32_t signal;
};

static void wait_for_end(struct mapped *m)
{
	(void)m;
	for (;;)
		pause();
}

static void end_by_munmap(struct mapped *m)
{
	mapped_close(m);
	wait_for_end(m);
}

static void exec_cat(void)
{
	int pipe_fds[2];

	/* cat waits for the end of a pipe whose other end is its own. */
	if (pipe(pipe_fds))
		abort();
	dup2(pipe_fds[0], STDIN_FILENO);
	execlp("cat", "cat", NULL);
	abort();
}

static void end_by_exec(struct mapped *m)
{
	fcntl(m->fd, F_SETFD, 0);
	exec_cat();
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	exec_cat();
	return NULL;
}

/* The process goes on under its first thread's id, which another has then. */
static void end_by_exec_of_a_thread(struct mapped *m)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, NULL);
	wait_for_end(m);
}

static void end_by_exit(struct mapped *m)
{
	(void)m;
	_exit(3);
}

static char state_of(pid_t thread)
{
	char path[64], line[256] = "", *paren;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof(line), file))
		return '\0';
	fclose(file);
	paren = strrchr(line, ')');
	return paren ? paren[2] : '\0';
}

/* Its end and with it the process's, by a signal if there is one. */
static void *outlive_leader(void *arg)
{
	int *sig = arg;

	while (state_of(getpid()) != 'Z')
		nap();
	if (sig)
		kill(getpid(), *sig);
	syscall(SYS_exit, 0);
	return NULL;
}

/* Thread by thread, the first of them first. */
static void end_by_threads(struct mapped *m)
{
	pthread_t thread;

	(void)m;
	pthread_create(&thread, NULL, outlive_leader, NULL);
	syscall(SYS_exit, 0);
}

static void end_without_leader(struct mapped *m)
{
	static int sig = SIGKILL;
	pthread_t thread;

	(void)m;
	pthread_create(&thread, NULL, outlive_leader, &sig);
	syscall(SYS_exit, 0);
}

static void end_by_abort(struct mapped *m)
{
	(void)m;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void end_by_fault(struct mapped *m)
{
	*(volatile uint32_t *)m->kpage = 0;
	abort();
}

/* Set when whoever keeps the descriptor open for its own sake may go. */
static _Atomic uint32_t *over;

static void end_with_heir(struct mapped *m)
{
	(void)m;
	if (!fork()) {
		while (!*over)
			nap();
		_exit(0);
	}
	kill(getpid(), SIGKILL);
}

static const struct ending endings[] = {
	{ "munmap", end_by_munmap, 0, IPCX_WHY_UNMAPPED, 0 },
	{ "exec", end_by_exec, 0, IPCX_WHY_EXEC, 0 },
	{ "exec of a thread", end_by_exec_of_a_thread, 0, IPCX_WHY_EXEC, 0 },
	{ "exit", end_by_exit, 0, IPCX_WHY_EXITED, 0 },
	{ "exit of all threads", end_by_threads, 0, IPCX_WHY_EXITED, 0 },
	{ "SIGKILL", wait_for_end, SIGKILL, IPCX_WHY_KILLED, SIGKILL },
	{ "SIGTERM", wait_for_end, SIGTERM, IPCX_WHY_KILLED, SIGTERM },
	{ "SIGKILL with an heir", end_with_heir, 0, IPCX_WHY_KILLED, SIGKILL },
	{ "SIGKILL without leader", end_without_leader, 0, IPCX_WHY_KILLED, SIGKILL },
	{ "abort", end_by_abort, 0, IPCX_WHY_KILLED, SIGABRT },
	{ "fault", end_by_fault, 0, IPCX_WHY_KILLED, SIGSEGV },
};

static int mappable(void)
{
	int fd = queue(NULL, .slots = 8, .flags = IPCX_QUEUE_MAPPABLE);

	assert_true(fd >= 0);
	assert_int_equal(send_u32(fd, 1, 0), 1);
	return fd;
}

/* An attachment of the caller's with one claim of each kind. */
static void map_and_claim(struct mapped *m, int fd)
{
	bool redelivered;

	mapped_open(m, fd);
	assert_true(mapped_claim_recv(m, &redelivered) != NO_TICKET);
	assert_true(mapped_claim_send(m) != NO_TICKET);
}

static void check(const struct ending *e, int fd, pid_t pid, uint32_t attachment)
{
	struct ipcx_event event = next_event(fd);

	if (event.what != IPCX_EVENT_DETACHED || event.why != e->why ||
	    event.signal != e->signal || event.attachment != attachment ||
	    event.pid != (uint32_t)pid || event.aborted != 1 ||
	    event.returned != 1)
		fail_msg("%s: event %u of attachment %u, why %u, signal %u, %u aborted, %u returned",
			 e->label, event.what, event.attachment, event.why,
			 event.signal, event.aborted, event.returned);
	/* It is told when there is nothing more to be done. */
	assert_int_equal(object_stat(fd).repairing, 0);
	assert_int_equal(object_stat(fd).redelivered, 1);
	no_event(fd);
}

static void test_why(void **state)
{
	struct rlimit none = { 0 };

	(void)state;
	over = shared_words();
	setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		const struct ending *e = &endings[i];
		struct ipcx_event came;
		int fd = mappable();
		pid_t pid = child_fork();
		struct mapped m;

		if (!pid) {
			map_and_claim(&m, fd);
			e->end(&m);
		}
		came = next_event(fd);
		assert_int_equal(came.pid, pid);
		if (e->kill) {
			assert_soon(peer_of(fd, came.attachment).writing == 1);
			kill(pid, e->kill);
		}
		check(e, fd, pid, came.attachment);
		kill(pid, SIGKILL);
		assert_soon(waitpid(pid, NULL, WNOHANG) == pid);
		close(fd);
	}
	*over = 1;
	shared_free(over);
}

/* ---- an address space that outlives its process ---- */

static char stack[STACK];

static int wait_on_a_stack(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

/* It shares the address space with another process, which is killed later. */
static void test_exit_before_a_sharer(void **state)
{
	static const struct ending e = {
		"exit before a sharer", NULL, 0, IPCX_WHY_EXITED, 0,
	};
	_Atomic uint32_t *sharer = shared_words();
	struct ipcx_event came;
	int fd = mappable();
	pid_t pid = child_fork();
	struct mapped m;

	(void)state;
	if (!pid) {
		map_and_claim(&m, fd);
		*sharer = clone(wait_on_a_stack, stack + STACK,
				CLONE_VM | SIGCHLD, NULL);
		_exit(0);
	}
	came = next_event(fd);
	child_ok(pid);
	no_event(fd);
	assert_int_equal(peer_of(fd, came.attachment).pid, pid);
	kill((pid_t)*sharer, SIGKILL);
	check(&e, fd, pid, came.attachment);
	shared_free(sharer);
	close(fd);
}

/* A page that nobody lets come in, of the caller's; the descriptor that can. */
static int unfillable_page(void **page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	assert_true(fd >= 0);
	*page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(*page, MAP_FAILED);
	assert_int_equal(ioctl(fd, UFFDIO_API, &api), 0);
	range.range.start = (uintptr_t)*page;
	range.range.len = PAGE;
	assert_int_equal(ioctl(fd, UFFDIO_REGISTER, &range), 0);
	return fd;
}

static void read_memory_of(pid_t pid, void *address)
{
	char byte;
	struct iovec here = { .iov_base = &byte, .iov_len = 1 };
	struct iovec there = { .iov_base = address, .iov_len = 1 };

	process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* Somebody looks into its memory and lets it go last, when it was reaped. */
static void test_killed_under_a_reader(void **state)
{
	static const struct ending e = {
		"SIGTERM under a reader", NULL, 0, IPCX_WHY_KILLED, SIGTERM,
	};
	void **page = (void *)shared_words();
	struct ipcx_event came;
	int fd = mappable();
	int pair[2], uffd;
	pid_t pid, reader;
	struct mapped m;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = child_fork();
	if (!pid) {
		map_and_claim(&m, fd);
		send_fd(pair[1], unfillable_page(page));
		wait_for_end(&m);
	}
	uffd = receive_fd(pair[0]);
	reader = child_fork();
	if (!reader) {
		close(uffd);
		read_memory_of(pid, *page);
		child_done();
	}
	assert_soon(asleep_in(reader, SYS_process_vm_readv));
	kill(pid, SIGTERM);
	assert_soon(waitpid(pid, NULL, WNOHANG) == pid);
	came = next_event(fd);
	no_event(fd);
	close(uffd);
	child_ok(reader);
	check(&e, fd, pid, came.attachment);
	close(pair[0]);
	close(pair[1]);
	shared_free((void *)page);
	close(fd);
}

/* ---- memory ---- */

static void use_memory(size_t bytes)
{
	volatile char *memory = malloc(bytes);

	for (size_t i = 0; i < bytes; i += PAGE)
		memory[i] = 1;
}

static void test_out_of_memory(void **state)
{
	static const struct ending e = {
		"out of memory", NULL, 0, IPCX_WHY_OOM, SIGKILL,
	};
	struct ipcx_event came;
	int fd = mappable();
	struct mapped m;
	pid_t pid;

	(void)state;
	cgroup_begin(8 * MIB);
	pid = child_fork();
	if (!pid) {
		cgroup_enter();
		map_and_claim(&m, fd);
		use_memory(64 * MIB);
		wait_for_end(&m);
	}
	came = next_event(fd);
	check(&e, fd, pid, came.attachment);
	assert_soon(waitpid(pid, NULL, WNOHANG) == pid);
	cgroup_end();
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_exit_before_a_sharer),
		cmocka_unit_test(test_killed_under_a_reader),
		cmocka_unit_test(test_out_of_memory),
	};

	return guest_run(tests);
}
