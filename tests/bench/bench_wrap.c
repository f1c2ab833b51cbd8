// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the library's calls cost over the system calls, or calls of the C library,
 * that they stand for. Meant for a guest that counts instructions: there a
 * nanosecond is one, the kernel's among them.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ipcx/ipcx.h>

#include "wrap.h"

#define NAME	"ipcx-bench"

static char text[BYTES];

struct ends {
	struct ipcx_pipe *reader, *writer, *guarded;
	struct ipcx_fifo *fifo_reader, *fifo_writer;
	struct ipcx_socket *one, *other;
	int in, out;
};

static double pipe_wrapped(void *arg)
{
	struct ends *e = arg;

	return TIME(ipcx_pipe_write(e->writer, text, BYTES) == BYTES &&
		    ipcx_pipe_read(e->reader, text, BYTES) == BYTES);
}

static double pipe_guarded(void *arg)
{
	struct ends *e = arg;

	return TIME(ipcx_pipe_write(e->guarded, text, BYTES) == BYTES &&
		    ipcx_pipe_read(e->reader, text, BYTES) == BYTES);
}

static double fifo_wrapped(void *arg)
{
	struct ends *e = arg;

	return TIME(ipcx_fifo_write(e->fifo_writer, text, BYTES) == BYTES &&
		    ipcx_fifo_read(e->fifo_reader, text, BYTES) == BYTES);
}

static double stream_bare(void *arg)
{
	struct ends *e = arg;

	return TIME(write(e->in, text, BYTES) == BYTES &&
		    read(e->out, text, BYTES) == BYTES);
}

/* What the bare side needs as well, so as not to die of a reader that is gone. */
static void ignore_sigpipe(void)
{
	signal(SIGPIPE, SIG_IGN);
}

/* Also with a handle that the program made without that. */
static void bench_pipe(void)
{
	struct ends e;
	struct candidate c[] = {
		{ .name = "library", .run = pipe_wrapped, .arg = &e },
		{ .name = "bare", .run = stream_bare, .arg = &e },
		{ .name = "library, SIGPIPE not ignored", .run = pipe_guarded,
		  .arg = &e },
	};

	signal(SIGPIPE, SIG_DFL);
	check(!ipcx_pipe_create(0, 0, &e.reader, &e.guarded), "pipe");
	ignore_sigpipe();
	e.in = dup(ipcx_pipe_fd(e.guarded));
	e.out = ipcx_pipe_fd(e.reader);
	check(!ipcx_pipe_from_fd(e.in, &e.writer), "pipe");
	measure(c, 3, ROUNDS);
	figure("wrap.pipe.overhead", &c[0], &c[1]);
	ipcx_pipe_close(e.reader);
	ipcx_pipe_close(e.writer);
	ipcx_pipe_close(e.guarded);
}

static void bench_fifo(void)
{
	static const char path[] = "/dev/shm/" NAME;
	struct ends e;

	ignore_sigpipe();
	check(!ipcx_fifo_create(path, 0) &&
	      !ipcx_fifo_open_reader(path, &e.fifo_reader) &&
	      !ipcx_fifo_open_writer(path, &e.fifo_writer), "fifo");
	e.in = ipcx_fifo_fd(e.fifo_writer);
	e.out = ipcx_fifo_fd(e.fifo_reader);
	compare("fifo", fifo_wrapped, stream_bare, &e);
	ipcx_fifo_close(e.fifo_reader);
	ipcx_fifo_close(e.fifo_writer);
	ipcx_fifo_unlink(path);
}

static double socket_wrapped(void *arg)
{
	struct ends *e = arg;

	return TIME(ipcx_socket_send(e->one, text, BYTES) == BYTES &&
		    ipcx_socket_recv(e->other, text, BYTES) == BYTES);
}

static double socket_bare(void *arg)
{
	struct ends *e = arg;

	return TIME(send(e->in, text, BYTES, MSG_NOSIGNAL) == BYTES &&
		    recv(e->out, text, BYTES, 0) == BYTES);
}

static void bench_socket(void)
{
	struct ends e;

	check(!ipcx_socket_pair(IPCX_SOCKET_SEQPACKET, &e.one, &e.other),
	      "socket");
	e.in = ipcx_socket_fd(e.one);
	e.out = ipcx_socket_fd(e.other);
	compare("socket", socket_wrapped, socket_bare, &e);
	ipcx_socket_close(e.one);
	ipcx_socket_close(e.other);
}

