// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module and /dev/ipcx: what makes, finds and lists objects.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <net/net_namespace.h>

#include "debugfs.h"
#include "ioctl.h"
#include "limits.h"
#include "names.h"
#include "object.h"
#include "queue.h"
#include "region.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define IPCX_LIST_MAX	1024

#define IPCX_FEATURE_HUGE_HERE \
	(IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ? IPCX_FEATURE_HUGE : 0)

static long ipcx_query(void __user *uarg)
{
	struct ipcx_query args;
	u32 size;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags)
		return -EINVAL;
	size = args.size;
	args = (struct ipcx_query) {
		.abi_version	  = IPCX_ABI_VERSION,
		.features	  = IPCX_FEATURE_REGION | IPCX_FEATURE_QUEUE |
				    IPCX_FEATURE_MAPPED | IPCX_FEATURE_HANGUP |
				    IPCX_FEATURE_FDS | IPCX_FEATURE_BROADCAST |
				    IPCX_FEATURE_EVENTS |
				    IPCX_FEATURE_HUGE_HERE,
	};
	ipcx_limits_fill(&args);
	return ipcx_put_args(uarg, &args, sizeof(args), size);
}

/* The name and the kind of an object that is to be found. */
static int ipcx_get_target(struct ipcx_name *name, u64 uptr, u32 len, u32 kind)
{
	int ret;

	if (kind > IPCX_KIND_QUEUE)
		return -EINVAL;
	ret = ipcx_name_get(name, uptr, len);
	return ret ? min(ret, 0) : -EINVAL;
}

static long ipcx_open(void __user *uarg)
{
	struct ipcx_object *obj;
	struct ipcx_open args;
	struct ipcx_name name;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || args.pad)
		return -EINVAL;
	ret = ipcx_get_target(&name, args.name, args.name_len, args.kind);
	if (ret)
		return ret;
	obj = ipcx_names_find(&name, args.kind);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	return ipcx_object_open_fd(obj, args.rights);
}

static long ipcx_unlink(void __user *uarg)
{
	struct ipcx_unlink args;
	struct ipcx_name name;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags & ~IPCX_UNLINK_SHUTDOWN)
		return -EINVAL;
	ret = ipcx_get_target(&name, args.name, args.name_len, args.kind);
	if (ret)
		return ret;
	return ipcx_names_unlink(&name, args.kind,
				 args.flags & IPCX_UNLINK_SHUTDOWN);
}

/* What the caller may see: its own, what it may read, all with CAP_IPC_OWNER. */
static bool ipcx_list_shows(struct ipcx_object *obj, u32 *rights)
{
	if (obj->net_cookie != current->nsproxy->net_ns->net_cookie)
		return false;
	*rights = ipcx_object_rights(obj);
	return *rights & (IPCX_RIGHT_ADMIN | IPCX_RIGHT_READ | IPCX_RIGHT_RECV);
}

