"""A few items to look at: the most confident mistakes of each phase, and some that were right, drawn at random.

What a stimulus looked like is kept as JSON values: a text, or a small picture as a PNG file.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.lasting import Stateful
from aura.core.pending import PendingItems
from aura.core.signals import Signal
from aura.plugins.metrics.recent import pooled
from aura.plugins.words import short

if TYPE_CHECKING:
    from aura.core.observer import BrainView
    from aura.core.ports import Port

__all__ = ["Examples", "can_be_shown", "shown", "topics_of_examples"]

WAITING_BYTES = 16_000_000
"""Stimuli wait in about so many bytes at most; the oldest go first."""
LABEL_LETTERS_MAX = 80
"""Letters of a label that an example shows."""
LETTERS_MAX = 400
"""Letters of a text that are kept."""
PIXELS_MAX = 96 * 96
"""Pixels of a picture that are kept; a larger one is made smaller by means over blocks."""
SIDE_MIN = 4
"""A shorter side is of a table of numbers rather than of a picture (tuned here)."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR = {1: 0, 3: 2, 4: 6}
"""Number of channels to the colour type of PNG (third edition of the specification, table 11.1)."""

_MIX = 0x9E3779B97F4A7C15
"""The golden ratio as a fraction of 2 to the 64: multiples of it are spread evenly (Knuth 1998, section 6.4)."""


def topics_of_examples(brain: BrainView, truth: str, prediction: str) -> tuple[str | None, str | None]:
    """Return the topics that show what was judged and how sure the prediction was, as far as they can be told.

    The stimulus is the first text or picture among the outputs of the zone that tells the truth, and the confidence the
    output named after the prediction, such as ``emotion_confidence`` or ``emotion_probability``, or ``confidence``.
    """
    zone = truth.partition(".")[0]
    stimulus = next((f"{zone}.{name}" for name, port in brain.plans[zone].outputs.items()
                     if port.role == "signal" and f"{zone}.{name}" != truth and can_be_shown(port)), None)
    zone, _, output = prediction.partition(".")
    outputs = brain.plans[zone].outputs
    beside = (f"{output}_confidence", f"{output}_probability", "confidence", "probability")
    confidence = next((f"{zone}.{name}" for name in beside if name in outputs and outputs[name].has_items
                       and outputs[name].dtype.startswith("float")), None)
    return stimulus, confidence


class Examples(Stateful):
    """The examples of a metric, place by place.

    Parameters
    ----------
    most : int
        Mistakes that are kept of each place, and as many that were right; 0 keeps none.
    waiting : int
        Items whose stimulus waits for their judgement.
    """

    lasting = ("_seen", "_stimuli", "_sure", "_kept")

    def __init__(self, most: int, waiting: int) -> None:
        self.stimulus: str | None = None
        self.confidence: str | None = None
        self._most, self._waiting = most, waiting
        self._stimuli, self._sure = PendingItems(waiting), PendingItems(waiting)
        self._seen = 0
        self._kept: dict[str, tuple[list[Any], list[Any]]] = {}
        """Of each place mistakes and right ones, each with its rank before it: the smallest ranks are kept."""

    def watch(self, stimulus: str | None, confidence: str | None) -> list[str]:
        """Settle the topics of what was judged and of how sure a prediction was, and return those that there are."""
        self.stimulus, self.confidence = stimulus, confidence
        return [topic for topic in (stimulus, confidence) if topic is not None]

    def hear(self, signal: Signal, ids: list[int]) -> None:
        """Keep what a signal of one of these topics says of its items."""
        if signal.topic == self.stimulus:
            value = signal.value
            if isinstance(value, np.ndarray) and len(value):
                self._stimuli.capacity = min(self._waiting, max(1, WAITING_BYTES // max(1, value[0].nbytes)))
            self._stimuli.store(ids, value)
        else:
            value = np.asarray(signal.value)
            if value.size:  # before a class is known, nothing has a probability
                self._sure.store(ids, value if value.ndim == 1 else value.max(axis=1))

    def forget(self, item: int) -> None:
        """Leave out an item that is not judged."""
        self._stimuli.pop(item)
        self._sure.pop(item)

    def judge(self, place: str, item: int, truth: Sequence[str], predicted: Sequence[str], best: str | None, *,
              right: bool) -> None:
        """Take note of an item: where it counts, its true labels, those predicted, and whether that was right."""
        stimulus, sure = self._stimuli.pop(item), self._sure.pop(item)
        if not self._most:
            return
        self._seen += 1
        # Where nothing says how sure a prediction is, the latest mistakes are kept.
        weight = float(sure) if sure is not None else 0.0 if self.confidence else float(self._seen)
        # Those that were right come in an order that looks drawn at random and is the same in every run.
        rank = ((self._seen * _MIX) % 2**64 / 2**64 if right else -weight, self._seen)
        kept = self._kept.setdefault(place, ([], []))[right]
        if len(kept) < self._most or rank < kept[-1][0]:
            # Only here: a picture of each item would cost more than judging it.
            labels = [[short(label, LABEL_LETTERS_MAX) for label in one] for one in (truth, predicted, (best or "",))]
            kept.append((rank, {
                "item": item, "stimulus": None if stimulus is None else shown(stimulus), "truth": labels[0],
                "predicted": labels[1], "best": None if best is None else labels[2][0],
                "confidence": None if sure is None else weight, "right": right}))
            kept.sort(key=lambda one: one[0])
            del kept[self._most:]

    def results(self, place: str) -> list[dict[str, Any]]:
        """Return the examples of a place: mistakes, the most confident first, then some that were right."""
        return [dict(row) for kept in self._kept.get(place, ([], [])) for _, row in kept]


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
        return {"text": short(value, LETTERS_MAX)}
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
