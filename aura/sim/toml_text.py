"""Writes plain values as TOML whose keys stand in their order: the order of a stream's columns is that of its ports."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["toml_text"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SECTIONS = 2
"""How deep tables have a heading of their own, as in ``[zones.amygdala]``; deeper ones are dotted keys."""


def toml_text(table: Mapping[str, Any]) -> str:
    """Return a table as TOML that reads back equal, with the keys of every table below the first two levels in order.

    Parameters
    ----------
    table : mapping
        Of text, booleans, numbers, lists and further tables; what is None is left out.

    Notes
    -----
    TOML's own order, plain values before tables, would change what comes first. So only the upper tables, whose keys
    are either all tables or all settings, get a heading; what lies deeper is written as ``a.b = value``, one a line.

    Examples
    --------
    >>> print(toml_text({"name": "x", "streams": {"diary": {"columns": {"b": {"from": 1}, "a": "c d"}}}}), end="")
    name = "x"
    <BLANKLINE>
    [streams.diary]
    columns.b.from = 1
    columns.a = "c d"
    """
    return "\n".join(_section(table, ())) + "\n"


def _section(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table with a heading: settings first, as below a heading they would belong to that."""
    tables = {key: value for key, value in table.items() if _has_heading(value, (*path, key))}
    for key, value in table.items():
        if key not in tables:
            yield from _setting((key,), value)
    for key, value in tables.items():
        inner = (*path, key)
        if len(inner) == _SECTIONS or not all(_has_heading(part, (*inner, name)) for name, part in value.items()):
            yield f"\n[{_dotted(inner)}]"
        yield from _section(value, inner)


def _has_heading(value: Any, path: tuple[str, ...]) -> bool:
    return isinstance(value, Mapping) and (len(path) == _SECTIONS or (len(path) < _SECTIONS and bool(value)))


def _setting(path: tuple[str, ...], value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _setting((*path, key), part)
    elif value is not None:
        yield f"{_dotted(path)} = {_value(value)}"


def _dotted(path: Sequence[str]) -> str:
    return ".".join(key if _BARE.fullmatch(key) else _text(key) for key in path)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_dotted((key,))} = {_value(part)}" for key, part in value.items() if part is not None)
        return f"{{{inner}}}"
    if isinstance(value, (list, tuple)):
        if any(isinstance(part, Mapping) for part in value):
            return "".join(["[\n", *(f"    {_value(part)},\n" for part in value), "]"])
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"TOML has no word for a {type(value).__name__}")


def _text(text: str) -> str:
    # JSON's escapes are TOML's too, but for a character that TOML wants escaped and JSON does not.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
