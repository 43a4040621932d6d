"""The network of the temporal lobe as it learns online: sequences of turns in, scores of all tasks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aura.core.lasting import Lasting, Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.losses import class_weights, loss_and_slope
from aura.zones.common.parameters import step
from aura.zones.common.readout import Readout
from aura.zones.common.running import Moments
from aura.zones.common.schedule import rate_at
from aura.zones.temporal.params import TemporalParams
from aura.zones.temporal.sequence import SequenceEncoder

__all__ = ["Flat", "Lesson", "Model", "Sequences"]

_ALIGNED = 16
"""Floats of 64 bytes: a product's bits may depend on where a matrix begins."""
_NAMES = ("values", "gradient", "mean", "square")


class Sequences(NamedTuple):
    """Turns side by side, and those of them that are asked of."""

    rows: NDArray[np.float32]
    """Embeddings (b, t, features), 0 behind the last of each."""
    lengths: NDArray[np.int64]
    """Turns of each, (b,)."""
    speakers: NDArray[np.int64]
    """Whose turn each is, (b, t)."""
    which: NDArray[np.int64]
    """Of each turn that is asked of its sequence, (n,)."""
    places: NDArray[np.int64]
    """And its place there, (n,)."""

    @property
    def newest(self) -> NDArray[np.float32]:
        """The embeddings of the turns that are asked of, (n, features)."""
        rows: NDArray[np.float32] = self.rows[self.which, self.places]
        return rows


class Lesson(NamedTuple):
    """What one task is told of the turns that are asked of."""

    used: NDArray[np.intp]
    """Which of them, (u,)."""
    targets: Array
    """(u, outputs)."""


