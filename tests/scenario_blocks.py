"""TOML blocks of documents: whole scenarios are wired, parts of them are held to the models of their tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from aura.core.params import validated
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.journal import NoInput
from aura.sim.observers import metric_options
from aura.sim.scenario import Scenario, embedded_scenarios, load_scenario, read_scenario

GROUP = "aura"
"""The entry point group that a package of a reader may name."""


def check_toml(table: dict[str, Any], folder: Path, base: str | None = None) -> None:
    """Hold a TOML block to what it is: part of a pyproject.toml, a whole scenario, or some tables of one.

    Parameters
    ----------
    table : dict
        What the block says.
    folder : Path
        Where its paths lead from.
    base : str, optional
        The embedded scenario that it changes; the whole is wired.
    """
    if "project" in table:
        points = table["project"].get("entry-points", {})
        assert set(points) <= {GROUP}, f"entry point group {GROUP!r}, got {set(points)}"
        assert all(":" in value or "." in value for group in points.values() for value in group.values())
        return
    if base is not None:
        path = embedded_scenarios()[base]
        whole = _merged(tomllib.loads(path.read_text(encoding="utf-8")), table)
        _wire(read_scenario({**whole, "base": str(path.parent)}, base))
    elif "aura" in table or "extends" in table:
        path = folder / "block.toml"
        path.write_text(tomli_w.dumps(table), encoding="utf-8")
        _wire(load_scenario(path))
        path.unlink()
    else:
        scenario = read_scenario({"aura": 1, "name": "part", **table})
        manager = _manager(scenario)
        for name, stream in scenario.streams.items():
            validated(manager.stream(stream.kind).options_model, stream.reader_options, f"streams.{name}")
        for name, zone in scenario.zones.items():
            validated(manager.zone(zone.kind or name).params, zone.params, f"zones.{name}.params")
        _check_metrics(scenario, manager)


def _wire(scenario: Scenario) -> None:
    manager = _manager(scenario)
    _check_metrics(scenario, manager)
    with build_brain(scenario, manager, journal=NoInput()) as brain:
        brain.schedule()
        assert brain.graph.number_of_nodes() == len(scenario.streams) + len(scenario.zones)


def _check_metrics(scenario: Scenario, manager: PluginManager) -> None:
    for name, options in scenario.metrics.items():
        metric_options(name, options, manager)


def _manager(scenario: Scenario) -> PluginManager:
    return PluginManager((), [scenario.folder / path for path in scenario.plugins])


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = [*merged.get(key, ()), *value] if key == "pathways" else value
    return merged