static double mqueue_wrapped(void *arg)
{
	return TIME(!ipcx_mqueue_send(arg, text, BYTES, 0) &&
		    ipcx_mqueue_recv(arg, text, BYTES, NULL) == BYTES);
}

static double mqueue_bare(void *arg)
{
	mqd_t queue = ipcx_mqueue_fd(arg);

	return TIME(!mq_send(queue, text, BYTES, 0) &&
		    mq_receive(queue, text, BYTES, NULL) == BYTES);
}

static void bench_mqueue(void)
{
	struct ipcx_mqueue *queue;

	check(!ipcx_mqueue_create("/" NAME, 4, BYTES, NULL, &queue), "mqueue");
	ipcx_mqueue_unlink("/" NAME);
	compare("mqueue", mqueue_wrapped, mqueue_bare, queue);
	ipcx_mqueue_close(queue);
}

static struct {
	long type;
	char text[BYTES];
} message = { .type = 1 };

static double sysv_msg_wrapped(void *arg)
{
	return TIME(!ipcx_sysv_msg_send(arg, &message, BYTES) &&
		    ipcx_sysv_msg_recv(arg, &message, BYTES, 0, 0) == BYTES);
}

static double sysv_msg_bare(void *arg)
{
	int id = ipcx_sysv_msg_id(arg);

	return TIME(!msgsnd(id, &message, BYTES, 0) &&
		    msgrcv(id, &message, BYTES, 0, 0) == BYTES);
}

static void bench_sysv_msg(void)
{
	struct ipcx_sysv_msg *queue;

	check(!ipcx_sysv_msg_create(IPC_PRIVATE, 0, 0, &queue), "sysv_msg");
	compare("sysv_msg", sysv_msg_wrapped, sysv_msg_bare, queue);
	ipcx_sysv_msg_remove(queue);
	ipcx_sysv_msg_close(queue);
}

static double signal_wrapped(void *arg)
{
	struct ipcx_signal_info info;

	return TIME(!ipcx_signal_send(getpid(), SIGRTMIN, 1) &&
		    ipcx_signal_recv(arg, &info) == SIGRTMIN);
}

static double signal_bare(void *arg)
{
	union sigval value = { .sival_int = 1 };
	int fd = ipcx_signal_fd(arg);
	struct signalfd_siginfo info;

	return TIME(!sigqueue(getpid(), SIGRTMIN, value) &&
		    read(fd, &info, sizeof(info)) == sizeof(info));
}

static void bench_signal(void)
{
	int number = SIGRTMIN;
	struct ipcx_signal *handle;

	check(!ipcx_signal_open(&number, 1, &handle), "signal");
	compare("signal", signal_wrapped, signal_bare, handle);
	ipcx_signal_close(handle);
}

static double shm_wrapped(void *arg)
{
	struct ipcx_shm *shm;
	void *p;

	(void)arg;
	return TIME(!ipcx_shm_open(NAME, RW, &shm) &&
		    !ipcx_shm_map(shm, RW, 0, 0, &p) && !munmap(p, PAGE) &&
		    (ipcx_shm_close(shm), true));
}

static double shm_bare(void *arg)
{
	struct stat stat;
	void *p;
	int fd;

	(void)arg;
	return TIME((fd = shm_open("/" NAME, O_RDWR, 0)) >= 0 &&
		    !fstat(fd, &stat) &&
		    (p = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0)) != MAP_FAILED &&
		    !munmap(p, PAGE) && !close(fd));
}

static void bench_shm(void)
{
	struct ipcx_shm *shm;

	check(!ipcx_shm_create(NAME, PAGE, 0, 0, &shm), "shm");
	compare("shm", shm_wrapped, shm_bare, NULL);
	ipcx_shm_close(shm);
	ipcx_shm_unlink(NAME);
}

static double sysv_shm_wrapped(void *arg)
{
	void *p;

	return TIME(!ipcx_sysv_shm_attach(arg, RW, &p) &&
		    !ipcx_sysv_shm_detach(p));
}

