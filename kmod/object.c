// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life, rights and descriptors of every object. See object.h for the model.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/rbtree.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "debugfs.h"
#include "ioctl.h"
#include "limits.h"
#include "names.h"
#include "object.h"
#include "trace.h"

/*
 * All objects by id, in the order in which they came: ids only grow, so that
 * none ever names another object. An object found here under the lock has a
 * @ref, as it leaves before dropping it.
 */
static DEFINE_SPINLOCK(ipcx_index_lock);	/* ipcx_index, ipcx_last_id */
static struct rb_root ipcx_index = RB_ROOT;
static u64 ipcx_last_id;

static struct ipcx_object *ipcx_indexed(const struct rb_node *node)
{
	return rb_entry_safe(node, struct ipcx_object, by_id);
}

static bool ipcx_index_less(struct rb_node *a, const struct rb_node *b)
{
	return ipcx_indexed(a)->id < ipcx_indexed(b)->id;
}

/**
 * ipcx_object_index - give an object its id, by which LIST finds it from now on
 * @obj: the object, of which the caller is a user
 */
void ipcx_object_index(struct ipcx_object *obj)
{
	spin_lock(&ipcx_index_lock);
	obj->id = ++ipcx_last_id;
	rb_add(&obj->by_id, &ipcx_index, ipcx_index_less);
	spin_unlock(&ipcx_index_lock);
}

static void ipcx_index_remove(struct ipcx_object *obj)
{
	spin_lock(&ipcx_index_lock);
	rb_erase(&obj->by_id, &ipcx_index);
	spin_unlock(&ipcx_index_lock);
}

/* The object with the lowest id above @id. */
static struct ipcx_object *ipcx_index_after(u64 id)
{
	struct rb_node *node = ipcx_index.rb_node;
	struct ipcx_object *next = NULL;

