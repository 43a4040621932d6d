"""Answers to items that an expert was not asked about: soft targets for those that it teaches, and its own trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aura.zones.experts.credit import LEAST_PROBABILITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from aura.zones.experts.kinds.expert import Expert, Rows
    from aura.zones.experts.params import GrowthParams
    from aura.zones.experts.population import Population

__all__ = ["soft_targets_of", "teacher_share", "trial_of"]


def teacher_share(growth: GrowthParams | None, age: int, scale: float) -> float:
    """Return the share of the teacher in what an expert of this age, in items, is taught.

    The first share of `GrowthParams.alpha` holds for the bootstrap, the second for as long again; then the expert is on
    its own. `scale` multiplies it; a share is 1 at most.

    Examples
    --------
    >>> from aura.zones.experts.params import GrowthParams
    >>> [teacher_share(GrowthParams(bootstrap=100), age, 1.0) for age in (0, 99, 100, 199, 200)]
    [1.0, 1.0, 0.5, 0.5, 0.0]
    """
    if growth is None or age >= 2 * growth.bootstrap:
        return 0.0
    return min(1.0, scale * growth.alpha[age >= growth.bootstrap])


def soft_targets_of(population: Population, growth: GrowthParams | None, items: int, classes: int,
                    scale: float) -> Callable[[int, Rows], tuple[float, Rows] | None]:
    """Return what gives the soft targets of an expert in its bootstrap (Hinton et al. 2015, arXiv:1503.02531).

    The function takes the expert's index and rows (n, *shape), and returns the share of its teachers, and their mean
    answer (n, classes); None for an expert that is taught by none.
    """

    def soft_targets(index: int, rows: Rows) -> tuple[float, Rows] | None:
        unit = population.structure.units[index]
        if unit.start not in ("distil", "committee"):
            return None
        share = teacher_share(growth, items - unit.since, scale)
        teachers = [one for one in map(population.store.get, unit.parents) if one is not None] if share else []
        if not teachers:
            return None
        answers = [_answer(teacher, rows, classes) for teacher in teachers]
        return share, np.mean(answers, axis=0, dtype=np.float32)

    return soft_targets


def trial_of(population: Population, rows: Rows, places: NDArray[np.intp], classes: int) -> Callable[[str], float]:
    """Return what gives the mean loss of an expert, by name, on rows (n, *shape) whose true classes are known."""

    def trial(name: str) -> float:
        expert = population.store.get(name)
        if expert is None:
            return np.inf
        given = _answer(expert, rows, classes)[np.arange(len(places)), places]
        return float(-np.log(np.maximum(given, np.float32(LEAST_PROBABILITY))).mean())

    return trial


def _answer(expert: Expert, rows: Rows, classes: int) -> Rows:
    """Return an expert's answer with the classes that it does not know yet at 0."""
    answer = expert.predict(rows)[:, :classes]
    return np.pad(answer, ((0, 0), (0, classes - answer.shape[1])))
