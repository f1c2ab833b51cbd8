// SPDX-License-Identifier: GPL-2.0-only
/* The descriptors of an actor. */
#include "actor.h"

#include <sys/ioctl.h>
#include <unistd.h>

struct handle handles[HANDLES];
int device;
int first_handle;

/* In a free place or, if there is none, in that of another. */
int handle_store(int fd, enum what what, uint8_t where)
{
	struct handle *h = &choose(handles, where);

	if (fd < 0)
		return fd;
	for (int n = 0; n < HANDLES; n++)
		if (!handles[n].what)
			h = &handles[n];
	if (h->what)
		close(h->fd);
	*h = (struct handle) { .fd = fd, .what = what };
	return fd;
}

/* What calls use that come before anything was made; some by name, so that actors share them. */
static struct handle *make_default(uint8_t which, enum what what)
{
	static const uint32_t flags[] = {
		IPCX_QUEUE_MAPPABLE,
		IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_BROADCAST,
		IPCX_QUEUE_MAPPABLE | IPCX_QUEUE_DROP_OLDEST,
		IPCX_QUEUE_HANGUP,
	};
	static struct handle made;
	char name[2] = { what == QUEUE ? 'q' : 'r', '0' + which % 4 };
	struct ipcx_queue_create queue = {
		.size = sizeof(queue), .flags = choose(flags, which), .mode = 0666,
		.name = (uintptr_t)name, .name_len = which & 4 ? 2 : 0,
		.slots = 4, .slot_size = 64, .lanes = which % 4 == 1 ? 1 : 2,
	};
	struct ipcx_region_create region = {
		.size = sizeof(region), .mode = 0666, .bytes = (1 + which % 4) * PAGE,
		.name = (uintptr_t)name, .name_len = which & 4 ? 2 : 0,
	};

	made.what = what;
	made.fd = what == QUEUE ? ioctl(device, IPCX_IOC_QUEUE_CREATE, &queue) :
				  ioctl(device, IPCX_IOC_REGION_CREATE, &region);
	handle_store(made.fd, what, which);
	return &made;
}

/* One of this kind, or for half of all numbers any: closed ones as well. */
struct handle *handle_pick(uint8_t which, enum what what)
{
	static struct handle control;
	struct handle *found[HANDLES];
	int count = 0;

	if (which >= 0xe0)
		return &choose(handles, which);
	if (what == DEVICE) {
		control = (struct handle) { .fd = device, .what = DEVICE };
		return &control;
	}
	for (int n = 0; n < HANDLES; n++)
		if (handles[n].what && (!what || handles[n].what == what))
			found[count++] = &handles[n];
	if (count)
		return found[which % count];
	return what == QUEUE || what == REGION ? make_default(which, what) :
						 &choose(handles, which);
}

/* All that is not the fuzzer's: more than was told may have come with messages. */
void handles_close(void)
{
	if (close_range(first_handle, device - 1, 0) || close_range(device + 1, ~0U, 0))
		die("close_range");
	for (int n = 0; n < HANDLES; n++)
		handles[n] = (struct handle) { .fd = -1 };
}
