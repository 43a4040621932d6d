"""State trees, how they are said in plain parts, and the safetensors files that hold them. No pickle."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from aura.core.blame import described
from aura.core.errors import StateError
from aura.core.json_text import parse_json

__all__ = ["decode", "encode", "read_tree", "trees_equal", "write_tree"]

_ARRAY, _SCALAR, _COMPLEX, _TUPLE, _MAP = "$array", "$scalar", "$complex", "$tuple", "$map"
_SET, _BYTES, _TEXT, _INTEGER = "$set", "$bytes", "$text", "$integer"
_DTYPES = frozenset(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
                     "float32", "float64"])
_BAD_TREE = (OSError, SafetensorError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
             TypeError, ValueError)
"""What a file raises that holds no tree, at whatever place of it."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How safetensors tells that the system refused to write."""
Lay: TypeAlias = Callable[[np.ndarray, str], Any]
_COMPLEX_PARTS = {"complex64": np.float32, "complex128": np.float64}


def write_tree(path: str | Path, tree: Any, owner: str) -> None:
    """Write a tree of dicts, lists, tuples, sets, numpy arrays and plain values as one safetensors file.

    Arrays become tensors named by their path in the tree; the rest stands as JSON in the file's metadata.

    Raises
    ------
    StateError
        If the tree holds anything else; `owner` names whose it is.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    arrays: dict[str, np.ndarray] = {}

    def lay(array: np.ndarray, place: str) -> dict[str, str]:
        place = place.encode("utf-8", "backslashreplace").decode()
        while place in arrays:  # keys that hold a '/' can spell one path in two ways
            place += "'"
        arrays[place] = array
        return {_ARRAY: place}

    try:
        skeleton = encode(tree, owner, lay)
    except RecursionError:
        raise StateError(owner, expected="a tree of a few levels",
                         got="one that is very deep, or holds itself") from None
    try:
        save_file(arrays, str(path), metadata={"tree": json.dumps(skeleton, allow_nan=True)})
    except SafetensorError as error:
        refused = _OS_ERROR.search(str(error))
        if refused is not None:
            number = int(refused[1])
            raise OSError(number, os.strerror(number), str(path)) from error
        raise StateError(owner, expected="plain values of less than 100 MB in all", got=str(error),
                         hint="Keep long lists and texts as arrays.") from error


def read_tree(path: str | Path, owner: str) -> Any:
    """Read what `write_tree` wrote; every array is fresh and writable.

    Raises
    ------
    StateError
        If the file is missing, damaged or holds no tree.
    """
    path = Path(path)
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return decode(parse_json(metadata["tree"]), arrays.__getitem__)
    except _BAD_TREE as error:
        raise StateError(owner, expected=f"a state file at {path}", got=described(error),
                         hint="Resume from an earlier checkpoint.") from error


def trees_equal(one: Any, other: Any) -> bool:
    """Return whether two trees are equal to the bit, types, signs of zero and NaN payloads included."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return bool(isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.dtype == other.dtype
                and one.shape == other.shape and one.tobytes() == other.tobytes())
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(trees_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(trees_equal, one, other))
    if isinstance(one, np.generic):
        return bool(one.dtype == other.dtype and one.tobytes() == other.tobytes())
    if isinstance(one, float):
        return bool(one.hex() == other.hex())
    return bool(one == other)


