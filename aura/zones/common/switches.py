"""Parts of a zone that a scenario can switch off: TOML has no None, so `false` stands for it."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = ["Switch"]


def _switched(given: Any) -> Any:
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        raise ValueError("false, which switches it off, true, or a table of its parameters")
    return {False: None, True: {}}.get(given, given) if isinstance(given, bool) else given


class _Switch(BeforeValidator):
    """The validator, which tells schemas too that there may be a boolean."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "boolean"}, handler(schema)]}


Switch = _Switch(_switched)
"""Annotates an optional table of parameters: `false` is None, `true` is the table with its defaults.

Examples
--------
>>> from typing import Annotated
>>> from pydantic import BaseModel, TypeAdapter
>>> class Part(BaseModel):
...     size: int = 3
>>> part = TypeAdapter(Annotated[Part | None, Switch])
>>> part.validate_python(False), part.validate_python(True), part.validate_python({"size": 4})
(None, Part(size=3), Part(size=4))
"""
