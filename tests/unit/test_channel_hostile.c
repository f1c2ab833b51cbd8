// SPDX-License-Identifier: GPL-2.0-only
/* Channels where something is lacking, in the way, or not what it was. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ipcx/fifo.h>
#include <ipcx/socket.h>

#include "sockets.h"

/* ---- no descriptors ---- */

/* From now on none can be had, until a limit is set that is as before. */
static struct rlimit take_descriptors_away(void)
{
	struct rlimit before, limit;
	int lowest = dup(0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit) { lowest, before.rlim_max };
	close(lowest);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void give_descriptors_back(const struct rlimit *before)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, before), 0);
}

/* Sends @text and stays until it is told to go. */
static pid_t other_sender(const char *text, _Atomic uint32_t *go)
{
	pid_t pid = peer_fork();

	if (!pid) {
		struct ipcx_channel *to = sender();

		assert_int_equal(ipcx_channel_send(to, text, strlen(text), 0),
				 0);
		go[1]++;
		assert_soon(go[0]);
		peer_done();
	}
	assert_soon(go[1]);
	go[1] = 0;
	return pid;
}

/* Who cannot be let in neither disturbs who is there nor is lost. */
static void without_descriptors_others_go_on(void **state)
{
	_Atomic uint32_t *go = shared_words();
	struct ipcx_channel *from, *to;
	struct rlimit before;
	pid_t pid;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == DGRAM)
			continue;
		use(kind);
		go[0] = 0;
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(receive(from), 1);
		pid = other_sender("other", go);
		before = take_descriptors_away();
		for (int i = 0; i < 3; i++) {
			assert_soon(look(from) == -EAGAIN);
			assert_int_equal(polled(from, POLLIN), 0);
			assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
			assert_int_equal(receive(from), 1);
		}
		/* That makes room for one, though not at once. */
		ipcx_channel_close(to);
		assert_int_equal(receive(from), 5);
		/* Here is nobody to go on with: so it is told. */
		go[0] = 1;
		peer_ok(pid);
		assert_int_equal(receive(from), -EPIPE);
		give_descriptors_back(&before);
		ipcx_channel_close(from);

		go[0] = 0;
		from = receiver();
		pid = other_sender("other", go);
		before = take_descriptors_away();
		assert_int_equal(look(from), -EMFILE);
		give_descriptors_back(&before);
		assert_int_equal(receive(from), 5);
		go[0] = 1;
		peer_ok(pid);
		ipcx_channel_close(from);
	}
	shared_free(go);
}

/* ---- cancellation ---- */

static void *recv_cancelled(void *arg)
{
	struct ipcx_channel *from = arg;
	ssize_t ret;

	pthread_cancel(pthread_self());
	do {
		ret = look(from);
	} while (ret >= 0);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return (void *)ret;
}

/*
 * Not even to close a connection, or descriptors that nobody takes: who is
 * cancelled there would hold a lock.
 */
static void receiving_is_no_cancellation_point(void **state)
{
	struct ipcx_channel *from, *to, *other;
	pthread_t thread;
	void *ret;

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind == DGRAM)
			continue;
		use(kind);
		from = receiver();
		to = sender();
		other = sender();
		for (int i = 0; i < 2; i++) {
			assert_int_equal(ipcx_channel_send(i ? to : other, "x",
							   1, 0), 0);
			assert_int_equal(receive(from), 1);
		}
		ipcx_channel_close(other);
		assert_soon(polled(from, POLLIN));
		if (kind != TCP)
			assert_int_equal(ipcx_channel_send_fds(to, "y", 1, 0,
							       &(int) { 0 }, 1),
					 0);
		pthread_create(&thread, NULL, recv_cancelled, from);
		pthread_join(thread, &ret);
		assert_ptr_equal(ret, (void *)-EAGAIN);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
}

/* ---- the receiver's own fault ---- */

