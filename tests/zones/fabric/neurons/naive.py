"""The obvious slow twin of a population: numpy arrays by name, a dense matrix for every cell, nothing merged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aura.zones.fabric.channels import Channel, Gate
from aura.zones.fabric.morphology.cable import Cable
from aura.zones.fabric.neurons.membrane import Membrane

Array = NDArray[np.float64]

UF_CM2_UM2_NF = 1e-5
S_CM2_UM2_US = 1e-2
NA_UM2_MA_CM2 = 100.0
FLOOR_US = 1e-15


class NaiveCells:
    """Cells in float64; every variable is (node, cell), NaN where a node does not have it."""

    def __init__(self, cable: Cable, membrane: Membrane, cells: int, *, dt_ms: float = 0.025,
                 temperature_c: float = 6.3, initial_mv: float = -65.0, threshold_mv: float = 0.0) -> None:
        self.cable, self.membrane, self.cells = cable, membrane, cells
        self.dt_ms, self.temperature_c, self.threshold_mv = dt_ms, temperature_c, threshold_mv
        self.injected = np.zeros(cells)
        self.electrode = cable.soma
        self.steps = 0
        self.v = np.full((len(cable.parent), cells), initial_mv)
        self.peak = self.v.copy()
        rest = membrane.pool.rest.value if membrane.pool else 0.0
        self.ca = np.full_like(self.v, rest)
        self.gates = {(channel.name, gate.name): np.full_like(self.v, channel.steady_state(gate, initial_mv, rest))
                      for channel in self.channels for gate in channel.gates}
        self.traces = {(receptor.name, trace): np.zeros_like(self.v)
                       for receptor in membrane.receptors for trace in ("rise", "decay")}
        self.spikes: list[tuple[int, float]] = []
        self._kept = {(channel.name, gate.name): self._kept_by(channel, gate)
                      for channel in self.channels for gate in channel.gates}

    @property
    def channels(self) -> list[Channel]:
        return [placement.channel for placement in self.membrane.placements]

    def density(self, index: int) -> Array:
        """Return the conductance of a placement in uS, (node, 1)."""
        found = np.zeros(len(self.v))
        for node in self.cable.compartments:
            kind = self.cable.kinds[self.cable.section[node]]
            found[node] = self.membrane.placements[index].of(kind) * S_CM2_UM2_US * self.cable.area_um2[node]
        return found[:, None]

    def open(self, sites: NDArray[np.int64], opening: Array) -> None:
        """Open receptors, (afferent, site, cell)."""
        for afferent, conductances in zip(self.membrane.afferents, opening, strict=True):
            for receptor, share in afferent.receptors:
                for trace in ("rise", "decay"):
                    for site, node in enumerate(sites):
                        self.traces[receptor.name, trace][node] += conductances[site] * share * receptor.peak()

    def advance(self, steps: int) -> None:
        self.peak = self.v.copy()
        for _ in range(steps):
            self._step()

    def _step(self) -> None:
        area = self.cable.area_um2[:, None]
        v, ca = np.clip(self.v, -150.0, 100.0), np.clip(self.ca, 1e-6, 1e-1)
        for channel in self.channels:
            for gate in channel.gates:
                self.gates[channel.name, gate.name] = self._moved(channel, gate, v, ca)
        capacity = self.membrane.capacitance_uf_cm2 * UF_CM2_UM2_NF * area / self.dt_ms
        total, drive, calcium = capacity.repeat(self.cells, 1), capacity * self.v, np.zeros_like(self.v)
        for index, channel in enumerate(self.channels):
            states = {gate.name: self.gates[channel.name, gate.name] for gate in channel.gates}
            g = self.density(index) * channel.conductance_fraction(states, v, ca)
            total = total + g
            drive = drive + g * channel.reversal.value
            calcium += channel.calcium_share * g * (self.v - channel.reversal.value)
        for receptor in self.membrane.receptors:
            rise = self.traces[receptor.name, "rise"] if receptor.rise else 0.0
            g = (self.traces[receptor.name, "decay"] - rise) * receptor.factor_expression()(v=v)
            total = total + g
            drive = drive + g * receptor.reversal.value
        drive[self.electrode] += self.injected
        self._calcium(calcium)
        self._fade()
        self._solve(total, drive)
        self.steps += 1

    def _moved(self, channel: Channel, gate: Gate, v: Array, ca: Array) -> Array:
        old = self.gates[channel.name, gate.name]
        steady = channel.steady_state(gate, v, ca)
        z = self.dt_ms / channel.time_constant(gate, v, ca, self.temperature_c)
        return steady + (old - steady) * self._kept[channel.name, gate.name](z)

    def _kept_by(self, channel: Channel, gate: Gate) -> Callable[[Array], Array]:
        """Return exp(-z), or its Padé approximant where it is good between -100 and +60 mV."""
        lived_v, lived_ca = np.meshgrid(np.linspace(-100.0, 60.0, 161), np.geomspace(1e-5, 1e-1, 17))
        lived = self.dt_ms / channel.time_constant(gate, lived_v, lived_ca, self.temperature_c)
        if np.ptp(lived) < 1e-12 * lived.max() or lived.max() > 1.0:
            return lambda z: np.exp(-z)
        return lambda z: (1 - z / 2 + z**2 / 12) / (1 + z / 2 + z**2 / 12)

    def _calcium(self, current_na: Array) -> None:
        pool = self.membrane.pool
        if pool is None:
            return
        with np.errstate(divide="ignore", invalid="ignore"):
            density = np.where(self.cable.area_um2[:, None] > 0, current_na / self.cable.area_um2[:, None], 0.0)
        influx = pool.influx_per_current * np.maximum(0.0, -NA_UM2_MA_CM2 * density)
        left = np.exp(-self.dt_ms / pool.tau.value)
        self.ca = pool.rest.value + (self.ca - pool.rest.value) * left + influx * pool.tau.value * (1 - left)

    def _fade(self) -> None:
        for receptor in self.membrane.receptors:
            for trace, quantity in (("rise", receptor.rise), ("decay", receptor.decay)):
                if quantity is not None:
                    faded = self.traces[receptor.name, trace] * np.exp(-self.dt_ms / quantity.value)
                    self.traces[receptor.name, trace] = np.where(faded > FLOOR_US, faded, 0.0)

    def _solve(self, total: Array, drive: Array) -> None:
        axial = np.zeros((len(self.v), len(self.v)))
        for node, parent in enumerate(self.cable.parent):
            if parent >= 0:
                for i, j, sign in ((node, node, 1), (parent, parent, 1), (node, parent, -1), (parent, node, -1)):
                    axial[i, j] += sign * self.cable.axial_us[node]
        old = self.v
        matrices = axial + total.T[:, :, None] * np.eye(len(axial))
        self.v = np.linalg.solve(matrices, drive.T[:, :, None])[:, :, 0].T
        self.peak = np.maximum(self.peak, self.v)
        before, after = old[self.cable.soma], self.v[self.cable.soma]
        for cell in np.flatnonzero((before < self.threshold_mv) & (after >= self.threshold_mv)):
            share = (self.threshold_mv - before[cell]) / (after[cell] - before[cell])
            self.spikes.append((int(cell), (self.steps + share) * self.dt_ms))

    def variable(self, name: str) -> Array:
        """Return a variable by the name that a population knows it by."""
        if name in ("v", "peak", "ca"):
            return {"v": self.v, "peak": self.peak, "ca": self.ca}[name]
        owner, part = name.split(".")
        return self.gates[owner, part] if (owner, part) in self.gates else self.traces[owner, part]
