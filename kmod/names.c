// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of objects, one table per network namespace, as abstract sockets have
 * it: pernet operations give a life cycle that a module can hold.
 *
 * One mutex guards all tables. A lookup finds an object only while it has
 * users, because the last user leaves under this mutex and takes the name away
 * before it drops it.
 */
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "names.h"
#include "trace.h"

/**
 * struct ipcx_names - the names of one network namespace
 * @table: of struct ipcx_named
 */
struct ipcx_names {
	struct rhashtable table;
};

static DEFINE_MUTEX(ipcx_names_lock);
static unsigned int ipcx_names_net_id __read_mostly;

static const struct rhashtable_params ipcx_names_params = {
	.head_offset		= offsetof(struct ipcx_named, node),
	.key_offset		= offsetof(struct ipcx_named, name),
	.key_len		= sizeof(struct ipcx_name),
	.automatic_shrinking	= true,
};

static struct ipcx_names *ipcx_names_current(void)
{
	return net_generic(current->nsproxy->net_ns, ipcx_names_net_id);
}

/**
 * ipcx_name_get - read a name from userspace
 * @name: where to; not touched if there is none
 * @uptr: pointer to it, 0 for none
 * @len: its bytes, 0 for none
 *
 * Return: its bytes, 0 for none; -EINVAL, -ENAMETOOLONG or -EFAULT.
 */
int ipcx_name_get(struct ipcx_name *name, u64 uptr, u32 len)
{
	if (!uptr && !len)
		return 0;
	if (!uptr || !len)
		return -EINVAL;
	if (len > IPCX_NAME_MAX)
		return -ENAMETOOLONG;
	memset(name, 0, sizeof(*name));
	if (copy_from_user(name->str, u64_to_user_ptr(uptr), len))
		return -EFAULT;
	if (memchr(name->str, 0, len) || memchr(name->str, '/', len))
		return -EINVAL;
	return len;
}

/**
 * ipcx_named_new - note the name that an object shall have
 * @name: the name
 * @obj: the object
 *
 * Return: to be freed with the object; NULL without memory.
 */
struct ipcx_named *ipcx_named_new(const struct ipcx_name *name,
				  struct ipcx_object *obj)
{
	struct ipcx_named *named = kzalloc(sizeof(*named), GFP_KERNEL_ACCOUNT);

	if (named) {
		named->name = *name;
		named->obj = obj;
	}
	return named;
}

static struct ipcx_object *ipcx_names_lookup(struct ipcx_names *names,
					     const struct ipcx_name *name,
					     u32 kind)
{
	struct ipcx_named *named;

	lockdep_assert_held(&ipcx_names_lock);
	named = rhashtable_lookup_fast(&names->table, name, ipcx_names_params);
	if (!named)
		return ERR_PTR(-ENOENT);
	if (kind != IPCX_KIND_ANY && kind != named->obj->kind->kind)
		return ERR_PTR(-EPROTOTYPE);
	return named->obj;
}

/**
 * ipcx_names_find - look a name up in the caller's namespace
 * @name: the name
 * @kind: IPCX_KIND_*
 *
 * Return: the object with a user for the caller, -ENOENT or -EPROTOTYPE.
 */
struct ipcx_object *ipcx_names_find(const struct ipcx_name *name, u32 kind)
{
	struct ipcx_object *obj;

	mutex_lock(&ipcx_names_lock);
	obj = ipcx_names_lookup(ipcx_names_current(), name, kind);
	if (!IS_ERR(obj))
		refcount_inc(&obj->users);
	mutex_unlock(&ipcx_names_lock);
	return obj;
}

/**
 * ipcx_names_link - give an object its name in the caller's namespace
 * @obj: the object, of which the caller is a user
 *
 * Puts it into the index too: who finds it by its name finds it with its id.
 * A persistent one also pins the module: unloading it must not lose data.
 *
 * Return: 0, -EEXIST or -ENOMEM.
 */
int ipcx_names_link(struct ipcx_object *obj)
{
	struct ipcx_names *names = ipcx_names_current();
	struct ipcx_named *named = obj->named;
	int ret;

	mutex_lock(&ipcx_names_lock);
	ret = rhashtable_lookup_insert_fast(&names->table, &named->node,
					    ipcx_names_params);
	if (!ret) {
		ipcx_object_index(obj);
		named->names = names;
		named->persist = obj->create_flags & IPCX_CREATE_PERSIST;
		if (named->persist) {
			refcount_inc(&obj->users);
			__module_get(THIS_MODULE);
		}
	}
	mutex_unlock(&ipcx_names_lock);
	return ret;
}

