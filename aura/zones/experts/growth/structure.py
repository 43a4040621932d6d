"""Which experts there are, and in what condition: what a growth log comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import StateError, nearest
from aura.zones.experts.growth.log import GrowthEvent, Start, parse_lines

__all__ = ["Structure", "Unit", "rebuild"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One expert, as the log tells of it.

    Parameters
    ----------
    name, kind, parents, start, seed, group
        As of the event of its birth.
    born : int
        Items that the zone had seen at its birth.
    since : int
        The same at its birth or its latest revival.
    status : {"active", "pruned"}
        Whether it takes part.
    frozen : bool
        Whether it is kept from learning.
    """

    name: str
    kind: str
    parents: tuple[str, ...] = ()
    start: Start = ""
    seed: int = 0
    group: int = 0
    born: int = 0
    since: int = 0
    status: Literal["active", "pruned"] = "active"
    frozen: bool = False


@dataclass(slots=True)
class Structure:
    """All experts ever born, in order of birth; their names are ``expert_0``, ``expert_1``, ...

    Parameters
    ----------
    where : str
        Whose it is, for errors.
    """

    where: str = field(default="growth", compare=False)
    units: list[Unit] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict, repr=False)
    _names: tuple[str, ...] = field(default=(), repr=False, compare=False)
    _groups: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), repr=False, compare=False)
    _active: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool), repr=False, compare=False)
    _frozen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool), repr=False, compare=False)
    _count: int = field(default=0, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.units)

    @property
    def next_name(self) -> str:
        """The name of the next expert to be born."""
        return f"expert_{len(self.units)}"

    @property
    def names(self) -> tuple[str, ...]:
        """Of all, in order of birth."""
        return self._names

    @property
    def active(self) -> NDArray[np.bool_]:
        """(experts,), which take part; read-only, and replaced rather than changed."""
        return self._active

    @property
    def active_count(self) -> int:
        """How many take part."""
        return self._count

    @property
    def frozen(self) -> NDArray[np.bool_]:
        """(experts,), which do not learn; read-only, and replaced rather than changed."""
        return self._frozen

    @property
    def groups(self) -> NDArray[np.int64]:
        """(experts,), the gate's group of each; read-only, and replaced rather than changed."""
        return self._groups

    def index(self, name: str) -> int:
        """Return the place of an expert in order of birth; raises `StateError` if there is none of that name."""
        found = self._index.get(name)
        if found is None:
            raise StateError(f"{self.where}.{name}", expected="an expert that was born", got="an unknown name",
                             hint=nearest(name, self._index))
        return found

    def unit(self, name: str) -> Unit:
        """Return what is known of an expert; raises `StateError` if there is none of that name."""
        return self.units[self.index(name)]

    def apply(self, event: GrowthEvent) -> Unit:
        """Do what an event says, and return the unit as it then is.

        Raises
        ------
        StateError
            If it cannot be done: a birth out of turn or from unknown parents, the last active expert pruned, or a
            condition that the expert is in already. Nothing is changed then.
        """
        unit = self._born(event) if event.action == "grow" else self._changed(event)
        if event.action == "grow":
            self._index[unit.name] = len(self.units)
            self.units.append(unit)
        else:
            self.units[self._index[unit.name]] = unit
        self._names = tuple(unit.name for unit in self.units)
        self._groups = np.array([unit.group for unit in self.units], np.int64)
        self._active = np.array([unit.status == "active" for unit in self.units])
        self._frozen = np.array([unit.frozen for unit in self.units])
        self._count = int(self._active.sum())
        self._active.flags.writeable = self._frozen.flags.writeable = self._groups.flags.writeable = False
        return unit

    def _born(self, event: GrowthEvent) -> Unit:
        if event.expert != self.next_name:
            self._refuse(event, expected=f"the birth of {self.next_name!r}", got=repr(event.expert))
        for parent in event.parents:
            if parent not in self._index:
                self._refuse(event, expected="parents that were born before", got=repr(parent))
        return Unit(event.expert, event.kind, event.parents, event.start, event.seed, event.group,
                    born=event.items, since=event.items)

    def _changed(self, event: GrowthEvent) -> Unit:
        unit = self.unit(event.expert)
        if event.action == "prune":
            if unit.status != "active":
                self._refuse(event, expected="an active expert", got="one that is pruned already")
            if self._count == 1:
                self._refuse(event, expected="another expert that stays active", got="the last one",
                             hint="Grow or revive another first.")
            return replace(unit, status="pruned")
        if event.action == "revive":
            if unit.status != "pruned":
                self._refuse(event, expected="an expert that was pruned", got="an active one")
            return replace(unit, status="active", since=event.items)
        freeze = event.action == "freeze"
        if unit.frozen == freeze:
            self._refuse(event, expected=f"an expert that is {'not ' if freeze else ''}frozen",
                         got=f"one that is{'' if freeze else ' not'}")
        return replace(unit, frozen=freeze)

    def _refuse(self, event: GrowthEvent, *, expected: str, got: str, hint: str = "") -> NoReturn:
        raise StateError(f"{self.where}.{event.expert}: {event.action}", expected=expected, got=got, hint=hint)


def rebuild(lines: Iterable[str], where: str = "growth log") -> Structure:
    """Return the structure that a growth log comes to, equal to the one that was grown.

    Raises
    ------
    StateError
        If a line is damaged or cannot follow those before it, named by its number, from 1.

    Examples
    --------
    >>> birth = GrowthEvent(time=0, items=0, action="grow", expert="expert_0", kind="mlp", start="seed")
    >>> rebuild([birth.line()]).names
    ('expert_0',)
    """
    structure = Structure(where)
    for number, event in enumerate(parse_lines(lines, where), start=1):
        try:
            structure.apply(event)
        except StateError as error:
            raise StateError(f"{where}: line {number}", expected=error.expected, got=error.got,
                             hint=error.hint or "A line before it is missing.") from error
    return structure
