#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Queues and regions from Python, in a guest that has the module."""

import errno
import os
import select
import subprocess
import unittest

from common import LONG_ENOUGH, main, python

import ipcx
from ipcx import Channel, Create, Queue, QueueFlag, Region, RegionFlag, Right, Seal


def setUpModule():
    subprocess.run(["insmod", os.environ["IPCX_MODULE"]], check=True)


def tearDownModule():
    subprocess.run(["rmmod", "ipcx"], check=True)


class QueueTest(unittest.TestCase):
    def queue(self, name=None, slots=4, slot_size=64, **options):
        queue = Queue.create(name, slots, slot_size, **options)
        self.addCleanup(queue.close)
        return queue

    def test_messages_come_from_another_process(self):
        for flags in (QueueFlag.HANGUP, QueueFlag.HANGUP | QueueFlag.MAPPABLE):
            rights = Right.RECV | (Right.MAP if flags & QueueFlag.MAPPABLE else Right(0))
            with self.subTest(flags), self.queue("py", flags=flags, rights=rights) as queue:
                self.assertEqual(queue.is_mapped, bool(flags & QueueFlag.MAPPABLE))
                program = """
rights = ipcx.Right(int(sys.argv[1]))
with ipcx.Queue.open("py", rights) as queue:
    queue.send(b"one")
    queue.send(b"two", timeout=20)
"""
                sender = int(Right.SEND | (rights & Right.MAP))
                with python(program, str(sender)) as child:
                    self.assertEqual(list(queue), [b"one", b"two"])
                self.assertEqual(child.returncode, 0)

    def test_what_is_known_of_a_message(self):
        queue = self.queue(lanes=2)
        self.assertEqual((queue.slots, queue.slot_size, queue.lanes), (4, 64, 2))
        queue.send(b"data", 1)
        for message in (queue.peek(0), queue.recv_message(0)):
            self.assertEqual((message.data, message.priority, message.pid, message.uid),
                             (b"data", 1, os.getpid(), os.getuid()))
        with self.assertRaises(BlockingIOError):
            queue.peek(0)

    def test_loans(self):
        queue = self.queue(flags=QueueFlag.MAPPABLE)
        queue.set_spin(10)
        with queue.reserve() as loan:
            loan.data[:3] = b"abc"
            loan.commit(3)
        with queue.reserve():
            pass
        with queue.acquire(0) as loan:
            self.assertEqual(bytes(loan.data), b"abc")
        with self.assertRaises(BlockingIOError):
            queue.acquire(0)
        with self.assertRaises(OSError) as caught:
            self.queue().reserve()
        self.assertEqual(caught.exception.errno, errno.EOPNOTSUPP)

    def test_regions_ride_along(self):
        queue = self.queue()
        with Region.create(None, 4096) as region, region.map() as memory:
            memory[:5] = b"hello"
            queue.send(b"", fds=[region.fileno()])
        [fd] = queue.recv_message(0, fds=2).fds
        with Region.from_fd(fd) as region, region.map(writable=False) as memory:
            self.assertEqual(memory[:5], b"hello")

    def test_broadcast_tells_what_was_missed(self):
        flags = QueueFlag.BROADCAST | QueueFlag.MAPPABLE
        sender = self.queue("news", slots=2, flags=flags)
        receiver = Queue.open("news", Right.RECV | Right.MAP)
        self.addCleanup(receiver.close)
        for n in range(5):
            sender.send(b"%d" % n)
        message = receiver.recv_message(0)
        self.assertEqual(message.missed, receiver.missed)
        self.assertEqual(message.data, b"%d" % message.missed)
        self.assertGreaterEqual(message.missed, 3)

    def test_polling_and_descriptors(self):
        queue = self.queue()
        self.assertEqual(select.select([queue], [], [], 0), ([], [], []))
        queue.send(b"x")
        self.assertEqual(select.select([queue], [], [], LONG_ENOUGH)[0], [queue])
        with Queue.from_fd(os.dup(queue.fileno())) as same:
            self.assertEqual(same.recv(0), b"x")

    def test_names(self):
        queue = self.queue("kept", flags=Create.PERSIST)
        with self.assertRaises(FileExistsError) as caught:
            self.queue("kept", flags=Create.EXCL)
        self.assertEqual(caught.exception.filename, "kept")
        queue.close()
        with self.assertRaises(OSError) as caught:
            Region.open("kept")
        self.assertEqual(caught.exception.errno, errno.EPROTOTYPE)
        ipcx.unlink("kept", ipcx.KIND_QUEUE)
        with self.assertRaises(FileNotFoundError):
            Queue.open("kept")

    def test_as_a_channel(self):
        with Channel.receiver("queue:ch") as receiver, Channel.sender("queue:ch") as sender:
            sender.send(b"x")
            self.assertEqual(receiver.recv(LONG_ENOUGH), b"x")


class RegionTest(unittest.TestCase):
    def test_memory_is_shared(self):
        with Region.create("shared", 5000) as region, region.map() as memory:
            self.assertEqual((region.size, len(memory), memory[:4]), (8192, 8192, bytes(4)))
            program = """
with ipcx.Region.open("shared") as region, region.map(offset=4096) as memory:
    memory[:4] = b"hi!!"
"""
            with python(program) as child:
                pass
            self.assertEqual(child.returncode, 0)
            self.assertEqual(memory[4096:4100], b"hi!!")

    def test_size_and_seals(self):
        with Region.create(None, 4096, flags=RegionFlag.SPARSE) as region:
            with region.map(), self.assertRaises(OSError) as caught:
                region.resize(8192)
            self.assertEqual(caught.exception.errno, errno.EBUSY)
            region.resize(8192)
            self.assertEqual(region.size, 8192)
            region.seal(Seal.READONLY)
            with self.assertRaises(PermissionError):
                region.map()
            with region.map(writable=False, size=4096) as memory:
                self.assertEqual(len(memory), 4096)

    def test_over_a_file(self):
        with open("/tmp/ipcx-python", "w+b") as file:
            file.write(b"content".ljust(4096, b"."))
            file.flush()
            with Region.create_file(None, file.fileno()) as region, region.map() as memory:
                self.assertEqual(memory[:7], b"content")

    def test_the_mapping_outlives_the_region(self):
        region = Region.create(None, 4096)
        memory = region.map()
        region.close()
        memory[:1] = b"x"
        memory.close()
        with self.assertRaises(ValueError):
            region.map()


if __name__ == "__main__":
    main()