	lockdep_assert_held(&ipcx_index_lock);
	while (node) {
		if (ipcx_indexed(node)->id > id) {
			next = ipcx_indexed(node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return next;
}

/**
 * ipcx_object_init - begin an object
 * @obj: zeroed memory of its kind
 * @kind: which
 * @name: the name it shall have, NULL for none
 * @flags: flags it is made with
 * @mode: permission bits
 * @bytes: what it counts for
 *
 * On success the caller is its user and from here on lets it go by
 * ipcx_object_put_user() alone. Nobody finds it before ipcx_object_publish().
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int ipcx_object_init(struct ipcx_object *obj, const struct ipcx_kind *kind,
		     const struct ipcx_name *name, u32 flags, u32 mode,
		     u64 bytes)
{
	struct net *net = current->nsproxy->net_ns;

	obj->charged = ipcx_user_charge_object(bytes);
	if (IS_ERR(obj->charged))
		return PTR_ERR(obj->charged);
	if (name) {
		obj->named = ipcx_named_new(name, obj);
		if (!obj->named) {
			ipcx_user_uncharge_object(obj->charged, bytes);
			return -ENOMEM;
		}
	}
	obj->charged_bytes = bytes;

	obj->kind = kind;
	obj->create_flags = flags & ~IPCX_CREATE_EXCL;
	obj->rights = kind->rights;
	obj->map_bits = 6;
	spin_lock_init(&obj->attr_lock);
	obj->uid = current_euid();
	obj->gid = current_egid();
	obj->mode = mode;
	obj->made_ns = ktime_get_coarse_ns();
	obj->net_cookie = net->net_cookie;
	obj->user_ns = get_user_ns(net->user_ns);
	refcount_set(&obj->users, 1);
	refcount_set(&obj->ref, 1);
	return 0;
}

/**
 * ipcx_object_recharge - count another size from now on
 * @obj: the object, which nobody else resizes
 * @bytes: its new size
 *
 * Return: 0 or -EDQUOT; less is never refused.
 */
int ipcx_object_recharge(struct ipcx_object *obj, u64 bytes)
{
	u64 old = obj->charged_bytes;
	int ret;

	if (bytes > old) {
		ret = ipcx_charge(obj->charged, IPCX_LIMIT_BYTES, bytes - old);
		if (ret)
			return ret;
	} else {
		ipcx_uncharge(obj->charged, IPCX_LIMIT_BYTES, old - bytes);
	}
	obj->charged_bytes = bytes;
	return 0;
}

/**
 * ipcx_object_put_user - drop a user; the last one's leaving ends the object
 * @obj: the object
 */
void ipcx_object_put_user(struct ipcx_object *obj)
{
	if (obj->named) {
		if (!ipcx_names_put_user(obj))
			return;
	} else if (!refcount_dec_and_test(&obj->users)) {
		return;
	}
	if (obj->id) {
		trace_ipcx_destroy(obj->id, obj->kind->kind, 0);
		ipcx_index_remove(obj);
		ipcx_debugfs_remove(obj);
	}
	ipcx_object_put(obj);
}

/**
 * ipcx_object_put - let go of the memory of an object
 * @obj: the object
 */
void ipcx_object_put(struct ipcx_object *obj)
{
	if (!refcount_dec_and_test(&obj->ref))
		return;
	ipcx_user_uncharge_object(obj->charged, obj->charged_bytes);
	put_user_ns(obj->user_ns);
	kfree(obj->named);
	obj->kind->free(obj);
}

/**
 * ipcx_object_shutdown - end the use of an object, whoever has it open
 * @obj: the object
 */
void ipcx_object_shutdown(struct ipcx_object *obj)
{
	WRITE_ONCE(obj->down, true);
	if (obj->kind->shutdown)
		obj->kind->shutdown(obj);
}

/**
 * ipcx_object_next - walk all objects
 * @id: the last id seen, 0 to begin; set to that of the object returned
 *
 * Return: the object with the next higher id, held by a ref, or NULL.
 */
struct ipcx_object *ipcx_object_next(u64 *id)
{
	struct ipcx_object *obj;

	spin_lock(&ipcx_index_lock);
	obj = ipcx_index_after(*id);
	if (obj) {
		refcount_inc(&obj->ref);
		*id = obj->id;
	}
	spin_unlock(&ipcx_index_lock);
	return obj;
}

/**
 * ipcx_object_is_owner - may the caller administer the object
 * @obj: the object
 *
 * Return: true for the owner and for CAP_IPC_OWNER over its namespace.
 */
bool ipcx_object_is_owner(struct ipcx_object *obj)
{
	bool owner;

	spin_lock(&obj->attr_lock);
	owner = uid_eq(current_euid(), obj->uid);
	spin_unlock(&obj->attr_lock);
	return owner || ns_capable(obj->user_ns, CAP_IPC_OWNER);
}

/**
 * ipcx_object_rights - what the caller may do with an object found by name
 * @obj: the object
 *
 * Return: IPCX_RIGHT_*, never more than the object has.
 */
u32 ipcx_object_rights(struct ipcx_object *obj)
{
	u32 bits, rights = 0;

	spin_lock(&obj->attr_lock);
	bits = obj->mode;
	if (uid_eq(current_euid(), obj->uid)) {
		bits >>= 6;
		rights |= IPCX_RIGHT_ADMIN;
	} else if (in_group_p(obj->gid)) {
		bits >>= 3;
	}
	spin_unlock(&obj->attr_lock);

	if (bits & 4)
		rights |= IPCX_RIGHT_READ | IPCX_RIGHT_RECV;
	if (bits & 2)
		rights |= IPCX_RIGHT_WRITE | IPCX_RIGHT_SEND;
	if ((bits & obj->map_bits) == obj->map_bits)
		rights |= IPCX_RIGHT_MAP;
	rights &= obj->rights;

	if (rights != obj->rights &&
	    ns_capable_noaudit(obj->user_ns, CAP_IPC_OWNER))
		rights = obj->rights;
	return rights;
}

/*
 * The first descriptor's is part of the object, which it does not outlive. An
 * object without an id has none yet.
 */
static struct ipcx_handle *ipcx_handle_new(struct ipcx_object *obj)
{
	return obj->id ? kzalloc(sizeof(struct ipcx_handle), GFP_KERNEL_ACCOUNT) :
			 &obj->first;
}

static void ipcx_handle_free(struct ipcx_object *obj, struct ipcx_handle *handle)
{
	if (handle != &obj->first)
		kfree(handle);
}

/**
 * ipcx_object_new_file - a file for an object, still private to the caller
 * @obj: the object, of which the caller is a user; taken over in any case
 * @rights: rights of the descriptor it is to be
 *
 * Return: the file, -ENOMEM or -ENFILE.
 */
struct file *ipcx_object_new_file(struct ipcx_object *obj, u32 rights)
{
	struct ipcx_handle *handle = ipcx_handle_new(obj);
	struct file *file;
	/* do_mmap() keeps what is open for reading only from being written. */
	int flags = rights & ~(IPCX_RIGHT_READ | IPCX_RIGHT_ADMIN) ?
		    O_RDWR : O_RDONLY;

	if (!handle) {
		file = ERR_PTR(-ENOMEM);
		goto err_put_user;
	}
	handle->obj = obj;
	handle->rights = rights;

	if (obj->kind->new_file)
		file = obj->kind->new_file(obj, flags);
	else
		file = anon_inode_getfile(obj->kind->label, obj->kind->fops,
					  NULL, flags);
	if (IS_ERR(file))
		goto err_free_handle;
	file->private_data = handle;
	if (obj->kind->opened)
		obj->kind->opened(handle);
	return file;

err_free_handle:
	ipcx_handle_free(obj, handle);
err_put_user:
	ipcx_object_put_user(obj);
	return file;
}

/* Makes a new object known: to LIST, by its name, in debugfs. */
static int ipcx_object_publish(struct ipcx_object *obj)
{
	int ret;

	if (obj->named) {
		ret = ipcx_names_link(obj);
		if (ret)
			return ret;
	} else {
		ipcx_object_index(obj);
	}
	ipcx_debugfs_add(obj);
	return 0;
}

static long ipcx_object_new_fd(struct ipcx_object *obj, u32 rights, bool publish)
{
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ipcx_object_put_user(obj);
		return fd;
	}
	file = ipcx_object_new_file(obj, rights);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put_fd;
	}
	if (publish) {
		ret = ipcx_object_publish(obj);
		if (ret)
			goto err_put_file;
		trace_ipcx_create(obj->id, obj->kind->kind, obj->create_flags);
	}
	trace_ipcx_open(obj->id, obj->kind->kind, rights);
	fd_install(fd, file);
	return fd;

err_put_file:
	fput(file);
err_put_fd:
	put_unused_fd(fd);
	return ret;
}

/**
 * ipcx_object_open_fd - a descriptor of an object that was found by its name
 * @obj: the object, of which the caller is a user; taken over in any case
 * @rights: rights wanted, 0 for all that its mode allows
 *
 * Return: the descriptor, -EINVAL, -EACCES or another -errno.
 */
long ipcx_object_open_fd(struct ipcx_object *obj, u32 rights)
{
	u32 allowed = ipcx_object_rights(obj);
	long ret;

	if (rights & ~obj->kind->rights)
		ret = -EINVAL;
	else if ((rights & ~allowed) || !allowed)
		ret = -EACCES;
	else
		return ipcx_object_new_fd(obj, rights ?: allowed, false);
	ipcx_object_put_user(obj);
	return ret;
}

/* Opens what has the name already, if it is what would have been made. */
static long ipcx_object_open_same(const struct ipcx_creation *what,
				  const struct ipcx_name *name)
{
	struct ipcx_object *obj;
	long ret;

	obj = ipcx_names_find(name, IPCX_KIND_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->kind != what->kind || !what->kind->same(obj, what->args)) {
		/* Who may not open it does not find out what it is. */
		ret = ipcx_object_rights(obj) ? -EEXIST : -EACCES;
		ipcx_object_put_user(obj);
		return ret;
	}
	return ipcx_object_open_fd(obj, what->rights);
}

static long ipcx_object_create_new(const struct ipcx_creation *what,
				   const struct ipcx_name *name)
{
	struct ipcx_object *obj;

	obj = what->kind->make(what->args, name);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (what->rights & ~obj->rights) {
		ipcx_object_put_user(obj);
		return what->rights & ~what->kind->rights ? -EINVAL : -EACCES;
	}
	return ipcx_object_new_fd(obj, what->rights ?: obj->rights, true);
}

/**
 * ipcx_object_create - the common part of the create ioctls
 * @what: what is asked for
 *
 * Return: a descriptor or -errno.
 */
long ipcx_object_create(const struct ipcx_creation *what)
{
	struct ipcx_name name;
	long ret;

	ret = ipcx_name_get(&name, what->name, what->name_len);
	if (ret < 0)
		return ret;
	if (!ret)
		return what->flags & (IPCX_CREATE_EXCL | IPCX_CREATE_PERSIST) ?
			-EINVAL : ipcx_object_create_new(what, NULL);
	if (what->flags & IPCX_CREATE_EXCL)
		return ipcx_object_create_new(what, &name);

	/* The name can come and go between the look and the link: look again. */
	do {
		ret = ipcx_object_open_same(what, &name);
		if (ret != -ENOENT)
			return ret;
		ret = ipcx_object_create_new(what, &name);
	} while (ret == -EEXIST && !fatal_signal_pending(current));
	return ret;
}

static long ipcx_object_reopen(struct ipcx_handle *handle, void __user *uarg)
{
	struct ipcx_object *obj = handle->obj;
	struct ipcx_reopen args;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || args.pad || !args.rights ||
	    (args.rights & ~obj->kind->rights))
		return -EINVAL;
	if (args.rights & ~handle->rights)
		return -EACCES;
	refcount_inc(&obj->users);
	return ipcx_object_new_fd(obj, args.rights, false);
}

