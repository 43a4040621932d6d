"""Settings from outside the file: what ``--set path=value`` changes in a scenario's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aura.core.errors import ScenarioError, nearest
from aura.sim.scenario_model import Scenario, ZoneModel
from aura.sim.variables import parsed, with_variables

__all__ = ["with_settings"]


def with_settings(table: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return the table with settings such as ``"amygdala.learner.kind=logistic"`` or ``"until=2 s"`` applied.

    A first part that names a zone sets a parameter of the zone, one that names a stream a key of the stream; anything
    else is a path from the top of the file. Values are read as TOML, and as text where they are no TOML; nothing after
    the sign takes the key out of the table, and ``""`` is the empty text.
    """
    for setting in settings:
        path, sign, text = setting.partition("=")
        shown = " ".join(setting.split())  # in one line
        keys = path.strip().split(".")
        if not sign or not all(keys):
            raise ScenarioError(f"--set {shown}", expected="'zone.param=value'", got=repr(setting))
        zones, streams = (found if isinstance(found := table.get(key), dict) else {} for key in ("zones", "streams"))
        if keys[0] in zones and len(keys) > 1:
            own = keys[1] in ZoneModel.model_fields and keys[1] != "params"
            keys = ["zones", keys[0], *(keys[1:] if own or keys[1] == "params" else ["params", *keys[1:]])]
        elif keys[0] in streams and len(keys) > 1:
            keys = ["streams", *keys]
        elif keys[0] not in Scenario.model_fields:
            raise ScenarioError(f"--set {shown}", expected="a zone, a stream or a key of the scenario",
                                got=repr(keys[0]), hint=nearest(keys[0], [*zones, *streams, *Scenario.model_fields]))
        value = with_variables(parsed(text), f"--set {shown}", tuple(keys)) if text.strip() else None
        _assign(table, keys, value, shown)
    return table


def _assign(table: dict[str, Any], keys: Sequence[str], value: Any, shown: str) -> None:
    """Give a key of a table a value, or take it out for None, which TOML does not know."""
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise ScenarioError(f"--set {shown}", expected="a path through tables", got=f"a value at {key!r}")
    if value is not None:
        table[keys[-1]] = value
    elif table.pop(keys[-1], None) is None:
        raise ScenarioError(f"--set {shown}", expected="a key that the scenario sets, to be taken back",
                            got=repr(keys[-1]), hint=nearest(keys[-1], table))
