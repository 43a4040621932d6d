"""JSON that gives back exactly what was put in: floats to the bit, every text, tuples, arrays.

What JSON has no word for becomes an object with one key that begins with ``$``. Bytes are UTF-8; a lone surrogate is
passed through as the three bytes it would take, for `json.loads` reads them back.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from typing import Any

import numpy as np

from aura.core.json_text import parse_json

__all__ = ["dumps", "json_text", "loads", "pack", "unpack"]

_ARRAY, _TUPLE, _FLOAT, _BYTES, _DICT = "$array", "$tuple", "$float", "$bytes", "$dict"
_KINDS = frozenset("biufc")
json_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""Return plain JSON values as a text; a float that is not finite raises ValueError."""


def dumps(value: Any) -> bytes:
    """Return plain JSON values as bytes; a float that is not finite raises ValueError."""
    return json_text(value).encode("utf-8", "surrogatepass")


def loads(data: bytes) -> Any:
    """Return what `dumps` was given; ValueError for anything but JSON."""
    return parse_json(data.decode("utf-8", "surrogatepass"))


def pack(value: Any) -> Any:
    """Return the plain JSON values for a value of plain types, tuples, bytes and numpy arrays.

    Raises
    ------
    TypeError
        For any other type.

    Examples
    --------
    >>> pack(("a", float("inf")))
    {'$tuple': ['a', {'$float': 'inf'}]}
    """
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {_FLOAT: _float_text(value)}
    if kind is list:
        return [pack(part) for part in value]
    if kind is tuple:
        return {_TUPLE: [pack(part) for part in value]}
    if isinstance(value, dict):
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: pack(part) for key, part in value.items()}
        return {_DICT: [[pack(key), pack(part)] for key, part in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in _KINDS:
        return {_ARRAY: value.dtype.str, "shape": list(value.shape), "scalar": isinstance(value, np.generic),
                "data": b64encode(value.tobytes()).decode()}
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    raise TypeError(f"no JSON for {kind.__name__}")


def unpack(value: Any) -> Any:
    """Return what `pack` was given; arrays are fresh and writable.

    Raises
    ------
    ValueError
        For JSON that `pack` does not make.
    """
    try:
        return _unpacked(value)
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError, NotImplementedError) as bad:
        raise ValueError(f"JSON that says no value ({type(bad).__name__}: {bad})") from bad


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    kind = next(iter(value), "")
    if not kind.startswith("$"):
        return {key: _unpacked(part) for key, part in value.items()}
    if value.keys() != ({_ARRAY, "shape", "scalar", "data"} if kind == _ARRAY else {kind}):
        raise ValueError(f"a value of the keys {', '.join(value)}")
    content = value[kind]
    if kind == _TUPLE:
        return tuple([_unpacked(part) for part in content])
    if kind == _FLOAT:
        return _float_value(content)
    if kind == _ARRAY:
        return _array(content, value["shape"], value["scalar"], b64decode(value["data"], validate=True))
    if kind == _BYTES:
        return b64decode(content, validate=True)
    if kind == _DICT:
        return {_unpacked(key): _unpacked(part) for key, part in content}
    raise ValueError(f"a value of the unknown kind {kind!r}")


def _array(kind: str, shape: list[int], scalar: bool, data: bytes) -> Any:
    """Return the array, or the one number, of which the type is checked: numpy takes many a text for a type."""
    dtype = np.dtype(kind)
    if dtype.kind not in _KINDS or dtype.str != kind or -1 in shape:
        raise ValueError(f"an array of {kind!r} and shape {shape}")
    array = np.frombuffer(data, dtype).reshape(shape)
    return array[()] if scalar else array.copy()


def _float_text(value: float) -> str:
    return np.float64(value).tobytes().hex() if math.isnan(value) else repr(value)


def _float_value(text: str) -> float:
    if text in ("inf", "-inf"):
        return float(text)
    return float(np.frombuffer(bytes.fromhex(text), np.float64, 1)[0])
