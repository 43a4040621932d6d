"""Where a scenario says what: errors name the file, of those that extend each other, in which the fault stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from aura.core.errors import AuraError

__all__ = ["SETTINGS", "Place", "Written"]

SETTINGS = "--set"
"""What the settings of a command line are called among the files."""


class Place(NamedTuple):
    """A key of a scenario, and what says it."""

    source: str
    key: str

    def __str__(self) -> str:
        return f"{self.source} {self.key}" if self.source == SETTINGS else f"{self.source}: {self.key}"


class Written:
    """The tables that a scenario was made from, each with the name of its file: what comes last is first.

    It takes no part in comparisons: two scenarios that say the same are the same, wherever they say it.

    Parameters
    ----------
    parts : sequence of (str, mapping)
    whole : str
        What errors call all of them together.
    """

    def __init__(self, parts: Sequence[tuple[str, Mapping[str, Any]]] = (), whole: str = "") -> None:
        self.parts, self.whole = tuple(parts), whole
        files = [name for name, _ in self.parts if name != SETTINGS]
        self._names = {name: f"{name} (extended by {', '.join(reversed(files[:number]))})" if number else name
                       for number, name in enumerate(files)} | {SETTINGS: SETTINGS}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written)

    __hash__ = None  # type: ignore[assignment]

    def place(self, where: str) -> Place | None:
        """Return what an error's `where` is called in the files, or None where it is nothing of theirs.

        Examples
        --------
        >>> mine = {"zones": {"shout": {"params": {"gain": 2}}}}
        >>> written = Written([("mine.toml", mine), ("base.toml", {"seed": 1})])
        >>> str(written.place("shout.gain")), str(written.place("seed"))
        ('mine.toml: zones.shout.params.gain', 'base.toml (extended by mine.toml): seed')
        """
        for path in self._paths(where):
            depths = [_depth(table, path) for _, table in self.parts]
            deepest = max(depths, default=0)
            if deepest:
                names = [name for (name, _), depth in zip(self.parts, depths, strict=True) if depth == deepest]
                known = deepest == len(path) or len(names) == 1
                if names[0] == SETTINGS and names[1:] and isinstance(_at(self.parts[0][1], ".".join(path)), Mapping):
                    names = names[1:]  # a setting is of a value, and this is a whole table
                # A setting is told as it is written on the command line.
                key = where if names[0] == SETTINGS else ".".join(path)
                return Place(self._names[names[0]] if known else self.whole, key)
        if " -> " in where:
            ends = where.partition(": ")[0].split(" -> ")
            for name, table in self.parts:
                if _has_pathway(table, ends):
                    return Place(self._names[name], where)
        return None

    @contextmanager
    def naming(self, key: str = "") -> Iterator[None]:
        """Let errors that are raised meanwhile name the file; those that name no key of it are of `key`."""
        try:
            yield
        except AuraError as error:
            where = error.where.removeprefix(f"{self.whole}: ")
            # What is raised within a plugin's code is no fault of the file, unless it is asked for by a key.
            within = isinstance(error.__cause__, Exception) and not isinstance(error.__cause__, ValueError | AuraError)
            named = any(where.startswith((f"{name}:", f"{name} ")) for name, _ in self.parts)
            if self.parts and not named and (key or not within):
                place = self.place(where)
                if place is not None:
                    _rename(error, str(place))
                elif key:
                    _rename(error, f"{self._nearest(key, where)}: {where}")
            raise

    def _nearest(self, key: str, where: str) -> Place:
        """Return the place of a key, or of one below it: which an error names at its end, or whose value it names."""
        tail = where.rpartition(": ")[2]
        inner = [*([f"{key}.{tail}"] if " " not in tail else []), *(path for _, table in self.parts
                                                        for path in _saying(_at(table, key), where, key))]
        for path in inner:
            if any(_depth(table, _keys(path)) == len(_keys(path)) for _, table in self.parts):
                return self.place(path) or Place(self.whole, path)
        return self.place(key) or Place(self.whole, key)

    def _paths(self, where: str) -> Iterator[tuple[str, ...]]:
        """Return the keys that may be meant: as they stand in a file, or as owners of parts call themselves."""
        first, *rest = _keys(where)
        if " " in where or not first.isidentifier():
            return
        if any(first in _table(table, "zones") for _, table in self.parts):
            # Parameters call themselves by the zone alone; period and the like stand beside `params`.
            ways = [["zones", first, *rest], ["zones", first, "params", *rest]] if rest else [["zones", first]]
            yield from sorted(map(tuple, ways), key=lambda path: -max(_depth(table, path) - len(path)
                                                                      for _, table in self.parts))
        elif any(first in _table(table, "streams") for _, table in self.parts):
            yield ("streams", first, *rest)
        else:
            yield (first, *rest)


def _rename(error: AuraError, where: str) -> None:
    """Give an error another `where`; its traceback and what it came from stay."""
    error.where = where
    error.args = (AuraError(where, expected=error.expected, got=error.got, hint=error.hint).args[0], *error.args[1:])


def _keys(where: str) -> tuple[str, ...]:
    return tuple(where.split("."))


def _at(table: Any, key: str) -> Any:
    for part in _keys(key):
        table = table.get(part) if isinstance(table, Mapping) else None
    return table


def _saying(table: Any, where: str, path: str) -> Iterator[str]:
    """Return the keys within a table whose text stands in an error's `where`: a file's name, a kind."""
    if isinstance(table, Mapping):
        for key, value in table.items():
            yield from _saying(value, where, f"{path}.{key}")
    elif isinstance(table, str) and table and (repr(table) in where or where.endswith(f"/{table}") or where == table):
        yield path


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key)
    return found if isinstance(found, Mapping) else {}


def _has_pathway(table: Mapping[str, Any], ends: Sequence[str]) -> bool:
    """Return whether a table lays a pathway, written in any of the ways."""
    for path in table.get("pathways", ()):
        written = (path.get("from"), path.get("to")) if isinstance(path, Mapping) else str(path).partition(" after ")[0]
        if tuple(ends) == (tuple(map(str.strip, written.split("->"))) if isinstance(written, str) else written):
            return True
    return False


def _depth(table: Any, path: Sequence[str]) -> int:
    """Return how many keys of a path a table has; what stands in a list is as deep as the path."""
    for number, key in enumerate(path):
        if isinstance(table, (list, tuple)):
            return len(path) if key.isdigit() else number
        if not isinstance(table, Mapping) or (key := key.partition("[")[0]) not in table:
            return number
        table = table[key]
    return len(path)
