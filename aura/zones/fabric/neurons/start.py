"""Where cells begin: one voltage everywhere and all else at its steady state."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["steady_start"]


def steady_start(membrane: Membrane, voltage_mv: float) -> dict[str, float]:
    """Return the value to begin with of each variable; those left out begin at 0."""
    calcium = membrane.pool.rest.value if membrane.pool is not None else 0.0
    found = {"v": voltage_mv, "peak": voltage_mv, "ca": calcium}
    for placement in membrane.placements:
        channel = placement.channel
        for gate in channel.gates:
            found[f"{channel.name}.{gate.name}"] = float(channel.steady_state(gate, voltage_mv, calcium))
    return found
