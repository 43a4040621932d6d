"""A population: cells of one shape and membrane, integrated together by a kernel made for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aura.zones.fabric.neurons.blocks import filled, unblocked, write
from aura.zones.fabric.neurons.cells import Cells
from aura.zones.fabric.neurons.compiled import address_of, load_kernel
from aura.zones.fabric.neurons.events import Spikes
from aura.zones.fabric.neurons.source import advance_source, sweep_source
from aura.zones.fabric.tissue.workers import Workers, even_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["Population"]

_LANES, _FEW_LANES = 64, 16
_STEPS_AT_ONCE = 1000
"""Steps of one call of the kernel; it bounds the room for spikes, one in two steps, which costs nothing unless used."""


class Population(Cells):
    """Cells of one cable and one membrane, on the CPU; see `Cells` for the parameters.

    Parameters
    ----------
    workers : Workers, optional
        Threads; the bits do not depend on how many there are.

    Notes
    -----
    The state is one array, (block, row, lane): a block is 64 cells with all their compartments, as `Layout` plans it.
    The scheme stands in `scheme.py`.

    Examples
    --------
    >>> from aura.zones.fabric.channels import CHANNELS
    >>> from aura.zones.fabric.morphology.discretise import discretise
    >>> from aura.zones.fabric.morphology.tree import ball_and_sticks
    >>> from aura.zones.fabric.neurons.membrane import Membrane, Placement
    >>> channels = [CHANNELS[name] for name in ("sodium", "potassium", "leak")]
    >>> squid = Membrane(tuple(Placement(channel, {"all": channel.conductance.value}) for channel in channels))
    >>> cells = Population(discretise(ball_and_sticks(), 100.0), squid, cells=1, dtype="float64")
    >>> cells.injected[:] = 0.5
    >>> cells.advance(4000).time_ms.round(3).tolist()
    [2.448, 23.242]
    """

    def __init__(self, cable: Cable, membrane: Membrane, cells: int, *, dt_ms: float = 0.025,
                 temperature_c: float = 6.3, initial_mv: float = -65.0, threshold_mv: float = 0.0,
                 dtype: str = "float32", sites: Sequence[int] | None = None, workers: Workers | None = None) -> None:
        super().__init__(cable, membrane, cells, dt_ms=dt_ms, temperature_c=temperature_c, initial_mv=initial_mv,
                         threshold_mv=threshold_mv, dtype=dtype, sites=sites)
        layout = self.layout
        self.lanes = _LANES if cells >= _LANES else _FEW_LANES
        self._blocks = -(-cells // self.lanes)
        self._workers = workers or Workers()
        self._bounds = even_bounds(self._blocks, min(self._workers.threads, self._blocks))
        self._kernel = load_kernel(advance_source(dtype, self.lanes), "advance")
        self._sweep = load_kernel(sweep_source(layout.kinds, membrane, self.scheme, self.lanes), "sweep")
        self._sweep_at = address_of(self._sweep)
        # The root hands what it would add to a parent to the spare rows.
        parent = np.where(cable.parent >= 0, layout.row[cable.parent], layout.rows - 2)
        self._cable = (layout.parameters.astype(self.dtype), layout.row, parent,
                       np.where(cable.parent >= 0, parent + 1, parent), layout.kind)
        self._entries = self._opened()
        self._state = filled(self._start, cells, self.lanes)
        self._injected = np.zeros(self._blocks * self.lanes, self.dtype)

    @property
    def injected(self) -> NDArray[Any]:
        """The current into each cell in nA, (cell,), held until it is changed; write into it.

        It enters at the node `electrode`.
        """
        return self._injected[:self.cells]

    def advance(self, steps: int, opening: NDArray[Any] | None = None) -> Spikes:
        """Integrate some time steps and return the spikes; see `Cells.advance`."""
        self._check_advance(steps, opening)
        rows, places, scales = self._entries
        if opening is None:
            opening, slots, rows = self._injected[:0], 1, rows[:0]
        else:
            slots = 1 if opening.ndim == 3 else len(opening)
        opened = np.require(opening.reshape(slots, -1), requirements=["C", "W"])  # what the kernel is compiled for
        parts = [self._advance(range(first, min(first + _STEPS_AT_ONCE, steps)),
                               (opened, steps // slots, rows, places, scales))
                 for first in range(0, steps, _STEPS_AT_ONCE)]
        cell, step, share = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        return Spikes.in_order(cell, step, (step + share) * self.dt_ms)

    def _advance(self, steps: range, opening: tuple[Any, ...]) -> tuple[NDArray[Any], ...]:
        """Return cell, step and share of a step of each spike."""
        room = self.lanes * (len(steps) // 2 + 1)
        count = np.zeros(self._blocks, np.int64)
        cell, step = np.empty((2, self._blocks, room), np.int32)
        share = np.empty((self._blocks, room))
        arguments = (self._sweep_at, self._state.reshape(-1), *self._cable, self._injected, self.electrode,
                     self.cable.soma, self.dtype.type(self.threshold_mv), self.layout.rows, self.cells, *opening)
        self._workers.run(self._kernel, [(*arguments, first, last, steps.start, steps.stop, count, cell, step, share)
                                         for first, last in zip(self._bounds[:-1], self._bounds[1:], strict=True)])
        block = np.repeat(np.arange(self._blocks), count)
        place = np.arange(len(block)) - np.repeat(np.cumsum(count) - count, count)
        return cell[block, place], step[block, place], share[block, place]

    def _values(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        return unblocked(self._state[:, rows], self.cells)

    def _values_of(self, rows: NDArray[np.int64], cell: int) -> NDArray[Any]:
        found: NDArray[Any] = self._state[cell // self.lanes, rows, cell % self.lanes]
        return found

    def _write(self, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        write(values, rows, self._state)
