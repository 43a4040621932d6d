"""Exported heads: a tree of arrays and plain values in one msgpack file of flax, with a digest against damage."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from aura.core.errors import StateError
from aura.core.state import decode, encode
from aura.zones.common.whole_files import read_file, write_file

__all__ = ["FORMAT", "head_array", "read_head", "write_head"]

FORMAT = 1
"""Version of the file's layout."""
_HINT = "`export` writes it anew."


def write_head(path: str | Path, tree: dict[str, Any]) -> Path:
    """Write a tree of dicts, lists, numpy arrays, numbers and texts, and return the file.

    The file is ``flax.serialization.msgpack_serialize({"format": 1, "sha256": ..., "head": tree})``; the digest is that
    of the serialised tree alone. It is written aside and renamed, so that no half of it is ever seen.

    Parameters
    ----------
    path : Path
        The file; its folder is made if there is none.
    tree : dict
        Best with texts as keys, and lists for tuples: then the file is a plain one for whoever reads it. What msgpack
        has no word for is said as `aura.core.state.encode` says it.

    Raises
    ------
    StateError
        If the tree holds anything else, or the file cannot be written.
    """
    from flax.serialization import msgpack_serialize

    path = Path(path)
    tree = encode(tree, str(path))
    digest = sha256(msgpack_serialize(tree)).hexdigest()
    write_file(path, msgpack_serialize({"format": FORMAT, "sha256": digest, "head": tree}))
    return path


def read_head(path: str | Path) -> dict[str, Any]:
    """Return the tree that `write_head` wrote; its arrays are fresh and writable, its keys sorted.

    Raises
    ------
    StateError
        If the file is missing, no head, of another format, or damaged: a single flipped bit is noticed.
    """
    from flax.serialization import msgpack_restore, msgpack_serialize

    path, expected = Path(path), f"a head that AURA exported, format {FORMAT}"
    data = read_file(path, expected, _HINT)
    # Damaged bytes make the unpacker raise of every kind, and yield what nothing can be done with.
    try:
        found = msgpack_restore(data)
        kind = isinstance(found, dict) and {"format", "sha256", "head"} == found.keys()
        version = int(found["format"]) if kind else None
        # The tree is serialised again, so that the file stays one plain tree for whoever reads it.
        whole = version == FORMAT and isinstance(found["head"], dict) and (
            sha256(msgpack_serialize(found["head"])).hexdigest() == str(found["sha256"]))
    except Exception as error:
        raise StateError(str(path), expected=expected, got=f"a damaged file ({type(error).__name__})",
                         hint=_HINT) from error
    if not kind:
        raise StateError(str(path), expected=expected, got="another kind of file", hint=_HINT)
    if version != FORMAT:
        raise StateError(str(path), expected=expected, got=f"format {version}",
                         hint="It is of another version of AURA, or damaged.")
    if not whole:
        raise StateError(str(path), expected=expected, got="a damaged file (its digest differs)", hint=_HINT)
    own: dict[str, Any] = decode(found["head"])
    return own


def head_array(head: dict[str, Any], name: str, shape: tuple[int | None, ...], path: Path,
               dtype: type[Any] = np.float32) -> np.ndarray:
    """Return the array ``head[name]``, its type and shape checked; None stands for any length.

    Raises
    ------
    StateError
        If it is missing, no array, of another type or shape, or not finite.
    """
    where, wanted = f"{path}: {name}", tuple("any" if length is None else length for length in shape)
    expected = f"{np.dtype(dtype).name} of shape ({', '.join(map(str, wanted))})"
    array = head.get(name)
    if not isinstance(array, np.ndarray):
        raise StateError(where, expected=expected, got="nothing" if array is None else type(array).__name__)
    if array.dtype != dtype or array.ndim != len(shape) or any(
            length is not None and length != given for length, given in zip(shape, array.shape, strict=True)):
        raise StateError(where, expected=expected, got=f"{array.dtype} {array.shape}",
                         hint="The brain that exported it has other parameters.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise StateError(where, expected="finite numbers", got=f"{int((~np.isfinite(array)).sum())} that are not")
    return array
