"""The population: experts that are born, pruned, revived, frozen; every change is an event of the growth log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.core.time import Time
from aura.zones.experts.growth.log import Action, GrowthEvent, GrowthLog, Reason, Start
from aura.zones.experts.growth.structure import Structure, Unit, rebuild
from aura.zones.experts.kinds.expert import Expert
from aura.zones.experts.params import ExpertsParams
from aura.zones.experts.store import ExpertStore

__all__ = ["Population"]


class Population(Stateful):
    """The structure of a mixture, its experts, and the log of how it came about.

    Parameters
    ----------
    name : str
        The zone's, for errors.
    params : ExpertsParams
        Kinds, and how many there may be.
    store : ExpertStore
        Holds the experts.
    make : callable
        ``(kind, seed) -> Expert``: a new expert.
    seed : int
        From which, and its number, each expert's own follows.
    """

    lasting = ("store", "log", "_published")

    def __init__(self, name: str, params: ExpertsParams, store: ExpertStore, make: Callable[[str, int], Expert],
                 seed: int) -> None:
        self._name, self._params, self._make, self._seed = name, params, make, seed
        self.store = store
        self.structure = Structure(name)
        self.log = GrowthLog(f"{name}: growth log")
        self.newest = 0
        """Items at the latest birth or revival."""
        self._published = 0

    def __len__(self) -> int:
        return len(self.structure)

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which experts may be asked, (E,): all but those pruned and those whose file is damaged."""
        if not self.store.damaged:
            return self.structure.active
        mask = self.structure.active.copy()
        for name in self.store.damaged:
            mask[self.structure.index(name)] = False
        return mask

    def bear(self, now: Time, items: int, reason: Reason, start: Start, teachers: Sequence[str] = ()) -> Unit:
        """Add an expert; a clone is of its teacher's kind, any other of the next kind in turn.

        Raises
        ------
        ParameterError
            If there are as many as there may be, or there is no such teacher.
        """
        number = len(self)
        if number >= self._params.max_experts:
            raise ParameterError(f"{self._name}.max_experts", expected="room for another expert",
                                 got=f"{number} of {self._params.max_experts}", hint="Raise max_experts.")
        units = [self.structure.unit(teacher) for teacher in teachers]
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        kind = self._params.kinds[min(number, len(self._params.kinds) - 1)]
        expert: Expert | None = None
        if units and start == "clone":
            teacher = self.store.get(units[0].name)
            if teacher is not None:
                kind, expert = units[0].kind, teacher.clone(seed)
        if not units or (start == "clone" and expert is None):
            start, units = "seed", []
        group = units[0].group if units else 1 + max((unit.group for unit in self.structure.units), default=-1)
        name = self.structure.next_name
        self.store.add(name, expert or self._make(kind, seed), kind)
        return self._note(GrowthEvent(now, items, "grow", name, kind, tuple(unit.name for unit in units), start, reason,
                                      seed, group))

    def change(self, action: Action, name: str, now: Time, items: int, reason: Reason = "request") -> Unit:
        """Prune, revive, freeze or thaw an expert.

        Raises
        ------
        StateError
            If there is none of this name, it is so already, or it is the last one active.
        """
        unit = self.structure.unit(name)
        return self._note(GrowthEvent(now, items, action, name, unit.kind, reason=reason, seed=unit.seed,
                                      group=unit.group))

    @property
    def has_news(self) -> bool:
        """Whether something has changed since the last `news`."""
        return len(self.log) > self._published

    def news(self) -> tuple[str, ...]:
        """Return the lines of the log since the last call."""
        published, self._published = self._published, len(self.log)
        return tuple(self.log.lines(published))

    def before_load(self, state: dict[str, Any]) -> None:
        self.load_log(state["log"]["lines"])

    def load_log(self, lines: Sequence[str]) -> None:
        """Rebuild the structure from the lines of a growth log; all of them are published anew."""
        where = f"{self._name}: growth log"
        self.log, self.structure, self._published = GrowthLog.of(lines, where), rebuild(lines, where), 0
        self.newest = max((unit.since for unit in self.structure.units), default=0)

    def _note(self, event: GrowthEvent) -> Unit:
        unit = self.structure.apply(event)
        self.log.append(event)
        self.newest = max(self.newest, unit.since)
        return unit
