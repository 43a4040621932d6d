"""State trees, and the safetensors files that hold them. No pickle."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from aura.core.blame import told
from aura.core.errors import StateError
from aura.core.json_text import parse_json

__all__ = ["read_tree", "trees_equal", "write_tree"]

_ARRAY, _SCALAR, _COMPLEX, _TUPLE = "$array", "$scalar", "$complex", "$tuple"
_DTYPES = frozenset(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
                     "float32", "float64"])
_BAD_TREE = (OSError, SafetensorError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
             TypeError, ValueError)
"""What a file raises that holds no tree, at whatever place of it."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How safetensors tells that the system refused to write."""
_COMPLEX_PARTS = {"complex64": np.float32, "complex128": np.float64}


def write_tree(path: str | Path, tree: Any, owner: str) -> None:
    """Write a tree of dicts, lists, tuples, numpy arrays and plain values as one safetensors file.

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
    try:
        skeleton = _split(tree, owner, arrays)
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
        return _join(parse_json(metadata["tree"]), arrays)
    except _BAD_TREE as error:
        raise StateError(owner, expected=f"a state file at {path}", got=told(error),
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


def _split(node: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(node, np.ma.MaskedArray):
        raise StateError(path, expected="a plain array", got="a masked one", hint="Keep its data and its mask.")
    if isinstance(node, np.ndarray):
        return _store(node, path, arrays)
    if isinstance(node, np.generic):
        return {_SCALAR: _store(np.asarray(node), path, arrays)}
    if node is None or type(node) in (bool, int, float, str):
        return node
    if isinstance(node, dict):
        for key in node:
            if not isinstance(key, str) or key.startswith("$"):
                raise StateError(path, expected="keys that are str and do not begin with '$'", got=repr(key))
        return {key: _split(part, f"{path}/{key}", arrays) for key, part in node.items()}
    if isinstance(node, (list, tuple)):
        parts = [_split(part, f"{path}/{index}", arrays) for index, part in enumerate(node)]
        return parts if isinstance(node, list) else {_TUPLE: parts}
    raise StateError(path, expected="dicts, lists, tuples, numpy arrays, None, bool, int, float or str",
                     got=type(node).__name__, hint="Return plain values and arrays from state().")


def _store(array: np.ndarray, path: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    while path in arrays:  # keys that hold a '/' can spell one path in two ways
        path += "'"
    if array.dtype.name in _COMPLEX_PARTS:
        native = np.asarray(array, dtype=array.dtype.name, order="C").reshape(-1)
        arrays[path] = native.view(_COMPLEX_PARTS[array.dtype.name]).reshape(*array.shape, 2)
        return {_COMPLEX: path, "dtype": array.dtype.name}
    if array.dtype.name not in _DTYPES:
        raise StateError(path, expected="an array of bool, integers, floats or complex numbers",
                         got=f"dtype {array.dtype}")
    # safetensors writes the buffer as it lies, so it must be C-ordered; 0-d arrays keep their shape.
    arrays[path] = np.asarray(array, order="C")
    return {_ARRAY: path}


def _join(node: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(node, list):
        return [_join(part, arrays) for part in node]
    if not isinstance(node, dict):
        return node
    if _ARRAY in node:
        return np.array(arrays[node[_ARRAY]])
    if _SCALAR in node:
        return _join(node[_SCALAR], arrays)[()]
    if _COMPLEX in node:
        parts = arrays[node[_COMPLEX]]
        return np.array(parts).reshape(-1).view(node["dtype"]).reshape(parts.shape[:-1])
    if _TUPLE in node:
        return tuple(_join(part, arrays) for part in node[_TUPLE])
    return {key: _join(part, arrays) for key, part in node.items()}
