"""Many steps of many cells by XLA, compartments of a kind together: for any device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from aura.zones.fabric.neurons.jax_cable import OWN, PEAK

if TYPE_CHECKING:
    from aura.zones.fabric.neurons.jax_cable import JaxCable

__all__ = ["advance_by_kind"]


def advance_by_kind(cable: JaxCable, state: jax.Array, injected: jax.Array, begin: jax.Array, *, steps: int,
                    electrode: int) -> tuple[jax.Array, jax.Array]:
    """Integrate some steps.

    Parameters
    ----------
    cable : JaxCable
        What happens in a step.
    state : array (1, row, cell)
        The variables, as `Layout` plans them.
    injected : array (cell,)
        Current in nA.
    begin : bool
        Whether the highest voltage of each node is to be looked for anew.
    steps, electrode : int
        How many, and the node that the current enters.

    Returns
    -------
    state, crossing : array
        The state after the steps, and (step, cell) `JaxCable.crossing`.
    """
    own = [[cable.row[kind.nodes] + OWN + index for index in range(kind.own)] for kind in cable.kinds]
    parameters = [[cable.parameters[kind.nodes, column][:, None] for column in kind.columns] for kind in cable.kinds]

    def step(carry: tuple[Any, ...], _: None) -> tuple[tuple[Any, ...], jax.Array]:
        v, peak, variables = carry
        diagonal: list[Any] = [jnp.zeros_like(injected)] * cable.nodes
        right = diagonal.copy()
        after = []
        for kind, values, numbers in zip(cable.kinds, variables, parameters, strict=True):
            changed = [v[kind.nodes], 0.0, 0.0, None, *values]
            of_kind = kind.step(changed, *numbers)
            after.append(changed[OWN:])
            for index, node in enumerate(kind.nodes):
                diagonal[node], right[node] = of_kind[0][index], of_kind[1][index]
        right[electrode] = right[electrode] + injected
        new = jnp.stack(cable.solve(diagonal, right))
        return (new, jnp.maximum(peak, new), after), cable.crossing(v[cable.soma], new[cable.soma])

    rows_of = state[0]
    v = rows_of[cable.row]
    carry = (v, jnp.where(begin, v, rows_of[cable.row + PEAK]),
             [[rows_of[rows] for rows in of_kind] for of_kind in own])
    (v, peak, variables), crossing = lax.scan(step, carry, None, length=steps)
    state = state.at[0, cable.row].set(v).at[0, cable.row + PEAK].set(peak)
    for of_kind, values in zip(own, variables, strict=True):
        for rows, value in zip(of_kind, values, strict=True):
            state = state.at[0, rows].set(value)
    return state, crossing
