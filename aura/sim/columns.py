"""Which setting of a stream's column mends a pathway that does not fit."""

from __future__ import annotations

from aura.core.errors import WiringError
from aura.core.network import Network
from aura.core.ports import Port, misfit
from aura.sim.scenario_model import PathwayModel, Scenario

__all__ = ["require_fitting_column"]

_TYPES = {"text": "text", "tags": "tags", "float32": "float", "float64": "float64", "int64": "int"}
"""Types of ports, and the `type` of a column that makes them."""


def require_fitting_column(pathway: PathwayModel, network: Network, scenario: Scenario) -> None:
    """Refuse a pathway from a column of another type, unit or shape than its target takes, with what to set.

    All else that may be wrong with a pathway, the wiring tells.
    """
    (stream, field), (zone, port) = (end.split(".", 1) for end in (pathway.source, pathway.target))
    model = scenario.streams.get(stream)
    given = network.plans[stream].outputs.get(field) if stream in network.plans else None
    wanted = network.plans[zone].inputs.get(port) if zone in network.plans else None
    if model is None or given is None or wanted is None or (given.role == "label" and wanted.role != "label"):
        return
    columns = model.reader_options.get("columns")
    reason = misfit(given, wanted)
    if reason and isinstance(columns, dict) and field in columns and (hint := _hint(given, wanted)):
        raise WiringError(f"{pathway.source} -> {pathway.target}", expected=f"{wanted.describe()}, as {zone} declares",
                          got=f"{given.describe()}: {reason}",
                          hint=f"In streams.{stream}.columns.{field} set {hint}.")


def _hint(given: Port, wanted: Port) -> str:
    """Return the settings of a column that make of the one port the other, or nothing where none would."""
    if not given.has_items or not wanted.has_items:
        return ""
    settings = []
    if given.dtype != wanted.dtype:
        if wanted.dtype not in _TYPES:
            return ""
        settings.append(f'type = "{_TYPES[wanted.dtype]}"')
    if given.unit != wanted.unit:
        settings.append(f'unit = "{wanted.unit}"')
    inner, asked = given.shape[1:], wanted.shape[1:]
    if not inner and len(asked) == 1:
        settings.append("several columns in a list as `from`, which make a vector" if isinstance(asked[0], str) else
                        f"{asked[0]} columns in a list as `from`, which make a vector")
    elif len(inner) != len(asked) or any(isinstance(there, int) and here != there
                                         for here, there in zip(inner, asked, strict=True)):
        return ""
    return " and ".join(settings)
