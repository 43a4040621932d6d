"""Traces of the cells' spikes, which decay without being touched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.compiled import kernel

__all__ = ["NEVER", "TRACE_FLOOR", "DecayFrame", "SpikeTraces", "rebase", "trace_at"]

TRACE_FLOOR = 1e-15
"""What has decayed below this share of its first value becomes exactly 0: too little to show in a sum."""

REBASE_TAUS = 4.0
"""Time constants after which a frame is moved (chosen here: rare enough to cost nothing, and what lies between is
e⁴ = 55, which takes no digit from a float)."""

LARGEST_LAG_TAUS = 30.0
"""Time constants by which a reader may lag at most; what it asks for has by then not yet become 0 (e⁻³⁰ = 1e-13)."""

NEVER = -(1 << 62)
"""The slot of a spike that has not been."""

Floats = NDArray[np.float64]
Slots = NDArray[np.int64]


@kernel
def rebase(factor: float, floor: float, values: NDArray[Any]) -> None:
    """Multiply values, whatever their shape, and set what is not above the floor to exactly 0."""
    flat = values.reshape(-1)
    for place in range(flat.size):
        value = flat[place] * factor
        flat[place] = 0.0 if abs(value) <= floor else value


class DecayFrame(Stateful):
    r"""Time in which a value that decays exponentially stands still.

    Parameters
    ----------
    tau_ms, slot_ms : float, ms
        Time constant, and length of a slot.

    Raises
    ------
    ParameterError
        If one of them is no positive time.

    Notes
    -----
    Of a value x what is kept is :math:`x\, e^{(t - r) T / \tau}`, r being the frame's origin: a slot of decay changes
    nothing of it, and what is added at slot t is divided by `scale(t)` first. After `REBASE_TAUS` time constants the
    origin is moved to the present, and all values are multiplied by the decay since.
    """

    lasting = ("origin",)

    def __init__(self, tau_ms: float, slot_ms: float) -> None:
        for name, value in (("tau_ms", tau_ms), ("slot_ms", slot_ms)):
            if not 0 < value < math.inf:
                raise ParameterError(f"fabric.{name}", expected="a time above 0 ms", got=repr(value))
        self.rate = slot_ms / tau_ms
        self.origin = 0
        self._every = max(int(REBASE_TAUS / self.rate), 1)

    def scale(self, slot: int) -> float:
        """Return what a kept value is multiplied by to have it as of a slot."""
        return math.exp((self.origin - slot) * self.rate)

    def move(self, now: int) -> float | None:
        """Move the origin to slot `now` if it is time to; return what all kept values are then to be multiplied by."""
        if now - self.origin < self._every:
            return None
        factor = self.scale(now)
        self.origin = now
        return factor


@kernel
def trace_at(cell: int, slot: int, slots: Slots, values: Floats) -> float:
    """Return the kept trace of a cell by its newest spike up to a slot."""
    depth = 0
    while slots[depth, cell] > slot and depth < slots.shape[0] - 1:
        depth += 1
    kept: float = values[depth, cell]
    return kept


@kernel
def _record(spikes: NDArray[np.int32], now: int, past: int, unit: float, saturating: bool, slots: Slots,
            values: Floats) -> None:
    for cell in spikes:
        slot, value = slots[0, cell], values[0, cell]
        values[0, cell] = unit if saturating else value + unit
        if slot == now:
            continue
        slots[0, cell] = now
        # The former newest moves down as long as what stands above it is too young to be read with every delay.
        depth = 1
        while depth < slots.shape[0] and slots[depth - 1, cell] > now + 1 - past:
            slots[depth, cell], slot = slot, slots[depth, cell]
            values[depth, cell], value = value, values[depth, cell]
            depth += 1


class SpikeTraces(Stateful):
    r"""A trace for each cell: a spike adds 1 (or sets it to 1), and between spikes it decays exponentially.

    Parameters
    ----------
    cells : int
        How many.
    tau_ms, slot_ms : float, ms
        Time constant, and length of a slot.
    past : int
        By how many slots a reader may lag at most: after the spikes of slot t have been recorded, the traces of slots
        t + 1 - `past` and later can be read.
    saturating : bool
        Whether a spike sets the trace to 1 (the nearest spike alone counts) instead of adding 1 (all count).

    Raises
    ------
    ParameterError
        If a time is not positive, or `past` is more than 30 time constants.

    Notes
    -----
    With spikes in the slots :math:`t_k`, slots of length T, the trace is

    .. math:: x(t) = \sum_{t_k \le t} e^{-(t - t_k) T / \tau}

    (Morrison, Diesmann and Gerstner 2008, doi:10.1007/s00422-008-0233-1, section 4.1.1). It is kept in a `DecayFrame`,
    so that cells that are silent cost nothing, and no rounding adds up from slot to slot.

    Examples
    --------
    >>> traces = SpikeTraces(2, tau_ms=20.0, slot_ms=1.0)
    >>> traces.record(np.array([1], np.int32), 5)
    >>> traces.read(25).round(4).tolist()
    [0.0, 0.3679]
    """

    lasting = ("slots", "values", "frame")

    def __init__(self, cells: int, *, tau_ms: float, slot_ms: float, past: int = 0, saturating: bool = False) -> None:
        self.frame = DecayFrame(tau_ms, slot_ms)
        if past * self.frame.rate > LARGEST_LAG_TAUS:
            raise ParameterError("fabric.tau_ms", expected=f"{past * slot_ms / LARGEST_LAG_TAUS:g} ms or more, for "
                                 f"delays of {past * slot_ms:g} ms", got=f"{tau_ms:g} ms",
                                 hint="Take a longer time constant or a faster conduction.")
        self.slots: Slots = np.full((past + 1, cells), NEVER)
        """Slots (past + 1, cell) of the newest spikes, from the newest down, as far as they are needed."""
        self.values: Floats = np.zeros((past + 1, cells))
        """The traces just after those spikes, as the frame keeps them."""
        self._past, self._saturating = past, saturating

    def record(self, spikes: NDArray[np.int32], now: int) -> None:
        """Take in the spikes of slot `now`: cells (spike,), each as often as it spiked."""
        factor = self.frame.move(now)
        if factor is not None:
            rebase(factor, TRACE_FLOOR, self.values)
        if spikes.size:
            _record(spikes, now, self._past, 1.0 / self.frame.scale(now), self._saturating, self.slots, self.values)

    def read(self, now: int) -> Floats:
        """Return the traces (cell,) as of a slot that is not before the last one recorded."""
        traces: Floats = self.values[0] * self.frame.scale(now)
        return traces
