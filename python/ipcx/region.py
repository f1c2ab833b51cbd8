# SPDX-License-Identifier: LGPL-2.1-or-later
"""Regions of the module. See <ipcx/region.h>."""

from __future__ import annotations

import ctypes
import enum
import mmap

from . import _library
from ._library import RegionOptions, lib
from .message import Handle
from .objects import Create, Right, encode


class RegionFlag(enum.IntFlag):
    """What a region is like; to be combined with Create."""
    SPARSE = 0x100
    PREFAULT = 0x200
    HUGE = 0x400
    LOCKED = 0x800


class Seal(enum.IntFlag):
    """What cannot be done with a region any more."""
    READONLY = 0x1
    SEALED = 0x2


class Region(Handle):
    """A region; made by create(), create_file(), open() and from_fd()."""

    _close = lib.region_close
    _fd = lib.region_fd

    @classmethod
    def create(cls, name: str | None, size: int, *, flags: RegionFlag | Create = RegionFlag(0),
               mode: int = 0, rights: Right = Right(0)) -> Region:
        """Make a region, all zeros, or open one of this size that has the name."""
        options = RegionOptions(ctypes.sizeof(RegionOptions), flags, mode, rights)
        return cls._make(lib.region_create, encode(name), size, options, name=name)

    @classmethod
    def create_file(cls, name: str | None, fd: int, size: int = 0, *,
                    flags: RegionFlag | Create = RegionFlag(0), mode: int = 0,
                    rights: Right = Right(0)) -> Region:
        """Make a region over a regular file; 0 for all that the file has."""
        options = RegionOptions(ctypes.sizeof(RegionOptions), flags, mode, rights)
        return cls._make(lib.region_create_file, encode(name), fd, size, options, name=name)

    @classmethod
    def open(cls, name: str, rights: Right = Right(0)) -> Region:
        """Open a named region, by default with all rights that its mode gives."""
        return cls._make(lib.region_open, encode(name), rights, name=name)

    @classmethod
    def from_fd(cls, fd: int) -> Region:
        """For a descriptor that came from elsewhere, and is the region's from now on."""
        return cls._make(lib.region_from_fd, fd)

    @property
    def size(self) -> int:
        """Bytes, a multiple of the page size."""
        return lib.region_size(self._open_handle())

    def resize(self, size: int) -> None:
        """Change the size, while nobody has it mapped."""
        _library.call(lib.region_resize, self._open_handle(), size)

    def seal(self, seals: Seal) -> None:
        """Add seals, for good."""
        _library.call(lib.region_seal, self._open_handle(), seals)

    def map(self, *, writable: bool = True, offset: int = 0, size: int = 0) -> mmap.mmap:
        """Map it or a part of it, 0 for all from the offset on. The mapping outlives
        the region's handle, holds a descriptor of its own, and ends by its close()."""
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        return mmap.mmap(self.fileno(), size or self.size - offset, access=access, offset=offset)
