// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits a user. The rule of errors: what one of these forbids is -EDQUOT; what
 * the machine, overcommit or a memory cgroup has not is -ENOMEM; locked memory
 * follows RLIMIT_MEMLOCK as mlock() does. CAP_SYS_RESOURCE goes beyond the
 * limits here, but is counted.
 *
 * Counted is the effective user of who makes an object or maps it, for as long
 * as that exists, whoever owns it then. Limits are parameters of the module and
 * can be changed at any time; who is above one keeps what it has.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "limits.h"
#include "queue.h"
#include "region.h"

/**
 * struct ipcx_user - what a user has
 * @node: place among all
 * @uid: who
 * @ref: objects and mappings that are counted here; 0 for the idle one
 * @used: the counts, by enum ipcx_limit
 */
struct ipcx_user {
	struct hlist_node node;
	kuid_t uid;
	unsigned int ref;
	u64 used[IPCX_LIMITS];
};

static DEFINE_SPINLOCK(ipcx_users_lock);	/* all users and their counts */
static DEFINE_HASHTABLE(ipcx_users, 6);

/*
 * The last user to lose all, kept in the table for whoever comes again: many a
 * program has one object after another. NULL if there is none; under the lock.
 */
static struct ipcx_user *ipcx_idle_user;

static unsigned long ipcx_limit[IPCX_LIMIT_LOCKED] = {
	[IPCX_LIMIT_OBJECTS]	 = 4096,
	[IPCX_LIMIT_BYTES]	 = 0,
	[IPCX_LIMIT_ATTACHMENTS] = 16384,
};

module_param_named(max_objects, ipcx_limit[IPCX_LIMIT_OBJECTS], ulong, 0644);
MODULE_PARM_DESC(max_objects, "Objects a user can make (4096)");
module_param_named(max_bytes, ipcx_limit[IPCX_LIMIT_BYTES], ulong, 0644);
MODULE_PARM_DESC(max_bytes, "Bytes of a user's objects (half of the memory)");
module_param_named(max_attachments, ipcx_limit[IPCX_LIMIT_ATTACHMENTS], ulong,
		   0644);
MODULE_PARM_DESC(max_attachments, "Mappings a user can have (16384)");

static struct ipcx_user *ipcx_user_find(kuid_t uid)
{
	struct ipcx_user *user;

