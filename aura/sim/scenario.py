"""Scenarios from files: which streams, zones and pathways make up a brain, and how it is run and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aura.core.errors import ScenarioError
from aura.sim.extending import embedded_scenarios, read_file
from aura.sim.scenario_model import (
    EACH,
    FORMAT,
    CheckpointModel,
    PathwayModel,
    PhaseModel,
    RecordModel,
    Scenario,
    StreamModel,
    ZoneModel,
    checked,
)
from aura.sim.settings import with_settings
from aura.sim.variables import with_variables
from aura.sim.written import SETTINGS, Written

__all__ = ["CheckpointModel", "PathwayModel", "PhaseModel", "RecordModel", "Scenario", "StreamModel", "ZoneModel",
           "embedded_scenarios", "load_scenario", "read_scenario", "with_settings"]


def load_scenario(source: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """Return a scenario from a file, or an embedded one by name, with ``key=value`` settings applied.

    What it extends is merged into it, and the values that it takes from the environment stand in it.

    Raises
    ------
    ScenarioError
        If there is no such file or name, the TOML is broken, or a key or value is wrong.
    """
    file = read_file(source)
    try:
        before = _tables(file.table)
        table = with_settings(file.table, settings)
        written = Written(((SETTINGS, _changes(before, table)), *file.parts), file.name)
        with written.naming():
            return read_scenario(with_variables(table, file.name), file.name, written)
    except RecursionError:
        raise ScenarioError(file.name, expected="tables some hundred deep at most", got="deeper ones") from None


def read_scenario(table: Mapping[str, Any], where: str = "scenario", written: Written | None = None) -> Scenario:
    """Return the scenario that a table of plain values describes; `written` knows the files that it is from."""
    if table.get("aura") not in (FORMAT, None):
        raise ScenarioError(f"{where}: aura", expected=f"format version {FORMAT}", got=repr(table["aura"]),
                            hint="A newer AURA may read it.")
    scenario = checked(Scenario, table, where)
    _refuse_lone_surrogates(scenario.dump(), where, ())
    taken = set(scenario.streams) & set(scenario.zones)
    if taken:
        raise ScenarioError(f"{where}: zones.{min(taken)}", expected="a name that no stream has", got=min(taken))
    for kind, names in (("streams", scenario.streams), ("zones", scenario.zones), ("metrics", scenario.metrics)):
        for name in names:
            if not name.isidentifier():
                raise ScenarioError(f"{where}: {kind}.{name}", expected="a name of letters, digits and '_'",
                                    got=repr(name))
    _check_phases(scenario.phases, where)
    return scenario if written is None else scenario.with_written(written)


def _tables(value: Any) -> Any:
    """Return a table that stays as it is when the other is changed."""
    return {key: _tables(part) for key, part in value.items()} if isinstance(value, dict) else value


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a table that are new or other than before."""
    return {key: _changes(old, value) if isinstance(value, dict) and isinstance(old := before.get(key), dict) else value
            for key, value in after.items()
            if key not in before or (before[key] is not value and before[key] != value)}  # nan is not itself


def _check_phases(phases: Sequence[PhaseModel], where: str) -> None:
    follows = False  # whether what stands here can be played after each stage
    for number, phase in enumerate(phases):
        if phase.after is not None and not follows:
            raise ScenarioError(f"{where}: phases.{number}.after", got=repr(phase.after),
                                expected=f"a phase with stage = {EACH!r} before it, with none but such between")
        follows = phase.repeats
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise ScenarioError(f"{where}: phases", expected="names that differ, as figures are kept by phase",
                            got=", ".join(names))


def _refuse_lone_surrogates(value: Any, where: str, path: tuple[str, ...]) -> None:
    """Refuse text that no file can hold, as it comes from a command line whose bytes are no UTF-8."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            place = ascii(".".join(path))[1:-1]
            raise ScenarioError(f"{where}: {place}", expected="text that UTF-8 can write", got=ascii(value)) from None
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _refuse_lone_surrogates(key, where, (*path, key))
            _refuse_lone_surrogates(part, where, (*path, key))
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            _refuse_lone_surrogates(part, where, (*path, str(number)))
