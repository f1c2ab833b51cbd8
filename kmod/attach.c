// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapped rings. An attachment is what an address space becomes when it maps the
 * ring: it ends with the last mapping, by munmap, exec or death, whoever else
 * keeps the descriptor open. From then on nobody can claim in its name, and a
 * work item ends the claims it left.
 *
 * Pages are mapped by frame number: they cannot be pinned, so that nothing (no
 * O_DIRECT read, no io_uring buffer) writes to them after the last unmap. They
 * are not inherited by fork (VM_DONTCOPY, which MADV_DOFORK cannot take away
 * from VM_IO), not expanded and not split: a claim made in any part of the
 * mapping ends with all of it.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "attach.h"
#include "compat.h"
#include "limits.h"
#include "ring.h"
#include "trace.h"

static struct workqueue_struct *ipcx_repairs;

static void ipcx_attachment_free(struct ipcx_attachment *a)
{
	struct ipcx_queue *q = a->q;

	ipcx_user_uncharge(a->charged, IPCX_LIMIT_ATTACHMENTS, 1);
	put_task_struct(a->leader);
	put_pid(a->pid);
	kfree(a);
	ipcx_object_put(&q->obj);
}

/* Notes who is dead now. Who dies later queues the work again. */
static void ipcx_note_dead(struct ipcx_queue *q)
{
	struct ipcx_attachment *a;
	unsigned long id;

	bitmap_zero(q->dead, IPCX_OWNER_LAST + 1);
	mutex_lock(&q->attach_lock);
	xa_for_each(&q->attachments, id, a)
		if (!a->mm)
			__set_bit(id, q->dead);
	mutex_unlock(&q->attach_lock);
}

/* No word holds these ids any more: that is told, and they are given out again. */
static void ipcx_free_dead(struct ipcx_queue *q)
{
	struct ipcx_attachment *a;
	unsigned long id;

	for_each_set_bit(id, q->dead, IPCX_OWNER_LAST + 1) {
		a = xa_load(&q->attachments, id);
		/* Before another can have the id. */
		ipcx_event_detached(a);
		mutex_lock(&q->attach_lock);
		xa_erase(&q->attachments, id);
		mutex_unlock(&q->attach_lock);
		ipcx_attachment_free(a);
	}
}

/**
 * ipcx_repair - end the claims of dead attachments, all in one look
 * @work: of the queue
 *
 * It can be queued once more for a dead attachment that this look has noted
 * already: hence it holds the queue itself, not through them.
 */
void ipcx_repair(struct work_struct *work)
{
	struct ipcx_queue *q = container_of(work, struct ipcx_queue, repair);

	ipcx_note_dead(q);
	ipcx_ring_repair(q, q->dead);
	/*
	 * After the ring: ipcx_drained() looks at this first. Then everybody is
	 * woken, even if no claim was found: the dead may have published and
	 * died before it looked who waits.
	 */
	atomic_sub_return(bitmap_weight(q->dead, IPCX_OWNER_LAST + 1),
			  &q->repairing);
	ipcx_wake_all(q);
	ipcx_free_dead(q);
	ipcx_object_put(&q->obj);
}

static struct ipcx_attachment *ipcx_attachment_find(struct ipcx_queue *q,
						    struct mm_struct *mm)
{
	struct ipcx_attachment *a;
	unsigned long id;

	lockdep_assert_held(&q->attach_lock);
	xa_for_each(&q->attachments, id, a)
		if (a->mm == mm)
			return a;
	return NULL;
}

static struct ipcx_attachment *ipcx_attachment_new(struct ipcx_queue *q,
						   struct mm_struct *mm)
{
	struct ipcx_attachment *a;
	int ret;

	lockdep_assert_held(&q->attach_lock);
	a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	if (!a)
		return ERR_PTR(-ENOMEM);
	a->charged = ipcx_user_charge(IPCX_LIMIT_ATTACHMENTS, 1);
	if (IS_ERR(a->charged)) {
		ret = PTR_ERR(a->charged);
		goto err_free;
	}
	/* In turn, so that a sender's id is not soon somebody else's. */
	ret = xa_alloc_cyclic(&q->attachments, &a->id, a,
			      XA_LIMIT(IPCX_OWNER_FIRST, q->drops ?
				       IPCX_DROPS_COUNT - 1 : IPCX_OWNER_LAST),
			      &q->next_attachment, GFP_KERNEL_ACCOUNT);
	if (ret < 0) {
		ret = ret == -EBUSY ? -EUSERS : ret;
		goto err_uncharge;
	}
	a->q = q;
	a->mm = mm;
	a->leader = get_task_struct(current->group_leader);
	a->pid = get_pid(task_tgid(current));
	get_task_comm(a->comm, a->leader);
	if (q->drops)
		WRITE_ONCE(q->drops[a->id], 0);
	refcount_inc(&q->obj.ref);
	atomic_inc(&q->attached);
	trace_ipcx_attach(q->obj.id, a->id, pid_nr(a->pid));
	ipcx_event_attached(a);
	return a;

err_uncharge:
	ipcx_user_uncharge(a->charged, IPCX_LIMIT_ATTACHMENTS, 1);
err_free:
	kfree(a);
	return ERR_PTR(ret);
}

static void ipcx_ring_vma_open(struct vm_area_struct *vma)
{
	struct ipcx_attachment *a = vma->vm_private_data;

	/* mremap() moves a mapping by copying it and closing the old one. */
	mutex_lock(&a->q->attach_lock);
	a->mappings++;
	mutex_unlock(&a->q->attach_lock);
}

