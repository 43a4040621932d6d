"""The growth log: every birth, pruning and freezing as one line of JSON, from which the structure is rebuilt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from aura.core.errors import StateError
from aura.core.json_text import parse_json
from aura.core.lasting import Stateful

__all__ = ["Action", "GrowthEvent", "GrowthLog", "Reason", "Start", "parse", "parse_lines"]

Action = Literal["grow", "prune", "revive", "freeze", "thaw"]
Start = Literal["seed", "clone", "distil", "committee", ""]
Reason = Literal["schedule", "surprise", "entropy", "utilisation", "request"]

_WORDS: Mapping[str, tuple[str, ...]] = {"action": get_args(Action), "start": get_args(Start),
                                         "reason": get_args(Reason)}
_HINT = "A growth log is written line by line and never edited."


@dataclass(frozen=True, slots=True)
class GrowthEvent:
    """One change of the mixture's structure.

    Parameters
    ----------
    time : int
        When, in nanoseconds of the brain's time.
    items : int
        Items that the zone had seen by then.
    action : {"grow", "prune", "revive", "freeze", "thaw"}
        What was done.
    expert : str
        To whom.
    kind : str
        Of which kind that expert is.
    parents : tuple of str
        Its teachers, of an expert that is born from others.
    start : {"seed", "clone", "distil", "committee", ""}
        How an expert that is born begins.
    reason : {"schedule", "surprise", "entropy", "utilisation", "request"}
        Why.
    seed : int
        Of everything random in it, of an expert that is born.
    group : int
        Which group of the gate an expert that is born belongs to.
    """

    time: int
    items: int
    action: Action
    expert: str
    kind: str = ""
    parents: tuple[str, ...] = ()
    start: Start = ""
    reason: Reason = "request"
    seed: int = 0
    group: int = 0

    def line(self) -> str:
        """Return the event as a line of JSON.

        Examples
        --------
        >>> GrowthEvent(time=0, items=0, action="freeze", expert="expert_0").line()[:52]
        '{"time": 0, "items": 0, "action": "freeze", "expert"'
        """
        return json.dumps(asdict(self))


_NUMBERS = ("time", "items", "seed", "group")
_NAMES = frozenset(field.name for field in fields(GrowthEvent))


def parse(line: str, where: str = "growth log") -> GrowthEvent:
    """Return the event that a line holds.

    Raises
    ------
    StateError
        If the line is no event, named by `where`.
    """
    expected = "an event of a growth log, as JSON"
    try:
        found: Any = parse_json(line)
    except (ValueError, TypeError) as error:
        raise StateError(where, expected=expected, got=f"{str(line)[:60]!r}", hint=_HINT) from error
    if not isinstance(found, dict) or found.keys() != _NAMES:
        raise StateError(where, expected=f"{expected}, of {', '.join(sorted(_NAMES))}", got=f"{str(line)[:60]!r}",
                         hint=_HINT)
    for name in _NUMBERS:
        if type(found[name]) is not int or found[name] < 0:
            raise StateError(f"{where}: {name}", expected="an integer, 0 or more", got=repr(found[name]), hint=_HINT)
    for name, words in _WORDS.items():
        if found[name] not in words:
            raise StateError(f"{where}: {name}", expected=" or ".join(map(repr, words)), got=repr(found[name]),
                             hint=_HINT)
    parents = found["parents"]
    texts = [found["expert"], found["kind"], *(parents if isinstance(parents, list) else [parents])]
    if not isinstance(parents, list) or not all(isinstance(text, str) for text in texts):
        raise StateError(where, expected="names of experts as texts", got=f"{texts!r}"[:60], hint=_HINT)
    return GrowthEvent(**{**found, "parents": tuple(parents)})


def parse_lines(lines: Iterable[str], where: str = "growth log") -> list[GrowthEvent]:
    """Return the events of many lines; a damaged one is named by its number, from 1."""
    return [parse(line, f"{where}: line {number}") for number, line in enumerate(lines, start=1)]


class GrowthLog(Stateful):
    """Every growth event so far, in order; it only ever gets longer.

    Parameters
    ----------
    where : str
        Whose it is, for errors.
    """

    lasting = ("_lines",)

    def __init__(self, where: str = "growth log") -> None:
        self._where = where
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def append(self, event: GrowthEvent) -> str:
        """Add an event, and return its line."""
        line = event.line()
        self._lines.append(line)
        return line

    def lines(self, first: int = 0) -> list[str]:
        """Return the lines from number `first` on, counted from 0."""
        return self._lines[first:]

    def events(self) -> list[GrowthEvent]:
        """Return all events."""
        return parse_lines(self._lines, self._where)

    @classmethod
    def of(cls, lines: Iterable[str], where: str = "growth log") -> Self:
        """Return the log that holds these lines, once each has been read; raises `StateError` as `parse` does."""
        log = cls(where)
        log._lines = [event.line() for event in parse_lines(lines, where)]
        return log

    def before_load(self, state: dict[str, Any]) -> None:
        parse_lines(state["lines"], self._where)  # a damaged line is named before anything is taken over
