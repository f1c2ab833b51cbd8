# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels: one end of any mechanism, by URI. See <ipcx/channel.h>."""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Sequence

from . import _library
from ._library import ChannelMsg, LoanStruct, lib
from .message import End, Loan, Message, make_message
from .objects import Right, encode

_UNKNOWN = 2**32 - 1


class Capability(enum.IntFlag):
    """What a channel can do."""
    ZERO_COPY = 0x0001
    PRIORITIES = 0x0002
    MANY_SENDERS = 0x0004
    MANY_RECEIVERS = 0x0008
    CREDENTIALS = 0x0010
    FDS = 0x0020
    POLLABLE = 0x0040
    PEER_GONE = 0x0080
    SURVIVES = 0x0100
    REDELIVERS = 0x0200
    MACHINES = 0x0400
    BROADCAST = 0x0800
    FORKS = 0x1000
    NO_SYSCALL = 0x2000
    KEEPS = 0x4000


def remove(uri: str) -> None:
    """Take away what a channel's name leads to."""
    result = lib.channel_remove(encode(uri))
    if result < 0:
        raise _explained(result, uri)


def _explained(error: int, uri: str) -> OSError:
    return _library.fail(error, uri, lib.channel_explain(encode(uri), error).decode())


class Channel(End):
    """One end of a channel; `for` goes through what comes until nobody is left."""

    _close = lib.channel_close
    _fd = lib.channel_fd

    def __init__(self, uri: str, right: Right, timeout: float | None = None) -> None:
        handle = ctypes.c_void_p()
        try:
            _library.wait(lib.channel_open_timed, encode(uri), right, ctypes.byref(handle),
                          timeout=timeout)
        except OSError as error:
            raise _explained(-error.errno, uri) from None
        super().__init__(handle)
        self.uri = uri
        self._size = lib.channel_size(handle)

    @classmethod
    def sender(cls, uri: str, timeout: float | None = None) -> Channel:
        """Open the sending end."""
        return cls(uri, Right.SEND, timeout)

    @classmethod
    def receiver(cls, uri: str, timeout: float | None = None) -> Channel:
        """Open the receiving end."""
        return cls(uri, Right.RECV, timeout)

    @property
    def capabilities(self) -> Capability:
        return Capability(lib.channel_caps(self._open_handle()))

    @property
    def size(self) -> int:
        """Bytes of the largest message."""
        return self._size

    @property
    def priorities(self) -> int:
        return lib.channel_priorities(self._open_handle())

    def send(self, data, priority: int = 0, fds: Sequence[int] = (),
             timeout: float | None = None) -> None:
        """Send a message: any object with bytes, and descriptors, which stay the
        caller's."""
        buffer, length = _library.payload(data)
        if fds:
            _library.wait(lib.channel_send_fds_timed, self._open_handle(), buffer, length,
                          priority, _library.int_array(fds), len(fds), timeout=timeout)
        else:
            _library.wait(lib.channel_send_timed, self._open_handle(), buffer, length, priority,
                          timeout=timeout)

    def recv_message(self, timeout: float | None = None, fds: int = 0) -> Message:
        """Receive a message and all that is known of it, with at most `fds`
        descriptors."""
        buffer = ctypes.create_string_buffer(self._size or 1)
        msg = ChannelMsg()
        came = _library.int_array([-1] * fds)
        function = lib.channel_recv_fds_timed if fds else lib.channel_recv_timed
        room = (came, fds) if fds else ()
        length = _library.wait(function, self._open_handle(), buffer, self._size, msg, *room,
                               timeout=timeout)
        sender = (msg.pid or None, *(None if n == _UNKNOWN else n for n in (msg.uid, msg.gid)))
        return make_message(ctypes.string_at(buffer, length), msg.priority, sender, msg.flags,
                            tuple(came[:min(msg.fds, fds)]), msg.missed)

    def reserve(self, priority: int = 0, timeout: float | None = None) -> Loan:
        """Memory to write a message into, for `with`; its commit() sends, which where
        that can wait takes `timeout` once more."""
        loan = LoanStruct()
        handle = self._open_handle()
        _library.wait(lib.channel_reserve_timed, handle, priority, loan, timeout=timeout)
        return Loan(loan, True,
                    lambda it, length: _library.wait(lib.channel_commit_timed, handle, it, length,
                                                     timeout=timeout),
                    lambda it: _library.call(lib.channel_abort, handle, it))

    def acquire(self, timeout: float | None = None) -> Loan:
        """A message to be read where it lies, for `with`."""
        loan = LoanStruct()
        handle = self._open_handle()
        _library.wait(lib.channel_acquire_timed, handle, loan, timeout=timeout)
        return Loan(loan, False, None, lambda it: _library.call(lib.channel_release, handle, it))
