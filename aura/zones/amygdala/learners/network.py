"""A network that all tasks share: linear heads over a representation that learns from all of them, by AdamW."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from aura.core.errors import StateError
from aura.core.lasting import Lasting
from aura.zones.amygdala.learners.learner import Block, Head, Learned, Learner, Lesson, Rows, compact
from aura.zones.amygdala.learners.network_options import NetworkOptions
from aura.zones.amygdala.learners.trunk import Trunk, bf16_product, product
from aura.zones.common.arrays import Array
from aura.zones.common.links import LOG_ODDS, Link
from aura.zones.common.losses import class_weights, loss_and_slope
from aura.zones.common.model_file import read_model, write_model
from aura.zones.common.parameters import Parameters, step
from aura.zones.common.readout import Readout
from aura.zones.common.running import Frequencies, Moments
from aura.zones.common.schedule import rate_at

__all__ = ["NetworkHead", "NetworkLearner"]

MODEL = "multitask_model.pt"


class NetworkHead(Readout):
    """A linear readout of the representation, beside what its loss weighs among those of all tasks."""

    lasting = ("log_variance",)

    def __init__(self, head: Head, width: int) -> None:
        super().__init__(head.target_type, head.outputs, width)
        self.log_variance = Parameters(np.zeros((1, 1), np.float32))
        """What the loss of the task scatters, by which it weighs the less; where that is learned."""


class NetworkLearner(Learner):
    r"""Learns all tasks in one network, a step of AdamW for each block or for as many items as are gathered.

    Notes
    -----
    Rows are standardised by their running mean and deviation. The loss of a block of n items is
    :math:`\frac1n \sum_i \sum_k w_k \ell_{ik}` over the tasks k that item i was told of, so a label that is missing
    is no term; a head that was told of nothing does not move, not even by momentum or decay. With
    ``balance = "uncertainty"`` a term is :math:`w_k e^{-s_k} \ell_{ik} + \frac12 s_k` instead, s being learned. The
    modulators' rate scales the step.

    References
    ----------
    A. Kendall, Y. Gal, R. Cipolla, Multi-task learning using uncertainty to weigh losses for scene geometry and
    semantics, CVPR 2018, arXiv:1705.07115, section 3.2.
    """

    link: ClassVar[Link] = LOG_ODDS
    whole: ClassVar[bool] = True
    lasting = ("_moments", "_trunk", "_heads", Lasting("_taught", key="told"), "_items", "_gathered", "_rates")

    def __init__(self, options: NetworkOptions, heads: Sequence[Head], features: int, rng: np.random.Generator) -> None:
        super().__init__(options, heads, features, rng)
        self._times = bf16_product if options.precision == "bf16" else product
        widths = (features, *options.hidden)
        self._moments = Moments(features)
        self._trunk = Trunk(widths, options.activation, rng)
        self._heads = {head.name: NetworkHead(head, widths[-1]) for head in heads}
        self._taught: set[str] = set()
        """The heads that have gathered a gradient."""
        self._items, self._gathered, self._rates = 0, 0, 0.0
        """Items that the weights have moved by; those gathered since, and the sum of their rates."""

    # --- predicting -----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def scores(self, rows: Rows) -> Mapping[str, Array]:
        top, _ = self._trunk.forward(self._standardised(rows), self._times, self._no_masks())
        return {name: _scores(head, self._read(head, top)) for name, head in self._heads.items()}

    def linear(self, head: str) -> Array | None:
        if self.options.hidden:
            return None
        one, deviation = self._heads[head], self._moments.deviation[:, None]
        weights = one.parameters.values[:-1] / deviation
        bias = one.parameters.values[-1] - self._moments.mean @ weights
        return np.vstack([weights * one.stretch, bias * one.stretch + one.offset])

    def _standardised(self, rows: Rows) -> Tensor:
        return torch.from_numpy(((rows - self._moments.mean) / self._moments.deviation).astype(np.float32))

    def _no_masks(self) -> list[Tensor | None]:
        return [None] * len(self.options.hidden)

    def _read(self, head: NetworkHead, top: Tensor) -> Tensor:
        return self._times(top, head.parameters.weight).add_(head.parameters.bias)

    # --- learning -------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def learn(self, block: Block, rate: float, *, want_gradient: bool = False) -> Learned:
        whole = len(block.rows)
        block, kept = compact(block)
        known = self._known(block) if rate > 0 else []
        met = [one for one, _ in known if isinstance(one, Moments) and not one.items]
        for one, new in known:
            if one in met:  # before it is learned from, so that no step is out of all proportion
                one.add(new)
        rows = self._standardised(block.rows)
        top, tape = self._trunk.forward(rows, self._times, self._no_masks())
        clean = {name: self._read(self._heads[name], top[lesson.used]) for name, lesson in block.lessons.items()}
        scores = {name: _scores(self._heads[name], found) for name, found in clean.items()}
        if rate > 0 and self.options.dropout and self.options.hidden:
            top, tape = self._trunk.forward(rows, self._times, self._masks(len(rows)))
            clean = {}
        slope, losses = torch.zeros_like(top), {}
        for name, lesson in block.lessons.items():
            part, losses[name] = self._lesson(name, lesson, top, clean.get(name), rate)
            slope[lesson.used] += part
        gradient = None
        if want_gradient or (rate > 0 and self.options.hidden):
            found = self._trunk.backward(slope, tape, self._times, gather=rate > 0, to_rows=want_gradient)
            if want_gradient:
                gradient = np.zeros((whole, self.features))
                gradient[kept] = found.numpy() / self._moments.deviation
        for one, new in known:
            if one not in met:
                one.add(new)
        scalars = self._moved(block, rate) if rate > 0 else {}
        return Learned(scores, losses, gradient, scalars)

    def _known(self, block: Block) -> list[tuple[Moments | Frequencies, Any]]:
        """Return what is known in closed form, and what the block adds to it."""
        return [(self._moments, block.rows), *((self._heads[name].known, lesson.targets)
                                               for name, lesson in block.lessons.items())]

    def _lesson(self, name: str, lesson: Lesson, top: Tensor, read: Tensor | None,
                rate: float) -> tuple[Tensor, float]:
        """Gather the gradient of one head; return that for what it reads, and the mean loss."""
        head, options = self._heads[name], self.options
        parameters, targets, top = head.parameters, lesson.targets, top[lesson.used]
        read = self._read(head, top) if read is None else read
        weights = None
        if isinstance(head.known, Moments):
            targets = (targets - head.known.mean) / head.known.deviation
        else:
            read = read + _tensor(head.known.log_odds)
            weights = class_weights(options, head.known.counts + targets.sum(axis=0), head.known.items + len(targets),
                                    exclusive=head.target_type == "choice")
        loss, slope = loss_and_slope(head.target_type, read, _tensor(targets),
                                     None if weights is None else _tensor(weights), options)
        weight = options.task_weights.get(name, 1.0)
        if options.balance == "uncertainty":
            weight *= float(np.exp(-head.log_variance.values[0, 0]))
            if rate > 0:
                head.log_variance.bias_gradient.add_(0.5 * len(loss) - weight * float(loss.sum()))
        slope = slope * weight
        if rate > 0:
            parameters.weight_gradient.add_(self._times(top.t(), slope))
            parameters.bias_gradient.add_(slope.sum(0))
        return self._times(slope, parameters.weight.t()), float(loss.mean())

    def _moved(self, block: Block, rate: float) -> dict[str, float]:
        """Count a block whose gradient has been gathered, and move where that are enough; return what to log."""
        self._taught.update(block.lessons)
        self._gathered += len(block.rows)
        self._rates += rate * len(block.rows)
        if self._gathered < self.options.accumulate:
            return {}
        options, scale = self.options, 1.0 / self._gathered
        heads = [self._heads[name] for name in sorted(self._taught)]
        parameters = [*self._trunk.layers, *(head.parameters for head in heads if head.parameters.values.size)]
        if options.balance == "uncertainty":
            parameters += [head.log_variance for head in heads]
        speed = options.learning_rate * rate_at(options.schedule, self._items + self._gathered) * self._rates * scale
        norm = step(parameters, speed, options.weight_decay, scale, options.clip) if parameters else 0.0
        self._items, self._gathered, self._rates = self._items + self._gathered, 0, 0.0
        self._taught.clear()
        return {"gradient_norm": norm, "step_size": speed}

    def _masks(self, rows: int) -> list[Tensor | None]:
        """Draw which hidden units take part, and by how much more for those that do not."""
        kept = np.float32(1.0 - self.options.dropout)
        return [torch.from_numpy((self.rng.random((rows, width), dtype=np.float32) < kept) / kept)
                for width in self.options.hidden]

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: Path) -> list[Path]:
        return write_model(folder / MODEL, self._named())

    @classmethod
    def width_of_export(cls, folder: Path) -> int:
        mean = read_model(folder / MODEL).get("rows.mean")
        if mean is None or mean.ndim != 1:
            raise StateError(str(folder / MODEL), expected="'rows.mean' of shape (features,)",
                             got="none" if mean is None else f"shape {mean.shape}")
        return len(mean)

    def read_export(self, folder: Path, heads: Sequence[Head]) -> NetworkLearner:
        twin = NetworkLearner(self.options, heads, self.features, np.random.default_rng(0))
        found = read_model(folder / MODEL)
        named = twin._named()
        if found.keys() != named.keys():
            odd = sorted(found.keys() ^ named.keys())
            raise StateError(str(folder / MODEL), expected=f"tensors for the tasks {', '.join(twin._heads)} and "
                             f"{len(self.options.hidden)} hidden layers", got=f"others: {', '.join(odd)}")
        for name, array in named.items():
            if found[name].shape != array.shape:
                raise StateError(str(folder / MODEL), expected=f"{name!r} of shape {array.shape}",
                                 got=f"shape {found[name].shape}")
            with np.errstate(over="ignore"):
                array[...] = found[name]
            if not np.isfinite(array).all():
                raise StateError(str(folder / MODEL), expected=f"{name!r} of numbers that a float32 holds",
                                 got="larger ones")
        for name, known in twin._known_of():
            if not known.sound:
                raise StateError(str(folder / MODEL), expected=f"'{name}.*' of what can have been counted",
                                 got="counts below 0, or more of a class than of items")
        return twin

    def adopt_export(self, found: NetworkLearner) -> None:
        self.load_state(found.state())

    def _named(self) -> dict[str, np.ndarray]:
        """Return the parameters by name, weights (outputs, inputs) as torch's layers have them; views of what they are.
        """
        named = _of_parameters({f"trunk.{place}": layer for place, layer in enumerate(self._trunk.layers)}
                               | {f"heads.{name}": head.parameters for name, head in self._heads.items()})
        for name, known in self._known_of():
            named |= {f"{name}.{key}": array for key, array in known.arrays.items()}
        return named

    def _known_of(self) -> list[tuple[str, Moments | Frequencies]]:
        """Return what is known in closed form, of the rows and of each head."""
        return [("rows", self._moments), *((f"heads.{name}", head.known) for name, head in self._heads.items())]

    def grow(self, head: str, count: int, seen: float) -> None:
        self._heads[head].grow(count)


def _scores(head: NetworkHead, read: Tensor) -> Array:
    found: Array = read.numpy().astype(np.float64) * head.stretch + head.offset
    return found


def _of_parameters(parameters: Mapping[str, Parameters]) -> dict[str, np.ndarray]:
    return {f"{name}.{part}": array for name, one in parameters.items()
            for part, array in (("weight", one.values[:-1].T), ("bias", one.values[-1]))}


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.asarray(array, np.float32))
