# SPDX-License-Identifier: LGPL-2.1-or-later
"""The functions and structures of libipcx, as <ipcx/*.h> declare them."""

from __future__ import annotations

import ctypes
import errno
import os
import time
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ssize_t, c_uint32, c_uint64, c_void_p

SONAME = "libipcx.so.1"

FDS_MAX = 16
NO_WAIT = 0
FOREVER = 2**64 - 1

# How long a signal can go unnoticed that came just before the library slept.
SLICE_NS = 250_000_000


class ChannelMsg(ctypes.Structure):
    """struct ipcx_channel_msg"""
    _fields_ = [
        ("priority", c_uint32), ("flags", c_uint32), ("pid", ctypes.c_int32),
        ("uid", c_uint32), ("gid", c_uint32), ("fds", c_uint32), ("missed", c_uint64),
    ]


class Msg(ctypes.Structure):
    """struct ipcx_msg"""
    _fields_ = [
        ("buf", c_uint64), ("len", c_uint32), ("lane", c_uint32), ("flags", c_uint32),
        ("sender", c_uint32), ("pid", c_uint32), ("uid", c_uint32), ("gid", c_uint32),
        ("pad", c_uint32), ("ticket", c_uint64), ("fds", c_uint64), ("fd_count", c_uint32),
        ("fd_pad", c_uint32), ("missed", c_uint64),
    ]


class LoanStruct(ctypes.Structure):
    """struct ipcx_loan"""
    _fields_ = [
        ("data", c_void_p), ("len", c_uint32), ("lane", c_uint32), ("flags", c_uint32),
        ("sender", c_uint32), ("ticket", c_uint64),
    ]


class QueueOptions(ctypes.Structure):
    """struct ipcx_queue_options"""
    _fields_ = [
        ("size", c_uint32), ("flags", c_uint32), ("mode", c_uint32), ("lanes", c_uint32),
        ("rights", c_uint32),
    ]


class RegionOptions(ctypes.Structure):
    """struct ipcx_region_options"""
    _fields_ = [("size", c_uint32), ("flags", c_uint32), ("mode", c_uint32), ("rights", c_uint32)]


# Result and arguments of each function. Of those that can block only the timed
# form is used, which the two constants above make one of the others.
_HANDLE = [c_void_p]
_OUT = POINTER(c_void_p)
_SEND = [c_void_p, c_void_p, c_size_t, c_uint32]
_SEND_FDS = [*_SEND, POINTER(c_int), c_uint32, c_uint64]
_RECV = [c_void_p, c_void_p, c_size_t]
_LOAN = [c_void_p, POINTER(LoanStruct)]

