"""A population of cells that jax integrates, on the CPU or a GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from aura.core.errors import ParameterError
from aura.zones.fabric.neurons.blocks import by_cell, filled, write
from aura.zones.fabric.neurons.cells import Cells, Spikes
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

_FEWEST_SPIKES = 64
"""Room for spikes that is fetched at least; it doubles, so that few programs are compiled."""


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
        self._advance = jax.jit(partial(advance, self._cable), static_argnames=("steps", "electrode"),
                                donate_argnums=0)
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
            if opening is not None:
                self._state = self._open(self._state, jax.device_put(opening, self.device))
            padding = np.zeros(-self.cells % self.lanes, self.dtype)
            injected = jax.device_put(np.concatenate([self._injected, padding]), self.device)
            for first in range(0, steps, _STEPS_AT_ONCE):
                count = min(_STEPS_AT_ONCE, steps - first)
                self._state, crossing = self._advance(self._state, injected, jnp.asarray(first == 0), steps=count,
                                                      electrode=self.electrode)
                found.append(self._spikes(crossing, first))
        cells, times = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        return Spikes.in_order(cells, times)

    def _opening(self, state: jax.Array, opening: jax.Array) -> jax.Array:
        rows, places, scales = self._entries
        added = jnp.pad(opening.reshape(-1, self.cells), ((0, 0), (0, -self.cells % self.lanes)))[places]
        added = (added * scales[:, None]).reshape(len(rows), state.shape[0], self.lanes)
        return state.at[:, rows].add(added.transpose(1, 0, 2))

    def _spikes(self, crossing: jax.Array, first: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return cells and times of the crossings of some steps."""
        crossing = crossing[:, :self.cells]
        count = int(jnp.count_nonzero(crossing >= 0.0))
        if count == 0:
            return np.zeros(0, np.int32), np.zeros(0)
        room = max(_FEWEST_SPIKES, 1 << (count - 1).bit_length())
        step, cell, share = (np.asarray(array)[:count] for array in self._find(crossing, room=room))
        return cell.astype(np.int32), (first + step + share.astype(np.float64)) * self.dt_ms

    def _values(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        with self._precision():
            return by_cell(np.asarray(self._state[:, rows]), self.cells)

    def _values_of(self, rows: NDArray[np.int64], cell: int) -> NDArray[Any]:
        with self._precision():
            return np.array(self._state[cell // self.lanes, rows, cell % self.lanes])

    def _write(self, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        state = np.array(self._state)
        write(values, rows, state)
        self._put(state)


def _crossings(crossing: jax.Array, *, room: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return step, cell and share of the first so many crossings."""
    step, cell = jnp.nonzero(crossing >= 0.0, size=room)
    return step, cell, crossing[step, cell]


def _device(name: str) -> jax.Device:
    try:
        return jax.devices(name)[0]
    except RuntimeError:
        present = ", ".join(sorted({device.platform for device in jax.devices()}))
        raise ParameterError("fabric.device", expected=f"a device that is present ({present})", got=repr(name),
                             hint="Try 'cpu', or install jax for the device, as pip install 'jax[cuda12]'.") from None