static void a_bad_buffer_costs_one_message(void **state)
{
	struct ipcx_channel *from, *to;
	void *bad = mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	(void)state;
	for (int kind = SEQPACKET; kind <= DGRAM; kind++) {
		use(kind);
		from = receiver();
		to = sender();
		assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
		assert_int_equal(ipcx_channel_send(to, "yes", 3, 0), 0);
		assert_int_equal(ipcx_channel_recv_try(from, bad, 1 << 16,
						       NULL), -EFAULT);
		assert_int_equal(receive(from), 3);
		assert_int_equal(ipcx_channel_send(to, "yes", 3, 0), 0);
		ipcx_channel_close(to);
		ipcx_channel_close(from);
	}
	munmap(bad, 1 << 16);
}

/* ---- paths ---- */

/* Others lock directories for reasons of their own. */
static void a_locked_directory_is_in_nobodys_way(void **state)
{
	char name[96], directory[sizeof(sockets_path)];
	struct ipcx_channel *from;
	struct stat stat_;
	pid_t pid;
	int fd;

	(void)state;
	snprintf(directory, sizeof(directory), "%s", sockets_path);
	assert_int_equal(mkdir(directory, 0700), 0);
	snprintf(name, sizeof(name), "unix:%s/socket", directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	ipcx_channel_close(end_of(name, IPCX_RIGHT_RECV));
	assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_RECV, &from), 0);
	ipcx_channel_close(from);
	/* But one at a time takes what was left behind. */
	pid = peer_fork();
	if (!pid) {
		end_of(name, IPCX_RIGHT_RECV);
		for (;;)
			pause();
	}
	assert_soon(!stat(name + 5, &stat_));
	peer_asleep(pid);
	assert_int_equal(ipcx_channel_open(name, IPCX_RIGHT_RECV, &from),
			 -EADDRINUSE);
	peer_kill(pid);
	assert_int_equal(ipcx_channel_open_try(name, IPCX_RIGHT_RECV, &from),
			 -EAGAIN);
	assert_late(ipcx_channel_open_timed(name, IPCX_RIGHT_RECV, &from,
					    deadline));
	close(fd);
	ipcx_channel_close(end_of(name, IPCX_RIGHT_RECV));
	assert_int_equal(rmdir(directory), 0);
	errno = ERRNO_CANARY;
}

/* Swaps what is at the two paths, until told to stop. */
static void keep_swapping(const char *one, const char *other,
			  const _Atomic uint32_t *stop)
{
	while (!*stop)
		renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
	peer_done();
}

/* Nothing is ever written to what is no FIFO. */
static void what_became_no_fifo_is_not_opened(void **state)
{
	_Atomic uint32_t *stop = shared_words();
	char file[sizeof(sockets_path) + 2];
	int opened = 0, fd;
	struct stat stat_;
	pid_t pid;

	(void)state;
	snprintf(file, sizeof(file), "%s.f", sockets_path);
	assert_int_equal(mkfifo(sockets_path, 0600), 0);
	fd = open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	pid = peer_fork();
	if (!pid)
		keep_swapping(sockets_path, file, stop);
	for (int i = 0; i < 20000; i++) {
		struct ipcx_fifo *fifo;
		int ret = ipcx_fifo_open_reader(sockets_path, &fifo);

		if (ret < 0) {
			assert_int_equal(ret, -EPROTOTYPE);
			continue;
		}
		assert_int_equal(fstat(ipcx_fifo_fd(fifo), &stat_), 0);
		assert_true(S_ISFIFO(stat_.st_mode));
		ipcx_fifo_close(fifo);
		opened++;
	}
	assert_true(opened > 0);
	*stop = 1;
	peer_ok(pid);
	assert_int_equal(unlink(file), 0);
	shared_free(stop);
}

/* ---- waiting for a host ---- */

