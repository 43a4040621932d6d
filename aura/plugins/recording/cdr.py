"""Numeric arrays as CDR messages with a `ros2msg` schema, which existing viewers decode.

A message has four fields: ``bool has_ids``, ``int64[] ids``, ``uint32[] shape`` and ``T[] data`` in C order. CDR
(OMG DDS-RTPS 2.2, section 10; version 1, little-endian) puts four bytes of encapsulation first and aligns every number
to its own size, counted from there. The identities come before the shape, so that nothing is padded but 64-bit data.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable

import numpy as np

__all__ = ["ARRAY_TYPES", "array_encoder", "array_schema", "decode_array", "schema_name"]

ARRAY_TYPES = {
    "bool": "bool", "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64", "uint8": "uint8",
    "uint16": "uint16", "uint32": "uint32", "uint64": "uint64", "float16": "uint16", "float32": "float32",
    "float64": "float64", "complex64": "float32", "complex128": "float64",
}
"""Type of an array to type of the `data` field: half floats are their bits, complex numbers pairs."""

_ENCAPSULATION = b"\x00\x01\x00\x00"
_COUNT_BYTES, _ID_BYTES = 4, 8
_TEMPLATE = """\
# An array of {name}, as the topic said it at the message's log time (simulated nanoseconds).
# Whether the items on the first axis have identities.
bool has_ids
int64[] ids
uint32[] shape
# In C order{note}.
{field}[] data
"""
_NOTES = {"f": "; each number is the bits of an IEEE 754 half float", "c": "; real and imaginary part in turn"}


def schema_name(dtype: str) -> str:
    """Return the message type of arrays of a numpy type name.

    Examples
    --------
    >>> schema_name("float32")
    'aura/msg/Float32Array'
    """
    return f"aura/msg/{dtype.capitalize()}Array"


def array_schema(dtype: str) -> bytes:
    """Return the message definition of arrays of a numpy type name."""
    kind = np.dtype(dtype).kind
    note = _NOTES["c"] if kind == "c" else _NOTES["f"] if dtype == "float16" else ""
    return _TEMPLATE.format(name=dtype, field=ARRAY_TYPES[dtype], note=note).encode()


def array_encoder(dtype: str) -> Callable[[np.ndarray, np.ndarray | None], bytes]:
    """Return the function ``(value, ids) -> message`` for arrays of a numpy type name.

    What stands before the identities and before the data is worked out once for each shape.
    """
    little, identity = np.dtype(dtype).newbyteorder("<"), np.dtype("<i8")
    # Types are compared by `is`, five times faster than by value; on a big-endian machine every array is converted.
    plain, plain_identity = (np.dtype(dtype), np.dtype(np.int64)) if sys.byteorder == "little" else (None, None)
    heads: dict[tuple[int, ...], bytes] = {}
    middles: dict[tuple[int, ...], bytes] = {}
    begin, pack_count = _ENCAPSULATION + b"\x01\x00\x00\x00", struct.Struct("<I").pack

    def encode(value: np.ndarray, ids: np.ndarray | None) -> bytes:
        shape = value.shape
        if value.dtype is not plain:
            value = value.astype(little)
        if ids is None:
            head = heads.get(shape)
            if head is None:
                head = heads[shape] = _ENCAPSULATION + bytes(8) + _middle(shape, dtype)
            return head + value.tobytes()
        middle = middles.get(shape)
        if middle is None:
            middle = middles[shape] = _middle(shape, dtype)
        if ids.dtype is not plain_identity:
            ids = ids.astype(identity)
        return begin + pack_count(len(ids)) + ids.tobytes() + middle + value.tobytes()

    return encode


def decode_array(data: bytes, dtype: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the value and the item ids of a message, both read-only.

    Raises
    ------
    ValueError
        If the message is not one of arrays of `dtype`.
    """
    if data[:4] != _ENCAPSULATION:
        raise ValueError(f"no little-endian CDR: it begins with {data[:4]!r}")
    try:
        has_ids, id_count = struct.unpack_from("<?3xI", data, 4)
        if id_count and not has_ids:
            raise ValueError(f"{id_count} ids of items that have none")
        ids = np.frombuffer(data, "<i8", id_count, 12) if has_ids else None
        position = 12 + id_count * _ID_BYTES
        rank = struct.unpack_from("<I", data, position)[0]
        shape = struct.unpack_from(f"<{rank}I", data, position + _COUNT_BYTES)
    except struct.error as error:
        raise ValueError(f"a message of {len(data)} bytes that ends too early ({error})") from error
    kind = np.dtype(dtype).newbyteorder("<")
    middle = _middle(shape, dtype)
    start = position + len(middle)
    if data[position:start] != middle:
        raise ValueError(f"a message whose count of numbers does not fit its shape {shape}")
    value = np.frombuffer(data[start:], kind).astype(kind.newbyteorder("="), copy=False).reshape(shape)
    if ids is not None:
        ids = np.array(ids, np.int64)
        ids.flags.writeable = False
    value.flags.writeable = False
    return value, ids


def _middle(shape: tuple[int, ...], dtype: str) -> bytes:
    """Return the shape, the count of the data, and the padding before it; ValueError for more than CDR can count."""
    kind = np.dtype(dtype)
    parts = 2 if kind.kind == "c" else 1
    count = parts
    for length in shape:
        count *= length
    # Before the rank lie 8 bytes and the ids, 8 each: only the axes decide where the data begin.
    padding = -(8 + _COUNT_BYTES * len(shape)) % (kind.itemsize // parts)
    try:
        return struct.pack(f"<I{len(shape)}II{padding}x", len(shape), *shape, count)
    except struct.error as error:
        raise ValueError(f"an array of shape {shape}: more numbers than a message can hold") from error
