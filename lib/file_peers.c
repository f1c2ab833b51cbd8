// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who uses a queue in a file, who of them has died, and what has to be done
 * then. The kernel tells by locks that belong to an open file description
 * (F_OFD_SETLK), which it drops when the last descriptor of that is closed: each
 * attachment holds one on a byte of its own.
 *
 * A forked child has the description, too, and keeps the locks of a parent that
 * died. So the process is noted beside, and who has no process of that number in
 * his own pid namespace knows better. The living can be held for dead by neither;
 * the dead can be held for living for a while, until the child has ended, the
 * parent was reaped, or the number is free again.
 *
 * By a lock, too, only one at a time attaches, detaches and repairs. Whatever it
 * does can be done again from the start by another if it is killed: a table's
 * entry is written last when it comes and goes last when it goes.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ipcx/device.h>

#include "file_layout.h"
#include "ring_fast.h"
#include "wait.h"

#define SIDES		(IPCX_RIGHT_SEND | IPCX_RIGHT_RECV)
#define EVERYBODY	(IPCX_WAKE_SEND | IPCX_WAKE_RECV)

/* For a lock that is held no longer than it takes to look at every slot. */
#define PATIENCE_NS	(5 * NSEC_PER_SEC)

/* The bytes that are locked: of each generation of the lock, of each peer. */
#define GENERATIONS		256
#define LOCK_BYTE(generation)	(generation)
#define PEER_BYTE(index)	(GENERATIONS + (index))

static int set_lock(const struct file_queue *file, short type, off_t byte)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};
	int ret = SYSCALL(fcntl(file->fd, F_OFD_SETLK, &lock));

	return ret == -EACCES ? -EAGAIN : ret;
}

/* Through another description than ours? If that cannot be told, yes. */
static bool is_locked(const struct file_queue *file, off_t byte)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};

	return SYSCALL(fcntl(file->fd, F_OFD_GETLK, &lock)) < 0 ||
	       lock.l_type != F_UNLCK;
}

/* There certainly is no such process any more. */
static bool is_gone(const struct file_queue *file, uint32_t pid, uint32_t pid_ns)
{
	return pid && pid <= INT_MAX && pid_ns && pid_ns == file->pid_ns &&
	       SYSCALL(kill(pid, 0)) == -ESRCH;
}

/*
 * The lock: its word holds a generation (8 bits) and who has it (24 bits of the
 * pid, 32 of the pid namespace; 0 for nobody). Who has locked the byte of the
 * generation and then put himself into the word has it. The next generation is
 * only there for a holder that is dead while a child of his keeps the byte: who
 * knows that locks the next byte, and the exchange of the whole word decides
 * between him and whoever got the old one.
 */
#define PID_BITS	24

static uint64_t lock_word(uint8_t generation, uint32_t pid, uint32_t pid_ns)
{
	return (uint64_t)generation << 56 |
	       (uint64_t)(pid & ((1U << PID_BITS) - 1)) << 32 | pid_ns;
}

static int lock_try(struct file_queue *file)
{
	uint64_t word = load(&file->header->lock);
	uint8_t generation = word >> 56;
	uint32_t pid = (word >> 32) & ((1U << PID_BITS) - 1);
	int ret = set_lock(file, F_WRLCK, LOCK_BYTE(generation));

	if (ret == -EAGAIN && is_gone(file, pid, (uint32_t)word))
		ret = set_lock(file, F_WRLCK, LOCK_BYTE(++generation));
	if (ret < 0)
		return ret;
	if (cas(&file->header->lock, word,
		lock_word(generation, getpid(), file->pid_ns),
		__ATOMIC_ACQUIRE)) {
		file->generation = generation;
		return 0;
	}
	set_lock(file, F_UNLCK, LOCK_BYTE(generation));
	return -EAGAIN;
}

/* Threads share the description, which is not locked against itself. */
static int file_lock_try(struct file_queue *file)
{
	int ret;

	if (__atomic_exchange_n(&file->locking, 1, __ATOMIC_ACQUIRE))
		return -EAGAIN;
	ret = lock_try(file);
	if (ret < 0)
		__atomic_store_n(&file->locking, 0, __ATOMIC_RELEASE);
	return ret;
}

