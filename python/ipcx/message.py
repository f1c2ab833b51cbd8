# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is received, and memory on loan."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import _library
from ._library import LoanStruct

_REDELIVERED = 0x1
_FDS_LOST = 0x8


@dataclass(frozen=True)
class Message:
    """A message and what is known of it.

    data         the payload
    priority     its priority (of a queue: its lane)
    redelivered  a receiver before had taken it and gave it back, or died
    pid          process that sent it, None if that is not known
    uid, gid     its user and group, likewise
    fds          descriptors that came with it, the caller's to close
    fds_lost     some of them did not fit and are lost
    missed       broadcast: messages missed before this one
    """
    data: bytes
    priority: int
    redelivered: bool
    pid: int | None
    uid: int | None
    gid: int | None
    fds: tuple[int, ...]
    fds_lost: bool
    missed: int


def make_message(data: bytes, priority: int, sender: tuple[int | None, int | None, int | None],
                 flags: int, fds: tuple[int, ...], missed: int) -> Message:
    return Message(data, priority, bool(flags & _REDELIVERED), *sender, fds,
                   bool(flags & _FDS_LOST), missed)


class Loan:
    """Memory of a channel or queue in the caller's hands, until the end of `with`.

    data      a memoryview of it; neither that nor a part of it may be used after
              the end, as the memory is another's then
    priority  of the message

    A message to be written is sent by commit(), and by nothing else: leaving
    `with` without it, by an exception too, sends nothing.
    """

    def __init__(self, loan: LoanStruct, writable: bool,
                 commit: Callable[[LoanStruct, int], None] | None,
                 give_back: Callable[[LoanStruct], None]) -> None:
        self._loan = loan
        self._commit = commit
        self._give_back = give_back
        # Of no bytes at all there can be no cast.
        view = memoryview(b"")
        if loan.len:
            view = memoryview((ctypes.c_char * loan.len).from_address(loan.data)).cast("B")
        self.data = view if writable else view.toreadonly()
        self.priority: int = loan.lane
        self.redelivered = bool(loan.flags & _REDELIVERED)

    def commit(self, length: int) -> None:
        """Send the first `length` bytes. Nothing can be done with the loan then."""
        if self._commit is None:
            raise TypeError("a message that was received cannot be sent")
        if self._loan.data is None:
            raise ValueError("the loan was given back")
        self._commit(self._loan, length)
        self.data.release()

    def __enter__(self) -> Loan:
        return self

    def __exit__(self, *_exception) -> None:
        if self._loan.data is not None:
            self.data.release()
            self._give_back(self._loan)


class Handle:
    """What Channel, Queue and Region have in common: a handle of the library."""

    _close: Callable[[ctypes.c_void_p], None]
    _fd: Callable[[ctypes.c_void_p], int]

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self._handle: ctypes.c_void_p | None = handle

    @classmethod
    def _make(cls, function, *arguments, name: str | None = None):
        """A new object, by a function whose last argument says where its handle goes."""
        handle = ctypes.c_void_p()
        _library.call(function, *arguments, ctypes.byref(handle), name=name)
        return cls(handle)

    def _open_handle(self) -> ctypes.c_void_p:
        if self._handle is None:
            raise ValueError(f"{type(self).__name__} is closed")
        return self._handle

    def fileno(self) -> int:
        """The descriptor, which stays the object's: for select, to pass on."""
        return _library.call(self._fd, self._open_handle())

    def close(self) -> None:
        """Close it; once more does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._close(handle)

    @property
    def closed(self) -> bool:
        return self._handle is None

    def __enter__(self):
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()


class End(Handle):
    """What messages come out of: each is another's once it was received."""

    def recv_message(self, timeout: float | None = None, fds: int = 0) -> Message:
        raise NotImplementedError

    def recv(self, timeout: float | None = None) -> bytes:
        """Receive a message's payload; descriptors that came with it are lost."""
        return self.recv_message(timeout).data

    def __iter__(self) -> Iterator[bytes]:
        """What comes, until nobody is left to send."""
        while True:
            try:
                data = self.recv()
            except BrokenPipeError:
                return
            yield data
