/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects: what regions and queues have in common.
 *
 * Life. A descriptor is a struct file whose private_data is a struct
 * ipcx_handle; it and each mapping made through it hold one of @users. So does
 * the name of a persistent object. With the last user the object dies: it loses
 * its name, its place in the index and its debugfs directory. Its memory goes
 * with the last @ref; all users together hold one, each look by LIST or debugfs
 * and each dead attachment under repair another.
 *
 * Locks, outermost first:
 *	mmap_lock			(of whoever maps; never take it inside ours)
 *	  ipcx_queue.attach_lock
 *	  ipcx_region.lock
 *	ipcx_names_lock
 *	  ipcx_index_lock
 * None is held while user memory is touched.
 */
#ifndef IPCX_OBJECT_H
#define IPCX_OBJECT_H

#include <linux/fs.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/ipcx.h>

struct ipcx_handle;
struct ipcx_name;
struct ipcx_named;
struct ipcx_object;
struct seq_file;

/**
 * struct ipcx_kind - what differs between regions and queues
 * @kind: IPCX_KIND_*
 * @rights: all rights of this kind
 * @label: name of the anonymous inode, as /proc/PID/fd shows it
 * @fops: of the descriptors
 * @new_file: a file with @fops, but without its private_data; @flags are O_RDWR
 *	or O_RDONLY (optional)
 * @make: a new object by the arguments of its create ioctl, checked already;
 *	the caller becomes its user
 * @same: is the object what these arguments would make
 * @opened: a descriptor came (optional)
 * @closed: it went (optional)
 * @shutdown: ends its use (optional)
 * @free: frees the object, which nobody knows any more
 * @stat: fills the fields of this kind
 * @show_attachments: writes the debugfs file of that name; 0 or -errno (optional)
 * @show_stuck: likewise, but that it cannot fail (optional)
 */
struct ipcx_kind {
	u32 kind;
	u32 rights;
	const char *label;
	const struct file_operations *fops;
	struct file *(*new_file)(struct ipcx_object *obj, int flags);
	struct ipcx_object *(*make)(const void *create,
				    const struct ipcx_name *name);
	bool (*same)(struct ipcx_object *obj, const void *create);
	void (*opened)(struct ipcx_handle *handle);
	void (*closed)(struct ipcx_handle *handle);
	void (*shutdown)(struct ipcx_object *obj);
	void (*free)(struct ipcx_object *obj);
	void (*stat)(struct ipcx_object *obj, struct ipcx_stat *stat);
	int (*show_attachments)(struct ipcx_object *obj, struct seq_file *m);
	void (*show_stuck)(struct ipcx_object *obj, struct seq_file *m);
};

/**
 * struct ipcx_cursor - where a descriptor of a broadcast queue is
 * @lock: guards the others
 * @ticket: the next one to be read
 * @missed: messages passed over since the last one that was received
 */
struct ipcx_cursor {
	spinlock_t lock;		/* @ticket, @missed */
	u64 ticket;
	u64 missed;
};

/**
 * struct ipcx_handle - private_data of a descriptor
 * @obj: the object, of which it is a user
 * @rights: IPCX_RIGHT_*, never changed
 * @cursor: of a queue made IPCX_QUEUE_BROADCAST
 * @told: queue: the last event it was told; see events.c
 */
struct ipcx_handle {
	struct ipcx_object *obj;
	u32 rights;
	struct ipcx_cursor cursor;
	u64 told;
};

/**
 * struct ipcx_object - head of every region and queue
 * @kind: which
 * @id: never used again; 0 before it is published
 * @by_id: place among all objects; see object.c
 * @create_flags: flags it was made with
 * @rights: all rights a descriptor of it can have
 * @map_bits: bits of the mode that give IPCX_RIGHT_MAP, all of them needed
 * @attr_lock: guards @uid, @gid and @mode
 * @uid: owner
 * @gid: group
 * @mode: permission bits
 * @net_cookie: network namespace it was made in, for LIST
 * @user_ns: of that; capabilities over the object are asked there
 * @made_ns: when, by CLOCK_MONOTONIC
 * @charged: user whose limits count the object
 * @charged_bytes: bytes counted; changed by who resizes alone
 * @down: shut down (IPCX_UNLINK_SHUTDOWN), never undone
 * @users: see above
 * @ref: see above
 * @named: its name, NULL if anonymous; fixed
 * @dir: debugfs directory, NULL before it is shown; see debugfs.c
 * @first: of the descriptor that it was made with
 */
struct ipcx_object {
	const struct ipcx_kind *kind;
	u64 id;
	struct rb_node by_id;
	u32 create_flags;
	u32 rights;
	u32 map_bits;

	spinlock_t attr_lock;		/* @uid, @gid, @mode */
	kuid_t uid;
	kgid_t gid;
	umode_t mode;

	u64 made_ns;
	u64 net_cookie;
	struct user_namespace *user_ns;
	struct ipcx_user *charged;
	u64 charged_bytes;
	bool down;

	refcount_t users;
	refcount_t ref;

	struct ipcx_named *named;
	struct dentry *dir;
	struct ipcx_handle first;
};

/**
 * struct ipcx_creation - what a create ioctl asks for
 * @kind: the kind
 * @args: its arguments, for @kind alone to read
 * @name: pointer to the name in user memory, 0 for none
 * @name_len: bytes of the name, 0 for none
 * @flags: IPCX_CREATE_*
 * @rights: rights of the descriptor, 0 for all
 */
struct ipcx_creation {
	const struct ipcx_kind *kind;
	const void *args;
	u64 name;
	u32 name_len;
	u32 flags;
	u32 rights;
};

static inline struct ipcx_handle *ipcx_handle(struct file *file)
{
	return file->private_data;
}

int ipcx_object_init(struct ipcx_object *obj, const struct ipcx_kind *kind,
		     const struct ipcx_name *name, u32 flags, u32 mode,
		     u64 bytes);
int ipcx_object_recharge(struct ipcx_object *obj, u64 bytes);
void ipcx_object_put_user(struct ipcx_object *obj);
void ipcx_object_put(struct ipcx_object *obj);
void ipcx_object_shutdown(struct ipcx_object *obj);
struct ipcx_object *ipcx_object_next(u64 *id);
void ipcx_object_index(struct ipcx_object *obj);

u32 ipcx_object_rights(struct ipcx_object *obj);
bool ipcx_object_is_owner(struct ipcx_object *obj);

long ipcx_object_create(const struct ipcx_creation *what);
struct file *ipcx_object_new_file(struct ipcx_object *obj, u32 rights);
long ipcx_object_open_fd(struct ipcx_object *obj, u32 rights);
int ipcx_object_release(struct inode *inode, struct file *file);
long ipcx_object_ioctl(struct file *file, unsigned int cmd, void __user *uarg);
void ipcx_object_stat(struct ipcx_object *obj, struct ipcx_stat *stat);
void ipcx_show_text(struct seq_file *m, const char *text);
void ipcx_object_show(struct ipcx_object *obj, struct seq_file *m);
void ipcx_object_show_fdinfo(struct seq_file *m, struct file *file);

#endif /* IPCX_OBJECT_H */
