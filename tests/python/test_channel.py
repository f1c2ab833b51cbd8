#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Channels from Python, on what needs no module."""

import errno
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from common import LONG_ENOUGH, main, python

import ipcx
from ipcx import Capability, Channel

SEND_ALL = """
with ipcx.Channel.sender(sys.argv[1]) as channel:
    for word in sys.argv[2:]:
        channel.send(word.encode())
"""


class ChannelTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        name = f"ipcx-test-python.{os.getpid()}"
        self.uris = [f"unix:{self.directory.name}/u", f"unix:{self.directory.name}/p?type=seqpacket",
                     f"fifo:{self.directory.name}/f", f"mq:/{name}", f"shm:/{name}",
                     f"map:{self.directory.name}/m?keep=0"]
        self.shm = f"shm:/{name}"

    def both(self, uri):
        receiver = Channel.receiver(uri, LONG_ENOUGH)
        self.addCleanup(receiver.close)
        sender = Channel.sender(uri, LONG_ENOUGH)
        self.addCleanup(sender.close)
        return sender, receiver

    def test_messages_come_from_another_process(self):
        for uri in self.uris:
            with self.subTest(uri), Channel.receiver(uri) as channel:
                words = [b"one", b"", b"three"]
                with python(SEND_ALL, uri, "one", "", "three") as child:
                    self.assertEqual([channel.recv(LONG_ENOUGH) for _ in words], words)
                self.assertEqual(child.returncode, 0)
            if uri.startswith(("mq:", "fifo:")):
                ipcx.remove(uri)

    def test_the_loop_ends_with_the_last_sender(self):
        with Channel.receiver(self.shm) as channel, python(SEND_ALL, self.shm, "a", "b"):
            self.assertEqual(list(channel), [b"a", b"b"])

    def test_times_and_tries(self):
        sender, receiver = self.both(self.shm + "?slots=1&size=8")
        with self.assertRaises(BlockingIOError):
            receiver.recv(0)
        before = time.monotonic()
        with self.assertRaises(TimeoutError):
            receiver.recv(0.05)
        self.assertGreaterEqual(time.monotonic() - before, 0.05)
        sender.send(b"x", timeout=0)
        with self.assertRaises(BlockingIOError):
            sender.send(b"y", timeout=0)
        with self.assertRaises(ValueError):
            sender.send(b"y", timeout=-1)
        self.assertEqual(receiver.recv(), b"x")

    def test_any_object_with_bytes_is_sent(self):
        sender, receiver = self.both(self.shm)
        for data in (b"bytes", bytearray(b"bytes"), memoryview(b"xbytes")[1:]):
            sender.send(data)
            self.assertEqual(receiver.recv(LONG_ENOUGH), b"bytes")
        with self.assertRaises(TypeError):
            sender.send("text")
        with self.assertRaises(OSError) as caught:
            sender.send(bytes(sender.size + 1))
        self.assertEqual(caught.exception.errno, errno.EMSGSIZE)

    def test_priorities(self):
        sender, receiver = self.both(self.shm + "?lanes=3")
        self.assertEqual(sender.priorities, 3)
        for priority in (0, 2, 1):
            sender.send(b"%d" % priority, priority)
        self.assertEqual([receiver.recv_message(0).priority for _ in range(3)], [2, 1, 0])

    def test_credentials_and_descriptors(self):
        sender, receiver = self.both(self.uris[0])
        self.assertIn(Capability.CREDENTIALS | Capability.FDS, receiver.capabilities)
        with open(f"{self.directory.name}/file", "w+") as file:
            sender.send(b"take", fds=[file.fileno()])
            message = receiver.recv_message(LONG_ENOUGH, fds=4)
            self.assertEqual((message.data, message.pid, message.uid, message.gid),
                             (b"take", os.getpid(), os.getuid(), os.getgid()))
            [fd] = message.fds
            self.assertTrue(os.path.sameopenfile(fd, file.fileno()))
            self.assertFalse(os.get_inheritable(fd))
            os.close(fd)
            sender.send(b"lose", fds=[file.fileno()])
            message = receiver.recv_message(LONG_ENOUGH)
            self.assertEqual((message.fds, message.fds_lost), ((), True))

    def test_loans(self):
        sender, receiver = self.both(self.shm)
        with sender.reserve() as loan:
            loan.data[:5] = b"hello"
            loan.commit(5)
            with self.assertRaises(ValueError):
                loan.commit(5)
        with self.assertRaises(ZeroDivisionError), sender.reserve() as loan:
            1 // 0
        with self.assertRaises(OSError), sender.reserve() as loan:
            loan.commit(len(loan.data) + 1)
        with receiver.acquire(LONG_ENOUGH) as loan:
            self.assertEqual(bytes(loan.data), b"hello")
            with self.assertRaises(TypeError):
                loan.data[0] = 0
            with self.assertRaises(TypeError):
                loan.commit(5)
        with self.assertRaises(ValueError):
            bytes(loan.data)
        sender.send(b"")
        with receiver.acquire(0) as loan:
            self.assertEqual(len(loan.data), 0)
        with self.assertRaises(BlockingIOError):
            receiver.recv(0)

    def test_polling(self):
        sender, receiver = self.both(self.uris[0])
        # That a sender came makes it readable, too.
        with self.assertRaises(BlockingIOError):
            receiver.recv(0)
        self.assertEqual(select.select([receiver], [], [], 0), ([], [], []))
        sender.send(b"x")
        self.assertEqual(select.select([receiver], [], [], LONG_ENOUGH)[0], [receiver])

    def test_handlers_of_signals_run(self):
        sender, receiver = self.both(self.shm)
        calls = []

        def on_signal(_number, _frame):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt

        before = signal.signal(signal.SIGUSR1, on_signal)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        child = python("""
os.kill(os.getppid(), 10)
with ipcx.Channel.sender(sys.argv[1]) as channel:
    channel.send(b"after the first")
sys.stdin.read()
os.kill(os.getppid(), 10)
""", self.shm, stdin=subprocess.PIPE)
        with child:
            self.assertEqual(receiver.recv(LONG_ENOUGH), b"after the first")
            self.assertEqual(len(calls), 1)
            child.stdin.close()
            with self.assertRaises(KeyboardInterrupt):
                receiver.recv(LONG_ENOUGH)
        self.assertEqual(len(calls), 2)
        sender.send(b"still works")
        self.assertEqual(receiver.recv(0), b"still works")

    def test_threads_are_not_held_up(self):
        sender, receiver = self.both(self.shm)
        came = []
        thread = threading.Thread(target=lambda: came.append(receiver.recv(LONG_ENOUGH)))
        thread.start()
        sender.send(b"x")
        thread.join()
        self.assertEqual(came, [b"x"])

    def test_errors_say_what_is_wrong(self):
        with self.assertRaises(OSError) as caught:
            Channel.sender("carrier-pigeon:7")
        self.assertEqual(caught.exception.errno, errno.EPROTONOSUPPORT)
        self.assertEqual(caught.exception.filename, "carrier-pigeon:7")
        with self.assertRaises(FileNotFoundError):
            ipcx.remove(self.uris[3])
        with self.assertRaises(OSError) as caught:
            ipcx.remove("tcp://127.0.0.1:1")
        self.assertEqual(caught.exception.errno, errno.EOPNOTSUPP)

    def test_closing(self):
        channel = Channel.receiver(self.shm)
        self.assertFalse(channel.closed)
        channel.close()
        channel.close()
        self.assertTrue(channel.closed)
        for use in (channel.recv, channel.fileno, lambda: channel.capabilities):
            with self.assertRaises(ValueError):
                use()


if __name__ == "__main__":
    main()
