"""Many steps of many cells in one kernel of a GPU, written in Pallas: each thread takes a cell through all steps.

XLA makes some seven kernels of a step, each of which reads and writes its arrays from and to memory. Here a cell stays
in the caches of one processor through all steps, and nothing is launched between them. Compartments of a kind come one
after the other in a loop, so that the kernel is no longer than the equations of its kinds, whatever the tree. Compiled
for compute capability 9.0, that of the squid's membrane takes 56 registers of a thread in float32, that of all channels
and receptors 64, and neither spills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl

from aura.zones.fabric.neurons.jax_cable import AXIAL, DIAGONAL, OWN, PEAK, RIGHT

if TYPE_CHECKING:
    from aura.zones.fabric.neurons.jax_cable import JaxCable, JaxKind

__all__ = ["LANES", "advance_by_cell"]

LANES = 32
"""Cells of one program, a warp: so many small programs spread evenly over the processors of a GPU."""


def advance_by_cell(cable: JaxCable, state: jax.Array, injected: jax.Array, begin: jax.Array, *, steps: int,
                    electrode: int, interpret: bool = False) -> tuple[jax.Array, jax.Array]:
    """Integrate some steps, as `advance_by_kind` does.

    Parameters
    ----------
    state : array (block, row, lane)
        The variables of `LANES` cells in each block.
    interpret : bool
        Whether the kernel is read step by step instead of compiled, as where there is no GPU.
    """
    kernel = _Kernel(cable, steps, electrode)
    # The first row of each node, that of its parent, and the conductance between them; then two tables for each kind.
    tables = [cable.row, cable.row[cable.parent], cable.parameters[:, AXIAL]]
    for kind in cable.kinds:
        tables += [cable.row[kind.nodes], cable.parameters[kind.nodes][:, list(kind.columns)]]
    blocks = state.shape[0]
    return pl.pallas_call(  # type: ignore[no-any-return]
        kernel, grid=(blocks,), input_output_aliases={0: 0}, interpret=interpret,
        out_shape=(jax.ShapeDtypeStruct(state.shape, state.dtype),  # type: ignore[no-untyped-call]
                   jax.ShapeDtypeStruct((steps, blocks * LANES), state.dtype)),  # type: ignore[no-untyped-call]
        **({} if interpret else _for_a_warp()))(state, injected, jnp.asarray(begin, jnp.int32)[None], *tables)


def _for_a_warp() -> dict[str, Any]:
    from jax.experimental.pallas import triton

    return {"compiler_params": triton.CompilerParams(num_warps=1, num_stages=1)}


class _Kernel:
    """What Pallas calls with a reference for each array: those given, then those returned."""

    __name__ = "advance_by_cell"

    def __init__(self, cable: JaxCable, steps: int, electrode: int) -> None:
        self.cable, self.steps, self.electrode = cable, steps, electrode

    def __call__(self, _: Any, injected: Any, begin: Any, row: Any, upper: Any, axial: Any,
                 *rest: Any) -> None:
        *of_kinds, state, crossing = rest
        program = _Program(self.cable, state, row, upper, axial, of_kinds)
        program.run(self.steps, self.electrode, injected, begin, crossing)


class _Program:
    """The program of a few cells."""

    def __init__(self, cable: JaxCable, state: Any, row: Any, upper: Any, axial: Any,
                 of_kinds: list[Any]) -> None:
        self.cable, self.state, self.row, self.upper, self.axial = cable, state, row, upper, axial
        self.of_kinds, self.block = of_kinds, pl.program_id(0)
        self.lanes = pl.ds(self.block * LANES, LANES)

    def run(self, steps: int, electrode: int, injected: Any, begin: Any, crossing: Any) -> None:
        current, anew = injected[self.lanes], begin[0] > 0

        def start(node: Any, _: int) -> int:
            first = self.row[node]
            voltage, peak = self.read(first), self.read(first + PEAK)
            self.write(first + PEAK, jnp.where(anew, voltage, peak))
            self.clear(first)
            return 0

        def step(now: Any, _: int) -> int:
            entry = self.row[electrode] + RIGHT
            self.write(entry, self.read(entry) + current)
            for index, kind in enumerate(self.cable.kinds):
                self.move(kind, *self.of_kinds[2 * index:2 * index + 2])
            before = self.read(self.row[self.cable.soma])
            self.eliminate()
            self.substitute()
            after = self.read(self.row[self.cable.soma])
            crossing[now, self.lanes] = self.cable.crossing(before, after)
            return 0

        lax.fori_loop(0, self.cable.nodes, start, 0)
        lax.fori_loop(0, steps, step, 0)

    def read(self, row: Any) -> Any:
        return self.state[self.block, row]

    def write(self, row: Any, value: Any) -> None:
        self.state[self.block, row] = value

    def clear(self, first: Any) -> None:
        """Begin a node's row of the linear system."""
        zero = jnp.zeros(LANES, self.state.dtype)
        self.write(first + DIAGONAL, zero)
        self.write(first + RIGHT, zero)

    def move(self, kind: JaxKind, rows: Any, parameters: Any) -> None:
        """Take the compartments of a kind through a step."""

        def one(index: Any, _: int) -> int:
            first = rows[index]
            values = [self.read(first), self.read(first + DIAGONAL), self.read(first + RIGHT), None,
                      *(self.read(first + OWN + own) for own in range(kind.own))]
            diagonal, right = kind.step(values, *(parameters[index, column] for column in range(len(kind.columns))))
            for own, value in enumerate(values[OWN:]):
                self.write(first + OWN + own, value)
            self.write(first + DIAGONAL, diagonal)
            self.write(first + RIGHT, right)
            return 0

        lax.fori_loop(0, len(kind.nodes), one, 0)

    def eliminate(self) -> None:
        """Leave the inverse of each diagonal and the right sides after elimination from the leaves."""

        def one(index: Any, _: int) -> int:
            node = self.cable.nodes - 1 - index
            first, upper, axial = self.row[node], self.upper[node], self.axial[node]
            diagonal = self.read(first + DIAGONAL)
            inverse = 1.0 / (diagonal + axial)
            part = axial * inverse
            self.write(first + DIAGONAL, inverse)
            self.write(upper + DIAGONAL, self.read(upper + DIAGONAL) + part * diagonal)
            self.write(upper + RIGHT, self.read(upper + RIGHT) + part * self.read(first + RIGHT))
            return 0

        lax.fori_loop(0, self.cable.nodes - 1, one, 0)

    def substitute(self) -> None:
        """Set the voltages from the root on."""
        root = self.row[0]
        self.settle(root, self.read(root + RIGHT) / self.read(root + DIAGONAL))

        def one(node: Any, _: int) -> int:
            first = self.row[node]
            drive = self.read(first + RIGHT) + self.axial[node] * self.read(self.upper[node])
            self.settle(first, drive * self.read(first + DIAGONAL))
            return 0

        lax.fori_loop(1, self.cable.nodes, one, 0)

    def settle(self, first: Any, voltage: Any) -> None:
        self.write(first, voltage)
        self.clear(first)
        self.write(first + PEAK, jnp.maximum(self.read(first + PEAK), voltage))
