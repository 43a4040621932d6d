"""The steps of a perceptron by kernels for one core."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.mlp_kernels import ACTIVATION_CODES, answer, slope
from aura.zones.experts.kinds.mlp_steps import LINES, learn
from aura.zones.experts.kinds.networks import Arrays, Builder, Network

__all__ = ["PerceptronProgram"]

F32 = NDArray[np.float32]
_NONE = np.empty(0, np.float32)


class _Flat(tuple[Any, ...]):
    """A tuple of arrays, the float32 ones of which are views of one `vector`, one after the other."""

    vector: F32


class PerceptronProgram(Network):
    """The network of a `Perceptron`, whose arrays are numpy's, and whose steps are done when they return.

    Parameters
    ----------
    build, shape, capacity, options
        As of `Network`; the module is a `Perceptron`.
    """

    def __init__(self, build: Builder, shape: tuple[int, ...], capacity: int, options: Any) -> None:
        super().__init__(build, shape, capacity, options)
        self._code = ACTIVATION_CODES[options.activation]
        self._sizes = np.array([int(np.prod(shape)), *options.hidden, capacity])
        lengths = [int(np.prod(dims)) for dims, _ in self.names.shapes]
        starts = np.cumsum([0, *lengths])
        layers = [("layers", str(index)) for index in range(len(options.hidden))] + [("head",)]
        self._places = np.array([[starts[self.names.place(*layer, part)] for part in ("kernel", "bias")]
                                 for layer in layers])
        self._width, self._units = int(self._sizes[0]), int(self._sizes[1:].sum())
        self._widest = int(self._sizes[1:].max())
        self._shares = options.momentum, options.second_momentum
        self._rates = np.array([0.0, *self._shares, 1.0, 1.0, options.weight_decay, options.clip, 1.0],
                               np.float32)
        self._cuts = int(starts[-1])

    def placed(self, arrays: Iterable[Any]) -> Arrays:
        """Return copies, those of float32 as views of one vector."""
        copies = [np.array(array) for array in arrays]
        floats = [array.ravel() for array in copies if array.dtype == np.float32]
        vector = np.concatenate(floats) if floats else _NONE
        views, start = [], 0
        for array in copies:
            if array.dtype == np.float32:
                views.append(vector[start:start + array.size].reshape(array.shape))
                start += array.size
            else:
                views.append(array)
        flat = _Flat(views)
        flat.vector = vector
        return flat

    def answer(self, parameters: Any, rows: F32, classes: int) -> F32:
        """Return the probability of each class (n, classes)."""
        out = np.empty((len(rows), classes), np.float32)
        answer(parameters.vector, self._sizes, self._places, self._code, self._readable(rows),
               np.empty((2, len(rows) * self._units), np.float32), out)
        return out

    def gradient(self, parameters: Any, rows: F32, targets: F32, classes: int) -> F32:
        """Return the gradient of each row's cross-entropy with respect to it, (n, *shape)."""
        flat = self._readable(rows)
        of_rows = np.empty_like(flat)
        slope(parameters.vector, self._sizes, self._places, self._code, flat, _plain(targets),
              np.empty((3, len(rows) * self._units), np.float32), np.empty((len(rows), classes), np.float32), of_rows)
        return of_rows.reshape(rows.shape)

    def learn(self, parameters: Any, moments: Any, anchor: Any, lesson: Lesson, classes: int, rate: float) -> None:
        """Change parameters and optimiser state in place; outputs are held to the anchor, if there is one."""
        count = len(lesson.rows)
        first, second, rates = moments.vector[:self._cuts], moments.vector[self._cuts:], self._rates.copy()
        rates[0] = rate
        if len(second):
            updates = int(moments[0]) + 1
            moments[0][...] = updates
            rates[3:5] = [1 / (1 - share**updates) for share in self._shares]
        learn(parameters.vector, _NONE if anchor is None else anchor.vector, self._sizes, self._places, self._code,
              self._readable(lesson.rows), _plain(lesson.targets), _plain(lesson.weights), _plain(lesson.holds),
              np.empty((3, count * self._units), np.float32), np.empty((2, count, classes), np.float32),
              np.empty(LINES * self._widest, np.float32), first, second, rates)

    def _readable(self, rows: F32) -> F32:
        return _plain(rows).reshape(len(rows), self._width)


def _plain(array: F32) -> F32:
    """Return the array, or a copy that the kernels can read: for a read-only type they would be compiled anew."""
    flags = array.flags
    if array.dtype == np.float32 and flags.c_contiguous and flags.writeable:
        return array
    return np.array(array, np.float32, order="C")
