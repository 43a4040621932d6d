"""A population of cells that jax integrates, on the CPU or a GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from aura.core.errors import ParameterError
from aura.zones.fabric.neurons.blocks import filled, unblocked, write
from aura.zones.fabric.neurons.cells import Cells
from aura.zones.fabric.neurons.events import Spikes
from aura.zones.fabric.neurons.jax_cable import JaxCable
from aura.zones.fabric.neurons.jax_kernel import LANES, advance_by_cell
from aura.zones.fabric.neurons.jax_scan import advance_by_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["JaxPopulation"]

_STEPS_AT_ONCE = 200
"""Steps of one program; it bounds the memory for crossings."""

_FEWEST, _SHARE = 64, 32
"""Crossings of so many cells, or of one in so many, are fetched with each program's end; of more in a second go."""


class JaxPopulation(Cells):
    """Cells of one cable and one membrane, integrated by jax; see `Cells` for the parameters.

    Parameters
    ----------
    device : {"cpu", "gpu"}
        Where.
    by_cell : bool, optional
        Whether one kernel takes each cell through all steps, which only a GPU can compile; as is done there if not
        given. Otherwise compartments of a kind are computed together, step by step.

    Raises
    ------
    ParameterError
        As for `Cells`, and if there is no such device.

    Notes
    -----
    The arithmetic is that of `Population` but for the order of a few sums and jax's own exponential. A state saved by
    one of them continues in the other.

    Examples
    --------
    >>> from aura.zones.fabric.channels import CHANNELS
    >>> from aura.zones.fabric.morphology.discretise import discretise
    >>> from aura.zones.fabric.morphology.tree import ball_and_sticks
    >>> from aura.zones.fabric.neurons.membrane import Membrane, Placement
    >>> channels = [CHANNELS[name] for name in ("sodium", "potassium", "leak")]
    >>> squid = Membrane(tuple(Placement(channel, {"all": channel.conductance.value}) for channel in channels))
    >>> cells = JaxPopulation(discretise(ball_and_sticks(), 100.0), squid, cells=1, dtype="float64")
    >>> cells.injected[:] = 0.5
    >>> cells.advance(400).time_ms.round(3).tolist()
    [2.448]
    """

    def __init__(self, cable: Cable, membrane: Membrane, cells: int, *, dt_ms: float = 0.025,
                 temperature_c: float = 6.3, initial_mv: float = -65.0, threshold_mv: float = 0.0,
                 dtype: str = "float32", sites: Sequence[int] | None = None, device: str = "cpu",
                 by_cell: bool | None = None) -> None:
        super().__init__(cable, membrane, cells, dt_ms=dt_ms, temperature_c=temperature_c, initial_mv=initial_mv,
                         threshold_mv=threshold_mv, dtype=dtype, sites=sites)
        self.device = _device(device)
        self._cable = JaxCable(cable, self.layout, membrane, self.scheme, threshold_mv)
        self.by_cell = device == "gpu" if by_cell is None else by_cell
        self.lanes = LANES if self.by_cell else cells
        self._entries = self._opened()
        # A kernel of a GPU is read by an interpreter where there is none.
        advance = partial(advance_by_cell, interpret=device == "cpu") if self.by_cell else advance_by_kind
        self._integrate = partial(advance, self._cable)
        self._advance = jax.jit(self._advanced, static_argnames=("steps", "electrode"), donate_argnums=0)
        self._open = jax.jit(self._opening, donate_argnums=0)
        self._find = jax.jit(_crossings, static_argnames="room")
        self._injected = np.zeros(cells, self.dtype)
        self._put(filled(self._start, cells, self.lanes))

    def _precision(self) -> AbstractContextManager[Any]:
        """Return the context in which arrays are of this population's dtype."""
        return jax.enable_x64(True) if self.dtype == np.float64 else nullcontext()

    def _put(self, state: NDArray[Any]) -> None:
        with self._precision():
            self._state = jax.device_put(state, self.device)

    @property
    def injected(self) -> NDArray[Any]:
        """The current into each cell in nA, (cell,), held until it is changed; write into it.

        It enters at the node `electrode`.
        """
        return self._injected

    def advance(self, steps: int, opening: Any = None) -> Spikes:
        """Integrate some time steps and return the spikes; see `Cells.advance`.

        `opening` may be an array of jax's on this device.
        """
        self._check_advance(steps, opening)
        found = []
        with self._precision():
            slots = [] if opening is None else [opening] if opening.ndim == 3 else list(opening)
            every = steps // max(len(slots), 1)
            injected = jax.device_put(self._injected, self.device)
            for first, last in pairwise(sorted({*range(0, steps, every), *range(0, steps, _STEPS_AT_ONCE), steps})):
                if slots and first % every == 0:
                    self._state = self._open(self._state, jax.device_put(slots[first // every], self.device))
                self._state, crossing, few = self._advance(self._state, injected, first == 0, electrode=self.electrode,
                                                           steps=last - first)
                found.append(self._spikes(crossing, few, first))
        cell, step, share = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        return Spikes.in_order(cell, step, (step + share) * self.dt_ms)

    def _opening(self, state: jax.Array, opening: jax.Array) -> jax.Array:
        rows, places, scales = self._entries
        added = jnp.pad(opening.reshape(-1, self.cells), ((0, 0), (0, -self.cells % self.lanes)))[places]
        added = (added * scales[:, None]).reshape(len(rows), state.shape[0], self.lanes)
        return state.at[:, rows].add(added.transpose(1, 0, 2))

    def _advanced(self, state: jax.Array, injected: jax.Array, begin: jax.Array, *, steps: int,
                  electrode: int) -> tuple[jax.Array, jax.Array, Any]:
        """Return the state after some steps, (step, cell) what crossed the threshold, and of a few cells that did."""
        padded = jnp.pad(injected, (0, -self.cells % self.lanes))
        state, crossing = self._integrate(state, padded, begin, steps=steps, electrode=electrode)
        crossing = crossing[:, :self.cells]
        return state, crossing, _crossings(crossing, room=min(self.cells, max(_FEWEST, self.cells // _SHARE)))

    def _spikes(self, crossing: jax.Array, few: Any, first: int) -> tuple[NDArray[Any], ...]:
        """Return cell, step and share of a step of each crossing in some steps."""
        count, cells, columns = jax.device_get(few)
        if count > len(cells):
            count, cells, columns = jax.device_get(self._find(crossing, room=self.cells))
        step, place = np.nonzero(columns[:, :count] >= 0.0)
        return (cells[place].astype(np.int32), (first + step).astype(np.int32),
                columns[step, place].astype(np.float64))

    def _values(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        with self._precision():
            return unblocked(np.asarray(self._state[:, rows]), self.cells)

    def _values_of(self, rows: NDArray[np.int64], cell: int) -> NDArray[Any]:
        with self._precision():
            return np.array(self._state[cell // self.lanes, rows, cell % self.lanes])

    def _write(self, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        state = np.array(self._state)
        write(values, rows, state)
        self._put(state)


def _crossings(crossing: jax.Array, *, room: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return how many cells crossed the threshold, the first so many of them, and their columns, (step, cell)."""
    crossed = (crossing >= 0.0).any(axis=0)
    (cells,) = jnp.nonzero(crossed, size=room)
    return jnp.count_nonzero(crossed), cells, crossing[:, cells]


def _device(name: str) -> jax.Device:
    try:
        return jax.devices(name)[0]
    except RuntimeError:
        present = ", ".join(sorted({device.platform for device in jax.devices()}))
        raise ParameterError("fabric.device", expected=f"a device that is present ({present})", got=repr(name),
                             hint="Try 'cpu', or install jax for the device, as pip install 'jax[cuda12]'.") from None
