"""What cells of one shape and membrane have in common, wherever they are integrated."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError, StateError
from aura.zones.fabric.morphology.section import check_count
from aura.zones.fabric.neurons.events import Opened
from aura.zones.fabric.neurons.layout import lay_out
from aura.zones.fabric.neurons.scheme import Scheme
from aura.zones.fabric.neurons.stability import check_step
from aura.zones.fabric.neurons.start import steady_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.events import Spikes
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["Cells"]


class Cells(ABC):
    """Cells of one cable and one membrane.

    Parameters
    ----------
    cable : Cable
        The shape of every cell.
    membrane : Membrane
        Channels, pool and receptors.
    cells : int
        How many.
    dt_ms : float
        Time step.
    temperature_c : float
        Temperature at which the gates run.
    initial_mv : float
        Voltage to begin at, everywhere, with every gate at its steady state.
    threshold_mv : float
        A spike is the upward crossing of it at the soma, by linear interpolation.
    dtype : str
        ``"float32"`` or ``"float64"``.
    sites : sequence of int
        The nodes that take synapses, in the order in which `advance` is given their conductances; all compartments
        with receptors if None.

    Attributes
    ----------
    layout : Layout
        The variables of a cell.
    sites : int array (site,)
        As given.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or dt is above the bound (`stability_bound_ms`).
    """

    def __init__(self, cable: Cable, membrane: Membrane, cells: int, *, dt_ms: float, temperature_c: float,
                 initial_mv: float, threshold_mv: float, dtype: str, sites: Sequence[int] | None) -> None:
        if dtype not in ("float32", "float64"):
            raise ParameterError("fabric.dtype", expected="'float32' or 'float64'", got=repr(dtype))
        check_count("fabric.cells", cells, 1)
        for name, value in (("temperature_c", temperature_c), ("threshold_mv", threshold_mv)):
            if not math.isfinite(value):
                raise ParameterError(f"fabric.{name}", expected="a finite number", got=f"{value}")
        check_step(membrane, dt_ms, temperature_c)
        self.cable, self.membrane, self.cells = cable, membrane, cells
        self.dt_ms, self.temperature_c, self.threshold_mv = dt_ms, temperature_c, threshold_mv
        self.dtype = np.dtype(dtype)
        self.scheme = Scheme(dt_ms, temperature_c, dtype)
        self.layout = lay_out(cable, membrane, dt_ms)
        self.sites = self._checked_sites(sites)
        self._electrode = cable.soma
        self._start = self._steady_start(initial_mv)

    def _checked_sites(self, sites: Sequence[int] | None) -> NDArray[np.int64]:
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

    def _opened(self) -> Opened:
        """Return what openings do: c (exp(-t / decay) - exp(-t / rise)), hence both traces rise by the same."""
        entries = [(row, index * len(self.sites) + site, share * receptor.peak())
                   for index, afferent in enumerate(self.membrane.afferents)
                   for receptor, share in afferent.receptors
                   for trace in receptor.traces
                   for site, row in enumerate(self.layout.rows_of(f"{receptor.name}.{trace}")[self.sites])]
        rows, places, scales = zip(*entries, strict=True) if entries else ((), (), ())
        return Opened(np.array(rows, np.int64), np.array(places, np.int64), np.array(scales, self.dtype))

    def _steady_start(self, initial_mv: float) -> NDArray[Any]:
        """Return the value of each row to begin with, (row,)."""
        if not math.isfinite(initial_mv):
            raise ParameterError("fabric.initial_mv", expected="a finite voltage", got=str(initial_mv))
        found = np.zeros(self.layout.rows, self.dtype)
        for name, value in steady_start(self.membrane, initial_mv).items():
            rows = self.layout.rows_of(name)
            found[rows[rows >= 0]] = value
        return found

    def reset(self, initial_mv: float | None = None) -> None:
        """Set every voltage to one value, every gate to its steady state there, and close every receptor.

        Parameters
        ----------
        initial_mv : float, optional
            The voltage; the one that the cells began at if not given.

        Raises
        ------
        ParameterError
            If it is not finite.
        """
        start = self._start if initial_mv is None else self._steady_start(initial_mv)
        self._write(np.arange(self.layout.rows), np.broadcast_to(start[:, None], (self.layout.rows, self.cells)))

    # --- integration ----------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def injected(self) -> NDArray[Any]:
        """The current into each cell in nA, (cell,), held until it is changed; write into it.

        It enters at the node `electrode`.
        """

    @property
    def electrode(self) -> int:
        """The compartment that the injected current enters, a node of the cable; the soma unless it is set."""
        return self._electrode

    @electrode.setter
    def electrode(self, node: int) -> None:
        if node not in self.cable.compartments:
            raise ParameterError("fabric.electrode", expected="a node that is a compartment", got=str(node))
        self._electrode = int(node)

    @abstractmethod
    def advance(self, steps: int, opening: NDArray[Any] | None = None) -> Spikes:
        """Integrate some time steps and return the spikes.

        Parameters
        ----------
        steps : int
            How many, from 1.
        opening : ndarray, shape (afferent, site, cell) or (slot, afferent, site, cell), optional
            Peak conductance in uS, not negative, that opens at the beginning, or at the beginning of each of as many
            slots as the steps are divided into, before each receptor's share of it.

        Raises
        ------
        ParameterError
            If there is no step, or there are not as many in each slot, the conductances are of another shape or
            dtype, or a current is not finite.
        """

    def _check_advance(self, steps: int, opening: Any) -> None:
        check_count("Population.advance.steps", steps, 1)
        if not np.isfinite(self.injected).all():
            raise ParameterError("Population.injected", expected="finite currents",
                                 got=f"{self.injected[~np.isfinite(self.injected)][0]} nA")
        if opening is None:
            return
        shape = (len(self.membrane.afferents), len(self.sites), self.cells)
        if opening.ndim == len(shape) + 1 and (len(opening) == 0 or steps % len(opening)):
            raise ParameterError("Population.advance.steps", expected="as many steps in each slot",
                                 got=f"{steps} steps of {len(opening)} slots")
        if opening.shape[-3:] != shape or opening.ndim > len(shape) + 1 or opening.dtype != self.dtype:
            raise ParameterError("Population.advance.opening", expected=f"{self.dtype} of shape {shape}",
                                 got=f"{opening.dtype} of shape {opening.shape}")

    # --- what can be read -----------------------------------------------------------------------------------------

    def read(self, variable: str, nodes: ArrayLike | None = None) -> NDArray[Any]:
        """Return a variable, (node, cell): ``"v"`` in mV, ``"peak"`` in mV since the last advance began, ``"ca"`` in
        mM, or a gate as ``"sodium.m"``; NaN where a node has none.

        Parameters
        ----------
        variable : str
            What to read.
        nodes : array of int, optional
            Which nodes; all if None.

        Raises
        ------
        ParameterError
            If none of the nodes has such a variable.
        """
        rows = self._rows(variable, nodes)
        found = self._values(np.maximum(rows, 0))
        found[rows < 0] = np.nan
        return found

    def read_cell(self, variable: str, cell: int, nodes: ArrayLike | None = None) -> NDArray[Any]:
        """Return a variable of one cell, (node,), as `read` does."""
        rows = self._rows(variable, nodes)
        found = self._values_of(np.maximum(rows, 0), cell)
        found[rows < 0] = np.nan
        return found

    def write(self, variable: str, values: ArrayLike, nodes: ArrayLike | None = None) -> None:
        """Set a variable, as `read` names it.

        Parameters
        ----------
        variable : str
            What to set.
        values : array (node, cell)
            Or what is broadcast to it.
        nodes : array of int, optional
            Which nodes; all that have it if None.

        Raises
        ------
        ParameterError
            If a node has no such variable, or values are of another shape or not finite.
        """
        rows = self._rows(variable, nodes)
        rows = rows[rows >= 0] if nodes is None else rows
        if (rows < 0).any():
            raise ParameterError("fabric.write", expected=f"nodes that have {variable}",
                                 got=f"node {np.asarray(nodes)[rows < 0][0]}")
        try:
            given = np.broadcast_to(np.asarray(values, self.dtype), (len(rows), self.cells))
        except ValueError:
            raise ParameterError("fabric.write", expected=f"values of shape {(len(rows), self.cells)}",
                                 got=f"shape {np.shape(values)}") from None
        if not np.isfinite(given).all():
            raise ParameterError("fabric.write", expected="finite values", got=f"{given[~np.isfinite(given)][0]}")
        self._write(rows, given)

    def _rows(self, variable: str, nodes: ArrayLike | None) -> NDArray[np.int64]:
        rows = self.layout.rows_of(variable)
        rows = rows if nodes is None else rows[np.asarray(nodes, np.int64)]
        if variable in ("diagonal", "right") or (rows < 0).all():
            raise ParameterError("fabric.read", expected="a variable of this membrane", got=repr(variable))
        return rows

    @property
    def voltage_mv(self) -> NDArray[Any]:
        """The voltage of every compartment, (compartment, cell)."""
        return self.read("v", self.cable.compartments)

    @property
    def soma_mv(self) -> NDArray[Any]:
        """The voltage of every soma, (cell,)."""
        soma: NDArray[Any] = self.read("v", [self.cable.soma])[0]
        return soma

    @abstractmethod
    def _values(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return a copy of some rows, (row, cell)."""

    @abstractmethod
    def _values_of(self, rows: NDArray[np.int64], cell: int) -> NDArray[Any]:
        """Return a copy of some rows of one cell, (row,)."""

    @abstractmethod
    def _write(self, rows: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Set some rows, (row, cell)."""

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return all that changes: the variables of all cells, (row, cell), and the injected currents."""
        return {"variables": self._values(self.layout.kept_rows()), "injected": np.array(self.injected)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned of as many cells of the same cable, membrane and dtype.

        Raises
        ------
        StateError
            If it is of other cells.
        """
        rows = self.layout.kept_rows()
        variables, injected = np.asarray(state["variables"]), np.asarray(state["injected"])
        if variables.shape != (len(rows), self.cells) or variables.dtype != self.dtype:
            raise StateError("fabric.population", expected=f"{self.dtype} of shape {(len(rows), self.cells)}",
                             got=f"{variables.dtype} of shape {variables.shape}")
        self._write(rows, variables)
        self.injected[:] = injected
