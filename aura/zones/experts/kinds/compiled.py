"""Experts whose network XLA compiles: several are asked and taught in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from aura.zones.experts.kinds.expert import Lesson, Rows
from aura.zones.experts.kinds.networks import Network
from aura.zones.experts.kinds.neural import NeuralExpert, counts
from aura.zones.experts.kinds.options import learning_rate
from aura.zones.experts.kinds.programs import Program

__all__ = ["FUSED_AT_MOST", "PREDICTED_AT_ONCE", "CompiledExpert"]

PREDICTED_AT_ONCE = 256
"""Rows of one prediction at most, tuned here: bounds the memory of a convolution's intermediate values."""
FUSED_AT_MOST = 4
"""Networks in one compiled call at most, for one row each: every number is compiled by itself."""


class CompiledExpert(NeuralExpert):
    """A network that runs by compiled pure functions (`programs`), on one device or several.

    Notes
    -----
    Rows are padded to a few sizes, the head has room for classes to come; what pads has no effect. A row's result may
    depend on the size in its last bits; the same calls in the same order always give the same bits.
    """

    Steps: ClassVar[type[Network]] = Program
    program: Program

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
                tuple(expert.program.mask(expert.classes) for _, expert, _ in members))
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
        live = [index for index, (_, lesson) in enumerate(jobs) if counts(lesson)]
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
            tuple(expert.program.mask(expert.classes) for expert, _ in members), rates, held=held, wanted=wanted)
        for (expert, lesson), parameters, moments in zip(members, after, states, strict=True):
            expert._parameters, expert._optimiser = parameters, moments
            expert._count(int(np.count_nonzero(lesson.weights)))
        return tuple(slopes)

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
        return self.program.slope(self._parameters, rows, targets, self.program.mask(self.classes))


def _groups(jobs: Sequence[tuple[CompiledExpert, Rows]]) -> list[list[int]]:
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
