"""A task that tells numbers: the learner's scores are what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aura.core.errors import StateError
from aura.core.time import Time
from aura.zones.amygdala.learners.learner import Head
from aura.zones.amygdala.tasks.task import HeadTask, LabelledItems
from aura.zones.common.arrays import Array
from aura.zones.common.npy_files import read_array, read_digests, read_whole, write_array, write_digests

__all__ = ["NumberTask", "Regression"]


class Regression(NamedTuple):
    """A linear map: the numbers of an item are ``features @ weights + bias``."""

    weights: Array
    """(features, size)."""
    bias: Array
    """(size,)."""


class NumberTask(HeadTask):
    """Predicts the numbers of one task; with the learner `rls`, always the batch ridge regression on all told."""

    def head(self) -> Head:
        return Head(self.name, "numbers", self.options.size or 1)

    def answer(self, scores: Array) -> dict[str, Any]:
        """Return the numbers, float32 (n, size), or (n,) where they have no axis."""
        span = self.options.range
        numbers = (scores if span is None else np.clip(scores, *span)).astype(np.float32)
        return {self.name: numbers[:, 0] if self.options.size is None else numbers}

    def targets(self, truths: Any, where: str, now: Time) -> LabelledItems:
        """Return numbers (n, size) or (n,) as targets (n, size)."""
        targets = np.asarray(truths, np.float64).reshape(len(truths), self.head().outputs)
        return LabelledItems(truths, np.arange(len(targets)), targets, {})

    def export(self, folder: Path) -> list[Path]:
        """Write ``{task}_regression_W.npy`` (features, size), ``_b.npy`` (size,) and ``.sha256``."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = self.learner.linear(self.name)
        if weights is None:
            return []
        files = [write_array(_path(folder, self.name, "_W.npy"), weights[:-1]),
                 write_array(_path(folder, self.name, "_b.npy"), weights[-1])]
        return [*files, write_digests(_path(folder, self.name, ".sha256"), files)]

    @classmethod
    def width_of_export(cls, folder: Path, name: str) -> int:
        weights = _read(folder, name, "_W.npy", "a matrix (features, size)")
        if weights.ndim != 2:
            raise StateError(str(_path(folder, name, "_W.npy")), expected="a matrix (features, size)",
                             got=f"shape {weights.shape}")
        return len(weights)

    def read_export(self, folder: Path) -> tuple[Regression | None, list[Path]]:
        if self.learner.whole:
            return None, []
        size = self.options.size or 1
        found = []
        for part, shape in (("_W.npy", (self.features, size)), ("_b.npy", (size,))):
            expected = f"finite numbers of shape {shape}"
            array = _read(folder, self.name, part, expected)
            if array.shape != shape or not np.isfinite(array).all():
                got = f"shape {array.shape}" if array.shape != shape else "some that are not"
                raise StateError(str(_path(folder, self.name, part)), expected=expected, got=got)
            found.append(np.array(array, np.float64, order="C"))
        return Regression(*found), [_path(folder, self.name, part) for part in ("_W.npy", "_b.npy")]

    def adopt(self, found: Regression | None) -> None:
        if found is not None:
            self.learner.adopt(self.head(), np.vstack([found.weights, found.bias]))


def _path(folder: Path, task: str, part: str) -> Path:
    return folder / f"{task}_regression{part}"


def _read(folder: Path, task: str, part: str, expected: str) -> np.ndarray:
    path = _path(folder, task, part)
    return read_array(read_whole(path, read_digests(_path(folder, task, ".sha256")), expected), str(path), expected)
