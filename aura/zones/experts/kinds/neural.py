"""Experts that are neural networks: what is the same for every architecture."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from flax import nnx

from aura.core.blame import described
from aura.core.errors import StateError
from aura.zones.experts.kinds.expert import Expert, ExpertOptions, Lesson, Rows
from aura.zones.experts.kinds.options import NeuralOptions, learning_rate
from aura.zones.experts.kinds.programs import MASKED, Program, program
from aura.zones.experts.kinds.pytree import widened

__all__ = ["FUSED_AT_MOST", "LEAST_CAPACITY", "PREDICTED_AT_ONCE", "NeuralExpert", "capacity_for"]

LEAST_CAPACITY = 8
"""Logits of a head at least, tuned here: adding a class seldom compiles anew."""
PREDICTED_AT_ONCE = 256
"""Rows of one prediction at most, tuned here: bounds the memory of a convolution's intermediate values."""
FUSED_AT_MOST = 4
"""Networks in one compiled call at most, for one row each: every number is compiled by itself."""


def capacity_for(classes: int) -> int:
    """Return the logits of a head for so many classes: the next power of two."""
    return max(LEAST_CAPACITY, 1 << max(classes - 1, 0).bit_length())


class NeuralExpert(Expert):
    """A network that learns by gradient descent, one update a lesson.

    Parameters
    ----------
    shape, classes, options, seed
        As of `Expert`; `options` is a `NeuralOptions`.

    Notes
    -----
    The module is defined with flax.nnx (`build`) and run by compiled pure functions (`programs`). Rows are padded to a
    few sizes, the head has room for classes to come; what pads has no effect. A row's result may depend on the size in
    its last bits; the same calls in the same order always give the same bits.

    A lesson none of whose rows has a weight or a hold above 0 changes nothing. A clone keeps the optimiser's moments
    and the count of rows; only what is drawn later, the logits of new classes, comes from its own seed.
    """

    Options: ClassVar[type[ExpertOptions]] = NeuralOptions
    options: NeuralOptions

    def __init__(self, shape: tuple[int, ...], classes: int, options: Any, seed: int) -> None:
        super().__init__(tuple(shape), classes, options, seed)
        self.capacity = capacity_for(classes)
        self.updates = 0
        self.learned = 0
        self.program = self._program_for(self.capacity)
        self._parameters = self.program.initial(seed)
        self._anchor = self.program.placed(self._parameters)
        self._optimiser = self.program.optimiser_state()
        self._set_mask()

    @staticmethod
    @abstractmethod
    def build(shape: tuple[int, ...], options: Any, outputs: int, rngs: nnx.Rngs) -> nnx.Module:
        """Return the module that maps rows (n, *shape) to logits (n, outputs); its last layer is named ``head``."""

    @property
    def nbytes(self) -> int:
        """Memory of the parameters, the optimiser's state and the anchor, in bytes."""
        return sum(leaf.nbytes for leaf in (*self._parameters, *self._optimiser, *self._anchor))

    def predict(self, rows: Rows) -> Rows:
        """Return the probability of each class (n, classes)."""
        return self.predict_many([(self, rows)])[0]

    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        """Take one step, and return the gradient of each row's own cross-entropy with respect to it."""
        return self.learn_many([(self, lesson)], want_gradient=want_gradient)[0]

    @classmethod
    def predict_many(cls, jobs: Sequence[tuple[Self, Rows]]) -> list[Rows]:
        """Predict with several experts: all calls are under way before the first is waited for."""
        parts = [(index, expert, rows[start:start + PREDICTED_AT_ONCE]) for index, (expert, rows) in enumerate(jobs)
                 for start in range(0, len(rows), PREDICTED_AT_ONCE)]
        pending: dict[int, Any] = {}
        for group in _groups([(expert, rows) for _, expert, rows in parts]):
            members = [parts[place] for place in group]
            size = members[0][1].program.rows_for(len(members[0][2]))
            answers = members[0][1].program.predict(
                tuple(expert._parameters for _, expert, _ in members),
                tuple(expert.program.padded(rows, size) for _, expert, rows in members),
                tuple(expert._mask for _, expert, _ in members))
            pending.update(zip(group, answers, strict=True))
        predicted = [np.empty((len(rows), expert.classes), np.float32) for expert, rows in jobs]
        filled = [0] * len(jobs)
        for place, (index, expert, rows) in enumerate(parts):
            start = filled[index]
            filled[index] += len(rows)
            predicted[index][start:filled[index]] = np.asarray(pending[place])[:len(rows), :expert.classes]
        return predicted

    @classmethod
    def learn_many(cls, jobs: Sequence[tuple[Self, Lesson]], *, want_gradient: bool = False) -> list[Rows | None]:
        """Let several experts learn; waits for none of them, unless the gradients are wanted."""
        slopes: list[Any] = [None] * len(jobs)
        # An update with nothing to learn would still move the parameters along the optimiser's momentum.
        live = [index for index, (_, lesson) in enumerate(jobs) if _counts(lesson)]
        for group in _groups([(jobs[index][0], jobs[index][1].rows) for index in live]):
            members = [live[place] for place in group]
            found = cls._learn_together([jobs[index] for index in members], want_gradient)
            for index, slope in zip(members, found, strict=True):
                slopes[index] = slope
        if not want_gradient:
            return [None] * len(jobs)
        for index, (expert, lesson) in enumerate(jobs):
            if slopes[index] is None:
                slopes[index] = expert._slope(lesson)
        return [np.array(np.asarray(slope)[:len(lesson.rows)])
                for slope, (_, lesson) in zip(slopes, jobs, strict=True)]

    @classmethod
    def _learn_together(cls, members: Sequence[tuple[Self, Lesson]], wanted: bool) -> tuple[Any, ...]:
        """Start one compiled update of experts that share a program, and return their gradients."""
        first = members[0][0]
        size = first.program.rows_for(len(members[0][1].rows))
        held = any(bool(np.count_nonzero(lesson.holds)) for _, lesson in members)
        rates = tuple(np.float32(learning_rate(expert.options, expert.learned) * lesson.rate)
                      for expert, lesson in members)
        after, states, slopes = first.program.step(
            tuple(expert._parameters for expert, _ in members), tuple(expert._optimiser for expert, _ in members),
            tuple(expert._padded(lesson, size) for expert, lesson in members),
            tuple(expert._anchor if held else () for expert, _ in members),
            tuple(expert._mask for expert, _ in members), rates, held=held, wanted=wanted)
        for (expert, lesson), parameters, moments in zip(members, after, states, strict=True):
            expert._parameters, expert._optimiser = parameters, moments
            expert._count(int(np.count_nonzero(lesson.weights)))
        return tuple(slopes)

    def _count(self, learned: int) -> None:
        """Count an update from so many rows, and take the anchor anew when it is time."""
        self.updates += 1
        self.learned += learned
        if self.updates % self.options.anchor_every == 0:
            self._anchor = self.program.placed(self._parameters)

    def warm_up(self, counts: Sequence[int], *, held: bool = False, want_gradient: bool = False) -> None:
        """Compile what calls of so many rows need, by a copy of itself; nothing that it knows changes."""
        other = self.clone(self.seed)
        for count in counts:
            rows, targets = np.zeros((count, *self.shape), np.float32), np.zeros((count, self.classes), np.float32)
            ones = np.ones(count, np.float32)
            other.learn(Lesson(rows, targets, ones, ones * held, 1.0), want_gradient=want_gradient)
            other.predict(rows)

    def add_classes(self, count: int) -> None:
        """Append classes; beyond the head's room it is made wider, with fresh parameters for what is new."""
        self.classes += count
        if self.classes > self.capacity:
            self.capacity = capacity_for(self.classes)
            self.program = wide = self._program_for(self.capacity)
            fresh = wide.initial(self.seed)
            blank = wide.optimiser_state()
            self._anchor = wide.placed(widened(self._anchor, fresh))
            self._parameters = wide.placed(widened(self._parameters, fresh))
            self._optimiser = wide.placed(widened(self._optimiser, blank))
        self._set_mask()

    def state(self) -> dict[str, Any]:
        """Return the parameters, the optimiser's state, the anchor and the counts, as copies."""
        steps = self.program
        return {"classes": self.classes, "capacity": self.capacity, "updates": self.updates, "learned": self.learned,
                "parameters": steps.names.named(self._parameters), "anchor": steps.names.named(self._anchor),
                "optimiser": steps.optimiser_names.named(self._optimiser)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        where = f"{self.kind} expert"
        try:
            classes, capacity, updates, learned = (int(state[key])
                                                   for key in ("classes", "capacity", "updates", "learned"))
            parts = state["parameters"], state["anchor"], state["optimiser"]
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(where, expected="a state of this kind", got=described(error)) from error
        if classes < 1 or capacity != capacity_for(capacity) or classes > capacity or min(updates, learned) < 0:
            raise StateError(where, expected="counts that fit one another",
                             got=f"{classes} classes, {capacity} logits, {updates} updates of {learned} rows")
        steps = self._program_for(capacity)
        parameters = steps.names.read(parts[0], f"{where}.parameters")
        anchor = steps.names.read(parts[1], f"{where}.anchor")
        moments = steps.optimiser_names.read(parts[2], f"{where}.optimiser")
        self.program, self.classes, self.capacity = steps, classes, capacity
        self.updates, self.learned = updates, learned
        self._parameters, self._anchor, self._optimiser = map(steps.placed, (parameters, anchor, moments))
        self._set_mask()

    def _program_for(self, capacity: int) -> Program:
        """Return the compiled steps, which all experts of the same definition share."""
        return program(type(self).build, self.shape, capacity, self.options)

    def _set_mask(self) -> None:
        mask = np.where(np.arange(self.capacity) < self.classes, 0, MASKED).astype(np.float32)
        (self._mask,) = self.program.placed([mask])

    def _padded(self, lesson: Lesson, size: int) -> tuple[Rows, Rows, Rows, Rows]:
        """Return a lesson with as many rows as the program is compiled for, and with room for classes to come."""
        targets = np.zeros((size, self.capacity), np.float32)
        targets[:len(lesson.targets), :lesson.targets.shape[1]] = lesson.targets
        padded = self.program.padded
        return padded(lesson.rows, size), targets, padded(lesson.weights, size), padded(lesson.holds, size)

    def _slope(self, lesson: Lesson) -> Any:
        if not len(lesson.rows):
            return np.zeros((0, *self.shape), np.float32)
        rows, targets, _, _ = self._padded(lesson, self.program.rows_for(len(lesson.rows)))
        return self.program.slope(self._parameters, rows, targets, self._mask)


def _counts(lesson: Lesson) -> bool:
    return bool(np.count_nonzero(lesson.weights) or np.count_nonzero(lesson.holds))


def _groups(jobs: Sequence[tuple[NeuralExpert, Rows]]) -> list[list[int]]:
    """Return which jobs are done in one compiled call: those of one row that share a program."""
    groups: list[list[int]] = []
    open_groups: dict[int, list[int]] = {}
    for index, (expert, rows) in enumerate(jobs):
        if not len(rows):
            continue
        key = id(expert.program)
        group = open_groups.get(key) if len(rows) == 1 else None
        if group is not None and len(group) < FUSED_AT_MOST and all(jobs[other][0] is not expert for other in group):
            group.append(index)
            continue
        groups.append([index])
        if len(rows) == 1:
            open_groups[key] = groups[-1]
    return groups
