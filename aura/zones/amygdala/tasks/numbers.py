"""A task that tells numbers: exact recursive least squares on the embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError, StateError
from aura.core.time import Time
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.tasks.kinds import NumberOptions
from aura.zones.amygdala.tasks.task import Task, Taught
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import RecursiveLeastSquares, with_bias
from aura.zones.common.npy_files import read_array, read_digests, read_whole, write_array, write_digests

__all__ = ["NumberTask", "Regression"]


class Regression(NamedTuple):
    """A linear map: the numbers of an item are ``features @ weights + bias``."""

    weights: Array
    """(features, size)."""
    bias: Array
    """(size,)."""


class NumberTask(Task):
    """Predicts the numbers of one task; always equal to the batch ridge regression on all that was told.

    Raises
    ------
    ParameterError
        If the zone's rule is not that of least squares.
    """

    lasting = ("_learner",)

    def __init__(self, name: str, options: NumberOptions, params: AmygdalaParams, features: int) -> None:
        super().__init__(name, options, params, features)
        if params.rule != "rls":
            raise ParameterError("amygdala.rule", expected=f"'rls', for the task {name!r} tells numbers",
                                 got=repr(params.rule), hint="Give it an amygdala of its own.")
        self._learner = self._new_learner()

    def _new_learner(self) -> RecursiveLeastSquares:
        return RecursiveLeastSquares(self.features + 1, self.options.size or 1, ridge=self.params.ridge,
                                     forgetting=self.params.forgetting)

    def predict(self, rows: Array) -> dict[str, Any]:
        """Return the numbers, float32 (n, size), or (n,) where they have no axis."""
        numbers = self._learner.predict(rows).astype(np.float32)
        return {self.name: numbers[:, 0] if self.options.size is None else numbers}

    def learn(self, embedding: NDArray[Any], truths: Any, rate: float, where: str, now: Time, *,
              want_gradient: bool) -> Taught:
        """Learn from embeddings and their numbers, (n, size) or (n,); the loss is half the squared error."""
        if len(embedding) == 0:
            return Taught({}, np.arange(0))
        rows, targets = with_bias(embedding), np.asarray(truths, np.float64).reshape(len(embedding), -1)
        errors = targets - self._learner.predict(rows)
        gradient = -errors @ self._learner.weights[:-1].T if want_gradient else None
        if rate > 0:
            self._learner.learn(rows, targets, rate)
        loss = float(0.5 * (errors ** 2).sum(axis=1).mean())
        return Taught({f"{self.name}_loss": loss}, np.arange(len(rows)), gradient)

    def export(self, folder: Path) -> list[Path]:
        """Write ``{task}_regression_W.npy`` (features, size), ``_b.npy`` (size,) and ``.sha256``."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = self._learner.weights
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

    def read_export(self, folder: Path) -> tuple[Regression, list[Path]]:
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

    def adopt(self, found: Regression) -> None:
        self._learner = self._new_learner()
        self._learner.weights = np.vstack([found.weights, found.bias])


def _path(folder: Path, task: str, part: str) -> Path:
    return folder / f"{task}_regression{part}"


def _read(folder: Path, task: str, part: str, expected: str) -> np.ndarray:
    path = _path(folder, task, part)
    return read_array(read_whole(path, read_digests(_path(folder, task, ".sha256")), expected), str(path), expected)
