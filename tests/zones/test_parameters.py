"""Every parameter of every zone says what it is, once, where the command line and the editor read it."""

from __future__ import annotations

import inspect

import pytest
from pydantic import BaseModel

from aura.plugins.listing import parameter_tables, zone_text
from aura.plugins.manager import PluginManager
from aura.zones.experts.kinds import options

ZONES = PluginManager().zones()
TABLES = {f"{name}.{path}": table for name, manifest in ZONES.items()
          for path, table in parameter_tables(manifest.params)}
KINDS = {f"experts.kinds.{name}": model for name, model in vars(options).items()
         if isinstance(model, type) and issubclass(model, BaseModel) and model.model_fields}
ALL = {**TABLES, **KINDS}


def test_all_zones_are_here() -> None:
    assert {"amygdala", "control", "experts", "fabric", "router", "sensory"} <= set(ZONES)
    assert {"fabric.tissue.plasticity.stdp", "experts.gate", "sensory.image", "amygdala.tasks"} <= set(TABLES)


@pytest.mark.parametrize("path", ALL)
def test_every_parameter_has_its_sentence(path: str) -> None:
    for name, field in ALL[path].model_fields.items():
        text = field.description or ""
        assert len(text) > 8, name
        assert text.endswith((".", ".)")), name
        assert text[0].isupper() or text[0] in "0123456789`'\"", name
        assert "``" not in text, name


@pytest.mark.parametrize("path", ALL)
def test_no_parameter_is_told_twice(path: str) -> None:
    assert "Parameters\n---" not in inspect.cleandoc(ALL[path].__doc__ or "")


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_shows_them_all(name: str) -> None:
    lines = [line.split()[0] for line in zone_text(ZONES[name]).splitlines() if line.startswith("  ") and line.split()]
    for path, table in parameter_tables(ZONES[name].params):
        assert set(table.model_fields) <= set(lines), path
