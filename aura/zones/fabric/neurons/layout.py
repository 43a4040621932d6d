"""Where each variable of each compartment lies in a block of cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from aura.core.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.channels.declaration import Channel
    from aura.zones.fabric.channels.expression import Expression
    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["COLUMNS", "COMMON", "Kind", "Layout", "expressions", "lay_out"]

COMMON = ("v", "diagonal", "right", "peak")
"""The variables of every node: voltage, the node's row of the linear system, and the highest voltage of a slot."""

COLUMNS = ("axial", "capacitance", "pool")
"""The parameters of every node: conductance to its parent in uS, capacitance over dt in uS, mM/ms in the pool for 1 nA;
the conductance of each channel in uS follows."""

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
    found: dict[str, NDArray[np.int64]] = field(default_factory=dict, repr=False)
    """What `rows_of` has found before."""

    def variables(self, node: int) -> tuple[str, ...]:
        """Return the names of a node's rows, in order."""
        kind = self.kind[node]
        return self.kinds[kind].variables if kind >= 0 else COMMON

    def rows_of(self, variable: str) -> NDArray[np.int64]:
        """Return the row of a variable at each node, (node,); -1 where it is not."""
        if variable not in self.found:
            rows = np.full(len(self.row), -1, np.int64)
            for node, first in enumerate(self.row):
                names = self.variables(node)
                if variable in names:
                    rows[node] = first + names.index(variable)
            rows.flags.writeable = False
            self.found[variable] = rows
        return self.found[variable]

    def kept_rows(self) -> NDArray[np.int64]:
        """Return the rows that outlast a step, in order: all but those of the linear system."""
        kept = [first + index for node, first in enumerate(self.row)
                for index, name in enumerate(self.variables(node)) if name not in ("diagonal", "right")]
        return np.array(kept, np.int64)


def lay_out(cable: Cable, membrane: Membrane, dt_ms: float) -> Layout:
    """Return the plan for cells of one shape and membrane.

    Parameters
    ----------
    cable : Cable
        The compartments.
    membrane : Membrane
        What they are made of.
    dt_ms : float
        The time step.

    Raises
    ------
    ParameterError
        If a channel depends on calcium and the membrane has no pool.
    """
    thirsty = [p.channel.name for p in membrane.placements if p.channel.reads_calcium]
    if thirsty and membrane.pool is None:
        raise ParameterError("membrane.pool", expected=f"a calcium pool, on which {thirsty[0]} depends", got="none",
                             hint="Try CalciumPool().")
    by_section = [_kind(membrane, section) for section in cable.kinds]
    kinds = tuple(dict.fromkeys(by_section[section] for section in cable.section[cable.compartments]))
    kind = np.full(len(cable.parent), -1, np.int32)
    kind[cable.compartments] = [kinds.index(by_section[section]) for section in cable.section[cable.compartments]]
    sizes = [len(kinds[index].variables) if index >= 0 else len(COMMON) for index in kind]
    row = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Layout(kinds, kind, row[:-1], int(row[-1]) + 2, _parameters(cable, membrane, dt_ms))


def _kind(membrane: Membrane, section: str) -> Kind:
    """Return the kind of the compartments of a kind of section."""
    present = [index for index, placement in enumerate(membrane.placements) if placement.of(section) > 0.0]
    channels = [membrane.placements[index].channel for index in present]
    pooled = membrane.pool is not None and any(c.calcium_share > 0.0 or c.reads_calcium for c in channels)
    receptors = membrane.receptors if section in membrane.synaptic_kinds else ()
    names = [*COMMON, *(f"{channel.name}.{gate.name}" for channel in channels for gate in channel.gates),
             *(["ca"] if pooled else []),
             *(f"{receptor.name}.{trace}" for receptor in receptors for trace in receptor.traces)]
    return Kind(tuple(present), pooled, tuple(range(len(receptors))), tuple(names))


def _parameters(cable: Cable, membrane: Membrane, dt_ms: float) -> NDArray[np.float64]:
    area = cable.area_um2
    parameters = np.zeros((len(area), len(COLUMNS) + len(membrane.placements)))
    parameters[:, 0] = cable.axial_us
    parameters[:, 1] = membrane.capacitance_uf_cm2 * _NF_PER_UF_CM2_UM2 * area / dt_ms
    nodes = cable.compartments
    if membrane.pool is not None:
        parameters[nodes, 2] = _MA_CM2_PER_NA_UM2 * membrane.pool.influx_per_current / area[nodes]
    for index, placement in enumerate(membrane.placements):
        density = np.array([placement.of(cable.kinds[section]) for section in cable.section[nodes]])
        parameters[nodes, len(COLUMNS) + index] = density * _US_PER_S_CM2_UM2 * area[nodes]
    return parameters


def expressions(channel: Channel) -> list[Expression]:
    """Return all formulas of a channel: rates, steady states, time constants, factor."""
    gates = [formula for gate in channel.gates for formula in channel.gate_expressions(gate).values()]
    return [*gates, channel.factor_expression()]
