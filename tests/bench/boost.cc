// SPDX-License-Identifier: GPL-2.0-only
#include <boost/interprocess/ipc/message_queue.hpp>
#include <string>
#include <unistd.h>

#include "boost.h"

namespace ipc = boost::interprocess;

struct boost_queue {
	std::string name;
	ipc::message_queue queue;
};

/* The name is gone at once: what is killed leaves nothing behind. */
boost_queue *boost_make(size_t messages, size_t bytes)
{
	std::string name = "bench-" + std::to_string(getpid());

	ipc::message_queue::remove(name.c_str());
	auto *queue = new boost_queue {
		name, { ipc::create_only, name.c_str(), messages, bytes }
	};
	ipc::message_queue::remove(name.c_str());
	return queue;
}

void boost_send(boost_queue *queue, const void *buf, size_t len)
{
	queue->queue.send(buf, len, 0);
}

size_t boost_recv(boost_queue *queue, void *buf, size_t cap)
{
	ipc::message_queue::size_type len;
	unsigned int priority;

	queue->queue.receive(buf, cap, len, priority);
	return len;
}

void boost_free(boost_queue *queue)
{
	delete queue;
}
