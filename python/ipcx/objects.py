# SPDX-License-Identifier: LGPL-2.1-or-later
"""What regions and queues of the module have in common."""

from __future__ import annotations

import enum
import os

from . import _library
from ._library import lib

KIND_ANY = 0
KIND_REGION = 1
KIND_QUEUE = 2


class Right(enum.IntFlag):
    """What a descriptor can be used for."""
    READ = 0x1
    WRITE = 0x2
    SEND = 0x4
    RECV = 0x8
    MAP = 0x10
    ADMIN = 0x20


class Create(enum.IntFlag):
    """How objects are made."""
    EXCL = 0x1
    PERSIST = 0x2


def encode(name: str | None) -> bytes | None:
    return None if name is None else os.fsencode(name)


def unlink(name: str, kind: int = KIND_ANY) -> None:
    """Take the name of a region or queue away; who has it open keeps it."""
    _library.call(lib.unlink, encode(name), kind, name=name)
