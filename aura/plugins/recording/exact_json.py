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

__all__ = ["dumps", "loads", "pack", "unpack"]

_ARRAY, _TUPLE, _FLOAT, _BYTES, _DICT = "$array", "$tuple", "$float", "$bytes", "$dict"
_KINDS = frozenset("biufc")
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def dumps(value: Any) -> bytes:
    """Return plain JSON values as bytes; a float that is not finite raises ValueError."""
    return _encode(value).encode("utf-8", "surrogatepass")


def loads(data: bytes) -> Any:
    """Return what `dumps` was given; ValueError for anything but JSON."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


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
    """Return what `pack` was given; arrays are fresh and writable."""
    if isinstance(value, list):
        return [unpack(part) for part in value]
    if not isinstance(value, dict):
        return value
    if _TUPLE in value:
        return tuple(unpack(part) for part in value[_TUPLE])
    if _FLOAT in value:
        return _float_value(value[_FLOAT])
    if _ARRAY in value:
        array = np.frombuffer(b64decode(value["data"]), np.dtype(value[_ARRAY])).reshape(value["shape"])
        return array[()] if value["scalar"] else array.copy()
    if _BYTES in value:
        return b64decode(value[_BYTES])
    if _DICT in value:
        return {unpack(key): unpack(part) for key, part in value[_DICT]}
    return {key: unpack(part) for key, part in value.items()}


def _float_text(value: float) -> str:
    return np.float64(value).tobytes().hex() if math.isnan(value) else repr(value)


def _float_value(text: str) -> float:
    return float(text) if text.endswith("inf") else float(np.frombuffer(bytes.fromhex(text), np.float64)[0])