static long ipcx_object_setattr(struct ipcx_handle *handle, void __user *uarg)
{
	const u32 known = IPCX_SET_MODE | IPCX_SET_UID | IPCX_SET_GID;
	struct ipcx_object *obj = handle->obj;
	struct ipcx_setattr args;
	kuid_t uid;
	kgid_t gid;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	uid = make_kuid(current_user_ns(), args.uid);
	gid = make_kgid(current_user_ns(), args.gid);
	if (!args.flags || (args.flags & ~known) || args.pad ||
	    ((args.flags & IPCX_SET_MODE) && (args.mode & ~0777)) ||
	    ((args.flags & IPCX_SET_UID) && !uid_valid(uid)) ||
	    ((args.flags & IPCX_SET_GID) && !gid_valid(gid)))
		return -EINVAL;
	if (!(handle->rights & IPCX_RIGHT_ADMIN) &&
	    !ns_capable(obj->user_ns, CAP_IPC_OWNER) &&
	    !ns_capable(obj->user_ns, CAP_FOWNER))
		return -EPERM;

	spin_lock(&obj->attr_lock);
	if (args.flags & IPCX_SET_MODE)
		obj->mode = args.mode;
	if (args.flags & IPCX_SET_UID)
		obj->uid = uid;
	if (args.flags & IPCX_SET_GID)
		obj->gid = gid;
	spin_unlock(&obj->attr_lock);
	return 0;
}