static int file_lock(struct file_queue *file, uint64_t deadline)
{
	return AWAIT_STEPS(file_lock_try(file), deadline);
}

static void file_unlock(struct file_queue *file)
{
	__atomic_store_n(&file->header->lock,
			 lock_word(file->generation, 0, 0), __ATOMIC_RELEASE);
	set_lock(file, F_UNLCK, LOCK_BYTE(file->generation));
	__atomic_store_n(&file->locking, 0, __ATOMIC_RELEASE);
}

/**
 * struct muster - one look at the table
 * @living: rights of those who live
 * @dead: rights of those who do not
 * @is_dead: who that is
 */
struct muster {
	uint32_t living;
	uint32_t dead;
	bool is_dead[FILE_QUEUE_PEERS];
};

static bool is_dead(const struct file_queue *file, uint32_t index,
		    uint32_t rights)
{
	const struct file_peer *peer = &file->header->peers[index];

	if (rights & FILE_LEAVING)
		return true;
	if (index == file->index)
		return false;
	return !is_locked(file, PEER_BYTE(index)) ||
	       is_gone(file, __atomic_load_n(&peer->pid, __ATOMIC_RELAXED),
		       __atomic_load_n(&peer->pid_ns, __ATOMIC_RELAXED));
}

/* Without the lock, who seems dead may just have left; nothing more is wrong. */
static void muster(const struct file_queue *file, struct muster *all)
{
	*all = (struct muster) { 0 };
	for (uint32_t i = 0; i < FILE_QUEUE_PEERS; i++) {
		/* Acquire: what it did before it left. Partner: leave(). */
		uint32_t rights = __atomic_load_n(&file->header->peers[i].rights,
						  __ATOMIC_ACQUIRE);

		if (!rights)
			continue;
		all->is_dead[i] = is_dead(file, i, rights);
		if (all->is_dead[i])
			all->dead |= rights;
		else
			all->living |= rights;
	}
}

static void end_claim(struct ipcx_lane *lane, struct ipcx_slot *slot,
		      uint64_t word)
{
	uint64_t ticket = ipcx_ticket(word);

	if (ipcx_state(word) == IPCX_WRITING &&
	    cas(&slot->word, word,
		ipcx_word(ticket, IPCX_OWNER_NONE, IPCX_ABORTED),
		__ATOMIC_ACQ_REL))
		__atomic_fetch_add(&lane->aborted, 1, __ATOMIC_RELAXED);
	else if (ipcx_state(word) == IPCX_READING)
		cas(&slot->word, word,
		    ipcx_word(ticket, IPCX_OWNER_NONE, IPCX_RETURNED),
		    __ATOMIC_ACQ_REL);
}

/*
 * The epoch is raised whether a message was given back or not: who was killed
 * here before us may have given one back without saying so.
 */
static void end_claims(const struct file_queue *file, const struct muster *all)
{
	const struct ring *ring = file->ring;

	for (uint32_t nr = 0; nr < ring->lanes; nr++)
		for (uint32_t i = 0; i < ring->lane_slots; i++) {
			struct ipcx_slot *slot = slot_of(ring, nr, i);
			uint64_t word = load_acquire(&slot->word);
			uint32_t index = ipcx_owner(word) - IPCX_OWNER_FIRST;

			if (index < FILE_QUEUE_PEERS && all->is_dead[index])
				end_claim(&ring->lane[nr], slot, word);
		}
	/* Release: the slots before. Partner: the acquire of ring.c's next(). */
	__atomic_fetch_add(&file->header->kpage.ret_epoch, 1, __ATOMIC_SEQ_CST);
}

/* Tell who is left what the others' leaving means. Returns whether it is news. */
static bool tell_hangup(struct file_header *header, const struct muster *all)
{
	uint32_t missing, gone = 0;

	header->had |= (all->living | all->dead) & SIDES;
	missing = header->had & ~all->living;
	if (missing & IPCX_RIGHT_SEND)
		gone |= IPCX_HANGUP_RECV;
	if (missing & IPCX_RIGHT_RECV)
		gone |= IPCX_HANGUP_SEND;
	/* Release; partner: hangup(). */
	return __atomic_exchange_n(&header->kpage.hangup, gone,
				   __ATOMIC_SEQ_CST) != gone;
}