FUNCTIONS = {
    "ipcx_version": (c_char_p, []),
    "ipcx_unlink": (c_int, [c_char_p, c_uint32]),

    "ipcx_channel_open_timed": (c_int, [c_char_p, c_uint32, _OUT, c_uint64]),
    "ipcx_channel_explain": (c_char_p, [c_char_p, c_int]),
    "ipcx_channel_close": (None, _HANDLE),
    "ipcx_channel_remove": (c_int, [c_char_p]),
    "ipcx_channel_caps": (c_uint32, _HANDLE),
    "ipcx_channel_size": (c_size_t, _HANDLE),
    "ipcx_channel_priorities": (c_uint32, _HANDLE),
    "ipcx_channel_fd": (c_int, _HANDLE),
    "ipcx_channel_send_timed": (c_int, [*_SEND, c_uint64]),
    "ipcx_channel_send_fds_timed": (c_int, _SEND_FDS),
    "ipcx_channel_recv_timed": (c_ssize_t, [*_RECV, POINTER(ChannelMsg), c_uint64]),
    "ipcx_channel_recv_fds_timed":
        (c_ssize_t, [*_RECV, POINTER(ChannelMsg), POINTER(c_int), c_uint32, c_uint64]),
    "ipcx_channel_reserve_timed": (c_int, [c_void_p, c_uint32, POINTER(LoanStruct), c_uint64]),
    "ipcx_channel_commit_timed": (c_int, [*_LOAN, c_size_t, c_uint64]),
    "ipcx_channel_abort": (c_int, _LOAN),
    "ipcx_channel_acquire_timed": (c_int, [*_LOAN, c_uint64]),
    "ipcx_channel_release": (c_int, _LOAN),

    "ipcx_queue_create":
        (c_int, [c_char_p, c_uint32, c_uint32, POINTER(QueueOptions), _OUT]),
    "ipcx_queue_open": (c_int, [c_char_p, c_uint32, _OUT]),
    "ipcx_queue_from_fd": (c_int, [c_int, _OUT]),
    "ipcx_queue_close": (None, _HANDLE),
    "ipcx_queue_fd": (c_int, _HANDLE),
    "ipcx_queue_slots": (c_uint32, _HANDLE),
    "ipcx_queue_slot_size": (c_uint32, _HANDLE),
    "ipcx_queue_lanes": (c_uint32, _HANDLE),
    "ipcx_queue_is_mapped": (ctypes.c_bool, _HANDLE),
    "ipcx_queue_missed": (c_uint64, _HANDLE),
    "ipcx_queue_set_spin": (None, [c_void_p, c_uint32]),
    "ipcx_queue_send_timed": (c_int, [*_SEND, c_uint64]),
    "ipcx_queue_send_fds_timed": (c_int, _SEND_FDS),
    "ipcx_queue_recv_timed": (c_ssize_t, [*_RECV, POINTER(Msg), c_uint64]),
    "ipcx_queue_recv_fds_timed":
        (c_ssize_t, [*_RECV, POINTER(Msg), POINTER(c_int), c_uint32, c_uint64]),
    "ipcx_queue_peek_timed": (c_ssize_t, [*_RECV, POINTER(Msg), c_uint64]),
    "ipcx_queue_reserve_timed": (c_int, [c_void_p, c_uint32, POINTER(LoanStruct), c_uint64]),
    "ipcx_queue_commit": (c_int, [*_LOAN, c_size_t]),
    "ipcx_queue_abort": (c_int, _LOAN),
    "ipcx_queue_acquire_timed": (c_int, [*_LOAN, c_uint64]),
    "ipcx_queue_release": (c_int, _LOAN),

    "ipcx_region_create": (c_int, [c_char_p, c_size_t, POINTER(RegionOptions), _OUT]),
    "ipcx_region_create_file":
        (c_int, [c_char_p, c_int, c_size_t, POINTER(RegionOptions), _OUT]),
    "ipcx_region_open": (c_int, [c_char_p, c_uint32, _OUT]),
    "ipcx_region_from_fd": (c_int, [c_int, _OUT]),
    "ipcx_region_close": (None, _HANDLE),
    "ipcx_region_fd": (c_int, _HANDLE),
    "ipcx_region_size": (c_size_t, _HANDLE),
    "ipcx_region_resize": (c_int, [c_void_p, c_size_t]),
    "ipcx_region_seal": (c_int, [c_void_p, c_uint32]),
}


class _Library:
    """Each function by its name without the prefix."""

    def __init__(self) -> None:
        library = ctypes.CDLL(SONAME)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name.removeprefix("ipcx_"), function)


lib = _Library()


def version() -> str:
    return lib.version().decode()


def deadline(timeout: float | None) -> int:
    """In nanoseconds of CLOCK_MONOTONIC."""
    if timeout is None:
        return FOREVER
    if timeout < 0:
        raise ValueError("timeout must not be negative")
    # Not so far away that it would be for ever.
    return time.monotonic_ns() + min(int(timeout * 1e9 + 0.5), 2**62) if timeout else NO_WAIT


def fail(error: int, name: str | None = None, explain: str | None = None) -> OSError:
    """The exception that belongs to a result, which is negative."""
    return OSError(-error, explain or os.strerror(-error), name)


def call(function, *arguments, name: str | None = None) -> int:
    """The result; a negative one is raised. The interpreter runs the handlers of
    signals between two calls, so one that raises ends this."""
    while True:
        result = function(*arguments)
        if result >= 0:
            return result
        if result != -errno.EINTR:
            raise fail(result, name)


def wait(function, *arguments, timeout: float | None, name: str | None = None) -> int:
    """The result of a function that can block, whose last argument is a deadline."""
    until = deadline(timeout)
    while True:
        step = min(until, time.monotonic_ns() + SLICE_NS)
        try:
            return call(function, *arguments, step, name=name)
        except TimeoutError:
            if step == until:
                raise


def payload(data) -> tuple[object, int]:
    """What ctypes passes for any object with bytes, and how many there are."""
    if not isinstance(data, bytes):
        data = bytes(memoryview(data))
    return data, len(data)


def int_array(numbers) -> ctypes.Array:
    return (c_int * len(numbers))(*numbers)
