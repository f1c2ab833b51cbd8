# SPDX-License-Identifier: LGPL-2.1-or-later
"""Queues of the module. See <ipcx/queue.h>."""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Sequence

from . import _library
from ._library import LoanStruct, Msg, QueueOptions, lib
from .message import End, Loan, Message, make_message
from .objects import Create, Right, encode

_STAMPED = 0x2


class QueueFlag(enum.IntFlag):
    """What a queue is like; to be combined with Create."""
    MAPPABLE = 0x100
    DROP_OLDEST = 0x200
    HANGUP = 0x400
    BROADCAST = 0x800


class Queue(End):
    """A queue; made by create(), open() and from_fd()."""

    _close = lib.queue_close
    _fd = lib.queue_fd

    def __init__(self, handle: ctypes.c_void_p) -> None:
        super().__init__(handle)
        self._slot_size = lib.queue_slot_size(handle)

    @classmethod
    def create(cls, name: str | None, slots: int, slot_size: int, *,
               flags: QueueFlag | Create = QueueFlag(0), mode: int = 0, lanes: int = 0,
               rights: Right = Right(0)) -> Queue:
        """Make a queue, or open one of this geometry that has the name."""
        options = QueueOptions(ctypes.sizeof(QueueOptions), flags, mode, lanes, rights)
        return cls._make(lib.queue_create, encode(name), slots, slot_size, options, name=name)

    @classmethod
    def open(cls, name: str, rights: Right = Right(0)) -> Queue:
        """Open a named queue, by default with all rights that its mode gives."""
        return cls._make(lib.queue_open, encode(name), rights, name=name)

    @classmethod
    def from_fd(cls, fd: int) -> Queue:
        """For a descriptor that came from elsewhere, and is the queue's from now on."""
        return cls._make(lib.queue_from_fd, fd)

    @property
    def slots(self) -> int:
        return lib.queue_slots(self._open_handle())

    @property
    def slot_size(self) -> int:
        """Bytes of the largest message."""
        return self._slot_size

    @property
    def lanes(self) -> int:
        return lib.queue_lanes(self._open_handle())

    @property
    def is_mapped(self) -> bool:
        """False if every call goes through the kernel."""
        return lib.queue_is_mapped(self._open_handle())

    @property
    def missed(self) -> int:
        """Broadcast: messages that this handle was too slow for."""
        return lib.queue_missed(self._open_handle())

    def set_spin(self, looks: int) -> None:
        """Look so often again before sleeping."""
        lib.queue_set_spin(self._open_handle(), looks)

    def send(self, data, lane: int = 0, fds: Sequence[int] = (),
             timeout: float | None = None) -> None:
        """Send a message: any object with bytes, and descriptors of regions, which
        stay the caller's."""
        buffer, length = _library.payload(data)
        if fds:
            _library.wait(lib.queue_send_fds_timed, self._open_handle(), buffer, length, lane,
                          _library.int_array(fds), len(fds), timeout=timeout)
        else:
            _library.wait(lib.queue_send_timed, self._open_handle(), buffer, length, lane,
                          timeout=timeout)

    def recv_message(self, timeout: float | None = None, fds: int = 0) -> Message:
        """Receive a message and all that is known of it, with at most `fds`
        descriptors of regions."""
        if not fds:
            return self._receive(lib.queue_recv_timed, timeout)
        came = _library.int_array([-1] * fds)
        return self._receive(lib.queue_recv_fds_timed, timeout, came)

    def peek(self, timeout: float | None = None) -> Message:
        """Look at the message that comes next, which stays."""
        return self._receive(lib.queue_peek_timed, timeout)

    def _receive(self, function, timeout: float | None, came=None) -> Message:
        buffer = ctypes.create_string_buffer(self._slot_size)
        msg = Msg()
        room = () if came is None else (came, len(came))
        length = _library.wait(function, self._open_handle(), buffer, self._slot_size, msg, *room,
                               timeout=timeout)
        fds = () if came is None else tuple(came[:msg.fd_count])
        known = msg.flags & _STAMPED
        sender = (msg.pid or None, msg.uid, msg.gid) if known else (None, None, None)
        return make_message(ctypes.string_at(buffer, length), msg.lane, sender, msg.flags, fds,
                            msg.missed)

    def reserve(self, lane: int = 0, timeout: float | None = None) -> Loan:
        """A free slot to write a message into, for `with`; its commit() sends."""
        loan = LoanStruct()
        handle = self._open_handle()
        _library.wait(lib.queue_reserve_timed, handle, lane, loan, timeout=timeout)
        return Loan(loan, True,
                    lambda it, length: _library.call(lib.queue_commit, handle, it, length),
                    lambda it: _library.call(lib.queue_abort, handle, it))

    def acquire(self, timeout: float | None = None) -> Loan:
        """A message to be read where it lies, for `with`. Of a broadcast queue the
        end of `with` raises OSError (ESTALE) if it was overwritten meanwhile."""
        loan = LoanStruct()
        handle = self._open_handle()
        _library.wait(lib.queue_acquire_timed, handle, loan, timeout=timeout)
        return Loan(loan, False, None, lambda it: _library.call(lib.queue_release, handle, it))
