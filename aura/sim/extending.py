"""Scenario files as tables: read, and merged with the scenario that they extend.

A file with ``extends = "mnist"`` says only what is other than in the scenario of that name: tables are merged key by
key, anything else is replaced. ``without`` takes keys of the other out first, and ``"..."`` in a list stands for what
the other has there.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from aura.core.blame import described
from aura.core.errors import ScenarioError, nearest
from aura.core.paths import TextFrom, shell_word
from aura.sim.readers.options import DATA_PREFIX
from aura.sim.scenario_model import Extending, checked
from aura.sim.variables import is_variable, with_variables

__all__ = ["ScenarioFile", "embedded_scenarios", "read_file"]

REST = "..."
"""What in a list stands for all that the extended scenario has there."""
_WITH_PATHS = ("streams", "zones", "plugins")


class ScenarioFile(NamedTuple):
    """A scenario file's table, with what it extends."""

    table: dict[str, Any]
    name: str
    """What errors call it."""
    parts: tuple[tuple[str, dict[str, Any]], ...]
    """The tables of the files that it was merged from, each with its file's name, the extending one first."""


def embedded_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with AURA, by name."""
    folder = Path(str(files("aura.sim") / "scenarios"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_file(source: str | Path) -> ScenarioFile:
    """Return the table of a scenario file, or of an embedded scenario by name, merged with what it extends.

    Raises
    ------
    ScenarioError
        If there is no such file or name, the TOML is broken, files extend each other in a circle, or `without` names
        a key that the extended scenario has not.
    """
    path = _place(str(source), Path(), f"scenario {str(source)!r}")
    return _read(path, ())


def _place(source: str, folder: Path, where: str) -> Path:
    """Return the file of a scenario: of that path, from a folder, or else the embedded one of that name."""
    path, known = folder / source, embedded_scenarios()
    if not path.exists():
        if source not in known:
            beside = path.parent.glob("*.toml") if path.parent.is_dir() else ()
            close = get_close_matches(source, [str(Path(source).parent / one.name) for one in beside] + [*known], n=1)
            raise ScenarioError(where, expected="a file, or the name of an embedded scenario",
                                got="no such file" if source.endswith(".toml") or "/" in source else "neither",
                                hint=nearest(source, close or known))
        path = known[source]
    if (path / "run.json").is_file():
        raise ScenarioError(str(path), expected="a scenario", got="the folder of a run",
                            hint=f"Go on with it by `aura resume {shell_word(path)}`.")
    return path


def _read(path: Path, above: tuple[Path, ...]) -> ScenarioFile:
    """Return a file merged with what it extends; `above` are those that it is read for."""
    table, name = _parsed(path), path.name
    base = with_variables(table.get("base", "."), name, ("base",))
    if not isinstance(base, str):
        raise ScenarioError(f"{name}: base", expected="a folder", got=repr(base))
    table["base"] = str(path.resolve().parent / base)
    asked = checked(Extending, {key: table.pop(key) for key in Extending.model_fields if key in table}, name)
    if asked.extends is None:
        if asked.without:
            raise ScenarioError(f"{name}: without", expected="`extends` beside it, whose keys are left out", got="none")
        return ScenarioFile(table, name, ((name, table),))
    other = _place(asked.extends, path.parent, f"{name}: extends {asked.extends!r}")
    chain = (*above, path.resolve())
    if other.resolve() in chain:
        circle = [*chain[chain.index(other.resolve()):], other]
        raise ScenarioError(f"{name}: extends", expected="scenarios that do not extend each other in a circle",
                            got=" -> ".join(part.name for part in circle))
    found = _read(other, chain)
    own, name = name, f"{name} (extends {found.name})"
    known = _seen_from(found.table, table["base"], embedded=other in embedded_scenarios().values())
    rest = dict(_without(known, asked.without, name))
    if isinstance(summary := rest.get("summary"), str) and summary and "summary" not in table:
        rest["summary"] = f"Extends {asked.extends}: {summary}"  # what it says of itself may be no longer so
    kept = tuple((of, _without(part, [key for key in asked.without if _has(part, _parts(key, name))], name))
                 for of, part in found.parts)
    written = table
    for key in asked.without:  # what is missing for that is missing because of this file
        written = merged(_nested(_parts(key, name)), written)
    return ScenarioFile(merged(rest, table), name, ((own, written), *kept))


def _nested(parts: Sequence[str]) -> dict[str, Any]:
    return {parts[0]: _nested(parts[1:]) if parts[1:] else None}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(str(path), expected="a readable UTF-8 file", got=described(error)) \
            from None
    except (ValueError, RecursionError) as error:  # beside broken TOML: numbers of thousands of digits, deep nesting
        raise ScenarioError(str(path), expected="valid TOML", got=str(error)) from None


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with the keys of another in it.

    Examples
    --------
    >>> merged({"a": {"x": 1, "y": 2}, "b": [1, 2]}, {"a": {"y": 3}, "b": ["...", 3]})
    {'a': {'x': 1, 'y': 3}, 'b': [1, 2, 3]}
    """
    whole = dict(one)
    for key, value in other.items():
        before = whole.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and not is_variable(value) and not is_variable(before):
            whole[key] = merged(before, value)
        elif isinstance(value, list) and isinstance(before, list):
            whole[key] = [part for item in value for part in (before if item == REST else [item])]
        else:
            whole[key] = value
    return whole


