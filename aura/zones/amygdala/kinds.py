"""Options of a kind: a table whose ``kind`` says which model it is held to, among those that plugins bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, WithJsonSchema
from pydantic_core.core_schema import ValidationInfo

from aura.core.errors import nearest

__all__ = ["Options", "of_another_kind", "of_its_kind"]

Options = dict[str, Any]


def of_its_kind(point: str, what: str, base: type[BaseModel], own: Mapping[str, Any], default: str,
                before: Callable[[Options], None] = lambda values: None) -> Callable[[Any, ValidationInfo], Any]:
    """Return a validator that makes options of a table by the model of its kind.

    Parameters
    ----------
    point : str
        The extension point whose items are the kinds, as the context of the validation has them.
    what : str
        What one is called, with its article, such as ``"a kind of task"``.
    base : type of BaseModel
        What all options derive from; such are taken as they are.
    own : mapping of str to kind
        The kinds where the context has none.
    default : str
        The kind of a table that says none.
    before : callable
        May change the values of a table first.
    """
    def made(given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, base):
            return given
        if not isinstance(given, Mapping):
            raise ValueError(f"expected a table of options, got {given!r}")
        kinds = ((info.context or {}).get("parts") or {}).get(point, own)
        values = dict(given)
        before(values)
        name = values.setdefault("kind", default)
        if name not in kinds:
            hints = (nearest(str(name), kinds), "A file that brings it is named under `plugins`.")
            raise ValueError(f"expected {what} that a plugin brings, got {name!r}. {' '.join(filter(None, hints))}")
        return kinds[name].options.model_validate(values, context=info.context)

    return made


def of_another_kind(what: str, own: Mapping[str, Any]) -> WithJsonSchema:
    """Return the schema of options of a kind that a plugin brings."""
    return WithJsonSchema({
        "type": "object", "required": ["kind"],
        "properties": {"kind": {"type": "string", "not": {"enum": list(own)},
                                "description": f"{what[0].upper()}{what[1:]} that a plugin brings."}}})
