"""The steps of a perceptron by kernels for one core, in place of those that XLA compiles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.zones.experts.kinds.mlp_kernels import ACTIVATION_CODES, forward, learn, probabilities, slope
from aura.zones.experts.kinds.options import NeuralOptions
from aura.zones.experts.kinds.programs import Builder, Leaves, Program

__all__ = ["PerceptronProgram", "perceptron_program"]

F32 = NDArray[np.float32]
_NONE = np.empty(0, np.float32)
_NO_ROWS = np.empty((0, 0), np.float32)


class _Flat(tuple[Any, ...]):
    """A tuple of arrays, the float32 ones of which are views of one `vector`, one after the other."""

    vector: F32
    scratch: F32
    """For the gradient, zeros between updates; each expert's own, as experts of one program may learn at once."""


class _Buffers:
    """What the passes for a number of rows write: activations before and after, deltas, answers."""

    def __init__(self, count: int, units: int, outputs: int) -> None:
        self.before, self.after, self.deltas = np.empty((3, count * units), np.float32)
        self.logits = self.before[count * (units - outputs):].reshape(count, outputs)


class PerceptronProgram(Program):
    """A `Program` for `Perceptron` whose arrays are numpy's, and whose steps are done when they return.

    Parameters
    ----------
    build, shape, capacity, options
        As of `Program`; the module is a `Perceptron`.
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
        self._units = int(self._sizes[1:].sum())
        self._shares = options.momentum, options.second_momentum
        self._momenta = np.array(self._shares, np.float32)
        self._decay, self._clip = np.float32(options.weight_decay), np.float32(options.clip)
        self._cuts = int(starts[-1])

    def rows_for(self, count: int) -> int:
        """Return `count`: the kernels take any number of rows."""
        return count

    def padded(self, array: F32, size: int) -> F32:
        """Return the array, or a copy that the kernels can read; they are done with it when the call is back."""
        flags = array.flags
        if array.dtype == np.float32 and flags.c_contiguous and flags.writeable:
            return array
        return np.array(array, np.float32, order="C")  # a read-only type would be compiled for by itself

    def placed(self, leaves: Iterable[Any]) -> Leaves:
        """Return copies, those of float32 as views of one vector."""
        arrays = [np.array(leaf) for leaf in leaves]
        floats = [array.ravel() for array in arrays if array.dtype == np.float32]
        vector = np.concatenate(floats) if floats else _NONE
        views, start = [], 0
        for array in arrays:
            if array.dtype == np.float32:
                views.append(vector[start:start + array.size].reshape(array.shape))
                start += array.size
            else:
                views.append(array)
        flat = _Flat(views)
        flat.vector = vector
        return flat

    def predict(self, several: tuple[Leaves, ...], rows: tuple[Any, ...], masks: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the probabilities of all logits by each of several networks."""
        return tuple(self._answers(parameters, self._buffers(len(array)), array, mask)
                     for parameters, array, mask in zip(several, rows, masks, strict=True))

    def step(self, several: tuple[Leaves, ...], states: tuple[Leaves, ...], lessons: tuple[tuple[Any, ...], ...],
             anchors: tuple[Leaves, ...], masks: tuple[Any, ...], rates: tuple[Any, ...], *, held: bool,
             wanted: bool) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
        """Change parameters and optimiser states in place, and return them with the gradients by row."""
        slopes = tuple(self._learn(*parts, held=held, wanted=wanted)
                       for parts in zip(several, states, lessons, anchors, masks, rates, strict=True))
        return several, states, slopes

    def slope(self, parameters: Leaves, rows: Any, targets: Any, mask: Any) -> F32:
        """Return the gradient of each row's cross-entropy with respect to it."""
        buffers = self._buffers(len(rows))
        answers = self._answers(parameters, buffers, rows, mask)
        return self._slope_of(parameters, buffers, rows, answers, targets)

    def _buffers(self, count: int) -> _Buffers:
        return _Buffers(count, self._units, self.capacity)

    def _answers(self, parameters: Any, buffers: _Buffers, rows: F32, mask: F32) -> F32:
        forward(parameters.vector, self._sizes, self._places, self._code, rows.reshape(len(rows), -1), buffers.before,
                buffers.after)
        answers = np.empty((len(rows), self.capacity), np.float32)
        probabilities(buffers.logits, mask, answers)
        return answers

    def _slope_of(self, parameters: Any, buffers: _Buffers, rows: F32, answers: F32, targets: F32) -> F32:
        flat = rows.reshape(len(rows), -1)
        of_rows = np.empty_like(flat)
        slope(parameters.vector, self._sizes, self._places, self._code, flat, buffers.before, buffers.after, answers,
              targets, buffers.deltas, of_rows)
        return of_rows.reshape(rows.shape)

    def _learn(self, parameters: Any, moments: Any, lesson: tuple[Any, ...], anchor: Leaves, mask: F32, rate: float, *,
               held: bool, wanted: bool) -> F32 | None:
        rows, targets, weights, holds = lesson
        if not hasattr(parameters, "scratch"):
            parameters.scratch = np.zeros_like(parameters.vector)
        buffers = self._buffers(len(rows))
        anchored = self._answers(anchor, buffers, rows, mask) if held else _NO_ROWS
        answers = self._answers(parameters, buffers, rows, mask)
        of_rows = self._slope_of(parameters, buffers, rows, answers, targets) if wanted else None
        first, second, corrections = moments.vector[:self._cuts], moments.vector[self._cuts:], self._momenta
        if len(second):
            updates = int(moments[0]) + 1
            moments[0][...] = updates
            corrections = np.array([1 / (1 - share**updates) for share in self._shares], np.float32)
        learn(parameters.vector, self._sizes, self._places, self._code, rows.reshape(len(rows), -1), buffers.before,
              buffers.after, answers, anchored, targets, weights, holds, buffers.deltas, parameters.scratch, first,
              second, np.float32(rate), self._momenta, corrections, self._decay, self._clip)
        return of_rows


@lru_cache(maxsize=64)
def perceptron_program(build: Builder, shape: tuple[int, ...], capacity: int,
                       options: NeuralOptions) -> PerceptronProgram:
    """Return the program of a perceptron; experts of one definition share it."""
    return PerceptronProgram(build, shape, capacity, options)
