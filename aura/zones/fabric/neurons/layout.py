"""Where each variable of each compartment lies in a block of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aura.core.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aura.zones.fabric.channels.declaration import Channel
    from aura.zones.fabric.channels.expression import Expression
    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.membrane import Membrane
    from aura.zones.fabric.neurons.receptors import Receptor

__all__ = ["COLUMNS", "SCRATCH", "Kind", "Layout", "expressions", "lay_out"]

SCRATCH = ("v", "diagonal", "right", "peak")
"""The variables of every node: voltage, the node's row of the linear system, and the highest voltage of a slot."""

COLUMNS = ("diagonal", "axial", "capacitance", "pool")
"""The parameters of every node; the conductance of each channel in uS follows."""

_NF_PER_UF_CM2_UM2 = 1e-5
_US_PER_S_CM2_UM2 = 1e-2
_MA_CM2_PER_NA_UM2 = 100.0


@dataclass(frozen=True, slots=True)
class Kind:
    """Compartments with the same equations.

    Parameters
    ----------
    channels : tuple of int
        Which placements they have.
    pooled : bool
        Whether they keep calcium.
    receptors : tuple of int
        Which receptors of the membrane they carry.
    variables : tuple of str
        The names of the rows of a node, in order.
    """

    channels: tuple[int, ...]
    pooled: bool
    receptors: tuple[int, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """The plan of a block: nodes one after the other, in each its variables, in each the lanes (one for each cell)."""

    kinds: tuple[Kind, ...]
    kind: NDArray[np.int32]
    """Kind of each node, (node,); -1 for a junction."""
    row: NDArray[np.int64]
    """First row of each node, (node,), in rows of one value per lane."""
    rows: int
    """Rows of a block, with two spare ones at its end that take what the root would hand to a parent."""
    parameters: NDArray[np.float64]
    """(node, column): `COLUMNS`, then the conductance of each placement."""

    def rows_of(self, variable: str) -> NDArray[np.int64]:
        """Return the row of a variable at each node, (node,); -1 where it is not."""
        found = np.full(len(self.row), -1, np.int64)
        for node, kind in enumerate(self.kind):
            names = self.kinds[kind].variables if kind >= 0 else SCRATCH
            if variable in names:
                found[node] = self.row[node] + names.index(variable)
        return found


def lay_out(cable: Cable, section_kinds: Sequence[str], membrane: Membrane, dt_ms: float) -> Layout:
    """Return the plan for cells of one shape and membrane.

    Parameters
    ----------
    cable : Cable
        The compartments.
    section_kinds : sequence of str
        The kind of each section of the morphology.
    membrane : Membrane
        What they are made of.
    dt_ms : float
        The time step.

    Raises
    ------
    ParameterError
        If a channel depends on calcium and the membrane has no pool.
    """
    calcium = [index for index, placement in enumerate(membrane.placements) if placement.channel.calcium_share > 0.0]
    thirsty = [p.channel.name for p in membrane.placements if p.channel.reads_calcium]
    if thirsty and membrane.pool is None:
        raise ParameterError("membrane.pool", expected=f"a calcium pool, on which {thirsty[0]} depends", got="none",
                             hint="Try CalciumPool().")
    nodes = len(cable.parent)
    parameters = np.zeros((nodes, len(COLUMNS) + len(membrane.placements)))
    parameters[:, 0] = cable.axial_us
    np.add.at(parameters[:, 0], cable.parent[1:], cable.axial_us[1:])
    parameters[:, 1] = cable.axial_us
    parameters[:, 2] = membrane.capacitance_uf_cm2 * _NF_PER_UF_CM2_UM2 * cable.area_um2 / dt_ms
    kinds: list[Kind] = []
    kind = np.full(nodes, -1, np.int32)
    for node in cable.compartments:
        place, area = section_kinds[cable.section[node]], float(cable.area_um2[node])
        present = []
        for index, placement in enumerate(membrane.placements):
            if placement.of(place) > 0.0:
                present.append(index)
                parameters[node, len(COLUMNS) + index] = placement.of(place) * _US_PER_S_CM2_UM2 * area
        pooled = membrane.pool is not None and (
            any(index in calcium for index in present)
            or any(membrane.placements[index].channel.reads_calcium for index in present))
        if pooled and membrane.pool is not None:
            parameters[node, 3] = _MA_CM2_PER_NA_UM2 * membrane.pool.influx_per_current / area
        carried = range(len(membrane.receptors)) if place in membrane.synaptic_kinds else range(0)
        found = Kind(tuple(present), pooled, tuple(carried),
                     _variables([membrane.placements[index].channel for index in present], pooled,
                                [membrane.receptors[index] for index in carried]))
        if found not in kinds:
            kinds.append(found)
        kind[node] = kinds.index(found)
    sizes = [len(kinds[index].variables) if index >= 0 else len(SCRATCH) for index in kind]
    row = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Layout(tuple(kinds), kind, row[:-1], int(row[-1]) + 2, parameters)


def expressions(channel: Channel) -> list[Expression]:
    """Return all formulas of a channel: rates, steady states, time constants, factor."""
    gates = [formula for gate in channel.gates for formula in channel.gate_expressions(gate).values()]
    return [*gates, channel.factor_expression()]


def _variables(channels: Sequence[Channel], pooled: bool, receptors: Sequence[Receptor]) -> tuple[str, ...]:
    names = list(SCRATCH)
    names += [f"{channel.name}.{gate.name}" for channel in channels for gate in channel.gates]
    if pooled:
        names.append("ca")
    for receptor in receptors:
        names += [f"{receptor.name}.rise"] if receptor.rise is not None else []
        names.append(f"{receptor.name}.decay")
    return tuple(names)