def encode(node: Any, path: str, lay: Lay | None = None) -> Any:
    """Return a tree as dicts with texts as keys, lists, arrays, None, bool, int of 64 bits, float and texts.

    What these cannot say is said by a dict of one key that begins with ``$``, bytes by one that holds them. Texts are
    valid Unicode. Nothing of the tree is shared but arrays.

    Parameters
    ----------
    node : dict, list, tuple, set, array, bytes or plain value
        Keys of dicts may be any plain values, and tuples of these.
    path : str
        Whose it is, for errors.
    lay : callable, optional
        Is given each array, and what is bytes as one, with its path, and returns what is to stand for it.

    Raises
    ------
    StateError
        If it holds anything else.
    """
    if node is None or type(node) in (bool, float):
        return node
    if type(node) is int:
        return node if -(2**63) <= node < 2**64 else {_INTEGER: str(node)}
    if type(node) is str:
        return node if _is_plain(node) else {_TEXT: _laid_bytes(node.encode("utf-8", "surrogatepass"), path, lay)}
    if isinstance(node, np.ndarray):
        return _encoded_array(node, path, lay)
    if isinstance(node, np.generic):
        return {_SCALAR: _encoded_array(np.asarray(node), path, lay)}
    if isinstance(node, dict):
        if all(type(key) is str and _is_plain(key) and not key.startswith("$") for key in node):
            return {key: encode(part, f"{path}/{key}", lay) for key, part in node.items()}
        return {_MAP: [[encode(key, path, lay), encode(part, f"{path}/{key}", lay)] for key, part in node.items()]}
    if isinstance(node, (list, tuple)):
        parts = [encode(part, f"{path}/{index}", lay) for index, part in enumerate(node)]
        return parts if isinstance(node, list) else {_TUPLE: parts}
    if type(node) is set:
        whole = bool(node) and all(type(part) is int and 0 <= part < 2**64 for part in node)
        return {_SET: encode(np.array(sorted(node), np.uint64), path, lay) if whole
                else [encode(part, path, lay) for part in sorted(node, key=repr)]}
    if type(node) is bytes:
        return {_BYTES: _laid_bytes(node, path, lay)}
    raise StateError(path, expected="dicts, lists, tuples, sets, numpy arrays, None, bool, int, float, str or bytes",
                     got=type(node).__name__, hint="Return plain values and arrays from state().")


def decode(node: Any, fetch: Callable[[str], np.ndarray] | None = None) -> Any:
    """Return the tree that was encoded; every array is fresh and writable, `fetch` gets those that were laid."""
    if isinstance(node, np.ndarray):
        return np.array(node)
    if isinstance(node, list):
        return [decode(part, fetch) for part in node]
    if not isinstance(node, dict):
        return node
    kind: str = next(iter(node), "")
    if not kind.startswith("$"):
        return {key: decode(part, fetch) for key, part in node.items()}
    if kind == _ARRAY and fetch is not None:
        return np.array(fetch(node[kind]))
    return int(node[kind]) if kind == _INTEGER else _DECODERS[kind](decode(node[kind], fetch))


_DECODERS: dict[str, Callable[[Any], Any]] = {
    _SCALAR: lambda found: found[()],
    _COMPLEX: lambda found: found.reshape(-1).view(f"c{2 * found.dtype.itemsize}").reshape(found.shape[:-1]),
    _TUPLE: tuple,
    _MAP: dict,
    _SET: lambda found: set(found.tolist() if isinstance(found, np.ndarray) else found),
    _BYTES: bytes,
    _TEXT: lambda found: bytes(found).decode("utf-8", "surrogatepass"),
}


def _encoded_array(array: np.ndarray, path: str, lay: Lay | None) -> Any:
    if isinstance(array, np.ma.MaskedArray):
        raise StateError(path, expected="a plain array", got="a masked one", hint="Keep its data and its mask.")
    name = array.dtype.name
    if name not in _DTYPES and name not in _COMPLEX_PARTS:
        raise StateError(path, expected="an array of bool, integers, floats or complex numbers",
                         got=f"dtype {array.dtype}")
    # Native and C-ordered, for files hold the buffer as it lies; arrays without axes keep their shape.
    native = np.asarray(array, dtype=name, order="C")
    if name in _DTYPES:
        return lay(native, path) if lay else native
    parts = native.reshape(-1).view(_COMPLEX_PARTS[name]).reshape(*array.shape, 2)
    return {_COMPLEX: lay(parts, path) if lay else parts}


def _laid_bytes(data: bytes, path: str, lay: Lay | None) -> Any:
    return lay(np.frombuffer(data, np.uint8), path) if lay else data


def _is_plain(text: str) -> bool:
    """Return whether a text is valid Unicode, which files other than JSON ask for."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
