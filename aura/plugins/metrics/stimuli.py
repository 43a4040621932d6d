"""What a stimulus looked like: a text, or a small picture as PNG, as JSON values."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.plugins.metrics.pooling import pooled

if TYPE_CHECKING:
    from aura.core.ports import Port

__all__ = ["can_be_shown", "shown"]

LETTERS_MAX = 400
"""Letters of a text that are kept."""
PIXELS_MAX = 96 * 96
"""Pixels of a picture that are kept; a larger one is made smaller by means over blocks."""
SIDE_MIN = 4
"""A shorter side is of a table of numbers rather than of a picture (tuned here)."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR = {1: 0, 3: 2, 4: 6}
"""Number of channels to the colour type of PNG (third edition of the specification, table 11.1)."""


def can_be_shown(port: Port) -> bool:
    """Return whether the items of a port are texts or pictures: (height, width), with or without channels."""
    if not port.has_items:
        return False
    sides = port.shape[1:]
    if port.dtype == "text":
        return not sides
    if not port.dtype.startswith(("float", "uint8", "bool")) or not all(isinstance(side, int) for side in sides):
        return False
    picture = _picture_axes(tuple(int(side) for side in sides))
    return picture is not None


def shown(value: Any) -> dict[str, Any]:
    """Return a stimulus as JSON values: ``{"text": ...}``, or ``{"width", "height", "png"}`` with the file in base64.

    Numbers are drawn from the least (black) to the largest (white); bytes as they are.

    Examples
    --------
    >>> shown("So glad it worked.")
    {'text': 'So glad it worked.'}
    >>> sorted(shown(np.eye(300, 200)))
    ['height', 'png', 'width']
    """
    if isinstance(value, str):
        return {"text": value if len(value) <= LETTERS_MAX else f"{value[:LETTERS_MAX - 1]}…"}
    array = np.asarray(value)
    axes = _picture_axes(array.shape)
    if axes == "channels first":
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.dtype != np.uint8:
        array = _as_bytes(array.astype(np.float64))
    side = math.ceil(math.sqrt(array.shape[0] * array.shape[1] / PIXELS_MAX))
    if side > 1:
        array = pooled(array.astype(np.float64), (side, side, 1)).round().astype(np.uint8)
    return {"width": array.shape[1], "height": array.shape[0], "png": base64.b64encode(_png(array)).decode("ascii")}


def _picture_axes(shape: tuple[int, ...]) -> str | None:
    """Return how the axes of a picture lie, None if it is none."""
    if len(shape) == 2 and min(shape) >= SIDE_MIN:
        return "grey"
    if len(shape) == 3 and shape[2] in _COLOUR and min(shape[:2]) >= SIDE_MIN:
        return "channels last"
    if len(shape) == 3 and shape[0] in _COLOUR and min(shape[1:]) >= SIDE_MIN:
        return "channels first"
    return None


def _as_bytes(array: np.ndarray) -> np.ndarray:
    least, span = array.min(), np.ptp(array)
    scaled: np.ndarray = np.rint((array - least) * (255.0 / span) if span > 0 else array * 0.0).astype(np.uint8)
    return scaled


def _png(pixels: np.ndarray) -> bytes:
    """Return uint8 (height, width, channel) as a PNG file: every row with filter 0 before it, all of it deflated."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")))
