"""Pydantic models validated with errors that name the key, what was expected, and the nearest known name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ValidationError

from aura.core.blame import blamed, message_of
from aura.core.errors import AuraError, WiringError, nearest
from aura.core.paths import Paths

__all__ = ["checked_bool", "mistakes", "models_in", "validated"]

M = TypeVar("M", bound=BaseModel)
_OTHERS = 5
"""Mistakes that are told beside the first."""


def validated(model: type[M], values: Mapping[str, Any] | M, where: str, error: type[AuraError] = AuraError, *,
              paths: Paths | None = None, parts: Mapping[str, Mapping[str, Any]] | None = None) -> M:
    """Return `model` built from `values`; `paths` finds the files that they name, `parts` are those of a manifest.

    Validators find both in their context.

    Raises
    ------
    AuraError
        The given kind, for the first key that is unknown, missing or of a wrong value; its hint tells the others.
    """
    if isinstance(values, model):
        return values
    if not isinstance(values, Mapping):
        raise error(where, expected="a table of keys and values", got=type(values).__name__)
    try:
        return model.model_validate(dict(values), context={"paths": paths, "parts": parts})
    except ValidationError as failed:
        first, *others = mistakes(model, failed, where, error, values)
        if others:
            hints = [first.hint, *(f"Also {message_of(one).removesuffix('.')}." for one in others[:_OTHERS])]
            if len(others) > _OTHERS:
                hints.append(f"And {len(others) - _OTHERS} more.")
            first = error(first.where, expected=first.expected, got=first.got, hint=" ".join(filter(None, hints)))
        raise first from failed
    except KeyboardInterrupt:
        raise
    except BaseException as raised:  # a validator of a plugin's own
        raise error(where, expected=f"values that {model.__name__} can take", got=blamed(raised)) from raised


def checked_bool(value: object, where: str) -> bool:
    """Return `value` if it is True or False; ``"off"`` is neither, though Python takes it for true.

    Raises
    ------
    WiringError
        If it is anything else.
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise WiringError(where, expected="True or False", got=_short(value))


def mistakes(model: type[BaseModel], failed: ValidationError, where: str,
             error: type[AuraError] = AuraError, values: object = None) -> list[AuraError]:
    """Return an error for each thing that is wrong with the values of a model."""
    found: list[AuraError] = []
    short: set[tuple[int | str, ...]] = set()
    problems = failed.errors(include_url=False)
    for problem in problems:
        loc, kind, given = problem["loc"], problem["type"], problem["input"]
        path = ".".join([where, *map(str, loc)])
        if kind == "extra_forbidden":
            found.append(error(path, expected="a known key", got=f"{loc[-1]!r}",
                               hint=nearest(str(loc[-1]), _known(model, loc, values))))
        elif kind == "missing" and isinstance(loc[-1], int):
            if loc[:-1] not in short:  # a sequence of fixed length that ends too early is told once
                short.add(loc[:-1])
                last = max(int(other["loc"][-1]) for other in problems
                           if other["type"] == "missing" and other["loc"][:-1] == loc[:-1])
                found.append(error(".".join([where, *map(str, loc[:-1])]), expected=f"{last + 1} values",
                                   got=_short(given)))
        elif kind == "missing":
            found.append(error(path, expected="a value, it is required", got="none"))
        elif kind == "too_long":
            found.append(error(path, expected=f"at most {problem['ctx']['max_length']} values", got=_short(given)))
        elif loc and loc[-1] == "[key]":  # pydantic's word for the key of a table itself
            found.append(error(".".join([where, *map(str, loc[:-2])]), got=_short(given),
                               expected=f"keys, each {_in_words(problem['msg'])}"))
        else:
            found.append(_of_a_check(path, problem.get("ctx", {}).get("error"), given, error)
                         or error(path, expected=_in_words(problem["msg"]), got=_short(given)))
    return found


def _in_words(message: str) -> str:
    """Return what pydantic says that a value should be, as what is expected.

    Examples
    --------
    >>> _in_words("Dictionary should have at least 1 item after validation, not 0"), _in_words("Input should be a set")
    ('a table with at least 1 item', 'a set')
    """
    what, should, rest = message.partition(" should ")
    if not should:
        return message
    what = {"Input": "a value", "String": "a text", "Dictionary": "a table"}.get(what, f"a {what.lower()}")
    rest = rest.partition(" after validation")[0]
    if rest.startswith("be "):
        return rest.removeprefix("be ")
    return f"{what} with {rest.removeprefix('have ')}" if rest.startswith("have ") else f"{what} that should {rest}"


def _of_a_check(where: str, raised: object, given: object, error: type[AuraError]) -> AuraError | None:
    """Return the error for what a check of a model raised: that says what it expected, and maybe what it got."""
    if isinstance(raised, AuraError):
        return error(where, expected=raised.expected, got=raised.got, hint=raised.hint)
    if not isinstance(raised, ValueError):
        return None
    expected, _, got = message_of(raised).removeprefix("expected ").partition(", got ")
    return error(where, expected=expected, got=got or _short(given))


def _known(model: type[BaseModel], path: tuple[int | str, ...], values: object) -> list[str]:
    """Return the keys that would have been known where an unknown one stood."""
    models, given = [model], values
    for step in path[:-1]:
        given = given.get(step) if isinstance(given, Mapping) else None
        fields = [one.model_fields[step] for one in models if isinstance(step, str) and step in one.model_fields]
        if fields:  # else it is a place in a list, the key of a table, or the name of one of several models
            models = [inner for field in fields for inner in models_in(field.annotation)] or models
        if isinstance(given, Mapping) and "kind" in given:  # of several models the one that is asked for
            models = [one for one in models if _kind_of(one) == given["kind"]] or models
    return list(dict.fromkeys(field.alias or name for one in models for name, field in one.model_fields.items()))


def _kind_of(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return None if field is None else field.default


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation names, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
