"""Which expert may be pruned, and which is to be revived."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from aura.zones.common.arrays import Array
from aura.zones.experts.growth.structure import Structure

__all__ = ["REVIVAL_MARGIN", "idle", "revivable"]

REVIVAL_MARGIN = 0.8
"""An expert is revived when its loss on the surprising items is below so much of the stream's (chosen here: the
mean of 200 losses of a classifier that errs often is itself only good to about a tenth)."""


def idle(structure: Structure, share: Array, items: int, *, below: float, after: int, shared: int = 0) -> str | None:
    """Return the active expert with the least share of the gate, if that is so little that it may be pruned.

    The last active expert, the first `shared` ones, frozen ones, and those born or revived less than `after`
    items ago are never named. An equal part of the gate is 1 over the number of active experts, and `below` is in
    units of it.
    """
    if structure.active_count < 2:
        return None
    least, name = below / structure.active_count, None
    for index, part in enumerate(share.tolist()):
        if part >= least or index < shared:
            continue
        unit = structure.units[index]
        if unit.status == "active" and not unit.frozen and items - unit.since >= after:
            least, name = part, unit.name
    return name


def revivable(structure: Structure, trial: Callable[[str], float], loss: float) -> str | None:
    """Return the expert among those pruned that does best on the latest items, if it beats `loss` by the margin.

    `trial` gives the mean loss of an expert on those items; what is not a number counts as no answer.
    """
    best, name = REVIVAL_MARGIN * loss, None
    for unit in structure.units:
        if unit.status == "pruned":
            found = trial(unit.name)
            if -inf < found < best:
                best, name = found, unit.name
    return name
