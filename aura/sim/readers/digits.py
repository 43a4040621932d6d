"""The handwritten digits that come with scikit-learn, still or moving: real images without a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field as Setting

from aura.plugins.streams import Field, Reader, checked_indices
from aura.sim.readers.options import ReaderOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura.plugins.streams import Value

__all__ = ["DigitsOptions", "DigitsReader", "open_digits"]

SIDE, BRIGHTEST = 8, 16
CLASSES = tuple(str(digit) for digit in range(10))


class DigitsOptions(ReaderOptions):
    """scikit-learn's copy of the test part of the UCI digits: 1,797 images of 8 x 8 (Alpaydin & Kaynak 1998,
    doi:10.24432/C50P49).
    """

    frames: int = Setting(
        1, ge=1, le=2 * SIDE - 1,
        description="Frames a digit is shown for; from 2 on it moves from left to right, one pixel a frame, through "
                    "the middle.")


class DigitsReader(Reader):
    """Rows of ``image`` (float32 in 0..1), ``label``, and ``position``, the number of the frame of its digit."""

    def __init__(self, frames: int) -> None:
        from sklearn.datasets import load_digits

        found = load_digits()
        self.name = "digits"
        self._images = (found.images / BRIGHTEST).astype(np.float32)
        self._labels = tuple(CLASSES[label] for label in found.target)
        self._frames = frames
        self.fields = {
            "image": Field("float32", (SIDE, SIDE), doc="the picture, 0 to 1"),
            "label": Field("tags", doc="the digit", classes=CLASSES),
            "position": Field("int64", doc="the frame's number, 0 for a digit's first"),
        }

    def __len__(self) -> int:
        return len(self._images) * self._frames

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the rows at these indices, in this order."""
        chosen = checked_indices(indices, len(self))
        digits, positions = np.divmod(chosen, self._frames)
        images = self._images[digits]
        if self._frames > 1:
            wide = np.pad(images, ((0, 0), (0, 0), (SIDE, SIDE)))
            # In the middle of its frames a digit stands where it was written.
            columns = SIDE + self._frames // 2 - positions[:, None] + np.arange(SIDE)
            images = np.take_along_axis(wide, columns[:, None, :], axis=2)
        return {"image": images, "label": tuple((self._labels[digit],) for digit in digits.tolist()),
                "position": positions.astype(np.int64)}


def open_digits(options: DigitsOptions, base: Path) -> DigitsReader:
    """Return the reader; nothing is read from `base`."""
    return DigitsReader(options.frames)