	lockdep_assert_held(&ipcx_users_lock);
	hash_for_each_possible(ipcx_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/* The error that @amount more would be, or 0. */
static int ipcx_limit_check(const struct ipcx_user *user, enum ipcx_limit what,
			    u64 amount)
{
	u64 used = user->used[what];
	u64 limit;

	if (what == IPCX_LIMIT_LOCKED) {
		limit = rlimit(RLIMIT_MEMLOCK);
		if (amount <= limit && used <= limit - amount)
			return 0;
		return limit ? -ENOMEM : -EPERM;
	}
	limit = READ_ONCE(ipcx_limit[what]);
	return amount <= limit && used <= limit - amount ? 0 : -EDQUOT;
}

/*
 * Counts, if there is room, or -errno. Asked last is whether the caller is
 * privileged: that is noted when it made the difference.
 */
static int ipcx_user_try(struct ipcx_user *user, enum ipcx_limit what, u64 amount)
{
	int ret;

	lockdep_assert_held(&ipcx_users_lock);
	ret = ipcx_limit_check(user, what, amount);
	if (ret && capable(what == IPCX_LIMIT_LOCKED ? CAP_IPC_LOCK :
						       CAP_SYS_RESOURCE))
		ret = 0;
	if (!ret)
		user->used[what] += amount;
	return ret;
}

/* The lock is held; drops it. */
static void ipcx_user_drop(struct ipcx_user *user)
	__releases(&ipcx_users_lock)
{
	struct ipcx_user *old = NULL;

	if (!--user->ref) {
		old = ipcx_idle_user;
		ipcx_idle_user = user;
	}
	if (old)
		hash_del(&old->node);
	spin_unlock(&ipcx_users_lock);
	kfree(old);
}

/* Counts two things or none for the calling user, who is held if it worked. */
static struct ipcx_user *ipcx_user_count(enum ipcx_limit what, u64 amount,
					 u64 bytes)
{
	struct ipcx_user *user, *fresh = NULL;
	kuid_t uid = current_euid();
	int ret;

	spin_lock(&ipcx_users_lock);
	user = ipcx_user_find(uid);
	if (!user) {
		spin_unlock(&ipcx_users_lock);
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
		if (!fresh)
			return ERR_PTR(-ENOMEM);
		spin_lock(&ipcx_users_lock);
		/* Somebody else may have been here meanwhile. */
		user = ipcx_user_find(uid);
		if (!user) {
			user = fresh;
			fresh = NULL;
			user->uid = uid;
			hash_add(ipcx_users, &user->node, __kuid_val(uid));
		}
	}
	if (user == ipcx_idle_user)
		ipcx_idle_user = NULL;
	user->ref++;
	ret = ipcx_user_try(user, what, amount);
	if (!ret && bytes) {
		ret = ipcx_user_try(user, IPCX_LIMIT_BYTES, bytes);
		if (ret)
			user->used[what] -= amount;
	}
	if (ret) {
		ipcx_user_drop(user);
		user = ERR_PTR(ret);
	} else {
		spin_unlock(&ipcx_users_lock);
	}
	kfree(fresh);
	return user;
}

/**
 * ipcx_user_charge - count something for the calling user, if there is room
 * @what: what
 * @amount: how much
 *
 * Return: the user, held until ipcx_user_uncharge() of the same; or -ENOMEM,
 * -EDQUOT, for locked memory -EPERM.
 */
struct ipcx_user *ipcx_user_charge(enum ipcx_limit what, u64 amount)
{
	return ipcx_user_count(what, amount, 0);
}

/**
 * ipcx_user_uncharge - undo ipcx_user_charge()
 * @user: for whom
 * @what: what
 * @amount: how much
 */
void ipcx_user_uncharge(struct ipcx_user *user, enum ipcx_limit what, u64 amount)
{
	spin_lock(&ipcx_users_lock);
	user->used[what] -= amount;
	ipcx_user_drop(user);
}

/**
 * ipcx_user_charge_object - count an object for the calling user
 * @bytes: its memory
 *
 * Return: the user, held until ipcx_user_uncharge_object(); or -ENOMEM, -EDQUOT.
 */
struct ipcx_user *ipcx_user_charge_object(u64 bytes)
{
	return ipcx_user_count(IPCX_LIMIT_OBJECTS, 1, bytes);
}

/**
 * ipcx_user_uncharge_object - undo ipcx_user_charge_object()
 * @user: for whom
 * @bytes: the object's memory, as charged by now
 */
void ipcx_user_uncharge_object(struct ipcx_user *user, u64 bytes)
{
	spin_lock(&ipcx_users_lock);
	user->used[IPCX_LIMIT_OBJECTS]--;
	user->used[IPCX_LIMIT_BYTES] -= bytes;
	ipcx_user_drop(user);
}

/**
 * ipcx_user_charge_copy - count once more what cannot be refused
 * @user: for whom; held once more
 * @what: what
 * @amount: how much
 */
void ipcx_user_charge_copy(struct ipcx_user *user, enum ipcx_limit what,
			   u64 amount)
{
	spin_lock(&ipcx_users_lock);
	user->used[what] += amount;
	user->ref++;
	spin_unlock(&ipcx_users_lock);
}

/**
 * ipcx_charge - count more for a user that is held, if there is room
 * @user: for whom
 * @what: what
 * @amount: how much
 *
 * Return: 0 or -EDQUOT.
 */
int ipcx_charge(struct ipcx_user *user, enum ipcx_limit what, u64 amount)
{
	int ret;

	spin_lock(&ipcx_users_lock);
	ret = ipcx_user_try(user, what, amount);
	spin_unlock(&ipcx_users_lock);
	return ret;
}

/**
 * ipcx_uncharge - undo ipcx_charge()
 * @user: for whom
 * @what: what
 * @amount: how much
 */
void ipcx_uncharge(struct ipcx_user *user, enum ipcx_limit what, u64 amount)
{
	spin_lock(&ipcx_users_lock);
	user->used[what] -= amount;
	spin_unlock(&ipcx_users_lock);
}

/**
 * ipcx_limits_fill - the limits of the module, which nothing changes
 * @query: where to
 */
void ipcx_limits_fill(struct ipcx_query *query)
{
	query->name_max = IPCX_NAME_MAX;
	query->region_bytes_max = IPCX_REGION_BYTES_MAX;
	query->queue_bytes_max = IPCX_QUEUE_BYTES_MAX;
	query->slots_max = IPCX_QUEUE_SLOTS_MAX;
	query->lanes_max = IPCX_LANES_MAX;
	query->attachments_max = IPCX_OWNER_LAST - IPCX_OWNER_FIRST + 1;
	query->batch_max = IPCX_BATCH_MAX;
}

/**
 * ipcx_limits_show - all limits, those of users as they are now
 * @m: where to
 */
void ipcx_limits_show(struct seq_file *m)
{
	struct ipcx_query query;

	ipcx_limits_fill(&query);
	seq_printf(m, "name_max %u\n", query.name_max);
	seq_printf(m, "region_bytes_max %llu\n", query.region_bytes_max);
	seq_printf(m, "queue_bytes_max %llu\n", query.queue_bytes_max);
	seq_printf(m, "slots_max %u\n", query.slots_max);
	seq_printf(m, "lanes_max %u\n", query.lanes_max);
	seq_printf(m, "attachments_max %u\n", query.attachments_max);
	seq_printf(m, "batch_max %u\n", query.batch_max);
	seq_printf(m, "user_objects_max %lu\n",
		   READ_ONCE(ipcx_limit[IPCX_LIMIT_OBJECTS]));
	seq_printf(m, "user_bytes_max %lu\n",
		   READ_ONCE(ipcx_limit[IPCX_LIMIT_BYTES]));
	seq_printf(m, "user_attachments_max %lu\n",
		   READ_ONCE(ipcx_limit[IPCX_LIMIT_ATTACHMENTS]));
}

/**
 * ipcx_users_show - what each user has, a user a line
 * @m: where to
 */
void ipcx_users_show(struct seq_file *m)
{
	struct ipcx_user *user;
	int bucket;

	spin_lock(&ipcx_users_lock);
	hash_for_each(ipcx_users, bucket, user, node) {
		if (!user->ref)
			continue;
		seq_printf(m, "uid %u objects %llu bytes %llu attachments %llu locked %llu\n",
			   from_kuid_munged(&init_user_ns, user->uid),
			   user->used[IPCX_LIMIT_OBJECTS],
			   user->used[IPCX_LIMIT_BYTES],
			   user->used[IPCX_LIMIT_ATTACHMENTS],
			   user->used[IPCX_LIMIT_LOCKED]);
	}
	spin_unlock(&ipcx_users_lock);
}

/**
 * ipcx_limits_init - fit the defaults to the machine
 */
void ipcx_limits_init(void)
{
	if (!ipcx_limit[IPCX_LIMIT_BYTES])
		ipcx_limit[IPCX_LIMIT_BYTES] =
			(totalram_pages() / 2) << PAGE_SHIFT;
}

/**
 * ipcx_limits_exit - forget the last user
 */
void ipcx_limits_exit(void)
{
	kfree(ipcx_idle_user);
}