/* Returns whether the name held a user, which the caller drops unlocked. */
static bool ipcx_names_forget(struct ipcx_named *named)
{
	bool persist = named->persist;

	lockdep_assert_held(&ipcx_names_lock);
	named->names = NULL;
	named->persist = false;
	return persist;
}

static void ipcx_names_drop_persist(struct ipcx_object *obj)
{
	ipcx_object_put_user(obj);
	module_put(THIS_MODULE);
}

/**
 * ipcx_names_unlink - take a name away
 * @name: the name, in the caller's namespace
 * @kind: IPCX_KIND_*
 * @shutdown: end the use of the object as well
 *
 * Return: 0, -ENOENT, -EPROTOTYPE or -EPERM.
 */
int ipcx_names_unlink(const struct ipcx_name *name, u32 kind, bool shutdown)
{
	struct ipcx_names *names = ipcx_names_current();
	struct ipcx_object *obj;
	bool persist;

	mutex_lock(&ipcx_names_lock);
	obj = ipcx_names_lookup(names, name, kind);
	if (!IS_ERR(obj) && !ipcx_object_is_owner(obj))
		obj = ERR_PTR(-EPERM);
	if (IS_ERR(obj)) {
		mutex_unlock(&ipcx_names_lock);
		return PTR_ERR(obj);
	}
	refcount_inc(&obj->users);
	rhashtable_remove_fast(&names->table, &obj->named->node,
			       ipcx_names_params);
	persist = ipcx_names_forget(obj->named);
	mutex_unlock(&ipcx_names_lock);

	trace_ipcx_unlink(obj->id, obj->kind->kind, shutdown);
	if (shutdown)
		ipcx_object_shutdown(obj);
	ipcx_object_put_user(obj);
	if (persist)
		ipcx_names_drop_persist(obj);
	return 0;
}

/**
 * ipcx_names_put_user - drop a user of an object that has or had a name
 * @obj: the object
 *
 * Return: true if that was the last one; then the name is gone as well.
 */
bool ipcx_names_put_user(struct ipcx_object *obj)
{
	struct ipcx_named *named = obj->named;

	if (!refcount_dec_and_mutex_lock(&obj->users, &ipcx_names_lock))
		return false;
	if (named->names) {
		rhashtable_remove_fast(&named->names->table, &named->node,
				       ipcx_names_params);
		ipcx_names_forget(named);
	}
	mutex_unlock(&ipcx_names_lock);
	return true;
}

/**
 * ipcx_names_linked - does the object have a name, and have it still
 * @obj: the object
 * @persist: set to whether the name keeps it
 *
 * Return: true if it has.
 */
bool ipcx_names_linked(struct ipcx_object *obj, bool *persist)
{
	bool linked;

	if (!obj->named)
		return false;
	mutex_lock(&ipcx_names_lock);
	linked = obj->named->names;
	*persist = obj->named->persist;
	mutex_unlock(&ipcx_names_lock);
	return linked;
}

static int __net_init ipcx_names_net_init(struct net *net)
{
	struct ipcx_names *names = net_generic(net, ipcx_names_net_id);

	return rhashtable_init(&names->table, &ipcx_names_params);
}

static void ipcx_names_reap(void *ptr, void *arg)
{
	struct ipcx_named *named = ptr;
	struct list_head *orphans = arg;

	if (ipcx_names_forget(named))
		list_add(&named->orphan, orphans);
}

/* The namespace ends; descriptors that were passed out of it live on. */
static void __net_exit ipcx_names_net_exit(struct net *net)
{
	struct ipcx_names *names = net_generic(net, ipcx_names_net_id);
	struct ipcx_named *named, *next;
	LIST_HEAD(orphans);

	mutex_lock(&ipcx_names_lock);
	rhashtable_free_and_destroy(&names->table, ipcx_names_reap, &orphans);
	mutex_unlock(&ipcx_names_lock);

	list_for_each_entry_safe(named, next, &orphans, orphan)
		ipcx_names_drop_persist(named->obj);
}

static struct pernet_operations ipcx_names_net_ops = {
	.init	= ipcx_names_net_init,
	.exit	= ipcx_names_net_exit,
	.id	= &ipcx_names_net_id,
	.size	= sizeof(struct ipcx_names),
};

/**
 * ipcx_names_init - set up the tables of all namespaces
 *
 * Return: 0 or -errno.
 */
int ipcx_names_init(void)
{
	return register_pernet_subsys(&ipcx_names_net_ops);
}

/**
 * ipcx_names_exit - undo ipcx_names_init()
 */
void ipcx_names_exit(void)
{
	unregister_pernet_subsys(&ipcx_names_net_ops);
}
