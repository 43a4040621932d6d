"""The tissue between two ticks: integrated up to the present, and what is to be seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.circuit import Circuit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.params import TissueParams
    from aura.zones.fabric.tissue.workers import Workers

__all__ = ["FULL_RATE_HZ", "Life"]

NS_PER_MS = 1e6

FULL_RATE_HZ = 50.0
"""The rate that an activity of 1 stands for (chosen here: what a squid neuron fires at under strong drive)."""


class Life:
    """Keeps a circuit in step with the brain's time.

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

    def until(self, now: int) -> dict[str, Any]:
        """Integrate up to `now`, in ns, and return what is published of it."""
        slots = (now - self._now) // self._slot_ns
        learning, self._learning = self._learning, 0.0
        cells, times = [], []
        voltage = np.empty((len(self._probes), slots), np.float32)
        slot_ms, begin_ms = self.circuit.slot_ms, self._now / NS_PER_MS
        for slot in range(slots):
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
        if cells:
            out["spikes"], out["spike_times"] = np.concatenate(cells), np.concatenate(times)
        return out

    def learn(self, rate: float, reward: float) -> None:
        """Let the synapses learn at this rate until the next tick; a reward turns eligibility into weight now."""
        self._learning = rate
        plasticity = self.circuit.plasticity
        if plasticity.eligibility is not None:
            plasticity.modulate(rate * reward)

    def drive(self, activation: NDArray[Any]) -> None:
        """Drive each neuron by an activation (x, y, z) from 0 to 1, until the next."""
        self.circuit.drive[...] = activation.reshape(-1)

    def rates(self) -> NDArray[np.float32]:
        """Return the running rate of each neuron in Hz, (x, y, z)."""
        return self.circuit.rates().reshape(self._grid).astype(np.float32)

    def activity(self) -> NDArray[np.float32]:
        """Return the rates as shares of `FULL_RATE_HZ`, (x, y, z)."""
        return self.rates() / np.float32(FULL_RATE_HZ)

    def state(self) -> dict[str, Any]:
        """Return the circuit, how far it has come, and the speed at which its synapses learn."""
        return {"circuit": self.circuit.state(), "now": self._now, "learning": self._learning}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.circuit.load_state(state["circuit"])
        self._now, self._learning = int(state["now"]), float(state["learning"])
