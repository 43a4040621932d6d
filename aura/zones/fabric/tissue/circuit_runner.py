"""The tissue between two ticks: integrated up to the present, and what is to be seen of it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError
from aura.core.lasting import Free, Stateful
from aura.zones.fabric.tissue.circuit import Circuit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.params import TissueParams
    from aura.zones.fabric.tissue.workers import Workers

__all__ = ["FULL_RATE_HZ", "CircuitRunner"]

NS_PER_MS = 1e6

FULL_RATE_HZ = 50.0
"""The rate that an activity of 1 stands for (chosen here: what a squid neuron fires at under strong drive)."""


class CircuitRunner(Stateful):
    """Runs a circuit in step with the brain's time.

    Parameters
    ----------
    params : TissueParams
        Of the circuit.
    spatial_dims : tuple of three int
        Its grid.
    rng : numpy.random.Generator
        Draws its synapses.
    workers : Workers
        Threads.
    probes : int
        How many neurons are probed, evenly chosen over the grid.
    resolution : int
        Of the brain, in ns.
    device : {"cpu", "gpu"}
        Where the neurons are integrated.

    Attributes
    ----------
    circuit : Circuit
        The tissue.

    Raises
    ------
    ParameterError
        If the brain's resolution is not a whole number of slots, or the circuit cannot be built.
    """

    lasting = ("circuit", "_now", "_learning", Free("_queue", 0), Free("_begins", 0))

    def __init__(self, params: TissueParams, spatial_dims: tuple[int, int, int], rng: np.random.Generator,
                 workers: Workers, *, probes: int, resolution: int, device: str = "cpu") -> None:
        self._slot_ns = round(params.slot_ms * NS_PER_MS)
        if self._slot_ns < 1 or resolution % self._slot_ns:
            raise ParameterError("fabric.tissue.slot_ms", got=f"{params.slot_ms:g} ms",
                                 expected=f"a slot of which {resolution / NS_PER_MS:g} ms, the brain's resolution, is "
                                 "a whole number", hint=f"Try {resolution / NS_PER_MS / 2:g} ms.")
        self.circuit = Circuit(params, spatial_dims, rng, workers, device=device)
        self._learning = 0.0
        self._grid, self._now = spatial_dims, 0
        cells = self.circuit.population.cells
        self._probes = np.linspace(0, cells - 1, min(probes, cells)).round().astype(np.int64)
        self._queue: NDArray[Any] = np.zeros((0, cells), self.circuit.drive.dtype)
        self._begins: NDArray[np.int64] = np.zeros(0, np.int64)

    def until(self, now: int) -> dict[str, Any]:
        """Integrate up to `now`, in ns, and return what is published of it."""
        slots = (now - self._now) // self._slot_ns
        learning, self._learning = self._learning, 0.0
        cells, times = [], []
        voltage = np.empty((len(self._probes), slots), np.float32)
        slot_ms, begin_ms = self.circuit.slot_ms, self._now / NS_PER_MS
        for slot in range(slots):
            self._show(self._now + slot * self._slot_ns)
            spikes = self.circuit.slot(learning)
            if len(spikes.cell):
                cells.append(spikes.cell)
                times.append(spikes.time_ms + (begin_ms + slot * slot_ms))
            if len(self._probes):
                voltage[:, slot] = self.circuit.population.soma_mv[self._probes]
        self._now += slots * self._slot_ns
        out: dict[str, Any] = {"activity": self.rates()}
        if len(self._probes) and slots:
            out["voltage"] = voltage
            out["voltage_times"] = begin_ms + slot_ms * np.arange(1, slots + 1)
        if cells:
            out["spikes"], out["spike_times"] = np.concatenate(cells), np.concatenate(times)
        return out

    def learn(self, rate: float, reward: float) -> None:
        """Let the synapses learn at this rate until the next tick; a reward turns eligibility into weight now."""
        self._learning = rate
        plasticity = self.circuit.plasticity
        if plasticity.eligibility is not None:
            plasticity.modulate(rate * reward)

    def drive(self, activations: NDArray[Any], span: int = 0) -> None:
        """Drive each neuron by activations, one after the other; the last one stays until the next call.

        Parameters
        ----------
        activations : ndarray, shape (item, x, y, z)
            One or more, from 0 to 1.
        span : int, ns
            The time that they share, each an equal part to the slot; if 0, each but the last has one slot.

        Notes
        -----
        Of n activations in s slots, slot i takes that of number ⌊i n / s⌋, counted from 0. Where there are more
        activations than slots, it takes the mean of those from that number to the next slot's: none is left out. What
        has not been shown when the next ones come never is.
        """
        frames = activations.reshape(len(activations), -1)
        slots = span // self._slot_ns or len(frames)
        if len(frames) > slots:
            bounds = np.arange(slots + 1) * len(frames) // slots
            frames = np.stack([frames[first:last].mean(axis=0) for first, last in pairwise(bounds)])
        self._queue = frames.astype(self.circuit.drive.dtype)
        self._begins = self._now + -(-np.arange(len(frames)) * slots // len(frames)) * self._slot_ns
        self._show(self._now)

    def _show(self, now: int) -> None:
        """Let the first activation of the queue drive the neurons if its time, in ns, has come."""
        if len(self._begins) and self._begins[0] <= now:
            self.circuit.drive[...] = self._queue[0]
            self._queue, self._begins = self._queue[1:], self._begins[1:]

    def rates(self) -> NDArray[np.float32]:
        """Return the running rate of each neuron in Hz, (x, y, z)."""
        return self.circuit.rates().reshape(self._grid).astype(np.float32)

    def activity(self) -> NDArray[np.float32]:
        """Return the rates as shares of `FULL_RATE_HZ`, (x, y, z)."""
        return self.rates() / np.float32(FULL_RATE_HZ)