static void ipcx_ring_vma_close(struct vm_area_struct *vma)
{
	struct ipcx_attachment *a = vma->vm_private_data;
	struct ipcx_queue *q = a->q;

	mutex_lock(&q->attach_lock);
	if (!--a->mappings) {
		/* From here no lookup finds it: mapping again is a new one. */
		a->mm = NULL;
		ipcx_note_why(a, vma->vm_mm);
		atomic_inc(&q->repairing);
		atomic_dec(&q->attached);
		trace_ipcx_detach(q->obj.id, a->id, pid_nr(a->pid));
		/* The work holds the queue by itself: see ipcx_repair(). */
		refcount_inc(&q->obj.ref);
		if (!queue_work(ipcx_repairs, &q->repair))
			ipcx_object_put(&q->obj);
	}
	mutex_unlock(&q->attach_lock);
}

static int ipcx_vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static vm_fault_t ipcx_fault(struct vm_area_struct *vma, unsigned long address,
			     size_t offset)
{
	struct ipcx_queue *q = file_to_queue(vma->vm_file);
	void *page = (void *)q->kpage + offset;

	if (offset >= q->area_bytes)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vma, address, vmalloc_to_pfn(page));
}

static vm_fault_t ipcx_kpage_fault(struct vm_fault *vmf)
{
	return ipcx_fault(vmf->vma, vmf->address, 0);
}

static vm_fault_t ipcx_ring_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;

	return ipcx_fault(vma, vmf->address,
			  PAGE_SIZE + (vmf->address - vma->vm_start));
}

static const struct vm_operations_struct ipcx_kpage_vm_ops = {
	.may_split	= ipcx_vma_may_split,
	.fault		= ipcx_kpage_fault,
};

static const struct vm_operations_struct ipcx_ring_vm_ops = {
	.open		= ipcx_ring_vma_open,
	.close		= ipcx_ring_vma_close,
	.may_split	= ipcx_vma_may_split,
	.fault		= ipcx_ring_fault,
};

static int ipcx_mmap_kpage(struct ipcx_queue *q, struct vm_area_struct *vma)
{
	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_mod(vma, 0, VM_MAYWRITE);
	vma->vm_ops = &ipcx_kpage_vm_ops;
	return 0;
}

static int ipcx_mmap_ring(struct ipcx_queue *q, u32 rights,
			  struct vm_area_struct *vma)
{
	struct ipcx_attachment *a;

	if (vma->vm_end - vma->vm_start != q->area_bytes - PAGE_SIZE)
		return -EINVAL;
	/* Only who publishes needs to write: receivers cannot hold a claim. */
	if ((q->flags & IPCX_QUEUE_BROADCAST) && !(rights & IPCX_RIGHT_SEND)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_mod(vma, 0, VM_MAYWRITE);
	}

	mutex_lock(&q->attach_lock);
	a = ipcx_attachment_find(q, vma->vm_mm);
	if (!a)
		a = ipcx_attachment_new(q, vma->vm_mm);
	if (!IS_ERR(a)) {
		a->mappings++;
		a->rights |= rights;
	}
	mutex_unlock(&q->attach_lock);
	if (IS_ERR(a))
		return PTR_ERR(a);

	vma->vm_private_data = a;
	vma->vm_ops = &ipcx_ring_vm_ops;
	return 0;
}

/**
 * ipcx_queue_mmap - map the kernel page or the ring
 * @file: the descriptor
 * @vma: the mapping, its mm locked
 *
 * Return: 0, -EACCES, -EPERM (executable), -EIDRM, -EINVAL, -EUSERS, -EDQUOT
 * or -ENOMEM.
 */
int ipcx_queue_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ipcx_queue *q = file_to_queue(file);
	u32 rights = ipcx_handle(file)->rights;
	int ret;

	if (!(rights & IPCX_RIGHT_MAP))
		return -EACCES;
	if (READ_ONCE(q->obj.down))
		return -EIDRM;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case IPCX_MMAP_KPAGE:
		ret = ipcx_mmap_kpage(q, vma);
		break;
	case IPCX_MMAP_RING:
		ret = ipcx_mmap_ring(q, rights, vma);
		break;
	default:
		ret = -EINVAL;
	}
	if (ret)
		return ret;
	vm_flags_mod(vma, VM_PFNMAP | VM_IO | VM_DONTCOPY | VM_DONTEXPAND |
		     VM_DONTDUMP, VM_MAYEXEC);
	return 0;
}

/**
 * ipcx_attachment_id - the owner the caller claims as
 * @q: the queue
 *
 * Return: the id of the caller's attachment or -ENOTCONN.
 */
int ipcx_attachment_id(struct ipcx_queue *q)
{
	struct ipcx_attachment *a;
	int ret = -ENOTCONN;

	mutex_lock(&q->attach_lock);
	a = ipcx_attachment_find(q, current->mm);
	if (a)
		ret = a->id;
	mutex_unlock(&q->attach_lock);
	return ret;
}

/**
 * ipcx_attachment_ioctl - IPCX_IOC_ATTACHMENT
 * @file: the descriptor
 * @arg: 0
 *
 * Return: the id of the caller's attachment, -EINVAL or -ENOTCONN.
 */
long ipcx_attachment_ioctl(struct file *file, unsigned long arg)
{
	return arg ? -EINVAL : ipcx_attachment_id(file_to_queue(file));
}

/**
 * ipcx_attach_init - set up the repair of attachments
 *
 * Return: 0 or -ENOMEM.
 */
int ipcx_attach_init(void)
{
	ipcx_repairs = alloc_workqueue("ipcx_repair", WQ_UNBOUND, 0);
	return ipcx_repairs ? 0 : -ENOMEM;
}

/**
 * ipcx_attach_exit - wait for the last repairs
 */
void ipcx_attach_exit(void)
{
	destroy_workqueue(ipcx_repairs);
}
