// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who maps a ring, and whose claims stand in the way. The words of the ring say
 * which attachment that is, and who maps the ring can falsify them: what is told
 * here is told of attachments that there are, and is for those who look alone.
 */
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "attach.h"
#include "ioctl.h"
#include "ring.h"

#define IPCX_PEERS_MAX	1024

/**
 * struct ipcx_claims - claims of an owner
 * @writing: slots it writes
 * @reading: slots it reads
 * @held: lanes, a bit each, where one of them stands in the way, by direction
 * @recent_count: of the last messages, how many it sent
 * @recent_bytes: their payload
 */
struct ipcx_claims {
	u32 writing;
	u32 reading;
	u32 held[2];
	u32 recent_count;
	u64 recent_bytes;
};

/* Of the peer that SEND and RECV are. */
static const char ipcx_kernel_comm[IPCX_COMM_LEN] = "kernel";

/* Of a broadcast queue nobody waits for readers, and for one writer receivers. */
static u64 ipcx_broadcast_blocker(struct ipcx_queue *q)
{
	u64 tail = ipcx_hint_ticket(ipcx_hint(&q->lane->tail));
	u32 i;

	for (i = q->slots; i > 0; i--) {
		u64 ticket = ipcx_ticket_add(tail, -(u64)i);
		u64 w = ipcx_load_word(ipcx_slot(q, 0, ticket));

		if (ipcx_ticket(w) == ticket && ipcx_state(w) == IPCX_WRITING)
			return w;
		cond_resched();
	}
	return 0;
}

/*
 * The claim that stands in the way of those who go in this direction on the
 * lane: the word of a slot that is being written or read, or 0. It is the one
 * that the next message is to come from, or go to.
 */
static u64 ipcx_blocker(struct ipcx_queue *q, u32 lane, u32 dir)
{
	struct ipcx_lane *l = &q->lane[lane];
	u64 next, w;
	s64 ahead;

	if (q->flags & IPCX_QUEUE_BROADCAST)
		return dir == IPCX_DIR_RECV ? ipcx_broadcast_blocker(q) : 0;
	next = ipcx_hint_ticket(ipcx_hint(dir == IPCX_DIR_RECV ? &l->head :
								 &l->tail));
	w = ipcx_load_word(ipcx_slot(q, lane, next));
	ahead = ipcx_ticket_diff(ipcx_ticket(w), next);
	if (ahead != (dir == IPCX_DIR_RECV ? 0 : -(s64)q->slots))
		return 0;
	if (ipcx_state(w) == IPCX_WRITING ||
	    (ipcx_state(w) == IPCX_READING && dir == IPCX_DIR_SEND))
		return w;
	return 0;
}

static void ipcx_claims_count(struct ipcx_queue *q, struct ipcx_claims *claims)
{
	u32 i, sender, len;

	for (i = 0; i < q->lanes * q->slots; i++) {
		u64 w = ipcx_load_word(ipcx_slot_by_index(q, i));

		claims[ipcx_owner(w)].writing += ipcx_state(w) == IPCX_WRITING;
		claims[ipcx_owner(w)].reading += ipcx_state(w) == IPCX_READING;
		cond_resched();
	}
	for (i = 0; i < 2 * q->lanes; i++) {
		u64 w = ipcx_blocker(q, i / 2, i % 2);

		claims[ipcx_owner(w)].held[i % 2] |= w ? BIT(i / 2) : 0;
	}
	for (i = 0; i < ipcx_recent_room(q); i++) {
		if (!ipcx_recent(q, i, &sender, &len))
			continue;
		claims[sender].recent_count++;
		claims[sender].recent_bytes += len;
	}
}

static u64 ipcx_drops(const struct ipcx_queue *q, u32 id)
{
	return q->drops ? READ_ONCE(q->drops[id]) : 0;
}

static u64 ipcx_drops_kernel(const struct ipcx_queue *q)
{
	u64 dropped = 0;
	u32 lane;

	if (q->drops)
		return ipcx_drops(q, IPCX_OWNER_KERNEL);
	/* Nobody maps the ring, or nobody drops. */
	for (lane = 0; lane < q->lanes; lane++)
		dropped += READ_ONCE(q->lane[lane].dropped);
	return dropped;
}