/*
 * With the lock held: put right whatever is not as the table and the locks have
 * it. The dead leave the table last, after all that has to be done for them was
 * done, which is to wake everybody even if no claim was found: they may have
 * published and died before they looked who sleeps. Returns whether anybody
 * lives.
 */
static bool settle(struct file_queue *file)
{
	struct file_header *header = file->header;
	struct muster all;
	bool news;

	muster(file, &all);
	if (all.dead)
		end_claims(file, &all);
	news = tell_hangup(header, &all);
	if (news || all.dead)
		file_wake(file, EVERYBODY);
	for (uint32_t i = 0; i < FILE_QUEUE_PEERS; i++)
		if (all.is_dead[i])
			__atomic_store_n(&header->peers[i].rights, 0,
					 __ATOMIC_RELEASE);
	return all.living;
}

void file_look_after(struct file_queue *file, uint64_t now)
{
	uint64_t looked = load(&file->looked);
	struct muster all;

	/* Another thread's moment can be later than ours. */
	if ((int64_t)(now - looked) < (int64_t)FILE_QUEUE_SLICE_NS ||
	    !cas(&file->looked, looked, now, __ATOMIC_RELAXED))
		return;
	muster(file, &all);
	if (!all.dead || file_lock_try(file) < 0)
		return;
	settle(file);
	file_unlock(file);
}

/* In turn, so that a sender's number is not soon somebody else's. */
static int enter(struct file_queue *file, uint32_t rights)
{
	struct file_header *header = file->header;

	for (uint32_t n = 0; n < FILE_QUEUE_PEERS; n++) {
		uint32_t i = (header->next + n) % FILE_QUEUE_PEERS;
		struct file_peer *peer = &header->peers[i];

		/* A child of who was there can still have it locked. */
		if (__atomic_load_n(&peer->rights, __ATOMIC_RELAXED) ||
		    set_lock(file, F_WRLCK, PEER_BYTE(i)))
			continue;
		header->next = i + 1;
		file->index = i;
		peer->pid = getpid();
		peer->pid_ns = file->pid_ns;
		__atomic_store_n(&peer->rights, rights, __ATOMIC_RELEASE);
		return 0;
	}
	return -EUSERS;
}

bool file_has_name(const struct file_queue *file)
{
	struct stat stat;

	return !SYSCALL(fstat(file->fd, &stat)) && stat.st_nlink;
}

int file_attach(struct file_queue *file, uint32_t rights, bool keep,
		uint64_t deadline)
{
	struct file_header *header = file->header;
	uint64_t last = ipcx_deadline_after(PATIENCE_NS);
	int ret = file_lock(file, deadline && deadline < last ? deadline : last);

	if (ret < 0)
		return ret;
	if (!file_has_name(file)) {
		ret = -ESTALE;
	} else {
		if (!settle(file))
			header->had = 0;
		ret = enter(file, rights);
		if (!ret && keep)
			header->keep = 1;
		settle(file);
	}
	file_unlock(file);
	return ret;
}

/* Unless it is elsewhere by now, or another has put something else there. */
static void remove_name(const struct file_queue *file)
{
	struct stat ours, there;

	if (!SYSCALL(fstat(file->fd, &ours)) &&
	    !SYSCALL(lstat(file->path, &there)) &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		SYSCALL(unlink(file->path));
}

/*
 * To leave is to be held for dead, and to do at once what another would do for
 * us. If a stopped peer keeps us from that, another will.
 */
void file_detach(struct file_queue *file)
{
	struct file_header *header = file->header;
	uint64_t deadline = ipcx_deadline_after(PATIENCE_NS);
	int ret;

	__atomic_fetch_or(&header->peers[file->index].rights, FILE_LEAVING,
			  __ATOMIC_SEQ_CST);
	do {
		ret = file_lock(file, deadline);
	} while (ret == -EINTR);
	if (!ret) {
		if (!settle(file) && !header->keep)
			remove_name(file);
		file_unlock(file);
	}
	/* A child may have the description. After the entry, or marked so. */
	set_lock(file, F_UNLCK, PEER_BYTE(file->index));
}
