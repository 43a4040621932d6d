"""JSON that others may have damaged: whatever is wrong with it is a ValueError."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["parse_json"]

_DEPTH = 100
"""Deepest nesting (tuned here: ten times what AURA writes, a tenth of what Python's stack takes)."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        If it is none, or one that is nested so deeply that walking it would end the stack.

    Examples
    --------
    >>> parse_json('{"a": [1, null]}')
    {'a': [1, None]}
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error
    opened = text.count(b"[") + text.count(b"{") if isinstance(text, bytes) else text.count("[") + text.count("{")
    level = [value] if opened > _DEPTH else []
    for _ in range(_DEPTH):
        level = [part for node in level if isinstance(node, (dict, list))
                 for part in (node.values() if isinstance(node, dict) else node)]
        if not level:
            return value
    raise ValueError(f"JSON that is nested more than {_DEPTH} deep")
