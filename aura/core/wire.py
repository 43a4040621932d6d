"""What is sent to a zone in another process and back at a tick: arrays lie in shared memory, the rest in a message."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgpack
import numpy as np

__all__ = ["Arena", "pack", "unpack"]

_ARRAY, _INTEGER = 1, 2
_ALIGN = 64
_FIRST = 1 << 16
"""Bytes of an arena at first; it grows with what is laid into it."""


class Arena:
    """Memory that two processes share, written by one and read by the other, which take turns.

    It has no name in the file system, so that nothing is left behind, whoever dies.

    Parameters
    ----------
    descriptor : int, optional
        Of an arena that another process has made.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        made = descriptor is None
        if descriptor is None:
            descriptor = os.memfd_create("aura") if hasattr(os, "memfd_create") else _unnamed()
        self.descriptor, self.size = descriptor, 0
        self._used = 0
        self._map: mmap.mmap
        try:
            if made:
                os.ftruncate(descriptor, _FIRST)
            self._reach(_FIRST)
        except BaseException:
            os.close(descriptor)
            raise

    def begin(self) -> None:
        """Lay what follows from the beginning; what lay there has been read."""
        self._used = 0

    def lay(self, array: np.ndarray) -> int:
        """Write an array, in C order, and return where it begins."""
        at = -(-self._used // _ALIGN) * _ALIGN
        end = at + array.nbytes
        if end > self.size:
            size = max(end, 2 * self.size)
            os.ftruncate(self.descriptor, size)
            self._reach(size)
        if array.nbytes:
            np.frombuffer(self._map, array.dtype, array.size, at).reshape(array.shape)[...] = array
        self._used = end
        return at

    def read(self, at: int, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        """Return a copy of an array that begins at `at`."""
        array = np.empty(shape, dtype)
        if array.nbytes:
            if at + array.nbytes > self.size:
                self._reach(os.fstat(self.descriptor).st_size)
            array.reshape(-1)[:] = np.frombuffer(self._map, dtype, array.size, at)
        return array

    def close(self) -> None:
        """Let the memory go."""
        self._map.close()
        os.close(self.descriptor)

    def _reach(self, size: int) -> None:
        self._map = mmap.mmap(self.descriptor, size)
        self.size = size


def _unnamed() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def pack(value: Any, arena: Arena) -> bytes:
    """Return a message of what lies on the bus: arrays, texts, tuples and mappings of these, numbers, None."""

    def other(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            return msgpack.ExtType(_ARRAY, msgpack.packb((part.dtype.str, part.shape, arena.lay(part))))
        if isinstance(part, Mapping):
            return dict(part)
        if isinstance(part, int):  # of more than 64 bits
            return msgpack.ExtType(_INTEGER, hex(part).encode())
        raise TypeError(f"cannot send {type(part).__name__}")

    arena.begin()
    packed: bytes = msgpack.packb(value, default=other, unicode_errors="surrogatepass")
    return packed


def unpack(message: bytes, arena: Arena) -> Any:
    """Return what `pack` was given, with lists as tuples, and mappings and arrays that cannot be written to."""

    def other(code: int, data: bytes) -> Any:
        if code == _INTEGER:
            return int(data, 16)
        dtype, shape, at = msgpack.unpackb(data, use_list=False)
        array = arena.read(at, np.dtype(dtype), shape)
        array.flags.writeable = False
        return array

    return msgpack.unpackb(message, ext_hook=other, use_list=False, unicode_errors="surrogatepass",
                           object_hook=MappingProxyType)