static long ipcx_list(void __user *uarg)
{
	struct ipcx_object *obj;
	struct ipcx_list args;
	struct ipcx_stat stat;
	void __user *out;
	long filled = 0;
	u32 rights;
	int ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || !args.count || args.count > IPCX_LIST_MAX ||
	    (args.stat_size != sizeof(stat) &&
	     args.stat_size != IPCX_STAT_SECOND &&
	     args.stat_size != IPCX_STAT_FIRST))
		return -EINVAL;

	out = u64_to_user_ptr(args.stats);
	while (filled < args.count) {
		obj = ipcx_object_next(&args.after);
		if (!obj)
			break;
		if (ipcx_list_shows(obj, &rights)) {
			ipcx_object_stat(obj, &stat);
			stat.rights = rights;
			ret = ipcx_put_args(out, &stat, sizeof(stat),
					    args.stat_size);
			out += args.stat_size;
			filled += !ret;
		}
		ipcx_object_put(obj);
		if (ret || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return filled ?: ret;
}

static long ipcx_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (IPCX_CMD(cmd)) {
	case IPCX_CMD(IPCX_IOC_QUERY):
		return ipcx_query(uarg);
	case IPCX_CMD(IPCX_IOC_REGION_CREATE):
		return ipcx_region_create(uarg);
	case IPCX_CMD(IPCX_IOC_QUEUE_CREATE):
		return ipcx_queue_create(uarg);
	case IPCX_CMD(IPCX_IOC_OPEN):
		return ipcx_open(uarg);
	case IPCX_CMD(IPCX_IOC_UNLINK):
		return ipcx_unlink(uarg);
	case IPCX_CMD(IPCX_IOC_LIST):
		return ipcx_list(uarg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations ipcx_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= ipcx_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice ipcx_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ipcx",
	.fops	= &ipcx_fops,
	/* Rights are the objects' own; what a caller makes is charged to it. */
	.mode	= 0666,
};

/* The ABI: sizes are the same for every compiler, 32-bit callers included. */
static void ipcx_check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct ipcx_query) != 56);
	BUILD_BUG_ON(sizeof(struct ipcx_region_create) != 40);
	BUILD_BUG_ON(sizeof(struct ipcx_queue_create) != 40);
	BUILD_BUG_ON(sizeof(struct ipcx_open) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_unlink) != 24);
	BUILD_BUG_ON(sizeof(struct ipcx_list) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_stat) != 368);
	BUILD_BUG_ON(sizeof(struct ipcx_reopen) != 16);
	BUILD_BUG_ON(sizeof(struct ipcx_setattr) != 24);
	BUILD_BUG_ON(sizeof(struct ipcx_resize) != 16);
	BUILD_BUG_ON(sizeof(struct ipcx_seal) != 16);
	BUILD_BUG_ON(sizeof(struct ipcx_transfer) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_msg) != 72);
	BUILD_BUG_ON(sizeof(struct ipcx_wait) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_take) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_peer) != 72);
	BUILD_BUG_ON(sizeof(struct ipcx_peers) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_event) != 64);
	BUILD_BUG_ON(sizeof(struct ipcx_events) != 32);
	BUILD_BUG_ON(sizeof(struct ipcx_kpage) != 160);
	BUILD_BUG_ON(sizeof(struct ipcx_ring) != 128);
	BUILD_BUG_ON(sizeof(struct ipcx_lane) != 256);
	BUILD_BUG_ON(sizeof(struct ipcx_slot) != 16);
}

/* The device comes last and goes first: what it needs exists while it does. */
static int __init ipcx_init(void)
{
	int ret;

	/* Slot words are 64 bits and must be exchanged in one. */
	BUILD_BUG_ON(!IS_ENABLED(CONFIG_64BIT));

	ipcx_check_abi();
	ipcx_limits_init();
	ret = ipcx_region_init();
	if (ret)
		return ret;
	ret = ipcx_names_init();
	if (ret)
		goto err_region;
	ret = ipcx_attach_init();
	if (ret)
		goto err_names;
	ipcx_debugfs_init();
	ret = misc_register(&ipcx_device);
	if (ret)
		goto err_debugfs;
	return 0;

err_debugfs:
	ipcx_debugfs_exit();
	ipcx_attach_exit();
err_names:
	ipcx_names_exit();
err_region:
	ipcx_region_exit();
	return ret;
}

/*
 * No object is left: each one's users hold the module, by their descriptors or,
 * of a persistent one, by its name. What may still run is the repair of the
 * last attachments, whose end ipcx_attach_exit() waits for.
 */
static void __exit ipcx_exit(void)
{
	misc_deregister(&ipcx_device);
	ipcx_attach_exit();
	ipcx_debugfs_exit();
	ipcx_names_exit();
	ipcx_region_exit();
	ipcx_limits_exit();
}

module_init(ipcx_init);
module_exit(ipcx_exit);

MODULE_DESCRIPTION("Shared regions and message queues owned by the kernel");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