static void ipcx_peer_fill(const struct ipcx_attachment *a,
			   const struct ipcx_claims *claims,
			   struct ipcx_peer *peer)
{
	lockdep_assert_held(&a->q->attach_lock);
	*peer = (struct ipcx_peer) {
		.id		= a->id,
		.pid		= pid_vnr(a->pid),
		.state		= a->mm ? IPCX_PEER_LIVE : IPCX_PEER_DEAD,
		.rights		= a->rights,
		.writing	= claims[a->id].writing,
		.reading	= claims[a->id].reading,
		.held_recv	= claims[a->id].held[IPCX_DIR_RECV],
		.held_send	= claims[a->id].held[IPCX_DIR_SEND],
		.dropped	= ipcx_drops(a->q, a->id),
		.recent_count	= claims[a->id].recent_count,
		.recent_bytes	= claims[a->id].recent_bytes,
	};
	memcpy(peer->comm, a->comm, sizeof(peer->comm));
}

static void ipcx_peer_fill_kernel(struct ipcx_queue *q,
				  const struct ipcx_claims *claims,
				  struct ipcx_peer *peer)
{
	const struct ipcx_claims *c = &claims[IPCX_OWNER_KERNEL];

	*peer = (struct ipcx_peer) {
		.id		= IPCX_OWNER_KERNEL,
		.state		= IPCX_PEER_LIVE,
		.writing	= c->writing,
		.reading	= c->reading,
		.held_recv	= c->held[IPCX_DIR_RECV],
		.held_send	= c->held[IPCX_DIR_SEND],
		.dropped	= ipcx_drops_kernel(q),
		.recent_count	= c->recent_count,
		.recent_bytes	= c->recent_bytes,
	};
	memcpy(peer->comm, ipcx_kernel_comm, sizeof(peer->comm));
}

/* The claims of all owners just now; to be freed by kvfree(). */
static struct ipcx_claims *ipcx_claims_get(struct ipcx_queue *q)
{
	struct ipcx_claims *claims;

	claims = kvcalloc(IPCX_OWNER_LAST + 1, sizeof(*claims), GFP_KERNEL);
	if (claims)
		ipcx_claims_count(q, claims);
	return claims;
}

static u32 ipcx_peers_fill(struct ipcx_queue *q, const struct ipcx_peers *args,
			   const struct ipcx_claims *claims,
			   struct ipcx_peer *peers)
{
	struct ipcx_attachment *a;
	unsigned long id;
	u32 n = 0;

	if (args->after < IPCX_OWNER_KERNEL)
		ipcx_peer_fill_kernel(q, claims, &peers[n++]);
	mutex_lock(&q->attach_lock);
	xa_for_each_start(&q->attachments, id, a, (unsigned long)args->after + 1) {
		if (n == args->count)
			break;
		ipcx_peer_fill(a, claims, &peers[n++]);
	}
	mutex_unlock(&q->attach_lock);
	return n;
}

/* How many could be written; -EFAULT if that is none of them. */
static long ipcx_peers_put(const struct ipcx_peers *args,
			   const struct ipcx_peer *peers, u32 n)
{
	void __user *out = u64_to_user_ptr(args->peers);
	int i;

	for (i = 0; i < n; i++)
		if (copy_to_user(out + i * args->peer_size, &peers[i],
				 args->peer_size))
			return i ?: -EFAULT;
	return n;
}

/**
 * ipcx_peers_ioctl - IPCX_IOC_PEERS
 * @file: the descriptor
 * @uarg: struct ipcx_peers
 *
 * Return: entries filled, -EINVAL, -EFAULT or -ENOMEM.
 */
long ipcx_peers_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_queue *q = file_to_queue(file);
	struct ipcx_claims *claims;
	struct ipcx_peer *peers;
	struct ipcx_peers args;
	long ret;
	u32 n;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || args.pad || !args.count || args.count > IPCX_PEERS_MAX ||
	    (args.peer_size != sizeof(*peers) &&
	     args.peer_size != IPCX_PEER_FIRST))
		return -EINVAL;

	peers = kvcalloc(args.count, sizeof(*peers), GFP_KERNEL);
	if (!peers)
		return -ENOMEM;
	ret = -ENOMEM;
	claims = ipcx_claims_get(q);
	if (!claims)
		goto out_free_peers;
	n = ipcx_peers_fill(q, &args, claims, peers);
	ret = ipcx_peers_put(&args, peers, n);
	kvfree(claims);
out_free_peers:
	kvfree(peers);
	return ret;
}

/**
 * struct ipcx_holder - who an owner is
 * @pid: process, in the reader's pid namespace
 * @comm: its name when it attached
 */
struct ipcx_holder {
	u32 pid;
	char comm[IPCX_COMM_LEN];
};

