"""What the built-in zones say may be changed over a state stands among their parameters."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from pydantic import BaseModel

from aura.plugins.manager import PluginManager

EXTRA = {"control": {"goals": {"a": {"target": 1.0}}}}


def keys(value: Any, key: str = "") -> list[str]:
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if not isinstance(value, dict):
        return [key]
    return [key, *(found for name, part in value.items() for found in keys(part, f"{key}.{name}" if key else name))]


@pytest.mark.parametrize("name", ["amygdala", "control", "experts", "fabric", "router", "sensory"])
def test_every_name_that_may_be_changed_is_of_a_parameter(name: str) -> None:
    manifest = PluginManager().zone(name)
    params = manifest.params(**EXTRA.get(name, {}))
    known = keys(params)
    changeable = manifest.changeable_of(params)
    assert changeable
    for pattern in changeable:
        assert any(fnmatchcase(key, pattern) for key in known), pattern