static double sysv_shm_bare(void *arg)
{
	int id = ipcx_sysv_shm_id(arg);

	return TIME(!shmdt(shmat(id, NULL, 0)));
}

static void bench_sysv_shm(void)
{
	struct ipcx_sysv_shm *shm;

	check(!ipcx_sysv_shm_create(IPCX_SYSV_PRIVATE, PAGE, 0, 0, &shm),
	      "sysv_shm");
	compare("sysv_shm", sysv_shm_wrapped, sysv_shm_bare, shm);
	ipcx_sysv_shm_remove(shm);
	ipcx_sysv_shm_close(shm);
}

static double map_wrapped(void *arg)
{
	void *p;

	return TIME(!ipcx_map_attach(arg, RW, 0, 0, 0, &p) &&
		    !ipcx_map_detach(arg));
}

/* What keeps a file from being resized takes its calls in either case. */
static double map_bare(void *arg)
{
	struct flock flock = {
		.l_type = F_RDLCK, .l_start = INT64_MAX - 1, .l_len = 1,
	};
	struct stat stat;
	char self[32];
	void *p;
	int fd;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", ipcx_map_fd(arg));
	return TIME((fd = open(self, O_RDWR | O_CLOEXEC)) >= 0 &&
		    !fcntl(fd, F_OFD_SETLK, &flock) && !fstat(fd, &stat) &&
		    (p = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0)) != MAP_FAILED &&
		    !munmap(p, PAGE) && !close(fd));
}

static void bench_map(void)
{
	static const char path[] = "/dev/shm/" NAME;
	struct ipcx_map *map;

	check(!ipcx_map_create(path, PAGE, 0, 0, &map), "map");
	compare("map", map_wrapped, map_bare, map);
	ipcx_map_close(map);
	unlink(path);
}

static struct sembuf up = { .sem_op = 1 }, down = { .sem_op = -1 };

static double sysv_sem_wrapped(void *arg)
{
	return TIME(!ipcx_sysv_sem_op(arg, &up, 1) &&
		    !ipcx_sysv_sem_op(arg, &down, 1));
}

static double sysv_sem_bare(void *arg)
{
	int id = ipcx_sysv_sem_id(arg);

	return TIME(!semop(id, &up, 1) && !semop(id, &down, 1));
}

static void bench_sysv_sem(void)
{
	struct ipcx_sysv_sem *set;

	check(!ipcx_sysv_sem_create(IPCX_SYSV_PRIVATE, 1, NULL, 0, 0, &set),
	      "sysv_sem");
	compare("sysv_sem", sysv_sem_wrapped, sysv_sem_bare, set);
	ipcx_sysv_sem_remove(set);
	ipcx_sysv_sem_close(set);
}

/*
 * What makes no system call unless somebody has to wait is measured where
 * somebody does: two processes that take turns.
 */
static struct shared {
	struct ipcx_semaphore semaphore[2];
	sem_t sem[2];
	struct ipcx_lock lock;
	struct ipcx_condition changed;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int turn;
} *shared;

static void semaphore_turns(int mine)
{
	for (int i = 0; i < TIMES; i++)
		check(!ipcx_semaphore_wait(&shared->semaphore[mine]) &&
		      !ipcx_semaphore_post(&shared->semaphore[!mine]), "turn");
}

static void sem_turns(int mine)
{
	for (int i = 0; i < TIMES; i++)
		check(!sem_wait(&shared->sem[mine]) &&
		      !sem_post(&shared->sem[!mine]), "turn");
}

static void lock_turns(int mine)
{
	for (int i = 0; i < TIMES; i++) {
		check(!ipcx_lock_acquire(&shared->lock), "turn");
		while (shared->turn != mine)
			ipcx_condition_wait(&shared->changed, &shared->lock);
		shared->turn = !mine;
		ipcx_condition_signal(&shared->changed);
		ipcx_lock_release(&shared->lock);
	}
}

static void mutex_turns(int mine)
{
	for (int i = 0; i < TIMES; i++) {
		check(!pthread_mutex_lock(&shared->mutex), "turn");
		while (shared->turn != mine)
			pthread_cond_wait(&shared->cond, &shared->mutex);
		shared->turn = !mine;
		pthread_cond_signal(&shared->cond);
		pthread_mutex_unlock(&shared->mutex);
	}
}

