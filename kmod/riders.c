// SPDX-License-Identifier: GPL-2.0-only
/*
 * Riders: regions that ride along a message. SEND turns the sender's
 * descriptors into users of the regions, and RECV or TAKE those into
 * descriptors of the receiver, with the rights that the sender's had. A region
 * holds nothing that could hold a queue: no cycle can form.
 */
#include <linux/file.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "ioctl.h"
#include "region.h"
#include "stamp.h"

static int ipcx_rider_get(struct ipcx_rider *rider, int fd)
{
	struct file *file = fget(fd);
	struct ipcx_handle *handle;

	if (!file)
		return -EBADF;
	if (!ipcx_file_is_region(file)) {
		fput(file);
		return -EPROTOTYPE;
	}
	handle = ipcx_handle(file);
	refcount_inc(&handle->obj->users);
	*rider = (struct ipcx_rider) { handle->obj, handle->rights };
	fput(file);
	return 0;
}

/**
 * ipcx_riders_get - the regions that a sender's descriptors stand for
 * @ufds: array of descriptors
 * @count: how many, at least 1
 *
 * Return: the riders, for ipcx_riders_put() to let go; or -E2BIG, -ENOMEM,
 * -EFAULT, -EBADF, -EPROTOTYPE.
 */
struct ipcx_riders *ipcx_riders_get(const s32 __user *ufds, u32 count)
{
	struct ipcx_riders *riders;
	s32 fds[IPCX_FDS_MAX];
	int ret;

	if (count > IPCX_FDS_MAX)
		return ERR_PTR(-E2BIG);
	if (copy_from_user(fds, ufds, count * sizeof(*fds)))
		return ERR_PTR(-EFAULT);
	riders = kmalloc(struct_size(riders, rider, count), GFP_KERNEL_ACCOUNT);
	if (!riders)
		return ERR_PTR(-ENOMEM);
	for (riders->count = 0; riders->count < count; riders->count++) {
		ret = ipcx_rider_get(&riders->rider[riders->count],
				     fds[riders->count]);
		if (ret) {
			ipcx_riders_put(riders);
			return ERR_PTR(ret);
		}
	}
	return riders;
}

/**
 * ipcx_riders_put - let the regions go; may sleep
 * @riders: the riders, or NULL
 */
void ipcx_riders_put(struct ipcx_riders *riders)
{
	u32 i;

	for (i = 0; riders && i < riders->count; i++)
		ipcx_object_put_user(riders->rider[i].obj);
	kfree(riders);
}

/**
 * ipcx_riders_land - descriptors for riders, which nobody can use yet
 * @landing: filled, for ipcx_landing_install() or ipcx_landing_undo()
 * @riders: the riders; they stay as they are
 * @count: for how many of them
 *
 * No user memory is touched.
 *
 * Return: 0, -EMFILE, -ENFILE or -ENOMEM.
 */
int ipcx_riders_land(struct ipcx_landing *landing,
		     const struct ipcx_riders *riders, u32 count)
{
	const struct ipcx_rider *rider;
	struct file *file;
	int fd;

	for (landing->count = 0; landing->count < count; landing->count++) {
		rider = &riders->rider[landing->count];
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			ipcx_landing_undo(landing);
			return fd;
		}
		refcount_inc(&rider->obj->users);
		file = ipcx_object_new_file(rider->obj, rider->rights);
		if (IS_ERR(file)) {
			put_unused_fd(fd);
			ipcx_landing_undo(landing);
			return PTR_ERR(file);
		}
		landing->fd[landing->count] = fd;
		landing->file[landing->count] = file;
	}
	return 0;
}

/**
 * ipcx_landing_install - give the descriptors to the caller
 * @landing: by ipcx_riders_land()
 */
void ipcx_landing_install(const struct ipcx_landing *landing)
{
	u32 i;

	for (i = 0; i < landing->count; i++)
		fd_install(landing->fd[i], landing->file[i]);
}

/**
 * ipcx_landing_undo - undo ipcx_riders_land()
 * @landing: filled there, in whole or in part
 */
void ipcx_landing_undo(const struct ipcx_landing *landing)
{
	u32 i;

	for (i = 0; i < landing->count; i++) {
		fput(landing->file[i]);
		put_unused_fd(landing->fd[i]);
	}
}

static long ipcx_take(const struct ipcx_riders *riders, s32 __user *ufds,
		      u32 room)
{
	struct ipcx_landing landing;
	int ret;

	if (room < riders->count)
		return -EMSGSIZE;
	ret = ipcx_riders_land(&landing, riders, riders->count);
	if (ret)
		return ret;
	if (copy_to_user(ufds, landing.fd, landing.count * sizeof(*ufds))) {
		ipcx_landing_undo(&landing);
		return -EFAULT;
	}
	ipcx_landing_install(&landing);
	return landing.count;
}

/**
 * ipcx_take_ioctl - IPCX_IOC_TAKE
 * @file: the descriptor
 * @uarg: struct ipcx_take
 *
 * That the caller reads the message rests on a word which it can write itself:
 * who maps the ring can take what rides along any message in it. What it cannot
 * do is take riders of one message for those of another, or take them twice.
 *
 * Return: descriptors taken or -errno.
 */
long ipcx_take_ioctl(struct file *file, void __user *uarg)
{
	struct ipcx_queue *q = file_to_queue(file);
	struct ipcx_riders *riders;
	struct ipcx_claim claim;
	struct ipcx_take args;
	long ret;

	ret = ipcx_get_args(&args, sizeof(args), sizeof(args), uarg);
	if (ret)
		return ret;
	if (args.flags || args.lane >= q->lanes)
		return -EINVAL;
	if (!(ipcx_handle(file)->rights & IPCX_RIGHT_RECV))
		return -EACCES;
	ret = ipcx_attachment_id(q);
	if (ret < 0)
		return ret;
	claim = (struct ipcx_claim) {
		.lane	= array_index_nospec(args.lane, q->lanes),
		.ticket	= args.ticket,
	};
	if (!ipcx_is_reading(q, &claim, ret))
		return -ESTALE;

	riders = ipcx_stamp_take_riders(q, &claim);
	if (!riders)
		return 0;
	ret = ipcx_take(riders, u64_to_user_ptr(args.fds), args.fd_count);
	if (ret < 0)
		ipcx_stamp_return_riders(q, &claim, riders);
	else
		ipcx_riders_put(riders);
	return ret;
}
