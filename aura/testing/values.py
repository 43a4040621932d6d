"""Random values of the type, shape and range that a port declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aura.core.ports import Port

__all__ = ["AXIS_LENGTH", "TEXTS", "random_value"]

AXIS_LENGTH = 5
"""Length of a named axis that the test does not give; chosen here, unlike the usual numbers of items."""

TEXTS = (
    "I feel fine today.", "", " ", "naïve café, ça va?", "今日はとても嬉しい", "أنا سعيد", "🙂🙃👩‍👩‍👧",
    "e\u0301 and é",
    "two\nlines\tand a tab", "a NUL \x00 within", "a lone surrogate \ud83d", "many words " * 300,
)
"""Texts as streams deliver them, awkward ones included."""
TAGS = ("joy", "fear", "ärger")


def random_value(port: Port, rng: np.random.Generator, items: int, axes: Mapping[str, int]) -> Any:
    """Return a value for `port` with `items` items.

    Numbers are uniform in the port's range; without one they are standard normal, or whole numbers from 0 to 9. Texts
    come from `TEXTS`, label sets hold up to two of three tags.
    """
    shape = tuple(items if axis == "item" else axes.get(axis, AXIS_LENGTH) if isinstance(axis, str) else axis
                  for axis in port.shape)
    if port.dtype == "text":
        return tuple(TEXTS[index] for index in rng.integers(len(TEXTS), size=shape[0]))
    if port.dtype == "tags":
        return tuple(tuple(TAGS[tag] for tag in sorted(rng.choice(len(TAGS), size=rng.integers(3), replace=False)))
                     for _ in range(shape[0]))
    return _numbers(port, rng, shape)


def _numbers(port: Port, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    dtype = np.dtype(port.dtype)
    if dtype.kind == "b":
        return rng.integers(2, size=shape).astype(dtype)
    if dtype.kind in "iu":
        low, high = (0, 9) if port.range is None else _finite_span(port.range)
        return np.asarray(rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1, size=shape)).astype(dtype)
    if dtype.kind == "c":
        return np.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if port.range is None:
        return np.asarray(rng.standard_normal(shape)).astype(dtype)
    low, high = _finite_span(port.range)
    # Rounding to a shorter type may step over the bound.
    values = np.asarray(rng.uniform(low, high, shape)).astype(dtype)
    return np.asarray(np.clip(values, dtype.type(low), dtype.type(high)))


def _finite_span(bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the range, an open end of it cut ten beyond the other end."""
    low, high = bounds
    if np.isinf(low) and np.isinf(high):
        return -10.0, 10.0
    return (high - 10.0 if np.isinf(low) else low), (low + 10.0 if np.isinf(high) else high)