def _without(table: dict[str, Any], keys: Sequence[str], where: str) -> dict[str, Any]:
    """Return a table without keys, each said as TOML says it: ``metrics.growth``, ``record.every."a.b"``."""
    for key in keys:
        table = _without_key(table, _parts(key, where), key, where)
    return table


def _without_key(table: dict[str, Any], parts: list[str], key: str, where: str) -> dict[str, Any]:
    first, *rest = parts
    inner = table.get(first)
    if first not in table or (rest and not isinstance(inner, dict)):
        raise ScenarioError(f"{where}: without", expected="keys of the scenario that it extends", got=repr(key),
                            hint=nearest(first, table))
    if not rest:
        return {name: value for name, value in table.items() if name != first}
    return {**table, first: _without_key(table[first], rest, key, where)}


def _has(table: Any, parts: Sequence[str]) -> bool:
    return not parts or (isinstance(table, dict) and parts[0] in table and _has(table[parts[0]], parts[1:]))


def _parts(key: str, where: str) -> list[str]:
    parts: list[str] = []
    try:
        inner: Any = tomllib.loads(f"{key} = 0") if "\n" not in key and "=" not in key else 0
        while isinstance(inner, dict):
            [(part, inner)] = inner.items()
            parts.append(part)
    except (ValueError, RecursionError):
        parts = []
    if not parts:
        raise ScenarioError(f"{where}: without", expected="a key, as 'metrics.growth'", got=repr(key))
    return parts


def _seen_from(table: dict[str, Any], folder: str, *, embedded: bool) -> dict[str, Any]:
    """Return a table whose texts, where they are relative paths, are known from another folder too."""
    start, here = (os.path.realpath(place) for place in (table["base"], folder))
    if start == here:
        return table

    def seen(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: seen(part) for key, part in value.items()}
        if isinstance(value, list):
            return [seen(part) for part in value]
        text = value.here if isinstance(value, TextFrom) else value
        if not isinstance(text, str) or not text.strip() or "\0" in text or text.startswith((DATA_PREFIX, "~", "/")):
            return value
        whole = os.path.join(start, text)
        return TextFrom(value, os.path.normpath(whole) if embedded else os.path.relpath(whole, here))

    parts = {key: seen(table[key]) for key in _WITH_PATHS if key in table}
    if isinstance(parts.get("plugins"), list):  # these are paths for sure
        parts["plugins"] = [getattr(path, "here", path) for path in parts["plugins"]]
    return {**table, **parts}