/* Connections from here that this port has not answered. */
static int unanswered(unsigned int port)
{
	FILE *list = fopen("/proc/net/tcp", "re");
	unsigned int to, how;
	char line[256];
	int count = 0;

	assert_non_null(list);
	while (fgets(line, sizeof(line), list))
		count += sscanf(line, "%*d: %*x:%*x %*x:%x %x", &to, &how) ==
			 2 && to == port && how == 2;
	fclose(list);
	return count;
}

static void on_signal(int signo)
{
	(void)signo;
}

/*
 * First nobody listens, then somebody does who answers nobody: the sender is
 * stopped meanwhile, so that it is not the one that is let in.
 */
static void connecting_is_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sockaddr_in address = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ipcx_channel *channel;
	struct ipcx_socket *first, *other = POISON;
	int status, one = 1;
	pid_t pid;

	(void)state;
	use(TCP);
	address.sin_port = htons(atoi(sockets_port));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	pid = peer_fork();
	if (!pid) {
		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		assert_int_equal(ipcx_channel_open(uri, IPCX_RIGHT_SEND,
						   &channel), -EINTR);
		peer_done();
	}
	peer_asleep(pid);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(ipcx_socket_connect_inet("127.0.0.1", sockets_port,
						  IPCX_SOCKET_STREAM, &first),
			 0);
	assert_late(ipcx_socket_connect_inet_timed("127.0.0.1", sockets_port,
						   IPCX_SOCKET_STREAM, &other,
						   deadline));
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_soon(unanswered(ntohs(address.sin_port)) == 1);
	peer_asleep(pid);
	assert_int_equal(kill(pid, SIGUSR1), 0);
	peer_ok(pid);
	ipcx_socket_close(first);
	close(listener);
}

static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

/* Of a machine that was switched off, either side is told in the end. */
static void both_sides_notice_death(void **state)
{
	struct ipcx_channel *from, *to;
	int connections = 0;

	(void)state;
	use(TCP);
	from = receiver();
	to = sender();
	assert_int_equal(ipcx_channel_send(to, "x", 1, 0), 0);
	assert_int_equal(receive(from), 1);
	for (int fd = 3; fd < 1024; fd++) {
		if (option_of(fd, SO_PROTOCOL) != IPPROTO_TCP ||
		    option_of(fd, SO_ACCEPTCONN))
			continue;
		assert_int_equal(option_of(fd, SO_KEEPALIVE), 1);
		connections++;
	}
	assert_int_equal(connections, 2);
	errno = ERRNO_CANARY;
	ipcx_channel_close(to);
	ipcx_channel_close(from);
}

/* ---- options ---- */

static void nothing_is_no_size(void **state)
{
	static const char *const uris[] = {
		"pipe:0?size=0", "fifo:/tmp/x?size=0", "unix:@x?size=0",
		"tcp://localhost:1?size=0", "mq:/x?size=0", "mq:/x?slots=0",
		"sysv:1?size=0", "shm:/x?size=0", "shm:/x?slots=0",
		"shm:/x?lanes=0", "map:/tmp/x?slots=0", "queue:x?slots=0",
		"queue:x?size=0k", "queue:x?lanes=0",
	};
	struct ipcx_channel *channel = POISON;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uris); i++)
		assert_int_equal(ipcx_channel_open(uris[i], IPCX_RIGHT_RECV,
						   &channel), -EINVAL);
	assert_ptr_equal(channel, POISON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(without_descriptors_others_go_on),
		SOCKET_TEST(receiving_is_no_cancellation_point),
		SOCKET_TEST(a_bad_buffer_costs_one_message),
		SOCKET_TEST(a_locked_directory_is_in_nobodys_way),
		SOCKET_TEST(what_became_no_fifo_is_not_opened),
		SOCKET_TEST(connecting_is_interrupted),
		SOCKET_TEST(both_sides_notice_death),
		SOCKET_TEST(nothing_is_no_size),
	};

	return cmocka_run_group_tests_name("channel_hostile", tests, NULL,
					   NULL);
}
