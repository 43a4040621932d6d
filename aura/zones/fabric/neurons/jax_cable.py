"""What happens in a step, for jax: the same statements as the kernels of the CPU have, over arrays of cells."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from aura.zones.fabric.neurons.compartment import parameter_names, statements
from aura.zones.fabric.neurons.layout import COLUMNS, COMMON

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.layout import Kind, Layout
    from aura.zones.fabric.neurons.membrane import Membrane
    from aura.zones.fabric.neurons.scheme import Scheme

__all__ = ["AXIAL", "DIAGONAL", "OWN", "PEAK", "RIGHT", "JaxCable", "JaxKind"]

DIAGONAL, RIGHT, PEAK, OWN = (COMMON.index("diagonal"), COMMON.index("right"), COMMON.index("peak"), len(COMMON))
"""Where among a node's rows these lie, and where its own variables begin; its voltage is the first."""

AXIAL = COLUMNS.index("axial")
"""The parameter of every node that is its conductance to its parent."""

_NAMES: dict[str, Any] = {
    "exp_": jnp.exp, "log_": jnp.log, "where_": jnp.where, "min": jnp.minimum, "max": jnp.maximum, "abs": jnp.abs,
    "math": SimpleNamespace(sqrt=jnp.sqrt)}


@dataclass(frozen=True, slots=True)
class JaxKind:
    """Compartments with the same equations."""

    nodes: NDArray[np.int32]
    """Which they are, (node,)."""
    own: int
    """How many variables each has of its own."""
    columns: tuple[int, ...]
    """The parameters that `step` takes, columns of `JaxCable.parameters`."""
    step: Callable[..., tuple[Any, Any]]
    """Takes the list of a compartment's variables, of which it changes its own, and the parameters; returns the
    diagonal and the right side of its row of the linear system, its neighbours apart."""


class JaxCable:
    """Cells as jax sees them.

    Parameters
    ----------
    cable : Cable
        The nodes.
    layout : Layout
        Their variables and parameters.
    membrane : Membrane
        What they are made of.
    scheme : Scheme
        The time step, and what depends on it.
    threshold_mv : float
        A spike is the upward crossing of it at the soma.

    Attributes
    ----------
    row : int array (node,)
        The first row of each node.
    parent : int array (node,)
        The parent of each node, -1 for the root.
    parameters : array (node, column)
        As `Layout.parameters`, in the scheme's dtype.
    """

    def __init__(self, cable: Cable, layout: Layout, membrane: Membrane, scheme: Scheme, threshold_mv: float) -> None:
        self.row, self.parent, self.soma = layout.row.astype(np.int32), cable.parent, cable.soma
        self.parameters = layout.parameters.astype(scheme.dtype)
        self.threshold_mv = threshold_mv
        self.kinds = [_kind(kind, np.flatnonzero(layout.kind == index), membrane, scheme)
                      for index, kind in enumerate(layout.kinds)]

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.row)

    def solve(self, diagonal: list[Any], right: list[Any]) -> list[Any]:
        """Return the voltages of all nodes by elimination from the leaves and substitution from the root."""
        axial = self.parameters[:, AXIAL].tolist()
        for node in range(self.nodes - 1, 0, -1):
            parent = self.parent[node]
            inverse = 1.0 / (diagonal[node] + axial[node])
            part = axial[node] * inverse
            diagonal[parent] += part * diagonal[node]
            right[parent] += part * right[node]
            diagonal[node] = inverse
        found = [right[0] / diagonal[0]]
        for node in range(1, self.nodes):
            found.append((right[node] + axial[node] * found[self.parent[node]]) * diagonal[node])
        return found

    def crossing(self, before: jax.Array, after: jax.Array) -> jax.Array:
        """Return which part of the step had passed when the threshold was crossed upwards; -1 where it was not."""
        crossed = (before < self.threshold_mv) & (after >= self.threshold_mv)
        return jnp.where(crossed, (self.threshold_mv - before) / jnp.where(crossed, after - before, 1.0), -1.0)


def _kind(kind: Kind, nodes: NDArray[np.int64], membrane: Membrane, scheme: Scheme) -> JaxKind:
    constants: dict[str, float] = {}
    lines = statements(kind, membrane, scheme, constants, lambda row: f"X[{row}]")
    names = parameter_names(kind)
    text = "\n    ".join([f"def step(X, {', '.join(names)}):", *lines, "return diagonal, right"])
    # Constants are plain numbers: beside an array they are of its dtype.
    namespace: dict[str, Any] = {**_NAMES, **constants}
    exec(text, namespace)
    return JaxKind(nodes.astype(np.int32), len(kind.variables) - OWN, tuple(names.values()), namespace["step"])