static void turns_there(void *arg, struct gate *gate)
{
	gate_pass(gate);
	(*(void (**)(int mine))arg)(1);
}

static void turns_here(void *arg)
{
	(*(void (**)(int mine))arg)(0);
}

static double in_turns(void *arg)
{
	return with_peer(0, turns_there, turns_here, arg) / TIMES;
}

static void compare_turns(const char *name, void (*wrapped)(int mine),
			  void (*bare)(int mine))
{
	struct candidate c[] = {
		{ .name = "library", .run = in_turns, .arg = &wrapped },
		{ .name = "bare", .run = in_turns, .arg = &bare },
	};
	char text[64];

	measure(c, 2, ROUNDS);
	snprintf(text, sizeof(text), "wrap.%s.overhead", name);
	figure(text, &c[0], &c[1]);
}

static void map_shared(void)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(shared != MAP_FAILED, "mmap");
	for (int i = 0; i < 2; i++) {
		ipcx_semaphore_init(&shared->semaphore[i], !i);
		sem_init(&shared->sem[i], 1, !i);
	}
	ipcx_lock_init(&shared->lock);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&shared->mutex, &mutex);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared->cond, &cond);
}

static void bench_semaphore(void)
{
	map_shared();
	compare_turns("semaphore", semaphore_turns, sem_turns);
	munmap(shared, sizeof(*shared));
}

static void bench_lock(void)
{
	map_shared();
	compare_turns("lock", lock_turns, mutex_turns);
	munmap(shared, sizeof(*shared));
}

/* And where nobody has to wait, for the record: there is no system call at all. */
static double semaphore_alone(void *arg)
{
	(void)arg;
	return TIME(!ipcx_semaphore_post(&shared->semaphore[0]) &&
		    !ipcx_semaphore_wait(&shared->semaphore[0]));
}

static double sem_alone(void *arg)
{
	(void)arg;
	return TIME(!sem_post(&shared->sem[0]) && !sem_wait(&shared->sem[0]));
}

static double lock_alone(void *arg)
{
	(void)arg;
	return TIME(!ipcx_lock_acquire(&shared->lock) &&
		    !ipcx_lock_release(&shared->lock));
}

static double mutex_alone(void *arg)
{
	(void)arg;
	return TIME(!pthread_mutex_lock(&shared->mutex) &&
		    !pthread_mutex_unlock(&shared->mutex));
}

static void bench_alone(void)
{
	struct candidate c[] = {
		{ .name = "library, semaphore", .run = semaphore_alone },
		{ .name = "bare, semaphore", .run = sem_alone },
		{ .name = "library, lock", .run = lock_alone },
		{ .name = "bare, lock", .run = mutex_alone },
	};

	map_shared();
	measure(c, 4, ROUNDS);
	munmap(shared, sizeof(*shared));
}

int main(int argc, char **argv)
{
	static const struct bench benches[] = {
		{ "wrap.pipe.overhead", "pipe: write and read", bench_pipe },
		{ "wrap.fifo.overhead", "fifo: write and read", bench_fifo },
		{ "wrap.mqueue.overhead", "mqueue: send and receive",
		  bench_mqueue },
		{ "wrap.sysv_msg.overhead", "sysv_msg: send and receive",
		  bench_sysv_msg },
		{ "wrap.socket.overhead", "socket: send and receive",
		  bench_socket },
		{ "wrap.signal.overhead", "signal: send and receive",
		  bench_signal },
		{ "wrap.shm.overhead", "shm: open, map, unmap, close",
		  bench_shm },
		{ "wrap.sysv_shm.overhead", "sysv_shm: attach and detach",
		  bench_sysv_shm },
		{ "wrap.map.overhead", "map: attach and detach", bench_map },
		{ "wrap.sysv_sem.overhead", "sysv_sem: up and down",
		  bench_sysv_sem },
		{ "wrap.semaphore.overhead", "semaphore: a turn", bench_semaphore },
		{ "wrap.lock.overhead", "lock and condition: a turn",
		  bench_lock },
		{ "wrap.alone", "no system call: post and wait, acquire and release",
		  bench_alone },
	};

	return bench_main(argc, argv, benches, sizeof(benches) / sizeof(*benches));
}
