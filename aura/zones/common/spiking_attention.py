"""Spiking attention: integrate-and-fire units compete, and those that win make their features count more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array

__all__ = ["FLUSH_BELOW", "SpikingAttention", "attend", "attend_row", "kth_largest"]

Rows = NDArray[np.float32]

FLUSH_BELOW = 1e-30
"""Potentials and traces below this are 0: far above the denormals of float32 (chosen here)."""


@njit(cache=True, nogil=True)
def kth_largest(values: Any, count: Any, k: Any) -> Any:
    """Return the k-th largest (1 to `count`) of the first `count` values, which are put in another order.

    Hoare's selection with the median of three as pivot: linear time for all but contrived orders.
    """
    low, high, target = 0, count - 1, k - 1
    while low < high:
        a, b, c = values[low], values[(low + high) // 2], values[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if target <= j:
            high = j
        elif target >= i:
            low = i
        else:
            return values[target]
    return values[target]


@njit(cache=True, nogil=True)
def attend_row(drive: Any, settings: Any, winners: Any, potential: Any, trace: Any, scratch: Any, gains: Any) -> None:
    """Take one item through the units, for callers within their own compiled loop.

    Parameters
    ----------
    drive : array (m,), float32 or float64
        What drives each unit.
    settings : array (5,), float64
        `SpikingAttention.settings`: decay, threshold, decay of the trace, strength, and whether sizes drive (1 or 0).
    winners : int
        Units that may spike on one item.
    potential, trace, scratch : arrays (m,), float64
        Changed.
    gains : array (m,), float32
        Written; may be `drive` itself.
    """
    features = gains.shape[0]
    decay, threshold, keep, strength = settings[0], settings[1], settings[2], settings[3]
    above = 0
    for j in range(features):
        charge = abs(drive[j]) if settings[4] != 0.0 else drive[j]
        value = decay * potential[j] + charge
        value = 0.0 if abs(value) < FLUSH_BELOW else value
        potential[j] = value
        if value >= threshold:
            scratch[above] = value
            above += 1
    bar, ties = threshold, features
    if winners == 0:
        bar = np.inf
    elif above > winners:
        bar = kth_largest(scratch, above, winners)
        ties = winners
        for j in range(features):
            if potential[j] > bar:
                ties -= 1
    total = 0.0
    for j in range(features):
        value = keep * trace[j]
        if potential[j] > bar or (potential[j] == bar and ties > 0):
            if potential[j] == bar:
                ties -= 1
            potential[j] -= threshold
            value += 1.0 - keep
        value = 0.0 if value < FLUSH_BELOW else value
        trace[j] = value
        total += value
    share = 1.0 + strength * total / features
    for j in range(features):
        gains[j] = np.float32((1.0 + strength * trace[j]) / share)


@njit(cache=True, nogil=True)
def attend(drive: Any, settings: Any, winners: Any, potential: Any, trace: Any, scratch: Any, gains: Any) -> None:
    """Take items through the units one after the other: as `attend_row`, `drive` and `gains` being (n, m)."""
    for i in range(drive.shape[0]):
        attend_row(drive[i], settings, winners, potential, trace, scratch, gains[i])


class SpikingAttention(Stateful):
    r"""Leaky integrate-and-fire units, one a feature, of which the k most excited spike.

    Parameters
    ----------
    features : int
        How many units, m; 1 or more.
    winners : int
        How many may spike on one item, k; 0 to `features`.
    decay : float
        Share of the potential that is left after an item, 0 to below 1.
    threshold : float
        Potential from which a unit may spike, and what a spike takes from it; above 0.
    trace_decay : float
        Share of the trace of spikes that is left after an item, 0 to below 1.
    strength : float
        How much a trace of 1 adds to a gain, 0 or more.
    rectify : bool
        Whether the size of the drive charges a unit, or the drive as it is.

    Notes
    -----
    With drive u, potential v, threshold θ and trace s, item by item

    .. math:: v_j \leftarrow \lambda v_j + |u_j|, \quad v_j \leftarrow v_j - \theta, \;
              s_j \leftarrow \kappa s_j + (1 - \kappa) \; \text{for those that spike}, \quad
              g_j = \frac{1 + a s_j}{1 + a \bar s}

    Those spike that are among the k highest of all at or above θ; of equals, the one of lower index. The gains are of
    mean 1 over the features and lie between 1 / (1 + a) and 1 + a. Potentials never exceed the largest drive over
    :math:`1 - \lambda` in size. The state is float64; what falls below `FLUSH_BELOW` is set to 0. The bits do not
    depend on how a stream is cut into blocks.

    References
    ----------
    W. Gerstner et al., Neuronal Dynamics, 2014, section 1.3 (the leaky integrate-and-fire model).
    W. Maass, On the computational power of winner-take-all, Neural Computation 12, 2000,
    doi:10.1162/089976600300014827.

    Examples
    --------
    >>> attention = SpikingAttention(3, winners=1, decay=0.5, trace_decay=0.0)
    >>> attention.step(np.array([[0.2, 2.0, 2.0], [0.2, 0.0, 0.9]], np.float32)).tolist()
    [[0.75, 1.5, 0.75], [0.75, 0.75, 1.5]]
    """

    lasting = ("potential", "trace")

    def __init__(self, features: int, winners: int, *, decay: float = 0.9, threshold: float = 1.0,
                 trace_decay: float = 0.95, strength: float = 1.0, rectify: bool = True) -> None:
        for name, ok, expected, got in (
                ("features", features >= 1, "1 or more", features),
                ("winners", 0 <= winners <= features, f"0 to {features}, the features", winners),
                ("decay", 0 <= decay < 1, "0 to below 1", decay),
                ("threshold", FLUSH_BELOW <= threshold < np.inf, "above 0", threshold),
                ("trace_decay", 0 <= trace_decay < 1, "0 to below 1", trace_decay),
                ("strength", 0 <= strength < np.inf, "0 or more", strength)):
            if not ok:
                raise ParameterError(f"spiking attention.{name}", expected=expected, got=f"{got:g}")
        self.winners = winners
        self.settings: Array = np.array([decay, threshold, trace_decay, strength, float(rectify)])
        """Decay, threshold, decay of the trace, strength, rectify: what the kernels take."""
        self.potential: Array = np.zeros(features)
        """(m,); changed in place."""
        self.trace: Array = np.zeros(features)
        """(m,), 0 to 1, a running share of items on which the unit spiked; changed in place."""
        self.scratch: Array = np.zeros(features)

    def __len__(self) -> int:
        return len(self.potential)

    def step(self, drive: Rows) -> Rows:
        """Return the gains (n, m) after each item of the drive (n, m).

        Raises
        ------
        ParameterError
            If the drive has another number of columns.
        """
        if drive.ndim != 2 or drive.shape[1] != len(self):
            raise ParameterError("spiking attention.drive", expected=f"shape (n, {len(self)})", got=str(drive.shape))
        gains = np.empty(drive.shape, np.float32)
        attend(drive, self.settings, self.winners, self.potential, self.trace, self.scratch, gains)
        return gains
