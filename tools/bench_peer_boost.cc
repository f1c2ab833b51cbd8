// SPDX-License-Identifier: GPL-2.0-only
/* Boost.Interprocess: a message queue in shared memory. */
#include <boost/interprocess/ipc/message_queue.hpp>
#include <cerrno>
#include <cstdlib>
#include <new>

#include <linux/ipcx.h>

#include "bench_link.h"

namespace ipc = boost::interprocess;

namespace {

struct boost_link {
	struct link base;
	ipc::message_queue queue;
	std::size_t size;

	boost_link(const char *place, const link_shape *shape)
		: base(), queue(ipc::open_or_create, place, shape->slots, shape->size),
		  size(shape->size)
	{
	}
};

boost_link *of(struct link *link)
{
	return reinterpret_cast<boost_link *>(link);
}

/* What this library throws, as the others' results. */
template <typename Call> int guarded(Call call)
{
	try {
		call();
		return 0;
	} catch (const ipc::interprocess_exception &e) {
		return e.get_native_error() ? -e.get_native_error() : -EIO;
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	}
}

int boost_commit(struct link *link, std::size_t len)
{
	return guarded([=] { of(link)->queue.send(link->buffer, len, 0); });
}

int boost_commit_try(struct link *link, std::size_t len)
{
	return guarded([=] {
		while (!of(link)->queue.try_send(link->buffer, len, 0))
			link_pause();
	});
}

int boost_acquire(struct link *link, void **data, std::size_t *len)
{
	unsigned int priority;

	*data = link->buffer;
	return guarded([&] {
		of(link)->queue.receive(link->buffer, of(link)->size, *len, priority);
	});
}

int boost_acquire_try(struct link *link, void **data, std::size_t *len)
{
	unsigned int priority;

	*data = link->buffer;
	return guarded([&] {
		while (!of(link)->queue.try_receive(link->buffer, of(link)->size, *len, priority))
			link_pause();
	});
}

void boost_close(struct link *link)
{
	std::free(link->buffer);
	delete of(link);
}

const link_ops blocking = {
	link_reserve_buffer, boost_commit, boost_acquire, link_release_buffer, boost_close,
};

const link_ops spinning = {
	link_reserve_buffer, boost_commit_try, boost_acquire_try, link_release_buffer, boost_close,
};

int boost_open(const char *place, uint32_t, const link_shape *shape, struct link **link)
{
	boost_link *made = nullptr;
	int ret = guarded([&] { made = new boost_link(place, shape); });

	if (ret)
		return ret;
	made->base.ops = shape->spin ? &spinning : &blocking;
	made->base.buffer = link_buffer(shape->size);
	if (!made->base.buffer) {
		delete made;
		return -ENOMEM;
	}
	*link = &made->base;
	return 0;
}

void boost_remove(const char *place)
{
	ipc::message_queue::remove(place);
}

} // namespace

extern "C" {
extern const peer peer_boost = {
	"boost", "Boost.Interprocess message_queue", true, false, boost_open, boost_remove,
};
}
