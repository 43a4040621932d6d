"""What the gate sees of a stimulus: random projections, standardised, attended to, and their resonance over time.

    z = P x,  s = clip((z - mean) / sd, ±5),  h = clip([1, g(s) * s, a(s)], ±5)

g being the gains of spiking attention and a the amplitudes of a phasor bank (`aura.zones.common`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.errors import ParameterError, SignalError, StateError
from aura.core.lasting import Stateful
from aura.zones.common.phasor import PhasorBank, resonate_row
from aura.zones.common.spiking_attention import SpikingAttention, attend_row
from aura.zones.experts.gate.products import write_products
from aura.zones.experts.gate.routing import Rows
from aura.zones.experts.params import GateParams

__all__ = ["CLIP", "FEWEST_ITEMS", "MEMORY_ITEMS", "GateFeatures", "follow_moments", "gate_features"]

CLIP = 5.0
"""Bound on every gate feature, in standard deviations: no item, however odd, moves the gate much (chosen here)."""

FEWEST_ITEMS = 10
"""Items from which on moments are trusted; with fewer, the mean counts as 0 and the variance as 1 (chosen here)."""

MEMORY_ITEMS = 10_000
"""Items after which the moments forget: they are exact up to there, and then follow slowly (chosen here)."""

LEAST_VARIANCE = 1e-12
LEAST_SHARE = 1e-6
"""Added to a variance: a constant, and this share of the squared mean, which is far above the rounding of float32."""

LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 1 / 256, 1 / 4
"""Of the resonators, in cycles an item: from the fastest change that is more than noise to some hundreds of items."""

QUALITY = 4.0
"""Of the resonators: they ring for about one cycle and a quarter until 1/e (chosen here)."""

FLUSH_BELOW = np.float32(1e-30)
"""Features below this are 0: far above the denormals of float32."""


@njit(cache=True, nogil=True)
def follow_moments(z: Any, count: Any, mean: Any, variance: Any) -> Any:
    """Take the projections (n, m) of items into their running mean and variance (m,); return the new count.

    Welford's recursion, exact for the first `MEMORY_ITEMS` items, exponential forgetting from there on. An item that
    overflowed is left out.
    """
    for i in range(z.shape[0]):
        finite = True
        for j in range(z.shape[1]):
            finite = finite and np.isfinite(z[i, j])
        if not finite:
            continue
        count = min(count + 1, MEMORY_ITEMS)
        for j in range(z.shape[1]):
            off = z[i, j] - mean[j]
            mean[j] += off / count
            variance[j] += (off * (z[i, j] - mean[j]) - variance[j]) / count
    return count


@njit(cache=True, nogil=True)
def _clip(value: Any) -> Any:
    """Return the value within the bound; a NaN, of a sum that overflowed both ways, and what is almost 0 become 0."""
    if not abs(value) >= FLUSH_BELOW:
        return np.float32(0.0)
    return np.float32(min(max(value, -CLIP), CLIP))


@njit(cache=True, nogil=True)
def gate_features(z: Any, count: Any, mean: Any, variance: Any, settings: Any, winners: Any, potential: Any, trace: Any,
                  scratch: Any, poles: Any, inlet: Any, resonators: Any, drive: Any, gains: Any, out: Any) -> None:
    """Write the gate features (n, 1 + m + K) of items, one after the other, given their projections (n, m).

    `winners` below 0 switches attention off. `potential`, `trace`, `scratch` and `resonators` are as of the kernels of
    attention and of the phasor bank, and change; `drive` (K,) and `gains` (m,) are scratch.
    """
    width = z.shape[1]
    ripe = count >= FEWEST_ITEMS
    for i in range(z.shape[0]):
        row = out[i]
        row[0] = np.float32(1.0)
        scaled = row[1:1 + width]
        for j in range(width):
            value = np.float64(z[i, j])
            if ripe:
                floor = LEAST_VARIANCE + LEAST_SHARE * mean[j] * mean[j]
                value = (value - mean[j]) / np.sqrt(variance[j] + floor)
            scaled[j] = _clip(value)
        if drive.shape[0]:
            for j in range(drive.shape[0]):
                drive[j] = scaled[j % width]
            resonate_row(drive, poles, inlet, resonators, row[1 + width:])
            for j in range(1 + width, row.shape[0]):
                row[j] = _clip(row[j])
        if winners >= 0:
            attend_row(scaled, settings, winners, potential, trace, scratch, gains)
            for j in range(width):
                scaled[j] = _clip(gains[j] * scaled[j])


class GateFeatures(Stateful):
    """Turns a stream of stimuli into bounded gate features, item by item.

    Parameters
    ----------
    params : GateParams
        How many projections and resonators there are, and whether there is attention.
    features : int
        Length of a stimulus, 1 or more.
    seed : int
        Of the projections.
    name : str
        Who it belongs to, for errors.

    Notes
    -----
    The projections are random unit vectors, nearly orthogonal where a stimulus is long. The moments change only in
    `adapt`, the attention and the resonators with every item that is sensed. Resonator j is driven by projection
    ``j % m``. The bits do not depend on how the stream is cut into blocks.

    References
    ----------
    B. P. Welford, Technometrics 4, 1962, doi:10.1080/00401706.1962.10490022 (the moments).

    Examples
    --------
    >>> sensed = GateFeatures(GateParams(features=3, resonators=2), features=4, seed=1, name="gate")
    >>> sensed.width, sensed.sense(np.ones((5, 4), np.float32)).shape
    (6, (5, 6))
    """

    lasting = ("head", "_attention", "_bank")

    def __init__(self, params: GateParams, features: int, seed: int, name: str) -> None:
        if features < 1:
            raise ParameterError(f"{name}.features", expected="1 or more", got=str(features))
        self.name = name
        self.features = features
        drawn = np.random.default_rng(seed).standard_normal((params.features, features))
        drawn /= np.sqrt((drawn * drawn).sum(axis=1, keepdims=True))
        self.projection: Rows = np.ascontiguousarray(drawn, dtype=np.float32)
        """P, (m, features)."""
        self.seen = 0
        self.mean = np.zeros(params.features)
        self.variance = np.zeros(params.features)
        winners = round(params.attention_winners * params.features)
        self._attends = params.attention_winners > 0
        self._attention = SpikingAttention(params.features, max(winners, 1))
        # A bank needs a resonator; with none wanted, the one that there is stays at rest.
        self._bank = PhasorBank(max(params.resonators, 1), LOWEST_FREQUENCY, HIGHEST_FREQUENCY, quality=QUALITY)
        self._drive = np.zeros(params.resonators, np.float32)
        self._gains = np.zeros(params.features, np.float32)
        self.width = 1 + params.features + params.resonators

    def sense(self, rows: NDArray[Any]) -> Rows:
        """Return the gate features (n, width) of stimuli (n, features), which follow each other in time.

        Raises
        ------
        SignalError
            If the rows have another length.
        """
        return self.sense_projections(self.project(rows))

    def sense_projections(self, z: Rows) -> Rows:
        """Return the gate features of stimuli by their projections; attention and resonators go on with each."""
        out = np.empty((len(z), self.width), np.float32)
        attention, bank = self._attention, self._bank
        gate_features(z, self.seen, self.mean, self.variance, attention.settings,
                      attention.winners if self._attends else -1, attention.potential, attention.trace,
                      attention.scratch, bank.poles, bank.inlet, bank.resonators, self._drive, self._gains, out)
        return out

    def adapt(self, rows: NDArray[Any]) -> None:
        """Let the running mean and variance take in stimuli (n, features)."""
        self.adapt_projections(self.project(rows))

    def adapt_projections(self, z: Rows) -> None:
        """Let the running mean and variance take in projections (n, m)."""
        self.seen = int(follow_moments(z, self.seen, self.mean, self.variance))

    def project(self, rows: NDArray[Any]) -> Rows:
        """Return the projections (n, m) of stimuli (n, features)."""
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.features:
            raise SignalError(f"{self.name}.rows", expected=f"shape (n, {self.features})", got=str(rows.shape))
        z = np.empty((len(rows), len(self.mean)), np.float32)
        write_products(rows, self.projection, z)
        return z

    @property
    def head(self) -> dict[str, Any]:
        """What was drawn and learned: projection (m, features), mean and variance (m,), items seen."""
        return {"projection": self.projection.copy(), "mean": self.mean.copy(), "variance": self.variance.copy(),
                "seen": self.seen}

    @head.setter
    def head(self, head: dict[str, Any]) -> None:
        shapes = {"projection": self.projection.shape, "mean": self.mean.shape, "variance": self.variance.shape}
        for key, shape in shapes.items():
            if np.shape(head[key]) != shape:
                raise StateError(f"{self.name}.{key}", expected=f"shape {shape}", got=str(np.shape(head[key])))
        self.projection = np.array(head["projection"], np.float32, order="C")
        self.mean, self.variance = np.array(head["mean"], np.float64), np.array(head["variance"], np.float64)
        self.seen = int(head["seen"])
