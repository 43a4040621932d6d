"""Rows out of a JSON document: a list of them, or a list somewhere inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aura.core.blame import described
from aura.core.errors import StreamError, nearest
from aura.sim.readers.cells import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["describe", "hint", "parse_document", "records"]

_EVERY = "*"
_NAMED = 8
_DEPTH = 3
"""How deep lists of rows are looked for, to be named in a hint."""


def parse_document(text: str, name: str, parse_float: Any = None) -> Any:
    """Return what a JSON text says; StreamError with line and column if it is none."""
    try:
        return json.loads(text, parse_float=parse_float)
    except json.JSONDecodeError as error:
        raise StreamError(f"{name}: line {error.lineno}", expected="one JSON document",
                          got=f"{error.msg} at character {error.colno} of the line",
                          hint="Of a file of JSON objects, one a line, leave out `records`.") from error
    except (ValueError, RecursionError) as error:
        raise StreamError(name, expected="one JSON document", got=described(error)) from error


def records(document: Any, path: str, name: str) -> list[Any]:
    """Return the rows that lie in a document.

    Parameters
    ----------
    document : plain value
    path : str
        ``"."`` for the document itself, or keys and indices with dots between them, ``"data.train"``. ``*`` is each
        element of a list or object in turn: ``"*.chat_logs"`` has the elements of all those lists, one after the other.
    name : str
        What errors call it.

    Raises
    ------
    StreamError
        If there is no list.

    Examples
    --------
    >>> records({"train": [["hi", "greet"]]}, "train", "data.json")
    [['hi', 'greet']]
    >>> records([{"log": [1, 2]}, {"log": [3]}], "*.log", "data.json")
    [1, 2, 3]
    """
    parts = [part for part in path.split(".") if part]
    found: list[Any] = []
    for value in _follow(document, parts, f"{name}: records = {path!r}"):
        if not isinstance(value, list):
            raise StreamError(f"{name}: records = {path!r}", expected="a list of rows", got=describe(value),
                              hint=hint(document))
        found += value
    return found


def describe(value: Any) -> str:
    """Return what a value is, in a few words."""
    if isinstance(value, list):
        inside = f" of {'objects' if isinstance(value[0], dict) else 'lists'}" \
            if value and isinstance(value[0], (dict, list)) else ""
        return f"a list{inside} ({len(value)})"
    if isinstance(value, dict):
        keys = ", ".join(map(repr, list(value)[:_NAMED])) + (", ..." if len(value) > _NAMED else "")
        return f"an object with the keys {keys}" if keys else "an empty object"
    return shown(value)


def hint(document: Any) -> str:
    """Return which `records` there are, the longest list first; empty if there are none."""
    paths = sorted(_lists(document, _DEPTH), key=lambda entry: -entry[1])[:_NAMED]
    return f"Try records = {' or '.join(f'{path!r} ({length} rows)' for path, length in paths)}." if paths else ""


def _follow(value: Any, parts: list[str], where: str) -> Iterator[Any]:
    if not parts:
        yield value
        return
    part, rest = parts[0], parts[1:]
    if part == _EVERY and isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _follow(inner, rest, where)
    elif isinstance(value, dict) and part in value:
        yield from _follow(value[part], rest, where)
    elif isinstance(value, list) and part.isascii() and part.isdecimal() and len(part) < 10 and int(part) < len(value):
        yield from _follow(value[int(part)], rest, where)
    else:
        raise StreamError(where, expected=f"{part!r} there", got=describe(value),
                          hint=nearest(part, value) if isinstance(value, dict) and value else "")


def _lists(value: Any, depth: int, path: str = "") -> Iterator[tuple[str, int]]:
    """Return the lists of objects or lists below a value, with their lengths."""
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        yield path or ".", len(value)
    elif isinstance(value, dict) and depth:
        inside: Mapping[str, Any] = value
        for key, inner in inside.items():
            if key and "." not in key:
                yield from _lists(inner, depth - 1, f"{path}.{key}" if path else key)
