"""Pydantic models validated with errors that name the key, what was expected, and the nearest known name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aura.core.errors import AuraError, nearest

__all__ = ["validated"]

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], values: Mapping[str, Any] | M, where: str, error: type[AuraError] = AuraError) -> M:
    """Return `model` built from `values`.

    Raises
    ------
    AuraError
        The given kind, for the first key that is unknown, missing or of a wrong value; the message counts the others.
    """
    if isinstance(values, model):
        return values
    if not isinstance(values, Mapping):
        raise error(where, expected="a table of keys and values", got=type(values).__name__)
    try:
        return model.model_validate(dict(values))
    except ValidationError as failed:
        problems = failed.errors(include_url=False)
        first = problems[0]
        path = ".".join([where, *map(str, first["loc"])]) if first["loc"] else where
        more = f" ({len(problems) - 1} more mistakes follow.)" if len(problems) > 1 else ""
        if first["type"] == "extra_forbidden":
            known = _known(model, first["loc"])
            raise error(path, expected="a known key", got=f"{first['loc'][-1]!r}",
                        hint=nearest(str(first["loc"][-1]), known) + more) from None
        if first["type"] == "missing" and isinstance(first["loc"][-1], int):
            raise _too_few(problems, where, error) from None
        if first["type"] == "missing":
            raise error(path, expected="a value, it is required", got="none", hint=more.strip()) from None
        if first["type"] == "too_long":
            raise error(path, expected=f"at most {first['ctx']['max_length']} values", got=_short(first["input"]),
                        hint=more.strip()) from None
        message = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        raise error(path, expected=message, got=_short(first["input"]), hint=more.strip()) from failed


def _too_few(problems: list[Any], where: str, error: type[AuraError]) -> AuraError:
    """Return the error for a sequence of fixed length that ends too early, pydantic's first problem."""
    *place, _ = problems[0]["loc"]
    missing = [problem["loc"][-1] for problem in problems
               if problem["type"] == "missing" and [*problem["loc"][:-1]] == place]
    others = len(problems) - len(missing)
    return error(".".join([where, *map(str, place)]), expected=f"{max(missing) + 1} values",
                 got=_short(problems[0]["input"]), hint=f"({others} more mistakes follow.)" if others else "")


def _known(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that would have been known where an unknown one stood."""
    current: Any = model
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        field = getattr(current, "model_fields", {}).get(step)
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        current = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), current)
    fields = getattr(current, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
