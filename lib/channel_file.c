// SPDX-License-Identifier: LGPL-2.1-or-later
/* shm: and map: channels, queues in POSIX shared memory or in a file. */
#include "channel_queue.h"
#include "file_queue.h"
#include "shm.h"
#include "sys.h"

#define FILE_OPTIONS	(OPTION(SLOTS) | OPTION(SIZE) | OPTION(LANES) | \
			 OPTION(SPIN) | OPTION(DROP) | OPTION(KEEP) | \
			 OPTION(MODE))

static int file_open_at(const char *path, const struct channel_uri *uri,
			bool keep, uint32_t right, uint64_t deadline,
			const struct channel_ops *ops,
			struct ipcx_channel **channel)
{
	struct file_queue_options options = {
		.slots = uri->value[OPTION_SLOTS],
		.slot_size = uri->value[OPTION_SIZE],
		.lanes = uri->value[OPTION_LANES],
		.mode = uri->value[OPTION_MODE],
		.flags = (uri->value[OPTION_DROP] ? IPCX_QUEUE_DROP_OLDEST : 0) |
			 (keep ? FILE_QUEUE_KEEP : 0),
		.rights = right,
		/* A moment that is over is for a try. */
		.deadline_ns = deadline == IPCX_NO_WAIT ? 1 : deadline,
	};
	struct ipcx_queue *queue;
	int ret = file_queue_open(path, &options, &queue);

	if (ret == -ETIMEDOUT && deadline == IPCX_NO_WAIT)
		return -EAGAIN;
	if (ret < 0)
		return ret;
	return queue_channel(ops, right, IPCX_CHANNEL_PEER_GONE |
			     (keep ? IPCX_CHANNEL_KEEPS : 0), -1,
			     uri->value[OPTION_SPIN], queue, channel);
}

static int shm_open_end(const struct channel_uri *uri, uint32_t right,
			uint64_t deadline, struct ipcx_channel **channel)
{
	struct shm_path path;
	int ret = shm_path(uri->name, &path);

	return ret < 0 ? ret : file_open_at(path.text, uri,
					    uri->value[OPTION_KEEP], right,
					    deadline, &channel_shm, channel);
}

static int shm_remove(const struct channel_uri *uri)
{
	struct shm_path path;
	int ret = shm_path(uri->name, &path);

	return ret < 0 ? ret : file_queue_unlink(path.text);
}

/* Whose file it is may be more than ours to take away. */
static int map_open_end(const struct channel_uri *uri, uint32_t right,
			uint64_t deadline, struct ipcx_channel **channel)
{
	if (!*uri->name)
		return -EINVAL;
	return file_open_at(uri->name, uri, uri_option(uri, OPTION_KEEP, 1),
			    right, deadline, &channel_map, channel);
}

static int map_remove(const struct channel_uri *uri)
{
	return *uri->name ? file_queue_unlink(uri->name) : -EINVAL;
}

#define QUEUE_IN_FILE			\
	.options = FILE_OPTIONS,	\
	.close = queue_close,		\
	.send = queue_send,		\
	.recv = queue_recv,		\
	.reserve = queue_reserve,	\
	.commit = queue_commit,		\
	.abort = queue_abort,		\
	.acquire = queue_acquire,	\
	.release = queue_release

const struct channel_ops channel_shm = {
	.scheme = "shm",
	.open = shm_open_end,
	.remove = shm_remove,
	QUEUE_IN_FILE
};

const struct channel_ops channel_map = {
	.scheme = "map",
	.open = map_open_end,
	.remove = map_remove,
	QUEUE_IN_FILE
};
