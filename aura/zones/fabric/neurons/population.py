"""A population: cells of one shape and membrane, integrated together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.errors import ParameterError, StateError
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.neurons.compiled import load_kernel
from aura.zones.fabric.neurons.layout import lay_out
from aura.zones.fabric.neurons.source import Scheme, kernel_source
from aura.zones.fabric.neurons.stability import check_step
from aura.zones.fabric.neurons.start import steady_start
from aura.zones.fabric.tissue.workers import Workers, even_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from aura.zones.fabric.morphology.tree import Morphology
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["Population", "Spikes"]

_LANES, _FEW_LANES = 64, 16
_NOTHING = np.zeros(0)
_SPIKES_PER_MS = 2.0  # no cell fires twice within half a millisecond: its sodium gates do not recover


class Spikes(NamedTuple):
    """Spikes of one advance, in the order of their cells, then of their times."""

    cell: NDArray[np.int32]
    """Which cell, (spike,)."""
    time_ms: NDArray[np.float64]
    """When its soma crossed the threshold upwards, in ms after the advance began, (spike,)."""


class Population:
    """Cells of one morphology and one membrane.

    Parameters
    ----------
    morphology : Morphology
        The shape of every cell.
    membrane : Membrane
        Channels, pool and receptors.
    cells : int
        How many.
    dt_ms : float
        Time step.
    axial_resistance_ohm_cm : float
        Resistivity of the cytoplasm.
    temperature_c : float
        Temperature at which the gates run.
    initial_mv : float
        Voltage to begin at, everywhere, with every gate at its steady state.
    threshold_mv : float
        A spike is the upward crossing of it at the soma, by linear interpolation.
    dtype : str
        ``"float32"`` or ``"float64"``.
    sites : sequence of int
        The nodes that take synapses, in the order in which `advance` is told of their conductances; all compartments
        with receptors if None.
    workers : Workers, optional
        Threads; the bits do not depend on how many there are.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or dt is above the bound of the gates (`stability_bound_ms`).

    Notes
    -----
    The state is one array, (block, row, lane): a block is 64 cells with all their compartments, as `Layout` plans it.
    The scheme stands in `aura.zones.fabric.neurons.source`.

    Examples
    --------
    >>> from aura.zones.fabric.channels import CHANNELS
    >>> from aura.zones.fabric.morphology.tree import ball_and_sticks
    >>> from aura.zones.fabric.neurons.membrane import Membrane, Placement
    >>> channels = [CHANNELS[name] for name in ("sodium", "potassium", "leak")]
    >>> squid = Membrane(tuple(Placement(channel, {"all": channel.conductance.value}) for channel in channels))
    >>> cells = Population(ball_and_sticks(), squid, cells=1, dt_ms=0.025, dtype="float64")
    >>> cells.injected[:] = 0.5
    >>> cells.advance(4000).time_ms.round(3).tolist()
    [2.448, 23.242]
    """

    def __init__(self, morphology: Morphology, membrane: Membrane, cells: int, *, dt_ms: float = 0.025,
                 axial_resistance_ohm_cm: float = 100.0, temperature_c: float = 6.3, initial_mv: float = -65.0,
                 threshold_mv: float = 0.0, dtype: str = "float32", sites: Sequence[int] | None = None,
                 workers: Workers | None = None) -> None:
        if dtype not in ("float32", "float64"):
            raise ParameterError("fabric.dtype", expected="'float32' or 'float64'", got=repr(dtype))
        if cells < 1:
            raise ParameterError("fabric.cells", expected="1 or more", got=str(cells))
        check_step(membrane, dt_ms, temperature_c)
        self.morphology, self.membrane, self.cells = morphology, membrane, cells
        self.cable = discretise(morphology, axial_resistance_ohm_cm)
        self.dt_ms, self.temperature_c, self.threshold_mv = dt_ms, temperature_c, threshold_mv
        self.dtype = np.dtype(dtype)
        self.lanes = _LANES if cells >= _LANES else _FEW_LANES
        self.layout = lay_out(self.cable, [section.kind for section in morphology.sections], membrane, dt_ms)
        self.electrode = self.cable.soma
        self._blocks = -(-cells // self.lanes)
        self._workers = workers or Workers()
        self._bounds = even_bounds(self._blocks, min(self._workers.threads, self._blocks))
        self._kernel = load_kernel(kernel_source(
            self.layout.kinds, membrane, Scheme(dt_ms, temperature_c, dtype, self.lanes)))
        self._tables()
        self.sites = self._sites(sites)
        self._entries()
        self._state = np.zeros((self._blocks, self.layout.rows, self.lanes), self.dtype)
        self._injected = np.zeros(self._blocks * self.lanes, self.dtype)
        self.reset(initial_mv)

    def _tables(self) -> None:
        """Set up what the kernel reads of the cable."""
        layout, parent = self.layout, self.cable.parent
        spare = layout.rows - 2
        self._parameters = layout.parameters.astype(self.dtype)
        self._parent_voltage = np.where(parent >= 0, layout.row[parent], spare)
        self._parent_diagonal = np.where(parent >= 0, layout.row[parent] + 1, spare)

    def _sites(self, sites: Sequence[int] | None) -> NDArray[np.int64]:
        """Return the nodes that take synapses."""
        if not self.membrane.receptors:
            return np.zeros(0, np.int64)
        carriers = np.flatnonzero(self.layout.rows_of(f"{self.membrane.receptors[0].name}.decay") >= 0)
        found = carriers if sites is None else np.asarray(sites, np.int64)
        if not np.isin(found, carriers).all():
            raise ParameterError("fabric.sites", expected="segments with receptors",
                                 got=f"node {found[~np.isin(found, carriers)][0]}",
                                 hint="Which kinds of section carry them is synaptic_kinds.")
        return found

    def _entries(self) -> None:
        """Set up which variables the opening of an afferent at a site adds to, and by how much."""
        entries = []
        for index, afferent in enumerate(self.membrane.afferents):
            for receptor, share in afferent.receptors:
                for name in ("rise", "decay") if receptor.rise is not None else ("decay",):
                    rows = self.layout.rows_of(f"{receptor.name}.{name}")[self.sites]
                    entries += [(row, index * len(self.sites) + site, share * receptor.peak())
                                for site, row in enumerate(rows)]
        self._entry_row = np.array([row for row, _, _ in entries], np.int64)
        self._entry_place = np.array([place for _, place, _ in entries], np.int64)
        self._entry_scale = np.array([scale for _, _, scale in entries], self.dtype)

    def reset(self, initial_mv: float = -65.0) -> None:
        """Set every voltage to one value, every gate to its steady state there, and close every receptor."""
        if not math.isfinite(initial_mv):
            raise ParameterError("fabric.initial_mv", expected="a finite voltage", got=str(initial_mv))
        self._state[...] = 0.0
        for name, value in steady_start(self.membrane, initial_mv).items():
            rows = self.layout.rows_of(name)
            self._state[:, rows[rows >= 0], :] = value

    # --- integration ----------------------------------------------------------------------------------------------

    @property
    def injected(self) -> NDArray[Any]:
        """The current into each cell in nA, (cell,), held until it is changed; write into it.

        It enters at the node `electrode`, which is the soma unless it is set.
        """
        return self._injected[:self.cells]

    def advance(self, steps: int, opening: NDArray[Any] | None = None) -> Spikes:
        """Integrate some time steps and return the spikes.

        Parameters
        ----------
        steps : int
            How many, from 1.
        opening : ndarray, shape (afferent, site, cell), optional
            Peak conductance in uS that opens at the beginning, before each receptor's share of it.

        Raises
        ------
        ParameterError
            If there is no step, or the conductances are of another shape or dtype.
        """
        if steps < 1:
            raise ParameterError("Population.advance.steps", expected="1 or more", got=str(steps))
        rows, places, scales = self._entry_row, self._entry_place, self._entry_scale
        if opening is None:
            opening, rows = _NOTHING.astype(self.dtype), rows[:0]
        else:
            shape = (len(self.membrane.afferents), len(self.sites), self.cells)
            if opening.shape != shape or opening.dtype != self.dtype:
                raise ParameterError("Population.advance.opening", expected=f"{self.dtype} of shape {shape}",
                                     got=f"{opening.dtype} of shape {opening.shape}")
        most = self.lanes * (2 + int(steps * self.dt_ms * _SPIKES_PER_MS))
        count = np.zeros(self._blocks, np.int64)
        cell = np.empty((self._blocks, most), np.int32)
        time = np.empty((self._blocks, most))
        arguments = (self._state.reshape(-1), self._parameters, self.layout.row, self._parent_voltage,
                     self._parent_diagonal, self.layout.kind, self._injected, self.electrode, self.cable.soma,
                     self.dtype.type(self.threshold_mv), self.layout.rows, self.cells, opening.reshape(-1), rows,
                     places, scales)
        self._workers.run(self._kernel, [(*arguments, first, last, steps, count, cell, time)
                                         for first, last in zip(self._bounds[:-1], self._bounds[1:], strict=True)])
        return self._spikes(count, cell, time)

    def _spikes(self, count: NDArray[np.int64], cell: NDArray[np.int32], time: NDArray[np.float64]) -> Spikes:
        taken = np.arange(cell.shape[1]) < count[:, None]
        cells, times = cell[taken], time[taken] * self.dt_ms
        order = np.lexsort((times, cells))
        return Spikes(cells[order], times[order])

    # --- what can be read -----------------------------------------------------------------------------------------

    def read(self, variable: str, nodes: ArrayLike | None = None) -> NDArray[Any]:
        """Return a variable, (node, cell): ``"v"`` in mV, ``"peak"`` in mV since the last advance began, ``"ca"`` in
        mM, or a gate as ``"na.m"``; NaN where a node has none.

        Parameters
        ----------
        variable : str
            What to read.
        nodes : array of int, optional
            Which nodes; all if None.
        """
        rows = self.layout.rows_of(variable)
        rows = rows if nodes is None else rows[np.asarray(nodes, np.int64)]
        if (rows < 0).all():
            raise ParameterError("fabric.read", expected="a variable of this membrane", got=repr(variable))
        found = self._state[:, np.maximum(rows, 0), :].transpose(1, 0, 2).reshape(len(rows), -1)[:, :self.cells].copy()
        found[rows < 0] = np.nan
        return found

    @property
    def voltage_mv(self) -> NDArray[Any]:
        """The voltage of every compartment, (compartment, cell)."""
        return self.read("v", self.cable.compartments)

    @property
    def soma_mv(self) -> NDArray[Any]:
        """The voltage of every soma, (cell,)."""
        soma: NDArray[Any] = self.read("v", [self.cable.soma])[0]
        return soma

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return all that changes: the variables of all cells and the injected currents."""
        return {"state": self._state.copy(), "injected": self._injected.copy()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned of a population of the same shape and membrane."""
        if state["state"].shape != self._state.shape or state["state"].dtype != self.dtype:
            raise StateError("fabric.population", expected=f"{self.dtype} of shape {self._state.shape}",
                             got=f"{state['state'].dtype} of shape {state['state'].shape}")
        self._state[...] = state["state"]
        self._injected[...] = state["injected"]