class Flat(Stateful):
    """All parameters of a module in one array, with their gradient and what AdamW knows of them.

    Parameters
    ----------
    module : torch.nn.Module
        Its parameters become views of the array, and so do their gradients; matrices first, which decay, then the rest.
    """

    lasting = (*_NAMES, "steps")

    def __init__(self, module: nn.Module) -> None:
        named = sorted(module.named_parameters(), key=lambda one: one[1].ndim < 2)
        sizes = [-(-one.numel() // _ALIGNED) * _ALIGNED for _, one in named]
        starts = np.cumsum([0, *sizes]).tolist()
        # torch aligns what it allocates, whatever process it is in.
        self.values, self.gradient, self.mean, self.square = (torch.zeros(starts[-1]).numpy() for _ in _NAMES)
        self.steps = 0
        values, gradient, mean, square = (torch.from_numpy(getattr(self, name)) for name in _NAMES)
        split = sum(size for size, (_, one) in zip(sizes, named, strict=True) if one.ndim >= 2)
        self.weights = [whole[:split] for whole in (values, gradient, mean, square)]
        self.biases = [whole[split:] for whole in (values, gradient, mean, square)]
        self.whole_gradient = gradient
        with torch.no_grad():
            for start, (_, one) in zip(starts, named, strict=False):
                part = slice(start, start + one.numel())
                values[part] = one.flatten()
                one.data = values[part].view(one.shape)
                one.grad = gradient[part].view(one.shape)


class Model(Stateful):
    r"""A `SequenceEncoder` and a linear readout for each task, learned together by AdamW.

    Parameters
    ----------
    params : TemporalParams
    features : int
        Of an embedding.
    rng : numpy.random.Generator
        The zone's: all chance comes from it.

    Notes
    -----
    Embeddings are standardised by their running mean and deviation. A readout reads what the encoder says after a turn
    and, side by side with it, the newest turns as they came, so that what is linear in these is learned at once and the
    network learns the rest. The loss of n turns is :math:`\frac1n \sum_i \sum_k w_k \ell_{ik}` over the tasks k that
    turn i was told of. Derivatives of losses and readouts are in closed form; through the encoder autograd goes.
    """

    lasting = ("_moments", "_flat", "_items", "_gathered", "_rates", Lasting("_taught", key="told"))

    def __init__(self, params: TemporalParams, features: int, rng: np.random.Generator) -> None:
        self._params, self._rng, options = params, rng, params.network
        self.features = features
        self._chance = torch.Generator()
        self._reseed()
        self.encoder = SequenceEncoder(
            features, hidden=options.hidden, layers=options.layers, heads=options.heads, filters=options.filters,
            kernels=options.kernels, blocks=options.blocks, dropout=options.dropout,
            speakers=params.speakers + 1 if params.speakers else 0, generator=self._chance)
        self._flat = Flat(self.encoder)
        self._moments = Moments(features)
        self._taught: set[str] = set()
        """The tasks that have gathered a gradient."""
        self._items, self._gathered, self._rates = 0, 0, 0.0
        """Turns that the weights have moved by; those gathered since, and the sum of their rates."""

    @staticmethod
    def width(params: TemporalParams, features: int) -> int:
        """Return how many numbers a readout reads."""
        return params.network.hidden + params.network.direct * features

    def _reseed(self) -> None:
        """Let chance begin anew from the zone's own, so that it need not be saved."""
        self._chance.manual_seed(int(self._rng.integers(2**63)))

    # --- predicting -----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def scores(self, sequences: Sequences, readouts: Mapping[str, Readout]) -> tuple[dict[str, Array],
                                                                                            NDArray[np.float32]]:
        """Return the scores of each task (n, outputs), and what those turns attended to, (n, t)."""
        self.encoder.eval()
        rows = self._standardised(sequences)
        which, places = torch.from_numpy(sequences.which), torch.from_numpy(sequences.places)
        top, paid = self.encoder.attended(rows, which, places, torch.from_numpy(sequences.speakers))
        read = self._beside(top, rows, which, places)
        return {name: _scores(one, _read(one, read)) for name, one in readouts.items()}, paid.numpy()

    def _standardised(self, sequences: Sequences) -> Tensor:
        rows = (sequences.rows - self._moments.mean.astype(np.float32)) / self._moments.deviation.astype(np.float32)
        rows[np.arange(rows.shape[1]) >= sequences.lengths[:, None]] = 0.0
        return torch.from_numpy(rows)

    def _beside(self, top: Tensor, rows: Tensor, which: Tensor, places: Tensor) -> Tensor:
        """Return what is read: what the encoder says, and the newest turns; 0 before the first."""
        parts = [top]
        for back in range(self._params.network.direct):
            there = (places >= back)[:, None]
            parts.append(rows[which, (places - back).clamp_min(0)] * there)
        return torch.cat(parts, 1)

    # --- learning -------------------------------------------------------------------------------------------------

    def learn(self, sequences: Sequences, lessons: Mapping[str, Lesson], readouts: Mapping[str, Readout], rate: float,
              *, want_gradient: bool = False, again: bool = False
              ) -> tuple[dict[str, float], Array | None, dict[str, float]]:
        """Learn what tasks are told of some turns, and return the loss of each, the gradient, and what to log.

        The gradient is that of the summed loss of all turns taught, with respect to the embeddings of these, (n,
        features), by the weights before. What turns say of the frequency of classes counts once: not if they are
        learned `again`.
        """
        first = not self._moments.items
        if first and rate > 0:  # before it is learned from, so that no step is out of all proportion
            self._moments.add(sequences.newest.astype(np.float64))
        self.encoder.train(rate > 0)
        if rate > 0:
            self._reseed()
        rows = self._standardised(sequences).requires_grad_(want_gradient)
        which, places = torch.from_numpy(sequences.which), torch.from_numpy(sequences.places)
        with torch.set_grad_enabled(rate > 0 or want_gradient):
            top = self.encoder(rows, which, places, torch.from_numpy(sequences.speakers))
            read = self._beside(top, rows, which, places)
        slope, losses = torch.zeros_like(read), {}
        for name, lesson in lessons.items():
            with torch.no_grad():
                part, losses[name] = self._lesson(name, readouts[name], lesson, read, rate, again)
                slope[torch.from_numpy(lesson.used)] += part
        gradient, back = None, None
        if rate > 0:
            torch.autograd.backward(read, slope)
            back = rows.grad
        elif want_gradient:
            back, = torch.autograd.grad(read, rows, slope)
        if want_gradient and back is not None:
            gradient = back[which, places].numpy() / self._moments.deviation
        if rate <= 0:
            return losses, gradient, {}
        if not first:
            self._moments.add(sequences.newest.astype(np.float64))
        return losses, gradient, self._moved(len(sequences.which), lessons, readouts, rate)

    def _lesson(self, name: str, readout: Readout, lesson: Lesson, read: Tensor, rate: float,
                again: bool) -> tuple[Tensor, float]:
        """Gather the gradient of one readout; return that for what it reads, and the mean loss."""
        read, targets, known = read[torch.from_numpy(lesson.used)], lesson.targets, readout.known
        if isinstance(known, Moments):
            if rate > 0 and not known.items:
                known.add(targets)
                new = None
            else:
                new = targets
            found = _read(readout, read)
            wanted, weights = (targets - known.mean) / known.deviation, None
        else:
            new = targets
            found = _read(readout, read) + _tensor(known.log_odds)
            wanted, weights = targets, class_weights(
                self._params, known.counts + (0 if again else targets.sum(axis=0)),
                known.items + (0 if again else len(targets)),
                exclusive=readout.target_type == "choice")
        loss, slope = loss_and_slope(readout.target_type, found, _tensor(wanted),
                                     None if weights is None else _tensor(weights), self._params)
        slope = slope * self._params.tasks[name].weight
        back = slope @ readout.parameters.weight.t()
        if rate > 0:
            readout.parameters.weight_gradient.add_(read.t() @ slope)
            readout.parameters.bias_gradient.add_(slope.sum(0))
            if new is not None and not again:
                known.add(new)
        return back, float(loss.mean())

    def _moved(self, turns: int, lessons: Mapping[str, Lesson], readouts: Mapping[str, Readout],
               rate: float) -> dict[str, float]:
        """Count turns whose gradient has been gathered, and move where that are enough; return what to log."""
        options = self._params.network
        self._taught.update(lessons)
        self._gathered += turns
        self._rates += rate * turns
        if self._gathered < options.accumulate:
            return {}
        scale = 1.0 / self._gathered
        moving = [readouts[name].parameters for name in sorted(self._taught) if readouts[name].parameters.values.size]
        speed = options.learning_rate * rate_at(options.schedule, self._items + self._gathered) * self._rates * scale
        norm = step([self._flat, *moving], speed, options.weight_decay, scale, options.clip)
        self._items, self._gathered, self._rates = self._items + self._gathered, 0, 0.0
        self._taught.clear()
        return {"gradient_norm": norm, "step_size": speed}

    def named(self) -> dict[str, np.ndarray]:
        """Return the encoder's weights as torch names them, and the moments of the embeddings; views of what they are.
        """
        found: dict[str, np.ndarray] = {
            f"encoder.{name}": one.detach().numpy() for name, one in self.encoder.named_parameters()}
        return found | {f"embedding.{name}": array for name, array in self._moments.arrays.items()}


def _read(readout: Readout, read: Tensor) -> Tensor:
    return torch.addmm(readout.parameters.bias, read, readout.parameters.weight)


def _scores(readout: Readout, read: Tensor) -> Array:
    found: Array = read.numpy().astype(np.float64) * readout.stretch + readout.offset
    return found


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.asarray(array, np.float32))