/* False if there is no such attachment: the word is nonsense, or old. */
static bool ipcx_holder_get(struct ipcx_queue *q, u32 owner,
			    struct ipcx_holder *holder)
{
	struct ipcx_attachment *a;

	if (owner == IPCX_OWNER_KERNEL) {
		holder->pid = 0;
		memcpy(holder->comm, ipcx_kernel_comm, sizeof(holder->comm));
		return true;
	}
	mutex_lock(&q->attach_lock);
	a = xa_load(&q->attachments, owner);
	if (a) {
		holder->pid = pid_vnr(a->pid);
		memcpy(holder->comm, a->comm, sizeof(holder->comm));
	}
	mutex_unlock(&q->attach_lock);
	return a;
}

/**
 * ipcx_stat_holder - whose claims stand in the way
 * @q: the queue
 * @stat: holder, its pid, comm and ticket, held_recv and held_send are filled
 */
void ipcx_stat_holder(struct ipcx_queue *q, struct ipcx_stat *stat)
{
	struct ipcx_holder holder;
	u32 held[2] = {};
	u32 lane, dir;

	for (lane = q->lanes; lane-- > 0; ) {
		for (dir = IPCX_DIR_RECV; dir <= IPCX_DIR_SEND; dir++) {
			u64 w = ipcx_blocker(q, lane, dir);

			if (!w)
				continue;
			if (!stat->holder &&
			    ipcx_holder_get(q, ipcx_owner(w), &holder)) {
				stat->holder = ipcx_owner(w);
				stat->holder_ticket = ipcx_ticket(w);
				stat->holder_pid = holder.pid;
				memcpy(stat->holder_comm, holder.comm,
				       sizeof(stat->holder_comm));
			}
			if (stat->holder && stat->holder == ipcx_owner(w))
				held[dir] |= BIT(lane);
		}
	}
	stat->held_recv = held[IPCX_DIR_RECV];
	stat->held_send = held[IPCX_DIR_SEND];
}

/**
 * ipcx_show_stuck - one claim that stands in the way a line
 * @obj: the queue
 * @m: where to
 */
void ipcx_show_stuck(struct ipcx_object *obj, struct seq_file *m)
{
	static const char *const dirs[] = { "recv", "send" };
	struct ipcx_queue *q = to_queue(obj);
	struct ipcx_holder holder;
	u32 i;

	for (i = 2 * q->lanes; i-- > 0; ) {
		u32 lane = i / 2, dir = i % 2;
		u64 w = ipcx_blocker(q, lane, dir);

		if (!w || !ipcx_holder_get(q, ipcx_owner(w), &holder))
			continue;
		seq_printf(m, "lane %u direction %s state %s ticket %llu attachment %u pid %u waiting %u comm ",
			   lane, dirs[dir],
			   ipcx_state(w) == IPCX_WRITING ? "writing" : "reading",
			   ipcx_ticket(w), ipcx_owner(w), holder.pid,
			   READ_ONCE(q->kpage->count[dir]));
		ipcx_show_text(m, holder.comm);
	}
}

/**
 * ipcx_show_attachments - one attachment a line
 * @obj: the queue
 * @m: where to
 *
 * Return: 0 or -ENOMEM.
 */
int ipcx_show_attachments(struct ipcx_object *obj, struct seq_file *m)
{
	struct ipcx_queue *q = to_queue(obj);
	struct ipcx_attachment *a;
	struct ipcx_claims *claims;
	struct ipcx_peer peer;
	unsigned long id;

	/* Not under the lock, which those wait for who map and unmap. */
	claims = ipcx_claims_get(q);
	if (!claims)
		return -ENOMEM;
	mutex_lock(&q->attach_lock);
	xa_for_each(&q->attachments, id, a) {
		ipcx_peer_fill(a, claims, &peer);
		seq_printf(m, "id %u pid %u state %s rights 0x%x writing %u reading %u ",
			   peer.id, peer.pid,
			   peer.state == IPCX_PEER_LIVE ? "live" : "dead",
			   peer.rights, peer.writing, peer.reading);
		seq_printf(m, "held_recv 0x%x held_send 0x%x dropped %llu recent_count %llu recent_bytes %llu comm ",
			   peer.held_recv, peer.held_send, peer.dropped,
			   peer.recent_count, peer.recent_bytes);
		ipcx_show_text(m, peer.comm);
	}
	mutex_unlock(&q->attach_lock);
	kvfree(claims);
	return 0;
}
