"""Whether two runs recorded the same, and if not, where they part."""

from __future__ import annotations

import hashlib
import struct
from itertools import zip_longest
from typing import Any

import numpy as np

from aura.core.time import format_time
from aura.plugins.recording.reader import Recording
from aura.plugins.recording.scan import Message
from aura.plugins.recording.schemas import decode

__all__ = ["digest", "first_difference"]

_TIMES = struct.Struct("<QQ")
_LONGEST = 80


def digest(recording: Recording) -> str:
    """Return the SHA-256 of all messages in order: topic, type, times and bytes, whatever chunks they lie in."""
    total = hashlib.sha256()
    for message in recording.raw():
        for part in (message.topic.encode(), message.schema.encode(), message.data):
            total.update(len(part).to_bytes(8, "little"))
            total.update(part)
        total.update(_TIMES.pack(message.time, message.publish_time))
    return total.hexdigest()


def first_difference(one: Recording, other: Recording, *, beginning: bool = False) -> str | None:
    """Return a sentence on the first message in which two recordings differ, or None if they are the same.

    With `beginning` one may end before the other, as long as they are the same up to there.
    """
    for index, (left, right) in enumerate(zip_longest(one.raw(), other.raw())):
        if left == right:
            continue
        if left is None or right is None:
            if beginning:
                return None
            longer, message = ("second", right) if left is None else ("first", left)
            return f"message {index}: only the {longer} has one, {_place(message)}"
        if left[:4] != right[:4]:
            return f"message {index}: {_place(left)} against {_place(right)}"
        return f"message {index}, {_place(left)}: {_values(left, right)}"
    return None


def _place(message: Message) -> str:
    return f"{message.topic} at {format_time(message.time)}"


def _values(left: Message, right: Message) -> str:
    try:
        (one, ids), (other, other_ids) = decode(left.schema, left.data), decode(right.schema, right.data)
    except ValueError:
        return f"{len(left.data)} bytes against {len(right.data)} other bytes"
    if _bits(ids) != _bits(other_ids):
        return f"ids {_short(ids)} against {_short(other_ids)}"
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)):
        return f"{_short(one)} against {_short(other)}"
    if one.shape != other.shape:
        return f"shape {one.shape} against {other.shape}"
    # Compared as bytes: a zero and its negative, or two NaNs, may differ in their bits.
    width = one.dtype.itemsize
    rows = (np.frombuffer(array.tobytes(), np.uint8).reshape(-1, width) for array in (one, other))
    place = int(np.flatnonzero((next(rows) != next(rows)).any(axis=1))[0])
    where = tuple(map(int, np.unravel_index(place, one.shape)))
    return f"{one[where]!r} against {other[where]!r} at index {list(where)}"


def _bits(ids: np.ndarray | None) -> bytes | None:
    return None if ids is None else ids.tobytes()


def _short(value: Any) -> str:
    text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST - 3]}..."
