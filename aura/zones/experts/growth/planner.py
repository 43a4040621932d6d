"""The planner: when experts are born, pruned and revived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.experts.growth.board import Board
from aura.zones.experts.growth.log import Action, Reason, Start
from aura.zones.experts.growth.pruning import idle, revivable
from aura.zones.experts.growth.schedule import stage_of, wanted
from aura.zones.experts.growth.structure import Structure
from aura.zones.experts.growth.triggers import Triggers
from aura.zones.experts.params import GrowthParams

__all__ = ["LOOK_ITEMS", "GrowthPlanner", "Plan"]

LOOK_ITEMS = 64
"""Items between two looks for an expert to prune: shares change slowly, and a look costs some microseconds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One change that is to be made; the zone makes it, and writes the event.

    Parameters
    ----------
    action, reason
        As of a growth event.
    expert : str, optional
        To whom; None for one that is to be born.
    start : str
        How one that is born begins.
    teachers : tuple of str
        Whom it begins from.
    kind : str, optional
        Filled in by the zone.
    """

    action: Action
    reason: Reason
    expert: str | None = None
    start: Start = ""
    teachers: tuple[str, ...] = ()
    kind: str | None = None


class GrowthPlanner(Stateful):
    """Decides, from the running statistics, what is to be changed.

    Parameters
    ----------
    params : GrowthParams
        As of the zone.
    max_experts : int
        Experts there may be, those pruned included.
    k : int
        How many teachers a committee has at most.
    shared : int
        The first so many experts are never pruned.
    where : str
        Whose it is, for errors.

    Notes
    -----
    *Schedule*: when a stage begins, experts are born until as many are active as it asks for; what is pruned within a
    stage is not replaced before the next. *Triggers* (see `Triggers`) count from the end of the cooldown, and a birth,
    a revival and a refusal each begin a cooldown and the count anew. The growth drive divides the patience: at 2 half
    of it is enough, at 0 no trigger ever is. *Pruning* is one expert at a time, and never in the tick of a birth.
    """

    lasting = ("_stage", "_ready", "_refused", "_looked", "triggers")

    def __init__(self, params: GrowthParams, *, max_experts: int, k: int = 2, shared: int = 0,
                 where: str = "growth") -> None:
        self._params, self._most, self._k, self._shared, self._where = params, max_experts, k, shared, where
        self.triggers = Triggers(params, where)
        self._stage, self._ready, self._refused, self._looked = -1, 0, 0, 0

    @property
    def refused(self) -> int:
        """Births that were left out because there are as many experts as there may be."""
        return self._refused

    def observe(self, entropy: NDArray[Any], loss: NDArray[Any], expected: Array) -> None:
        """Take in items (n,) in order: the gate's normalised entropy, the mixture's loss, and what `Board.update` says.

        Raises
        ------
        SignalError
            If a number is not finite; nothing is counted then.
        """
        self.triggers.observe(entropy, loss, expected)

    def decide(self, structure: Structure, board: Board, items: int, *, drive: float = 1.0,
               trial: Callable[[str], float] | None = None) -> list[Plan]:
        """Return what is to be changed now, in order; the planner takes it that all of it is done.

        Parameters
        ----------
        structure : Structure
            The experts there are.
        board : Board
            Their statistics.
        items : int
            Items that the zone has seen so far.
        drive : float
            The modulator ``growth_drive``, 0 or more.
        trial : callable, optional
            Gives the mean loss of an expert that was pruned on the latest items; without it none is revived.
        """
        plans = self._scheduled(structure, board, items)
        if items < self._ready:
            self.triggers.reset()
        if not plans:
            plans = self._triggered(structure, board, items, drive, trial)
        if plans or not self._params.prune_below or items < self._looked + LOOK_ITEMS:
            return plans
        self._looked = items
        name = idle(structure, board["utilisation"], items, below=self._params.prune_below,
                    after=self._params.prune_after, shared=self._shared)
        return [] if name is None else [Plan("prune", "utilisation", name)]

    def _scheduled(self, structure: Structure, board: Board, items: int) -> list[Plan]:
        stage = stage_of(items, self._params.every)
        if stage <= self._stage:
            return []
        self._stage = stage
        missing = max(0, wanted(self._params.schedule, stage) - structure.active_count)
        room = max(0, self._most - len(structure))
        self._refused += max(0, missing - room)
        plans = [self._birth(structure, board, "schedule", turn) for turn in range(min(missing, room))]
        if plans:
            self._rest(items)
        return plans

    def _triggered(self, structure: Structure, board: Board, items: int, drive: float,
                   trial: Callable[[str], float] | None) -> list[Plan]:
        reason: Reason
        if self.triggers.surprised * drive >= self._params.patience:
            reason = "surprise"
        elif self.triggers.ambiguous * drive >= self._params.patience:
            reason = "entropy"
        else:
            return []
        self._rest(items)
        found = None if trial is None or not self._params.revive else revivable(structure, trial, self.triggers.loss)
        if found is not None:
            return [Plan("revive", reason, found)]
        room = max(0, self._most - len(structure))
        self._refused += max(0, self._params.litter - room)
        births = [self._birth(structure, board, reason, turn) for turn in range(min(self._params.litter, room))]
        if reason != "surprise" or not self._params.freeze_parent:
            return births
        parents = dict.fromkeys(name for birth in births for name in birth.teachers)
        return [*births, *(Plan("freeze", reason, name) for name in parents if not structure.unit(name).frozen)]

    def _rest(self, items: int) -> None:
        self._ready = items + self._params.cooldown
        self.triggers.reset()

    def _birth(self, structure: Structure, board: Board, reason: Reason, turn: int) -> Plan:
        """Return the plan of a birth; several at once take the experts most used of late as teachers in turn."""
        start = self._params.start
        ranked = [int(index) for index in np.argsort(-board["recent"], kind="stable") if structure.active[index]]
        # A copy of an expert that has seen nothing would be its twin, and no teacher knows anything yet.
        ranked = [index for index in ranked if board["recent"][index] > 0]
        if start == "seed" or not ranked:
            return Plan("grow", reason, start="seed")
        taken = ranked[:self._k] if start == "committee" else [ranked[turn % len(ranked)]]
        return Plan("grow", reason, start=start, teachers=tuple(structure.units[index].name for index in taken))
