"""Arrays as ``.npy`` files and JSON that other programs read, with a file of digests against damage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.common.whole_files import read_file, write_file

__all__ = ["read_array", "read_digests", "read_json", "read_whole", "write_array", "write_digests"]

_READ_HEADER = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_HINT = "`aura export` writes its files together."


def write_array(path: Path, array: np.ndarray) -> Path:
    """Write an array in C order, as ``numpy.save`` does, and return the file; a `StateError` if it cannot be."""
    data = BytesIO()
    npy.write_array(data, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    write_file(path, data.getvalue())
    return path


def read_array(data: bytes, where: str, expected: str) -> np.ndarray:
    """Return the array that the bytes of a ``.npy`` file hold, fresh and writable.

    Parameters
    ----------
    data : bytes
        All of the file.
    where : str
        Names the file.
    expected : str
        What it is to hold, for errors.

    Raises
    ------
    StateError
        If they are no ``.npy`` file, hold no numbers, or are more or fewer than the header says; nothing is allocated
        that the file does not fill.
    """
    file = BytesIO(data)
    try:
        shape, fortran, dtype = _READ_HEADER[npy.read_magic(file)](file)
        if min(shape, default=0) < 0:
            raise ValueError("a negative length")
        wanted = int(np.prod(shape, dtype=object)) * dtype.itemsize
    except Exception as error:  # damaged headers make numpy raise of every kind, SyntaxError and KeyError among them
        raise StateError(where, expected=expected, got=f"no .npy file, or a damaged one ({type(error).__name__})",
                         hint=_HINT) from error
    if dtype.kind not in "fiu":
        raise StateError(where, expected=expected, got=f"type {dtype}")
    left = len(data) - file.tell()
    if left != wanted:
        raise StateError(where, expected=f"{wanted} bytes of numbers, as its header says", got=f"{left}", hint=_HINT)
    flat = np.frombuffer(data, dtype, offset=file.tell())
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def write_digests(path: Path, files: Iterable[Path]) -> Path:
    """Write the SHA-256 of files beside which it lies, as ``sha256sum --check`` reads them, and return the file."""
    lines = [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    write_file(path, "".join(lines).encode())
    return path


def read_digests(path: Path) -> dict[str, str] | None:
    """Return the digest of each file that is named, or None if there is no file of digests.

    Raises
    ------
    StateError
        If it cannot be read or is damaged.
    """
    expected = "lines of a digest and a file name, as sha256sum writes them"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StateError(str(path), expected=expected, got=described(error), hint=_HINT) from error
    found = {}
    for line in lines:
        digest, gap, name = line.partition("  ")
        if len(digest) != 64 or not gap or not name:
            raise StateError(str(path), expected=expected, got=repr(line[:100]), hint=_HINT)
        found[name] = digest
    return found


def read_whole(path: Path, digests: Mapping[str, str] | None, expected: str) -> bytes:
    """Return the bytes of a file, checked against its digest; without digests, as they are.

    Raises
    ------
    StateError
        If it is missing, cannot be read, has no digest among those given, or another one.
    """
    data = read_file(path, expected, _HINT)
    if digests is not None and digests.get(path.name) != sha256(data).hexdigest():
        got = "a damaged file (its digest differs)" if path.name in digests else "a file without one"
        raise StateError(str(path), expected="a file as its digest says", got=got,
                         hint=f"{_HINT} Delete the file of digests to take it as it is.")
    return data


def read_json(path: Path, digests: Mapping[str, str] | None, expected: str) -> Any:
    """Return what a file of JSON says, checked against its digest as `read_whole` does.

    Raises
    ------
    StateError
        If it is missing or damaged.
    """
    data = read_whole(path, digests, expected)
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise StateError(str(path), expected=expected, got=described(error)) from error
