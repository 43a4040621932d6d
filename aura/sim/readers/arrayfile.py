"""One file of arrays: an npz archive, or an npy file as an archive of one array."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from aura.core.blame import described
from aura.core.errors import StreamError, nearest
from aura.sim.readers.files import unpacks_to_more

__all__ = ["NPY_KEY", "ArrayFile"]

NPY_KEY = "array"
"""The key of the one array of an npy file."""

_ZIP_MAGIC = b"PK"


class ArrayFile:
    """Arrays by key; an npy file is memory-mapped. Pickled objects are refused.

    Parameters
    ----------
    path : Path
    max_unpacked : int
        Bytes that all the arrays that are read may have together.

    Raises
    ------
    StreamError
        If the file is damaged or holds no array.
    """

    def __init__(self, path: Path, max_unpacked: int) -> None:
        self.name, self._path, self._most, self._unpacked = path.name, path, max_unpacked, 0
        self._npy: np.ndarray | None = None
        with self._reading(), open(path, "rb") as stream:
            if stream.read(2) == _ZIP_MAGIC:
                stream.seek(0)
                with np.load(stream, allow_pickle=False) as archive:
                    self.keys = list(archive.files)
            else:
                self._npy = np.lib.format.open_memmap(path, mode="r")
                self.keys = [NPY_KEY]
        if not self.keys:
            raise StreamError(self.name, expected="at least one array", got="no rows: an empty archive")

    def read(self, key: str | None, where: str) -> np.ndarray:
        """Return the array at a key, or the only one; StreamError, which names `where` in the options, without one."""
        if key is None and len(self.keys) > 1:
            raise StreamError(f"{self.name}: {where}", expected="a key, as the file holds several arrays", got="none",
                              hint=f"Try from = {' or '.join(map(repr, self.keys))}.")
        found = self.keys[0] if key is None else key
        if found not in self.keys:
            raise StreamError(f"{self.name}: {where}", expected="a key of the archive", got=repr(key),
                              hint=nearest(found, self.keys))
        if self._npy is not None:
            return self._npy
        with self._reading(), open(self._path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            self._unpacked += sum(info.file_size for info in archive.zip.infolist()
                                  if info.filename.removesuffix(".npy") == found)
            if self._unpacked > self._most:
                raise unpacks_to_more(self.name, self._most)
            array = archive[found]
        if not isinstance(array, np.ndarray):
            raise StreamError(f"{self.name}: {found}", expected="an array", got="a member that is no npy file")
        return array

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except StreamError:
            raise
        except Exception as error:  # the parsers of zip, npy and their headers raise some fifteen kinds
            empty = self._path.stat().st_size == 0
            got = "no rows: an empty file" if empty else described(error)
            raise StreamError(self.name, expected="a whole npz or npy file without pickled objects",
                              got=got) from error