static long ipcx_object_stat_ioctl(struct ipcx_handle *handle, void __user *uarg)
{
	struct ipcx_stat stat;
	u32 size;
	int ret;

	ret = ipcx_get_args(&stat, sizeof(stat), IPCX_STAT_FIRST, uarg);
	if (ret)
		return ret;
	if (stat.flags)
		return -EINVAL;
	size = stat.size;
	ipcx_object_stat(handle->obj, &stat);
	stat.rights = handle->rights;
	return ipcx_put_args(uarg, &stat, sizeof(stat), size);
}

/**
 * ipcx_object_ioctl - the ioctls of every kind
 * @file: the descriptor
 * @cmd: the command, without the bits of its size
 * @uarg: its argument
 *
 * Return: as the ABI says, -ENOTTY for an unknown one.
 */
long ipcx_object_ioctl(struct file *file, unsigned int cmd, void __user *uarg)
{
	switch (cmd) {
	case IPCX_CMD(IPCX_IOC_STAT):
		return ipcx_object_stat_ioctl(ipcx_handle(file), uarg);
	case IPCX_CMD(IPCX_IOC_REOPEN):
		return ipcx_object_reopen(ipcx_handle(file), uarg);
	case IPCX_CMD(IPCX_IOC_SETATTR):
		return ipcx_object_setattr(ipcx_handle(file), uarg);
	default:
		return -ENOTTY;
	}
}

/**
 * ipcx_object_release - the last duplicate of a descriptor is closed
 * @inode: not ours
 * @file: the descriptor
 *
 * Return: 0.
 */
int ipcx_object_release(struct inode *inode, struct file *file)
{
	struct ipcx_handle *handle = ipcx_handle(file);
	struct ipcx_object *obj = handle->obj;

	if (obj->kind->closed)
		obj->kind->closed(handle);
	ipcx_handle_free(obj, handle);
	ipcx_object_put_user(obj);
	return 0;
}
