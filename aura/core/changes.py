"""Parameters of a zone that are not those its saved state was made with: each takes effect, or is refused by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from aura.core.errors import CheckpointError
from aura.core.plan import Plan

__all__ = ["changed", "params_of", "require_changeable"]

_ABSENT = object()


def params_of(plan: Plan) -> dict[str, Any]:
    """Return the parameters of a zone as JSON values, as a checkpoint's manifest has them."""
    plain: dict[str, Any] = _plain(plan.params)
    return plain


def require_changeable(plan: Plan, saved: Mapping[str, Any]) -> None:
    """Raise unless every parameter that is not as it was saved may be changed over a state.

    Raises
    ------
    CheckpointError
        For the first that may not; the message names it with both values.
    """
    may = plan.manifest.changeable_of(plan.params)
    for key, old, new in changed(saved, params_of(plan)):
        if any(fnmatchcase(key, pattern) for pattern in may):
            continue
        known = f" Over a saved state these can be: {', '.join(may)}." if may else ""
        raise CheckpointError(
            f"{plan.name}.{key}", expected=f"{old}, which the state in the checkpoint was made with",
            got=new, hint=f"Leave it as it was, or begin a run anew: in a branch it cannot be changed.{known}")


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return what differs of two tables of JSON values: each dotted key with both values, as text.

    Paths that differ in their folder only are alike.

    Examples
    --------
    >>> list(changed({"map": {"rate": 0.1}, "path": "/a/b.csv"}, {"map": {"rate": 0.2}, "path": "/c/b.csv"}))
    [('map.rate', '0.1', '0.2')]
    """
    leaves, others = dict(_leaves(before)), dict(_leaves(now))
    # That a part is of another kind tells more than which options it has instead.
    for key in sorted(leaves.keys() | others.keys(), key=lambda key: (key.rpartition(".")[2] != "kind", key)):
        old, new = leaves.get(key, _ABSENT), others.get(key, _ABSENT)
        if not _alike(old, new):
            yield key, _shown(old), _shown(new)


def _plain(value: Any) -> Any:
    """Return what stands for a value in JSON, equal for equal values."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields} | _plain(
            value.model_extra or {})
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(part) for part in value), key=repr)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if value is None or type(value) in (bool, int, str):
        return value
    text = repr(value)
    return type(value).__name__ if " at 0x" in text else text


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Return dotted key and value of all that is no table, or an empty one."""
    if isinstance(value, Mapping) and (value or not key):
        for name, part in value.items():
            yield from _leaves(part, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _alike(old: Any, new: Any) -> bool:
    if isinstance(old, str) and isinstance(new, str) and PurePath(old).is_absolute() and PurePath(new).is_absolute():
        return PurePath(old).name == PurePath(new).name  # a run's folder may have been moved, with its files
    return type(old) is type(new) and bool(old == new)


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else repr(value)
